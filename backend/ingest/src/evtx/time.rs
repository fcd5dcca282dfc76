//! Reading the one form of time that records nearly always have, without a general parser.

use event::Nanos;

/// `2024-03-01T10:00:00.123456789Z` with zero to nine decimals, in UTC, from 1970 to 2261; `None` for any other
/// text, which is then a matter for the general parser.
pub(crate) fn usual(text: &str) -> Option<Nanos> {
    match local(text.as_bytes())? {
        (time, b'T', b"Z") => Some(time),
        _ => None,
    }
}

/// `2024-03-01T10:00:00` with or without one to nine decimals from 1970 to 2261, as if it were in UTC, with any byte
/// between date and time of day; that byte, and what follows.
#[inline]
pub(crate) fn local(text: &[u8]) -> Option<(Nanos, u8, &[u8])> {
    let (whole, mut rest) = text.split_at_checked(19)?;
    let number = |from: usize, to: usize| {
        whole[from..to]
            .iter()
            .try_fold(0_i64, |n, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
    };
    if [whole[4], whole[7], whole[13], whole[16]] != *b"--::" {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..2262).contains(&year)
        || !(1..=longest).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix(b".") {
        let digits = after.iter().take_while(|d| d.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        let read = after[..digits].iter().fold(0, |n, d| n * 10 + i64::from(d - b'0'));
        fraction = read * 10_i64.pow(9 - digits as u32);
        rest = &after[digits..];
    }
    // Days of the proleptic Gregorian calendar, counted from March so that the leap day is the last.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        years * 365 + years / 4 - years / 100 + years / 400 + (months * 153 + 2) / 5 + day - 1 - 719_468;
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some((Nanos(seconds * 1_000_000_000 + fraction), whole[10], rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use evtx::Timestamp;

    #[test]
    fn other_forms_are_left_to_others() {
        for text in [
            "",
            "Z",
            "2024-03-01",
            "2024-03-01T10:00:00",
            "2024-03-01 10:00:00Z",
            "2024-02-30T10:00:00Z",
            "2023-02-29T10:00:00Z",
            "2024-13-01T10:00:00Z",
            "2024-03-01T24:00:00Z",
            "2024-03-01T10:00:00.Z",
            "2024-03-01T10:00:00.0123456789Z",
            "1969-12-31T23:59:59Z",
            "2024-03-01T10:00:0éZ",
        ] {
            assert_eq!(usual(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_the_general_parser(nanos in 0..i64::MAX, decimals in 0_usize..=9) {
            let time = Timestamp::from_nanosecond(nanos.into()).unwrap();
            let text = format!("{time:.decimals$}");
            let general: Timestamp = text.parse().unwrap();
            if !text.starts_with("2262") {
                proptest::prop_assert_eq!(usual(&text).map(|n| i128::from(n.0)), Some(general.as_nanosecond()), "{}", text);
            }
        }

        #[test]
        fn any_text_is_taken(text: String) {
            usual(&text);
        }
    }
}
