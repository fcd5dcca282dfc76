//! One chunk: its records, and what could not be read of it.

use super::{CHUNK, FILE_HEADER, file::Raw, record};
use event::{Event, Skipped};
use evtx::{EvtxChunkData, ParserSettings, err::EvtxError};
use std::{
    error::Error,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// What one chunk may decode to. Real chunks stay under 1 MiB; a crafted one can make its records share
/// templates and grow a thousandfold, and several chunks are held at a time.
const MOST_TEXT: usize = 16 << 20;

/// What was found in a chunk.
#[derive(Default)]
pub(super) struct Content {
    pub events: Vec<Event>,
    pub skipped: Vec<Skipped>,
    pub notes: Vec<Skipped>,
}

/// Reads chunks, one a thread.
pub(super) struct Reader {
    settings: Arc<ParserSettings>,
    mapper: record::Mapper,
}

impl Default for Reader {
    fn default() -> Self {
        let settings = ParserSettings::new().indent(false);
        Reader { settings: Arc::new(settings), mapper: record::Mapper::default() }
    }
}

impl Reader {
    /// Everything that can be had of chunk `number`. Never panics: see the module above.
    pub fn read(&mut self, number: u64, raw: Raw) -> Content {
        let start = FILE_HEADER + number * CHUNK;
        let mut content = Content::default();
        if raw.bytes.iter().all(|b| *b == 0) {
            // Windows allocates chunks ahead; an empty one holds nothing.
            return content;
        }
        if let Some(there) = raw.cut_at {
            let reason = if raw.bytes.starts_with(b"ElfChnk\0") {
                format!("chunk {number} is cut off after {there} of {CHUNK} bytes")
            } else {
                format!("{there} bytes after the last chunk are not a chunk")
            };
            content.skipped.push(place(start, None, reason));
            if !raw.bytes.starts_with(b"ElfChnk\0") {
                return content;
            }
        }
        let cut = raw.cut_at.is_some();
        let read =
            catch_unwind(AssertUnwindSafe(|| self.records(number, start, raw.bytes, cut, &mut content)));
        if read.is_err() {
            // The mapper may have been left half way through a record.
            self.mapper = record::Mapper::default();
            let so_far = content.events.len();
            let reason = format!("chunk {number}: its damage stopped the decoder after {so_far} records");
            content.skipped.push(place(start, None, reason));
        }
        content
    }

    fn records(&mut self, number: u64, start: u64, bytes: Vec<u8>, cut: bool, content: &mut Content) {
        let mut data = match EvtxChunkData::new(bytes, false) {
            Ok(data) => data,
            Err(e) => {
                return content.skipped.push(place(start, None, format!("chunk {number}: {}", plain(&e))));
            }
        };
        if !cut && !data.validate_checksum() {
            let reason =
                format!("chunk {number}: its checksum does not match; what could be read of it was read");
            content.notes.push(place(start, None, reason));
        }
        let mut chunk = match data.parse(Arc::clone(&self.settings)) {
            Ok(chunk) => chunk,
            Err(e) => {
                return content.skipped.push(place(start, None, format!("chunk {number}: {}", plain(&e))));
            }
        };
        let mut text = 0;
        for record in chunk.iter() {
            let record = match record {
                Ok(record) => record,
                Err(e) => {
                    content.skipped.push(failed(start, number, &e));
                    continue;
                }
            };
            let at = record::At {
                id: record.event_record_id,
                offset: start + record.binxml_offset - record::HEADER,
                len: record.binxml_size + record::AROUND,
                written: record.timestamp,
            };
            let mapped = match record.into_json() {
                Ok(json) => {
                    text += json.data.len();
                    self.mapper.event(&at, &json.data)
                }
                Err(e) => Err(plain(&e)),
            };
            match mapped {
                Ok(event) => content.events.push(event),
                Err(reason) => content.skipped.push(place(at.offset, Some(at.id), reason)),
            }
            if text > MOST_TEXT {
                let reason =
                    format!("chunk {number} decodes to more than {MOST_TEXT} bytes; its rest was left out");
                return content.skipped.push(place(at.offset, Some(at.id), reason));
            }
        }
    }
}

fn place(offset: u64, record: Option<u64>, reason: String) -> Skipped {
    Skipped { member: None, record, offset: Some(offset), reason }
}

/// A record's failure with its number or its place, whichever is known.
fn failed(start: u64, chunk: u64, error: &EvtxError) -> Skipped {
    match error {
        EvtxError::FailedToParseRecord { record_id, source } => {
            place(start, Some(*record_id), format!("chunk {chunk}: {}", plain(&**source)))
        }
        EvtxError::FailedToReadRecordAt { offset, source, .. } => {
            place(start + offset, None, format!("chunk {chunk}: {}", plain(&**source)))
        }
        other => place(start, None, format!("chunk {chunk}: {}", plain(other))),
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
