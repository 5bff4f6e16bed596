//! Removes the sections of a library that only debuggers read: they are in no segment, and so in no process.
//!
//! The loaded parts stay where they are, byte for byte: the file is cut behind its last segment, and gets a table of the
//! sections that are left. Nothing before that place is moved, so that no address and no offset has to be changed.

use object::elf::{self, FileHeader64, SectionHeader64};
use object::pod;
use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _, SectionHeader as _};
use object::{LittleEndian as LE, U16, U32, U64};

/// The name of the section with the names of sections.
const NAMES: &[u8] = b".shstrtab";

/// Cuts a library. A file that is no ELF file of 64 bits, or not laid out as linkers do, stays as it is.
pub(crate) fn strip(contents: &mut Vec<u8>) {
    let Some(cut) = cut(contents).filter(|cut| cut.length() < contents.len()) else { return };
    // The cut is made in place: a library may be most of what a build holds in memory.
    contents.truncate(cut.end);
    contents.extend(&cut.names);
    contents.resize(contents.len().next_multiple_of(8), 0);
    let table_at = contents.len() as u64;
    contents.extend(pod::bytes_of_slice(&cut.headers));
    if let Ok((header, _)) = pod::from_bytes_mut::<FileHeader64<LE>>(contents) {
        header.e_shoff = U64::new(LE, table_at);
        header.e_shnum = U16::new(LE, cut.count);
        header.e_shstrndx = U16::new(LE, elf::SymbolSection::new(u32::from(cut.count) - 1));
    }
}

/// The rest of a library.
struct Cut {
    /// The end of its last segment.
    end: usize,
    /// The names of its sections, to be put there.
    names: Vec<u8>,
    /// The table of its sections, to be put behind these.
    headers: Vec<SectionHeader64<LE>>,
    /// The number of those; 2 or more.
    count: u16,
}

impl Cut {
    fn length(&self) -> usize {
        (self.end + self.names.len()).next_multiple_of(8) + size_of_val(&*self.headers)
    }
}

fn cut(contents: &[u8]) -> Option<Cut> {
    let file = ElfFile64::<LE>::parse(contents).ok()?;
    let header = file.elf_header();
    let endian = header.endian().ok()?;
    let sections = file.elf_section_table();
    let is_loaded =
        |section: &SectionHeader64<LE>| section.sh_flags(endian).contains(elf::SHF_ALLOC);
    let all: Vec<&SectionHeader64<LE>> = sections.iter().collect();
    let kept = all.iter().rposition(|section| is_loaded(section))? + 1;
    // Symbols name sections by their numbers, which must not change.
    let (null, loaded) = all.get(..kept)?.split_first()?;
    if null.sh_type(endian) != elf::SHT_NULL || !loaded.iter().all(|section| is_loaded(section)) {
        return None;
    }
    let mut end = u64::from(header.e_ehsize.get(endian));
    let table = u64::from(header.e_phentsize.get(endian)) * u64::from(header.e_phnum.get(endian));
    end = end.max(header.e_phoff.get(endian).checked_add(table)?);
    for segment in file.elf_program_headers() {
        end = end.max(segment.p_offset(endian).checked_add(segment.p_filesz(endian))?);
    }
    for section in loaded {
        if usize::try_from(section.sh_link(endian)).ok()? >= kept {
            return None;
        }
        if section.sh_type(endian) != elf::SHT_NOBITS {
            end = end.max(section.sh_offset(endian).checked_add(section.sh_size(endian))?);
        }
    }
    let end = usize::try_from(end).ok().filter(|end| *end <= contents.len())?;
    let mut names = vec![0];
    let mut headers: Vec<SectionHeader64<LE>> = vec![**null];
    for section in loaded {
        let name = sections.section_name(endian, *section).ok()?;
        let mut header = **section;
        header.sh_name = U32::new(endian, u32::try_from(names.len()).ok()?);
        names.extend(name);
        names.push(0);
        headers.push(header);
    }
    let own_name = u32::try_from(names.len()).ok()?;
    names.extend(NAMES);
    names.push(0);
    let names_at = end as u64;
    headers.push(SectionHeader64 {
        sh_name: U32::new(endian, own_name),
        sh_type: U32::new(endian, elf::SHT_STRTAB),
        sh_flags: U64::new(endian, elf::SectionFlags(0)),
        sh_addr: U64::new(endian, 0),
        sh_offset: U64::new(endian, names_at),
        sh_size: U64::new(endian, names.len() as u64),
        sh_link: U32::new(endian, 0),
        sh_info: U32::new(endian, 0),
        sh_addralign: U64::new(endian, 1),
        sh_entsize: U64::new(endian, 0),
    });
    let count = u16::try_from(headers.len()).ok()?;
    Some(Cut { end, names, headers, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This program itself: its tests are linked with all that debuggers read.
    fn program() -> Vec<u8> {
        let path = std::env::args_os().next().expect("the test's own path");
        std::fs::read(path).expect("the test's own file")
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_loaded_stays_byte_for_byte() {
        let before = program();
        let mut after = before.clone();
        strip(&mut after);
        assert!(after.len() < before.len(), "{} of {}", after.len(), before.len());
        let parse = |contents| ElfFile64::<LE>::parse(contents).expect("an ELF file");
        let (old, new) = (parse(&*before), parse(&*after));
        let segments = |file: &ElfFile64<'_, LE>| {
            let segment = |segment: &elf::ProgramHeader64<LE>| {
                (segment.p_offset(LE), segment.p_filesz(LE), segment.p_vaddr(LE))
            };
            file.elf_program_headers().iter().map(segment).collect::<Vec<_>>()
        };
        assert_eq!(segments(&old), segments(&new));
        for (offset, length, _) in segments(&old) {
            let range = usize::try_from(offset).unwrap()..usize::try_from(offset + length).unwrap();
            // The head of the file says where the table of sections is.
            let range = range.start.max(64)..range.end;
            assert_eq!(before.get(range.clone()), after.get(range));
        }
        let names = |file: &ElfFile64<'_, LE>| {
            let table = file.elf_section_table();
            let name = |section| {
                String::from_utf8_lossy(table.section_name(LE, section).unwrap()).into_owned()
            };
            table.iter().map(name).collect::<Vec<_>>()
        };
        let (old, new) = (names(&old), names(&new));
        assert_eq!(old.get(..new.len() - 1), new.get(..new.len() - 1));
        assert_eq!(new.last().map(String::as_str), Some(".shstrtab"));
        let again = after.clone();
        strip(&mut after);
        assert_eq!(after, again);
    }

    #[test]
    fn files_that_are_no_libraries_stay() {
        for contents in [&b""[..], b"text", b"\x7fELF", &program()[..200]] {
            let mut stripped = contents.to_vec();
            strip(&mut stripped);
            assert_eq!(stripped, contents);
        }
    }
}
