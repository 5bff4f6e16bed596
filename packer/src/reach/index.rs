//! All modules that could be packed: the application's, and those of installed distributions.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::distribution::Distribution;
use crate::owner::Owner;
use crate::pattern::Pattern;
use crate::tree::{Entry, EntryKind, first_part};
use crate::{Application, Layout, developers};

pub(super) type NodeId = usize;

/// A module, which may be several files: a source and the extension module that was made of it.
#[derive(Debug)]
pub(super) struct Node<'e> {
    pub(super) name: &'e str,
    pub(super) is_package: bool,
    pub(super) owner: Owner,
    pub(super) source: Option<&'e Entry>,
    pub(super) extensions: Vec<&'e Entry>,
}

impl Node<'_> {
    /// The path that messages name.
    pub(super) fn path(&self) -> &str {
        let entry = self.source.or_else(|| self.extensions.first().copied());
        entry.map_or("", |entry| entry.path.as_str())
    }

    /// Whether only developers run it: it is packed where something reaches it, and never for a mere doubt.
    pub(super) fn is_tool(&self) -> bool {
        matches!(self.owner, Owner::Distribution(_)) && developers::is_tool(self.path())
    }
}

/// The modules, and by which names they are found.
#[derive(Debug, Default)]
pub(super) struct Index<'e> {
    pub(super) nodes: Vec<Node<'e>>,
    by_name: HashMap<&'e str, Vec<NodeId>>,
    /// Packages without a module of their own.
    folders: HashSet<&'e str>,
    /// The first names of modules, and the distributions that have some.
    owners: HashMap<&'e str, Vec<usize>>,
    of_distribution: HashMap<usize, Vec<NodeId>>,
    /// The modules that are left out, with the pattern that does it.
    excluded: HashMap<&'e str, usize>,
}

impl<'e> Index<'e> {
    /// `standard` are those of the standard library that imports are followed to. `is_hidden` tells which first names it has:
    /// installed modules cannot replace it.
    pub(super) fn new(
        application: Option<&'e Application>,
        standard: &'e [Entry],
        distributions: &'e [Distribution],
        exclude: &[Pattern],
        mut is_hidden: impl FnMut(&str) -> bool,
    ) -> Self {
        let mut index = Self::default();
        let mut own_names: BTreeSet<&str> = BTreeSet::new();
        if let Some(application) = application {
            for entry in &application.entries {
                index.add(Owner::Application, entry, exclude);
                let Some(module) = entry.module().filter(|module| !module.name.contains('.'))
                else {
                    continue;
                };
                // A script may be called as a module of the standard library is, which then is what imports mean.
                if *application.layout() == Layout::Script && is_hidden(&module.name) {
                    index.by_name.remove(module.name.as_str());
                } else {
                    own_names.insert(&module.name);
                }
            }
        }
        for entry in standard {
            if entry.top_level().is_some_and(|first| !own_names.contains(first)) {
                index.add(Owner::Standard, entry, exclude);
            }
        }
        for (number, distribution) in distributions.iter().enumerate() {
            let mut hidden: HashMap<&str, bool> = HashMap::new();
            let mut is_free = |first: &'e str| {
                !*hidden
                    .entry(first)
                    .or_insert_with(|| own_names.contains(first) || is_hidden(first))
            };
            for first in &distribution.top_level {
                if is_free(first) {
                    index.owners.entry(first).or_default().push(number);
                }
            }
            for entry in &distribution.entries {
                if let Some(module) = entry.module()
                    && is_free(first_part(&module.name))
                {
                    index.add(Owner::Distribution(number), entry, exclude);
                }
            }
        }
        index
    }

    fn add(&mut self, owner: Owner, entry: &'e Entry, exclude: &[Pattern]) {
        let Some(module) = entry.module() else { return };
        let name = module.name.as_str();
        // Every pattern is asked, so that each learns whether it names anything.
        let hits = exclude.iter().enumerate().filter(|(_, pattern)| pattern.matches(name));
        if let Some((pattern, _)) = hits.last() {
            self.excluded.insert(name, pattern);
            return;
        }
        for (at, _) in name.match_indices('.') {
            self.folders.extend(name.get(..at));
        }
        let known = self.by_name.entry(name).or_default();
        let same = known
            .iter()
            .copied()
            .find(|id| self.nodes.get(*id).is_some_and(|node| node.owner == owner));
        let id = same.unwrap_or_else(|| {
            let id = self.nodes.len();
            known.push(id);
            let is_package = module.is_package;
            let (source, extensions) = (None, Vec::new());
            self.nodes.push(Node { name, is_package, owner, source, extensions });
            if let Owner::Distribution(distribution) = owner {
                self.of_distribution.entry(distribution).or_default().push(id);
            }
            id
        });
        let Some(node) = self.nodes.get_mut(id) else { return };
        match entry.kind {
            EntryKind::Extension(_) => node.extensions.push(entry),
            // A package comes before a module of its name.
            EntryKind::Source(_) if node.source.is_none() || module.is_package => {
                node.source = Some(entry);
                node.is_package = module.is_package;
            }
            EntryKind::Source(_) | EntryKind::Data => {}
        }
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node<'e>> {
        self.nodes.get(id)
    }

    /// The modules of a distribution.
    pub(super) fn of_distribution(&self, distribution: usize) -> &[NodeId] {
        self.of_distribution.get(&distribution).map_or(&[], Vec::as_slice)
    }

    /// The standard library's module of a name.
    pub(super) fn standard(&self, name: &str) -> Option<NodeId> {
        self.module(name, None)
            .filter(|id| self.node(*id).is_some_and(|node| node.owner == Owner::Standard))
    }

    /// The distributions that have modules of a first name.
    pub(super) fn owners(&self, first: &str) -> &[usize] {
        self.owners.get(first).map_or(&[], Vec::as_slice)
    }

    /// Whether a name is known: as a module, or as a package without one.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.folders.contains(name)
    }

    /// The pattern that leaves a module out, or a package above it.
    pub(super) fn excluded(&self, name: &str) -> Option<usize> {
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        ends.filter_map(|end| name.get(..end)).find_map(|name| self.excluded.get(name).copied())
    }

    /// The module of a name; of several, the given owner's own.
    pub(super) fn module(&self, name: &str, preferred: Option<Owner>) -> Option<NodeId> {
        let known = self.by_name.get(name)?;
        let own = known
            .iter()
            .copied()
            .find(|id| self.nodes.get(*id).is_some_and(|node| Some(node.owner) == preferred));
        own.or_else(|| known.first().copied())
    }

    /// All modules that an import of a name executes, the outermost first, and whether the name itself is among them.
    pub(super) fn executed(&self, name: &str, importer: Owner) -> (Vec<NodeId>, bool) {
        let ends = name.match_indices('.').map(|(at, _)| at).chain([name.len()]);
        let names: Vec<&str> = ends.filter_map(|end| name.get(..end)).collect();
        // Parts of a namespace package may lie in several distributions: those above the module are of its own, if it has them.
        let deepest = names.iter().rev().find_map(|name| self.module(name, Some(importer)));
        let preferred = deepest.and_then(|id| self.node(id)).map(|node| node.owner);
        let found = names.iter().filter_map(|name| self.module(name, preferred)).collect();
        (found, self.knows(name))
    }
}
