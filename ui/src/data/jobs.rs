//! Jobs: asked for once a second while one runs, else every five seconds.

use super::{client, failure::Failure, session};
use crate::{
    components::{toast, tray::kinds},
    i18n::{k, t, tf, tn, tnf},
    state::{Auth, app},
    text::visible,
};
use api::{
    Empty, Route,
    jobs::{Job, JobCancel, JobGet, JobList, JobPath, JobPause, JobResume, JobStatus, JobsList},
    siem::ImportResult,
};
use leptos::{prelude::*, task::spawn_local};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::Duration,
};

const BUSY: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(5);
/// How many past imports the tray shows after a start.
const PAST: u32 = 20;

thread_local! {
    static STARTED: Cell<bool> = const { Cell::new(false) };
    /// Imports that ended well, and their alerts, since the last message.
    static ENDED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    static WAITING: Cell<bool> = const { Cell::new(false) };
    static NAMES: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// Remembers which file a job was made for: it waits before it can tell.
pub fn named(job_id: String, name: String) {
    NAMES.with_borrow_mut(|n| n.insert(job_id, name));
}

/// The file a job was made for, if this page sent it.
pub fn name_of(job_id: &str) -> Option<String> {
    NAMES.with_borrow(|n| n.get(job_id).cloned())
}

/// Whether it may still change by itself.
pub fn alive(job: &Job) -> bool {
    matches!(job.status, JobStatus::Queued | JobStatus::Running | JobStatus::Paused)
}

/// What an import found so far.
pub fn import_result(job: &Job) -> ImportResult {
    serde_json::from_value(job.result.clone()).unwrap_or_default()
}

/// Starts asking, once.
pub fn start() {
    if STARTED.replace(true) {
        return;
    }
    spawn_local(async {
        let query = JobList { limit: Some(PAST), ..JobList::default() };
        if let Ok(page) = client::list::<JobsList>(query).await {
            let busy = page.items.iter().any(alive);
            app().jobs.set(page.items);
            if busy {
                app().tray.set(true);
            }
        }
        tick();
    });
}

/// Asks now: something has just begun.
pub fn look() {
    spawn_local(ask());
}

fn tick() {
    spawn_local(async {
        if app().auth.get_untracked() == Auth::In {
            ask().await;
        }
        let busy =
            app().jobs.with_untracked(|jobs| jobs.iter().any(|j| j.status != JobStatus::Paused && alive(j)));
        set_timeout(tick, if busy { BUSY } else { IDLE });
    });
}

async fn ask() {
    let statuses = "queued,running,paused".to_owned();
    let query = JobList { status: Some(statuses), limit: Some(500), ..JobList::default() };
    let Ok(page) = client::list::<JobsList>(query).await else { return };
    let jobs = app().jobs;
    // What was alive and is not in the list has ended: ask once more for its result.
    let gone: Vec<String> = jobs.with_untracked(|known| {
        let ended = |j: &&Job| alive(j) && page.items.iter().all(|n| n.job_id != j.job_id);
        known.iter().filter(ended).map(|j| j.job_id.clone()).collect()
    });
    for job in page.items.into_iter().rev() {
        put(job);
    }
    for job_id in gone {
        if let Ok(job) = client::get::<JobGet>(JobPath { job_id }).await {
            finish(job);
        }
    }
    all_ended();
}

/// One message for all files of a drop, once the last one is through.
fn all_ended() {
    if !quiet() || ENDED.get().0 == 0 || WAITING.replace(true) {
        return;
    }
    // A file may be between upload and job: only a quiet moment is the end.
    set_timeout(
        || {
            WAITING.set(false);
            if quiet() {
                say_ended();
            }
        },
        BUSY,
    );
}

fn quiet() -> bool {
    app().jobs.with_untracked(|all| !all.iter().any(alive)) && app().uploads.with_untracked(Vec::is_empty)
}

fn say_ended() {
    match ENDED.take() {
        (0, _) => {}
        (_, 0) => toast::say(t(k::IMPORT_DONE_NONE).to_owned()),
        (_, alerts) => toast::say(tn(k::IMPORT_DONE_ALERTS, alerts)),
    }
}

/// Whether two forms of a job look the same.
pub fn same(a: &Job, b: &Job) -> bool {
    (a.status, a.done, a.total, a.skipped_total, &a.result)
        == (b.status, b.done, b.total, b.skipped_total, &b.result)
}

/// Takes a job in, or its newer form; draws nothing when nothing changed.
pub fn put(job: Job) {
    let jobs = app().jobs;
    let place = jobs.with_untracked(|all| all.iter().position(|j| j.job_id == job.job_id));
    match place {
        Some(i) if jobs.with_untracked(|all| same(&all[i], &job)) => {}
        Some(i) => jobs.update(|all| all[i] = job),
        None => {
            if job.status == JobStatus::Paused || alive(&job) {
                app().tray.set(true);
            } else {
                ended(&job);
            }
            jobs.update(|all| all.insert(0, job));
        }
    }
}

/// Takes in a job that has ended; two answers may tell of the same end.
fn finish(job: Job) {
    let known = app().jobs.with_untracked(|all| all.iter().any(|j| j.job_id == job.job_id && !alive(j)));
    if !known {
        ended(&job);
    }
    put(job);
}

/// Counts how an import ended.
fn ended(job: &Job) {
    session::refresh_stats();
    crate::pages::alerts::live::import_ended();
    app().sources.changed();
    if !kinds::is_import(job) {
        return other_ended(job);
    }
    let result = import_result(job);
    match job.status {
        JobStatus::Done => ENDED.set((ENDED.get().0 + 1, ENDED.get().1 + result.alerts)),
        JobStatus::Failed => toast::error(t(k::IMPORT_FAILED).to_owned(), job.kept.clone(), None),
        _ => {}
    }
}

/// Says how a run or an import of rules ended.
fn other_ended(job: &Job) {
    if job.status == JobStatus::Failed {
        return toast::error(t(k::JOB_FAILED).to_owned(), job.error.clone(), None);
    }
    if job.status != JobStatus::Done {
        return;
    }
    if let Some(removed) = kinds::removal(job) {
        app().sources.gone(&removed.source_id);
        return toast::say(tf(k::SOURCE_GONE, &[("name", &visible(&removed.source))]));
    }
    app().rules.changed();
    if let Some(run) = kinds::rule_run(job) {
        let alerts = tn(k::COUNT_ALERTS, run.alerts_created + run.alerts_updated);
        toast::say(tnf(k::RUN_ENDED, run.matched, &[("alerts", &alerts)]));
    } else if let Some(report) = kinds::pack_report(job) {
        let pipelines = [&report.pipelines_new, &report.pipelines_changed, &report.pipelines_unchanged];
        if report.pack_id.is_empty() {
            let n = pipelines.iter().map(|p| p.len() as u64).sum();
            return toast::say(tn(k::PIPELINES_ENDED, n));
        }
        toast::say(tn(k::PACK_ENDED, report.new + report.changed + report.unchanged));
    }
}

async fn change<R>(job_id: String)
where
    R: Route<Path = JobPath, Query = Empty, Body = (), Reply = Job>,
{
    match client::call::<R>(&JobPath { job_id: job_id.clone() }, &Empty {}, &()).await {
        Ok(answer) => put(answer.value),
        // It may have ended while the click was on its way: that is no error.
        Err(failure) => match client::get::<JobGet>(JobPath { job_id }).await {
            Ok(job) if !alive(&job) => {
                finish(job);
                all_ended();
            }
            _ => said(&failure),
        },
    }
}

fn said(failure: &Failure) {
    toast::failure(failure, Some(t(k::KEPT_JOB)));
}

/// Cancels at once; what was kept stands in the job.
pub fn cancel(job_id: String) {
    spawn_local(change::<JobCancel>(job_id));
}

/// Pauses at the next resume point.
pub fn pause(job_id: String) {
    spawn_local(change::<JobPause>(job_id));
}

/// Goes on.
pub fn resume(job_id: String) {
    spawn_local(change::<JobResume>(job_id));
}
