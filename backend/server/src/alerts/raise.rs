//! From rule matches to grouped alerts.
//!
//! Matches group by rule, entity and UTC clock hour of the event's time; the entity is the host. An event that a
//! rule has counted once is never counted again, whichever file brings it, so that the same files in any order
//! give the same alerts.

use super::{
    service::{due, live, next_id},
    store::{self, Stored},
};
use api::{
    LiveKind, Time,
    alerts::{Alert, AlertStatus, AssetType, Entity},
};
use detect::sigma::Rule;
use kernel::{
    Kernel, Result,
    db::{Change, Tx},
    world::hex,
};
use serde_json::{Map, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// One rule that matched one event.
pub struct Match<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The event.
    pub event: &'a event::Event,
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
    /// Live events for the commit.
    pub changes: Vec<Change>,
}

const HOUR_NS: i64 = 3_600_000_000_000;
const ENTITIES: usize = 100;

/// Writes the matches inside the caller's transaction.
pub async fn raise(kernel: &Kernel, tx: &mut Tx, matches: &[Match<'_>]) -> Result<Raised> {
    let mut groups: BTreeMap<(&str, String, i64), Vec<&Match<'_>>> = BTreeMap::new();
    for m in matches {
        let host = event::windows::host(m.event).unwrap_or_default().to_lowercase();
        let hour = m.event.time.0.div_euclid(HOUR_NS);
        groups.entry((&m.rule.id, host, hour)).or_default().push(m);
    }
    let mut raised = Raised::default();
    for ((rule_id, host, hour), group) in groups {
        let ids: Vec<_> = group.iter().map(|m| event::hex(&m.event.identity)).collect();
        let known: BTreeSet<_> = store::known(tx, rule_id, &ids).await?.into_iter().collect();
        let mut fresh: BTreeMap<String, &Match<'_>> = BTreeMap::new();
        for (id, m) in ids.into_iter().zip(group) {
            if !known.contains(&id) {
                fresh.insert(id, m);
            }
        }
        let Some(first) = fresh.values().next() else { continue };
        let key = hex(&Sha256::digest(json!([rule_id, host, hour]).to_string().as_bytes()));
        let now = kernel.world.now();
        let (mut s, new) = match store::open_by_key(tx, &key).await? {
            Some(s) => (s, false),
            None => (open(kernel, tx, first.rule, key, now).await?, true),
        };
        let events: Vec<_> = fresh.iter().map(|(id, m)| (id.clone(), m.event.time.0)).collect();
        store::add_events(tx, rule_id, s.id, &events).await?;
        grow(&mut s.alert, &fresh, new, now);
        store::update(tx, &s.alert).await?;
        raised.matches += u64::try_from(events.len()).unwrap_or(0);
        let (list, kind) = match new {
            true => (&mut raised.created, LiveKind::AlertCreated),
            false => (&mut raised.updated, LiveKind::AlertUpdated),
        };
        list.push(s.alert.alert_id.clone());
        raised.changes.push(live(kind, &s.alert));
    }
    Ok(raised)
}

async fn open(kernel: &Kernel, tx: &mut Tx, rule: &Rule, dedup_key: String, now: Time) -> Result<Stored> {
    let severity = crate::detections::severity(rule);
    let mut metadata = Map::new();
    for (name, value) in [
        ("rule_author", json!(rule.author)),
        ("rule_references", json!(rule.references)),
        ("falsepositives", json!(rule.falsepositives)),
    ] {
        metadata.insert(name.into(), value);
    }
    let alert = Alert {
        alert_id: next_id(tx, now).await?,
        title: rule.title.chars().take(500).collect(),
        description: rule.description.clone(),
        severity,
        status: AlertStatus::New,
        source: "sigma".into(),
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
    };
    let id = store::insert(tx, &alert).await?;
    Ok(Stored { id, version: 1, alert })
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
    for m in fresh.values() {
        let at = Time::from_nanos(m.event.time.0);
        let untouched = new && a.event_count == 0;
        a.first_seen = if untouched { at } else { a.first_seen.min(at) };
        a.last_seen = if untouched { at } else { a.last_seen.max(at) };
        a.event_count += 1;
        if a.event_ids.len() < 20 {
            a.event_ids.push(event::hex(&m.event.identity));
        }
        for (kind, value) in entities(m.event) {
            let e = Entity { kind: kind.into(), value };
            if a.entities.len() < ENTITIES && !a.entities.contains(&e) {
                a.entities.push(e);
            }
        }
    }
    a.entities.sort();
    a.affected_assets = a.entities.iter().filter(|e| e.kind == "host").map(|e| e.value.clone()).collect();
    a.updated_at = now;
}

/// What an event is about.
fn entities(e: &event::Event) -> Vec<(&'static str, String)> {
    const FIELDS: &[(&str, &str)] = &[
        ("process", "Image"),
        ("process", "NewProcessName"),
        ("ip", "SourceIp"),
        ("ip", "DestinationIp"),
        ("ip", "IpAddress"),
        ("domain", "QueryName"),
        ("file", "TargetFilename"),
        ("service", "ServiceName"),
    ];
    let host = event::columns::host(e).map(|h| ("host", h.into_owned()));
    let user = event::columns::user(e).map(|u| ("user", u));
    let named = FIELDS.iter().filter_map(|(kind, field)| Some((*kind, e.text(field)?.into_owned())));
    let all = host.into_iter().chain(user).chain(named);
    all.filter(|(_, v)| !matches!(v.as_str(), "-" | "::1" | "127.0.0.1") && v.len() <= 1024).collect()
}
