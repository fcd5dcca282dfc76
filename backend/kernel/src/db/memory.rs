//! Reads, remembered until a record changes.
//!
//! Every change of a record goes through [`super::Tx::commit_all`], which counts it; what was read before is then
//! not given again. Bounded by entries and bytes.

use super::Db;
use crate::Result;
use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// Counts and answers that are remembered at a time.
const ENTRIES: usize = 256;
/// Bytes of all answers together.
const BYTES: usize = 8 << 20;

/// What was read, each with the number of the change that it was read after.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    changes: AtomicU64,
    counts: Mutex<HashMap<String, (u64, i64)>>,
    answers: Mutex<Answers>,
}

#[derive(Debug, Default)]
struct Answers {
    known: HashMap<String, (u64, Bytes, i64)>,
    bytes: usize,
}

impl Memory {
    /// After each commit that changed a record, before its answer is sent and its live event told.
    pub(crate) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(|p| p.into_inner())
}

impl Db {
    /// The number that `count` finds, or found since the last change of any record. `list` names list and filters.
    pub async fn counted(&self, list: String, count: impl Future<Output = Result<i64>>) -> Result<i64> {
        let now = self.memory.changes.load(Ordering::SeqCst);
        if let Some((_, n)) = lock(&self.memory.counts).get(&list).filter(|(then, _)| *then == now) {
            return Ok(*n);
        }
        let n = count.await?;
        let mut known = lock(&self.memory.counts);
        if known.len() >= ENTRIES {
            known.clear();
        }
        known.insert(list, (now, n));
        Ok(n)
    }

    /// As after a change of a record: what was read is read again. For measurements.
    pub fn forget_reads(&self) {
        self.memory.changed();
    }

    /// JSON text and version that `read` gives, or gave since the last change of any record. `question` names all
    /// that the answer depends on but the records.
    pub async fn answered(
        &self,
        question: String,
        read: impl Future<Output = Result<(Vec<u8>, i64)>>,
    ) -> Result<(Bytes, i64)> {
        let now = self.memory.changes.load(Ordering::SeqCst);
        let known =
            lock(&self.memory.answers).known.get(&question).filter(|(then, ..)| *then == now).cloned();
        if let Some((_, json, version)) = known {
            return Ok((json, version));
        }
        let (json, version) = read.await?;
        let json = Bytes::from(json);
        let mut answers = lock(&self.memory.answers);
        if answers.known.len() >= ENTRIES || answers.bytes + json.len() > BYTES {
            *answers = Answers::default();
        }
        if json.len() <= BYTES / 4 {
            answers.bytes += json.len();
            if let Some((_, old, _)) = answers.known.insert(question, (now, json.clone(), version)) {
                answers.bytes -= old.len();
            }
        }
        Ok((json, version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        World,
        db::{Actor, Audit},
    };

    #[tokio::test]
    async fn an_answer_holds_until_a_record_changes_and_the_bound_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("aurora.db"), &[], &World::real()).await.unwrap();
        let ask =
            async |q: &str, n: u8| db.answered(q.into(), async { Ok((vec![n], 1)) }).await.unwrap().0[0];
        let count = async |n| db.counted("list".into(), async { Ok(n) }).await.unwrap();
        assert_eq!((ask("a", 1).await, ask("a", 2).await, ask("b", 3).await), (1, 1, 3));
        assert_eq!((count(1).await, count(2).await), (1, 1));
        let tx = db.write(&Actor::system()).await.unwrap();
        tx.commit(Audit::new("test.row", "test", "1"), &[]).await.unwrap();
        assert_eq!((ask("a", 4).await, count(5).await), (4, 5));
        assert!(db.answered("bad".into(), async { Err(crate::Error::conflict("no")) }).await.is_err());
        for n in 0..100 {
            db.answered(format!("{n}"), async { Ok((vec![0; 1 << 20], 1)) }).await.unwrap();
            let answers = lock(&db.memory.answers);
            let held: usize = answers.known.values().map(|(_, json, _)| json.len()).sum();
            assert!(held <= BYTES && held == answers.bytes, "{held}");
        }
        db.close().await;
    }
}
