//! The user's cache folder: private, whole, and looked at again before it is used.
//!
//! ```
//! use cache::{folder_once, locate, private_folder, verified_file};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let somewhere = tempfile::tempdir()?;
//! # let named = somewhere.path().join("cache");
//! let folder = locate(Some(&named), None).ok_or("there is no home folder")?;
//! let greetings = private_folder(&folder, "greetings-v1")?.join("english");
//! let locked = folder_once(&greetings, |new| verified_file(&new.join("hello"), b"Hello!"))?;
//! assert_eq!(std::fs::read(greetings.join("hello"))?, b"Hello!");
//! # drop(locked);
//! # Ok(())
//! # }
//! ```
//!
//! # Why use this crate
//!
//! Programs use it alone to keep files that they load or execute later, in a folder that no other user can write, whole after
//! a crash, and shared by processes that come at the same time.
//!
//! Files and folders appear in it by one rename, under names made of their contents. Each process that uses an entry has a
//! shared lock on it (`flock`, which a child process made by `fork` has too, and which ends with the last of them), so
//! that `coldframe cache clean` can tell entries in use from unused ones, and entries that are being written from those that
//! a killed process left.

#[cfg(feature = "contents")]
mod contents;
mod error;
mod file_mode;
mod locked_entry;
mod making;
mod private;

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};

#[cfg(feature = "contents")]
pub use contents::{
    ARCHIVE, ARCHIVES, COMPILED, ENVIRONMENTS, Entry, EntryKind, REBUILDS, Removal,
    UNFINISHED_ARCHIVE, entries,
};
pub use error::Error;
use file_mode::set_mode;
pub use locked_entry::LockedEntry;
pub use making::{Making, MakingResult};
use private::create_private;
pub use private::{check_private, open_entry};

/// The variable that names another cache folder.
pub const CACHE_VARIABLE: &str = "COLDFRAME_CACHE_DIR";

/// The folder in the cache of the files that packages open.
pub const FILES: &str = "files-v1";
/// The folder in the cache of extension modules, and of the libraries that they need.
pub const LIBRARIES: &str = "libraries-v1";

const WAY_OUT: &str = "; name another folder with `COLDFRAME_CACHE_DIR`";
const LARGER_FILES: &str = "; this process may not write files of that size, nor load it from memory: raise the limit (`ulimit -f`)";

/// The suffix of the names of entries that are being written.
const UNFINISHED: &str = ".tmp";

/// The number of times that a folder which is being removed is asked for again, and the pause after each.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(10);
/// The time to wait for another process that makes the same entry.
const PATIENCE: Duration = Duration::from_secs(120);

/// The file by which a folder says that it is a cache (bford.info/cachedir), and whose.
const TAG: &str = "CACHEDIR.TAG";
const TAG_TEXT: &str = "Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of Coldframe, and all of it can be removed. `coldframe cache clean` removes what is not used.
";

/// The cache folder: the one asked for, else that of the environment variable [`CACHE_VARIABLE`], else `coldframe` in
/// the user's cache as the system has it. Where that cannot be made (a read-only home, or none), it is a folder of this
/// user's own in the system's folder for temporary files.
pub fn locate(asked: Option<&Path>, variable: Option<&OsStr>) -> Option<PathBuf> {
    let named = asked.or_else(|| variable.filter(|value| !value.is_empty()).map(Path::new));
    match named {
        // The path is absolute, for a program may change its folder before the cache is needed.
        Some(folder) => Some(std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())),
        None => {
            let home = choose_base_strategy().ok().map(|base| base.cache_dir().join("coldframe"));
            home.filter(|folder| can_be_made(folder)).or_else(temporary)
        }
    }
}

/// Whether a folder is there to be written to, or the nearest one above it that is there; and whether it is this user's own: with
/// the `HOME` of somebody else (`sudo -E`, containers), what we make there would be in their way.
fn can_be_made(folder: &Path) -> bool {
    let nearest = folder.ancestors().find_map(|folder| match fs::metadata(folder) {
        Ok(found) => Some(found.is_dir() && is_own(&found) && is_writable(folder)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) => Some(false),
    });
    nearest.unwrap_or(false)
}

#[cfg(unix)]
fn is_writable(folder: &Path) -> bool {
    use rustix::fs::{Access, access};

    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(unix)]
fn is_own(found: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(found) == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_own(_found: &fs::Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn is_writable(_folder: &Path) -> bool {
    true
}

/// A folder in the system's folder for temporary files. Others may have made something of that name: a link is not
/// followed, and the folder's owner is checked before it is used.
fn temporary() -> Option<PathBuf> {
    #[cfg(unix)]
    let name = format!("coldframe-{}", rustix::process::geteuid().as_raw());
    #[cfg(not(unix))]
    let name = "coldframe";
    let folder = std::env::temp_dir().join(name);
    let is_link = fs::symlink_metadata(&folder).is_ok_and(|found| found.is_symlink());
    (!is_link).then_some(folder)
}

/// The folder of that name in the cache, made if need be; only this user can write to it.
pub fn private_folder(cache: &Path, name: &str) -> Result<PathBuf, Error> {
    let folder = cache.join(name);
    create_private(cache).map_err(cannot("create the cache folder", cache))?;
    check_private(cache).map_err(cannot("use the cache folder", cache))?;
    tag(cache).map_err(cannot("write to the cache folder", cache))?;
    create_private(&folder).map_err(cannot("create the cache folder", &folder))?;
    check_private(&folder).map_err(cannot("use the cache folder", &folder))?;
    Ok(folder)
}

/// Says in a folder that it is a cache, if nothing is in it yet: tools for backups leave such folders out, and a folder that
/// somebody has named may hold other things.
fn tag(cache: &Path) -> io::Result<()> {
    if fs::read_dir(cache)?.next().is_some() {
        return Ok(());
    }
    match fs::File::create_new(cache.join(TAG)) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made?.write_all(TAG_TEXT.as_bytes()),
    }
}

/// Whether a folder says that it is a cache of ours.
#[cfg(feature = "contents")]
pub fn is_tagged(cache: &Path) -> bool {
    let tag = cache.join(TAG);
    open_entry(&tag).is_ok_and(|file| {
        let mut text = String::new();
        let read = file.take(TAG_TEXT.len() as u64 + 1).read_to_string(&mut text);
        read.is_ok() && text == TAG_TEXT
    })
}

/// Makes sure that `folder` holds the files that `fill` puts into it: it appears by one rename, when all are there.
///
/// Any number of processes may do this at once; the first one's folder stays, and the others' are thrown away.
pub fn folder_once<E: From<Error>>(
    folder: &Path,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<LockedEntry, E> {
    let hold = || LockedEntry::shared(folder).map_err(cannot("use", folder));
    if let Some(locked) = hold()? {
        touch(folder);
        return Ok(locked);
    }
    let parent = folder.parent().unwrap_or(folder);
    create_private(parent).map_err(cannot("create the cache folder", parent))?;
    let _making = match Making::begin(folder, hold)? {
        MakingResult::Made(locked) => return Ok(locked),
        MakingResult::Making(making) => making,
    };
    let temporary = temporary_folder(folder).map_err(cannot("create the cache folder", folder))?;
    // A folder keeps its locks when it gets another name.
    let locked = LockedEntry::shared(&temporary).map_err(cannot("use", &temporary))?;
    let synced = |()| sync_all(&temporary).map_err(cannot("write", &temporary)).map_err(E::from);
    let filled = fill(&temporary).and_then(synced).and_then(|()| {
        match (fs::rename(&temporary, folder), locked) {
            (Ok(()), Some(locked)) => Ok(locked),
            (Err(source), _) if !folder.is_dir() => {
                Err(cannot("put in place", folder)(source).into())
            }
            _another_was_first => wait_for(folder, hold).map_err(E::from),
        }
    });
    drop(fs::remove_dir_all(&temporary));
    filled
}

/// The lock on a folder that another process has just put there, or is removing.
fn wait_for(
    folder: &Path,
    hold: impl Fn() -> Result<Option<LockedEntry>, Error>,
) -> Result<LockedEntry, Error> {
    for _ in 0..TRIES {
        if let Some(locked) = hold()? {
            return Ok(locked);
        }
        std::thread::sleep(PAUSE);
    }
    let source = io::Error::from(io::ErrorKind::TimedOut);
    Err(cannot("wait for the process that removes", folder)(source))
}

/// Makes sure that there is a folder at `path`, in the cache.
pub fn folder_in(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Ok(());
    }
    create_private(path).map_err(cannot("create the cache folder", path))
}

/// Makes sure that the file at `path`, in a folder that is there, has these contents; one that has others is replaced,
/// never written over: somebody may have it open, or mapped.
pub fn verified_file(path: &Path, contents: &[u8]) -> Result<(), Error> {
    match has_contents(path, contents) {
        Ok(true) => Ok(()),
        Ok(false) => replace_file(path, contents),
        Err(error) if error.kind() == io::ErrorKind::NotFound => replace_file(path, contents),
        Err(error) => Err(cannot("read", path)(error)),
    }
}

/// Does the same as [`verified_file`], but believes a file of the right size whose time of change is the one that we gave
/// it, which is made of the `id` of the contents: a write to a file changes its time.
pub fn stamped_file<E: From<Error>>(
    path: &Path,
    id: u64,
    length: u64,
    contents: impl FnOnce() -> Result<Vec<u8>, E>,
) -> Result<(), E> {
    let stamp = stamp(id);
    let is_right = fs::symlink_metadata(path).is_ok_and(|found| {
        found.is_file() && found.len() == length && found.modified().is_ok_and(|time| time == stamp)
    });
    if is_right {
        return Ok(());
    }
    verified_file(path, &contents()?)?;
    let stamped =
        fs::File::options().write(true).open(path).and_then(|file| file.set_modified(stamp));
    Ok(stamped.map_err(cannot("write", path))?)
}

/// A time between 2000 and 2034, in whole and even seconds, which every file system keeps.
fn stamp(id: u64) -> SystemTime {
    const YEAR_2000: u64 = 946_684_800;
    SystemTime::UNIX_EPOCH + Duration::from_secs(YEAR_2000 + (id & 0x3fff_fffe))
}

fn has_contents(path: &Path, contents: &[u8]) -> io::Result<bool> {
    let found = fs::symlink_metadata(path)?;
    if !found.is_file() || found.len() != contents.len() as u64 {
        return Ok(false);
    }
    let mut file = open_entry(path)?;
    let mut buffer = vec![0; 1 << 16];
    for part in contents.chunks(buffer.len()) {
        let Some(buffer) = buffer.get_mut(..part.len()) else { return Ok(false) };
        match file.read_exact(buffer) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if buffer != part {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes a file beside and gives it the name.
fn replace_file(path: &Path, contents: &[u8]) -> Result<(), Error> {
    if let Some(parent) = path.parent() {
        create_private(parent).map_err(cannot("create the cache folder", parent))?;
    }
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        fs::remove_dir_all(path).map_err(cannot("replace", path))?;
    }
    tracing::debug!(path = %path.display(), "written to the cache");
    let write = || {
        let name = unfinished_name(path);
        let mut builder = tempfile::Builder::new();
        let mut file = builder.prefix(&name).suffix(UNFINISHED).tempfile_in(folder_of(path))?;
        file.write_all(contents)?;
        if is_program(contents) {
            set_mode(file.as_file(), 0o700)?;
        }
        // A folder that has not got its name yet is written to disk as a whole.
        let is_alone = !path.ancestors().any(is_unfinished);
        if is_alone {
            file.as_file().sync_all()?;
        }
        file.persist(path).map(drop).map_err(|error| error.error)
    };
    write().map_err(cannot("write", path))
}

fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(UNFINISHED.as_bytes()))
}

/// Writes all of a folder to disk, so that after a crash of the machine nothing stands under its name but the whole.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn sync_all(folder: &Path) -> io::Result<()> {
    // One call for all files: each one's own would take minutes for a large package.
    Ok(rustix::fs::syncfs(fs::File::open(folder)?)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn sync_all(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether a file can be started, by how it begins: an archive keeps no modes.
fn is_program(contents: &[u8]) -> bool {
    contents.starts_with(b"\x7fELF") || contents.starts_with(b"#!")
}

/// Notes that a folder is in use, by its time of change.
fn touch(folder: &Path) {
    // Only so that it is not taken for unused; a cache that cannot be written is still good for reading.
    let _read_only =
        fs::File::open(folder).and_then(|folder| folder.set_modified(SystemTime::now()));
}

/// The prefix of the names of entries that are being written beside `path`. The rest is random, for in containers every
/// process may have the same number; and a file that is there already is never taken.
fn unfinished_name(path: &Path) -> std::ffi::OsString {
    // Every path here ends with the name of an entry.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// A new folder beside `path`.
pub(crate) fn temporary_folder(path: &Path) -> io::Result<PathBuf> {
    let name = unfinished_name(path);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&name).suffix(UNFINISHED);
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    #[cfg(unix)]
    builder.permissions(mode);
    Ok(builder.tempdir_in(folder_of(path))?.keep())
}

/// Makes an error of the system's reason.
fn cannot(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| {
        let is_limit = source.kind() == io::ErrorKind::FileTooLarge;
        Error::with_way_out(action, path, source, if is_limit { LARGER_FILES } else { WAY_OUT })
    }
}
