//! Values of a template's instance as an event has them.
//!
//! Types after [MS-EVEN6] 2.2.12 (`ValueType`); the texts are those that the decoder's JSON holds.

use super::Left;
use event::Value;

/// Types of values, as they stand in an instance.
pub(super) mod kind {
    pub const NULL: u8 = 0x00;
    pub const TEXT: u8 = 0x01;
    pub const ANSI: u8 = 0x02;
    pub const BINARY: u8 = 0x0e;
    pub const BINXML: u8 = 0x21;
    pub const TEXTS: u8 = 0x81;
}

/// A value's type and place in its chunk.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub at: u32,
    pub len: u16,
    pub kind: u8,
}

impl Slot {
    /// Its bytes.
    #[inline]
    pub fn bytes<'a>(&self, chunk: &'a [u8]) -> &'a [u8] {
        let start = self.at as usize;
        chunk.get(start..start + usize::from(self.len)).unwrap_or_default()
    }

    /// Whether it has a type and a length that are read here.
    pub fn check(&self, chunk: &[u8]) -> Result<(), Left> {
        let fits = match self.kind {
            kind::NULL | kind::BINARY | kind::BINXML => true,
            kind::ANSI => self.bytes(chunk).is_ascii(),
            kind::TEXT => self.len.is_multiple_of(2),
            // A list that ends with a NUL and so has no text without one.
            kind::TEXTS => self.len.is_multiple_of(2) && self.bytes(chunk).ends_with(&[0, 0]),
            0x03 | 0x04 => self.len == 1,
            0x05 | 0x06 => self.len == 2,
            0x07 | 0x08 | 0x0d | 0x14 => self.len == 4,
            0x09 | 0x0a | 0x11 | 0x15 => self.len == 8,
            0x0f | 0x12 => self.len == 16,
            0x10 => matches!(self.len, 4 | 8),
            0x13 => match self.bytes(chunk) {
                [_, parts, rest @ ..] => rest.len() == 6 + 4 * usize::from(*parts),
                _ => false,
            },
            _ => false,
        };
        if fits { Ok(()) } else { Err(Left("a value of a type or length that is not read here")) }
    }

    /// Whether the instance says that there is no value.
    #[inline]
    pub fn null(&self) -> bool {
        self.kind == kind::NULL || (self.kind == kind::BINXML && self.len == 0)
    }

    /// Whether it is BinXML: an instance of another template.
    #[inline]
    pub fn instance(&self) -> bool {
        self.kind == kind::BINXML && self.len > 0
    }

    /// The value; null where it is nothing or an empty text.
    #[inline]
    pub fn value(&self, chunk: &[u8]) -> Result<Value, Left> {
        let bytes = self.bytes(chunk);
        // Lengths were checked, so a number that does not fit is none of ours.
        const WRONG: Left = Left("a number of a wrong length");
        macro_rules! number {
            ($t:ty) => {
                <$t>::from_le_bytes(bytes.try_into().map_err(|_| WRONG)?)
            };
        }
        Ok(match self.kind {
            kind::TEXT => text(bytes),
            kind::NULL => Value::Null,
            0x03 => Value::Int(number!(i8).into()),
            0x04 => Value::Int(number!(u8).into()),
            0x05 => Value::Int(number!(i16).into()),
            0x06 => Value::Int(number!(u16).into()),
            0x07 => Value::Int(number!(i32).into()),
            0x08 => Value::Int(number!(u32).into()),
            0x09 => Value::Int(number!(i64)),
            0x0a => {
                let n = number!(u64);
                i64::try_from(n).map_or(Value::Uint(n), Value::Int)
            }
            // Some providers put a mask there.
            0x0d => match number!(i32) {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                n => Value::Int(n.into()),
            },
            0x14 => hex(number!(u32).into()),
            0x15 => hex(number!(u64)),
            0x10 if bytes.len() == 4 => hex(number!(u32).into()),
            0x10 => hex(number!(u64)),
            0x0f => guid(&number!(u128).to_le_bytes()),
            0x11 => filetime(number!(u64)),
            0x12 => systemtime(&number!(u128).to_le_bytes()),
            0x13 => sid(bytes),
            kind::BINARY => binary(bytes),
            kind::ANSI => {
                let kept: String = bytes.iter().filter(|b| **b != 0).map(|b| char::from(*b)).collect();
                if kept.is_empty() { Value::Null } else { Value::Str(kept.into()) }
            }
            kind::BINXML if bytes.is_empty() => Value::Null,
            _ => return Err(Left("a value where none of its type is read")),
        })
    }

    /// The texts of a list, each up to its NUL.
    pub fn texts<'a>(&self, chunk: &'a [u8]) -> impl Iterator<Item = Value> + use<'a> {
        let units = self.bytes(chunk).as_chunks::<2>().0;
        let units = units.split_last().map_or(units, |(_, rest)| rest);
        units.split(|unit| *unit == [0, 0]).map(|item| match text(item.as_flattened()) {
            Value::Null => Value::Str(Box::default()),
            text => text,
        })
    }
}

/// UTF-16 up to its first NUL; null when that leaves nothing. Half a pair of surrogates is U+FFFD.
#[inline]
fn text(mut bytes: &[u8]) -> Value {
    while let Some(rest) = bytes.strip_suffix(&[0, 0]) {
        bytes = rest;
    }
    if bytes.is_empty() {
        return Value::Null;
    }
    // Nearly all texts are ASCII.
    let mut out = Vec::with_capacity(bytes.len() / 2);
    let (fours, rest) = bytes.as_chunks::<8>();
    let (mut all, mut nul) = (0, false);
    for four in fours {
        let word = u64::from_le_bytes(*four);
        all |= word;
        // Each unit below 0x80: a borrow from its top bit shows that it was zero.
        nul |= !(word | (word | 0x0080_0080_0080_0080) - 0x0001_0001_0001_0001) & 0x0080_0080_0080_0080 != 0;
        let pairs = (word | word >> 8) & 0x0000_ffff_0000_ffff;
        out.extend_from_slice(&((pairs | pairs >> 16) as u32).to_le_bytes());
    }
    for unit in rest.as_chunks::<2>().0 {
        all |= u64::from(u16::from_le_bytes(*unit));
        nul |= *unit == [0, 0];
        out.push(unit[0]);
    }
    if all & 0xff80_ff80_ff80_ff80 == 0
        && !nul
        && let Ok(text) = String::from_utf8(out)
    {
        return Value::Str(text.into());
    }
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let text: String = char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if text.is_empty() { Value::Null } else { Value::Str(text.into()) }
}

/// ASCII as a value.
fn ascii(bytes: &[u8]) -> Value {
    Value::Str(std::str::from_utf8(bytes).unwrap_or_default().into())
}

const LOWER: &[u8; 16] = b"0123456789abcdef";

fn hex(n: u64) -> Value {
    let mut out = *b"0x0000000000000000";
    let digits = (64 - n.leading_zeros()).div_ceil(4).max(1) as usize;
    for (i, to) in out.iter_mut().skip(2).take(digits).enumerate() {
        *to = LOWER[(n >> (4 * (digits - 1 - i)) & 15) as usize];
    }
    ascii(out.get(..2 + digits).unwrap_or_default())
}

fn binary(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
        }
    }
    Value::Str(out.into())
}

fn guid(bytes: &[u8; 16]) -> Value {
    /// Where in the text each byte's first digit stands.
    const PLACES: [usize; 16] = [7, 5, 3, 1, 12, 10, 17, 15, 20, 22, 25, 27, 29, 31, 33, 35];
    let mut out = *b"{00000000-0000-0000-0000-000000000000}";
    for (byte, place) in bytes.iter().zip(PLACES) {
        out[place] = LOWER[usize::from(byte >> 4)];
        out[place + 1] = LOWER[usize::from(byte & 15)];
    }
    ascii(&out)
}

/// `S-1-5-…`: revision, authority as a big-endian number of 48 bits, parts.
fn sid(bytes: &[u8]) -> Value {
    use std::fmt::Write;
    let [revision, _, a, b, c, d, e, f, parts @ ..] = bytes else { return Value::Null };
    let authority = u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
    let mut out = String::with_capacity(48);
    // Writing to a string does not fail.
    let _ = write!(out, "S-{revision}-{authority}");
    for part in parts.as_chunks::<4>().0 {
        let _ = write!(out, "-{}", u32::from_le_bytes(*part));
    }
    Value::Str(out.into())
}

/// Numbers as the digits of a date.
fn digits<const N: usize>(out: &mut [u8; N], at: std::ops::Range<usize>, mut n: u32) {
    for to in out.get_mut(at).unwrap_or_default().iter_mut().rev() {
        *to = b'0' + (n % 10) as u8;
        n /= 10;
    }
}

/// Year, month, day, hour, minute, second and hundreds of nanoseconds.
fn date([year, month, day, hour, minute, second, ticks]: [u32; 7]) -> Value {
    let mut out = *b"0000-00-00T00:00:00.0000000Z";
    digits(&mut out, 0..4, year % 10_000);
    digits(&mut out, 5..7, month);
    digits(&mut out, 8..10, day);
    digits(&mut out, 11..13, hour);
    digits(&mut out, 14..16, minute);
    digits(&mut out, 17..19, second);
    digits(&mut out, 20..27, ticks);
    ascii(&out)
}

/// Hundreds of nanoseconds since 1601. What Windows can't say as a date is all zeroes.
fn filetime(ticks: u64) -> Value {
    const SECOND: u64 = 10_000_000;
    if ticks > i64::MAX as u64 {
        return date([0; 7]);
    }
    let (seconds, rest) = (ticks / SECOND, (ticks % SECOND) as u32);
    let (days, second) = (seconds / 86_400, (seconds % 86_400) as u32);
    // Howard Hinnant's civil_from_days: eras of 400 years from 0000-03-01.
    let days = days + 584_694;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = (day - (153 * month + 2) / 5 + 1) as u32;
    let month = (if month < 10 { month + 3 } else { month - 9 }) as u32;
    let year = ((era * 400 + year + u64::from(month <= 2)) % 10_000) as u32;
    date([year, month, day, second / 3_600, second / 60 % 60, second % 60, rest])
}

/// Eight fields of 16 bits; what is no date is the first of 1601.
fn systemtime(bytes: &[u8; 16]) -> Value {
    let fields: [u32; 8] =
        std::array::from_fn(|i| u32::from(u16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]])));
    let [year, month, _, day, hour, minute, second, milli] = fields;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let valid = (1601..=30_827).contains(&year)
        && (1..=longest).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && milli < 1_000;
    if valid {
        date([year, month, day, hour, minute, second, milli * 10_000])
    } else {
        date([1601, 1, 1, 0, 0, 0, 0])
    }
}
