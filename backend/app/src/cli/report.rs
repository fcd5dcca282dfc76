//! `scan --report`: every rule and every file with what came of it, as one JSON object.

use super::{
    Exit, plain,
    roll::{Known, Roll},
    sources::Source,
};
use detect::{Costs, Engine, NotRun, Report, correlate::Shortfall, sigma::Kind};
use kernel::Untrusted;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

/// What a scan found, to be told of each rule.
pub(super) struct Told<'a> {
    pub engine: &'a Engine,
    pub roll: &'a Roll,
    pub sum: &'a Report,
    /// By [`Engine::rules`].
    pub matches: &'a [u64],
    /// By the engine's correlation rules.
    pub firings: &'a [u64],
    pub shortfalls: &'a [Shortfall],
    /// Where rules were measured.
    pub costs: Option<&'a Costs>,
    pub sources: &'a [(usize, Source)],
}

/// The file of a report, made before anything is read. One that lies in what is scanned is refused: it would be read
/// as a log, or written over one.
pub(super) struct Target {
    file: File,
    path: PathBuf,
}

impl Target {
    pub fn create(path: &Path, scanned: &[PathBuf]) -> Result<Target, Exit> {
        let shown = Untrusted::new(path.to_string_lossy()).for_terminal();
        let wrong = |e: &dyn std::fmt::Display| Exit(2, format!("--report {shown}: {e}"));
        let whole = std::path::absolute(path).map_err(|e| wrong(&e))?;
        let folder = whole.parent().and_then(|p| p.canonicalize().ok());
        let real = whole.canonicalize().ok().or_else(|| Some(folder?.join(whole.file_name()?)));
        let inside =
            |p: &PathBuf| p.canonicalize().is_ok_and(|p| real.as_ref().is_some_and(|r| r.starts_with(p)));
        if scanned.iter().any(inside) {
            return Err(wrong(&"lies in what is scanned; name another place"));
        }
        let file = File::create(path).map_err(|e| wrong(&e))?;
        Ok(Target { file, path: path.into() })
    }

    pub fn write(mut self, told: &Told<'_>) -> Result<(), Exit> {
        let text = plain::pretty(&told.report()) + "\n";
        self.file.write_all(text.as_bytes()).map_err(|e| {
            let shown = Untrusted::new(self.path.to_string_lossy()).for_terminal();
            Exit(1, format!("--report {shown}: {e}"))
        })
    }

    /// Takes the file away again, since not all that it would say is known. A device stays.
    pub fn remove(self) {
        if self.file.metadata().is_ok_and(|m| m.is_file()) {
            let _ = std::fs::remove_file(self.path);
        }
    }
}

impl Told<'_> {
    fn report(&self) -> Value {
        let of = |kind: Kind| self.roll.known.iter().filter(move |k| k.kind == kind);
        let not_run: HashMap<&str, &NotRun> =
            self.roll.not_run.iter().map(|n| (n.rule_id.as_str(), n)).collect();
        let rules = self.detections(of(Kind::Detection), &not_run);
        let correlations: Vec<_> = of(Kind::Correlation).map(|k| self.correlation(k, &not_run)).collect();
        let filters: Vec<_> = of(Kind::Filter).map(|k| self.filter(k, &not_run)).collect();
        let sources: Vec<_> = self.sources.iter().map(|(_, source)| source).collect();
        json!({
            "program": concat!("aurorasoc ", env!("CARGO_PKG_VERSION")),
            "events": self.sum.events,
            "matches": self.matches.iter().chain(self.firings).sum::<u64>(),
            "rules": rules,
            "correlations": correlations,
            "filters": filters,
            "sources": sources,
        })
    }

    fn detections<'k>(
        &self,
        known: impl Iterator<Item = &'k Known>,
        not_run: &HashMap<&str, &NotRun>,
    ) -> Vec<Value> {
        let index: HashMap<&str, usize> =
            self.engine.rules().iter().enumerate().map(|(i, r)| (r.id.as_str(), i)).collect();
        let no_chance: HashMap<&str, &str> =
            self.sum.no_chance.iter().map(|n| (n.rule_id.as_str(), n.reason.as_str())).collect();
        let costs: Option<HashMap<usize, _>> =
            self.costs.map(|c| c.rules().into_iter().map(|c| (c.rule, c)).collect());
        let mut all: Vec<_> = known
            .map(|k| {
                let mut rule = about(k);
                if idle(&mut rule, k, not_run) {
                    return rule;
                }
                let at = index.get(k.id.as_str()).copied();
                let reason = no_chance.get(k.id.as_str());
                rule["state"] = json!(if reason.is_some() { "no_chance" } else { "ran" });
                rule["reason"] = json!(reason);
                rule["matches"] = json!(at.and_then(|i| self.matches.get(i)).copied().unwrap_or(0));
                // Its matches are those of the correlation rules that look at it.
                rule["feeds_only"] = json!(at.is_some_and(|i| !self.engine.raises(i)));
                if let Some(costs) = &costs {
                    let cost = at.and_then(|i| costs.get(&i));
                    let (events, ns) = cost.map_or((0, 0), |c| (c.events, c.ticks));
                    rule["cost"] = json!({"events": events, "ns": ns});
                }
                rule
            })
            .collect();
        all.extend(self.roll.not_loaded.iter().map(|n| {
            json!({"id": n.rule, "title": null, "file": n.file, "line": n.at.map(|a| a.0),
                "column": n.at.map(|a| a.1), "state": "not_loaded", "reason": n.reason, "matches": 0})
        }));
        all
    }

    fn correlation(&self, k: &Known, not_run: &HashMap<&str, &NotRun>) -> Value {
        let mut rule = about(k);
        if idle(&mut rule, k, not_run) {
            return rule;
        }
        let at = self.engine.correlations().index(&k.id);
        let short: Vec<_> = self.shortfalls.iter().filter(|s| s.rule_id == k.id).collect();
        rule["state"] = json!("ran");
        rule["reason"] = Value::Null;
        rule["matches"] = json!(at.and_then(|i| self.firings.get(i)).copied().unwrap_or(0));
        rule["base_rules"] = json!(at.map(|i| {
            self.engine.correlations().bases(i).iter().map(|id| id.to_string()).collect::<Vec<_>>()
        }));
        rule["shortfalls"] =
            short.iter().map(|s| json!({"reason": s.reason, "count": s.count})).collect::<Vec<_>>().into();
        rule
    }

    fn filter(&self, k: &Known, not_run: &HashMap<&str, &NotRun>) -> Value {
        let mut rule = about(k);
        if idle(&mut rule, k, not_run) {
            return rule;
        }
        let found = self.sum.filters.iter().find(|f| f.rule_id == k.id);
        rule["state"] = json!("ran");
        rule["reason"] = Value::Null;
        rule["applied"] = json!(found.map(|f| &f.applied));
        rule["problems"] = json!(found.map(|f| &f.problems));
        rule
    }
}

fn about(k: &Known) -> Value {
    json!({"id": k.id, "title": k.title, "level": k.level.map(|l| l.as_str()), "file": k.file, "line": k.line})
}

/// Says of a rule that did not run why; whether it is one.
fn idle(rule: &mut Value, k: &Known, not_run: &HashMap<&str, &NotRun>) -> bool {
    let (cause, reason) = match (&k.doubles, not_run.get(k.id.as_str())) {
        (Some(place), _) => {
            (json!("duplicate"), format!("another rule with the same id is loaded from {place}"))
        }
        (None, Some(n)) => (json!(n.cause), n.reason.clone()),
        (None, None) => return false,
    };
    let state = if cause == "needs_configuration" { "needs_configuration" } else { "not_run" };
    rule["state"] = json!(state);
    rule["cause"] = cause;
    rule["reason"] = json!(reason);
    rule["matches"] = json!(0);
    true
}
