//! All SQL of clocks.

use api::{Time, siem::Clock};
use kernel::{
    Result,
    db::{Reader, Tx},
    queries,
};
use sqlx::{Row as _, sqlite::SqliteRow};

queries! {
    PAGE: "SELECT * FROM clock WHERE clock_id > ?1 ORDER BY clock_id LIMIT ?2";
    COUNT: "SELECT count(*) FROM clock";
    ALL: "SELECT * FROM clock ORDER BY clock_id";
    GET: "SELECT * FROM clock WHERE clock_id = ?1";
    FIND: "SELECT * FROM clock WHERE source = ?1 AND host = ?2";
    OF_SOURCE: "SELECT * FROM clock WHERE source IN ('', ?1) ORDER BY source, host";
    PUT: "INSERT INTO clock (clock_id, source, host, timezone, offset_seconds, reason, set_by, set_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (source, host) DO UPDATE SET timezone = excluded.timezone,
            offset_seconds = excluded.offset_seconds, reason = excluded.reason, set_by = excluded.set_by,
            set_at = excluded.set_at";
    DELETE: "DELETE FROM clock WHERE clock_id = ?1";
}

fn clock(r: &SqliteRow) -> Result<Clock> {
    let there = |text: String| (!text.is_empty()).then_some(text);
    Ok(Clock {
        clock_id: r.try_get("clock_id")?,
        source: there(r.try_get("source")?),
        host: there(r.try_get("host")?),
        timezone: r.try_get("timezone")?,
        offset_seconds: r.try_get("offset_seconds")?,
        reason: r.try_get("reason")?,
        set_by: r.try_get("set_by")?,
        set_at: Time(r.try_get("set_at")?),
    })
}

/// A page in the order of ids.
pub async fn page(db: &Reader, after: &str, limit: i64) -> Result<Vec<Clock>> {
    let query = sqlx::query(PAGE).bind(after).bind(limit);
    query.fetch_all(db).await?.iter().map(clock).collect()
}

/// How many there are.
pub async fn total(db: &Reader) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(db).await?)
}

/// How many there are inside a write.
pub async fn total_in(tx: &mut Tx) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(tx.conn()).await?)
}

/// All of them.
pub async fn all(db: &Reader) -> Result<Vec<Clock>> {
    sqlx::query(ALL).fetch_all(db).await?.iter().map(clock).collect()
}

/// Those of a source, and those of hosts in all sources.
pub async fn of_source(db: &Reader, source: &str) -> Result<Vec<Clock>> {
    sqlx::query(OF_SOURCE).bind(source).fetch_all(db).await?.iter().map(clock).collect()
}

/// One inside a write.
pub async fn get_in(tx: &mut Tx, id: &str) -> Result<Option<Clock>> {
    sqlx::query(GET).bind(id).fetch_optional(tx.conn()).await?.as_ref().map(clock).transpose()
}

/// The zone of a source.
pub async fn find(db: &Reader, source: &str) -> Result<Option<Clock>> {
    sqlx::query(FIND).bind(source).bind("").fetch_optional(db).await?.as_ref().map(clock).transpose()
}

/// The one of a source and a host inside a write.
pub async fn find_in(tx: &mut Tx, source: Option<&str>, host: Option<&str>) -> Result<Option<Clock>> {
    let query = sqlx::query(FIND).bind(source.unwrap_or_default()).bind(host.unwrap_or_default());
    query.fetch_optional(tx.conn()).await?.as_ref().map(clock).transpose()
}

/// Sets one in place of what its source and host had.
pub async fn put(tx: &mut Tx, c: &Clock) -> Result<()> {
    let query = sqlx::query(PUT)
        .bind(&c.clock_id)
        .bind(c.source.as_deref().unwrap_or_default())
        .bind(c.host.as_deref().unwrap_or_default())
        .bind(&c.timezone)
        .bind(c.offset_seconds)
        .bind(&c.reason)
        .bind(&c.set_by)
        .bind(c.set_at.0);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Removes one.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<()> {
    sqlx::query(DELETE).bind(id).execute(tx.conn()).await?;
    Ok(())
}
