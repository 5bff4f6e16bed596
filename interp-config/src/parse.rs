//! Reading a settings file.

use toml::de::DeTable;

use crate::build_settings::Settings;
use crate::error::{ConfigError, Problem};
use crate::fields::{BUILD, BUILD_KEY, Field, INTERPRETER};
use crate::suggest::nearest;
use crate::toml_text::string;
use crate::value::{Item, Source};

/// The kind of file that the settings stand in, and so their place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// A `pyproject.toml`: the settings are its table `[tool.coldframe]`, and all other tables are not read.
    Pyproject,
    /// A `coldframe.toml`: the settings are its top level.
    Coldframe,
}

/// Reads the settings from the text of a file that was named `file_name`.
///
/// The answer is `None` for a `pyproject.toml` without a table `[tool.coldframe]`. A key that is not written has its default.
///
/// # Errors
///
/// The first mistake in the order of the text: what is not valid TOML, an unknown key, a value of the wrong type, an unknown
/// word, a bad entry point or module name, or a text with a NUL character, which no C string can hold.
pub fn parse(
    text: &str,
    file_name: &str,
    document: Document,
) -> Result<Option<Settings>, ConfigError> {
    let source = Source { text, file: file_name };
    let root = match DeTable::parse(text) {
        Ok(root) => root.into_inner(),
        Err(error) => return Err(syntax_error(&source, &error)),
    };
    let table = match document {
        Document::Coldframe => Some(&root),
        Document::Pyproject => find_table(&source, &root, &["tool", "coldframe"])?,
    };
    let Some(table) = table else { return Ok(None) };

    let mut settings = Settings::default();
    for item in source.items(table, "") {
        if item.name == BUILD_KEY {
            for item in source.items(item.table()?, BUILD_KEY) {
                read_field(
                    &item,
                    BUILD,
                    &mut settings.build,
                    &[],
                    INTERPRETER.iter().map(|field| field.key),
                )?;
            }
        } else if document == Document::Coldframe && matches!(item.name, "tool" | "coldframe") {
            return Err(item.key_error(Problem::Nested { key: item.key.clone() }));
        } else {
            let elsewhere = BUILD.iter().map(|field| field.key);
            read_field(&item, INTERPRETER, &mut settings.interpreter, &[BUILD_KEY], elsewhere)?;
        }
    }
    Ok(Some(settings))
}

/// Goes down a path of tables, of which each may be absent.
fn find_table<'a>(
    source: &'a Source<'a>,
    root: &'a DeTable<'a>,
    path: &[&str],
) -> Result<Option<&'a DeTable<'a>>, ConfigError> {
    let mut table = root;
    let mut parent = String::new();
    for name in path {
        let Some(item) = source.items(table, &parent).into_iter().find(|item| item.name == *name)
        else {
            return Ok(None);
        };
        table = item.table()?;
        parent = item.key;
    }
    Ok(Some(table))
}

/// Reads one key of a table whose keys are `fields` and `more`; `elsewhere` are those of the other table, which a user may
/// have put into this one.
fn read_field<T>(
    item: &Item<'_>,
    fields: &'static [Field<T>],
    into: &mut T,
    more: &[&'static str],
    mut elsewhere: impl Iterator<Item = &'static str>,
) -> Result<(), ConfigError> {
    if let Some(field) = fields.iter().find(|field| field.key == item.name) {
        return (field.read)(into, item);
    }
    let allowed: Vec<&'static str> =
        fields.iter().map(|field| field.key).chain(more.iter().copied()).collect();
    let prefix = item.key.strip_suffix(item.name).unwrap_or_default();
    let moved = || {
        let name = elsewhere.find(|key| *key == item.name)?;
        // Only the build table has a name, so a key goes either into it or out of it.
        Some(if prefix.is_empty() { format!("{BUILD_KEY}.{name}") } else { name.to_owned() })
    };
    let suggestion =
        nearest(item.name, allowed.iter().copied()).map(|name| format!("{prefix}{name}"));
    let suggestion = suggestion.or_else(moved);
    Err(item.key_error(Problem::UnknownKey { key: item.key.clone(), suggestion, allowed }))
}

fn syntax_error(source: &Source<'_>, error: &toml::de::Error) -> ConfigError {
    // The parser leaves the place out when the text ended too soon.
    let span = error.span().unwrap_or(source.text.len()..source.text.len());
    let given = source.text.get(span.clone()).map(str::trim).filter(|given| !given.is_empty());
    let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    // For a word without quotes the parser guesses at a float or a date from the first letter, which says nothing to a
    // person. Its messages about keys and tables are good, and are told apart by those words.
    let is_about_value = !message.contains("key") && !message.contains("table");
    let problem = match given {
        Some(word) if is_about_value && is_bare_value(source.text, span.start, word) => {
            let suggestion = match word.to_lowercase().as_str() {
                boolean @ ("true" | "false") => boolean.to_owned(),
                _ => string(word),
            };
            Problem::BareWord { word: word.to_owned(), suggestion }
        }
        given => Problem::Syntax { message, given: given.map(str::to_owned) },
    };
    source.error(span.start, problem)
}

/// Whether a word stands where a value should, without the quotes that would make it one.
fn is_bare_value(text: &str, offset: usize, word: &str) -> bool {
    let before = text.get(..offset).unwrap_or_default().trim_end();
    word.starts_with(char::is_alphabetic)
        && !word.contains(['"', '\''])
        && before.ends_with(['=', '[', ','])
}
