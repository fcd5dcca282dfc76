//! What correlation rules of one scan may hold in memory: each has a share of its own, so that a noisy one takes
//! nothing from a quiet one.

use detect::{
    Engine,
    correlate::{Contribution, Correlations, Limits, Shortfall},
};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bounds of an evaluation; those of what is gathered before are in [`Bounds`].
pub(super) const LIMITS: Limits =
    Limits { contributions: 250_000, firings: 10_000, references: 1_000, steps: 5_000_000 };
/// Contributions of all correlation rules together (about 250 bytes each), shared out among them.
const ALL: usize = 2_000_000;

/// Counts for all threads what correlation rules were given.
pub(super) struct Bounds {
    most: u64,
    given: Vec<AtomicU64>,
}

impl Bounds {
    pub fn new(engine: &Engine) -> Bounds {
        Bounds::of(engine.correlations().rules().len())
    }

    fn of(rules: usize) -> Bounds {
        let most = (ALL / rules.max(1)).clamp(1_000, LIMITS.contributions);
        Bounds { most: most as u64, given: (0..rules).map(|_| AtomicU64::new(0)).collect() }
    }

    /// Of the contributions behind the first `from`, leaves out those of rules that have their share.
    pub fn keep(&self, correlations: &Correlations, all: &mut Vec<Contribution>, from: usize) {
        let mut at = from;
        while let Some(c) = all.get(at) {
            if correlations.index(&c.correlation).is_some_and(|i| self.full(i)) {
                all.swap_remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Counts one more for a rule; whether it has its share already.
    fn full(&self, rule: usize) -> bool {
        self.given.get(rule).is_some_and(|n| n.fetch_add(1, Ordering::Relaxed) >= self.most)
    }

    /// The rules that had more than their share, and how much was left out.
    pub fn shortfalls(&self, correlations: &Correlations) -> Vec<Shortfall> {
        let each = correlations.rules().iter().zip(&self.given);
        each.filter_map(|(rule, given)| {
            let count = given.load(Ordering::Relaxed).saturating_sub(self.most);
            let reason = format!("only the first {} of its matches were looked at", self.most);
            (count > 0).then_some(Shortfall { rule_id: rule.id.clone(), reason, count })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_has_its_share_takes_nothing_from_another() {
        let bounds = Bounds::of(2);
        let noisy = (0..300_000).filter(|_| !bounds.full(0)).count();
        assert_eq!((noisy, bounds.full(1)), (LIMITS.contributions, false));
        assert_eq!(
            (Bounds::of(0).most, Bounds::of(20).most, Bounds::of(9_000).most),
            (250_000, 100_000, 1_000)
        );
    }
}
