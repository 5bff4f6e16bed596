//! The answers for a path below the executable that C code hands to a function of the C library.

use std::ffi::{CStr, CString, c_char, c_int};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use super::passed_on::is_own;
use crate::files::{self, DEVICE, Fault, Found, OPENED_FOLDER};
use crate::py::files::location::beside;
use crate::py::files::memory::{self, Wanted};
use crate::py::files::open::ACCESS_MODE;
use crate::py::process::runtime::{self, Runtime};

/// The largest file that is given as memory; of a larger one, which is as often as not opened again and again, the cache keeps a copy.
const MOST_MEMORY: u64 = 1 << 20;

/// A path below the executable.
pub(super) struct Asked<'a> {
    runtime: &'static Runtime,
    rest: &'a [u8],
}

/// The thing that a function gets in the place of what it asked for.
pub(super) enum Given {
    Descriptor(OwnedFd),
    /// A path for the C library's function.
    Path(CString),
}

/// The facts of a file or folder, as all functions tell them.
pub(super) struct Told {
    pub(super) mode: u32,
    pub(super) length: u64,
    pub(super) inode: u64,
    pub(super) device: u64,
    pub(super) user: u32,
    pub(super) group: u32,
    /// Seconds and nanoseconds from 1970 on.
    pub(super) changed: (i64, i64),
}

impl Told {
    /// The number of blocks of 512 bytes.
    pub(super) fn blocks(&self) -> u64 {
        self.length.div_ceil(512)
    }
}

/// Whether a path leads below the executable, and is asked for by a library.
///
/// # Safety
///
/// Null or a C string, which lives as long as the answer.
pub(super) unsafe fn asked<'a>(path: *const c_char, caller: usize) -> Option<Asked<'a>> {
    let runtime = runtime::get_if_set()?;
    let root = runtime.root.as_bytes();
    if path.is_null() {
        return None;
    }
    // SAFETY: byte after byte of a C string, up to one that differs; the root has no zero byte, so its end does.
    let rest = unsafe {
        for (at, byte) in root.iter().enumerate() {
            if *path.add(at).cast::<u8>() != *byte {
                return None;
            }
        }
        path.add(root.len())
    };
    // SAFETY: the rest of a C string.
    let rest = unsafe { CStr::from_ptr(rest) }.to_bytes();
    (rest.first() == Some(&b'/') && !is_own(caller)).then_some(Asked { runtime, rest })
}

impl Asked<'_> {
    fn found(&self) -> Result<Found<'static>, c_int> {
        files::find(&self.runtime.archives, self.rest).map_err(|fault| code(&fault))
    }

    /// Opens it for reading.
    pub(super) fn open(&self, flags: c_int) -> Result<Given, c_int> {
        let creates = flags & libc::O_CREAT != 0;
        let found = match files::find(&self.runtime.archives, self.rest) {
            Ok(found) => found,
            Err(Fault::Missing { has_folder: true }) if creates => return Err(libc::EROFS),
            Err(fault) => return Err(code(&fault)),
        };
        if creates && flags & libc::O_EXCL != 0 {
            return Err(libc::EEXIST);
        }
        let writes = flags & ACCESS_MODE != libc::O_RDONLY || flags & libc::O_TRUNC != 0;
        match &found {
            Found::Folder(_) if writes => Err(OPENED_FOLDER.0),
            Found::File(_) if writes => Err(libc::EROFS),
            Found::File(_) if flags & libc::O_DIRECTORY != 0 => Err(libc::ENOTDIR),
            Found::File(file) if file.len() <= MOST_MEMORY => self.in_memory(file, flags),
            Found::File(file) => match self.on_disk(&found) {
                Ok(path) => Ok(Given::Path(path)),
                // There may be no place to write to.
                Err(_) => self.in_memory(file, flags),
            },
            Found::Folder(_) | Found::Outside(_) => self.on_disk(&found).map(Given::Path),
        }
    }

    fn in_memory(&self, file: &importer_core::File<'_>, flags: c_int) -> Result<Given, c_int> {
        let contents = file.contents().map_err(|_| libc::EIO)?;
        let made = memory::make(&Wanted {
            name: file.path().rsplit('/').next().unwrap_or_default(),
            contents: &contents,
            mode: files::mode(file).map_err(|fault| code(&fault))?,
            changed: self.runtime.facts().time(),
        });
        let made: File = made.map_err(|error| error.raw_os_error().unwrap_or(libc::EIO))?;
        let descriptor = OwnedFd::from(memory::for_reading(made));
        if flags & libc::O_CLOEXEC == 0 {
            let kept = rustix::io::fcntl_setfd(&descriptor, rustix::io::FdFlags::empty());
            kept.map_err(rustix::io::Errno::raw_os_error)?;
        }
        Ok(Given::Descriptor(descriptor))
    }

    /// The path of a folder's copy in the cache, to be listed.
    pub(super) fn folder(&self) -> Result<CString, c_int> {
        match self.found()? {
            Found::File(_) => Err(libc::ENOTDIR),
            found => self.on_disk(&found),
        }
    }

    /// The path of a library's copy in the cache.
    pub(super) fn library(&self) -> Result<CString, c_int> {
        self.on_disk(&self.found()?)
    }

    fn on_disk(&self, found: &Found<'_>) -> Result<CString, c_int> {
        let (cache, archives) = (&self.runtime.files, &self.runtime.archives);
        let path = match found {
            Found::Outside(rest) => Ok(beside(self.runtime, rest)),
            Found::File(file) => cache.real_file(archives, file),
            // All that there is would be too much, and nobody means it.
            Found::Folder(path) if path.is_empty() => return Err(libc::ENOTDIR),
            Found::Folder(path) => cache.real_folder(archives, path),
        };
        path.map_err(|error| {
            tracing::warn!(%error, "a packed file is opened outside of Python");
            libc::EIO
        })
        .and_then(text)
    }

    /// The path in the place of one that `..` leads out of the executable by.
    pub(super) fn outside(&self) -> Option<CString> {
        let Ok(Found::Outside(rest)) = self.found() else { return None };
        text(beside(self.runtime, &rest)).ok()
    }

    /// The facts of it.
    pub(super) fn told(&self) -> Result<Told, c_int> {
        let (mode, length, path) = match self.found()? {
            Found::File(file) => {
                let mode = files::mode(&file).map_err(|fault| code(&fault))?;
                (libc::S_IFREG | mode, file.len(), file.path().to_owned())
            }
            Found::Folder(path) => (libc::S_IFDIR | 0o755, 4096, path),
            Found::Outside(_) => return Err(libc::ENOENT),
        };
        let facts = self.runtime.facts();
        let second = 1_000_000_000;
        Ok(Told {
            mode,
            length,
            inode: files::inode(&path),
            device: DEVICE,
            user: facts.user,
            group: facts.group,
            changed: (facts.changed.div_euclid(second), facts.changed.rem_euclid(second)),
        })
    }

    /// Whether it may be read, or started; nothing may be written.
    pub(super) fn access(&self, wanted: c_int) -> Result<(), c_int> {
        let told = self.told()?;
        match wanted {
            _ if wanted & libc::W_OK != 0 => Err(libc::EROFS),
            _ if wanted & libc::X_OK != 0 && told.mode & 0o111 == 0 => Err(libc::EACCES),
            _ => Ok(()),
        }
    }

    /// The path without detours; there are no links.
    pub(super) fn real_path(&self) -> Result<CString, c_int> {
        let inside = match self.found()? {
            Found::File(file) => file.path().to_owned(),
            Found::Folder(path) => path,
            Found::Outside(_) => return Err(libc::ENOENT),
        };
        let mut path = self.runtime.root.as_bytes().to_vec();
        if !inside.is_empty() {
            path.push(b'/');
            path.extend(inside.as_bytes());
        }
        CString::new(path).map_err(|_| libc::EIO)
    }

    /// The reason why it is no link.
    pub(super) fn no_link(&self) -> c_int {
        self.found().map_or_else(|code| code, |_| libc::EINVAL)
    }
}

/// The system's number for a fault.
fn code(fault: &Fault) -> c_int {
    match fault {
        Fault::Missing { .. } => libc::ENOENT,
        Fault::NotAFolder => libc::ENOTDIR,
        Fault::NameTooLong => libc::ENAMETOOLONG,
        Fault::Damaged(error) => {
            tracing::error!(%error, "a packed file is opened outside of Python");
            libc::EIO
        }
    }
}

fn text(path: PathBuf) -> Result<CString, c_int> {
    CString::new(path.into_os_string().into_vec()).map_err(|_| libc::ENOENT)
}
