//! From records of a text to batches: numbering, passing over what is done, identity, bounds.

use super::Offsets;
use event::{Batch, Event, Identity, Name, Nanos, Place, Skipped, Value};
use std::ops::ControlFlow;

/// A batch is handed on after this many bytes of source too, so that long records bound memory.
const MOST_BYTES: u64 = 8 << 20;
/// Names of what a text event says about how it was read.
const MESSAGE: &str = "message";
const PARSE_ERROR: &str = "parse_error";
/// Set where a time's year is not in the record.
pub(crate) const YEAR_GUESSED: &str = "year_guessed";
/// Set where a record has no time of its own and got that of the import.
pub(crate) const TIME_MISSING: &str = "time_missing";

/// What a text parser needs to know about what it reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// SHA-256 of the content: of the file, or of the member of an archive.
    pub sha256: [u8; 32],
    /// Contents that it begins with, smallest first: their size and SHA-256.
    pub grown: &'a [(u64, [u8; 32])],
    /// For records without a time.
    pub now: Nanos,
    /// The source's own time: what it holds was written before it.
    pub latest: Nanos,
    /// Where the text's bytes are in the source, if they are others there.
    pub offsets: Option<&'a Offsets>,
    /// Records that are done already.
    pub from: u64,
    /// Events a batch.
    pub batch: usize,
}

/// What hands batches on.
pub(crate) type Hand<'a> = dyn FnMut(Batch) -> ControlFlow<()> + 'a;

/// Gathers a text's events.
pub(crate) struct Out<'a> {
    origin: Origin<'a>,
    hand: &'a mut Hand<'a>,
    batch: Batch,
    gathered: u64,
    /// Records met, in the numbering of the format.
    number: u64,
    notes_given: Vec<&'static str>,
    /// Of identities; set back for each, so that its key is made once.
    hash: blake3::Hasher,
}

impl<'a> Out<'a> {
    pub fn new(origin: Origin<'a>, hand: &'a mut Hand<'a>) -> Self {
        let hash =
            blake3::Hasher::new_derive_key("aurorasoc text event: SHA-256 of the content, byte offset");
        Out { origin, hand, batch: Batch::default(), gathered: 0, number: 0, notes_given: Vec::new(), hash }
    }

    /// The next record; `None` where it was stored before a resume and is passed over.
    pub fn next(&mut self) -> Option<u64> {
        self.number += 1;
        (self.number > self.origin.from).then_some(self.number)
    }

    /// Whether all that was stored before a resume is passed.
    pub fn beyond(&self) -> bool {
        self.number >= self.origin.from
    }

    /// The time that records without one get.
    pub fn now(&self) -> Nanos {
        self.origin.now
    }

    /// The source's own time, or that of the import.
    pub fn latest(&self) -> Nanos {
        self.origin.latest
    }

    /// Hands on what has gathered once it is enough. `end` is the byte up to which the text is done.
    pub fn done(&mut self, end: u64) -> ControlFlow<()> {
        let end = match self.origin.offsets {
            Some(offsets) => {
                offsets.forget(end);
                offsets.source(end)
            }
            None => end,
        };
        self.gathered += end.saturating_sub(self.batch.bytes_done);
        self.batch.bytes_done = end;
        self.batch.resume = self.number;
        let enough = self.batch.events.len() >= self.origin.batch.max(1)
            || self.batch.skipped.len() >= self.origin.batch.max(1)
            || self.gathered >= MOST_BYTES;
        if enough { self.flush() } else { ControlFlow::Continue(()) }
    }

    /// Hands on what has gathered.
    pub fn flush(&mut self) -> ControlFlow<()> {
        self.gathered = 0;
        let next = Batch { resume: self.batch.resume, bytes_done: self.batch.bytes_done, ..Batch::default() };
        let batch = std::mem::replace(&mut self.batch, next);
        if batch.events.is_empty() && batch.skipped.is_empty() && batch.notes.is_empty() {
            return ControlFlow::Continue(());
        }
        (self.hand)(batch)
    }

    /// A good event whose identity is its place in the content.
    pub fn event(
        &mut self,
        dataset: Name,
        place: Place,
        time: Option<Nanos>,
        mut fields: Vec<(Name, Value)>,
    ) {
        if time.is_none() {
            mark(&mut fields, &TIME_MISSING, Value::Bool(true));
        }
        self.say_encoding(place);
        let place =
            self.in_source(Place { record: record(&dataset, &fields).unwrap_or(place.record), ..place });
        let identity = self.identity(place);
        let time = time.unwrap_or(self.origin.now);
        self.batch.events.push(Event { time, dataset, place, fields, identity });
    }

    /// A good event that has its identity already.
    pub fn with_identity(&mut self, mut event: Event, timed: bool) {
        if !timed {
            mark(&mut event.fields, &TIME_MISSING, Value::Bool(true));
        }
        self.say_encoding(event.place);
        event.place = self.in_source(event.place);
        self.batch.events.push(event);
    }

    /// A record that could not be understood: its text goes in as it is, and it is counted.
    pub fn broken(&mut self, dataset: Name, place: Place, line: u64, text: &[u8], reason: &str) {
        let said = format!("line {line}: {reason}");
        let fields = vec![
            (Name::fixed(&MESSAGE), Value::Str(String::from_utf8_lossy(text).into())),
            (Name::fixed(&PARSE_ERROR), Value::Str(said.as_str().into())),
        ];
        self.event(dataset, place, None, fields);
        self.skipped(Some(place.record), place.offset, format!("{said}; kept as text"));
    }

    /// A record that was understood in part: it has its fields, says what is wrong, and is counted.
    pub fn doubtful(
        &mut self,
        dataset: Name,
        place: Place,
        time: Option<Nanos>,
        mut fields: Vec<(Name, Value)>,
        said: &str,
    ) {
        mark(&mut fields, &PARSE_ERROR, said.into());
        self.event(dataset, place, time, fields);
        self.skipped(Some(place.record), place.offset, format!("{said}; the rest was read"));
    }

    /// Something that is no record.
    pub fn skipped(&mut self, record: Option<u64>, offset: u64, reason: String) {
        let offset = self.in_source(Place { offset, ..Place::default() }).offset;
        self.batch.skipped.push(Skipped { member: None, record, offset: Some(offset), reason });
    }

    /// Something doubtful, said once a content with the place where it was met first.
    pub fn note_once(&mut self, place: Place, reason: &'static str) {
        if !self.notes_given.contains(&reason) {
            self.notes_given.push(reason);
            let (record, offset) = (Some(place.record), Some(self.in_source(place).offset));
            self.batch.notes.push(Skipped { member: None, record, offset, reason: reason.into() });
        }
    }

    /// An event of a text is the content it stands in and its place there, so the same file adds nothing twice.
    /// Of a content that has grown it is the one that the event stood in first.
    fn identity(&mut self, place: Place) -> Identity {
        let end = place.offset.saturating_add(place.len.into());
        let whose = self.origin.grown.iter().find(|(size, _)| end <= *size);
        let sha256 = whose.map_or(&self.origin.sha256, |(_, sha256)| sha256);
        self.hash.reset().update(sha256).update(&place.offset.to_le_bytes());
        let mut identity = [0; 16];
        identity.copy_from_slice(&self.hash.finalize().as_bytes()[..16]);
        identity
    }

    /// A place in the text as one in the source.
    fn in_source(&self, place: Place) -> Place {
        let Some(offsets) = self.origin.offsets else { return place };
        let offset = offsets.source(place.offset);
        let end = offsets.source(place.offset + u64::from(place.len));
        Place { offset, len: u32::try_from(end.saturating_sub(offset)).unwrap_or(u32::MAX), ..place }
    }

    fn say_encoding(&mut self, place: Place) {
        if let Some(note) = self.origin.offsets.and_then(Offsets::note) {
            self.note_once(place, note);
        }
    }
}

/// Sets what we say of a record, also where the record has a field of that name.
fn mark(fields: &mut Vec<(Name, Value)>, name: &'static &'static str, value: Value) {
    match fields.iter_mut().find(|(n, _)| **n == **name) {
        Some((_, there)) => *there = value,
        None => fields.push((Name::fixed(name), value)),
    }
}

/// The EventRecordID of a Windows event that came as text.
fn record(dataset: &str, fields: &[(Name, Value)]) -> Option<u64> {
    dataset.starts_with("windows.").then_some(())?;
    let (_, id) = fields.iter().find(|(name, _)| **name == *"EventRecordID")?;
    match id {
        Value::Int(n) => u64::try_from(*n).ok(),
        _ => None,
    }
}
