//! Values of a template's instance as an event has them.
//!
//! Types after [MS-EVEN6] 2.2.12 (`ValueType`); the texts are those that the decoder's JSON holds.

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
    pub fn text(self, chunk: &[u8]) -> Option<Box<str>> {
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
                let kept: Vec<u8> = match memchr::memchr(0, bytes) {
                    None => bytes.into(),
                    Some(_) => bytes.iter().copied().filter(|b| *b != 0).collect(),
                };
                ascii(kept).filter(|t| !t.is_empty())
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
    pub fn texts<'a>(self, chunk: &'a [u8]) -> impl Iterator<Item = Box<str>> + use<'a> {
        let units = self.bytes(chunk).as_chunks::<2>().0;
        let units = units.split_last().map_or(units, |(_, rest)| rest);
        units.split(|unit| *unit == [0, 0]).map(|item| text(item.as_flattened()).unwrap_or_default())
    }
}

/// UTF-16 up to its first NUL; `None` when that leaves nothing. Half a pair of surrogates is U+FFFD.
#[inline]
fn text(mut bytes: &[u8]) -> Option<Box<str>> {
    while let Some(rest) = bytes.strip_suffix(&[0, 0]) {
        bytes = rest;
    }
    if bytes.is_empty() {
        return None;
    }
    // Nearly all texts are ASCII.
    let mut out = Vec::with_capacity(bytes.len() / 2);
    let (fours, rest) = bytes.as_chunks::<8>();
    let (mut all, mut nul) = (0, false);
    for four in fours {
        let word = u64::from_le_bytes(*four);
        all |= word;
        // Units are below 0x80, so one that borrows from the bit put above it was zero.
        nul |= !((word | 0x0080_0080_0080_0080) - 0x0001_0001_0001_0001) & 0x0080_0080_0080_0080 != 0;
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
        return Some(text.into_boxed_str());
    }
    any_text(bytes)
}

fn any_text(bytes: &[u8]) -> Option<Box<str>> {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let text: String = char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if text.is_empty() { None } else { Some(text.into_boxed_str()) }
}

/// ASCII as a value.
fn ascii(bytes: impl Into<Vec<u8>>) -> Option<Box<str>> {
    String::from_utf8(bytes.into()).ok().map(String::into_boxed_str)
}

/// A little-endian number of one, two, four or eight bytes.
#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    match bytes {
        [a] => (*a).into(),
        [a, b] => u16::from_le_bytes([*a, *b]).into(),
        [a, b, c, d] => u32::from_le_bytes([*a, *b, *c, *d]).into(),
        _ => bytes.first_chunk().copied().map_or(0, u64::from_le_bytes),
    }
}

/// Eight lowercase digits, the highest first.
fn digits8(n: u32) -> [u8; 8] {
    // Each half byte into a byte of its own.
    let n = u64::from(n);
    let n = (n | n << 16) & 0x0000_ffff_0000_ffff;
    let n = (n | n << 8) & 0x00ff_00ff_00ff_00ff;
    let n = (n | n << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let letters = ((n + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (n + 0x3030_3030_3030_3030 + letters * 0x27).to_be_bytes()
}

fn hex(n: u64) -> Option<Box<str>> {
    let mut out = [b'0'; 18];
    let (high, low) = (digits8((n >> 32) as u32), digits8(n as u32));
    out[2..10].copy_from_slice(&high);
    out[10..].copy_from_slice(&low);
    // The digits that say something, and one at least, behind the mark.
    let from = (n.leading_zeros() / 4).min(15) as usize;
    out[from] = b'0';
    out[from + 1] = b'x';
    ascii(out.get(from..).unwrap_or_default())
}

fn binary(bytes: &[u8]) -> Option<Box<str>> {
    if bytes.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
        }
    }
    Some(out.into_boxed_str())
}

fn guid((first, second): (u64, u64)) -> Option<Box<str>> {
    let mut out = *b"{00000000-0000-0000-0000-000000000000}";
    let (one, two) = (digits8(first as u32), digits8((first >> 32) as u32));
    let second = second.swap_bytes();
    let (three, four) = (digits8((second >> 32) as u32), digits8(second as u32));
    out[1..9].copy_from_slice(&one);
    // Two numbers of 16 bits, the lower one first.
    out[10..14].copy_from_slice(&two[4..]);
    out[15..19].copy_from_slice(&two[..4]);
    out[20..24].copy_from_slice(&three[..4]);
    out[25..29].copy_from_slice(&three[4..]);
    out[29..37].copy_from_slice(&four);
    ascii(&out)
}

/// `S-1-5-…`: revision, authority as a big-endian number of 48 bits, parts.
fn sid(bytes: &[u8]) -> Option<Box<str>> {
    let [revision, _, a, b, c, d, e, f, parts @ ..] = bytes else { return None };
    let authority = u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
    let mut out = Vec::with_capacity(64);
    out.push(b'S');
    decimal(&mut out, (*revision).into());
    decimal(&mut out, authority);
    for part in parts.as_chunks::<4>().0 {
        decimal(&mut out, u32::from_le_bytes(*part).into());
    }
    ascii(out)
}

/// A dash and the number.
fn decimal(out: &mut Vec<u8>, mut n: u64) {
    let mut buffer = [b'-'; 21];
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (n % 10) as u8;
        n /= 10;
        // Twenty digits are the most, so the dash has its place.
        if n == 0 || at == 1 {
            break;
        }
    }
    out.extend_from_slice(buffer.get(at - 1..).unwrap_or_default());
}

/// Puts a number of so many digits.
#[inline(always)]
fn put<const N: usize>(out: &mut [u8], mut n: u32) {
    for to in out.iter_mut().take(N).rev() {
        *to = b'0' + (n % 10) as u8;
        n /= 10;
    }
}

/// Year, month, day, hour, minute, second and hundreds of nanoseconds.
fn date([year, month, day, hour, minute, second, ticks]: [u32; 7]) -> Option<Box<str>> {
    let mut out = *b"0000-00-00T00:00:00.0000000Z";
    put::<4>(&mut out[..4], year % 10_000);
    put::<2>(&mut out[5..7], month);
    put::<2>(&mut out[8..10], day);
    put::<2>(&mut out[11..13], hour);
    put::<2>(&mut out[14..16], minute);
    put::<2>(&mut out[17..19], second);
    put::<7>(&mut out[20..27], ticks);
    ascii(&out)
}

/// Hundreds of nanoseconds since 1601. What Windows can't say as a date is all zeroes.
fn filetime(ticks: u64) -> Option<Box<str>> {
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
fn systemtime((first, second): (u64, u64)) -> Option<Box<str>> {
    let field = |word: u64, n: u32| (word >> (16 * n)) as u32 & 0xffff;
    let (year, month, day) = (field(first, 0), field(first, 1), field(first, 3));
    let [hour, minute, second, milli] = [0, 1, 2, 3].map(|n| field(second, n));
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
