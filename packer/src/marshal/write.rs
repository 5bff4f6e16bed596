//! Writes the graph: the same graph gives the same bytes.

use std::collections::HashMap;

use super::{FLAG_REF, Id, Node};

/// An object's bytes with references to the objects that occur in it more than once.
pub(super) fn shared(nodes: &[Node<'_>], root: Id) -> Vec<u8> {
    let mut uses = vec![0usize; nodes.len()];
    for node in nodes {
        for_each_part(node, |part| {
            if let Some(uses) = uses.get_mut(part) {
                *uses += 1;
            }
        });
    }
    let mut writer = Writer { nodes, uses: Some(&uses), numbers: HashMap::new(), out: Vec::new() };
    writer.object(root);
    writer.out
}

/// An object's bytes without any references: a key that depends on its value alone.
pub(super) fn plain(nodes: &[Node<'_>], root: Id) -> Vec<u8> {
    let mut writer = Writer { nodes, uses: None, numbers: HashMap::new(), out: Vec::new() };
    writer.object(root);
    writer.out
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
    /// The number of uses of each node; without it nothing is written as a reference.
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
