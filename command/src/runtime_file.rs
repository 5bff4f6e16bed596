//! The program that `coldframe build` puts before an archive.

use std::fs;

use importer_core::Archive;
use launcher::command_parts::SOURCES;
use launcher::own_executable;
use manifest::RUNTIME;

use super::error::CommandError;

/// The name of the runtime's file beside a `coldframe` that cargo has built or installed.
const NAME: &str = "coldframe-runtime";

/// The level at which the runtime is compressed: once, when a whole `coldframe` is made.
const LEVEL: i32 = 12;

/// No runtime is longer; a damaged archive may say anything.
const LONGEST: usize = 1 << 30;

/// A program to put before an archive.
#[derive(Clone, Debug)]
pub(super) struct RuntimeFile {
    pub(super) contents: Vec<u8>,
    pub(super) place: RuntimePlace,
}

/// The place of the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuntimePlace {
    /// Inside of this program.
    Inside,
    /// The file beside this program, which was built of the same sources.
    Beside,
    /// It is this program itself, with the packer and the command line: there is no other.
    Itself,
}

impl RuntimeFile {
    /// A program that was named, if it was built of the sources that this one was built of.
    pub(super) fn of_same_sources(contents: Vec<u8>) -> Option<Self> {
        is_of_same_sources(&contents).then_some(Self { contents, place: RuntimePlace::Beside })
    }
}

/// The runtime that this program carries, the one beside it, or this program itself.
pub(super) fn find(carried: Option<&Archive>) -> Result<RuntimeFile, CommandError> {
    if let Some(packed) = carried.map(|archive| archive.attribute(RUNTIME)).transpose()?.flatten() {
        let contents = zstd::bulk::decompress(&packed, LONGEST.min(capacity(&packed)));
        let contents = contents.map_err(|source| CommandError::Io {
            action: "decompress the runtime in",
            path: carried.map_or_else(Default::default, |archive| archive.path().to_owned()),
            source,
        })?;
        return Ok(RuntimeFile { contents, place: RuntimePlace::Inside });
    }
    let own = own_executable()?;
    let beside = own.with_file_name(NAME).with_extension(std::env::consts::EXE_EXTENSION);
    if let Ok(contents) = fs::read(&beside)
        && is_of_same_sources(&contents)
    {
        return Ok(RuntimeFile { contents, place: RuntimePlace::Beside });
    }
    let contents = fs::read(&own).map_err(|source| CommandError::Io {
        action: "read the launcher",
        path: own,
        source,
    })?;
    Ok(RuntimeFile { contents, place: RuntimePlace::Itself })
}

/// The length that a frame says of itself.
fn capacity(packed: &[u8]) -> usize {
    let said = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten();
    said.and_then(|length| usize::try_from(length).ok()).unwrap_or(LONGEST)
}

/// Whether a program was built of the sources that this one was built of.
fn is_of_same_sources(contents: &[u8]) -> bool {
    memchr::memmem::find(contents, SOURCES.as_bytes()).is_some()
}

/// The attribute for a whole `coldframe`.
pub(super) fn packed(runtime: &RuntimeFile) -> Result<Vec<u8>, CommandError> {
    zstd::bulk::compress(&runtime.contents, LEVEL).map_err(|source| CommandError::Io {
        action: "compress the runtime",
        path: NAME.into(),
        source,
    })
}
