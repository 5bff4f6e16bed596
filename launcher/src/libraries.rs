//! Libraries that extension modules need, where the archive has them: they must be loaded first.
//!
//! Which ones an extension module needs is found when the archive is built: its attribute [`NEEDED_PREFIX`] and the
//! module's path holds their paths, a line each, in the order in which they are to be loaded. Those that need each other
//! share a line, with tabs between them.

use std::ops::Range;

use importer_core::{Error, File, Stack};
use object::Endianness;
use object::elf::{FileHeader64, SHT_DYNAMIC};
use object::read::elf::{FileHeader as _, SectionHeader as _};

/// How the names of the attributes begin that hold the paths of needed libraries.
pub const NEEDED_PREFIX: &str = "libraries:";

/// The folder of the archive with libraries of the system on which it was built; no module can have that name.
pub const SYSTEM_FOLDER: &str = "coldframe.libs";

/// The first line of the attribute of a library that is taken from the running system where that one offers as much;
/// the other lines are what is asked of it.
pub const SYSTEM_FIRST: &str = "system-first";

/// The attribute with the names of packed libraries of the system that packed code opens by name, a line each.
pub const OPENED: &str = "opened-libraries";

/// The name of the attribute that says of a packed library of the system, by its `SONAME`, how it is taken.
pub fn system_attribute(name: &str) -> String {
    format!("system-library:{name}")
}

/// The name of a library of the system, from its path in the archive; `None` for what belongs to a package.
pub fn system_name(path: &str) -> Option<&str> {
    path.strip_prefix(SYSTEM_FOLDER)?.strip_prefix('/')
}

/// The libraries that the extension module at `path` needs, in the order in which they are to be loaded; those of a group
/// need each other.
pub(crate) fn needed<'a>(archives: &'a Stack, path: &str) -> Result<Vec<Vec<File<'a>>>, Error> {
    let Some(list) = archives.attribute(&format!("{NEEDED_PREFIX}{path}"))? else {
        return Ok(Vec::new());
    };
    let mut groups = Vec::new();
    for line in String::from_utf8_lossy(&list).lines() {
        let mut group = Vec::new();
        for path in line.split('\t') {
            group.extend(archives.file(path)?);
        }
        groups.push(group);
    }
    Ok(groups)
}

/// Lets a library need another one by `path`, which it may need by `name`: in the tables of an ELF file a name stands
/// between two zero bytes, and one may be put in its place that is as long. `false` if it is needed and the path is longer.
///
/// The dynamic linker takes a name that has a slash for a path; as many more slashes as there is room for mean the same.
pub(crate) fn need_by_path(contents: &mut [u8], name: &str, path: &str) -> bool {
    let entry: Vec<u8> = [&b"\0"[..], name.as_bytes(), b"\0"].concat();
    // The same bytes elsewhere are the library's own text, and no name of a library.
    let names = dynamic_names(contents).unwrap_or(0..contents.len());
    let first = names.start + 1;
    let table = contents.get(names).unwrap_or_default();
    let places: Vec<_> = memchr::memmem::find_iter(table, &entry).map(|at| at + first).collect();
    let Some(room) = name.len().checked_sub(path.len()) else { return places.is_empty() };
    let (folder, file) = path.rsplit_once('/').unwrap_or_default();
    let put = format!("{folder}{}/{file}", "/".repeat(room));
    for at in places {
        if let Some(place) = contents.get_mut(at..at + name.len()) {
            place.copy_from_slice(put.as_bytes());
        }
    }
    true
}

/// Where in an ELF file the names of the dynamic linker lie, if it has section headers that say so.
fn dynamic_names(contents: &[u8]) -> Option<Range<usize>> {
    let header = FileHeader64::<Endianness>::parse(contents).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, contents).ok()?;
    let dynamic = sections.iter().find(|section| section.sh_type(endian) == SHT_DYNAMIC)?;
    let names = sections.section(dynamic.link(endian)).ok()?;
    let (start, length) = names.file_range(endian)?;
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    (end <= contents.len()).then_some(start..end)
}

/// Whether a file is called as a shared library: `libx.so`, `libx.so.1.2`; on Windows `x.dll`, `x.pyd`.
pub fn is_library_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.ends_with(".so") || name.contains(".so.") || (cfg!(windows) && is_windows_library(name))
}

/// Whether a file is called as a library for Windows, where case does not matter.
pub fn is_windows_library(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ending.eq_ignore_ascii_case("dll") || ending.eq_ignore_ascii_case("pyd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn only_names_of_the_dynamic_linker_are_taken() {
        // This test is an ELF file itself, and needs the C library.
        let program = std::env::args_os().next().unwrap();
        let mut bytes = std::fs::read(program).unwrap();
        let text = b"\0libc.so.6\0";
        bytes.extend(text);
        let before = bytes.clone();
        assert!(need_by_path(&mut bytes, "libc.so.6", "/p/7"));
        let changed: Vec<_> =
            (0..bytes.len()).filter(|at| bytes.get(*at) != before.get(*at)).collect();
        let names = dynamic_names(&before).unwrap();
        assert!(!changed.is_empty() && changed.iter().all(|at| names.contains(at)), "{changed:?}");
    }

    #[test]
    fn a_path_takes_the_place_of_a_name() {
        for (contents, name, path, expected) in [
            (
                "\0libc.so\0liblong-1a2b.so\0",
                "liblong-1a2b.so",
                "/p/7",
                "\0libc.so\0/p////////////7\0",
            ),
            ("\0liba.so\0\0liba.so\0", "liba.so", "/p/77", "\0/p///77\0\0/p///77\0"),
            // The end of another name, and the beginning of one.
            ("\0xliba.so\0liba.so.1\0", "liba.so", "/p/77", "\0xliba.so\0liba.so.1\0"),
            ("\0liba.so", "liba.so", "/p/77", "\0liba.so"),
        ] {
            let mut bytes = contents.as_bytes().to_vec();
            assert!(need_by_path(&mut bytes, name, path));
            assert_eq!(String::from_utf8_lossy(&bytes), expected);
        }
        let mut bytes = *b"\0liba.so\0";
        assert!(!need_by_path(&mut bytes, "liba.so", "/p/77777"));
        assert!(need_by_path(&mut bytes, "libb.so", "/p/77777"), "it is not needed");
        assert_eq!(&bytes, b"\0liba.so\0");
    }
}
