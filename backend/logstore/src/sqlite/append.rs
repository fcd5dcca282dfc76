//! Writing: sources and events.

use super::{
    SqliteStore,
    found::{also_of, segments},
    queries::{ALSO, APPENDED, GREW, SOURCE_PUT, SOURCE_THERE, SPAN_SOME, TALLY},
    tail::{Made, Tail},
};
use crate::{
    Appended, Error, NewSource, Result, SourceId,
    keys::{Contents, Key, log_of},
    traces::Batch,
};
use event::{Event, Identity, Nanos, columns, hex};
use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use std::collections::{HashMap, HashSet, hash_map::Entry};

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
        let contents = self.files_of(&[source]).await?.get(&source).map(|file| Contents::of(file));
        let mut conn = self.writer().await?;
        let mut tail = self.take_tail(&mut conn).await?;
        let mut tx = conn.begin().await?;
        if sqlx::query(SOURCE_THERE).bind(source.0).fetch_optional(&mut *tx).await?.is_none() {
            return Err(Error::NoSource(source.0));
        }
        let contents = contents.ok_or(Error::NoSource(source.0))?;
        let mut seen = self.known(&mut tx, events, source, &contents, &tail).await?;
        let mut counts = HashMap::<(&str, &str), (i64, Nanos, Nanos)>::new();
        let (mut new, mut borrowed, mut shared) = (0, 0_i64, Vec::new());
        // By source the events that became shared by this.
        let mut owners = HashMap::<i64, i64>::new();
        let mut traces = Batch::default();
        let mut made = Made::default();
        for event in events {
            let host = columns::host(event);
            match seen.entry(event.identity) {
                Entry::Vacant(slot) => slot.insert(None),
                Entry::Occupied(mut there) => {
                    if let Some(there) = there.get_mut().take()
                        && there.first != source.0
                        && !there.mine
                    {
                        let place = event.place;
                        let (record, offset) = (place.record.cast_signed(), place.offset.cast_signed());
                        shared.push(json!([hex(&event.identity), event.time.0, record, offset, place.len]));
                        borrowed += 1;
                        *owners.entry(there.first).or_default() += i64::from(!there.shared);
                        traces.note(event, host.as_deref());
                    }
                    continue;
                }
            };
            let tally = counts.entry((&event.dataset, columns::severity(event)));
            let (events, first, last) = tally.or_insert((0, event.time, event.time));
            (*events, *first, *last) = (*events + 1, event.time.min(*first), event.time.max(*last));
            traces.note(event, host.as_deref());
            if made.is_full() {
                made.write(&mut tx, &mut tail).await?;
            }
            made.event(event, source.0, now.0);
            new += 1;
        }
        made.write(&mut tx, &mut tail).await?;
        self.join_small(&mut tx, &mut tail).await?;
        for ((dataset, severity), (events, first, last)) in counts {
            let tally = sqlx::query(TALLY).bind(source.0).bind(dataset.to_owned()).bind(severity.to_owned());
            tally.bind(events).bind(first.0).bind(last.0).execute(&mut *tx).await?;
        }
        if !shared.is_empty() {
            let shared = serde_json::Value::from(shared).to_string();
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
        self.keep_tail(tail);
        self.seal_some(&mut conn).await?;
        Ok(Appended { new, duplicates: events.len() as u64 - new })
    }

    /// Which of the events are there already. There is one writer, so this stays true until the commit.
    async fn known(
        &self,
        conn: &mut SqliteConnection,
        events: &[Event],
        source: SourceId,
        contents: &Contents,
        tail: &Tail,
    ) -> Result<HashMap<Identity, Option<There>>> {
        let mut known: HashMap<Identity, i64> = HashMap::new();
        let mut spans = HashMap::<i64, (i64, i64)>::new();
        let mut missing = Vec::with_capacity(events.len());
        for event in events {
            if let Some(first) = tail.known.get(&event.identity) {
                known.insert(event.identity, *first);
                continue;
            }
            missing.push(event.identity);
            let place = contents.key(event.place.offset, event.place.len.into());
            for Key { of, number } in [Some(place), log_of(event)].into_iter().flatten() {
                let (low, high) = spans.entry(of).or_insert((number, number));
                (*low, *high) = (number.min(*low), number.max(*high));
            }
        }
        let spans: Vec<_> = spans.into_iter().map(|(of, (low, high))| (of, low, high)).collect();
        let spans = serde_json::to_string(&spans).unwrap_or_default();
        let where_to_look: HashSet<i64> =
            sqlx::query_scalar(SPAN_SOME).bind(spans).fetch_all(&mut *conn).await?.into_iter().collect();
        if !where_to_look.is_empty() {
            let mut segments = segments(conn).await?;
            segments.retain(|s| where_to_look.contains(&s.id));
            let found = self.in_segments(conn, &missing, &segments).await?;
            known.extend(found.into_iter().map(|(id, found)| (id, found.source().0)));
        }
        if known.is_empty() {
            return Ok(HashMap::with_capacity(events.len()));
        }
        let also = also_of(conn, known.keys(), source).await?;
        let there = |(id, first): (Identity, i64)| {
            let also = also.get(&id);
            (id, Some(There { first, shared: also.is_some(), mine: also.is_some_and(|also| also.mine) }))
        };
        Ok(known.into_iter().map(there).collect())
    }
}

/// Adds to a source's counts of events that others hold too.
pub(super) async fn grew(conn: &mut SqliteConnection, source: i64, borrowed: i64, shared: i64) -> Result<()> {
    sqlx::query(GREW).bind(source).bind(borrowed).bind(shared).execute(conn).await?;
    Ok(())
}

/// An event that is there already.
struct There {
    /// Its first source.
    first: i64,
    /// Others hold it too.
    shared: bool,
    /// The source that is appended to is one of those.
    mine: bool,
}
