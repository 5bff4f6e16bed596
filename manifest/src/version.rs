//! The version of all attributes together.

use importer_core::Archive;

use crate::error::{Error, Malformed, Problem};
use crate::key::{Key, Source as _, Value};

/// The version that is written and read here. It changes when the meaning of any attribute does, or one is added without
/// which an archive does not run.
pub const VERSION: u32 = 1;

impl Value for u32 {
    fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).ok();
        text.and_then(|text| text.parse().ok()).ok_or_else(|| Malformed::new("it is no number"))
    }
}

/// The version that an archive's attributes are of.
pub fn version() -> Key<u32> {
    Key::new("manifest")
}

/// Refuses an archive whose attributes are of another version. One that says none was written without the packer, or by one
/// that had no number yet: both wrote version 1.
///
/// # Errors
///
/// [`Version`](crate::ErrorKind::Version), when it is another one; [`Archive`](crate::ErrorKind::Archive), when the archive is damaged.
pub fn check_version(archive: &Archive) -> Result<(), Error> {
    let Some(found) = archive.bytes_of(version().name())? else { return Ok(()) };
    match u32::from_bytes(&found) {
        Ok(VERSION) => Ok(()),
        Ok(_) | Err(_) => Err(Problem::Version {
            path: archive.path().to_owned(),
            found: String::from_utf8_lossy(&found).into_owned(),
            supported: VERSION,
        }
        .into()),
    }
}
