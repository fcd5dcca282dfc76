//! Rules of all kinds to an engine: filters onto detections, detections compiled, correlations on top.

use super::{Cause, Engine, NotRun};
use crate::{
    correlate::{
        Correlations,
        resolve::{Census, Resolved, resolve},
    },
    mapping::Mapping,
    sigma::{
        Kind, Rule,
        error::quote,
        filter::Filter,
        rule::{Content, Logsource},
    },
};
use serde::Serialize;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// How a filter's condition is meant: Sigma's specification writes it one way, pySigma the other, and both are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The condition says which matches are taken away.
    TakesAway,
    /// The condition says which matches are kept.
    Keeps,
}

/// What a filter was applied to, and what it could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterReport {
    /// Id of the filter.
    pub rule_id: String,
    /// Title of the filter.
    pub title: String,
    /// How its condition was read.
    pub reading: Reading,
    /// Ids of the rules that it was applied to.
    pub applied: Vec<String>,
    /// Rules that it names and can't be applied to, with the reason.
    pub problems: Vec<String>,
}

impl FilterReport {
    /// In plain words how its condition was read.
    pub fn says(&self) -> &'static str {
        match self.reading {
            Reading::TakesAway => "takes away the matches for which its condition holds",
            Reading::Keeps => "keeps only the matches for which its condition holds",
        }
    }
}

impl Engine {
    /// Compiles the rules for the logs that the mapping knows: filters are applied to the detections that they name,
    /// correlation rules are resolved. A rule that can't run takes no other with it: it is named with its reason in
    /// the second value.
    pub fn build(rules: Vec<Rule>, mapping: &Mapping) -> (Engine, Vec<NotRun>) {
        let census = Census::new(&rules);
        let mut not_run = Vec::new();
        let (mut detections, mut correlations, mut filters) = (Vec::new(), Vec::new(), Vec::new());
        for rule in rules {
            match rule.kind {
                Kind::Detection => detections.push(rule),
                Kind::Correlation => correlations.push(rule),
                Kind::Filter => filters.push(rule),
            }
        }
        let reports = apply(&mut detections, &filters, &census, &mut not_run);
        if correlations.is_empty() {
            let (mut engine, failed) = Engine::compile(detections, mapping);
            engine.filters = reports;
            not_run.extend(failed);
            return (engine, not_run);
        }
        let (mut engine, failed) = Engine::compile(detections.clone(), mapping);
        let mut told = [not_run.clone(), failed].concat();
        let mut resolved = resolve(correlations.clone(), &engine.rules, &census, mapping, &mut told);
        if !resolved.idle.is_empty() {
            // Rare: what only feeds a correlation that can't run is left out, and compiled without.
            let idle: HashMap<String, String> =
                resolved.idle.iter().map(|(i, by)| (engine.rules[*i].id.clone(), by.clone())).collect();
            let (out, kept): (Vec<Rule>, Vec<Rule>) =
                detections.into_iter().partition(|r| idle.contains_key(&r.id));
            let failed;
            (engine, failed) = Engine::compile(kept, mapping);
            not_run.extend(failed);
            for rule in out {
                let by = idle.get(&rule.id).map(String::as_str).unwrap_or_default();
                let reason = format!("only feeds the correlation rule {}, which does not run", quote(by));
                not_run.push(rule.not_run(Cause::PartOfCorrelation, reason));
            }
            // The reasons of the first round name what is really wrong.
            let known: HashSet<String> = not_run.iter().map(|n| n.rule_id.clone()).collect();
            not_run.extend(told.into_iter().filter(|n| !known.contains(&n.rule_id)));
            let good: HashSet<&str> = resolved.correlations.rules().iter().map(|r| r.id.as_str()).collect();
            let mut once = HashSet::new();
            let again = |r: &&Rule| good.contains(r.id.as_str()) && once.insert(r.id.clone());
            let good = correlations.iter().filter(again).cloned().collect();
            resolved = resolve(good, &engine.rules, &census, mapping, &mut not_run);
        } else {
            not_run = told;
        }
        let Resolved { correlations, .. } = resolved;
        engine.correlations = correlations;
        engine.filters = reports;
        (engine, not_run)
    }

    /// The correlation rules that run.
    pub fn correlations(&self) -> &Correlations {
        &self.correlations
    }

    /// What each filter was applied to.
    pub fn filters(&self) -> &[FilterReport] {
        &self.filters
    }

    /// What filters could not be applied to: the filter, and each of its problems in plain words. A filter that applies
    /// to no rule at all is among the rules that do not run.
    pub fn filter_problems(&self) -> impl Iterator<Item = (&FilterReport, &str)> {
        self.filters.iter().flat_map(|f| f.problems.iter().map(move |p| (f, p.as_str())))
    }

    /// Whether a rule (an index into [`Engine::rules`]) raises alerts; one that only feeds correlations does not.
    pub fn raises(&self, rule: usize) -> bool {
        !self.correlations.silent(rule)
    }

    /// Leaves out the new hits of rules that raise no alerts.
    pub(crate) fn keep_raising(&self, hits: &mut Vec<super::Hit>, from: usize) {
        let mut keep = from;
        for i in from..hits.len() {
            if self.raises(hits[i].rule) {
                hits[keep] = hits[i];
                keep += 1;
            }
        }
        hits.truncate(keep);
    }
}

impl Rule {
    pub(crate) fn not_run(&self, cause: Cause, reason: String) -> NotRun {
        NotRun { rule_id: self.id.clone(), title: self.title.clone(), cause, reason }
    }
}

/// Applies the filters; one that applies to no rule is named in `not_run`.
fn apply(
    rules: &mut [Rule],
    filters: &[Rule],
    census: &Census,
    not_run: &mut Vec<NotRun>,
) -> Vec<FilterReport> {
    let mut reports = Vec::new();
    if filters.is_empty() {
        return reports;
    }
    let by_id: HashMap<String, usize> =
        rules.iter().enumerate().rev().map(|(i, r)| (r.id.clone(), i)).collect();
    for rule in filters {
        let Content::Filter(filter) = &rule.content else { continue };
        if !filter.body.placeholders.is_empty() {
            let names = filter.body.placeholders.join("%, %");
            let reason = format!("needs configuration: no value for %{names}%");
            not_run.push(rule.not_run(Cause::NeedsConfiguration, reason));
            continue;
        }
        let (targets, problems) = targets(rule, filter, rules, &by_id, census);
        if targets.is_empty() {
            let reason = match problems.as_slice() {
                [] => format!("no rule of the log source {} is loaded", rule.logsource),
                all => all.join("; "),
            };
            not_run.push(rule.not_run(Cause::Filter, format!("applies to no rule: {reason}")));
            continue;
        }
        let mut applied = Vec::with_capacity(targets.len());
        for at in targets {
            if let Content::Detection(body) = &mut rules[at].content {
                *body = Arc::new(filter.applied(body, &rule.title));
                applied.push(rules[at].id.clone());
            }
        }
        let reading = if filter.stays { Reading::Keeps } else { Reading::TakesAway };
        let (rule_id, title) = (rule.id.clone(), rule.title.clone());
        reports.push(FilterReport { rule_id, title, reading, applied, problems });
    }
    reports
}

fn targets(
    rule: &Rule,
    filter: &Filter,
    rules: &[Rule],
    by_id: &HashMap<String, usize>,
    census: &Census,
) -> (Vec<usize>, Vec<String>) {
    let mut problems = Vec::new();
    let Some(names) = &filter.rules else {
        let all = rules.iter().enumerate().filter(|(_, r)| covers(&rule.logsource, &r.logsource));
        return (all.map(|(i, _)| i).collect(), problems);
    };
    let text = census.text(&rule.id);
    let mut out = Vec::new();
    for name in names {
        let found = census.find(name, text).and_then(|id| {
            by_id
                .get(id)
                .copied()
                .ok_or_else(|| format!("the rule {} looks at no single events", quote(name)))
        });
        match found {
            Err(reason) => problems.push(reason),
            Ok(at) if !covers(&rule.logsource, &rules[at].logsource) => problems.push(format!(
                "the rule {} is for the log source {}, the filter for {}",
                quote(name),
                rules[at].logsource,
                rule.logsource
            )),
            Ok(at) if out.contains(&at) => {}
            Ok(at) => out.push(at),
        }
    }
    (out, problems)
}

/// Whether a filter's log source has the rule's in it: what the filter names, the rule names too.
fn covers(filter: &Logsource, rule: &Logsource) -> bool {
    let part = |f: &Option<String>, r: &Option<String>| f.is_none() || f == r;
    part(&filter.product, &rule.product)
        && part(&filter.category, &rule.category)
        && part(&filter.service, &rule.service)
}
