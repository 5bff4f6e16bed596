//! Distributions of which all modules are packed, and those parts of them that something has to ask for.

use super::index::NodeId;
use super::{Cause, Certainty, Owner, Search};
use crate::rules::last_part;

impl Search<'_, '_> {
    /// Takes all modules of a distribution but those of developers, and but the parts that nothing has asked for yet.
    pub(super) fn take_all_modules(
        &mut self,
        distribution: usize,
        certainty: Certainty,
        cause: Cause,
    ) {
        if !self.all_modules.insert(distribution) {
            return;
        }
        let named: Vec<(usize, String)> = self
            .rules
            .parts(distribution)
            .filter(|part| self.used_words.contains(last_part(part)))
            .map(|part| (distribution, part.to_owned()))
            .collect();
        self.open_parts.extend(named);
        self.take_modules(distribution, certainty, &cause, |search, name| {
            let part = search.rules.part_of(distribution, name);
            part.is_none_or(|part| search.open_parts.contains(&(distribution, part.to_owned())))
        });
    }

    /// Takes the whole part that a module is in, which was reached just now.
    pub(super) fn open_part_of(&mut self, distribution: usize, id: NodeId, certainty: Certainty) {
        let name = self.index.node(id).map_or("", |node| node.name);
        let Some(part) = self.rules.part_of(distribution, name).map(str::to_owned) else { return };
        self.open_part(distribution, part, certainty, id);
    }

    /// Takes all the parts below a package of which everything is imported, whatever that may be.
    pub(super) fn open_parts_below(&mut self, package: NodeId, by: NodeId, certainty: Certainty) {
        let Some(node) = self.index.node(package) else { return };
        let Owner::Distribution(distribution) = node.owner else { return };
        let below = format!("{}.", node.name);
        let parts: Vec<String> = self
            .rules
            .parts(distribution)
            .filter(|part| part.starts_with(&below))
            .map(str::to_owned)
            .collect();
        for part in parts {
            self.open_part(distribution, part, certainty, by);
        }
    }

    fn open_part(&mut self, distribution: usize, part: String, certainty: Certainty, by: NodeId) {
        let is_new = self.open_parts.insert((distribution, part.clone()));
        // Of a distribution that is not taken whole, the modules come that imports lead to; it may be taken later.
        if !is_new || !self.all_modules.contains(&distribution) {
            return;
        }
        self.take_modules(distribution, certainty, &Cause::Doubt { by }, |search, name| {
            search.rules.part_of(distribution, name) == Some(part.as_str())
        });
    }

    fn take_modules(
        &mut self,
        distribution: usize,
        certainty: Certainty,
        cause: &Cause,
        is_wanted: impl Fn(&Self, &str) -> bool,
    ) {
        for id in self.index.of_distribution(distribution).to_vec() {
            let Some(node) = self.index.node(id) else { continue };
            if !node.is_tool()
                && is_wanted(self, node.name)
                && !self.rules.leaves_file(distribution, node.path(), &self.used_words)
            {
                self.arrive(id, certainty.doubted(), cause.clone());
            }
        }
    }
}
