//! Suppressions: matches of a rule that shall raise no alert.
//!
//! A suppression's condition is a Sigma search, so it is made a rule of the same log source and read by the same
//! engine: fields have the names that they have in the rule's own text, and go through the same pipelines.

use api::{Time, detections::Suppression};
use detect::{Engine, Mapping, sigma};
use event::Event;
use kernel::{Error, Result};
use serde_json::{Value, json};

/// The suppressions of one rule.
pub struct Suppressor {
    engine: Engine,
    /// (id, end) of each.
    ends: Vec<(String, Option<Time>)>,
}

impl Suppressor {
    /// Compiles; one that does not compile holds nothing back. `rule` is the rule as written; the pipelines are those
    /// that it went through, without what drops, adds or refuses.
    pub fn build(
        rule: &sigma::Rule,
        list: &[&Suppression],
        mapping: &Mapping,
        pipelines: &sigma::Pipelines,
    ) -> Suppressor {
        let rules = list.iter().filter_map(|s| {
            let made = sigma::parse_with(&text(rule, &s.condition).ok()?, pipelines);
            let mut made = made.rules.into_iter().next()?;
            made.id.clone_from(&s.id);
            Some(made)
        });
        let (engine, not_run) = Engine::build(rules.collect(), mapping);
        for n in not_run {
            tracing::warn!(suppression = %n.rule_id, reason = %n.reason, "a suppression does not run");
        }
        Suppressor { engine, ends: list.iter().map(|s| (s.id.clone(), s.expires_at)).collect() }
    }

    /// The first suppression that holds a match on this event back.
    pub fn holds(&self, event: &Event, now: Time) -> Option<&str> {
        let mut hits = vec![];
        self.engine.scan(event, &mut hits);
        let ids = hits.iter().filter_map(|h| self.engine.rules().get(h.rule)).map(|r| &r.id);
        let live = |id: &&String| {
            self.ends.iter().any(|(known, end)| known == *id && end.is_none_or(|end| now < end))
        };
        ids.filter(live).map(String::as_str).next()
    }
}

/// The rule that a condition is read as.
fn text(rule: &sigma::Rule, condition: &Value) -> Result<String> {
    let l = &rule.logsource;
    let logsource = json!({"product": l.product, "category": l.category, "service": l.service});
    let logsource: Value = match logsource {
        Value::Object(map) => map.into_iter().filter(|(_, v)| !v.is_null()).collect(),
        other => other,
    };
    // At the end, so that lines are what they were: pipelines may look at tags.
    let tail = format!("  condition: suppressed\ntags: {}\n", json!(rule.tags));
    let head = format!("title: suppression\nlogsource: {logsource}\ndetection:\n");
    let wrong = || Error::field("condition", "a map of fields to values, a list of such maps, or YAML text");
    match condition {
        // JSON is YAML.
        Value::Object(map) if !map.is_empty() => Ok(format!("{head}  suppressed: {condition}\n{tail}")),
        Value::Array(list) if !list.is_empty() => Ok(format!("{head}  suppressed: {condition}\n{tail}")),
        Value::String(t) if !t.trim().is_empty() => {
            // Each line is indented, so that none of them can end the search that it stands in.
            let lines: Vec<_> = t.lines().map(|l| format!("    {l}\n")).collect();
            Ok(format!("{head}  suppressed:\n{}{tail}", lines.concat()))
        }
        _ => Err(wrong()),
    }
}

/// Refuses a condition that does not compile for this rule (AURORA-4222 with the place in it). `rule` is the rule as
/// written.
pub fn check(rule: &sigma::Rule, condition: &Value, pipelines: &sigma::Pipelines) -> Result<()> {
    let made = text(rule, condition)?;
    let parsed = sigma::parse_with(&made, &pipelines.renaming());
    if let Some(e) = parsed.errors.first() {
        let mut problem = super::text::problem(e);
        // Three lines stand before the condition's own first one, a fourth when it is text.
        let before = if condition.is_string() { 4 } else { 3 };
        problem.line = problem.line.saturating_sub(before).max(1);
        return Err(super::text::refused(&problem));
    }
    let (_, not_run) = Engine::build(parsed.rules, &super::compile::mapping());
    match not_run.first() {
        Some(n) => Err(Error::field("condition", n.reason.clone())),
        None => Ok(()),
    }
}
