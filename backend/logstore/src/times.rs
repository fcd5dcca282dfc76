//! Shown time: what a source says, put right by what is known of its zone and of its hosts' clocks. Stored times never
//! change; a search orders and bounds by what is shown.

use crate::{Row, SourceId};
use event::Nanos;
use std::{
    collections::{BTreeSet, HashMap},
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
    hosts: HashMap<String, i64>,
    here: HashMap<(SourceId, String), i64>,
}

impl Times {
    /// Sets a source's zone.
    pub fn zone(&mut self, source: SourceId, shift: Arc<Shift>) {
        self.sources.insert(source, shift);
    }

    /// Sets what a host's clock was behind, in nanoseconds; names are compared without case.
    pub fn offset(&mut self, source: Option<SourceId>, host: &str, by: i64) {
        let host = host.to_lowercase();
        match source {
            Some(source) => self.here.insert((source, host), by),
            None => self.hosts.insert(host, by),
        };
    }

    /// Whether shown times are the stored ones.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.hosts.is_empty() && self.here.is_empty()
    }

    /// What is added to a stored time, in nanoseconds.
    pub fn shift(&self, row: &Row) -> i64 {
        let zone = self.sources.get(&row.source).map_or(0, |shift| shift.at(row.time));
        let by = match &row.host {
            Some(host) if !(self.hosts.is_empty() && self.here.is_empty()) => {
                let host = host.to_lowercase();
                let all = self.hosts.get(&host).copied();
                self.here.get(&(row.source, host)).copied().or(all).unwrap_or(0)
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
        let hosts: BTreeSet<i64> =
            self.hosts.values().chain(self.here.values()).copied().chain([0]).collect();
        zones.iter().flat_map(|zone| hosts.iter().map(|by| zone.saturating_add(*by))).collect()
    }
}
