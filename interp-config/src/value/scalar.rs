//! The simple values: booleans, texts and choices.

use toml::de::DeValue;

use super::{Item, Value};
use crate::choices::{
    Allocator, ExtensionLoading, FileAccess, OptimizationLevel, Profile, PythonMode,
    StandardLibraryExtent, StartMethodSetting, SystemLibrary,
};
use crate::entry_point::EntryPoint;
use crate::error::{ConfigError, ParseChoiceError, Problem};
use crate::suggest::{list, nearest};
use crate::toml_text::{string, strings};

impl Value for bool {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        item.value().as_bool().ok_or_else(|| {
            const WORDS: [&str; 2] = ["true", "false"];
            let suggestion =
                item.value().as_str().and_then(|text| nearest(text, WORDS.into_iter()));
            item.wrong_type("a boolean", list(&WORDS), suggestion.map(str::to_owned))
        })
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for String {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        item.text().map(str::to_owned)
    }

    fn write(&self) -> Option<String> {
        Some(string(self))
    }
}

impl Value for Vec<String> {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        item.elements()?.iter().map(String::read).collect()
    }

    fn write(&self) -> Option<String> {
        Some(strings(self.iter().map(String::as_str)))
    }
}

impl Value for EntryPoint {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        let Some(text) = item.value().as_str() else {
            return Err(item.wrong_type("a string", quoted_list(&[Self::SHAPE]), None));
        };
        text.parse()
            .map_err(|error| item.value_error(Problem::EntryPoint { key: item.key.clone(), error }))
    }

    fn write(&self) -> Option<String> {
        Some(string(&self.to_string()))
    }
}

/// Choices that are written as strings.
macro_rules! choices {
    ($($type:ty)*) => {
        $(impl Value for $type {
            fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
                let Some(text) = item.value().as_str() else {
                    return Err(item.wrong_type("a string", quoted_list(Self::SPELLINGS), None));
                };
                text.parse().map_err(|error| choice_error(item, error))
            }

            fn write(&self) -> Option<String> {
                Some(string(self.as_str()))
            }
        })*
    };
}

choices!(StartMethodSetting Profile Allocator ExtensionLoading FileAccess SystemLibrary StandardLibraryExtent PythonMode);

impl Value for OptimizationLevel {
    fn read(item: &Item<'_>) -> Result<Self, ConfigError> {
        let DeValue::Integer(integer) = item.value() else {
            let suggestion = item.value().as_str().filter(|text| Self::SPELLINGS.contains(text));
            return Err(item.wrong_type(
                "an integer",
                list(Self::SPELLINGS),
                suggestion.map(str::to_owned),
            ));
        };
        let level = u8::from_str_radix(integer.as_str(), integer.radix()).ok();
        let known = Self::ALL.iter().copied().find(|known| Some(known.as_u8()) == level);
        known.ok_or_else(|| {
            choice_error(
                item,
                ParseChoiceError::new(Self::WHAT, &integer.to_string(), Self::SPELLINGS),
            )
        })
    }

    fn write(&self) -> Option<String> {
        Some(self.as_str().to_owned())
    }
}

fn choice_error(item: &Item<'_>, error: ParseChoiceError) -> ConfigError {
    item.value_error(Problem::Choice { key: item.key.clone(), error })
}

/// Allowed strings as they are written in TOML.
fn quoted_list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
}
