//! Names of modules in extension modules: compiled code imports too, and only its texts tell what.

use std::collections::BTreeSet;
use std::fs;

use super::index::{Index, Node, NodeId};

/// The longest name that is looked at.
const LONGEST: usize = 200;

/// The modules of the same owner whose names stand in an extension module: whole, or as a neighbour's.
pub(super) fn of(node: &Node<'_>, index: &Index<'_>) -> Vec<NodeId> {
    let mut found = BTreeSet::new();
    for entry in &node.extensions {
        // A file that cannot be read is an error when it is packed, which names it.
        let Ok(contents) = fs::read(&entry.location) else { continue };
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
            found.extend(whole.or_else(neighbour));
        }
    }
    found.into_iter().collect()
}
