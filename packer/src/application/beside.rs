//! The modules beside a script that it imports, as under `python SCRIPT`, where the script's folder is the first of `sys.path`.
//!
//! Only names that are imported are looked for: a script may lie in a folder full of other things. A package comes whole, as
//! those of an application do; of a folder without `__init__.py` the imported modules come. Frameworks import by texts
//! (`"site.settings"`, `"app:run"`, `["polls"]`): where such a text names a module beside the script, it counts as an import.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use crate::source::{self, Questions, RunsAs, TargetSystem};
use crate::tree::{Entry, EntryKind, ModuleName, Tree};
use crate::{BundleError, PythonInstallation, Warning};

/// The search for modules beside a script.
pub(super) struct Beside<'a, S> {
    folder: &'a Path,
    python: &'a PythonInstallation,
    skip: S,
    /// The files that were found, by their paths in the archive.
    entries: BTreeMap<String, Entry>,
    warnings: Vec<Warning>,
    /// Paths of files and folders that were looked at.
    seen: BTreeSet<String>,
}

impl<'a, S: Fn(&walkdir::DirEntry) -> bool> Beside<'a, S> {
    pub(super) fn new(folder: &'a Path, python: &'a PythonInstallation, skip: S) -> Self {
        let (entries, warnings, seen) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        Self { folder, python, skip, entries, warnings, seen }
    }

    /// Adds what these files import, and what that imports.
    pub(super) fn follow(&mut self, script: &[Entry]) -> Result<(), BundleError> {
        self.seen.extend(script.iter().map(|entry| entry.path.clone()));
        let mut waiting = script.to_vec();
        while let Some(entry) = waiting.pop() {
            let EntryKind::Source(module) = &entry.kind else { continue };
            for name in self.imported(&entry.location, module)? {
                self.find(&name, &mut waiting)?;
            }
        }
        Ok(())
    }

    /// The files, sorted by path, and warnings about those that were left out.
    pub(super) fn finish(self) -> (Vec<Entry>, Vec<Warning>) {
        (self.entries.into_values().collect(), self.warnings)
    }

    /// The dotted names that a file imports.
    fn imported(
        &self,
        location: &Path,
        module: &ModuleName,
    ) -> Result<BTreeSet<String>, BundleError> {
        let source = fs::read(location).map_err(BundleError::io("read", location))?;
        let (groups, words) = (BTreeSet::new(), HashSet::new());
        let target = TargetSystem::of(self.python);
        let questions = Questions { target: &target, groups: &groups, words: &words };
        let runs_as = if module.name == "__main__" { RunsAs::Main } else { RunsAs::Module };
        let facts = source::read(&source, &module.name, module.is_package, runs_as, &questions);
        let imported = facts.imports.iter().flat_map(source::Import::names);
        Ok(imported.chain(source::module_texts(&source)).collect())
    }

    /// Looks for a module of this dotted name, part by part.
    fn find(&mut self, name: &str, waiting: &mut Vec<Entry>) -> Result<(), BundleError> {
        let mut path = String::new();
        for part in name.split('.') {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(part);
            let location = self.folder.join(&path);
            if location.join("__init__.py").is_file() {
                return self.add_package(&path, &location, waiting);
            }
            if let Some(file) = self.module_file(&path) {
                self.add(file, waiting);
                return Ok(());
            }
            if !location.is_dir() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The file of a module: its source, or an extension module.
    fn module_file(&self, path: &str) -> Option<Entry> {
        let suffixes = &self.python.extension_suffixes;
        // Extension modules come first, as in `importlib.machinery.FileFinder`.
        let mut endings = suffixes.iter().map(String::as_str).chain([".py"]);
        endings.find_map(|ending| {
            let path = format!("{path}{ending}");
            let location = self.folder.join(&path);
            location.is_file().then(|| Entry::classify(path, location, suffixes))
        })
    }

    fn add_package(
        &mut self,
        path: &str,
        location: &Path,
        waiting: &mut Vec<Entry>,
    ) -> Result<(), BundleError> {
        if !self.seen.insert(format!("{path}/")) {
            return Ok(());
        }
        let suffixes = &self.python.extension_suffixes;
        let tree = Tree::read(location, &format!("{path}/"), suffixes, &self.skip)?;
        self.warnings.extend(tree.warnings);
        for entry in tree.entries {
            self.add(entry, waiting);
        }
        Ok(())
    }

    fn add(&mut self, entry: Entry, waiting: &mut Vec<Entry>) {
        if self.seen.insert(entry.path.clone()) {
            waiting.push(entry.clone());
            self.entries.insert(entry.path.clone(), entry);
        }
    }
}
