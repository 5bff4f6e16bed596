//! ELF executables that carry an archive: the section that names where it lies.
//!
//! A tool that rewrites an executable (`strip`, `objcopy`) keeps the sections that it does not know, and moves them; what
//! only lies behind the file, it throws away. Other kinds of executables have the trailer alone.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

use object::elf::{
    FileHeader64, PT_LOAD, SHT_NOBITS, SHT_NULL, SHT_PROGBITS, SectionFlags, SectionHeader64,
};
use object::pod::bytes_of;
use object::read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _};
use object::{Endianness, ReadCache, ReadRef as _, U16, U32, U64};

use crate::format::PAGE;

/// The name of the section.
const SECTION: &[u8] = b".coldframe";
/// The alignment of the section header table.
const TABLE_ALIGNMENT: u64 = 8;
/// Section numbers from here on are not numbers of sections.
const LIMIT: usize = object::elf::SHN_LORESERVE as usize;

type Section = SectionHeader64<Endianness>;

/// An ELF file's description of its parts.
pub(crate) struct Elf {
    header: FileHeader64<Endianness>,
    endian: Endianness,
    /// All sections, in order.
    sections: Vec<Section>,
    /// The index of Coldframe's own section.
    own_index: Option<usize>,
    /// The index of the section with the names.
    names_index: usize,
    /// The names of all of them, as they lie in the file.
    names: Vec<u8>,
    /// The range of the archive, by Coldframe's section.
    archive: Option<Range<u64>>,
    /// The end of all parts that headers name, without the archive and the parts that are written anew.
    end: u64,
}

/// The kind of a file.
pub(crate) enum Parsed {
    /// No ELF file of 64 bits.
    Other,
    /// One whose headers lead outside of it, as after a copy that was not finished.
    Cut,
    Elf(Elf),
}

/// Reads the headers of an executable.
pub(crate) fn parse(file: &mut (impl Read + Seek)) -> io::Result<Parsed> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut start = [0; 16];
    file.seek(SeekFrom::Start(0))?;
    if file.read_exact(&mut start).is_err() || start[..5] != *b"\x7fELF\x02" {
        return Ok(Parsed::Other);
    }
    let cache = ReadCache::new(file);
    match FileHeader64::<Endianness>::parse(&cache) {
        // `sstrip` and its like take the headers of sections away.
        Ok(header) if header.e_shoff == U64::new(Endianness::Little, 0) => Ok(Parsed::Other),
        Ok(_) | Err(_) => Ok(read(&cache, length).map_or(Parsed::Cut, Parsed::Elf)),
    }
}

fn read<R: Read + Seek>(cache: &ReadCache<R>, length: u64) -> Option<Elf> {
    let header = *FileHeader64::<Endianness>::parse(cache).ok()?;
    let endian = header.endian().ok()?;
    let all = header.section_headers(endian, cache).ok()?;
    if all.len() >= LIMIT {
        return None;
    }
    let names_at = header.shstrndx(endian, cache).ok()?;
    let names_section = all.get(names_at as usize)?;
    let names = cache
        .read_bytes_at(names_section.sh_offset(endian), names_section.sh_size(endian))
        .ok()?
        .to_vec();
    let mut archive = None;
    let mut end = size_of::<FileHeader64<Endianness>>() as u64;
    for (index, section) in all.iter().enumerate() {
        let Range { start, end: section_end } = file_range(section, endian)?;
        if name_of(&names, section.sh_name(endian)) == Some(SECTION) {
            archive = Some((index, start..section_end));
        } else if index != names_at as usize {
            end = end.max(section_end);
        }
    }
    let (own_index, archive) = archive.unzip();
    for segment in header.program_headers(endian, cache).ok()? {
        let segment_end = segment.p_offset(endian).checked_add(segment.p_filesz(endian))?;
        // Coldframe never puts an archive where the program itself is mapped.
        let overlaps =
            |archive: &Range<u64>| segment.p_type(endian) == PT_LOAD && archive.start < segment_end;
        if archive.as_ref().is_some_and(overlaps) {
            return None;
        }
        end = end.max(segment_end);
    }
    let table = u64::from(header.e_phentsize(endian)) * u64::from(header.e_phnum(endian));
    end = end.max(header.e_phoff(endian).checked_add(table)?);
    let is_inside = end <= length || archive.as_ref().is_some_and(|archive| archive.end > length);
    is_inside.then(|| Elf {
        header,
        endian,
        sections: all.to_vec(),
        own_index,
        names_index: names_at as usize,
        names,
        archive,
        end,
    })
}

/// The range of a section in the file.
fn file_range(section: &Section, endian: Endianness) -> Option<Range<u64>> {
    let start = section.sh_offset(endian);
    let is_empty = matches!(section.sh_type(endian), SHT_NOBITS | SHT_NULL);
    let length = if is_empty { 0 } else { section.sh_size(endian) };
    let start = if is_empty { 0 } else { start };
    Some(start..start.checked_add(length)?)
}

fn name_of(names: &[u8], at: u32) -> Option<&[u8]> {
    names.get(at as usize..)?.split(|byte| *byte == 0).next()
}

impl Elf {
    /// The range of the archive, by its section.
    pub(crate) fn archive(&self) -> Option<Range<u64>> {
        self.archive.clone()
    }

    /// Writes the section headers anew at the end of the executable alone, with one for an archive of that length; `file` stands
    /// at the place for the archive then, which is given.
    pub(crate) fn name_archive(
        &self,
        file: &mut (impl Write + Seek),
        length: u64,
    ) -> io::Result<u64> {
        let endian = self.endian;
        let (mut header, mut names, mut sections) =
            (self.header, self.names.clone(), self.sections.clone());
        let too_large = |_| io::Error::other("the executable has too many sections");
        let name = match names
            .windows(SECTION.len() + 1)
            .position(|name| name.strip_suffix(b"\0") == Some(SECTION))
        {
            Some(at) => at,
            None => {
                let at = names.len();
                names.extend(SECTION);
                names.push(0);
                at
            }
        };
        let names_at = self.end.next_multiple_of(TABLE_ALIGNMENT);
        let table_at = (names_at + names.len() as u64).next_multiple_of(TABLE_ALIGNMENT);
        let own_index = self.own_index.unwrap_or(sections.len());
        let count = sections.len().max(own_index + 1);
        let table_end = table_at + (count * size_of::<Section>()) as u64;
        let start = table_end.next_multiple_of(PAGE);
        if let Some(section) = sections.get_mut(self.names_index) {
            section.sh_offset = U64::new(endian, names_at);
            section.sh_size = U64::new(endian, names.len() as u64);
        }
        let zero = || U64::new(endian, 0);
        let own = Section {
            sh_name: U32::new(endian, u32::try_from(name).map_err(too_large)?),
            sh_type: U32::new(endian, SHT_PROGBITS),
            sh_flags: U64::new(endian, SectionFlags::default()),
            sh_addr: zero(),
            sh_offset: U64::new(endian, start),
            sh_size: U64::new(endian, length),
            sh_link: U32::new(endian, 0),
            sh_info: U32::new(endian, 0),
            sh_addralign: U64::new(endian, PAGE),
            sh_entsize: zero(),
        };
        match sections.get_mut(own_index) {
            Some(place) => *place = own,
            None => sections.push(own),
        }
        header.e_shoff = U64::new(endian, table_at);
        header.e_shnum = U16::new(endian, u16::try_from(count).map_err(too_large)?);
        file.seek(SeekFrom::Start(0))?;
        file.write_all(bytes_of(&header))?;
        file.seek(SeekFrom::Start(self.end))?;
        pad(file, self.end, names_at)?;
        file.write_all(&names)?;
        pad(file, names_at + names.len() as u64, table_at)?;
        for section in &sections {
            file.write_all(bytes_of(section))?;
        }
        pad(file, table_end, start)?;
        Ok(start)
    }
}

/// Writes NUL from one offset to another.
pub(crate) fn pad(file: &mut impl Write, from: u64, to: u64) -> io::Result<()> {
    let length = usize::try_from(to.saturating_sub(from)).map_err(io::Error::other)?;
    file.write_all(&vec![0; length])
}
