//! Changing rules, inside a write.

use api::{Time, detections::RuleSettings};
use kernel::{Error, Result, db::Tx, queries};
use serde::Serialize;

queries! {
    INSERT: "INSERT INTO rule (rule_id, pack, origin, file, title, sort_title, status, level, rank, own_level, format, hash, enabled,
        settings, tags, techniques, product, category, service, author, license, about, errors, created_at, updated_at)
        SELECT value ->> 'rule_id', value ->> 'pack', value ->> 'origin', value ->> 'file', value ->> 'title',
        value ->> 'sort_title', value ->> 'status', value ->> 'level', value ->> 'rank', value ->> 'own_level',
        value ->> 'format', value ->> 'hash', value ->> 'enabled', value ->> 'settings', value ->> 'tags',
        value ->> 'techniques', value ->> 'product', value ->> 'category', value ->> 'service', value ->> 'author',
        value ->> 'license', value ->> 'about', value ->> 'errors', ?2, ?2 FROM json_each(?1)";
    INSERT_TEXT: "INSERT INTO rule_text (rule_id, body, parsed) SELECT value ->> 'rule_id', value ->> 'body',
        unhex(value ->> 'parsed') FROM json_each(?1)";
    REPLACE: "UPDATE rule SET pack = ?2, origin = ?3, file = ?4, title = ?5, sort_title = ?6, status = ?7, level = ?8, rank = ?9,
        own_level = ?10, format = ?11, hash = ?12, tags = ?13, techniques = ?14, product = ?15, category = ?16, service = ?17,
        author = ?18, license = ?19, about = ?20, errors = ?21, edited = ?22, updated_at = ?23, version = version + 1
        WHERE rule_id = ?1";
    SET_TEXT: "UPDATE rule_text SET body = ?2, pack_body = ?3, parsed = unhex(?4) WHERE rule_id = ?1";
    SET_PACK_TEXT: "UPDATE rule_text SET pack_body = ?2 WHERE rule_id = ?1";
    SET_FILE: "UPDATE rule SET file = ?2 WHERE rule_id = ?1 AND file IS NOT ?2";
    TUNE: "UPDATE rule SET enabled = ?2, settings = ?3, level = ?4, rank = ?5, updated_at = ?6, version = version + 1
        WHERE rule_id = ?1";
    ENABLE: "UPDATE rule SET enabled = ?2, updated_at = ?3, version = version + 1
        WHERE enabled <> ?2 AND rule_id IN (SELECT value FROM json_each(?1)) RETURNING rule_id";
    ENABLE_PACK: "UPDATE rule SET enabled = ?2, updated_at = ?3, version = version + 1 WHERE enabled <> ?2 AND pack = ?1
        RETURNING rule_id";
    THERE: "SELECT rule_id FROM rule WHERE rule_id IN (SELECT value FROM json_each(?1))";
    DELETE: "DELETE FROM rule WHERE rule_id IN (SELECT value FROM json_each(?1))";
    MAKE_OWN: "UPDATE rule SET pack = NULL, origin = 'own', file = NULL, edited = 0, updated_at = ?2, version = version + 1
        WHERE rule_id IN (SELECT value FROM json_each(?1))";
    CHANGED: "INSERT INTO rule_change (rule_id, n, version, at, by, what, body, settings)
        SELECT value ->> 'rule_id',
        1 + coalesce((SELECT max(n) FROM rule_change c WHERE c.rule_id = value ->> 'rule_id'), 0),
        coalesce((SELECT version FROM rule r WHERE r.rule_id = value ->> 'rule_id'), 0), ?2, ?3,
        value ->> 'what', value ->> 'body', value ->> 'settings' FROM json_each(?1)";
    STATS: "INSERT INTO rule_stat (rule_id, hits, alerts, last_match, tried, cost_ns)
        SELECT value ->> 'rule_id', value ->> 'hits', value ->> 'alerts', value ->> 'last_match', value ->> 'tried',
        value ->> 'cost_ns' FROM json_each(?1) WHERE true
        ON CONFLICT (rule_id) DO UPDATE SET hits = hits + excluded.hits, alerts = alerts + excluded.alerts,
        last_match = max(coalesce(last_match, excluded.last_match), coalesce(excluded.last_match, last_match)),
        tried = tried + excluded.tried, cost_ns = cost_ns + excluded.cost_ns";
    SUPPRESSED: "UPDATE suppression SET hits = hits + ?2 WHERE id = ?1";
}

/// A rule's row and text as they are written. Texts in JSON columns are JSON.
#[derive(Clone, Debug, Serialize)]
pub struct NewRule {
    pub rule_id: String,
    pub pack: Option<String>,
    pub origin: &'static str,
    pub file: Option<String>,
    pub title: String,
    pub sort_title: String,
    pub status: String,
    pub level: String,
    pub rank: i64,
    pub own_level: String,
    pub format: &'static str,
    pub hash: String,
    pub enabled: i64,
    pub settings: String,
    pub tags: String,
    pub techniques: String,
    pub product: Option<String>,
    pub category: Option<String>,
    pub service: Option<String>,
    pub author: Option<String>,
    pub license: Option<String>,
    pub about: String,
    pub errors: String,
    pub body: String,
    /// The text as the engine reads it, in hexadecimal.
    pub parsed: Option<String>,
}

/// A step of a history.
#[derive(Clone, Debug, Serialize)]
pub struct Step<'a> {
    pub rule_id: &'a str,
    pub what: &'a str,
    /// Text before it.
    pub body: Option<&'a str>,
    /// Settings before it, as JSON.
    pub settings: Option<String>,
}

impl<'a> Step<'a> {
    /// A step that changed neither text nor settings.
    pub fn plain(rule_id: &'a str, what: &'a str) -> Self {
        Step { rule_id, what, body: None, settings: None }
    }
}

/// What a rule did in a batch, to be added to what it did before.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Did {
    pub rule_id: String,
    pub hits: u64,
    pub alerts: u64,
    /// Milliseconds.
    pub last_match: Option<i64>,
    pub tried: u64,
    pub cost_ns: u64,
}

/// Rows that one statement takes: bounds its JSON to some megabytes.
const MANY: usize = 250;

fn text(v: &impl Serialize) -> Result<String> {
    serde_json::to_string(v).map_err(Error::internal)
}

/// Adds rules with their texts.
pub async fn insert(tx: &mut Tx, rules: &[NewRule], now: Time) -> Result<()> {
    for some in rules.chunks(MANY) {
        let rows = text(&some)?;
        sqlx::query(INSERT).bind(&rows).bind(now.0).execute(tx.conn()).await?;
        sqlx::query(INSERT_TEXT).bind(&rows).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Writes a rule's new text and what follows from it. `pack_body`: the pack's text, where the rule is edited.
pub async fn replace(tx: &mut Tx, r: &NewRule, pack_body: Option<&str>, now: Time) -> Result<()> {
    let query = sqlx::query(REPLACE)
        .bind(&r.rule_id)
        .bind(&r.pack)
        .bind(r.origin)
        .bind(&r.file)
        .bind(&r.title)
        .bind(&r.sort_title)
        .bind(&r.status)
        .bind(&r.level)
        .bind(r.rank)
        .bind(&r.own_level)
        .bind(r.format)
        .bind(&r.hash)
        .bind(&r.tags)
        .bind(&r.techniques)
        .bind(&r.product)
        .bind(&r.category)
        .bind(&r.service)
        .bind(&r.author)
        .bind(&r.license)
        .bind(&r.about)
        .bind(&r.errors)
        .bind(pack_body.is_some())
        .bind(now.0);
    query.execute(tx.conn()).await?;
    let query = sqlx::query(SET_TEXT).bind(&r.rule_id).bind(&r.body).bind(pack_body).bind(&r.parsed);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Keeps the pack's new text beside one that was edited here.
pub async fn pack_text(tx: &mut Tx, rule_id: &str, body: &str) -> Result<()> {
    sqlx::query(SET_PACK_TEXT).bind(rule_id).bind(body).execute(tx.conn()).await?;
    Ok(())
}

/// A rule's place in its pack; no change of the rule.
pub async fn file(tx: &mut Tx, rule_id: &str, file: &str) -> Result<()> {
    sqlx::query(SET_FILE).bind(rule_id).bind(file).execute(tx.conn()).await?;
    Ok(())
}

/// Switches and tunes one rule.
pub async fn tune(
    tx: &mut Tx,
    rule_id: &str,
    enabled: bool,
    settings: &RuleSettings,
    level: (&str, i64),
    now: Time,
) -> Result<()> {
    let query = sqlx::query(TUNE)
        .bind(rule_id)
        .bind(enabled)
        .bind(text(settings)?)
        .bind(level.0.to_owned())
        .bind(level.1)
        .bind(now.0);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Switches rules; answers those that were the other way round.
pub async fn enable(tx: &mut Tx, ids: &[String], enabled: bool, now: Time) -> Result<Vec<String>> {
    let query = sqlx::query_scalar(ENABLE).bind(text(&ids)?).bind(enabled).bind(now.0);
    Ok(query.fetch_all(tx.conn()).await?)
}

/// Switches all rules of a pack; answers those that were the other way round.
pub async fn enable_pack(tx: &mut Tx, pack: &str, enabled: bool, now: Time) -> Result<Vec<String>> {
    let query = sqlx::query_scalar(ENABLE_PACK).bind(pack.to_owned()).bind(enabled).bind(now.0);
    Ok(query.fetch_all(tx.conn()).await?)
}

/// Which of these ids are there.
pub async fn there(tx: &mut Tx, ids: &[&str]) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(THERE).bind(text(&ids)?).fetch_all(tx.conn()).await?)
}

/// Removes rules with their texts.
pub async fn delete(tx: &mut Tx, ids: &[&str]) -> Result<()> {
    sqlx::query(DELETE).bind(text(&ids)?).execute(tx.conn()).await?;
    Ok(())
}

/// Takes rules out of their pack.
pub async fn make_own(tx: &mut Tx, ids: &[&str], now: Time) -> Result<()> {
    sqlx::query(MAKE_OWN).bind(text(&ids)?).bind(now.0).execute(tx.conn()).await?;
    Ok(())
}

/// Adds steps to histories; after the change itself, so that they hold its version.
pub async fn changed(tx: &mut Tx, steps: &[Step<'_>], by: &str, now: Time) -> Result<()> {
    for some in steps.chunks(MANY) {
        sqlx::query(CHANGED).bind(text(&some)?).bind(now.0).bind(by).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Adds to what rules did.
pub async fn did(tx: &mut Tx, rows: &[Did]) -> Result<()> {
    if !rows.is_empty() {
        sqlx::query(STATS).bind(text(&rows)?).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Counts matches that a suppression held back.
pub async fn suppressed(tx: &mut Tx, id: &str, hits: u64) -> Result<()> {
    let hits = i64::try_from(hits).unwrap_or(i64::MAX);
    sqlx::query(SUPPRESSED).bind(id.to_owned()).bind(hits).execute(tx.conn()).await?;
    Ok(())
}

/// The next number of the rule set.
pub async fn next_set(tx: &mut Tx) -> Result<i64> {
    tx.next("rule-set").await
}
