//! `rules import`, `rules list`, `rules check`, and how `scan` loads rules.

use super::{
    Exit,
    args::CheckFormat,
    orders::{absolute, carry_out, look_up},
    out, pipelines, plain, sarif,
};
use crate::{config::Config, orders::Order};
use api::{
    detections::{PackReport, Rule, RuleList},
    jobs::{Job, JobStatus},
};
use detect::{
    Engine, Mapping,
    sigma::{self, Parsed, Pipelines, RuleError},
};
use kernel::Untrusted;
use serde::Serialize;
use serde_json::json;
use server::detections::{Item, of_paths};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// Errors of one file that are shown with their source line.
const DRAWN: usize = 100;

/// The kinds of what `rules check` finds, with what each means: that of errors first, then those of warnings.
pub(super) const KINDS: &[(&str, &str)] = &[
    (INVALID, "Sigma rule validation failed"),
    (NOT_RUN, "The rule is valid, and this program can't run it"),
    (FILTER, "The filter names a rule that it can't be applied to"),
    (PIPELINE, "A processing pipeline that lies among the rules"),
];
const INVALID: &str = "AURORA-4222";
const NOT_RUN: &str = "not-run";
const FILTER: &str = "filter-in-part";
const PIPELINE: &str = "pipeline";

/// Something that `rules check` found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// One of [`KINDS`].
    pub(super) code: &'static str,
    /// As it was named, joined with the path below it.
    pub(super) file: String,
    /// 1-based.
    pub(super) line: usize,
    /// 1-based, in characters.
    pub(super) column: usize,
    /// Where in the rule.
    pub(super) path: String,
    /// In plain words.
    pub(super) reason: String,
    /// Id or title of the rule, where it could be read.
    pub(super) rule: Option<String>,
    /// An error; else a warning: the rule is valid and does not run here.
    pub(super) error: bool,
    /// With the source line and a caret.
    #[serde(skip)]
    shown: String,
}

/// Rules read from files, and what is wrong with the rest.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) rules: Vec<sigma::Rule>,
    /// File and line of each rule.
    pub(super) places: Vec<(String, usize)>,
    pub(super) findings: Vec<Finding>,
    /// (file, reason) of what could not be read.
    pub(super) unread: Vec<(String, String)>,
    files: usize,
    /// Pipelines that lie among the rules.
    pipelines: usize,
}

impl Loaded {
    /// Reads a file, a folder or a zip, and rules through pipelines. An error when it can't be read at all.
    fn read(path: &Path, through: &Pipelines) -> Result<Loaded, Exit> {
        let mut all = Loaded::default();
        all.add(path, through).map_err(|reason| Exit(2, format!("{}: {reason}", path.display())))?;
        Ok(all)
    }

    /// Reads one more path.
    fn add(&mut self, path: &Path, through: &Pipelines) -> Result<(), String> {
        let named = format!("{}: ", path.display());
        of_paths(&[path.to_owned()], &mut |item| self.take(item, through)).map_err(|e| {
            let said = e.to_string();
            said.strip_prefix(&named).unwrap_or(&said).to_owned()
        })
    }

    fn take(&mut self, item: Item, through: &Pipelines) {
        let (name, bytes) = match item {
            Item::Rules { name, bytes } => (name, bytes),
            Item::Skipped { name, reason } => return self.unread.push((name, reason)),
            Item::Licence(_) => return,
        };
        self.files += 1;
        let parsed = match std::str::from_utf8(&bytes) {
            Ok(text) => sigma::parse_with(text, through),
            Err(_) => sigma::parse_bytes(&bytes),
        };
        let source = String::from_utf8_lossy(&bytes);
        let pipelines = sigma::pipelines_in(&source);
        let of_rules =
            parsed.errors.into_iter().filter(|e| pipelines.iter().all(|p| p.document != e.document));
        let mut errors: Vec<_> = of_rules.map(|e| (e, true)).collect();
        for p in &pipelines {
            errors.push(match &p.pipeline {
                Err(e) => (e.clone(), true),
                Ok(found) => {
                    self.pipelines += 1;
                    (beside(found, p.document), false)
                }
            });
        }
        for (n, (e, error)) in errors.into_iter().enumerate() {
            // Each picture looks for its line from the top, so a text of thousands of errors is not drawn to its end.
            let at = format!("{name}:{}:{}: ", e.line, e.column);
            let shown = match n < DRAWN && error {
                true => {
                    let drawn = e.render(&source, &name);
                    let rest = drawn.strip_prefix(&at).unwrap_or(&drawn);
                    Untrusted::new(format!("{at}{INVALID}: {rest}")).for_terminal_lines()
                }
                false => {
                    let kind = if error { INVALID } else { "warning" };
                    Untrusted::new(format!("{at}{kind}: {}", e.reason)).for_terminal()
                }
            };
            self.findings.push(Finding {
                code: if error { INVALID } else { PIPELINE },
                file: name.clone(),
                line: e.line,
                column: e.column,
                path: e.path,
                reason: e.reason,
                rule: e.rule,
                error,
                shown,
            });
        }
        self.hold(&name, &source, parsed.rules);
    }

    /// Keeps rules of a text with their places.
    fn hold(&mut self, name: &str, source: &str, rules: Vec<sigma::Rule>) {
        let (mut line, mut counted) = (1, 0);
        for rule in rules {
            line += source.get(counted..rule.span.start).unwrap_or_default().matches('\n').count();
            counted = rule.span.start;
            self.places.push((name.to_owned(), line));
            self.rules.push(rule);
        }
    }

    /// Documents that did not load.
    fn broken(&self) -> usize {
        self.findings.iter().filter(|f| f.error).count()
    }

    fn find(&mut self, rule: usize, path: &str, reason: String, code: &'static str) {
        let (Some((file, line)), Some(r)) = (self.places.get(rule).cloned(), self.rules.get(rule)) else {
            return;
        };
        let error = code == INVALID;
        let kind = if error { INVALID } else { "warning" };
        let shown = Untrusted::new(format!("{file}:{line}:1: {kind}: {}: {reason}", r.title)).for_terminal();
        let (path, rule) = (path.into(), Some(r.id.clone()));
        self.findings.push(Finding { code, file, line, column: 1, path, reason, rule, error, shown });
    }

    /// Ids that two rules have, and rules that would not run.
    fn look(&mut self) -> Result<(), Exit> {
        let mut first: HashMap<String, usize> = HashMap::new();
        let mut twice = vec![];
        for (i, r) in self.rules.iter().enumerate() {
            if let Some(there) = first.get(&r.id) {
                let (file, line) = &self.places[*there];
                twice.push((i, format!("the id {} stands in {file}, line {line} too", r.id)));
            } else {
                first.insert(r.id.clone(), i);
            }
        }
        let doubled: Vec<_> = twice.iter().map(|(i, _)| *i).collect();
        for (i, reason) in twice {
            self.find(i, "id", reason, INVALID);
        }
        let mapping = Mapping::builtin().map_err(|e| Exit(1, e.to_string()))?;
        let each = self.rules.iter().enumerate().filter(|(i, _)| !doubled.contains(i));
        let (engine, not_run) = Engine::build(each.map(|(_, r)| r.clone()).collect(), &mapping);
        for n in not_run {
            if let Some(i) = first.get(&n.rule_id) {
                self.find(*i, "", format!("would not run here: {}", n.reason), NOT_RUN);
            }
        }
        for f in engine.filters() {
            for problem in &f.problems {
                if let Some(i) = first.get(&f.rule_id) {
                    self.find(*i, "filter.rules", format!("not applied in part: {problem}"), FILTER);
                }
            }
        }
        Ok(())
    }
}

/// What is said of a pipeline that lies among the rules.
fn beside(found: &sigma::Pipeline, document: usize) -> RuleError {
    let at = found.name_at();
    RuleError {
        document,
        line: at.line,
        column: at.column,
        path: String::new(),
        reason: "a pipeline, not a rule: it is applied when --pipeline names its file".into(),
        rule: Some(found.name().to_owned()).filter(|n| !n.is_empty()),
    }
}

/// The program's own rules; what pipelines refuse is said.
pub(super) fn builtin(through: &Pipelines) -> Loaded {
    let mut all = Loaded::default();
    for file in detect::builtin_files() {
        let Parsed { rules, errors } = sigma::parse_with(file.text, through);
        all.files += 1;
        all.hold(file.path, file.text, rules);
        for e in errors {
            let shown = Untrusted::new(e.render(file.text, file.path)).for_terminal_lines();
            out::say(&shown);
            let RuleError { line, column, path, reason, rule, .. } = e;
            let file = file.path.to_owned();
            let (code, error) = (INVALID, true);
            all.findings.push(Finding { code, file, line, column, path, reason, rule, error, shown });
        }
    }
    all
}

/// Rules for a scan; what does not load is said with its line.
pub(super) fn load(place: &Path, through: &Pipelines) -> Result<Loaded, Exit> {
    let all = Loaded::read(place, through)?;
    for f in &all.findings {
        out::say(&f.shown);
    }
    for (file, reason) in &all.unread {
        out::say(format_args!("not read: {}", Untrusted::new(format!("{file}: {reason}")).for_terminal()));
    }
    if all.rules.is_empty() {
        let shown = Untrusted::new(place.to_string_lossy()).for_terminal();
        return Err(Exit(2, format!("{shown}: no rule in it could be loaded")));
    }
    Ok(all)
}

pub(super) fn check(paths: &[PathBuf], through: &[PathBuf], format: CheckFormat) -> Result<u8, Exit> {
    let mut all = Loaded::default();
    match pipelines::read(through) {
        Ok(through) => all.add_all(paths, &through),
        Err(e) if format == CheckFormat::Human => return Err(e),
        // Whoever reads the document has to find in it why nothing was checked.
        Err(Exit(_, why)) => {
            let names: Vec<_> = through.iter().map(|p| p.to_string_lossy()).collect();
            all.unread.push((names.join(", "), why));
        }
    }
    all.look()?;
    all.findings.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    let text = match format {
        CheckFormat::Human => all.for_people(),
        CheckFormat::Json => {
            let (errors, warnings): (Vec<_>, Vec<_>) = all.findings.iter().partition(|f| f.error);
            let unread: Vec<_> =
                all.unread.iter().map(|(file, reason)| json!({"file": file, "reason": reason})).collect();
            plain::pretty(&json!({"files": all.files, "rules": all.rules.len(), "errors": errors,
                "warnings": warnings, "not_read": unread}))
        }
        CheckFormat::Sarif => plain::pretty(&sarif::log(&all.findings, &all.unread)),
    };
    // Where whoever read our output went away, the exit code says it all the same.
    out::line(text)?;
    Ok(match (all.unread.is_empty(), all.broken()) {
        (false, _) => 2,
        (true, 0) => 0,
        (true, _) => 1,
    })
}

impl Loaded {
    /// Reads every path; those that can't be read, and those without anything to check, are named with their reason.
    fn add_all(&mut self, paths: &[PathBuf], through: &Pipelines) {
        for path in paths {
            let before = (self.files, self.unread.len());
            let reason = match self.add(path, through) {
                Err(reason) => reason,
                Ok(()) if (self.files, self.unread.len()) != before => continue,
                Ok(()) => "no rule file is in it (names that end with .yml or .yaml)".to_owned(),
            };
            self.unread.push((path.to_string_lossy().into_owned(), reason));
        }
        if self.rules.is_empty() && self.pipelines == 0 && self.findings.is_empty() && self.unread.is_empty()
        {
            let names: Vec<_> = paths.iter().map(|p| p.to_string_lossy()).collect();
            self.unread.push((names.join(", "), "no rule is in it".into()));
        }
    }

    fn for_people(&self) -> String {
        let mut text = String::new();
        for f in &self.findings {
            text += &f.shown;
            text.push('\n');
        }
        for (file, reason) in &self.unread {
            let said = Untrusted::new(format!("{file}: {reason}")).for_terminal();
            text += &format!("not read: {said}\n");
        }
        let errors = self.broken();
        text + &format!(
            "{} files, {} rules, {errors} errors, {} warnings, {} not read",
            self.files,
            self.rules.len(),
            self.findings.len() - errors,
            self.unread.len()
        )
    }
}

pub(super) async fn import(
    config: Config,
    paths: Vec<PathBuf>,
    name: Option<String>,
    enabled: bool,
) -> Result<u8, Exit> {
    let paths = absolute(paths)?;
    let own = |p: &PathBuf| p.file_stem().map(|n| n.to_string_lossy().into_owned());
    let name = name.or_else(|| paths.first().and_then(own)).unwrap_or_else(|| "rules".into());
    let order = Order::RulesImport { name, enabled, paths };
    let result = carry_out(&config, order, true).await?;
    let job: Job = serde_json::from_value(result).map_err(|e| Exit(1, e.to_string()))?;
    let r: PackReport = serde_json::from_value(job.result.clone()).unwrap_or_default();
    let clean = |t: &str| Untrusted::new(t).for_terminal();
    for n in &r.not_loaded {
        let p = &n.problem;
        let said = format!("{}:{}:{}: {}", n.file, p.line, p.column, p.reason);
        out::say(format_args!("did not load: {}", clean(&said)));
    }
    if r.not_loaded_total > r.not_loaded.len() as u64 {
        out::say(format_args!("did not load: {} more", r.not_loaded_total - r.not_loaded.len() as u64));
    }
    let brought =
        [("new", &r.pipelines_new), ("changed", &r.pipelines_changed), ("unchanged", &r.pipelines_unchanged)];
    for (how, names) in brought.into_iter().filter(|(_, names)| !names.is_empty()) {
        let names: Vec<_> = names.iter().map(|n| clean(n)).collect();
        out::line(format_args!("{how} pipelines: {}", names.join(", ")))?;
    }
    let failed = job.status != JobStatus::Done || r.not_loaded_total > 0;
    if r.pack_id.is_empty() && job.status == JobStatus::Done {
        out::line(format_args!(
            "{}: pipelines only, no rule in it; {} documents did not load",
            job.status, r.not_loaded_total
        ))?;
        return Ok(if failed { 2 } else { 0 });
    }
    out::line(format_args!(
        "{}: pack {} {}: {} new, {} changed, {} gone, {} unchanged, {} kept as edited here, {} in another pack",
        job.status,
        clean(&r.name),
        r.version,
        r.new,
        r.changed,
        r.gone,
        r.unchanged,
        r.kept_local,
        r.elsewhere
    ))?;
    out::line(format_args!(
        "{} documents did not load, {} rules need configuration, {} can't run",
        r.not_loaded_total, r.needs_configuration_total, r.cannot_run_total
    ))?;
    Ok(if failed { 2 } else { 0 })
}

pub(super) async fn list(
    config: Config,
    query: Option<String>,
    pack: Option<String>,
    as_json: bool,
) -> Result<u8, Exit> {
    let query = RuleList { q: query, pack, ..RuleList::default() };
    let result = look_up(&config, Order::RulesList { query: Box::new(query) }).await?;
    let rules: Vec<Rule> = serde_json::from_value(result).map_err(|e| Exit(1, e.to_string()))?;
    let mut text = String::new();
    for r in &rules {
        if as_json {
            text += &plain::json(r);
        } else {
            let clean = |t: &str| Untrusted::new(t).for_terminal();
            text += &format!(
                "{:<13} {:<19} {}  {}  [{}]",
                r.level,
                r.state,
                clean(&r.rule_id),
                clean(&r.title),
                clean(r.pack.as_deref().unwrap_or("own"))
            );
        }
        text.push('\n');
    }
    out::print(text)?;
    out::say(format_args!("{} rules", rules.len()));
    Ok(0)
}
