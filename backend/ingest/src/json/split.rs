//! A JSON text of any arrangement as single values, with bounded memory and whatever is broken between them.
//!
//! Values may follow each other with or without white space, on one line or many, or lie in a list at the top, also
//! one inside `{"Records": […]}`. What is not JSON is cut out so that the next value survives: a broken value on one
//! line ends with that line; one over several lines ends before the next line that begins an object and is not
//! indented deeper than it.

use super::scan::{Scan, Step};
use crate::{sniff::BOM, text::LONGEST};
use std::{
    io::{self, Read},
    ops::Range,
};

/// Bytes asked of the source at a time.
const BLOCK: usize = 1 << 18;
/// What is said of a value that is not read whole.
const LONG: &str = "longer than 1 MiB; only its first 1 MiB is here";
/// So far in, an object says whether it is a wrapper of records.
const WRAPPER: usize = 1 << 10;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole object.
    Object,
    /// A whole value of another kind.
    Other,
    /// Text that is no JSON value, and why.
    Broken(&'static str),
    /// Something between values that should not be there or is missing; it has no text of its own.
    Around(&'static str),
}

/// One find.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub kind: Kind,
    /// Byte of its start in the source.
    pub offset: u64,
    /// Bytes in the source.
    pub len: u64,
    /// Line of its start, from 1.
    pub line: u64,
    /// Byte up to which the source is done.
    pub end: u64,
    text: Text,
}

#[derive(Clone, Debug)]
enum Text {
    Buffer(Range<usize>),
    /// In `Split::cut`.
    Cut,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Between values.
    Top,
    /// In a list; in `wrapped` also inside an object around it.
    List { wrapped: bool, next: Next },
    /// Behind a wrapped list.
    Tail,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    ElementOrEnd,
    Element,
    CommaOrEnd,
    /// After something broken.
    Any,
}

/// Goes through a source.
pub(crate) struct Split<'a> {
    from: &'a mut dyn Read,
    data: Vec<u8>,
    /// Up to here `data` is done.
    at: usize,
    /// Offset of `data[0]` in the source.
    base: u64,
    ended: bool,
    line: u64,
    /// Offset at which the line of `at` begins.
    line_start: u64,
    place: Place,
    cut: Vec<u8>,
}

impl<'a> Split<'a> {
    pub fn new(from: &'a mut dyn Read) -> Self {
        Split {
            from,
            data: Vec::new(),
            at: 0,
            base: 0,
            ended: false,
            line: 1,
            line_start: 0,
            place: Place::Top,
            cut: Vec::new(),
        }
    }

    /// The text of the last find; at most [`LONGEST`] bytes.
    pub fn text(&self, found: &Found) -> &[u8] {
        match &found.text {
            Text::Buffer(range) => &self.data[range.clone()],
            Text::Cut => &self.cut,
        }
    }

    /// What is read from here on, where [`Split::next`] would find an object here and it is no wrapper.
    pub fn object_ahead(&mut self) -> io::Result<Option<&[u8]>> {
        self.begin()?;
        let mut byte = self.peek()?;
        if let (Place::List { wrapped, next: Next::CommaOrEnd }, Some(b',')) = (self.place, byte) {
            self.advance(1);
            self.place = Place::List { wrapped, next: Next::Element };
            byte = self.peek()?;
        }
        let object = byte == Some(b'{')
            && match self.place {
                Place::Top => self.wrapper()?.is_none(),
                Place::List { next, .. } => next != Next::CommaOrEnd,
                Place::Tail => false,
            };
        Ok(object.then(|| &self.data[self.at..]))
    }

    /// The object of so many bytes that lies ahead.
    pub fn object(&mut self, len: usize) -> Found {
        self.whole(self.at + len)
    }

    /// Makes room, and passes over a mark at the beginning.
    fn begin(&mut self) -> io::Result<()> {
        if self.at > BLOCK {
            self.data.drain(..self.at);
            self.base += self.at as u64;
            self.at = 0;
        }
        if self.base == 0 && self.at == 0 {
            self.ahead(BOM.len())?;
            if self.data.starts_with(BOM) {
                self.advance(BOM.len());
                self.line_start = BOM.len() as u64;
            }
        }
        Ok(())
    }

    /// The next find, or the end.
    pub fn next(&mut self) -> io::Result<Option<Found>> {
        self.begin()?;
        loop {
            let Some(byte) = self.peek()? else {
                let open = self.place != Place::Top;
                self.place = Place::Top;
                return Ok(open.then(|| self.around("the text ends inside a list that is not closed")));
            };
            match (self.place, byte) {
                (Place::Top, b'[') => {
                    self.advance(1);
                    self.place = Place::List { wrapped: false, next: Next::ElementOrEnd };
                }
                (Place::Top, b'{') => match self.wrapper()? {
                    Some(taken) => {
                        self.advance(taken);
                        self.place = Place::List { wrapped: true, next: Next::ElementOrEnd };
                    }
                    None => return self.value().map(Some),
                },
                (Place::Top, b'R') if self.record_line()? => {}
                (Place::Top, _) => return self.value().map(Some),
                (Place::List { wrapped, next }, b']') => {
                    self.advance(1);
                    self.place = if wrapped { Place::Tail } else { Place::Top };
                    if next == Next::Element {
                        return Ok(Some(self.around("a comma before the end of a list")));
                    }
                }
                (Place::List { wrapped, next }, b',') => {
                    self.advance(1);
                    self.place = Place::List { wrapped, next: Next::Element };
                    if matches!(next, Next::Element | Next::ElementOrEnd) {
                        while self.peek()? == Some(b',') {
                            self.advance(1);
                        }
                        return Ok(Some(self.around("a comma too many in a list")));
                    }
                }
                (Place::List { wrapped, next: Next::CommaOrEnd }, _) => {
                    self.place = Place::List { wrapped, next: Next::Element };
                    return Ok(Some(self.around("no comma between the elements of a list")));
                }
                (Place::List { .. }, _) => return self.value().map(Some),
                (Place::Tail, _) => {
                    if let Some(found) = self.tail()? {
                        return Ok(Some(found));
                    }
                }
            }
        }
    }

    /// One value from here on.
    fn value(&mut self) -> io::Result<Found> {
        let (start, mut fed) = (self.at, self.at);
        let mut scan = Scan::value();
        loop {
            match scan.feed(&self.data[fed..]) {
                Step::Done(n) => return Ok(self.whole(fed + n)),
                Step::Bad(n, why) => return self.broken(fed + n, why),
                Step::More => {}
            }
            fed = self.data.len();
            if fed - start > LONGEST {
                return self.too_long(Some(scan), LONG);
            }
            if !self.fill()? {
                return if scan.whole_at_end() {
                    Ok(self.whole(fed))
                } else {
                    self.broken(fed, "the text ends in the middle of a value")
                };
            }
        }
    }

    fn whole(&mut self, end: usize) -> Found {
        let kind = match self.data[self.at] {
            _ if end - self.at > LONGEST => Kind::Broken(LONG),
            b'{' => Kind::Object,
            _ => Kind::Other,
        };
        if let Place::List { wrapped, .. } = self.place {
            self.place = Place::List { wrapped, next: Next::CommaOrEnd };
        }
        self.found(kind, end, end)
    }

    /// A broken value from here, whose first bad byte is `bad`.
    fn broken(&mut self, bad: usize, why: &'static str) -> io::Result<Found> {
        if let Place::List { wrapped, .. } = self.place {
            self.place = Place::List { wrapped, next: Next::Any };
        }
        let start = self.at;
        let indent = self.base + start as u64 - self.line_start;
        let mut from = match memchr::memchr(b'\n', &self.data[start..bad]) {
            None => {
                let Some(end) = self.line_end(bad)? else { return self.too_long(None, why) };
                return Ok(self.trimmed(end, why));
            }
            Some(n) => start + n + 1,
        };
        // Lines after the first: until one may begin a value of the same rank.
        loop {
            let mut first = from;
            loop {
                match self.data.get(first).copied() {
                    Some(b' ' | b'\t') => first += 1,
                    Some(_) => break,
                    None if self.fill()? => {}
                    None => return Ok(self.trimmed(first, why)),
                }
            }
            let may_begin = match self.data[first] {
                b'{' => true,
                b'[' => self.place == Place::Top,
                b']' => self.place != Place::Top,
                _ => false,
            };
            if may_begin && (first - from) as u64 <= indent || from - start > LONGEST {
                return Ok(self.trimmed(from, why));
            }
            let Some(end) = self.line_end(first)? else { return Ok(self.trimmed(from, why)) };
            from = end;
        }
    }

    /// The byte after the line that `from` is in, or the end; `None` when the value gets too long before.
    fn line_end(&mut self, from: usize) -> io::Result<Option<usize>> {
        let mut from = from;
        loop {
            if let Some(n) = memchr::memchr(b'\n', &self.data[from..]) {
                return Ok(Some(from + n + 1));
            }
            from = self.data.len();
            if from - self.at > LONGEST {
                return Ok(None);
            }
            if !self.fill()? {
                return Ok(Some(from));
            }
        }
    }

    fn trimmed(&mut self, end: usize, why: &'static str) -> Found {
        let len = self.data[self.at..end].trim_ascii_end().len();
        let why = if len > LONGEST { LONG } else { why };
        self.found(Kind::Broken(why), self.at + len, end)
    }

    /// Keeps the beginning and passes over the rest: of the value while it is one, else of the line.
    fn too_long(&mut self, scan: Option<Scan>, why: &'static str) -> io::Result<Found> {
        let (offset, line) = (self.base + self.at as u64, self.line);
        self.cut.clear();
        self.cut.extend(&self.data[self.at..self.at + LONGEST]);
        if let Place::List { wrapped, .. } = self.place {
            self.place = Place::List { wrapped, next: Next::Any };
        }
        // All that is there was looked at.
        self.advance(self.data.len() - self.at);
        let mut scan = scan;
        while self.fill()? {
            let step = scan.as_mut().map(|s| s.feed(&self.data[self.at..]));
            match step {
                Some(Step::Done(n)) => {
                    self.advance(n);
                    break;
                }
                Some(Step::More) => self.advance(self.data.len() - self.at),
                Some(Step::Bad(..)) | None => {
                    scan = None;
                    if let Some(n) = memchr::memchr(b'\n', &self.data[self.at..]) {
                        self.advance(n + 1);
                        break;
                    }
                    self.advance(self.data.len() - self.at);
                }
            }
        }
        let end = self.base + self.at as u64;
        Ok(Found { kind: Kind::Broken(why), offset, len: end - offset, line, end, text: Text::Cut })
    }

    /// What stands behind a wrapped list: nothing but the object's end, or it is said.
    fn tail(&mut self) -> io::Result<Option<Found>> {
        let mut scan = Scan::inside_object();
        let mut more = false;
        loop {
            more |= self.data[self.at..].first().is_some_and(|b| *b != b'}');
            match scan.feed(&self.data[self.at..]) {
                Step::Done(n) => {
                    self.advance(n);
                    break;
                }
                Step::Bad(n, _) => {
                    self.advance(n);
                    self.place = Place::Top;
                    return Ok(Some(self.around("the object around the records does not end as one")));
                }
                Step::More => {
                    self.advance(self.data.len() - self.at);
                    if !self.fill()? {
                        self.place = Place::Top;
                        return Ok(Some(self.around("the object around the records is not closed")));
                    }
                }
            }
        }
        self.place = Place::Top;
        Ok(more.then(|| self.around("what stands beside the records is no event and was left out")))
    }

    /// Whether here an object begins that wraps records, and the bytes up to the first.
    fn wrapper(&mut self) -> io::Result<Option<usize>> {
        self.ahead(WRAPPER)?;
        let mut rest = &self.data[self.at..];
        let all = rest.len();
        for part in [&b"{"[..], b"\"Records\"", b":", b"["] {
            rest = match rest.trim_ascii_start().strip_prefix(part) {
                Some(rest) => rest,
                None => return Ok(None),
            };
        }
        Ok(Some(all - rest.len()))
    }

    /// Passes over a line that the evtx crate's command writes before each object: `Record 12`.
    fn record_line(&mut self) -> io::Result<bool> {
        self.ahead(40)?;
        let rest = &self.data[self.at..];
        let rest = &rest[..rest.len().min(40)];
        let line = rest.split(|b| *b == b'\n').next().unwrap_or_default();
        let Some(number) = line.strip_prefix(b"Record ") else { return Ok(false) };
        let number = number.trim_ascii_end();
        let is = !number.is_empty() && number.iter().all(u8::is_ascii_digit) && line.len() < rest.len();
        if is {
            self.advance(line.len());
        }
        Ok(is)
    }

    /// The next byte that is not white space (or RFC 7464's separator), not taken.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let rest = &self.data[self.at..];
            let blank = |b: &u8| matches!(b, b' ' | b'\n' | b'\r' | b'\t' | 0x1e);
            if let Some(n) = rest.iter().position(|b| !blank(b)) {
                self.advance(n);
                return Ok(self.data.get(self.at).copied());
            }
            self.advance(self.data.len() - self.at);
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn found(&mut self, kind: Kind, text_end: usize, end: usize) -> Found {
        let (start, line) = (self.at, self.line);
        self.advance(end - start);
        Found {
            kind,
            offset: self.base + start as u64,
            len: (text_end - start) as u64,
            line,
            end: self.base + end as u64,
            text: Text::Buffer(start..text_end.min(start + LONGEST)),
        }
    }

    fn around(&mut self, what: &'static str) -> Found {
        self.found(Kind::Around(what), self.at, self.at)
    }

    fn advance(&mut self, n: usize) {
        let taken = &self.data[self.at..self.at + n];
        if let Some(last) = memchr::memrchr(b'\n', taken) {
            self.line += memchr::memchr_iter(b'\n', taken).count() as u64;
            self.line_start = self.base + (self.at + last + 1) as u64;
        }
        self.at += n;
    }

    /// Reads until so many bytes lie ahead, or the end.
    fn ahead(&mut self, n: usize) -> io::Result<()> {
        while self.data.len() - self.at < n && self.fill()? {}
        Ok(())
    }

    /// Reads on; false at the end. What is done goes only when the buffer is all done.
    fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.at == self.data.len() && self.at > BLOCK {
            self.base += self.at as u64;
            self.data.clear();
            self.at = 0;
        }
        let there = self.data.len();
        self.data.resize(there + BLOCK, 0);
        let read = loop {
            match self.from.read(&mut self.data[there..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        self.data.truncate(there + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(!self.ended)
    }
}
