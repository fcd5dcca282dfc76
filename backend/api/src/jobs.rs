//! Long work.

use crate::{Empty, Page, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

words! {
    /// Where a job stands.
    pub enum JobStatus {
        Queued "queued", Running "running", Paused "paused", Done "done", Failed "failed", Cancelled "cancelled",
    }
}

/// Something that a job could not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Skip {
    /// Label of the file.
    pub source: String,
    /// Member of a container.
    pub member: Option<String>,
    /// Record number.
    pub record: Option<u64>,
    /// Byte offset.
    pub offset: Option<u64>,
    /// In plain words.
    pub reason: String,
    /// Nothing was left out: only something worth knowing about how it was read.
    #[serde(default)]
    pub note: bool,
}

/// A job.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// Id.
    pub job_id: String,
    /// `import`, …
    pub kind: String,
    /// Where it stands.
    pub status: JobStatus,
    /// Units done.
    pub done: u64,
    /// Units in all; 0 while not known.
    pub total: u64,
    /// `bytes`, …
    pub unit: String,
    /// Units a second, over the last seconds.
    pub rate: f64,
    /// Seconds left; null while not known.
    pub eta_s: Option<u64>,
    /// Shape depends on the kind; for imports an ImportResult.
    pub result: Value,
    /// What was kept when it was cancelled, paused or failed.
    pub kept: Option<String>,
    /// What could not be read: the first 1,000.
    pub skipped: Vec<Skip>,
    /// How many there are in all.
    pub skipped_total: u64,
    /// Why it failed.
    pub error: Option<String>,
    /// User name.
    pub created_by: String,
    /// When asked for.
    pub created_at: Time,
    /// When it began.
    pub started_at: Option<Time>,
    /// When it ended.
    pub finished_at: Option<Time>,
}

/// Answer to a request that became a job.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct JobAccepted {
    /// Id.
    pub job_id: String,
}

/// Path of one job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobPath {
    /// Id.
    pub job_id: String,
}

list_query! {
    /// Query of GET /jobs: newest first.
    JobList {
        /// Statuses, separated by commas.
        status: String,
        /// Kind.
        kind: String,
    }
}

routes! {
    #[doc = "Jobs that the caller may see"]
    JobsList: GET "/api/v1/jobs", Authenticated, path Empty, query JobList, body None () => 200 Json Page<Job>;
    #[doc = "Job with progress"]
    JobGet: GET "/api/v1/jobs/{job_id}", Authenticated, path JobPath, query Empty, body None () => 200 Json Job;
    #[doc = "Cancel a job"]
    JobCancel: POST "/api/v1/jobs/{job_id}/cancel", Authenticated, path JobPath, query Empty, body None () => 200 Json Job;
    #[doc = "Pause a job at its next resume point"]
    JobPause: POST "/api/v1/jobs/{job_id}/pause", Authenticated, path JobPath, query Empty, body None () => 200 Json Job;
    #[doc = "Go on with a paused job"]
    JobResume: POST "/api/v1/jobs/{job_id}/resume", Authenticated, path JobPath, query Empty, body None () => 200 Json Job;
}
