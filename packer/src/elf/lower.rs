//! Takes versions of glibc away from symbols for which an older glibc has the same function (`data/lowered_symbols.toml`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use object::elf;
use object::read::elf::{ElfFile64, FileHeader as _};
use object::{LittleEndian as LE, Object as _, ObjectSymbol as _};
use serde::Deserialize;

use super::symbol_versions::glibc_version;
use crate::glibc::GlibcVersion;

const LIST: &str = include_str!("../data/lowered_symbols.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    group: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    symbols: Vec<String>,
    /// Whether an older glibc has none, and the launcher must export the function.
    #[serde(default)]
    exported: bool,
    #[expect(dead_code, reason = "for the reader of the list, who must give one")]
    since: String,
    #[expect(dead_code, reason = "for the reader of the list, who must give one")]
    reason: String,
}

/// The symbols, and whether the launcher must export them.
static SYMBOLS: LazyLock<BTreeMap<String, bool>> = LazyLock::new(|| {
    let list: List =
        toml::from_str(LIST).expect("the list is part of the program, and a test reads it");
    let symbols = |group: Group| group.symbols.into_iter().map(move |name| (name, group.exported));
    list.group.into_iter().flat_map(symbols).collect()
});

/// The glibc that packed libraries are lowered to: the version that the launcher needs itself, and the symbols that the
/// launcher exports in place of a newer one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlibcFloor {
    version: GlibcVersion,
    exports: BTreeSet<String>,
}

impl GlibcFloor {
    /// The floor of a launcher that needs this version, from its own file.
    pub fn of_launcher(version: GlibcVersion, contents: &[u8]) -> Self {
        let mut exports = BTreeSet::new();
        if let Ok(file) = ElfFile64::<LE>::parse(contents) {
            let defined = file.dynamic_symbols().filter(object::ObjectSymbol::is_definition);
            let names = defined.filter_map(|symbol| symbol.name().ok());
            exports.extend(names.filter(|name| SYMBOLS.contains_key(*name)).map(str::to_owned));
        }
        Self { version, exports }
    }

    /// The version.
    pub fn version(&self) -> GlibcVersion {
        self.version
    }

    fn answers(&self, name: &str) -> bool {
        SYMBOLS.get(name).is_some_and(|exported| !exported || self.exports.contains(name))
    }
}

/// Bytes to write over a file's own.
type Writes = Vec<(usize, [u8; 2])>;

/// Makes a library need no more than that version of glibc, as far as the list allows. A file that is no ELF file of 64
/// bits, or is damaged, stays as it is.
pub(crate) fn lower(contents: &mut [u8], floor: &GlibcFloor) {
    for (at, bytes) in writes(contents, floor).unwrap_or_default() {
        if let Some(place) = contents.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(&bytes);
        }
    }
}

fn writes(contents: &[u8], floor: &GlibcFloor) -> Option<Writes> {
    let file = ElfFile64::<LE>::parse(contents).ok()?;
    let header = file.elf_header();
    let endian = header.endian().ok()?;
    let sections = file.elf_section_table();
    let place_of = |part: *const u8| (part as usize).checked_sub(contents.as_ptr() as usize);
    let (mut libraries, link) = sections.gnu_verneed(endian, contents).ok()??;
    let strings = sections.strings(endian, contents, link).ok()?;
    // The place and the flags of each version, and whether it is above the floor, by its number.
    let mut versions = BTreeMap::new();
    while let Some((_, mut of_library)) = libraries.next().ok()? {
        while let Some(version) = of_library.next().ok()? {
            let is_above = glibc_version(version.name(endian, strings).ok()?)
                .is_some_and(|glibc| glibc > floor.version);
            let number = version.vna_other.get(endian).0 & elf::VERSYM_VERSION;
            let place = place_of(std::ptr::from_ref(version).cast())?;
            versions.insert(number, (place, version.vna_flags.get(endian).0, is_above));
        }
    }
    let (numbers, _) = sections.gnu_versym(endian, contents).ok()??;
    let mut writes = Writes::new();
    let (mut lowered, mut kept) = (BTreeSet::new(), BTreeSet::new());
    for symbol in file.dynamic_symbols() {
        let Some(entry) = numbers.get(symbol.index().0) else { continue };
        let number = entry.0.get(endian).0 & elf::VERSYM_VERSION;
        let Some((_, _, is_above)) = versions.get(&number) else { continue };
        let is_listed = symbol.name().is_ok_and(|name| floor.answers(name));
        if *is_above && is_listed && symbol.is_undefined() {
            writes.push((place_of(std::ptr::from_ref(entry).cast())?, 1u16.to_le_bytes()));
            lowered.insert(number);
        } else {
            kept.insert(number);
        }
    }
    // A version that nothing asks for any more: the dynamic linker may miss it (`VER_FLG_WEAK`).
    for number in lowered.difference(&kept) {
        let (place, flags, _) = versions.get(number)?;
        // `vna_flags` stands behind the hash of four bytes.
        writes.push((place + 4, (flags | elf::VER_FLG_WEAK.0).to_le_bytes()));
    }
    Some(writes)
}

// The program of the tests is what they look at: it has to be an ELF file.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::super::symbol_versions::system_needs;
    use super::*;

    #[test]
    fn what_the_list_names_is_lowered_and_the_rest_is_named() {
        let version: GlibcVersion = "2.28".parse().unwrap();
        // One that exports all that may have to be, and one that exports nothing.
        let all = SYMBOLS.keys().cloned().collect();
        for exports in [all, BTreeSet::new()] {
            check(&GlibcFloor { version, exports });
        }
    }

    fn check(floor: &GlibcFloor) {
        // This very program: it needs what its machine's glibc has.
        let mut program = std::fs::read(std::env::args_os().next().unwrap()).unwrap();
        let above = |contents: &[u8]| {
            let needs = system_needs(contents).unwrap();
            let above = needs.glibc.into_iter().filter(|(version, _)| *version > floor.version);
            above.flat_map(|(_, symbols)| symbols).collect::<BTreeSet<_>>()
        };
        let before = above(&program);
        lower(&mut program, floor);
        let after = above(&program);
        let expected =
            before.iter().filter(|name| !floor.answers(name)).cloned().collect::<BTreeSet<_>>();
        assert!(!before.is_empty(), "a program of today needs a glibc of today");
        assert_eq!(after, expected);
        for length in (0..program.len().min(8192)).step_by(5) {
            lower(&mut program[..length], floor);
        }
        lower(&mut [], floor);
    }
}
