//! From rule matches to grouped alerts.
//!
//! Matches group by rule, entity and UTC clock bucket of the event's time: the host and an hour, unless the rule's
//! settings say otherwise. An event that a rule has counted once is never counted again, whichever file or run brings
//! it, so that the same files in any order give the same alerts.
//!
//! A host groups by its name as written, folded, and not by what it is the same as: `pc` is the same as `pc.a` and as
//! `pc.b`, which are two, so that which of them its events joined would hang on which came first. Only names that
//! people merged group as one, from then on.

use super::{
    correlated,
    entities::{self, Entities},
    service::{due, live, next_id},
    store::{self, Stored},
};
use crate::{
    detections::Tuning,
    siem::{self, Merged},
};
use api::{
    LiveKind, Time,
    alerts::{Alert, AlertStatus, AssetType, Entity},
    siem::EntityKind,
};
use detect::sigma::Rule;
use event::entity::{Host, fold};
use kernel::{
    Kernel, Result,
    db::{Audit, Change, Tx},
    world::hex,
};
use serde_json::{Map, json};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One rule that matched one event.
pub struct Match<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// How the rule counts here.
    pub tuning: &'a Tuning,
    /// The event.
    pub event: &'a event::Event,
}

/// What had the events met the rules.
pub struct Cause<'a> {
    /// `source` of the alerts that are made.
    pub source: &'static str,
    /// The run over stored events that it was.
    pub run_id: Option<&'a str>,
    /// Names that count as one.
    pub merged: Arc<Merged>,
}

/// What one rule's matches of a batch became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfRule {
    /// Matches that were not counted before.
    pub matches: u64,
    /// Alerts made.
    pub alerts: u64,
    /// Time of the newest of these matches.
    pub last: Time,
}

/// What a batch of matches became.
#[derive(Debug, Default)]
pub struct Raised {
    /// Alerts made.
    pub created: Vec<String>,
    /// Alerts that grew.
    pub updated: Vec<String>,
    /// Matches that were not counted before.
    pub matches: u64,
    /// The same by rule id.
    pub by_rule: BTreeMap<String, OfRule>,
    /// Live events for the commit.
    pub changes: Vec<Change>,
}

impl Raised {
    /// Commits a batch of a job, or of what came in live: with its audit row and live events where alerts changed, else
    /// as a resume point.
    pub async fn commit(self, kernel: &Kernel, tx: Tx, of: (&'static str, &str)) -> Result<()> {
        if self.created.is_empty() && self.updated.is_empty() {
            return tx.commit_checkpoint().await;
        }
        let audit = Audit::new("alert.raise", of.0, of.1)
            .after(json!({"created": self.created, "updated": self.updated}));
        self.commit_as(kernel, tx, audit).await.map(drop)
    }

    /// Commits with the audit row of what had the alerts made. Answers its number.
    pub async fn commit_as(self, kernel: &Kernel, tx: Tx, audit: Audit) -> Result<i64> {
        let count = |list: &[String]| u64::try_from(list.len()).unwrap_or(0);
        let seq = tx.commit(audit, &self.changes).await?;
        kernel.metrics.alerts_created.inc_by(count(&self.created));
        kernel.metrics.alerts_deduplicated.inc_by(count(&self.updated));
        Ok(seq)
    }
}

/// What groups a match: values of the rule's own fields, or the host; a merged name counts as what it goes under.
fn group(m: &Match<'_>, merged: &Merged) -> Vec<String> {
    if m.tuning.group_by.is_empty() {
        let host = event::columns::host(m.event).unwrap_or_default();
        let host = Host::new(&host);
        return vec![merged.root(EntityKind::Host, host.folded()).unwrap_or(host.folded()).into()];
    }
    let value = |field: &String| {
        let value = fold(&m.event.text(field).unwrap_or_default());
        match EntityKind::parse(&correlated::kind(field)) {
            Some(kind) => merged.root(kind, &siem::key(kind, &value)).map_or(value, Into::into),
            None => value,
        }
    };
    m.tuning.group_by.iter().map(value).collect()
}

/// The key of a group. Hosts and hours keep the short form that they had before rules could say otherwise.
fn key(rule_id: &str, group: &[String], bucket: i64, tuning: &Tuning) -> String {
    let text = match (group, tuning.group_by.is_empty(), tuning.bucket_ns == HOUR_NS) {
        ([host], true, true) => json!([rule_id, host, bucket]),
        _ => json!([rule_id, tuning.group_by, group, bucket, tuning.bucket_ns]),
    };
    hex(&Sha256::digest(text.to_string().as_bytes()))
}

const HOUR_NS: i64 = 3_600_000_000_000;

/// Writes the matches inside the caller's transaction.
pub async fn raise(kernel: &Kernel, tx: &mut Tx, matches: &[Match<'_>], cause: &Cause<'_>) -> Result<Raised> {
    let mut groups: BTreeMap<(&str, Vec<String>, i64), Vec<&Match<'_>>> = BTreeMap::new();
    for m in matches {
        let bucket = m.event.time.0.div_euclid(m.tuning.bucket_ns.max(1));
        groups.entry((&m.rule.id, self::group(m, &cause.merged), bucket)).or_default().push(m);
    }
    let mut raised = Raised::default();
    for ((rule_id, values, bucket), group) in groups {
        let ids: Vec<_> = group.iter().map(|m| event::hex(&m.event.identity)).collect();
        let known: BTreeSet<_> = store::known(tx, rule_id, &ids).await?.into_iter().collect();
        let mut fresh: BTreeMap<String, &Match<'_>> = BTreeMap::new();
        for (id, m) in ids.into_iter().zip(group) {
            if !known.contains(&id) {
                fresh.insert(id, m);
            }
        }
        let Some(first) = fresh.values().next() else { continue };
        let key = key(rule_id, &values, bucket, first.tuning);
        let now = kernel.world.now();
        let (mut s, new) = match store::open_by_key(tx, &key).await? {
            Some(s) => (s, false),
            None => {
                let alert = blank(kernel, tx, first.rule, first.tuning, cause, key, now).await?;
                (Stored { id: store::insert(tx, &alert).await?, version: 1, alert }, true)
            }
        };
        let events: Vec<_> = fresh.iter().map(|(id, m)| (id.clone(), m.event.time.0)).collect();
        store::add_events(tx, rule_id, s.id, &events).await?;
        grow(&mut s.alert, &fresh, new, now);
        store::update(tx, &s.alert).await?;
        let counted = u64::try_from(events.len()).unwrap_or(0);
        raised.matches += counted;
        let of = raised.by_rule.entry(rule_id.to_owned()).or_default();
        of.matches += counted;
        of.alerts += u64::from(new);
        let newest = events.iter().map(|(_, t)| Time::from_nanos(*t)).max();
        of.last = of.last.max(newest.unwrap_or_default());
        let (list, kind) = match new {
            true => (&mut raised.created, LiveKind::AlertCreated),
            false => (&mut raised.updated, LiveKind::AlertUpdated),
        };
        list.push(s.alert.alert_id.clone());
        raised.changes.push(live(kind, &s.alert));
    }
    Ok(raised)
}

/// A new alert of a rule, without events yet.
pub(super) async fn blank(
    kernel: &Kernel,
    tx: &mut Tx,
    rule: &Rule,
    tuning: &Tuning,
    cause: &Cause<'_>,
    dedup_key: String,
    now: Time,
) -> Result<Alert> {
    let severity = tuning.severity;
    let mut metadata = Map::new();
    if let Some(run_id) = cause.run_id {
        metadata.insert("run_id".into(), json!(run_id));
    }
    for (name, value) in [
        ("rule_author", json!(rule.author)),
        ("rule_references", json!(rule.references)),
        ("falsepositives", json!(rule.falsepositives)),
    ] {
        metadata.insert(name.into(), value);
    }
    Ok(Alert {
        alert_id: next_id(tx, now).await?,
        title: rule.title.chars().take(500).collect(),
        description: rule.description.clone(),
        severity,
        status: AlertStatus::New,
        source: cause.source.into(),
        rule_id: Some(rule.id.clone()),
        mitre_techniques: rule.techniques(),
        iocs: vec![],
        entities: vec![],
        asset_type: AssetType::Other,
        affected_assets: vec![],
        event_ids: vec![],
        event_count: 0,
        first_seen: now,
        last_seen: now,
        assignee: None,
        assigned_agent: None,
        tags: vec![],
        confidence: confidence(rule),
        case_id: None,
        dedup_key,
        acknowledged_at: None,
        acknowledged_by: None,
        due_at: due(kernel, severity, now),
        closed_at: None,
        resolution: None,
        resolution_note: None,
        metadata,
        created_at: now,
        updated_at: now,
    })
}

/// How far a rule can be trusted, from its ripeness (Sigma specification, field `status`).
fn confidence(rule: &Rule) -> f64 {
    match rule.status.map(|s| s.as_str()) {
        Some("stable") => 0.9,
        Some("test") => 0.7,
        Some("experimental") => 0.5,
        _ => 0.4,
    }
}

fn grow(a: &mut Alert, fresh: &BTreeMap<String, &Match<'_>>, new: bool, now: Time) {
    let mut entities = Entities::default();
    entities.extend(a.entities.drain(..));
    for m in fresh.values() {
        let at = Time::from_nanos(m.event.time.0);
        let untouched = new && a.event_count == 0;
        a.first_seen = if untouched { at } else { a.first_seen.min(at) };
        a.last_seen = if untouched { at } else { a.last_seen.max(at) };
        a.event_count += 1;
        if a.event_ids.len() < 20 {
            a.event_ids.push(event::hex(&m.event.identity));
        }
        let grouped = |f: &String| {
            let value = m.event.text(f)?.into_owned();
            Some(Entity { kind: f.to_lowercase(), value, sid: None })
        };
        entities.extend(entities::of_event(m.event).chain(m.tuning.group_by.iter().filter_map(grouped)));
    }
    a.entities = entities.list();
    a.affected_assets = entities::assets(&a.entities);
    a.updated_at = now;
}
