//! Correlation rules: what the matches of other rules say together.
//!
//! Two halves, both without a clock. [`Engine::scan_correlated`] makes of a match of a base rule and its event a
//! small [`Contribution`], which can be kept anywhere. [`Correlations::evaluate`] makes
//! of any set of contributions the [`Fired`] correlations. The result depends on the set alone: not on the order,
//! not on how many imports brought it, and a contribution given twice counts once. [`Correlator`] does both for a
//! run that is held in memory.
//!
//! # What counts as a firing
//! A window is a run of contributions of one group that lie within the timespan, both ends included, and that can't
//! be widened at either end. The condition is asked of each such window, so neither the first few events of a burst
//! nor its last few pass for a small count. Windows for which it holds and that share a contribution are one burst,
//! and each burst is one firing. Bursts of a group never overlap: an earlier result and a later one, made of more
//! contributions, speak of the same firing where their spans from first to last meet.
//!
//! Group values and counted values compare without case, as Sigma's strings do. A match whose event lacks a field to
//! group by, or the measured field, does not contribute; how many did not is said ([`Shortfall`]).
//! In `temporal_ordered` events of the same time are in order, since their order can't be told; one event never
//! follows itself.
//! A correlation of correlations sees a lower one at every moment at which its condition held; one that counts sees
//! each firing once.

mod bursts;
mod correlator;
mod evaluate;
mod gather;
mod measure;
mod order;
mod outlook;
pub(crate) mod resolve;
mod windows;

pub use correlator::Correlator;
pub use gather::Gathered;

use crate::sigma::{Rule, correlation::Correlation};
use event::Nanos;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Arc};

/// An event, as the caller names it: opaque here, compared and ordered only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Reference(pub u64, pub u64);

impl From<[u8; 16]> for Reference {
    /// An event's identity as a reference.
    fn from(identity: [u8; 16]) -> Self {
        let all = u128::from_be_bytes(identity);
        Reference((all >> 64) as u64, all as u64)
    }
}

impl From<Reference> for [u8; 16] {
    fn from(r: Reference) -> Self {
        (u128::from(r.0) << 64 | u128::from(r.1)).to_be_bytes()
    }
}

/// A match of a base rule, as a correlation rule sees it: about 200 bytes, and a row of six columns in a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contribution {
    /// Time of the event.
    pub time: Nanos,
    /// The event.
    pub reference: Reference,
    /// Id of the correlation rule.
    pub correlation: Arc<str>,
    /// Id of the base rule that matched.
    pub rule: Arc<str>,
    /// [`Correlations::version`] of the correlation rule that it was made for.
    pub version: u64,
    /// Values of the fields that the correlation looks at, in its own order; the group's first.
    pub values: Vec<Option<Box<str>>>,
}

/// A correlation rule that fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fired {
    /// Index into [`Correlations::rules`].
    pub correlation: usize,
    /// Field or alias, and value, in the order of `group-by`; empty without one.
    pub group: Vec<(String, String)>,
    /// Time of the first contributing event.
    pub first: Nanos,
    /// Time of the last contributing event.
    pub last: Nanos,
    /// When the condition held for the first time.
    pub met: Nanos,
    /// Contributing events.
    pub count: u64,
    /// The measure where it was most extreme: events, distinct values, distinct rules, the sum, …
    pub value: f64,
    /// The contributing events in order of time, at most [`Limits::references`]; `count` tells how many there are.
    pub references: Vec<Reference>,
}

/// Bounds of an evaluation. What is cut by one is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Contributions that a [`Correlator`] holds (about 250 bytes each).
    pub contributions: usize,
    /// Firings of one correlation.
    pub firings: usize,
    /// Events that a firing names.
    pub references: usize,
    /// Contributions and moments of lower correlations that are looked at, over all correlations.
    pub steps: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { contributions: 250_000, firings: 10_000, references: 1_000, steps: 5_000_000 }
    }
}

/// Something that a correlation could not see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Shortfall {
    /// Id of the correlation rule; empty when it concerns all.
    pub rule_id: String,
    /// In plain words.
    pub reason: String,
    /// How many events or firings it concerns.
    pub count: u64,
}

/// What an evaluation says.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Firings of the correlations that raise alerts, by correlation, then time, then group.
    pub fired: Vec<Fired>,
    /// What could not be seen, each once.
    pub shortfalls: Vec<Shortfall>,
}

/// The correlation rules of an engine that can run.
#[derive(Debug, Default)]
pub struct Correlations {
    rules: Vec<Rule>,
    plans: Vec<Plan>,
    /// Lower correlations before those that look at them.
    order: Vec<usize>,
    by_id: HashMap<Arc<str>, usize>,
    /// For a rule of the engine: the correlations that it feeds, and as which member.
    feeds: HashMap<usize, Vec<(usize, usize)>>,
    /// Rules of the engine that raise no alerts of their own.
    silent: Vec<bool>,
}

/// A correlation as it runs.
#[derive(Debug)]
struct Plan {
    id: Arc<str>,
    spec: Arc<Correlation>,
    members: Vec<Member>,
    /// Names of [`Contribution::values`]: the group's, the measured, those that others look at.
    names: Vec<String>,
    version: u64,
    raises: bool,
}

/// One of the rules that a correlation looks at.
#[derive(Debug)]
struct Member {
    id: Arc<str>,
    of: Of,
}

#[derive(Debug)]
enum Of {
    /// A detection; for each name of the plan the fields where the value may stand, best first.
    Detection(Vec<Vec<Box<str>>>),
    /// A correlation; for each name of the plan the index among its names.
    Correlation { index: usize, values: Vec<Option<usize>> },
}

impl Correlations {
    /// The correlation rules that run. [`Fired::correlation`] is an index into them.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Index of the correlation rule with this id.
    pub fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Whether the correlation raises alerts; one that only feeds another does not.
    pub fn raises(&self, correlation: usize) -> bool {
        self.plans.get(correlation).is_some_and(|p| p.raises)
    }

    /// Changes when the rule is changed in a way that makes kept contributions useless: those are then skipped and
    /// said, and the events have to be scanned again.
    pub fn version(&self, correlation: usize) -> Option<u64> {
        self.plans.get(correlation).map(|p| p.version)
    }

    /// The timespan of a correlation in nanoseconds, those of the correlations below it added: contributions that lie
    /// further apart can't be of one window.
    pub fn reach(&self, correlation: usize) -> i64 {
        let Some(plan) = self.plans.get(correlation) else { return 0 };
        let below = plan.members.iter().filter_map(|m| match m.of {
            Of::Correlation { index, .. } => Some(self.reach(index)),
            Of::Detection(_) => None,
        });
        below.max().unwrap_or(0).saturating_add(plan.spec.timespan)
    }

    /// A correlation and all that stand below it: what has to be given to [`Correlations::evaluate`] together.
    pub fn family(&self, correlation: usize) -> Vec<usize> {
        let mut out = vec![correlation];
        let mut next = 0;
        while let Some(plan) = out.get(next).and_then(|i| self.plans.get(*i)) {
            next += 1;
            for m in &plan.members {
                if let Of::Correlation { index, .. } = m.of
                    && !out.contains(&index)
                {
                    out.push(index);
                }
            }
        }
        out
    }

    /// Ids of the detections whose matches a correlation sees, itself or through others, each once.
    pub fn bases(&self, correlation: usize) -> Vec<Arc<str>> {
        let mut out = Vec::new();
        for plan in self.family(correlation).into_iter().filter_map(|i| self.plans.get(i)) {
            for m in plan.members.iter().filter(|m| matches!(m.of, Of::Detection(_))) {
                if !out.contains(&m.id) {
                    out.push(m.id.clone());
                }
            }
        }
        out
    }

    /// Whether the rule of the engine only feeds correlations and raises no alerts of its own.
    pub(crate) fn silent(&self, rule: usize) -> bool {
        self.silent.get(rule).copied().unwrap_or(false)
    }
}
