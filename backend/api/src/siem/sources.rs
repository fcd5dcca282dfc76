//! Sources: where the events of the store come from, what is missing in them, and what their removal would take.

use super::{Clock, Time};
use crate::{
    Empty, Page,
    jobs::{JobAccepted, Skip},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// Whether events come in from a source.
    pub enum SourceStatus {
        /// Something came in within the last minute.
        Connected "connected",
        /// Something came in within the last quarter of an hour.
        Stale "stale",
        /// Nothing came in since: a file that was read, a sender that is silent.
        Disconnected "disconnected",
    }
}

words! {
    /// What is not there.
    pub enum GapKind {
        /// A log that was cleared, as its own event says.
        Cleared "log_cleared",
        /// Record numbers that begin again: later events have lower numbers.
        Restart "numbers_restart",
        /// Record numbers `first` to `last` are not in the source, though numbers before and after them are.
        Records "records_missing",
        /// `missing` record numbers between `first` and `last` are not in the source, in too many places to name.
        Scattered "records_scattered",
        /// Hours without any event of the host, where the hours beside them have many.
        Quiet "quiet_hours",
    }
}

/// Something that is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Gap {
    /// What.
    pub kind: GapKind,
    /// Host, where the events name one.
    pub host: Option<String>,
    /// The log on it; null for quiet hours.
    pub channel: Option<String>,
    /// The last event before it, the moment of clearing, or the first quiet hour's begin.
    pub from: Option<Time>,
    /// The first event after it, or the end of the last quiet hour.
    pub to: Option<Time>,
    /// First record number that is missing; of a restart the number before it.
    pub first: Option<u64>,
    /// Last record number that is missing; of a restart the number after it.
    pub last: Option<u64>,
    /// How many records are missing, or how many hours are quiet.
    pub missing: Option<u64>,
    /// Who cleared the log.
    pub by: Option<String>,
    /// The event that says so.
    pub log_id: Option<String>,
}

/// What the removal of a source would take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removal {
    /// Events that no other source holds.
    pub events: u64,
    /// Alerts that only these events support. Null in the list where a workspace has too many matches to look at for a
    /// list; the detail looks at all.
    pub alerts: Option<u64>,
    /// Bytes of its kept file.
    pub bytes: u64,
}

/// A source of logs.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// SHA-256 of its content.
    pub source_id: String,
    /// Label.
    pub source: String,
    /// Dataset of most of its events.
    pub dataset: String,
    /// Events by dataset, without those that an earlier source brought.
    pub datasets: BTreeMap<String, u64>,
    /// `evtx`, `json`, …; of a member of a container with its formats before it: `zip/json`.
    pub format: String,
    /// Whether events come in.
    pub status: SourceStatus,
    /// New events a second, over the last ten.
    pub eps: f64,
    /// Events that it holds.
    pub events: u64,
    /// Of these, events that an earlier source brought already.
    pub duplicates: u64,
    /// Size of the source.
    pub bytes: u64,
    /// Time of its first event.
    pub first_seen: Option<Time>,
    /// Time of its last event.
    pub last_seen: Option<Time>,
    /// Events an hour between those two.
    pub rate: f64,
    /// What is not there: the first 100, in the detail 1,000.
    pub gaps: Vec<Gap>,
    /// How many there are in all.
    pub gaps_total: u64,
    /// Whether its file is kept, so that raw bytes can be shown.
    pub kept: bool,
    /// First import.
    pub imported_at: Time,
    /// Last import.
    pub imported_last: Time,
    /// What its removal would take.
    pub removal: Removal,
}

/// What the import of a source said of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SourceImport {
    /// The newest import that read it.
    pub job_id: String,
    /// Who asked for it.
    pub by: String,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// What could not be read, and what is worth knowing: the first 100 of those that the job keeps.
    pub skipped: Vec<Skip>,
    /// How many of these the job keeps.
    pub skipped_total: u64,
}

/// A case that stands on alerts of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceCase {
    /// `CASE-…`
    pub case_id: String,
    /// How many of its alerts stand on events of the source.
    pub alerts: u64,
}

/// A host that events of a source name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceHost {
    /// As written in the events.
    pub host: String,
    /// How many of the source's events name it, without those that an earlier source brought.
    pub events: u64,
}

/// A source with all that is known of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SourceDetail {
    /// The source.
    #[serde(flatten)]
    pub source: Source,
    /// Alerts that would stay with fewer events.
    pub alerts_reduced: u64,
    /// Cases that refer to its alerts: while there is one, it can't be removed.
    pub cases: Vec<SourceCase>,
    /// Whether an import that reads it has not ended: it can't be removed before.
    pub importing: bool,
    /// What its import said, where its job is still known.
    pub import: Option<SourceImport>,
    /// Hosts that its events name, those of most events first: at most 100.
    pub hosts: Vec<SourceHost>,
    /// How many there are in all.
    pub hosts_total: u64,
    /// Whether times in it name no zone, as its import said: they are read as UTC where no zone is set.
    pub zoneless: bool,
    /// Its zone, and the offsets that hold for its hosts.
    pub clocks: Vec<Clock>,
}

/// Result of the job that removes a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemovalResult {
    /// The source.
    pub source_id: String,
    /// Its label.
    pub source: String,
    /// Events that are gone.
    pub events: u64,
    /// Events that stay because other sources hold them.
    pub events_kept: u64,
    /// Alerts that are gone.
    pub alerts: u64,
    /// Alerts that stay with fewer events.
    pub alerts_reduced: u64,
    /// Bytes of its file that are gone.
    pub bytes: u64,
}

/// Path of one source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SourcePath {
    /// SHA-256 of its content, 64 hexadecimal digits.
    pub source_id: String,
}

list_query! {
    /// Query of GET /siem/sources: those imported last first. `sort`: `imported_at` (or `created_at`), `source`,
    /// `dataset`, `events`, `bytes`, `rate`, `first_seen`, `last_seen`, `gaps`.
    SourceList {
        /// Text that the label contains, caseless.
        q: String,
        /// Dataset that it has events of.
        dataset: String,
        /// Statuses, separated by commas.
        status: String,
    }
}

routes! {
    #[doc = "List log sources"]
    SourcesList: GET "/api/v1/siem/sources", SiemRead, path Empty, query SourceList, body None () => 200 Json Page<Source>;
    #[doc = "One source: what is missing in it, and what its removal would take"]
    SourceGet: GET "/api/v1/siem/sources/{source_id}", SiemRead, path SourcePath, query Empty, body None () => 200 Json SourceDetail;
    #[doc = "Remove a source with its events, alerts and kept file; 202 with a job. AURORA-4090 while a case refers to one of its alerts"]
    SourceDelete: DELETE "/api/v1/siem/sources/{source_id}", SiemWrite, path SourcePath, query Empty, body None () => 202 Json JobAccepted;
}
