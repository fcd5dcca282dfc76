//! Times as tables write them: what all text formats know, and what programs write for people of some country.

use crate::text::time::of_text;
use event::Nanos;
use jiff::{civil::DateTime, tz::Offset};

/// A time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub time: Nanos,
    /// False where UTC was assumed.
    pub zoned: bool,
    /// Whether which number is the day was not said.
    pub guessed: bool,
}

/// Zones by the only offset that their short name means, in hours (POSIX and RFC 5322, section 4.3).
const ZONES: &[(&str, i32)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("WEST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("JST", 9),
    ("KST", 9),
    ("AEST", 10),
    ("AEDT", 11),
    ("NZST", 12),
    ("NZDT", 13),
    ("EST", -5),
    ("EDT", -4),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A time in one of the usual forms, or a date (`2024-01-31`, `31.01.2024`, `1/31/2024`, `Jan 31, 2024`) and a time
/// of day (`22:05:06.123`, `10:05:06 PM`) with or without a zone. Where both orders are possible day and month are
/// told by: dots (day first), AM or PM (month first), zeroes in front (day first), none (month first).
pub(crate) fn of(text: &str, month_first: bool) -> Option<Read> {
    // Only what may be in its forms is tried by the general parser.
    let usual = text.as_bytes().get(4) == Some(&b'-') || !text.contains(':');
    if usual && let Some(read) = of_text(text) {
        return Some(Read { time: read.time, zoned: read.zoned, guessed: false });
    }
    if text.len() > 64 {
        return None;
    }
    let mut parts = Parts::default();
    for word in text.split([' ', ',', '@', '\u{a0}', '\u{202f}']).filter(|w| !w.is_empty()) {
        parts.take(word)?;
    }
    parts.read(month_first)
}

#[derive(Default)]
struct Parts {
    /// Numbers of the date in their order, how they lie apart and whether all have their zeroes.
    date: Option<([i32; 3], u8, bool)>,
    /// Hours, minutes, seconds, nanoseconds.
    clock: Option<[i32; 4]>,
    afternoon: Option<bool>,
    zone: Option<i32>,
    month: Option<i32>,
    loose: Vec<i32>,
}

impl Parts {
    fn take(&mut self, word: &str) -> Option<()> {
        let first = *word.as_bytes().first()?;
        match first {
            b'+' | b'-' if self.clock.is_some() => self.zone = Some(offset(word)?),
            b'0'..=b'9' if word.contains(':') => {
                let end = word.find(|c: char| !matches!(c, '0'..='9' | ':' | '.')).unwrap_or(word.len());
                self.clock = Some(clock(&word[..end])?);
                if end < word.len() {
                    self.take(&word[end..])?;
                }
            }
            b'0'..=b'9' if word.contains(['/', '.', '-']) => self.date = Some(date(word)?),
            b'0'..=b'9' if word.len() <= 4 && self.loose.len() < 2 => self.loose.push(word.parse().ok()?),
            _ => self.word(word)?,
        }
        Some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let low = word.trim_end_matches('.').to_ascii_lowercase();
        match low.as_str() {
            "am" | "a.m" => self.afternoon = Some(false),
            "pm" | "p.m" => self.afternoon = Some(true),
            _ => {
                let (name, rest) = word.split_at(word.find(['+', '-']).unwrap_or(word.len()));
                if let Some((_, hours)) = ZONES.iter().find(|(zone, _)| *zone == name) {
                    self.zone = Some(hours * 3600 + if rest.is_empty() { 0 } else { offset(rest)? });
                } else if let Some(month) = low.get(..3).and_then(|m| MONTHS.iter().position(|n| *n == m)) {
                    self.month = Some(month as i32 + 1);
                } else if self.clock.is_some() || !DAYS.contains(&low.get(..3)?) {
                    // A zone that is not known leaves the time without one.
                    self.clock?;
                    word.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b)).then_some(())?;
                }
            }
        }
        Some(())
    }

    fn read(self, month_first: bool) -> Option<Read> {
        let (year, month, day, guessed) = self.day(month_first)?;
        let [mut hour, minute, second, nanos] = self.clock?;
        if let Some(afternoon) = self.afternoon {
            (1..=12).contains(&hour).then_some(())?;
            hour = hour % 12 + if afternoon { 12 } else { 0 };
        }
        let small = |n: i32| i8::try_from(n).ok();
        let year = i16::try_from(year).ok()?;
        let local = DateTime::new(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
            nanos,
        );
        let offset = Offset::from_seconds(self.zone.unwrap_or(0)).ok()?;
        let time = offset.to_timestamp(local.ok()?).ok()?.as_nanosecond();
        let time = Nanos(i64::try_from(time).ok()?);
        Some(Read { time, zoned: self.zone.is_some(), guessed })
    }

    /// Year, month, day, and whether their order is a guess.
    fn day(&self, month_first: bool) -> Option<(i32, i32, i32, bool)> {
        if let Some(month) = self.month {
            return match (self.loose.as_slice(), self.date) {
                ([day, year], None) if *year > 31 => Some((*year, month, *day, false)),
                ([year, day], None) => Some((*year, month, *day, false)),
                _ => None,
            };
        }
        let ([a, b, c], apart, padded) = self.date?;
        if a > 31 {
            return Some((a, b, c, false));
        }
        let month = match (a > 12, b > 12) {
            (true, _) => false,
            (_, true) => true,
            _ if apart == b'.' => false,
            _ if month_first || self.afternoon.is_some() => true,
            _ => !padded,
        };
        let sure = a > 12 || b > 12 || a == b || apart == b'.' || month_first;
        if month { Some((c, a, b, !sure)) } else { Some((c, b, a, !sure)) }
    }
}

/// Three numbers, one of them a year of four digits.
fn date(word: &str) -> Option<([i32; 3], u8, bool)> {
    let apart = *word.as_bytes().iter().find(|b| !b.is_ascii_digit())?;
    let mut parts = word.split(char::from(apart));
    let mut take = || parts.next().filter(|p| (1..=4).contains(&p.len()));
    let texts = [take()?, take()?, take()?];
    if parts.next().is_some() || (texts[0].len() == 4) == (texts[2].len() == 4) {
        return None;
    }
    let number = |t: &str| t.bytes().all(|b| b.is_ascii_digit()).then(|| t.parse().ok())?;
    let numbers = [number(texts[0])?, number(texts[1])?, number(texts[2])?];
    Some((numbers, apart, texts.iter().all(|t| t.len() > 1)))
}

/// `H:MM`, `HH:MM:SS` or `HH:MM:SS.fffffffff`.
fn clock(word: &str) -> Option<[i32; 4]> {
    let (whole, decimals) = word.split_once('.').unwrap_or((word, ""));
    let mut parts = whole.split(':').map(|p| (1..=2).contains(&p.len()).then(|| p.parse().ok())?);
    let clock = [parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?];
    if parts.next().is_some() || decimals.len() > 9 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanos: i32 = if decimals.is_empty() { 0 } else { decimals.parse().ok()? };
    let nanos = nanos * 10_i32.pow(9 - decimals.len() as u32);
    Some([clock[0], clock[1], clock[2], nanos])
}

/// `+HH:MM`, `+HHMM`, `+HH` or `+H` in seconds.
fn offset(word: &str) -> Option<i32> {
    let (sign, rest) = (if word.starts_with('-') { -1 } else { 1 }, word.get(1..)?);
    let (hours, minutes) = match rest.split_once(':') {
        Some(parts) => parts,
        None if rest.len() == 4 => rest.split_at_checked(2)?,
        None => (rest, "0"),
    };
    let number = |t: &str| t.bytes().all(|b| b.is_ascii_digit()).then(|| t.parse::<i32>().ok())?;
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 26 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}
