//! A text as records of columns with their places, whatever their length, and what is broken between them.
//!
//! Columns are cut by csv-core (RFC 4180 and what programs make of it). A quote that is opened and not closed within
//! 1 MiB costs its own line and not what follows.

use crate::{sniff::BOM, text::LONGEST};
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
    /// The columns' contents of the last record one after another, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    columns: usize,
    lost: u32,
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
            text: vec![0; 4096],
            ends: vec![0; 64],
            columns: 0,
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
        self.columns
    }

    /// A column of the last record.
    pub fn column(&self, n: usize) -> &[u8] {
        if n >= self.columns {
            return b"";
        }
        let from = if n == 0 { 0 } else { self.ends[n - 1] };
        &self.text[from..self.ends[n]]
    }

    /// The next record; empty lines are none.
    pub fn next(&mut self) -> io::Result<Option<Record>> {
        self.columns = 0;
        loop {
            match self.data.get(self.at) {
                Some(b'\n') => (self.line, self.at) = (self.line + 1, self.at + 1),
                Some(b'\r') => self.at += 1,
                Some(_) => break,
                None if self.ended => return Ok(None),
                None => self.fill()?,
            }
        }
        let cut = self.cut()?;
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
            self.columns = 0;
        }
        let end = self.base + to as u64;
        let to = start + len.min(LONGEST);
        Ok(Some(Record { offset, len: len as u64, line, end, broken, from: start, to }))
    }

    /// Cuts what lies ahead into columns.
    fn cut(&mut self) -> io::Result<Cut> {
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
                    self.columns = columns;
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
