//! Reads a folder: which of its files are modules, and which are data.

use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

use super::{BundleError, Warning};

/// A file on its way into the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its path in the archive.
    pub(super) path: String,
    /// The path of its file.
    pub(super) location: PathBuf,
    pub(super) kind: EntryKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    Source(ModuleName),
    Extension(ModuleName),
    Data,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModuleName {
    pub(super) name: String,
    pub(super) is_package: bool,
}

impl Entry {
    pub(super) fn module(&self) -> Option<&ModuleName> {
        match &self.kind {
            EntryKind::Source(module) | EntryKind::Extension(module) => Some(module),
            EntryKind::Data => None,
        }
    }

    /// The text that patterns are matched with: a module's name, or a data file's path written like one.
    pub(super) fn dotted(&self) -> String {
        self.module().map_or_else(|| self.path.replace('/', "."), |module| module.name.clone())
    }

    /// The first part of the module's name.
    pub(super) fn top_level(&self) -> Option<&str> {
        self.module().map(|module| first_part(&module.name))
    }
}

/// The part of a dotted name before its first dot.
pub(super) fn first_part(name: &str) -> &str {
    name.split_once('.').map_or(name, |(first, _)| first)
}

/// The files of a folder, sorted by path, and warnings about those that were left out.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) entries: Vec<Entry>,
    pub(super) warnings: Vec<Warning>,
}

impl Tree {
    /// Reads `root`. Each path begins with `prefix` (empty, or a package's name and a slash); `skip` names folders and files to leave out.
    ///
    /// Never part of anything: `__pycache__`, compiled files, hidden files and folders, and virtual environments.
    pub(super) fn read(
        root: &Path,
        prefix: &str,
        suffixes: &[String],
        skip: impl Fn(&DirEntry) -> bool,
    ) -> Result<Self, BundleError> {
        let mut tree = Self::default();
        let mut walk = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
        while let Some(step) = walk.next() {
            let found = match step {
                Ok(found) => found,
                Err(error) if error.loop_ancestor().is_some() => {
                    tree.warnings.push(Warning::LinkLoop(error.path().unwrap_or(root).to_owned()));
                    continue;
                }
                Err(error) => {
                    let path = error.path().unwrap_or(root).to_owned();
                    if is_dangling_link(&path) {
                        tree.warnings.push(Warning::DanglingLink(path));
                        continue;
                    }
                    return Err(BundleError::io("read", &path)(error.into()));
                }
            };
            let is_folder = found.file_type().is_dir();
            if found.depth() > 0 && (is_never_wanted(&found) || skip(&found)) {
                if is_folder {
                    walk.skip_current_dir();
                }
                continue;
            }
            // Sockets, pipes and devices have no contents to pack.
            if !found.file_type().is_file() {
                continue;
            }
            match virtual_path(root, found.path()) {
                Some(path) => {
                    tree.entries.push(Entry::classify(
                        format!("{prefix}{path}"),
                        found.into_path(),
                        suffixes,
                    ));
                }
                None => tree.warnings.push(Warning::NotUtf8(found.into_path())),
            }
        }
        tree.entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }
}

impl Entry {
    pub(super) fn classify(path: String, location: PathBuf, suffixes: &[String]) -> Self {
        let kind = if let Some(module) = path.strip_suffix(".py").and_then(ModuleName::of_path) {
            EntryKind::Source(module)
        } else {
            // Longest first: `.so` also ends `.abi3.so`.
            let mut suffixes: Vec<&String> = suffixes.iter().collect();
            suffixes.sort_by_key(|suffix| std::cmp::Reverse(suffix.len()));
            let stem = suffixes.into_iter().find_map(|suffix| path.strip_suffix(suffix.as_str()));
            stem.and_then(ModuleName::of_path).map_or(EntryKind::Data, EntryKind::Extension)
        };
        Self { path, location, kind }
    }
}

impl ModuleName {
    /// The module of a path without its suffix: `json/__init__` is the package `json`. `None` when no `import` could name it.
    pub(super) fn of_path(stem: &str) -> Option<Self> {
        let importable = |part: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|character| character.is_alphanumeric() || "_-".contains(character))
        };
        if !stem.split('/').all(importable) {
            return None;
        }
        let package = stem.strip_suffix("/__init__");
        Some(Self {
            name: package.unwrap_or(stem).replace('/', "."),
            is_package: package.is_some(),
        })
    }
}

/// The path below `root` with slashes, if it can be written as text.
fn virtual_path(root: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> =
        path.strip_prefix(root).ok()?.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

fn is_never_wanted(found: &DirEntry) -> bool {
    let name = found.file_name().to_string_lossy();
    if name.starts_with('.') || name == "__pycache__" {
        return true;
    }
    if found.file_type().is_dir() {
        return found.path().join("pyvenv.cfg").is_file();
    }
    name.ends_with(".pyc") || name.ends_with(".pyo")
}

fn is_dangling_link(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}
