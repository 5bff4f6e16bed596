//! The entries of the cache, and their removal.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::making::LOCK;
use super::{FILES, LIBRARIES, LockedEntry, UNFINISHED};

/// The suffix of the names of cached archives.
pub const ARCHIVE: &str = ".coldframe";
/// The prefix of the names of archives that are being written.
pub const UNFINISHED_ARCHIVE: &str = ".unfinished-";
/// The folder of the environments that are made of requirements.
pub const ENVIRONMENTS: &str = "environments-v1";
/// The folder of compiled modules.
pub const COMPILED: &str = "compiled-v1";
/// The folder of the memories of builds.
pub const REBUILDS: &str = "rebuilds-v1";
/// The folder of the archives.
pub const ARCHIVES: &str = "archives-v1";

/// A younger unfinished entry may be of a process that has made it and has not locked it yet.
const JUST_MADE: Duration = Duration::from_secs(60);

/// The kind of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EntryKind {
    /// An archive that `coldframe run` made, or of the standard library.
    Archive,
    /// The files of a package that opens them.
    Files,
    /// An extension module, or a library that one needs.
    Library,
    /// A virtual environment made of requirements.
    Environment,
    /// Compiled modules of a distribution.
    Compiled,
    /// The memory of a build.
    Build,
    /// An entry that is being written, or was when its process was killed.
    Unfinished,
}

impl EntryKind {
    /// Its word for people and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Files => "files",
            Self::Library => "library",
            Self::Environment => "environment",
            Self::Compiled => "compiled",
            Self::Build => "build",
            Self::Unfinished => "unfinished",
        }
    }
}

/// One file or folder in the cache.
#[derive(Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Its kind.
    pub kind: EntryKind,
    /// Its file or folder.
    pub path: PathBuf,
    /// The length of all its files.
    pub bytes: u64,
    /// The time of the last process that wanted it.
    pub last_used: SystemTime,
}

/// The result of an entry's removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// It is gone.
    Removed,
    /// Some process uses it, so it stays.
    InUse,
}

impl Entry {
    /// The time since it was last used.
    pub fn age(&self) -> Duration {
        // The time lies in the future when the clock was set back: the entry is as good as new.
        self.last_used.elapsed().unwrap_or_default()
    }

    /// Whether some process uses it, or may be about to.
    pub fn is_in_use(&self) -> bool {
        self.is_being_made() || LockedEntry::exclusive(&self.path).is_none()
    }

    fn is_being_made(&self) -> bool {
        self.kind == EntryKind::Unfinished && self.age() < JUST_MADE
    }

    /// Removes it, unless somebody uses it. Nobody can find it under its name while it is being removed.
    pub fn remove(&self) -> io::Result<Removal> {
        if self.is_being_made() {
            return Ok(Removal::InUse);
        }
        let Some(_locked) = LockedEntry::exclusive(&self.path) else { return Ok(Removal::InUse) };
        if !fs::symlink_metadata(&self.path)?.is_dir() {
            return fs::remove_file(&self.path).map(|()| Removal::Removed);
        }
        // The rename removes it at once for all others; the rest of it, if we are killed, is an unfinished entry.
        let name = super::temporary_folder(&self.path)?;
        fs::rename(&self.path, &name)?;
        fs::remove_dir_all(&name).map(|()| Removal::Removed)
    }
}

/// All entries of ours in the cache folder, sorted by kind, and the least recently used first.
pub fn entries(cache: &Path) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    for (folder, kind, digits, end) in [
        (ARCHIVES, EntryKind::Archive, 32, ARCHIVE),
        (FILES, EntryKind::Files, 32, ""),
        (LIBRARIES, EntryKind::Library, 16, ""),
        (ENVIRONMENTS, EntryKind::Environment, 32, ""),
        (COMPILED, EntryKind::Compiled, 32, ""),
        (REBUILDS, EntryKind::Build, 32, ""),
    ] {
        list(&cache.join(folder), &mut found, |name| {
            if let Some(random) = name.strip_prefix(UNFINISHED_ARCHIVE) {
                return is_random(random).then_some(EntryKind::Unfinished);
            }
            // Names that we do not give are skipped, for others may have put something there.
            let (digest, rest) = name.split_at_checked(digits)?;
            if !digest.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
                return None;
            }
            let rest = rest.strip_prefix(end).unwrap_or(rest);
            match rest.strip_suffix(UNFINISHED).and_then(|rest| rest.strip_prefix('.')) {
                Some(random) => is_random(random).then_some(EntryKind::Unfinished),
                None if rest == LOCK => Some(EntryKind::Unfinished),
                None => (name.len() == digits + end.len() && name.ends_with(end)).then_some(kind),
            }
        })?;
    }
    found.sort_by(|a, b| (a.kind, a.last_used, &a.path).cmp(&(b.kind, b.last_used, &b.path)));
    Ok(found)
}

/// Whether a part of a name is one that `tempfile` makes.
fn is_random(part: &str) -> bool {
    part.len() == 6 && part.bytes().all(|letter| letter.is_ascii_alphanumeric())
}

fn list(
    folder: &Path,
    found: &mut Vec<Entry>,
    kind: impl Fn(&str) -> Option<EntryKind>,
) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let Some(kind) = kind(&entry.file_name().to_string_lossy()) else { continue };
        // It may be gone by now.
        let Ok(metadata) = entry.metadata() else { continue };
        let last_used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let bytes = walkdir::WalkDir::new(entry.path())
            .into_iter()
            .filter_map(|inner| inner.ok()?.metadata().ok())
            .filter(fs::Metadata::is_file)
            .map(|metadata| metadata.len())
            .sum();
        found.push(Entry { kind, path: entry.path(), bytes, last_used });
    }
    Ok(())
}
