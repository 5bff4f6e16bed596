//! Reads marshalled bytes into a graph in which equal constants are one node.

use std::borrow::Cow;
use std::collections::HashMap;

use super::write::plain;
use super::{Code, FLAG_REF, Graph, Id, Node};

/// Python's own limit for nesting when it reads marshalled data.
const MAX_DEPTH: usize = 2000;

pub(super) fn parse(bytes: &[u8], minor: u8) -> Option<Graph<'_>> {
    let mut parser = Parser {
        bytes,
        minor,
        nodes: Vec::new(),
        known: HashMap::new(),
        references: Vec::new(),
        codes: 0,
    };
    let root = parser.object(0)?;
    parser.bytes.is_empty().then_some(Graph { nodes: parser.nodes, root })
}

struct Parser<'a> {
    bytes: &'a [u8],
    minor: u8,
    nodes: Vec<Node<'a>>,
    known: HashMap<Node<'a>, Id>,
    references: Vec<Option<Id>>,
    codes: usize,
}

impl<'a> Parser<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.take(4)?.try_into().ok()?)).ok()
    }

    fn object(&mut self, depth: usize) -> Option<Id> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = self.bytes;
        let &[tag] = self.take(1)? else { return None };
        let kind = tag & !FLAG_REF;
        if kind == b'r' {
            let number = self.number()?;
            return *self.references.get(number)?;
        }
        // A container's number is taken before its members'.
        let reserved = (tag & FLAG_REF != 0).then(|| {
            self.references.push(None);
            self.references.len() - 1
        });
        let node = match kind {
            b'(' => {
                let length = self.number()?;
                Node::Sequence(b'(', self.objects(length, depth)?)
            }
            b')' => {
                let &[length] = self.take(1)? else { return None };
                Node::Sequence(b'(', self.objects(usize::from(length), depth)?)
            }
            b':' => Node::Sequence(b':', self.objects(3, depth)?),
            b'>' => {
                let length = self.number()?;
                let mut members = self.objects(length, depth)?;
                members.sort_by_cached_key(|&member| plain(&self.nodes, member));
                Node::FrozenSet(members)
            }
            b'c' => {
                self.codes += 1;
                Node::Code(self.codes, self.code(depth)?)
            }
            _leaf => Node::Leaf(self.leaf(kind, start)?),
        };
        let id = self.intern(node);
        if let Some(reserved) = reserved {
            *self.references.get_mut(reserved)? = Some(id);
        }
        Some(id)
    }

    fn objects(&mut self, count: usize, depth: usize) -> Option<Vec<Id>> {
        (0..count).map(|_| self.object(depth + 1)).collect()
    }

    fn code(&mut self, depth: usize) -> Option<Code<'a>> {
        // Up to 3.10: six numbers (the fourth counts local variables); eight objects, the first line, the line table.
        // From 3.11: five numbers; eight objects (with the qualified name), the first line, line and exception table.
        let (numbers, tail) = if self.minor <= 10 { (6, 1) } else { (5, 2) };
        Some(Code {
            numbers: self.take(numbers * 4)?,
            objects: self.objects(8, depth)?,
            first_line: self.take(4)?,
            tail: self.objects(tail, depth)?,
        })
    }

    /// Something without parts. `start` begins at its type byte, which has been taken already.
    fn leaf(&mut self, kind: u8, start: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let contents = match kind {
            b'N' | b'T' | b'F' | b'.' | b'S' => self.take(0)?,
            b'i' => self.take(4)?,
            b'I' | b'g' => self.take(8)?,
            b'y' => self.take(16)?,
            b'z' | b'Z' => {
                let &[length] = self.take(1)? else { return None };
                self.take(usize::from(length))?
            }
            b's' | b't' | b'u' | b'a' | b'A' => {
                let length = self.number()?;
                self.take(length)?
            }
            b'l' => {
                let digits = i32::from_le_bytes(self.take(4)?.try_into().ok()?).unsigned_abs();
                self.take(usize::try_from(digits).ok()?.checked_mul(2)?)?
            }
            _unknown => return None,
        };
        let length = start.len() - self.bytes.len();
        let kind = interned_kind(kind, contents);
        let whole = start.get(..length)?;
        if whole.first() == Some(&kind) {
            return Some(Cow::Borrowed(whole));
        }
        let mut owned = whole.to_vec();
        *owned.first_mut()? = kind;
        Some(Cow::Owned(owned))
    }

    /// The one node that is equal to this, made if it is the first.
    fn intern(&mut self, node: Node<'a>) -> Id {
        if let Some(&id) = self.known.get(&node) {
            return id;
        }
        let id = self.nodes.len();
        self.nodes.push(node.clone());
        self.known.insert(node, id);
        id
    }
}

/// Python has one object for each string of at most one Latin-1 character; whether it is interned depends on what the
/// process did before. They are all written as interned.
fn interned_kind(kind: u8, contents: &[u8]) -> u8 {
    match (kind, contents) {
        (b'z', []) | (b'z', [_]) => b'Z',
        (b'a', []) | (b'a', [_]) => b'A',
        (b'u', []) | (b'u', [0xc2 | 0xc3, _]) => b't',
        _everything_else => kind,
    }
}
