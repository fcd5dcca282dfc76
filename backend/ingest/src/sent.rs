//! What is sent and lies in no file: elements of a request, lines that a listener takes. Each is one event by itself, by
//! the same mapping as in a file; its identity is who sent it and what it says, since it has no place in a source.

use crate::{
    json::{
        Mapper,
        split::{Kind, Split},
    },
    syslog::Syslog,
    text::{LONGEST, Line, Origin, Out, record_of},
};
use event::{Batch, Event, Nanos, Place};
use std::{
    io::{self, Read},
    ops::ControlFlow,
};

/// Takes an element's index, from 0, with its event or why it is none.
pub type Take<'a> = dyn FnMut(u64, Result<Event, String>) -> ControlFlow<()> + 'a;

/// Reads JSON as it is sent: one object, a list of them, or one after another (NDJSON). An element that is broken or no
/// object is refused and the rest goes on. What `sender` sends again is the same event again, white space aside.
/// An error is one of reading, never of content.
pub fn elements(
    from: &mut dyn Read,
    sender: &str,
    now: Nanos,
    take: &mut Take<'_>,
) -> io::Result<ControlFlow<()>> {
    let mut split = Split::new(from);
    let mut mapper = Mapper::default();
    let mut index = 0;
    while let Some(found) = split.next()? {
        let element = match found.kind {
            Kind::Object => {
                object(&mut mapper, split.text(&found), sender, now, index).map_err(str::to_owned)
            }
            Kind::Other => Err("not an object".to_owned()),
            Kind::Broken(why) | Kind::Around(why) => Err(why.to_owned()),
        };
        let element = element.map_err(|why| format!("line {}: {why}", found.line));
        if take(index, element).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        // What is wrong between two elements is said with the number of the one that follows.
        index += u64::from(!matches!(found.kind, Kind::Around(_)));
    }
    Ok(ControlFlow::Continue(()))
}

fn object(
    mapper: &mut Mapper,
    text: &[u8],
    sender: &str,
    now: Nanos,
    index: u64,
) -> Result<Event, &'static str> {
    if std::str::from_utf8(text).is_err() {
        return Err("has bytes that are not UTF-8");
    }
    let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let place = Place { record: index + 1, offset: 0, len };
    let batch = alone(content(sender, text), now, |out| mapper.value(out, Kind::Object, place, 1, text));
    match (batch.events.into_iter().next(), batch.skipped.is_empty()) {
        (Some(event), true) => Ok(event),
        _ => Err("can't be read as an event"),
    }
}

/// Hash of who sent what, without the white space between JSON's tokens.
fn content(sender: &str, json: &[u8]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new_derive_key("aurorasoc sent event: sender, JSON text");
    hash.update(&(sender.len() as u64).to_le_bytes());
    hash.update(sender.as_bytes());
    let (mut text, mut escaped, mut from) = (false, false, 0);
    for (at, b) in json.iter().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = text,
            b'"' => text = !text,
            b' ' | b'\t' | b'\r' | b'\n' if !text => {
                hash.update(&json[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    hash.update(&json[from..]);
    *hash.finalize().as_bytes()
}

/// What one record by itself gives.
fn alone(content: [u8; 32], now: Nanos, record: impl FnOnce(&mut Out<'_>)) -> Batch {
    let origin =
        Origin { sha256: content, grown: &[], now, latest: now, offsets: None, from: 0, batch: usize::MAX };
    let mut all = Batch::default();
    let mut hand = |batch: Batch| {
        all = batch;
        ControlFlow::Continue(())
    };
    let mut out = Out::new(origin, &mut hand);
    record(&mut out);
    // Nothing is handed on before this, and to go on is all that can be answered.
    let _ = out.flush();
    drop(out);
    all
}

/// Reads syslog in all shapes, CEF and LEEF, a line at a time. Keeps names between lines.
#[derive(Default)]
pub struct LineReader {
    syslog: Syslog,
}

impl LineReader {
    /// One received record as an event; `None` where it is blank. One of no known kind is its text, with `parse_error`.
    /// `unique` is what tells it from every other received record: two that say the same are two events.
    pub fn line(&mut self, bytes: &[u8], unique: &[u8], now: Nanos) -> Option<Event> {
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            return None;
        }
        let len = bytes.len() as u64;
        let line = Line { offset: 0, len, end: len, number: 1 };
        let cut = &bytes[..bytes.len().min(LONGEST)];
        let mut hash = blake3::Hasher::new_derive_key("aurorasoc received record: place in its stream, text");
        hash.update(&(unique.len() as u64).to_le_bytes());
        hash.update(unique);
        hash.update(bytes);
        let content = *hash.finalize().as_bytes();
        let batch = alone(content, now, |out| record_of(&mut self.syslog, out, &line, 1, cut));
        batch.events.into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Nanos = Nanos(1_700_000_000_000_000_000);

    fn all(text: &str, sender: &str) -> Vec<(u64, Result<Event, String>)> {
        let mut found = vec![];
        let read = elements(&mut text.as_bytes(), sender, NOW, &mut |index, element| {
            found.push((index, element));
            ControlFlow::Continue(())
        });
        assert!(read.unwrap().is_continue());
        found
    }

    fn ids(text: &str, sender: &str) -> Vec<event::Identity> {
        all(text, sender).into_iter().map(|(_, e)| e.unwrap().identity).collect()
    }

    #[test]
    fn one_a_list_and_lines_are_the_same_events() {
        let one = all(r#"{"@timestamp": "2024-05-01T10:00:00Z", "host": {"name": "h"}, "extra": 1}"#, "s");
        let event = one[0].1.as_ref().unwrap();
        assert_eq!(event.time, Nanos(1_714_557_600_000_000_000));
        assert_eq!(event.text("host.name").as_deref(), Some("h"));
        assert_eq!(event.text("extra").as_deref(), Some("1"));
        let (list, lines) = ("[{\"a\": 1}, {\"a\": 2}]", "{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(ids(list, "s"), ids(lines, "s"));
        assert_eq!(all("[]", "s").len() + all(" \n", "s").len(), 0);
    }

    #[test]
    fn identity_is_who_said_what() {
        let id = |text: &str, sender: &str| ids(text, sender)[0];
        let first = id(r#"{"a": "x y", "b": 1}"#, "s");
        assert_eq!(first, id("{ \"a\":\"x y\",\n\"b\" : 1}", "s"), "white space between tokens");
        assert_ne!(first, id(r#"{"a": "xy", "b": 1}"#, "s"), "white space in a text");
        assert_ne!(first, id(r#"{"a": "x y", "b": 1}"#, "t"), "another sender");
        assert_ne!(id(r#"{"a":"\" b"}"#, "s"), id(r#"{"a":"\"b"}"#, "s"), "behind an escaped quote");
        assert_ne!(id(r#"{"ab": "c"}"#, "s"), id(r#"{"a": "bc"}"#, "s"));
    }

    #[test]
    fn what_is_no_object_is_refused_with_its_number_and_the_rest_goes_on() {
        let told = |text: &str| {
            let brief = |(n, e): (u64, Result<Event, String>)| (n, e.err().unwrap_or_default());
            all(text, "s").into_iter().map(brief).collect::<Vec<_>>()
        };
        let lines = told("{\"a\":1}\n{\"a\":\n7\n{\"a\":2}\n");
        assert_eq!(lines[0], (0, String::new()));
        assert_eq!(lines.last().unwrap().1, "", "{lines:?}");
        assert!(lines.iter().any(|(n, why)| *n == 1 && why.starts_with("line 2: ")), "{lines:?}");
        let list = told("[{\"a\":1}, \"x\", {\"a\":2}]");
        assert_eq!(list, [(0, String::new()), (1, "line 1: not an object".into()), (2, String::new())]);
        let open = told("[{\"a\":1}");
        assert_eq!(open[1].0, 1);
        assert!(open[1].1.contains("not closed"), "{open:?}");
    }

    #[test]
    fn a_line_is_read_as_in_a_file_and_none_is_another() {
        let mut reader = LineReader::default();
        let text = b"<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8\n";
        let first = reader.line(text, b"1", NOW).unwrap();
        assert_eq!(first.text("host.hostname").as_deref(), Some("mymachine"));
        assert_eq!(&*first.dataset, "linux.auth");
        assert_ne!(first.identity, reader.line(text, b"2", NOW).unwrap().identity);
        let cef = reader.line(b"CEF:0|v|p|1|100|name|5|src=10.0.0.1", b"3", NOW).unwrap();
        assert_eq!(cef.text("source.ip").or(cef.text("src")).as_deref(), Some("10.0.0.1"));
        let other = reader.line(b"hello", b"4", NOW).unwrap();
        assert_eq!((other.text("message").as_deref(), other.time), (Some("hello"), NOW));
        assert!(other.text("parse_error").is_some());
        assert!(reader.line(b" \r\n", b"5", NOW).is_none());
    }
}
