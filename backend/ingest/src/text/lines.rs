//! A text as lines with their places, whatever its length and theirs.

use crate::sniff::BOM;
use std::io::{self, BufRead, BufReader, Read};

/// Longer lines and records are cut here, and say so.
pub(crate) const LONGEST: usize = 1 << 20;

/// Where a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Byte of its first character.
    pub offset: u64,
    /// Bytes in the source, without the line's end.
    pub len: u64,
    /// Byte after its end.
    pub end: u64,
    /// From 1.
    pub number: u64,
}

impl Line {
    /// Whether only its first [`LONGEST`] bytes were handed on.
    pub fn cut(&self) -> bool {
        self.len > LONGEST as u64
    }
}

/// Reads lines one at a time; holds no more than one.
pub(crate) struct Lines<'a> {
    from: BufReader<&'a mut dyn Read>,
    at: u64,
    number: u64,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub fn new(from: &'a mut dyn Read) -> Self {
        Lines { from: BufReader::with_capacity(1 << 18, from), at: 0, number: 0, line: Vec::new() }
    }

    /// The next line without its end (`\n` or `\r\n`) and a byte order mark before the first.
    pub fn next(&mut self) -> io::Result<Option<(Line, &[u8])>> {
        self.line.clear();
        let start = self.at;
        let mut ended = false;
        while !ended {
            let bytes = match self.from.fill_buf() {
                Ok(bytes) => bytes,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if bytes.is_empty() {
                break;
            }
            let found = memchr::memchr(b'\n', bytes);
            ended = found.is_some();
            let taken = found.map_or(bytes.len(), |n| n + 1);
            // One byte over the bound stays, so that a `\r` there is seen.
            let room = (LONGEST + 2).saturating_sub(self.line.len());
            self.line.extend(&bytes[..taken.min(room)]);
            self.from.consume(taken);
            self.at += taken as u64;
        }
        if self.at == start {
            return Ok(None);
        }
        self.number += 1;
        let mut offset = start;
        let mut len = self.at - start - u64::from(ended);
        if ended && self.line.last() == Some(&b'\n') {
            self.line.pop();
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
                len -= 1;
            }
        }
        if self.number == 1 && self.line.starts_with(BOM) {
            self.line.drain(..BOM.len());
            offset += BOM.len() as u64;
            len -= BOM.len() as u64;
        }
        self.line.truncate(LONGEST);
        Ok(Some((Line { offset, len, end: self.at, number: self.number }, &self.line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut text: &[u8]) -> Vec<(Line, Vec<u8>)> {
        let mut lines = Lines::new(&mut text);
        let mut out = Vec::new();
        while let Some((line, bytes)) = lines.next().unwrap() {
            out.push((line, bytes.to_vec()));
        }
        out
    }

    #[test]
    fn ends_marks_and_the_last_line() {
        let got = all(b"\xef\xbb\xbfone\r\n\ntwo");
        let text: Vec<_> = got.iter().map(|(l, b)| (l.offset, l.len, l.number, b.as_slice())).collect();
        assert_eq!(text, [(3, 3, 1, &b"one"[..]), (8, 0, 2, b""), (9, 3, 3, b"two")]);
        assert!(all(b"").is_empty());
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_is_whole() {
        for extra in [0, 1, 2, 300_000] {
            let mut text = vec![b'x'; LONGEST + extra];
            text.extend(b"\nnext\n");
            let got = all(&text);
            assert_eq!((got[0].0.len, got[0].1.len()), ((LONGEST + extra) as u64, LONGEST));
            assert_eq!(got[0].0.cut(), extra > 0);
            assert_eq!((got[1].0.offset, got[1].1.as_slice()), ((LONGEST + extra + 1) as u64, &b"next"[..]));
        }
    }

    proptest::proptest! {
        #[test]
        fn every_byte_is_in_one_line(text: Vec<u8>) {
            let got = all(&text);
            for (line, bytes) in &got {
                let from = line.offset as usize;
                proptest::prop_assert_eq!(&text[from..from + line.len as usize], bytes.as_slice());
            }
            proptest::prop_assert_eq!(got.last().map_or(0, |l| l.0.end), text.len() as u64);
        }
    }
}
