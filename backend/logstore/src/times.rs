//! Shown time: what a source says, put right by what is known of its zone and of its hosts' clocks. Stored times never
//! change; a search orders and bounds by what is shown.

use crate::{Row, SourceId};
use event::{Nanos, entity::Host};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Nanoseconds that are added to a stored time, by steps of stored time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shift(Vec<(Nanos, i64)>);

impl Shift {
    /// Each holds from its time on, the first also before; in ascending order.
    pub fn steps(steps: Vec<(Nanos, i64)>) -> Shift {
        Shift(steps)
    }

    fn at(&self, time: Nanos) -> i64 {
        let after = self.0.partition_point(|(from, _)| *from <= time);
        self.0.get(after.saturating_sub(1)).map_or(0, |(_, by)| *by)
    }
}

/// What is known of clocks. A zone is a source's, an offset a host's: in all sources, or in one, which then counts alone.
#[derive(Clone, Debug, Default)]
pub struct Times {
    sources: HashMap<SourceId, Arc<Shift>>,
    hosts: Offsets,
    here: HashMap<SourceId, Offsets>,
}

/// Offsets by host.
#[derive(Clone, Debug, Default)]
struct Offsets {
    by_name: HashMap<String, i64>,
    /// Of full names by their first labels.
    by_label: HashMap<String, BTreeMap<String, i64>>,
}

impl Offsets {
    fn set(&mut self, host: &Host, by: i64) {
        self.by_name.insert(host.folded().to_owned(), by);
        if host.is_full() {
            let of = self.by_label.entry(host.label().to_owned()).or_default();
            of.insert(host.folded().to_owned(), by);
        }
    }

    /// That of the name itself, else of a name that is the same: of several the first.
    fn of(&self, host: &Host) -> Option<i64> {
        let itself = self.by_name.get(host.folded());
        let other = || match (host.is_full(), host.is_whole()) {
            (true, _) => self.by_name.get(host.label()),
            (false, false) => self.by_label.get(host.label()).and_then(|of| of.values().next()),
            (false, true) => None,
        };
        itself.or_else(other).copied()
    }
}

impl Times {
    /// Sets a source's zone.
    pub fn zone(&mut self, source: SourceId, shift: Arc<Shift>) {
        self.sources.insert(source, shift);
    }

    /// Sets what a host's clock was behind, in nanoseconds; for every name that is the same ([`event::entity`]).
    pub fn offset(&mut self, source: Option<SourceId>, host: &str, by: i64) {
        self.offsets(source).set(&Host::new(host), by);
    }

    /// The same for a name that has none of its own.
    pub fn offset_unless(&mut self, source: Option<SourceId>, host: &str, by: i64) {
        let host = Host::new(host);
        let offsets = self.offsets(source);
        if !offsets.by_name.contains_key(host.folded()) {
            offsets.set(&host, by);
        }
    }

    fn offsets(&mut self, source: Option<SourceId>) -> &mut Offsets {
        match source {
            Some(source) => self.here.entry(source).or_default(),
            None => &mut self.hosts,
        }
    }

    /// Whether shown times are the stored ones.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.hosts.by_name.is_empty() && self.here.is_empty()
    }

    /// What is added to a stored time, in nanoseconds.
    pub fn shift(&self, row: &Row) -> i64 {
        let zone = self.sources.get(&row.source).map_or(0, |shift| shift.at(row.time));
        let by = match &row.host {
            Some(host) if !(self.hosts.by_name.is_empty() && self.here.is_empty()) => {
                let host = Host::new(host);
                let here = self.here.get(&row.source).and_then(|offsets| offsets.of(&host));
                here.or_else(|| self.hosts.of(&host)).unwrap_or(0)
            }
            _ => 0,
        };
        zone.saturating_add(by)
    }

    /// The time to show.
    pub fn shown(&self, row: &Row) -> Nanos {
        Nanos(row.time.0.saturating_add(self.shift(row)))
    }

    /// Every shift that an event can have.
    pub(crate) fn shifts(&self) -> BTreeSet<i64> {
        let zones = self.sources.values().flat_map(|shift| shift.0.iter().map(|(_, by)| *by));
        let zones: BTreeSet<i64> = zones.chain([0]).collect();
        let offsets = self.here.values().chain([&self.hosts]).flat_map(|of| of.by_name.values());
        let hosts: BTreeSet<i64> = offsets.copied().chain([0]).collect();
        zones.iter().flat_map(|zone| hosts.iter().map(|by| zone.saturating_add(*by))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Place;

    #[test]
    fn an_offset_holds_for_every_name_that_is_the_same() {
        let mut times = Times::default();
        let of = |times: &Times, source: i64, host: &str| {
            let row = Row {
                identity: [0; 16],
                time: Nanos(0),
                ingested_at: Nanos(0),
                source: SourceId(source),
                place: Place::default(),
                dataset: String::new(),
                host: Some(host.into()),
                user: None,
                severity: String::new(),
                message: String::new(),
                fields: String::new(),
            };
            times.shift(&row)
        };
        times.offset(None, "DB", 1);
        times.offset(None, "web.b.example", 3);
        times.offset(None, "web.a.example.", 2);
        times.offset(Some(SourceId(7)), "web", 5);
        times.offset(None, "10.0.0.1", 9);
        for (source, host, by) in [
            (1, "db", 1),
            (1, "db.corp.example", 1),
            (1, "dbx", 0),
            (1, "WEB.b.example", 3),
            (1, "web.a.example", 2),
            (1, "web.c.example", 0),
            (1, "web", 2),
            (7, "web.b.example", 5),
            (1, "10.0.0.1", 9),
            (1, "10", 0),
        ] {
            assert_eq!(of(&times, source, host), by, "{source} {host}");
        }
        times.offset_unless(None, "db.corp.example", 4);
        times.offset_unless(None, "db", 4);
        assert_eq!((of(&times, 1, "db.corp.example"), of(&times, 1, "db")), (4, 1));
        assert_eq!(times.shifts().into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 9]);
    }
}
