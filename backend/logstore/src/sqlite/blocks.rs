//! Reading blocks, and keeping some that were read.

use super::{
    SqliteStore,
    queries::{BLOCK_SOME, TAIL_SOME},
};
use crate::{Result, block::Block};
use sqlx::{Row as _, SqliteConnection};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Bytes of blocks that are kept.
const ROOM: usize = 64 << 20;

/// Which block. What has a number never changes, and a number is never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum At {
    Tail(i64),
    /// A segment and the block's number in it.
    Sealed(i64, usize),
}

impl At {
    /// Its key in the table `block`.
    pub fn key(self) -> i64 {
        match self {
            At::Tail(id) => id,
            At::Sealed(segment, n) => segment << 8 | n as i64,
        }
    }
}

/// Blocks that were read last.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<Held>);

#[derive(Debug, Default)]
struct Held {
    blocks: HashMap<At, (Arc<Block>, u64)>,
    bytes: usize,
    clock: u64,
}

impl Kept {
    fn get(&self, at: At) -> Option<Arc<Block>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clock += 1;
        let now = held.clock;
        let (block, last) = held.blocks.get_mut(&at)?;
        *last = now;
        Some(block.clone())
    }

    pub fn put(&self, at: At, block: &Arc<Block>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clock += 1;
        let now = held.clock;
        if held.blocks.insert(at, (block.clone(), now)).is_none() {
            held.bytes += block.bytes();
        }
        if held.bytes > ROOM {
            // Down to three quarters, so that this is seldom.
            let mut by_age: Vec<_> = held.blocks.iter().map(|(at, (_, last))| (*last, *at)).collect();
            by_age.sort_unstable();
            for (_, at) in by_age {
                if held.bytes <= ROOM / 4 * 3 {
                    break;
                }
                if let Some((block, _)) = held.blocks.remove(&at) {
                    held.bytes = held.bytes.saturating_sub(block.bytes());
                }
            }
        }
    }
}

/// Does something with all of them, half of them on another thread where that is worth it.
pub(super) fn in_two<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    /// Some hundred microseconds of opening blocks.
    const WORTH: usize = 8;
    if all.len() < WORTH {
        return all.iter().map(work).collect();
    }
    let (here, there) = all.split_at(all.len() / 2);
    std::thread::scope(|scope| {
        let other = std::thread::Builder::new();
        let other = other.spawn_scoped(scope, || there.iter().map(&work).collect::<Vec<_>>());
        let mut done: Vec<R> = here.iter().map(&work).collect();
        match other.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(rest)) => done.extend(rest),
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // No other thread is to be had.
            Err(_) => done.extend(there.iter().map(&work)),
        }
        done
    })
}

impl SqliteStore {
    /// These blocks; what is damaged is not among them.
    pub(super) async fn read_blocks(
        &self,
        conn: &mut SqliteConnection,
        all: &[At],
    ) -> Result<HashMap<At, Arc<Block>>> {
        let mut found = HashMap::with_capacity(all.len());
        let (mut tail, mut sealed) = (HashMap::new(), HashMap::new());
        for at in all {
            match (self.blocks.get(*at), at) {
                (Some(block), _) => drop(found.insert(*at, block)),
                (None, At::Tail(_)) => drop(tail.insert(at.key(), *at)),
                (None, At::Sealed(..)) => drop(sealed.insert(at.key(), *at)),
            }
        }
        for (sql, wanted) in [(TAIL_SOME, tail), (BLOCK_SOME, sealed)] {
            if wanted.is_empty() {
                continue;
            }
            let keys: Vec<_> = wanted.keys().collect();
            let list = serde_json::to_string(&keys).unwrap_or_default();
            let rows = sqlx::query(sql).bind(list).fetch_all(&mut *conn).await?;
            let opened = in_two(&rows, |row| {
                let data: std::result::Result<&[u8], _> = row.try_get(1);
                data.ok().and_then(Block::open).map(Arc::new)
            });
            for (row, block) in rows.iter().zip(opened) {
                if let (Some(block), Some(at)) = (block, wanted.get(&row.try_get(0)?)) {
                    self.blocks.put(*at, &block);
                    found.insert(*at, block);
                }
            }
        }
        Ok(found)
    }

    pub(super) async fn read_block(&self, conn: &mut SqliteConnection, at: At) -> Result<Option<Arc<Block>>> {
        if let Some(block) = self.blocks.get(at) {
            return Ok(Some(block));
        }
        Ok(self.read_blocks(conn, &[at]).await?.remove(&at))
    }
}
