//! Logs, imports, sources.

pub mod sources;

pub use sources::{
    Gap, GapKind, Removal, RemovalResult, Source, SourceCase, SourceDelete, SourceDetail, SourceGet,
    SourceImport, SourceList, SourcePath, SourceStatus, SourcesList,
};

use crate::{Empty, Page, Time, jobs::JobAccepted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One event of the log store.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Log {
    /// Equal for the same event read from another file.
    pub log_id: String,
    /// Source time.
    pub timestamp: Time,
    /// When it came in.
    pub ingested_at: Time,
    /// Label of the file or sender.
    pub source: String,
    /// `windows.security`, …
    pub dataset: String,
    /// Host name as written.
    pub host: Option<String>,
    /// Acting user as written.
    pub user: Option<String>,
    /// `critical`, `error`, `warning`, `info` or `debug`.
    pub severity: String,
    /// One readable line.
    pub message: String,
    /// Every original field.
    pub fields: Map<String, Value>,
    /// Where the raw bytes are.
    pub raw_ref: Option<RawRef>,
}

/// Where an event's bytes lie.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RawRef {
    /// SHA-256 of the source file.
    pub sha256: String,
    /// Record number in it.
    pub record: u64,
    /// Byte offset in it.
    pub offset: u64,
    /// Bytes.
    pub length: u32,
    /// Whether the source is kept, so that the bytes can be shown.
    pub kept: bool,
}

/// One event with its bytes on demand.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogDetail {
    /// The event.
    #[serde(flatten)]
    pub log: Log,
    /// Raw bytes, base64, when asked for and kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// Why there are no raw bytes although they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_missing: Option<String>,
}

/// Query of one log.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogQuery {
    /// `true`: send the raw bytes too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<bool>,
}

/// Path of one log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogPath {
    /// 32 hexadecimal digits.
    pub log_id: String,
}

list_query! {
    /// Query of GET /siem/logs: newest first.
    LogList {
        /// Text that any field contains, caseless.
        q: String,
        /// At or after.
        from: Time,
        /// Before.
        to: Time,
        /// Host name.
        host: String,
        /// Dataset.
        dataset: String,
    }
}

/// Query of POST /imports.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ImportQuery {
    /// A label; never used as a path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Overrules the format found: `evtx`, `json`, `csv`, `zeek`, `auditd`, `syslog`, `cef`, `leef`, `text` (any lines),
    /// `gzip`, `zstd`, `zip` or `tar`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// For sources without a zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// What a source was at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileMark {
    /// Bytes.
    pub size: u64,
    /// When it was last changed, by its file system.
    pub modified: Time,
    /// SHA-256 of its content.
    pub sha256: String,
}

/// One file of an import, inside the job's result.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ImportFile {
    /// Label.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 before and after reading.
    pub sha256: Option<String>,
    /// `evtx`, `json`, `zip`, …, or what it is instead.
    pub format: Option<String>,
    /// `queued`, `running`, `done`, `partial`, `refused`.
    pub state: String,
    /// New events.
    pub events: u64,
    /// Events that were there already.
    pub duplicates: u64,
    /// Records that could not be read.
    pub errors: u64,
    /// Bytes done.
    pub bytes_done: u64,
    /// The source before it was read; null for an upload, which has no file of its own.
    #[serde(default)]
    pub before: Option<FileMark>,
    /// The source after it was read.
    #[serde(default)]
    pub after: Option<FileMark>,
    /// Whether size, time (to the nanosecond) and SHA-256 were the same after reading as before.
    pub unchanged: Option<bool>,
    /// Why it was refused.
    pub reason: Option<String>,
}

impl ImportFile {
    /// A file of which nothing more is known yet.
    pub fn named(label: &str) -> Self {
        ImportFile { name: label.into(), state: "queued".into(), ..ImportFile::default() }
    }
}

/// Result of an import, filled while it runs.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ImportResult {
    /// Files seen.
    pub files: u64,
    /// New events.
    pub events: u64,
    /// Events that were there already.
    pub duplicates: u64,
    /// Records that could not be read.
    pub parse_errors: u64,
    /// Alerts made.
    pub alerts: u64,
    /// Matches of rules, grouped into alerts.
    pub matches: u64,
    /// Number of the rule set that ran last; it grows with each change of rules.
    #[serde(default)]
    pub rule_set: u64,
    /// Matches that a suppression held back.
    #[serde(default)]
    pub suppressed: u64,
    /// Rules that ran.
    pub rules_run: u64,
    /// Rules that could not run, with why: the first 1,000.
    pub rules_not_run: Vec<RuleNote>,
    /// How many there are in all.
    #[serde(default)]
    pub rules_not_run_total: u64,
    /// Rules that had no chance on this data, with why: the first 1,000.
    pub rules_no_chance: Vec<RuleNote>,
    /// How many there are in all.
    #[serde(default)]
    pub rules_no_chance_total: u64,
    /// What correlation rules could not see.
    #[serde(default)]
    pub correlation_notes: Vec<RuleNote>,
    /// In plain words, why nothing matched.
    #[serde(default)]
    pub no_match_reason: Option<String>,
    /// The files, at most 1,000 (the totals count all).
    pub file_list: Vec<ImportFile>,
    /// First event time.
    pub first_event: Option<Time>,
    /// Last event time.
    pub last_event: Option<Time>,
}

/// Why a rule did not run or could not match.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RuleNote {
    /// Sigma id.
    pub rule_id: String,
    /// Title.
    pub title: String,
    /// In plain words.
    pub reason: String,
}

/// Totals of the log store.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SiemStats {
    /// Events.
    pub events: u64,
    /// By dataset.
    pub by_dataset: BTreeMap<String, u64>,
    /// By severity word.
    pub by_severity: BTreeMap<String, u64>,
    /// Time of the oldest event.
    pub first_event: Option<Time>,
    /// Time of the newest event.
    pub last_event: Option<Time>,
    /// Size of the log store in bytes.
    pub store_bytes: u64,
}

routes! {
    #[doc = "Search SIEM logs"]
    LogsList: GET "/api/v1/siem/logs", SiemRead, path Empty, query LogList, body None () => 200 Json Page<Log>;
    #[doc = "One event with raw bytes on demand"]
    LogGet: GET "/api/v1/siem/logs/{log_id}", SiemRead, path LogPath, query LogQuery, body None () => 200 Json LogDetail;
    #[doc = "SIEM statistics"]
    SiemStatsGet: GET "/api/v1/siem/stats", SiemRead, path Empty, query Empty, body None () => 200 Json SiemStats;
    #[doc = "Upload a log file as a stream; 202 with a job"]
    ImportCreate: POST "/api/v1/imports", SiemWrite, path Empty, query ImportQuery, body Stream () => 202 Json JobAccepted;
}
