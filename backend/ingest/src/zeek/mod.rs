//! Zeek's tab-separated logs: header lines that name separators, fields and types, then one record a line.
//!
//! Layout after docs.zeek.org, "Zeek Log Formats and Inspection": `#separator` in `\xHH`, then `#set_separator`,
//! `#empty_field`, `#unset_field`, `#path`, `#fields`, `#types`, each with its values behind the separator. Logs that
//! were joined bring a new header in the middle, which holds from there on.

mod map;
#[cfg(test)]
mod tests;

use crate::text::{Hand, LONGEST, Lines, Origin, Out};
use event::{Name, Place};
use map::Header;
use std::{
    io::{self, Read},
    ops::ControlFlow,
};

/// Whether a text (without byte order mark) begins like such a log.
pub(crate) fn is(head: &[u8]) -> bool {
    let mut lines = head.split(|b| *b == b'\n').take_while(|l| l.starts_with(b"#"));
    head.starts_with(b"#separator ") || lines.any(|l| l.starts_with(b"#fields\t"))
}

/// Reads a log. An error is one of reading, never of content.
pub(crate) fn read(from: &mut dyn Read, origin: Origin, hand: &mut Hand<'_>) -> io::Result<ControlFlow<()>> {
    let mut lines = Lines::new(from);
    let mut out = Out::new(origin, hand);
    let mut header = Header::default();
    let mut any = false;
    while let Some((line, bytes)) = lines.next()? {
        if bytes.is_empty() {
            continue;
        }
        if bytes.starts_with(b"#") && header.take(&String::from_utf8_lossy(bytes)) {
            continue;
        }
        any = true;
        // Header lines are no records and have no number.
        if let Some(record) = out.next() {
            let len = u32::try_from(line.len).unwrap_or(u32::MAX);
            let place = Place { record, offset: line.offset, len };
            let dataset: Name = header.dataset();
            let read = if line.cut() {
                Err(format!("longer than {LONGEST} bytes; only its beginning is here"))
            } else {
                header.record(bytes)
            };
            match read {
                Ok((time, fields)) => out.event(dataset, place, time, fields),
                Err(reason) => out.broken(dataset, place, line.number, bytes, &reason),
            }
        }
        if out.done(line.end).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    if !any {
        out.skipped(None, 0, "there is no record in it, only header lines".into());
    }
    Ok(out.flush())
}
