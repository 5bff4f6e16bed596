//! Which of the installed packages the application needs.

use std::collections::{BTreeMap, BTreeSet};

use super::distribution::Unit;
use super::pattern::Pattern;
use super::tree::{Entry, first_part};
use super::{BundleError, Reason};

/// Packages whose import by a *dependency* proves nothing: many libraries import them in code that only builds or
/// installs. They come in when the application imports them, or when they are required or included by name.
const BUILD_TOOLS: &[&str] = &["pip", "setuptools", "wheel", "_distutils_hack"];

/// The growing set of units to be packed.
pub(super) struct Selection<'u> {
    units: &'u [Unit],
    /// First names of modules, and the units that have some of them.
    owners: BTreeMap<&'u str, Vec<usize>>,
    chosen: BTreeMap<usize, Reason>,
    excluded: BTreeSet<usize>,
    /// Chosen, and not yet handed out by [`Selection::take_new`].
    fresh: Vec<usize>,
}

impl<'u> Selection<'u> {
    pub(super) fn new(units: &'u [Unit], exclude: &[Pattern]) -> Self {
        let mut owners: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut excluded = BTreeSet::new();
        for (index, unit) in units.iter().enumerate() {
            for name in &unit.top_level {
                owners.entry(name).or_default().push(index);
            }
            // Every pattern is asked, so that each learns whether it names anything.
            let hits = exclude
                .iter()
                .filter(|pattern| {
                    let by_distribution =
                        unit.metadata.is_some() && pattern.matches_distribution(&unit.normalized);
                    let wholly = !unit.top_level.is_empty()
                        && unit.top_level.iter().all(|name| pattern.matches(name));
                    by_distribution || wholly
                })
                .count();
            if hits > 0 {
                excluded.insert(index);
            }
        }
        Self { units, owners, chosen: BTreeMap::new(), excluded, fresh: Vec::new() }
    }

    /// Whether anything installed has a module of that first name.
    pub(super) fn has_owner(&self, first: &str) -> bool {
        self.owners.contains_key(first)
    }

    /// Whether that name is a package without code of its own, which several distributions share.
    pub(super) fn is_namespace(&self, name: &str) -> bool {
        let owners = self.owners.get(first_part(name)).map(Vec::as_slice).unwrap_or_default();
        let owns = |index: &usize| self.units.get(*index).is_some_and(|unit| unit.owns(name));
        owners.len() > 1 && !owners.iter().any(owns)
    }

    /// Takes what an `import` needs. The name is dotted; its first part decides, and the rest where several
    /// distributions share a namespace package.
    pub(super) fn import(&mut self, name: &str, reason: &Reason) {
        let first = first_part(name);
        if matches!(reason, Reason::ImportedBy { .. }) && BUILD_TOOLS.contains(&first) {
            return;
        }
        let Some(owners) = self.owners.get(first) else { return };
        let owners = match owners.as_slice() {
            [_one] => owners.clone(),
            several => self.closest(name, several),
        };
        for index in owners {
            self.choose(index, reason);
        }
    }

    /// Of several owners of a namespace those with the module itself or the nearest package above it.
    fn closest(&self, name: &str, owners: &[usize]) -> Vec<usize> {
        let mut name = name;
        loop {
            let has = |index: &&usize| self.units.get(**index).is_some_and(|unit| unit.owns(name));
            let found: Vec<usize> = owners.iter().filter(has).copied().collect();
            if !found.is_empty() {
                return found;
            }
            match name.rsplit_once('.') {
                Some((package, _)) => name = package,
                None => return owners.to_vec(),
            }
        }
    }

    /// Takes what plugs into a group of entry points that `file` names.
    pub(super) fn plug_ins(&mut self, group: &str, file: &str) {
        let reason = Reason::PlugIn { group: group.to_owned(), file: file.to_owned() };
        for (index, unit) in self.units.iter().enumerate() {
            if unit.plugs_into.contains(group) && !BUILD_TOOLS.contains(&unit.normalized.as_str()) {
                self.choose(index, &reason);
            }
        }
    }

    /// Takes what `--include` names: everything, a distribution, a module or package.
    pub(super) fn include(&mut self, pattern: &Pattern) {
        let reason = Reason::Included(pattern.text().to_owned());
        for (index, unit) in self.units.iter().enumerate() {
            let named = pattern.is_everything()
                || (unit.metadata.is_some() && pattern.matches_distribution(&unit.normalized))
                || unit
                    .entries
                    .iter()
                    .filter_map(Entry::module)
                    .any(|module| pattern.matches(&module.name));
            if named {
                pattern.matches(unit.top_level.first().map_or("", String::as_str));
                self.choose(index, &reason);
            }
        }
    }

    fn choose(&mut self, index: usize, reason: &Reason) {
        if self.excluded.contains(&index) || self.chosen.contains_key(&index) {
            return;
        }
        let Some(unit) = self.units.get(index) else { return };
        self.chosen.insert(index, reason.clone());
        self.fresh.push(index);
        let required = Reason::RequiredBy(unit.name.clone());
        for (other_index, other) in self.units.iter().enumerate() {
            let is_required = other.metadata.is_some() && unit.requires.contains(&other.normalized);
            if is_required || is_editable_pair(unit, other) || is_editable_pair(other, unit) {
                self.choose(other_index, &required);
            }
        }
    }

    /// The units chosen since the last call, in the order of the environment.
    pub(super) fn take_new(&mut self) -> Vec<&'u Unit> {
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.sort_unstable();
        fresh.into_iter().filter_map(|index| self.units.get(index)).collect()
    }

    pub(super) fn chosen(&self) -> impl Iterator<Item = (&'u Unit, &Reason)> {
        self.chosen.iter().filter_map(|(index, reason)| Some((self.units.get(*index)?, reason)))
    }

    /// An error when a needed package is served by an import hook of its editable installation: its files are not known.
    pub(super) fn check_editable(&self) -> Result<(), BundleError> {
        for (unit, _) in self.chosen() {
            let Some(location) = &unit.editable else { continue };
            let has_modules =
                unit.entries.iter().any(|entry| entry.module().is_some() && !is_finder(entry))
                    || self.chosen().any(|(other, _)| is_editable_pair(unit, other));
            if !has_modules {
                return Err(BundleError::Editable {
                    name: unit.name.clone(),
                    location: location.clone(),
                });
            }
        }
        Ok(())
    }
}

/// The module that setuptools writes for an editable installation.
fn is_finder(entry: &Entry) -> bool {
    entry.path.starts_with("__editable__")
}

/// Does `source` lie where the editable distribution says that its source is?
fn is_editable_pair(editable: &Unit, source: &Unit) -> bool {
    let Some(location) = editable.editable.as_deref().and_then(|url| url.strip_prefix("file://"))
    else {
        return false;
    };
    source.metadata.is_none()
        && source.entries.iter().any(|entry| entry.location.starts_with(location))
}
