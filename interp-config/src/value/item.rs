//! One key of a settings file with its value, which knows where both stand.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::error::{ConfigError, Problem};
use crate::text::quote;
use crate::toml_text::{string, strings};

/// The text that is being read, for the place of an error.
pub(crate) struct Source<'a> {
    pub(crate) text: &'a str,
    pub(crate) file: &'a str,
}

impl<'a> Source<'a> {
    pub(crate) fn error(&self, offset: usize, problem: Problem) -> ConfigError {
        ConfigError::new(self.text, self.file, offset, problem)
    }

    /// The entries of a table in the order of the text; the parser sorts them by name.
    pub(crate) fn items(&'a self, table: &'a DeTable<'a>, parent: &str) -> Vec<Item<'a>> {
        let mut items: Vec<Item<'a>> = table
            .iter()
            .map(|(name, value)| Item {
                source: self,
                key: if parent.is_empty() {
                    name.get_ref().to_string()
                } else {
                    format!("{parent}.{}", name.get_ref())
                },
                name: name.get_ref(),
                key_offset: name.span().start,
                value: value.get_ref(),
                span: value.span(),
            })
            .collect();
        items.sort_by_key(|item| item.key_offset);
        items
    }
}

/// A key and its value.
pub(crate) struct Item<'a> {
    source: &'a Source<'a>,
    /// The path from our table down to this, for messages: `build.include[1]`.
    pub(crate) key: String,
    /// The last part of the path, as it was written.
    pub(crate) name: &'a str,
    key_offset: usize,
    value: &'a DeValue<'a>,
    span: Range<usize>,
}

impl<'a> Item<'a> {
    /// An error that stands at the key.
    pub(crate) fn key_error(&self, problem: Problem) -> ConfigError {
        self.source.error(self.key_offset, problem)
    }

    /// An error that stands at the value.
    pub(crate) fn value_error(&self, problem: Problem) -> ConfigError {
        self.source.error(self.span.start, problem)
    }

    pub(crate) fn value(&self) -> &'a DeValue<'a> {
        self.value
    }

    /// The value as a table.
    pub(crate) fn table(&self) -> Result<&'a DeTable<'a>, ConfigError> {
        self.value.as_table().ok_or_else(|| self.wrong_type("a table", "`{ ... }`", None))
    }

    /// The entries of the value, which is a table.
    pub(crate) fn items(&self) -> Result<Vec<Self>, ConfigError> {
        Ok(self.source.items(self.table()?, &self.key))
    }

    /// The elements of the value, which is an array.
    pub(crate) fn elements(&self) -> Result<Vec<Self>, ConfigError> {
        let Some(array) = self.value.as_array() else {
            let suggestion = self.value.as_str().map(|text| strings([text]));
            return Err(self.wrong_type("an array of strings", "`[\"...\", ...]`", suggestion));
        };
        let elements = array.iter().enumerate().map(|(index, element)| Self {
            source: self.source,
            key: format!("{}[{index}]", self.key),
            name: self.name,
            key_offset: element.span().start,
            value: element.get_ref(),
            span: element.span(),
        });
        Ok(elements.collect())
    }

    /// The value as a text that can become a C string.
    pub(crate) fn text(&self) -> Result<&'a str, ConfigError> {
        let text = self.value.as_str();
        let text =
            text.ok_or_else(|| self.wrong_type("a string", "`\"...\"`", self.as_string()))?;
        if text.contains('\0') {
            return Err(self.bad_text("text", "a NUL character", "any other character"));
        }
        Ok(text)
    }

    /// The value as the string that was probably meant.
    fn as_string(&self) -> Option<String> {
        match self.value {
            DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => self.written().map(string),
            DeValue::Array(array) => match array.iter().collect::<Vec<_>>().as_slice() {
                [only] => only.get_ref().as_str().map(string),
                _ => None,
            },
            DeValue::String(_) | DeValue::Table(_) => None,
        }
    }

    /// The value as the name of a module.
    pub(crate) fn module_name(&self) -> Result<String, ConfigError> {
        let Some(name) = self.value.as_str() else {
            return Err(self.wrong_type("a string", MODULE_NAME, None));
        };
        check_module_name(name)
            .map_err(|fault| self.bad_text("module name", fault, MODULE_NAME))?;
        Ok(name.to_owned())
    }

    /// The key as it was written.
    pub(crate) fn key_text(&self) -> &str {
        self.name
    }

    /// The key as the name of a module.
    pub(crate) fn key_as_module_name(&self) -> Result<String, ConfigError> {
        check_module_name(self.name).map_err(|fault| {
            let (key, given) = (self.key.clone(), self.name.to_owned());
            self.key_error(Problem::BadText {
                key,
                what: "module name",
                given,
                fault,
                allowed: MODULE_NAME,
            })
        })?;
        Ok(self.name.to_owned())
    }

    /// An error about what stands in a string.
    pub(crate) fn bad_text(
        &self,
        what: &'static str,
        fault: &'static str,
        allowed: &'static str,
    ) -> ConfigError {
        let given = self.value.as_str().unwrap_or_default().to_owned();
        self.value_error(Problem::BadText { key: self.key.clone(), what, given, fault, allowed })
    }

    pub(crate) fn wrong_type(
        &self,
        expected: &'static str,
        allowed: impl Into<String>,
        suggestion: Option<String>,
    ) -> ConfigError {
        let type_name = self.value.type_str();
        let given = match self.written() {
            Some(written) => format!("the {type_name} {}", quote(written)),
            None => format!("a {type_name}"),
        };
        let (key, allowed) = (self.key.clone(), allowed.into());
        self.value_error(Problem::WrongType { key, expected, given, suggestion, allowed })
    }

    /// The value as it was written, in one piece; the pieces of a table may be scattered over the file.
    fn written(&self) -> Option<&'a str> {
        let written = self.source.text.get(self.span.clone())?;
        let is_whole = !self.value.is_table() || written.starts_with(['{', '[']);
        is_whole.then_some(written)
    }
}

const MODULE_NAME: &str = "`package.module`";

/// Says what keeps a name from being a module's, if anything does.
///
/// This is less strict than an entry point: `python -m` and import hooks work on names that are no identifiers.
fn check_module_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("no character")
    } else if name.split('.').any(str::is_empty) {
        Err("a dot too many")
    } else if name.contains(|character: char| character.is_whitespace() || character.is_control()) {
        Err("a space or a control character")
    } else if name.contains(['/', '\\']) {
        Err("a path separator")
    } else if name.contains(':') {
        Err("a colon")
    } else {
        Ok(())
    }
}
