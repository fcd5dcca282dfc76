//! UTF-16 and Latin-1 texts as UTF-8 while they stream; everything else passes as it is.
//!
//! UTF-16 is known by its mark, or without one by characters that make sense read so (the first [`HEAD`] bytes decide).
//! Latin-1 is known by the first block that is not ASCII: no character in it is UTF-8, and those of its bytes that are
//! not ASCII are few. It is read as Windows-1252, which has letters and signs where Latin-1 has control characters.
//! A text that is UTF-8 with some wrong bytes is not touched.

use super::offsets::Offsets;
use crate::{HEAD, sniff::BOM};
use std::{
    borrow::Cow,
    io::{self, Read},
};

/// How a text's characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// ASCII so far.
    Ascii,
    /// UTF-8, or something that is kept as if it were.
    Utf8,
    /// Latin-1 in the wider form of Windows-1252.
    Latin1,
    /// Low byte first.
    Utf16Le,
    /// High byte first.
    Utf16Be,
}

/// Windows-1252's characters 0x80 to 0x9f (WHATWG Encoding Standard, index windows-1252).
const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";

impl Encoding {
    /// What a text begins as.
    pub fn of_head(head: &[u8]) -> Encoding {
        let utf32 = head.starts_with(b"\xff\xfe\0\0");
        match head {
            [0xff, 0xfe, ..] if !utf32 => Encoding::Utf16Le,
            [0xfe, 0xff, ..] => Encoding::Utf16Be,
            _ if !head.contains(&0) => Encoding::of_block(head),
            _ if makes_sense(head, u16::from_le_bytes) => Encoding::Utf16Le,
            _ if makes_sense(head, u16::from_be_bytes) => Encoding::Utf16Be,
            _ => Encoding::Utf8,
        }
    }

    /// What a block of a text that has been ASCII so far is.
    fn of_block(block: &[u8]) -> Encoding {
        if block.is_ascii() {
            return Encoding::Ascii;
        }
        // A block may end inside a character; what comes tells.
        if block.len() >= HEAD && lead(block).is_some_and(|at| unfinished(&block[at..])) {
            return Encoding::Ascii;
        }
        let mut high = block.iter().filter(|b| !b.is_ascii());
        let count = high.clone().count();
        // Five bytes have no character in Windows-1252.
        let letters = high.all(|b| !matches!(b, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d));
        let utf8 = block.utf8_chunks().any(|c| !c.valid().is_ascii());
        let cut = block.utf8_chunks().all(|c| c.invalid().is_empty());
        if utf8 || cut || !letters || count * 3 > block.len() + 16 {
            Encoding::Utf8
        } else {
            Encoding::Latin1
        }
    }

    /// What is said of a text that is written so.
    fn note(self) -> Option<&'static str> {
        match self {
            Encoding::Ascii | Encoding::Utf8 => None,
            Encoding::Latin1 => Some("is Latin-1 (Windows-1252) text; it was taken over as UTF-8"),
            Encoding::Utf16Le => Some("is UTF-16 text, low byte first; it was taken over as UTF-8"),
            Encoding::Utf16Be => Some("is UTF-16 text, high byte first; it was taken over as UTF-8"),
        }
    }

    fn is_wide(self) -> bool {
        matches!(self, Encoding::Utf16Le | Encoding::Utf16Be)
    }

    /// The character at the start of `bytes` and its length; `None` when it may go on behind them.
    fn first(self, bytes: &[u8]) -> Option<(char, usize)> {
        if self == Encoding::Latin1 {
            let byte = *bytes.first()?;
            let windows = (0x80..0xa0).contains(&byte).then(|| WINDOWS.chars().nth(usize::from(byte - 0x80)));
            return Some((windows.flatten().unwrap_or(char::from(byte)), 1));
        }
        let unit = |at: usize| {
            let pair = [*bytes.get(at)?, *bytes.get(at + 1)?];
            Some(if self == Encoding::Utf16Le { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
        };
        let first = unit(0)?;
        if !(0xd800..0xdc00).contains(&first) {
            return Some((char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER), 2));
        }
        let pair = char::decode_utf16([first, unit(2)?]).next();
        Some(pair.and_then(Result::ok).map_or((char::REPLACEMENT_CHARACTER, 2), |c| (c, 4)))
    }
}

/// Where a text stops to be ASCII.
fn lead(text: &[u8]) -> Option<usize> {
    text.iter().position(|b| !b.is_ascii())
}

/// Whether bytes are the beginning of one UTF-8 character.
fn unfinished(bytes: &[u8]) -> bool {
    bytes.len() < 4
        && std::str::from_utf8(bytes).is_err_and(|e| e.valid_up_to() == 0 && e.error_len().is_none())
}

/// Whether a text of 16-bit units without a mark has no control characters, no lone surrogates and enough ASCII.
fn makes_sense(head: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let units = head.chunks_exact(2).map(|p| unit([p[0], p[1]]));
    let (mut all, mut ascii) = (0, 0);
    let mut wrong = 0;
    for c in char::decode_utf16(units) {
        all += 1;
        match c {
            Ok('\t' | '\n' | '\r' | ' '..='~') => ascii += 1,
            Ok(c) if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{e000}'..='\u{f8ff}') => {
                return false;
            }
            Ok(_) => {}
            Err(_) => wrong += 1,
        }
    }
    // The head may end inside a pair.
    wrong <= 1 && ascii >= 2 && ascii * 10 >= all * 3
}

/// The first bytes of a text as UTF-8, without a mark.
pub(crate) fn head(head: &[u8]) -> Cow<'_, [u8]> {
    let encoding = Encoding::of_head(head);
    if !encoding.is_wide() && encoding != Encoding::Latin1 {
        return Cow::Borrowed(head.strip_prefix(BOM).unwrap_or(head));
    }
    let mut rest = head;
    let mut text = String::with_capacity(head.len());
    while let Some((c, len)) = encoding.first(rest) {
        text.push(c);
        rest = rest.get(len..).unwrap_or_default();
    }
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Cow::Owned(text.into_bytes())
}

/// A text as UTF-8.
pub(crate) struct Utf8<'a> {
    from: Box<dyn Read + 'a>,
    offsets: &'a Offsets,
    encoding: Option<Encoding>,
    /// Bytes of the source that are read and not yet handed on; begins at `source`.
    raw: Vec<u8>,
    at: usize,
    /// The beginning of a character behind `raw`.
    held: Vec<u8>,
    ended: bool,
    /// Handed on, and where that is in the source.
    text: u64,
    source: u64,
    /// Transcoded and not yet handed on.
    ready: Vec<u8>,
    ready_at: usize,
}

impl<'a> Utf8<'a> {
    pub fn new(from: Box<dyn Read + 'a>, offsets: &'a Offsets) -> Self {
        let (raw, held, ready) = (Vec::new(), Vec::new(), Vec::new());
        Utf8 {
            from,
            offsets,
            encoding: None,
            raw,
            at: 0,
            held,
            ended: false,
            text: 0,
            source: 0,
            ready,
            ready_at: 0,
        }
    }

    /// Fills `raw` to [`HEAD`] bytes or the end, so that what is decided does not hang on how the source is read.
    fn fill(&mut self) -> io::Result<()> {
        self.raw.drain(..self.at);
        self.at = 0;
        self.raw.append(&mut self.held);
        let have = self.raw.len();
        if !self.ended && have < HEAD {
            let mut more = self.from.by_ref().take((HEAD - have) as u64);
            // What was read before an error stays in `raw`.
            more.read_to_end(&mut self.raw)?;
            self.ended = self.raw.len() < HEAD;
        }
        Ok(())
    }

    /// Transcodes a block into `ready`.
    fn transcode(&mut self, encoding: Encoding) {
        self.ready.clear();
        self.ready_at = 0;
        let mut utf8 = [0; 4];
        while let Some(rest) = self.raw.get(self.at..).filter(|r| !r.is_empty()) {
            let (c, len) = match encoding.first(rest) {
                Some(found) => found,
                None if self.ended => (char::REPLACEMENT_CHARACTER, rest.len()),
                None => break,
            };
            let bytes = c.encode_utf8(&mut utf8).as_bytes();
            self.offsets.run(self.text, self.source, bytes.len() as u64, len as u64);
            self.ready.extend_from_slice(bytes);
            self.text += bytes.len() as u64;
            self.source += len as u64;
            self.at += len;
        }
    }
}

impl Read for Utf8<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.ready.get(self.ready_at..).unwrap_or_default();
            if !ready.is_empty() {
                let n = ready.read(into)?;
                self.ready_at += n;
                return Ok(n);
            }
            let mut rest = self.raw.get(self.at..).unwrap_or_default();
            match self.encoding {
                // What was looked at, then the source itself.
                Some(Encoding::Utf8) if rest.is_empty() => return self.from.read(into),
                Some(Encoding::Utf8 | Encoding::Ascii) if !rest.is_empty() => {
                    let n = rest.read(into)?;
                    self.at += n;
                    self.text += n as u64;
                    self.source += n as u64;
                    return Ok(n);
                }
                _ => {}
            }
            self.fill()?;
            if self.raw.is_empty() {
                return Ok(0);
            }
            let encoding = match self.encoding {
                None => Encoding::of_head(&self.raw),
                Some(Encoding::Ascii) => Encoding::of_block(&self.raw),
                Some(known) => known,
            };
            if encoding == Encoding::Ascii
                && let Some(at) = lead(&self.raw)
            {
                self.held = self.raw.split_off(at);
            }
            if self.encoding != Some(encoding) {
                self.encoding = Some(encoding);
                if let Some(note) = encoding.note() {
                    // Up to here both sides were the same.
                    self.offsets.run(0, 0, 1, 1);
                    self.offsets.notice(note);
                }
            }
            if encoding == Encoding::Latin1 || encoding.is_wide() {
                self.transcode(encoding);
            }
        }
    }
}

#[cfg(test)]
#[path = "encoding_tests.rs"]
mod tests;
