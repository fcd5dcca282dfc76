//! One chunk's records, and what could not be read of it.

use super::{CHUNK, FILE_HEADER, binxml, file::Raw, record};
use event::{Event, Skipped};
use evtx::{EvtxRecord, err::EvtxError};
use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What one chunk may decode to. Real chunks stay under 1 MiB; a crafted one can make its records share
/// templates and grow a thousandfold, and several chunks are held at a time.
pub(super) const MOST_TEXT: usize = 16 << 20;

/// What was found in a chunk.
#[derive(Default)]
pub(super) struct Content {
    pub events: Vec<Event>,
    pub skipped: Vec<Skipped>,
    pub notes: Vec<Skipped>,
}

/// The chunk that a thread works on, and what it keeps between chunks.
#[derive(Default)]
pub(super) struct Work {
    mapper: record::Mapper,
    reader: binxml::Reader,
    decoder_only: bool,
    bytes: Vec<u8>,
    number: u64,
    /// Of the chunk in the file.
    start: u64,
    /// Bytes of text so far.
    text: usize,
    /// `None` between chunks.
    content: Option<Content>,
}

impl Work {
    /// Before the first chunk.
    pub fn new(decoder_only: bool) -> Work {
        Work { decoder_only, ..Work::default() }
    }

    /// Begins a chunk; `false` when nothing of it can be decoded ([`Work::finish`] then says why).
    pub fn begin(&mut self, number: u64, raw: Raw) -> bool {
        let mut content = Content::default();
        (self.number, self.start, self.text) = (number, FILE_HEADER + number * CHUNK, 0);
        let is_chunk = raw.bytes.starts_with(b"ElfChnk\0");
        let empty = !is_chunk && raw.bytes.chunks(4096).all(|part| *part == [0; 4096][..part.len()]);
        if empty {
            // Windows allocates chunks ahead; those hold nothing and are not counted in the header.
            if raw.counted {
                content.skipped.push(self.at_chunk("is empty although the file header counts it"));
            }
        } else if !is_chunk && raw.counted {
            content.skipped.push(self.at_chunk("is damaged: it does not begin like a chunk"));
        } else if !is_chunk {
            content
                .skipped
                .push(self.at_chunk("is not counted in the file header and does not begin like a chunk"));
        } else if let Some(there) = raw.cut_at {
            content.skipped.push(self.at_chunk(&format!("is cut off after {there} of {CHUNK} bytes")));
        } else if !sound(&raw.bytes) {
            content.notes.push(self.at_chunk("has a wrong checksum; what could be read of it was read"));
        }
        let read = is_chunk && self.read(&raw.bytes, &mut content);
        self.bytes = raw.bytes;
        self.content = Some(content);
        is_chunk && !read
    }

    /// Reads a whole chunk without the decoder, if it is one that can be.
    fn read(&mut self, bytes: &[u8], content: &mut Content) -> bool {
        if self.decoder_only {
            return false;
        }
        let read =
            catch_unwind(AssertUnwindSafe(|| self.reader.read(bytes, self.start, &mut self.mapper.finish)));
        match read {
            Ok(Ok(events)) => {
                content.events = events;
                true
            }
            Ok(Err(_)) => false,
            Err(_) => {
                self.reader = binxml::Reader::default();
                false
            }
        }
    }

    /// The buffer of a chunk that is done.
    pub fn spare(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }

    /// The chunk's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Ends the chunk: its number and what was found, `None` when none was begun.
    pub fn finish(&mut self) -> Option<(u64, Content)> {
        self.content.take().map(|content| (self.number, content))
    }

    /// The decoder stopped before it was through with the chunk.
    pub fn broke_off(&mut self, panicked: bool) {
        // It may have been left half way through a record.
        self.mapper = record::Mapper::default();
        let so_far = self.content.as_ref().map_or(0, |c| c.events.len());
        let how = if panicked { "made the decoder fail" } else { "stopped the decoder" };
        self.skip(self.at_chunk(&format!("{how} after {so_far} records; its rest was left out")));
    }

    /// One record, or why it could not be read.
    pub fn record(&mut self, record: Result<EvtxRecord<'_>, EvtxError>) {
        if self.text > MOST_TEXT {
            return;
        }
        let record = match record {
            Ok(record) => record,
            Err(e) => return self.failed(&e),
        };
        let at = record::At {
            id: record.event_record_id,
            offset: self.start + record.binxml_offset - record::HEADER,
            len: record.binxml_size + record::AROUND,
            written: record::nanos(record.timestamp),
        };
        let mapped = match record.into_json() {
            Ok(json) => {
                self.text += json.data.len();
                self.mapper.event(&at, &json.data)
            }
            Err(e) => Err(plain(innermost(&e))),
        };
        match mapped {
            Ok(event) => self.content.get_or_insert_default().events.push(event),
            Err(reason) => self.skip(place(at.offset, Some(at.id), reason)),
        }
        if self.text > MOST_TEXT {
            self.skip(
                self.at_chunk(&format!("decodes to more than {MOST_TEXT} bytes; its rest was left out")),
            );
        }
    }

    /// A failure of a record, with its number or its place, or of the whole chunk.
    pub fn failed(&mut self, error: &EvtxError) {
        let skipped = match error {
            EvtxError::FailedToParseRecord { record_id, source } => place(
                self.start + self.find(*record_id).unwrap_or(0),
                Some(*record_id),
                plain(innermost(source)),
            ),
            EvtxError::FailedToReadRecordAt { offset, source, .. } => {
                place(self.start + offset, None, format!("a record is damaged: {}", plain(innermost(source))))
            }
            EvtxError::FailedToParseChunk { source, .. } => {
                self.at_chunk(&format!("is damaged: {}", plain(&**source)))
            }
            other => self.at_chunk(&format!("is damaged: {}", plain(other))),
        };
        self.skip(skipped);
    }

    /// Where in the chunk the record with this number begins.
    fn find(&self, id: u64) -> Option<u64> {
        let begins = memchr::memmem::find_iter(&self.bytes, b"\x2a\x2a\0\0");
        let mut found = begins.filter(|at| self.bytes.get(at + 8..at + 16) == Some(&id.to_le_bytes()));
        found.next().map(|at| at as u64)
    }

    fn skip(&mut self, skipped: Skipped) {
        self.content.get_or_insert_default().skipped.push(skipped);
    }

    fn at_chunk(&self, what: &str) -> Skipped {
        place(self.start, None, format!("chunk {} {what}", self.number))
    }
}

fn place(offset: u64, record: Option<u64>, reason: String) -> Skipped {
    Skipped { member: None, record, offset: Some(offset), reason }
}

/// Whether both checksums of a chunk hold, or its flags say that it has none. Layout after libevtx's format
/// description: CRC32 of the records at 52, of the header at 124, flags at 120, end of the records at 48.
fn sound(chunk: &[u8]) -> bool {
    let word =
        |at: usize| chunk.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    if word(120) & 4 != 0 {
        return true;
    }
    let header = [&chunk[..120], &chunk[128..512]].concat();
    let records = chunk.get(512..word(48) as usize);
    word(124) == evtx::checksum_ieee(&header) && records.is_some_and(|r| word(52) == evtx::checksum_ieee(r))
}

/// Past the layers that only say which record it was and that something went wrong.
fn innermost(error: &EvtxError) -> &(dyn Error + 'static) {
    match error {
        EvtxError::FailedToParseRecord { source, .. } | EvtxError::FailedToReadRecordAt { source, .. } => {
            innermost(source)
        }
        EvtxError::DeserializationError(e) => e,
        EvtxError::SerializationError(e) => e,
        other => other,
    }
}

/// An error with its causes on one line.
fn plain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
