//! One rule: what it is, how it is changed, what checking a text says.

use super::CheckedPipeline;
use crate::{Time, present};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// Where a rule comes from.
    pub enum RuleOrigin {
        /// With the program.
        Builtin "builtin",
        /// With an imported pack.
        Imported "imported",
        /// Written here.
        Own "own",
    }
}
words! {
    /// Whether a rule runs.
    pub enum RuleState {
        /// It meets every new event of its log source.
        Running "running",
        /// Switched off here.
        Disabled "disabled",
        /// Its placeholders have no values.
        NeedsConfiguration "needs_configuration",
        /// It is valid, and this program can't run it: `state_reason` says why.
        CannotRun "cannot_run",
        /// Its text is no valid rule: `errors` says where.
        Error "error",
    }
}

/// What is wrong with a rule's text, and where (detail of AURORA-4222).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleProblem {
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in characters.
    pub column: u32,
    /// In plain words.
    pub reason: String,
    /// Where in the rule: `detection.selection.Image|endswith`; empty for the whole document.
    pub path: String,
}

impl std::fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}

/// How a rule is run here, whatever its author says. An update of its pack keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// Level in place of the rule's own.
    pub level: Option<String>,
    /// Fields whose values group matches into alerts, in place of the host; at most 8.
    pub group_by: Vec<String>,
    /// Length of the clock bucket that groups matches into alerts, in seconds: 60 to 86,400 (3,600).
    pub bucket_s: Option<u32>,
}

/// A detection rule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Sigma id.
    pub rule_id: String,
    /// Title.
    pub title: String,
    /// What it looks for.
    pub description: String,
    /// Sigma status.
    pub status: String,
    /// Sigma level as it counts here: the local one, else the rule's.
    pub level: String,
    /// `sigma`, `sigma_correlation` or `sigma_filter`.
    pub format: String,
    /// YAML. Empty in lists that were asked for with `body=false`.
    pub body: String,
    /// Whether it shall run.
    pub enabled: bool,
    /// Whether it does run.
    pub state: RuleState,
    /// Why it does not, in plain words.
    pub state_reason: Option<String>,
    /// Sigma tags.
    pub tags: Vec<String>,
    /// ATT&CK technique ids among the tags.
    pub techniques: Vec<String>,
    /// `product/category/service`.
    pub logsource: String,
    /// Who wrote it; to be shown with the rule and its alerts.
    pub author: Option<String>,
    /// SPDX id or name of its licence.
    pub license: Option<String>,
    /// Known false positives.
    pub falsepositives: Vec<String>,
    /// Links.
    pub references: Vec<String>,
    /// Created, as its author says: an ISO 8601 date.
    pub date: Option<String>,
    /// Last changed, as its author says: an ISO 8601 date.
    pub modified: Option<String>,
    /// Where it comes from.
    pub origin: RuleOrigin,
    /// Its pack; null for rules of one's own.
    pub pack: Option<String>,
    /// Its file in the pack.
    pub file: Option<String>,
    /// What the workspace's processing pipelines change in it: `pipeline: step` of each step, in the order in which they
    /// are applied. Empty for a rule that does not run.
    pub pipelines: Vec<String>,
    /// Its text was changed here: an update of its pack does not overwrite it.
    pub edited: bool,
    /// Local settings.
    pub settings: RuleSettings,
    /// Matches counted in alerts.
    pub hits: u64,
    /// Alerts that it raised.
    pub alerts: u64,
    /// Event time of its newest match.
    pub last_match: Option<Time>,
    /// Microseconds for each event that it was tried on; null until it was measured.
    pub cost_us: Option<f64>,
    /// Grows with each change.
    pub version: u32,
    /// When it came in.
    pub created_at: Time,
    /// Last change here.
    pub updated_at: Time,
    /// Why its text does not load.
    pub errors: Vec<RuleProblem>,
}

/// Path of one rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RulePath {
    /// Sigma id.
    pub rule_id: String,
}

list_query! {
    /// Query of GET /detections/rules. Lists of words are separated by commas. Sorts: title, level, status, hits, cost,
    /// last_match, updated_at; with - the other way round (title).
    RuleList {
        /// Part of title, id, author or a tag, caseless.
        q: String,
        /// Sigma levels.
        level: String,
        /// Sigma statuses.
        status: String,
        /// Only rules that shall run, or that shall not.
        enabled: bool,
        /// States: running, disabled, needs_configuration, cannot_run, error.
        state: String,
        /// Origins: builtin, imported, own.
        origin: String,
        /// A pack's id.
        pack: String,
        /// Product of the log source.
        product: String,
        /// Category of the log source.
        category: String,
        /// Service of the log source.
        service: String,
        /// ATT&CK technique; a main one includes its sub-techniques.
        technique: String,
        /// Only rules whose text does not load, or does.
        has_errors: bool,
        /// `false` leaves the texts out.
        body: bool,
    }
}

/// Body of POST /detections/rules.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRule {
    /// Sigma YAML: one rule, or several documents (a correlation with the rules that it counts).
    pub body: String,
    /// Whether it shall run (true).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Local settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<RuleSettings>,
}

/// What was created.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CreatedRule {
    /// The rule of the first document.
    #[serde(flatten)]
    pub rule: Rule,
    /// Ids of the rules of all documents, in their order.
    pub created: Vec<String>,
}

/// Body of PATCH /detections/rules/{rule_id}. Absent fields stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchRule {
    /// Whether it shall run.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub enabled: Option<bool>,
    /// New text with the same id; null brings back the pack's text.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub body: Option<Option<String>>,
    /// Replaces all settings; null clears them.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub settings: Option<Option<RuleSettings>>,
}

/// Body of POST /detections/bulk: by ids or by pack.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkRules {
    /// At most 1,000.
    #[serde(default)]
    #[schemars(length(max = 1000))]
    pub rule_ids: Vec<String>,
    /// All rules of this pack, in place of ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// Whether they shall run.
    pub enabled: bool,
}

/// What a bulk did.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct BulkDone {
    /// Rules that were the other way round.
    pub changed: u64,
    /// Rules that were so already.
    pub unchanged: u64,
    /// Ids that name no rule.
    pub missing: Vec<String>,
}

/// One step of a rule's history.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RuleChange {
    /// The version that it made.
    pub version: u32,
    /// When.
    pub at: Time,
    /// Who: a user name, or the pack's name and version.
    pub by: String,
    /// `created`, `imported`, `updated`, `enabled`, `disabled`, `tuned`, `edited`, `reverted`, `gone`.
    pub what: String,
    /// The text after it, where the text changed.
    pub body: Option<String>,
    /// The settings after it, where they changed.
    pub settings: Option<RuleSettings>,
}

list_query! {
    /// Query of GET /detections/rules/{rule_id}/history: newest first.
    RuleHistoryList {}
}

/// Body of POST /detections/check.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckText {
    /// Sigma YAML of one or more documents: rules, or processing pipelines.
    pub body: String,
}

/// What a text holds.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// Every document loads, and every rule would run.
    pub ok: bool,
    /// Documents that load.
    pub documents: Vec<CheckedRule>,
    /// Documents that are processing pipelines.
    pub pipelines: Vec<CheckedPipeline>,
    /// What is wrong with the others.
    pub errors: Vec<RuleProblem>,
}

/// A document that loads.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckedRule {
    /// Sigma id.
    pub rule_id: String,
    /// Title.
    pub title: String,
    /// `sigma`, `sigma_correlation` or `sigma_filter`.
    pub format: String,
    /// Sigma level.
    pub level: String,
    /// `product/category/service`.
    pub logsource: String,
    /// Whether it would run.
    pub runs: bool,
    /// Why it would not, in plain words.
    pub reason: Option<String>,
    /// Placeholders that need a value.
    pub placeholders: Vec<String>,
    /// Where its events come from: `windows.security, event id 4624`.
    pub runs_on: Vec<String>,
    /// Events of its log source in the store; null where that can't be told.
    pub stored_events: Option<u64>,
    /// A rule of this id is there already.
    pub exists: bool,
}
