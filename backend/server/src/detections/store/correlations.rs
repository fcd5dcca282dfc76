//! Contributions to correlation rules, and what fired.

use detect::correlate::{Contribution, Reference};
use event::Nanos;
use kernel::{
    Error, Result,
    db::{Reader, Tx},
    queries,
};
use serde_json::json;
use sqlx::{Row as _, sqlite::SqliteRow};

queries! {
    KEEP: "INSERT INTO contribution (correlation, time, event, rule, form, vals)
        SELECT value ->> 0, value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1) WHERE true
        ON CONFLICT (correlation, time, event, rule) DO UPDATE SET form = excluded.form, vals = excluded.vals
        WHERE form <> excluded.form";
    DUE_ADD: "INSERT INTO correlation_due (correlation, first, last, times)
        SELECT value ->> 0, min(value ->> 1), max(value ->> 1), 1 FROM json_each(?1) WHERE true GROUP BY value ->> 0
        ON CONFLICT (correlation) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last), times = times + 1";
    DUE: "SELECT correlation, first, last, times FROM correlation_due";
    DUE_DONE: "DELETE FROM correlation_due WHERE correlation = ?1 AND times = ?2";
    EARLIER: "SELECT min(time) FROM contribution WHERE correlation IN (SELECT value FROM json_each(?1)) AND time >= ?2 AND time < ?3";
    LATER: "SELECT max(time) FROM contribution WHERE correlation IN (SELECT value FROM json_each(?1)) AND time > ?2 AND time <= ?3";
    BETWEEN: "SELECT * FROM contribution WHERE correlation IN (SELECT value FROM json_each(?1)) AND time BETWEEN ?2 AND ?3 LIMIT ?4";
    FIRINGS: "SELECT grp, first, last, count, alert FROM firing WHERE correlation = ?1 AND last >= ?2 AND first <= ?3 ORDER BY alert";
    FIRING_PUT: "INSERT INTO firing (correlation, grp, first, last, count, alert) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    FIRING_DROP: "DELETE FROM firing WHERE correlation = ?1 AND grp = ?2 AND first = ?3";
    FIRING_OF: "DELETE FROM firing WHERE alert = ?1";
    AFTER: "SELECT correlation, time, event, rule FROM contribution WHERE (correlation, time, event, rule) > (?1, ?2, ?3, ?4)
        ORDER BY correlation, time, event, rule LIMIT ?5";
    TAKE_BACK: "DELETE FROM contribution WHERE (correlation, time, event, rule) IN
        (SELECT value ->> 0, value ->> 1, unhex(value ->> 2), value ->> 3 FROM json_each(?1))";
    FORGET: "DELETE FROM contribution WHERE correlation = ?1";
}

/// A correlation that got contributions, and between which times.
#[derive(Clone, Debug)]
pub struct Due {
    pub correlation: String,
    pub first: i64,
    pub last: i64,
    /// How often it got some since it was evaluated.
    pub times: i64,
}

/// A firing that is an alert.
#[derive(Clone, Debug)]
pub struct Firing {
    pub group: String,
    pub first: i64,
    pub last: i64,
    pub count: i64,
    /// Row number of the alert.
    pub alert: i64,
}

/// Contributions that one statement takes.
const MANY: usize = 1_000;

/// Keeps contributions; one that is there already changes nothing.
pub async fn keep(tx: &mut Tx, list: &[Contribution]) -> Result<()> {
    for some in list.chunks(MANY) {
        let row = |c: &Contribution| {
            let values = serde_json::to_string(&c.values).unwrap_or_else(|_| "[]".into());
            let event = event::hex(&c.reference.into());
            json!([&*c.correlation, c.time.0, event, &*c.rule, format!("{:016x}", c.version), values])
        };
        let rows = json!(some.iter().map(row).collect::<Vec<_>>()).to_string();
        sqlx::query(KEEP).bind(&rows).execute(tx.conn()).await?;
        sqlx::query(DUE_ADD).bind(&rows).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Correlations that are to be evaluated.
pub async fn due(db: &Reader) -> Result<Vec<Due>> {
    let rows = sqlx::query(DUE).fetch_all(db).await?;
    let one = |r: &SqliteRow| {
        Ok(Due {
            correlation: r.try_get("correlation")?,
            first: r.try_get("first")?,
            last: r.try_get("last")?,
            times: r.try_get("times")?,
        })
    };
    rows.iter().map(one).collect()
}

/// What was due is evaluated. A correlation that got contributions meanwhile stays due.
pub async fn done(tx: &mut Tx, due: &[Due]) -> Result<()> {
    for d in due {
        sqlx::query(DUE_DONE).bind(&d.correlation).bind(d.times).execute(tx.conn()).await?;
    }
    Ok(())
}

/// Time of the first contribution in `[from, until)`.
pub async fn earlier(db: &Reader, ids: &str, from: i64, until: i64) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar(EARLIER).bind(ids).bind(from).bind(until).fetch_one(db).await?)
}

/// Time of the last contribution in `(from, until]`.
pub async fn later(db: &Reader, ids: &str, from: i64, until: i64) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar(LATER).bind(ids).bind(from).bind(until).fetch_one(db).await?)
}

/// Contributions of some correlations (a JSON array of ids) between two times.
pub async fn between(
    db: &Reader,
    ids: &str,
    (first, last): (i64, i64),
    most: i64,
) -> Result<Vec<Contribution>> {
    let one = |r: &SqliteRow| {
        let event: Vec<u8> = r.try_get("event")?;
        let event: [u8; 16] =
            event.try_into().map_err(|_| Error::internal("an event identity of other length"))?;
        let (correlation, rule): (String, String) = (r.try_get("correlation")?, r.try_get("rule")?);
        Ok(Contribution {
            time: Nanos(r.try_get("time")?),
            reference: Reference::from(event),
            correlation: correlation.into(),
            rule: rule.into(),
            version: u64::from_str_radix(r.try_get("form")?, 16).unwrap_or_default(),
            values: super::json(r, "vals")?,
        })
    };
    let rows = sqlx::query(BETWEEN).bind(ids).bind(first).bind(last).bind(most).fetch_all(db).await?;
    rows.iter().map(one).collect()
}

/// Firings of a correlation that reach into a span, the oldest alert first.
pub async fn firings(tx: &mut Tx, correlation: &str, (first, last): (i64, i64)) -> Result<Vec<Firing>> {
    let one = |r: &SqliteRow| {
        Ok(Firing {
            group: r.try_get("grp")?,
            first: r.try_get("first")?,
            last: r.try_get("last")?,
            count: r.try_get("count")?,
            alert: r.try_get("alert")?,
        })
    };
    let rows = sqlx::query(FIRINGS).bind(correlation).bind(first).bind(last).fetch_all(tx.conn()).await?;
    rows.iter().map(one).collect()
}

/// Adds a firing.
pub async fn put(tx: &mut Tx, correlation: &str, f: &Firing) -> Result<()> {
    let query = sqlx::query(FIRING_PUT)
        .bind(correlation)
        .bind(&f.group)
        .bind(f.first)
        .bind(f.last)
        .bind(f.count)
        .bind(f.alert);
    query.execute(tx.conn()).await?;
    Ok(())
}

/// Removes a firing.
pub async fn drop(tx: &mut Tx, correlation: &str, f: &Firing) -> Result<()> {
    sqlx::query(FIRING_DROP).bind(correlation).bind(&f.group).bind(f.first).execute(tx.conn()).await?;
    Ok(())
}

/// Removes the contributions to a rule that is gone.
pub async fn forget(tx: &mut Tx, correlation: &str) -> Result<()> {
    sqlx::query(FORGET).bind(correlation).execute(tx.conn()).await?;
    Ok(())
}

/// Where a contribution stands.
#[derive(Clone, Debug, Default)]
pub struct Key {
    pub correlation: String,
    pub time: i64,
    pub event: Vec<u8>,
    pub rule: String,
}

/// The next contributions after one.
pub async fn after(db: &Reader, at: &Key, most: i64) -> Result<Vec<Key>> {
    let query = sqlx::query(AFTER).bind(&at.correlation).bind(at.time).bind(&at.event).bind(&at.rule);
    let one = |r: &SqliteRow| {
        Ok(Key {
            correlation: r.try_get("correlation")?,
            time: r.try_get("time")?,
            event: r.try_get("event")?,
            rule: r.try_get("rule")?,
        })
    };
    query.bind(most).fetch_all(db).await?.iter().map(one).collect()
}

/// Removes contributions.
pub async fn take_back(tx: &mut Tx, keys: &[Key]) -> Result<()> {
    let row = |k: &Key| json!([k.correlation, k.time, kernel::world::hex(&k.event), k.rule]);
    let rows = json!(keys.iter().map(row).collect::<Vec<_>>()).to_string();
    sqlx::query(TAKE_BACK).bind(rows).execute(tx.conn()).await?;
    Ok(())
}

/// An alert is no firing's any more.
pub async fn unfire(tx: &mut Tx, alert: i64) -> Result<()> {
    sqlx::query(FIRING_OF).bind(alert).execute(tx.conn()).await?;
    Ok(())
}
