//! Traces in their tables: one read and one write a batch, however many hosts it has.

use super::{
    SqliteStore,
    queries::{
        CLEARED_ALL, CLEARED_PUT, DAYS_ALL, DAYS_OF, DAYS_PUT, HOSTS, SERIES_ALL, SERIES_OF, SERIES_PUT,
    },
    read::identity,
};
use crate::{Cleared, Day, Error, Result, Run, Series, SourceId, Traces, traces::Batch};
use event::{Nanos, hex};
use serde_json::{Value, json};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use std::collections::HashMap;

/// Adds what a batch left to what its source left before.
pub(super) async fn keep(conn: &mut SqliteConnection, source: SourceId, mut batch: Batch) -> Result<()> {
    let days: Vec<_> = batch.days().map(|(host, day, hours)| (host.to_owned(), day, *hours)).collect();
    if !days.is_empty() {
        let keys = json!(days.iter().map(|(h, d, _)| (h, d)).collect::<Vec<_>>()).to_string();
        let rows = sqlx::query(DAYS_OF).bind(source.0).bind(keys).fetch_all(&mut *conn).await?;
        let mut there = HashMap::with_capacity(rows.len());
        for r in &rows {
            there.insert((r.try_get::<String, _>(0)?, r.try_get::<i64, _>(1)?), hours(r.try_get(2)?)?);
        }
        let mut all = Vec::with_capacity(days.len());
        for (host, day, mut hours) in days {
            let key = (host, day);
            if let Some(old) = there.get(&key) {
                hours.iter_mut().zip(old).for_each(|(n, old)| *n += old);
            }
            all.push(json!([key.0, day, json!(hours).to_string()]));
        }
        write(conn, DAYS_PUT, source, all).await?;
    }
    let numbers = batch.numbers();
    if !numbers.is_empty() {
        let keys = json!(numbers.iter().map(|(h, c, _)| (h, c)).collect::<Vec<_>>()).to_string();
        let rows = sqlx::query(SERIES_OF).bind(source.0).bind(keys).fetch_all(&mut *conn).await?;
        let mut there = HashMap::with_capacity(rows.len());
        for r in &rows {
            let s = series(r, 0)?;
            there.insert((s.host.clone(), s.channel.clone()), s);
        }
        let mut all = Vec::with_capacity(numbers.len());
        for (host, channel, numbers) in numbers {
            let old = there.remove(&(host.clone(), channel.clone()));
            let mut s = old.unwrap_or_else(|| Series::new(host, channel));
            s.grow(numbers);
            let run = |r: &Run| json!([r.first, r.last, r.from.0, r.to.0]);
            let runs = s.runs.map(|all| Value::from(all.iter().map(run).collect::<Vec<_>>()).to_string());
            all.push(json!([s.host, s.channel, s.held, s.first, s.last, runs]));
        }
        write(conn, SERIES_PUT, source, all).await?;
    }
    let one = |c: &Cleared| json!([hex(&c.event), c.host, c.channel, c.time.0, c.by]);
    let cleared: Vec<_> = batch.cleared.iter().map(one).collect();
    if !cleared.is_empty() {
        write(conn, CLEARED_PUT, source, cleared).await?;
    }
    Ok(())
}

async fn write(
    conn: &mut SqliteConnection,
    sql: &'static str,
    source: SourceId,
    rows: Vec<Value>,
) -> Result<()> {
    sqlx::query(sql).bind(source.0).bind(Value::from(rows).to_string()).execute(conn).await?;
    Ok(())
}

/// Hosts that are looked for, those of each source by themselves.
const MOST_HOSTS: i64 = 50_000;

impl SqliteStore {
    pub(super) async fn list_hosts(&self) -> Result<Vec<String>> {
        let mut conn = self.reader(None).await?;
        Ok(sqlx::query_scalar(HOSTS).bind(MOST_HOSTS).fetch_all(&mut *conn).await?)
    }

    pub(super) async fn traces_of(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Traces>> {
        let ids = json!(ids.iter().map(|id| id.0).collect::<Vec<_>>()).to_string();
        let mut conn = self.reader(None).await?;
        let mut all: HashMap<SourceId, Traces> = HashMap::new();
        for r in sqlx::query(SERIES_ALL).bind(&ids).fetch_all(&mut *conn).await? {
            all.entry(SourceId(r.try_get(0)?)).or_default().series.push(series(&r, 1)?);
        }
        for r in sqlx::query(DAYS_ALL).bind(&ids).fetch_all(&mut *conn).await? {
            let day = Day { host: r.try_get(1)?, day: r.try_get(2)?, hours: hours(r.try_get(3)?)? };
            all.entry(SourceId(r.try_get(0)?)).or_default().days.push(day);
        }
        for r in sqlx::query(CLEARED_ALL).bind(&ids).fetch_all(&mut *conn).await? {
            let cleared = Cleared {
                event: identity(r.try_get(1)?)?,
                host: r.try_get(2)?,
                channel: r.try_get(3)?,
                time: Nanos(r.try_get(4)?),
                by: r.try_get(5)?,
            };
            all.entry(SourceId(r.try_get(0)?)).or_default().cleared.push(cleared);
        }
        Ok(all)
    }
}

fn hours(text: &str) -> Result<[u64; 24]> {
    serde_json::from_str(text).map_err(|_| Error::Corrupt("the hours of a day are no list".into()))
}

/// A series from column `at` on.
fn series(r: &SqliteRow, at: usize) -> Result<Series> {
    let runs = match r.try_get::<Option<&str>, _>(at + 5)? {
        None => None,
        Some(text) => {
            let all: Vec<(u64, u64, i64, i64)> = serde_json::from_str(text)
                .map_err(|_| Error::Corrupt("the record numbers of a source are no list".into()))?;
            let run = |(first, last, from, to)| Run { first, last, from: Nanos(from), to: Nanos(to) };
            Some(all.into_iter().map(run).collect())
        }
    };
    let number = |n: usize| Ok::<_, Error>(r.try_get::<i64, _>(at + n)?.cast_unsigned());
    Ok(Series {
        host: r.try_get(at)?,
        channel: r.try_get(at + 1)?,
        held: number(2)?,
        first: number(3)?,
        last: number(4)?,
        runs,
    })
}
