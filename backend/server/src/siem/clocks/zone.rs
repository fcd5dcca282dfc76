//! Zones by their names.

use event::Nanos;
use jiff::{Timestamp, tz::TimeZone};
use kernel::{Error, Result};
use logstore::Shift;

const SECOND: i64 = 1_000_000_000;
/// 2100-01-01T00:00:00Z: steps are known up to then.
const LAST: i64 = 4_102_444_800;

/// What is added to times of a zone that were taken as UTC. Local times that exist twice are the earlier, those that do
/// not exist go on by the offset before (RFC 5545, 3.3.5).
pub(super) fn shift(name: &str) -> Result<Shift> {
    if let Some(east) = offset(name) {
        return Ok(Shift::steps(vec![(Nanos(i64::MIN), -east * SECOND)]));
    }
    let wrong =
        || Error::field("timezone", "not an IANA time zone (Europe/Berlin), UTC or an offset (+02:00)");
    let zone = TimeZone::get(name).map_err(|_| wrong())?;
    let mut before = i64::from(zone.to_offset(Timestamp::UNIX_EPOCH).seconds());
    let mut steps = vec![(Nanos(i64::MIN), -before * SECOND)];
    for step in zone.following(Timestamp::UNIX_EPOCH) {
        let at = step.timestamp().as_second();
        if at >= LAST {
            break;
        }
        let after = i64::from(step.offset().seconds());
        if after != before {
            steps.push((Nanos((at + before.max(after)) * SECOND), -after * SECOND));
        }
        before = after;
    }
    Ok(Shift::steps(steps))
}

/// Seconds east of UTC of `UTC`, `Z` or `+hh:mm`.
fn offset(name: &str) -> Option<i64> {
    if matches!(name, "UTC" | "Z") {
        return Some(0);
    }
    let sign = match name.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = name.get(1..)?.split_once(':')?;
    let number = |text: &str, most: i64| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|n: &i64| digits && *n <= most)
    };
    Some(sign * (number(hours, 18)? * 3600 + number(minutes, 59)? * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{Identity, Place};
    use logstore::{Row, SourceId, Times};
    use std::sync::Arc;

    /// What a local time is in UTC, both in seconds.
    fn utc(zone: &str, local: i64) -> i64 {
        let mut times = Times::default();
        times.zone(SourceId(1), Arc::new(shift(zone).unwrap()));
        let row = Row {
            identity: Identity::default(),
            time: Nanos(local * SECOND),
            ingested_at: Nanos(0),
            source: SourceId(1),
            place: Place::default(),
            dataset: String::new(),
            host: None,
            user: None,
            severity: String::new(),
            message: String::new(),
            fields: String::new(),
        };
        times.shown(&row).0 / SECOND
    }

    #[test]
    fn local_times_are_what_the_zone_says_on_their_day() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        for (zone, local, right) in [
            ("UTC", "2024-03-07T12:00:00Z", "2024-03-07T12:00:00Z"),
            ("+05:30", "2024-03-07T12:00:00Z", "2024-03-07T06:30:00Z"),
            ("-08:00", "2024-03-07T12:00:00Z", "2024-03-07T20:00:00Z"),
            ("Europe/Berlin", "2024-03-07T12:00:00Z", "2024-03-07T11:00:00Z"),
            ("Europe/Berlin", "2024-07-07T12:00:00Z", "2024-07-07T10:00:00Z"),
            // The hour that does not exist, and the one that exists twice.
            ("Europe/Berlin", "2024-03-31T01:59:59Z", "2024-03-31T00:59:59Z"),
            ("Europe/Berlin", "2024-03-31T02:30:00Z", "2024-03-31T01:30:00Z"),
            ("Europe/Berlin", "2024-03-31T03:00:00Z", "2024-03-31T01:00:00Z"),
            ("Europe/Berlin", "2024-10-27T02:30:00Z", "2024-10-27T00:30:00Z"),
            ("Europe/Berlin", "2024-10-27T03:00:00Z", "2024-10-27T02:00:00Z"),
            ("America/New_York", "1969-06-01T00:00:00Z", "1969-06-01T05:00:00Z"),
        ] {
            assert_eq!(utc(zone, at(local)), at(right), "{zone} {local}");
        }
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for bad in ["", "Mars/Phobos", "+2", "+25:00", "+01:60", "+1:00", "CEST", "../etc/passwd", "+0a:00"] {
            assert!(shift(bad).is_err(), "{bad}");
        }
    }
}
