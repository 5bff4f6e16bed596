//! The values of settings, each with how it is read from TOML and how it is written.

mod data;
mod item;
mod run;
mod scalar;

pub(crate) use item::{Item, Source};

use toml::de::{DeTable, DeValue};

use crate::build_settings::{FileAccessRule, SystemLibraryRule};
use crate::choices::{FileAccess, SystemLibrary};
use crate::config::PostImportHook;
use crate::entry_point::EntryPoint;
use crate::error::ConfigError;
use crate::toml_text::{string, strings};

/// A type that a setting can have.
pub(crate) trait Value: Sized {
    /// Takes the value of an item, or says what is wrong with it.
    fn read(item: &Item<'_>) -> Result<Self, ConfigError>;

    /// The value as TOML, on one line; nothing for what is not set.
    fn write(&self) -> Option<String>;
}

impl<T: Value> Value for Option<T> {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        T::read(item).map(Some)
    }

    fn write(&self) -> Option<String> {
        self.as_ref().and_then(Value::write)
    }
}

impl Value for Vec<PostImportHook> {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        let mut hooks = Self::new();
        for item in item.items()? {
            let module = item.key_as_module_name()?;
            // One module may have several hooks, and a TOML table has each key once: then the value is an array.
            let functions = match item.value() {
                DeValue::Array(_) => item.elements()?,
                DeValue::String(_) => vec![item],
                DeValue::Table(table) => {
                    let suggestion = Some(string(&unquoted_key(&module, table)));
                    return Err(item.wrong_type(HOOK, functions(), suggestion));
                }
                DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => {
                    return Err(item.wrong_type(HOOK, functions(), None));
                }
            };
            for function in functions {
                hooks.push(PostImportHook {
                    module: module.clone(),
                    hook: EntryPoint::read(&function)?,
                });
            }
        }
        Ok(hooks)
    }

    fn write(&self) -> Option<String> {
        let mut tables: Vec<(&str, Vec<String>)> = Vec::new();
        for PostImportHook { module, hook } in self {
            match tables.iter_mut().find(|(name, _)| name == module) {
                Some((_, hooks)) => hooks.push(hook.to_string()),
                None => tables.push((module, vec![hook.to_string()])),
            }
        }
        let entries = tables.iter().map(|(module, hooks)| {
            let value = match hooks.as_slice() {
                [hook] => string(hook),
                several => strings(several.iter().map(String::as_str)),
            };
            (*module, value)
        });
        Some(inline_table(entries))
    }
}

impl Value for Vec<EntryPoint> {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        item.elements()?.iter().map(EntryPoint::read).collect()
    }

    fn write(&self) -> Option<String> {
        let written: Vec<String> = self.iter().map(ToString::to_string).collect();
        Some(strings(written.iter().map(String::as_str)))
    }
}

impl Value for Vec<FileAccessRule> {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        let rule = |item: &Item<'_>| {
            let package = item.key_as_module_name()?;
            Ok(FileAccessRule { package, access: FileAccess::read(item)? })
        };
        item.items()?.iter().map(rule).collect()
    }

    fn write(&self) -> Option<String> {
        let entries =
            self.iter().filter_map(|rule| Some((rule.package.as_str(), rule.access.write()?)));
        Some(inline_table(entries))
    }
}

impl Value for Vec<SystemLibraryRule> {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        let rule = |item: &Item<'_>| {
            let name = item.key_text().to_owned();
            Ok(SystemLibraryRule { name, place: SystemLibrary::read(item)? })
        };
        item.items()?.iter().map(rule).collect()
    }

    fn write(&self) -> Option<String> {
        let entries =
            self.iter().filter_map(|rule| Some((rule.name.as_str(), rule.place.write()?)));
        Some(inline_table(entries))
    }
}

/// A table on one line, from its keys and its written values.
fn inline_table<'a>(entries: impl Iterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<String> =
        entries.map(|(key, value)| format!("{} = {value}", string(key))).collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

const HOOK: &str = "a string or an array of strings";

fn functions() -> String {
    let shape = string(EntryPoint::SHAPE);
    format!("`{shape}`, `[{shape}, ...]`")
}

/// The name that was meant when TOML has read `json.decoder` as a table `json` with the key `decoder`.
fn unquoted_key(module: &str, table: &DeTable<'_>) -> String {
    let mut name = module.to_owned();
    let mut table = Some(table);
    while let Some((part, value)) = table.and_then(|table| table.iter().next()) {
        name = format!("{name}.{}", part.get_ref());
        table = value.get_ref().as_table();
    }
    name
}
