//! What events leave behind for the question what is *not* there: the record numbers of a log, events by hour, cleared
//! logs. Pure: an engine keeps them, a reader finds the holes in them.

use event::{Event, Identity, Nanos};
use std::collections::HashMap;

/// Runs of record numbers that a series keeps; one with more is known by its ends and its count alone.
pub(crate) const RUNS: usize = 100;
/// Nanoseconds of an hour.
const HOUR: i64 = 3_600_000_000_000;

/// Record numbers that follow each other without a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Lowest number.
    pub first: u64,
    /// Highest number.
    pub last: u64,
    /// Time of the event with the lowest number.
    pub from: Nanos,
    /// Time of the event with the highest number.
    pub to: Nanos,
}

/// The record numbers (`EventRecordID`) of one channel of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// As written in the events; empty where they name none.
    pub host: String,
    /// As written in the events.
    pub channel: String,
    /// Events with a number.
    pub held: u64,
    /// Lowest number.
    pub first: u64,
    /// Highest number.
    pub last: u64,
    /// In order, none touching the next; `None` where there were more than 100 at a time.
    pub runs: Option<Vec<Run>>,
}

/// Events of one host on one day (UTC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// As written in the events; empty where they name none.
    pub host: String,
    /// Days since 1970-01-01.
    pub day: i64,
    /// By hour.
    pub hours: [u64; 24],
}

/// An event that says that a log was cleared: Security 1102, System 104.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// The event.
    pub event: Identity,
    /// As written in the event; empty where it names none.
    pub host: String,
    /// The log that was cleared.
    pub channel: String,
    /// When.
    pub time: Nanos,
    /// Who did it.
    pub by: Option<String>,
}

/// All of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces {
    /// By host and channel.
    pub series: Vec<Series>,
    /// By host and day.
    pub days: Vec<Day>,
    /// By time.
    pub cleared: Vec<Cleared>,
}

impl Series {
    /// One without numbers.
    pub(crate) fn new(host: String, channel: String) -> Series {
        Series { host, channel, held: 0, first: u64::MAX, last: 0, runs: Some(vec![]) }
    }

    /// Takes in more numbers with their times, in any order.
    pub(crate) fn grow(&mut self, mut numbers: Vec<(u64, Nanos)>) {
        numbers.sort_unstable();
        let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return };
        self.held += numbers.len() as u64;
        (self.first, self.last) = (self.first.min(first.0), self.last.max(last.0));
        let Some(old) = self.runs.take() else { return };
        let new = numbers.into_iter().map(|(n, t)| Run { first: n, last: n, from: t, to: t });
        let runs = merged(old, new);
        self.runs = (runs.len() <= RUNS).then_some(runs);
    }
}

/// Both lists, each in the order of its first numbers, as one.
fn merged(old: Vec<Run>, new: impl Iterator<Item = Run>) -> Vec<Run> {
    let mut all: Vec<Run> = Vec::with_capacity(old.len() + 1);
    let (mut old, mut new) = (old.into_iter().peekable(), new.peekable());
    loop {
        let next = match (old.peek(), new.peek()) {
            (Some(a), Some(b)) if a.first <= b.first => old.next(),
            (Some(_), None) => old.next(),
            (_, Some(_)) => new.next(),
            (None, None) => return all,
        };
        let Some(next) = next else { return all };
        match all.last_mut() {
            Some(run) if next.first <= run.last.saturating_add(1) => {
                if next.last > run.last {
                    (run.last, run.to) = (next.last, next.to);
                }
            }
            _ => all.push(next),
        }
    }
}

/// What the events of one batch leave.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    hosts: HashMap<String, OfHost>,
    /// Cleared logs.
    pub(crate) cleared: Vec<Cleared>,
}

#[derive(Debug, Default)]
struct OfHost {
    days: HashMap<i64, [u64; 24]>,
    channels: Vec<(String, Vec<(u64, Nanos)>)>,
}

impl Batch {
    /// Takes note of an event that its source did not hold before.
    pub(crate) fn note(&mut self, event: &Event, host: Option<&str>) {
        let host = host.unwrap_or_default();
        let of = match self.hosts.get_mut(host) {
            Some(of) => of,
            None => self.hosts.entry(host.to_owned()).or_default(),
        };
        let hour = event.time.0.div_euclid(HOUR);
        let hours = of.days.entry(hour.div_euclid(24)).or_insert([0; 24]);
        if let Some(n) = usize::try_from(hour.rem_euclid(24)).ok().and_then(|h| hours.get_mut(h)) {
            *n += 1;
        }
        let Some(channel) = event.text("Channel") else { return };
        // A number beyond what a signed one holds is none.
        let number = event.text("EventRecordID").and_then(|n| n.parse::<i64>().ok());
        if let Some(number) = number.and_then(|n| u64::try_from(n).ok()) {
            match of.channels.iter_mut().find(|(name, _)| *name == channel) {
                Some((_, numbers)) => numbers.push((number, event.time)),
                None => of.channels.push((channel.to_string(), vec![(number, event.time)])),
            }
        }
        if let Some(log) = clears(event, &channel) {
            self.cleared.push(Cleared {
                event: event.identity,
                host: host.to_owned(),
                channel: log,
                time: event.time,
                by: event::columns::user(event),
            });
        }
    }

    /// Hosts with their days.
    pub(crate) fn days(&self) -> impl Iterator<Item = (&str, i64, &[u64; 24])> {
        self.hosts.iter().flat_map(|(host, of)| of.days.iter().map(move |(day, h)| (host.as_str(), *day, h)))
    }

    /// Hosts with their channels and the numbers in them.
    pub(crate) fn numbers(&mut self) -> Vec<Numbers> {
        let mut all = vec![];
        for (host, of) in &mut self.hosts {
            all.extend(of.channels.drain(..).map(|(channel, numbers)| (host.clone(), channel, numbers)));
        }
        all
    }
}

/// Host, channel, and the record numbers in it with their times.
pub(crate) type Numbers = (String, String, Vec<(u64, Nanos)>);

/// The log that an event says was cleared.
fn clears(event: &Event, channel: &str) -> Option<String> {
    let id = event.text("EventID")?;
    if channel.eq_ignore_ascii_case("Security") && id == "1102" {
        return Some("Security".into());
    }
    if channel.eq_ignore_ascii_case("System") && id == "104" {
        // The flat name of `Channel` inside UserData, where System has one of its own.
        return Some(event.text("UserData_Channel").map_or_else(|| channel.to_owned(), |c| c.into_owned()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::{Place, Value};

    fn runs(numbers: &[u64]) -> Vec<(u64, Nanos)> {
        numbers.iter().map(|n| (*n, Nanos(n.cast_signed() * 10))).collect()
    }

    fn ends(s: &Series) -> Vec<(u64, u64)> {
        s.runs.as_ref().map(|all| all.iter().map(|r| (r.first, r.last)).collect()).unwrap_or_default()
    }

    #[test]
    fn runs_grow_together_whatever_order_their_numbers_come_in() {
        let mut s = Series::new("h".into(), "c".into());
        s.grow(runs(&[7, 5, 6]));
        s.grow(runs(&[1, 10]));
        assert_eq!(ends(&s), [(1, 1), (5, 7), (10, 10)]);
        s.grow(runs(&[2, 3, 4]));
        assert_eq!(ends(&s), [(1, 7), (10, 10)]);
        s.grow(runs(&[8, 9, 9]));
        assert_eq!((ends(&s), s.held, s.first, s.last), (vec![(1, 10)], 11, 1, 10));
        let run = s.runs.as_ref().unwrap()[0];
        assert_eq!((run.from, run.to), (Nanos(10), Nanos(100)), "times of the ends");
        s.grow(vec![]);
        assert_eq!(s.held, 11);
    }

    #[test]
    fn too_many_runs_leave_ends_and_count() {
        let mut s = Series::new("h".into(), "c".into());
        s.grow(runs(&(0..RUNS as u64).map(|n| n * 2).collect::<Vec<_>>()));
        assert_eq!(ends(&s).len(), RUNS);
        s.grow(runs(&[1000]));
        s.grow(runs(&[1001]));
        assert_eq!((s.runs, s.held, s.first, s.last), (None, RUNS as u64 + 2, 0, 1001));
    }

    fn event(time: i64, fields: &[(&str, Value)]) -> Event {
        let fields = fields.iter().map(|(n, v)| ((*n).into(), v.clone())).collect();
        let dataset = "windows.system".into();
        Event { time: Nanos(time), dataset, place: Place::default(), fields, identity: [3; 16] }
    }

    #[test]
    fn hours_numbers_and_cleared_logs_are_noted() {
        let mut batch = Batch::default();
        let of = |id: i64, channel: &str, number: Value| {
            [("EventID", Value::Int(id)), ("Channel", channel.into()), ("EventRecordID", number)]
        };
        batch.note(&event(0, &of(1, "System", Value::Int(4))), Some("a"));
        batch.note(&event(HOUR - 1, &of(1, "System", "5".into())), Some("a"));
        batch.note(&event(-1, &of(1102, "Security", Value::Int(-3))), Some("a"));
        let fields = [&of(104, "System", "none".into())[..], &[("UserData_Channel", "Application".into())]];
        batch.note(&event(HOUR, &fields.concat()), None);
        let mut days: Vec<_> = batch.days().map(|(h, d, n)| (h.to_owned(), d, n.to_vec())).collect();
        days.sort();
        let at = |places: &[(usize, u64)]| {
            let mut day = vec![0; 24];
            places.iter().for_each(|(h, n)| day[*h] = *n);
            day
        };
        let want = [("", 0, at(&[(1, 1)])), ("a", -1, at(&[(23, 1)])), ("a", 0, at(&[(0, 2)]))];
        assert_eq!(days, want.map(|(h, d, n)| (h.to_owned(), d, n)));
        assert_eq!(
            batch.numbers(),
            [("a".to_owned(), "System".to_owned(), vec![(4, Nanos(0)), (5, Nanos(HOUR - 1))])]
        );
        let logs: Vec<_> = batch.cleared.iter().map(|c| (c.host.as_str(), c.channel.as_str())).collect();
        assert_eq!(logs, [("a", "Security"), ("", "Application")]);
    }
}
