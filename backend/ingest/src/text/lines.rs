//! A text as lines with their places, whatever its length and theirs.

use crate::sniff::BOM;
use std::io::{self, Read};

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

/// Bytes asked of the source at a time, and the longest frame that is looked for.
const BLOCK: usize = 1 << 18;
/// The longest beginning of a frame: its length, a space and a priority.
const FRAME_START: usize = 16;

/// Bytes of the source that are read and not yet taken.
struct Buffer<'a> {
    from: &'a mut dyn Read,
    data: Vec<u8>,
    at: usize,
    end: usize,
    ended: bool,
}

impl Buffer<'_> {
    /// What is there, at least so many bytes (and at most [`BLOCK`]) unless the source ends before.
    fn at_least(&mut self, wanted: usize) -> io::Result<&[u8]> {
        while self.end - self.at < wanted.min(BLOCK) && !self.ended {
            if self.at > 0 {
                self.data.copy_within(self.at..self.end, 0);
                self.end -= self.at;
                self.at = 0;
            }
            match self.from.read(&mut self.data[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(n) => self.end += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(&self.data[self.at..self.end])
    }
}

/// Reads lines one at a time; holds no more than one.
pub(crate) struct Lines<'a> {
    from: Buffer<'a>,
    at: u64,
    number: u64,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub fn new(from: &'a mut dyn Read) -> Self {
        let from = Buffer { from, data: vec![0; BLOCK], at: 0, end: 0, ended: false };
        Lines { from, at: 0, number: 0, line: Vec::new() }
    }

    /// The next line without its end (`\n` or `\r\n`) and a byte order mark before the first.
    pub fn next(&mut self) -> io::Result<Option<(Line, &[u8])>> {
        self.line.clear();
        let start = self.at;
        let mut ended = false;
        while !ended {
            let bytes = self.from.at_least(1)?;
            if bytes.is_empty() {
                break;
            }
            let found = memchr::memchr(b'\n', bytes);
            ended = found.is_some();
            let taken = found.map_or(bytes.len(), |n| n + 1);
            // One byte over the bound stays, so that a `\r` there is seen.
            let room = (LONGEST + 2).saturating_sub(self.line.len());
            self.line.extend(&bytes[..taken.min(room)]);
            self.from.at += taken;
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

    /// The next frame of syslog over TCP (RFC 6587, 3.4.1: `LENGTH <PRIORITY>…`) where one stands whole, so that
    /// after it comes another or a line's end or nothing, else the next line. A frame may have line ends in it.
    pub fn next_framed(&mut self) -> io::Result<Option<(Line, &[u8])>> {
        let Some((skip, len)) = self.frame()? else { return self.next() };
        let bytes = &self.from.data[self.from.at + skip..][..len];
        self.line.clear();
        self.line.extend_from_slice(bytes.trim_ascii_end());
        self.number += 1;
        let offset = self.at + skip as u64;
        self.from.at += skip + len;
        self.at = offset + len as u64;
        let behind = self.from.at_least(2)?;
        let ends = if behind.starts_with(b"\r\n") { 2 } else { usize::from(behind.starts_with(b"\n")) };
        self.from.at += ends;
        self.at += ends as u64;
        let line = Line { offset, len: self.line.len() as u64, end: self.at, number: self.number };
        Ok(Some((line, &self.line)))
    }

    /// The length of a frame's head and of the frame, when one stands here.
    fn frame(&mut self) -> io::Result<Option<(usize, usize)>> {
        let head = |bytes: &[u8]| {
            let digits = bytes.iter().take(7).take_while(|b| b.is_ascii_digit()).count();
            let rest = bytes.get(digits..)?.strip_prefix(b" <")?;
            let priority = rest.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
            (bytes[0] != b'0' && priority > 0 && rest.get(priority) == Some(&b'>')).then_some(())?;
            let len = std::str::from_utf8(&bytes[..digits]).ok()?.parse::<usize>().ok()?;
            (len >= priority + 2 && len < BLOCK - FRAME_START * 2).then_some((digits + 1, len))
        };
        let bytes = self.from.at_least(FRAME_START)?;
        // Most texts have no frames at all.
        let Some((skip, len)) = bytes.first().filter(|b| b.is_ascii_digit()).and_then(|_| head(bytes)) else {
            return Ok(None);
        };
        let bytes = self.from.at_least(skip + len + FRAME_START)?;
        let Some(behind) = bytes.get(skip + len..) else { return Ok(None) };
        let whole = matches!(behind.first(), None | Some(b'\n' | b'\r'))
            || bytes[skip + len - 1] == b'\n'
            || (behind[0].is_ascii_digit() && head(behind).is_some());
        Ok(whole.then_some((skip, len)))
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

    #[test]
    fn frames_are_told_from_lines() {
        let framed = |mut text: &[u8]| {
            let mut lines = Lines::new(&mut text);
            let mut out = Vec::new();
            while let Some((line, bytes)) = lines.next_framed().unwrap() {
                out.push((line.offset, line.end, String::from_utf8(bytes.to_vec()).unwrap()));
            }
            out
        };
        let own = |list: &[(u64, u64, &str)]| {
            list.iter().map(|(a, b, c)| (*a, *b, (*c).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(
            framed(b"6 <1>a\nb8 <34>abcd\n9 <1>x"),
            own(&[(2, 8, "<1>a\nb"), (10, 19, "<34>abcd"), (19, 25, "9 <1>x")])
        );
        assert_eq!(framed(b"6 <1>abc\r\n1 <1>a\n"), own(&[(2, 10, "<1>abc"), (10, 17, "1 <1>a")]));
        // A length that leads into the middle of something is none.
        assert_eq!(framed(b"5 <1>abcdef\nx"), own(&[(0, 12, "5 <1>abcdef"), (12, 13, "x")]));
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
