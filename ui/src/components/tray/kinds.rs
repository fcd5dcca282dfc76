//! What differs between kinds of jobs: their files, their names.

use crate::data::jobs::{import_result, name_of};
use api::{jobs::Job, siem::ImportFile};

/// The files of an import.
pub fn files(job: &Job) -> Vec<ImportFile> {
    if job.kind == "import" { import_result(job).file_list } else { Vec::new() }
}

/// Files beyond the `shown` first ones.
pub fn more(job: &Job, shown: usize) -> u64 {
    if job.kind != "import" {
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
    name_of(&job.job_id)
}
