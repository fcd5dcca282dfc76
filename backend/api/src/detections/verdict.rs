//! What people say about a rule's alerts, and what follows: suppressions, feedback, metrics, coverage.

use crate::{Time, alerts::Resolution};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Matches of a rule that shall raise no alert.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Suppression {
    /// Id.
    pub id: String,
    /// A Sigma search: a map of fields to values (`{"User": "svc_backup", "Image|endswith": "\\agent.exe"}`), a list of
    /// such maps, or either as YAML text.
    pub condition: Value,
    /// Why.
    pub reason: String,
    /// User name.
    pub created_by: String,
    /// When it was made.
    pub created_at: Time,
    /// When it ends by itself; null for never.
    pub expires_at: Option<Time>,
    /// Matches that it held back.
    pub hits: u64,
}

/// Body of POST /detections/rules/{rule_id}/suppressions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSuppression {
    /// As in [`Suppression`].
    pub condition: Value,
    /// Why: 1 to 1,000 characters.
    pub reason: String,
    /// When it ends by itself; never by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// Path of one suppression.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuppressionPath {
    /// Sigma id.
    pub rule_id: String,
    /// Id.
    pub suppression_id: String,
}

list_query! {
    /// Query of GET /detections/rules/{rule_id}/suppressions: newest first.
    SuppressionList {}
}

words! {
    /// What a rule's alert turned out to be.
    pub enum Verdict { TruePositive "true_positive", FalsePositive "false_positive", Benign "benign", }
}

impl Verdict {
    /// The verdict that closing an alert gives; none for duplicates and what stayed open.
    pub fn of(r: Resolution) -> Option<Verdict> {
        match r {
            Resolution::TruePositive => Some(Verdict::TruePositive),
            Resolution::FalsePositive => Some(Verdict::FalsePositive),
            Resolution::Benign => Some(Verdict::Benign),
            Resolution::Duplicate | Resolution::Inconclusive => None,
        }
    }
}

/// A verdict on a rule, from its own form or from the closing of an alert.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Feedback {
    /// Id.
    pub id: String,
    /// The alert it is about.
    pub alert_id: Option<String>,
    /// What it turned out to be.
    pub verdict: Verdict,
    /// Why.
    pub note: Option<String>,
    /// User name.
    pub by: String,
    /// When.
    pub at: Time,
}

/// Body of POST /detections/rules/{rule_id}/feedback.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateFeedback {
    /// An alert of this rule; the verdict closes it, if it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_id: Option<String>,
    /// What it turned out to be.
    pub verdict: Verdict,
    /// Why: at most 10,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

list_query! {
    /// Query of GET /detections/rules/{rule_id}/feedback: newest first.
    FeedbackPage {}
}

/// Figures of one rule, or of all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleMetrics {
    /// Sigma id; null in the total.
    pub rule_id: Option<String>,
    /// Title; null in the total.
    pub title: Option<String>,
    /// Alerts.
    pub alerts: u64,
    /// Of these open.
    pub alerts_open: u64,
    /// Matches counted in alerts.
    pub hits: u64,
    /// Alerts judged true positive.
    pub true_positives: u64,
    /// Alerts judged false positive.
    pub false_positives: u64,
    /// Alerts judged benign: the rule was right, the act was allowed.
    pub benign: u64,
    /// True positives / (true and false positives), 0 to 1; benign counts for neither. Null before the first of them.
    pub precision: Option<f64>,
    /// Mean seconds from an alert's creation to its acknowledgement; null before the first.
    pub mean_time_to_acknowledge_s: Option<f64>,
    /// Microseconds for each event that it was tried on; null until measured.
    pub cost_us_per_event: Option<f64>,
    /// Event time of the newest match.
    pub last_match: Option<Time>,
}

list_query! {
    /// Query of GET /detections/metrics. Sorts: alerts, hits, precision, cost, last_match; with - the other way round
    /// (-alerts).
    MetricsList {
        /// A pack's id.
        pack: String,
    }
}

/// Figures in all and for each rule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DetectionMetrics {
    /// In all.
    pub total: RuleMetrics,
    /// Rules that matched or were judged, `limit` of them.
    pub rules: Vec<RuleMetrics>,
    /// Pass as `cursor` to go on; null at the end.
    pub next_cursor: Option<String>,
}

/// ATT&CK coverage.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// Techniques that a rule names or an alert has, by id.
    pub techniques: Vec<TechniqueCoverage>,
    /// Enabled rules without a technique.
    pub rules_without_technique: u64,
}

/// One technique.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TechniqueCoverage {
    /// `T1059.001`.
    pub technique: String,
    /// Rules that name it.
    pub rules: u64,
    /// Of these enabled.
    pub enabled: u64,
    /// Alerts that have it.
    pub alerts: u64,
    /// Event time of the newest of these.
    pub last_seen: Option<Time>,
}
