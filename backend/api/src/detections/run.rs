//! Runs over stored events, and why a rule matches one.

use crate::{Time, alerts::Span, siem::RuleNote};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which stored events; all of them by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunRange {
    /// Event time at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// Event time before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
}

/// Which rules over which events; all enabled rules over all events by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RunWhat {
    /// These rules, enabled or not; at most 1,000.
    #[schemars(length(max = 1000))]
    pub rule_ids: Vec<String>,
    /// The enabled rules of this pack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// Event time at or after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// Event time before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
}

/// A run that was queued.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RunAccepted {
    /// The job that does it.
    pub job_id: String,
    /// The run; its alerts name it in `metadata.run_id`.
    pub run_id: String,
}

/// A run of one or more rules over stored events: result of its job, filled while it runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct RuleRun {
    /// Id.
    pub run_id: String,
    /// The job that does it.
    pub job_id: String,
    /// Who asked for it.
    pub by: String,
    /// The one rule; null for a run of many.
    pub rule_id: Option<String>,
    /// The pack; null when it was not asked for by pack.
    pub pack: Option<String>,
    /// As a job's status.
    pub status: String,
    /// When it began; null while it is queued.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// Which events.
    pub range: RunRange,
    /// Matches, those that were counted before too.
    pub matched: u64,
    /// Matches that no import or run had counted before.
    pub new_matches: u64,
    /// Matches that a suppression held back.
    pub suppressed: u64,
    /// Events looked at.
    pub scanned: u64,
    /// Time that it worked.
    pub took_ms: u64,
    /// The first 20 matching events, as log ids.
    pub sample: Vec<String>,
    /// `matched` less that of the run before with the same rules; null for the first.
    pub diff: Option<i64>,
    /// Alerts that it made.
    pub alerts_created: u64,
    /// Alerts that grew.
    pub alerts_updated: u64,
    /// The rule set that ran.
    pub rule_set: u64,
    /// Rules that ran.
    pub rules_run: u64,
    /// Rules that could not run, with why: the first 1,000.
    pub rules_not_run: Vec<RuleNote>,
    /// How many there are in all.
    pub rules_not_run_total: u64,
    /// Rules that had no chance on this data, with why: the first 1,000.
    pub rules_no_chance: Vec<RuleNote>,
    /// How many there are in all.
    pub rules_no_chance_total: u64,
    /// What correlation rules could not see.
    pub correlation_notes: Vec<RuleNote>,
    /// In plain words, why nothing matched.
    pub no_match_reason: Option<String>,
}

list_query! {
    /// Query of GET /detections/runs and /detections/rules/{rule_id}/runs: newest first.
    RunList {}
}

/// Query of GET /detections/rules/{rule_id}/explain.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainQuery {
    /// Id of a stored event.
    pub log_id: String,
}

/// Why a rule matches an event, or why not.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RuleExplanation {
    /// Sigma id.
    pub rule_id: String,
    /// The event.
    pub log_id: String,
    /// Whether the rule matches it.
    pub matched: bool,
    /// Whether the event is of the rule's log source; when not, the rest says what would be if it were.
    pub logsource: bool,
    /// The condition as written.
    pub condition: String,
    /// The condition as a tree.
    pub tree: ExplainNode,
    /// A leaf whose other outcome alone would make the rule match; null where none would, or where it matches.
    pub one_leaf_away: Option<String>,
    /// Other rules that run now and were one leaf away from this event, the nearest first, 20 at most.
    pub near: Vec<NearRule>,
}

/// A rule that would match an event if one leaf were otherwise.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NearRule {
    /// Sigma id.
    pub rule_id: String,
    /// Its title.
    pub title: String,
    /// Sigma level, as the rule's author gave it.
    pub level: Option<String>,
    /// The leaf.
    pub leaf: ExplainNode,
}

/// A node of the condition. The leaves are fields with their values.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExplainNode {
    /// Place in the tree, unique in it: `0.2.1`.
    pub id: String,
    /// `and`, `or`, `not`, `1 of selection_*`, the name of a search, or a field with its modifiers.
    pub label: String,
    /// Whether it holds.
    pub matched: bool,
    /// What it is made of; empty for a leaf.
    pub children: Vec<ExplainNode>,
    /// For a leaf: the field's name in the event; null when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// For a leaf: the rule's values that hold, or the first few of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
    /// For a leaf: the event's value; null when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// For a leaf: where in the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}
