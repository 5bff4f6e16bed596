//! Names of modules in extension modules: compiled code imports too, and only its texts tell what.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::index::{Index, Node, NodeId};
use crate::owner::Owner;
use crate::standard_needs::{StandardModules, StandardNeeds};

/// The longest name that is looked at.
const LONGEST: usize = 200;

/// Names of the standard library that are longer than this are believed inside of longer texts too.
const SHORT: usize = 4;

/// The names in the texts of a node's extension modules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ExtensionNames {
    /// Modules of the same owner whose names stand there, whole or as a neighbour's; and those of the standard library.
    pub(super) modules: Vec<NodeId>,
    /// Whether texts are kept in a form in which no names can be found.
    pub(super) is_opaque: bool,
}

/// Finds names of the standard library within texts: those of programs in Rust have no ends.
#[derive(Debug)]
pub(super) struct NameFinder {
    long: Option<AhoCorasick>,
    modules: Vec<NodeId>,
}

impl NameFinder {
    pub(super) fn new(index: &Index<'_>) -> Self {
        let names = index.nodes.iter().enumerate().filter(|(_, node)| {
            node.owner == Owner::Standard && node.name.len() > SHORT && !node.name.starts_with('_')
        });
        let (modules, names): (Vec<NodeId>, Vec<&str>) =
            names.map(|(id, node)| (id, node.name)).unzip();
        Self { long: AhoCorasick::new(names).ok(), modules }
    }

    fn find(&self, contents: &[u8], found: &mut BTreeSet<NodeId>) {
        for matched in self.long.iter().flat_map(|long| long.find_overlapping_iter(contents)) {
            found.extend(self.modules.get(matched.pattern().as_usize()));
        }
    }
}

/// Reads the extension modules of a node.
pub(super) fn of(
    node: &Node<'_>,
    index: &Index<'_>,
    finder: &NameFinder,
    standard: &StandardModules<'_>,
    needs: &StandardNeeds,
) -> ExtensionNames {
    let mut found = BTreeSet::new();
    let mut is_opaque = false;
    // A table has the imports of the standard library's extension modules: texts tell more than these.
    if node.owner == Owner::Standard {
        return ExtensionNames::default();
    }
    for entry in &node.extensions {
        // A file that cannot be read is an error when it is packed, which names it.
        let Some(contents) = standard.contents_of(node.owner, entry) else { continue };
        is_opaque |= has_packed_texts(&contents);
        let mut named = BTreeSet::new();
        finder.find(&contents, &mut named);
        let package = node.name.rsplit_once('.').map_or("", |(package, _)| package);
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
        for word in contents.split(|byte| !is_part(byte)) {
            if word.len() < 2 || word.len() > LONGEST {
                continue;
            }
            let Ok(word) = str::from_utf8(word) else { continue };
            let whole = index.module(word, Some(node.owner)).filter(|_| word.contains('.'));
            let neighbour = || {
                // `from . import name` has the name alone.
                let is_name = !package.is_empty() && !word.starts_with('.');
                is_name.then(|| index.module(&format!("{package}.{word}"), Some(node.owner)))?
            };
            named.extend(whole.or_else(neighbour).or_else(|| index.standard(word)));
        }
        found.extend(named.into_iter().filter(|id| {
            let name = index.node(*id).filter(|node| node.owner == Owner::Standard);
            let apart = name.map(|node| node.name).filter(|name| needs.is_apart(name));
            apart.is_none_or(|name| is_whole_text(&contents, name))
        }));
    }
    ExtensionNames { modules: found.into_iter().collect(), is_opaque }
}

/// Whether a text is the name and nothing more, as it is of a module that is imported: `doctest` stands in many documentations.
fn is_whole_text(contents: &[u8], name: &str) -> bool {
    memchr::memmem::find(contents, &[b"\0", name.as_bytes(), b"\0"].concat()).is_some()
}

/// Whether a library was made by a Cython that packs its texts: 3.1 and later, whose types are called `_cython_3_1_2`.
fn has_packed_texts(contents: &[u8]) -> bool {
    const MARK: &[u8] = b"_cython_3_";
    memchr::memmem::find_iter(contents, MARK).any(|at| {
        let minor = contents.get(at + MARK.len()..).expect("the whole mark was found there");
        let digits = minor.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let minor = minor.get(..digits).and_then(|digits| str::from_utf8(digits).ok());
        minor.and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| minor >= 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_texts_are_known_by_the_version() {
        for (contents, is_packed) in [
            (&b"x_cython_3_1_2.generator"[..], true),
            (b"_cython_3_0_11", false),
            (b"_cython_0_29_37", false),
            (b"_cython_3_", false),
            (b"_cython_3_12_0", true),
        ] {
            assert_eq!(has_packed_texts(contents), is_packed, "{contents:?}");
        }
    }
}
