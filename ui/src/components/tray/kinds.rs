//! What differs between kinds of jobs: their files, their names, their results.

use crate::data::jobs::{import_result, name_of};
use api::{
    detections::{PackReport, RuleRun},
    jobs::Job,
    siem::ImportFile,
};

/// The kind of an import of logs.
const IMPORT: &str = "import";

/// Whether logs are imported.
pub fn is_import(job: &Job) -> bool {
    job.kind == IMPORT
}

/// What an import of rules did.
pub fn pack_report(job: &Job) -> Option<PackReport> {
    job.result.get("pack_id")?;
    serde_json::from_value(job.result.clone()).ok()
}

/// What a run of rules did so far.
pub fn rule_run(job: &Job) -> Option<RuleRun> {
    job.result.get("run_id")?;
    serde_json::from_value(job.result.clone()).ok()
}

/// The files of an import.
pub fn files(job: &Job) -> Vec<ImportFile> {
    if is_import(job) { import_result(job).file_list } else { Vec::new() }
}

/// Files beyond the `shown` first ones.
pub fn more(job: &Job, shown: usize) -> u64 {
    if !is_import(job) {
        return 0;
    }
    let result = import_result(job);
    match result.file_list.len() {
        0 => 0,
        listed => result.files.saturating_sub(shown.min(listed) as u64),
    }
}

/// What a person calls it, where that is known.
pub fn name(job: &Job) -> Option<String> {
    name_of(&job.job_id).or_else(|| pack_report(job).map(|r| r.name))
}
