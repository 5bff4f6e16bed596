//! The roles of files: of several files of one name, one is the module.

use std::collections::BTreeMap;

use importer_core::Writer;

use super::Origin;
use super::item::Item;
use super::tree::{EntryKind, ModuleName};

/// The role of a file in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Source,
    Extension,
    Data,
    /// The source of an extension module (Cython, mypyc), beside it and of the same name. The extension module wins; the
    /// source is packed as data, and tells its imports.
    ExtensionSource,
}

/// The rank of a file among those of its name; the smallest wins.
type Rank = (Origin, bool, usize);

/// Decides which file is which module, in the order of Python's own file finder: a package before a module, an
/// extension before source, and extensions by their suffix.
pub(super) fn roles(items: &[Item], writer: &Writer, suffixes: &[String]) -> Vec<Role> {
    let mut best: BTreeMap<&str, (Rank, usize)> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let Some(module) = item.entry.module() else { continue };
        if writer.contains_module(&module.name) {
            continue;
        }
        let rank = rank(item, module, suffixes);
        let known = best.entry(&module.name).or_insert((rank, index));
        if rank < known.0 {
            *known = (rank, index);
        }
    }
    let role = |(index, item): (usize, &Item)| {
        let winner = item.entry.module().and_then(|module| best.get(module.name.as_str()));
        match (&item.entry.kind, winner) {
            (EntryKind::Source(_), Some((_, winner))) if *winner == index => Role::Source,
            (EntryKind::Extension(_), Some((_, winner))) if *winner == index => Role::Extension,
            (EntryKind::Source(_), Some((_, winner)))
                if items
                    .get(*winner)
                    .is_some_and(|winner| matches!(winner.entry.kind, EntryKind::Extension(_))) =>
            {
                Role::ExtensionSource
            }
            (EntryKind::Source(_) | EntryKind::Extension(_) | EntryKind::Data, _) => Role::Data,
        }
    };
    items.iter().enumerate().map(role).collect()
}

fn rank(item: &Item, module: &ModuleName, suffixes: &[String]) -> Rank {
    let by_suffix = suffixes.iter().position(|suffix| item.entry.path.ends_with(suffix.as_str()));
    (item.origin, !module.is_package, by_suffix.unwrap_or(suffixes.len()))
}
