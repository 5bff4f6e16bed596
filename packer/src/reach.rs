//! The modules that an application reaches, found by following imports from it.
//!
//! All modules of the application are reached, and those that its settings name. From there on an import leads to a module,
//! and a module to its distribution. An import that its module needs (at the top level, or of something that its
//! distribution requires) is followed. An optional one (in a function, under `try`) of another distribution is put off until
//! all that is needed is known; then it is followed if that distribution was installed for its own sake, or because of what
//! is needed, or if it stands in a function without `try`, and an extra of its own distribution asks for the other one.
//! Modules reached in this way bring nothing optional again.
//!
//! A distribution whose modules are found while the program runs (by computed names, by looking into folders, by extension
//! modules) has all of them packed but those of developers. A module in doubt stays, and brings no other distribution that
//! its own does not require.
//!
//! A requirement that only modules import which nothing reaches goes. One that nothing imports at all stays: nobody can see
//! what it is for.

mod extension_names;
mod follow;
mod index;
mod notes;
mod outcome;
mod settle;
mod trace;
mod whole;

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use extension_names::{ExtensionNames, NameFinder};
use index::{Index, NodeId};

use super::distribution::Distribution;
use super::packer::ScannedModule;
use super::pattern::Pattern;
use super::rules::Rules;
use super::source::{Facts, TargetSystem};
use super::standard_needs::{StandardModules, StandardNeeds};
use super::tree::{Entry, first_part};
use super::{BundleError, BundleRequest, LeftOut, Missing, Reason, StandardLibraryPart, Warning};

pub(super) use super::owner::Owner;
pub use trace::{Step, Trace};

/// The certainty that something is needed; more is surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    /// A module in an optional part that may be never executed.
    OptionalDoubt,
    /// An optional import names it.
    Optional,
    /// A module in a needed part that may be never executed.
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

/// The first reason why something was reached.
#[derive(Clone, Debug)]
enum Cause {
    /// The application has it, or its settings name it.
    Beginning(String),
    Included(String),
    Import {
        by: NodeId,
        name: String,
        line: u32,
    },
    /// A text in an extension module, or a name that stands for the module.
    Extension {
        by: NodeId,
    },
    /// This module finds it while the program runs.
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
        distribution: usize,
    },
    /// Every application gets it.
    Always,
}

#[derive(Clone, Debug)]
struct Arrival {
    certainty: Certainty,
    cause: Cause,
}

/// An optional import of another distribution's module.
#[derive(Clone, Debug)]
struct DeferredImport {
    from: NodeId,
    distribution: usize,
    targets: Vec<NodeId>,
    cause: Cause,
    /// Whether its being installed is enough.
    is_plug_in: bool,
    /// Whether a needed module does not expect that it is absent, and says so in an extra.
    is_offered: bool,
}

/// The result of a search.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// The packed distributions, by their numbers, with the reason for each.
    pub(super) distributions: BTreeMap<usize, Reason>,
    /// The distributions whose C code opens their files.
    pub(super) real_files: BTreeSet<usize>,
    /// Extension modules at the top that the C code of a distribution opens by their `__file__`.
    pub(super) real_modules: BTreeMap<String, usize>,
    /// The distributions of which the metadata alone is wanted.
    pub(super) metadata: BTreeSet<usize>,
    /// The paths of their files that are packed.
    pub(super) paths: HashSet<String>,
    pub(super) scanned: Vec<ScannedModule>,
    pub(super) missing: Vec<Missing>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) trace: Trace,
    pub(super) warnings: Vec<Warning>,
    /// The part of the standard library that is packed.
    pub(super) standard: StandardLibraryPart,
    /// The names of its modules, if not all are.
    pub(super) standard_names: HashSet<String>,
    /// Names of shared libraries that code opens, each with the file that does.
    pub(super) libraries: BTreeMap<String, String>,
}

struct Search<'e, 'r> {
    request: &'r BundleRequest<'r>,
    distributions: &'e [Distribution],
    standard: &'e StandardModules<'e>,
    needs: StandardNeeds,
    /// Modules that are run as programs.
    run: &'e BTreeSet<String>,
    rules: Rules,
    /// A sign that the program may run code that nobody has seen: the file, the line and the sign.
    unseen: Option<(String, u32, &'static str)>,
    index: Index<'e>,
    target: TargetSystem,
    groups: &'r BTreeSet<String>,
    facts: Vec<Option<Facts>>,
    /// Whether extension modules are reached in which no names can be found: of the application (`true`), and of others.
    opaque_modules: HashSet<bool>,
    finder: NameFinder,
    extension_names: Vec<Option<ExtensionNames>>,
    arrivals: Vec<Option<Arrival>>,
    order: Vec<NodeId>,
    queue: VecDeque<NodeId>,
    /// The distributions that are packed, with how surely, and the first cause.
    chosen: BTreeMap<usize, (Certainty, Cause)>,
    excluded_distributions: BTreeSet<usize>,
    /// Distributions whose requirements have been looked at.
    settled: BTreeSet<usize>,
    all_modules: BTreeSet<usize>,
    /// The parts of such distributions that something reaches or names.
    open_parts: BTreeSet<(usize, String)>,
    put_off: Vec<DeferredImport>,
    used_words: HashSet<String>,
    metadata: BTreeSet<usize>,
    is_standard: BTreeMap<String, bool>,
    result: Reached,
    missing: BTreeSet<(String, String, u32, bool)>,
}

/// Follows the imports from the modules that the request names; `beginnings` are modules that its settings name, and
/// `standard` those of the standard library, if not all of them are packed anyway.
pub(super) fn reach(
    request: &BundleRequest<'_>,
    standard: &StandardModules<'_>,
    beginnings: &BTreeSet<String>,
    include: &[Pattern],
    exclude: &[Pattern],
) -> Result<Reached, BundleError> {
    static NO_GROUPS: BTreeSet<String> = BTreeSet::new();
    let distributions =
        request.environment.map_or(&[][..], |environment| &environment.distributions);
    let rules = Rules::read(distributions, &request.distribution_rules)?;
    let mut is_standard = BTreeMap::new();
    let index =
        Index::new(request.application, &standard.entries, distributions, exclude, |first| {
            *is_standard
                .entry(first.to_owned())
                .or_insert_with(|| super::stdlib::is_standard(request, first))
        });
    let count = index.nodes.len();
    let finder = NameFinder::new(&index);
    let mut search = Search {
        request,
        distributions,
        standard,
        needs: StandardNeeds::read(),
        run: beginnings,
        rules,
        unseen: None,
        index,
        target: TargetSystem::of(request.python),
        groups: request.environment.map_or(&NO_GROUPS, |environment| &environment.plug_in_groups),
        facts: (0..count).map(|_| None).collect(),
        opaque_modules: HashSet::new(),
        finder,
        extension_names: (0..count).map(|_| None).collect(),
        arrivals: (0..count).map(|_| None).collect(),
        order: Vec::new(),
        queue: VecDeque::new(),
        chosen: BTreeMap::new(),
        excluded_distributions: excluded_distributions(distributions, exclude),
        settled: BTreeSet::new(),
        all_modules: BTreeSet::new(),
        open_parts: BTreeSet::new(),
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

/// The distributions that patterns leave out.
fn excluded_distributions(distributions: &[Distribution], exclude: &[Pattern]) -> BTreeSet<usize> {
    let is_excluded = |distribution: &Distribution| {
        // Every pattern is asked, so that each learns whether it names anything.
        let hits = exclude.iter().filter(|pattern| {
            let by_distribution = distribution.metadata.is_some()
                && pattern.matches_distribution(&distribution.normalized);
            let wholly = !distribution.top_level.is_empty()
                && distribution.top_level.iter().all(|name| pattern.matches(name));
            by_distribution || wholly
        });
        hits.count() > 0
    };
    distributions
        .iter()
        .enumerate()
        .filter(|(_, distribution)| is_excluded(distribution))
        .map(|(at, _)| at)
        .collect()
}

impl Search<'_, '_> {
    fn begin(&mut self, beginnings: &BTreeSet<String>, include: &[Pattern]) {
        for id in 0..self.index.nodes.len() {
            let Some(node) = self.index.node(id) else { continue };
            if node.owner == Owner::Application {
                let cause = Cause::Beginning("is a module of the application".to_owned());
                self.arrive(id, Certainty::Needed, cause);
            }
        }
        for id in 0..self.index.nodes.len() {
            let Some(node) = self.index.node(id) else { continue };
            if node.owner != Owner::Standard {
                continue;
            }
            if self.needs.is_core(node.name) {
                self.arrive(id, Certainty::Needed, Cause::Always);
            } else if self.needs.is_value(node.name) {
                self.arrive(id, Certainty::Doubt, Cause::Always);
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

    /// A distribution that declares a name and has no module of it: an editable installation with an import hook.
    fn choose_by_declaration(&mut self, first: &str, name: &str) {
        for distribution in self.index.owners(first).to_vec() {
            let cause = Cause::Beginning(name.to_owned());
            self.choose(distribution, Certainty::Needed, cause);
        }
    }

    /// Takes the parts that `--include` names: everything, a distribution, a module or package.
    fn include(&mut self, pattern: &Pattern) {
        let cause = || Cause::Included(pattern.text().to_owned());
        for id in 0..self.index.nodes.len() {
            let Some(node) = self.index.node(id) else { continue };
            if node.owner == Owner::Standard
                && !pattern.is_everything()
                && pattern.matches(node.name)
            {
                self.arrive(id, Certainty::Needed, cause());
            }
        }
        for (number, distribution) in self.distributions.iter().enumerate() {
            let is_whole = pattern.is_everything()
                || (distribution.metadata.is_some()
                    && pattern.matches_distribution(&distribution.normalized))
                || distribution.top_level.iter().any(|name| pattern.text() == name);
            if is_whole {
                distribution.top_level.iter().for_each(|name| {
                    pattern.matches(name);
                });
                self.choose(number, Certainty::Needed, cause());
            }
            for id in self.index.of_distribution(number).to_vec() {
                let Some(node) = self.index.node(id) else { continue };
                let is_named = !pattern.is_everything() && pattern.matches(node.name);
                let is_wanted = if is_whole { !node.is_tool() } else { is_named };
                if is_wanted {
                    self.arrive(id, Certainty::Needed, cause());
                }
            }
        }
    }

    /// Notes that a module is needed, and the cause.
    fn arrive(&mut self, id: NodeId, certainty: Certainty, cause: Cause) {
        let Some(node) = self.index.node(id) else { return };
        if let Owner::Distribution(distribution) = node.owner
            && self.excluded_distributions.contains(&distribution)
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
        // A module that only its own consequences make surer keeps its cause, or the way to it would be a circle.
        let kept = known.take().map(|known| known.cause);
        let cause = match kept {
            Some(kept) if self.is_by_way_of(&cause, id) => kept,
            Some(_) | None => cause,
        };
        if let Some(known) = self.arrivals.get_mut(id) {
            *known = Some(Arrival { certainty, cause: cause.clone() });
        }
        self.queue.push_back(id);
        if let Owner::Distribution(distribution) = owner {
            self.choose(distribution, certainty, cause);
            self.open_part_of(distribution, id, certainty);
        }
    }

    /// Whether the way from the application to a cause leads through that module, whose own arrival is not looked at.
    fn is_by_way_of(&self, cause: &Cause, id: NodeId) -> bool {
        let mut next = cause;
        for _ in 0..=self.arrivals.len() + self.chosen.len() {
            let found = match next {
                Cause::Import { by, .. }
                | Cause::Extension { by }
                | Cause::Doubt { by }
                | Cause::PlugIn { by, .. }
                | Cause::Metadata { by } => {
                    if *by == id {
                        return true;
                    }
                    let arrival = self.arrivals.get(*by).and_then(Option::as_ref);
                    arrival.map(|arrival| &arrival.cause)
                }
                Cause::Required { by: distribution } | Cause::Rule { distribution } => {
                    self.chosen.get(distribution).map(|(_, cause)| cause)
                }
                Cause::Beginning(_) | Cause::Included(_) | Cause::Always => None,
            };
            let Some(cause) = found else { return false };
            next = cause;
        }
        true
    }

    fn choose(&mut self, distribution: usize, certainty: Certainty, cause: Cause) {
        if self.excluded_distributions.contains(&distribution) {
            return;
        }
        if let Some(known) = self.chosen.get_mut(&distribution) {
            known.0 = known.0.max(certainty);
            return;
        }
        self.chosen.insert(distribution, (certainty, cause));
        let followed: Vec<String> = self.rules.followed(distribution).map(str::to_owned).collect();
        for name in followed {
            let (found, _) = self.index.executed(&name, Owner::Distribution(distribution));
            for id in found {
                self.arrive(id, certainty.undoubted(), Cause::Rule { distribution });
            }
        }
        if self.rules.all_modules(distribution) == Some(true) {
            self.take_all_modules(distribution, certainty, Cause::Rule { distribution });
        }
    }
}

/// The module that setuptools writes for an editable installation.
fn is_finder(entry: &Entry) -> bool {
    entry.path.starts_with("__editable__")
}

/// Whether `source` lies where the editable distribution says that its source is.
fn is_editable_pair(editable: &Distribution, source: &Distribution) -> bool {
    let Some(location) = editable.editable.as_deref().and_then(|url| url.strip_prefix("file://"))
    else {
        return false;
    };
    source.metadata.is_none()
        && source.entries.iter().any(|entry| entry.location.starts_with(location))
}
