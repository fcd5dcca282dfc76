//! JSON in any arrangement to events: lines, lists, objects over many lines, several one after another.
//!
//! [`split`] finds the values and cuts out what is broken, [`map`] flattens one object, [`shape`] tells what wrote it.

mod map;
mod quick;
mod scan;
pub(crate) mod shape;
pub(crate) mod split;
#[cfg(test)]
mod tests;
mod windows;

pub(crate) use shape::word;

use crate::text::{Hand, Origin, Out};
use event::{Name, Place, Value};
use scan::{Scan, Step};
use split::{Kind, Split};
use std::{
    io::{self, Read},
    ops::ControlFlow,
};

/// The dataset of JSON that nothing else is known of.
pub(crate) const OTHER: &str = "json.other";

/// Whether a text (without byte order mark) begins like JSON.
pub(crate) fn is(head: &[u8]) -> bool {
    let text = head.trim_ascii_start();
    let after = text.get(1..).unwrap_or_default().trim_ascii_start();
    match text.first() {
        Some(b'{') if matches!(after.first(), Some(b'"' | b'}')) => return true,
        Some(b'[') => match after.first() {
            Some(b'{') => return true,
            // A list of plain values, and not a line that begins with a time in brackets.
            _ if !matches!(Scan::value().feed(text), Step::Bad(..)) => return true,
            _ => {}
        },
        _ => {}
    }
    let lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty()).take(20);
    let (mut all, mut like) = (0, 0);
    for line in lines {
        all += 1;
        like += usize::from(line.starts_with(b"{\""));
    }
    like > 0 && like * 2 >= all
}

/// Reads a text of JSON values. An error is one of reading, never of content.
pub(crate) fn read(from: &mut dyn Read, origin: Origin, hand: &mut Hand<'_>) -> io::Result<ControlFlow<()>> {
    let mut split = Split::new(from);
    let mut out = Out::new(origin, hand);
    let mut mapper = Mapper::default();
    let mut any = false;
    loop {
        let plain = split.object_ahead()?.and_then(|bytes| mapper.quick(bytes));
        let found = match plain {
            Some(len) => split.object(len),
            None => match split.next()? {
                Some(found) => found,
                None => break,
            },
        };
        any = true;
        if let Kind::Around(what) = found.kind {
            if out.beyond() {
                out.skipped(None, found.offset, format!("line {}: {what}", found.line));
            }
        } else if let Some(record) = out.next() {
            let len = u32::try_from(found.len).unwrap_or(u32::MAX);
            let place = Place { record, offset: found.offset, len };
            let text = split.text(&found);
            match found.kind {
                _ if plain.is_some() => mapper.fields(&mut out, place),
                Kind::Broken(why) => out.broken(OTHER.into(), place, found.line, text, why),
                kind => mapper.value(&mut out, kind, place, found.line, text),
            }
        }
        if out.done(found.end).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    if !any {
        out.skipped(None, 0, "there is no JSON value in it".into());
    }
    Ok(out.flush())
}

/// Maps values of one text.
#[derive(Default)]
pub(crate) struct Mapper {
    fields: map::Flat,
    windows: windows::Trees,
    shapes: shape::Shapes,
}

impl Mapper {
    /// Reads the object that begins here, if it is plain; its length.
    fn quick(&mut self, bytes: &[u8]) -> Option<usize> {
        // Of an object that was not handed on.
        self.fields.fields.clear();
        let len = self.fields.quick(bytes);
        if len.is_none() {
            self.fields.fields.clear();
        }
        len
    }

    pub(crate) fn value(&mut self, out: &mut Out<'_>, kind: Kind, place: Place, line: u64, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, std::borrow::Cow::Owned(_)) {
            out.note_once(place, "has bytes that are not UTF-8; U+FFFD stands in their place");
        }
        if kind != Kind::Object {
            let message = map::scalar_text(&text);
            let fields = vec![(Name::fixed(&"message"), Value::Str(message.into()))];
            return out.event(OTHER.into(), place, None, fields);
        }
        if windows::is_tree(&text) {
            return match self.windows.event(place, &text) {
                Ok((mut event, timed)) => {
                    if !timed {
                        event.time = out.now();
                    }
                    out.with_identity(event, timed);
                }
                Err(reason) => out.broken(OTHER.into(), place, line, bytes, &reason),
            };
        }
        if let Err(reason) = self.fields.object(&text) {
            self.fields.fields.clear();
            return out.broken(OTHER.into(), place, line, bytes, reason);
        }
        self.fields(out, place);
    }

    /// The event of the fields that were read.
    fn fields(&mut self, out: &mut Out<'_>, place: Place) {
        let shaped = self.shapes.of(&mut self.fields.fields);
        if shaped.time.is_some_and(|t| !t.zoned) {
            out.note_once(place, crate::NO_ZONE);
        }
        out.event(shaped.dataset, place, shaped.time.map(|t| t.time), self.fields.fields.take());
    }
}
