//! The audit log: append-only, hash-chained, secrets masked.
//!
//! `hash = SHA-256(JSON array of the row's columns in the order of the table, prev_hash last)`, hashes as lower-case
//! hexadecimal, absent values as null. The first row's prev_hash is 64 zeros.

use crate::{
    Result,
    db::{Actor, Audit, Db, store},
    world::hex,
};
use api::{
    Page, Time,
    system::{AuditList, AuditObject, AuditRow},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::{Row as _, sqlite::SqliteRow};

/// A row as it is hashed.
#[derive(Debug)]
pub struct Row {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) session: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) action: String,
    pub(crate) object_type: String,
    pub(crate) object_id: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) result: String,
    pub(crate) prev_hash: String,
}

impl Row {
    pub(crate) fn new(seq: i64, at: i64, actor: &Actor, audit: Audit, prev_hash: &str) -> Self {
        let text = |v: Option<Value>| v.map(|v| mask(v).to_string());
        Row {
            seq,
            at,
            actor: actor.name.clone(),
            session: actor.session.clone(),
            request_id: actor.request_id.clone(),
            action: audit.action.into(),
            object_type: audit.object.0.into(),
            object_id: audit.object.1,
            before: text(audit.before),
            after: text(audit.after),
            result: audit.result.into(),
            prev_hash: prev_hash.into(),
        }
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        let row = json!([
            self.seq,
            self.at,
            self.actor,
            self.session,
            self.request_id,
            self.action,
            self.object_type,
            self.object_id,
            self.before,
            self.after,
            self.result,
            self.prev_hash
        ]);
        Sha256::digest(row.to_string().as_bytes()).into()
    }
}

/// What stands in place of a secret.
pub const MASK: &str = "***";

/// Words whose values never go into the log.
const SECRET: &[&str] =
    &["password", "secret", "token", "csrf", "cookie", "authorization", "api_key", "start_code"];

/// The value as the log has it: what stands under the name of a secret is `***`.
pub fn mask(v: Value) -> Value {
    match v {
        Value::Object(map) => {
            let masked = map.into_iter().map(|(k, v)| {
                let secret = SECRET
                    .iter()
                    .any(|s| k == *s || k.ends_with(&format!("_{s}")) || k.starts_with("password"));
                let v = if secret && !v.is_null() { json!(MASK) } else { mask(v) };
                (k, v)
            });
            Value::Object(masked.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(mask).collect()),
        other => other,
    }
}

fn row(r: &SqliteRow) -> std::result::Result<(AuditRow, Row), sqlx::Error> {
    let json = |text: Option<String>| text.and_then(|t| serde_json::from_str(&t).ok());
    let raw = Row {
        seq: r.try_get("seq")?,
        at: r.try_get("at")?,
        actor: r.try_get("actor")?,
        session: r.try_get("session")?,
        request_id: r.try_get("request_id")?,
        action: r.try_get("action")?,
        object_type: r.try_get("object_type")?,
        object_id: r.try_get("object_id")?,
        before: r.try_get("before")?,
        after: r.try_get("after")?,
        result: r.try_get("result")?,
        prev_hash: hex(&r.try_get::<Vec<u8>, _>("prev_hash")?),
    };
    let view = AuditRow {
        seq: raw.seq,
        at: Time(raw.at),
        actor: raw.actor.clone(),
        session: raw.session.clone(),
        request_id: raw.request_id.clone(),
        action: raw.action.clone(),
        object: AuditObject { kind: raw.object_type.clone(), id: raw.object_id.clone() },
        before: json(raw.before.clone()),
        after: json(raw.after.clone()),
        result: raw.result.clone(),
        prev_hash: raw.prev_hash.clone(),
        hash: hex(&r.try_get::<Vec<u8>, _>("hash")?),
    };
    Ok((view, raw))
}

/// A page, newest first.
pub async fn page(db: &Db, q: &AuditList) -> Result<Page<AuditRow>> {
    let limit = crate::route::limit(q.limit)?;
    crate::route::only_sort(q.sort.as_deref(), &["-seq", "-at", "-created_at"])?;
    let before = crate::route::cursor::<i64>(q.cursor.as_deref())?.unwrap_or(i64::MAX);
    let (from, to) = (q.from.map(|t| t.0), q.to.map(|t| t.0));
    let rows = sqlx::query(store::AUDIT_PAGE)
        .bind(before)
        .bind(&q.actor)
        .bind(&q.action)
        .bind(&q.object_id)
        .bind(from)
        .bind(to)
        .bind(limit + 1)
        .fetch_all(db.read())
        .await?;
    let cap = crate::route::count_cap(q.count.as_deref())?;
    let total: i64 = sqlx::query_scalar(store::AUDIT_COUNT)
        .bind(&q.actor)
        .bind(&q.action)
        .bind(&q.object_id)
        .bind(from)
        .bind(to)
        .bind(cap)
        .fetch_one(db.read())
        .await?;
    let items = rows.iter().map(|r| row(r).map(|r| r.0)).collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(crate::route::page(items, limit, total, cap, |r: &AuditRow| r.seq))
}

/// One row, `None` when there is none.
pub async fn get(db: &Db, seq: i64) -> Result<Option<AuditRow>> {
    let found = sqlx::query(store::AUDIT_GET).bind(seq).fetch_optional(db.read()).await?;
    Ok(found.as_ref().map(row).transpose()?.map(|r| r.0))
}

/// How many rows the log has, or the number of the first row that does not fit its chain.
pub async fn verify(db: &Db) -> Result<std::result::Result<i64, i64>> {
    let (mut seq, mut prev) = (0_i64, hex(&[0; 32]));
    loop {
        let rows = sqlx::query(store::AUDIT_AFTER).bind(seq).fetch_all(db.read()).await?;
        if rows.is_empty() {
            return Ok(Ok(seq));
        }
        for r in &rows {
            let (view, raw) = row(r)?;
            if view.seq != seq + 1 || view.prev_hash != prev || hex(&raw.hash()) != view.hash {
                return Ok(Err(seq + 1));
            }
            (seq, prev) = (view.seq, view.hash);
        }
    }
}
