//! Puts marshalled code into one canonical form.
//!
//! The output of `marshal.dumps` depends on more than the source: an object gets a reference number when its count of
//! owners is not one, which depends on what else the process has interned; constants of one character are marked as
//! interned when anything interned them before; the order of a `frozenset` may follow addresses. So two builds of the same
//! module differ by which worker compiled it, and after what. Here the bytes are read into a graph in which equal
//! constants are one node, and are written again: a reference number for exactly those nodes that occur more than
//! once. The same source gives the same bytes (two in a hundred fewer than Python's), which Python reads as fast.
//!
//! Only objects that code objects of CPython 3.9 to 3.15 hold are understood. Anything else is `None`, and the caller keeps
//! the bytes as they are.

mod read;
mod write;

use std::borrow::Cow;

/// Marks an object to which references may follow.
const FLAG_REF: u8 = 0x80;

pub(super) type Id = usize;

/// One object of the graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node<'a> {
    /// Something without parts: its type byte and its bytes, as written.
    Leaf(Cow<'a, [u8]>),
    /// A tuple, or (by its type byte) a slice.
    Sequence(u8, Vec<Id>),
    /// A `frozenset`, its members in canonical order.
    FrozenSet(Vec<Id>),
    /// A code object. The number keeps two of them apart although all their parts are equal.
    Code(usize, Code<'a>),
}

/// A code object's parts in the order of the format: numbers, objects, the first line, objects.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Code<'a> {
    numbers: &'a [u8],
    /// Code, constants and names, and then the fields that differ between versions.
    objects: Vec<Id>,
    first_line: &'a [u8],
    tail: Vec<Id>,
}

/// A marshalled code object, taken apart.
#[derive(Debug)]
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) root: Id,
}

impl<'a> Graph<'a> {
    /// Reads the output of `marshal.dumps(code)` of this Python.
    pub(super) fn parse(bytes: &'a [u8], minor: u8) -> Option<Self> {
        read::parse(bytes, minor)
    }

    /// The canonical bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        write::shared(&self.nodes, self.root)
    }
}
