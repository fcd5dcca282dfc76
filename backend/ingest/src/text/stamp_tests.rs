//! Stamps against the general parser and in the shapes that logs have.

use super::*;
use crate::text::time;

const LATEST: Nanos = Nanos(1_710_000_000 * SECOND); // 2024-03-09T16:00:00Z

fn read(text: &str) -> Option<(String, bool, bool, usize)> {
    let stamp = Stamp::at_start(text.as_bytes())?;
    let when = stamp.when(LATEST);
    let time = jiff::Timestamp::from_nanosecond(when.time.0.into()).unwrap();
    Some((time.to_string(), when.zoned, when.guessed, stamp.len))
}

#[test]
fn shapes_of_logs() {
    for (text, time, zoned, guessed, len) in [
        ("Mar  7 04:02:16 avas", "2024-03-07T04:02:16Z", false, true, 15),
        ("Mar 07 04:02:16.5", "2024-03-07T04:02:16.5Z", false, true, 17),
        ("Dec 31 23:59:59 x", "2023-12-31T23:59:59Z", false, true, 15),
        // Local time ahead of the source's UTC time, but not by more than a day.
        ("Mar 10 02:00:00 x", "2024-03-10T02:00:00Z", false, true, 15),
        ("Mar 11 02:00:00 x", "2023-03-11T02:00:00Z", false, true, 15),
        ("Feb 29 00:00:00 x", "2024-02-29T00:00:00Z", false, true, 15),
        ("Dec 03 2017 16:31:28.861 IST 10", "2017-12-03T16:31:28.861Z", false, false, 28),
        ("Oct 11 2000 14:32:52: %ASA", "2000-10-11T14:32:52Z", false, false, 20),
        ("Wed Oct 11 14:32:52 2000] [error]", "2000-10-11T14:32:52Z", false, false, 24),
        ("Wed Oct 11 14:32:52.1234 CEST 2000", "2000-10-11T12:32:52.1234Z", true, false, 34),
        ("Mar  1 18:46:11.123 UTC: %SYS", "2024-03-01T18:46:11.123Z", true, true, 23),
        ("2024-03-07T04:02:16.123456+01:00 h", "2024-03-07T03:02:16.123456Z", true, false, 32),
        ("2024-03-07T04:02:16+0100 h", "2024-03-07T03:02:16Z", true, false, 24),
        ("2024-03-07 04:02:16,123 INFO", "2024-03-07T04:02:16.123Z", false, false, 23),
        ("2024/03/07 04:02:16 [error]", "2024-03-07T04:02:16Z", false, false, 19),
        ("Tue 2024-03-07 04:02:16 UTC host", "2024-03-07T04:02:16Z", true, false, 27),
        ("10/Oct/2000:13:55:36 -0700] \"GET", "2000-10-10T20:55:36Z", true, false, 26),
        ("07-Mar-2024 04:02:16.123 queries", "2024-03-07T04:02:16.123Z", false, false, 24),
        ("Fri, 07 Mar 2024 04:02:16 GMT", "2024-03-07T04:02:16Z", true, false, 29),
    ] {
        assert_eq!(read(text), Some((time.into(), zoned, guessed, len)), "{text}");
    }
    for text in [
        "",
        "Mar",
        "March 7 04:02:16",
        "Mar 32 04:02:16",
        "Feb 30 04:02:16",
        "Mar 7 24:02:16",
        "203-10-11T22:14:15.003Z",
        "2024-13-01 10:00:00",
        "2023-02-29 10:00:00",
        "2024-03-07",
        "2024-03-07T04:02:16.5x",
        "Mar 7 04:02:161",
        "10.0.0.1 - -",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn without_a_year_it_is_never_later_than_a_day_behind_the_source() {
    for latest in [i64::MIN, -1, 0, 1, 951_782_400 * SECOND, LATEST.0, i64::MAX] {
        for text in ["Jan  1 00:00:00", "Feb 29 12:00:00", "Dec 31 23:59:59"] {
            let when = Stamp::at_start(text.as_bytes()).unwrap().when(Nanos(latest));
            assert!(when.time.0 <= latest.saturating_add(DAY) || latest == i64::MIN, "{text} {latest}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn agrees_with_the_general_parser(nanos in 0..i64::MAX) {
        let text = jiff::Timestamp::from_nanosecond(nanos.into()).unwrap().to_string();
        let when = Stamp::at_start(text.as_bytes()).unwrap().when(LATEST);
        proptest::prop_assert_eq!(Some(when.time), time::of_text(&text).map(|t| t.time));
        proptest::prop_assert!(when.zoned);
    }

    #[test]
    fn any_bytes_are_taken(bytes: Vec<u8>, text in "(Jan|Feb 29|[0-9]{1,4}[-/ :T.,+]?|Mon|Z| ){0,16}") {
        for text in [&bytes[..], text.as_bytes()] {
            if let Some(stamp) = Stamp::at_start(text) {
                assert!(stamp.len <= text.len());
                stamp.when(LATEST);
            }
        }
    }
}
