//! Runs over stored events. What a run found stands in its job; here is which rules it was for.

use kernel::{
    Result,
    db::{Reader, Tx},
    queries,
};
use sqlx::{Row as _, sqlite::SqliteRow};

queries! {
    INSERT: "INSERT INTO rule_run (run_id, rule_id, pack, same, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    PAGE: "SELECT * FROM rule_run WHERE (created_at, run_id) < (?1, ?2) ORDER BY created_at DESC, run_id DESC LIMIT ?3";
    PAGE_OF_RULE: "SELECT * FROM rule_run WHERE rule_id = ?1 AND (created_at, run_id) < (?2, ?3)
        ORDER BY created_at DESC, run_id DESC LIMIT ?4";
    COUNT: "SELECT count(*) FROM rule_run";
    COUNT_OF_RULE: "SELECT count(*) FROM rule_run WHERE rule_id = ?1";
    BEFORE: "SELECT run_id FROM rule_run WHERE same = (SELECT same FROM rule_run WHERE run_id = ?1)
        AND created_at < (SELECT created_at FROM rule_run WHERE run_id = ?1) ORDER BY created_at DESC LIMIT 20";
}

/// Which rules a run is for.
#[derive(Clone, Debug)]
pub struct Run {
    pub run_id: String,
    pub rule_id: Option<String>,
    pub pack: Option<String>,
    pub created_at: i64,
}

fn run(r: &SqliteRow) -> Result<Run> {
    Ok(Run {
        run_id: r.try_get("run_id")?,
        rule_id: r.try_get("rule_id")?,
        pack: r.try_get("pack")?,
        created_at: r.try_get("created_at")?,
    })
}

/// Adds one; `same` is equal for runs whose results can be compared.
pub async fn insert(tx: &mut Tx, r: &Run, same: &str) -> Result<()> {
    let query =
        sqlx::query(INSERT).bind(&r.run_id).bind(&r.rule_id).bind(&r.pack).bind(same).bind(r.created_at);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Newest first, of one rule or all.
pub async fn page(db: &Reader, rule: Option<&str>, after: (i64, &str), limit: i64) -> Result<Vec<Run>> {
    let query = match rule {
        Some(rule) => sqlx::query(PAGE_OF_RULE).bind(rule),
        None => sqlx::query(PAGE),
    };
    let rows = query.bind(after.0).bind(after.1).bind(limit).fetch_all(db).await?;
    rows.iter().map(run).collect()
}

/// How many there are.
pub async fn total(db: &Reader, rule: Option<&str>) -> Result<i64> {
    Ok(match rule {
        Some(rule) => sqlx::query_scalar(COUNT_OF_RULE).bind(rule).fetch_one(db).await?,
        None => sqlx::query_scalar(COUNT).fetch_one(db).await?,
    })
}

/// Earlier runs with the same rules and range, newest first.
pub async fn before(db: &Reader, run_id: &str) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(BEFORE).bind(run_id).fetch_all(db).await?)
}
