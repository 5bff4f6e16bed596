//! Libraries in files that have no name on any disk, which a worker process shares with its parent.
//!
//! The pages of such a file are its maker's own: eight workers that write numpy's libraries hold them eight times. So a
//! process keeps large files open, sealed against every change, under a name that says its checksum; a worker looks
//! for it among its parent's descriptors, and believes it only when its owner, seals, length and contents are right.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
#[cfg(maps_libraries)]
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt as _, MetadataExt};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use importer_core::{CopyError, Library};
use parking_lot::Mutex;
#[cfg(maps_libraries)]
use rustix::fs::{FallocateFlags, fallocate};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};

/// Smaller libraries are not kept open: a package has many of them, and a process may have few descriptors.
const KEPT_FROM: u64 = 256 * 1024;

/// The most threads that decompress one library.
const THREADS: usize = 8;

/// Nobody can change a file with these seals, its maker included.
const SEALS: SealFlags =
    SealFlags::WRITE.union(SealFlags::SHRINK).union(SealFlags::GROW).union(SealFlags::SEAL);

/// A label is a part of the name, of which the system takes 249 bytes.
const LONGEST_LABEL: usize = 200;

/// A counter from 1: a path without a count is that of a file which stays open.
static COUNT: AtomicU64 = AtomicU64::new(1);

/// The files that this process's workers may look for.
static KEPT: OnceLock<Mutex<Vec<File>>> = OnceLock::new();

/// A library in memory, and a path to it that no other file of this process ever had. The file must stay open until
/// the dynamic linker has opened the path; there is none when it stays open anyway.
///
/// The dynamic linker takes a library for one that it has when the *path* is the same (glibc, `elf/dl-load.c`), and
/// the number of a closed descriptor comes back: so the path spells a counter, in slashes that mean nothing.
pub(crate) fn open(
    label: &str,
    library: &Library<'_>,
    is_worker: bool,
) -> Result<(Option<File>, OsString), CopyError> {
    let is_large = library.len() >= KEPT_FROM;
    let shared = if is_large && is_worker { of_parent(library) } else { None };
    let file = match shared {
        Some(file) => file,
        None => make(label, library)?,
    };
    let path = new_path(&file)?.into();
    if is_large {
        KEPT.get_or_init(Mutex::default).lock().push(file);
        return Ok((None, path));
    }
    Ok((Some(file), path))
}

fn make(label: &str, library: &Library<'_>) -> Result<File, CopyError> {
    let mut file = named(label, &mark(library))?;
    if !decompress(library, &file)? {
        library.copy_to(&mut file)?;
    }
    library.forget();
    fcntl_add_seals(&file, SEALS).map_err(io::Error::from)?;
    Ok(file)
}

/// Decompresses a library's parts into the file, in threads that have ended when this returns; false if it has no two parts.
///
/// No such thread runs code of Python, or takes a lock of ours.
fn decompress(library: &Library<'_>, file: &File) -> Result<bool, CopyError> {
    let parts: Vec<_> = library.checked_parts()?.collect();
    if parts.len() < 2 {
        return Ok(false);
    }
    let next = AtomicUsize::new(0);
    let work = || -> Result<(), CopyError> {
        while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
            file.write_all_at(&part.contents()?, part.offset())?;
        }
        Ok(())
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    thread::scope(|scope| {
        // A process that may have no more threads does all of it in this one.
        let others: Vec<_> = (1..threads.min(parts.len()))
            .filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok())
            .collect();
        let own = work();
        let ends = others.into_iter().map(|other| match other.join() {
            Ok(end) => end,
            Err(_) => Err(io::Error::other("a thread that decompressed it has failed").into()),
        });
        ends.fold(own, Result::and)
    })?;
    Ok(true)
}

/// An empty file, whose name begins with the label.
fn named(label: &str, mark: &str) -> io::Result<File> {
    let mut name: String = label.chars().filter(|letter| *letter != '\0').collect();
    name.truncate(name.floor_char_boundary(LONGEST_LABEL));
    name.push_str(mark);
    Ok(memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?.into())
}

/// A file in memory that has its paths and nothing in it yet: libraries that need each other are told the paths first.
#[derive(Debug)]
pub struct Unwritten {
    file: File,
    /// A path that no other file of this process ever had.
    pub path: String,
    /// The shortest path there is, for a file that is [kept](Self::keep).
    pub short_path: String,
}

impl Unwritten {
    /// A new one. `label` is its name in memory, for people.
    pub fn new(label: &str) -> io::Result<Self> {
        let file = named(label, "")?;
        let path = new_path(&file)?;
        Ok(Self { path, short_path: unique_path(file.as_raw_fd(), 0), file })
    }

    /// Adds to its contents.
    pub fn write(&self, contents: &[u8]) -> io::Result<()> {
        (&self.file).write_all(contents)
    }

    /// Leaves the file open until the process ends.
    pub fn keep(self) {
        KEPT.get_or_init(Mutex::default).lock().push(self.file);
    }
}

/// A file in memory of that length, all of it a hole yet, and a path to it as [`open`] gives it.
#[cfg(maps_libraries)]
pub(crate) fn empty(label: &str, length: u64) -> io::Result<(File, OsString)> {
    let file = named(label, "")?;
    file.set_len(length)?;
    let path = new_path(&file)?.into();
    Ok((file, path))
}

/// Gives back the memory of those parts of a file that nobody reads any more.
#[cfg(maps_libraries)]
pub(crate) fn make_holes(file: &File, parts: &[Range<u64>]) {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    for part in parts {
        // If it cannot be done, the memory is in use for longer.
        let _ = fallocate(file, flags, part.start, part.end.saturating_sub(part.start));
    }
}

/// The mark of a library in the name of its file.
fn mark(library: &Library<'_>) -> String {
    format!(":{:016x}", library.id())
}

/// The same library in the process that started this one.
fn of_parent(library: &Library<'_>) -> Option<File> {
    let mark = mark(library);
    let folder = format!("/proc/{}/fd", std::os::unix::process::parent_id());
    fs::read_dir(folder).ok()?.flatten().find_map(|descriptor| {
        let link = fs::read_link(descriptor.path()).ok()?;
        let name = link.to_str()?.strip_prefix("/memfd:")?;
        name.contains(&mark).then(|| believed(File::open(descriptor.path()).ok()?, library))?
    })
}

/// The file, if nobody can change it and its contents have the checksum in its name.
fn believed(mut file: File, library: &Library<'_>) -> Option<File> {
    let metadata = file.metadata().ok()?;
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    let is_sealed = fcntl_get_seals(&file).ok()?.contains(SEALS);
    let is_right = is_own
        && is_sealed
        && metadata.len() == library.len()
        && library.is_copied_in(&mut file).ok()?;
    is_right.then_some(file)
}

/// A path to the file that nobody had before.
///
/// Without `/proc` there is none, and without a path the dynamic linker cannot open it.
fn new_path(file: &File) -> io::Result<String> {
    let path = unique_path(file.as_raw_fd(), COUNT.fetch_add(1, Ordering::Relaxed));
    fs::metadata(&path).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("files in memory are opened by `/proc/self/fd`: {error}"),
        )
    })?;
    Ok(path)
}

/// `/proc/self/fd/N` with the counter written in binary, low bit first: `/` for 0 and `/./` for 1.
fn unique_path(descriptor: i32, count: u64) -> String {
    let digits = u64::BITS - count.leading_zeros();
    let spelled: String =
        (0..digits).map(|bit| if count >> bit & 1 == 1 { "/." } else { "/" }).collect();
    format!("/proc/self/fd{spelled}/{descriptor}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::unique_path;

    #[test]
    fn no_two_paths_are_alike() {
        let paths: HashSet<_> = (0..1000).map(|count| unique_path(7, count)).collect();
        assert_eq!(paths.len(), 1000);
        assert_eq!(unique_path(7, 0), "/proc/self/fd/7");
        assert_eq!(unique_path(7, 6), "/proc/self/fd//././7");
    }
}
