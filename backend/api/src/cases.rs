//! Cases, in the first form that alerts need.

use crate::{
    Empty, Page, Time,
    alerts::{Ioc, Resolution, Severity},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// Where a case stands.
    pub enum CaseStatus {
        Open "open", InProgress "in_progress", PendingApproval "pending_approval", Contained "contained",
        Eradicated "eradicated", Recovered "recovered", Resolved "resolved", Closed "closed",
    }
}
words! {
    /// Traffic Light Protocol 2.0.
    pub enum Tlp { Clear "clear", Green "green", Amber "amber", AmberStrict "amber+strict", Red "red", }
}

/// What should be done.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Recommendation {
    /// `immediate`, `long_term`, `policy` or `similar_case`.
    pub kind: String,
    /// In words.
    pub text: String,
    /// What it refers to.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
}

/// A case.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    /// `CASE-2026-00042`.
    pub case_id: String,
    /// 1 to 500 characters.
    pub title: String,
    /// What it is about.
    pub description: String,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub status: CaseStatus,
    /// Since when.
    pub status_since: Time,
    /// Who may see it.
    pub tlp: Tlp,
    /// Permissible actions protocol: `clear`, `green`, `amber` or `red`.
    pub pap: String,
    /// User name.
    pub owner: Option<String>,
    /// Agent id.
    pub assigned_agent: Option<String>,
    /// 0 to 1.
    pub confidence: f64,
    /// Free words.
    pub tags: Vec<String>,
    /// ATT&CK technique ids.
    pub mitre_techniques: Vec<String>,
    /// Indicators.
    pub iocs: Vec<Ioc>,
    /// Linked alerts.
    pub alert_ids: Vec<String>,
    /// Industrial control concerned.
    pub cps_involved: bool,
    /// What should be done.
    pub recommendations: Vec<Recommendation>,
    /// When made.
    pub created_at: Time,
    /// Last change.
    pub updated_at: Time,
    /// When closed.
    pub closed_at: Option<Time>,
    /// What it turned out to be.
    pub resolution: Option<Resolution>,
    /// In short.
    pub summary: Option<String>,
}

/// Body of POST /cases.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCase {
    /// 1 to 500 characters.
    pub title: String,
    /// What it is about.
    #[serde(default)]
    pub description: String,
    /// How bad (`medium`).
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Who may see it (`amber`).
    #[serde(default)]
    pub tlp: Option<Tlp>,
    /// Permissible actions (`amber`).
    #[serde(default)]
    pub pap: Option<String>,
    /// User name (the caller).
    #[serde(default)]
    pub owner: Option<String>,
    /// Free words.
    #[serde(default)]
    pub tags: Vec<String>,
    /// ATT&CK technique ids.
    #[serde(default)]
    pub mitre_techniques: Vec<String>,
    /// Indicators.
    #[serde(default)]
    pub iocs: Vec<Ioc>,
    /// Alerts to link.
    #[serde(default)]
    pub alert_ids: Vec<String>,
    /// 0 to 1 (0.5).
    #[serde(default)]
    pub confidence: Option<f64>,
}

/// Path of one case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CasePath {
    /// `CASE-…`
    pub case_id: String,
}

list_query! {
    /// Query of GET /cases. Sorts: created_at, updated_at (default `-created_at`).
    CaseList {
        /// Statuses, separated by commas.
        status: String,
        /// Severities, separated by commas.
        severity: String,
        /// User name.
        owner: String,
        /// Part of title or id, caseless.
        q: String,
    }
}

routes! {
    #[doc = "List cases"]
    CasesList: GET "/api/v1/cases", CasesRead, path Empty, query CaseList, body None () => 200 Json Page<Case>;
    #[doc = "Create case"]
    CaseCreate: POST "/api/v1/cases", CasesWrite, path Empty, query Empty, body Json CreateCase => 201 Json Case;
    #[doc = "Get case detail"]
    CaseGet: GET "/api/v1/cases/{case_id}", CasesRead, path CasePath, query Empty, body None () => 200 Json Case;
}
