//! Times as text logs write them.

use crate::evtx::time::local;
use event::{Nanos, Value};
use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// A time, and whether the text said where in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub time: Nanos,
    /// False where UTC was assumed.
    pub zoned: bool,
}

/// A time in ISO 8601 or RFC 3339 (with `T` or a space, with or without a zone), or a number as of [`of_number`].
pub(crate) fn of_text(text: &str) -> Option<Read> {
    let text = text.trim();
    if let Some(read) = usual(text.as_bytes()) {
        return Some(read);
    }
    // What only has digits is no other form.
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return of_number(text).map(|time| Read { time, zoned: true });
    }
    if text.len() > 64 {
        return None;
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(Read { time: nanos(time.as_nanosecond()), zoned: true });
    }
    // A bare date is no time of an event.
    if text.len() > 10
        && let Ok(local) = text.parse::<DateTime>()
        && let Ok(time) = Offset::UTC.to_timestamp(local)
    {
        return Some(Read { time: nanos(time.as_nanosecond()), zoned: false });
    }
    None
}

/// What nearly all logs write, without a general parser: a date and a time of day with `T` or a space between, and no
/// zone, `Z` or an offset of full minutes.
fn usual(text: &[u8]) -> Option<Read> {
    let (time, between, zone) = local(text)?;
    if !matches!(between, b'T' | b' ') {
        return None;
    }
    let number = |tens: u8, ones: u8| {
        let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        digits.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let (sign, hours, minutes) = match *zone {
        [] => return Some(Read { time, zoned: false }),
        [b'Z'] => (0, 0, 0),
        [sign @ (b'+' | b'-'), h, i, b':', m, n] | [sign @ (b'+' | b'-'), h, i, m, n] => {
            (if sign == b'+' { 1 } else { -1 }, number(h, i)?, number(m, n)?)
        }
        _ => return None,
    };
    // Others are no zones of the world, so the general parser says what they are.
    if hours > 14 || minutes > 59 {
        return None;
    }
    Some(Read { time: Nanos(time.0 - sign * (hours * 60 + minutes) * 60_000_000_000), zoned: true })
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by size, from 1973 on; decimals are
/// taken as written.
pub(crate) fn of_number(text: &str) -> Option<Nanos> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 19 || !digits(whole) || !digits(decimals) {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let scale: i128 = match whole {
        0..100_000_000 => return None,
        100_000_000..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    let mut time = whole * scale;
    let mut place = scale;
    for digit in decimals.bytes() {
        place /= 10;
        time += place * i128::from(digit - b'0');
    }
    Some(nanos(time))
}

/// A time in a field.
pub(crate) fn of_value(value: &Value) -> Option<Read> {
    match value {
        Value::Str(text) => of_text(text),
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => {
            of_number(&value.text()?).map(|time| Read { time, zoned: true })
        }
        _ => None,
    }
}

/// A time outside of what nanoseconds can say is the nearest that they can.
fn nanos(time: i128) -> Nanos {
    Nanos(time.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_logs_use() {
        let second = 1_000_000_000;
        for (text, want, zoned) in [
            ("2026-01-01T00:00:00.000000+0000", 1_767_225_600 * second, true),
            ("2024-07-31T12:36:52Z", 1_722_429_412 * second, true),
            ("2024-07-31T14:36:52+02:00", 1_722_429_412 * second, true),
            ("2020-10-19 03:30:41.104", 1_603_078_241 * second + 104_000_000, false),
            ("2020-10-19T03:30:41", 1_603_078_241 * second, false),
            ("1588205198.89971", 1_588_205_198 * second + 899_710_000, true),
            ("1602175307000", 1_602_175_307 * second, true),
            ("1602175307000123", 1_602_175_307 * second + 123_000, true),
            ("1602175307000123456", 1_602_175_307_000_123_456, true),
        ] {
            assert_eq!(of_text(text), Some(Read { time: Nanos(want), zoned }), "{text}");
        }
        for text in ["", "5", "2020-10-19", "yesterday", "12.3.4", "-1588205198", "99999999999999999999"] {
            assert_eq!(of_text(text), None, "{text}");
        }
        assert_eq!(
            of_value(&Value::Float(1_588_205_198.899_71)),
            Some(Read { time: Nanos(1_588_205_198_899_710_000), zoned: true })
        );
    }

    proptest::proptest! {
        #[test]
        fn the_quick_way_finds_what_the_general_parser_finds(
            text in "(19[67][0-9]|20[0-9]{2}|22[56][0-9])-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{0,10})?(Z|[+-][01][0-9]:?[0-6][0-9])?"
        ) {
            if let Some(read) = usual(text.as_bytes()) {
                let general = if read.zoned {
                    text.parse::<Timestamp>().unwrap()
                } else {
                    Offset::UTC.to_timestamp(text.parse::<DateTime>().unwrap()).unwrap()
                };
                proptest::prop_assert_eq!(i128::from(read.time.0), general.as_nanosecond(), "{}", text);
            }
        }

        #[test]
        fn any_text_is_taken(text in ".{0,40}", number in "[0-9]{0,25}\\.?[0-9]{0,25}") {
            of_text(&text);
            of_text(&number);
        }
    }
}
