//! Alerts.

use crate::{Empty, Page, Time, cases::Case, present, siem::Log};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

words! {
    /// How bad, ascending.
    pub enum Severity { Info "info", Low "low", Medium "medium", High "high", Critical "critical", }
}
words! {
    /// Where an alert stands, in the order of work; the last two are both ends.
    pub enum AlertStatus {
        New "new", Triaged "triaged", Acknowledged "acknowledged", Investigating "investigating",
        Escalated "escalated", Contained "contained", Resolved "resolved", FalsePositive "false_positive",
    }
}
words! {
    /// What it turned out to be.
    pub enum Resolution {
        TruePositive "true_positive", Benign "benign", FalsePositive "false_positive",
        Duplicate "duplicate", Inconclusive "inconclusive",
    }
}
words! {
    /// Kind of the asset concerned.
    pub enum AssetType {
        Server "server", Workstation "workstation", NetworkDevice "network_device", IotSensor "iot_sensor",
        CpsController "cps_controller", Mobile "mobile", Cloud "cloud", Identity "identity", Other "other",
    }
}
words! {
    /// Kind of an indicator of compromise.
    pub enum IocType {
        Ip "ip", Domain "domain", Url "url", HashMd5 "hash_md5", HashSha1 "hash_sha1", HashSha256 "hash_sha256",
        Email "email", Cve "cve", FilePath "file_path", RegistryKey "registry_key", Mutex "mutex",
        UserAgent "user_agent",
    }
}

/// An indicator of compromise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ioc {
    /// Kind.
    #[serde(rename = "type")]
    pub kind: IocType,
    /// 1 to 4,096 characters.
    pub value: String,
}

/// Something the alert is about: host, user, process, …
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// `host`, `user`, `ip`, `process`, `file`, `hash`, `domain` or another word.
    #[serde(rename = "type")]
    pub kind: String,
    /// As written in the event.
    pub value: String,
    /// A user's SID, where the event names it beside the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// An alert.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// `ALRT-2026-05821`.
    pub alert_id: String,
    /// 1 to 500 characters.
    pub title: String,
    /// What it means.
    pub description: String,
    /// How bad.
    pub severity: Severity,
    /// Where it stands.
    pub status: AlertStatus,
    /// `sigma` for rules, else given by the client.
    pub source: String,
    /// The rule that raised it.
    pub rule_id: Option<String>,
    /// ATT&CK technique ids.
    pub mitre_techniques: Vec<String>,
    /// Indicators.
    pub iocs: Vec<Ioc>,
    /// What it is about.
    pub entities: Vec<Entity>,
    /// Kind of asset.
    pub asset_type: AssetType,
    /// Names of assets.
    pub affected_assets: Vec<String>,
    /// Log ids of its events: the 10,000 lowest by time and identity.
    pub event_ids: Vec<String>,
    /// How many events there are.
    pub event_count: u64,
    /// Time of its first event.
    pub first_seen: Time,
    /// Time of its last event.
    pub last_seen: Time,
    /// User name.
    pub assignee: Option<String>,
    /// Agent id.
    pub assigned_agent: Option<String>,
    /// Free words.
    pub tags: Vec<String>,
    /// 0 to 1.
    pub confidence: f64,
    /// Case it belongs to.
    pub case_id: Option<String>,
    /// Equal for the same thing seen again.
    pub dedup_key: String,
    /// When acknowledged.
    pub acknowledged_at: Option<Time>,
    /// Who acknowledged.
    pub acknowledged_by: Option<String>,
    /// When someone must have looked.
    pub due_at: Option<Time>,
    /// When closed.
    pub closed_at: Option<Time>,
    /// What it turned out to be.
    pub resolution: Option<Resolution>,
    /// Why.
    pub resolution_note: Option<String>,
    /// Whatever else the source said.
    pub metadata: Map<String, Value>,
    /// When made.
    pub created_at: Time,
    /// Last change.
    pub updated_at: Time,
}

/// Body of POST /alerts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAlert {
    /// 1 to 500 characters.
    pub title: String,
    /// How bad.
    pub severity: Severity,
    /// Where from, 1 to 200 characters (`api`).
    #[serde(default)]
    pub source: Option<String>,
    /// What it means.
    #[serde(default)]
    pub description: String,
    /// The rule that raised it.
    #[serde(default)]
    pub rule_id: Option<String>,
    /// ATT&CK technique ids such as `T1059.001`.
    #[serde(default)]
    pub mitre_techniques: Vec<String>,
    /// Indicators.
    #[serde(default)]
    pub iocs: Vec<Ioc>,
    /// What it is about.
    #[serde(default)]
    pub entities: Vec<Entity>,
    /// Kind of asset (`other`).
    #[serde(default)]
    pub asset_type: Option<AssetType>,
    /// Names of assets.
    #[serde(default)]
    pub affected_assets: Vec<String>,
    /// Log ids.
    #[serde(default)]
    pub event_ids: Vec<String>,
    /// Time of its first event (now).
    #[serde(default)]
    pub first_seen: Option<Time>,
    /// Time of its last event (now).
    #[serde(default)]
    pub last_seen: Option<Time>,
    /// User name.
    #[serde(default)]
    pub assignee: Option<String>,
    /// Free words.
    #[serde(default)]
    pub tags: Vec<String>,
    /// 0 to 1 (0.5).
    #[serde(default)]
    pub confidence: Option<f64>,
    /// SHA-256 of title, source and sorted IOCs if left out.
    #[serde(default)]
    pub dedup_key: Option<String>,
    /// Whatever else.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

/// Body of PATCH /alerts/{alert_id}. Absent fields stay; null clears where the field may be null.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchAlert {
    /// 1 to 500 characters.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub title: Option<String>,
    /// What it means.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub description: Option<String>,
    /// How bad.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Severity")]
    pub severity: Option<Severity>,
    /// Where it shall stand.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AlertStatus")]
    pub status: Option<AlertStatus>,
    /// User name.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Option<String>>,
    /// Agent id.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub assigned_agent: Option<Option<String>>,
    /// Replaces all tags.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub tags: Option<Vec<String>>,
    /// 0 to 1.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "f64")]
    pub confidence: Option<f64>,
    /// Needed to close.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Resolution")]
    pub resolution: Option<Resolution>,
    /// Why.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub resolution_note: Option<Option<String>>,
    /// When someone must have looked.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Option<Time>>,
    /// Replaces all.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Map<String, Value>")]
    pub metadata: Option<Map<String, Value>>,
}

/// Body of POST /alerts/{alert_id}/case-link.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseLink {
    /// An existing case.
    pub case_id: String,
}

/// Body of POST /alerts/{alert_id}/promote; may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Promote {
    /// Title of the case (the alert's).
    pub title: Option<String>,
}

/// Body of POST /alerts/undo.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// Audit rows of one's own acts, at most 10 minutes old.
    pub audit_seqs: Vec<i64>,
}

/// What was undone.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Undone {
    /// The alerts as they are now.
    pub alerts: Vec<Alert>,
}

/// A comment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Comment {
    /// Id.
    pub id: String,
    /// User name.
    pub author: String,
    /// Markdown.
    pub body: String,
    /// When.
    pub created_at: Time,
    /// Last edit.
    pub edited_at: Option<Time>,
    /// How many edits.
    pub edits: u32,
}

/// Body of a new comment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateComment {
    /// Markdown, 1 to 65,536 characters.
    pub body: String,
}

/// A stretch of a value that made a rule match, in UTF-8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

/// One line of why a rule matched.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WhyItem {
    /// Field name; null for keywords.
    pub field: Option<String>,
    /// For example `endswith`, `contains all`, `is`.
    pub test: String,
    /// The rule's value.
    pub pattern: String,
    /// The event's value.
    pub value: Option<String>,
    /// Where in the value.
    pub spans: Vec<Span>,
}

/// One selection of the rule.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WhySelection {
    /// Its name in the rule.
    pub name: String,
    /// Whether it matched this event.
    pub matched: bool,
    /// The lines that matched.
    pub items: Vec<WhyItem>,
}

/// An event of an alert, with why its rule matched it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AlertEvent {
    /// The event.
    pub log: Log,
    /// The rule's selections; empty for alerts that no rule of this workspace raised.
    pub why: Vec<WhySelection>,
}

/// Path of one alert.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlertPath {
    /// `ALRT-…`
    pub alert_id: String,
}

list_query! {
    /// Query of GET /alerts. Lists of words are separated by commas. Sorts: created_at, updated_at, first_seen,
    /// last_seen, severity, event_count (default `-created_at`).
    AlertList {
        /// Severities.
        severity: String,
        /// Statuses; `open` stands for all but the two ends.
        status: String,
        /// User name; `none` for unassigned, `me` for the caller.
        assignee: String,
        /// Rule id.
        rule_id: String,
        /// Case id.
        case_id: String,
        /// Technique id.
        technique: String,
        /// An entity: its value, caseless; a host also by its first label unless two full names differ, a user by name
        /// and by domain where both have one, or by SID; and whatever names are merged with it.
        entity: String,
        /// Tag.
        tag: String,
        /// Part of title, id, description or an entity, caseless.
        q: String,
        /// Last seen at or after.
        from: Time,
        /// First seen before.
        to: Time,
    }
}
list_query! {
    /// Query of GET /alerts/{alert_id}/events: by time, then identity.
    AlertEventList {}
}
list_query! {
    /// Query of a comment list: oldest first.
    CommentList {}
}

routes! {
    #[doc = "List alerts"]
    AlertsList: GET "/api/v1/alerts", AlertsRead, path Empty, query AlertList, body None () => 200 Json Page<Alert>;
    #[doc = "Create alert"]
    AlertCreate: POST "/api/v1/alerts", AlertsWrite, path Empty, query Empty, body Json CreateAlert => 201 Json Alert;
    #[doc = "Undo own recent acts"]
    AlertUndo: POST "/api/v1/alerts/undo", AlertsWrite, path Empty, query Empty, body Json Undo => 200 Json Undone;
    #[doc = "Get alert detail"]
    AlertGet: GET "/api/v1/alerts/{alert_id}", AlertsRead, path AlertPath, query Empty, body None () => 200 Json Alert;
    #[doc = "Update alert"]
    AlertPatch: PATCH "/api/v1/alerts/{alert_id}", AlertsWrite, path AlertPath, query Empty, body Json PatchAlert => 200 Json Alert;
    #[doc = "Acknowledge alert"]
    AlertAcknowledge: POST "/api/v1/alerts/{alert_id}/acknowledge", AlertsAcknowledge, path AlertPath, query Empty, body None () => 200 Json Alert;
    #[doc = "Promote alert to case"]
    AlertPromote: POST "/api/v1/alerts/{alert_id}/promote", AlertsWrite, path AlertPath, query Empty, body Json Option<Promote> => 201 Json Case;
    #[doc = "Link alert to existing case"]
    AlertCaseLink: POST "/api/v1/alerts/{alert_id}/case-link", AlertsWrite, path AlertPath, query Empty, body Json CaseLink => 200 Json Alert;
    #[doc = "Events of an alert"]
    AlertEvents: GET "/api/v1/alerts/{alert_id}/events", AlertsRead, path AlertPath, query AlertEventList, body None () => 200 Json Page<AlertEvent>;
    #[doc = "Triage comments of an alert"]
    AlertComments: GET "/api/v1/alerts/{alert_id}/comments", AlertsRead, path AlertPath, query CommentList, body None () => 200 Json Page<Comment>;
    #[doc = "Add a triage comment"]
    AlertCommentCreate: POST "/api/v1/alerts/{alert_id}/comments", AlertsWrite, path AlertPath, query Empty, body Json CreateComment => 201 Json Comment;
    #[doc = "Real-time alert stream"]
    AlertsLive: WS "/api/v1/ws/alerts", Authenticated, path Empty, query Empty, body None () => 101 Socket ();
}
