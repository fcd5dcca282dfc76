//! Literals tied to one end of a text, found in one walk from that end.

/// Which end the walk starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Start,
    End,
}

/// A radix tree over literals, read from their start or backwards from their end.
#[derive(Debug)]
pub(super) struct Ends {
    nodes: Vec<Node>,
    /// First byte of each node's label, apart from the nodes so that a search for a child reads few bytes.
    firsts: Vec<u8>,
    labels: Vec<u8>,
    /// Numbers of the literals that end at nodes.
    numbers: Vec<u32>,
    from: From,
}

#[derive(Debug, Default, Clone)]
struct Node {
    label: (u32, u32),
    /// Children lie one after another.
    children: (u32, u32),
    /// Range of `numbers`: literals that end here and may be followed by anything.
    open: (u32, u32),
    /// Range of `numbers`: literals that must be the whole text.
    whole: (u32, u32),
}

/// A literal's bytes from where the walk starts, with what [`Literal`] says.
type Sorted = (Vec<u8>, bool, u32);

/// A literal, whether it must be the whole text, and its number.
pub(super) type Literal<'a> = (&'a str, bool, u32);

impl Ends {
    /// A tree over these literals; `None` when there are none.
    pub fn new(literals: &[Literal<'_>], from: From) -> Option<Ends> {
        if literals.is_empty() {
            return None;
        }
        let bytes = |text: &str| -> Vec<u8> {
            match from {
                From::Start => text.bytes().collect(),
                From::End => text.bytes().rev().collect(),
            }
        };
        let mut sorted: Vec<Sorted> =
            literals.iter().map(|(text, whole, number)| (bytes(text), *whole, *number)).collect();
        sorted.sort();
        let mut tree = Ends {
            nodes: vec![Node::default()],
            firsts: vec![0],
            labels: Vec::new(),
            numbers: Vec::new(),
            from,
        };
        // Node, its literals, and how many bytes of them lie before it.
        let mut todo = vec![(0, &sorted[..], 0)];
        while let Some((node, literals, depth)) = todo.pop() {
            tree.fill(node, literals, depth, &mut todo);
        }
        Some(tree)
    }

    fn fill<'s>(
        &mut self,
        node: usize,
        literals: &'s [Sorted],
        depth: usize,
        todo: &mut Vec<(usize, &'s [Sorted], usize)>,
    ) {
        // The label is what all literals share from here on; the root has none.
        let shared = match (literals.first(), literals.last()) {
            (Some((a, ..)), Some((b, ..))) if node > 0 => {
                depth + a[depth..].iter().zip(&b[depth..]).take_while(|(a, b)| a == b).count()
            }
            _ => depth,
        };
        let label = self.labels.len() as u32;
        if let Some((text, ..)) = literals.first() {
            self.labels.extend(&text[depth..shared]);
        }
        let (ending, longer): (Vec<_>, Vec<_>) =
            (0..literals.len()).partition(|i| literals[*i].0.len() == shared);
        let mut range = |want: bool| {
            let from = self.numbers.len() as u32;
            self.numbers.extend(ending.iter().filter(|i| literals[**i].1 == want).map(|i| literals[*i].2));
            (from, self.numbers.len() as u32)
        };
        let (open, whole) = (range(false), range(true));
        let first_child = self.nodes.len() as u32;
        let mut at = longer.first().copied().unwrap_or(literals.len());
        while at < literals.len() {
            let byte = literals[at].0[shared];
            let many = literals[at..].iter().take_while(|(t, ..)| t[shared] == byte).count();
            todo.push((self.nodes.len(), &literals[at..at + many], shared));
            self.nodes.push(Node::default());
            self.firsts.push(byte);
            at += many;
        }
        self.nodes[node] = Node {
            label: (label, self.labels.len() as u32),
            children: (first_child, self.nodes.len() as u32),
            open,
            whole,
        };
    }

    /// Calls `found` with the number of every literal that fits the text.
    pub fn walk(&self, text: &str, mut found: impl FnMut(u32)) {
        let text = text.as_bytes();
        let (mut node, mut depth) = (&self.nodes[0], 0);
        loop {
            for number in &self.numbers[node.open.0 as usize..node.open.1 as usize] {
                found(*number);
            }
            if depth == text.len() {
                for number in &self.numbers[node.whole.0 as usize..node.whole.1 as usize] {
                    found(*number);
                }
                return;
            }
            let next = match self.from {
                From::Start => text[depth],
                From::End => text[text.len() - 1 - depth],
            };
            let (first, last) = (node.children.0 as usize, node.children.1 as usize);
            let Some(child) = memchr::memchr(next, &self.firsts[first..last]) else { return };
            node = &self.nodes[first + child];
            let label = &self.labels[node.label.0 as usize..node.label.1 as usize];
            let fits = match self.from {
                From::Start => text[depth..].starts_with(label),
                From::End => {
                    let rest = &text[..text.len() - depth];
                    rest.len() >= label.len() && rest.iter().rev().zip(label).all(|(a, b)| a == b)
                }
            };
            if !fits {
                return;
            }
            depth += label.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_comparing_finds(
            literals in prop::collection::vec(("[abé]{0,5}", any::<bool>()), 0..30),
            text in "[abé]{0,7}",
            back: bool,
        ) {
            let from = if back { From::End } else { From::Start };
            let list: Vec<Literal> =
                literals.iter().enumerate().map(|(i, (t, whole))| (t.as_str(), *whole, i as u32)).collect();
            let mut got = Vec::new();
            if let Some(tree) = Ends::new(&list, from) {
                tree.walk(&text, |n| got.push(n));
            }
            got.sort_unstable();
            let fits = |(t, whole, _): &&Literal| match (*whole, from) {
                (true, _) => *t == text,
                (false, From::Start) => text.starts_with(*t),
                (false, From::End) => text.ends_with(*t),
            };
            let want: Vec<u32> = list.iter().filter(fits).map(|l| l.2).collect();
            prop_assert_eq!(got, want);
        }
    }
}
