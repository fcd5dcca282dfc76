//! `scan`: rules against files, without a workspace.

use super::{Exit, Format, csv, explain::Explain, pipelines, rules};
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
};

/// Bounds of what correlation rules hold in memory.
const LIMITS: Limits =
    Limits { contributions: 250_000, firings: 10_000, references: 1_000, steps: 5_000_000 };

struct Scan<W: Write> {
    engine: Engine,
    out: W,
    format: Format,
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
    let out = BufWriter::new(std::io::stdout().lock());
    let mut s = Scan {
        engine,
        out,
        format,
        coverage: Coverage::default(),
        hits: vec![],
        gathered: Gathered::default(),
        dropped: 0,
        matches: 0,
        files: 0,
        unread: 0,
        explain,
    };
    if s.format == Format::Csv && s.explain.is_none() && s.head().is_err() {
        return Ok(0);
    }
    for found in walk(paths) {
        let done = match found {
            Found::File { path, label } => s.file(&path, &label),
            Found::Skipped { label, reason } => {
                s.unreadable(&label, &reason);
                Ok(())
            }
        };
        if done.is_err() {
            // Whoever read our output went away.
            return Ok(0);
        }
    }
    if s.correlations().is_err() || s.out.flush().is_err() {
        return Ok(0);
    }
    s.sum_up(not_run, broken);
    Ok(if s.unread > 0 { 2 } else { 0 })
}

impl<W: Write> Scan<W> {
    fn unreadable(&mut self, label: &str, reason: &str) {
        self.unread += 1;
        eprintln!(
            "not read: {}: {}",
            Untrusted::new(label).for_terminal(),
            Untrusted::new(reason).for_terminal()
        );
    }

    fn file(&mut self, path: &Path, label: &str) -> std::io::Result<()> {
        self.files += 1;
        let mut file = match File::open(path) {
            Ok(f) => f,
            Err(e) => {
                self.unreadable(label, &e.to_string());
                return Ok(());
            }
        };
        let format = match ingest::open(&mut file, None) {
            Ok(format) => format,
            Err(e) => {
                self.unreadable(label, &e.to_string());
                return Ok(());
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(8));
        // Nothing is stored, so no identity is needed and the source is not hashed.
        let now = Nanos(kernel::World::real().now_ns());
        let options = Options { threads, now, ..Options::default() };
        let mut reading = Reading { scan: self, file: label, label: label.to_owned(), failed: Ok(()) };
        let read = ingest::read(format, file, &options, &mut reading);
        let failed = reading.failed;
        if let Err(e) = read {
            self.unreadable(label, &e.to_string());
        }
        failed
    }

    /// Names of the columns.
    fn head(&mut self) -> std::io::Result<()> {
        let names = ["rule_id", "title", "level", "file", "record_id", "timestamp", "host", "matched"];
        writeln!(self.out, "{}", csv::line(&names))
    }

    fn event(&mut self, event: &Event, label: &str) -> std::io::Result<()> {
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        let at = Reference::from(event.identity);
        self.engine.scan_correlated(event, at, &mut self.coverage, &mut hits, &mut self.gathered);
        let kept = &mut self.gathered.contributions;
        self.dropped += kept.len().saturating_sub(LIMITS.contributions) as u64;
        kept.truncate(LIMITS.contributions);
        match &mut self.explain {
            Some(explain) => {
                self.matches += u64::from(hits.iter().any(|h| h.rule == explain.rule));
                explain.on(&self.engine, event, label, &mut self.out)?;
            }
            None => {
                for hit in &hits {
                    self.matches += 1;
                    self.print(event, *hit, label)?;
                }
            }
        }
        self.hits = hits;
        Ok(())
    }

    fn print(&mut self, event: &Event, hit: Hit, label: &str) -> std::io::Result<()> {
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
                writeln!(self.out, "{line}")
            }
            Format::Csv => {
                let matched: serde_json::Map<_, _> = fields.into_iter().map(|(k, v)| (k, json!(v))).collect();
                let (record, time) = (event.place.record.to_string(), time.to_string());
                let matched = serde_json::Value::Object(matched).to_string();
                let cells = [&rule.id, &rule.title, level, label, &record, &time, &host, &matched];
                writeln!(self.out, "{}", csv::line(&cells))
            }
            Format::Table => {
                let clean = |t: &str| Untrusted::new(t).for_terminal();
                let matched: Vec<_> =
                    fields.iter().map(|(k, v)| format!("{}={}", clean(k), clean(v))).collect();
                let matched: String = matched.join("  ").chars().take(200).collect();
                writeln!(
                    self.out,
                    "{time}  {level:<13} {:<20} {:>10}  {}  [{}]",
                    clean(&host),
                    event.place.record,
                    clean(&rule.title),
                    clean(label)
                )?;
                writeln!(self.out, "    {matched}")
            }
        }
    }

    /// What correlation rules say of all that was read.
    fn correlations(&mut self) -> std::io::Result<()> {
        if self.explain.is_some() {
            return Ok(());
        }
        let outcome = self.engine.correlations().evaluate(&self.gathered.contributions, &LIMITS);
        for fired in &outcome.fired {
            self.matches += 1;
            self.print_fired(fired)?;
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
    fn print_fired(&mut self, f: &Fired) -> std::io::Result<()> {
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
                writeln!(self.out, "{line}")
            }
            Format::Csv => {
                let (time, matched) = (first.to_string(), serde_json::Value::Object(group).to_string());
                writeln!(
                    self.out,
                    "{}",
                    csv::line(&[&rule.id, &rule.title, level, "", "", &time, host, &matched])
                )
            }
            Format::Table => {
                let clean = |t: &str| Untrusted::new(t).for_terminal();
                writeln!(
                    self.out,
                    "{first}  {level:<13} {:<20} {:>10}  {}  [{} events until {last}]",
                    clean(host),
                    "-",
                    clean(&rule.title),
                    f.count
                )?;
                let matched: Vec<_> =
                    f.group.iter().map(|(k, v)| format!("{}={}", clean(k), clean(v))).collect();
                writeln!(self.out, "    {}", matched.join("  "))
            }
        }
    }

    fn sum_up(&self, not_run: Vec<NotRun>, broken: usize) {
        let report = self.coverage.report(&self.engine, not_run, broken);
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
struct Reading<'s, W: Write> {
    scan: &'s mut Scan<W>,
    file: &'s str,
    /// The file's, with the member that is read now.
    label: String,
    failed: std::io::Result<()>,
}

impl<W: Write> Sink for Reading<'_, W> {
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
            self.scan.unreadable(label, &format!("{at}{}", skip.reason));
        }
        for event in &batch.events {
            self.failed = self.scan.event(event, &self.label);
            if self.failed.is_err() {
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
