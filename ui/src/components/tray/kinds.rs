//! What differs between kinds of jobs: their files, their names, their results.

use crate::{
    data::jobs::{import_result, name_of},
    i18n::{k, tf},
};
use api::{
    detections::{PackReport, RuleRun},
    jobs::Job,
    siem::{ImportFile, RemovalResult},
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

/// The kind of a removal of a source.
const REMOVAL: &str = "source_removal";

/// What the removal of a source took so far.
pub fn removal(job: &Job) -> Option<RemovalResult> {
    if job.kind != REMOVAL {
        return None;
    }
    Some(serde_json::from_value(job.result.clone()).unwrap_or_default())
}

/// Whether it can be paused and cancelled: a removal only goes forward once it has begun.
pub fn stops(job: &Job) -> bool {
    job.kind != REMOVAL || job.started_at.is_none()
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
    let removed = || removal(job).map(|r| r.source).filter(|s| !s.is_empty());
    let name = name_of(&job.job_id).or_else(|| pack_report(job).map(|r| r.name)).or_else(removed)?;
    Some(if job.kind == REMOVAL { tf(k::SOURCE_REMOVING, &[("name", &name)]) } else { name })
}
