//! SQL of jobs.

use crate::{Error, Result};
use api::{
    Time,
    jobs::{Job, JobStatus},
};
use serde_json::Value;
use sqlx::{Row as _, sqlite::SqliteRow};

macro_rules! items {
    () => {
        "(SELECT json_group_array(json(body)) FROM (SELECT body FROM job_item i WHERE i.job_id = job.job_id AND list = 'part' ORDER BY n)) AS parts,
        (SELECT json_group_array(json(body)) FROM (SELECT body FROM job_item i WHERE i.job_id = job.job_id AND list = 'skip' ORDER BY n)) AS skipped"
    };
}

crate::queries! {
    JOB_INSERT: "INSERT INTO job (job_id, kind, status, total, unit, input, created_by, created_at) VALUES (?1, ?2, 'queued', ?3, ?4, ?5, ?6, ?7)";
    JOB_GET: concat!("SELECT *, ", items!(), " FROM job WHERE job_id = ?1");
    JOBS_UNFINISHED: concat!("SELECT *, ", items!(), " FROM job WHERE status IN ('queued', 'running', 'paused') AND kind = ?1 ORDER BY created_at");
    JOB_TOLD: "SELECT job.job_id FROM job CROSS JOIN job_item i ON i.job_id = job.job_id AND i.list = 'part'
        WHERE job.kind = ?1 AND i.body ->> ?2 = ?3 ORDER BY job.created_at DESC LIMIT 1";
    JOBS_OPEN: "SELECT count(*) FROM job WHERE status IN ('queued', 'running')";
    JOB_TAKE_UP: "UPDATE job SET status = 'queued', paused_by = NULL, lease = NULL WHERE status = 'running' OR (status = 'paused' AND paused_by = 'close')";
    JOB_NEXT: concat!("SELECT *, ", items!(), " FROM job WHERE status = 'queued' ORDER BY created_at LIMIT 1");
    JOB_BEGIN: "UPDATE job SET status = 'running', started_at = coalesce(started_at, ?2), lease = ?3 WHERE job_id = ?1 AND status = 'queued'";
    JOB_CHECKPOINT: "UPDATE job SET done = ?2, total = ?3, result = ?4, resume = ?5, skipped_total = ?6 WHERE job_id = ?1 AND lease = ?7";
    JOB_ITEMS: "INSERT INTO job_item (job_id, list, n, body) SELECT ?1, ?2, value ->> 0, value -> 1 FROM json_each(?3) WHERE true
        ON CONFLICT DO UPDATE SET body = excluded.body";
    JOB_END: "UPDATE job SET status = ?2, done = ?3, total = ?4, result = ?5, skipped_total = ?6, kept = ?7, error = ?8, finished_at = ?9, paused_by = ?10, lease = NULL WHERE job_id = ?1 AND lease = ?11";
    JOB_SET: "UPDATE job SET status = ?2, finished_at = ?3, paused_by = ?4, kept = coalesce(kept, ?5) WHERE job_id = ?1 AND status = ?6";
    JOB_PAGE: concat!("SELECT *, ", items!(), " FROM job WHERE (kind IN (SELECT value FROM json_each(?1)) OR created_by = ?2)
        AND (?3 IS NULL OR status IN (SELECT value FROM json_each(?3))) AND (?4 IS NULL OR kind = ?4)
        AND (created_at < ?5 OR (created_at = ?5 AND job_id < ?6)) ORDER BY created_at DESC, job_id DESC LIMIT ?7");
    JOB_COUNT: "SELECT count(*) FROM (SELECT 1 FROM job WHERE (kind IN (SELECT value FROM json_each(?1)) OR created_by = ?2)
        AND (?3 IS NULL OR status IN (SELECT value FROM json_each(?3))) AND (?4 IS NULL OR kind = ?4) LIMIT ?5)";
}

/// What the job told part by part.
pub(super) fn parts(r: &SqliteRow) -> Result<Vec<Value>> {
    serde_json::from_str(r.try_get("parts")?).map_err(Error::internal)
}

/// The result with its parts where the kind of work has them.
pub(super) fn with_parts(mut result: Value, list: Option<&str>, parts: Vec<Value>) -> Value {
    if let (Some(list), Some(result)) = (list, result.as_object_mut()) {
        result.insert(list.into(), parts.into());
    }
    result
}

pub(super) fn job(r: &SqliteRow) -> Result<Job> {
    let count = |name: &str| -> Result<u64> { Ok(u64::try_from(r.try_get::<i64, _>(name)?).unwrap_or(0)) };
    let time = |name: &str| -> Result<Option<Time>> { Ok(r.try_get::<Option<i64>, _>(name)?.map(Time)) };
    Ok(Job {
        job_id: r.try_get("job_id")?,
        kind: r.try_get("kind")?,
        status: JobStatus::parse(r.try_get("status")?)
            .ok_or_else(|| Error::internal("a job status that is none"))?,
        done: count("done")?,
        total: count("total")?,
        unit: r.try_get("unit")?,
        rate: 0.0,
        eta_s: None,
        result: serde_json::from_str(r.try_get("result")?).map_err(Error::internal)?,
        kept: r.try_get("kept")?,
        skipped: serde_json::from_str(r.try_get("skipped")?).map_err(Error::internal)?,
        skipped_total: count("skipped_total")?,
        error: r.try_get("error")?,
        created_by: r.try_get("created_by")?,
        created_at: Time(r.try_get("created_at")?),
        started_at: time("started_at")?,
        finished_at: time("finished_at")?,
    })
}
