//! One decoded record to one event: time, dataset, place, identity.

use super::{flatten::Flattener, shape::Layout, time};
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
    pub written: Nanos,
}

/// Maps records; one a thread.
#[derive(Default)]
pub(crate) struct Mapper {
    flattener: Flattener,
    pub(super) finish: Finish,
}

/// Makes events of fields; one a thread.
#[derive(Default)]
pub(super) struct Finish {
    /// The last channel and its dataset: they rarely change within a file.
    last: Option<(Box<str>, Name)>,
    scratch: Vec<u8>,
}

impl Mapper {
    /// The event, or why the decoder's text can't be one.
    pub fn event(&mut self, at: &At, json: &str) -> Result<Event, String> {
        let (fields, layout) = self.flattener.fields(json).map_err(|bad| {
            format!("the record's decoded text is not well formed at byte {} or nests too deep", bad.0)
        })?;
        Ok(self.finish.event(at, layout, fields))
    }
}

impl Finish {
    /// The event of these fields.
    pub fn event(&mut self, at: &At, layout: &Layout, fields: Vec<(Name, Value)>) -> Event {
        let value = |place: Option<usize>| place.and_then(|i| fields.get(i)).map(|(_, v)| v);
        let text = |place| match value(place) {
            Some(Value::Str(text)) => Some(&**text),
            _ => None,
        };
        let record = match value(layout.record_id) {
            // A forwarded record keeps the number it had on its own host.
            Some(Value::Int(id)) => u64::try_from(*id).unwrap_or(at.id),
            _ => at.id,
        };
        let time = match text(layout.time) {
            Some(text) => time::usual(text).unwrap_or_else(|| text.parse().map_or(at.written, nanos)),
            None => at.written,
        };
        let dataset = dataset(&mut self.last, text(layout.channel).unwrap_or(""));
        let identity = identity(&mut self.scratch, record, time, layout, &fields);
        let place = Place { record, offset: at.offset, len: at.len };
        Event { time, dataset, place, fields, identity }
    }
}

/// BLAKE3 over record number, time, the hash of the names in their order, and every value with its type and
/// length, so that no two different records give the same bytes. Channel and computer are among the fields.
fn identity(
    out: &mut Vec<u8>,
    record: u64,
    time: Nanos,
    layout: &Layout,
    fields: &[(Name, Value)],
) -> Identity {
    out.clear();
    out.extend(record.to_le_bytes());
    out.extend(time.0.to_le_bytes());
    out.extend(layout.names);
    fields.iter().for_each(|(_, value)| canonical(out, value));
    let mut identity = [0; 16];
    identity.copy_from_slice(&blake3::hash(out).as_bytes()[..16]);
    identity
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

/// Seven bits a byte, the low ones first.
fn length(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// A value with its type, so that the number 1 and the text "1" differ.
fn canonical(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(0),
        Value::Bool(b) => out.extend([1, u8::from(*b)]),
        Value::Int(n) => {
            out.push(if *n < 0 { 7 } else { 2 });
            length(out, n.unsigned_abs());
        }
        Value::Uint(n) => {
            out.push(3);
            length(out, *n);
        }
        Value::Float(n) => {
            out.push(4);
            out.extend(n.to_bits().to_le_bytes());
        }
        Value::Str(text) => {
            out.push(5);
            length(out, text.len() as u64);
            out.extend(text.as_bytes());
        }
        Value::List(list) => {
            out.push(6);
            length(out, list.len() as u64);
            list.iter().for_each(|value| canonical(out, value));
        }
    }
}

/// A time outside of what nanoseconds can say (before 1677, after 2262) is the nearest that they can.
pub(super) fn nanos(time: Timestamp) -> Nanos {
    let exact = time.as_nanosecond();
    Nanos(exact.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}
