//! The SQLite engine: `logs.db`, one writer and a pool of readers.
//!
//! What is appended goes into the tail as blocks; when enough of it is there it is sealed into a segment, beside
//! whoever appends. WAL, so that readers never wait for the writer nor it for them; synchronous FULL, so that an append is on
//! the disk when it returns.

mod append;
mod blocks;
mod check;
mod equal;
mod found;
mod hints;
mod open;
mod queries;
mod read;
mod remove;
mod schema;
mod seal;
mod search;
mod tail;
mod traces;
mod upgrade;
mod walk;

use crate::{
    Answer, Appended, Count, Deleted, Error, Holder, LogStore, NewSource, Page, Result, Row, Search, Source,
    SourceId, Stats, Traces,
};
use event::{Event, Identity, Nanos};
use sqlx::{SqliteConnection, SqlitePool, pool::PoolConnection, sqlite::Sqlite};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

/// The log store in one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    /// `None` when opened for reading only, or closed.
    writer: Mutex<Option<SqliteConnection>>,
    /// `None` when it has to be read first. Only who has the writer takes it.
    tail: std::sync::Mutex<Option<tail::Tail>>,
    /// What is being sealed. The same.
    sealing: std::sync::Mutex<Option<seal::Sealing>>,
    blocks: blocks::Kept,
    /// Rows of the tail that are sealed together.
    enough: usize,
    readers: SqlitePool,
    files: read::Files,
    pace: read::Pace,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// The one writing connection, when it is this call's turn.
    async fn writer(&self) -> Result<MappedMutexGuard<'_, SqliteConnection>> {
        MutexGuard::try_map(self.writer.lock().await, Option::as_mut).map_err(|_| Error::ReadOnly)
    }

    /// A reading connection whose queries end at the deadline.
    async fn reader(&self, deadline: Option<Duration>) -> Result<PoolConnection<Sqlite>> {
        /// Virtual machine steps between two looks at the clock: some tens of microseconds.
        const STEPS: i32 = 10_000;
        let until = deadline.and_then(|d| Instant::now().checked_add(d));
        let mut conn = self.readers.acquire().await?;
        let mut handle = conn.lock_handle().await?;
        // A call that was dropped can have left its own behind.
        match until {
            Some(until) => handle.set_progress_handler(STEPS, move || Instant::now() < until),
            None => handle.remove_progress_handler(),
        }
        drop(handle);
        Ok(conn)
    }
}

impl LogStore for SqliteStore {
    fn source<'a>(&'a self, source: &'a NewSource, now: Nanos) -> Answer<'a, SourceId> {
        Box::pin(self.put_source(source, now))
    }

    fn earlier<'a>(&'a self, heads: &'a [Identity], size: u64) -> Answer<'a, Vec<Arc<NewSource>>> {
        Box::pin(self.earlier_than(heads, size))
    }

    fn equal(&self, source: SourceId, deadline: Duration) -> Answer<'_, Count> {
        Box::pin(self.equal_elsewhere(source, deadline))
    }

    fn sources(&self) -> Answer<'_, Vec<Source>> {
        Box::pin(self.list_sources())
    }

    fn find<'a>(&'a self, sha256: &'a str) -> Answer<'a, Option<Source>> {
        Box::pin(self.find_source(sha256))
    }

    fn traces<'a>(&'a self, ids: &'a [SourceId]) -> Answer<'a, HashMap<SourceId, Traces>> {
        Box::pin(self.traces_of(ids))
    }

    fn hosts(&self) -> Answer<'_, Vec<String>> {
        Box::pin(self.list_hosts())
    }

    fn holders<'a>(&'a self, ids: &'a [Identity]) -> Answer<'a, HashMap<Identity, Holder>> {
        Box::pin(self.holders_of(ids))
    }

    fn files<'a>(&'a self, ids: &'a [SourceId]) -> Answer<'a, HashMap<SourceId, Arc<NewSource>>> {
        Box::pin(self.files_of(ids))
    }

    fn append<'a>(&'a self, source: SourceId, events: &'a [Event], now: Nanos) -> Answer<'a, Appended> {
        Box::pin(self.append_events(source, events, now))
    }

    fn rest(&self) -> Answer<'_, ()> {
        Box::pin(self.settle())
    }

    fn get<'a>(&'a self, ids: &'a [Identity]) -> Answer<'a, Vec<Row>> {
        Box::pin(self.get_rows(ids))
    }

    fn around<'a>(&'a self, id: Identity, before: u32, after: u32, how: &'a Search) -> Answer<'a, Vec<Row>> {
        Box::pin(self.around_row(id, before, after, how))
    }

    fn search<'a>(&'a self, search: &'a Search) -> Answer<'a, Page> {
        Box::pin(self.search_page(search))
    }

    fn count<'a>(&'a self, search: &'a Search, most: u64) -> Answer<'a, Count> {
        Box::pin(self.count_found(search, most))
    }

    fn stats(&self) -> Answer<'_, Stats> {
        Box::pin(self.totals())
    }

    fn delete(&self, source: SourceId, most: u32) -> Answer<'_, Deleted> {
        Box::pin(self.delete_some(source, most))
    }

    fn check(&self) -> Answer<'_, Vec<String>> {
        Box::pin(self.check_all())
    }

    fn copy_to<'a>(&'a self, to: &'a std::path::Path) -> Answer<'a, ()> {
        Box::pin(self.copy_into(to))
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(self.close_all())
    }
}

#[cfg(test)]
mod tests;
