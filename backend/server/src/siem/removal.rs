//! Removing a source as a whole, as a job: its events, the alerts that only these support, its kept file.
//!
//! The order is alerts, events, file, so that at no moment an alert names an event that is not there, or an event a file
//! that is gone. The alerts go in one write with the job's resume point, which is also where it is decided: while a case
//! refers to one of them nothing is done at all. From then on the job only goes forward. A kill before that write leaves
//! all as it was and the job queued; after it the job goes on at the next open, through steps that are each whole and do
//! no harm when they are done again.

use super::{
    content_error,
    input::{self, Input as Import},
    store_error,
};
use crate::{
    App,
    alerts::{cases_of, refused, withdraw, withdrawn},
    detections::{ContributionKey, contributions_after, take_back},
};
use api::{
    Code,
    jobs::{Job, JobStatus},
    perm,
    siem::{ImportFile, ImportResult, RemovalResult},
};
use event::Identity;
use evidence::{ContentStore, Sha256Hex};
use kernel::{
    Error, Kernel, Result,
    auth::Caller,
    db::Audit,
    jobs::{JobCtx, Stop, Work},
    settings::IfMatch,
};
use logstore::{Holder, LogStore, Source, SourceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{pin::Pin, sync::Arc};

/// The kind of job.
pub const KIND: &str = "source_removal";
/// Events, or contributions of events, that one step takes: a part of a second.
const STEP: u32 = 10_000;

/// What is removed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Input {
    sha256: String,
    label: String,
}

/// Where to go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// Nothing is done yet.
    #[default]
    Alerts,
    /// What its events contribute to correlations.
    Contributions,
    Events,
    /// Alerts that were made of its events while they went.
    Late,
    File,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Resume {
    step: Step,
    /// Its number in the log store.
    source: i64,
    /// Events that go.
    goes: u64,
    /// Events that others hold too.
    stays: u64,
}

/// Who has something to do with a source.
pub(super) struct Imports {
    /// One that reads it has not ended.
    pub(super) reading: bool,
    /// One is paused in the middle of it, or of the container that it is in.
    paused: bool,
}

/// Imports that have not ended and read this source, or will.
pub(super) async fn imports(kernel: &Kernel, source: &Source) -> Result<Imports> {
    let mut found = Imports { reading: false, paused: false };
    for (job, input) in kernel.jobs.unfinished(input::KIND).await? {
        let (open, names) = (has_open(&job, source), names(input, &source.file.sha256));
        found.reading |= open || names;
        found.paused |= open && job.status != JobStatus::Running;
    }
    Ok(found)
}

/// Whether an import has begun with a source, or with the container that it is in, and not ended with it.
fn has_open(job: &Job, source: &Source) -> bool {
    let told: ImportResult = serde_json::from_value(job.result.clone()).unwrap_or_default();
    if told.file_list.len() >= super::import::LISTED {
        // Files beyond the list are not told: what was met after it began may be one of them.
        return job.started_at.is_some_and(|at| source.last_seen.0 / 1_000_000 >= at.0);
    }
    let outer = source.file.label.split_once(" > ").map(|(outer, _)| outer);
    let it =
        |f: &ImportFile| f.sha256.as_ref() == Some(&source.file.sha256) || Some(f.name.as_str()) == outer;
    told.file_list.iter().any(|f| matches!(f.state.as_str(), "running" | "queued") && it(f))
}

/// Whether an import reads a kept file.
fn names(input: Value, sha256: &str) -> bool {
    match serde_json::from_value::<Import>(input) {
        Ok(Import::Kept { items, .. }) => items.iter().any(|i| i.sha256 == sha256),
        _ => false,
    }
}

/// The version of a source for `If-Match`: when something of it came in last.
pub(super) fn version(source: &Source) -> i64 {
    source.appended_at.map_or(source.last_seen.0, |at| at.0.max(source.last_seen.0))
}

/// The removal of a source that has not ended.
async fn under_way(kernel: &Kernel, sha256: &str) -> Result<Option<Job>> {
    let all = kernel.jobs.unfinished(KIND).await?;
    Ok(all.into_iter().find(|(_, input)| input["sha256"] == sha256).map(|(job, _)| job))
}

/// Queues the removal. AURORA-4040 where there is no such source; AURORA-4090 while a case refers to one of its alerts,
/// while an import that reads it has not ended, and while it is being removed.
pub async fn start(
    app: &App,
    by: &Caller<perm::SiemWrite>,
    sha256: &str,
    if_match: IfMatch<'_>,
) -> Result<(String, i64)> {
    let found = app.logs.find(sha256).await.map_err(store_error)?;
    let source = found.ok_or_else(|| Error::new(Code::NotFound))?;
    if_match(version(&source))?;
    let kernel = &app.kernel;
    let conflict =
        |reason: &str, job: &str| Error::with(Code::Conflict, json!({"reason": reason, "job_id": job}));
    if let Some(job) = under_way(kernel, sha256).await? {
        return Err(conflict("it is being removed", &job.job_id));
    }
    if imports(kernel, &source).await?.reading {
        return Err(Error::conflict("an import that reads it has not ended"));
    }
    let all = withdrawn(kernel.db.read(), &*app.logs, of(source.id)).await?;
    let cases = cases_of(kernel.db.read(), &all).await?;
    if !cases.is_empty() {
        return Err(refused(&cases));
    }
    let input = Input { sha256: sha256.into(), label: source.file.label.clone() };
    let input = serde_json::to_value(&input).map_err(Error::internal)?;
    let mut tx = kernel.db.write(&by.actor).await?;
    let job = kernel.jobs.enqueue(&mut tx, KIND, source.events + source.borrowed, &input).await?;
    let after = json!({"job_id": job, "source": source.file.label, "events": parts(&source).0});
    let seq = tx.commit(Audit::new("source.remove.start", "source", sha256).after(after), &[]).await?;
    kernel.jobs.wake();
    Ok((job, seq))
}

/// How many events go with a source, and how many stay because others hold them.
fn parts(s: &Source) -> (u64, u64) {
    (s.events.saturating_sub(s.shared), s.shared + s.borrowed)
}

/// Whether an event goes with a source.
pub(super) fn of(source: SourceId) -> impl Fn(Option<Holder>) -> bool {
    move |holder| holder == Some(Holder::One(source))
}

/// The kind of work.
pub struct RemoveSource {
    /// `logs.db`.
    pub logs: Arc<dyn LogStore>,
    /// Kept sources.
    pub content: Arc<ContentStore>,
}

impl Work for RemoveSource {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn unit(&self) -> &'static str {
        "events"
    }

    fn whole(&self) -> bool {
        true
    }

    fn needs(&self) -> (&'static str, &'static str) {
        ("siem:read", "siem:write")
    }

    fn run(&self, ctx: JobCtx) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
        let (logs, content) = (self.logs.clone(), self.content.clone());
        Box::pin(async move {
            let input: Input = serde_json::from_value(ctx.input.clone()).map_err(Error::internal)?;
            let at: Option<Resume> = ctx.resume.clone().and_then(|r| serde_json::from_value(r).ok());
            let told = at.map(|_| serde_json::from_value(ctx.last_result()).unwrap_or_default());
            let mut result: RemovalResult = told.unwrap_or_default();
            (result.source_id, result.source) = (input.sha256.clone(), input.label.clone());
            Run { ctx, logs, content, input, at: at.unwrap_or_default(), result }.all().await
        })
    }
}

/// One removal under way.
struct Run {
    ctx: JobCtx,
    logs: Arc<dyn LogStore>,
    content: Arc<ContentStore>,
    input: Input,
    at: Resume,
    result: RemovalResult,
}

impl Run {
    async fn all(mut self) -> Result<()> {
        loop {
            // The workspace closes: it goes on from here at the next open.
            if self.ctx.stop() != Stop::No {
                return Ok(());
            }
            match self.at.step {
                Step::Alerts => self.alerts().await?,
                Step::Contributions => {
                    self.contributions().await?;
                    self.next(Step::Events).await?;
                }
                Step::Events => self.events().await?,
                Step::Late => self.late().await?,
                Step::File => {
                    self.file().await?;
                    self.ctx.result(&self.result);
                    return Ok(());
                }
            }
        }
    }

    /// What the job says so far, and the step that comes.
    async fn next(&mut self, step: Step) -> Result<()> {
        self.at.step = step;
        self.ctx.result(&self.result);
        self.ctx.save(&json!(self.at)).await
    }

    /// Decides, and takes the alerts, in one write.
    async fn alerts(&mut self) -> Result<()> {
        let kernel = self.ctx.kernel.clone();
        let Some(source) = self.logs.find(&self.input.sha256).await.map_err(store_error)? else {
            // Another job was faster.
            return self.next(Step::File).await;
        };
        if imports(&kernel, &source).await?.paused {
            return Err(Error::conflict("an import that reads it has not ended"));
        }
        let all = withdrawn(kernel.db.read(), &*self.logs, of(source.id)).await?;
        let mut tx = kernel.db.write(&self.ctx.actor()).await?;
        let ended = withdraw(&kernel, &mut tx, &all).await?;
        let count = |list: &[String]| u64::try_from(list.len()).unwrap_or(0);
        (self.result.alerts, self.result.alerts_reduced) = (count(&ended.removed), count(&ended.reduced));
        let (goes, stays) = parts(&source);
        self.at = Resume { step: Step::Contributions, source: source.id.0, goes, stays };
        self.ctx.result(&self.result);
        self.ctx.progress(0, source.events + source.borrowed);
        self.ctx.checkpoint(&mut tx, &json!(self.at)).await?;
        let before = json!({"source": source.file.label, "size": source.file.size, "format": source.file.format,
            "kept": source.file.kept, "events": source.events, "shared": source.shared});
        let after = json!({"alerts_removed": ended.removed, "alerts_reduced": ended.reduced});
        let audit = Audit::new("source.remove", "source", &self.input.sha256).before(before).after(after);
        tx.commit(audit, &ended.changes).await?;
        Ok(())
    }

    /// Correlations must not go on counting events that are gone.
    async fn contributions(&mut self) -> Result<()> {
        let kernel = self.ctx.kernel.clone();
        let goes = of(SourceId(self.at.source));
        let mut last = ContributionKey::default();
        loop {
            let some = contributions_after(kernel.db.read(), &last, STEP.into()).await?;
            let Some(end) = some.last() else { return Ok(()) };
            last = end.clone();
            let id = |k: &ContributionKey| Identity::try_from(k.event.as_slice()).ok();
            let ids: Vec<_> = some.iter().filter_map(id).collect();
            let holders = self.logs.holders(&ids).await.map_err(store_error)?;
            let gone: Vec<_> = some
                .into_iter()
                .filter(|k| id(k).is_some_and(|id| goes(holders.get(&id).copied())))
                .collect();
            if !gone.is_empty() {
                let mut tx = kernel.db.write(&self.ctx.actor()).await?;
                take_back(&mut tx, &gone).await?;
                tx.commit_checkpoint().await?;
            }
        }
    }

    /// Takes the events, step by step.
    async fn events(&mut self) -> Result<()> {
        let found = self.logs.find(&self.input.sha256).await.map_err(store_error)?;
        // What came after it under the same number, or the same content again, is not what was to go.
        let Some(source) = found.filter(|s| s.id.0 == self.at.source) else {
            self.tell((0, 0));
            return self.next(Step::Late).await;
        };
        let step = self.logs.delete(source.id, STEP).await.map_err(store_error)?;
        // From what is left, not from what the steps say: the last one before a kill told nobody.
        let (goes, stays) = parts(&source);
        let left = (goes.saturating_sub(step.events), stays.saturating_sub(step.kept));
        self.tell(left);
        self.next(if step.done { Step::Late } else { Step::Events }).await
    }

    /// Counts of the result, and progress, from the events that are left to go and to stay.
    fn tell(&mut self, (goes, stays): (u64, u64)) {
        self.result.events = self.at.goes.saturating_sub(goes);
        self.result.events_kept = self.at.stays.saturating_sub(stays);
        self.ctx.progress(self.result.events + self.result.events_kept, self.at.goes + self.at.stays);
    }

    /// Something else may have made an alert of an event while it was still there.
    async fn late(&mut self) -> Result<()> {
        let kernel = self.ctx.kernel.clone();
        let mut all = withdrawn(kernel.db.read(), &*self.logs, |holder| holder.is_none()).await?;
        let mut tx = kernel.db.write(&self.ctx.actor()).await?;
        // What stands in a case by now stays in it.
        let mut held = vec![];
        for w in &all {
            if !crate::alerts::cases_in(&mut tx, std::slice::from_ref(w)).await?.is_empty() {
                held.push(w.alert);
            }
        }
        all.retain(|w| !held.contains(&w.alert));
        let ended = withdraw(&kernel, &mut tx, &all).await?;
        self.at.step = Step::File;
        self.ctx.checkpoint(&mut tx, &json!(self.at)).await?;
        if ended.changes.is_empty() {
            return tx.commit_checkpoint().await;
        }
        let after = json!({"alerts_removed": ended.removed, "alerts_reduced": ended.reduced});
        let audit = Audit::new("source.remove", "source", &self.input.sha256).after(after);
        tx.commit(audit, &ended.changes).await.map(drop)
    }

    /// The kept file, unless an import that waits needs it, or it came again.
    async fn file(&mut self) -> Result<()> {
        let hash = Sha256Hex::parse(&self.input.sha256).map_err(Error::internal)?;
        let again = self.logs.find(&self.input.sha256).await.map_err(store_error)?.is_some();
        let unfinished = self.ctx.kernel.jobs.unfinished(input::KIND).await?;
        let waits = unfinished.into_iter().any(|(_, input)| names(input, &self.input.sha256));
        if again || waits {
            return Ok(());
        }
        let size = self.content.size(&hash);
        if size > 0 {
            // Said before it goes: afterwards nobody could tell.
            self.result.bytes = size;
            self.next(Step::File).await?;
        }
        let content = self.content.clone();
        let gone = tokio::task::spawn_blocking(move || content.remove(&hash));
        gone.await.map_err(Error::internal)?.map_err(content_error).map(drop)
    }
}
