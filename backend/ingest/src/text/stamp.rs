//! The timestamps that lines of text begin with, without a general parser.
//!
//! `Mar  7 04:02:16`, `Mar 07 2024 04:02:16.123 UTC`, `Wed Oct 11 14:32:52 2000` (RFC 3164, Cisco, ctime);
//! `2024-03-07T04:02:16.123456+01:00`, `2024-03-07 04:02:16,123`, `2024/03/07 04:02:16` (RFC 3339, ISO 8601,
//! journalctl, application logs); `10/Oct/2000:13:55:36 -0700`, `07-Mar-2024 04:02:16.123` (access logs, BIND).

use event::Nanos;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
const MONTHS: [&[u8; 3]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
const WEEKDAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];
/// Names of zones and their minutes east of UTC; `None` for those that mean several places.
const ZONES: &[(&str, Option<i64>)] = &[
    ("UTC", Some(0)),
    ("GMT", Some(0)),
    ("Z", Some(0)),
    ("WET", Some(0)),
    ("WEST", Some(60)),
    ("CET", Some(60)),
    ("CEST", Some(120)),
    ("EET", Some(120)),
    ("EEST", Some(180)),
    ("MSK", Some(180)),
    ("HKT", Some(480)),
    ("SGT", Some(480)),
    ("JST", Some(540)),
    ("KST", Some(540)),
    ("AEST", Some(600)),
    ("AEDT", Some(660)),
    ("EST", Some(-300)),
    ("EDT", Some(-240)),
    ("MST", Some(-420)),
    ("MDT", Some(-360)),
    ("PST", Some(-480)),
    ("PDT", Some(-420)),
    ("CST", None),
    ("CDT", None),
    ("BST", None),
    ("IST", None),
];

/// A timestamp as it stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Bytes of it.
    pub len: usize,
    /// Whether it is of the ISO 8601 kind: year, month, day in numbers.
    pub iso: bool,
    year: Option<i64>,
    month: i64,
    day: i64,
    /// Nanoseconds.
    of_day: i64,
    /// Minutes east of UTC where the text says them.
    offset: Option<i64>,
}

/// What a [`Stamp`] says once its year is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct When {
    pub time: Nanos,
    /// False where UTC was assumed.
    pub zoned: bool,
    /// Whether the text has no year.
    pub guessed: bool,
}

impl Stamp {
    /// The stamp that a text begins with; what follows is no part of a number or word.
    pub fn at_start(text: &[u8]) -> Option<Stamp> {
        let mut c = Cursor { text, at: 0 };
        if c.word_of(&WEEKDAYS).is_some() {
            c.eat(b',');
            c.space()?;
        }
        let mut stamp = if c.peek().is_ascii_digit() { c.numbers()? } else { c.named()? };
        if c.peek().is_ascii_alphanumeric() {
            return None;
        }
        stamp.len = c.at;
        (stamp.day <= longest(stamp.month, stamp.year.unwrap_or(2000))).then_some(stamp)
    }

    /// The time. Without a year it is the last one that is not more than a day behind `latest`: a host writes local
    /// time, which may be ahead of UTC.
    pub fn when(&self, latest: Nanos) -> When {
        let of = |year| {
            let seconds = i128::from(days(year, self.month, self.day)) * i128::from(DAY);
            let time = seconds + i128::from(self.of_day) - i128::from(self.offset.unwrap_or(0) * 60 * SECOND);
            Nanos(time.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
        };
        let zoned = self.offset.is_some();
        if let Some(year) = self.year {
            return When { time: of(year), zoned, guessed: false };
        }
        let last = latest.0.saturating_add(DAY);
        let first = 1971 + last.div_euclid(31_556_952 * SECOND);
        // Nine steps reach a leap year over any turn of a century.
        let fits = |year: &i64| self.day <= longest(self.month, *year) && of(*year).0 <= last;
        let year = (0..10).map(|n| first - n).find(fits).unwrap_or(first);
        When { time: of(year), zoned, guessed: true }
    }
}

/// Days of a month.
fn longest(month: i64, year: i64) -> i64 {
    match month {
        2 => 28 + i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of the proleptic Gregorian calendar, counted from March so that the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = years.div_euclid(4) - years.div_euclid(100) + years.div_euclid(400);
    years * 365 + leaps + (months * 153 + 2) / 5 + day - 1 - 719_468
}

struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    /// The next byte, 0 at the end.
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == byte;
        self.at += usize::from(there);
        there
    }

    fn space(&mut self) -> Option<()> {
        self.eat(b' ').then(|| while self.eat(b' ') {})
    }

    /// A number of so many digits.
    fn number(&mut self, digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
        let start = self.at;
        let mut n = 0;
        while self.peek().is_ascii_digit() && self.at - start < *digits.end() {
            n = n * 10 + i64::from(self.peek() - b'0');
            self.at += 1;
        }
        (digits.contains(&(self.at - start)) && !self.peek().is_ascii_digit()).then_some(n)
    }

    fn bounded(
        &mut self,
        digits: std::ops::RangeInclusive<usize>,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        self.number(digits).filter(|n| range.contains(n))
    }

    /// The number from 0 of a word of three letters.
    fn word_of(&mut self, words: &[&[u8; 3]]) -> Option<i64> {
        let word = self.text.get(self.at..self.at + 3)?;
        let n = words.iter().position(|w| w.eq_ignore_ascii_case(word))?;
        if self.text.get(self.at + 3).is_some_and(u8::is_ascii_alphabetic) {
            return None;
        }
        self.at += 3;
        Some(n as i64)
    }

    /// `hh:mm:ss` with decimals behind a point or a comma, in nanoseconds.
    fn clock(&mut self) -> Option<i64> {
        let hour = self.bounded(1..=2, 0..=23)?;
        self.eat(b':').then_some(())?;
        let minute = self.bounded(2..=2, 0..=59)?;
        self.eat(b':').then_some(())?;
        let second = self.bounded(2..=2, 0..=60)?;
        let mut nanos = ((hour * 60 + minute) * 60 + second) * SECOND;
        let decimals = matches!(self.peek(), b'.' | b',');
        if decimals && self.text.get(self.at + 1).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
            let mut place = SECOND;
            while self.peek().is_ascii_digit() {
                place /= 10;
                nanos += place * i64::from(self.peek() - b'0');
                self.at += 1;
            }
        }
        Some(nanos)
    }

    /// `Z`, `+01:00`, `-0700`, `UTC`, also behind a space; `None` and nothing taken where there is no zone.
    fn zone(&mut self) -> Option<Option<i64>> {
        let start = self.at;
        let _ = self.eat(b' ');
        let found = self.zone_here();
        if found.is_none() || self.peek().is_ascii_alphanumeric() {
            self.at = start;
            return None;
        }
        found
    }

    fn zone_here(&mut self) -> Option<Option<i64>> {
        let sign = match self.peek() {
            b'+' => 1,
            b'-' => -1,
            _ => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let len = rest.iter().take(5).take_while(|b| b.is_ascii_uppercase()).count();
                let zone = ZONES.iter().find(|(name, _)| name.as_bytes() == &rest[..len])?;
                self.at += len;
                return Some(zone.1);
            }
        };
        self.at += 1;
        let digits =
            self.text.get(self.at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count();
        let (hours, minutes) = match digits {
            4 => {
                let n = self.number(4..=4)?;
                (n / 100, n % 100)
            }
            2 => (self.number(2..=2)?, if self.eat(b':') { self.number(2..=2)? } else { 0 }),
            _ => return None,
        };
        (hours <= 18 && minutes < 60).then(|| Some(sign * (hours * 60 + minutes)))
    }

    /// A stamp that begins with a digit.
    fn numbers(&mut self) -> Option<Stamp> {
        let start = self.at;
        let first = self.number(1..=4)?;
        let digits = self.at - start;
        let separator = self.peek();
        self.at += 1;
        let named = self.word_of(&MONTHS);
        let (year, month, day) = if let Some(month) = named.filter(|_| digits <= 2) {
            (self.eat(separator) && matches!(separator, b'/' | b'-' | b' ')).then_some(())?;
            (self.number(4..=4)?, month + 1, first)
        } else {
            (digits == 4 && matches!(separator, b'-' | b'/')).then_some(())?;
            let month = self.bounded(2..=2, 1..=12)?;
            self.eat(separator).then_some(())?;
            (first, month, self.number(2..=2)?)
        };
        let between = self.peek();
        matches!((between, named), (b'T' | b't' | b' ', None) | (b':' | b' ', Some(_))).then_some(())?;
        self.at += 1;
        let of_day = self.clock()?;
        let offset = self.zone().flatten();
        (day >= 1).then_some(Stamp {
            len: 0,
            iso: named.is_none(),
            year: Some(year),
            month,
            day,
            of_day,
            offset,
        })
    }

    /// A stamp that begins with the name of a month.
    fn named(&mut self) -> Option<Stamp> {
        let month = self.word_of(&MONTHS)? + 1;
        self.space()?;
        let day = self.bounded(1..=2, 1..=31)?;
        self.eat(b',');
        self.space()?;
        let before = self.at;
        let mut year = self.number(4..=4);
        if year.is_some() {
            self.space()?;
        } else {
            self.at = before;
        }
        let of_day = self.clock()?;
        let offset = self.zone().flatten();
        if year.is_none() {
            // As ctime and `date` write it.
            let before = self.at;
            let behind = self.space().and_then(|()| self.bounded(4..=4, 1970..=2261));
            let after = self.text.get(self.at + 1).copied().unwrap_or(b' ');
            if behind.is_some()
                && (matches!(self.peek(), b' ' | b']' | 0) || self.peek() == b':' && after == b' ')
            {
                year = behind;
            } else {
                self.at = before;
            }
        }
        Some(Stamp { len: 0, iso: false, year, month, day, of_day, offset })
    }
}

#[cfg(test)]
#[path = "stamp_tests.rs"]
mod tests;
