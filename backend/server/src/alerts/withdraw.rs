//! Alerts whose events go with their source: which they are, and their end.

use super::{
    service::live,
    store::{self, withdraw as sql},
};
use api::{LiveKind, Time, siem::SourceCase};
use event::Identity;
use kernel::{
    Error, Kernel, Result,
    db::{Change, Reader, Tx},
};
use logstore::{Holder, LogStore, SourceId};
use serde_json::json;
use std::collections::HashMap;

/// Events that one read takes.
const MANY: i64 = 10_000;

/// Shows every event of every alert, alert by alert, with who holds it; `None` is an event that is no longer there.
/// False where there were more than `most`, and not all were shown.
async fn each_event(
    db: &Reader,
    logs: &dyn LogStore,
    most: Option<usize>,
    mut show: impl FnMut(i64, Identity, Option<Holder>),
) -> Result<bool> {
    let (mut last, mut seen) = (None, 0);
    loop {
        let some = sql::after(db, last.as_ref(), MANY).await?;
        seen += some.len();
        if most.is_some_and(|most| seen > most) {
            return Ok(false);
        }
        let ids: Vec<_> = some.iter().map(|s| s.identity).collect();
        let holders = logs.holders(&ids).await.map_err(crate::siem::store_error)?;
        for s in &some {
            show(s.alert, s.identity, holders.get(&s.identity).copied());
        }
        last = some.into_iter().last();
        if last.is_none() {
            return Ok(true);
        }
    }
}

/// An alert with its events that go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// Row number of the alert.
    pub alert: i64,
    /// The events.
    pub events: Vec<Identity>,
    /// It has others, which stay.
    pub stays: bool,
}

/// The alerts with events that go, by who holds these.
pub async fn withdrawn(
    db: &Reader,
    logs: &dyn LogStore,
    goes: impl Fn(Option<Holder>) -> bool,
) -> Result<Vec<Withdrawn>> {
    let mut all: Vec<Withdrawn> = vec![];
    // The alert that is shown now has an event that stays.
    let (mut at, mut stays) = (None, false);
    each_event(db, logs, None, |alert, id, holder| {
        if at != Some(alert) {
            (at, stays) = (Some(alert), false);
        }
        let last = all.last_mut().filter(|w| w.alert == alert);
        match (goes(holder), last) {
            (true, Some(w)) => w.events.push(id),
            (true, None) => all.push(Withdrawn { alert, events: vec![id], stays }),
            (false, Some(w)) => w.stays = true,
            (false, None) => stays = true,
        }
    })
    .await?;
    Ok(all)
}

/// By source the alerts that only its own events support; `None` where alerts have more than `most` events together.
pub async fn supported(
    db: &Reader,
    logs: &dyn LogStore,
    most: usize,
) -> Result<Option<HashMap<SourceId, u64>>> {
    // Of the alert that is shown now: the source of all its events so far.
    let (mut at, mut of) = (None, None);
    let mut all = HashMap::<SourceId, u64>::new();
    let whole = each_event(db, logs, Some(most), |alert, _, holder| {
        let one = match holder {
            Some(Holder::One(source)) => Some(source),
            _ => None,
        };
        if at != Some(alert) {
            if let Some(source) = of {
                *all.entry(source).or_default() += 1;
            }
            (at, of) = (Some(alert), one);
        } else if of != one {
            of = None;
        }
    })
    .await?;
    if let Some(source) = of {
        *all.entry(source).or_default() += 1;
    }
    Ok(whole.then_some(all))
}

fn named(cases: Vec<(String, u64)>) -> Vec<SourceCase> {
    cases.into_iter().map(|(case_id, alerts)| SourceCase { case_id, alerts }).collect()
}

/// The cases that refer to these alerts.
pub async fn cases_of(db: &Reader, all: &[Withdrawn]) -> Result<Vec<SourceCase>> {
    let rows: Vec<_> = all.iter().map(|w| w.alert).collect();
    Ok(named(sql::cases(db, &rows).await?))
}

/// The same inside a write.
pub async fn cases_in(tx: &mut Tx, all: &[Withdrawn]) -> Result<Vec<SourceCase>> {
    let rows: Vec<_> = all.iter().map(|w| w.alert).collect();
    Ok(named(sql::cases_in(tx, &rows).await?))
}

/// What became of alerts.
#[derive(Debug, Default)]
pub struct Ended {
    /// Ids of those that are gone.
    pub removed: Vec<String>,
    /// Ids of those that stay with fewer events.
    pub reduced: Vec<String>,
    /// For the commit.
    pub changes: Vec<Change>,
}

/// AURORA-4090 that names the cases.
pub fn refused(cases: &[SourceCase]) -> Error {
    let reason = "a case refers to its alerts";
    Error::with(api::Code::Conflict, json!({"reason": reason, "cases": cases}))
}

/// Takes the events from their alerts inside the caller's write, and removes alerts that have no other. AURORA-4090
/// when a case refers to one of them: nothing must be committed then.
pub async fn withdraw(kernel: &Kernel, tx: &mut Tx, all: &[Withdrawn]) -> Result<Ended> {
    let cases = cases_in(tx, all).await?;
    if !cases.is_empty() {
        return Err(refused(&cases));
    }
    let mut ended = Ended::default();
    for w in all {
        // Another write may have ended it.
        let Some(s) = store::by_row(tx, w.alert).await? else { continue };
        let ids: Vec<_> = w.events.iter().map(event::hex).collect();
        let (gone, left) = sql::drop_events(tx, s.id, &ids).await?;
        let id = s.alert.alert_id.clone();
        let Some((first, last)) = left.span else {
            crate::detections::unfire(tx, s.id).await?;
            sql::remove(tx, s.id).await?;
            ended.changes.push(live(LiveKind::AlertRemoved, &s.alert));
            ended.removed.push(id);
            continue;
        };
        if gone == 0 {
            continue;
        }
        let mut a = s.alert;
        a.event_count = a.event_count.saturating_sub(gone).max(left.events.cast_unsigned());
        (a.first_seen, a.last_seen) = (Time::from_nanos(first), Time::from_nanos(last));
        a.updated_at = kernel.world.now();
        store::update(tx, &a).await?;
        let now = store::by_row(tx, s.id).await?.map_or(a, |s| s.alert);
        ended.changes.push(live(LiveKind::AlertUpdated, &now));
        ended.reduced.push(id);
    }
    Ok(ended)
}
