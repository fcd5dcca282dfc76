//! What the formats of one record a line have in common.

use super::{Hand, LONGEST, Line, Lines, Origin, Out};
use event::{Name, Nanos, Place, Value};
use std::{
    borrow::Cow,
    io::{self, Read},
    ops::ControlFlow,
};

/// Lines at the start of a text that tell its format.
const FIRST: usize = 50;

/// What a line says.
pub(crate) struct Good {
    pub dataset: Name,
    pub time: Option<Nanos>,
    pub fields: Vec<(Name, Value)>,
    /// What could not be understood about it, if anything.
    pub trouble: Option<&'static str>,
}

/// Reads the lines of one format.
pub(crate) trait Lined {
    /// Whether records may stand in frames that say their length (RFC 6587, 3.4.1).
    const FRAMED: bool;

    /// A line that is not blank, cut to [`LONGEST`] bytes, or why it is none of this format.
    fn line(&mut self, text: &str, out: &mut Out<'_>, place: Place) -> Result<Good, &'static str>;

    /// The dataset of lines that are none of this format.
    fn other(&self) -> Name;
}

/// Reads a text; each line that is not blank is one event. An error is one of reading, never of content.
pub(crate) fn each<L: Lined>(
    mut reader: L,
    from: &mut dyn Read,
    origin: Origin<'_>,
    hand: &mut Hand<'_>,
) -> io::Result<ControlFlow<()>> {
    let mut lines = Lines::new(from);
    let mut out = Out::new(origin, hand);
    let mut any = false;
    while let Some((line, bytes)) = if L::FRAMED { lines.next_framed()? } else { lines.next()? } {
        // Blank lines have numbers too: a record's number is that of its line.
        let record = out.next();
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        any = true;
        if let Some(record) = record {
            record_of(&mut reader, &mut out, &line, record, bytes);
        }
        if out.done(line.end).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    if !any {
        out.skipped(None, 0, "there is no line in it that is not blank".into());
    }
    Ok(out.flush())
}

/// One line that is not blank to its event.
pub(crate) fn record_of<L: Lined>(reader: &mut L, out: &mut Out<'_>, line: &Line, record: u64, bytes: &[u8]) {
    let len = u32::try_from(line.len).unwrap_or(u32::MAX);
    let place = Place { record, offset: line.offset, len };
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, Cow::Owned(_)) && !line.cut() {
        out.note_once(place, "has bytes that are not UTF-8; U+FFFD stands in their place");
    }
    match reader.line(&text, out, place) {
        Ok(good) => {
            let trouble = match good.trouble {
                _ if line.cut() => Some(format!("longer than {LONGEST} bytes; only its beginning is here")),
                trouble => trouble.map(str::to_owned),
            };
            let Good { dataset, time, fields, .. } = good;
            match trouble {
                None => out.event(dataset, place, time, fields),
                Some(what) => {
                    let said = format!("line {}: {what}", line.number);
                    out.doubtful(dataset, place, time, fields, &said);
                }
            }
        }
        Err(reason) => out.broken(reader.other(), place, line.number, bytes, reason),
    }
}

/// Whether at least half of a text's first lines, blank ones left out, are of a kind. A last line that is cut off by
/// the end of the head is not asked about when there are others.
pub(crate) fn first_lines(head: &[u8], of_kind: impl Fn(&str) -> bool) -> bool {
    let whole = head.iter().rposition(|b| *b == b'\n').and_then(|end| head.get(..end)).unwrap_or(head);
    let lines = whole.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty());
    let (mut all, mut like) = (0, 0);
    for line in lines.take(FIRST) {
        all += 1;
        let line = String::from_utf8_lossy(&line[..line.len().min(4096)]);
        like += usize::from(of_kind(&line));
    }
    like > 0 && like * 2 >= all
}
