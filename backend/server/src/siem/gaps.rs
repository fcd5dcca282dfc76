//! What is not there, found in what the events of a source left behind ([`Traces`]). Pure.

use api::{
    Time,
    siem::{Gap, GapKind},
};
use logstore::{Cleared, Day, Series, Traces};
use std::collections::BTreeMap;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;
/// Hours beside a quiet one that are looked at, on each side.
const BESIDE: i64 = 3;
/// Events an hour that are many.
const MANY: u64 = 10;
/// A later number whose event is earlier by no more than this is a clock that was set, not numbers that began again.
const CLOCK_NS: i64 = 3_600_000_000_000;

/// All gaps of a source: cleared logs, numbers that begin again, missing numbers, quiet hours; each by time.
pub fn find(traces: &Traces) -> Vec<Gap> {
    let mut all: Vec<Gap> = traces.cleared.iter().map(cleared).collect();
    all.extend(traces.series.iter().flat_map(restarts));
    all.extend(traces.series.iter().flat_map(holes));
    let mut hosts = BTreeMap::<&str, BTreeMap<i64, u64>>::new();
    for Day { host, day, hours } in &traces.days {
        let of = hosts.entry(host).or_default();
        of.extend((day * 24..).zip(*hours).filter(|(_, n)| *n > 0));
    }
    all.extend(hosts.iter().flat_map(|(host, hours)| quiet(host, hours)));
    all.sort_by(|a, b| (a.kind, a.from, a.first, &a.host).cmp(&(b.kind, b.from, b.first, &b.host)));
    all
}

/// A gap of this kind without anything else.
fn blank(kind: GapKind, host: &str) -> Gap {
    let host = Some(host).filter(|h| !h.is_empty()).map(str::to_owned);
    Gap {
        kind,
        host,
        channel: None,
        from: None,
        to: None,
        first: None,
        last: None,
        missing: None,
        by: None,
        log_id: None,
    }
}

fn cleared(c: &Cleared) -> Gap {
    Gap {
        channel: Some(c.channel.clone()),
        from: Some(Time::from_nanos(c.time.0)),
        by: c.by.clone(),
        log_id: Some(event::hex(&c.event)),
        ..blank(GapKind::Cleared, &c.host)
    }
}

/// Numbers that lie between two runs of a series. One whose runs were too many to keep has its ends and how many
/// events it holds: what its span holds more is missing somewhere between.
fn holes(s: &Series) -> Vec<Gap> {
    let gap = |kind| Gap { channel: Some(s.channel.clone()), ..blank(kind, &s.host) };
    let Some(runs) = &s.runs else {
        let missing = s.last.saturating_sub(s.first).saturating_add(1).saturating_sub(s.held);
        let gap = Gap {
            first: Some(s.first),
            last: Some(s.last),
            missing: Some(missing),
            ..gap(GapKind::Scattered)
        };
        return if missing > 0 { vec![gap] } else { vec![] };
    };
    let pairs = runs.iter().zip(runs.iter().skip(1));
    pairs
        .filter_map(|(before, after)| {
            let (first, last) = (before.last.checked_add(1)?, after.first.checked_sub(1)?);
            // Where the numbers begin again, what lies between was never used.
            let fits = first <= last && before.to.0 <= after.from.0.saturating_add(CLOCK_NS);
            fits.then(|| Gap {
                from: Some(Time::from_nanos(before.to.0)),
                to: Some(Time::from_nanos(after.from.0)),
                first: Some(first),
                last: Some(last),
                missing: Some(last - first + 1),
                ..gap(GapKind::Records)
            })
        })
        .collect()
}

/// Places where a run of lower numbers is later than the run of higher numbers next to it, by more than a clock that
/// was set explains: the log was made anew.
fn restarts(s: &Series) -> Vec<Gap> {
    let runs = s.runs.as_deref().unwrap_or_default();
    let pairs = runs.iter().zip(runs.iter().skip(1));
    pairs
        .filter(|(low, high)| low.to.0 > high.from.0.saturating_add(CLOCK_NS))
        .map(|(low, high)| Gap {
            channel: Some(s.channel.clone()),
            from: Some(Time::from_nanos(high.to.0)),
            to: Some(Time::from_nanos(low.from.0)),
            first: Some(high.last),
            last: Some(low.first),
            ..blank(GapKind::Restart, &s.host)
        })
        .collect()
}

/// Quiet hours of a host: whole clock hours (UTC) between its first and its last event in the source without any event,
/// where the (up to 3) hours right before and right after have 10 events or more each on average. Hours that are empty
/// on most other days too, such as nights of a desktop, are left out: a run of empty hours counts only when at least
/// one of them has events on half of the other days, or when there are fewer than two other days to compare with.
///
/// `hours`: events by hours since 1970, those with events only.
fn quiet(host: &str, hours: &BTreeMap<i64, u64>) -> Vec<Gap> {
    let (Some((&begin, _)), Some((&end, _))) = (hours.first_key_value(), hours.last_key_value()) else {
        return vec![];
    };
    let mut busy = [0_i64; 24];
    for hour in hours.keys() {
        if let Some(n) = busy.get_mut(of_day(*hour)) {
            *n += 1;
        }
    }
    let many = |from: i64, to: i64| {
        let (from, to) = (from.max(begin), to.min(end));
        let sum: u64 = hours.range(from..=to).map(|(_, n)| n).sum();
        u64::try_from(to - from + 1).is_ok_and(|beside| beside > 0 && sum >= beside * MANY)
    };
    // How many hours of the range are at this time of day.
    let days = |of_day: i64| (end - of_day).div_euclid(24) - (begin - 1 - of_day).div_euclid(24);
    let odd = |hour: i64| {
        let at = of_day(hour);
        let others = days(hour.rem_euclid(24)) - 1;
        others < 2 || busy.get(at).is_some_and(|n| n * 2 >= others)
    };
    let keys = hours.keys();
    let runs = keys.clone().zip(keys.skip(1)).map(|(before, after)| (before + 1, after - 1));
    runs.filter(|(first, last)| first <= last)
        .filter(|(first, last)| many(first - BESIDE, first - 1) && many(last + 1, last + BESIDE))
        // A day and more holds every time of day.
        .filter(|(first, last)| (*first..=(*last).min(first + 23)).any(odd))
        .map(|(first, last)| Gap {
            from: Some(Time(first * HOUR_MS)),
            to: Some(Time((last + 1) * HOUR_MS)),
            missing: u64::try_from(last - first + 1).ok(),
            ..blank(GapKind::Quiet, host)
        })
        .collect()
}

fn of_day(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(24)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Nanos;
    use logstore::Run;

    const HOUR: i64 = 3_600_000_000_000;

    /// Runs of numbers with the hours of their ends.
    fn series(runs: &[(u64, u64, i64, i64)]) -> Series {
        let all: Vec<_> = runs
            .iter()
            .map(|(first, last, from, to)| Run {
                first: *first,
                last: *last,
                from: Nanos(from * HOUR),
                to: Nanos(to * HOUR),
            })
            .collect();
        Series {
            host: "WS1".into(),
            channel: "Security".into(),
            held: runs.iter().map(|r| r.1 - r.0 + 1).sum(),
            first: runs.iter().map(|r| r.0).min().unwrap(),
            last: runs.iter().map(|r| r.1).max().unwrap(),
            runs: Some(all),
        }
    }

    #[test]
    fn numbers_between_runs_are_missing_and_what_lies_before_the_first_is_not() {
        let found = holes(&series(&[(900, 999, 0, 5), (1010, 1020, 6, 7), (1022, 1022, 8, 8)]));
        let told: Vec<_> = found.iter().map(|g| (g.first, g.last, g.missing)).collect();
        assert_eq!(told, [(Some(1000), Some(1009), Some(10)), (Some(1021), Some(1021), Some(1))]);
        assert_eq!((found[0].from, found[0].to), (Some(Time(5 * HOUR_MS)), Some(Time(6 * HOUR_MS))));
        assert_eq!((found[0].host.as_deref(), found[0].channel.as_deref()), (Some("WS1"), Some("Security")));
        assert!(holes(&series(&[(900, 999, 0, 5)])).is_empty());
        assert!(restarts(&series(&[(900, 999, 0, 5), (1010, 1020, 6, 7)])).is_empty());
    }

    #[test]
    fn of_too_many_runs_the_number_that_is_missing_is_known() {
        let mut s = series(&[(1, 50, 0, 1), (60, 100, 2, 3)]);
        s.runs = None;
        let found = holes(&s);
        assert_eq!((found.len(), found[0].kind, found[0].missing), (1, GapKind::Scattered, Some(9)));
        assert_eq!((found[0].first, found[0].last), (Some(1), Some(100)));
        s.held = 100;
        assert!(holes(&s).is_empty(), "read in any order, nothing is missing");
        s.held = 150;
        assert!(holes(&s).is_empty(), "numbers that were used twice");
    }

    #[test]
    fn lower_numbers_that_are_later_began_again() {
        let s = series(&[(1, 30, 50, 60), (5000, 5100, 10, 20)]);
        let found = restarts(&s);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].first, found[0].last), (Some(5100), Some(1)));
        assert_eq!((found[0].from, found[0].to), (Some(Time(20 * HOUR_MS)), Some(Time(50 * HOUR_MS))));
        assert!(holes(&s).is_empty(), "between them nothing is missing");
        // An hour back is a clock that was set.
        let clock = series(&[(1, 30, 0, 3), (40, 50, 2, 9)]);
        assert_eq!((restarts(&clock).len(), holes(&clock).len()), (0, 1));
    }

    fn told(hours: &[(i64, u64)]) -> Vec<(i64, u64)> {
        let found = quiet("h", &hours.iter().copied().collect());
        found.iter().map(|g| (g.from.unwrap().0 / HOUR_MS, g.missing.unwrap())).collect()
    }

    #[test]
    fn an_empty_hour_among_full_ones_is_quiet() {
        let full: Vec<_> = (0..12).map(|h| (h, 40)).collect();
        assert!(told(&full).is_empty());
        let without =
            |gone: &[i64]| full.iter().copied().filter(|(h, _)| !gone.contains(h)).collect::<Vec<_>>();
        assert_eq!(told(&without(&[5])), [(5, 1)]);
        assert_eq!(told(&without(&[5, 6, 7])), [(5, 3)]);
        assert_eq!(told(&without(&[1])), [(1, 1)], "beside the first hour");
        assert!(told(&without(&[0, 11])).is_empty(), "the ends are the source's own");
        assert!(told(&[]).is_empty() && told(&[(3, 100)]).is_empty());
    }

    #[test]
    fn among_few_events_an_empty_hour_says_nothing() {
        assert!(told(&[(0, 3), (1, 4), (3, 2), (4, 9)]).is_empty());
        // Many before it, few after it.
        assert!(told(&[(0, 300), (1, 400), (3, 2), (4, 9)]).is_empty());
        assert_eq!(told(&[(0, 29), (1, 1), (2, 0), (3, 30)]).len(), 0, "hours with none are not given");
        assert_eq!(told(&[(0, 29), (1, 1), (3, 30)]), [(2, 1)]);
    }

    #[test]
    fn nights_are_no_news_and_a_silent_morning_is() {
        // Ten days from 8 to 18 o'clock.
        let days = |gone: Option<(i64, i64)>| {
            let hours = (0..10).flat_map(|d| (8..18).map(move |h| (d, h)));
            hours.filter(|at| Some(*at) != gone).map(|(d, h)| (d * 24 + h, 50)).collect::<Vec<_>>()
        };
        assert!(told(&days(None)).is_empty());
        assert_eq!(told(&days(Some((4, 11)))), [(4 * 24 + 11, 1)]);
        // Of two days nobody knows what is usual.
        let two: Vec<_> = days(None).into_iter().filter(|(h, _)| *h < 48).collect();
        assert_eq!(told(&two), [(18, 14)]);
    }

    #[test]
    fn all_kinds_together_by_kind_and_time() {
        let hours = std::array::from_fn(|h| if h == 4 { 0 } else { 20 });
        let traces = Traces {
            series: vec![series(&[(1, 2, 0, 1), (5, 6, 2, 3)])],
            days: vec![Day { host: String::new(), day: -1, hours }],
            cleared: vec![Cleared {
                event: [1; 16],
                host: "WS1".into(),
                channel: "Security".into(),
                time: Nanos(HOUR),
                by: Some("EXAMPLE\\eve".into()),
            }],
        };
        let found = find(&traces);
        let kinds: Vec<_> = found.iter().map(|g| g.kind).collect();
        assert_eq!(kinds, [GapKind::Cleared, GapKind::Records, GapKind::Quiet]);
        assert_eq!(
            (found[0].by.as_deref(), found[0].log_id.as_deref()),
            (Some("EXAMPLE\\eve"), Some(&*"01".repeat(16)))
        );
        assert_eq!((found[2].host.as_deref(), found[2].from), (None, Some(Time(-20 * HOUR_MS))));
    }
}
