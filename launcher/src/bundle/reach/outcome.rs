//! What a search has found, as the builder wants it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::index::NodeId;
use super::{Cause, Owner, Reached, Search};
use crate::bundle::packer::{NamesKnown, Scanned};
use crate::bundle::pattern::Pattern;
use crate::bundle::{Missing, Origin, Reason, developers};

/// A module that uses one of these at its top level may have names that its code does not show.
const MAKERS_OF_NAMES: &[&str] = &["__getattr__", "globals", "locals", "vars", "setattr", "exec"];

impl Search<'_, '_> {
    pub(super) fn how(&self, cause: &Cause) -> String {
        let path = |id: &NodeId| self.index.node(*id).map_or("", |node| node.path());
        let unit = |number: &usize| self.units.get(*number).map_or("", |unit| unit.name.as_str());
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
                format!("`{}` requires it, and nothing tells what for", unit(by))
            }
            Cause::Metadata { by } => format!("`{}` asks for its metadata", path(by)),
            Cause::Rule { unit: number } => format!("a rule for `{}` names it", unit(number)),
        }
    }

    pub(super) fn reason(&self, cause: &Cause) -> Reason {
        let path = |id: &NodeId| self.index.node(*id).map_or("", |node| node.path()).to_owned();
        let unit = |number: &usize| self.units.get(*number).map_or("", |unit| unit.name.as_str());
        match cause {
            Cause::Beginning(name) => Reason::EntryPoint(name.clone()),
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
            Cause::Required { by } => Reason::RequiredBy(unit(by).to_owned()),
            Cause::Rule { unit: number } => Reason::Rule(unit(number).to_owned()),
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
            if let Owner::Unit(unit) = node.owner {
                first_of.entry(unit).or_insert(id);
            }
            let by = match &arrival.cause {
                Cause::Import { by, .. }
                | Cause::Extension { by }
                | Cause::Doubt { by }
                | Cause::PlugIn { by, .. }
                | Cause::Metadata { by } => self.index.node(*by).map(|node| node.name.to_owned()),
                Cause::Required { by } | Cause::Rule { unit: by } => {
                    self.units.get(*by).map(|unit| unit.normalized.clone())
                }
                Cause::Beginning(_) | Cause::Included(_) => None,
            };
            let how = self.how(&arrival.cause);
            let entries = node.source.into_iter().chain(node.extensions.iter().copied());
            self.result.paths.extend(entries.map(|entry| entry.path.clone()));
            self.result.trace.module(node.name, by.as_deref(), how);
        }
        for (unit, (_, cause)) in &self.chosen {
            self.result.units.insert(*unit, self.reason(cause));
            let Some(found) = self.units.get(*unit) else { continue };
            match first_of.get(unit).and_then(|id| self.index.node(*id)) {
                Some(first) => {
                    let how = format!("holds `{}`", first.name);
                    self.result.trace.distribution(&found.normalized, first.name, how);
                }
                None => {
                    let by = match cause {
                        Cause::Required { by } | Cause::Rule { unit: by } => {
                            self.units.get(*by).map_or("", |unit| unit.normalized.as_str())
                        }
                        _other => "",
                    };
                    let how = self.how(cause);
                    self.result.trace.distribution(&found.normalized, by, how);
                }
            }
        }
        self.metadata.retain(|unit| !self.chosen.contains_key(unit));
        self.result.metadata = std::mem::take(&mut self.metadata);
        self.result.missing = std::mem::take(&mut self.missing)
            .into_iter()
            .map(|(name, file, line, is_optional)| Missing { name, file, line, is_optional })
            .collect();
        let firmly: BTreeSet<&str> = self
            .chosen
            .keys()
            .filter_map(|unit| Some(self.units.get(*unit)?.name.as_str()))
            .collect();
        self.result.left_out.retain(|left| !firmly.contains(left.distribution.as_str()));
        self.keep_files(exclude);
        self.collect_scanned();
        self.result
    }

    /// Adds the paths of what is no module.
    pub(super) fn keep_files(&mut self, exclude: &[Pattern]) {
        for unit in self.chosen.keys() {
            let Some(found) = self.units.get(*unit) else { continue };
            let keeps_stubs = self.index.of_unit(*unit).iter().any(|id| {
                self.facts
                    .get(*id)
                    .and_then(Option::as_ref)
                    .is_some_and(|facts| facts.attaches_stub)
            });
            let packages: HashSet<&str> = found
                .entries
                .iter()
                .filter_map(|entry| entry.path.strip_suffix("/__init__.py"))
                .collect();
            for entry in &found.entries {
                let folder = importer_core::folder_of(&entry.path).unwrap_or_default();
                let top = entry.path.split('/').next().unwrap_or_default();
                let is_wanted = match &entry.module() {
                    // A source in a folder that is no package is a file for the package around it (Alembic's templates).
                    Some(_) => {
                        packages.contains(top)
                            && !packages.contains(folder)
                            && entry.path.ends_with(".py")
                            && !developers::is_tool(&entry.path)
                    }
                    None => {
                        let is_metadata =
                            found.metadata.as_deref().is_some_and(|metadata| top == metadata);
                        is_metadata
                            || !developers::is_left_out(&entry.path)
                                && (keeps_stubs || !entry.path.ends_with(".pyi"))
                    }
                };
                let name = entry.dotted();
                let is_excluded =
                    exclude.iter().filter(|pattern| pattern.matches(&name)).count() > 0;
                if is_wanted && !is_excluded {
                    self.result.paths.insert(entry.path.clone());
                }
            }
        }
    }

    /// What checks want to know of the modules.
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
            self.result.scanned.push(Scanned {
                origin: match node.owner {
                    Owner::Application => Origin::Application,
                    Owner::Unit(_) => Origin::Environment,
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
