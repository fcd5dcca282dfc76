//! Times as text logs write them.

use crate::evtx::time::usual;
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
    if let Some(time) = usual(text) {
        return Some(Read { time, zoned: true });
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
    of_number(text).map(|time| Read { time, zoned: true })
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
        fn any_text_is_taken(text in ".{0,40}", number in "[0-9]{0,25}\\.?[0-9]{0,25}") {
            of_text(&text);
            of_text(&number);
        }
    }
}
