//! Rows of the tray: a file on its way, a file of a job, and what the job says at its end.

use super::ended;
use crate::{
    components::icon::Icon,
    data::jobs::{alive, import_result},
    i18n::{k, t, tn, word},
    numbers::{grouped, percent},
    place::follow,
    state::{Upload, app},
    text::visible,
};
use api::{
    jobs::{Job, JobStatus, Skip},
    siem::ImportFile,
};
use leptos::prelude::*;

/// Files shown of one job; the totals count all.
const SHOWN: usize = 200;

fn bar(done: u64, total: u64) -> impl IntoView {
    let part = percent(done, total);
    view! {
        <div class="row">
            <div class="prog" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow=part.to_string()
                aria-label=t(k::TRAY_PROGRESS)><i style:inline-size=format!("{part}%")></i></div>
            <span class="num ltr">{format!("{part}%")}</span>
        </div>
    }
}

/// A file that a browser sends.
pub fn upload(upload: Upload) -> impl IntoView {
    let id = upload.id;
    let state = match &upload.failed {
        Some(_) => view! { <span class="status err"><Icon name="x" class="i-12" />{t(k::TRAY_REFUSED)}</span> }.into_any(),
        None => bar(upload.sent, upload.total).into_any(),
    };
    view! {
        <tr data-test="tray-upload">
            <td class="mono p"><bdi>{visible(&upload.name)}</bdi></td>
            <td class="t3">{t(k::TRAY_UPLOADING)}</td>
            <td class="num"></td>
            <td>{state}</td>
            <td class="err-c">{upload.failed.clone()}</td>
            <td class="num">{upload.failed.is_some().then(|| view! {
                <button class="btn btn-quiet btn-sm" data-test="tray-dismiss"
                    on:click=move |_| app().uploads.update(|all| all.retain(|u| u.id != id))>{t(k::CLOSE)}</button>
            })}</td>
        </tr>
    }
}

/// All rows of a job.
pub fn job(job: &Job) -> impl IntoView + use<> {
    let result = import_result(job);
    let more = result.files.saturating_sub(SHOWN.min(result.file_list.len()) as u64);
    let files = if result.file_list.is_empty() {
        vec![bare(job)]
    } else {
        result.file_list.iter().take(SHOWN).map(|f| file(job, f)).collect()
    };
    let skips: Vec<Skip> = job.skipped.clone();
    view! {
        {files}
        {(more > 0 && !result.file_list.is_empty()).then(|| view! {
            <tr><td colspan="6" class="t3">{tn(k::TRAY_MORE_FILES, more)}</td></tr>
        })}
        {(!skips.is_empty()).then(|| view! { <tr class="note"><td colspan="6">{ended::skipped(skips, job.skipped_total)}</td></tr> })}
        {(!alive(job) || job.status == JobStatus::Paused).then(|| view! {
            <tr class="note"><td colspan="6">{ended::summary(job, &result)}</td></tr>
        })}
    }
}

/// A job that has not told its files yet.
fn bare(job: &Job) -> AnyView {
    let words = word("job", job.status.as_str()).to_owned();
    let state = if alive(job) { bar(job.done, job.total).into_any() } else { words.clone().into_any() };
    view! {
        <tr data-test="tray-job"><td class="t2">{words}</td><td></td><td class="num"></td><td>{state}</td><td></td><td></td></tr>
    }
    .into_any()
}

fn file(job: &Job, file: &ImportFile) -> AnyView {
    let glyph = |tone: &'static str, icon: &'static str| {
        let words = word("file", &file.state).to_owned();
        view! { <span class=format!("status {tone}")><Icon name=icon class="i-12" />{words}</span> }.into_any()
    };
    let state = match file.state.as_str() {
        "running" if job.status == JobStatus::Running => bar(file.bytes_done, file.size).into_any(),
        "done" => glyph("ok", "check"),
        "partial" => glyph("warn", "warn"),
        "refused" => glyph("err", "x"),
        "running" if job.status == JobStatus::Paused => glyph("mute", "pause"),
        _ => glyph("mute", "clock"),
    };
    let refused = file.state == "refused";
    let mut notes = Vec::new();
    if let Some(reason) = &file.reason {
        notes.push(visible(reason));
    }
    if file.errors > 0 {
        notes.push(tn(k::TRAY_BAD_RECORDS, file.errors));
    }
    if file.duplicates > 0 {
        notes.push(tn(k::TRAY_DUPLICATES, file.duplicates));
    }
    if file.unchanged == Some(false) {
        notes.push(t(k::TRAY_CHANGED).to_owned());
    }
    let (tone, notes) = match notes.is_empty() {
        true => ("t3", t(k::TRAY_NOTHING_SKIPPED).to_owned()),
        false if refused => ("err-c", notes.join(" · ")),
        false => (if file.errors > 0 { "warn-c" } else { "t2" }, notes.join(" · ")),
    };
    let results = (file.events > 0 || file.duplicates > 0).then(|| {
        view! { <a href="/alerts" class="btn btn-quiet btn-sm acc-c" data-test="tray-results" on:click=|e| follow(e, "/alerts")>{t(k::TRAY_RESULTS)}</a> }
    });
    let hash = file.sha256.clone().map(|h| format!("SHA-256 {h}"));
    view! {
        <tr data-test="tray-file">
            <td class="mono p" title=hash><bdi>{visible(&file.name)}</bdi></td>
            <td class="t2">{file.format.as_deref().map(|f| visible(f).to_uppercase())}</td>
            <td class="num">{grouped(file.events)}</td>
            <td>{state}</td>
            <td class=tone title=notes.clone()>{notes.clone()}</td>
            <td class="num">{results}</td>
        </tr>
    }
    .into_any()
}
