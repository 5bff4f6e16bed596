//! The settings that an application was built with.

use importer_core::Archive;
use interp_config::{Document, Settings};

use crate::error::Error;
use crate::key::Source as _;
use crate::version::check_version;

/// The name of the attribute with the settings, as the text of a `coldframe.toml`. An archive without it is no application.
pub const CONFIGURATION: &str = "configuration";

/// The settings in an archive, if it is an application.
///
/// # Errors
///
/// [`Configuration`](crate::ErrorKind::Configuration), when they cannot be read; [`Version`](crate::ErrorKind::Version), when they are not to be.
pub fn configuration(archive: &Archive) -> Result<Option<Settings>, Error> {
    let Some(text) = archive.bytes_of(CONFIGURATION)? else { return Ok(None) };
    check_version(archive)?;
    let name = format!("{}: {CONFIGURATION}", archive.path().display());
    let settings =
        interp_config::parse(&String::from_utf8_lossy(&text), &name, Document::Coldframe)?;
    // An empty document leaves every setting at its default.
    Ok(Some(settings.unwrap_or_default()))
}

/// The name and the bytes of settings.
pub fn configuration_entry(settings: &Settings) -> (String, Vec<u8>) {
    (CONFIGURATION.to_owned(), settings.to_toml().into_bytes())
}
