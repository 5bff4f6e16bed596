//! Which libraries of the archive an extension module needs, as its dynamic linker would find them on disk; and what of
//! each one can be mapped from the archive.

use std::collections::{BTreeMap, BTreeSet};

use object::elf::{DT_NEEDED, DT_RPATH, DT_RUNPATH};
use object::read::elf::{ElfFile, FileHeader};
use object::{Object as _, ObjectSymbol as _};

use importer_core::{Library, folder_of};

use super::library_layouts::layout;
use crate::libraries::{NEEDED_PREFIX, is_library_name};
use crate::library_layout::{self, LibraryLayout};

/// The libraries and extension modules among the packed files, by path.
#[derive(Debug, Default)]
pub(super) struct Libraries {
    objects: BTreeMap<String, Linking>,
    /// Extension modules: what is imported by name, and not needed by another.
    extensions: BTreeSet<String>,
    /// By the id of what they are the layouts of.
    layouts: BTreeMap<u64, LibraryLayout>,
}

/// What stands in the dynamic section of an ELF file.
#[derive(Debug, Default)]
struct Linking {
    /// The names of the libraries that it needs, in order.
    needed: Vec<String>,
    /// The folders where they are looked for (`RPATH` or `RUNPATH`), with `$ORIGIN` unresolved.
    search: Vec<String>,
    /// Whether it has the function that Python calls when it imports an extension module.
    is_importable: bool,
}

impl Libraries {
    /// Notes an extension module.
    pub(super) fn extension(&mut self, path: &str, contents: &[u8]) {
        self.library(path, contents);
        self.extensions.insert(path.to_owned());
    }

    /// Notes a file if it is a library, by name and contents; says whether it is one.
    pub(super) fn library(&mut self, path: &str, contents: &[u8]) -> bool {
        if !is_library_name(path) {
            return false;
        }
        let Some(linking) = Linking::read(contents) else { return false };
        self.objects.insert(path.to_owned(), linking);
        if let Some(layout) = layout(contents) {
            self.layouts.insert(Library::id_of(contents), layout);
        }
        true
    }

    /// The libraries that are neither imported nor needed by what is: something opens them by their paths, from Python
    /// (ctypes) or from within another library (the plugins of Qt).
    pub(super) fn opened_by_path(&self) -> impl Iterator<Item = &str> {
        let is_imported =
            |path: &str, linking: &Linking| linking.is_importable && self.extensions.contains(path);
        let imported = self.objects.iter().filter(|(path, linking)| is_imported(path, linking));
        let imported: Vec<&str> = imported.map(|(path, _)| path.as_str()).collect();
        let mut reached = self.reached(imported.iter().copied());
        reached.extend(imported);
        // `libx.so` and `libx.so.1.2` beside `libx.so.1` are the same library: a wheel has no links (pyarrow).
        let known: BTreeSet<&str> = reached.iter().map(|path| without_version(path)).collect();
        let paths = self.objects.keys().map(String::as_str);
        paths.filter(move |path| !known.contains(without_version(path)))
    }

    /// The archive's attributes that tell the launcher what to load before which extension module, and how.
    pub(super) fn attributes(&self) -> BTreeMap<String, Vec<u8>> {
        let layouts = self
            .layouts
            .iter()
            .map(|(id, layout)| (library_layout::attribute(*id), layout.to_string().into_bytes()));
        let mut attributes: BTreeMap<_, _> = layouts.collect();
        for path in &self.extensions {
            let mut groups = Vec::new();
            self.order(path, &mut BTreeSet::new(), &mut groups);
            // The module itself comes last, and is not for the launcher to load.
            groups.pop();
            if !groups.is_empty() {
                let lines: Vec<_> = groups.iter().map(|group| group.join("\t")).collect();
                attributes.insert(format!("{NEEDED_PREFIX}{path}"), lines.join("\n").into_bytes());
            }
        }
        attributes
    }

    /// What `path` needs, and what that needs in turn, each before what needs it; and `path` itself, with those that
    /// need it as it needs them.
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
            names.flat_map(|linking| linking.needed.iter().map(move |name| (linking, name)));
        names.filter_map(move |(linking, name)| self.find(path, linking, name))
    }

    /// The libraries that these need, by way of others too.
    fn reached<'a>(&'a self, paths: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let (mut reached, mut waiting) = (BTreeSet::new(), Vec::from_iter(paths));
        while let Some(path) = waiting.pop() {
            waiting.extend(self.needed_by(path).filter(|library| reached.insert(*library)));
        }
        reached
    }

    /// The library of that name: in the folders that the file names, else the only one of that name anywhere.
    fn find(&self, path: &str, linking: &Linking, name: &str) -> Option<&str> {
        let folder = folder_of(path).unwrap_or_default();
        let searched = linking.search.iter().find_map(|search| {
            let below = search.strip_prefix("$ORIGIN").or(search.strip_prefix("${ORIGIN}"))?;
            let candidate = joined(folder, &format!("{below}/{name}"))?;
            self.objects.get_key_value(&candidate).map(|(path, _)| path.as_str())
        });
        searched.or_else(|| {
            let mut named = self.objects.keys().filter(|path| file_name(path) == name);
            let first = named.next()?;
            named.next().is_none().then_some(first)
        })
    }
}

impl Linking {
    /// Reads the dynamic section; `None` for what is no ELF file that has one.
    fn read(contents: &[u8]) -> Option<Self> {
        let file = object::File::parse(contents).ok()?;
        let mut linking = match &file {
            object::File::Elf32(file) => Self::of(file),
            object::File::Elf64(file) => Self::of(file),
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
            let linking = Linking { needed: owned(needed), search: owned(search), is_importable };
            libraries.objects.insert((*path).to_owned(), linking);
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
            ("b/by_name.so", &["libonly.so"], &[]),
            ("b.libs/libonly.so", &[], &[]),
            // Of two of that name nothing tells which one is meant.
            ("b/either.so", &["libx.so.1"], &["/usr/lib"]),
            ("b/nothing.so", &["libc.so.6"], &["$ORIGIN/../../../.."]),
        ]);
        let shown: Vec<_> = found
            .attributes()
            .into_iter()
            .map(|(key, value)| {
                format!("{key} {}", String::from_utf8_lossy(&value).replace('\n', " "))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "libraries:a/core/m.so a.libs/libalone.so a.libs/libx.so.1\ta.libs/liby.so\ta.libs/libz.so",
                "libraries:b/by_name.so b.libs/libonly.so"
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
