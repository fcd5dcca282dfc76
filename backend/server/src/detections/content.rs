//! What a pack holds: every document as a row, those that do not load with their errors; processing pipelines among them.

use super::{
    files::Item,
    pipelines,
    rewrite::Pipelines,
    store::{
        pipelines::{NewPipeline, Source},
        write::NewRule,
    },
    text::{self, Origin},
};
use api::detections::{NotLoaded, PackRule, RuleOrigin, RuleProblem, RuleSettings};
use detect::sigma;
use kernel::world::hex;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Text of documents that do not load, kept with them: each brings its whole file, so that its lines are the file's.
const BROKEN_LIMIT: usize = 16 << 20;

/// Rules read from files, before they meet those that are there.
#[derive(Debug, Default)]
pub struct Content {
    /// A row for each document.
    pub rules: Vec<NewRule>,
    /// Processing pipelines.
    pub pipelines: Vec<NewPipeline>,
    /// Files read.
    pub files: u64,
    /// Documents that did not load.
    pub not_loaded: Vec<NotLoaded>,
    /// Rules that need values for placeholders, as their own text says; `settle` asks the pipelines.
    pub needs_configuration: Vec<PackRule>,
    /// Documents that loaded.
    pub loaded: usize,
    broken_bytes: usize,
    licence: Option<String>,
    ids: HashSet<String>,
    pipeline_ids: HashSet<String>,
    /// SHA-256 of each file by its name: the pack's version does not depend on their order.
    hashes: BTreeMap<String, String>,
}

/// What the rows of a pack have in common.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    /// Id of the pack.
    pub pack: &'a str,
    /// `builtin` or `imported`.
    pub origin: RuleOrigin,
    /// Whether new rules shall run.
    pub enabled: bool,
}

impl Content {
    /// Takes one thing of the pack.
    pub fn take(&mut self, item: Item, to: &Target<'_>) {
        match item {
            Item::Rules { name, bytes } => self.file(&name, &bytes, to),
            Item::Licence(text) => self.licence = Some(licence(&text)),
            Item::Skipped { name, reason } => self.skip(&name, reason),
        }
    }

    /// First 12 digits of the SHA-256 over the files.
    pub fn version(&self) -> String {
        let mut hash = Sha256::new();
        for (name, own) in &self.hashes {
            hash.update(format!("{name}\n{own}\n"));
        }
        hex(&hash.finalize()).chars().take(12).collect()
    }

    /// Gives the pack's licence to the rules that name none.
    pub fn finish(&mut self) {
        if let Some(licence) = &self.licence {
            for r in self.rules.iter_mut().filter(|r| r.license.is_none()) {
                r.license = Some(licence.clone());
            }
        }
    }

    /// Leaves out of the rules that need values those that get them from pipelines: the workspace's, as they are after
    /// this import.
    pub fn settle(&mut self, mut there: Vec<Source>) {
        for p in &self.pipelines {
            match there.iter_mut().find(|s| s.pipeline_id == p.pipeline_id) {
                Some(s) => (s.body, s.sha256) = (p.body.clone(), p.sha256.clone()),
                None => there.push(Source {
                    pipeline_id: p.pipeline_id.clone(),
                    name: p.name.clone(),
                    sha256: p.sha256.clone(),
                    enabled: p.enabled,
                    body: p.body.clone(),
                }),
            }
        }
        let applied = Pipelines::new(there);
        if applied.all().is_empty() || self.needs_configuration.is_empty() {
            return;
        }
        let bodies: HashMap<_, _> =
            self.rules.iter().map(|r| (r.rule_id.as_str(), r.body.as_str())).collect();
        self.needs_configuration.retain(|r| {
            let made = bodies.get(r.rule_id.as_str()).and_then(|body| applied.one(body, &r.rule_id));
            made.is_some_and(|r| r.is_ok_and(|r| !r.placeholders().is_empty()))
        });
    }

    /// Pipelines of a file. Answers the numbers of their documents, which are no rules that do not load.
    fn pipelines(&mut self, name: &str, whole: &str, alone: bool, to: &Target<'_>) -> HashSet<usize> {
        let mut documents = HashSet::new();
        for found in sigma::pipelines_in(whole) {
            documents.insert(found.document);
            let body = if alone { whole } else { whole.get(found.span).unwrap_or(whole) };
            let row = match &found.pipeline {
                Err(e) => Err(text::problem(e)),
                Ok(p) => pipelines::row(p, body, stem(name), to.enabled).and_then(|row| {
                    let twice = !self.pipeline_ids.insert(row.pipeline_id.clone());
                    let reason = || format!("another pipeline of this import is called {}", row.pipeline_id);
                    if twice { Err(pipelines::misnamed(p, reason())) } else { Ok(row) }
                }),
            };
            let problem = match row {
                Err(problem) => problem,
                Ok(row) => {
                    self.pipelines.push(row);
                    continue;
                }
            };
            self.not_loaded.push(NotLoaded { file: name.into(), problem });
        }
        documents
    }

    fn skip(&mut self, file: &str, reason: String) {
        let problem = RuleProblem { line: 1, column: 1, reason, path: String::new() };
        self.not_loaded.push(NotLoaded { file: file.into(), problem });
    }

    fn file(&mut self, name: &str, bytes: &[u8], to: &Target<'_>) {
        self.files += 1;
        self.hashes.insert(name.into(), hex(&Sha256::digest(bytes)));
        let parsed = sigma::parse_bytes(bytes);
        let whole = String::from_utf8_lossy(bytes);
        let documents = parsed.rules.len() + parsed.errors.len();
        let pipelines = self.pipelines(name, &whole, documents == 1, to);
        let from = Origin { origin: to.origin, pack: Some(to.pack), file: Some(name), enabled: to.enabled };
        let (mut line, mut counted) = (1, 0);
        for rule in parsed.rules {
            line += whole.get(counted..rule.span.start).unwrap_or_default().matches('\n').count();
            counted = rule.span.start;
            let body = match documents {
                1 => whole.as_ref(),
                _ => whole.get(rule.span.clone()).unwrap_or(&whole),
            };
            if !self.ids.insert(rule.id.clone()) {
                let reason = format!("another document of this pack has the id {}", rule.id);
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                let problem = RuleProblem { line, column: 1, reason, path: "id".into() };
                self.not_loaded.push(NotLoaded { file: name.into(), problem });
                continue;
            }
            if !rule.placeholders().is_empty() {
                self.needs_configuration.push(PackRule {
                    rule_id: rule.id.clone(),
                    title: rule.title.clone(),
                    file: name.into(),
                });
            }
            self.loaded += 1;
            self.rules.push(text::row(&rule, body, &from, &RuleSettings::default()));
        }
        for e in parsed.errors.iter().filter(|e| !pipelines.contains(&e.document)) {
            let problem = text::problem(e);
            self.not_loaded.push(NotLoaded { file: name.into(), problem: problem.clone() });
            if self.broken_bytes.saturating_add(whole.len()) > BROKEN_LIMIT {
                continue;
            }
            // Under its own id where that could be read, so that a repaired one takes its place.
            let place = format!("{name}#{}", e.document);
            let known = e.rule.clone().filter(|r| is_uuid(r));
            let made = || format!("broken-{}", text::hash(&place).chars().take(16).collect::<String>());
            let id = known.unwrap_or_else(made);
            if self.ids.insert(id.clone()) {
                self.broken_bytes += whole.len();
                let title = e.rule.clone().unwrap_or_else(|| name.into());
                self.rules.push(text::broken(&id, &title, &whole, &from, std::slice::from_ref(&problem)));
            }
        }
    }
}

/// A file's name without folders and ending.
fn stem(name: &str) -> &str {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.rsplit_once('.').map_or(last, |(stem, _)| stem)
}

/// 8-4-4-4-12 hexadecimal digits (RFC 9562).
pub fn is_uuid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    let sizes: Vec<_> = parts.iter().map(|p| p.len()).collect();
    sizes == [8, 4, 4, 4, 12] && parts.iter().all(|p| p.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// SPDX id of a licence text that is known, else its first line.
fn licence(text: &str) -> String {
    if text.contains("Detection Rule License") {
        let version = if text.contains("1.0") && !text.contains("1.1") { "1.0" } else { "1.1" };
        return format!("DRL-{version}");
    }
    let first = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("unknown");
    first.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO: Target<'_> = Target { pack: "p", origin: RuleOrigin::Imported, enabled: true };

    fn rules(name: &str, text: &str) -> Item {
        Item::Rules { name: name.into(), bytes: text.as_bytes().into() }
    }

    #[test]
    fn the_rest_of_a_file_goes_in_and_what_does_not_is_kept_with_its_place() {
        let good = "title: Good\nid: 00000000-0000-4000-8000-000000000001\nlogsource: {product: windows}\n\
                    detection:\n  s: {A: b}\n  condition: s\n";
        let bad = good.replace("0001\n", "0002\n").replace("condition: s", "condition: s and t");
        let mut c = Content::default();
        c.take(rules("a.yml", &format!("{good}---\n{bad}")), &TO);
        c.take(rules("b.yml", good), &TO);
        c.take(Item::Licence("Detection Rule License (DRL) 1.1\n".into()), &TO);
        c.finish();
        let ids: Vec<_> = c.rules.iter().map(|r| (r.rule_id.as_str(), r.errors == "[]")).collect();
        assert_eq!(
            ids,
            [("00000000-0000-4000-8000-000000000001", true), ("00000000-0000-4000-8000-000000000002", false)]
        );
        assert_eq!(c.rules[0].license.as_deref(), Some("DRL-1.1"));
        let said: Vec<_> = c.not_loaded.iter().map(|n| (n.file.as_str(), n.problem.line)).collect();
        assert_eq!(said, [("a.yml", 13), ("b.yml", 1)]);
    }

    #[test]
    fn pipelines_among_rules_are_pipelines_and_settle_what_needs_values() {
        let rule = "title: T\nid: 00000000-0000-4000-8000-000000000001\nlogsource: {product: windows}\n\
                    detection:\n  s: {A|expand: '%x%'}\n  condition: s\n";
        let mut c = Content::default();
        c.take(rules("a.yml", &format!("{rule}---\nvars: {{x: 1}}\n---\nname: a\nvars: {{}}\n")), &TO);
        c.take(rules("folder/b.yml", "priority: many\ntransformations: []\n"), &TO);
        c.take(rules("c.yml", "name: '!!'\nvars: {}\n"), &TO);
        assert_eq!((c.rules.len(), c.loaded, c.needs_configuration.len()), (1, 1, 1));
        assert!(c.rules[0].body.starts_with("title: T") && !c.rules[0].body.contains("vars"));
        let made: Vec<_> = c.pipelines.iter().map(|p| (p.name.as_str(), p.body.trim())).collect();
        assert_eq!(made, [("a", "vars: {x: 1}")], "called as its file is");
        let said: Vec<_> = c.not_loaded.iter().map(|n| (n.file.as_str(), n.problem.line)).collect();
        assert_eq!(said, [("a.yml", 10), ("folder/b.yml", 1), ("c.yml", 1)]);
        let there = |enabled| {
            let (pipeline_id, name) = ("a".to_owned(), "a".to_owned());
            vec![Source { pipeline_id, name, sha256: String::new(), enabled, body: "vars: {}".into() }]
        };
        let mut off = Content { needs_configuration: c.needs_configuration.clone(), ..Content::default() };
        off.settle(there(false));
        assert_eq!(off.needs_configuration.len(), 1, "nothing is applied");
        c.settle(there(true));
        assert!(c.needs_configuration.is_empty(), "the import writes over the one that is there");
    }

    #[test]
    fn a_version_does_not_depend_on_the_order_of_files() {
        let of = |files: &[(&str, &str)]| {
            let mut c = Content::default();
            files.iter().for_each(|(n, t)| c.take(rules(n, t), &TO));
            c.version()
        };
        assert_eq!(of(&[("a", "x"), ("b", "y")]), of(&[("b", "y"), ("a", "x")]));
        assert_ne!(of(&[("a", "x"), ("b", "y")]), of(&[("a", "y"), ("b", "x")]));
    }
}
