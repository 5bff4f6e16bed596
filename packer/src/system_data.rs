//! Files of the build machine's system that packed libraries read: Tcl's scripts, descriptions of terminals (`data/system_data.toml`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use importer_core::Archive;
use manifest::{ServedFiles, ServedPackage, ServedPath, served_files};
use serde::Deserialize;
use twox_hash::XxHash3_128;
use walkdir::WalkDir;

use super::BundleError;
use super::file_users::digest_of;
use super::pattern::glob;

/// The rules that are part of the program.
const RULES: &str = include_str!("data/system_data.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    data: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rule {
    library: String,
    folder: String,
    from: Vec<String>,
    parts: Vec<String>,
    left_out: Vec<String>,
    #[expect(dead_code, reason = "for the reader of the rules, who must give one")]
    reason: String,
    #[expect(dead_code, reason = "for the reader of the rules, who must give one")]
    source: String,
}

impl Rule {
    /// The text that the `*` stands for in a library's name: `8.6` of `libtcl8.6.so`.
    fn version<'n>(&self, library: &'n str) -> Option<&'n str> {
        if !glob(self.library.as_bytes(), library.as_bytes()) {
            return None;
        }
        let before = self.library.split('*').next()?;
        library.strip_prefix(before)?.split(".so").next()
    }

    fn files(&self, version: &str, library: Option<&Path>) -> BTreeMap<String, PathBuf> {
        let beside = library.and_then(Path::parent).map(|folder| folder.display().to_string());
        let folders: Vec<PathBuf> = self
            .from
            .iter()
            .filter(|folder| beside.is_some() || !folder.contains("{library}"))
            // The filter leaves `{library}` only where the library is known.
            .map(|folder| folder.replace("{library}", beside.as_deref().unwrap_or_default()).into())
            .collect();
        let mut files = BTreeMap::new();
        for part in &self.parts {
            let part = part.replace("{version}", version);
            let mut places = folders.iter().map(|folder| folder.join(&part));
            let Some(place) = places.find(|place| place.exists()) else { continue };
            let is_wanted =
                |name: &std::ffi::OsStr| !self.left_out.iter().any(|out| name == out.as_str());
            let walk = WalkDir::new(&place).follow_links(true).into_iter();
            for found in walk.filter_entry(|found| is_wanted(found.file_name())).flatten() {
                let below = found.path().strip_prefix(&place).unwrap_or(Path::new("")).to_str();
                if let Some(below) = below.filter(|_| found.file_type().is_file()) {
                    let path = format!("{}/{part}/{below}", self.folder);
                    files.insert(path.trim_end_matches('/').to_owned(), found.into_path());
                }
            }
        }
        files
    }
}

/// Files to be packed beside the libraries.
#[derive(Debug, Default)]
pub(super) struct SystemData {
    /// The contents of the files, by their paths in the archive.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// The paths of those that are from this machine.
    pub(super) locations: Vec<PathBuf>,
    /// Their folders, for the attribute of files in the cache, and an attribute for each with the names of its files.
    pub(super) packages: Vec<ServedPackage>,
    pub(super) attributes: BTreeMap<String, Vec<u8>>,
}

/// Finds the files that these libraries read, which are given by their names and places; in an archive that is
/// packed again, if it has that already.
pub(super) fn collect(
    libraries: &[(String, Option<PathBuf>)],
    again: Option<&Archive>,
) -> Result<SystemData, BundleError> {
    let rules: Rules =
        toml::from_str(RULES).expect("the rules are part of the program, and a test reads them");
    let mut folders: BTreeMap<&str, BTreeMap<String, PathBuf>> = BTreeMap::new();
    for (name, location) in libraries {
        let real = location.as_ref().and_then(|location| fs::canonicalize(location).ok());
        for rule in &rules.data {
            let Some(version) = rule.version(name) else { continue };
            let files = folders.entry(&rule.folder).or_default();
            for (path, place) in rule.files(version, real.as_deref()) {
                files.entry(path).or_insert(place);
            }
        }
    }
    let mut found = SystemData::default();
    for (folder, files) in folders {
        let packed = again.map(|archive| in_archive(archive, folder)).transpose()?;
        let mut contents = packed.unwrap_or_default();
        if contents.is_empty() {
            for (path, place) in files {
                contents.insert(path, fs::read(&place).map_err(BundleError::io("read", &place))?);
                found.locations.push(place);
            }
        }
        if !contents.is_empty() {
            found.add(folder, contents);
        }
    }
    Ok(found)
}

/// The files of a folder of an archive.
fn in_archive(archive: &Archive, folder: &str) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let mut found = BTreeMap::new();
    for file in archive.files() {
        let file = file?;
        if file.path().strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) {
            found.insert(file.path().to_owned(), file.contents()?.into_owned());
        }
    }
    Ok(found)
}

impl SystemData {
    fn add(&mut self, folder: &str, files: BTreeMap<String, Vec<u8>>) {
        let parts = files.iter();
        let parts = parts.map(|(path, contents)| (path.as_str(), XxHash3_128::oneshot(contents)));
        let digest = digest_of(parts);
        let paths = files.keys().map(|path| ServedPath::File(path.clone())).collect();
        self.attributes.extend([served_files(&digest).entry(&ServedFiles { paths })]);
        let folder = folder.to_owned();
        self.packages.push(ServedPackage { folder, digest, ..ServedPackage::default() });
        self.files.extend(files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_librarys_name_tells_the_version() {
        let rules: Rules = toml::from_str(RULES).expect("rules");
        for (library, version) in [
            ("libtcl8.6.so", Some("8.6")),
            ("libtcl8.6.so.0", Some("8.6")),
            ("libtk8.6.so", None),
            ("libtinfo.so.6", Some("")),
            ("libncursesw.so.6", Some("w")),
        ] {
            let found = rules.data.iter().find_map(|rule| rule.version(library));
            assert_eq!(found, version, "{library}");
        }
    }

    #[test]
    fn parts_come_from_the_first_folder_that_has_them() {
        let place = tempfile::tempdir().expect("a folder");
        let lay = |path: &str| {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
            fs::write(path, "text").expect("a file");
        };
        for path in [
            "lib/tcl9.9/init.tcl",
            "lib/tcl9.9/demos/x.tcl",
            "lib/tcl9.9/msgs/de.msg",
            "lib/libtcl9.9.so",
        ] {
            lay(path);
        }
        let library = place.path().join("lib/libtcl9.9.so");
        let found = collect(&[("libtcl9.9.so".to_owned(), Some(library))], None).expect("files");
        let names: Vec<&str> = found.files.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["coldframe.tcltk/tcl9.9/init.tcl", "coldframe.tcltk/tcl9.9/msgs/de.msg"]
        );
        let folders: Vec<_> = found.packages.iter().map(|package| &package.folder).collect();
        assert_eq!(folders, ["coldframe.tcltk"]);
    }
}
