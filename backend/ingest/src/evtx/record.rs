//! One decoded record to one event: time, dataset, place, identity.

use super::{flatten::Flattener, time};
use event::{Event, Identity, Name, Nanos, Place, Value, windows};
use evtx::Timestamp;

/// Bytes of a record before its BinXML.
pub(crate) const HEADER: u64 = 24;
/// Bytes of a record around its BinXML: the header and the copy of its size.
pub(crate) const AROUND: u32 = 28;

/// What the record's header says.
pub(crate) struct At {
    /// Record number in this file.
    pub id: u64,
    /// Of the record in the file.
    pub offset: u64,
    /// Of the whole record, bytes.
    pub len: u32,
    /// When the service wrote it.
    pub written: Timestamp,
}

/// Maps records; one a thread.
#[derive(Default)]
pub(crate) struct Mapper {
    flattener: Flattener,
    /// The last channel and its dataset: they rarely change within a file.
    last: Option<(Box<str>, Name)>,
    scratch: Vec<u8>,
}

impl Mapper {
    /// The event, or why the decoder's text can't be one.
    pub fn event(&mut self, at: &At, json: &str) -> Result<Event, String> {
        let fields = self.flattener.fields(json).map_err(|bad| {
            format!("the record's decoded text is not well formed at byte {} or nests too deep", bad.0)
        })?;
        let mut event = Event {
            time: Nanos(0),
            dataset: dataset(&mut self.last, text(&fields, "Channel").unwrap_or("")),
            place: Place { record: at.id, offset: at.offset, len: at.len },
            fields,
            identity: [0; 16],
        };
        if let Some(Value::Int(id)) = event.get("EventRecordID") {
            // A forwarded record keeps the number it had on its own host.
            event.place.record = u64::try_from(*id).unwrap_or(at.id);
        }
        event.time = match text(&event.fields, "TimeCreated") {
            Some(text) => time::usual(text).unwrap_or_else(|| nanos(text.parse().unwrap_or(at.written))),
            None => nanos(at.written),
        };
        event.identity = self.identity(&event);
        Ok(event)
    }

    /// BLAKE3 over record number, time and every field with its type and length, so that no two different
    /// records give the same bytes. Channel and computer are among the fields; each name stands there by eight
    /// bytes of its own BLAKE3.
    fn identity(&mut self, event: &Event) -> Identity {
        let out = &mut self.scratch;
        out.clear();
        out.extend(event.place.record.to_le_bytes());
        out.extend(event.time.0.to_le_bytes());
        for (i, (_, value)) in event.fields.iter().enumerate() {
            out.extend(self.flattener.digest(i));
            canonical(out, value);
        }
        let mut identity = [0; 16];
        identity.copy_from_slice(&blake3::hash(out).as_bytes()[..16]);
        identity
    }
}

/// The channel's dataset, looked up only when the channel is another than the last one.
fn dataset(last: &mut Option<(Box<str>, Name)>, channel: &str) -> Name {
    match last {
        Some((last, dataset)) if **last == *channel => dataset.clone(),
        _ => {
            let dataset = Name::from(windows::dataset(channel));
            *last = Some((channel.into(), dataset.clone()));
            dataset
        }
    }
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend(bytes);
}

/// A value with its type, so that the number 1 and the text "1" differ.
fn canonical(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(b) => out.extend([1, u8::from(*b)]),
        Value::Int(n) => {
            out.push(2);
            out.extend(n.to_le_bytes());
        }
        Value::Uint(n) => {
            out.push(3);
            out.extend(n.to_le_bytes());
        }
        Value::Float(n) => {
            out.push(4);
            out.extend(n.to_bits().to_le_bytes());
        }
        Value::Str(text) => {
            out.push(5);
            bytes(out, text.as_bytes());
        }
        Value::List(list) => {
            out.push(6);
            out.extend((list.len() as u32).to_le_bytes());
            list.iter().for_each(|value| canonical(out, value));
        }
    }
}

fn text<'e>(fields: &'e [(Name, Value)], name: &str) -> Option<&'e str> {
    match fields.iter().find(|(n, _)| &**n == name) {
        Some((_, Value::Str(text))) => Some(text),
        _ => None,
    }
}

/// A time outside of what nanoseconds can say (before 1677, after 2262) is the nearest that they can.
fn nanos(time: Timestamp) -> Nanos {
    let exact = time.as_nanosecond();
    Nanos(exact.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}
