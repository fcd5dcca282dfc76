//! Takes the oldest queued job, runs it, writes its end.

use super::{
    JobCtx, Stop,
    progress::{self, Shared, count},
    store,
};
use crate::{
    Error, Kernel, Result,
    db::{Actor, Audit},
};
use api::jobs::{Job, JobStatus};
use futures::FutureExt as _;
use serde_json::{Value, json};
use sqlx::Row as _;
use std::{panic::AssertUnwindSafe, sync::Arc};

pub(super) async fn run(kernel: Kernel) {
    let mut closing = kernel.jobs.closing.subscribe();
    loop {
        if *closing.borrow_and_update() {
            return;
        }
        match next(&kernel).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(e) => tracing::error!(error = %e, "the job table could not be used"),
        }
        tokio::select! {
            () = kernel.jobs.wake.notified() => {}
            _ = closing.changed() => {}
        }
    }
}

/// Runs one job to its end; false when there is none.
async fn next(kernel: &Kernel) -> Result<bool> {
    let jobs = &kernel.jobs;
    let Some(row) = sqlx::query(store::JOB_NEXT).fetch_optional(jobs.db.read()).await? else {
        return Ok(false);
    };
    let job = store::job(&row)?;
    let shared = Arc::new(Shared::of(&job, store::parts(&row)?));
    let resume: Option<String> = row.try_get("resume")?;
    let ctx = JobCtx {
        kernel: kernel.clone(),
        id: job.job_id.clone(),
        input: serde_json::from_str(row.try_get("input")?).map_err(Error::internal)?,
        resume: resume.and_then(|r| serde_json::from_str::<Value>(&r).ok()),
        created_by: job.created_by.clone(),
        shared: shared.clone(),
    };
    let lock = || jobs.running.write().unwrap_or_else(|p| p.into_inner());
    // Known as running before the row says so: who steers it from now on asks the job, and who set the row before
    // is found there.
    lock().insert(job.job_id.clone(), shared.clone());
    let began = begin(jobs, &job.job_id).await;
    if !matches!(began, Ok(true)) {
        lock().remove(&job.job_id);
        jobs.ended.send_modify(|n| *n += 1);
        return began.map(|_| true);
    }
    let done = match jobs.work(&job.kind) {
        Some(work) => AssertUnwindSafe(work.run(ctx))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Error::internal("the job panicked"))),
        None => Err(Error::internal("this version does not know this kind of job")),
    };
    let end = end(kernel, &job, &shared, done).await;
    lock().remove(&job.job_id);
    jobs.ended.send_modify(|n| *n += 1);
    end.map(|()| true)
}

/// Whether the job was still queued, and now is running.
async fn begin(jobs: &super::Jobs, id: &str) -> Result<bool> {
    let mut tx = jobs.db.write(&Actor::system()).await?;
    let begun = sqlx::query(store::JOB_BEGIN)
        .bind(id)
        .bind(jobs.now().0)
        .bind(&jobs.lease)
        .execute(tx.conn())
        .await?;
    tx.commit_bookkeeping().await?;
    Ok(begun.rows_affected() == 1)
}

async fn end(kernel: &Kernel, job: &Job, shared: &Shared, done: Result<()>) -> Result<()> {
    let (status, error) = match (done, shared.asked()) {
        (Err(e), _) => {
            tracing::error!(job_id = %job.job_id, error = %e, "job failed");
            let detail = e
                .detail
                .map(|d| format!(": {}", d.get("reason").and_then(Value::as_str).unwrap_or_default()));
            (JobStatus::Failed, Some(format!("{}{}", e.code.message(), detail.unwrap_or_default())))
        }
        (Ok(()), Stop::No) => (JobStatus::Done, None),
        (Ok(()), Stop::Pause) => (JobStatus::Paused, None),
        (Ok(()), Stop::Cancel) => (JobStatus::Cancelled, None),
    };
    let finished = (status != JobStatus::Paused).then(|| kernel.world.now().0);
    let actor = Actor {
        name: job.created_by.clone(),
        session: Some(format!("job:{}", job.job_id)),
        ..Actor::default()
    };
    let mut tx = kernel.db.write(&actor).await?;
    let (query, after) = {
        let s = shared.state();
        let kept = s.kept.clone().filter(|_| status != JobStatus::Done);
        let query = sqlx::query(store::JOB_END)
            .bind(job.job_id.clone())
            .bind(status.as_str())
            .bind(count(s.done))
            .bind(count(s.total))
            .bind(s.result.to_string())
            .bind(count(s.skipped_total))
            .bind(kept)
            .bind(error)
            .bind(finished)
            .bind((status == JobStatus::Paused).then_some(s.asked_by))
            .bind(kernel.jobs.lease.clone());
        (query, json!({"status": status, "done": s.done, "total": s.total, "skipped": s.skipped_total}))
    };
    progress::under_lease(query.execute(tx.conn()).await?)?;
    progress::all_items(&mut tx, &job.job_id, shared).await?;
    tx.commit(Audit::new("job.end", "job", &job.job_id).after(after), &[]).await?;
    Ok(())
}
