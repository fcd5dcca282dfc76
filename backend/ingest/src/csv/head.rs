//! Whether a text is a table, and what its columns lie apart by: decided by its beginning.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

/// What columns may lie apart by.
const DELIMITERS: [u8; 4] = *b",;\t|";
/// Records that decide.
const DECIDE: usize = 20;
/// Names of columns are no longer.
const LONGEST_NAME: usize = 100;

/// How a table begins.
pub(super) struct Start {
    pub delimiter: u8,
    /// Lines before the header line.
    pub lines: usize,
}

/// Whether a text (without byte order mark) is a table with a header line.
pub(crate) fn is(head: &[u8]) -> bool {
    let (head, _) = before(head);
    DELIMITERS.iter().any(|d| {
        let shape = Shape::of(head, *d);
        // Two columns are also what sentences have, so these must all be alike.
        let alike = if shape.columns == 2 {
            shape.alike == shape.records
        } else {
            shape.alike * 5 >= shape.records * 4
        };
        shape.named && shape.columns > 1 && alike && (shape.records > 0 || shape.columns > 3)
    })
}

/// How a text that is a table begins, by its first bytes.
pub(super) fn of(head: &[u8]) -> Start {
    let (head, lines) = before(head);
    if let Some(delimiter) = told(head) {
        return Start { delimiter, lines: lines + 1 };
    }
    let best = DELIMITERS.iter().rev().max_by_key(|d| {
        let shape = Shape::of(head, **d);
        (shape.columns > 1, shape.named, shape.alike * 100 / shape.records.max(1), shape.columns)
    });
    Start { delimiter: best.copied().unwrap_or(b','), lines }
}

/// Behind lines that are not the table's: `#TYPE …` of PowerShell's Export-Csv.
fn before(mut head: &[u8]) -> (&[u8], usize) {
    let mut lines = 0;
    while head.starts_with(b"#TYPE ") {
        let Some(end) = memchr::memchr(b'\n', head) else { break };
        head = &head[end + 1..];
        lines += 1;
    }
    (head, lines)
}

/// The `sep=;` line that spreadsheets take.
fn told(head: &[u8]) -> Option<u8> {
    let line = head.split(|b| *b == b'\n').next()?.trim_ascii();
    let line = line.strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(line);
    match line.strip_prefix(b"sep=")? {
        [delimiter] => Some(*delimiter),
        _ => None,
    }
}

/// What a text looks like with one delimiter.
#[derive(Default)]
struct Shape {
    /// Of the header line.
    columns: usize,
    /// Whether these could be names.
    named: bool,
    /// Whole records after it, and how many of them have as many columns, or all one more.
    records: usize,
    alike: usize,
}

impl Shape {
    fn of(head: &[u8], delimiter: u8) -> Shape {
        let mut shape = Shape::default();
        let head =
            told(head).map_or(head, |_| &head[memchr::memchr(b'\n', head).map_or(head.len(), |n| n + 1)..]);
        // Nearly all that is no table ends here, before anything is built for it.
        let line = head.split(|b| *b == b'\n').next().unwrap_or_default();
        let begins =
            line.first().is_some_and(|b| b.is_ascii_alphabetic() || !b.is_ascii() || b"\"_@#(%$".contains(b));
        if !begins || memchr::memchr(delimiter, line).is_none() {
            return shape;
        }
        let mut reader = ReaderBuilder::new().delimiter(delimiter).build();
        let mut text = vec![0; head.len() + 1];
        let mut ends = vec![0; 1024];
        let Some((columns, mut rest)) = record(&mut reader, head, &mut text, &mut ends) else {
            // One line and no more of it: its end is the text's.
            let line = [head, b"\n"].concat();
            if let Some((columns, _)) = record(&mut reader, &line, &mut text, &mut ends) {
                (shape.columns, shape.named) = (columns, named(&text, &ends[..columns]));
            }
            return shape;
        };
        (shape.columns, shape.named) = (columns, named(&text, &ends[..columns]));
        if columns < 2 || !shape.named {
            return shape;
        }
        let mut like = shape.columns;
        while shape.records < DECIDE
            && let Some((columns, after)) = record(&mut reader, rest, &mut text, &mut ends)
        {
            rest = after;
            shape.records += 1;
            if shape.records == 1 && columns == shape.columns + 1 {
                // The Event Viewer's messages have no name.
                like = columns;
            }
            shape.alike += usize::from(columns == like);
        }
        if shape.records == 0 {
            // The only record may have no line end.
            let line = [rest.trim_ascii(), b"\n"].concat();
            if let Some((columns, _)) = record(&mut reader, &line, &mut text, &mut ends) {
                shape.records = 1;
                shape.alike = usize::from((shape.columns..shape.columns + 2).contains(&columns));
            }
        }
        shape
    }
}

/// The columns of the next whole record and what follows it.
fn record<'h>(
    reader: &mut Reader,
    head: &'h [u8],
    text: &mut Vec<u8>,
    ends: &mut [usize],
) -> Option<(usize, &'h [u8])> {
    reader.reset();
    text.resize(text.len().max(head.len() + 1), 0);
    if head.is_empty() {
        return None;
    }
    let (result, n, _, columns) = reader.read_record(head, text, ends);
    (result == ReadRecordResult::Record).then(|| (columns, &head[n..]))
}

/// Whether these could be the names of columns: short, each with a letter, none with what only values have.
fn named(text: &[u8], ends: &[usize]) -> bool {
    let mut from = 0;
    for end in ends {
        let Some(name) = text.get(from..*end) else { return false };
        from = *end;
        let Ok(name) = std::str::from_utf8(name.trim_ascii()) else { return false };
        let odd =
            |c: char| c.is_control() || matches!(c, '{' | '}' | '=' | '<' | '>' | '"' | ';' | '!' | '?');
        let begins =
            name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '@' | '#' | '(' | '%' | '$'));
        if name.len() > LONGEST_NAME
            || !begins
            || name.contains(odd)
            || !name.contains(char::is_alphabetic)
            || name.split(' ').count() > 6
            // A time or a sentence.
            || name.contains(": ") || name.ends_with('.')
            || name.as_bytes().windows(3).any(|w| w[1] == b':' && w[0].is_ascii_digit() && w[2].is_ascii_digit())
        {
            return false;
        }
    }
    true
}
