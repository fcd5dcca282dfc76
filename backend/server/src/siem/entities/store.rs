//! All SQL of merges.

use super::key;
use api::{
    Time,
    siem::{EntityKind, EntityMerge},
};
use kernel::{
    Error, Result,
    db::{Reader, Tx},
    queries,
};
use sqlx::{Row as _, sqlite::SqliteRow};

queries! {
    PAGE: "SELECT * FROM entity_merge WHERE merge_id > ?1 ORDER BY merge_id LIMIT ?2";
    COUNT: "SELECT count(*) FROM entity_merge";
    ALL: "SELECT * FROM entity_merge ORDER BY merge_id";
    GET: "SELECT * FROM entity_merge WHERE merge_id = ?1";
    PUT: "INSERT INTO entity_merge (merge_id, kind, name, written, into_name, into_written, reason, merged_by, merged_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    DELETE: "DELETE FROM entity_merge WHERE merge_id = ?1";
}

fn merge(r: &SqliteRow) -> Result<EntityMerge> {
    let kind = EntityKind::parse(r.try_get("kind")?);
    Ok(EntityMerge {
        merge_id: r.try_get("merge_id")?,
        kind: kind.ok_or_else(|| Error::internal("entity_merge.kind holds no known word"))?,
        name: r.try_get("written")?,
        into: r.try_get("into_written")?,
        reason: r.try_get("reason")?,
        merged_by: r.try_get("merged_by")?,
        merged_at: Time(r.try_get("merged_at")?),
    })
}

/// A page in the order of ids.
pub async fn page(db: &Reader, after: &str, limit: i64) -> Result<Vec<EntityMerge>> {
    let query = sqlx::query(PAGE).bind(after).bind(limit);
    query.fetch_all(db).await?.iter().map(merge).collect()
}

/// How many there are.
pub async fn total(db: &Reader) -> Result<i64> {
    Ok(sqlx::query_scalar(COUNT).fetch_one(db).await?)
}

/// All of them.
pub async fn all(db: &Reader) -> Result<Vec<EntityMerge>> {
    sqlx::query(ALL).fetch_all(db).await?.iter().map(merge).collect()
}

/// All of them inside a write.
pub async fn all_in(tx: &mut Tx) -> Result<Vec<EntityMerge>> {
    sqlx::query(ALL).fetch_all(tx.conn()).await?.iter().map(merge).collect()
}

/// One inside a write.
pub async fn get_in(tx: &mut Tx, id: &str) -> Result<Option<EntityMerge>> {
    sqlx::query(GET).bind(id).fetch_optional(tx.conn()).await?.as_ref().map(merge).transpose()
}

/// Adds one.
pub async fn put(tx: &mut Tx, m: &EntityMerge) -> Result<()> {
    let query = sqlx::query(PUT)
        .bind(&m.merge_id)
        .bind(m.kind.as_str())
        .bind(key(m.kind, &m.name))
        .bind(&m.name)
        .bind(key(m.kind, &m.into))
        .bind(&m.into)
        .bind(&m.reason)
        .bind(&m.merged_by)
        .bind(m.merged_at.0);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Removes one.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<()> {
    sqlx::query(DELETE).bind(id).execute(tx.conn()).await?;
    Ok(())
}
