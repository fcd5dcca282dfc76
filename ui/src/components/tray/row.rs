//! Rows of the tray: a file on its way, a file of a job, and what the job says at its end.

use super::{ended, kinds};
use crate::{
    clock::span,
    components::icon::Icon,
    data::{
        jobs::{self, alive},
        upload,
    },
    i18n::{k, t, tf, tn, word},
    numbers::{bytes, grouped, percent},
    place::follow,
    state::{Upload, app},
    text::visible,
};
use api::{
    jobs::{Job, JobStatus},
    siem::ImportFile,
};
use leptos::prelude::*;

/// Files shown of one job; the totals count all.
const SHOWN: usize = 200;

fn bar(part: Memo<u64>) -> impl IntoView {
    view! {
        <div class="row">
            <div class="prog" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow=move || part.get().to_string()
                aria-label=t(k::TRAY_PROGRESS)><i style:inline-size=move || format!("{}%", part.get())></i></div>
            <span class="num ltr">{move || format!("{}%", part.get())}</span>
        </div>
    }
}

/// Files that a browser sends: how far, how fast, how long.
#[component]
pub fn UploadRow(id: u64) -> impl IntoView {
    let app = app();
    let of = move |f: fn(&Upload) -> String| {
        Memo::new(move |_| app.uploads.with(|all| all.iter().find(|u| u.id == id).map(f).unwrap_or_default()))
    };
    let part = Memo::new(move |_| {
        app.uploads.with(|all| all.iter().find(|u| u.id == id).map_or(0, |u| percent(u.sent, u.total)))
    });
    let failed = of(|u| u.failed.clone().unwrap_or_default());
    let left = of(|u| {
        let mut facts = vec![format!("\u{2066}{} / {}\u{2069}", bytes(u.sent), bytes(u.total))];
        if u.speed.rate() > 0 {
            facts.push(tf(k::TRAY_RATE, &[("rate", &bytes(u.speed.rate()))]));
        }
        facts.extend(u.speed.left(u.total).map(|left| tf(k::TRAY_LEFT, &[("time", &span(left))])));
        facts.join(", ")
    });
    let name = of(|u| visible(&u.name));
    let refused = move || !failed.with(String::is_empty);
    view! {
        <tr data-test="tray-upload">
            <td class="mono p"><bdi>{name}</bdi></td>
            <td class="t3">{t(k::TRAY_UPLOADING)}</td>
            <td class="num"></td>
            <td>{move || match refused() {
                true => view! { <span class="status err"><Icon name="x" class="i-12" />{t(k::TRAY_REFUSED)}</span> }.into_any(),
                false => bar(part).into_any(),
            }}</td>
            <td class:err-c=refused class="t3" data-test="tray-upload-facts">{move || if refused() { failed.get() } else { left.get() }}</td>
            <td class="num">{move || match refused() {
                true => view! {
                    <button class="btn btn-quiet btn-sm" data-test="tray-dismiss"
                        on:click=move |_| app.uploads.update(|all| all.retain(|u| u.id != id))>{t(k::CLOSE)}</button>
                }.into_any(),
                false => view! {
                    <button class="btn btn-quiet btn-sm" data-test="tray-upload-cancel" on:click=move |_| upload::cancel(id)>{t(k::CANCEL)}</button>
                }.into_any(),
            }}</td>
        </tr>
    }
}

/// All rows of a job: how it ended, then its files. A row is only made new when what it shows has changed: a click or an open list survives progress.
#[component]
pub fn JobRows(id: String) -> impl IntoView {
    let app = app();
    let job = Memo::new_with_compare(
        move |_| app.jobs.with(|all| all.iter().find(|j| j.job_id == id).cloned()),
        |a, b| match (a.and_then(Option::as_ref), b.and_then(Option::as_ref)) {
            (Some(a), Some(b)) => !jobs::same(a, b),
            (a, b) => a.is_some() != b.is_some(),
        },
    );
    let with = move |f: fn(&Job) -> u64| job.with(|j| j.as_ref().map(f).unwrap_or_default());
    let newest = Memo::new(move |_| {
        let first = app.jobs.with(|all| all.first().map(|j| j.job_id.clone()));
        job.with(|j| j.as_ref().is_some_and(|j| Some(&j.job_id) == first.as_ref()))
    });
    let skips = Memo::new(move |_| with(|j| j.skipped_total));
    let ended = Memo::new(move |_| {
        job.with(|j| j.as_ref().is_some_and(|j| !alive(j) || j.status == JobStatus::Paused))
    });
    let files = move || {
        let Some(job) = job.get() else { return Vec::new() };
        let list = kinds::files(&job);
        let running = job.status;
        list.into_iter().take(SHOWN).enumerate().map(|(i, f)| (i, running, f)).collect::<Vec<_>>()
    };
    let more = move || job.with(|j| j.as_ref().map_or(0, |j| kinds::more(j, SHOWN)));
    let bare_job = Memo::new(move |_| job.with(|j| j.as_ref().is_some_and(|j| kinds::files(j).is_empty())));
    view! {
        {move || bare_job.get().then(|| bare(job))}
        {move || ended.get().then(|| job.get()).flatten().map(|job| view! {
            <tr class="note"><td colspan="6">{ended::summary(&job, newest.get())}</td></tr>
        })}
        {move || (skips.get() > 0).then(|| {
            let skips = job.with_untracked(|j| j.as_ref().map(|j| (j.skipped.clone(), j.skipped_total)).unwrap_or_default());
            view! { <tr class="note"><td colspan="6">{ended::skipped(skips.0, skips.1)}</td></tr> }
        })}
        <For each=files key=|(i, status, f)| (*i, *status, f.state.clone(), f.events, f.duplicates, f.errors, f.bytes_done) let:item>
            {file(item.1, &item.2)}
        </For>
        {move || (more() > 0).then(|| view! { <tr><td colspan="6" class="t3">{tn(k::TRAY_MORE_FILES, more())}</td></tr> })}
    }
}

/// A job that has not told its files yet, or has none.
fn bare(job: Memo<Option<Job>>) -> impl IntoView {
    let words = move || job.with(|j| j.as_ref().map_or("", |j| word("job", j.status.as_str())).to_owned());
    let name = move || job.with(|j| j.as_ref().and_then(kinds::name)).map(|n| visible(&n));
    let part = Memo::new(move |_| job.with(|j| j.as_ref().map_or(0, |j| percent(j.done, j.total))));
    let lives = Memo::new(move |_| job.with(|j| j.as_ref().is_some_and(alive)));
    view! {
        <tr data-test="tray-job"><td class="mono p"><bdi>{move || name().unwrap_or_else(words)}</bdi></td><td></td><td class="num"></td>
            <td>{move || if lives.get() { bar(part).into_any() } else { words().into_any() }}</td><td></td><td></td></tr>
    }
}

fn file(job: JobStatus, file: &ImportFile) -> AnyView {
    let glyph = |tone: &'static str, icon: &'static str| {
        let words = word("file", &file.state).to_owned();
        view! { <span class=format!("status {tone}")><Icon name=icon class="i-12" />{words}</span> }
            .into_any()
    };
    let state = match file.state.as_str() {
        "running" if job == JobStatus::Running => {
            let part = percent(file.bytes_done, file.size);
            bar(Memo::new(move |_| part)).into_any()
        }
        "done" => glyph("ok", "check"),
        "partial" => glyph("warn", "warn"),
        "refused" => glyph("err", "x"),
        "running" if job == JobStatus::Paused => glyph("mute", "pause"),
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
