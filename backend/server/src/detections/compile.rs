//! From stored texts to an engine, with what this workspace says of each rule beside it.

use super::{
    rewrite::Pipelines,
    store::{self, rules::Source},
    suppress::Suppressor,
    text,
};
use api::{
    alerts::Severity,
    detections::{RuleSettings, RuleState, Suppression},
    siem::RuleNote,
};
use detect::{Cause, Engine, Mapping, NotRun, sigma};
use kernel::{Result, db::Db};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// What the store gives for a rule set, read at one moment.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Number of the set.
    pub number: i64,
    /// Enabled rules whose text loads.
    pub rules: Vec<Source>,
    /// (id, title, reason) of enabled rules whose text does not.
    pub broken: Vec<(String, String, String)>,
    /// Suppressions with their rules.
    pub suppressions: Vec<(String, Suppression)>,
    /// Processing pipelines, in the order of application.
    pub pipelines: Vec<store::pipelines::Source>,
    /// The rules that count, where the others are only there because these stand on them.
    pub only: Option<HashSet<String>>,
}

/// Reads everything that a rule set is made of. The number comes first: what changes meanwhile makes a later set.
pub async fn load(db: &Db) -> Result<Loaded> {
    let read = db.read();
    Ok(Loaded {
        number: store::rules::set_number(read).await?,
        rules: store::rules::enabled(read).await?,
        broken: store::rules::broken(read).await?,
        suppressions: store::verdicts::suppressions(read).await?,
        pipelines: store::pipelines::all(read).await?,
        only: None,
    })
}

/// Rules that were parsed for an earlier set, by id, with the hash of their text, and which pipelines they went through.
#[derive(Debug, Default)]
pub struct Parsed {
    pipelines: String,
    rules: HashMap<String, (String, sigma::Rule)>,
}

/// How one rule counts here.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Of its alerts.
    pub severity: Severity,
    /// Fields whose values group matches; the host when empty.
    pub group_by: Vec<String>,
    /// Length of the clock bucket.
    pub bucket_ns: i64,
}

/// Rules that run together. Immutable.
pub struct RuleSet {
    /// Grows with each change of rules.
    pub number: i64,
    /// Compiled.
    pub engine: Engine,
    /// Loaded, but not run, with why.
    pub not_run: Vec<NotRun>,
    /// Enabled rules that do not load, with why.
    pub broken: Vec<RuleNote>,
    /// Pipelines that its rules went through.
    pub pipelines: Arc<Pipelines>,
    /// What they did to each rule that they changed.
    rewritten: HashMap<String, Vec<String>>,
    /// How many rules each changed, by its id.
    changes: HashMap<String, u64>,
    tuning: Vec<Tuning>,
    suppressors: HashMap<usize, Suppressor>,
    by_id: HashMap<String, usize>,
    packs: HashMap<String, String>,
    correlation_tuning: HashMap<String, Tuning>,
    /// The rules that count, of a set that holds others because these stand on them.
    only: Option<HashSet<String>>,
}

impl Default for RuleSet {
    /// No rules.
    fn default() -> Self {
        let (engine, not_run) = Engine::build(vec![], &mapping());
        RuleSet {
            number: -1,
            engine,
            not_run,
            broken: vec![],
            pipelines: Arc::default(),
            rewritten: HashMap::new(),
            changes: HashMap::new(),
            tuning: vec![],
            suppressors: HashMap::new(),
            by_id: HashMap::new(),
            packs: HashMap::new(),
            correlation_tuning: HashMap::new(),
            only: None,
        }
    }
}

impl RuleSet {
    /// Its place in the engine.
    pub fn index(&self, rule_id: &str) -> Option<usize> {
        self.by_id.get(rule_id).copied()
    }

    /// How a rule of the engine counts.
    pub fn tuning(&self, rule: usize) -> Option<&Tuning> {
        self.tuning.get(rule)
    }

    /// How a correlation rule counts.
    pub fn correlation_tuning(&self, rule_id: &str) -> Option<&Tuning> {
        self.correlation_tuning.get(rule_id)
    }

    /// Whether matches of a rule of the engine count.
    pub fn raises(&self, rule: usize) -> bool {
        match (&self.only, self.engine.rules().get(rule)) {
            (Some(only), Some(r)) => only.contains(&r.id),
            (None, Some(_)) => true,
            (_, None) => false,
        }
    }

    /// Whether a rule was asked for, where the set holds others that it stands on.
    pub fn wanted(&self, rule_id: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(rule_id))
    }

    /// How many rules that were asked for run.
    pub fn wanted_running(&self) -> usize {
        let correlations = self.engine.correlations().rules().iter().filter(|_| self.only.is_some());
        self.engine.rules().iter().chain(correlations).filter(|r| self.wanted(&r.id)).count()
    }

    /// Whether what a correlation rule is given counts: its own id, or that of one that looks at it.
    pub fn correlates(&self, rule_id: &str) -> bool {
        let Some(only) = &self.only else { return true };
        let all = self.engine.correlations();
        let wanted = all.rules().iter().enumerate().filter(|(_, r)| only.contains(&r.id));
        let mut families = wanted.flat_map(|(i, _)| all.family(i));
        families.any(|i| all.rules().get(i).is_some_and(|r| r.id == rule_id))
    }

    /// What the pipelines did to a rule: `pipeline: step`, in the order of application.
    pub fn rewritten(&self, rule_id: &str) -> &[String] {
        self.rewritten.get(rule_id).map_or(&[], Vec::as_slice)
    }

    /// How many enabled rules a pipeline changed.
    pub fn changed_by(&self, pipeline_id: &str) -> u64 {
        self.changes.get(pipeline_id).copied().unwrap_or_default()
    }

    /// What holds back matches of a rule of the engine.
    pub fn suppressor(&self, rule: usize) -> Option<&Suppressor> {
        self.suppressors.get(&rule)
    }

    /// Why an enabled rule does not run.
    pub fn refusal(&self, rule_id: &str) -> Option<(RuleState, &str)> {
        let found = self.not_run.iter().find(|n| n.rule_id == rule_id);
        found.map(|n| (state(n.cause), n.reason.as_str()))
    }

    /// State by id of the enabled rules that do not run.
    pub fn blocked(&self) -> HashMap<&str, &'static str> {
        self.not_run.iter().map(|n| (n.rule_id.as_str(), state(n.cause).as_str())).collect()
    }

    /// Whether a rule belongs to a pack.
    pub fn in_pack(&self, rule_id: &str, pack: &str) -> bool {
        self.packs.get(rule_id).is_some_and(|p| p == pack)
    }

    /// Rules that did not run, as the API says it: those that do not load too.
    pub fn notes(&self) -> Vec<RuleNote> {
        let not_run = self.not_run.iter().map(|n| RuleNote {
            rule_id: n.rule_id.clone(),
            title: n.title.clone(),
            reason: n.reason.clone(),
        });
        not_run.chain(self.broken.iter().cloned()).collect()
    }
}

/// The state of a rule that loads and does not run.
pub fn state(cause: Cause) -> RuleState {
    match cause {
        Cause::NeedsConfiguration => RuleState::NeedsConfiguration,
        _ => RuleState::CannotRun,
    }
}

/// Compiles. A rule that can't run takes no other with it.
pub fn build(loaded: Loaded, parsed: &mut Parsed) -> RuleSet {
    build_until(loaded, parsed, &|| false).unwrap_or_default()
}

/// Compiles, unless it is told to stop on the way.
pub fn build_until(loaded: Loaded, parsed: &mut Parsed, stop: &dyn Fn() -> bool) -> Option<RuleSet> {
    let pipelines = Pipelines::new(loaded.pipelines);
    if parsed.pipelines != pipelines.hash() {
        *parsed = Parsed { pipelines: pipelines.hash().into(), rules: HashMap::new() };
    }
    let mut keep = HashMap::with_capacity(loaded.rules.len());
    let (mut rules, mut settings, mut packs) = (vec![], HashMap::new(), HashMap::new());
    let (mut refused, mut rewritten, mut changes) = (vec![], HashMap::new(), HashMap::new());
    // Suppressions are written in the names that the rule's own text has.
    let suppressed: HashSet<_> = loaded.suppressions.iter().map(|(id, _)| id.as_str()).collect();
    let mut as_written = HashMap::new();
    let mut place: (Option<(Option<String>, String)>, usize) = (None, 0);
    let mut text = 0;
    for source in loaded.rules {
        if stop() {
            return None;
        }
        // Documents of one file follow each other: names in a correlation mean its own file's rules first.
        let file = source.file.clone().map(|f| (source.pack.clone(), f));
        place.1 = if file.is_some() && place.0 == file { place.1 + 1 } else { 0 };
        text += u64::from(place.1 == 0);
        place.0 = file;
        let there = parsed.rules.remove(&source.rule_id).filter(|(hash, _)| *hash == source.hash);
        let there = there.map(|(_, rule)| Ok(rule));
        let mut rule = match there.or_else(|| pipelines.of(&source)) {
            Some(Ok(rule)) => rule,
            Some(Err(no)) => {
                refused.push(no);
                continue;
            }
            None => continue,
        };
        (rule.document, rule.text) = (place.1, text);
        if !rule.pipelines.is_empty() {
            pipelines.that_changed(&rule).for_each(|id| *changes.entry(id.to_owned()).or_default() += 1);
            rewritten.insert(source.rule_id.clone(), rule.pipelines.clone());
            if suppressed.contains(source.rule_id.as_str()) {
                as_written.extend(text::one(&source.body, &source.rule_id).map(|r| (r.id.clone(), r)));
            }
        }
        keep.insert(source.rule_id.clone(), (source.hash, rule.clone()));
        settings.insert(source.rule_id.clone(), source.settings);
        if let Some(pack) = source.pack {
            packs.insert(source.rule_id, pack);
        }
        rules.push(rule);
    }
    parsed.rules = keep;
    let mapping = mapping();
    let (engine, mut not_run) = Engine::build(rules, &mapping);
    not_run.append(&mut refused);
    let by_id: HashMap<_, _> = engine.rules().iter().enumerate().map(|(i, r)| (r.id.clone(), i)).collect();
    let none = RuleSettings::default();
    let tuning = engine.rules().iter().map(|r| tuning(r, settings.get(&r.id).unwrap_or(&none))).collect();
    let of_correlation =
        |r: &sigma::Rule| (r.id.clone(), self::tuning(r, settings.get(&r.id).unwrap_or(&none)));
    let correlation_tuning = engine.correlations().rules().iter().map(of_correlation).collect();
    let mut of_rule: HashMap<usize, Vec<&Suppression>> = HashMap::new();
    for (rule_id, s) in &loaded.suppressions {
        if let Some(i) = by_id.get(rule_id) {
            of_rule.entry(*i).or_default().push(s);
        }
    }
    let renaming = pipelines.all().renaming();
    let suppressor = |(i, list): (usize, Vec<&Suppression>)| {
        let rule = engine.rules().get(i)?;
        let rule = as_written.get(&rule.id).unwrap_or(rule);
        Some((i, Suppressor::build(rule, &list, &mapping, &renaming)))
    };
    let suppressors = of_rule.into_iter().filter_map(suppressor).collect();
    let note = |(rule_id, title, reason)| RuleNote { rule_id, title, reason };
    let broken = loaded.broken.into_iter().map(note).collect();
    let only = loaded.only;
    let number = loaded.number;
    Some(RuleSet {
        number,
        engine,
        not_run,
        broken,
        pipelines: Arc::new(pipelines),
        rewritten,
        changes,
        tuning,
        suppressors,
        by_id,
        packs,
        correlation_tuning,
        only,
    })
}

/// The log source mapping that comes with the program; a test reads it.
pub fn mapping() -> Mapping {
    Mapping::builtin().unwrap_or_else(|e| {
        tracing::error!(error = %e, "the built-in log source mapping could not be read");
        Mapping::default()
    })
}

/// How a rule counts with these settings.
pub fn tuning(rule: &sigma::Rule, s: &RuleSettings) -> Tuning {
    let level = s.level.as_deref().or(rule.level.map(|l| l.as_str()));
    Tuning {
        severity: severity(level),
        group_by: s.group_by.clone(),
        bucket_ns: i64::from(s.bucket_s.unwrap_or(3_600)) * 1_000_000_000,
    }
}

/// Severity of a level; informational is info, none is medium.
pub fn severity(level: Option<&str>) -> Severity {
    match level {
        Some("informational") => Severity::Info,
        Some(word) => Severity::parse(word).unwrap_or(Severity::Medium),
        None => Severity::Medium,
    }
}
