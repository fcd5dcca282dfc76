//! Long work: a durable row, progress with rate and time left, cancel, pause, resume after a restart.
//!
//! One job runs at a time. A job of a dead process is queued again and goes on from its last resume point.

mod progress;
mod runner;
pub(crate) mod store;

pub use progress::{JobCtx, Stop};
pub use store::QUERIES;

use crate::{
    Error, Kernel, Result, World,
    auth::Principal,
    db::{Actor, Audit, Db, Tx},
};
use api::{
    Code, Page, Time,
    jobs::{Job, JobList, JobStatus},
};
use progress::Shared;
use serde_json::Value;
use sqlx::{Row as _, sqlite::SqliteRow};
use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, RwLock},
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// A kind of long work.
pub trait Work: Send + Sync + 'static {
    /// `import`, …
    fn kind(&self) -> &'static str;
    /// What progress counts: `bytes`, …
    fn unit(&self) -> &'static str;
    /// The list in its result that it tells part by part ([`JobCtx::part`]), if there is one.
    fn parts(&self) -> Option<&'static str> {
        None
    }
    /// Whether it may not be left half done: once begun it can't be paused or cancelled; it stops only when the
    /// workspace closes, and goes on at the next open.
    fn whole(&self) -> bool {
        false
    }
    /// Permission words to see and to steer jobs of others.
    fn needs(&self) -> (&'static str, &'static str);
    /// Does it. Looks at [`JobCtx::stop`] often, and returns soon when it is set, after a last checkpoint.
    fn run(&self, ctx: JobCtx) -> Pin<Box<dyn Future<Output = Result<()>> + Send>>;
}

/// The jobs of a workspace.
pub struct Jobs {
    db: Db,
    world: World,
    works: Vec<Arc<dyn Work>>,
    /// Of this opening of the workspace: what runs under another one's lease was taken from it.
    lease: String,
    running: RwLock<HashMap<String, Arc<Shared>>>,
    wake: Notify,
    ended: watch::Sender<u64>,
    closing: watch::Sender<bool>,
    task: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Jobs {
    pub(crate) fn new(db: Db, world: World, works: Vec<Arc<dyn Work>>) -> Self {
        Jobs {
            db,
            lease: world.id(),
            world,
            works,
            running: RwLock::default(),
            wake: Notify::new(),
            ended: watch::channel(0).0,
            closing: watch::channel(false).0,
            task: Mutex::default(),
        }
    }

    fn work(&self, kind: &str) -> Option<Arc<dyn Work>> {
        self.works.iter().find(|w| w.kind() == kind).cloned()
    }

    pub(crate) async fn start(&self, kernel: Kernel) -> Result<()> {
        let mut tx = self.db.write(&Actor::system()).await?;
        sqlx::query(store::JOB_TAKE_UP).execute(tx.conn()).await?;
        tx.commit_bookkeeping().await?;
        *self.task.lock().unwrap_or_else(|p| p.into_inner()) = Some(tokio::spawn(runner::run(kernel)));
        Ok(())
    }

    /// Pauses what runs at its resume point and waits for it; it goes on at the next open.
    pub(crate) async fn stop(&self) {
        self.closing.send_replace(true);
        let running: Vec<_> = self.shared().into_values().collect();
        for s in running {
            s.ask(Stop::Pause, "close");
        }
        self.wake.notify_one();
        let task = self.task.lock().unwrap_or_else(|p| p.into_inner()).take();
        if let Some(task) = task
            && let Err(e) = task.await
        {
            tracing::error!(error = %e, "the job runner ended badly");
        }
    }

    fn shared(&self) -> HashMap<String, Arc<Shared>> {
        self.running.read().unwrap_or_else(|p| p.into_inner()).clone()
    }

    /// Adds a job inside the caller's own write; call [`Jobs::wake`] after its commit.
    pub async fn enqueue(
        &self,
        tx: &mut Tx,
        kind: &'static str,
        total: u64,
        input: &Value,
    ) -> Result<String> {
        let work = self.work(kind).ok_or_else(|| Error::internal("no such kind of job"))?;
        let id = self.world.id();
        let by = tx.actor().name.clone();
        sqlx::query(store::JOB_INSERT)
            .bind(&id)
            .bind(kind)
            .bind(i64::try_from(total).unwrap_or(i64::MAX))
            .bind(work.unit())
            .bind(input.to_string())
            .bind(by)
            .bind(self.world.tick().0)
            .execute(tx.conn())
            .await?;
        Ok(id)
    }

    /// Lets the runner look for work.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// How many are queued or running.
    pub async fn open(&self) -> Result<u64> {
        let n: i64 = sqlx::query_scalar(store::JOBS_OPEN).fetch_one(self.db.read()).await?;
        Ok(u64::try_from(n).unwrap_or(0))
    }

    fn sees(&self, p: &Principal, job: &Job, steer: bool) -> bool {
        let needs = self.work(&job.kind).map(|w| w.needs());
        // A key has its scopes only, not what is its owner's own.
        let own = p.scopes.is_none() && job.created_by == p.username;
        own || needs.is_some_and(|(see, do_)| p.holds(if steer { do_ } else { see }))
    }

    fn view(&self, r: &SqliteRow) -> Result<Job> {
        let job = store::job(r)?;
        let list = self.work(&job.kind).and_then(|w| w.parts());
        Ok(match self.shared().get(&job.job_id) {
            // The runner knows a job a moment before its row says that it runs.
            Some(s) if job.status == JobStatus::Running => s.overlay(job, list, self.world.now()),
            _ => Job { result: store::with_parts(job.result, list, store::parts(r)?), ..job },
        })
    }

    /// A job that the caller may see. AURORA-4040 for others.
    pub async fn get(&self, p: &Principal, id: &str) -> Result<Job> {
        let row = sqlx::query(store::JOB_GET).bind(id).fetch_optional(self.db.read()).await?;
        let job = row.as_ref().map(|r| self.view(r)).transpose()?.filter(|j| self.sees(p, j, false));
        job.ok_or_else(|| Error::new(Code::NotFound))
    }

    /// A job, for the program itself.
    pub async fn get_unchecked(&self, id: &str) -> Result<Option<Job>> {
        let row = sqlx::query(store::JOB_GET).bind(id).fetch_optional(self.db.read()).await?;
        row.as_ref().map(|r| self.view(r)).transpose()
    }

    /// Jobs of a kind that are queued, running or paused, with what they were asked for.
    pub async fn unfinished(&self, kind: &str) -> Result<Vec<(Job, Value)>> {
        let rows = sqlx::query(store::JOBS_UNFINISHED).bind(kind).fetch_all(self.db.read()).await?;
        let one = |r: &SqliteRow| {
            let input = serde_json::from_str(r.try_get("input")?).map_err(Error::internal)?;
            Ok((self.view(r)?, input))
        };
        rows.iter().map(one).collect()
    }

    /// The newest job of a kind that told a part whose field `name` is `value`.
    pub async fn told(&self, kind: &str, name: &str, value: &str) -> Result<Option<Job>> {
        let query = sqlx::query_scalar(store::JOB_TOLD).bind(kind).bind(name).bind(value);
        let id: Option<String> = query.fetch_optional(self.db.read()).await?;
        match id {
            Some(id) => self.get_unchecked(&id).await,
            None => Ok(None),
        }
    }

    /// Newest first.
    pub async fn page(&self, p: &Principal, q: &JobList) -> Result<Page<Job>> {
        let limit = crate::route::limit(q.limit)?;
        crate::route::only_sort(q.sort.as_deref(), &["-created_at"])?;
        let cap = crate::route::count_cap(q.count.as_deref())?;
        let words = crate::route::words("status", q.status.as_deref(), JobStatus::parse)?;
        let statuses = words.map(|w| serde_json::json!(w).to_string());
        let (at, id) =
            crate::route::cursor::<(i64, String)>(q.cursor.as_deref())?.unwrap_or((i64::MAX, String::new()));
        // Kinds that the caller may see whole; of the others only one's own.
        let kinds: Vec<_> = self.works.iter().filter(|w| p.holds(w.needs().0)).map(|w| w.kind()).collect();
        let kinds = serde_json::json!(kinds).to_string();
        let bind = |sql: &'static str| {
            sqlx::query(sql)
                .bind(kinds.clone())
                .bind(p.scopes.is_none().then(|| p.username.clone()))
                .bind(statuses.clone())
                .bind(q.kind.clone())
        };
        let rows = bind(store::JOB_PAGE).bind(at).bind(&id).bind(limit + 1).fetch_all(self.db.read()).await?;
        let total: i64 = bind(store::JOB_COUNT).bind(cap).fetch_one(self.db.read()).await?.try_get(0)?;
        let items = rows.iter().map(|r| self.view(r)).collect::<Result<Vec<_>>>()?;
        Ok(crate::route::page(items, limit, total, cap, |j: &Job| (j.created_at.0, j.job_id.clone())))
    }

    /// Cancels; what was stored stays, and the job says what that is. Waits up to a second for its end.
    pub async fn cancel(&self, by: &Actor, p: &Principal, id: &str) -> Result<Job> {
        self.steer(by, p, id, JobStatus::Cancelled, "job.cancel").await
    }

    /// Pauses at the next resume point.
    pub async fn pause(&self, by: &Actor, p: &Principal, id: &str) -> Result<Job> {
        self.steer(by, p, id, JobStatus::Paused, "job.pause").await
    }

    /// Goes on with a paused job.
    pub async fn resume(&self, by: &Actor, p: &Principal, id: &str) -> Result<Job> {
        self.steer(by, p, id, JobStatus::Queued, "job.resume").await
    }

    async fn steer(
        &self,
        by: &Actor,
        p: &Principal,
        id: &str,
        to: JobStatus,
        action: &'static str,
    ) -> Result<Job> {
        let mut ended = self.ended.subscribe();
        let asked_running = loop {
            let job = self.get(p, id).await?;
            if !self.sees(p, &job, true) {
                return Err(Error::new(Code::Forbidden));
            }
            if to != JobStatus::Queued
                && job.started_at.is_some()
                && self.work(&job.kind).is_some_and(|w| w.whole())
            {
                return Err(Error::conflict("it has begun and may not be left half done"));
            }
            let fits = match to {
                JobStatus::Queued => job.status == JobStatus::Paused,
                _ => {
                    matches!(job.status, JobStatus::Queued | JobStatus::Running | JobStatus::Paused)
                        && job.status != to
                }
            };
            if !fits {
                return Err(Error::field(
                    "status",
                    format!("a job that is {} can't become {to}", job.status),
                ));
            }
            let mut tx = self.db.write(by).await?;
            let running = self.shared().get(id).cloned();
            match &running {
                Some(s) => s.ask(if to == JobStatus::Paused { Stop::Pause } else { Stop::Cancel }, "user"),
                None => {
                    let end = (to == JobStatus::Cancelled).then(|| self.world.now().0);
                    let kept = end.map(|_| "nothing was stored");
                    let set = sqlx::query(store::JOB_SET)
                        .bind(id)
                        .bind(to.as_str())
                        .bind(end)
                        .bind("user")
                        .bind(kept)
                        .bind(job.status.as_str());
                    if set.execute(tx.conn()).await?.rows_affected() == 0 {
                        // It went on between the look and the write.
                        continue;
                    }
                }
            }
            let audit = Audit::new(action, "job", id).before(serde_json::json!({"status": job.status}));
            tx.commit(audit.after(serde_json::json!({"status": to})), &[]).await?;
            break running.is_some();
        };
        self.wake();
        if asked_running {
            let gone = async { while self.shared().contains_key(id) && ended.changed().await.is_ok() {} };
            let _ = tokio::time::timeout(Duration::from_secs(1), gone).await;
        }
        self.get(p, id).await
    }

    /// Waits until no job is queued or running.
    pub async fn idle(&self) -> Result<()> {
        let mut ended = self.ended.subscribe();
        while self.open().await? > 0 && ended.changed().await.is_ok() {}
        Ok(())
    }

    /// Waits until a job has ended (done, failed, cancelled, paused).
    pub async fn wait(&self, id: &str) -> Result<Option<Job>> {
        let mut ended = self.ended.subscribe();
        loop {
            ended.borrow_and_update();
            let job = self.get_unchecked(id).await?;
            let open = |s: JobStatus| matches!(s, JobStatus::Queued | JobStatus::Running);
            match job {
                Some(j) if open(j.status) => {
                    if ended.changed().await.is_err() {
                        return Ok(Some(j));
                    }
                }
                other => return Ok(other),
            }
        }
    }

    fn now(&self) -> Time {
        self.world.now()
    }
}

#[cfg(test)]
mod tests;
