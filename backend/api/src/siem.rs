//! Logs, imports, sources.

mod clocks;
mod entities;
pub mod sources;

pub use clocks::*;
pub use entities::*;
pub use sources::{
    Gap, GapKind, Removal, RemovalResult, Source, SourceCase, SourceDelete, SourceDetail, SourceGet,
    SourceHost, SourceImport, SourceList, SourcePath, SourceStatus, SourcesList,
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
    /// Source time, put right by what is known of clocks.
    pub timestamp: Time,
    /// What the source says itself, where `timestamp` is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_time: Option<Time>,
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
    /// Every original field; with `view=ecs` under ECS names in front of them, with `view=ocsf` the event as OCSF 1.3.
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
    /// How `fields` are named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<LogView>,
}

/// How the fields of an event are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogView {
    /// As the source names them.
    #[default]
    Original,
    /// With the names of the Elastic Common Schema in front.
    Ecs,
    /// As an event of the Open Cybersecurity Schema Framework 1.3.
    Ocsf,
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
        /// Words and "phrases" that any field contains, `field:value` (also by ECS name), `*` and `?`, `/regex/`, AND OR NOT,
        /// parentheses; without case.
        q: String,
        /// At or after.
        from: Time,
        /// Before.
        to: Time,
        /// Host, by its first label unless two full names differ, and by whatever names are merged with it.
        host: String,
        /// Dataset.
        dataset: String,
        /// How `fields` are named.
        view: LogView,
    }
}

/// A page of events.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LogPage {
    /// The events and where to go on.
    #[serde(flatten)]
    pub page: Page<Log>,
    /// True when the time for the search (10 s) was over first: there may be more.
    pub partial: bool,
    /// Events in damaged blocks, of which it can't be told whether they belong here.
    pub unreadable: u64,
    /// Why nothing was found, where nothing was.
    pub why_none: Option<String>,
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
    /// Zone of times that name none: IANA name, `UTC` or `+hh:mm`.
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
    /// Bytes of the earlier source that this one begins with and has grown from: only what follows them is new.
    #[serde(default)]
    pub grown_from: Option<u64>,
    /// SHA-256 of what in it has times that name no zone, itself or members, 1,000 at most: taken as UTC until a zone is
    /// set for them.
    #[serde(default)]
    pub zoneless: Vec<String>,
    /// Events of a text that stand in another source too, with the same time and fields: they went in, and are told.
    #[serde(default)]
    pub equal: u64,
    /// The count of equal events was ended by time: there may be more.
    #[serde(default)]
    pub equal_is_lower_bound: bool,
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
    /// What it will take, told before anything is read.
    #[serde(default)]
    pub forecast: Option<Forecast>,
    /// What it waits for, in plain words: room on the disk.
    #[serde(default)]
    pub waits: Option<String>,
    /// The files, at most 1,000 (the totals count all).
    pub file_list: Vec<ImportFile>,
    /// First event time.
    pub first_event: Option<Time>,
    /// Last event time.
    pub last_event: Option<Time>,
}

/// What an import will take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Forecast {
    /// Seconds.
    pub seconds: u64,
    /// Bytes on the disk: events, and the sources where they are kept.
    pub disk_bytes: u64,
    /// Most bytes of memory that the program will hold.
    pub memory_bytes: u64,
    /// Whether every format was imported here before, so that its rate is this machine's.
    pub measured: bool,
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

/// Answer of POST /siem/logs/ingest. What it counts as accepted or as a duplicate is synced to the disk.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Ingested {
    /// Events that were not there before.
    pub accepted: u64,
    /// Events that this sender had sent before, also earlier in the same call.
    pub duplicates: u64,
    /// Elements that were not taken: the first 1,000.
    pub rejected: Vec<Rejected>,
    /// How many there are in all.
    pub rejected_total: u64,
}

/// An element that was not taken.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Rejected {
    /// Its number among the elements of the call, from 0.
    pub index: u64,
    /// AURORA code.
    pub code: String,
    /// In plain words, with the line of the body.
    pub message: String,
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
    LogsList: GET "/api/v1/siem/logs", SiemRead, path Empty, query LogList, body None () => 200 Json LogPage;
    #[doc = "One event with raw bytes on demand"]
    LogGet: GET "/api/v1/siem/logs/{log_id}", SiemRead, path LogPath, query LogQuery, body None () => 200 Json LogDetail;
    #[doc = "Ingest log entries: one object, an array, or NDJSON"]
    LogsIngest: POST "/api/v1/siem/logs/ingest", SiemWrite, path Empty, query Empty, body Events () => 200 Json Ingested;
    #[doc = "SIEM statistics"]
    SiemStatsGet: GET "/api/v1/siem/stats", SiemRead, path Empty, query Empty, body None () => 200 Json SiemStats;
    #[doc = "Zones of sources and offsets of hosts"]
    ClocksList: GET "/api/v1/siem/clocks", SiemRead, path Empty, query ClockList, body None () => 200 Json Page<Clock>;
    #[doc = "Set the zone of sources or the offset of a host's clock, in place of what was set before; shown times follow at once, stored ones stay"]
    ClockSet: POST "/api/v1/siem/clocks", SiemWrite, path Empty, query Empty, body Json SetClock => 200 Json ClocksSet;
    #[doc = "Take back a zone or an offset"]
    ClockDelete: DELETE "/api/v1/siem/clocks/{clock_id}", SiemWrite, path ClockPath, query Empty, body None () => 204 Empty ();
    #[doc = "Names of hosts and users that were merged by hand"]
    EntityMergesList: GET "/api/v1/siem/entities/merges", SiemRead, path Empty, query EntityMergeList, body None () => 200 Json Page<EntityMerge>;
    #[doc = "Say that names are one host or user: filters find all by each, new alerts group under one; alerts that are there stay"]
    EntityMergeCreate: POST "/api/v1/siem/entities/merges", SiemWrite, path Empty, query Empty, body Json MergeEntities => 201 Json EntitiesMerged;
    #[doc = "Take back one merge of two names"]
    EntityMergeDelete: DELETE "/api/v1/siem/entities/merges/{merge_id}", SiemWrite, path EntityMergePath, query Empty, body None () => 204 Empty ();
    #[doc = "Upload a log file as a stream; 202 with a job"]
    ImportCreate: POST "/api/v1/imports", SiemWrite, path Empty, query ImportQuery, body Stream () => 202 Json JobAccepted;
}
