//! Processing pipelines.

use api::{Time, detections::Pipeline};
use kernel::{Result, db::{Reader, Tx}, queries};
use sqlx::{Row as _, sqlite::SqliteRow};

queries! {
    GET: "SELECT * FROM pipeline WHERE pipeline_id = ?1";
    BY_NAME: "SELECT * FROM pipeline WHERE name = ?1";
    ALL: "SELECT * FROM pipeline ORDER BY priority, name";
    PAGE: "SELECT * FROM pipeline WHERE (priority, name) > (?1, ?2) ORDER BY priority, name LIMIT ?3";
    COUNT: "SELECT count(*) FROM pipeline";
    INSERT: "INSERT INTO pipeline (pipeline_id, name, priority, body, enabled, created_at, updated_at, created_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7)";
    UPDATE: "UPDATE pipeline SET name = ?2, priority = ?3, body = ?4, enabled = ?5, updated_at = ?6, version = version + 1
        WHERE pipeline_id = ?1";
    DELETE: "DELETE FROM pipeline WHERE pipeline_id = ?1";
}

fn pipeline(r: &SqliteRow) -> Result<Pipeline> {
    Ok(Pipeline {
        pipeline_id: r.try_get("pipeline_id")?,
        name: r.try_get("name")?,
        priority: r.try_get("priority")?,
        body: r.try_get("body")?,
        enabled: r.try_get("enabled")?,
        version: u32::try_from(r.try_get::<i64, _>("version")?).unwrap_or(u32::MAX),
        created_at: Time(r.try_get("created_at")?),
        updated_at: Time(r.try_get("updated_at")?),
        created_by: r.try_get("created_by")?,
    })
}

/// One inside a write.
pub async fn get_in(tx: &mut Tx, id: &str) -> Result<Option<Pipeline>> {
    sqlx::query(GET).bind(id).fetch_optional(tx.conn()).await?.as_ref().map(pipeline).transpose()
}

/// The one of a name, inside a write.
pub async fn by_name(tx: &mut Tx, name: &str) -> Result<Option<Pipeline>> {
    sqlx::query(BY_NAME).bind(name).fetch_optional(tx.conn()).await?.as_ref().map(pipeline).transpose()
}

/// All, in the order in which they are applied.
pub async fn all(db: &Reader) -> Result<Vec<Pipeline>> {
    sqlx::query(ALL).fetch_all(db).await?.iter().map(pipeline).collect()
}

/// A page in the order in which they are applied.
pub async fn page(db: &Reader, after: (i64, &str), limit: i64) -> Result<Vec<Pipeline>> {
    let rows = sqlx::query(PAGE).bind(after.0).bind(after.1).bind(limit).fetch_all(db).await?;
    rows.iter().map(pipeline).collect()
}

/// How many there are.
pub async fn total(db: &Reader) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(db).await?)
}

/// Adds one.
pub async fn insert(tx: &mut Tx, p: &Pipeline) -> Result<()> {
    let query = sqlx::query(INSERT)
        .bind(&p.pipeline_id)
        .bind(&p.name)
        .bind(p.priority)
        .bind(&p.body)
        .bind(p.enabled)
        .bind(p.created_at.0)
        .bind(&p.created_by);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Writes a changed one.
pub async fn update(tx: &mut Tx, p: &Pipeline) -> Result<()> {
    let query = sqlx::query(UPDATE)
        .bind(&p.pipeline_id)
        .bind(&p.name)
        .bind(p.priority)
        .bind(&p.body)
        .bind(p.enabled)
        .bind(p.updated_at.0);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Removes one.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<()> {
    sqlx::query(DELETE).bind(id).execute(tx.conn()).await?;
    Ok(())
}
