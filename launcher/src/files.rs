//! A read-only file system below the executable's path, and its answers: pure but for the archives that it asks.
//!
//! The executable is a file for the system, and a folder here: behind its path and a slash lie the packed files. All
//! paths are bytes, as the system has them.

pub(crate) mod hint;
#[cfg(unix)]
pub(crate) mod links;

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use importer_core::{File, Stack};

use crate::file_access;

/// The number of this file system: of no system's, for those of their kind are given from the other end.
pub(crate) const DEVICE: u64 = 0x00c0_1df5;

/// The error for a folder that is opened as a file, with the system's words for it.
#[cfg(unix)]
pub(crate) const OPENED_FOLDER: (i32, &str) = (libc::EISDIR, "Is a directory");
/// The same on Windows, where a folder is refused as a file that may not be read is.
#[cfg(windows)]
pub(crate) const OPENED_FOLDER: (i32, &str) = (libc::EACCES, "Permission denied");

/// The longest name that the file systems of Linux take.
const LONGEST_NAME: usize = 255;

/// Letters that end a path in a text that a shell, or a program with options, reads.
pub(crate) const PATH_ENDS: &str = " \t\n\"'`|&;<>():,=?";

/// The thing at a path below the executable.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// A folder, by its path in the archives; the empty one is the top.
    Folder(String),
    File(File<'a>),
    /// Nothing of ours: `..` led out of the executable, to this path in the folder that it lies in.
    Outside(Vec<u8>),
}

/// A reason why there is nothing at a path.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nothing has the name.
    Missing {
        /// Whether the folder is there in which it could be made.
        has_folder: bool,
    },
    /// Something on the way is a file.
    NotAFolder,
    NameTooLong,
    Damaged(importer_core::Error),
}

impl From<importer_core::Error> for Fault {
    fn from(error: importer_core::Error) -> Self {
        Self::Damaged(error)
    }
}

/// Facts that are the same for all that lies below the executable.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) user: u32,
    pub(crate) group: u32,
    /// The time of change, in nanoseconds from 1970 on.
    pub(crate) changed: i64,
}

impl Facts {
    /// The owner and time of the archive's own file; where it has none any more, this user, and 1980, as in ZIP files
    /// without times.
    #[cfg(unix)]
    pub(crate) fn of(root: &Path) -> Self {
        use std::os::unix::fs::MetadataExt as _;

        match std::fs::metadata(root) {
            Ok(found) => Self {
                user: found.uid(),
                group: found.gid(),
                changed: found.mtime().saturating_mul(1_000_000_000) + found.mtime_nsec(),
            },
            Err(_) => Self {
                user: rustix::process::geteuid().as_raw(),
                group: rustix::process::getegid().as_raw(),
                changed: 315_532_800_000_000_000,
            },
        }
    }

    /// The same where files have no owners that are numbers.
    #[cfg(not(unix))]
    pub(crate) fn of(root: &Path) -> Self {
        let changed = std::fs::metadata(root).and_then(|found| found.modified()).ok();
        let changed = changed.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        let changed = changed.and_then(|time| i64::try_from(time.as_nanos()).ok());
        Self { user: 0, group: 0, changed: changed.unwrap_or(315_532_800_000_000_000) }
    }

    pub(crate) fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.changed.try_into().unwrap_or(0))
    }
}

/// A path below the root, for messages.
pub(crate) fn display(root: &OsStr, below: &[u8]) -> String {
    format!("{}{}", root.to_string_lossy(), String::from_utf8_lossy(below))
}

/// The rest behind the root in a path that begins with it: empty, or a slash and more.
pub(crate) fn below<'a>(root: &[u8], path: &'a [u8]) -> Option<&'a [u8]> {
    path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// The same on Windows, where letters of both cases and slashes of both kinds mean the same. The rest has slashes.
#[cfg(any(windows, test))]
pub(crate) fn below_on_windows(root: &[u8], path: &[u8]) -> Option<Vec<u8>> {
    let (front, rest) = path.split_at_checked(root.len())?;
    is_same_on_windows(root, front).then_some(())?;
    let rest: Vec<u8> = rest.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
    (rest.is_empty() || rest.starts_with(b"/")).then_some(rest)
}

/// Whether two paths of one length are the same on Windows, as far as that can be told without asking it.
#[cfg(any(windows, test))]
pub(crate) fn is_same_on_windows(one: &[u8], other: &[u8]) -> bool {
    let plain = |byte: &u8| if *byte == b'\\' { b'/' } else { byte.to_ascii_lowercase() };
    one.iter().map(plain).eq(other.iter().map(plain))
}

/// The thing that is there; `below` is the rest of the path after the executable's, as [`below`] gives it.
pub(crate) fn find<'a>(archives: &'a Stack, below: &[u8]) -> Result<Found<'a>, Fault> {
    let path = below.strip_prefix(b"/").unwrap_or(below);
    let is_plain = !path.split(|byte| *byte == b'/').any(|part| matches!(part, b"" | b"." | b".."));
    if is_plain
        && let Ok(path) = std::str::from_utf8(path)
        && let Some(found) = node(archives, path)?
    {
        return Ok(found);
    }
    walk(archives, path)
}

/// Goes from the top through each name on the way, as the system does.
fn walk<'a>(archives: &'a Stack, path: &[u8]) -> Result<Found<'a>, Fault> {
    let mut found = Found::Folder(String::new());
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
        let (part, behind) = rest.split_at(end);
        rest = behind.strip_prefix(b"/").unwrap_or(behind);
        let Found::Folder(folder) = &mut found else { return Err(Fault::NotAFolder) };
        match part {
            b"" | b"." => {}
            b".." if folder.is_empty() => return Ok(Found::Outside(rest.to_vec())),
            b".." => folder.truncate(folder.rfind('/').unwrap_or(0)),
            _ if part.len() > LONGEST_NAME => return Err(Fault::NameTooLong),
            _ => {
                let has_folder = rest.iter().all(|byte| *byte == b'/');
                let missing = Fault::Missing { has_folder };
                let Ok(name) = std::str::from_utf8(part) else { return Err(missing) };
                let inside = file_access::join(folder, name);
                found = node(archives, &inside)?.ok_or(missing)?;
            }
        }
        // A slash behind a file asks for a folder.
        if behind.starts_with(b"/") && matches!(found, Found::File(_)) {
            return Err(Fault::NotAFolder);
        }
    }
    Ok(found)
}

fn node<'a>(archives: &'a Stack, path: &str) -> Result<Option<Found<'a>>, Fault> {
    if let Some(file) = archives.file(path)? {
        return Ok(Some(Found::File(file)));
    }
    for archive in archives.archives() {
        if archive.directory(path)?.is_some() {
            return Ok(Some(Found::Folder(path.to_owned())));
        }
    }
    Ok(None)
}

/// A number for a path of the archives, the same in each process: 63 bits, for some programs take it for signed, and not 0.
pub(crate) fn inode(path: &str) -> u64 {
    // FNV-1a.
    let hash = path.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash >> 1).max(1)
}

/// The permissions of a file as installers leave them. An archive keeps none, so the first bytes of a file say whether it can
/// be started; they are read only of files whose names tell nothing.
pub(crate) fn mode(file: &File<'_>) -> Result<u32, Fault> {
    let name = file.path().rsplit('/').next().unwrap_or(file.path());
    let is_program = match name.rsplit_once('.') {
        _ if mapped_libraries::is_library_name(name) => true,
        None | Some((_, "sh" | "bash" | "exe" | "pl")) => {
            let contents = file.contents()?;
            contents.starts_with(b"\x7fELF") || contents.starts_with(b"#!")
        }
        Some(_) => false,
    };
    Ok(if is_program { 0o755 } else { 0o644 })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use importer_core::{Archive, ModuleEntry, Stack, Target, Writer};

    use super::{Fault, Found, below, find, inode};

    pub(super) fn archives() -> Stack {
        let target = Target {
            implementation: "cpython".into(),
            version: (3, 12),
            free_threaded: false,
            optimization: 0,
            bytecode_magic: 1,
        };
        let mut writer = Writer::new(target);
        for (path, text) in [("pkg/data.txt", "data"), ("pkg/sub/more.txt", "more")] {
            writer.add_file(path, text.into()).unwrap();
        }
        let module = ModuleEntry {
            name: "mod".into(),
            path: "mod.py".into(),
            source: Some(b"x = 1\n".to_vec()),
            ..ModuleEntry::default()
        };
        writer.add_module(module).unwrap();
        let mut bytes = Vec::new();
        writer.finish(&mut bytes).unwrap();
        Stack::new(vec![Archive::from_bytes(bytes, Path::new("test")).unwrap()])
    }

    fn described(archives: &Stack, path: &[u8]) -> String {
        match find(archives, path) {
            Ok(Found::Folder(path)) => format!("folder {path}"),
            Ok(Found::File(file)) => format!("file {}", file.path()),
            Ok(Found::Outside(rest)) => format!("outside {}", String::from_utf8_lossy(&rest)),
            Err(Fault::Missing { has_folder: true }) => "missing".into(),
            Err(Fault::Missing { has_folder: false }) => "missing folder".into(),
            Err(Fault::NotAFolder) => "not a folder".into(),
            Err(Fault::NameTooLong) => "too long".into(),
            Err(Fault::Damaged(error)) => error.to_string(),
        }
    }

    #[test]
    fn paths_lead_where_a_file_system_would() {
        let archives = archives();
        let long = "x".repeat(256);
        let table: &[(&str, &str)] = &[
            ("", "folder "),
            ("/", "folder "),
            ("/.", "folder "),
            ("/mod.py", "file mod.py"),
            ("/mod.py/", "not a folder"),
            ("/mod.py/.", "not a folder"),
            ("/mod.py/..", "not a folder"),
            ("/mod.py/x", "not a folder"),
            ("/pkg", "folder pkg"),
            ("/pkg/", "folder pkg"),
            ("//pkg//data.txt", "file pkg/data.txt"),
            ("/pkg/./sub/../data.txt", "file pkg/data.txt"),
            ("/pkg/sub/..", "folder pkg"),
            ("/pkg/..", "folder "),
            ("/pkg/../mod.py", "file mod.py"),
            ("/pkg/none", "missing"),
            ("/pkg/none/", "missing"),
            ("/pkg/none/more", "missing folder"),
            ("/none/../mod.py", "missing folder"),
            ("/pkg/data", "missing"),
            ("/..", "outside "),
            ("/../", "outside "),
            ("/../beside.txt", "outside beside.txt"),
            ("/pkg/../../a/b/", "outside a/b/"),
            (&format!("/pkg/{long}"), "too long"),
        ];
        for (path, expected) in table {
            assert_eq!(described(&archives, path.as_bytes()), *expected, "{path}");
        }
        assert_eq!(described(&archives, b"/pkg/\xff"), "missing");
    }

    #[test]
    fn only_a_slash_leads_below_the_root() {
        for (path, expected) in [
            ("/a/app", Some("")),
            ("/a/app/x", Some("/x")),
            ("/a/app.txt", None),
            ("/a/ap", None),
            ("app/x", None),
        ] {
            let found = below(b"/a/app", path.as_bytes());
            assert_eq!(found, expected.map(str::as_bytes), "{path}");
        }
    }

    #[test]
    fn windows_takes_letters_and_slashes_of_both_kinds() {
        for (path, expected) in [
            ("C:\\a\\app.exe", Some("")),
            ("c:/A/APP.EXE/pkg\\x", Some("/pkg/x")),
            ("C:\\a\\app.exe.txt", None),
            ("C:\\a", None),
        ] {
            let found = super::below_on_windows(b"C:\\a\\app.exe", path.as_bytes());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{path}");
        }
    }

    #[test]
    fn numbers_of_files_are_stable_and_differ() {
        assert_eq!(inode("pkg/data.txt"), 0x5645_354e_fe19_25c6);
        assert_ne!(inode("pkg/data.txt"), inode("pkg/data.tx"));
        assert!(inode("") > 0);
    }
}
