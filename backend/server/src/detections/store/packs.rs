//! Packs.

use super::{count, json};
use api::{
    Time,
    detections::{Pack, RuleSettings},
};
use kernel::{
    Error, Result,
    db::{Reader, Tx},
    queries,
};
use serde::Serialize;
use sqlx::{Row as _, sqlite::SqliteRow};

queries! {
    PUT: "INSERT INTO pack (pack_id, name, version, imported_by, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
        ON CONFLICT (pack_id) DO UPDATE SET version = excluded.version, imported_by = excluded.imported_by,
        updated_at = excluded.updated_at";
    VERSION: "SELECT version FROM pack WHERE pack_id = ?1";
    DELETE: "DELETE FROM pack WHERE pack_id = ?1";
    PAGE: "SELECT p.*, count(r.id) AS rules, coalesce(sum(r.enabled), 0) AS enabled,
        coalesce(sum(r.errors <> '[]'), 0) AS broken,
        (SELECT json_group_array(license) FROM (SELECT license FROM rule l WHERE l.pack = p.pack_id AND license IS NOT NULL
         GROUP BY license ORDER BY count(*) DESC LIMIT 20)) AS licenses
        FROM pack p LEFT JOIN rule r ON r.pack = p.pack_id
        WHERE (p.name, p.pack_id) > (?1, ?2) GROUP BY p.pack_id ORDER BY p.name, p.pack_id LIMIT ?3";
    COUNT: "SELECT count(*) FROM pack";
    BLOCKED: "SELECT r.pack, value AS state, count(*) AS n FROM json_each(?1) CROSS JOIN rule r ON r.rule_id = key
        WHERE r.enabled = 1 AND r.pack IS NOT NULL GROUP BY r.pack, value";
    MEMBERS: "SELECT r.rule_id, r.title, r.file, r.hash, r.edited, r.settings, t.body, t.pack_body FROM rule r
        JOIN rule_text t ON t.rule_id = r.rule_id WHERE r.pack = ?1";
    ELSEWHERE: "SELECT rule_id FROM rule WHERE pack IS NOT ?1 AND rule_id IN (SELECT value FROM json_each(?2))";
}

/// A rule of a pack as an update needs it.
#[derive(Clone, Debug)]
pub struct Member {
    pub rule_id: String,
    pub title: String,
    pub file: String,
    /// Of the text that runs.
    pub hash: String,
    pub edited: bool,
    pub body: String,
    /// The pack's text, where the rule is edited.
    pub pack_body: Option<String>,
    pub settings: RuleSettings,
}

/// Makes a pack or its next version.
pub async fn put(tx: &mut Tx, id: &str, name: &str, version: &str, by: &str, now: Time) -> Result<()> {
    let query = sqlx::query(PUT).bind(id).bind(name).bind(version).bind(by).bind(now.0);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// The version that is there.
pub async fn version(tx: &mut Tx, id: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(VERSION).bind(id).fetch_optional(tx.conn()).await?)
}

/// The version that is there, outside of a write.
pub async fn version_now(db: &Reader, id: &str) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(VERSION).bind(id).fetch_optional(db).await?)
}

/// Removes a pack without rules.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<()> {
    sqlx::query(DELETE).bind(id).execute(tx.conn()).await?;
    Ok(())
}

/// Its rules.
pub async fn members(tx: &mut Tx, id: &str) -> Result<Vec<Member>> {
    let one = |r: &SqliteRow| {
        Ok(Member {
            rule_id: r.try_get("rule_id")?,
            title: r.try_get("title")?,
            file: r.try_get::<Option<String>, _>("file")?.unwrap_or_default(),
            hash: r.try_get("hash")?,
            edited: r.try_get("edited")?,
            body: r.try_get("body")?,
            pack_body: r.try_get("pack_body")?,
            settings: json(r, "settings")?,
        })
    };
    sqlx::query(MEMBERS).bind(id).fetch_all(tx.conn()).await?.iter().map(one).collect()
}

/// Which of these ids are rules of another pack, or one's own.
pub async fn elsewhere(tx: &mut Tx, id: &str, ids: &[&str]) -> Result<Vec<String>> {
    let ids = serde_json::to_string(ids).map_err(Error::internal)?;
    Ok(sqlx::query_scalar(ELSEWHERE).bind(id).bind(ids).fetch_all(tx.conn()).await?)
}

/// A page by name; what runs is filled from the rule set.
pub async fn page(db: &Reader, after: (&str, &str), limit: i64) -> Result<Vec<Pack>> {
    let one = |r: &SqliteRow| {
        Ok(Pack {
            pack_id: r.try_get("pack_id")?,
            name: r.try_get("name")?,
            version: r.try_get("version")?,
            licenses: json(r, "licenses")?,
            rules: count(r, "rules")?,
            enabled: count(r, "enabled")?,
            running: 0,
            needs_configuration: 0,
            errors: count(r, "broken")?,
            created_at: Time(r.try_get("created_at")?),
            updated_at: Time(r.try_get("updated_at")?),
            imported_by: r.try_get("imported_by")?,
        })
    };
    let rows = sqlx::query(PAGE).bind(after.0).bind(after.1).bind(limit).fetch_all(db).await?;
    rows.iter().map(one).collect()
}

/// How many there are.
pub async fn total(db: &Reader) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(db).await?)
}

/// (pack, state, how many) of the enabled rules that do not run; `blocked` maps rule id to state.
pub async fn blocked(db: &Reader, blocked: &impl Serialize) -> Result<Vec<(String, String, u64)>> {
    let map = serde_json::to_string(blocked).map_err(Error::internal)?;
    let rows = sqlx::query(BLOCKED).bind(map).fetch_all(db).await?;
    rows.iter().map(|r| Ok((r.try_get("pack")?, r.try_get("state")?, count(r, "n")?))).collect()
}
