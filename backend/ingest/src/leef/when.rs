//! Times in the format that a LEEF record says (`devTimeFormat`, Java's SimpleDateFormat).

use crate::text::When;
use event::Nanos;
use jiff::{civil::DateTime, tz::Offset};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The time in `text`, when the format is of years, months, days, hours, minutes, seconds, their parts and a zone as
/// an offset; a format without a year is left to others.
pub(super) fn read(text: &str, format: &str) -> Option<When> {
    let (mut year, mut month, mut day) = (None, 1, 1);
    let (mut hour, mut minute, mut second, mut nanos) = (0, 0, 0, 0);
    let (mut noon, mut offset) = (None, None);
    let mut rest = text.trim();
    let mut format = format.trim();
    while let Some(letter) = format.chars().next() {
        if letter == '\'' {
            let (literal, behind) = format.get(1..)?.split_once('\'')?;
            rest = rest.strip_prefix(literal)?;
            format = behind;
            continue;
        }
        let len = format.chars().take_while(|c| *c == letter).count();
        format = format.get(len * letter.len_utf8()..)?;
        let digits = |most: usize| {
            let n = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
            let number = rest.get(..n)?.parse::<i32>().ok()?;
            Some((number, rest.get(n..)?))
        };
        let most = if len >= 2 { len.min(9) } else { 2 };
        match letter {
            'y' | 'u' => {
                let (n, behind) = digits(if len == 2 { 2 } else { 4 })?;
                (year, rest) = (Some(if len == 2 { 2000 + n } else { n }), behind);
            }
            'M' if len >= 3 => {
                let name = rest.get(..3)?;
                month = MONTHS.iter().position(|m| m.eq_ignore_ascii_case(name))? as i32 + 1;
                rest = rest.get(3..)?.trim_start_matches(|c: char| c.is_ascii_alphabetic() && len > 3);
            }
            'M' => (month, rest) = digits(2)?,
            'd' => (day, rest) = digits(2)?,
            'H' | 'h' | 'k' | 'K' => (hour, rest) = digits(most)?,
            'm' => (minute, rest) = digits(most)?,
            's' => (second, rest) = digits(most)?,
            'S' => {
                let before = rest.len();
                let (n, behind) = digits(9)?;
                nanos = n.checked_mul(10_i32.pow(9_u32.saturating_sub((before - behind.len()) as u32)))?;
                rest = behind;
            }
            'E' => rest = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
            'a' => {
                noon = Some(rest.get(..2)?.eq_ignore_ascii_case("pm"));
                rest = rest.get(2..)?;
            }
            'z' | 'Z' | 'X' => {
                let end = rest.find(' ').unwrap_or(rest.len());
                let (zone, behind) = rest.split_at(end);
                offset = zone_of(zone);
                rest = behind;
            }
            c if c.is_ascii_alphabetic() => return None,
            ' ' => rest = rest.trim_start_matches(' '),
            c => rest = rest.strip_prefix(c)?,
        }
    }
    hour = match noon {
        Some(true) if hour < 12 => hour + 12,
        Some(false) if hour == 12 => 0,
        _ => hour,
    };
    let small = |n: i32| i8::try_from(n).ok();
    let year = i16::try_from(year?).ok()?;
    let local =
        DateTime::new(year, small(month)?, small(day)?, small(hour)?, small(minute)?, small(second)?, nanos);
    let time =
        Offset::from_seconds(offset.unwrap_or(0)).ok()?.to_timestamp(local.ok()?).ok()?.as_nanosecond();
    let time = Nanos(time.clamp(i64::MIN.into(), i64::MAX.into()) as i64);
    Some(When { time, zoned: offset.is_some(), guessed: false })
}

/// Seconds east of UTC of `Z`, `UTC`, `GMT`, `+0200`, `GMT+02:00`; names of other zones mean several places.
fn zone_of(zone: &str) -> Option<i32> {
    let rest = zone.trim_start_matches("GMT").trim_start_matches("UTC").trim_start_matches('Z');
    if rest.is_empty() {
        return (!zone.is_empty()).then_some(0);
    }
    let (sign, digits) = match rest.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits
        .get(2..)
        .map(|m| m.trim_start_matches(':'))
        .filter(|m| !m.is_empty())
        .map_or(Ok(0), str::parse)
        .ok()?;
    ((0..=18).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 3600 + minutes * 60))
}
