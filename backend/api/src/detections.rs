//! Detection rules.

use crate::{Empty, Page, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Sigma level.
    pub level: String,
    /// `sigma` or `sigma_correlation`.
    pub format: String,
    /// YAML.
    pub body: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Sigma tags.
    pub tags: Vec<String>,
    /// `product/category/service`.
    pub logsource: String,
    /// Who wrote it.
    pub author: Option<String>,
    /// Known false positives.
    pub falsepositives: Vec<String>,
    /// Links.
    pub references: Vec<String>,
    /// Grows with each change.
    pub version: u32,
    /// When it came in.
    pub created_at: Time,
    /// Last change.
    pub updated_at: Time,
    /// Why it can't run.
    pub errors: Vec<String>,
}

/// Path of one rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RulePath {
    /// Sigma id.
    pub rule_id: String,
}

list_query! {
    /// Query of GET /detections/rules. Sorts: title, level.
    RuleList {
        /// Part of title, id or a tag, caseless.
        q: String,
        /// Sigma levels, separated by commas.
        level: String,
    }
}

routes! {
    #[doc = "List detection rules"]
    RulesList: GET "/api/v1/detections/rules", SiemRead, path Empty, query RuleList, body None () => 200 Json Page<Rule>;
    #[doc = "One rule"]
    RuleGet: GET "/api/v1/detections/rules/{rule_id}", SiemRead, path RulePath, query Empty, body None () => 200 Json Rule;
}
