//! The normalised event: what every parser makes and every later stage reads.
//!
//! An event is a time, a place in its source, and a flat list of named values in the order of the source.
//! Names are those of the source (Windows: children of EventData and UserData by their name, System as
//! `Channel`, `EventID`, `Computer`, …; see [`windows`]); the ECS view is a mapping over them.
//! No input and output, no clock: this crate also compiles to WebAssembly.

pub mod columns;
pub mod ecs;
pub mod entity;
mod identity;
mod name;
pub mod ocsf;
mod time;
mod value;
pub mod windows;

pub use identity::{Identity, hex, unhex};
pub use name::{Interner, Name};
pub use value::{Text, Value};

use serde::Serialize;

/// Nanoseconds since 1970-01-01T00:00:00Z. Negative before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
pub struct Nanos(pub i64);

/// Where an event lies inside its source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Place {
    /// EventRecordID where the format has one, else the 1-based line or object number.
    pub record: u64,
    /// Byte offset of the record in the source.
    pub offset: u64,
    /// Length of the record in bytes; 0 when not known.
    pub len: u32,
}

/// One event, as a parser found it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Source time. Ingest time is the store's matter.
    pub time: Nanos,
    /// `product.service`, for example `windows.security`, `windows.sysmon`.
    pub dataset: Name,
    /// Place in the source.
    pub place: Place,
    /// Values in the order of the source; a repeated name is a [`Value::List`].
    pub fields: Vec<(Name, Value)>,
    /// BLAKE-3-sized identity of the event (first 16 bytes): equal for the same event read from another
    /// file or an overlapping export.
    pub identity: Identity,
}

impl Event {
    /// The first value under exactly this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(n, _)| &**n == name).map(|(_, v)| v)
    }

    /// The value under this name as text, empty strings and nulls left out.
    pub fn text(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.get(name).and_then(Value::text).filter(|t| !t.is_empty())
    }

    /// Fields as the text of a JSON object in source order, without a tree in between.
    pub fn fields_json(&self) -> String {
        serde_json::to_string(&value::Fields(&self.fields)).unwrap_or_default()
    }

    /// Fields as a JSON object in source order.
    pub fn to_json(&self) -> serde_json::Value {
        let map = self.fields.iter().map(|(n, v)| (n.to_string(), v.to_json())).collect();
        serde_json::Value::Object(map)
    }
}

/// Something in a source that could not be read, with where and why. Never silently dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Member of a container, if any.
    pub member: Option<String>,
    /// Record number, if known.
    pub record: Option<u64>,
    /// Byte offset, if known.
    pub offset: Option<u64>,
    /// In plain words.
    pub reason: String,
}

/// What a parser hands on at a time.
#[derive(Debug, Default)]
pub struct Batch {
    /// Good events, in source order.
    pub events: Vec<Event>,
    /// What could not be read between them.
    pub skipped: Vec<Skipped>,
    /// What was read although something about it is doubtful (a wrong checksum, say).
    pub notes: Vec<Skipped>,
    /// Bytes of the source that are done when this batch is stored (for progress).
    pub bytes_done: u64,
    /// Where to go on after this batch is stored (format's own meaning: EVTX chunk number).
    pub resume: u64,
}
