//! Removing a source, step by step.

use super::{
    SqliteStore,
    append::{List, grew},
    queries::{
        BORROWED_DELETE, BORROWED_SOME, DELETE_CLEARED, DELETE_DAYS, DELETE_EVENTS, DELETE_SERIES,
        DELETE_SOURCE, DELETE_TALLY, EVENTS_SOME, GOING, HEIRS, INHERIT, INHERITED, LAST_OTHER, SOURCE_THERE,
        TALLY, TALLY_EMPTY, TALLY_LESS,
    },
};
use crate::{Deleted, Error, Result, SourceId};
use sqlx::{Connection, Row as _, SqliteConnection};

impl SqliteStore {
    pub(super) async fn delete_some(&self, source: SourceId, most: u32) -> Result<Deleted> {
        let mut conn = self.writer().await?;
        let mut tx = conn.begin().await?;
        if sqlx::query(SOURCE_THERE).bind(source.0).fetch_optional(&mut *tx).await?.is_none() {
            return Err(Error::NoSource(source.0));
        }
        // A step of nothing would never end.
        let most = u64::from(most.max(1));
        let mut step = Deleted { kept: give_back(&mut tx, source, most).await?, ..Deleted::default() };
        if step.kept < most {
            let (events, kept) = take_away(&mut tx, source, most - step.kept).await?;
            step.done = step.kept + events + kept < most;
            (step.events, step.kept) = (events, step.kept + kept);
        }
        if step.done {
            for sql in [DELETE_SERIES, DELETE_DAYS, DELETE_CLEARED, DELETE_TALLY, DELETE_SOURCE] {
                sqlx::query(sql).bind(source.0).execute(&mut *tx).await?;
            }
        }
        tx.commit().await?;
        self.files.forget();
        // Pages that are free now go back to the disk, a bounded number a step.
        sqlx::raw_sql("PRAGMA incremental_vacuum(4096)").execute(&mut *conn).await?;
        Ok(step)
    }
}

/// Row numbers as a JSON list.
fn list(ids: &[i64]) -> String {
    serde_json::to_string(ids).unwrap_or_else(|_| "[]".into())
}

/// Events that an earlier source counts are that source's alone again. Answers how many.
async fn give_back(conn: &mut SqliteConnection, source: SourceId, most: u64) -> Result<u64> {
    let some = sqlx::query_scalar(BORROWED_SOME).bind(source.0).bind(most.cast_signed());
    let ids: Vec<i64> = some.fetch_all(&mut *conn).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let list = list(&ids);
    for row in sqlx::query(LAST_OTHER).bind(&list).fetch_all(&mut *conn).await? {
        grew(conn, row.try_get(0)?, 0, -row.try_get::<i64, _>(1)?).await?;
    }
    sqlx::query(BORROWED_DELETE).bind(source.0).bind(&list).execute(&mut *conn).await?;
    let n = ids.len() as u64;
    grew(conn, source.0, -n.cast_signed(), 0).await?;
    Ok(n)
}

/// The next events that the source counts: gone, or handed over to the oldest source that holds them too. Answers how
/// many of each.
async fn take_away(conn: &mut SqliteConnection, source: SourceId, most: u64) -> Result<(u64, u64)> {
    let some = sqlx::query_scalar(EVENTS_SOME).bind(source.0).bind(most.cast_signed());
    let ids: Vec<i64> = some.fetch_all(&mut *conn).await?;
    if ids.is_empty() {
        return Ok((0, 0));
    }
    let ids = list(&ids);
    let kept = hand_over(conn, source, &ids).await?;
    for r in sqlx::query(GOING).bind(&ids).bind(source.0).fetch_all(&mut *conn).await? {
        less(conn, source, r.try_get(0)?, r.try_get(1)?, r.try_get(2)?).await?;
    }
    let gone =
        sqlx::query(DELETE_EVENTS).bind(&ids).bind(source.0).execute(&mut *conn).await?.rows_affected();
    sqlx::query(TALLY_EMPTY).bind(source.0).execute(&mut *conn).await?;
    Ok((gone, kept))
}

async fn hand_over(conn: &mut SqliteConnection, source: SourceId, ids: &str) -> Result<u64> {
    let rows = sqlx::query(HEIRS).bind(ids).fetch_all(&mut *conn).await?;
    let mut heirs = List::default();
    for r in &rows {
        heirs.push(&[r.try_get(0)?, r.try_get(1)?, r.try_get(2)?, r.try_get(3)?, r.try_get(4)?]);
    }
    let Some(heirs) = heirs.text() else { return Ok(0) };
    for r in sqlx::query(INHERITED).bind(&heirs).fetch_all(&mut *conn).await? {
        let (heir, dataset, severity): (i64, String, String) = (r.try_get(0)?, r.try_get(1)?, r.try_get(2)?);
        let (n, first, last): (i64, i64, i64) = (r.try_get(3)?, r.try_get(4)?, r.try_get(5)?);
        let still_shared = r.try_get::<f64, _>(6)? as i64;
        let more = sqlx::query(TALLY).bind(heir).bind(&dataset).bind(&severity);
        more.bind(n).bind(first).bind(last).execute(&mut *conn).await?;
        less(conn, source, &dataset, &severity, n).await?;
        grew(conn, heir, -n, still_shared).await?;
        grew(conn, source.0, 0, -n).await?;
    }
    sqlx::query(INHERIT).bind(heirs).execute(&mut *conn).await?;
    Ok(rows.len() as u64)
}

async fn less(
    conn: &mut SqliteConnection,
    source: SourceId,
    dataset: &str,
    severity: &str,
    n: i64,
) -> Result<()> {
    let query = sqlx::query(TALLY_LESS).bind(source.0).bind(dataset.to_owned()).bind(severity.to_owned());
    query.bind(n).execute(conn).await?;
    Ok(())
}
