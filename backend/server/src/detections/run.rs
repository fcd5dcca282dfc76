//! Rules over stored events, as a job: what an import would have found, had the rules been there.
//!
//! Grouping is that of imports, and an event that a rule has counted is never counted again, so a run can be repeated
//! and stopped at any moment.

use super::{
    Rules,
    compile::{self, Loaded, Parsed, RuleSet},
    correlate,
    matching::{self, Matcher},
    store::{
        self,
        rules::{self, Source},
        runs,
    },
    text,
};
use crate::{
    App,
    alerts::Cause,
    siem::{Merges, event_of, store_error},
};
use api::{
    Code, Page,
    detections::{RuleRun, RunAccepted, RunList, RunRange, RunWhat},
    jobs::{Job, JobStatus},
};
use detect::sigma::Kind;
use event::Nanos;
use kernel::{
    Error, Kernel, Result,
    db::{Actor, Audit},
    jobs::{JobCtx, Stop, Work},
    route,
};
use logstore::{LogStore, Search};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{pin::Pin, sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// The kind of job.
pub const KIND: &str = "rule_run";
/// Events a batch, as at import.
const BATCH: u32 = 2_000;
/// A batch that takes the store longer than this is a fault of the store.
const PATIENCE: Duration = Duration::from_secs(120);
/// Matching events that a run names.
const SAMPLE: usize = 20;

/// What a run was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Input {
    /// The one rule of a run of one.
    rule_id: Option<String>,
    what: RunWhat,
}

/// Where to go on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Resume {
    cursor: Option<String>,
    took_ns: i64,
    /// Everything was looked at.
    done: bool,
}

/// Queues a run. AURORA-4040 for a rule or pack that is not there, AURORA-4220 for a rule whose text does not load.
pub async fn start(app: &App, by: &Actor, rule_id: Option<String>, what: RunWhat) -> Result<RunAccepted> {
    let db = app.kernel.db.read();
    if what.rule_ids.len() > 1_000 {
        return Err(Error::field("rule_ids", "at most 1,000"));
    }
    if !what.rule_ids.is_empty() && what.pack.is_some() {
        return Err(Error::field("pack", "give rule_ids or a pack, one of the two"));
    }
    if let (Some(from), Some(to)) = (what.from, what.to)
        && from >= to
    {
        return Err(Error::field("to", "not after from"));
    }
    let ids = rule_id.iter().chain(&what.rule_ids);
    for (i, id) in ids.enumerate() {
        let there = rules::get(db, id).await?;
        let s = match (there, &rule_id) {
            (Some(s), _) => s,
            (None, Some(_)) => return Err(Error::new(Code::NotFound)),
            (None, None) => return Err(Error::field(format!("rule_ids[{i}]"), "no such rule")),
        };
        if let Some(e) = s.rule.errors.first() {
            return Err(text::refused(e));
        }
    }
    if let Some(pack) = &what.pack
        && store::packs::version_now(db, pack).await?.is_none()
    {
        return Err(Error::new(Code::NotFound));
    }
    let total = app.logs.stats().await.map_err(store_error)?.events;
    let input = Input { rule_id: rule_id.clone(), what: what.clone() };
    let value = serde_json::to_value(&input).map_err(Error::internal)?;
    let mut tx = app.kernel.db.write(by).await?;
    let id = app.kernel.jobs.enqueue(&mut tx, KIND, total, &value).await?;
    let run = runs::Run {
        run_id: id.clone(),
        rule_id: rule_id.clone(),
        pack: what.pack.clone(),
        created_at: app.kernel.world.tick().0,
    };
    runs::insert(&mut tx, &run, &text::hash(&value.to_string())).await?;
    let object = match (&rule_id, &what.pack) {
        (Some(rule), _) => ("rule", rule.as_str()),
        (None, Some(pack)) => ("pack", pack.as_str()),
        (None, None) => ("rules", "all"),
    };
    let after = json!({"job_id": id, "what": what});
    tx.commit(Audit::new("rule.run", object.0, object.1).after(after), &[]).await?;
    app.kernel.jobs.wake();
    Ok(RunAccepted { run_id: id.clone(), job_id: id })
}

/// Runs, newest first, of one rule or all.
pub async fn page(app: &App, rule_id: Option<&str>, q: &RunList) -> Result<Page<RuleRun>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["-created_at"])?;
    let after = route::cursor::<(i64, String)>(q.cursor.as_deref())?.unwrap_or((i64::MAX, String::new()));
    let db = app.kernel.db.read();
    if let Some(id) = rule_id {
        rules::get(db, id).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    }
    let found = runs::page(db, rule_id, (after.0, &after.1), limit + 1).await?;
    let total = runs::total(db, rule_id).await?;
    let page = route::page(found, limit, total, cap, |r| (r.created_at, r.run_id.clone()));
    let mut items = vec![];
    for run in page.items {
        let job = app.kernel.jobs.get_unchecked(&run.run_id).await?;
        items.push(view(run, job));
    }
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
        total: page.total,
        total_is_lower_bound: page.total_is_lower_bound,
    })
}

/// A run as its job tells it.
fn view(run: runs::Run, job: Option<Job>) -> RuleRun {
    let Some(job) = job else {
        return RuleRun { run_id: run.run_id, rule_id: run.rule_id, pack: run.pack, ..RuleRun::default() };
    };
    let told: RuleRun = serde_json::from_value(job.result).unwrap_or_default();
    RuleRun {
        job_id: job.job_id,
        run_id: run.run_id,
        by: job.created_by,
        rule_id: run.rule_id,
        pack: run.pack,
        status: job.status.as_str().into(),
        started_at: job.started_at,
        finished_at: job.finished_at,
        ..told
    }
}

/// The kind of work.
pub struct RuleRuns {
    /// `logs.db`.
    pub logs: Arc<dyn LogStore>,
    /// Compiled rules.
    pub rules: Arc<Rules>,
    /// Names that count as one.
    pub merges: Arc<Merges>,
}

impl Work for RuleRuns {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn unit(&self) -> &'static str {
        "events"
    }

    fn needs(&self) -> (&'static str, &'static str) {
        ("siem:read", "siem:write")
    }

    fn run(&self, ctx: JobCtx) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> {
        let (logs, rules, merges) = (self.logs.clone(), self.rules.clone(), self.merges.clone());
        Box::pin(async move {
            let input: Input = serde_json::from_value(ctx.input.clone()).map_err(Error::internal)?;
            let set = chosen(&ctx.kernel, &rules, &input).await?;
            let before = compared(&ctx.kernel, &ctx.id).await?;
            let runtime = Handle::current();
            let work = move || Run::new(ctx, (logs, merges), set, input, before, runtime).all();
            tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
        })
    }
}

/// The rules that a run is for: all that are enabled share the set that new events meet.
async fn chosen(kernel: &Kernel, rules: &Rules, input: &Input) -> Result<Arc<RuleSet>> {
    let ids: Vec<_> = input.rule_id.iter().chain(&input.what.rule_ids).cloned().collect();
    if ids.is_empty() && input.what.pack.is_none() {
        return Ok(rules.fresh().await);
    }
    let mut loaded: Loaded = compile::load(&kernel.db).await?;
    let db = kernel.db.read();
    let picked: Vec<Source> = match &input.what.pack {
        Some(pack) => loaded.rules.iter().filter(|r| r.pack.as_ref() == Some(pack)).cloned().collect(),
        None => store::rules::some(db, &ids).await?,
    };
    let wanted: Vec<_> = picked.iter().map(|r| r.rule_id.clone()).collect();
    // A correlation stands on rules, and a filter changes them: the others are there, and do not count.
    let plain = |r: &Source| text::one(&r.body, &r.rule_id).is_some_and(|r| r.kind == Kind::Detection);
    loaded.rules = match picked.iter().all(plain) && loaded.rules.iter().all(|r| !is_filter(r)) {
        true => picked,
        false => store::rules::stand_on(db, &wanted).await?,
    };
    loaded.only = Some(wanted.into_iter().collect());
    if !ids.is_empty() {
        loaded.broken.retain(|(id, _, _)| ids.contains(id));
    }
    let work = move || Arc::new(compile::build(loaded, &mut Parsed::default()));
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

/// Cheap: a filter's text names its part.
fn is_filter(r: &Source) -> bool {
    r.body.lines().any(|l| l.starts_with("filter:"))
}

/// Matches of the newest earlier run with the same rules and range that came to its end.
async fn compared(kernel: &Kernel, run_id: &str) -> Result<Option<u64>> {
    for id in runs::before(kernel.db.read(), run_id).await? {
        if let Some(job) = kernel.jobs.get_unchecked(&id).await?
            && job.status == JobStatus::Done
        {
            let told: RuleRun = serde_json::from_value(job.result).unwrap_or_default();
            return Ok(Some(told.matched));
        }
    }
    Ok(None)
}

/// One run under way, on its own thread.
struct Run {
    ctx: JobCtx,
    logs: Arc<dyn LogStore>,
    merges: Arc<Merges>,
    matcher: Matcher,
    runtime: Handle,
    range: RunRange,
    at: Resume,
    total: u64,
    before: Option<u64>,
    result: RuleRun,
}

impl Run {
    fn new(
        ctx: JobCtx,
        (logs, merges): (Arc<dyn LogStore>, Arc<Merges>),
        set: Arc<RuleSet>,
        input: Input,
        before: Option<u64>,
        runtime: Handle,
    ) -> Run {
        let at = ctx.resume.clone().and_then(|r| serde_json::from_value::<Resume>(r).ok());
        let mut result = match &at {
            Some(_) => serde_json::from_value(ctx.last_result()).unwrap_or_default(),
            None => RuleRun::default(),
        };
        let range = RunRange { from: input.what.from, to: input.what.to };
        result.run_id.clone_from(&ctx.id);
        result.job_id.clone_from(&ctx.id);
        result.by.clone_from(&ctx.created_by);
        result.rule_id = input.rule_id;
        result.pack = input.what.pack;
        result.range = range.clone();
        result.status = JobStatus::Running.as_str().into();
        let matcher = Matcher::new(set, at.is_some());
        let at = at.unwrap_or_default();
        Run { ctx, logs, merges, matcher, runtime, range, at, total: 0, before, result }
    }

    fn all(mut self) -> Result<()> {
        let nanos = |t: Option<api::Time>| t.map(|t| Nanos(t.0.saturating_mul(1_000_000)));
        let runtime = self.runtime.clone();
        self.total = runtime.block_on(self.logs.stats()).map_err(store_error)?.events;
        self.ctx.progress(self.result.scanned, self.total);
        loop {
            if self.at.done || self.ctx.stop() != Stop::No {
                break;
            }
            let started = self.ctx.kernel.world.now_ns();
            let search = Search {
                from: nanos(self.range.from),
                to: nanos(self.range.to),
                limit: BATCH,
                cursor: self.at.cursor.clone(),
                ascending: true,
                deadline: PATIENCE,
                ..Search::default()
            };
            let page = runtime.block_on(self.logs.search(&search)).map_err(store_error)?;
            if page.partial && page.rows.is_empty() {
                return Err(Error::unavailable("the log store is too slow to be read", "logs.db"));
            }
            let events: Vec<_> = page.rows.iter().map(event_of).collect();
            self.at.done = page.next.is_none();
            self.at.cursor = page.next;
            self.batch(&events, started)?;
        }
        if self.at.done {
            self.correlate()?;
        }
        let costs = self.matcher.costs();
        self.runtime.block_on(matching::keep_costs(&self.ctx, &costs, &json!(self.at)))?;
        self.finish();
        Ok(())
    }

    /// Correlations over everything that is known now.
    fn correlate(&mut self) -> Result<()> {
        let (runtime, kernel, set) =
            (self.runtime.clone(), self.ctx.kernel.clone(), self.matcher.set().clone());
        self.result.correlation_notes = self.matcher.shortfalls();
        runtime.block_on(async {
            let found = correlate::evaluate(&kernel, &set).await?;
            if found.is_empty() {
                return Ok(());
            }
            let mut tx = kernel.db.write(&self.ctx.actor()).await?;
            let raised = correlate::write(&kernel, &mut tx, &set, &found, Some(&self.ctx.id)).await?;
            let count = |list: &[String]| u64::try_from(list.len()).unwrap_or(0);
            self.result.correlation_notes.extend(found.notes);
            self.result.matched += count(&raised.created);
            self.result.new_matches += count(&raised.created);
            self.result.alerts_created += count(&raised.created);
            self.result.alerts_updated += count(&raised.updated);
            self.ctx.result(&self.result);
            self.ctx.checkpoint(&mut tx, &json!(self.at)).await?;
            raised.commit(&kernel, tx, ("job", &self.ctx.id)).await
        })
    }

    /// Scans a batch; alerts and the resume point in one write.
    fn batch(&mut self, events: &[event::Event], started: i64) -> Result<()> {
        let kernel = self.ctx.kernel.clone();
        let matched = self.matcher.scan(events, &kernel.world);
        let r = &mut self.result;
        r.scanned += u64::try_from(events.len()).unwrap_or(0);
        r.matched += matched.len();
        r.suppressed += matched.suppressed();
        let room = SAMPLE.saturating_sub(r.sample.len());
        let sample = matched.events().filter_map(|i| events.get(i)).take(room);
        r.sample.extend(sample.map(|e| event::hex(&e.identity)));
        self.at.took_ns += kernel.world.now_ns() - started;
        r.took_ms = u64::try_from(self.at.took_ns / 1_000_000).unwrap_or(0);
        self.ctx.progress(r.scanned, self.total.max(r.scanned));
        self.ctx.result(&self.result);
        if matched.is_empty() {
            return self.runtime.block_on(self.ctx.save(&json!(self.at)));
        }
        let runtime = self.runtime.clone();
        runtime.block_on(async {
            let mut tx = kernel.db.write(&self.ctx.actor()).await?;
            let run_id = self.ctx.id.clone();
            let merged = self.merges.now();
            let cause = Cause { source: "sigma_run", run_id: Some(&run_id), merged };
            let raised = matching::write(&kernel, &mut tx, &matched, events, &cause).await?;
            self.result.new_matches += raised.matches;
            self.result.alerts_created += u64::try_from(raised.created.len()).unwrap_or(0);
            self.result.alerts_updated += u64::try_from(raised.updated.len()).unwrap_or(0);
            self.ctx.result(&self.result);
            self.ctx.checkpoint(&mut tx, &json!(self.at)).await?;
            raised.commit(&kernel, tx, ("job", &self.ctx.id)).await
        })
    }

    fn finish(&mut self) {
        let report = self.matcher.report();
        let r = &mut self.result;
        r.diff = self.before.map(|b| {
            let of = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            of(r.matched) - of(b)
        });
        r.rule_set = report.rule_set;
        r.rules_run = report.ran;
        (r.rules_not_run, r.rules_not_run_total) = (report.not_run, report.not_run_total);
        (r.rules_no_chance, r.rules_no_chance_total) = (report.no_chance, report.no_chance_total);
        r.no_match_reason = report.no_match_reason.filter(|_| r.matched == 0);
        self.ctx.result(&self.result);
        let r = &self.result;
        self.ctx.kept(format!(
            "{} events were looked at; {} new alerts stay; nothing stored was removed",
            r.scanned, r.alerts_created
        ));
    }
}
