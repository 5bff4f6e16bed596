//! Writing a settings file.

use crate::build_settings::{BuildSettings, Settings};
use crate::fields::{BUILD, BUILD_KEY, Field, INTERPRETER};

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
