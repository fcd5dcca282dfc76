//! Numbers, identifiers and times in the words that Windows has for them, which the decoder's JSON uses too.

use event::Text;

/// UTF-16 up to its first NUL; `None` when that leaves nothing. Half a pair of surrogates is U+FFFD.
#[inline]
pub(super) fn text(mut bytes: &[u8]) -> Option<Text> {
    while let Some(rest) = bytes.strip_suffix(&[0, 0]) {
        bytes = rest;
    }
    if bytes.is_empty() {
        return None;
    }
    // Nearly all texts are ASCII, and most are short.
    let units = bytes.len() / 2;
    if units <= SHORT {
        let mut out = [0; SHORT];
        let out = &mut out[..units];
        return match narrow(bytes, out) {
            true => std::str::from_utf8(out).ok().map(Text::new),
            false => any_text(bytes),
        };
    }
    let mut out = vec![0; units];
    match narrow(bytes, &mut out) {
        true => String::from_utf8(out).ok().map(Text::from),
        false => any_text(bytes),
    }
}

/// Texts that lie in the value itself.
const SHORT: usize = size_of::<Text>();

/// Takes every other byte; whether that was right: ASCII without a NUL. `out` has half the length.
#[inline(always)]
fn narrow(bytes: &[u8], out: &mut [u8]) -> bool {
    let (fours, rest) = bytes.as_chunks::<8>();
    let (out, last) = out.split_at_mut(fours.len() * 4);
    let (mut all, mut nul) = (0, false);
    for (four, to) in fours.iter().zip(out.as_chunks_mut::<4>().0) {
        let word = u64::from_le_bytes(*four);
        all |= word;
        // Units are below 0x80, so one that borrows from the bit put above it was zero.
        nul |= !((word | 0x0080_0080_0080_0080) - 0x0001_0001_0001_0001) & 0x0080_0080_0080_0080 != 0;
        let pairs = (word | word >> 8) & 0x0000_ffff_0000_ffff;
        *to = ((pairs | pairs >> 16) as u32).to_le_bytes();
    }
    for (unit, to) in rest.as_chunks::<2>().0.iter().zip(last) {
        all |= u64::from(u16::from_le_bytes(*unit));
        nul |= *unit == [0, 0];
        *to = unit[0];
    }
    all & 0xff80_ff80_ff80_ff80 == 0 && !nul
}

fn any_text(bytes: &[u8]) -> Option<Text> {
    let units = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
    let text: String = char::decode_utf16(units.take_while(|unit| *unit != 0))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if text.is_empty() { None } else { Some(text.into()) }
}

/// ASCII as a value.
pub(super) fn ascii(bytes: &[u8]) -> Option<Text> {
    std::str::from_utf8(bytes).ok().map(Text::new)
}

/// A little-endian number of one, two, four or eight bytes.
#[inline(always)]
pub(super) fn word(bytes: &[u8]) -> u64 {
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

/// `0x…` in lowercase digits.
pub(super) fn hex(n: u64) -> Option<Text> {
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

/// Two uppercase digits a byte.
pub(super) fn binary(bytes: &[u8]) -> Option<Text> {
    if bytes.is_empty() {
        return None;
    }
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            out.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
        }
    }
    Some(out.into())
}

/// `{…}` in lowercase digits: three little-endian numbers and eight bytes.
pub(super) fn guid((first, second): (u64, u64)) -> Option<Text> {
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
pub(super) fn sid(bytes: &[u8]) -> Option<Text> {
    let [revision, _, a, b, c, d, e, f, parts @ ..] = bytes else { return None };
    let authority = u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]);
    let mut out = Vec::with_capacity(64);
    out.push(b'S');
    decimal(&mut out, (*revision).into());
    decimal(&mut out, authority);
    for part in parts.as_chunks::<4>().0 {
        decimal(&mut out, u32::from_le_bytes(*part).into());
    }
    ascii(&out)
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
fn date([year, month, day, hour, minute, second, ticks]: [u32; 7]) -> Option<Text> {
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
pub(super) fn filetime(ticks: u64) -> Option<Text> {
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
pub(super) fn systemtime((first, second): (u64, u64)) -> Option<Text> {
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
