//! Health, mode, settings, audit, OpenAPI, metrics.

use crate::{Empty, Page, Time, alerts::Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

words! {
    /// What the product may do outside its database.
    pub enum Mode { DryRun "dry_run", Monitor "monitor", Active "active", }
}

/// Answer of /health.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// `ok` or `degraded`.
    pub status: String,
    /// Of the program.
    pub version: String,
    /// Mode.
    pub mode: Mode,
    /// Part -> `ok` or what is wrong.
    pub parts: BTreeMap<String, String>,
}

/// Mode and what it allows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ModeInfo {
    /// Mode.
    pub mode: Mode,
    /// What runs for real.
    pub allows: Vec<String>,
    /// What is simulated or refused.
    pub restricts: Vec<String>,
    /// Since when.
    pub since: Time,
    /// Why it was chosen.
    pub reason: String,
    /// Name of the workspace.
    pub workspace: String,
    /// Whether the UI runs in the desktop's window process.
    pub desktop: bool,
    /// Warnings that the user must see, for example that no OS keyring is there.
    pub warnings: Vec<String>,
}

/// Runtime settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// Mode.
    pub mode: Mode,
    /// Seconds an approval waits.
    pub approval_ttl_s: u32,
    /// Minutes until an alert of a severity is due; null = never.
    pub due_minutes: BTreeMap<Severity, Option<u32>>,
    /// Days that events are kept; null = for ever.
    pub retention_days: Option<u32>,
    /// Whether imported files are copied into the content store.
    pub keep_sources: bool,
    /// WebSocket connections a stream.
    pub max_sockets: u32,
    /// The listener for syslog.
    #[serde(default)]
    pub syslog: SyslogSettings,
    /// Whether [`Settings::watched_folder`] is watched.
    #[serde(default)]
    pub watch: bool,
    /// Folder of the server's machine whose new files are imported. Set in the window or on the command line of that
    /// machine: no route takes a path.
    #[serde(default)]
    pub watched_folder: Option<String>,
}

/// The listener for syslog, CEF and LEEF over UDP and TCP (RFC 5426, RFC 6587).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SyslogSettings {
    /// Off in a new workspace.
    pub enabled: bool,
    /// IP address of this machine that is listened on; `0.0.0.0` or `::` for all.
    pub address: String,
    /// Of both UDP and TCP; 0 takes a free one, which the status names.
    pub port: u16,
    /// Who may send: addresses, or networks as `10.1.0.0/16`. At most 1,000.
    pub allow: Vec<String>,
}

impl Default for SyslogSettings {
    fn default() -> Self {
        let allow = ["127.0.0.1", "::1"].map(String::from).to_vec();
        SyslogSettings { enabled: false, address: "127.0.0.1".into(), port: 5514, allow }
    }
}

words! {
    /// Where a live source stands.
    #[derive(Default)]
    pub enum LiveState { #[default] Off "off", Running "running", Failed "failed", }
}

/// The sources that bring events by themselves, as they stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LiveSources {
    /// The listener for syslog.
    pub syslog: SyslogStatus,
    /// The watched folder.
    pub watch: WatchStatus,
}

/// The listener as it stands. Counts are since the server started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SyslogStatus {
    /// Where it stands.
    pub state: LiveState,
    /// Why it failed, or what goes wrong while it runs.
    pub reason: Option<String>,
    /// Address and port that it listens on.
    pub listens: Option<String>,
    /// TCP connections now.
    pub connections: u64,
    /// Messages taken.
    pub received: u64,
    /// Messages that wait to be stored.
    pub waiting: u64,
    /// Events stored.
    pub stored: u64,
    /// Messages that were not taken, by why: `queue_full`, `not_allowed`, `too_long`, `connections`, `not_stored`. A TCP
    /// connection that is refused counts once.
    pub dropped: BTreeMap<String, u64>,
    /// When the last message came.
    pub last_at: Option<Time>,
}

/// The watched folder as it stands. Counts are since the server started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchStatus {
    /// Where it stands.
    pub state: LiveState,
    /// Why it failed, or what can't be read in it.
    pub reason: Option<String>,
    /// Files that were handed to imports.
    pub files: u64,
    /// Files that are still being written.
    pub waiting: u64,
    /// When the last file was handed on.
    pub last_at: Option<Time>,
}

impl Default for Settings {
    fn default() -> Self {
        use Severity::*;
        let due =
            [(Info, None), (Low, Some(1440)), (Medium, Some(240)), (High, Some(60)), (Critical, Some(0))];
        Settings {
            mode: Mode::DryRun,
            approval_ttl_s: 1800,
            due_minutes: due.into(),
            retention_days: None,
            keep_sources: true,
            max_sockets: 500,
            syslog: SyslogSettings::default(),
            watch: false,
            watched_folder: None,
        }
    }
}

/// Settings with their history.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SettingsView {
    /// As they are.
    #[serde(flatten)]
    pub settings: Settings,
    /// Grows with each change; also the ETag.
    pub version: u32,
    /// The last 50 changes, newest first.
    pub history: Vec<SettingsChange>,
    /// The live sources as they stand.
    #[serde(default)]
    pub live: LiveSources,
}

/// A change of the settings.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SettingsChange {
    /// Version it made.
    pub version: u32,
    /// When.
    pub at: Time,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// As they were after it.
    pub settings: Settings,
}

/// Body of PATCH /settings/runtime.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PatchSettings {
    /// Needs `reason`.
    #[serde(deserialize_with = "crate::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Mode")]
    pub mode: Option<Mode>,
    /// Why; a must when the mode changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// 60 to 86,400.
    #[serde(deserialize_with = "crate::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub approval_ttl_s: Option<u32>,
    /// Replaces the table.
    #[serde(deserialize_with = "crate::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeMap<Severity, Option<u32>>")]
    pub due_minutes: Option<BTreeMap<Severity, Option<u32>>>,
    /// 1 to 36,500; null = for ever.
    #[serde(deserialize_with = "crate::present", skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<Option<u32>>,
    /// Whether imported files are copied into the content store.
    #[serde(deserialize_with = "crate::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub keep_sources: Option<bool>,
    /// 1 to 10,000.
    #[serde(deserialize_with = "crate::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32")]
    pub max_sockets: Option<u32>,
    /// Replaces the listener's settings; what is left out is as in a new workspace.
    #[serde(deserialize_with = "crate::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SyslogSettings")]
    pub syslog: Option<SyslogSettings>,
    /// Whether the folder that was set on the server's machine is watched.
    #[serde(deserialize_with = "crate::present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub watch: Option<bool>,
}

/// What an audit row is about.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AuditObject {
    /// `alert`, `user`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id.
    pub id: String,
}

/// One row of the audit log.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AuditRow {
    /// Growing without gaps.
    pub seq: i64,
    /// When.
    pub at: Time,
    /// User name, `system`, or the name that was tried.
    pub actor: String,
    /// Session, token or key id.
    pub session: Option<String>,
    /// As in the answer.
    pub request_id: Option<String>,
    /// `alert.update`, …
    pub action: String,
    /// What it is about.
    pub object: AuditObject,
    /// The record before, secrets masked.
    pub before: Option<Value>,
    /// The record after, secrets masked.
    pub after: Option<Value>,
    /// `ok`, or the AURORA code of the refusal.
    pub result: String,
    /// Hash of the row before, hex SHA-256.
    pub prev_hash: String,
    /// Hash of this row, hex SHA-256.
    pub hash: String,
}

list_query! {
    /// Query of GET /audit: newest first.
    AuditList {
        /// User name.
        actor: String,
        /// Action word.
        action: String,
        /// Id of the object.
        object_id: String,
        /// At or after.
        from: Time,
        /// Before.
        to: Time,
    }
}

routes! {
    #[doc = "Health"]
    HealthGet: GET "/health", Public, path Empty, query Empty, body None () => 200 Json Health;
    #[doc = "Mode and what it allows"]
    ModeGet: GET "/api/v1/system/mode", Authenticated, path Empty, query Empty, body None () => 200 Json ModeInfo;
    #[doc = "Runtime configuration"]
    SettingsGet: GET "/api/v1/settings/runtime", SystemRead, path Empty, query Empty, body None () => 200 Json SettingsView;
    #[doc = "Update runtime config"]
    SettingsPatch: PATCH "/api/v1/settings/runtime", SystemWrite, path Empty, query Empty, body Json PatchSettings => 200 Json SettingsView;
    #[doc = "Audit log"]
    AuditGet: GET "/api/v1/audit", Admin, path Empty, query AuditList, body None () => 200 Json Page<AuditRow>;
    #[doc = "OpenAPI 3.1 of all routes"]
    OpenApiGet: GET "/api/v1/openapi.json", Authenticated, path Empty, query Empty, body None () => 200 Raw ();
    #[doc = "This API as a page for people"]
    DocsGet: GET "/api/docs", Authenticated, path Empty, query Empty, body None () => 200 Raw ();
    #[doc = "Style of that page"]
    DocsStyleGet: GET "/api/docs/style.css", Authenticated, path Empty, query Empty, body None () => 200 Raw ();
    #[doc = "Prometheus metrics"]
    MetricsGet: GET "/metrics", Authenticated, path Empty, query Empty, body None () => 200 Raw ();
}
