//! Where to look whether an event is there already, without a key for each in memory.
//!
//! An identity follows from what an event is (EVTX: channel, computer and record number are among it) or from where it
//! stands (text: a content and an offset in it). So two events with one identity have the same number in the same log, or
//! the same offset in the same content; each segment has the ranges of both.

use crate::{
    NewSource, Part,
    block::{encode::hash, value::plain_text},
};
use event::Event;

/// A log or a content, and a number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub of: i64,
    pub number: i64,
}

/// The contents of a source: its own and those that it has grown from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    parts: Vec<(u64, i64)>,
    whole: i64,
}

impl Contents {
    pub fn of(source: &NewSource) -> Contents {
        Contents::new(&source.sha256, &source.grown)
    }

    pub fn new(sha256: &str, grown: &[Part]) -> Contents {
        let key = |sha256: &str| hash(sha256.as_bytes()).cast_signed();
        let parts = grown.iter().map(|part| (part.size, key(&part.sha256))).collect();
        Contents { parts, whole: key(sha256) }
    }

    /// Of an event at this place: the smallest content that it stands in.
    pub fn key(&self, offset: u64, len: u64) -> Key {
        let end = offset.saturating_add(len);
        let part = self.parts.iter().find(|(size, _)| end <= *size);
        Key { of: part.map_or(self.whole, |(_, key)| *key), number: offset.cast_signed() }
    }
}

/// Of an event with a channel.
pub(crate) fn of_log(channel: &str, computer: &str, record: u64) -> Key {
    let of = hash(channel.as_bytes()).rotate_left(1) ^ hash(computer.as_bytes());
    Key { of: of.cast_signed(), number: record.cast_signed() }
}

/// The same of an event that is not in a block.
pub(crate) fn log_of(event: &Event) -> Option<Key> {
    let channel = plain_text(event.get("Channel")?)?;
    let computer = event.get("Computer").and_then(plain_text).unwrap_or_default();
    Some(of_log(&channel, &computer, event.place.record))
}
