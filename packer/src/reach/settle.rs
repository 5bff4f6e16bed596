//! The order of the search: needed modules, then requirements, and at last optional ones.

use std::collections::{BTreeSet, HashSet};

use super::index::NodeId;
use super::{Cause, Certainty, DeferredImport, Owner, Search, is_editable_pair};
use crate::distribution::Distribution;
use crate::source::ImportPlace;

impl Search<'_, '_> {
    /// Follows all modules that wait, and then the requirements of the chosen distributions, until nothing is new.
    pub(super) fn settle(&mut self) {
        loop {
            while !self.queue.is_empty() {
                let wave: Vec<NodeId> = self.queue.drain(..).collect();
                self.scan(&wave);
                for id in wave {
                    self.follow(id);
                }
            }
            let new: Vec<usize> = self
                .chosen
                .keys()
                .copied()
                .filter(|distribution| !self.settled.contains(distribution))
                .collect();
            if new.is_empty() {
                return;
            }
            // All that imports reach is known before it is asked which requirements nothing imports.
            for distribution in new {
                self.settled.insert(distribution);
                self.follow_requirements(distribution);
            }
        }
    }

    /// Takes the requirements that nothing imports, and leaves those that only unreached modules do.
    pub(super) fn follow_requirements(&mut self, distribution: usize) {
        let Some(found) = self.distributions.get(distribution) else { return };
        let certainty =
            self.chosen.get(&distribution).map_or(Certainty::Needed, |(certainty, _)| *certainty);
        let beside: Vec<String> = self.rules.beside(distribution).collect();
        let mut explained: Option<BTreeSet<usize>> = None;
        for number in 0..self.distributions.len() {
            let Some(other) = self.distributions.get(number) else { continue };
            let is_beside = other.metadata.is_some() && beside.contains(&other.normalized);
            let is_pair = is_editable_pair(found, other) || is_editable_pair(other, found);
            if self.chosen.contains_key(&number)
                || number == distribution
                || !is_beside && !self.requires(distribution, number)
            {
                continue;
            }
            self.metadata.insert(number);
            let has_modules = !self.index.of_distribution(number).is_empty();
            if has_modules && !is_beside && !is_pair {
                let explained =
                    explained.get_or_insert_with(|| self.imported_by_any_module(distribution));
                if explained.contains(&number) || self.rules.is_for_developers(&other.normalized) {
                    continue;
                }
            }
            let cause = Cause::Required { by: distribution };
            self.choose(number, certainty.undoubted(), cause.clone());
            self.take_all_modules(number, certainty, cause);
        }
    }

    /// The other distributions that modules of a distribution import, whether anything reaches these modules or not.
    pub(super) fn imported_by_any_module(&mut self, distribution: usize) -> BTreeSet<usize> {
        let ids: Vec<NodeId> = self.index.of_distribution(distribution).to_vec();
        self.scan(&ids);
        let facts = ids.iter().filter_map(|id| self.facts.get(*id)?.as_ref());
        let imports = facts
            .flat_map(|facts| &facts.imports)
            .filter(|import| import.place != ImportPlace::Text);
        let mut found = BTreeSet::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for import in imports {
            if !seen.insert(&import.module) {
                continue;
            }
            let (targets, _) =
                self.index.executed(&import.module, Owner::Distribution(distribution));
            found.extend(targets.into_iter().filter_map(|id| match self.index.node(id)?.owner {
                Owner::Distribution(other) => Some(other),
                Owner::Application | Owner::Standard => None,
            }));
        }
        found
    }

    /// Follows the optional imports of the needed modules, now that all of them are known.
    pub(super) fn follow_put_off(&mut self) {
        let wanted = self.wanted();
        let put_off = std::mem::take(&mut self.put_off);
        for DeferredImport { from, distribution, targets, cause, is_plug_in, is_offered } in put_off
        {
            if self.chosen.get(&distribution).is_some_and(|(certainty, _)| certainty.is_firm()) {
                // It is there anyway; the module itself may be another one.
                for id in targets {
                    self.arrive(id, Certainty::Optional, cause.clone());
                }
                continue;
            }
            let Some(found) = self.distributions.get(distribution) else { continue };
            let owner = self.index.node(from).map(|node| node.owner);
            let name = match &cause {
                Cause::Import { name, .. } => name.clone(),
                _other => String::new(),
            };
            let (is_left, is_asked_for) = match owner {
                Some(Owner::Distribution(by)) => (
                    self.rules.leaves(by, &name, &self.used_words),
                    self.rules.asks_for(by, &name, &self.used_words),
                ),
                Some(Owner::Application | Owner::Standard) | None => (false, false),
            };
            if is_left {
                self.leave_out(from, distribution, &cause, "a rule leaves it");
            } else if self.rules.is_for_developers(&found.normalized) && !is_plug_in {
                self.leave_out(from, distribution, &cause, "only developers use it");
            } else if !is_plug_in && !is_offered && !is_asked_for && !wanted.contains(&distribution)
            {
                self.leave_out(from, distribution, &cause, "it was installed for something else");
            } else {
                for id in targets {
                    self.arrive(id, Certainty::Optional, cause.clone());
                }
            }
        }
        self.settle();
        let rest = std::mem::take(&mut self.put_off);
        for DeferredImport { from, distribution, cause, .. } in rest {
            if !self.chosen.contains_key(&distribution) {
                self.leave_out(from, distribution, &cause, "what imports it is optional itself");
            }
        }
    }

    /// The distributions that were installed for their own sake, or for a needed one.
    pub(super) fn wanted(&self) -> BTreeSet<usize> {
        let mut required: BTreeSet<&str> = BTreeSet::new();
        for distribution in self.distributions {
            required.extend(
                distribution
                    .requires
                    .iter()
                    .map(String::as_str)
                    .filter(|name| *name != distribution.normalized),
            );
        }
        let is_own =
            |distribution: &Distribution| !required.contains(distribution.normalized.as_str());
        let mut wanted: BTreeSet<usize> = self
            .distributions
            .iter()
            .enumerate()
            .filter(|(_, distribution)| is_own(distribution))
            .map(|(at, _)| at)
            .collect();
        let mut waiting: Vec<usize> = self.chosen.keys().copied().collect();
        let mut seen: BTreeSet<usize> = waiting.iter().copied().collect();
        while let Some(distribution) = waiting.pop() {
            wanted.insert(distribution);
            for other in 0..self.distributions.len() {
                if self.requires(distribution, other) && seen.insert(other) {
                    waiting.push(other);
                }
            }
        }
        wanted
    }
}
