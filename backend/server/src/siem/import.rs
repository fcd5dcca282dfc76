//! The import job: sources to events, events to matches, matches to alerts.
//!
//! For each batch: events into the log store (synced), then alerts and the job's resume point in one write. A crash
//! between the two is healed by identity: the batch is read again, its events are there already, its alerts are made.

use super::{
    own,
    source::{self, Opened, Place, Refused},
    store_error,
};
use crate::{
    alerts::Cause,
    detections::{Matcher, Rules, evaluate, keep_costs, write_correlated, write_matches},
};
use api::{
    Time,
    jobs::Skip,
    siem::{ImportFile, ImportResult},
};
use event::{Batch, Nanos};
use evidence::{ContentStore, Sha256Hex};
use ingest::{
    Format,
    paths::{Found, walk},
};
use kernel::{
    Error, Kernel, Result,
    db::{Actor, Audit},
    jobs::{JobCtx, Stop, Work},
};
use logstore::{LogStore, NewSource, SourceId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};
use tokio::runtime::Handle;

/// The kind of job.
pub const KIND: &str = "import";
/// Files that the result lists by name; all are counted.
pub(super) const LISTED: usize = 1_000;

/// What an import reads.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Files and folders of this machine: only from the shell and the command line.
    Paths {
        /// Absolute.
        #[serde(with = "kernel::platform::path_bytes")]
        paths: Vec<PathBuf>,
    },
    /// Uploads, already in the content store.
    Kept {
        /// In the order of the upload.
        items: Vec<Item>,
    },
}

/// An upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Item {
    /// What the client called it.
    pub label: String,
    /// Its name in the content store.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// The format that the client says it has, in place of what its content tells.
    #[serde(default)]
    pub format: Option<String>,
}

/// Queues an import: the one way from sources to a job.
pub async fn start(kernel: &Kernel, by: &Actor, input: Input) -> Result<String> {
    let value = serde_json::to_value(&input).map_err(Error::internal)?;
    let labels: Vec<_> = match &input {
        Input::Paths { paths } => paths.iter().map(|p| p.to_string_lossy().into_owned()).collect(),
        Input::Kept { items } => items.iter().map(|i| i.label.clone()).collect(),
    };
    let total = match &input {
        Input::Paths { .. } => 0,
        Input::Kept { items } => items.iter().map(|i| i.size).sum(),
    };
    let mut tx = kernel.db.write(by).await?;
    let id = kernel.jobs.enqueue(&mut tx, KIND, total, &value).await?;
    tx.commit(Audit::new("import.start", "job", &id).after(json!({"sources": labels})), &[]).await?;
    kernel.jobs.wake();
    Ok(id)
}

/// Where to go on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Resume {
    /// Sources done.
    source: usize,
    /// Members done of the source under way, where it is a container.
    #[serde(default)]
    pub(super) member: u64,
    /// Chunk or record of the source, or of its member, under way.
    pub(super) chunk: u64,
    /// Bytes of the sources done.
    bytes: u64,
    /// Events in the store at this point: what a crash added beyond it was new.
    store_events: u64,
}

/// The kind of work.
pub struct Import {
    /// `logs.db`.
    pub logs: Arc<dyn LogStore>,
    /// Kept sources.
    pub content: Arc<ContentStore>,
    /// Compiled rules.
    pub rules: Arc<Rules>,
    /// Folder of the workspace, whose own files are no logs.
    pub dir: PathBuf,
}

impl Work for Import {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn unit(&self) -> &'static str {
        "bytes"
    }

    fn parts(&self) -> Option<&'static str> {
        Some("file_list")
    }

    fn needs(&self) -> (&'static str, &'static str) {
        ("siem:read", "siem:write")
    }

    fn run(&self, ctx: JobCtx) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
        let (logs, content, rules) = (self.logs.clone(), self.content.clone(), self.rules.clone());
        let dir = self.dir.clone();
        Box::pin(async move {
            let runtime = Handle::current();
            // Parsing, hashing and matching are work for a thread of their own.
            let work = move || Run::new(ctx, logs, content, rules, runtime)?.all(&dir);
            tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
        })
    }
}

/// One import under way, on its own thread.
pub(super) struct Run {
    pub(super) ctx: JobCtx,
    pub(super) logs: Arc<dyn LogStore>,
    pub(super) content: Arc<ContentStore>,
    rules: Arc<Rules>,
    pub(super) runtime: Handle,
    keep: bool,
    pub(super) at: Resume,
    total: u64,
    /// Events of a batch that a crash left stored but not counted.
    uncounted: u64,
    /// Without its list of files, which is told part by part.
    pub(super) result: ImportResult,
    files: Vec<ImportFile>,
    matcher: Matcher,
}

impl Run {
    fn new(
        ctx: JobCtx,
        logs: Arc<dyn LogStore>,
        content: Arc<ContentStore>,
        rules: Arc<Rules>,
        runtime: Handle,
    ) -> Result<Run> {
        let resumed = ctx.resume.clone().and_then(|r| serde_json::from_value::<Resume>(r).ok());
        let result = match &resumed {
            Some(_) => serde_json::from_value(ctx.last_result()).unwrap_or_default(),
            None => ImportResult::default(),
        };
        let now = runtime.block_on(logs.stats()).map_err(store_error)?.events;
        let uncounted = resumed.as_ref().map_or(0, |r| now.saturating_sub(r.store_events));
        let at = resumed.unwrap_or(Resume { store_events: now, ..Resume::default() });
        let keep = ctx.kernel.settings.get().keep_sources;
        let files = ctx.parts().into_iter().filter_map(|f| serde_json::from_value(f).ok()).collect();
        // What was changed before the import began counts from its first event.
        let set = runtime.block_on(rules.fresh());
        let matcher = Matcher::new(set, ctx.resume.is_some());
        Ok(Run { files, ctx, logs, content, rules, runtime, keep, at, total: 0, uncounted, result, matcher })
    }

    fn all(mut self, dir: &Path) -> Result<()> {
        let input: Input = serde_json::from_value(self.ctx.input.clone()).map_err(Error::internal)?;
        self.total = match &input {
            Input::Paths { paths } => sizes(paths, &self.ctx, dir),
            Input::Kept { items } => items.iter().map(|i| i.size).sum(),
        };
        self.ctx.progress(self.at.bytes, self.total);
        // The first resume point: a crash during the first batch counts its events too.
        self.runtime.block_on(self.ctx.save(&json!(self.at)))?;
        match input {
            Input::Paths { paths } => {
                let own = own::Own::below(&paths, dir);
                if self.at.source == 0 {
                    for place in own.places() {
                        self.skip(&place, "the workspace's own files are not imported into it", None);
                    }
                }
                let others = walk(&paths).filter(|found| !own.holds(found));
                for (n, found) in others.enumerate().skip(self.at.source) {
                    match found {
                        Found::File { path, label } => self.source(n, Place::Path(path), None, label)?,
                        Found::Skipped { label, reason } => {
                            self.refused(n, ImportFile::named(&label), &reason)?
                        }
                    }
                    if self.ctx.stop() != Stop::No {
                        break;
                    }
                }
            }
            Input::Kept { items } => {
                for (n, item) in items.into_iter().enumerate().skip(self.at.source) {
                    let wanted = item.format.as_deref().and_then(Format::parse);
                    match Sha256Hex::parse(&item.sha256) {
                        Ok(hash) => self.source(n, Place::Kept(hash), wanted, item.label)?,
                        Err(e) => self.refused(n, ImportFile::named(&item.label), &e.to_string())?,
                    }
                    if self.ctx.stop() != Stop::No {
                        break;
                    }
                }
            }
        }
        if self.ctx.stop() == Stop::No {
            self.correlate()?;
        }
        let costs = self.matcher.costs();
        self.runtime.block_on(keep_costs(&self.ctx, &costs, &json!(self.at)))?;
        self.finish();
        Ok(())
    }

    /// Correlation rules over everything that is known now.
    fn correlate(&mut self) -> Result<()> {
        let runtime = self.runtime.clone();
        let found = runtime.block_on(evaluate(&self.ctx.kernel, self.matcher.set()))?;
        self.result.correlation_notes = self.matcher.shortfalls();
        if found.is_empty() {
            return Ok(());
        }
        runtime.block_on(async {
            let kernel = self.ctx.kernel.clone();
            let mut tx = kernel.db.write(&self.ctx.actor()).await?;
            let raised = write_correlated(&kernel, &mut tx, self.matcher.set(), &found, None).await?;
            self.result.alerts += u64::try_from(raised.created.len()).unwrap_or(0);
            self.result.correlation_notes.extend(found.notes);
            self.ctx.result(&self.result);
            self.ctx.checkpoint(&mut tx, &json!(self.at)).await?;
            raised.commit(&kernel, tx, &self.ctx.id).await
        })
    }

    /// What the job says at its end, or when it is stopped.
    fn finish(&mut self) {
        let report = self.matcher.report();
        let r = &mut self.result;
        (r.rule_set, r.rules_run) = (report.rule_set, report.ran);
        (r.rules_not_run, r.rules_not_run_total) = (report.not_run, report.not_run_total);
        (r.rules_no_chance, r.rules_no_chance_total) = (report.no_chance, report.no_chance_total);
        r.no_match_reason = report.no_match_reason.filter(|_| r.matches == 0);
        self.ctx.result(&self.result);
        let r = &self.result;
        self.ctx
            .kept(format!("{} events and {} alerts stay; nothing stored was removed", r.events, r.alerts));
    }

    /// One source from open to end. Trouble with it is said and does not end the import.
    fn source(&mut self, n: usize, place: Place, wanted: Option<Format>, label: String) -> Result<()> {
        let mut said = self.listed(n, &label);
        said.state = "running".into();
        let ctx = self.ctx.clone();
        let stop = move || ctx.stop() != Stop::No;
        let opened = source::open(&self.content, &place, wanted, self.keep, &mut said, &stop);
        let mut opened = match opened {
            Ok(o) => o,
            Err(Refused::Stopped) => return Ok(()),
            Err(Refused::Because(reason)) => return self.refused(n, said, &reason),
        };
        let id = self.register(&opened, &label)?;
        self.show(n, said.clone());
        let finished = self.read(n, &mut opened, id, &mut said)?;
        if !finished {
            said.state = "queued".into();
            self.show(n, said);
            return Ok(());
        }
        if let Some(reason) = opened.look_again(&mut said, &stop) {
            self.skip(&said.name, &reason, None);
        }
        said.state = if said.errors > 0 { "partial" } else { "done" }.into();
        said.bytes_done = said.size;
        self.result.files += 1;
        self.at = Resume { source: n + 1, member: 0, chunk: 0, bytes: self.at.bytes + said.size, ..self.at };
        self.show(n, said);
        if let Place::Kept(hash) = &place
            && !self.keep
        {
            // An upload had to lie somewhere; keeping is switched off, so it goes.
            self.content.remove(hash).map_err(super::content_error)?;
        }
        self.save()
    }

    fn register(&self, opened: &Opened, label: &str) -> Result<SourceId> {
        let source = NewSource {
            sha256: opened.before.sha256.to_string(),
            label: label.into(),
            size: opened.before.size,
            mtime: Nanos(opened.before.mtime_ns),
            format: opened.format.name().into(),
            kept: opened.kept,
        };
        let now = Nanos(self.ctx.kernel.world.now_ns());
        self.runtime.block_on(self.logs.source(&source, now)).map_err(store_error)
    }

    /// Events first, synced; then alerts and the resume point in one write.
    pub(super) fn batch(
        &mut self,
        n: usize,
        id: SourceId,
        batch: Batch,
        said: &mut ImportFile,
    ) -> Result<()> {
        let now = Nanos(self.ctx.kernel.world.now_ns());
        let runtime = self.runtime.clone();
        let added = runtime.block_on(self.logs.append(id, &batch.events, now)).map_err(store_error)?;
        let after_crash = added.duplicates.min(self.uncounted);
        self.uncounted -= after_crash;
        let (new, duplicates) = (added.new + after_crash, added.duplicates - after_crash);
        self.at.store_events += new;
        for s in &batch.skipped {
            self.skip(&said.name, &s.reason, Some(s));
        }
        for s in &batch.notes {
            self.said(&said.name, &s.reason, Some(s), true);
        }
        let errors = u64::try_from(batch.skipped.len()).unwrap_or(0);
        said.events += new;
        said.duplicates += duplicates;
        said.errors += errors;
        said.bytes_done = batch.bytes_done;
        self.result.events += new;
        self.result.duplicates += duplicates;
        self.result.parse_errors += errors;
        let metrics = &self.ctx.kernel.metrics;
        metrics.ingest_events.inc_by(new);
        metrics.ingest_rejected.inc_by(errors);
        self.seen(&batch);
        self.matcher.follow(&self.rules);
        let matched = self.matcher.scan(&batch.events, &self.ctx.kernel.world);
        self.result.suppressed += matched.suppressed();
        self.at.chunk = batch.resume;
        self.show(n, said.clone());
        self.ctx.progress(self.at.bytes + batch.bytes_done.min(said.size), self.total.max(self.at.bytes));
        if matched.is_empty() {
            return self.save();
        }
        runtime.block_on(async {
            let kernel = self.ctx.kernel.clone();
            let mut tx = kernel.db.write(&self.ctx.actor()).await?;
            let cause = Cause { source: "sigma", run_id: None };
            let raised = write_matches(&kernel, &mut tx, &matched, &batch.events, &cause).await?;
            self.result.matches += raised.matches;
            self.result.alerts += u64::try_from(raised.created.len()).unwrap_or(0);
            self.ctx.result(&self.result);
            self.ctx.checkpoint(&mut tx, &json!(self.at)).await?;
            raised.commit(&kernel, tx, &self.ctx.id).await
        })
    }

    /// First and last event time.
    fn seen(&mut self, batch: &Batch) {
        let r = &mut self.result;
        for event in &batch.events {
            let at = Time::from_nanos(event.time.0);
            r.first_event = Some(r.first_event.map_or(at, |t| t.min(at)));
            r.last_event = Some(r.last_event.map_or(at, |t| t.max(at)));
        }
    }

    fn save(&mut self) -> Result<()> {
        self.ctx.result(&self.result);
        self.runtime.block_on(self.ctx.save(&json!(self.at)))
    }

    pub(super) fn skip(&self, source: &str, reason: &str, at: Option<&event::Skipped>) {
        self.said(source, reason, at, false);
    }

    fn said(&self, source: &str, reason: &str, at: Option<&event::Skipped>, note: bool) {
        self.ctx.skip(Skip {
            source: source.into(),
            member: at.and_then(|s| s.member.clone()),
            record: at.and_then(|s| s.record),
            offset: at.and_then(|s| s.offset),
            reason: reason.into(),
            note,
        });
    }

    /// A source that is not read, with why.
    fn refused(&mut self, n: usize, mut said: ImportFile, reason: &str) -> Result<()> {
        said.state = "refused".into();
        said.reason = Some(reason.into());
        self.skip(&said.name, reason, None);
        self.result.files += 1;
        self.at = Resume { source: n + 1, member: 0, chunk: 0, bytes: self.at.bytes + said.size, ..self.at };
        self.show(n, said);
        self.ctx.progress(self.at.bytes, self.total.max(self.at.bytes));
        self.save()
    }

    fn listed(&self, n: usize, label: &str) -> ImportFile {
        self.files.get(n).cloned().unwrap_or_else(|| ImportFile::named(label))
    }

    fn show(&mut self, n: usize, said: ImportFile) {
        if n < LISTED {
            self.ctx.part(n, &said);
            match self.files.get_mut(n) {
                Some(slot) => *slot = said,
                None => self.files.push(said),
            }
        }
        self.ctx.result(&self.result);
    }
}

/// Bytes in all, for progress; unreadable ones count nothing.
fn sizes(paths: &[PathBuf], ctx: &JobCtx, dir: &Path) -> u64 {
    let mut total = 0;
    let own = own::Own::below(paths, dir);
    for found in walk(paths).filter(|found| !own.holds(found)) {
        if let Found::File { path, .. } = found {
            total += path.metadata().map_or(0, |m| m.len());
        }
        if ctx.stop() != Stop::No {
            break;
        }
    }
    total
}
