//! What every target does: bytes through the reader's one entry, with what must hold of any answer.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run json -- -max_total_time=120` in `backend/ingest`; the corpora beside it are ours
//! and are read again by an ordinary test of `ingest`.

use event::Batch;
use ingest::{Content, Format, Limits, Options, Resume, Sink};
use std::{
    io::{Seek, Write},
    ops::ControlFlow,
};

struct All {
    /// Of the content that is read now.
    size: u64,
    bytes_done: u64,
}

impl Sink for All {
    fn begin(&mut self, content: &Content) -> ControlFlow<()> {
        self.size = content.size;
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        assert!(batch.bytes_done >= self.bytes_done, "progress goes back");
        self.bytes_done = batch.bytes_done;
        for event in &batch.events {
            assert!(event.place.offset < self.size, "an event lies outside its content");
            let mut names: Vec<_> = event.fields.iter().map(|(n, _)| n).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), event.fields.len(), "a field's name is there twice");
            assert!(!event.fields_json().is_empty(), "fields that are no JSON");
        }
        ControlFlow::Continue(())
    }
}

/// Reads the bytes as this format.
pub fn run(format: Format, bytes: &[u8]) {
    let Ok(mut file) = tempfile::tempfile() else { return };
    if file.write_all(bytes).and_then(|()| file.rewind()).is_err() {
        return;
    }
    ingest::sniff(&bytes[..bytes.len().min(ingest::HEAD)]);
    let limits = Limits { total: 64 << 20, free: 1 << 20, held: 1 << 20, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    // An error is "no file of this format"; anything else would be a panic or a failed assertion.
    let _ = ingest::read(format, file, &options, &mut All { size: 0, bytes_done: 0 });
}

/// A log gives the same by the reader of records and by the decoder's JSON text.
pub fn evtx_both_ways(bytes: &[u8]) {
    use ingest::evtx::{Input, Options, read_from};
    let read = |decoder_only| {
        let (mut events, mut skipped, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let input = Input::Stream { bytes: Box::new(bytes), size: bytes.len() as u64 };
        let sum = read_from(input, Options { decoder_only, ..Options::default() }, &mut |batch| {
            events.extend(batch.events);
            skipped.extend(batch.skipped);
            notes.extend(batch.notes);
            ControlFlow::Continue(())
        });
        (events, skipped, notes, sum.ok())
    };
    assert_eq!(read(false), read(true));
}
