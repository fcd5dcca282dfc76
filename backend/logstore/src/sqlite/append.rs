//! Writing: sources, events, removal.

use super::{
    SqliteStore,
    queries::{
        ALSO, DELETE_ALSO, DELETE_EVENTS, DELETE_SOURCE, DELETE_TALLY, HEIRS, INHERIT, INSERT_MANY,
        INSERT_ONE, KNOWN, MANY, SOURCE_PUT, SOURCE_THERE, TALLY, TALLY_HEIRS,
    },
};
use crate::{Appended, Deleted, Error, NewSource, Result, Row, SourceId};
use event::{Event, Identity, Nanos};
use sqlx::{
    Connection, Row as _, SqliteConnection,
    query::Query,
    sqlite::{Sqlite, SqliteArguments},
};
use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Write as _,
};

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
            .bind(source.head.map(|head| head.to_vec()))
            .bind(serde_json::to_string(&source.grown).unwrap_or_default())
            .fetch_one(&mut *conn)
            .await?;
        self.files.forget();
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
        let (mut new, mut shared) = (0, List::default());
        for event in events {
            match seen.entry(event.identity) {
                Entry::Vacant(slot) => slot.insert(None),
                Entry::Occupied(mut there) => {
                    if let Some((id, first)) = there.get_mut().take()
                        && first != source.0
                    {
                        let (record, offset) = (event.place.record, event.place.offset);
                        shared.push(&[
                            id,
                            record.cast_signed(),
                            offset.cast_signed(),
                            event.place.len.into(),
                        ]);
                    }
                    continue;
                }
            };
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
        if let Some(shared) = shared.text() {
            sqlx::query(ALSO).bind(source.0).bind(shared).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(Appended { new, duplicates: events.len() as u64 - new })
    }

    pub(super) async fn delete_source(&self, source: SourceId) -> Result<Deleted> {
        let mut conn = self.writer().await?;
        let mut tx = conn.begin().await?;
        sqlx::query(DELETE_ALSO).bind(source.0).execute(&mut *tx).await?;
        hand_over(&mut tx, source).await?;
        let events = sqlx::query(DELETE_EVENTS).bind(source.0).execute(&mut *tx).await?.rows_affected();
        sqlx::query(DELETE_TALLY).bind(source.0).execute(&mut *tx).await?;
        if sqlx::query(DELETE_SOURCE).bind(source.0).execute(&mut *tx).await?.rows_affected() == 0 {
            return Err(Error::NoSource(source.0));
        }
        tx.commit().await?;
        self.files.forget();
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

/// Numbers by rows, as a JSON list of lists.
#[derive(Default)]
struct List(String);

impl List {
    fn push(&mut self, numbers: &[i64]) {
        for (i, n) in numbers.iter().enumerate() {
            let before = match (i, self.0.is_empty()) {
                (0, true) => "[[",
                (0, false) => ",[",
                _ => ",",
            };
            // Writing into a String can't fail.
            let _ = write!(self.0, "{before}{n}");
        }
        self.0.push(']');
    }

    fn text(mut self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        self.0.push(']');
        Some(self.0)
    }
}

/// Gives the events that other sources hold too to the oldest of those.
async fn hand_over(conn: &mut SqliteConnection, source: SourceId) -> Result<()> {
    sqlx::query(TALLY_HEIRS).bind(source.0).execute(&mut *conn).await?;
    let mut from = 0_i64;
    loop {
        let rows = sqlx::query(HEIRS).bind(source.0).bind(from).fetch_all(&mut *conn).await?;
        let mut heirs = List::default();
        for r in &rows {
            let heir: [i64; 5] = [r.try_get(0)?, r.try_get(1)?, r.try_get(2)?, r.try_get(3)?, r.try_get(4)?];
            from = from.max(heir[0]);
            heirs.push(&heir);
        }
        let Some(heirs) = heirs.text() else { return Ok(()) };
        sqlx::query(INHERIT).bind(heirs).execute(&mut *conn).await?;
    }
}

/// Row and first source of the events that are there already. There is one writer, so this stays true until the
/// commit.
async fn known(
    conn: &mut SqliteConnection,
    events: &[Event],
) -> Result<HashMap<Identity, Option<(i64, i64)>>> {
    let ids = id_list(events.iter().map(|e| &e.identity));
    let there = sqlx::query(KNOWN).bind(ids).fetch_all(conn).await?;
    let mut known = HashMap::with_capacity(events.len());
    for row in there {
        let id: &[u8] = row.try_get(0)?;
        let id = id.try_into().map_err(|_| Error::Corrupt("an identity is not of 16 bytes".into()))?;
        known.insert(id, Some((row.try_get(1)?, row.try_get(2)?)));
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
