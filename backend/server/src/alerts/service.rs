//! The writes: check, change, audit row, live event, in one commit.

use super::{
    state,
    store::{self, Stored},
};
use crate::App;
use api::{
    Code, LiveKind, Time,
    alerts::{
        Alert, AlertStatus, AssetType, Comment, CreateAlert, CreateComment, PatchAlert, Resolution, Severity,
    },
    perm,
};
use axum::body::Bytes;
use kernel::{
    Error, Result,
    auth::Caller,
    db::{Audit, Change, Tx},
    world::hex,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;

/// JSON text of an alert, and its version. AURORA-4042 when there is none.
pub async fn get(app: &App, id: &str) -> Result<(Bytes, i64)> {
    let read = async {
        let found = store::list::get(app.kernel.db.read(), id).await?;
        found.ok_or_else(|| Error::new(Code::AlertNotFound))
    };
    app.kernel.db.answered(format!("alert {id}"), read).await
}

/// AURORA-4042 when there is none.
pub async fn brief(app: &App, id: &str) -> Result<store::list::Brief> {
    store::list::brief(app.kernel.db.read(), id).await?.ok_or_else(|| Error::new(Code::AlertNotFound))
}

pub(crate) async fn in_tx(tx: &mut Tx, id: &str) -> Result<Stored> {
    store::get_in(tx, id).await?.ok_or_else(|| Error::new(Code::AlertNotFound))
}

/// The fields that people change: what audit rows hold and undo restores.
pub(crate) fn editable(a: &Alert) -> Value {
    json!({
        "alert_id": a.alert_id, "title": a.title, "description": a.description, "severity": a.severity, "status": a.status,
        "assignee": a.assignee, "assigned_agent": a.assigned_agent, "tags": a.tags, "confidence": a.confidence,
        "case_id": a.case_id, "acknowledged_at": a.acknowledged_at, "acknowledged_by": a.acknowledged_by,
        "due_at": a.due_at, "closed_at": a.closed_at, "resolution": a.resolution, "resolution_note": a.resolution_note,
        "metadata": a.metadata,
    })
}

pub(crate) fn live(kind: LiveKind, a: &Alert) -> Change {
    (kind, serde_json::to_value(a).unwrap_or_default())
}

/// When an alert of this severity is due.
pub fn due(app: &kernel::Kernel, severity: Severity, from: Time) -> Option<Time> {
    let minutes = app.settings.get().due_minutes.get(&severity).copied().flatten()?;
    Some(Time(from.0 + i64::from(minutes) * 60_000))
}

/// `ALRT-2026-05821`: the year of the clock, a number that grows within it.
pub async fn next_id(tx: &mut Tx, now: Time) -> Result<String> {
    let year = now.to_string().chars().take(4).collect::<String>();
    let n = tx.next(&format!("alert-{year}")).await?;
    Ok(format!("ALRT-{year}-{n:05}"))
}

/// Makes an alert. AURORA-4091 with the existing id while one of the same key is open.
pub async fn create(app: &App, by: &Caller<perm::AlertsWrite>, c: CreateAlert) -> Result<(Stored, i64)> {
    check_create(&c)?;
    let now = app.kernel.world.now();
    let source = c.source.unwrap_or_else(|| "api".into());
    let key = c.dedup_key.unwrap_or_else(|| dedup_key(&c.title, &source, &c.iocs));
    let identities = identities(&c.event_ids)?;
    let (first_seen, last_seen) =
        (c.first_seen.or(c.last_seen).unwrap_or(now), c.last_seen.or(c.first_seen).unwrap_or(now));
    if last_seen < first_seen {
        return Err(Error::field("last_seen", "before first_seen"));
    }
    let rows = app.logs.get(&identities).await;
    let rows = rows.map_err(|e| Error::unavailable("the log store does not answer", e))?;
    let there: HashSet<_> = rows.iter().map(|r| r.identity).collect();
    if let Some(missing) = identities.iter().find(|id| !there.contains(*id)) {
        let at = c.event_ids.iter().position(|id| event::unhex(id).as_ref() == Some(missing));
        return Err(Error::field(format!("event_ids[{}]", at.unwrap_or_default()), "no such event"));
    }
    let mut tx = app.kernel.db.write(&by.actor).await?;
    if let Some(there) = store::open_by_key(&mut tx, &key).await? {
        app.kernel.metrics.alerts_deduplicated.inc();
        return Err(Error::with(Code::DuplicateAlert, json!({"alert_id": there.alert.alert_id})));
    }
    let mut alert = Alert {
        alert_id: next_id(&mut tx, now).await?,
        due_at: due(&app.kernel, c.severity, now),
        title: c.title,
        description: c.description,
        severity: c.severity,
        status: AlertStatus::New,
        source,
        rule_id: c.rule_id,
        mitre_techniques: c.mitre_techniques,
        iocs: c.iocs,
        entities: c.entities,
        asset_type: c.asset_type.unwrap_or(AssetType::Other),
        affected_assets: c.affected_assets,
        event_count: u64::try_from(identities.len()).unwrap_or(0),
        event_ids: identities.iter().map(event::hex).collect(),
        first_seen,
        last_seen,
        assignee: c.assignee,
        assigned_agent: None,
        tags: c.tags,
        confidence: c.confidence.unwrap_or(0.5),
        case_id: None,
        dedup_key: key,
        acknowledged_at: None,
        acknowledged_by: None,
        closed_at: None,
        resolution: None,
        resolution_note: None,
        metadata: c.metadata,
        created_at: now,
        updated_at: now,
    };
    let id = store::insert(&mut tx, &alert).await?;
    let events: Vec<_> = rows.iter().map(|r| (event::hex(&r.identity), r.time.0)).collect();
    store::add_events(&mut tx, &alert.alert_id, id, &events).await?;
    alert.event_ids.truncate(10_000);
    let audit = Audit::new("alert.create", "alert", &alert.alert_id).after(editable(&alert));
    let seq = tx.commit(audit, &[live(LiveKind::AlertCreated, &alert)]).await?;
    app.kernel.metrics.alerts_created.inc();
    Ok((Stored { id, version: 1, alert }, seq))
}

/// Changes an alert.
pub async fn patch(
    app: &App,
    by: &Caller<perm::AlertsWrite>,
    id: &str,
    c: PatchAlert,
    if_match: kernel::settings::IfMatch<'_>,
) -> Result<(Stored, i64)> {
    check_patch(&c)?;
    let now = app.kernel.world.now();
    let mut tx = app.kernel.db.write(&by.actor).await?;
    let old = in_tx(&mut tx, id).await?;
    if_match(old.version)?;
    let mut a = old.alert.clone();
    let to = c.status.unwrap_or(a.status);
    let resolution = c.resolution.or(a.resolution.filter(|_| to == a.status));
    let next = state::go(a.status, to, resolution)?;
    if c.resolution.is_some() && next.is_none() {
        return Err(Error::field("resolution", "only with a status that closes"));
    }
    match (state::is_open(a.status), state::is_open(to)) {
        (true, false) => a.closed_at = Some(now),
        (false, true) => {
            (a.closed_at, a.resolution_note) = (None, None);
            if let Some(other) = store::open_by_key(&mut tx, &a.dedup_key).await? {
                return Err(Error::with(Code::DuplicateAlert, json!({"alert_id": other.alert.alert_id})));
            }
        }
        _ => {}
    }
    a.status = to;
    a.resolution = next;
    if to == AlertStatus::Acknowledged && a.acknowledged_at.is_none() {
        a.acknowledged_at = Some(now);
        a.acknowledged_by = Some(by.name().into());
    }
    if let Some(s) = c.severity.filter(|s| *s != a.severity) {
        a.severity = s;
        a.due_at = due(&app.kernel, s, a.created_at);
    }
    a.title = c.title.unwrap_or(a.title);
    a.description = c.description.unwrap_or(a.description);
    a.assignee = c.assignee.unwrap_or(a.assignee);
    a.assigned_agent = c.assigned_agent.unwrap_or(a.assigned_agent);
    a.tags = c.tags.unwrap_or(a.tags);
    a.confidence = c.confidence.unwrap_or(a.confidence);
    a.resolution_note = c.resolution_note.unwrap_or(a.resolution_note);
    a.due_at = c.due_at.unwrap_or(a.due_at);
    a.metadata = c.metadata.unwrap_or(a.metadata);
    a.updated_at = now;
    save(tx, "alert.update", old, a).await
}

/// Writes a changed alert with its audit row and live event.
pub(crate) async fn save(mut tx: Tx, action: &'static str, old: Stored, a: Alert) -> Result<(Stored, i64)> {
    store::update(&mut tx, &a).await?;
    crate::detections::follow(&mut tx, &old.alert, &a).await?;
    let audit = Audit::new(action, "alert", &a.alert_id).before(editable(&old.alert)).after(editable(&a));
    let seq = tx.commit(audit, &[live(LiveKind::AlertUpdated, &a)]).await?;
    Ok((Stored { id: old.id, version: old.version + 1, alert: a }, seq))
}

/// A verdict that closes an alert.
pub(crate) struct Judged {
    /// What it turned out to be.
    pub resolution: Resolution,
    /// Why.
    pub note: Option<String>,
}

/// Closes an alert by a verdict on its rule, inside the caller's write. Nothing when it is closed so already.
pub(crate) async fn judge(tx: &mut Tx, old: Stored, judged: Judged, now: Time) -> Result<Option<Change>> {
    let mut a = old.alert;
    if a.resolution == Some(judged.resolution) {
        return Ok(None);
    }
    let to = match judged.resolution {
        Resolution::FalsePositive => AlertStatus::FalsePositive,
        _ => AlertStatus::Resolved,
    };
    a.resolution = state::go(a.status, to, Some(judged.resolution))?;
    a.status = to;
    a.closed_at.get_or_insert(now);
    a.resolution_note = judged.note.or(a.resolution_note);
    a.updated_at = now;
    store::update(tx, &a).await?;
    Ok(Some(live(LiveKind::AlertUpdated, &a)))
}

/// Takes note of an alert. A later open state is kept; again changes nothing.
pub async fn acknowledge(
    app: &App,
    by: &Caller<perm::AlertsAcknowledge>,
    id: &str,
) -> Result<(Stored, Option<i64>)> {
    let now = app.kernel.world.now();
    let mut tx = app.kernel.db.write(&by.actor).await?;
    let old = in_tx(&mut tx, id).await?;
    if !state::is_open(old.alert.status) {
        return Err(Error::field(
            "status",
            format!("an alert that is {} can't be acknowledged", old.alert.status),
        ));
    }
    if old.alert.acknowledged_at.is_some() {
        return Ok((old, None));
    }
    let mut a = old.alert.clone();
    a.status = a.status.max(AlertStatus::Acknowledged);
    a.acknowledged_at = Some(now);
    a.acknowledged_by = Some(by.name().into());
    a.assignee = a.assignee.or_else(|| Some(by.name().into()));
    a.updated_at = now;
    let (s, seq) = save(tx, "alert.acknowledge", old, a).await?;
    Ok((s, Some(seq)))
}

/// Adds a comment.
pub async fn comment(
    app: &App,
    by: &Caller<perm::AlertsWrite>,
    id: &str,
    c: CreateComment,
) -> Result<(Comment, i64)> {
    let body = c.body.trim_end().to_owned();
    if body.is_empty() || body.chars().count() > 65_536 {
        return Err(Error::field("body", "1 to 65,536 characters"));
    }
    let mut tx = app.kernel.db.write(&by.actor).await?;
    let s = in_tx(&mut tx, id).await?;
    let comment = Comment {
        id: app.kernel.world.id(),
        author: by.name().into(),
        body,
        created_at: app.kernel.world.tick(),
        edited_at: None,
        edits: 0,
    };
    sqlx::query(store::COMMENT_INSERT)
        .bind(&comment.id)
        .bind(s.id)
        .bind(&comment.author)
        .bind(&comment.body)
        .bind(comment.created_at.0)
        .execute(tx.conn())
        .await?;
    let seq = tx.commit(Audit::new("alert.comment", "alert", id).after(&comment), &[]).await?;
    Ok((comment, seq))
}

/// SHA-256 of title, source and sorted IOCs.
fn dedup_key(title: &str, source: &str, iocs: &[api::alerts::Ioc]) -> String {
    let mut sorted = iocs.to_vec();
    sorted.sort();
    let text = json!([title, source, sorted]).to_string();
    hex(&Sha256::digest(text.as_bytes()))
}

fn identities(ids: &[String]) -> Result<Vec<event::Identity>> {
    let parse = |(i, id): (usize, &String)| {
        event::unhex(id).ok_or_else(|| Error::field(format!("event_ids[{i}]"), "not a log id"))
    };
    let mut all = ids.iter().enumerate().map(parse).collect::<Result<Vec<_>>>()?;
    let mut seen = HashSet::new();
    all.retain(|id| seen.insert(*id));
    Ok(all)
}

pub(crate) fn length(field: &str, text: &str, least: usize, most: usize) -> Result<()> {
    let n = text.chars().count();
    if (least..=most).contains(&n) {
        Ok(())
    } else {
        Err(Error::field(field, format!("{least} to {most} characters")))
    }
}

/// A title of something other than blanks.
pub(crate) fn title(text: &str) -> Result<()> {
    length("title", text.trim(), 1, 500)?;
    length("title", text, 1, 500)
}

fn words(field: &str, list: &[String]) -> Result<()> {
    if list.len() > 1000 {
        return Err(Error::field(field, "at most 1,000"));
    }
    list.iter().enumerate().try_for_each(|(i, w)| length(&format!("{field}[{i}]"), w, 1, 500))
}

fn fraction(field: &str, v: Option<f64>) -> Result<()> {
    match v {
        Some(v) if !(0.0..=1.0).contains(&v) => Err(Error::field(field, "from 0 to 1")),
        _ => Ok(()),
    }
}

fn check_create(c: &CreateAlert) -> Result<()> {
    title(&c.title)?;
    length("description", &c.description, 0, 65_536)?;
    if let Some(a) = &c.assignee {
        length("assignee", a, 1, 64)?;
    }
    if let Some(r) = &c.rule_id {
        length("rule_id", r, 1, 200)?;
    }
    if let Some(s) = &c.source {
        length("source", s, 1, 200)?;
    }
    if let Some(k) = &c.dedup_key {
        length("dedup_key", k, 1, 500)?;
    }
    words("mitre_techniques", &c.mitre_techniques)?;
    words("tags", &c.tags)?;
    words("affected_assets", &c.affected_assets)?;
    if c.iocs.len() > 1000 || c.entities.len() > 1000 || c.event_ids.len() > 10_000 {
        return Err(Error::field("body", "at most 1,000 iocs and entities, 10,000 event_ids"));
    }
    for (i, ioc) in c.iocs.iter().enumerate() {
        length(&format!("iocs[{i}].value"), &ioc.value, 1, 4096)?;
    }
    for (i, e) in c.entities.iter().enumerate() {
        length(&format!("entities[{i}].type"), &e.kind, 1, 50)?;
        length(&format!("entities[{i}].value"), &e.value, 1, 4096)?;
        if let Some(sid) = &e.sid {
            length(&format!("entities[{i}].sid"), sid, 1, 200)?;
        }
    }
    fraction("confidence", c.confidence)
}

fn check_patch(c: &PatchAlert) -> Result<()> {
    if let Some(t) = &c.title {
        title(t)?;
    }
    if let Some(d) = &c.description {
        length("description", d, 0, 65_536)?;
    }
    if let Some(Some(a)) = &c.assignee {
        length("assignee", a, 1, 64)?;
    }
    if let Some(Some(a)) = &c.assigned_agent {
        length("assigned_agent", a, 1, 64)?;
    }
    if let Some(Some(n)) = &c.resolution_note {
        length("resolution_note", n, 0, 65_536)?;
    }
    words("tags", c.tags.as_deref().unwrap_or_default())?;
    fraction("confidence", c.confidence)
}
