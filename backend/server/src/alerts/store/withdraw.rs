//! SQL of alerts whose events go.

use kernel::{
    Result,
    db::{Reader, Tx},
    queries,
};
use serde_json::json;
use sqlx::{Row as _, sqlite::SqliteRow};

queries! {
    EVENTS_AFTER: "SELECT alert, identity, time FROM alert_event WHERE (alert, time, identity) > (?1, ?2, ?3)
        ORDER BY alert, time, identity LIMIT ?4";
    CASES_OF: "SELECT case_id, count(*) AS alerts FROM alert WHERE id IN (SELECT value FROM json_each(?1)) AND case_id IS NOT NULL
        GROUP BY case_id ORDER BY case_id";
    EVENTS_DROP: "DELETE FROM alert_event WHERE alert = ?1 AND identity IN (SELECT unhex(value) FROM json_each(?2))";
    EVENTS_LEFT: "SELECT count(*) AS n, min(time) AS first, max(time) AS last FROM alert_event WHERE alert = ?1";
    COMMENTS_REMOVE: "DELETE FROM alert_comment WHERE alert = ?1";
}

/// An event of an alert.
pub struct Supports {
    /// Row number of the alert.
    pub alert: i64,
    /// The event.
    pub identity: event::Identity,
    /// Its time in ns.
    pub time: i64,
}

fn supports(r: &SqliteRow) -> Result<Supports> {
    let identity: Vec<u8> = r.try_get("identity")?;
    Ok(Supports {
        alert: r.try_get("alert")?,
        identity: identity.try_into().map_err(|_| kernel::Error::internal("an identity of other length"))?,
        time: r.try_get("time")?,
    })
}

/// The next events of all alerts, alert by alert, after one.
pub async fn after(db: &Reader, at: Option<&Supports>, most: i64) -> Result<Vec<Supports>> {
    let (alert, time, id) = at.map_or((i64::MIN, 0, vec![]), |s| (s.alert, s.time, s.identity.to_vec()));
    let rows = sqlx::query(EVENTS_AFTER).bind(alert).bind(time).bind(id).bind(most).fetch_all(db).await?;
    rows.iter().map(supports).collect()
}

fn case(r: &SqliteRow) -> Result<(String, u64)> {
    Ok((r.try_get("case_id")?, r.try_get::<i64, _>("alerts")?.cast_unsigned()))
}

/// The cases that hold alerts of these row numbers, and how many.
pub async fn cases(db: &Reader, rows: &[i64]) -> Result<Vec<(String, u64)>> {
    sqlx::query(CASES_OF).bind(json!(rows).to_string()).fetch_all(db).await?.iter().map(case).collect()
}

/// The same inside a write.
pub async fn cases_in(tx: &mut Tx, rows: &[i64]) -> Result<Vec<(String, u64)>> {
    sqlx::query(CASES_OF).bind(json!(rows).to_string()).fetch_all(tx.conn()).await?.iter().map(case).collect()
}

/// What an alert has left.
pub struct Left {
    /// Events.
    pub events: i64,
    /// Time in ns of the first and the last one.
    pub span: Option<(i64, i64)>,
}

/// Takes events (hexadecimal) from an alert. Answers how many it had of them, and what is left.
pub async fn drop_events(tx: &mut Tx, alert: i64, ids: &[String]) -> Result<(u64, Left)> {
    let query = sqlx::query(EVENTS_DROP).bind(alert).bind(json!(ids).to_string());
    let gone = query.execute(tx.conn()).await?.rows_affected();
    let row = sqlx::query(EVENTS_LEFT).bind(alert).fetch_one(tx.conn()).await?;
    let times: (Option<i64>, Option<i64>) = (row.try_get("first")?, row.try_get("last")?);
    Ok((gone, Left { events: row.try_get("n")?, span: times.0.zip(times.1) }))
}

/// Removes an alert with what was written about it.
pub async fn remove(tx: &mut Tx, alert: i64) -> Result<()> {
    sqlx::query(COMMENTS_REMOVE).bind(alert).execute(tx.conn()).await?;
    super::remove(tx, alert).await
}
