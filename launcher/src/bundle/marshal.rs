//! Puts marshalled code into one canonical form, and lets the import scan look inside.
//!
//! What `marshal.dumps` writes depends on more than the source: an object gets a reference number when its count of
//! owners is not one, which depends on what else the process has interned; constants of one character are marked as
//! interned when anything interned them before; the order of a `frozenset` may follow addresses. So two builds of the same
//! module differ by which worker compiled it, and after what. Here the bytes are read into a graph in which equal
//! constants are one node, and are written again: a reference number for exactly those nodes that occur more than
//! once. The same source gives the same bytes, a little fewer of them, and Python reads them a little faster.
//!
//! Only what code objects of CPython 3.9 to 3.15 hold is understood. Anything else is `None`, and the caller keeps
//! the bytes as they are.

use std::borrow::Cow;
use std::collections::HashMap;

/// Python's own limit for nesting when it reads marshalled data.
const MAX_DEPTH: usize = 2000;
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
    /// Code, constants, names and then what differs between versions.
    objects: Vec<Id>,
    first_line: &'a [u8],
    tail: Vec<Id>,
}

impl Code<'_> {
    pub(super) fn bytecode(&self) -> Option<Id> {
        self.objects.first().copied()
    }

    pub(super) fn constants(&self) -> Option<Id> {
        self.objects.get(1).copied()
    }

    pub(super) fn names(&self) -> Option<Id> {
        self.objects.get(2).copied()
    }
}

/// A marshalled code object, taken apart.
#[derive(Debug)]
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) root: Id,
}

impl<'a> Graph<'a> {
    /// Reads what `marshal.dumps(code)` of this Python wrote.
    pub(super) fn parse(bytes: &'a [u8], minor: u8) -> Option<Self> {
        let mut parser = Parser {
            bytes,
            minor,
            nodes: Vec::new(),
            known: HashMap::new(),
            references: Vec::new(),
            codes: 0,
        };
        let root = parser.object(0)?;
        parser.bytes.is_empty().then_some(Self { nodes: parser.nodes, root })
    }

    /// All code objects: the module's, its functions', theirs.
    pub(super) fn codes(&self) -> impl Iterator<Item = &Code<'a>> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Code(_, code) => Some(code),
            Node::Leaf(_) | Node::Sequence(..) | Node::FrozenSet(_) => None,
        })
    }

    /// The module's own code object.
    pub(super) fn root_code(&self) -> Option<&Code<'a>> {
        match self.nodes.get(self.root)? {
            Node::Code(_, code) => Some(code),
            Node::Leaf(_) | Node::Sequence(..) | Node::FrozenSet(_) => None,
        }
    }

    /// The members of a tuple.
    pub(super) fn tuple(&self, id: Id) -> Option<&[Id]> {
        match self.nodes.get(id)? {
            Node::Sequence(b'(', items) => Some(items),
            Node::Leaf(_) | Node::Sequence(..) | Node::FrozenSet(_) | Node::Code(..) => None,
        }
    }

    /// A string's text (every string that can be a module's name).
    pub(super) fn text(&self, id: Id) -> Option<&str> {
        let (&tag, rest) = self.leaf(id)?.split_first()?;
        let start = match tag {
            b'z' | b'Z' => 1,
            b'a' | b'A' | b't' | b'u' => 4,
            _other_object => return None,
        };
        std::str::from_utf8(rest.get(start..)?).ok()
    }

    /// The contents of a `bytes` object.
    pub(super) fn byte_string(&self, id: Id) -> Option<&[u8]> {
        let (&tag, rest) = self.leaf(id)?.split_first()?;
        if tag == b's' { rest.get(4..) } else { None }
    }

    /// A small number.
    pub(super) fn integer(&self, id: Id) -> Option<i32> {
        let (&tag, rest) = self.leaf(id)?.split_first()?;
        if tag == b'i' { Some(i32::from_le_bytes(rest.try_into().ok()?)) } else { None }
    }

    fn leaf(&self, id: Id) -> Option<&[u8]> {
        match self.nodes.get(id)? {
            Node::Leaf(bytes) => Some(bytes),
            Node::Sequence(..) | Node::FrozenSet(_) | Node::Code(..) => None,
        }
    }

    /// The canonical bytes.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut uses = vec![0usize; self.nodes.len()];
        for node in &self.nodes {
            for_each_part(node, |part| uses[part] += 1);
        }
        let mut writer = Writer {
            nodes: &self.nodes,
            uses: Some(&uses),
            numbers: HashMap::new(),
            out: Vec::new(),
        };
        writer.object(self.root);
        writer.out
    }
}

fn for_each_part(node: &Node<'_>, mut visit: impl FnMut(Id)) {
    match node {
        Node::Leaf(_) => {}
        Node::Sequence(_, items) | Node::FrozenSet(items) => items.iter().copied().for_each(visit),
        Node::Code(_, code) => code.objects.iter().chain(&code.tail).copied().for_each(&mut visit),
    }
}

struct Writer<'g, 'a> {
    nodes: &'g [Node<'a>],
    /// How often each node occurs; without it nothing is written as a reference.
    uses: Option<&'g [usize]>,
    numbers: HashMap<Id, u32>,
    out: Vec<u8>,
}

impl Writer<'_, '_> {
    fn object(&mut self, id: Id) {
        let Some(node) = self.nodes.get(id) else { return };
        let mut flag = 0;
        if self.uses.is_some_and(|uses| uses.get(id).is_some_and(|uses| *uses > 1))
            && is_worth_sharing(node)
        {
            if let Some(number) = self.numbers.get(&id) {
                self.out.push(b'r');
                self.out.extend_from_slice(&number.to_le_bytes());
                return;
            }
            // Python counts references in the order in which flagged objects begin.
            let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            self.numbers.insert(id, number);
            flag = FLAG_REF;
        }
        match node {
            Node::Leaf(bytes) => {
                let start = self.out.len();
                self.out.extend_from_slice(bytes);
                if let Some(tag) = self.out.get_mut(start) {
                    *tag |= flag;
                }
            }
            Node::Sequence(b'(', items) => match u8::try_from(items.len()) {
                Ok(length) => {
                    self.out.extend_from_slice(&[b')' | flag, length]);
                    self.objects(items);
                }
                Err(_) => self.counted(b'(' | flag, items),
            },
            Node::Sequence(tag, items) => {
                self.out.push(tag | flag);
                self.objects(items);
            }
            Node::FrozenSet(items) => self.counted(b'>' | flag, items),
            Node::Code(_, code) => {
                self.out.push(b'c' | flag);
                self.out.extend_from_slice(code.numbers);
                self.objects(&code.objects);
                self.out.extend_from_slice(code.first_line);
                self.objects(&code.tail);
            }
        }
    }

    fn counted(&mut self, tag: u8, items: &[Id]) {
        self.out.push(tag);
        self.out.extend_from_slice(&u32::try_from(items.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.objects(items);
    }

    fn objects(&mut self, items: &[Id]) {
        for &item in items {
            self.object(item);
        }
    }
}

/// Objects of which Python has only one anyway, in fewer bytes than a reference takes.
fn is_worth_sharing(node: &Node<'_>) -> bool {
    match node {
        Node::Leaf(bytes) => match bytes.first() {
            Some(b'i') => !matches!(
                bytes.get(1..5).and_then(|number| number.try_into().ok()).map(i32::from_le_bytes),
                Some(-5..=256)
            ),
            _other_object => bytes.len() > 2,
        },
        Node::Sequence(_, items) => !items.is_empty(),
        Node::FrozenSet(_) | Node::Code(..) => true,
    }
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
                members.sort_by_cached_key(|&member| self.plain(member));
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

    /// An object's bytes without any references: a key that depends on its value alone.
    fn plain(&self, id: Id) -> Vec<u8> {
        let mut writer =
            Writer { nodes: &self.nodes, uses: None, numbers: HashMap::new(), out: Vec::new() };
        writer.object(id);
        writer.out
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
