//! A text as records of columns with their places, whatever their length, and what is broken between them.
//!
//! Columns are cut by csv-core (RFC 4180 and what programs make of it), and where a record is whole in the buffer and
//! plain by [`Records::quick`], which gives the same. A quote that is opened and not closed within 1 MiB costs its own
//! line and not what follows.

use crate::{
    sniff::BOM,
    text::{
        LONGEST,
        marks::{Marks, Walk},
    },
};
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use std::io::{self, Read};

/// Bytes asked of the source at a time.
const BLOCK: usize = 1 << 18;
/// Records with more columns are broken.
pub(super) const MOST_COLUMNS: usize = 4096;
/// After so many quotes without an end none is followed beyond its line, so that work stays in proportion.
const LOST_QUOTES: u32 = 64;

/// One find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Byte of its start in the source.
    pub offset: u64,
    /// Bytes in the source, without the line's end.
    pub len: u64,
    /// Line of its start, from 1.
    pub line: u64,
    /// Byte after it.
    pub end: u64,
    /// Why it could not be cut into columns.
    pub broken: Option<&'static str>,
    /// Its text in the buffer.
    from: usize,
    to: usize,
}

/// Goes through a source.
pub(super) struct Records<'a> {
    from: &'a mut dyn Read,
    data: Vec<u8>,
    /// Up to here `data` is done.
    at: usize,
    /// Offset of `data[0]` in the source.
    base: u64,
    ended: bool,
    line: u64,
    core: Reader,
    delimiter: u8,
    /// What columns and records end by, where that may be cut the quick way.
    marks: Option<Marks<4>>,
    /// The columns' contents of the last record that are not in `data` as they are, one after another.
    text: Vec<u8>,
    /// Where each ends in `text`, as csv-core says it.
    ends: Vec<usize>,
    columns: Vec<Column>,
    lost: u32,
}

/// Where a column's content is: in `data` from the record's start, or in `text`.
#[derive(Clone, Copy)]
struct Column {
    from: usize,
    to: usize,
    own: bool,
}

/// A column's content.
pub(super) enum Cell<'r> {
    /// Bytes of the record as it stands, from this one of its text on.
    Plain(usize, &'r [u8]),
    /// Without the quotes that were in it.
    Own(&'r [u8]),
}

/// What cutting gave.
enum Cut {
    /// A record that ends before this byte of the buffer.
    Record(usize),
    /// A quote without an end.
    Open,
    /// More columns or bytes than are read.
    Columns,
    Long,
}

impl<'a> Records<'a> {
    /// Reads the beginning.
    pub fn new(from: &'a mut dyn Read) -> io::Result<Self> {
        let mut records = Records {
            from,
            data: Vec::new(),
            at: 0,
            base: 0,
            ended: false,
            line: 1,
            core: Reader::new(),
            delimiter: b',',
            marks: None,
            text: vec![0; 4096],
            ends: vec![0; 64],
            columns: Vec::new(),
            lost: 0,
        };
        records.fill()?;
        if records.data.starts_with(BOM) {
            records.at = BOM.len();
        }
        Ok(records)
    }

    /// What was read of the source and not handed on.
    pub fn ahead(&self) -> &[u8] {
        &self.data[self.at..]
    }

    /// Columns lie apart by this.
    pub fn apart_by(&mut self, delimiter: u8) {
        self.core = ReaderBuilder::new().delimiter(delimiter).build();
        self.delimiter = delimiter;
        let apart = !matches!(delimiter, b'"' | b'\r' | b'\n');
        self.marks = apart.then_some(Marks::new([delimiter, b'"', b'\r', b'\n']));
    }

    /// Passes over the rest of this line.
    pub fn pass_line(&mut self) {
        let ahead = &self.data[self.at..];
        self.at += memchr::memchr(b'\n', ahead).map_or(ahead.len(), |n| n + 1);
        self.line += 1;
    }

    /// The last record's text as it stands; at most [`LONGEST`] bytes.
    pub fn raw(&self, record: &Record) -> &[u8] {
        &self.data[record.from..record.to]
    }

    /// How many columns the last record has.
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// A column of the last record.
    pub fn column(&self, record: &Record, n: usize) -> &[u8] {
        match self.cell(record, n) {
            Cell::Plain(_, bytes) | Cell::Own(bytes) => bytes,
        }
    }

    /// A column of the last record, and where it is.
    pub fn cell(&self, record: &Record, n: usize) -> Cell<'_> {
        match self.columns.get(n) {
            None => Cell::Own(b""),
            Some(Column { from, to, own: true }) => Cell::Own(&self.text[*from..*to]),
            Some(Column { from, to, .. }) => {
                Cell::Plain(*from, &self.data[record.from + from..record.from + to])
            }
        }
    }

    /// The next record; empty lines are none.
    pub fn next(&mut self) -> io::Result<Option<Record>> {
        self.columns.clear();
        loop {
            match self.data.get(self.at) {
                Some(b'\n') => (self.line, self.at) = (self.line + 1, self.at + 1),
                Some(b'\r') => self.at += 1,
                Some(_) => break,
                None if self.ended => return Ok(None),
                None => self.fill()?,
            }
        }
        let cut = match self.quick() {
            Some(to) => Cut::Record(to),
            None => self.cut()?,
        };
        let start = self.at;
        let line_end = |data: &[u8]| memchr::memchr(b'\n', &data[start..]).map(|n| start + n);
        let (to, broken) = match cut {
            Cut::Record(to) => (to, None),
            Cut::Open => {
                self.lost += 1;
                let end = line_end(&self.data).unwrap_or(self.data.len());
                (end, Some("a quote is opened and not closed"))
            }
            Cut::Columns => (line_end(&self.data).unwrap_or(self.data.len()), Some("more than 4096 columns")),
            Cut::Long => return self.long().map(Some),
        };
        let (offset, line) = (self.base + start as u64, self.line);
        self.line += memchr::memchr_iter(b'\n', &self.data[start..to]).count() as u64;
        self.at = to;
        let text = &self.data[start..to];
        let len = text.len() - text.iter().rev().take_while(|b| matches!(b, b'\n' | b'\r')).count();
        if broken.is_some() {
            self.columns.clear();
        }
        let end = self.base + to as u64;
        let to = start + len.min(LONGEST);
        Ok(Some(Record { offset, len: len as u64, line, end, broken, from: start, to }))
    }

    /// Cuts what lies ahead into columns where it has its end in the buffer and no quote but those around columns and
    /// doubled ones inside of them; the byte after its end.
    fn quick(&mut self) -> Option<usize> {
        let marks = self.marks.filter(|_| self.lost < LOST_QUOTES)?;
        let data = &self.data[self.at..];
        // csv-core takes a mark for none at every start.
        if data.starts_with(BOM) {
            return None;
        }
        let (delimiter, text, columns) = (self.delimiter, &mut self.text, &mut self.columns);
        columns.clear();
        let (mut walk, mut own, mut start) = (Walk::new(data, marks), 0, 0);
        let end = loop {
            let mut at = walk.next()?;
            let mut column = Column { from: start, to: at, own: false };
            if data[at] == b'"' {
                if at != start {
                    // One in the middle of a column stands for itself.
                    continue;
                }
                (column, at) = quoted(data, start + 1, text, &mut own)?;
                walk.pass(at + 1);
            }
            columns.push(column);
            match *data.get(at)? {
                b if b == delimiter && columns.len() < MOST_COLUMNS => start = at + 1,
                b'\r' | b'\n' if at < LONGEST => break at + 1,
                _ => return None,
            }
        };
        Some(self.at + end)
    }

    /// Cuts what lies ahead into columns.
    fn cut(&mut self) -> io::Result<Cut> {
        self.columns.clear();
        self.core.reset();
        let (mut taken, mut text, mut columns) = (0, 0, 0);
        let mut end = None;
        loop {
            if self.lost >= LOST_QUOTES && end.is_none() {
                match memchr::memchr(b'\n', &self.data[self.at..]) {
                    Some(n) if n > LONGEST => return Ok(Cut::Long),
                    Some(n) => end = Some(n + 1),
                    None if self.data.len() - self.at > LONGEST => return Ok(Cut::Long),
                    None if self.ended => end = Some(self.data.len() - self.at),
                    None => {
                        self.fill()?;
                        continue;
                    }
                }
            }
            let most = end.unwrap_or(self.data.len() - self.at);
            let input = &self.data[self.at + taken..self.at + most];
            let over = input.is_empty();
            // csv-core takes an empty input for the end of the text and closes what is open, so a line's end it is.
            let input = if over { b"\n" } else { input };
            let out = (&mut self.text[text..], &mut self.ends[columns..]);
            let (result, n, wrote, ended) = self.core.read_record(input, out.0, out.1);
            taken += if over { 0 } else { n };
            text += wrote;
            columns += ended;
            // The same whatever comes of one reading: nothing behind the bound decides.
            let long = taken > LONGEST;
            match result {
                ReadRecordResult::Record | ReadRecordResult::InputEmpty if long => {
                    let line = &self.data[self.at..self.at + LONGEST];
                    return Ok(if memchr::memchr(b'\n', line).is_some() { Cut::Open } else { Cut::Long });
                }
                ReadRecordResult::Record => {
                    let mut from = 0;
                    self.columns.clear();
                    self.columns.extend(self.ends[..columns].iter().map(|to| Column {
                        from: std::mem::replace(&mut from, *to),
                        to: *to,
                        own: true,
                    }));
                    return Ok(Cut::Record(self.at + taken));
                }
                ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if columns >= MOST_COLUMNS => return Ok(Cut::Columns),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty if over => return Ok(Cut::Open),
                ReadRecordResult::InputEmpty if end.is_none() && !self.ended => self.fill()?,
                ReadRecordResult::InputEmpty => {}
                // Only for an empty input.
                ReadRecordResult::End => return Ok(Cut::Open),
            }
        }
    }

    /// A line that is longer than the bound: its beginning, and the rest passed over.
    fn long(&mut self) -> io::Result<Record> {
        let text = self.data[self.at..self.at + LONGEST].to_vec();
        let (offset, line) = (self.base + self.at as u64, self.line);
        let mut len = 0;
        loop {
            let ahead = &self.data[self.at..];
            if let Some(n) = memchr::memchr(b'\n', ahead) {
                len += n as u64;
                self.at += n;
                break;
            }
            len += ahead.len() as u64;
            self.at = self.data.len();
            if self.ended {
                break;
            }
            self.fill()?;
        }
        // Its beginning goes back in front of what lies ahead.
        let end = self.base + self.at as u64;
        self.data.splice(..self.at, text);
        self.at = LONGEST;
        self.base = end - LONGEST as u64;
        let broken = Some("longer than 1 MiB; only its first 1 MiB is here");
        Ok(Record { offset, len, line, end, broken, from: 0, to: LONGEST })
    }

    /// Drops what is done and reads more.
    fn fill(&mut self) -> io::Result<()> {
        self.data.drain(..self.at);
        self.base += self.at as u64;
        self.at = 0;
        let len = self.data.len();
        self.data.resize(len + BLOCK, 0);
        let read = loop {
            match self.from.read(&mut self.data[len..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.data.truncate(len + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }
}

/// A column in quotes whose content begins here, and the byte after its last quote; `None` where it has no end or
/// something but a mark may follow it. What has doubled quotes goes behind the first `own` bytes of `text`.
fn quoted(data: &[u8], from: usize, text: &mut Vec<u8>, own: &mut usize) -> Option<(Column, usize)> {
    let mut to = from + memchr::memchr(b'"', data.get(from..)?)?;
    if *data.get(to + 1)? != b'"' {
        return Some((Column { from, to, own: false }, to + 1));
    }
    let first = *own;
    let mut part = from;
    loop {
        let doubled = data.get(to + 1)? == &b'"';
        let piece = &data[part..to + usize::from(doubled)];
        if text.len() < *own + piece.len() {
            text.resize((*own + piece.len()).next_power_of_two(), 0);
        }
        text[*own..*own + piece.len()].copy_from_slice(piece);
        *own += piece.len();
        if !doubled {
            return Some((Column { from: first, to: *own, own: true }, to + 1));
        }
        part = to + 2;
        to = part + memchr::memchr(b'"', data.get(part..)?)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Shown = (Record, Vec<Vec<u8>>);

    fn all(text: &[u8], delimiter: u8, quick: bool) -> Vec<Shown> {
        let mut text = text;
        let mut records = Records::new(&mut text).unwrap();
        records.apart_by(delimiter);
        if !quick {
            records.marks = None;
        }
        let mut out = Vec::new();
        while let Some(found) = records.next().unwrap() {
            let columns = (0..records.columns()).map(|n| records.column(&found, n).to_vec()).collect();
            out.push((found, columns));
        }
        out
    }

    proptest! {
        #[test]
        fn the_quick_way_cuts_as_the_general_one(
            text in "([a1é\u{feff}]{0,9}|[\"]{1,3}|[,;\t]|\r?\n|\"[a,\n]{0,70}\"|\"\"){0,80}",
            bytes in prop::collection::vec(any::<u8>(), 0..200)
        ) {
            for delimiter in [b',', b';', b'\t', b'"', 0] {
                prop_assert_eq!(all(text.as_bytes(), delimiter, true), all(text.as_bytes(), delimiter, false));
                prop_assert_eq!(all(&bytes, delimiter, true), all(&bytes, delimiter, false));
            }
        }
    }

    #[test]
    fn long_and_wide_records_are_the_same_too() {
        for text in [
            format!("a,{}\nb,c\n", "x".repeat(LONGEST - 2)),
            format!("a,{}\nb,c\n", "x".repeat(LONGEST - 3)),
            format!("a,\"{}\"\nb,c\n", "x\n".repeat(LONGEST / 2)),
            format!("{}\nb,c\n", ",".repeat(MOST_COLUMNS - 1)),
            format!("{}\nb,c\n", ",".repeat(MOST_COLUMNS)),
            "a,\"b\n".repeat(100) + "c,\"d\"\n",
        ] {
            assert!(all(text.as_bytes(), b',', true) == all(text.as_bytes(), b',', false));
        }
    }
}
