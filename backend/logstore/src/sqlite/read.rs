//! Short reads: by identity, sources, totals.

use super::{
    SqliteStore,
    queries::{
        BYTES, EARLIER, FILES, SOURCE_BY, SOURCE_COUNT, SOURCES, TOTALS_BY_DATASET, TOTALS_BY_SEVERITY,
    },
};
use crate::{DatasetCount, Error, Lately, NewSource, Result, Search, SeverityCount, Source, SourceId, Stats};
use event::{Identity, Nanos};
use sqlx::{Row as _, sqlite::SqliteRow};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// Files of sources that were asked for, until any source changes.
#[derive(Debug, Default)]
pub(super) struct Files {
    known: RwLock<HashMap<SourceId, Arc<NewSource>>>,
    changes: AtomicU64,
}

impl Files {
    /// After a source was made, met again or removed.
    pub(super) fn forget(&self) {
        let mut known = self.known.write().unwrap_or_else(|p| p.into_inner());
        self.changes.fetch_add(1, Ordering::SeqCst);
        known.clear();
    }
}

/// New events of the last seconds, by source.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<i64, VecDeque<(i64, u64)>>>);

impl Pace {
    /// Nanoseconds that a rate is taken over.
    const WINDOW: i64 = 10_000_000_000;

    /// After an append.
    pub(super) fn note(&self, source: SourceId, now: Nanos, new: u64) {
        let mut all = self.0.lock().unwrap_or_else(|p| p.into_inner());
        all.retain(|_, of| of.back().is_some_and(|last| now.0 - last.0 < Self::WINDOW));
        let of = all.entry(source.0).or_default();
        while of.front().is_some_and(|first| now.0 - first.0 >= Self::WINDOW) {
            of.pop_front();
        }
        of.push_back((now.0, new));
    }

    fn of(&self, source: i64) -> Lately {
        let all = self.0.lock().unwrap_or_else(|p| p.into_inner());
        let of = all.get(&source);
        let since = of.and_then(VecDeque::front).map_or(0, |first| first.0);
        Lately { since: Nanos(since), events: of.map_or(0, |of| of.iter().map(|(_, n)| n).sum()) }
    }
}

impl SqliteStore {
    pub(super) async fn files_of(&self, ids: &[SourceId]) -> Result<HashMap<SourceId, Arc<NewSource>>> {
        let changes = self.files.changes.load(Ordering::SeqCst);
        let mut found = HashMap::new();
        let mut missing = Vec::new();
        {
            let known = self.files.known.read().unwrap_or_else(|p| p.into_inner());
            for id in ids {
                match known.get(id) {
                    Some(file) => drop(found.insert(*id, file.clone())),
                    None => missing.push(id.0.to_string()),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let mut conn = self.reader(None).await?;
        let rows = sqlx::query(FILES).bind(format!("[{}]", missing.join(","))).fetch_all(&mut *conn).await?;
        for row in &rows {
            found.insert(SourceId(row.try_get("id")?), Arc::new(file(row)?));
        }
        let mut known = self.files.known.write().unwrap_or_else(|p| p.into_inner());
        // What a change overtook is not kept.
        if self.files.changes.load(Ordering::SeqCst) == changes {
            known.extend(found.iter().map(|(id, file)| (*id, file.clone())));
        }
        Ok(found)
    }

    pub(super) async fn earlier_than(&self, heads: &[Identity], size: u64) -> Result<Vec<Arc<NewSource>>> {
        let mut conn = self.reader(None).await?;
        let query = sqlx::query(EARLIER).bind(id_list(heads.iter())).bind(size.cast_signed());
        let rows = query.fetch_all(&mut *conn).await?;
        rows.iter().map(|row| Ok(Arc::new(file(row)?))).collect()
    }

    pub(super) async fn list_sources(&self) -> Result<Vec<Source>> {
        let mut conn = self.reader(None).await?;
        let rows = sqlx::query(SOURCES).fetch_all(&mut *conn).await?;
        rows.iter().map(|r| self.source_of(r)).collect()
    }

    pub(super) async fn find_source(&self, sha256: &str) -> Result<Option<Source>> {
        let mut conn = self.reader(None).await?;
        let row = sqlx::query(SOURCE_BY).bind(sha256).fetch_optional(&mut *conn).await?;
        row.as_ref().map(|r| self.source_of(r)).transpose()
    }

    fn source_of(&self, row: &SqliteRow) -> Result<Source> {
        let times: (Option<i64>, Option<i64>) = (row.try_get("first_time")?, row.try_get("last_time")?);
        let id: i64 = row.try_get("id")?;
        let count = |name: &str| Ok::<_, Error>(row.try_get::<i64, _>(name)?.cast_unsigned());
        let datasets: Vec<(String, u64)> = serde_json::from_str(row.try_get("datasets")?)
            .map_err(|_| Error::Corrupt("the datasets of a source are no list".into()))?;
        Ok(Source {
            id: SourceId(id),
            file: file(row)?,
            first_seen: Nanos(row.try_get("first_seen")?),
            last_seen: Nanos(row.try_get("last_seen")?),
            events: row.try_get::<f64, _>("events")? as u64,
            borrowed: count("borrowed")?,
            shared: count("shared")?,
            time: times.0.zip(times.1).map(|(a, b)| (Nanos(a), Nanos(b))),
            datasets: datasets
                .into_iter()
                .map(|(dataset, events)| DatasetCount { dataset, events })
                .collect(),
            appended_at: row.try_get::<Option<i64>, _>("appended_at")?.map(Nanos),
            lately: self.pace.of(id),
        })
    }

    pub(super) async fn totals(&self) -> Result<Stats> {
        let mut conn = self.reader(None).await?;
        let mut stats = Stats::default();
        for row in sqlx::query(TOTALS_BY_DATASET).fetch_all(&mut *conn).await? {
            let events = row.try_get::<i64, _>(1)?.cast_unsigned();
            stats.events += events;
            stats.datasets.push(DatasetCount { dataset: row.try_get(0)?, events });
        }
        for row in sqlx::query(TOTALS_BY_SEVERITY).fetch_all(&mut *conn).await? {
            let events = row.try_get::<i64, _>(1)?.cast_unsigned();
            stats.severities.push(SeverityCount { severity: row.try_get(0)?, events });
        }
        stats.sources =
            sqlx::query_scalar::<_, i64>(SOURCE_COUNT).fetch_one(&mut *conn).await?.cast_unsigned();
        stats.bytes = sqlx::query_scalar::<_, i64>(BYTES).fetch_one(&mut *conn).await?.cast_unsigned();
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        stats.bytes += std::fs::metadata(log).map_or(0, |m| m.len());
        drop(conn);
        // Of what is there, not of what the tally says: a removal can't leave it stale.
        let end = |ascending| Search { limit: 1, ascending, ..Search::default() };
        let first = self.search_page(&end(true)).await?.rows.pop();
        let last = self.search_page(&end(false)).await?.rows.pop();
        stats.time = first.zip(last).map(|(a, b)| (a.time, b.time));
        Ok(stats)
    }
}

fn file(row: &SqliteRow) -> Result<NewSource> {
    Ok(NewSource {
        sha256: row.try_get("sha256")?,
        label: row.try_get("label")?,
        size: row.try_get::<i64, _>("size")?.cast_unsigned(),
        mtime: Nanos(row.try_get("mtime")?),
        format: row.try_get("format")?,
        kept: row.try_get("kept")?,
        head: row.try_get::<Option<&[u8]>, _>("head")?.and_then(|head| head.try_into().ok()),
        grown: serde_json::from_str(row.try_get("grown")?).unwrap_or_default(),
    })
}

pub(super) fn identity(bytes: &[u8]) -> Result<Identity> {
    bytes.try_into().map_err(|_| Error::Corrupt("an identity is not of 16 bytes".into()))
}

/// The identities as the JSON list that statements take, in hexadecimal digits.
pub(super) fn id_list<'a>(ids: impl Iterator<Item = &'a Identity>) -> String {
    let mut list = String::from("[");
    for id in ids {
        if list.len() > 1 {
            list.push(',');
        }
        list.push('"');
        list.push_str(&event::hex(id));
        list.push('"');
    }
    list.push(']');
    list
}
