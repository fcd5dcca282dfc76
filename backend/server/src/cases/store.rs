//! All SQL of cases.

use api::cases::Case;
use kernel::{
    Error, Result,
    db::{Reader, Tx},
    queries,
};
use sqlx::{Row as _, sqlite::SqliteRow};

macro_rules! filter {
    () => {
        "(?1 IS NULL OR status IN (SELECT value FROM json_each(?1)))
        AND (?2 IS NULL OR severity IN (SELECT value FROM json_each(?2))) AND (?3 IS NULL OR owner = ?3)
        AND (?4 IS NULL OR title LIKE ?4 ESCAPE '\\' OR case_id LIKE ?4 ESCAPE '\\')"
    };
}
macro_rules! page {
    ($key:literal, $than:literal, $dir:literal) => {
        concat!(
            "SELECT id, version, body FROM cases WHERE ",
            filter!(),
            " AND (?5 IS NULL OR (",
            $key,
            ", id) ",
            $than,
            " (?5, ?6)) ORDER BY ",
            $key,
            " ",
            $dir,
            ", id ",
            $dir,
            " LIMIT ?7"
        )
    };
}

queries! {
    INSERT: "INSERT INTO cases (case_id, title, severity, status, owner, body, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    UPDATE: "UPDATE cases SET title = ?2, severity = ?3, status = ?4, owner = ?5, body = ?6, updated_at = ?7, version = version + 1 WHERE case_id = ?1";
    GET: "SELECT id, version, body FROM cases WHERE case_id = ?1";
    COUNT: concat!("SELECT count(*) FROM (SELECT 1 FROM cases WHERE ", filter!(), " LIMIT ?5)");
    PAGE_CREATED_ASC: page!("created_at", ">", "ASC");
    PAGE_CREATED_DESC: page!("created_at", "<", "DESC");
    PAGE_UPDATED_ASC: page!("updated_at", ">", "ASC");
    PAGE_UPDATED_DESC: page!("updated_at", "<", "DESC");
}

/// Sort words and their queries.
pub const SORTS: &[(&str, &str)] = &[
    ("created_at", PAGE_CREATED_ASC),
    ("-created_at", PAGE_CREATED_DESC),
    ("updated_at", PAGE_UPDATED_ASC),
    ("-updated_at", PAGE_UPDATED_DESC),
];

/// A case with what the wire does not show.
pub struct Stored {
    /// Row number.
    pub id: i64,
    /// Grows with each change; the ETag.
    pub version: i64,
    /// The case.
    pub case: Case,
}

/// Reads a row.
pub fn stored(r: &SqliteRow) -> Result<Stored> {
    let case = serde_json::from_str(r.try_get("body")?).map_err(Error::internal)?;
    Ok(Stored { id: r.try_get("id")?, version: r.try_get("version")?, case })
}

/// One case.
pub async fn get(db: &Reader, id: &str) -> Result<Option<Stored>> {
    sqlx::query(GET).bind(id).fetch_optional(db).await?.as_ref().map(stored).transpose()
}

/// One case inside a write.
pub async fn get_in(tx: &mut Tx, id: &str) -> Result<Option<Stored>> {
    sqlx::query(GET).bind(id).fetch_optional(tx.conn()).await?.as_ref().map(stored).transpose()
}

/// Adds a case.
pub async fn insert(tx: &mut Tx, c: &Case) -> Result<()> {
    let query = sqlx::query(INSERT)
        .bind(&c.case_id)
        .bind(&c.title)
        .bind(c.severity as i64)
        .bind(c.status.as_str())
        .bind(&c.owner)
        .bind(serde_json::to_string(c).map_err(Error::internal)?)
        .bind(c.created_at.0)
        .bind(c.updated_at.0);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Writes a changed case.
pub async fn update(tx: &mut Tx, c: &Case) -> Result<()> {
    let query = sqlx::query(UPDATE)
        .bind(&c.case_id)
        .bind(&c.title)
        .bind(c.severity as i64)
        .bind(c.status.as_str())
        .bind(&c.owner)
        .bind(serde_json::to_string(c).map_err(Error::internal)?)
        .bind(c.updated_at.0);
    query.execute(tx.conn()).await?;
    Ok(())
}
