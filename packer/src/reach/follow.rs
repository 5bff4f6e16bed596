//! The step from a module to the modules that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::thread;

use super::extension_names::{self, ExtensionNames};
use super::index::{Node, NodeId};
use super::{Cause, Certainty, DeferredImport, Owner, Search, is_editable_pair};
use crate::distribution_name::normalize;
use crate::source::{self, Facts, Import, ImportPlace, Questions, RunsAs};
use crate::standard_needs::{OWN_PREFIX, StandardModules};
use crate::tree::{Entry, first_part};

impl Search<'_, '_> {
    /// Reads the sources of modules, with as many threads as the machine can run.
    pub(super) fn scan(&mut self, nodes: &[NodeId]) {
        let wanted: Vec<NodeId> = nodes
            .iter()
            .copied()
            .filter(|id| self.facts.get(*id).is_some_and(Option::is_none))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let questions =
            Questions { target: &self.target, groups: self.groups, words: self.rules.words() };
        let (index, standard, run) = (&self.index, self.standard, &self.run);
        let (finder, needs) = (&self.finder, &self.needs);
        let runs_as = |node: &Node<'_>| match node.owner {
            Owner::Application => RunsAs::Main,
            Owner::Standard | Owner::Distribution(_)
                if run.contains(node.name) || node.name.ends_with("__main__") =>
            {
                RunsAs::Main
            }
            Owner::Standard => RunsAs::StandardModule,
            Owner::Distribution(_) => RunsAs::Module,
        };
        let read = |id: NodeId| {
            let Some(node) = index.node(id) else { return Default::default() };
            let facts = node.source.map_or_else(
                // No source is no Python that could be misunderstood.
                || Facts { is_understood: true, ..Facts::default() },
                |entry| read_source(entry, node, standard, runs_as(node), &questions),
            );
            let names = extension_names::of(node, index, finder, standard, needs);
            (facts, names)
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = wanted.len().div_ceil(threads.max(1)).max(16);
        let found: Vec<(NodeId, (Facts, ExtensionNames))> = thread::scope(|scope| {
            let started: Vec<_> = wanted
                .chunks(share)
                .map(|part| {
                    // Sources may be nested deeply.
                    let builder = thread::Builder::new().stack_size(256 << 20);
                    builder.spawn_scoped(scope, || {
                        part.iter().map(|id| (*id, read(*id))).collect::<Vec<_>>()
                    })
                })
                .collect();
            started
                .into_iter()
                .zip(wanted.chunks(share))
                .flat_map(|(thread, part)| match thread {
                    Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
                    // The system has no thread to give.
                    Err(_) => part.iter().map(|id| (*id, read(*id))).collect(),
                })
                .collect()
        });
        for (id, (facts, names)) in found {
            if let Some(place) = self.facts.get_mut(id) {
                *place = Some(facts);
            }
            if let Some(place) = self.extension_names.get_mut(id) {
                *place = Some(names);
            }
        }
    }

    /// Follows the imports of a module.
    pub(super) fn follow(&mut self, id: NodeId) {
        let Some(certainty) =
            self.arrivals.get(id).and_then(|arrival| Some(arrival.as_ref()?.certainty))
        else {
            return;
        };
        let Some(facts) = self.facts.get_mut(id).and_then(Option::take) else { return };
        let owner = self.index.node(id).map_or(Owner::Application, |node| node.owner);
        let named: Vec<String> = self
            .needs
            .named()
            .filter(|(word, _)| owner != Owner::Standard && facts.words.contains(*word))
            .flat_map(|(_, modules)| modules.to_vec())
            .collect();
        for name in named {
            for target in self.index.executed(&name, Owner::Standard).0 {
                self.arrive(target, Certainty::Needed, Cause::Extension { by: id });
            }
        }
        if owner == Owner::Application {
            self.used_words.extend(facts.words.iter().cloned());
        }
        let own = self.index.node(id).is_some_and(|node| node.name.starts_with(OWN_PREFIX));
        for import in &facts.imports {
            // The launcher's modules import in functions only modules that are there when they patch them.
            let is_idle = own || owner == Owner::Standard && certainty.is_doubt();
            if !is_idle || import.place == ImportPlace::Top {
                self.follow_import(id, owner, certainty, import);
            }
        }
        if owner == Owner::Standard {
            self.follow_computed(id);
        }
        if let Some((sign, line)) = facts.runs_unseen {
            self.note_unseen(id, owner, certainty, sign, line);
        }
        for group in &facts.groups {
            self.follow_group(id, owner, group);
        }
        for name in &facts.metadata {
            self.want_metadata(id, name);
        }
        // Only nodes with extension modules have such names.
        let names = self.extension_names.get(id).cloned().flatten().unwrap_or_default();
        if names.is_opaque {
            self.take_standard_library(id);
        }
        for target in names.modules {
            match self.index.node(target).map(|node| node.owner) {
                Some(Owner::Standard) => {
                    self.arrive(target, Certainty::Needed, Cause::Extension { by: id });
                }
                Some(found) if found == owner => {
                    self.arrive(target, certainty, Cause::Extension { by: id });
                }
                Some(_) | None => {}
            }
        }
        if let Owner::Distribution(distribution) = owner {
            let has_signs = facts.imports_computed
                || facts.lists_modules
                || !facts.is_understood
                || self.index.node(id).is_some_and(|node| !node.extensions.is_empty());
            let is_whole = self.rules.all_modules(distribution).unwrap_or(has_signs);
            if is_whole && has_signs {
                self.take_all_modules(distribution, certainty, Cause::Doubt { by: id });
            }
        }
        if let Some(place) = self.facts.get_mut(id) {
            *place = Some(facts);
        }
    }

    pub(super) fn follow_import(
        &mut self,
        from: NodeId,
        owner: Owner,
        certainty: Certainty,
        import: &Import,
    ) {
        for (number, name) in import.names().enumerate() {
            let is_member = number > 0;
            // A member may be anything.
            if is_member && !self.index.knows(&name) && self.index.excluded(&name).is_none() {
                continue;
            }
            self.follow_name(from, owner, certainty, import, &name, is_member);
        }
        if import.has_star {
            self.follow_star(from, owner, certainty, import);
        }
    }

    /// `from package import *` imports the modules that `__all__` of the package names.
    pub(super) fn follow_star(
        &mut self,
        from: NodeId,
        owner: Owner,
        certainty: Certainty,
        import: &Import,
    ) {
        let Some(package) = self.index.module(&import.module, Some(owner)) else { return };
        self.open_parts_below(package, from, certainty);
        self.scan(&[package]);
        let exported = self.facts.get(package).and_then(Option::as_ref);
        let exported = exported.map_or_else(Vec::new, |facts| facts.exported.clone());
        for member in exported {
            let name = format!("{}.{member}", import.module);
            if self.index.knows(&name) {
                self.follow_name(from, owner, certainty, import, &name, true);
            }
        }
    }

    pub(super) fn follow_name(
        &mut self,
        from: NodeId,
        owner: Owner,
        certainty: Certainty,
        import: &Import,
        name: &str,
        is_member: bool,
    ) {
        let place = import.place;
        if let Some(pattern) = self.index.excluded(name) {
            if !is_member && !certainty.is_doubt() {
                self.note_excluded(from, pattern, name, import);
            }
            return;
        }
        let (targets, is_known) = self.index.executed(name, owner);
        let targets = if place == ImportPlace::Text && !is_known {
            self.by_text(from, name)
        } else {
            targets
        };
        if targets.is_empty() {
            if place == ImportPlace::Text {
                return;
            }
            let first = first_part(name);
            if self.is_standard(first) {
                // It is inside of the interpreter, or all of the library is packed.
            } else if !self.index.owners(first).is_empty() {
                let is_certain = owner == Owner::Application
                    || place == ImportPlace::Top && certainty == Certainty::Needed;
                if is_certain && !self.index.knows(first) {
                    let cause =
                        Cause::Import { by: from, name: name.to_owned(), line: import.line };
                    for distribution in self.index.owners(first).to_vec() {
                        self.choose(distribution, Certainty::Needed, cause.clone());
                    }
                }
            } else if !is_member && !self.index.knows(first) {
                self.note_missing(from, name, import);
            }
            return;
        }
        let cause = Cause::Import { by: from, name: name.to_owned(), line: import.line };
        self.lead_to(from, owner, certainty, place, targets, cause, false);
    }

    /// Takes all of the standard library that is not told apart: nobody can see what an extension module imports of it. An
    /// application that is compiled itself may import any of it, and is all that could tell.
    fn take_standard_library(&mut self, by: NodeId) {
        let owner = self.index.node(by).map(|node| node.owner);
        let is_application = owner == Some(Owner::Application);
        if !self.opaque_modules.insert(is_application) {
            return;
        }
        for id in 0..self.index.nodes.len() {
            let Some(node) = self.index.node(id) else { continue };
            let is_apart = self.needs.is_apart(node.name) || self.is_replaced(id);
            if node.owner == Owner::Standard && (is_application || !is_apart) {
                self.arrive(id, Certainty::Doubt, Cause::Doubt { by });
            }
        }
    }

    /// Takes the modules that one of the standard library imports in C, or finds by a computed name.
    fn follow_computed(&mut self, id: NodeId) {
        let Some(name) = self.index.node(id).map(|node| node.name.to_owned()) else { return };
        for imported in self.needs.imported_in_c(&name).to_vec() {
            for target in self.index.executed(&imported, Owner::Standard).0 {
                self.arrive(target, Certainty::Needed, Cause::Extension { by: id });
            }
        }
        for other in 0..self.index.nodes.len() {
            let Some(node) = self.index.node(other) else { continue };
            if node.owner == Owner::Standard && self.needs.finds(&name, node.name) {
                self.arrive(other, Certainty::Needed, Cause::Doubt { by: id });
            }
        }
    }

    /// Whether a rule says that a module of the standard library does without another one, or an extension module makes that
    /// needless.
    fn is_needless(&self, from: NodeId, id: NodeId) -> bool {
        let names = self.index.node(from).zip(self.index.node(id));
        if names.is_some_and(|(from, id)| self.needs.leaves(from.name, id.name)) {
            return true;
        }
        self.is_replaced(id)
    }

    /// Whether an extension module that is there makes a module of Python code needless.
    fn is_replaced(&self, id: NodeId) -> bool {
        let replaced = self.index.node(id).and_then(|node| self.needs.replaced_by(node.name));
        replaced.is_some_and(|extension| {
            let is_inside =
                self.request.python.builtin_modules.iter().any(|name| name == extension);
            is_inside || self.index.knows(extension)
        })
    }

    /// Whether a rule says that a distribution does without a module of the standard library. (The application's own modules come
    /// first, so that all its words are known.)
    fn is_left_by_rule(&self, owner: Owner, id: NodeId) -> bool {
        let Owner::Distribution(distribution) = owner else { return false };
        let node = self.index.node(id);
        node.is_some_and(|node| self.rules.leaves(distribution, node.name, &self.used_words))
    }

    /// The module that a text names below the package of the one that has it.
    fn by_text(&self, from: NodeId, text: &str) -> Vec<NodeId> {
        let Some(node) = self.index.node(from) else { return Vec::new() };
        let package = node.name.rsplit_once('.').map_or("", |(package, _)| package);
        let below = [node.name, package].into_iter().filter(|base| !base.is_empty());
        let found = below
            .map(|base| format!("{base}.{text}"))
            .find_map(|name| self.index.module(&name, Some(node.owner)).map(|_| name));
        found.map_or_else(Vec::new, |name| self.index.executed(&name, node.owner).0)
    }

    /// Goes on to modules from a module that names them, at once or when all that is needed is known.
    #[expect(clippy::too_many_arguments, reason = "they are the parts of one edge")]
    pub(super) fn lead_to(
        &mut self,
        from: NodeId,
        owner: Owner,
        certainty: Certainty,
        place: ImportPlace,
        targets: Vec<NodeId>,
        cause: Cause,
        is_plug_in: bool,
    ) {
        let mut of_distributions: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
        for id in targets {
            let Some(node) = self.index.node(id) else { continue };
            match node.owner {
                // The application is there in any case.
                Owner::Application => {}
                Owner::Standard if owner == Owner::Standard && self.is_needless(from, id) => {}
                Owner::Standard if owner == Owner::Standard => {
                    self.arrive(id, certainty, cause.clone());
                }
                Owner::Standard if self.is_left_by_rule(owner, id) => {}
                Owner::Standard => self.arrive(id, Certainty::Needed, cause.clone()),
                // No module of the standard library needs an installed distribution.
                Owner::Distribution(_) if owner == Owner::Standard => {}
                Owner::Distribution(distribution)
                    if owner == Owner::Distribution(distribution)
                        && place.is_optional()
                        && self.rules.leaves_file(distribution, node.path(), &self.used_words) => {}
                Owner::Distribution(distribution) if owner == Owner::Distribution(distribution) => {
                    // It is packed; whether it is ever executed is another question.
                    let certainty =
                        if place == ImportPlace::Top { certainty } else { certainty.doubted() };
                    self.arrive(id, certainty, cause.clone());
                }
                Owner::Distribution(distribution) => {
                    of_distributions.entry(distribution).or_default().push(id);
                }
            }
        }
        for (distribution, targets) in of_distributions {
            let Owner::Distribution(by) = owner else {
                for id in targets {
                    self.arrive(id, Certainty::Needed, cause.clone());
                }
                continue;
            };
            let is_required =
                self.requires(by, distribution) && place != ImportPlace::Text && !is_plug_in;
            let name = match &cause {
                Cause::Import { name, .. } => name.as_str(),
                _other => "",
            };
            if !is_required && self.rules.leaves(by, name, &self.used_words) {
                self.leave_out(from, distribution, &cause, "a rule leaves it");
                continue;
            }
            let is_certain =
                is_required || place == ImportPlace::Top && !certainty.is_doubt() && !is_plug_in;
            if is_certain {
                for id in targets {
                    self.arrive(id, certainty.undoubted(), cause.clone());
                }
                continue;
            }
            self.put_off.push(DeferredImport {
                from,
                distribution,
                targets,
                cause: cause.clone(),
                is_plug_in,
                is_offered: place == ImportPlace::Function
                    && certainty == Certainty::Needed
                    && self.offers(by, distribution),
            });
        }
    }

    /// Whether an extra for users asks for the other distribution.
    fn offers(&self, distribution: usize, other: usize) -> bool {
        match (self.distributions.get(distribution), self.distributions.get(other)) {
            (Some(distribution), Some(other)) => distribution.offers.contains(&other.normalized),
            _gone => false,
        }
    }

    pub(super) fn requires(&self, distribution: usize, other: usize) -> bool {
        match (self.distributions.get(distribution), self.distributions.get(other)) {
            (Some(distribution), Some(other)) => {
                other.metadata.is_some() && distribution.requires.contains(&other.normalized)
                    || is_editable_pair(distribution, other)
                    || is_editable_pair(other, distribution)
            }
            _gone => false,
        }
    }

    pub(super) fn follow_group(&mut self, from: NodeId, owner: Owner, group: &str) {
        if let Owner::Distribution(distribution) = owner
            && self.rules.leaves_group(distribution, group, &self.used_words)
        {
            return;
        }
        let certainty = match self.arrivals.get(from) {
            Some(Some(arrival)) => arrival.certainty,
            _unreached => return,
        };
        for (number, distribution) in self.distributions.iter().enumerate() {
            let Some(modules) = distribution.plugs_into.get(group) else { continue };
            // A tool asks for its own plug-ins, and is there for them.
            let asks_as_tool = match owner {
                Owner::Distribution(distribution) => {
                    self.distributions.get(distribution).is_some_and(|distribution| {
                        self.rules.is_for_developers(&distribution.normalized)
                    })
                }
                Owner::Application | Owner::Standard => true,
            };
            if self.rules.is_for_developers(&distribution.normalized) && !asks_as_tool {
                continue;
            }
            let cause = Cause::PlugIn { by: from, group: group.to_owned() };
            let mut targets = Vec::new();
            for name in modules {
                targets.extend(self.index.executed(name, Owner::Distribution(number)).0);
            }
            targets.retain(|id| {
                self.index.node(*id).is_some_and(|node| node.owner == Owner::Distribution(number))
            });
            if targets.is_empty() {
                // Its modules are named in no way that can be followed.
                targets.extend(self.index.of_distribution(number).first());
            }
            self.lead_to(from, owner, certainty, ImportPlace::Function, targets, cause, true);
        }
    }

    pub(super) fn want_metadata(&mut self, from: NodeId, name: &str) {
        let wanted = normalize(name);
        let found = self.distributions.iter().position(|distribution| {
            distribution.metadata.is_some() && distribution.normalized == wanted
        });
        if let Some(distribution) =
            found.filter(|distribution| !self.excluded_distributions.contains(distribution))
        {
            self.metadata.insert(distribution);
            if let Some(distribution) = self.distributions.get(distribution)
                && let Some(node) = self.index.node(from)
            {
                let how = self.how(&Cause::Metadata { by: from });
                self.result.trace.distribution(&distribution.normalized, node.name, how);
            }
        }
    }
}

fn read_source(
    entry: &Entry,
    node: &Node<'_>,
    standard: &StandardModules<'_>,
    runs_as: RunsAs,
    questions: &Questions<'_>,
) -> Facts {
    // A file that cannot be read is an error when it is packed, which names it.
    let Some(text) = standard.contents_of(node.owner, entry) else { return Facts::default() };
    let mut facts = source::read(&text, node.name, node.is_package, runs_as, questions);
    if facts.attaches_stub
        && let Ok(stub) = std::fs::read(entry.location.with_extension("pyi"))
    {
        let stub = source::read(&stub, node.name, node.is_package, runs_as, questions);
        facts.imports.extend(
            stub.imports
                .into_iter()
                .map(|import| Import { place: ImportPlace::Function, ..import }),
        );
    }
    facts
}
