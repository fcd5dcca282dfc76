//! What a running job says of itself, and what it is told.

use super::store;
use crate::{
    Error, Kernel, Result,
    db::{Actor, Tx},
};
use api::{
    Time,
    jobs::{Job, JobStatus, Skip},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU8, Ordering},
    },
};

/// What a job is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Go on.
    No,
    /// Stop at a resume point.
    Pause,
    /// Stop; what is stored stays.
    Cancel,
}

/// Skips kept with the job; the count goes on.
const SKIPS_KEPT: usize = 1_000;
/// The rate is taken over this much time.
const WINDOW_MS: i64 = 5_000;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) done: u64,
    pub(super) total: u64,
    pub(super) result: Value,
    pub(super) parts: Vec<Value>,
    /// Parts and the first of the skips that no resume point holds yet.
    changed: BTreeSet<usize>,
    unsaved: usize,
    pub(super) skipped: Vec<Skip>,
    pub(super) skipped_total: u64,
    pub(super) kept: Option<String>,
    pub(super) asked_by: &'static str,
    samples: VecDeque<(i64, u64)>,
}

/// Shared by the runner, the job, and whoever looks at it.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    stop: AtomicU8,
}

impl Shared {
    pub(super) fn of(job: &Job, parts: Vec<Value>) -> Self {
        let state = State {
            done: job.done,
            total: job.total,
            result: job.result.clone(),
            parts,
            unsaved: job.skipped.len(),
            skipped: job.skipped.clone(),
            skipped_total: job.skipped_total,
            ..State::default()
        };
        Shared { state: Mutex::new(state), stop: AtomicU8::new(0) }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|p| p.into_inner())
    }

    pub(super) fn ask(&self, what: Stop, by: &'static str) {
        self.state().asked_by = by;
        self.stop.fetch_max(if what == Stop::Cancel { 2 } else { 1 }, Ordering::SeqCst);
    }

    pub(super) fn asked(&self) -> Stop {
        match self.stop.load(Ordering::SeqCst) {
            0 => Stop::No,
            1 => Stop::Pause,
            _ => Stop::Cancel,
        }
    }

    /// The row with what is newer in memory.
    pub(super) fn overlay(&self, job: Job, list: Option<&str>, now: Time) -> Job {
        let s = self.state();
        let rate = match (s.samples.front(), s.samples.back()) {
            (Some((t0, d0)), Some((t1, d1))) if t1 > t0 && now.0 - t1 < WINDOW_MS => {
                d1.saturating_sub(*d0) as f64 * 1000.0 / (t1 - t0) as f64
            }
            _ => 0.0,
        };
        let left = s.total.saturating_sub(s.done);
        let eta_s = (rate > 0.0 && s.total > 0).then(|| (left as f64 / rate).ceil() as u64);
        Job {
            status: JobStatus::Running,
            done: s.done,
            total: s.total,
            rate,
            eta_s,
            result: store::with_parts(s.result.clone(), list, s.parts.clone()),
            skipped: s.skipped.clone(),
            skipped_total: s.skipped_total,
            ..job
        }
    }
}

/// What a running job holds.
#[derive(Clone)]
pub struct JobCtx {
    /// The kernel.
    pub kernel: Kernel,
    /// Id of the job.
    pub id: String,
    /// What it was asked for.
    pub input: Value,
    /// Its last resume point.
    pub resume: Option<Value>,
    /// Who asked for it.
    pub created_by: String,
    pub(super) shared: Arc<Shared>,
}

impl JobCtx {
    /// What it is asked to do now.
    pub fn stop(&self) -> Stop {
        self.shared.asked()
    }

    /// Where it stands, in its unit.
    pub fn progress(&self, done: u64, total: u64) {
        let now = self.kernel.world.now().0;
        let mut s = self.shared.state();
        (s.done, s.total) = (done, total);
        while s.samples.front().is_some_and(|(t, _)| now - t > WINDOW_MS) {
            s.samples.pop_front();
        }
        if s.samples.back().is_none_or(|(t, _)| now - t >= 100) {
            s.samples.push_back((now, done));
        }
    }

    /// Its result as it stood at the last resume point, or now.
    pub fn last_result(&self) -> Value {
        self.shared.state().result.clone()
    }

    /// Its result so far.
    pub fn result(&self, r: &impl Serialize) {
        self.shared.state().result = serde_json::to_value(r).unwrap_or(Value::Null);
    }

    /// What it told part by part, as it stood at the last resume point, or now.
    pub fn parts(&self) -> Vec<Value> {
        self.shared.state().parts.clone()
    }

    /// One part of its result, in the list that [`super::Work::parts`] names: part `n`, or the next one. A resume
    /// point writes only the parts that changed.
    pub fn part(&self, n: usize, part: &impl Serialize) {
        let part = serde_json::to_value(part).unwrap_or(Value::Null);
        let mut s = self.shared.state();
        let n = n.min(s.parts.len());
        match s.parts.get_mut(n) {
            Some(there) => *there = part,
            None => s.parts.push(part),
        }
        s.changed.insert(n);
    }

    /// Something it could not read.
    pub fn skip(&self, skip: Skip) {
        let mut s = self.shared.state();
        s.skipped_total += 1;
        if s.skipped.len() < SKIPS_KEPT {
            s.skipped.push(skip);
        }
    }

    /// What stays when it is stopped now, in words.
    pub fn kept(&self, text: String) {
        self.shared.state().kept = Some(text);
    }

    /// Who writes in the job's name.
    pub fn actor(&self) -> Actor {
        Actor { name: self.created_by.clone(), session: Some(format!("job:{}", self.id)), ..Actor::default() }
    }

    /// Writes progress and resume point inside the job's own write.
    pub async fn checkpoint(&self, tx: &mut Tx, resume: &Value) -> Result<()> {
        let (parts, skips, query) = {
            let mut s = self.shared.state();
            let changed = std::mem::take(&mut s.changed);
            let parts: Vec<_> = changed.iter().filter_map(|n| Some((*n, s.parts.get(*n)?.clone()))).collect();
            let skips: Vec<_> =
                s.skipped.iter().enumerate().skip(s.unsaved).map(|(n, s)| (n, json!(s))).collect();
            s.unsaved = s.skipped.len();
            let query = sqlx::query(store::JOB_CHECKPOINT)
                .bind(self.id.clone())
                .bind(count(s.done))
                .bind(count(s.total))
                .bind(s.result.to_string())
                .bind(resume.to_string())
                .bind(count(s.skipped_total))
                .bind(self.kernel.jobs.lease.clone());
            (parts, skips, query)
        };
        under_lease(query.execute(tx.conn()).await?)?;
        items(tx, &self.id, "part", &parts).await?;
        items(tx, &self.id, "skip", &skips).await
    }

    /// Writes progress and resume point when there is nothing else to write.
    pub async fn save(&self, resume: &Value) -> Result<()> {
        let mut tx = self.kernel.db.write(&self.actor()).await?;
        self.checkpoint(&mut tx, resume).await?;
        tx.commit_bookkeeping().await
    }
}

/// A write of a job that another opening of the workspace has taken over changes nothing, and is refused.
pub(super) fn under_lease(done: sqlx::sqlite::SqliteQueryResult) -> Result<()> {
    match done.rows_affected() {
        0 => Err(Error::internal("another process has taken this job over")),
        _ => Ok(()),
    }
}

/// Writes numbered items of a job's list.
async fn items(tx: &mut Tx, job: &str, list: &'static str, items: &[(usize, Value)]) -> Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    let write = sqlx::query(store::JOB_ITEMS).bind(job.to_owned()).bind(list).bind(json!(items).to_string());
    write.execute(tx.conn()).await?;
    Ok(())
}

/// Writes all items at the job's end: a resume point whose commit failed may have lost some.
pub(super) async fn all_items(tx: &mut Tx, job: &str, shared: &Shared) -> Result<()> {
    let (parts, skips) = {
        let s = shared.state();
        let parts: Vec<_> = s.parts.iter().cloned().enumerate().collect();
        let skips: Vec<_> = s.skipped.iter().map(|s| json!(s)).enumerate().collect();
        (parts, skips)
    };
    items(tx, job, "part", &parts).await?;
    items(tx, job, "skip", &skips).await
}

pub(super) fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
