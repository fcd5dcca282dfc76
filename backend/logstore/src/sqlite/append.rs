//! Writing: sources, events, removal.

use super::{
    SqliteStore,
    queries::{
        DELETE_EVENTS, DELETE_SOURCE, DELETE_TALLY, INSERT_MANY, INSERT_ONE, KNOWN, MANY, SOURCE_PUT,
        SOURCE_THERE, TALLY,
    },
};
use crate::{Appended, Deleted, Error, NewSource, Result, Row, SourceId};
use event::{Event, Identity, Nanos};
use sqlx::{
    Connection, SqliteConnection,
    query::Query,
    sqlite::{Sqlite, SqliteArguments},
};
use std::collections::{HashMap, HashSet};

/// Counts to add to the tally, by dataset and severity.
type Counts = HashMap<(String, String), (i64, Nanos, Nanos)>;

impl SqliteStore {
    pub(super) async fn put_source(&self, source: &NewSource, now: Nanos) -> Result<SourceId> {
        let mut conn = self.writer().await?;
        let id = sqlx::query_scalar(SOURCE_PUT)
            .bind(&source.sha256)
            .bind(&source.label)
            .bind(source.size.cast_signed())
            .bind(source.mtime.0)
            .bind(&source.format)
            .bind(source.kept)
            .bind(now.0)
            .fetch_one(&mut *conn)
            .await?;
        Ok(SourceId(id))
    }

    pub(super) async fn append_events(
        &self,
        source: SourceId,
        events: &[Event],
        now: Nanos,
    ) -> Result<Appended> {
        let mut conn = self.writer().await?;
        let mut tx = conn.begin().await?;
        if sqlx::query(SOURCE_THERE).bind(source.0).fetch_optional(&mut *tx).await?.is_none() {
            return Err(Error::NoSource(source.0));
        }
        let mut seen = known(&mut tx, events).await?;
        let mut counts = Counts::new();
        let mut rows = Vec::with_capacity(events.len().min(MANY));
        let mut new = 0;
        for event in events {
            if !seen.insert(event.identity) {
                continue;
            }
            let row = Row::of(event, source, now);
            count(&mut counts, &row);
            rows.push(row);
            new += 1;
            if rows.len() == MANY {
                let all = rows.drain(..).fold(sqlx::query(INSERT_MANY), bind);
                all.execute(&mut *tx).await?;
            }
        }
        for row in rows {
            bind(sqlx::query(INSERT_ONE), row).execute(&mut *tx).await?;
        }
        for ((dataset, severity), (events, first, last)) in counts {
            let tally = sqlx::query(TALLY).bind(source.0).bind(dataset).bind(severity);
            tally.bind(events).bind(first.0).bind(last.0).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(Appended { new, duplicates: events.len() as u64 - new })
    }

    pub(super) async fn delete_source(&self, source: SourceId) -> Result<Deleted> {
        let mut conn = self.writer().await?;
        let mut tx = conn.begin().await?;
        let events = sqlx::query(DELETE_EVENTS).bind(source.0).execute(&mut *tx).await?.rows_affected();
        sqlx::query(DELETE_TALLY).bind(source.0).execute(&mut *tx).await?;
        if sqlx::query(DELETE_SOURCE).bind(source.0).execute(&mut *tx).await?.rows_affected() == 0 {
            return Err(Error::NoSource(source.0));
        }
        tx.commit().await?;
        sqlx::raw_sql("PRAGMA incremental_vacuum").execute(&mut *conn).await?;
        Ok(Deleted { events })
    }
}

/// The identities as the JSON list that `KNOWN` and `GET` take.
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

/// Which of the events are there already. There is one writer, so this stays true until the commit.
async fn known(conn: &mut SqliteConnection, events: &[Event]) -> Result<HashSet<Identity>> {
    let ids = id_list(events.iter().map(|e| &e.identity));
    let there: Vec<Vec<u8>> = sqlx::query_scalar(KNOWN).bind(ids).fetch_all(conn).await?;
    let mut known = HashSet::with_capacity(events.len());
    for id in there {
        known.insert(id.try_into().map_err(|_| Error::Corrupt("an identity is not of 16 bytes".into()))?);
    }
    Ok(known)
}

fn count(counts: &mut Counts, row: &Row) {
    let key = (row.dataset.clone(), row.severity.clone());
    let (events, first, last) = counts.entry(key).or_insert((0, row.time, row.time));
    *events += 1;
    *first = row.time.min(*first);
    *last = row.time.max(*last);
}

/// Binds one row's values in the order of the columns.
fn bind<'q>(query: Query<'q, Sqlite, SqliteArguments>, row: Row) -> Query<'q, Sqlite, SqliteArguments> {
    query
        .bind(row.identity.to_vec())
        .bind(row.time.0)
        .bind(row.source.0)
        .bind(row.place.record.cast_signed())
        .bind(row.place.offset.cast_signed())
        .bind(i64::from(row.place.len))
        .bind(row.ingested_at.0)
        .bind(row.dataset)
        .bind(row.host)
        .bind(row.user)
        .bind(row.severity)
        .bind(row.message)
        .bind(row.fields)
}
