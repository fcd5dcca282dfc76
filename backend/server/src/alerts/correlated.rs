//! From the firings of correlation rules to alerts: one that grew is the same alert, two that became one are one.

use super::{
    entities::{self, Entities},
    raise::{Cause, blank},
    service::live,
    state,
    store::{self, Stored},
};
use crate::detections::Tuning;
use api::{
    LiveKind, Time,
    alerts::{AlertStatus, Entity, Resolution},
};
use detect::sigma::Rule;
use kernel::{
    Error, Kernel, Result,
    db::{Change, Tx},
    world::hex,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// A correlation that fired.
pub struct Correlated<'a> {
    /// The correlation rule.
    pub rule: &'a Rule,
    /// How it counts here.
    pub tuning: &'a Tuning,
    /// Import or run.
    pub cause: &'a Cause<'a>,
    /// Names and values of its group.
    pub group: &'a [(String, String)],
    /// First contributing event.
    pub first: Time,
    /// Last contributing event.
    pub last: Time,
    /// When its condition held for the first time.
    pub met: Time,
    /// Contributing events.
    pub count: u64,
    /// The measure where it was most extreme.
    pub value: f64,
    /// Identity in hexadecimal and time in ns of the contributing events.
    pub events: Vec<(String, i64)>,
}

/// What became of a firing.
pub struct Made {
    /// Row number of its alert.
    pub row: i64,
    /// `ALRT-…`
    pub alert_id: String,
    /// A new alert, not one that grew.
    pub created: bool,
    /// For the commit.
    pub change: Change,
}

/// Makes the alert of a firing, or lets the open one grow that it had.
pub async fn correlate(kernel: &Kernel, tx: &mut Tx, c: Correlated<'_>, there: Option<i64>) -> Result<Made> {
    let now = kernel.world.now();
    let old = match there {
        Some(row) => store::by_row(tx, row).await?.filter(|s| state::is_open(s.alert.status)),
        None => None,
    };
    let created = old.is_none();
    let mut s = match old {
        Some(s) => s,
        None => {
            let key = json!(["correlation", c.rule.id, c.group, c.first, c.last, c.count]).to_string();
            let key = hex(&Sha256::digest(key.as_bytes()));
            let mut a = blank(kernel, tx, c.rule, c.tuning, c.cause, key, now).await?;
            a.metadata.insert("group".into(), c.group.iter().cloned().map(|(k, v)| (k, json!(v))).collect());
            Stored { id: store::insert(tx, &a).await?, version: 1, alert: a }
        }
    };
    let a = &mut s.alert;
    (a.first_seen, a.last_seen, a.event_count) = (c.first, c.last, c.count);
    a.event_ids = c.events.iter().take(20).map(|e| e.0.clone()).collect();
    a.metadata.insert("value".into(), json!(c.value));
    a.metadata.insert("met_at".into(), json!(c.met));
    let mut entities = Entities::default();
    entities.extend(a.entities.drain(..));
    for (name, value) in c.group {
        entities.add(Entity { kind: kind(name), value: value.clone(), sid: None });
    }
    a.entities = entities.list();
    a.affected_assets = entities::assets(&a.entities);
    a.updated_at = now;
    store::update(tx, a).await?;
    store::move_events(tx, &c.rule.id, s.id, &c.events).await?;
    let kind = if created { LiveKind::AlertCreated } else { LiveKind::AlertUpdated };
    Ok(Made { row: s.id, alert_id: s.alert.alert_id.clone(), created, change: live(kind, &s.alert) })
}

/// Kind of the entity that a field names.
pub(super) fn kind(field: &str) -> String {
    match field.to_lowercase().as_str() {
        "computer" | "hostname" | "computername" | "workstationname" => "host".into(),
        "user" | "targetusername" | "subjectusername" | "username" => "user".into(),
        "sourceip" | "destinationip" | "ipaddress" | "src_ip" | "dst_ip" => "ip".into(),
        other => other.chars().take(50).collect(),
    }
}

/// An alert whose firing became part of an older one's: removed when nobody has touched it, else closed as a duplicate.
pub async fn supersede(kernel: &Kernel, tx: &mut Tx, row: i64, by: &str) -> Result<(String, Change)> {
    let s = store::by_row(tx, row).await?.ok_or_else(|| Error::internal("a firing without its alert"))?;
    let now = kernel.world.now();
    let mut a = s.alert;
    let touched = a.status != AlertStatus::New || a.assignee.is_some() || a.case_id.is_some();
    let touched = touched || store::has_comments(tx, row).await?;
    if state::is_open(a.status) {
        (a.status, a.resolution) = (AlertStatus::Resolved, Some(Resolution::Duplicate));
        (a.closed_at, a.updated_at) = (Some(now), now);
        a.resolution_note = Some(format!("became part of {by}"));
    }
    if touched {
        store::update(tx, &a).await?;
    } else {
        store::remove(tx, row).await?;
    }
    Ok((a.alert_id.clone(), live(LiveKind::AlertUpdated, &a)))
}
