//! `rules import`, `rules list`, `rules check`, and how `scan` loads rules.

use super::{
    CheckFormat, Exit,
    orders::{carry_out, look_up},
    pipelines, sarif,
};
use crate::{config::Config, orders::Order};
use api::{
    detections::{PackReport, Rule, RuleList},
    jobs::{Job, JobStatus},
};
use detect::{
    Engine, Mapping,
    sigma::{self, Pipelines, RuleError},
};
use kernel::Untrusted;
use serde::Serialize;
use serde_json::json;
use server::detections::{Item, of_paths};
use std::{
    collections::HashMap,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Errors of one file that are shown with their source line.
const DRAWN: usize = 100;

/// Something that `rules check` found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
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
    places: Vec<(String, usize)>,
    pub(super) findings: Vec<Finding>,
    /// (file, reason) of what could not be read.
    pub(super) unread: Vec<(String, String)>,
    files: usize,
    /// Pipelines that lie among the rules.
    pipelines: usize,
}

impl Loaded {
    /// Reads files, folders and zips, and rules through pipelines. An error when one that was named can't be read at all.
    pub(super) fn read(paths: &[PathBuf], through: &Pipelines) -> Result<Loaded, Exit> {
        let mut all = Loaded::default();
        of_paths(paths, &mut |item| all.take(item, through)).map_err(|e| Exit(2, e.to_string()))?;
        Ok(all)
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
            let shown = match n < DRAWN && error {
                true => Untrusted::new(e.render(&source, &name)).for_terminal_lines(),
                false => {
                    let kind = if error { "" } else { "warning: " };
                    Untrusted::new(format!("{name}:{}:{}: {kind}{}", e.line, e.column, e.reason))
                        .for_terminal()
                }
            };
            self.findings.push(Finding {
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
        let (mut line, mut counted) = (1, 0);
        for rule in parsed.rules {
            line += source.get(counted..rule.span.start).unwrap_or_default().matches('\n').count();
            counted = rule.span.start;
            self.places.push((name.clone(), line));
            self.rules.push(rule);
        }
    }

    /// Documents that did not load.
    pub(super) fn broken(&self) -> usize {
        self.findings.iter().filter(|f| f.error).count()
    }

    fn find(&mut self, rule: usize, path: &str, reason: String, error: bool) {
        let (Some((file, line)), Some(r)) = (self.places.get(rule).cloned(), self.rules.get(rule)) else {
            return;
        };
        let kind = if error { "" } else { "warning: " };
        let shown = Untrusted::new(format!("{file}:{line}:1: {kind}{}: {reason}", r.title)).for_terminal();
        let rule = Some(r.id.clone());
        self.findings.push(Finding { file, line, column: 1, path: path.into(), reason, rule, error, shown });
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
            self.find(i, "id", reason, true);
        }
        let mapping = Mapping::builtin().map_err(|e| Exit(1, e.to_string()))?;
        let each = self.rules.iter().enumerate().filter(|(i, _)| !doubled.contains(i));
        let (_, not_run) = Engine::build(each.map(|(_, r)| r.clone()).collect(), &mapping);
        for n in not_run {
            if let Some(i) = first.get(&n.rule_id) {
                self.find(*i, "", format!("would not run here: {}", n.reason), false);
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

/// The program's own rules; what pipelines refuse is said. Answers how many they refuse.
pub(super) fn builtin(through: &Pipelines) -> (Vec<sigma::Rule>, usize) {
    let (mut rules, mut refused) = (vec![], 0);
    for file in detect::builtin_files() {
        let parsed = sigma::parse_with(file.text, through);
        rules.extend(parsed.rules);
        refused += parsed.errors.len();
        for e in parsed.errors {
            eprintln!("{}", Untrusted::new(e.render(file.text, file.path)).for_terminal_lines());
        }
    }
    (rules, refused)
}

/// Rules for a scan; what does not load is said with its line. Answers how many documents did not.
pub(super) fn load(place: &Path, through: &Pipelines) -> Result<(Vec<sigma::Rule>, usize), Exit> {
    let all = Loaded::read(&[place.to_owned()], through)?;
    for f in &all.findings {
        eprintln!("{}", f.shown);
    }
    for (file, reason) in &all.unread {
        eprintln!("not read: {}", Untrusted::new(format!("{file}: {reason}")).for_terminal());
    }
    if all.rules.is_empty() {
        return Err(Exit(2, format!("{}: no rule in it could be loaded", place.display())));
    }
    let broken = all.broken() + all.unread.len();
    Ok((all.rules, broken))
}

pub(super) fn check(paths: &[PathBuf], through: &[PathBuf], format: CheckFormat) -> Result<u8, Exit> {
    let mut all = Loaded::read(paths, &pipelines::read(through)?)?;
    all.look()?;
    all.findings.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    let errors = all.broken();
    let warnings = all.findings.len() - errors;
    let out = match format {
        CheckFormat::Human => {
            let mut text = String::new();
            for f in &all.findings {
                text += &f.shown;
                text.push('\n');
            }
            for (file, reason) in &all.unread {
                text +=
                    &format!("not read: {}\n", Untrusted::new(format!("{file}: {reason}")).for_terminal());
            }
            text + &format!(
                "{} files, {} rules, {errors} errors, {warnings} warnings, {} not read\n",
                all.files,
                all.rules.len(),
                all.unread.len()
            )
        }
        CheckFormat::Json => {
            let (errors, warnings): (Vec<_>, Vec<_>) = all.findings.iter().partition(|f| f.error);
            let unread: Vec<_> =
                all.unread.iter().map(|(file, reason)| json!({"file": file, "reason": reason})).collect();
            let report = json!({"files": all.files, "rules": all.rules.len(), "errors": errors,
                "warnings": warnings, "not_read": unread});
            serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
        }
        CheckFormat::Sarif => {
            serde_json::to_string_pretty(&sarif::log(&all.findings, &all.unread)).unwrap_or_default() + "\n"
        }
    };
    // Whoever read our output may have gone away: the exit code says it all the same.
    let _ = std::io::stdout().lock().write_all(out.as_bytes());
    Ok(match (all.unread.is_empty(), errors) {
        (false, _) => 2,
        (true, 0) if all.rules.is_empty() && all.pipelines == 0 => 2,
        (true, 0) => 0,
        (true, _) => 1,
    })
}

pub(super) async fn import(
    config: Config,
    paths: Vec<PathBuf>,
    name: Option<String>,
    enabled: bool,
) -> Result<u8, Exit> {
    let mut absolute = Vec::with_capacity(paths.len());
    for p in &paths {
        if !p.exists() {
            return Err(Exit(2, format!("{}: there is no such file or folder", p.display())));
        }
        absolute.push(std::path::absolute(p).map_err(|e| Exit(2, format!("{}: {e}", p.display())))?);
    }
    let own = |p: &PathBuf| p.file_stem().map(|n| n.to_string_lossy().into_owned());
    let name = name.or_else(|| absolute.first().and_then(own)).unwrap_or_else(|| "rules".into());
    let order = Order::RulesImport { name, enabled, paths: absolute };
    let result = carry_out(&config, order, true).await?;
    let job: Job = serde_json::from_value(result).map_err(|e| Exit(1, e.to_string()))?;
    let r: PackReport = serde_json::from_value(job.result.clone()).unwrap_or_default();
    let clean = |t: &str| Untrusted::new(t).for_terminal();
    for n in &r.not_loaded {
        let p = &n.problem;
        eprintln!("did not load: {}", clean(&format!("{}:{}:{}: {}", n.file, p.line, p.column, p.reason)));
    }
    if r.not_loaded_total > r.not_loaded.len() as u64 {
        eprintln!("did not load: {} more", r.not_loaded_total - r.not_loaded.len() as u64);
    }
    let brought =
        [("new", &r.pipelines_new), ("changed", &r.pipelines_changed), ("unchanged", &r.pipelines_unchanged)];
    for (how, names) in brought.into_iter().filter(|(_, names)| !names.is_empty()) {
        let names: Vec<_> = names.iter().map(|n| clean(n)).collect();
        println!("{how} pipelines: {}", names.join(", "));
    }
    let failed = job.status != JobStatus::Done || r.not_loaded_total > 0;
    if r.pack_id.is_empty() && job.status == JobStatus::Done {
        println!(
            "{}: pipelines only, no rule in it; {} documents did not load",
            job.status, r.not_loaded_total
        );
        return Ok(if failed { 2 } else { 0 });
    }
    println!(
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
    );
    println!(
        "{} documents did not load, {} rules need configuration, {} can't run",
        r.not_loaded_total, r.needs_configuration_total, r.cannot_run_total
    );
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
    let mut out = String::new();
    for r in &rules {
        if as_json {
            out += &serde_json::to_string(r).unwrap_or_default();
        } else {
            let clean = |t: &str| Untrusted::new(t).for_terminal();
            out += &format!(
                "{:<13} {:<19} {}  {}  [{}]",
                r.level,
                r.state,
                clean(&r.rule_id),
                clean(&r.title),
                clean(r.pack.as_deref().unwrap_or("own"))
            );
        }
        out.push('\n');
    }
    let _ = std::io::stdout().lock().write_all(out.as_bytes());
    eprintln!("{} rules", rules.len());
    Ok(0)
}
