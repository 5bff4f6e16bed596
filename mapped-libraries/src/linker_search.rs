//! The search of this system's dynamic linker for a library by its name (glibc, `elf/dl-load.c` and `elf/dl-cache.c`).

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// The list of libraries that `ldconfig` makes.
const CACHE: &str = "/etc/ld.so.cache";

/// The beginning of the list in the format that glibc has written since 2.2, alone since 2.32.
const MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const HEADER: usize = 48;
const ENTRY: usize = 24;

/// Directories that are searched last.
const DIRECTORIES: [&str; 4] = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// The search of one process.
#[derive(Debug)]
pub struct LinkerSearch {
    /// Directories that are searched first: those of `LD_LIBRARY_PATH`.
    first: Vec<PathBuf>,
    cache: Vec<u8>,
}

impl LinkerSearch {
    /// Reads the system's list; `library_path` is the variable `LD_LIBRARY_PATH`.
    pub fn new(library_path: Option<&OsStr>) -> Self {
        let first = library_path.map(env::split_paths).into_iter().flatten();
        let first = first.filter(|directory| directory.is_absolute()).collect();
        // A system without the list has its libraries in the usual directories.
        Self { first, cache: fs::read(CACHE).unwrap_or_default() }
    }

    /// The file that the linker would take for the library of that name.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let in_directory = |directory: &Path| Some(directory.join(name)).filter(|path| fits(path));
        let first = self.first.iter().find_map(|directory| in_directory(directory));
        let listed = || listed(&self.cache, name).into_iter().find(|path| fits(path));
        let usual = || DIRECTORIES.iter().find_map(|directory| in_directory(Path::new(directory)));
        first.or_else(listed).or_else(usual)
    }
}

/// The paths that the list has for a name.
fn listed(cache: &[u8], name: &str) -> Vec<PathBuf> {
    // Up to 2.31 a list in an older format may stand before it.
    let list = memchr::memmem::find(cache, MAGIC).and_then(|start| cache.get(start..));
    let Some(cache) = list else { return Vec::new() };
    let number = |at: usize| {
        let bytes = cache.get(at..at.checked_add(4)?)?;
        usize::try_from(u32::from_ne_bytes(bytes.try_into().ok()?)).ok()
    };
    let text = |at: usize| {
        let rest = cache.get(at..)?;
        rest.get(..memchr::memchr(0, rest)?)
    };
    // A list that is cut off has no entries.
    let n_entries = number(MAGIC.len()).unwrap_or_default();
    let entries = (0..n_entries.min(cache.len() / ENTRY)).map(|index| HEADER + index * ENTRY);
    let named = entries
        .filter(|at| number(at + 4).and_then(text).is_some_and(|key| key == name.as_bytes()));
    let paths = named.filter_map(|at| text(number(at + 8)?));
    paths.map(|path| PathBuf::from(OsString::from_vec(path.to_vec()))).collect()
}

/// Whether a file is an ELF file for the processor that this program runs on.
fn fits(path: &Path) -> bool {
    let mut header = [0; 20];
    let is_read = File::open(path).and_then(|mut file| file.read_exact(&mut header)).is_ok();
    let class = if cfg!(target_pointer_width = "64") { 2 } else { 1 };
    let machine: Option<u16> = match env::consts::ARCH {
        "x86_64" => Some(62),
        "aarch64" => Some(183),
        _other => None,
    };
    let found = u16::from_ne_bytes([header[18], header[19]]);
    is_read
        && header.starts_with(b"\x7fELF")
        && header[4] == class
        && machine.is_none_or(|machine| machine == found)
}

/// Whether a library has all of these names of versions or symbols in its table of names.
///
/// Names are looked for in the whole file: its table holds each as a text that ends with a zero byte, and a library of
/// the same name that has one has it for the same thing.
pub fn offers(contents: &[u8], names: &[&str]) -> bool {
    names.iter().all(|name| {
        let entry = [name.as_bytes(), b"\0"].concat();
        memchr::memmem::find(contents, &entry).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_the_system_is_read() {
        let search = LinkerSearch::new(None);
        let found = search.find("libc.so.6");
        assert!(found.as_deref().is_some_and(Path::is_file), "{found:?}");
        assert_eq!(search.find("libspam-and-eggs.so.9"), None);
        assert_eq!(search.find(""), None);
    }

    #[test]
    fn damaged_lists_have_nothing() {
        let whole = fs::read(CACHE).unwrap_or_default();
        for length in (0..whole.len().min(4096)).step_by(7) {
            listed(&whole[..length], "libc.so.6");
        }
        for bytes in [&b""[..], MAGIC, b"glibc-ld.so.cache1.1\xff\xff\xff\xff"] {
            assert!(listed(bytes, "libc.so.6").is_empty());
        }
    }

    #[test]
    fn names_are_found_whole() {
        let table = b"\0GLIBCXX_3.4.30\0xmlfree\0";
        for (names, expected) in [
            (&["GLIBCXX_3.4.30"][..], true),
            (&["GLIBCXX_3.4.3"], false),
            (&["free", "xmlfree"], true),
            (&["GLIBCXX_3.4.30", "inflate"], false),
            (&[], true),
        ] {
            assert_eq!(offers(table, names), expected, "{names:?}");
        }
    }
}
