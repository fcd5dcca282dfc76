//! What was appended and is not sealed yet.

use super::{
    SqliteStore,
    queries::{TAIL_ALL, TAIL_DELETE, TAIL_PUT, TAIL_SOME},
};
use crate::{
    Error, Result,
    block::{ASIDE, Block, encode::Builder, encode::Head, value::Stored},
};
use event::{Event, Identity};
use sqlx::{Row as _, SqliteConnection};
use std::{collections::HashMap, sync::PoisonError};

/// A block with fewer rows is small; so many of them become one.
const SMALL: usize = 128;
const MANY: usize = 64;

/// The tail as the writer knows it.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// SQLite's number for what others wrote.
    version: i64,
    /// By event its first source.
    pub known: HashMap<Identity, i64>,
    /// Blocks in order, with how many rows each has and how many bytes it takes.
    pub blocks: Vec<(i64, usize, usize)>,
    /// Of these, those that can't be read.
    pub damaged: Vec<i64>,
}

impl Tail {
    pub fn rows(&self) -> usize {
        self.known.len()
    }

    /// Takes a block out of what is known.
    pub fn forget(&mut self, id: i64, block: &Block) {
        self.blocks.retain(|(other, ..)| *other != id);
        for row in 0..block.len() {
            self.known.remove(&block.identity(row));
        }
    }
}

/// A block that is being made for the tail.
#[derive(Default)]
pub(super) struct Made {
    builder: Builder,
    ids: Vec<(Identity, i64)>,
    times: Option<(i64, i64)>,
}

impl Made {
    pub fn is_full(&self) -> bool {
        self.builder.is_full()
    }

    fn note(&mut self, identity: Identity, source: i64, time: i64) {
        self.ids.push((identity, source));
        let (first, last) = self.times.get_or_insert((time, time));
        (*first, *last) = (time.min(*first), time.max(*last));
    }

    pub fn event(&mut self, event: &Event, source: i64, now: i64) {
        self.note(event.identity, source, event.time.0);
        self.builder.event(event, source, now);
    }

    pub fn push<'f>(
        &mut self,
        head: Head,
        aside: [Option<&str>; ASIDE],
        fields: impl Iterator<Item = (&'f str, Stored<'f>)>,
    ) {
        self.note(head.identity, head.fixed[2], head.fixed[0]);
        self.builder.push(head, aside, fields);
    }

    /// Writes it, if there is anything in it. It is empty then.
    pub async fn write(&mut self, conn: &mut SqliteConnection, tail: &mut Tail) -> Result<()> {
        let Some((first, last)) = self.times.take() else { return Ok(()) };
        let rows = self.ids.len();
        let data = self.builder.finish();
        let bytes = data.len();
        let query = sqlx::query_scalar(TAIL_PUT).bind(rows as i64).bind(first).bind(last).bind(data);
        let id: i64 = query.fetch_one(conn).await?;
        tail.known.extend(self.ids.drain(..));
        tail.blocks.push((id, rows, bytes));
        Ok(())
    }
}

impl SqliteStore {
    /// The tail, for who has the writer. It has to be given back by [`SqliteStore::keep_tail`] when what was done to it is
    /// committed, else it is read anew.
    pub(super) async fn take_tail(&self, conn: &mut SqliteConnection) -> Result<Tail> {
        let version = version(conn).await?;
        let kept = self.tail.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(tail) = kept.filter(|tail| tail.version == version) {
            return Ok(tail);
        }
        let mut tail = Tail { version, ..Tail::default() };
        for row in sqlx::query(TAIL_ALL).fetch_all(&mut *conn).await? {
            let (id, rows, data): (i64, i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            tail.blocks.push((id, usize::try_from(rows).unwrap_or(0), data.len()));
            let Some(block) = Block::open(data) else {
                tail.damaged.push(id);
                continue;
            };
            let known = |row| (block.identity(row), block.source(row).0);
            tail.known.extend((0..block.len()).map(known));
        }
        Ok(tail)
    }

    pub(super) fn keep_tail(&self, tail: Tail) {
        *self.tail.lock().unwrap_or_else(PoisonError::into_inner) = Some(tail);
    }

    /// Puts small blocks together when there are many of them, so that a search need not open one for each event that
    /// came alone.
    pub(super) async fn join_small(&self, conn: &mut SqliteConnection, tail: &mut Tail) -> Result<()> {
        let small = tail.blocks.iter().filter(|(id, rows, _)| *rows < SMALL && !tail.damaged.contains(id));
        let small: Vec<i64> = small.map(|(id, ..)| *id).collect();
        if small.len() < MANY {
            return Ok(());
        }
        let list = serde_json::to_string(&small).unwrap_or_default();
        let mut made = Made::default();
        // Not by way of what is kept: a number of this transaction is only given for good when it is committed.
        for row in sqlx::query(TAIL_SOME).bind(list).fetch_all(&mut *conn).await? {
            let block = Block::open(row.try_get(1)?);
            let block = block.ok_or_else(|| Error::Corrupt("a block of the tail is damaged".into()))?;
            tail.forget(row.try_get(0)?, &block);
            copy(&block, |_| true, &mut made, conn, tail).await?;
        }
        made.write(conn, tail).await?;
        remove(conn, small.into_iter()).await
    }
}

/// Puts rows of a block into others.
pub(super) async fn copy(
    block: &Block,
    wanted: impl Fn(usize) -> bool,
    made: &mut Made,
    conn: &mut SqliteConnection,
    tail: &mut Tail,
) -> Result<()> {
    for row in (0..block.len()).filter(|row| wanted(*row)) {
        if made.is_full() {
            made.write(conn, tail).await?;
        }
        let table = block.table();
        made.push(block.head(row), table.aside(row), table.fields(row));
    }
    Ok(())
}

/// Removes blocks of the tail.
pub(super) async fn remove(conn: &mut SqliteConnection, ids: impl Iterator<Item = i64>) -> Result<()> {
    let ids = serde_json::to_string(&ids.collect::<Vec<_>>()).unwrap_or_default();
    sqlx::query(TAIL_DELETE).bind(ids).execute(conn).await?;
    Ok(())
}

async fn version(conn: &mut SqliteConnection) -> Result<i64> {
    Ok(sqlx::query_scalar("PRAGMA data_version").fetch_one(conn).await?)
}
