//! The names by which a library needs others, and other texts in their places.

use std::ops::Range;

use object::Endianness;
use object::elf::{FileHeader64, SHT_DYNAMIC};
use object::read::elf::{FileHeader as _, SectionHeader as _};

/// Lets a library need another one by `path`, which it may need by `name`: in the tables of an ELF file a name stands
/// between two zero bytes, and one may be put in its place that is as long. `false` if it is needed and the path is longer.
///
/// The dynamic linker takes a name that has a slash for a path; as many more slashes as there is room for mean the same.
pub fn need_by_path(contents: &mut [u8], name: &str, path: &str) -> bool {
    let entry: Vec<u8> = [&b"\0"[..], name.as_bytes(), b"\0"].concat();
    // The same bytes elsewhere are the library's own text, and no name of a library.
    let names = dynamic_names(contents).unwrap_or(0..contents.len());
    let first = names.start + 1;
    // A damaged file may name a table beyond its end, and then has no names.
    let table = contents.get(names).unwrap_or_default();
    let places: Vec<_> = memchr::memmem::find_iter(table, &entry).map(|at| at + first).collect();
    let Some(room) = name.len().checked_sub(path.len()) else { return places.is_empty() };
    let Some((folder, file)) = path.rsplit_once('/') else { return places.is_empty() };
    let put = format!("{folder}{}/{file}", "/".repeat(room));
    for at in places {
        if let Some(place) = contents.get_mut(at..at + name.len()) {
            place.copy_from_slice(put.as_bytes());
        }
    }
    true
}

/// The range in an ELF file of the dynamic linker's names, if section headers tell it.
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
