//! The dynamic section of a shared library: the libraries that it needs, and the directories where they are looked for.
//!
//! A packed library must not follow directories of the machine on which it was packed: whoever can make such a
//! directory on another machine would supply its libraries. So [`make_portable`] takes them out. It takes out needed
//! libraries of Python itself as well: every program that Coldframe makes has Python in the process already.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use object::elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRTAB, PT_DYNAMIC, PT_LOAD};
use object::read::elf::{Dyn, ElfFile, FileHeader, ProgramHeader, Sym};
use object::{Object as _, ObjectSymbol};

use crate::linking::Linking;

impl Linking {
    /// Reads the dynamic section of an ELF file, or the import table of a PE file; `None` for a file that has neither.
    pub(crate) fn read(contents: &[u8]) -> Option<Self> {
        let file = object::File::parse(contents).ok()?;
        let mut linking = match &file {
            object::File::Elf32(file) => Self::of(file),
            object::File::Elf64(file) => Self::of(file),
            object::File::Pe64(file) => return crate::pe::linking(file),
            _other => None,
        }?;
        linking.is_importable = file.dynamic_symbols().any(|symbol| {
            // `PyInitU_` for a name that is not ASCII (PEP 489).
            symbol.is_definition()
                && symbol.name_bytes().is_ok_and(|name| name.starts_with(b"PyInit"))
        });
        Some(linking)
    }

    fn of<Elf: FileHeader>(file: &ElfFile<'_, Elf>) -> Option<Self> {
        let table = file.elf_dynamic_table().ok()?;
        let mut linking = Self::default();
        for entry in table.iter() {
            let text = || Some(String::from_utf8_lossy(table.string(entry).ok()?).into_owned());
            match entry.tag {
                DT_NEEDED => linking.needed.extend(text()),
                DT_SONAME => linking.soname = text(),
                DT_RPATH | DT_RUNPATH => {
                    let folders = text()?;
                    linking.search.extend(folders.split(':').map(str::to_owned));
                }
                _ => {}
            }
        }
        Some(linking)
    }
}

/// The symbols that a library asks of the libraries that it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequiredSymbols {
    /// The versions of symbols, by the names of the libraries.
    pub(crate) by_version: BTreeMap<String, Vec<String>>,
    /// The names of symbols that have no version.
    pub(crate) by_name: BTreeSet<String>,
}

/// Reads the symbols that a library asks of the libraries that it needs: none for a file that is no ELF file.
pub(crate) fn required_symbols(contents: &[u8]) -> RequiredSymbols {
    match object::File::parse(contents) {
        Ok(object::File::Elf32(file)) => required_symbols_of(&file),
        Ok(object::File::Elf64(file)) => required_symbols_of(&file),
        _other => RequiredSymbols::default(),
    }
}

fn required_symbols_of<Elf: FileHeader>(file: &ElfFile<'_, Elf>) -> RequiredSymbols {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let endian = file.endian();
    let versions = file.elf_section_table().versions(endian, file.data()).ok().flatten();
    let symbols = file.elf_dynamic_symbol_table();
    let mut asked = RequiredSymbols::default();
    let mut by_version: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (index, symbol) in symbols.enumerate().skip(1) {
        if !symbol.is_undefined(endian) {
            continue;
        }
        let version = versions.as_ref().and_then(|versions| {
            let index = versions.version_index(endian, index).index();
            versions.version(index).ok().flatten()
        });
        match version.and_then(|version| Some((version.file()?, version.name()))) {
            Some((library, version)) => {
                by_version.entry(text(library)).or_default().insert(text(version));
            }
            None => {
                // A name that cannot be read stays in the list as one that no library offers.
                let name = symbol.name(endian, symbols.strings()).unwrap_or_default();
                asked.by_name.insert(text(name));
            }
        }
    }
    asked.by_version = by_version
        .into_iter()
        .map(|(name, versions)| (name, versions.into_iter().collect()))
        .collect();
    asked
}

/// The names of the symbols that a library defines for others.
pub(crate) fn defined_symbols(contents: &[u8]) -> BTreeSet<String> {
    let Ok(file) = object::File::parse(contents) else { return Default::default() };
    let defined = file.dynamic_symbols().filter(ObjectSymbol::is_definition);
    defined.filter_map(|symbol| symbol.name().ok().map(str::to_owned)).collect()
}

/// Takes directories out of the search path of a library unless `is_kept` says that they are the archive's own, and
/// Python's own library out of what it needs. A file that is no ELF file, or is damaged, stays as it is.
pub(crate) fn make_portable(contents: &mut [u8], is_kept: impl Fn(&str) -> bool) {
    edit(contents, is_kept, is_libpython);
}

/// Takes directories out of the search path of a program, or of Python's own library, but for `$ORIGIN`.
pub(crate) fn search_beside_only(contents: &mut [u8]) {
    edit(contents, |directory| directory == "$ORIGIN", |_| false);
}

fn edit(contents: &mut [u8], is_kept: impl Fn(&str) -> bool, is_dropped: impl Fn(&str) -> bool) {
    let edit = match object::File::parse(&*contents) {
        Ok(object::File::Elf32(file)) => Edit::of(&file, is_kept, is_dropped),
        Ok(object::File::Elf64(file)) => Edit::of(&file, is_kept, is_dropped),
        _other => None,
    };
    for (place, bytes) in edit.unwrap_or_default().writes {
        if let Some(place) = contents.get_mut(place..place + bytes.len()) {
            place.copy_from_slice(&bytes);
        }
    }
}

/// Whether a needed library is Python itself: `libpython3.12.so.1.0`, or `libpython3.so`, which leads to it.
pub(crate) fn is_libpython(name: &str) -> bool {
    name.starts_with("libpython3") && name.contains(".so") || crate::pe::is_python_dll(name)
}

/// Bytes that are to be written over a file's own, each with its offset.
#[derive(Debug, Default)]
struct Edit {
    writes: Vec<(usize, Vec<u8>)>,
}

impl Edit {
    fn of<Elf: FileHeader>(
        file: &ElfFile<'_, Elf>,
        is_kept: impl Fn(&str) -> bool,
        is_dropped: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let endian = file.endian();
        let data = file.data();
        let (offset, entries) = file.elf_program_headers().iter().find_map(|segment| {
            let entries = segment.dynamic(endian, data).ok()??;
            (segment.p_type(endian) == PT_DYNAMIC).then_some(())?;
            Some((usize::try_from(segment.p_offset(endian).into()).ok()?, entries))
        })?;
        let strings = string_table(file, entries)?;
        let string = |at: u64| {
            let from = strings.checked_add(usize::try_from(at).ok()?)?;
            let rest = data.get(from..)?;
            let end = rest.iter().position(|byte| *byte == 0)?;
            Some((from..from + end, str::from_utf8(rest.get(..end)?).ok()?))
        };
        let size = size_of::<Elf::Dyn>();
        let raw = |index: usize| data.get(offset + index * size..offset + (index + 1) * size);
        let mut kept = Vec::new();
        let mut edit = Self::default();
        let mut n_dropped = 0;
        for (index, entry) in entries.iter().enumerate() {
            let tag = entry.tag(endian);
            if tag == object::elf::DT_NULL {
                break;
            }
            let value = || string(entry.val(endian));
            let stays = match tag {
                DT_NEEDED => value().is_none_or(|(_, name)| !is_dropped(name)),
                DT_RPATH | DT_RUNPATH => match value() {
                    Some((place, folders)) => edit.shorten(file, place, folders, &is_kept),
                    None => true,
                },
                _ => true,
            };
            if stays {
                kept.extend_from_slice(raw(index)?);
            } else {
                n_dropped += 1;
            }
        }
        if n_dropped > 0 {
            // An entry of zeros ends the table (`DT_NULL`), and so do all after it.
            kept.resize(kept.len() + n_dropped * size, 0);
            edit.writes.push((offset, kept));
        }
        Some(edit)
    }

    /// Leaves the kept directories of a search path in its place; `false` if there is none.
    fn shorten<Elf: FileHeader>(
        &mut self,
        file: &ElfFile<'_, Elf>,
        place: Range<usize>,
        folders: &str,
        is_kept: impl Fn(&str) -> bool,
    ) -> bool {
        let kept: Vec<&str> = folders.split(':').filter(|folder| is_kept(folder)).collect();
        let kept = kept.join(":");
        if kept == folders {
            return true;
        }
        // A linker lets a name share the end of a longer one: then there is no room to write, and nothing is followed.
        if kept.is_empty() || is_shared(file, &place) {
            return false;
        }
        let mut bytes = kept.into_bytes();
        bytes.resize(place.len(), 0);
        self.writes.push((place.start, bytes));
        true
    }
}

/// The offset in the file of the dynamic section's strings.
fn string_table<Elf: FileHeader>(file: &ElfFile<'_, Elf>, entries: &[Elf::Dyn]) -> Option<usize> {
    let endian = file.endian();
    let address = entries.iter().find(|entry| entry.tag(endian) == DT_STRTAB)?.val(endian);
    file.elf_program_headers().iter().find_map(|segment| {
        let start: u64 = segment.p_vaddr(endian).into();
        let inside = address.checked_sub(start)?;
        let is_there =
            segment.p_type(endian) == PT_LOAD && inside < segment.p_filesz(endian).into();
        let offset: u64 = segment.p_offset(endian).into();
        is_there.then(|| usize::try_from(offset.checked_add(inside)?).ok())?
    })
}

/// Whether a symbol's name or a needed library's lies in that part of the file, behind its first byte.
fn is_shared<Elf: FileHeader>(file: &ElfFile<'_, Elf>, place: &Range<usize>) -> bool {
    let endian = file.endian();
    let Ok(table) = file.elf_dynamic_table() else { return true };
    let Some(strings) = string_table(file, table.dynamics()) else { return true };
    let inside = |offset: u64| {
        let at = usize::try_from(offset).ok().and_then(|offset| strings.checked_add(offset));
        at.is_none_or(|at| at > place.start && at < place.end)
    };
    let symbols = file.elf_dynamic_symbol_table();
    symbols.iter().any(|symbol| inside(symbol.st_name(endian).into()))
        || table
            .iter()
            .filter(|entry| [DT_NEEDED, DT_SONAME].contains(&entry.tag))
            .any(|entry| inside(entry.val))
}
