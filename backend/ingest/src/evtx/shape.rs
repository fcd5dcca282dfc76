//! Texts of records differ in their values; what stands between the values is the same for all of a kind.
//!
//! What stands between them decides what becomes of each value, so it is learned: a tree whose edges are the
//! text up to a value, with what the value is. A record whose text runs along the tree is read by comparing
//! bytes, with the same result as by walking its JSON; any other is walked, and learned from.

use super::json::Json;
use event::{Name, Value};

/// A value's place in a text and what it becomes.
#[derive(Debug)]
pub(super) struct Step {
    /// Where the value begins; for null behind it, since null is part of what stands between values.
    pub at: usize,
    /// Where it ends.
    pub end: usize,
    pub becomes: Becomes,
}

/// What a value becomes.
#[derive(Debug, Clone)]
pub(super) struct Becomes {
    pub field: Field,
    /// Text is read as a whole number where it is one.
    pub numeric: bool,
    pub null: bool,
}

/// Where a value goes.
#[derive(Debug, Clone)]
pub(super) enum Field {
    New(Name),
    /// Joins the field at this place, which is or becomes a list.
    Joins(usize),
}

/// What all records of one kind have in common.
#[derive(Debug)]
pub(super) struct Layout {
    /// BLAKE3 over the names in their order.
    pub names: [u8; 16],
    pub channel: Option<usize>,
    pub record_id: Option<usize>,
    pub time: Option<usize>,
}

impl Layout {
    /// The layout of these fields.
    pub fn of(fields: &[(Name, Value)]) -> Layout {
        let mut hasher = blake3::Hasher::new();
        for (name, _) in fields {
            hasher.update(&(name.len() as u32).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        let mut names = [0; 16];
        names.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        let place = |name: &str| fields.iter().position(|(n, _)| &**n == name);
        Layout {
            names,
            channel: place("Channel"),
            record_id: place("EventRecordID"),
            time: place("TimeCreated"),
        }
    }
}

#[derive(Debug, Default)]
struct Node {
    edges: Vec<Edge>,
}

#[derive(Debug)]
struct Edge {
    /// The text before the value, or up to the end.
    text: Box<[u8]>,
    leads: Leads,
}

impl Edge {
    #[inline]
    fn fits(&self, text: &[u8], at: usize) -> bool {
        let Some(behind) = text[at..].strip_prefix(&*self.text) else { return false };
        match &self.leads {
            Leads::End(_) => behind.is_empty(),
            Leads::To(_, becomes) if becomes.null => true,
            // An object, a list or null here is another shape.
            Leads::To(..) => matches!(behind.first(), Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f')),
        }
    }
}

#[derive(Debug)]
enum Leads {
    To(u32, Becomes),
    /// The record ends here; its layout's number.
    End(u32),
}

/// See the module. One a thread.
#[derive(Debug)]
pub(super) struct Shapes {
    nodes: Vec<Node>,
    layouts: Vec<Layout>,
    bytes: usize,
    /// Fields of the last record.
    fields: usize,
}

/// Edges of one node that are tried.
const EDGES: usize = 32;
/// Nodes and bytes of text that are kept; beyond it all are forgotten: real logs have some hundreds of nodes, a
/// hostile one may have new ones in each record.
const MOST: (usize, usize) = (32_768, 4 << 20);

impl Default for Shapes {
    fn default() -> Self {
        Shapes { nodes: vec![Node::default()], layouts: Vec::new(), bytes: 0, fields: 16 }
    }
}

impl Shapes {
    /// The fields of a text that runs along what was learned, and its layout's number.
    pub fn read(&mut self, text: &str) -> Option<(Vec<(Name, Value)>, u32)> {
        let bytes = text.as_bytes();
        let mut fields: Vec<(Name, Value)> = Vec::with_capacity(self.fields);
        let (mut node, mut at) = (0_usize, 0_usize);
        loop {
            let edges = &mut self.nodes[node].edges;
            // At most one fits: what stands before a value and how the value begins decide what it is.
            let found = edges.iter().position(|e| e.fits(bytes, at))?;
            if found > 0 {
                edges.swap(0, found);
            }
            let edge = &edges[0];
            at += edge.text.len();
            let (next, becomes) = match &edge.leads {
                Leads::End(layout) => {
                    let layout = *layout;
                    self.fields = fields.len();
                    return Some((fields, layout));
                }
                Leads::To(next, becomes) => (*next, becomes),
            };
            let mut value = Value::Null;
            if !becomes.null {
                let mut json = Json::from(text, at);
                value = json.scalar().ok()?;
                at = json.place();
                if becomes.numeric {
                    value = number(value);
                }
            }
            match &becomes.field {
                Field::New(name) => fields.push((name.clone(), value)),
                Field::Joins(place) => join(&mut fields.get_mut(*place)?.1, value),
            }
            node = next as usize;
        }
    }

    /// The layout with this number.
    pub fn layout(&self, number: u32) -> &Layout {
        &self.layouts[number as usize]
    }

    /// Learns a text from the steps of walking it, in their order.
    pub fn learn(&mut self, text: &str, steps: &[Step], fields: &[(Name, Value)]) -> u32 {
        if self.nodes.len() > MOST.0 || self.bytes > MOST.1 {
            *self = Shapes::default();
        }
        let layout = Layout::of(fields);
        let number = match self.layouts.iter().position(|l| l.names == layout.names) {
            Some(number) => number as u32,
            None => {
                self.layouts.push(layout);
                self.layouts.len() as u32 - 1
            }
        };
        let bytes = text.as_bytes();
        let (mut node, mut from) = (0, 0);
        for step in steps {
            let between = &bytes[from..step.at];
            let same = |e: &&Edge| {
                matches!(&e.leads, Leads::To(_, b) if b.null == step.becomes.null) && *e.text == *between
            };
            node = match self.nodes[node].edges.iter().find(same) {
                Some(Edge { leads: Leads::To(next, _), .. }) => *next as usize,
                _ => {
                    let next = self.nodes.len();
                    if !self.add(node, between, Leads::To(next as u32, step.becomes.clone())) {
                        return number;
                    }
                    self.nodes.push(Node::default());
                    next
                }
            };
            from = step.end;
        }
        self.add(node, &bytes[from..], Leads::End(number));
        number
    }

    fn add(&mut self, node: usize, text: &[u8], leads: Leads) -> bool {
        let edges = &mut self.nodes[node].edges;
        if edges.len() >= EDGES {
            return false;
        }
        self.bytes += text.len() + size_of::<Edge>();
        edges.push(Edge { text: text.into(), leads });
        true
    }
}

/// A value that is there once more.
pub(super) fn join(there: &mut Value, value: Value) {
    match there {
        Value::List(list) => list.push(value),
        one => *one = Value::list(vec![std::mem::replace(one, Value::Null), value]),
    }
}

/// The whole number that a text says, else the value as it is.
pub(super) fn number(value: Value) -> Value {
    match &value {
        Value::Str(text) => text.trim().parse().map(Value::Int).unwrap_or(value),
        _ => value,
    }
}
