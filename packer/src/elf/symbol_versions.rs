//! The versions of glibc's symbols that an ELF file needs, and the level of its x86-64 instructions.

use std::collections::BTreeMap;

use object::elf::{self, GNU_PROPERTY_X86_ISA_1_NEEDED};
use object::read::elf::{ElfFile, FileHeader, ProgramHeader as _};
use object::{Object as _, ObjectSymbol as _};

use crate::glibc::GlibcVersion;

/// A version that marks no symbol: the dynamic linker must know relative relocations in their packed form.
const PACKED_RELOCATIONS: (&[u8], GlibcVersion) = (b"GLIBC_ABI_DT_RELR", GlibcVersion::new(2, 36));

/// The needs that one ELF file has of the system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SystemNeeds {
    /// The symbols by the version of glibc that has them; a version may be needed for no symbol.
    pub(crate) glibc: BTreeMap<GlibcVersion, Vec<String>>,
    /// The level of x86-64 that a property of the file asks for: 1 to 4.
    pub(crate) x86_64_level: Option<u8>,
}

/// Reads the needs of an ELF file; `None` for a file that is none, or is damaged.
pub(crate) fn system_needs(contents: &[u8]) -> Option<SystemNeeds> {
    match object::File::parse(contents).ok()? {
        object::File::Elf32(file) => of(&file, contents),
        object::File::Elf64(file) => of(&file, contents),
        _other => None,
    }
}

fn of<Elf: FileHeader>(file: &ElfFile<'_, Elf>, contents: &[u8]) -> Option<SystemNeeds> {
    let endian = file.endian();
    let mut needs =
        SystemNeeds { glibc: BTreeMap::new(), x86_64_level: x86_64_level(file, contents) };
    let sections = file.elf_section_table();
    let Some((mut libraries, link)) = sections.gnu_verneed(endian, contents).ok()? else {
        return Some(needs);
    };
    let strings = sections.strings(endian, contents, link).ok()?;
    let mut by_index = BTreeMap::new();
    while let Some((_, mut versions)) = libraries.next().ok()? {
        while let Some(version) = versions.next().ok()? {
            // The dynamic linker does without a version that only weak references name.
            if version.vna_flags.get(endian).contains(elf::VER_FLG_WEAK) {
                continue;
            }
            let name = version.name(endian, strings).ok()?;
            if let Some(glibc) = glibc_version(name) {
                needs.glibc.entry(glibc).or_default();
                by_index.insert(version.vna_other.get(endian).0 & elf::VERSYM_VERSION, glibc);
            }
        }
    }
    let Some((versions, _)) = sections.gnu_versym(endian, contents).ok()? else {
        return Some(needs);
    };
    for symbol in file.dynamic_symbols() {
        let index = versions.get(symbol.index().0).map(|version| version.0.get(endian).0);
        let glibc = index.and_then(|index| by_index.get(&(index & elf::VERSYM_VERSION)));
        if let (Some(glibc), Ok(name)) = (glibc, symbol.name_bytes()) {
            let name = String::from_utf8_lossy(name).into_owned();
            needs.glibc.entry(*glibc).or_default().push(name);
        }
    }
    needs.glibc.values_mut().for_each(|symbols| symbols.sort());
    Some(needs)
}

/// `2.34` of `GLIBC_2.34`; the versions of other libraries and glibc's private ones tell nothing.
pub(super) fn glibc_version(name: &[u8]) -> Option<GlibcVersion> {
    if name == PACKED_RELOCATIONS.0 {
        return Some(PACKED_RELOCATIONS.1);
    }
    let number = std::str::from_utf8(name.strip_prefix(b"GLIBC_")?).ok()?;
    // The third number (`2.2.5`, `2.3.4`) is that of releases of long ago.
    let mut parts = number.splitn(3, '.');
    let version = format!("{}.{}", parts.next()?, parts.next()?);
    version.parse().ok()
}

fn x86_64_level<Elf: FileHeader>(file: &ElfFile<'_, Elf>, contents: &[u8]) -> Option<u8> {
    let endian = file.endian();
    let mut level = None;
    for segment in file.elf_program_headers() {
        let Some(mut notes) = segment.notes(endian, contents).ok()? else { continue };
        while let Some(note) = notes.next().ok()? {
            let Some(mut properties) = note.gnu_properties(endian) else { continue };
            while let Some(property) = properties.next().ok()? {
                if property.pr_type() == GNU_PROPERTY_X86_ISA_1_NEEDED {
                    // A bit for each level, the baseline's first.
                    let bits = property.data_u32(endian).ok()?;
                    let highest = u32::BITS - bits.leading_zeros();
                    level = level.max(u8::try_from(highest).ok().filter(|level| *level > 0));
                }
            }
        }
    }
    level
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn versions_of_glibc_are_told_from_others() {
        let table = [
            ("GLIBC_2.34", Some("2.34")),
            ("GLIBC_2.2.5", Some("2.2")),
            ("GLIBC_ABI_DT_RELR", Some("2.36")),
            ("GLIBC_PRIVATE", None),
            ("GLIBC_", None),
            ("GLIBC_2", None),
            ("GLIBC_2.99999", None),
            ("GLIBCXX_3.4.29", None),
            ("OPENSSL_3.0.0", None),
        ];
        for (name, expected) in table {
            let found = glibc_version(name.as_bytes()).map(|version| version.to_string());
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }

    /// A library that asks for two versions of a C library of its own, and a level of the processor.
    fn library(folder: &Path) -> Vec<u8> {
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
        write(
            "c.c",
            "int old(void) { return 1; } int young(void) { return 2; } int extra(void) { return 3; }",
        );
        write(
            "c.map",
            "GLIBC_2.2.5 { old; }; GLIBC_2.77 { young; } GLIBC_2.2.5; GLIBC_2.88 { extra; } GLIBC_2.77;",
        );
        write(
            "user.c",
            "int old(void); int young(void); __attribute__((weak)) int extra(void); int use(void) { return old() + young() + (extra ? extra() : 0); }",
        );
        let steps: [&[&str]; 2] = [
            &[
                "-shared",
                "-nostdlib",
                "-o",
                "libc.so",
                "c.c",
                "-Wl,--version-script=c.map,-soname=libfixture.so",
            ],
            &["-shared", "-nostdlib", "-o", "user.so", "user.c", "libc.so", "-Wl,-z,x86-64-v3"],
        ];
        for arguments in steps {
            let status = Command::new("cc")
                .args(arguments)
                .current_dir(folder)
                .stdin(Stdio::null())
                .status();
            assert!(status.expect("a C compiler").success(), "{arguments:?}");
        }
        fs::read(folder.join("user.so")).expect("the library")
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    #[test]
    fn symbols_stand_under_their_versions() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut contents = library(folder.path());
        // The linker marks no version as weak by itself; flags stand behind the hash of the version's name.
        let hash = elf::hash(b"GLIBC_2.88").to_le_bytes();
        let at = contents.windows(4).position(|bytes| bytes == hash).expect("the version") + 4;
        contents[at] |= 2;
        let needs = system_needs(&contents).expect("an ELF file");
        assert_eq!(needs.x86_64_level, Some(3));
        let found: Vec<_> = needs
            .glibc
            .iter()
            .map(|(version, symbols)| format!("{version} {}", symbols.join(" ")))
            .collect();
        assert_eq!(found, ["2.2 old", "2.77 young"]);

        // A truncated or overwritten file may be read wrongly, and is no reason to panic.
        for length in 0..contents.len() {
            let _ = system_needs(&contents[..length]);
        }
        for at in 0..contents.len() {
            let mut damaged = contents.clone();
            damaged[at] ^= 0xff;
            let _ = system_needs(&damaged);
        }
    }

    #[test]
    fn other_files_need_nothing() {
        for contents in [&b""[..], b"#!/bin/sh", b"\x7fELF\x02\x01\x01", b"MZ"] {
            assert_eq!(system_needs(contents), None);
        }
    }
}
