//! `scan`: rules against files, without a workspace.

use super::{Exit, Format};
use detect::{Coverage, Engine, Hit, Mapping, NotRun, sigma};
use event::{Batch, Event, Nanos, columns};
use ingest::{
    Content, Options, Resume, Sink,
    paths::{Found, walk},
};
use kernel::Untrusted;
use serde_json::json;
use std::{
    fs::File,
    io::{BufWriter, Read as _, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

/// Rule files larger than this are none.
const RULE_LIMIT: u64 = 16 << 20;

struct Scan<W: Write> {
    engine: Engine,
    out: W,
    format: Format,
    coverage: Coverage,
    hits: Vec<Hit>,
    matches: u64,
    files: u64,
    unread: u64,
}

pub(super) fn scan(paths: &[PathBuf], rules: Option<&Path>, format: Format) -> Result<u8, Exit> {
    let (parsed, broken) = match rules {
        None => (detect::builtin(), 0),
        Some(place) => load(place)?,
    };
    let mapping = Mapping::builtin().map_err(|e| Exit(1, e.to_string()))?;
    let (engine, mut not_run) = Engine::build(parsed.rules, &mapping);
    not_run.extend(engine.uncorrelated());
    let out = BufWriter::new(std::io::stdout().lock());
    let mut s = Scan {
        engine,
        out,
        format,
        coverage: Coverage::default(),
        hits: vec![],
        matches: 0,
        files: 0,
        unread: 0,
    };
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
    if s.out.flush().is_err() {
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

    fn event(&mut self, event: &Event, label: &str) -> std::io::Result<()> {
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        self.engine.scan_covered(event, &mut self.coverage, &mut hits);
        for hit in &hits {
            self.matches += 1;
            self.print(event, *hit, label)?;
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
            Format::Table => {
                let clean = |t: &str| Untrusted::new(t).for_terminal();
                let matched: Vec<_> = fields.iter().map(|(k, v)| format!("{k}={}", clean(v))).collect();
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

    fn sum_up(&self, not_run: Vec<NotRun>, broken: usize) {
        let report = self.coverage.report(&self.engine, not_run, broken);
        eprintln!(
            "{} files, {} events, {} matches. {} rules ran; {} of them had no chance on this data; {} loaded but could \
             not run; {} did not load; {} things could not be read.",
            self.files,
            report.events,
            self.matches,
            report.ran,
            report.no_chance.len(),
            report.not_run.len(),
            broken,
            self.unread
        );
        for n in report.not_run.iter().take(20) {
            eprintln!("did not run: {}: {}", Untrusted::new(&n.title).for_terminal(), n.reason);
        }
        if self.matches == 0 {
            let mut reasons: Vec<(String, usize)> = vec![];
            for n in &report.no_chance {
                match reasons.iter_mut().find(|(r, _)| *r == n.reason) {
                    Some((_, count)) => *count += 1,
                    None => reasons.push((n.reason.clone(), 1)),
                }
            }
            reasons.sort_by_key(|r| std::cmp::Reverse(r.1));
            eprintln!("Nothing matched. {} rules could have matched and found nothing.", report.had_a_chance);
            for (reason, count) in reasons.iter().take(10) {
                eprintln!("no chance for {count} rules: {reason}");
            }
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

/// Rules of a file, a folder or a zip; what does not load is said with its line. Answers how many did not.
fn load(place: &Path) -> Result<(sigma::Parsed, usize), Exit> {
    let unreadable = |e: &dyn std::fmt::Display| Exit(2, format!("{}: {e}", place.display()));
    let mut all = sigma::Parsed::default();
    let (mut broken, mut unread) = (0, 0);
    let mut take = |name: &str, bytes: &[u8]| {
        let parsed = sigma::parse_bytes(bytes);
        let source = String::from_utf8_lossy(bytes);
        for e in &parsed.errors {
            broken += 1;
            eprintln!("{}", Untrusted::new(e.render(&source, name)).for_terminal_lines());
        }
        all.rules.extend(parsed.rules);
    };
    let mut head = [0; 4];
    let is_zip = place.is_file()
        && File::open(place)
            .and_then(|mut f| f.read_exact(&mut head))
            .is_ok_and(|()| head.starts_with(b"PK"));
    if is_zip {
        let mut zip = zip::ZipArchive::new(File::open(place).map_err(|e| unreadable(&e))?)
            .map_err(|e| unreadable(&e))?;
        for i in 0..zip.len() {
            let member = zip.by_index(i).map_err(|e| unreadable(&e))?;
            let name = member.name().map_err(|e| unreadable(&e))?.into_owned();
            if member.is_file() && yaml(&name) {
                let mut bytes = vec![];
                member.take(RULE_LIMIT).read_to_end(&mut bytes).map_err(|e| unreadable(&e))?;
                take(&name, &bytes);
            }
        }
    } else {
        for found in walk(&[place.to_owned()]) {
            match found {
                Found::File { path, label } if yaml(&label) || path == place => {
                    let mut bytes = vec![];
                    let read = File::open(&path).and_then(|f| f.take(RULE_LIMIT).read_to_end(&mut bytes));
                    read.map_err(|e| Exit(2, format!("{label}: {e}")))?;
                    take(&label, &bytes);
                }
                Found::File { .. } => {}
                Found::Skipped { label, reason } => {
                    unread += 1;
                    eprintln!("{label}: {reason}");
                }
            }
        }
    }
    if all.rules.is_empty() {
        return Err(Exit(2, format!("{}: no rule in it could be loaded", place.display())));
    }
    Ok((all, broken + unread))
}

fn yaml(name: &str) -> bool {
    name.ends_with(".yml") || name.ends_with(".yaml")
}
