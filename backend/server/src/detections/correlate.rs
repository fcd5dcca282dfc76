//! Correlation rules over everything that imports and runs have found, whenever that was.
//!
//! A batch keeps what its matches contribute; when an import or run ends, the correlations that got something are
//! evaluated around the times that it concerns. Their firings are compared with those that are alerts already: one that
//! grew is the same alert, two that became one are one alert. So the order of imports does not matter.

use super::{
    compile::RuleSet,
    store::correlations::{self as store, Due, Firing},
};
use crate::alerts::{self, Cause, Correlated, OfRule, Raised};
use api::{Time, siem::RuleNote};
use detect::correlate::{Fired, Limits, Reference};
use kernel::{Kernel, Result, db::Tx};
use serde_json::json;
use std::{collections::HashMap, sync::Arc};
use tokio::sync::{Mutex, MutexGuard};

/// Contributions that one evaluation looks at.
const MOST: i64 = 1_000_000;
/// Steps in which the span of an evaluation is widened to where nothing lies near.
const STEPS: usize = 100_000;

/// What an evaluation found, not yet written.
#[derive(Default)]
pub struct Found {
    families: Vec<Family>,
    /// What a correlation could not see.
    pub notes: Vec<RuleNote>,
    due: Vec<Due>,
    /// Nobody else evaluates until this is written or dropped.
    _alone: Option<MutexGuard<'static, ()>>,
}

/// Imports, runs and what comes in live evaluate one after another: a firing that was found before another's was written
/// would undo it.
static ALONE: Mutex<()> = Mutex::const_new(());

/// The firings of one correlation in a span.
struct Family {
    correlation: usize,
    span: (i64, i64),
    fired: Vec<Fired>,
    times: HashMap<Reference, i64>,
}

impl Found {
    /// Nothing was due.
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}

/// Evaluates what is due. Only reads.
pub async fn evaluate(kernel: &Kernel, set: &RuleSet) -> Result<Found> {
    let alone = ALONE.lock().await;
    let db = kernel.db.read();
    let due = store::due(db).await?;
    let mut found = Found { _alone: Some(alone), ..Found::default() };
    let all = set.engine.correlations();
    for (i, rule) in all.rules().iter().enumerate().filter(|(i, _)| all.raises(*i)) {
        let family: Vec<_> = all.family(i).into_iter().filter_map(|m| all.rules().get(m)).collect();
        let ids: Vec<_> = family.iter().map(|r| r.id.as_str()).collect();
        let own = due.iter().filter(|d| ids.contains(&d.correlation.as_str()));
        let Some(span) = own.fold(None, |span: Option<(i64, i64)>, d: &Due| {
            Some(span.map_or((d.first, d.last), |(a, b)| (a.min(d.first), b.max(d.last))))
        }) else {
            continue;
        };
        let ids = json!(ids).to_string();
        let span = widen(kernel, &ids, span, all.reach(i).max(1)).await?;
        let contributions = store::between(db, &ids, span, MOST).await?;
        let note = |reason: String| RuleNote { rule_id: rule.id.clone(), title: rule.title.clone(), reason };
        if i64::try_from(contributions.len()).unwrap_or(MOST) >= MOST {
            found.notes.push(note("more than 1,000,000 matches lie near; the rest was not looked at".into()));
        }
        let outcome = all.evaluate(&contributions, &Limits::default());
        let told = outcome.shortfalls.into_iter().filter(|s| s.rule_id.is_empty() || s.rule_id == rule.id);
        found.notes.extend(told.map(|s| note(format!("{} ({})", s.reason, s.count))));
        found.families.push(Family {
            correlation: i,
            span,
            fired: outcome.fired.into_iter().filter(|f| f.correlation == i).collect(),
            times: contributions.iter().map(|c| (c.reference, c.time.0)).collect(),
        });
    }
    found.due = due;
    Ok(found)
}

/// Widens a span until no contribution lies within reach of its ends, so that no burst is cut.
async fn widen(kernel: &Kernel, ids: &str, span: (i64, i64), reach: i64) -> Result<(i64, i64)> {
    let (mut first, mut last) = span;
    let db = kernel.db.read();
    for _ in 0..STEPS {
        match store::earlier(db, ids, first.saturating_sub(reach), first).await? {
            Some(t) => first = t,
            None => break,
        }
    }
    for _ in 0..STEPS {
        match store::later(db, ids, last, last.saturating_add(reach)).await? {
            Some(t) => last = t,
            None => break,
        }
    }
    Ok((first, last))
}

/// Group values compare without case.
fn group_key(f: &Fired) -> String {
    let values: Vec<_> = f.group.iter().map(|(name, value)| (name.as_str(), value.to_lowercase())).collect();
    json!(values).to_string()
}

/// Writes what was found inside the caller's transaction.
pub async fn write(
    kernel: &Kernel,
    tx: &mut Tx,
    set: &RuleSet,
    found: &Found,
    run_id: Option<&str>,
) -> Result<Raised> {
    let mut raised = Raised::default();
    for family in &found.families {
        let Some(rule) = set.engine.correlations().rules().get(family.correlation) else { continue };
        let Some(tuning) = set.correlation_tuning(&rule.id) else { continue };
        let mut there = store::firings(tx, &rule.id, family.span).await?;
        for f in &family.fired {
            let group = group_key(f);
            let meets = |t: &Firing| t.group == group && t.first <= f.last.0 && t.last >= f.first.0;
            let (same, other): (Vec<_>, Vec<_>) = there.into_iter().partition(meets);
            there = other;
            let count = i64::try_from(f.count).unwrap_or(i64::MAX);
            if let [one] = same.as_slice()
                && (one.first, one.last, one.count) == (f.first.0, f.last.0, count)
            {
                continue;
            }
            let time = |r: &Reference| family.times.get(r).copied().unwrap_or(f.first.0);
            let events = f.references.iter().map(|r| (event::hex(&(*r).into()), time(r))).collect();
            let correlated = Correlated {
                rule,
                tuning,
                cause: &Cause { source: "sigma_correlation", run_id, merged: Arc::default() },
                group: &f.group,
                first: Time::from_nanos(f.first.0),
                last: Time::from_nanos(f.last.0),
                met: Time::from_nanos(f.met.0),
                count: f.count,
                value: f.value,
                events,
            };
            for t in &same {
                store::drop(tx, &rule.id, t).await?;
            }
            let made = alerts::correlate(kernel, tx, correlated, same.first().map(|t| t.alert)).await?;
            let row = Firing { group, first: f.first.0, last: f.last.0, count, alert: made.row };
            store::put(tx, &rule.id, &row).await?;
            for t in same.iter().skip(1) {
                let gone = alerts::supersede(kernel, tx, t.alert, &made.alert_id).await?;
                raised.updated.push(gone.0);
                raised.changes.push(gone.1);
            }
            let of = raised.by_rule.entry(rule.id.clone()).or_insert_with(OfRule::default);
            of.matches += u64::from(made.created);
            of.alerts += u64::from(made.created);
            of.last = of.last.max(Time::from_nanos(f.last.0));
            let list = if made.created { &mut raised.created } else { &mut raised.updated };
            list.push(made.alert_id);
            raised.changes.push(made.change);
        }
    }
    store::done(tx, &found.due).await?;
    super::matching::count(tx, &raised).await?;
    Ok(raised)
}
