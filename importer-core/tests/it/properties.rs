//! Random trees: what goes in comes out, the order of adding does not matter, and merging the parts gives the whole.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use importer_core::{Archive, MainGuard, ModuleEntry, ModuleKind, Optimization, Storage, Writer};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::samples::{opened, target, written};

/// Modules by name, files by path.
#[derive(Clone, Debug, Default)]
struct Tree {
    modules: BTreeMap<String, ModuleEntry>,
    files: BTreeMap<String, Vec<u8>>,
}

fn contents() -> impl Strategy<Value = Vec<u8>> {
    // Few different contents, so that equal ones meet; some compress, some do not.
    prop_oneof![
        vec(any::<u8>(), 0..40),
        (0..3_u8, 0..2000_usize).prop_map(|(byte, length)| vec![byte; length])
    ]
}

fn module() -> impl Strategy<Value = (String, ModuleEntry)> {
    let part = prop_oneof![Just("a"), Just("b"), Just("über"), Just("foo-bar"), Just("λ")];
    let name = vec(part, 1..4).prop_map(|parts| parts.join("."));
    let code = [option::of(contents()), option::of(contents()), option::of(contents())];
    (name, code, contents(), any::<bool>(), any::<bool>(), 0..3_u8).prop_map(
        |(name, code, bytes, is_package, is_guarded, shape)| {
            let stem = name.replace('.', "/");
            let init = if is_package { "/__init__" } else { "" };
            let has_main_guard = if is_guarded { MainGuard::Present } else { MainGuard::Absent };
            let entry = ModuleEntry {
                name: name.clone(),
                is_package,
                has_main_guard,
                ..ModuleEntry::default()
            };
            let entry = match shape {
                0 => ModuleEntry {
                    path: format!("{stem}{init}.so"),
                    extension: Some(bytes),
                    ..entry
                },
                1 => ModuleEntry {
                    path: format!("{stem}{init}.py"),
                    code,
                    source: Some(bytes),
                    ..entry
                },
                _ => ModuleEntry {
                    path: format!("{stem}{init}.py"),
                    code: [Some(bytes), None, None],
                    ..entry
                },
            };
            (name, entry)
        },
    )
}

fn tree() -> impl Strategy<Value = Tree> {
    let folder =
        prop_oneof![Just(""), Just("a/"), Just("a/b/"), Just("data/"), Just("data/deep er/")];
    let path = (folder, "[a-z]{1,3}").prop_map(|(folder, name)| format!("{folder}{name}.txt"));
    (vec(module(), 0..40), btree_map(path, contents(), 0..30))
        .prop_map(|(modules, files)| Tree { modules: modules.into_iter().collect(), files })
}

impl Tree {
    fn writer(&self) -> Writer {
        self.writer_to(Storage::InPlace)
    }

    fn writer_to(&self, storage: Storage) -> Writer {
        let mut writer = Writer::new(target()).with_storage(storage);
        for entry in self.modules.values() {
            writer.add_module(entry.clone()).unwrap();
        }
        for (path, contents) in &self.files {
            writer.add_file(path, contents.clone()).unwrap();
        }
        writer
    }

    /// Every file, also those of modules.
    fn all_files(&self) -> BTreeMap<&str, &[u8]> {
        let of_modules = self.modules.values().filter_map(|module| {
            let contents = module.source.as_ref().or(module.extension.as_ref())?;
            Some((module.path.as_str(), contents.as_slice()))
        });
        of_modules
            .chain(self.files.iter().map(|(path, contents)| (path.as_str(), contents.as_slice())))
            .collect()
    }

    /// Every folder: whatever stands before a slash in any path.
    fn folders(&self) -> BTreeSet<&str> {
        let paths = self
            .modules
            .values()
            .map(|module| module.path.as_str())
            .chain(self.files.keys().map(String::as_str));
        let above = paths.flat_map(|path| path.match_indices('/').map(move |(at, _)| &path[..at]));
        above.chain([""]).collect()
    }

    fn namespaces(&self) -> BTreeSet<&str> {
        let names = self
            .modules
            .keys()
            .flat_map(|name| name.match_indices('.').map(move |(at, _)| &name[..at]));
        // A package above a regular one is not derived from what lies below that.
        names.filter(|name| !self.modules.contains_key(*name)).collect()
    }

    fn check(&self, archive: &Archive) {
        for (name, entry) in &self.modules {
            let module = archive.module(name).unwrap().unwrap();
            assert_eq!((module.name(), module.path()), (name.as_str(), entry.path.as_str()));
            assert_eq!(module.is_package(), entry.is_package);
            assert_eq!(module.has_main_guard(), entry.has_main_guard == MainGuard::Present);
            for (level, code) in Optimization::ALL.into_iter().zip(&entry.code) {
                assert_eq!(module.code(level).unwrap(), code.as_deref().map(Into::into));
            }
            assert_eq!(module.source().unwrap().as_deref(), entry.source.as_deref());
            assert_eq!(module.extension().unwrap().as_deref(), entry.extension.as_deref());
        }
        for name in self.namespaces() {
            assert_eq!(archive.module(name).unwrap().unwrap().kind(), ModuleKind::Namespace);
        }
        let mut names: BTreeSet<&str> = self.modules.keys().map(String::as_str).collect();
        names.extend(self.namespaces());
        assert_eq!(
            archive.modules().map(|module| module.unwrap().name()).collect::<Vec<_>>(),
            Vec::from_iter(names.clone())
        );
        let files = self.all_files();
        assert_eq!(
            archive.files().map(|file| file.unwrap().path()).collect::<Vec<_>>(),
            Vec::from_iter(files.keys().copied())
        );
        for (path, contents) in &files {
            let file = archive.file(path).unwrap().unwrap();
            assert_eq!(
                (file.len(), &*file.contents().unwrap()),
                (contents.len() as u64, *contents)
            );
        }
        let folders = self.folders();
        for folder in &folders {
            let directory = archive.directory(folder).unwrap().unwrap();
            let listed: Vec<_> = directory
                .entries()
                .map(Result::unwrap)
                .map(|entry| (entry.name, entry.is_directory))
                .collect();
            let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let inside = |path: &&str| {
                path.strip_prefix(&prefix)
                    .is_some_and(|rest| !rest.is_empty() && !rest.contains('/'))
            };
            let in_files =
                files.keys().copied().filter(inside).map(|path| (&path[prefix.len()..], false));
            let in_folders =
                folders.iter().copied().filter(inside).map(|path| (&path[prefix.len()..], true));
            assert_eq!(
                listed,
                Vec::from_iter(in_files.chain(in_folders).collect::<BTreeSet<_>>()),
                "{folder}"
            );
        }
        for absent in ["c", "a.c", "a.b.c", "a/b", "nested.absent", "a.a.a.a", ""] {
            assert_eq!(
                archive.module(absent).unwrap().is_some(),
                names.contains(absent),
                "{absent}"
            );
            assert_eq!(
                archive.file(absent).unwrap().is_some(),
                files.contains_key(absent),
                "{absent}"
            );
            assert_eq!(
                archive.directory(absent).unwrap().is_some(),
                folders.contains(absent),
                "{absent}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_comes_back_whole(tree in tree()) {
        tree.check(&opened(tree.writer()));
        tree.check(&opened(tree.writer_to(Storage::Compressed)));
    }

    #[test]
    fn an_archive_changes_its_storage_and_changes_it_back(tree in tree()) {
        let mut packed = Writer::new(target()).with_storage(Storage::Compressed);
        packed.add_archive(&opened(tree.writer())).unwrap();
        let packed = opened(packed);
        tree.check(&packed);
        let mut plain = Writer::new(target());
        plain.add_archive(&packed).unwrap();
        let plain = opened(plain);
        tree.check(&plain);
        // Blobs that were compressed harder may stay so; code and libraries are as they are.
        for module in plain.modules().map(Result::unwrap) {
            for level in Optimization::ALL {
                prop_assert!(!matches!(module.code(level).unwrap(), Some(Cow::Owned(_))));
            }
            prop_assert!(!matches!(module.extension().unwrap(), Some(Cow::Owned(_))));
        }
    }

    #[test]
    fn the_order_of_adding_does_not_matter(tree in tree()) {
        let mut backwards = Writer::new(target());
        for (path, contents) in tree.files.iter().rev() {
            backwards.add_file(path, contents.clone()).unwrap();
        }
        for entry in tree.modules.values().rev() {
            backwards.add_module(entry.clone()).unwrap();
        }
        prop_assert_eq!(written(backwards), written(tree.writer()));
    }

    #[test]
    fn merging_the_parts_gives_the_whole(tree in tree(), pattern in any::<u64>()) {
        let mut parts = [Tree::default(), Tree::default()];
        for (n, (name, entry)) in tree.modules.iter().enumerate() {
            parts[usize::from(pattern >> (n % 64) & 1 == 1)].modules.insert(name.clone(), entry.clone());
        }
        for (n, (path, contents)) in tree.files.iter().enumerate() {
            parts[usize::from(pattern >> (n % 64) & 1 == 0)].files.insert(path.clone(), contents.clone());
        }
        let mut merged = Writer::new(target());
        for part in &parts {
            merged.add_archive(&opened(part.writer())).unwrap();
        }
        prop_assert_eq!(written(merged), written(tree.writer()));
    }

    #[test]
    fn the_first_wins_when_trees_overlap(first in tree(), second in tree()) {
        let mut merged = Writer::new(target());
        merged.add_archive(&opened(first.writer())).unwrap();
        merged.add_archive(&opened(second.writer())).unwrap();
        let archive = opened(merged);
        for (name, entry) in second.modules.iter().chain(&first.modules).collect::<BTreeMap<_, _>>() {
            let module = archive.module(name).unwrap().unwrap();
            prop_assert_eq!(module.path(), &entry.path);
            let source = module.source().unwrap();
            prop_assert_eq!(source.as_deref(), entry.source.as_deref());
        }
        let mut files = second.all_files();
        files.extend(first.all_files());
        for (path, contents) in files {
            let file = archive.file(path).unwrap().unwrap();
            let found = file.contents().unwrap();
            prop_assert_eq!(&*found, contents);
        }
    }
}
