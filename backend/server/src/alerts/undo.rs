//! Undo: the `before` of one's own recent audit rows, as a new audited write.

use super::{
    service::{editable, in_tx, live},
    store,
};
use crate::App;
use api::{
    Code, LiveKind,
    alerts::{Alert, Undo, Undone},
    perm,
};
use kernel::{Error, Result, audit, auth::Caller, db::Audit};
use serde_json::{Map, Value, json};

const WITHIN_MS: i64 = 600_000;
/// Acts that changed nothing but one alert's own fields.
const ACTS: &[&str] = &["alert.update", "alert.acknowledge", "alert.case_link", "alert.undo"];

/// Restores. All rows or none; AURORA-4090 for another's act, one older than 10 minutes, or a row changed since.
pub async fn undo(app: &App, by: &Caller<perm::AlertsWrite>, u: Undo) -> Result<Undone> {
    if u.audit_seqs.is_empty() || u.audit_seqs.len() > 1000 {
        return Err(Error::field("audit_seqs", "1 to 1,000"));
    }
    let mut seqs = u.audit_seqs;
    seqs.sort_unstable_by(|a, b| b.cmp(a));
    seqs.dedup();
    let mut rows = Vec::with_capacity(seqs.len());
    for seq in seqs {
        let conflict = |why: &str| Error::with(Code::Conflict, json!({"audit_seq": seq, "reason": why}));
        let row = audit::get(&app.kernel.db, seq).await?.filter(|r| r.actor == by.name());
        let row = row.ok_or_else(|| conflict("not an act of yours"))?;
        if !ACTS.contains(&row.action.as_str()) || row.result != "ok" {
            return Err(conflict("not an act that can be undone"));
        }
        if app.kernel.world.now().0 - row.at.0 > WITHIN_MS {
            return Err(conflict("older than 10 minutes"));
        }
        rows.push(row);
    }
    let mut tx = app.kernel.db.write(&by.actor).await?;
    let (mut audits, mut changes, mut alerts) = (vec![], vec![], vec![]);
    for row in rows {
        let conflict = |why: &str| Error::with(Code::Conflict, json!({"audit_seq": row.seq, "reason": why}));
        let now = in_tx(&mut tx, &row.object.id).await?;
        let (Some(before), Some(after)) = (&row.before, &row.after) else {
            return Err(conflict("nothing to restore"));
        };
        if audit::mask(editable(&now.alert)) != *after {
            return Err(conflict("changed since"));
        }
        let changed = changed(before, after);
        if changed.values().any(masked) {
            return Err(conflict("it held what the audit log masks, so the log can't give it back"));
        }
        let mut a = restore(&now.alert, changed)?;
        crate::cases::follow(&mut tx, &now.alert, &a).await?;
        a.updated_at = app.kernel.world.now();
        match store::update(&mut tx, &a).await {
            Err(sqlx::Error::Database(e)) if e.is_unique_violation() => {
                return Err(conflict("another alert of the same key is open"));
            }
            other => other?,
        }
        crate::detections::follow(&mut tx, &now.alert, &a).await?;
        audits.push(
            Audit::new("alert.undo", "alert", &a.alert_id).before(editable(&now.alert)).after(editable(&a)),
        );
        changes.push(live(LiveKind::AlertUpdated, &a));
        alerts.push(a);
    }
    tx.commit_all(audits, &changes).await?;
    Ok(Undone { alerts })
}

/// The fields that an act changed, as they were before it.
fn changed(before: &Value, after: &Value) -> Map<String, Value> {
    let fields = before.as_object().into_iter().flatten();
    fields.filter(|(name, v)| after.get(name) != Some(v)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

/// Whether something in it is not what it was but its mask.
fn masked(v: &Value) -> bool {
    match v {
        Value::String(text) => text == audit::MASK,
        Value::Array(items) => items.iter().any(masked),
        Value::Object(map) => map.values().any(masked),
        _ => false,
    }
}

/// The alert with these fields.
fn restore(now: &Alert, fields: Map<String, Value>) -> Result<Alert> {
    let mut whole = serde_json::to_value(now).map_err(Error::internal)?;
    if let Some(whole) = whole.as_object_mut() {
        whole.extend(fields);
    }
    serde_json::from_value(whole).map_err(Error::internal)
}
