//! `scan`: rules against files, without a workspace.

use super::{
    Exit,
    args::ScanArgs,
    bounds::{Bounds, LIMITS},
    explain::{About, sum_up},
    matches::{Correlated, Match, Printer},
    out, pipelines,
    report::{Target, Told},
    roll::Roll,
    rules,
    sources::{Notes, Source, whole},
    sums::Sums,
    turns::{Turn, Turns},
};
use api::Time;
use detect::{
    Costs, Coverage, Engine, Hit, Mapping, Scratch,
    correlate::{Fired, Gathered, Outcome, Reference},
};
use event::{Batch, Event, Nanos, Value, columns};
use ingest::{
    Content, Options, Resume, Sink,
    paths::{Found, walk},
};
use kernel::{Untrusted, World};
use std::{
    fs::File,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, BufWriter, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
    time::UNIX_EPOCH,
};

/// Threads that read, at most.
const MOST: usize = 8;
/// Field that events without a time of their own have.
const TIME_MISSING: &str = "time_missing";
/// How the reason begins for which a link is passed over whose target is read all the same.
const TWICE: &str = "symbolic link inside the folder";

/// What all threads share.
struct Work<'e> {
    engine: &'e Engine,
    printer: Printer,
    bounds: Bounds,
    world: World,
    /// The time that events without one get: nothing else has it to the nanosecond.
    now: Nanos,
    /// Whether what came of each file is kept, for a report.
    keep: bool,
    measure: bool,
}

/// What one thread found in the files that it read.
struct Scan<'w, 'e> {
    work: &'w Work<'e>,
    /// Threads that decode one file.
    threads: usize,
    coverage: Coverage,
    hits: Vec<Hit>,
    gathered: Gathered,
    /// By the engine's rules.
    matches: Vec<u64>,
    files: u64,
    unread: u64,
    notes: Notes,
    /// By the number of the file.
    sources: Vec<(usize, Source)>,
    measured: Option<(Scratch, Costs)>,
    /// The one rule that is explained, in place of matches.
    about: Option<About>,
}

pub(super) fn scan(args: &ScanArgs) -> Result<u8, Exit> {
    let through = pipelines::read(&args.pipelines.files)?;
    let loaded = match &args.rules {
        None => rules::builtin(&through),
        Some(place) => rules::load(place, &through)?,
    };
    if !through.is_empty() {
        let changed = loaded.rules.iter().filter(|r| !r.pipelines.is_empty()).count();
        out::say(format_args!("pipelines changed {changed} of {} rules", loaded.rules.len()));
    }
    let mapping = Mapping::builtin().map_err(|e| Exit(1, e.to_string()))?;
    let (engine, roll) = Roll::build(loaded, &mapping);
    let about = args.explain.as_deref().map(|id| About::find(&engine, &roll, id)).transpose()?;
    let explained = about.is_some();
    let target = args.report.as_deref().map(|file| Target::create(file, &args.paths)).transpose()?;
    let world = World::real();
    let work = Work {
        engine: &engine,
        printer: Printer::new(args.format),
        bounds: Bounds::new(&engine),
        now: Nanos(world.now_ns()),
        world,
        keep: target.is_some(),
        measure: args.measure,
    };
    let mut out = BufWriter::new(io::stdout());
    if !explained && let Err(e) = work.printer.head(&mut out) {
        return ended(e, target);
    }
    let turns = Turns::new(out);
    let mut found = read(&args.paths, &turns, &work, about);
    let mut out = match turns.end() {
        Ok(out) => out,
        Err(e) => return ended(e, target),
    };
    let outcome = engine.correlations().evaluate(&found.gathered.contributions, &LIMITS);
    let report = found.coverage.report(&engine, roll.not_run.clone(), roll.not_loaded.len());
    let printed = match &mut found.about {
        None => outcome.fired.iter().try_for_each(|fired| work.print_fired(fired, &mut out)),
        Some(about) => sum_up(about, &engine, &report, &found.gathered, &outcome, &mut out),
    };
    if let Err(e) = printed.and_then(|()| out.flush()) {
        return ended(e, target);
    }
    found.tell(&roll, &report, outcome, target)?;
    let lacking = args.strict && !roll.not_loaded.is_empty();
    Ok(if found.unread > 0 || lacking { 2 } else { 0 })
}

/// The end of a scan whose output can't be written: a quiet one where whoever read it went away.
fn ended(e: io::Error, target: Option<Target>) -> Result<u8, Exit> {
    let report = target.map(Target::remove).is_some();
    out::quiet(Err(e))?;
    if report {
        return Err(Exit(1, "standard output was closed before the end, so there is no report".into()));
    }
    Ok(0)
}

/// Reads every file once: several side by side, or one by several threads.
fn read<'w, 'e, W: Write + Send>(
    paths: &[PathBuf],
    turns: &Turns<W>,
    work: &'w Work<'e>,
    about: Option<About>,
) -> Scan<'w, 'e> {
    let cores = thread::available_parallelism().map_or(1, |n| n.get().min(MOST));
    let mut all = walk(paths).enumerate();
    let first: Vec<_> = all.by_ref().take(2).collect();
    // What is explained is counted over all files.
    let readers = if first.len() < 2 || about.is_some() { 1 } else { cores };
    let all = Mutex::new(first.into_iter().chain(all));
    let next = || all.lock().unwrap_or_else(PoisonError::into_inner).next();
    let mut own = Scan::new(work, cores / readers, about);
    let others: Vec<_> = (1..readers).map(|_| Scan::new(work, 1, None)).collect();
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

impl<'w, 'e> Scan<'w, 'e> {
    fn new(work: &'w Work<'e>, threads: usize, about: Option<About>) -> Self {
        Scan {
            work,
            threads,
            coverage: Coverage::default(),
            hits: vec![],
            gathered: Gathered::default(),
            matches: vec![0; work.engine.rules().len()],
            files: 0,
            unread: 0,
            notes: Notes::default(),
            sources: vec![],
            measured: work.measure.then(|| (work.engine.scratch(), Costs::default())),
            about,
        }
    }

    /// Reads file after file until there is none, or the output can't be written.
    fn all<W: Write>(&mut self, next: &impl Fn() -> Option<(usize, Found)>, turns: &Turns<W>) {
        while !turns.failed()
            && let Some((number, found)) = next()
        {
            let mut turn = turns.begin(number);
            let source = match found {
                Found::File { path, label } => self.file(number, &path, &label, &mut turn),
                Found::Skipped { label, reason } => self.passed(number, &label, &reason, &mut turn),
            };
            if self.work.keep {
                self.sources.push((number, source));
            }
        }
    }

    fn merge(&mut self, other: Scan<'_, '_>) {
        self.coverage.merge(other.coverage);
        self.gathered.merge(other.gathered);
        self.matches.iter_mut().zip(other.matches).for_each(|(a, b)| *a += b);
        self.files += other.files;
        self.unread += other.unread;
        self.notes.merge(other.notes);
        self.sources.extend(other.sources);
        if let (Some((_, own)), Some((_, other))) = (&mut self.measured, &other.measured) {
            own.merge(other);
        }
    }

    fn unreadable<W: Write>(&mut self, label: &str, reason: &str, turn: &mut Turn<'_, W>) {
        self.unread += 1;
        let (label, reason) = (Untrusted::new(label).for_terminal(), Untrusted::new(reason).for_terminal());
        turn.say(&format!("not read: {label}: {reason}"));
    }

    /// Something that is not opened.
    fn passed<W: Write>(
        &mut self,
        number: usize,
        label: &str,
        reason: &str,
        turn: &mut Turn<'_, W>,
    ) -> Source {
        let mut source = Source::new(label);
        if reason.starts_with(TWICE) {
            self.notes.add(number, label, &whole(reason));
            source.note(whole(reason));
        } else {
            self.unreadable(label, reason, turn);
            source.skip(whole(reason));
        }
        source
    }

    fn file<W: Write>(&mut self, number: usize, path: &Path, label: &str, turn: &mut Turn<'_, W>) -> Source {
        self.files += 1;
        let options = Options {
            threads: self.threads,
            now: self.work.now,
            source_time: changed(path),
            sha256: place(path),
            ..Options::default()
        };
        let source = Source::new(label);
        let mut reading = Reading { scan: self, turn, number, file: label, label: label.to_owned(), source };
        let read = File::open(path).map_err(|e| e.to_string()).and_then(|mut file| {
            let format = ingest::open(&mut file, None).map_err(|e| e.to_string())?;
            reading.source.format = format.name().into();
            ingest::read(format, file, &options, &mut reading).map_err(|e| e.to_string())
        });
        let mut source = reading.source;
        if let Err(reason) = read {
            self.unreadable(label, &reason, turn);
            source.skip(whole(&reason));
        }
        source
    }

    /// Answers how many rules matched.
    fn event(&mut self, event: &Event, label: &str, out: &mut impl Write) -> io::Result<u64> {
        let engine = self.work.engine;
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        let (at, before) = (Reference::from(event.identity), self.gathered.contributions.len());
        engine.scan_correlated(event, at, &mut self.coverage, &mut hits, &mut self.gathered);
        self.work.bounds.keep(engine.correlations(), &mut self.gathered.contributions, before);
        hits.iter().for_each(|h| self.matches[h.rule] += 1);
        match &mut self.about {
            None => hits.iter().try_for_each(|hit| self.work.print(event, *hit, label, out))?,
            Some(About::Rule(rule)) => rule.on(engine, event, label, out)?,
            Some(About::Correlation(_)) => {}
        }
        let matched = hits.len() as u64;
        if let Some((scratch, costs)) = &mut self.measured {
            hits.clear();
            let mut clock = || u64::try_from(self.work.world.now_ns()).unwrap_or(0);
            engine.scan_measured(event, scratch, &mut clock, costs, &mut hits);
        }
        self.hits = hits;
        Ok(matched)
    }

    /// Sums up on standard error, and in the report.
    fn tell(
        &mut self,
        roll: &Roll,
        report: &detect::Report,
        outcome: Outcome,
        target: Option<Target>,
    ) -> Result<(), Exit> {
        let engine = self.work.engine;
        let mut shortfalls = outcome.shortfalls;
        shortfalls.extend(self.gathered.shortfalls(engine.correlations()));
        shortfalls.extend(self.work.bounds.shortfalls(engine.correlations()));
        shortfalls.sort();
        let mut firings = vec![0; engine.correlations().rules().len()];
        outcome.fired.iter().for_each(|f| firings[f.correlation] += 1);
        let sums = Sums {
            roll,
            report,
            shortfalls: &shortfalls,
            notes: &self.notes,
            files: self.files,
            matches: self.matches.iter().chain(&firings).sum(),
            unread: self.unread,
            explained: self.about.is_some(),
        };
        sums.say();
        let Some(target) = target else { return Ok(()) };
        self.sources.sort_by_key(|(number, _)| *number);
        target.write(&Told {
            engine,
            roll,
            sum: report,
            matches: &self.matches,
            firings: &firings,
            shortfalls: &shortfalls,
            costs: self.measured.as_ref().map(|(_, costs)| costs),
            sources: &self.sources,
        })
    }
}

impl Work<'_> {
    fn print(&self, event: &Event, hit: Hit, label: &str, out: &mut impl Write) -> io::Result<()> {
        let Some(rule) = self.engine.rules().get(hit.rule) else { return Ok(()) };
        let fields = self.engine.explain(event, hit.rule).map(|e| e.matched_fields()).unwrap_or_default();
        let timed = event.get(TIME_MISSING) != Some(&Value::Bool(true));
        let m = Match {
            rule_id: &rule.id,
            title: &rule.title,
            level: rule.level.map(|l| l.as_str()),
            file: label,
            record: Some(event.place.record),
            time: timed.then(|| Time::from_nanos(event.time.0)),
            host: &columns::host(event).unwrap_or_default(),
            matched: fields,
            of: None,
        };
        self.printer.print(m, out)
    }

    /// A correlation has no file and no record of its own; its group stands for the fields that matched.
    fn print_fired(&self, f: &Fired, out: &mut impl Write) -> io::Result<()> {
        let Some(rule) = self.engine.correlations().rules().get(f.correlation) else { return Ok(()) };
        let time = |t: Nanos| (t != self.now).then(|| Time::from_nanos(t.0));
        let host = f.group.iter().find(|(k, _)| k == "Computer").map_or("", |(_, v)| v);
        let m = Match {
            rule_id: &rule.id,
            title: &rule.title,
            level: rule.level.map(|l| l.as_str()),
            file: "",
            record: None,
            time: time(f.first),
            host,
            matched: f.group.clone(),
            of: Some(Correlated { last: time(f.last), events: f.count, value: f.value }),
        };
        self.printer.print(m, out)
    }
}

/// In place of the hash of a file, which nothing is stored of: correlation rules take events of text for the same when
/// this and their offset are, so it tells files apart, and is the same for a file that is named twice.
fn place(path: &Path) -> [u8; 32] {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut out = [0; 32];
    for (n, part) in out.chunks_exact_mut(8).enumerate() {
        let mut hasher = DefaultHasher::new();
        (n, &real).hash(&mut hasher);
        part.copy_from_slice(&hasher.finish().to_le_bytes());
    }
    out
}

/// When a file was last written to, as far as the system says.
fn changed(path: &Path) -> Option<Nanos> {
    let since = path.metadata().ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok().map(Nanos)
}

/// Takes what one file gives.
struct Reading<'s, 'w, 'e, 't, 'a, W: Write> {
    scan: &'s mut Scan<'w, 'e>,
    turn: &'s mut Turn<'t, W>,
    number: usize,
    file: &'a str,
    /// The file's, with the member that is read now.
    label: String,
    source: Source,
}

impl<W: Write> Sink for Reading<'_, '_, '_, '_, '_, W> {
    fn begin(&mut self, content: &Content) -> ControlFlow<()> {
        if let Some(member) = &content.member {
            self.label = format!("{} > {member}", self.file);
        }
        self.source.begin(content);
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        self.source.batch(&batch);
        for skip in &batch.skipped {
            let at = skip.record.map(|r| format!("record {r}: ")).unwrap_or_default();
            let label = skip.member.as_ref().map(|m| format!("{} > {m}", self.file));
            let label = label.as_deref().unwrap_or(self.file);
            self.scan.unreadable(label, &format!("{at}{}", skip.reason), self.turn);
        }
        batch.notes.iter().for_each(|note| self.scan.notes.add(self.number, self.file, note));
        for event in &batch.events {
            match self.scan.event(event, &self.label, self.turn) {
                Ok(matched) => self.source.matched(matched),
                // The output can't be written.
                Err(_) => return ControlFlow::Break(()),
            }
        }
        ControlFlow::Continue(())
    }
}
