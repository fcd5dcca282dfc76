//! Correlation within one run, held in memory: for a scan without a store.

use super::{Correlations, Gathered, Limits, Outcome, Reference, Shortfall};
use crate::engine::{Coverage, Engine, Hit};
use event::Event;

/// Scans events and correlates what was found when all are in. One a thread, then [`Correlator::merge`].
#[derive(Debug)]
pub struct Correlator<'e> {
    engine: &'e Engine,
    limits: Limits,
    gathered: Gathered,
    dropped: u64,
}

impl<'e> Correlator<'e> {
    /// For the correlation rules of an engine.
    pub fn new(engine: &'e Engine, limits: Limits) -> Self {
        Correlator { engine, limits, gathered: Gathered::default(), dropped: 0 }
    }

    /// Scans an event: `hits` gets the rules that raise alerts.
    pub fn scan(
        &mut self,
        event: &Event,
        reference: Reference,
        coverage: &mut Coverage,
        hits: &mut Vec<Hit>,
    ) {
        self.engine.scan_correlated(event, reference, coverage, hits, &mut self.gathered);
        self.cut();
    }

    /// Takes over what another thread gathered with the same engine.
    pub fn merge(&mut self, other: Correlator<'_>) {
        self.dropped += other.dropped;
        self.gathered.merge(other.gathered);
        self.cut();
    }

    fn cut(&mut self) {
        let all = &mut self.gathered.contributions;
        let over = all.len().saturating_sub(self.limits.contributions);
        self.dropped += over as u64;
        all.truncate(self.limits.contributions);
    }

    /// What the correlations say of all that was scanned.
    pub fn finish(self) -> Outcome {
        let correlations: &Correlations = self.engine.correlations();
        let mut outcome = correlations.evaluate(&self.gathered.contributions, &self.limits);
        outcome.shortfalls.extend(self.gathered.shortfalls(correlations));
        if self.dropped > 0 {
            let reason = format!(
                "matches beyond the first {} of this run were not looked at by correlation rules",
                self.limits.contributions
            );
            outcome.shortfalls.push(Shortfall { rule_id: String::new(), reason, count: self.dropped });
        }
        outcome.shortfalls.sort();
        outcome
    }
}
