//! Several archives asked in order.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use tracing::trace;

use crate::{Archive, DirectoryEntry, DirectoryModule, Error, File, Module, ModuleKind};

/// Several archives asked in order: the first that has something wins, and folders are merged.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    archives: Vec<Archive>,
}

impl Stack {
    /// Archives in the order in which they are asked.
    pub fn new(archives: Vec<Archive>) -> Self {
        Self { archives }
    }

    /// The archives in order.
    pub fn archives(&self) -> &[Archive] {
        &self.archives
    }

    /// The first regular module or package of that name, else the first namespace package; with the place of its archive.
    ///
    /// `a.__init__` is the code of the package `a` once more, as a module: Python's own finders look for files, and find
    /// the package's under that name too (`from .__init__ import x`).
    pub fn module(&self, name: &str) -> Result<Option<(usize, Module<'_>)>, Error> {
        let mut found = self.find_module(name);
        if let Ok(None) = found
            && let Some(package) = name.strip_suffix(".__init__")
        {
            found = self.find_module(package).map(|found| {
                let (place, module) = found?;
                Some((place, module.into_initialiser()?))
            });
        }
        let place = found.as_ref().ok().and_then(|found| found.as_ref().map(|(place, _)| *place));
        trace!(module = name, hit = place.is_some(), archive = place, "looked up module");
        found
    }

    fn find_module(&self, name: &str) -> Result<Option<(usize, Module<'_>)>, Error> {
        let mut namespace = None;
        for (place, archive) in self.archives.iter().enumerate() {
            let Some(module) = archive.module(name)? else { continue };
            match module.kind() {
                ModuleKind::Source | ModuleKind::Extension => return Ok(Some((place, module))),
                ModuleKind::Namespace => namespace = namespace.or(Some((place, module))),
            }
        }
        Ok(namespace)
    }

    /// The part that each archive has of the namespace package of that name, in order.
    pub fn portions(&self, name: &str) -> Result<Vec<(usize, Module<'_>)>, Error> {
        let mut portions = Vec::new();
        for (place, archive) in self.archives.iter().enumerate() {
            portions.extend(
                archive
                    .module(name)?
                    .filter(|module| module.kind() == ModuleKind::Namespace)
                    .map(|module| (place, module)),
            );
        }
        Ok(portions)
    }

    /// The first file at that path.
    pub fn file(&self, path: &str) -> Result<Option<File<'_>>, Error> {
        let found = self.first(|archive| archive.file(path));
        trace!(path, hit = matches!(found, Ok(Some(_))), "looked up file");
        found
    }

    /// The entries of the folder at that path in all archives, sorted by name; `None` when no archive has the folder.
    pub fn directory(&self, path: &str) -> Result<Option<Vec<DirectoryEntry<'_>>>, Error> {
        let found = self.merged(path, |directory| directory.entries(), |entry| entry.name);
        trace!(path, hit = matches!(found, Ok(Some(_))), "looked up folder");
        found
    }

    /// The regular modules in the folder at that path in all archives, sorted by name; `None` when no archive has the folder.
    pub fn directory_modules(&self, path: &str) -> Result<Option<Vec<DirectoryModule<'_>>>, Error> {
        self.merged(path, |directory| directory.modules(), |module| module.name)
    }

    /// The metadata folder of a distribution, by its normalised name.
    pub fn distribution(&self, normalized: &str) -> Result<Option<String>, Error> {
        let found = self.first(|archive| archive.distribution(normalized));
        trace!(
            distribution = normalized,
            hit = matches!(found, Ok(Some(_))),
            "looked up distribution"
        );
        found
    }

    /// Every distribution as (normalised name, metadata folder), sorted by name.
    pub fn distributions(&self) -> Result<Vec<(String, String)>, Error> {
        let mut merged = BTreeMap::new();
        for archive in &self.archives {
            for distribution in archive.distributions() {
                let (name, folder) = distribution?;
                merged.entry(name).or_insert(folder);
            }
        }
        Ok(merged.into_iter().collect())
    }

    /// The bytes stored under a key in the first archive that has it.
    pub fn attribute(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.first(|archive| archive.attribute(key))
    }

    fn first<'a, T>(
        &'a self,
        find: impl Fn(&'a Archive) -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        self.archives.iter().find_map(|archive| find(archive).transpose()).transpose()
    }

    fn merged<'a, T, I: Iterator<Item = Result<T, Error>>>(
        &'a self,
        path: &str,
        list: impl Fn(crate::Directory<'a>) -> I,
        name: impl Fn(&T) -> &'a str,
    ) -> Result<Option<Vec<T>>, Error> {
        let mut merged = None::<BTreeMap<&str, T>>;
        for archive in &self.archives {
            let Some(directory) = archive.directory(path)? else { continue };
            let merged = merged.get_or_insert_default();
            for item in list(directory) {
                let item = item?;
                if let Entry::Vacant(place) = merged.entry(name(&item)) {
                    place.insert(item);
                }
            }
        }
        Ok(merged.map(|merged| merged.into_values().collect()))
    }
}
