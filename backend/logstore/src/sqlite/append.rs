//! Writing: sources and events.

use super::{
    SqliteStore,
    queries::{ALSO, APPENDED, GREW, INSERT_MANY, INSERT_ONE, KNOWN, MANY, SOURCE_PUT, SOURCE_THERE, TALLY},
    read::identity,
};
use crate::{Appended, Error, NewSource, Result, Row, SourceId, traces::Batch};
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
        let mut seen = known(&mut tx, events, source).await?;
        let mut counts = Counts::new();
        let mut rows = Vec::with_capacity(events.len().min(MANY));
        let (mut new, mut borrowed, mut shared) = (0, 0_i64, List::default());
        // By source the events that became shared by this.
        let mut owners = HashMap::<i64, i64>::new();
        let mut traces = Batch::default();
        for event in events {
            match seen.entry(event.identity) {
                Entry::Vacant(slot) => slot.insert(None),
                Entry::Occupied(mut there) => {
                    if let Some(there) = there.get_mut().take()
                        && there.first != source.0
                        && !there.mine
                    {
                        let (record, offset) = (event.place.record, event.place.offset);
                        shared.push(&[
                            there.row,
                            record.cast_signed(),
                            offset.cast_signed(),
                            event.place.len.into(),
                        ]);
                        borrowed += 1;
                        *owners.entry(there.first).or_default() += i64::from(!there.shared);
                        traces.note(event, event::columns::host(event).as_deref());
                    }
                    continue;
                }
            };
            let row = Row::of(event, source, now);
            count(&mut counts, &row);
            traces.note(event, row.host.as_deref());
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
        super::traces::keep(&mut tx, source, traces).await?;
        for (owner, n) in owners {
            grew(&mut tx, owner, 0, n).await?;
        }
        let times = events.iter().map(|e| e.time.0);
        if let (Some(first), Some(last)) = (times.clone().min(), times.max()) {
            let query =
                sqlx::query(APPENDED).bind(source.0).bind(now.0).bind(borrowed).bind(first).bind(last);
            query.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        self.pace.note(source, now, new);
        Ok(Appended { new, duplicates: events.len() as u64 - new })
    }
}

/// Adds to a source's counts of events that others hold too.
pub(super) async fn grew(conn: &mut SqliteConnection, source: i64, borrowed: i64, shared: i64) -> Result<()> {
    sqlx::query(GREW).bind(source).bind(borrowed).bind(shared).execute(conn).await?;
    Ok(())
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
pub(super) struct List(String);

impl List {
    pub(super) fn push(&mut self, numbers: &[i64]) {
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

    pub(super) fn text(mut self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        self.0.push(']');
        Some(self.0)
    }
}

/// An event that is there already.
struct There {
    row: i64,
    /// Its first source.
    first: i64,
    /// Others hold it too.
    shared: bool,
    /// The source that is appended to is one of those.
    mine: bool,
}

/// Which of the events are there already. There is one writer, so this stays true until the commit.
async fn known(
    conn: &mut SqliteConnection,
    events: &[Event],
    source: SourceId,
) -> Result<HashMap<Identity, Option<There>>> {
    let ids = id_list(events.iter().map(|e| &e.identity));
    let rows = sqlx::query(KNOWN).bind(ids).bind(source.0).fetch_all(conn).await?;
    let mut known = HashMap::with_capacity(events.len());
    for r in rows {
        let there =
            There { row: r.try_get(1)?, first: r.try_get(2)?, shared: r.try_get(3)?, mine: r.try_get(4)? };
        known.insert(identity(r.try_get(0)?)?, Some(there));
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
