//! What is reused from event to event: which field sits in which slot, and its folded texts.

use crate::fold;
use event::{Event, Value};
use std::collections::HashMap;

/// The fields that rules look at, numbered.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// For a field's name in an event: the slots it may fill and at which rank (0 is best).
    by_name: HashMap<Box<str>, Vec<(u32, u8)>>,
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
            self.by_name.entry(name.clone()).or_default().push((slot, rank.min(255) as u8));
        }
        self.by_names.insert(names.clone(), slot);
        self.names.push(names);
        slot
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn fill(&self, name: &str) -> &[(u32, u8)] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn name(&self, slot: u32) -> &str {
        self.names.get(slot as usize).and_then(|n| n.first()).map_or("", |n| n)
    }
}

const NONE: u32 = u32::MAX;

/// Buffers that a scan reuses. Make one a thread with [`crate::Engine::scratch`].
#[derive(Debug)]
pub struct Scratch {
    /// Index of the event's field in each slot.
    field: Vec<u32>,
    rank: Vec<u8>,
    /// Range in `texts` of each slot's folded texts, once they are made.
    folded: Vec<(u32, u32)>,
    touched: Vec<u32>,
    texts: Vec<(usize, usize)>,
    arena: String,
    /// Range in `texts` of all folded texts of the event.
    everything: Option<(u32, u32)>,
    pub(crate) key: String,
}

impl Scratch {
    pub(crate) fn new(slots: &Slots) -> Scratch {
        Scratch {
            field: vec![NONE; slots.len()],
            rank: vec![0; slots.len()],
            folded: vec![(NONE, 0); slots.len()],
            touched: Vec::new(),
            texts: Vec::new(),
            arena: String::new(),
            everything: None,
            key: String::new(),
        }
    }

    /// Finds the slots of an event's fields.
    pub(crate) fn load(&mut self, slots: &Slots, event: &Event) {
        for slot in self.touched.drain(..) {
            self.field[slot as usize] = NONE;
            self.folded[slot as usize] = (NONE, 0);
        }
        self.texts.clear();
        self.arena.clear();
        self.everything = None;
        for (i, (name, _)) in event.fields.iter().enumerate() {
            for (slot, rank) in slots.fill(name) {
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

    /// The slots that this event fills.
    pub(crate) fn filled(&self) -> &[u32] {
        &self.touched
    }

    pub(crate) fn value<'e>(&self, event: &'e Event, slot: u32) -> Option<&'e Value> {
        event.fields.get(self.field[slot as usize] as usize).map(|(_, v)| v)
    }

    /// The name and value that fill a slot.
    pub(crate) fn field_of<'e>(&self, event: &'e Event, slot: u32) -> Option<(&'e str, &'e Value)> {
        event.fields.get(self.field[slot as usize] as usize).map(|(n, v)| (&**n, v))
    }

    /// Calls `test` with the folded texts of a slot until it says true.
    pub(crate) fn any_folded(&mut self, event: &Event, slot: u32, test: impl FnMut(&str) -> bool) -> bool {
        let (mut from, mut len) = self.folded[slot as usize];
        if from == NONE {
            from = self.texts.len() as u32;
            if let Some(value) = self.value(event, slot) {
                self.fold(value);
            }
            len = self.texts.len() as u32 - from;
            self.folded[slot as usize] = (from, len);
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

    fn any(&self, from: u32, len: u32, mut test: impl FnMut(&str) -> bool) -> bool {
        self.texts[from as usize..(from + len) as usize].iter().any(|(a, b)| test(&self.arena[*a..*b]))
    }

    fn fold(&mut self, value: &Value) {
        if let Value::List(list) = value {
            list.iter().for_each(|v| self.fold(v));
        } else if let Some(text) = value.text() {
            let from = self.arena.len();
            fold::push(&mut self.arena, &text);
            self.texts.push((from, self.arena.len()));
        }
    }
}
