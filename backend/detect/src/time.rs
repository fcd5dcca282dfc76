//! Parts of a date in a field's text, for the time modifiers. No zones: what is written counts.

use crate::sigma::modifier::TimePart;

/// The part of a text like `2026-03-01 04:05:06.789` or `2026-03-01T04:05:06Z`; `None` for other texts.
pub(crate) fn part(text: &str, part: TimePart) -> Option<f64> {
    let text = text.trim();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let bytes = text.as_bytes();
    if !matches!(bytes.get(4), Some(b'-' | b'/')) || !matches!(bytes.get(7), Some(b'-' | b'/')) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let clock = |from: usize, most: i64| {
        let separated = matches!(bytes.get(10), Some(b'T' | b't' | b' ')) && bytes.get(13) == Some(&b':');
        number(from, from + 2).filter(|n| separated && *n <= most)
    };
    let n = match part {
        TimePart::Year => year,
        TimePart::Month => month,
        TimePart::Day => day,
        TimePart::Hour => clock(11, 23)?,
        TimePart::Minute => clock(14, 59)?,
        TimePart::Week => iso_week(year, month, day),
    };
    Some(n as f64)
}

/// Days since 1970-01-01 in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// ISO 8601: the week that has the year's first Thursday is week 1.
fn iso_week(year: i64, month: i64, day: i64) -> i64 {
    let today = days(year, month, day);
    let thursday = today - (today + 3).rem_euclid(7) + 3;
    let mut first = days(year, 1, 1);
    if thursday < first {
        first = days(year - 1, 1, 1);
    } else if thursday >= days(year + 1, 1, 1) {
        first = days(year + 1, 1, 1);
    }
    (thursday - first) / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_dates() {
        let t = "2025-10-24 23:34:34.634";
        let all = [
            TimePart::Year,
            TimePart::Month,
            TimePart::Day,
            TimePart::Hour,
            TimePart::Minute,
            TimePart::Week,
        ];
        let got: Vec<f64> = all.iter().filter_map(|p| part(t, *p)).collect();
        assert_eq!(got, [2025.0, 10.0, 24.0, 23.0, 34.0, 43.0]);
        for (date, week) in
            [("2021-01-03", 53.0), ("2024-12-30", 1.0), ("2026-01-01", 1.0), ("2016-01-04", 1.0)]
        {
            assert_eq!(part(date, TimePart::Week), Some(week), "{date}");
        }
        assert_eq!(part("2026-03-01T04:05:06Z", TimePart::Hour), Some(4.0));
        for bad in ["", "x", "2026-13-01", "12:00", "2026-01-01x12:00", "ÄÖÜß-ÄÖ-ÄÖ"] {
            assert_eq!(part(bad, TimePart::Hour), None, "{bad}");
        }
    }
}
