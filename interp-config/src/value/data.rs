//! Files that are packed beside the application: an array of tables with a place and a name.

use super::{Item, Value};
use crate::build_settings::AddedData;
use crate::error::{ConfigError, Problem};
use crate::suggest::nearest;
use crate::toml_text::string;

const FROM: &str = "from";
const TO: &str = "to";
const ALLOWED: &str = "`[{ from = \"...\", to = \"...\" }, ...]`";

impl Value for Vec<AddedData> {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        if item.value().as_array().is_none() {
            return Err(item.wrong_type("an array of tables", ALLOWED, None));
        }
        item.elements()?.iter().map(read_table).collect()
    }

    fn write(&self) -> Option<String> {
        let tables = self.iter().map(|data| match &data.to {
            Some(to) => format!("{{ {FROM} = {}, {TO} = {} }}", string(&data.from), string(to)),
            None => format!("{{ {FROM} = {} }}", string(&data.from)),
        });
        Some(format!("[{}]", tables.collect::<Vec<_>>().join(", ")))
    }
}

fn read_table(item: &Item<'_>) -> Result<AddedData, ConfigError> {
    if !item.value().is_table() {
        return Err(item.wrong_type("a table", ALLOWED, None));
    }
    let (mut from, mut to) = (None, None);
    for entry in item.items()? {
        match entry.key_text() {
            FROM => from = Some(String::read(&entry)?),
            TO => to = Some(String::read(&entry)?),
            unknown => {
                let suggestion = nearest(unknown, [FROM, TO].into_iter())
                    .map(|key| format!("{}.{key}", item.key));
                let (key, allowed) = (entry.key.clone(), vec![FROM, TO]);
                return Err(entry.key_error(Problem::UnknownKey { key, suggestion, allowed }));
            }
        }
    }
    match from {
        Some(from) => Ok(AddedData { from, to }),
        None => Err(item.wrong_type("a table with the key `from`", ALLOWED, None)),
    }
}
