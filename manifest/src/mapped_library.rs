//! The attribute that says that a shared library may be mapped, and how its parts lie.

use mapped_libraries::LibraryLayout;

use crate::error::Malformed;
use crate::key::{Key, Value};

/// The layout of the library with that [id](importer_core::Library::id): which parts of it are mapped.
pub fn layout(id: u64) -> Key<LibraryLayout> {
    Key::of(format!("layout:{id:016x}"))
}

impl Value for LibraryLayout {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed::new("it is not UTF-8"))?;
        text.parse().map_err(|error| Malformed::new(format!("{error}")))
    }
}
