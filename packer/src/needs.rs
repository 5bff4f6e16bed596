//! The needs that the files in an executable have of the system that it is copied to.

use std::collections::BTreeMap;
use std::fmt;

use importer_core::{Archive, Writer};
use mapped_libraries::is_library_name;

use super::BundleError;
use super::elf::symbol_versions::{SystemNeeds, system_needs};
use super::glibc::GlibcVersion;

/// The name of the executable itself among the files that need something.
const LAUNCHER: &str = "the launcher";

/// The needs of the ELF files of an executable, by their paths in the archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Needs {
    files: BTreeMap<String, SystemNeeds>,
}

/// One file's need of one version of glibc.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileNeed {
    /// The file's path in the archive, or "the launcher".
    pub file: String,
    /// The version.
    pub glibc: GlibcVersion,
    /// The symbols that only this version and later ones have.
    pub symbols: Vec<String>,
}

impl fmt::Display for FileNeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, glibc, symbols } = self;
        write!(f, "{file}: glibc {glibc}")?;
        if symbols.is_empty() { Ok(()) } else { write!(f, " ({})", symbols.join(", ")) }
    }
}

impl Needs {
    /// Notes a packed file, if it is an ELF file.
    pub(super) fn add(&mut self, path: &str, contents: &[u8]) {
        if let Some(needs) = system_needs(contents) {
            self.files.insert(path.to_owned(), needs);
        }
    }

    /// Notes the executable that the archive is put behind.
    pub fn add_launcher(&mut self, contents: &[u8]) {
        self.add(LAUNCHER, contents);
    }

    /// Notes all libraries of an archive.
    pub fn add_archive(&mut self, archive: &Archive) -> Result<(), BundleError> {
        self.add_those(archive, |_, _| true)
    }

    /// Notes those libraries of an archive that were copied to another one.
    pub(super) fn add_copied(
        &mut self,
        archive: &Archive,
        writer: &Writer,
    ) -> Result<(), BundleError> {
        self.add_those(archive, |module, path| match module {
            Some(name) => writer.contains_module(name),
            None => writer.contains_file(path),
        })
    }

    fn add_those(
        &mut self,
        archive: &Archive,
        is_wanted: impl Fn(Option<&str>, &str) -> bool,
    ) -> Result<(), BundleError> {
        for module in archive.modules() {
            let module = module?;
            if is_wanted(Some(module.name()), module.path())
                && let Some(library) = module.extension()?
            {
                self.add(module.path(), &library);
            }
        }
        for file in archive.files() {
            let file = file?;
            if is_library_name(file.path()) && is_wanted(None, file.path()) {
                self.add(file.path(), &file.contents()?);
            }
        }
        Ok(())
    }

    /// The version of glibc that all of it needs; `None` if nothing needs any.
    #[must_use]
    pub fn glibc(&self) -> Option<GlibcVersion> {
        self.files.values().filter_map(|needs| needs.glibc.keys().next_back()).max().copied()
    }

    /// The level of x86-64 that a file asks for by a property; most files have none although they use more.
    #[must_use]
    pub fn x86_64_level(&self) -> Option<u8> {
        self.files.values().filter_map(|needs| needs.x86_64_level).max()
    }

    /// The files that need more than this version of glibc, the highest version first.
    #[must_use]
    pub fn above(&self, floor: GlibcVersion) -> Vec<FileNeed> {
        self.listed(|version| version > floor)
    }

    /// The files that need a version of glibc, the highest version first.
    #[must_use]
    pub fn all(&self) -> Vec<FileNeed> {
        self.listed(|_| true)
    }

    fn listed(&self, is_wanted: impl Fn(GlibcVersion) -> bool) -> Vec<FileNeed> {
        let mut listed: Vec<FileNeed> = Vec::new();
        for (file, needs) in &self.files {
            let wanted = needs.glibc.iter().filter(|(version, _)| is_wanted(**version));
            listed.extend(wanted.map(|(glibc, symbols)| FileNeed {
                file: file.clone(),
                glibc: *glibc,
                symbols: symbols.clone(),
            }));
        }
        // The sort is stable, so files of one version stay in the order of their paths.
        listed.sort_by_key(|need| std::cmp::Reverse(need.glibc));
        listed
    }
}

impl fmt::Display for Needs {
    /// One line: `glibc 2.35: Debian 12, Ubuntu 22.04 and newer; x86-64-v1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(glibc) = self.glibc() else { return f.write_str("no glibc") };
        write!(f, "glibc {glibc}")?;
        let distributions = glibc.distributions();
        if !distributions.is_empty() {
            write!(f, ": {distributions} and newer")?;
        }
        if cfg!(target_arch = "x86_64") {
            write!(f, "; x86-64-v{}", self.x86_64_level().unwrap_or(1))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> GlibcVersion {
        text.parse().expect("a version")
    }

    #[test]
    fn the_highest_version_is_told_with_those_who_need_it() {
        let mut needs = Needs::default();
        assert_eq!(needs.to_string(), "no glibc");
        let files = [
            ("math.so", [("2.2", "sin"), ("2.29", "exp")], None),
            ("cmath.so", [("2.2", "sin"), ("2.35", "hypot")], Some(2)),
        ];
        for (file, symbols, x86_64_level) in files {
            let glibc = symbols.map(|(glibc, symbol)| (version(glibc), vec![symbol.to_owned()]));
            needs.files.insert(file.into(), SystemNeeds { glibc: glibc.into(), x86_64_level });
        }
        assert!(
            needs.to_string().starts_with("glibc 2.35: Debian 12, Ubuntu 22.04, Fedora 36"),
            "{needs}"
        );
        let above = |floor| {
            let above = needs.above(version(floor));
            above.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(above("2.35"), [""; 0]);
        assert_eq!(above("2.31"), ["cmath.so: glibc 2.35 (hypot)"]);
        assert_eq!(above("2.28"), ["cmath.so: glibc 2.35 (hypot)", "math.so: glibc 2.29 (exp)"]);
        assert_eq!(needs.all().len(), 4);
    }
}
