//! The import job: sources to events, events to matches, matches to alerts.
//!
//! For each batch: events into the log store (synced), then alerts and the job's resume point in one write. A crash
//! between the two is healed by identity: the batch is read again, its events are there already, its alerts are made.

use super::{
    Clocks, Input, Merges, Told, clocks,
    growth::Growth,
    input::KIND,
    intake, own,
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
    Error, Result,
    jobs::{JobCtx, Stop, Work},
};
use logstore::{LogStore, NewSource, Part, SourceId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::runtime::Handle;

/// Files that the result lists by name; all are counted.
pub(super) const LISTED: usize = 1_000;
/// Sources of an import whose zones are applied while it runs; those of the others are at its end.
const APPLIED_AT_ONCE: u64 = 100;
/// How long is looked for events of a text that stand in another source too.
const LOOK_FOR_EQUAL: Duration = Duration::from_secs(5);

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
    /// Zones of sources.
    pub clocks: Arc<Clocks>,
    /// Names that count as one.
    pub merges: Arc<Merges>,
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
        let parts = (self.logs.clone(), self.content.clone(), self.rules.clone(), self.clocks.clone());
        let parts = (parts, self.merges.clone());
        let dir = self.dir.clone();
        Box::pin(async move {
            let runtime = Handle::current();
            // Parsing, hashing and matching are work for a thread of their own.
            let work = move || Run::new(ctx, parts, dir, runtime)?.all();
            tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
        })
    }
}

/// What an import works with.
type Parts = (Arc<dyn LogStore>, Arc<ContentStore>, Arc<Rules>, Arc<Clocks>);

/// One import under way, on its own thread.
pub(super) struct Run {
    pub(super) ctx: JobCtx,
    pub(super) logs: Arc<dyn LogStore>,
    pub(super) content: Arc<ContentStore>,
    rules: Arc<Rules>,
    clocks: Arc<Clocks>,
    merges: Arc<Merges>,
    told: Told,
    pub(super) runtime: Handle,
    keep: bool,
    /// Folder of the workspace.
    pub(super) dir: PathBuf,
    pub(super) at: Resume,
    total: u64,
    /// Events of a batch that a crash left stored but not counted.
    uncounted: u64,
    /// Without its list of files, which is told part by part.
    pub(super) result: ImportResult,
    files: Vec<ImportFile>,
    matcher: Matcher,
    /// Bytes and milliseconds of what the sources read whole held, by format.
    pub(super) took: BTreeMap<&'static str, (u64, u64)>,
    /// Bytes of what the source under way holds, by format.
    pub(super) held: BTreeMap<&'static str, u64>,
}

impl Run {
    fn new(
        ctx: JobCtx,
        ((logs, content, rules, clocks), merges): (Parts, Arc<Merges>),
        dir: PathBuf,
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
        let told = Told::default();
        Ok(Run {
            files,
            ctx,
            logs,
            content,
            rules,
            clocks,
            merges,
            told,
            runtime,
            keep,
            dir,
            at,
            total: 0,
            uncounted,
            result,
            matcher,
            took: BTreeMap::new(),
            held: BTreeMap::new(),
        })
    }

    fn all(mut self) -> Result<()> {
        let dir = &*self.dir.clone();
        let input: Input = serde_json::from_value(self.ctx.input.clone()).map_err(Error::internal)?;
        let (total, mix) = match &input {
            Input::Paths { paths, .. } => self.mix_of_paths(paths),
            Input::Kept { items, .. } => self.mix_of_kept(items),
        };
        self.total = total;
        if self.result.forecast.is_none() {
            self.foretell(&mix, self.keep && matches!(input, Input::Paths { .. }))?;
        }
        let (Input::Paths { told, .. } | Input::Kept { told, .. }) = &input;
        self.told = told.clone();
        self.ctx.progress(self.at.bytes, self.total);
        // The first resume point: a crash during the first batch counts its events too.
        self.runtime.block_on(self.ctx.save(&json!(self.at)))?;
        match input {
            Input::Paths { paths, .. } => {
                let own = own::Own::below(&paths, dir);
                if self.at.source == 0 {
                    for place in own.places() {
                        self.skip(&place, "the workspace's own files are not imported into it", None);
                    }
                }
                let others = walk(&paths).filter(|found| !own.holds(found));
                for (n, found) in others.enumerate().skip(self.at.source) {
                    match found {
                        Found::File { path, label } => self.source(n, Place::Path(path), label)?,
                        Found::Skipped { label, reason } => {
                            self.refused(n, ImportFile::named(&label), &reason)?
                        }
                    }
                    if self.ctx.stop() != Stop::No {
                        break;
                    }
                }
            }
            Input::Kept { items, .. } => {
                for (n, item) in items.into_iter().enumerate().skip(self.at.source) {
                    match Sha256Hex::parse(&item.sha256) {
                        Ok(hash) => self.source(n, Place::Kept(hash), item.label)?,
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
        self.apply_zones()?;
        self.runtime.block_on(self.logs.rest()).map_err(store_error)?;
        self.learn()?;
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
            raised.commit(&kernel, tx, ("job", &self.ctx.id)).await
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
    fn source(&mut self, n: usize, place: Place, label: String) -> Result<()> {
        let mut said = self.listed(n, &label);
        said.state = "running".into();
        let ctx = self.ctx.clone();
        let stop = move || ctx.stop() != Stop::No;
        let wanted = self.told.format.as_deref().and_then(Format::parse);
        let copied = match &place {
            Place::Path(path) if self.keep => path.metadata().map_or(0, |meta| meta.len()),
            _ => 0,
        };
        self.room(copied);
        let (begun, whole) = (Instant::now(), self.at.member == 0 && self.at.chunk == 0);
        self.held.clear();
        let opened = source::open(&self.content, &place, wanted, self.keep, &mut said, &stop);
        let mut opened = match opened {
            Ok(o) => o,
            Err(Refused::Stopped) => return Ok(()),
            Err(Refused::Because(reason)) => return self.refused(n, said, &reason),
        };
        self.show(n, said.clone());
        let (id, grown) = self.register(&opened, &label)?;
        said.grown_from = grown.last().map(|part| part.size);
        if opened.format.is_text() {
            self.zone(opened.before.sha256.as_str())?;
        }
        self.show(n, said.clone());
        let finished = self.read(n, &mut opened, id, &grown, &mut said)?;
        if !finished {
            said.state = "queued".into();
            self.show(n, said);
            return Ok(());
        }
        if let Some(reason) = opened.look_again(&mut said, &stop) {
            self.skip(&said.name, &reason, None);
        }
        if opened.format.is_text() {
            let equal = self.runtime.block_on(self.logs.equal(id, LOOK_FOR_EQUAL)).map_err(store_error)?;
            (said.equal, said.equal_is_lower_bound) = (equal.rows, equal.partial);
        }
        if whole && said.events > 0 {
            self.note(begun.elapsed());
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

    /// The source's number, and what it had grown from when it was first met.
    fn register(&self, opened: &Opened, label: &str) -> Result<(SourceId, Vec<Part>)> {
        let Growth { head, grown } = self.growth(opened)?;
        let source = NewSource {
            sha256: opened.before.sha256.to_string(),
            label: label.into(),
            size: opened.before.size,
            mtime: Nanos(opened.before.mtime_ns),
            format: opened.format.name().into(),
            kept: opened.kept,
            head,
            grown,
        };
        let now = Nanos(self.ctx.kernel.world.now_ns());
        self.runtime.block_on(async {
            let id = self.logs.source(&source, now).await.map_err(store_error)?;
            let stored = self.logs.files(&[id]).await.map_err(store_error)?;
            Ok((id, stored.get(&id).map(|source| source.grown.clone()).unwrap_or_default()))
        })
    }

    /// Gives a text the zone that the import was told.
    pub(super) fn zone(&self, sha256: &str) -> Result<()> {
        let Some(zone) = &self.told.timezone else { return Ok(()) };
        self.runtime.block_on(clocks::of_import(&self.ctx.kernel, &self.ctx.actor(), sha256, zone))?;
        // Seen at once, but where many sources would have it looked up again and again.
        if self.result.files < APPLIED_AT_ONCE { self.apply_zones() } else { Ok(()) }
    }

    fn apply_zones(&self) -> Result<()> {
        if self.told.timezone.is_none() {
            return Ok(());
        }
        self.runtime.block_on(self.clocks.load(self.ctx.kernel.db.read(), &*self.logs))
    }

    /// Events first, synced; then alerts and the resume point in one write.
    pub(super) fn batch(
        &mut self,
        n: usize,
        id: SourceId,
        batch: Batch,
        said: &mut ImportFile,
    ) -> Result<()> {
        self.room(0);
        let runtime = self.runtime.clone();
        let (logs, rules, world) = (&*self.logs, &*self.rules, &self.ctx.kernel.world);
        let stored = intake::store(logs, rules, world, &mut self.matcher, id, &batch.events);
        let (added, matched) = runtime.block_on(stored)?;
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
            let cause = Cause { source: "sigma", run_id: None, merged: self.merges.now() };
            let raised = write_matches(&kernel, &mut tx, &matched, &batch.events, &cause).await?;
            self.result.matches += raised.matches;
            self.result.alerts += u64::try_from(raised.created.len()).unwrap_or(0);
            self.ctx.result(&self.result);
            self.ctx.checkpoint(&mut tx, &json!(self.at)).await?;
            raised.commit(&kernel, tx, ("job", &self.ctx.id)).await
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
