//! The tree that the evtx crate writes (`{"Event": {"System": …, "EventData": …}}`): the same event as from the file.

use crate::evtx::record::{At, Mapper};
use event::{Event, Nanos, Place};

/// Whether an object is such a tree.
pub(super) fn is_tree(object: &str) -> bool {
    let rest = object.strip_prefix('{').unwrap_or_default().trim_start();
    let rest = rest.strip_prefix("\"Event\"").unwrap_or_default().trim_start();
    let rest = rest.strip_prefix(':').unwrap_or_default().trim_start();
    rest.starts_with('{') && memchr::memmem::find(rest.as_bytes(), b"\"System\"").is_some()
}

/// Maps trees as the EVTX reader maps records.
#[derive(Default)]
pub(super) struct Trees(Mapper);

impl Trees {
    /// The event and whether it has a time, or why it can't be one. Its identity is that of the same record in an
    /// EVTX file: record number, time and fields, wherever they were read.
    pub fn event(&mut self, place: Place, text: &str) -> Result<(Event, bool), String> {
        // Without a time of its own its identity must not hang on the time of this import.
        let at = At { id: place.record, offset: place.offset, len: place.len, written: Nanos(0) };
        let event = self.0.event(&at, text)?;
        let timed = event.text("TimeCreated").is_some();
        Ok((event, timed))
    }
}
