//! Writing a settings file.

use crate::build_settings::{BuildSettings, Settings};
use crate::fields::{BUILD, Field, INTERPRETER};
use crate::parse::BUILD_KEY;

impl Settings {
    /// The settings as the text of a `coldframe.toml`, which [`parse`](crate::parse) reads as the same settings.
    ///
    /// Every value is written, also where it is the default, so the text keeps its meaning when a default changes. The same
    /// settings always give the same text.
    ///
    /// Values that no file can hold do not survive: a text with a NUL character, an empty or malformed module name or entry
    /// point, and the order between hooks of *different* modules when the hooks of one module do not stand together.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        write_fields(&mut text, INTERPRETER, &self.interpreter);
        if self.build != BuildSettings::default() {
            text.push_str(&format!("\n[{BUILD_KEY}]\n"));
            write_fields(&mut text, BUILD, &self.build);
        }
        text
    }
}

fn write_fields<T>(text: &mut String, fields: &[Field<T>], settings: &T) {
    for field in fields {
        if let Some(value) = (field.write)(settings) {
            text.push_str(&format!("{} = {value}\n", field.key));
        }
    }
}

/// The text as a TOML string on one line. A quoted key is written the same way.
pub(crate) fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // TOML has no other control character in the open.
            control if control.is_control() => {
                quoted.push_str(&format!("\\U{:08X}", u32::from(control)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// The texts as a TOML array on one line.
pub(crate) fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(string).collect();
    format!("[{}]", texts.join(", "))
}
