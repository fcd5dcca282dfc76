//! What is reused from event to event: which field sits in which slot, and its folded texts.

use super::{
    group::{Group, Seen},
    route::Kind,
};
use crate::fold;
use event::{Event, Name, Value};
use std::{collections::HashMap, io::Write as _, sync::Arc};

/// The fields that rules look at, numbered.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// Place in `fills` of each name that an event's field may have.
    by_name: HashMap<Box<str>, u32>,
    /// The slots that a name may fill and at which rank (0 is best).
    fills: Vec<Vec<(u32, u8)>>,
    by_names: HashMap<Vec<Box<str>>, u32>,
    /// For each slot the names that may fill it, best first.
    names: Vec<Vec<Box<str>>>,
}

impl Slots {
    /// The slot that the first present of these names fills.
    pub fn add(&mut self, names: Vec<Box<str>>) -> u32 {
        if let Some(slot) = self.by_names.get(&names) {
            return *slot;
        }
        let slot = self.names.len() as u32;
        for (rank, name) in names.iter().enumerate() {
            let place = *self.by_name.entry(name.clone()).or_insert_with(|| {
                self.fills.push(Vec::new());
                self.fills.len() as u32 - 1
            });
            self.fills[place as usize].push((slot, rank.min(255) as u8));
        }
        self.by_names.insert(names.clone(), slot);
        self.names.push(names);
        slot
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Place of a name for [`Slots::fill`]; [`NONE`] for a name that no rule asks for.
    fn find(&self, name: &str) -> u32 {
        self.by_name.get(name).copied().unwrap_or(NONE)
    }

    fn fill(&self, place: u32) -> &[(u32, u8)] {
        self.fills.get(place as usize).map_or(&[], Vec::as_slice)
    }

    pub fn name(&self, slot: u32) -> &str {
        self.names.get(slot as usize).and_then(|n| n.first()).map_or("", |n| n)
    }
}

const NONE: u32 = u32::MAX;
/// Names that a scratch remembers by their address; a power of two.
const NAMES: usize = 1_024;

/// Buffers that a scan reuses. Make one a thread with [`crate::Engine::scratch`]; belongs to one engine.
#[derive(Debug)]
pub struct Scratch {
    /// Index of the event's field in each slot.
    field: Vec<u32>,
    rank: Vec<u8>,
    touched: Vec<u32>,
    /// Range in `texts` of each field's folded texts, once they are made.
    folded: Vec<(u32, u32)>,
    texts: Vec<(usize, usize)>,
    arena: String,
    /// Range in `texts` of all folded texts of the event.
    everything: Option<(u32, u32)>,
    pub(crate) key: String,
    /// Names met before, by address, and their places in [`Slots`]. Names are shared by the events of a parser,
    /// and what is kept here can't be freed, so the same address is the same name.
    names: Vec<Option<(Name, u32)>>,
    /// The last channel as written, with its bucket.
    pub(super) channel: Option<(Box<str>, Option<usize>)>,
    /// Groups met before, and the last one.
    pub(super) groups: HashMap<Kind, Arc<Group>>,
    pub(super) last: Option<(Kind, Arc<Group>)>,
    pub(super) seen: Seen,
}

impl Scratch {
    pub(crate) fn new(slots: &Slots) -> Scratch {
        Scratch {
            field: vec![NONE; slots.len()],
            rank: vec![0; slots.len()],
            touched: Vec::new(),
            folded: Vec::new(),
            texts: Vec::new(),
            arena: String::new(),
            everything: None,
            key: String::new(),
            names: vec![None; NAMES],
            channel: None,
            groups: HashMap::new(),
            last: None,
            seen: Seen::default(),
        }
    }

    /// Finds the slots of an event's fields.
    pub(crate) fn load(&mut self, slots: &Slots, event: &Event) {
        for slot in self.touched.drain(..) {
            self.field[slot as usize] = NONE;
        }
        self.texts.clear();
        self.arena.clear();
        self.everything = None;
        self.folded.clear();
        self.folded.resize(event.fields.len(), (NONE, 0));
        for (i, (name, _)) in event.fields.iter().enumerate() {
            let place = self.place(slots, name);
            for (slot, rank) in slots.fill(place) {
                let at = *slot as usize;
                if self.field[at] == NONE {
                    self.touched.push(*slot);
                } else if self.rank[at] <= *rank {
                    continue;
                }
                self.field[at] = i as u32;
                self.rank[at] = *rank;
            }
        }
    }

    #[inline]
    fn place(&mut self, slots: &Slots, name: &Name) -> u32 {
        let address = name.as_ptr() as usize;
        let known = &mut self.names[(address >> 3).wrapping_mul(0x9e37_79b9) >> 7 & (NAMES - 1)];
        match known {
            Some((same, place)) if same.is(name) => *place,
            _ => {
                let place = slots.find(name);
                *known = Some((name.clone(), place));
                place
            }
        }
    }

    /// The slots that this event fills.
    pub(crate) fn filled(&self) -> &[u32] {
        &self.touched
    }

    /// Whether the event fills the slot.
    #[inline]
    pub(crate) fn fills(&self, slot: u32) -> bool {
        self.field[slot as usize] != NONE
    }

    #[inline]
    pub(crate) fn value<'e>(&self, event: &'e Event, slot: u32) -> Option<&'e Value> {
        event.fields.get(self.field[slot as usize] as usize).map(|(_, v)| v)
    }

    /// The name and value that fill a slot.
    pub(crate) fn field_of<'e>(&self, event: &'e Event, slot: u32) -> Option<(&'e str, &'e Value)> {
        event.fields.get(self.field[slot as usize] as usize).map(|(n, v)| (&**n, v))
    }

    /// Calls `test` with the folded texts of a slot until it says true.
    #[inline]
    pub(crate) fn any_folded(&mut self, event: &Event, slot: u32, test: impl FnMut(&str) -> bool) -> bool {
        let field = self.field[slot as usize] as usize;
        let Some((mut from, mut len)) = self.folded.get(field).copied() else { return false };
        if from == NONE {
            from = self.texts.len() as u32;
            if let Some((_, value)) = event.fields.get(field) {
                self.fold(value);
            }
            len = self.texts.len() as u32 - from;
            self.folded[field] = (from, len);
        }
        self.any(from, len, test)
    }

    /// Calls `test` with the folded texts of all fields until it says true.
    pub(crate) fn any_folded_anywhere(&mut self, event: &Event, test: impl FnMut(&str) -> bool) -> bool {
        let (from, len) = match self.everything {
            Some(range) => range,
            None => {
                let from = self.texts.len() as u32;
                for (_, value) in &event.fields {
                    self.fold(value);
                }
                let range = (from, self.texts.len() as u32 - from);
                self.everything = Some(range);
                range
            }
        };
        self.any(from, len, test)
    }

    #[inline]
    fn any(&self, from: u32, len: u32, mut test: impl FnMut(&str) -> bool) -> bool {
        self.texts[from as usize..(from + len) as usize].iter().any(|(a, b)| test(&self.arena[*a..*b]))
    }

    fn fold(&mut self, value: &Value) {
        let from = self.arena.len();
        match value {
            Value::List(list) => return list.iter().for_each(|v| self.fold(v)),
            Value::Str(text) => fold::push(&mut self.arena, text),
            Value::Int(n) => digits(&mut self.arena, *n),
            other => match other.text() {
                Some(text) => fold::push(&mut self.arena, &text),
                None => return,
            },
        }
        self.texts.push((from, self.arena.len()));
    }
}

/// Appends a number without allocating.
fn digits(into: &mut String, n: i64) {
    let mut buffer = [0_u8; 24];
    let mut rest = &mut buffer[..];
    // 24 bytes hold every i64, and digits are UTF-8.
    let _ = write!(rest, "{n}");
    let len = 24 - rest.len();
    into.push_str(std::str::from_utf8(&buffer[..len]).unwrap_or_default());
}
