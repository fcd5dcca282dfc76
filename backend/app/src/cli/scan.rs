//! `scan`: rules against files, without a workspace.

use super::{
    Exit, Format, csv,
    explain::Explain,
    pipelines, rules,
    turns::{Turn, Turns},
};
use detect::{
    Cause, Coverage, Engine, Hit, Mapping, NotRun,
    correlate::{Fired, Gathered, Limits, Reference},
};
use event::{Batch, Event, Nanos, columns};
use ingest::{
    Content, Options, Resume, Sink,
    paths::{Found, walk},
};
use kernel::Untrusted;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
};

/// Bounds of what correlation rules hold in memory.
const LIMITS: Limits =
    Limits { contributions: 250_000, firings: 10_000, references: 1_000, steps: 5_000_000 };

/// Threads that read, at most.
const MOST: usize = 8;

/// What one thread found in the files that it read.
struct Scan<'e> {
    engine: &'e Engine,
    format: Format,
    /// Threads that decode one file.
    threads: usize,
    coverage: Coverage,
    hits: Vec<Hit>,
    gathered: Gathered,
    /// Matches beyond what correlation rules look at.
    dropped: u64,
    matches: u64,
    files: u64,
    unread: u64,
    /// The one rule that is explained, in place of matches.
    explain: Option<Explain>,
}

pub(super) fn scan(
    paths: &[PathBuf],
    rules: Option<&Path>,
    pipelines: &[PathBuf],
    format: Format,
    explain: Option<&str>,
) -> Result<u8, Exit> {
    let through = pipelines::read(pipelines)?;
    let (loaded, broken) = match rules {
        None => rules::builtin(&through),
        Some(place) => rules::load(place, &through)?,
    };
    if !through.is_empty() {
        let changed = loaded.iter().filter(|r| !r.pipelines.is_empty()).count();
        eprintln!("pipelines changed {changed} of {} rules", loaded.len());
    }
    let mapping = Mapping::builtin().map_err(|e| Exit(1, e.to_string()))?;
    let (engine, not_run) = Engine::build(loaded, &mapping);
    let explain = explain.map(|id| Explain::find(&engine, &not_run, id)).transpose()?;
    let mut out = BufWriter::new(std::io::stdout());
    if format == Format::Csv && explain.is_none() && head(&mut out).is_err() {
        return Ok(0);
    }
    let turns = Turns::new(out);
    let mut found =
        read(paths, &turns, |threads, explain| Scan::new(&engine, format, threads, explain), explain);
    // An error here and below: whoever read our output went away.
    let Ok(mut out) = turns.end() else { return Ok(0) };
    if found.correlations(&mut out).and_then(|()| out.flush()).is_err() {
        return Ok(0);
    }
    found.sum_up(not_run, broken);
    Ok(if found.unread > 0 { 2 } else { 0 })
}

/// Reads every file once: several side by side, or one by several threads.
fn read<'e, W: Write + Send>(
    paths: &[PathBuf],
    turns: &Turns<W>,
    new: impl Fn(usize, Option<Explain>) -> Scan<'e>,
    explain: Option<Explain>,
) -> Scan<'e> {
    let cores = thread::available_parallelism().map_or(1, |n| n.get().min(MOST));
    let mut all = walk(paths).enumerate();
    let first: Vec<_> = all.by_ref().take(2).collect();
    // What is explained is counted over all files.
    let readers = if first.len() < 2 || explain.is_some() { 1 } else { cores };
    let all = Mutex::new(first.into_iter().chain(all));
    let next = || all.lock().unwrap_or_else(PoisonError::into_inner).next();
    let mut own = new(cores / readers, explain);
    let others: Vec<_> = (1..readers).map(|_| new(1, None)).collect();
    thread::scope(|scope| {
        let others: Vec<_> = others
            .into_iter()
            .map(|mut other| {
                scope.spawn(move || {
                    other.all(&next, turns);
                    other
                })
            })
            .collect();
        own.all(&next, turns);
        for other in others {
            match other.join() {
                Ok(other) => own.merge(other),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    own
}

/// Names of the columns.
fn head(out: &mut impl Write) -> std::io::Result<()> {
    let names = ["rule_id", "title", "level", "file", "record_id", "timestamp", "host", "matched"];
    writeln!(out, "{}", csv::line(&names))
}

impl<'e> Scan<'e> {
    fn new(engine: &'e Engine, format: Format, threads: usize, explain: Option<Explain>) -> Self {
        Scan {
            engine,
            format,
            threads,
            coverage: Coverage::default(),
            hits: vec![],
            gathered: Gathered::default(),
            dropped: 0,
            matches: 0,
            files: 0,
            unread: 0,
            explain,
        }
    }

    /// Reads file after file until there is none, or nobody reads what is found.
    fn all<W: Write>(&mut self, next: &impl Fn() -> Option<(usize, Found)>, turns: &Turns<W>) {
        while !turns.failed()
            && let Some((number, found)) = next()
        {
            let mut turn = turns.begin(number);
            match found {
                Found::File { path, label } => self.file(&path, &label, &mut turn),
                Found::Skipped { label, reason } => self.unreadable(&label, &reason, &mut turn),
            }
        }
    }

    fn merge(&mut self, other: Scan<'_>) {
        self.coverage.merge(other.coverage);
        self.gathered.merge(other.gathered);
        self.bound();
        self.dropped += other.dropped;
        self.matches += other.matches;
        self.files += other.files;
        self.unread += other.unread;
    }

    fn bound(&mut self) {
        let kept = &mut self.gathered.contributions;
        self.dropped += kept.len().saturating_sub(LIMITS.contributions) as u64;
        kept.truncate(LIMITS.contributions);
    }

    fn unreadable<W: Write>(&mut self, label: &str, reason: &str, turn: &mut Turn<'_, W>) {
        self.unread += 1;
        let (label, reason) = (Untrusted::new(label).for_terminal(), Untrusted::new(reason).for_terminal());
        turn.say(&format!("not read: {label}: {reason}"));
    }

    fn file<W: Write>(&mut self, path: &Path, label: &str, turn: &mut Turn<'_, W>) {
        self.files += 1;
        let mut file = match File::open(path) {
            Ok(f) => f,
            Err(e) => return self.unreadable(label, &e.to_string(), turn),
        };
        let format = match ingest::open(&mut file, None) {
            Ok(format) => format,
            Err(e) => return self.unreadable(label, &e.to_string(), turn),
        };
        // Nothing is stored, so no identity is needed and the source is not hashed.
        let now = Nanos(kernel::World::real().now_ns());
        let options = Options { threads: self.threads, now, ..Options::default() };
        let mut reading = Reading { scan: self, turn, file: label, label: label.to_owned() };
        if let Err(e) = ingest::read(format, file, &options, &mut reading) {
            self.unreadable(label, &e.to_string(), turn);
        }
    }

    fn event(&mut self, event: &Event, label: &str, out: &mut impl Write) -> std::io::Result<()> {
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        let at = Reference::from(event.identity);
        self.engine.scan_correlated(event, at, &mut self.coverage, &mut hits, &mut self.gathered);
        self.bound();
        match &mut self.explain {
            Some(explain) => {
                self.matches += u64::from(hits.iter().any(|h| h.rule == explain.rule));
                explain.on(self.engine, event, label, out)?;
            }
            None => {
                for hit in &hits {
                    self.matches += 1;
                    self.print(event, *hit, label, out)?;
                }
            }
        }
        self.hits = hits;
        Ok(())
    }

    fn print(&self, event: &Event, hit: Hit, label: &str, out: &mut impl Write) -> std::io::Result<()> {
        let Some(rule) = self.engine.rules().get(hit.rule) else { return Ok(()) };
        let level = rule.level.map_or("medium", |l| l.as_str());
        let fields = self.engine.explain(event, hit.rule).map(|e| e.matched_fields()).unwrap_or_default();
        let time = api::Time::from_nanos(event.time.0);
        let host = columns::host(event).unwrap_or_default();
        match self.format {
            Format::Jsonl => {
                let matched: serde_json::Map<_, _> = fields.into_iter().map(|(k, v)| (k, json!(v))).collect();
                let line = json!({"rule_id": rule.id, "title": rule.title, "level": level, "file": label,
                    "record_id": event.place.record, "timestamp": time, "host": host, "matched": matched});
                writeln!(out, "{line}")
            }
            Format::Csv => {
                let matched: serde_json::Map<_, _> = fields.into_iter().map(|(k, v)| (k, json!(v))).collect();
                let (record, time) = (event.place.record.to_string(), time.to_string());
                let matched = serde_json::Value::Object(matched).to_string();
                let cells = [&rule.id, &rule.title, level, label, &record, &time, &host, &matched];
                writeln!(out, "{}", csv::line(&cells))
            }
            Format::Table => {
                let clean = |t: &str| Untrusted::new(t).for_terminal();
                let matched: Vec<_> =
                    fields.iter().map(|(k, v)| format!("{}={}", clean(k), clean(v))).collect();
                let matched: String = matched.join("  ").chars().take(200).collect();
                writeln!(
                    out,
                    "{time}  {level:<13} {:<20} {:>10}  {}  [{}]",
                    clean(&host),
                    event.place.record,
                    clean(&rule.title),
                    clean(label)
                )?;
                writeln!(out, "    {matched}")
            }
        }
    }

    /// What correlation rules say of all that was read.
    fn correlations(&mut self, out: &mut impl Write) -> std::io::Result<()> {
        if self.explain.is_some() {
            return Ok(());
        }
        let outcome = self.engine.correlations().evaluate(&self.gathered.contributions, &LIMITS);
        for fired in &outcome.fired {
            self.matches += 1;
            self.print_fired(fired, out)?;
        }
        let lacking = self.gathered.shortfalls(self.engine.correlations());
        for s in outcome.shortfalls.iter().chain(&lacking) {
            let text = format!("correlation {}: {} ({})", s.rule_id, s.reason, s.count);
            eprintln!("{}", Untrusted::new(text).for_terminal());
        }
        if self.dropped > 0 {
            eprintln!(
                "correlation rules did not look at {} matches beyond the first {}",
                self.dropped, LIMITS.contributions
            );
        }
        Ok(())
    }

    /// A correlation has no file and no record of its own; its group stands for the fields that matched.
    fn print_fired(&self, f: &Fired, out: &mut impl Write) -> std::io::Result<()> {
        let Some(rule) = self.engine.correlations().rules().get(f.correlation) else { return Ok(()) };
        let level = rule.level.map_or("medium", |l| l.as_str());
        let (first, last) = (api::Time::from_nanos(f.first.0), api::Time::from_nanos(f.last.0));
        let group: serde_json::Map<_, _> = f.group.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        let host = f.group.iter().find(|(k, _)| k == "Computer").map_or("", |(_, v)| v);
        match self.format {
            Format::Jsonl => {
                let line = json!({"rule_id": rule.id, "title": rule.title, "level": level, "file": "",
                    "record_id": null, "timestamp": first, "host": host, "matched": group,
                    "last": last, "events": f.count, "value": f.value});
                writeln!(out, "{line}")
            }
            Format::Csv => {
                let (time, matched) = (first.to_string(), serde_json::Value::Object(group).to_string());
                writeln!(out, "{}", csv::line(&[&rule.id, &rule.title, level, "", "", &time, host, &matched]))
            }
            Format::Table => {
                let clean = |t: &str| Untrusted::new(t).for_terminal();
                writeln!(
                    out,
                    "{first}  {level:<13} {:<20} {:>10}  {}  [{} events until {last}]",
                    clean(host),
                    "-",
                    clean(&rule.title),
                    f.count
                )?;
                let matched: Vec<_> =
                    f.group.iter().map(|(k, v)| format!("{}={}", clean(k), clean(v))).collect();
                writeln!(out, "    {}", matched.join("  "))
            }
        }
    }

    fn sum_up(&self, not_run: Vec<NotRun>, broken: usize) {
        let report = self.coverage.report(self.engine, not_run, broken);
        eprintln!(
            "{} files, {} events, {} matches. {} rules ran, and {} correlations of them; {} rules had no chance on this \
             data; {} loaded but could not run; {} did not load; {} things could not be read.",
            self.files,
            report.events,
            self.matches,
            report.ran,
            report.correlations,
            report.no_chance.len(),
            report.not_run.len(),
            broken,
            self.unread
        );
        if let Some(explain) = &self.explain {
            explain.sum_up();
        }
        for (reason, count) in by_reason(report.not_run.iter().map(|n| &n.reason), 10) {
            eprintln!("did not run: {count} rules: {}", Untrusted::new(reason).for_terminal());
        }
        if report.not_run.iter().any(|n| n.cause == Cause::NeedsConfiguration) {
            eprintln!("Values for placeholders come by --pipeline FILE, under vars.");
        }
        for (reason, count) in by_reason(report.no_chance.iter().map(|n| &n.reason), 10) {
            eprintln!("no chance for {count} rules: {}", Untrusted::new(reason).for_terminal());
        }
        if self.matches == 0 {
            eprintln!("Nothing matched. {} rules could have matched and found nothing.", report.had_a_chance);
        }
    }
}

/// Takes what one file gives.
struct Reading<'s, 'e, 't, W: Write> {
    scan: &'s mut Scan<'e>,
    turn: &'s mut Turn<'t, W>,
    file: &'s str,
    /// The file's, with the member that is read now.
    label: String,
}

impl<W: Write> Sink for Reading<'_, '_, '_, W> {
    fn begin(&mut self, content: &Content) -> ControlFlow<()> {
        if let Some(member) = &content.member {
            self.label = format!("{} > {member}", self.file);
        }
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        for skip in &batch.skipped {
            let at = skip.record.map(|r| format!("record {r}: ")).unwrap_or_default();
            let label = skip.member.as_ref().map(|m| format!("{} > {m}", self.file));
            let label = label.as_deref().unwrap_or(self.file);
            self.scan.unreadable(label, &format!("{at}{}", skip.reason), self.turn);
        }
        for event in &batch.events {
            // Whoever read our output went away.
            if self.scan.event(event, &self.label, self.turn).is_err() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }
}

/// Reasons with how many rules each goes for, the most frequent first; what is beyond `most` in one line.
fn by_reason<'a>(reasons: impl Iterator<Item = &'a String>, most: usize) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    reasons.for_each(|r| *counts.entry(r).or_default() += 1);
    let mut all: Vec<_> = counts.into_iter().map(|(r, n)| (r.to_owned(), n)).collect();
    all.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let rest: usize = all.iter().skip(most).map(|(_, n)| n).sum();
    let kinds = all.len().saturating_sub(most);
    all.truncate(most);
    if rest > 0 {
        all.push((format!("{kinds} other reasons"), rest));
    }
    all
}
