//! Columns with a header line (RFC 4180 and its variants) to events: one a record, named by the header.
//!
//! A cell is text unless it is a whole number written the only way it can be, so that it shows as it stood; an empty
//! one is no field. [`columns`] tells by the header what wrote it.

mod columns;
mod head;
mod kind;
mod records;
#[cfg(test)]
mod tests;
pub(crate) mod time;

use crate::text::{Hand, Origin, Out};
use columns::Columns;
use event::Place;
pub(crate) use head::is;
use records::Records;
use std::{
    io::{self, Read},
    ops::ControlFlow,
};

/// The dataset of tables that nothing else is known of.
const OTHER: &str = "csv.other";

/// Reads a text. An error is one of reading, never of content.
pub(crate) fn read(from: &mut dyn Read, origin: Origin, hand: &mut Hand<'_>) -> io::Result<ControlFlow<()>> {
    let mut records = Records::new(from)?;
    let start = head::of(records.ahead());
    (0..start.lines).for_each(|_| records.pass_line());
    records.apart_by(start.delimiter);
    let mut out = Out::new(origin, hand);
    let header = records.next()?;
    let Some(header) = header.filter(|h| h.broken.is_none()) else {
        out.skipped(None, 0, "there is no header line in it".into());
        return Ok(out.flush());
    };
    let again = records.raw(&header).to_vec();
    let mut columns = Columns::new(&records, &header);
    let mut any = false;
    while let Some(found) = records.next()? {
        // Tables that were joined bring their header again.
        if found.broken.is_none() && records.raw(&found) == again {
            continue;
        }
        any = true;
        if let Some(record) = out.next() {
            let len = u32::try_from(found.len).unwrap_or(u32::MAX);
            let place = Place { record, offset: found.offset, len };
            match found.broken {
                None => columns.event(&records, &found, &mut out, place),
                Some(why) => out.broken(columns.dataset(), place, found.line, records.raw(&found), why),
            }
        }
        if out.done(found.end).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    if !any {
        out.skipped(None, 0, "there is no record in it, only a header line".into());
    }
    Ok(out.flush())
}
