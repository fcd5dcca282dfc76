//! Values of a template's instance as an event has them.
//!
//! Types after [MS-EVEN6] 2.2.12 (`ValueType`); the texts are those that the decoder's JSON holds.

use super::form::{ascii, binary, filetime, guid, hex, sid, systemtime, text, word};
use event::{Text, Value};
use std::borrow::Cow;

/// Types of values, as they stand in an instance.
pub(super) mod kind {
    pub const NULL: u8 = 0x00;
    pub const TEXT: u8 = 0x01;
    pub const ANSI: u8 = 0x02;
    pub const BINARY: u8 = 0x0e;
    pub const BINXML: u8 = 0x21;
    pub const TEXTS: u8 = 0x81;
}

/// Any length does.
const ANY: u8 = u8::MAX;
/// Lengths of values by their type; 0 where it takes more than a number to say.
const LENGTHS: [u8; 256] = {
    let mut all = [0; 256];
    all[kind::NULL as usize] = ANY;
    all[kind::BINARY as usize] = ANY;
    all[kind::BINXML as usize] = ANY;
    let fixed: [(usize, u8); 14] = [
        (0x03, 1),
        (0x04, 1),
        (0x05, 2),
        (0x06, 2),
        (0x07, 4),
        (0x08, 4),
        (0x09, 8),
        (0x0a, 8),
        (0x0d, 4),
        (0x0f, 16),
        (0x11, 8),
        (0x12, 16),
        (0x14, 4),
        (0x15, 8),
    ];
    let mut i = 0;
    while i < fixed.len() {
        all[fixed[i].0] = fixed[i].1;
        i += 1;
    }
    all
};

/// See [`Slot::class`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Text,
    Number,
    Other,
    /// Not one value.
    None,
}

/// A value's type and place in its chunk. One word, so that it stays in a register until it is stored.
#[derive(Clone, Copy)]
pub(super) struct Slot(u64);

impl Slot {
    /// A value of `len` bytes at byte `at` of its chunk.
    #[inline]
    pub fn new(at: u32, len: u16, kind: u8) -> Slot {
        Slot(u64::from(at) | u64::from(len) << 32 | u64::from(kind) << 48)
    }

    /// Where it begins.
    #[inline]
    pub fn at(self) -> usize {
        self.0 as u32 as usize
    }

    /// Its bytes.
    #[inline]
    pub fn len(self) -> usize {
        usize::from((self.0 >> 32) as u16)
    }

    /// Its type.
    #[inline]
    pub fn kind(self) -> u8 {
        (self.0 >> 48) as u8
    }

    /// What it holds.
    #[inline]
    pub fn bytes(self, chunk: &[u8]) -> &[u8] {
        chunk.get(self.at()..self.at() + self.len()).unwrap_or_default()
    }

    /// Whether it has a type and a length that are read here.
    #[inline]
    pub fn fits(self, chunk: &[u8]) -> bool {
        match LENGTHS[usize::from(self.kind())] {
            ANY => true,
            0 => self.fits_else(chunk),
            len => self.len() == usize::from(len),
        }
    }

    #[inline(never)]
    fn fits_else(self, chunk: &[u8]) -> bool {
        match self.kind() {
            kind::TEXT => self.len().is_multiple_of(2),
            kind::ANSI => self.bytes(chunk).is_ascii(),
            // A list that ends with a NUL and so has no text without one.
            kind::TEXTS => self.len().is_multiple_of(2) && self.bytes(chunk).ends_with(&[0, 0]),
            0x10 => matches!(self.len(), 4 | 8),
            0x13 => match self.bytes(chunk) {
                [_, parts, rest @ ..] => rest.len() == 6 + 4 * usize::from(*parts),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether the instance says that there is no value.
    #[inline]
    pub fn null(self) -> bool {
        self.kind() == kind::NULL || (self.kind() == kind::BINXML && self.len() == 0)
    }

    /// Whether it is BinXML: an instance of another template.
    #[inline]
    pub fn instance(self) -> bool {
        self.kind() == kind::BINXML && self.len() > 0
    }

    /// How its value is got. The kinds are apart so that a value is made where it stays: built up piece by piece
    /// and moved, it costs more than all else.
    #[inline]
    pub fn class(self) -> Class {
        match self.kind() {
            kind::TEXT | kind::NULL | kind::ANSI | kind::BINARY | 0x0f..=0x15 => Class::Text,
            0x03..=0x09 => Class::Number,
            kind::BINXML if self.len() == 0 => Class::Text,
            0x0a | 0x0d => Class::Other,
            _ => Class::None,
        }
    }

    /// The whole number of a [`Class::Number`].
    #[inline]
    pub fn number(self, chunk: &[u8]) -> i64 {
        let word = word(self.bytes(chunk));
        match self.kind() {
            0x03 => (word as i8).into(),
            0x05 => (word as i16).into(),
            0x07 => (word as i32).into(),
            _ => word as i64,
        }
    }

    /// The text of a [`Class::Text`]; `None` where it is nothing or empty.
    #[inline]
    pub fn text(self, chunk: &[u8]) -> Option<Text> {
        let bytes = self.bytes(chunk);
        let words = || {
            let (first, second) = bytes.split_at_checked(8).unwrap_or_default();
            (word(first), word(second))
        };
        match self.kind() {
            kind::TEXT => text(bytes),
            0x10 | 0x14 | 0x15 => hex(word(bytes)),
            0x0f => guid(words()),
            0x11 => filetime(word(bytes)),
            0x12 => systemtime(words()),
            0x13 => sid(bytes),
            kind::BINARY => binary(bytes),
            kind::ANSI => {
                let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1);
                let bytes = bytes.get(..end).unwrap_or_default();
                let kept: Cow<'_, [u8]> = match memchr::memchr(0, bytes) {
                    None => bytes.into(),
                    Some(_) => bytes.iter().copied().filter(|b| *b != 0).collect(),
                };
                ascii(&kept).filter(|t| !t.is_empty())
            }
            _ => None,
        }
    }

    /// The value of a [`Class::Other`].
    pub fn other(self, chunk: &[u8]) -> Value {
        // A number of 32 bits with its sign, or of 64.
        let kind = if self.kind() == 0x0d { 0x07 } else { 0x09 };
        let whole = Slot::new(self.at() as u32, self.len() as u16, kind).number(chunk);
        match (self.kind(), whole) {
            (0x0d, 0) => Value::Bool(false),
            // Some providers put a mask there.
            (0x0d, 1) => Value::Bool(true),
            (0x0a, ..0) => Value::Uint(whole as u64),
            _ => Value::Int(whole),
        }
    }

    /// Whether it is nothing or an empty text.
    pub fn empty(self, chunk: &[u8]) -> bool {
        matches!(self.class(), Class::Text) && self.text(chunk).is_none()
    }

    /// The texts of a list, each up to its NUL.
    pub fn texts<'a>(self, chunk: &'a [u8]) -> impl Iterator<Item = Text> + use<'a> {
        let units = self.bytes(chunk).as_chunks::<2>().0;
        let units = units.split_last().map_or(units, |(_, rest)| rest);
        units.split(|unit| *unit == [0, 0]).map(|item| text(item.as_flattened()).unwrap_or_default())
    }
}
