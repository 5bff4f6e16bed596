//! The run target: the words `auto` and `repl`, or a table with one key that says what is run.

use super::{Item, Value};
use crate::config::RunTarget;
use crate::entry_point::EntryPoint;
use crate::error::{ConfigError, Problem};
use crate::suggest::nearest;
use crate::toml_text::string;

const AUTO: &str = "auto";
const REPL: &str = "repl";
const MODULE: &str = "module";
const SCRIPT: &str = "script";
const ENTRY_POINT: &str = "entry-point";
const CODE: &str = "code";
const KEYS: [&str; 4] = [MODULE, SCRIPT, ENTRY_POINT, CODE];
const ALLOWED: &str = "`\"auto\"`, `\"repl\"`, `{ module = \"...\" }`, `{ script = \"...\" }`, \
                       `{ entry-point = \"...\" }`, `{ code = \"...\" }`";

impl Value for RunTarget {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        match item.value().as_str() {
            Some(AUTO) => Ok(Self::Auto),
            Some(REPL) => Ok(Self::Repl),
            Some(word) => Err(item.value_error(Problem::RunTarget {
                key: item.key.clone(),
                given: word.to_owned(),
                suggestion: guess(word),
                allowed: ALLOWED,
            })),
            None if item.value().is_table() => read_table(item),
            None => Err(item.wrong_type("a string or a table", ALLOWED, None)),
        }
    }

    fn write(&self) -> Option<String> {
        Some(match self {
            Self::Auto => string(AUTO),
            Self::Repl => string(REPL),
            Self::Module(name) => table(MODULE, name),
            Self::Script(path) => table(SCRIPT, path),
            Self::EntryPoint(entry) => table(ENTRY_POINT, &entry.to_string()),
            Self::Code(text) => table(CODE, text),
        })
    }
}

fn read_table(item: &Item<'_>) -> Result<RunTarget, ConfigError> {
    let mut target = None;
    for entry in item.items()? {
        let read = match entry.name {
            MODULE => RunTarget::Module(entry.module_name()?),
            SCRIPT => RunTarget::Script(script(&entry)?),
            ENTRY_POINT => RunTarget::EntryPoint(EntryPoint::read(&entry)?),
            CODE => RunTarget::Code(String::read(&entry)?),
            unknown => {
                let suggestion =
                    nearest(unknown, KEYS.into_iter()).map(|key| format!("{}.{key}", item.key));
                let (key, allowed) = (entry.key.clone(), KEYS.to_vec());
                return Err(entry.key_error(Problem::UnknownKey { key, suggestion, allowed }));
            }
        };
        if target.replace(read).is_some() {
            return Err(entry.key_error(not_one_key(item, format!("`{}` as well", entry.name))));
        }
    }
    target.ok_or_else(|| item.value_error(not_one_key(item, "none".to_owned())))
}

fn not_one_key(item: &Item<'_>, given: String) -> Problem {
    Problem::NotOneKey { key: item.key.clone(), given, allowed: KEYS.to_vec() }
}

fn script(item: &Item<'_>) -> Result<String, ConfigError> {
    let path = item.text()?;
    if path.is_empty() {
        return Err(item.bad_text("path", "no character", "the path of a file"));
    }
    Ok(path.to_owned())
}

/// The probable meaning of a bare word.
fn guess(word: &str) -> String {
    if let Some(known) = nearest(word, [AUTO, REPL].into_iter()) {
        string(known)
    } else if word.parse::<EntryPoint>().is_ok() {
        table(ENTRY_POINT, word)
    } else if word.ends_with(".py") || word.contains(['/', '\\']) {
        table(SCRIPT, word)
    } else if word
        .contains(|character: char| character.is_whitespace() || "()=;:".contains(character))
    {
        table(CODE, word)
    } else {
        table(MODULE, word)
    }
}

fn table(key: &str, value: &str) -> String {
    format!("{{ {key} = {} }}", string(value))
}
