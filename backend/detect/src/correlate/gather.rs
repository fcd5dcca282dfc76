//! From matches of base rules to contributions.

use super::{Contribution, Correlations, Of, Plan, Reference, Shortfall};
use crate::{
    engine::{Coverage, Engine, Hit},
    fold,
    sigma::correlation::{Kind, When},
};
use event::{Event, Value};
use std::collections::BTreeMap;

/// Bytes of a value that are kept; a longer one is cut and told apart by a hash.
const VALUE: usize = 256;

/// What a scan found for correlation rules. One a thread, then [`Gathered::merge`].
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// To be kept, or given to [`Correlations::evaluate`].
    pub contributions: Vec<Contribution>,
    /// Matches that could not contribute: (correlation, member, name) and how many.
    lacking: BTreeMap<(usize, usize, usize), u64>,
}

impl Gathered {
    /// Adds what another thread gathered with the same engine.
    pub fn merge(&mut self, other: Gathered) {
        self.contributions.extend(other.contributions);
        for (key, n) in other.lacking {
            *self.lacking.entry(key).or_default() += n;
        }
    }

    /// Matches that could not contribute since their events lack a field, by correlation and base rule.
    pub fn shortfalls(&self, correlations: &Correlations) -> Vec<Shortfall> {
        let told = self.lacking.iter().filter_map(|((correlation, member, name), count)| {
            let plan = correlations.plans.get(*correlation)?;
            let (member, name) = (plan.members.get(*member)?, plan.names.get(*name)?);
            let reason =
                format!("matches of the rule {} without a usable value of {name} were left out", member.id);
            Some(Shortfall { rule_id: plan.id.to_string(), reason, count: *count })
        });
        told.collect()
    }
}

impl Engine {
    /// Like [`Engine::scan_covered`], and gathers what the matches contribute to correlation rules. `hits` gets the
    /// rules that raise alerts; rules that only feed correlations are not among them. `reference` is how the caller
    /// names the event.
    pub fn scan_correlated(
        &self,
        event: &Event,
        reference: Reference,
        coverage: &mut Coverage,
        hits: &mut Vec<Hit>,
        gathered: &mut Gathered,
    ) {
        let from = hits.len();
        self.scan_every(event, coverage, hits);
        if self.correlations().plans.is_empty() {
            return;
        }
        for hit in &hits[from..] {
            self.correlations().gather(hit.rule, event, reference, gathered);
        }
        self.keep_raising(hits, from);
    }
}

impl Correlations {
    fn gather(&self, rule: usize, event: &Event, reference: Reference, into: &mut Gathered) {
        for (correlation, member) in self.feeds.get(&rule).into_iter().flatten() {
            let plan = &self.plans[*correlation];
            let Of::Detection(places) = &plan.members[*member].of else { continue };
            let values: Vec<Option<Box<str>>> =
                places.iter().map(|names| names.iter().find_map(|n| text_of(event.get(n)?))).collect();
            match plan.lacks(&values) {
                Some(name) => *into.lacking.entry((*correlation, *member, name)).or_default() += 1,
                None => into.contributions.push(Contribution {
                    time: event.time,
                    reference,
                    correlation: plan.id.clone(),
                    rule: plan.members[*member].id.clone(),
                    version: plan.version,
                    values,
                }),
            }
        }
    }
}

impl Plan {
    /// The first name without which these values are of no use.
    pub(super) fn lacks(&self, values: &[Option<Box<str>>]) -> Option<usize> {
        let groups = self.spec.group_by.len();
        let measured = match &self.spec.when {
            When::Limits { fields, .. } => fields.len(),
            When::Rules(_) | When::Written(_) => 0,
        };
        let numeric =
            matches!(self.spec.kind, Kind::Sum | Kind::Average | Kind::Median | Kind::Percentile(Some(_)));
        (0..groups + measured).find(|i| match values.get(*i).and_then(Option::as_deref) {
            None => true,
            Some(text) => *i >= groups && numeric && number(text).is_none(),
        })
    }
}

/// A finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

fn text_of(value: &Value) -> Option<Box<str>> {
    let text = match value {
        Value::List(list) => {
            let parts: Vec<_> = list.iter().filter_map(Value::text).collect();
            if parts.is_empty() {
                return None;
            }
            parts.join(", ")
        }
        one => one.text()?.into_owned(),
    };
    Some(bounded(text))
}

fn bounded(mut text: String) -> Box<str> {
    if text.len() > VALUE {
        let hash = fold::text(&text)
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
        let end = (0..=VALUE).rev().find(|i| text.is_char_boundary(*i)).unwrap_or_default();
        text.truncate(end);
        text.push_str(&format!("… #{hash:016x}"));
    }
    text.into()
}
