//! The one error of the crate: opaque outside, precise inside.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::Target;
use crate::format::{Kind, Role};

/// An error of this crate; its `Display` names the file, the part, and the way out.
///
/// ```
/// use std::path::Path;
/// use importer_core::{Archive, ErrorKind};
///
/// let error = Archive::from_bytes(b"#!/bin/sh\n".to_vec(), Path::new("app")).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotAnArchive);
/// assert_eq!(error.to_string(), "`app` is not an archive and has none behind it; give the path of a built archive or executable");
/// ```
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Problem>);

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Reading or writing a file failed.
    Io,
    /// The file neither is an archive nor has one behind it.
    NotAnArchive,
    /// The file ends before the archive does.
    CutShort,
    /// The archive has a format version that this crate does not read.
    FormatVersion,
    /// A checksum does not match, or an offset leads outside.
    Damaged,
    /// The archive was built for another Python.
    WrongTarget,
    /// The writer was given something that cannot be stored.
    Invalid,
    /// The writer already has something else of this name.
    Duplicate,
}

/// Every message of the crate.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error("could not {action} `{}`", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    #[error("could not write the archive")]
    Write { source: io::Error },
    #[error(
        "`{}` is not an archive and has none behind it; give the path of a built archive or executable",
        path.display()
    )]
    NotAnArchive { path: PathBuf },
    #[error(
        "archive `{}` is cut short: it needs {needed} bytes and has {found}; copy it again or build it again",
        path.display()
    )]
    CutShort { path: PathBuf, needed: u64, found: u64 },
    #[error(
        "`{}` is cut short: an archive begins at offset {offset}, but the trailer that should end the file is missing; \
         copy it again or build it again",
        path.display()
    )]
    TrailerMissing { path: PathBuf, offset: u64 },
    #[error(
        "archive `{}` has format version {found}, and this program reads format version {supported}; {}",
        path.display(),
        if found > supported { "use a newer program, or build the archive with this one" }
        else { "build the archive again with this program" }
    )]
    FormatVersion { path: PathBuf, found: u32, supported: u32 },
    #[error("archive `{}` is damaged: {part} at offset {offset} {fault}{wanted}; build it again", path.display())]
    Damaged { path: PathBuf, part: Part, offset: u64, fault: Fault, wanted: Wanted },
    #[error(
        "archive `{}` was built for {built}, but the running Python is {running}; build it again for this Python",
        path.display()
    )]
    WrongTarget { path: PathBuf, built: Target, running: Target },
    #[error(
        "archive `{}` was built for {theirs}, and cannot be merged into one for {ours}; build it again for that Python",
        path.display()
    )]
    OtherTarget { path: PathBuf, theirs: Target, ours: Target },
    #[error("{what} `{}` cannot be stored: {why}", value.escape_debug())]
    Invalid { what: &'static str, value: String, why: &'static str },
    #[error("{what} `{value}` was added already{how}; add it once")]
    Duplicate { what: &'static str, value: String, how: &'static str },
    #[error(
        "`{file}` would be both a file and a folder: `{inside}` lies in it; leave one of them out"
    )]
    FileAndFolder { file: String, inside: String },
    #[error(
        "namespace package `{name}` would lie in two folders, `{first}` and `{second}`; \
         put its modules under one folder, or in two archives"
    )]
    TwoFolders { name: String, first: String, second: String },
    #[error(
        "`{}` is cut short, or damaged: its own headers lead outside of it; copy it again or build it again",
        path.display()
    )]
    ExecutableCut { path: PathBuf },
}

impl Error {
    /// The kind of this error.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Problem::Io { .. } | Problem::Write { .. } => ErrorKind::Io,
            Problem::NotAnArchive { .. } => ErrorKind::NotAnArchive,
            Problem::CutShort { .. }
            | Problem::TrailerMissing { .. }
            | Problem::ExecutableCut { .. } => ErrorKind::CutShort,
            Problem::FormatVersion { .. } => ErrorKind::FormatVersion,
            Problem::Damaged { .. } => ErrorKind::Damaged,
            Problem::WrongTarget { .. } | Problem::OtherTarget { .. } => ErrorKind::WrongTarget,
            Problem::Invalid { .. }
            | Problem::FileAndFolder { .. }
            | Problem::TwoFolders { .. } => ErrorKind::Invalid,
            Problem::Duplicate { .. } => ErrorKind::Duplicate,
        }
    }

    /// An error of reading the file at `path`, for a caller who opens it.
    pub fn read(path: &Path, source: io::Error) -> Self {
        Problem::Io { action: "read", path: path.to_owned(), source }.into()
    }

    pub(crate) fn map(path: &Path, source: io::Error) -> Self {
        Problem::Io { action: "map", path: path.to_owned(), source }.into()
    }

    pub(crate) fn write(source: io::Error) -> Self {
        Problem::Write { source }.into()
    }

    pub(crate) fn not_an_archive(path: &Path) -> Self {
        Problem::NotAnArchive { path: path.to_owned() }.into()
    }

    pub(crate) fn cut_short(path: &Path, needed: u64, found: u64) -> Self {
        Problem::CutShort { path: path.to_owned(), needed, found }.into()
    }

    pub(crate) fn trailer_missing(path: &Path, offset: u64) -> Self {
        Problem::TrailerMissing { path: path.to_owned(), offset }.into()
    }

    pub(crate) fn format_version(path: &Path, found: u32, supported: u32) -> Self {
        Problem::FormatVersion { path: path.to_owned(), found, supported }.into()
    }

    pub(crate) fn damaged(path: &Path, part: Part, offset: u64, fault: Fault) -> Self {
        Problem::Damaged { path: path.to_owned(), part, offset, fault, wanted: Wanted(None) }.into()
    }

    /// Adds the name that was being looked for, so that the error on a damaged index names the module.
    pub(crate) fn while_looking_for(mut self, kind: Kind, key: &str) -> Self {
        if let Problem::Damaged { wanted, .. } = &mut *self.0 {
            *wanted = Wanted(Some((kind, key.to_owned())));
        }
        self
    }

    pub(crate) fn wrong_target(path: &Path, built: &Target, running: &Target) -> Self {
        Problem::WrongTarget {
            path: path.to_owned(),
            built: built.clone(),
            running: running.clone(),
        }
        .into()
    }

    pub(crate) fn other_target(path: &Path, theirs: &Target, ours: &Target) -> Self {
        Problem::OtherTarget { path: path.to_owned(), theirs: theirs.clone(), ours: ours.clone() }
            .into()
    }

    pub(crate) fn invalid(what: &'static str, value: impl Into<String>, why: &'static str) -> Self {
        Problem::Invalid { what, value: value.into(), why }.into()
    }

    pub(crate) fn duplicate(what: &'static str, value: &str, how: &'static str) -> Self {
        Problem::Duplicate { what, value: value.to_owned(), how }.into()
    }

    pub(crate) fn file_and_folder(file: &str, inside: &str) -> Self {
        Problem::FileAndFolder { file: file.to_owned(), inside: inside.to_owned() }.into()
    }

    pub(crate) fn two_folders(name: &str, first: &str, second: &str) -> Self {
        Problem::TwoFolders {
            name: name.to_owned(),
            first: first.to_owned(),
            second: second.to_owned(),
        }
        .into()
    }

    pub(crate) fn executable_cut(path: &Path) -> Self {
        Problem::ExecutableCut { path: path.to_owned() }.into()
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

/// The part of an archive that is damaged.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Header,
    Trailer,
    Index,
    List,
    Record,
    Blob { role: Role, kind: Kind, key: String },
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::Trailer => f.write_str("the trailer"),
            Self::Index => f.write_str("the index"),
            Self::List => f.write_str("the sorted list"),
            Self::Record => f.write_str("a record"),
            Self::Blob { role, kind, key } => {
                write!(f, "the {} of {} `{key}`", role.describe(), kind.describe())
            }
        }
    }
}

/// The fault of a part.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    Checksum,
    OutOfBounds,
    Malformed(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checksum => f.write_str("does not match its checksum"),
            Self::OutOfBounds => f.write_str("lies outside the archive"),
            Self::Malformed(how) => f.write_str(how),
        }
    }
}

/// The name that was being looked for when a damaged index or record was met.
#[derive(Clone, Debug)]
struct Wanted(Option<(Kind, String)>);

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((kind, key)) => write!(f, " (looking for {} `{key}`)", kind.describe()),
            None => Ok(()),
        }
    }
}
