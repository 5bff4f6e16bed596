//! The libraries of the archive that an extension module needs, as its dynamic linker would find them on disk.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use importer_core::{Storage, folder_of};
use manifest::{NeededLibraries, SYSTEM_FOLDER, needed_libraries, system_name};
use mapped_libraries::{is_library_name, is_windows_library};

use super::elf::dynamic;
use super::elf::lower::{GlibcFloor, lower};
use super::elf::strip::strip;
use super::linking::Linking;
use super::mapped_layouts::MappedLayouts;
use super::{BundleRequest, DebugSymbols};

/// The libraries and extension modules among the packed files, by path.
#[derive(Debug, Default)]
pub(super) struct Libraries {
    objects: BTreeMap<String, PackedObject>,
    /// The paths of those, by the names of the files.
    by_name: BTreeMap<String, Vec<String>>,
    /// Extension modules: libraries that are imported by name, and not needed by another.
    extensions: BTreeSet<String>,
    /// The version of glibc that packed libraries should not ask more than, if there is one.
    floor: Option<GlibcFloor>,
    /// The setting for the sections that debuggers read.
    symbols: DebugSymbols,
    /// Whether they are for Windows.
    is_for_windows: bool,
    /// The libraries that may be mapped.
    mapped: MappedLayouts,
}

/// A library or an extension module among the packed files.
#[derive(Debug, Default)]
struct PackedObject {
    linking: Linking,
    /// The file that it was read from.
    location: Option<PathBuf>,
    /// Versions of symbols, or symbols, that it asks of the libraries that it needs, by the libraries' names.
    asks: BTreeMap<String, Vec<String>>,
    /// The symbols that it uses and does not define, if those of a library without versions may be among them.
    undefined: BTreeSet<String>,
}

impl Libraries {
    /// No libraries yet. Each that comes is lowered to the request's floor as far as can be.
    pub(super) fn new(request: &BundleRequest<'_>) -> Self {
        Self {
            floor: request.glibc_floor.cloned(),
            symbols: request.debug_symbols,
            is_for_windows: request.python.is_for_windows(),
            ..Self::default()
        }
    }

    /// Makes a library independent of this machine: only directories that `is_kept` names are searched, and an older
    /// glibc is enough. Sections that only debuggers read are taken out.
    pub(super) fn make_portable(&self, contents: &mut Vec<u8>, is_kept: impl Fn(&str) -> bool) {
        if self.symbols == DebugSymbols::Remove {
            strip(contents);
        }
        dynamic::make_portable(contents, is_kept);
        if let Some(floor) = &self.floor {
            lower(contents, floor);
        }
    }

    /// Notes an extension module, and makes it independent of this machine.
    pub(super) fn extension(
        &mut self,
        path: &str,
        location: Option<&Path>,
        contents: &mut Vec<u8>,
    ) {
        self.library(path, location, contents);
        self.extensions.insert(path.to_owned());
    }

    /// Notes a file if it is a library, by name and contents, and makes it independent of this machine; says whether it
    /// is one.
    pub(super) fn library(
        &mut self,
        path: &str,
        location: Option<&Path>,
        contents: &mut Vec<u8>,
    ) -> bool {
        // The library is read as it is on this machine: the directories that are taken out are followed once, here.
        let is_named = is_library_name(path) || (self.is_for_windows && is_windows_library(path));
        let Some(linking) = is_named.then(|| Linking::read(contents)).flatten() else {
            return false;
        };
        let folder = folder_of(path).unwrap_or_default();
        self.make_portable(contents, |directory| inside(folder, directory).is_some());
        self.note(path, linking, location, contents)
    }

    /// Notes a library of this machine's system that is packed.
    pub(super) fn system(&mut self, path: &str, contents: &[u8]) {
        if let Some(linking) = Linking::read(contents) {
            self.note(path, linking, None, contents);
        }
    }

    fn note(
        &mut self,
        path: &str,
        linking: Linking,
        location: Option<&Path>,
        contents: &[u8],
    ) -> bool {
        let required = dynamic::required_symbols(contents);
        let object = PackedObject {
            linking,
            location: location.map(Path::to_owned),
            asks: required.by_version,
            undefined: required.by_name,
        };
        self.by_name
            .entry(self.key(file_name(path)).into_owned())
            .or_default()
            .push(path.to_owned());
        self.objects.insert(path.to_owned(), object);
        self.mapped.note(contents);
        true
    }

    /// The packed files that may need libraries: each one's path, the file that it was read from, and its needs.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&str, Option<&Path>, &Linking)> {
        self.objects
            .iter()
            .map(|(path, object)| (path.as_str(), object.location.as_deref(), &object.linking))
    }

    /// Whether a packed file of that name serves the file at `path`.
    pub(super) fn finds(&self, path: &str, name: &str) -> bool {
        match self.objects.get(path) {
            Some(object) => self.find(path, &object.linking, name).is_some(),
            None => self.objects.contains_key(&format!("{SYSTEM_FOLDER}/{name}")),
        }
    }

    /// The versions and symbols that packed files ask of the library of that name.
    pub(super) fn asked_of(&self, name: &str, contents: &[u8]) -> Vec<String> {
        let defined = dynamic::defined_symbols(contents);
        let users = self
            .objects
            .values()
            .filter(|object| object.linking.needed.iter().any(|needed| needed == name));
        let mut asked = BTreeSet::new();
        for user in users {
            match user.asks.get(name) {
                Some(versions) => asked.extend(versions.iter().cloned()),
                None => asked.extend(user.undefined.intersection(&defined).cloned()),
            }
        }
        asked.into_iter().collect()
    }

    /// The libraries that are neither imported nor needed by an imported one: something opens them by their paths, from Python
    /// (ctypes) or from within another library (the plugins of Qt).
    pub(super) fn opened_by_path(&self) -> impl Iterator<Item = &str> {
        let is_imported = |path: &str, object: &PackedObject| {
            object.linking.is_importable && self.extensions.contains(path)
        };
        let imported = self.objects.iter().filter(|(path, object)| is_imported(path, object));
        let imported: Vec<&str> = imported.map(|(path, _)| path.as_str()).collect();
        let mut reached = self.reached(imported.iter().copied());
        reached.extend(imported);
        // `libx.so` and `libx.so.1.2` beside `libx.so.1` are the same library: a wheel has no links (pyarrow).
        let known: BTreeSet<&str> = reached.iter().map(|path| without_version(path)).collect();
        let paths = self.objects.keys().map(String::as_str);
        paths.filter(move |path| !known.contains(without_version(path)))
    }

    /// The archive's attributes that tell the launcher which libraries to load before each extension module, and how.
    pub(super) fn attributes(&self, storage: Storage) -> BTreeMap<String, Vec<u8>> {
        let mut attributes = self.mapped.attributes(storage);
        // Code may ask for those of the system by their names.
        let system =
            self.objects.keys().map(String::as_str).filter(|path| system_name(path).is_some());
        let opened: BTreeSet<&str> = self.opened_by_path().chain(system).collect();
        let extensions = self.extensions.iter().map(String::as_str);
        for path in extensions.chain(opened) {
            let mut groups = Vec::new();
            self.order(path, &mut BTreeSet::new(), &mut groups);
            // The module itself comes last, and is not for the launcher to load.
            groups.pop();
            if !groups.is_empty() {
                let owned = |group: &Vec<&str>| group.iter().map(ToString::to_string).collect();
                let needed = NeededLibraries { groups: groups.iter().map(owned).collect() };
                attributes.extend([needed_libraries(path).entry(&needed)]);
            }
        }
        attributes
    }

    /// The libraries that `path` needs, and that these need in turn, each before its users; and `path` itself, with the
    /// libraries that need it as it needs them.
    fn order<'a>(
        &'a self,
        path: &'a str,
        seen: &mut BTreeSet<&'a str>,
        groups: &mut Vec<Vec<&'a str>>,
    ) {
        if !self.objects.contains_key(path) || seen.contains(path) {
            return;
        }
        let in_turn = |other: &&str| *other != path && self.reached([*other]).contains(path);
        let mut group = vec![path];
        group.extend(self.reached([path]).into_iter().filter(in_turn));
        seen.extend(&group);
        for member in &group {
            for library in self.needed_by(member) {
                self.order(library, seen, groups);
            }
        }
        groups.push(group);
    }

    /// The libraries that `path` needs itself.
    fn needed_by<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self.objects.get(path).into_iter();
        let names =
            names.flat_map(|object| object.linking.needed.iter().map(move |name| (object, name)));
        names.filter_map(move |(object, name)| self.find(path, &object.linking, name))
    }

    /// The libraries that these need, by way of others too.
    fn reached<'a>(&'a self, paths: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let (mut reached, mut waiting) = (BTreeSet::new(), Vec::from_iter(paths));
        while let Some(path) = waiting.pop() {
            waiting.extend(self.needed_by(path).filter(|library| reached.insert(*library)));
        }
        reached
    }

    /// A file's name as it is looked up: on Windows, case does not matter.
    fn key<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if self.is_for_windows { name.to_ascii_lowercase().into() } else { name.into() }
    }

    /// The library of that name: in the folders that the file names, else beside the file, else the only one of that name
    /// anywhere.
    ///
    /// A `DT_RPATH` holds for what a library needs in turn too (ld.so(8)), so that a wheel's libraries find each other
    /// without one of their own.
    fn find(&self, path: &str, linking: &Linking, name: &str) -> Option<&str> {
        let folder = folder_of(path).unwrap_or_default();
        let searched = linking.search.iter().find_map(|directory| {
            let candidate = joined(&inside(folder, directory)?, name)?;
            self.objects.get_key_value(&candidate).map(|(path, _)| path.as_str())
        });
        let beside = || {
            let candidate = joined(folder, name)?;
            self.objects.get_key_value(&candidate).map(|(path, _)| path.as_str())
        };
        let key = self.key(name);
        searched.or_else(beside).or_else(|| match self.by_name.get(&*key)?.as_slice() {
            [only] => Some(only.as_str()),
            _several => {
                let system = format!("{SYSTEM_FOLDER}/{key}");
                self.objects.get_key_value(&system).map(|(path, _)| path.as_str())
            }
        })
    }
}

/// The folder of the archive that an entry of a search path means, for a file in `folder`; `None` for one that leads
/// out of the archive.
fn inside(folder: &str, directory: &str) -> Option<String> {
    let below = directory.strip_prefix("$ORIGIN").or(directory.strip_prefix("${ORIGIN}"))?;
    joined(folder, below)
}

/// `libx` of `libx.so.1.2`.
fn without_version(path: &str) -> &str {
    path.rfind(".so").and_then(|end| path.get(..end)).unwrap_or(path)
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A path in the archive from one below a folder, with `..` resolved; `None` for one that leads out of it.
fn joined(folder: &str, below: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in folder.split('/').chain(below.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_needs_is_opened_by_its_path() {
        let files: &[(&str, &[&str], &[&str])] = &[
            ("a/module.so", &["libx.so.1"], &["$ORIGIN/../a.libs"]),
            ("a.libs/libx.so.1", &["liby.so"], &["$ORIGIN"]),
            ("a.libs/libx.so", &["liby.so"], &["$ORIGIN"]),
            ("a.libs/libx.so.1.2", &["liby.so"], &["$ORIGIN"]),
            ("a.libs/liby.so", &[], &[]),
            ("a.libs/plugins/libplug.so", &["liby.so"], &[]),
        ];
        let libraries = libraries(files);
        let opened: Vec<_> = libraries.opened_by_path().collect();
        assert_eq!(opened, ["a.libs/plugins/libplug.so"]);
    }

    fn libraries(files: &[(&str, &[&str], &[&str])]) -> Libraries {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut libraries = Libraries::default();
        for (path, needed, search) in files {
            let is_importable = !path.contains(".libs");
            let linking = Linking {
                soname: None,
                needed: owned(needed),
                search: owned(search),
                is_importable,
            };
            libraries.note(path, linking, None, b"");
            if !path.contains(".libs") {
                libraries.extensions.insert((*path).to_owned());
            }
        }
        libraries
    }

    #[test]
    fn needed_libraries_come_first_and_by_their_folders() {
        let found = libraries(&[
            ("a/core/m.so", &["libx.so.1", "libc.so.6"], &["$ORIGIN/../../a.libs"]),
            ("a.libs/libx.so.1", &["liby.so"], &["$ORIGIN"]),
            ("a.libs/liby.so", &["libz.so"], &["$ORIGIN"]),
            // Some that need each other, one of which needs another one besides.
            ("a.libs/libz.so", &["libx.so.1", "libalone.so"], &["$ORIGIN"]),
            ("a.libs/libalone.so", &[], &[]),
            ("b.libs/libx.so.1", &[], &[]),
            // A library without folders of its own has those of its user.
            ("b/inherits.so", &["libdeep.so"], &["$ORIGIN/../b.libs"]),
            ("b.libs/libdeep.so", &["libx.so.1"], &[]),
            ("b/by_name.so", &["libonly.so"], &[]),
            ("b.libs/libonly.so", &[], &[]),
            // Of two of that name nothing tells which one is meant.
            ("b/either.so", &["libx.so.1"], &["/usr/lib"]),
            ("b/nothing.so", &["libc.so.6"], &["$ORIGIN/../../../.."]),
        ]);
        let shown: Vec<_> = found
            .attributes(Storage::InPlace)
            .into_iter()
            .map(|(key, value)| {
                format!("{key} {}", String::from_utf8_lossy(&value).replace('\n', " "))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "libraries:a/core/m.so a.libs/libalone.so a.libs/libx.so.1\ta.libs/liby.so\ta.libs/libz.so",
                "libraries:b/by_name.so b.libs/libonly.so",
                "libraries:b/inherits.so b.libs/libx.so.1 b.libs/libdeep.so"
            ]
        );
    }

    #[test]
    fn what_is_no_library_needs_none() {
        assert!(Linking::read(b"#!/bin/sh").is_none());
        assert!(Linking::read(b"").is_none());
        assert!(Linking::read(b"\x7fELF\x02\x01\x01").is_none());
    }
}
