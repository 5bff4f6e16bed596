//! The one error of the crate.

/// What went wrong; `Display` names the file, the part and the way out.
#[derive(Debug, thiserror::Error)]
#[error("{kind:?}")]
pub struct Error {
    kind: ErrorKind,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Reading or writing a file failed.
    Io,
    /// The file neither is an archive nor has one behind it.
    NotAnArchive,
    /// The file ends before the archive does.
    CutShort,
    /// The archive has a format version that this crate does not read.
    FormatVersion,
    /// A checksum or a bound failed.
    Damaged,
    /// The archive was built for another Python.
    WrongTarget,
    /// What was given to the writer cannot be stored.
    Invalid,
    /// The writer already has this name.
    Duplicate,
}

impl Error {
    /// Which kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}
