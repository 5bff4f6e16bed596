//! The findings of a search, as the builder wants them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use interp_config::StandardLibraryExtent;
use mapped_libraries::is_library_name;

use super::index::NodeId;
use super::{Cause, Owner, Reached, Search};
use crate::distribution::Distribution;
use crate::linking::Linking;
use crate::packer::{NamesKnown, ScannedModule};
use crate::pattern::Pattern;
use crate::source::Facts;
use crate::tree::{Entry, EntryKind};
use crate::{Missing, Origin, Reason, StandardLibraryPart, developers};

/// The conditions for packing those files of a distribution that are no reached modules.
struct DistributionFiles<'u> {
    distribution: &'u Distribution,
    /// Whether a package is told its members by the stubs beside its modules.
    keeps_stubs: bool,
    /// Whether files that only developers want are kept too.
    keeps_all: bool,
    /// Whether a module opens shared libraries: any of them may be meant.
    opens_libraries: bool,
    packages: HashSet<&'u str>,
    modules: HashSet<&'u str>,
    extensions: HashSet<&'u str>,
}

/// The endings of C sources that Cython writes beside the extension modules which are compiled from them.
const C_SOURCES: &[&str] = &[".c", ".cpp", ".cxx"];

impl DistributionFiles<'_> {
    fn keeps(&self, entry: &Entry) -> bool {
        let folder = importer_core::folder_of(&entry.path).unwrap_or_default();
        let top = entry.path.split('/').next().unwrap_or(&entry.path);
        if self.distribution.metadata.as_deref() == Some(top) {
            return true;
        }
        if !self.keeps_all && developers::is_left_out(&entry.path) {
            return false;
        }
        match &entry.kind {
            // A source in a folder that is no package is a file for the package around it (Alembic's templates).
            EntryKind::Source(_) => self.packages.contains(top) && !self.packages.contains(folder),
            EntryKind::Extension(module) => {
                self.opens_libraries || !is_extension_module(&entry.location, &module.name)
            }
            EntryKind::Data => match entry.path.strip_suffix(".pyi") {
                Some(stem) => self.keeps_stubs || !self.is_beside_module(stem),
                None => self.keeps_all || !self.is_compiled_source(&entry.path),
            },
        }
    }

    /// Whether a file is the C source of an extension module beside it. Other C sources may be compiled by a running program.
    fn is_compiled_source(&self, path: &str) -> bool {
        let mut stems = C_SOURCES.iter().filter_map(|ending| path.strip_suffix(ending));
        stems.any(|stem| self.extensions.contains(stem.replace('/', ".").as_str()))
    }

    /// Whether a stub is that of a module here; those of typeshed are of others'.
    fn is_beside_module(&self, stem: &str) -> bool {
        let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
        self.modules.contains(stem.replace('/', ".").as_str())
    }
}

/// Leaves those libraries in folders `lib` that none of the other files needs, directly or by way of another library.
fn keep_needed(kept: &mut Vec<&Entry>) {
    let file_name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let is_choosable = |entry: &Entry| {
        let folder = importer_core::folder_of(&entry.path).unwrap_or_default();
        is_library_name(&entry.path) && (folder == "lib" || folder.ends_with("/lib"))
    };
    let (choosable, others): (Vec<&Entry>, Vec<&Entry>) =
        kept.iter().copied().partition(|entry| is_choosable(entry));
    let needed = |entry: &Entry| {
        // A file that cannot be read is an error when it is packed, which names it.
        let contents = fs::read(&entry.location).unwrap_or_default();
        Linking::read(&contents).map(|linking| linking.needed).unwrap_or_default()
    };
    let mut waiting: Vec<String> = others
        .iter()
        .filter(|entry| is_library_name(&entry.path))
        .flat_map(|entry| needed(entry))
        .collect();
    let mut wanted: HashSet<String> = HashSet::new();
    while let Some(name) = waiting.pop() {
        if wanted.insert(name.clone()) {
            let found = choosable.iter().find(|entry| file_name(&entry.path) == name);
            waiting.extend(found.into_iter().flat_map(|entry| needed(entry)));
        }
    }
    kept.retain(|entry| !is_choosable(entry) || wanted.contains(&file_name(&entry.path)));
}

/// Whether a file is an extension module, and no library that is only called like one.
fn is_extension_module(location: &Path, name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    // A file that cannot be read is an error when it is packed, which names it.
    let contents = fs::read(location).unwrap_or_default();
    memchr::memmem::find(&contents, format!("PyInit_{last}").as_bytes()).is_some()
}

/// A module that uses one of these at its top level may have names that its code does not show.
const MAKERS_OF_NAMES: &[&str] = &["__getattr__", "globals", "locals", "vars", "setattr", "exec"];

impl Search<'_, '_> {
    pub(super) fn how(&self, cause: &Cause) -> String {
        let path = |id: &NodeId| self.index.node(*id).map_or("", |node| node.path());
        let distribution = |number: &usize| {
            self.distributions.get(*number).map_or("", |distribution| distribution.name.as_str())
        };
        match cause {
            Cause::Beginning(name) if name.starts_with("is ") => name.clone(),
            Cause::Beginning(name) => format!("`{name}` is run"),
            Cause::Included(pattern) => format!("`--include {pattern}` names it"),
            Cause::Import { by, name, line } => {
                format!("`{}`, line {line}, imports `{name}`", path(by))
            }
            Cause::Extension { by } => format!("`{}` names it", path(by)),
            Cause::Doubt { by } => {
                format!("`{}` finds modules while it runs, so that all are packed", path(by))
            }
            Cause::PlugIn { by, group } => {
                format!("it plugs into `{group}`, which `{}` asks for", path(by))
            }
            Cause::Required { by } => {
                format!("`{}` requires it, and nothing tells what for", distribution(by))
            }
            Cause::Metadata { by } => format!("`{}` asks for its metadata", path(by)),
            Cause::Always => "every application gets it".to_owned(),
            Cause::Rule { distribution: number } => {
                format!("a rule for `{}` names it", distribution(number))
            }
        }
    }

    pub(super) fn reason(&self, cause: &Cause) -> Reason {
        let path = |id: &NodeId| self.index.node(*id).map_or("", |node| node.path()).to_owned();
        let distribution = |number: &usize| {
            self.distributions.get(*number).map_or("", |distribution| distribution.name.as_str())
        };
        match cause {
            Cause::Beginning(name) => Reason::EntryPoint(name.clone()),
            // Only of the standard library, which is no distribution.
            Cause::Always => Reason::EntryPoint(String::new()),
            Cause::Included(pattern) => Reason::Included(pattern.clone()),
            Cause::Import { by, name, .. } => {
                let (import, file) = (name.clone(), path(by));
                if self.index.node(*by).is_some_and(|node| node.owner == Owner::Application) {
                    Reason::Application { import, file }
                } else {
                    Reason::ImportedBy { import, file }
                }
            }
            Cause::PlugIn { by, group } => Reason::PlugIn { group: group.clone(), file: path(by) },
            Cause::Required { by } => Reason::RequiredBy(distribution(by).to_owned()),
            Cause::Rule { distribution: number } => Reason::Rule(distribution(number).to_owned()),
            Cause::Extension { by } | Cause::Doubt { by } | Cause::Metadata { by } => {
                Reason::ImportedBy { import: String::new(), file: path(by) }
            }
        }
    }

    pub(super) fn finish(mut self, exclude: &[Pattern]) -> Reached {
        let mut first_of: BTreeMap<usize, NodeId> = BTreeMap::new();
        for id in self.order.clone() {
            let (Some(node), Some(Some(arrival))) = (self.index.node(id), self.arrivals.get(id))
            else {
                continue;
            };
            if let Owner::Distribution(distribution) = node.owner {
                first_of.entry(distribution).or_insert(id);
            }
            let by = match &arrival.cause {
                Cause::Import { by, .. }
                | Cause::Extension { by }
                | Cause::Doubt { by }
                | Cause::PlugIn { by, .. }
                | Cause::Metadata { by } => self.index.node(*by).map(|node| node.name.to_owned()),
                Cause::Required { by } | Cause::Rule { distribution: by } => {
                    self.distributions.get(*by).map(|distribution| distribution.normalized.clone())
                }
                Cause::Beginning(_) | Cause::Included(_) | Cause::Always => None,
            };
            let how = self.how(&arrival.cause);
            if node.owner == Owner::Standard {
                self.result.standard_names.insert(node.name.to_owned());
            }
            let entries = node.source.into_iter().chain(node.extensions.iter().copied());
            self.result.paths.extend(entries.map(|entry| entry.path.clone()));
            self.result.trace.module(node.name, by.as_deref(), how);
        }
        for (distribution, (_, cause)) in &self.chosen {
            self.result.distributions.insert(*distribution, self.reason(cause));
            let modules = self.rules.real_modules(*distribution).map(str::to_owned);
            self.result.real_modules.extend(modules.map(|module| (module, *distribution)));
            if self.rules.has_real_files(*distribution) {
                self.result.real_files.insert(*distribution);
            }
            let Some(found) = self.distributions.get(*distribution) else { continue };
            match first_of.get(distribution).and_then(|id| self.index.node(*id)) {
                Some(first) => {
                    let how = format!("holds `{}`", first.name);
                    self.result.trace.distribution(&found.normalized, first.name, how);
                }
                None => {
                    let by = match cause {
                        Cause::Required { by } | Cause::Rule { distribution: by } => self
                            .distributions
                            .get(*by)
                            .map_or("", |distribution| distribution.normalized.as_str()),
                        _other => "",
                    };
                    let how = self.how(cause);
                    self.result.trace.distribution(&found.normalized, by, how);
                }
            }
        }
        self.metadata.retain(|distribution| !self.chosen.contains_key(distribution));
        self.result.metadata = std::mem::take(&mut self.metadata);
        self.result.missing = std::mem::take(&mut self.missing)
            .into_iter()
            .map(|(name, file, line, is_optional)| Missing { name, file, line, is_optional })
            .collect();
        let firmly: BTreeSet<&str> = self
            .chosen
            .keys()
            .filter_map(|distribution| Some(self.distributions.get(*distribution)?.name.as_str()))
            .collect();
        self.result.left_out.retain(|left| !firmly.contains(left.distribution.as_str()));
        self.result.standard = self.standard_part();
        self.keep_files(exclude);
        self.collect_scanned();
        self.result
    }

    /// The part of the standard library that is packed.
    fn standard_part(&self) -> StandardLibraryPart {
        if self.standard.entries.is_empty() {
            return StandardLibraryPart::Elsewhere;
        }
        let extent = self.request.standard_library;
        match &self.unseen {
            Some((file, line, sign)) if extent == StandardLibraryExtent::Auto => {
                StandardLibraryPart::All(format!(
                    "`{file}`, line {line}, may run code that cannot be seen (`{sign}`)"
                ))
            }
            Some(_) | None => StandardLibraryPart::Reached {
                modules: self.result.standard_names.len(),
                of: self.standard.entries.len(),
            },
        }
    }

    /// Adds the paths of files that are no modules.
    pub(super) fn keep_files(&mut self, exclude: &[Pattern]) {
        for distribution in self.chosen.keys() {
            let Some(found) = self.distributions.get(*distribution) else { continue };
            let has = |sign: fn(&Facts) -> bool| {
                let facts = self
                    .index
                    .of_distribution(*distribution)
                    .iter()
                    .filter_map(|id| self.facts.get(*id));
                facts.flatten().any(sign)
            };
            let files = DistributionFiles {
                distribution: found,
                keeps_stubs: has(|facts| facts.attaches_stub),
                keeps_all: self.rules.has_all_files(*distribution),
                opens_libraries: has(|facts| facts.opens_libraries),
                packages: found
                    .entries
                    .iter()
                    .filter_map(|entry| entry.path.strip_suffix("/__init__.py"))
                    .collect(),
                modules: found
                    .entries
                    .iter()
                    .filter_map(|entry| Some(entry.module()?.name.as_str()))
                    .collect(),
                extensions: found
                    .entries
                    .iter()
                    .filter_map(|entry| match &entry.kind {
                        EntryKind::Extension(module) => Some(module.name.as_str()),
                        EntryKind::Source(_) | EntryKind::Data => None,
                    })
                    .collect(),
            };
            let mut kept = Vec::new();
            for entry in &found.entries {
                let is_wanted = files.keeps(entry)
                    && !self.rules.leaves_file(*distribution, &entry.path, &self.used_words);
                let name = entry.dotted();
                let is_excluded =
                    exclude.iter().filter(|pattern| pattern.matches(&name)).count() > 0;
                let is_reached = self.result.paths.contains(&entry.path);
                if (is_wanted || is_reached) && !is_excluded {
                    kept.push(entry);
                }
            }
            if self.rules.has_libraries_by_need(*distribution) {
                keep_needed(&mut kept);
            }
            self.result.paths.extend(kept.into_iter().map(|entry| entry.path.clone()));
        }
    }

    /// Collects the facts that the checks need about modules.
    pub(super) fn collect_scanned(&mut self) {
        for id in std::mem::take(&mut self.order) {
            let (Some(node), Some(facts)) =
                (self.index.node(id), self.facts.get_mut(id).and_then(Option::take))
            else {
                continue;
            };
            for library in &facts.libraries {
                self.result.libraries.insert(library.clone(), node.path().to_owned());
            }
            let Some(source) = node.source else { continue };
            let makes_names = MAKERS_OF_NAMES.iter().any(|name| facts.names.contains(*name));
            let has_star = facts.imports.iter().any(|import| import.has_star);
            let is_open = has_star || makes_names || !facts.is_understood;
            self.result.scanned.push(ScannedModule {
                origin: match node.owner {
                    Owner::Application => Origin::Application,
                    Owner::Standard => continue,
                    Owner::Distribution(_) => Origin::Environment,
                },
                path: source.path.clone(),
                module: node.name.to_owned(),
                imports: facts.imports,
                names: facts.names,
                is_understood: facts.is_understood,
                names_known: if is_open { NamesKnown::Some } else { NamesKnown::All },
            });
        }
    }
}
