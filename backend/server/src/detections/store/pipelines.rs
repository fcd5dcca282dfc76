//! Processing pipelines.

use api::{Time, detections::Pipeline};
use kernel::{
    Result,
    db::{Reader, Tx},
    queries,
};
use sqlx::{Row as _, sqlite::SqliteRow};

queries! {
    GET: "SELECT * FROM pipeline WHERE pipeline_id = ?1";
    PAGE: "SELECT pipeline_id, name, priority, '' AS body, sha256, enabled, revision, created_at, created_by, updated_at,
        updated_by FROM pipeline WHERE (priority, pipeline_id) > (?1, ?2) ORDER BY priority, pipeline_id LIMIT ?3";
    COUNT: "SELECT count(*) FROM pipeline";
    ALL: "SELECT pipeline_id, name, sha256, enabled, body FROM pipeline ORDER BY priority, pipeline_id";
    INSERT: "INSERT INTO pipeline (pipeline_id, name, priority, body, sha256, enabled, created_at, created_by, updated_at,
        updated_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?7, ?8)";
    UPDATE: "UPDATE pipeline SET name = ?2, priority = ?3, body = ?4, sha256 = ?5, enabled = ?6, revision = revision + 1,
        updated_at = ?7, updated_by = ?8 WHERE pipeline_id = ?1";
    DELETE: "DELETE FROM pipeline WHERE pipeline_id = ?1";
}

/// A pipeline as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPipeline {
    pub pipeline_id: String,
    pub name: String,
    pub priority: i64,
    pub body: String,
    pub sha256: String,
    pub enabled: bool,
}

/// A pipeline as rules need it.
#[derive(Clone, Debug)]
pub struct Source {
    pub pipeline_id: String,
    pub name: String,
    pub sha256: String,
    pub enabled: bool,
    pub body: String,
}

/// What the rule set knows, `rules` and `problem`, is not here.
fn pipeline(r: &SqliteRow) -> Result<Pipeline> {
    Ok(Pipeline {
        pipeline_id: r.try_get("pipeline_id")?,
        name: r.try_get("name")?,
        priority: r.try_get("priority")?,
        enabled: r.try_get("enabled")?,
        body: r.try_get("body")?,
        sha256: r.try_get("sha256")?,
        rules: 0,
        problem: None,
        revision: u32::try_from(r.try_get::<i64, _>("revision")?).unwrap_or(u32::MAX),
        created_at: Time(r.try_get("created_at")?),
        created_by: r.try_get("created_by")?,
        updated_at: Time(r.try_get("updated_at")?),
        updated_by: r.try_get("updated_by")?,
    })
}

/// One with its text.
pub async fn get(db: &Reader, id: &str) -> Result<Option<Pipeline>> {
    sqlx::query(GET).bind(id).fetch_optional(db).await?.as_ref().map(pipeline).transpose()
}

/// One inside a write.
pub async fn get_in(tx: &mut Tx, id: &str) -> Result<Option<Pipeline>> {
    sqlx::query(GET).bind(id).fetch_optional(tx.conn()).await?.as_ref().map(pipeline).transpose()
}

/// A page in the order of application, without texts.
pub async fn page(db: &Reader, after: (i64, &str), limit: i64) -> Result<Vec<Pipeline>> {
    let query = sqlx::query(PAGE).bind(after.0).bind(after.1).bind(limit);
    query.fetch_all(db).await?.iter().map(pipeline).collect()
}

/// How many there are.
pub async fn total(db: &Reader) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(db).await?)
}

/// How many there are inside a write.
pub async fn total_in(tx: &mut Tx) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(tx.conn()).await?)
}

/// All with their texts, in the order of application.
pub async fn all(db: &Reader) -> Result<Vec<Source>> {
    let rows = sqlx::query(ALL).fetch_all(db).await?;
    let one = |r: &SqliteRow| {
        Ok(Source {
            pipeline_id: r.try_get("pipeline_id")?,
            name: r.try_get("name")?,
            sha256: r.try_get("sha256")?,
            enabled: r.try_get("enabled")?,
            body: r.try_get("body")?,
        })
    };
    rows.iter().map(one).collect()
}

/// Adds one, or writes over the one that is `there`.
pub async fn put(tx: &mut Tx, p: &NewPipeline, there: bool, by: &str, now: Time) -> Result<()> {
    let query = sqlx::query(if there { UPDATE } else { INSERT })
        .bind(&p.pipeline_id)
        .bind(&p.name)
        .bind(p.priority)
        .bind(&p.body)
        .bind(&p.sha256)
        .bind(p.enabled)
        .bind(now.0)
        .bind(by);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Removes one.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<()> {
    sqlx::query(DELETE).bind(id).execute(tx.conn()).await?;
    Ok(())
}
