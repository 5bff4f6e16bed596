//! Which modules an application reaches, by following imports from it.
//!
//! All modules of the application are reached, and what its settings name. From there on an import leads to a module, and a
//! module to its distribution. An import that its module needs (at the top level, or of something that its distribution requires)
//! is followed. An optional one (in a function, under `try`) of another distribution is put off until all that is needed is
//! known; then it is followed if that distribution was installed for its own sake, or because of what is needed. What was
//! reached in this way brings nothing optional again.
//!
//! A distribution whose modules are found while the program runs (by computed names, by looking into folders, by extension
//! modules) has all of them packed but those of developers. What is in doubt stays, and brings no other distribution that its
//! own does not require.
//!
//! A requirement that only modules import which nothing reaches goes. One that nothing imports at all stays: nobody can see
//! what it is for.

mod extension_names;
mod index;
mod trace;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::fs;
use std::thread;

use super::distribution::{Unit, normalize};
use super::packer::{NamesKnown, Scanned};
use super::pattern::Pattern;
use super::rules::Rules;
use super::source::{self, Facts, Import, Place, Questions, TargetSystem};
use super::tree::{Entry, first_part};
use super::{BundleError, BundleRequest, LeftOut, Missing, Origin, Reason, Warning};
use index::{Index, Node, NodeId};

pub(super) use index::Owner;
pub use trace::{Step, TRACE, Trace};

/// How surely something is needed; more is surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    /// A module of what is optional that may be never executed.
    OptionalDoubt,
    /// By an optional import.
    Optional,
    /// A module of what is needed that may be never executed.
    Doubt,
    Needed,
}

impl Certainty {
    fn is_firm(self) -> bool {
        self >= Self::Doubt
    }

    fn is_doubt(self) -> bool {
        matches!(self, Self::Doubt | Self::OptionalDoubt)
    }

    /// The same, for a module of which nothing says that it is executed.
    fn doubted(self) -> Self {
        if self.is_firm() { Self::Doubt } else { Self::OptionalDoubt }
    }

    /// The same, for a module that something executes.
    fn undoubted(self) -> Self {
        if self.is_firm() { Self::Needed } else { Self::Optional }
    }
}

/// Why something was reached first.
#[derive(Clone, Debug)]
enum Cause {
    /// The application's own, or named by its settings.
    Beginning(String),
    Included(String),
    Import {
        by: NodeId,
        name: String,
        line: u32,
    },
    /// A text in an extension module.
    Extension {
        by: NodeId,
    },
    /// Found while the program runs, by this module.
    Doubt {
        by: NodeId,
    },
    PlugIn {
        by: NodeId,
        group: String,
    },
    Required {
        by: usize,
    },
    Metadata {
        by: NodeId,
    },
    Rule {
        unit: usize,
    },
}

#[derive(Clone, Debug)]
struct Arrival {
    certainty: Certainty,
    cause: Cause,
}

/// An optional import of another distribution's module.
#[derive(Clone, Debug)]
struct PutOff {
    from: NodeId,
    unit: usize,
    targets: Vec<NodeId>,
    cause: Cause,
    /// Whether its being installed is enough.
    is_plug_in: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// The units, by their numbers, with the reason for each.
    pub(super) units: BTreeMap<usize, Reason>,
    /// Units of which the metadata alone is wanted.
    pub(super) metadata: BTreeSet<usize>,
    /// The paths of their files that are packed.
    pub(super) paths: HashSet<String>,
    pub(super) scanned: Vec<Scanned>,
    pub(super) missing: Vec<Missing>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) trace: Trace,
    pub(super) warnings: Vec<Warning>,
    /// Dotted names imported from the standard library, with the module that does first.
    pub(super) standard: BTreeMap<String, String>,
    /// Names of shared libraries that code opens, each with the file that does.
    pub(super) libraries: BTreeMap<String, String>,
}

struct Search<'e, 'r> {
    request: &'r BundleRequest<'r>,
    units: &'e [Unit],
    rules: Rules,
    index: Index<'e>,
    target: TargetSystem,
    groups: &'r BTreeSet<String>,
    facts: Vec<Option<Facts>>,
    extension_names: Vec<Option<Vec<NodeId>>>,
    arrivals: Vec<Option<Arrival>>,
    order: Vec<NodeId>,
    queue: VecDeque<NodeId>,
    /// The units that are packed, with how surely, and the first cause.
    chosen: BTreeMap<usize, (Certainty, Cause)>,
    excluded_units: BTreeSet<usize>,
    /// Units whose requirements have been looked at.
    settled: BTreeSet<usize>,
    all_modules: BTreeSet<usize>,
    put_off: Vec<PutOff>,
    used_words: HashSet<String>,
    metadata: BTreeSet<usize>,
    is_standard: BTreeMap<String, bool>,
    result: Reached,
    missing: BTreeSet<(String, String, u32, bool)>,
}

/// Follows the imports from what the request names; `beginnings` are modules that its settings name.
pub(super) fn reach(
    request: &BundleRequest<'_>,
    beginnings: &BTreeSet<String>,
    include: &[Pattern],
    exclude: &[Pattern],
) -> Result<Reached, BundleError> {
    static NO_GROUPS: BTreeSet<String> = BTreeSet::new();
    let units = request.environment.map_or(&[][..], |environment| &environment.units);
    let rules = Rules::read(units, &request.distribution_rules)?;
    let mut is_standard = BTreeMap::new();
    let index = Index::new(request.application, units, exclude, |first| {
        *is_standard
            .entry(first.to_owned())
            .or_insert_with(|| super::builder::is_standard(request, first))
    });
    let count = index.nodes.len();
    let mut search = Search {
        request,
        units,
        rules,
        index,
        target: TargetSystem::here((request.python.version.0, request.python.version.1)),
        groups: request.environment.map_or(&NO_GROUPS, |environment| &environment.plug_in_groups),
        facts: (0..count).map(|_| None).collect(),
        extension_names: (0..count).map(|_| None).collect(),
        arrivals: (0..count).map(|_| None).collect(),
        order: Vec::new(),
        queue: VecDeque::new(),
        chosen: BTreeMap::new(),
        excluded_units: excluded_units(units, exclude),
        settled: BTreeSet::new(),
        all_modules: BTreeSet::new(),
        put_off: Vec::new(),
        used_words: HashSet::new(),
        metadata: BTreeSet::new(),
        is_standard,
        result: Reached::default(),
        missing: BTreeSet::new(),
    };
    search.begin(beginnings, include);
    search.settle();
    search.follow_put_off();
    search.check_editable()?;
    search.warn_of_excluded(exclude);
    Ok(search.finish(exclude))
}

/// The units that patterns leave out.
fn excluded_units(units: &[Unit], exclude: &[Pattern]) -> BTreeSet<usize> {
    let is_excluded = |unit: &Unit| {
        // Every pattern is asked, so that each learns whether it names anything.
        let hits = exclude.iter().filter(|pattern| {
            let by_distribution =
                unit.metadata.is_some() && pattern.matches_distribution(&unit.normalized);
            let wholly = !unit.top_level.is_empty()
                && unit.top_level.iter().all(|name| pattern.matches(name));
            by_distribution || wholly
        });
        hits.count() > 0
    };
    units.iter().enumerate().filter(|(_, unit)| is_excluded(unit)).map(|(at, _)| at).collect()
}

impl<'e> Search<'e, '_> {
    fn begin(&mut self, beginnings: &BTreeSet<String>, include: &[Pattern]) {
        for id in 0..self.index.nodes.len() {
            let Some(node) = self.index.node(id) else { continue };
            if node.owner == Owner::Application {
                let cause = Cause::Beginning("is a module of the application".to_owned());
                self.arrive(id, Certainty::Needed, cause);
            }
        }
        for name in beginnings {
            let (found, _) = self.index.executed(name, Owner::Application);
            let main = format!("{name}.__main__");
            let main = self.index.module(&main, None).filter(|_| !found.is_empty());
            if found.is_empty() {
                self.choose_by_declaration(first_part(name), name);
            }
            for id in found.into_iter().chain(main) {
                let cause = Cause::Beginning(name.clone());
                self.arrive(id, Certainty::Needed, cause);
            }
        }
        for pattern in include {
            self.include(pattern);
        }
    }

    /// A unit that declares a name and has no module of it: an editable installation with an import hook.
    fn choose_by_declaration(&mut self, first: &str, name: &str) {
        for unit in self.index.owners(first).to_vec() {
            let cause = Cause::Beginning(name.to_owned());
            self.choose(unit, Certainty::Needed, cause);
        }
    }

    /// Takes what `--include` names: everything, a distribution, a module or package.
    fn include(&mut self, pattern: &Pattern) {
        let cause = || Cause::Included(pattern.text().to_owned());
        for (number, unit) in self.units.iter().enumerate() {
            let is_whole = pattern.is_everything()
                || (unit.metadata.is_some() && pattern.matches_distribution(&unit.normalized))
                || unit.top_level.iter().any(|name| pattern.text() == name);
            if is_whole {
                unit.top_level.iter().for_each(|name| {
                    pattern.matches(name);
                });
                self.choose(number, Certainty::Needed, cause());
            }
            for id in self.index.of_unit(number).to_vec() {
                let Some(node) = self.index.node(id) else { continue };
                let is_named = !pattern.is_everything() && pattern.matches(node.name);
                if is_named && !is_whole || (is_whole || is_named) && !node.is_tool() {
                    self.arrive(id, Certainty::Needed, cause());
                }
            }
        }
    }

    /// Notes that a module is needed, and for what.
    fn arrive(&mut self, id: NodeId, certainty: Certainty, cause: Cause) {
        let Some(node) = self.index.node(id) else { return };
        if let Owner::Unit(unit) = node.owner
            && self.excluded_units.contains(&unit)
        {
            return;
        }
        let Some(known) = self.arrivals.get_mut(id) else { return };
        if known.as_ref().is_some_and(|known| known.certainty >= certainty) {
            return;
        }
        if known.is_none() {
            self.order.push(id);
        }
        let owner = node.owner;
        *known = Some(Arrival { certainty, cause: cause.clone() });
        self.queue.push_back(id);
        if let Owner::Unit(unit) = owner {
            self.choose(unit, certainty, cause);
        }
    }

    fn choose(&mut self, unit: usize, certainty: Certainty, cause: Cause) {
        if self.excluded_units.contains(&unit) {
            return;
        }
        if let Some(known) = self.chosen.get_mut(&unit) {
            known.0 = known.0.max(certainty);
            return;
        }
        self.chosen.insert(unit, (certainty, cause));
        let followed: Vec<String> = self.rules.followed(unit).map(str::to_owned).collect();
        for name in followed {
            let (found, _) = self.index.executed(&name, Owner::Unit(unit));
            for id in found {
                self.arrive(id, certainty.undoubted(), Cause::Rule { unit });
            }
        }
        if self.rules.all_modules(unit) == Some(true) {
            self.take_all_modules(unit, certainty, Cause::Rule { unit });
        }
    }

    /// Takes all modules of a unit but those of developers.
    fn take_all_modules(&mut self, unit: usize, certainty: Certainty, cause: Cause) {
        if !self.all_modules.insert(unit) {
            return;
        }
        for id in self.index.of_unit(unit).to_vec() {
            if self.index.node(id).is_some_and(|node| !node.is_tool()) {
                self.arrive(id, certainty.doubted(), cause.clone());
            }
        }
    }

    /// Follows all that is waiting, and then the requirements of what was chosen, until nothing is new.
    fn settle(&mut self) {
        loop {
            while !self.queue.is_empty() {
                let wave: Vec<NodeId> = self.queue.drain(..).collect();
                self.scan(&wave);
                for id in wave {
                    self.follow(id);
                }
            }
            let new: Vec<usize> =
                self.chosen.keys().copied().filter(|unit| !self.settled.contains(unit)).collect();
            if new.is_empty() {
                return;
            }
            // All that imports reach is known before it is asked which requirements nothing imports.
            for unit in new {
                self.settled.insert(unit);
                self.follow_requirements(unit);
            }
        }
    }

    /// Reads the sources of modules, with as many threads as the machine can run.
    fn scan(&mut self, nodes: &[NodeId]) {
        let wanted: Vec<NodeId> = nodes
            .iter()
            .copied()
            .filter(|id| self.facts.get(*id).is_some_and(Option::is_none))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let questions =
            Questions { target: &self.target, groups: self.groups, words: self.rules.words() };
        let index = &self.index;
        let read = |id: NodeId| {
            let Some(node) = index.node(id) else { return (Facts::default(), Vec::new()) };
            let facts = node.source.map_or_else(
                // No source is no Python that could be misunderstood.
                || Facts { is_understood: true, ..Facts::default() },
                |entry| read_source(entry, node, &questions),
            );
            let names = extension_names::of(node, index);
            (facts, names)
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let share = wanted.len().div_ceil(threads.max(1)).max(16);
        let found: Vec<(NodeId, (Facts, Vec<NodeId>))> = thread::scope(|scope| {
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
                    Ok(thread) => thread.join().unwrap_or_default(),
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

    /// Follows what a module imports.
    fn follow(&mut self, id: NodeId) {
        let Some(certainty) =
            self.arrivals.get(id).and_then(|arrival| Some(arrival.as_ref()?.certainty))
        else {
            return;
        };
        let Some(facts) = self.facts.get_mut(id).and_then(Option::take) else { return };
        let owner = self.index.node(id).map_or(Owner::Application, |node| node.owner);
        if owner == Owner::Application || !certainty.is_doubt() {
            self.used_words
                .extend(facts.words.iter().filter(|_| owner == Owner::Application).cloned());
        }
        for import in &facts.imports {
            self.follow_import(id, owner, certainty, import);
        }
        for group in &facts.groups {
            self.follow_group(id, owner, group);
        }
        for name in &facts.metadata {
            self.want_metadata(id, name);
        }
        for target in self.extension_names.get(id).cloned().flatten().unwrap_or_default() {
            let is_own = self.index.node(target).is_some_and(|node| node.owner == owner);
            if is_own {
                self.arrive(target, certainty, Cause::Extension { by: id });
            }
        }
        if let Owner::Unit(unit) = owner {
            let has_signs = facts.imports_computed
                || facts.lists_modules
                || !facts.is_understood
                || self.index.node(id).is_some_and(|node| !node.extensions.is_empty());
            let is_whole = self.rules.all_modules(unit).unwrap_or(has_signs);
            if is_whole && has_signs {
                self.take_all_modules(unit, certainty, Cause::Doubt { by: id });
            }
        }
        if let Some(place) = self.facts.get_mut(id) {
            *place = Some(facts);
        }
    }

    fn follow_import(&mut self, from: NodeId, owner: Owner, certainty: Certainty, import: &Import) {
        let place = import.place;
        for (number, name) in import.names().enumerate() {
            let is_member = number > 0;
            // A member may be anything.
            if is_member && !self.index.knows(&name) && self.index.excluded(&name).is_none() {
                self.note_standard(from, &name, is_member, place);
                continue;
            }
            self.follow_name(from, owner, certainty, import, &name, is_member);
        }
        if import.has_star {
            self.follow_star(from, owner, certainty, import);
        }
    }

    /// `from package import *` imports the modules that `__all__` of the package names.
    fn follow_star(&mut self, from: NodeId, owner: Owner, certainty: Certainty, import: &Import) {
        let Some(package) = self.index.module(&import.module, Some(owner)) else { return };
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

    fn follow_name(
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
        let targets =
            if place == Place::Text && !is_known { self.by_text(from, name) } else { targets };
        if targets.is_empty() {
            if place == Place::Text {
                return;
            }
            let first = first_part(name);
            if self.is_standard(first) {
                self.note_standard(from, name, is_member, place);
            } else if !self.index.owners(first).is_empty() {
                let is_certain = owner == Owner::Application
                    || place == Place::Top && certainty == Certainty::Needed;
                if is_certain && !self.index.knows(first) {
                    let cause =
                        Cause::Import { by: from, name: name.to_owned(), line: import.line };
                    for unit in self.index.owners(first).to_vec() {
                        self.choose(unit, Certainty::Needed, cause.clone());
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
    fn lead_to(
        &mut self,
        from: NodeId,
        owner: Owner,
        certainty: Certainty,
        place: Place,
        targets: Vec<NodeId>,
        cause: Cause,
        is_plug_in: bool,
    ) {
        let mut of_units: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
        for id in targets {
            let Some(node) = self.index.node(id) else { continue };
            match node.owner {
                // The application is there whoever asks.
                Owner::Application => {}
                Owner::Unit(unit) if owner == Owner::Unit(unit) => {
                    // It is packed; whether it is ever executed is another question.
                    let certainty =
                        if place == Place::Top { certainty } else { certainty.doubted() };
                    self.arrive(id, certainty, cause.clone());
                }
                Owner::Unit(unit) => of_units.entry(unit).or_default().push(id),
            }
        }
        for (unit, targets) in of_units {
            let Owner::Unit(by) = owner else {
                for id in targets {
                    self.arrive(id, Certainty::Needed, cause.clone());
                }
                continue;
            };
            let is_required = self.requires(by, unit) && place != Place::Text && !is_plug_in;
            let name = match &cause {
                Cause::Import { name, .. } => name.as_str(),
                _other => "",
            };
            if !is_required && self.rules.leaves(by, name, &self.used_words) {
                self.leave_out(from, unit, &cause, "a rule leaves it");
                continue;
            }
            let is_certain =
                is_required || place == Place::Top && !certainty.is_doubt() && !is_plug_in;
            if is_certain {
                for id in targets {
                    self.arrive(id, certainty.undoubted(), cause.clone());
                }
                continue;
            }
            self.put_off.push(PutOff { from, unit, targets, cause: cause.clone(), is_plug_in });
        }
    }

    fn requires(&self, unit: usize, other: usize) -> bool {
        match (self.units.get(unit), self.units.get(other)) {
            (Some(unit), Some(other)) => {
                other.metadata.is_some() && unit.requires.contains(&other.normalized)
                    || is_editable_pair(unit, other)
                    || is_editable_pair(other, unit)
            }
            _gone => false,
        }
    }

    fn follow_group(&mut self, from: NodeId, owner: Owner, group: &str) {
        if let Owner::Unit(unit) = owner
            && self.rules.leaves_group(unit, group, &self.used_words)
        {
            return;
        }
        let certainty = match self.arrivals.get(from) {
            Some(Some(arrival)) => arrival.certainty,
            _unreached => return,
        };
        for (number, unit) in self.units.iter().enumerate() {
            let Some(modules) = unit.plugs_into.get(group) else { continue };
            if self.rules.is_for_developers(&unit.normalized) && owner != Owner::Unit(number) {
                continue;
            }
            let cause = Cause::PlugIn { by: from, group: group.to_owned() };
            let mut targets = Vec::new();
            for name in modules {
                targets.extend(self.index.executed(name, Owner::Unit(number)).0);
            }
            targets.retain(|id| {
                self.index.node(*id).is_some_and(|node| node.owner == Owner::Unit(number))
            });
            if targets.is_empty() {
                // Its modules are named in no way that can be followed.
                targets.extend(self.index.of_unit(number).first());
            }
            self.lead_to(from, owner, certainty, Place::Function, targets, cause, true);
        }
    }

    fn want_metadata(&mut self, from: NodeId, name: &str) {
        let wanted = normalize(name);
        let found =
            self.units.iter().position(|unit| unit.metadata.is_some() && unit.normalized == wanted);
        if let Some(unit) = found.filter(|unit| !self.excluded_units.contains(unit)) {
            self.metadata.insert(unit);
            if let Some(unit) = self.units.get(unit)
                && let Some(node) = self.index.node(from)
            {
                let how = self.how(&Cause::Metadata { by: from });
                self.result.trace.distribution(&unit.normalized, node.name, how);
            }
        }
    }

    /// Takes the requirements that nothing imports, and leaves those that only unreached modules do.
    fn follow_requirements(&mut self, unit: usize) {
        let Some(found) = self.units.get(unit) else { return };
        let certainty =
            self.chosen.get(&unit).map_or(Certainty::Needed, |(certainty, _)| *certainty);
        let beside: Vec<String> = self.rules.beside(unit).collect();
        let mut explained: Option<BTreeSet<usize>> = None;
        for number in 0..self.units.len() {
            let Some(other) = self.units.get(number) else { continue };
            let is_beside = other.metadata.is_some() && beside.contains(&other.normalized);
            let is_pair = is_editable_pair(found, other) || is_editable_pair(other, found);
            if self.chosen.contains_key(&number)
                || number == unit
                || !is_beside && !self.requires(unit, number)
            {
                continue;
            }
            self.metadata.insert(number);
            let has_modules = !self.index.of_unit(number).is_empty();
            if has_modules && !is_beside && !is_pair {
                let explained = explained.get_or_insert_with(|| self.imported_by_any_module(unit));
                if explained.contains(&number) || self.rules.is_for_developers(&other.normalized) {
                    continue;
                }
            }
            let cause = Cause::Required { by: unit };
            self.choose(number, certainty.undoubted(), cause.clone());
            self.take_all_modules(number, certainty, cause);
        }
    }

    /// The other units that modules of a unit import, whether anything reaches these modules or not.
    fn imported_by_any_module(&mut self, unit: usize) -> BTreeSet<usize> {
        let ids: Vec<NodeId> = self.index.of_unit(unit).to_vec();
        self.scan(&ids);
        let facts = ids.iter().filter_map(|id| self.facts.get(*id)?.as_ref());
        let imports =
            facts.flat_map(|facts| &facts.imports).filter(|import| import.place != Place::Text);
        let mut found = BTreeSet::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for import in imports {
            if !seen.insert(&import.module) {
                continue;
            }
            let (targets, _) = self.index.executed(&import.module, Owner::Unit(unit));
            found.extend(targets.into_iter().filter_map(|id| match self.index.node(id)?.owner {
                Owner::Unit(other) => Some(other),
                Owner::Application => None,
            }));
        }
        found
    }

    /// Follows the optional imports of what is needed, now that all of that is known.
    fn follow_put_off(&mut self) {
        let wanted = self.wanted();
        let put_off = std::mem::take(&mut self.put_off);
        for PutOff { from, unit, targets, cause, is_plug_in } in put_off {
            if self.chosen.get(&unit).is_some_and(|(certainty, _)| certainty.is_firm()) {
                // It is there anyway; the module itself may be another one.
                for id in targets {
                    self.arrive(id, Certainty::Optional, cause.clone());
                }
                continue;
            }
            let Some(found) = self.units.get(unit) else { continue };
            let owner = self.index.node(from).map(|node| node.owner);
            let name = match &cause {
                Cause::Import { name, .. } => name.clone(),
                _other => String::new(),
            };
            let is_left = match owner {
                Some(Owner::Unit(by)) => self.rules.leaves(by, &name, &self.used_words),
                Some(Owner::Application) | None => false,
            };
            if is_left {
                self.leave_out(from, unit, &cause, "a rule leaves it");
            } else if self.rules.is_for_developers(&found.normalized) {
                self.leave_out(from, unit, &cause, "only developers use it");
            } else if !is_plug_in && !wanted.contains(&unit) {
                self.leave_out(from, unit, &cause, "it was installed for something else");
            } else {
                for id in targets {
                    self.arrive(id, Certainty::Optional, cause.clone());
                }
            }
        }
        self.settle();
        let rest = std::mem::take(&mut self.put_off);
        for PutOff { from, unit, cause, .. } in rest {
            if !self.chosen.contains_key(&unit) {
                self.leave_out(from, unit, &cause, "what imports it is optional itself");
            }
        }
    }

    /// The units that were installed for their own sake, or for what is needed.
    fn wanted(&self) -> BTreeSet<usize> {
        let mut required: BTreeSet<&str> = BTreeSet::new();
        for unit in self.units {
            required.extend(
                unit.requires.iter().map(String::as_str).filter(|name| *name != unit.normalized),
            );
        }
        let is_own = |unit: &Unit| !required.contains(unit.normalized.as_str());
        let mut wanted: BTreeSet<usize> = self
            .units
            .iter()
            .enumerate()
            .filter(|(_, unit)| is_own(unit))
            .map(|(at, _)| at)
            .collect();
        let mut waiting: Vec<usize> = self.chosen.keys().copied().collect();
        let mut seen: BTreeSet<usize> = waiting.iter().copied().collect();
        while let Some(unit) = waiting.pop() {
            wanted.insert(unit);
            for other in 0..self.units.len() {
                if self.requires(unit, other) && seen.insert(other) {
                    waiting.push(other);
                }
            }
        }
        wanted
    }

    fn is_standard(&mut self, first: &str) -> bool {
        let request = self.request;
        *self.is_standard.entry(first.to_owned()).or_insert_with(|| {
            super::builder::is_standard(request, first)
                || request.python.builtin_modules.iter().any(|name| name == first)
                || request.python.standard_names.iter().any(|name| name == first)
        })
    }

    fn note_standard(&mut self, from: NodeId, name: &str, is_member: bool, place: Place) {
        if place == Place::Text && is_member || !self.is_standard(first_part(name)) {
            return;
        }
        let path = self.index.node(from).map_or("", |node| node.path());
        self.result.standard.entry(name.to_owned()).or_insert_with(|| path.to_owned());
    }

    fn note_missing(&mut self, from: NodeId, name: &str, import: &Import) {
        let Some(node) = self.index.node(from) else { return };
        let is_doubt =
            matches!(self.arrivals.get(from), Some(Some(arrival)) if arrival.certainty.is_doubt());
        let is_optional = import.place.is_optional() || is_doubt;
        self.missing.insert((name.to_owned(), node.path().to_owned(), import.line, is_optional));
    }

    fn note_excluded(&mut self, from: NodeId, pattern: usize, name: &str, import: &Import) {
        let Some(node) = self.index.node(from) else { return };
        if import.place == Place::Top && node.name != name {
            let file = node.path().to_owned();
            let known = |warning: &Warning| matches!(warning, Warning::ExcludedNeeded { pattern: known, .. } if *known == pattern.to_string());
            if !self.result.warnings.iter().any(known) {
                self.result.warnings.push(Warning::ExcludedNeeded {
                    // Its text is put in when all is known.
                    pattern: pattern.to_string(),
                    import: name.to_owned(),
                    file,
                    line: import.line,
                });
            }
        }
    }

    /// Puts the texts of patterns into the warnings that name them by number.
    fn warn_of_excluded(&mut self, exclude: &[Pattern]) {
        for warning in &mut self.result.warnings {
            if let Warning::ExcludedNeeded { pattern, .. } = warning
                && let Some(found) = pattern.parse().ok().and_then(|at: usize| exclude.get(at))
            {
                found.text().clone_into(pattern);
            }
        }
    }

    fn leave_out(&mut self, from: NodeId, unit: usize, cause: &Cause, why: &'static str) {
        let (Some(node), Some(unit)) = (self.index.node(from), self.units.get(unit)) else {
            return;
        };
        let (import, line) = match cause {
            Cause::Import { name, line, .. } => (name.clone(), *line),
            Cause::PlugIn { group, .. } => (group.clone(), 0),
            _other => (String::new(), 0),
        };
        let known = |left: &LeftOut| left.distribution == unit.name;
        if !self.result.left_out.iter().any(known) {
            self.result.left_out.push(LeftOut {
                distribution: unit.name.clone(),
                import,
                file: node.path().to_owned(),
                line,
                why,
            });
        }
    }

    /// An error when a needed package is served by an import hook of its editable installation: its files are not known.
    fn check_editable(&self) -> Result<(), BundleError> {
        for unit in self.chosen.keys().filter_map(|unit| self.units.get(*unit)) {
            let Some(location) = &unit.editable else { continue };
            let has_modules =
                unit.entries.iter().any(|entry| entry.module().is_some() && !is_finder(entry))
                    || self.chosen.keys().any(|other| {
                        self.units.get(*other).is_some_and(|other| is_editable_pair(unit, other))
                    });
            if !has_modules {
                return Err(BundleError::Editable {
                    name: unit.name.clone(),
                    location: location.clone(),
                });
            }
        }
        Ok(())
    }

    fn how(&self, cause: &Cause) -> String {
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

    fn reason(&self, cause: &Cause) -> Reason {
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

    fn finish(mut self, exclude: &[Pattern]) -> Reached {
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
    fn keep_files(&mut self, exclude: &[Pattern]) {
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
                            && !super::developers::is_tool(&entry.path)
                    }
                    None => {
                        let is_metadata =
                            found.metadata.as_deref().is_some_and(|metadata| top == metadata);
                        is_metadata
                            || !super::developers::is_left_out(&entry.path)
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
    fn collect_scanned(&mut self) {
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

/// A module that uses one of these at its top level may have names that its code does not show.
const MAKERS_OF_NAMES: &[&str] = &["__getattr__", "globals", "locals", "vars", "setattr", "exec"];

fn read_source(entry: &Entry, node: &Node<'_>, questions: &Questions<'_>) -> Facts {
    // A file that cannot be read is an error when it is packed, which names it.
    let Ok(text) = fs::read(&entry.location) else { return Facts::default() };
    let mut facts = source::read(&text, node.name, node.is_package, questions);
    if facts.attaches_stub
        && let Ok(stub) = fs::read(entry.location.with_extension("pyi"))
    {
        let stub = source::read(&stub, node.name, node.is_package, questions);
        facts.imports.extend(
            stub.imports.into_iter().map(|import| Import { place: Place::Function, ..import }),
        );
    }
    facts
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
