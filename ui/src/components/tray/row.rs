//! Rows of the tray: a file on its way, a file of a job, and what the job says at its end.

use super::{ended, kinds, names};
use crate::{
    clock::{self, span},
    components::{english::English, icon::Icon},
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
        let root = names::shared(&list.iter().map(|f| f.name.as_str()).collect::<Vec<_>>());
        let running = job.status;
        list.into_iter().take(SHOWN).enumerate().map(|(i, f)| (i, (running, root), f)).collect::<Vec<_>>()
    };
    let more = move || job.with(|j| j.as_ref().map_or(0, |j| kinds::more(j, SHOWN)));
    let bare_job = Memo::new(move |_| job.with(|j| j.as_ref().is_some_and(|j| kinds::files(j).is_empty())));
    view! {
        {move || if bare_job.get() { bare(job).into_any() } else { head(job).into_any() }}
        {move || ended.get().then(|| job.get()).flatten().map(|job| view! {
            <tr class="note"><td colspan="6">{ended::summary(&job, newest.get())}</td></tr>
        })}
        {move || (skips.get() > 0).then(|| {
            let lists = job.with_untracked(|j| j.as_ref().map(ended::skipped));
            view! { <tr class="note"><td colspan="6">{lists}</td></tr> }
        })}
        <For each=files key=|(i, state, f)| (*i, *state, f.state.clone(), f.events, f.duplicates, f.errors, f.bytes_done) let:item>
            {file(item.1, &item.2)}
        </For>
        {move || (more() > 0).then(|| view! { <tr><td colspan="6" class="t3">{tn(k::TRAY_MORE_FILES, more())}</td></tr> })}
    }
}

/// Which import the rows below belong to: its name, when it began, and a way to what it found.
fn head(job: Memo<Option<Job>>) -> impl IntoView {
    let name = move || job.with(|j| j.as_ref().map(import_name).unwrap_or_default());
    let time = move || job.with(|j| j.as_ref().map(|j| j.created_at));
    let found =
        Memo::new(move |_| job.with(|j| j.as_ref().is_some_and(|j| jobs::import_result(j).alerts > 0)));
    let zone = move || app().preferences.with(|p| p.time_zone);
    let told = move |of: fn(&Job) -> Option<String>| {
        Memo::new(move |_| job.with(|j| j.as_ref().filter(|j| alive(j)).and_then(of)))
    };
    let forecast = told(|job| {
        let told = jobs::import_result(job).forecast?;
        let args: [(&str, &dyn std::fmt::Display); 3] = [
            ("time", &span(told.seconds.max(1))),
            ("disk", &bytes(told.disk_bytes)),
            ("memory", &bytes(told.memory_bytes)),
        ];
        Some(tf(k::TRAY_FORECAST, &args))
    });
    let waits = told(|job| jobs::import_result(job).waits);
    view! {
        <tr class="note job-h" data-test="tray-head"><td colspan="6"><div class="row">
            <b class="med trunc"><bdi>{name}</bdi></b>
            {move || time().map(|at| view! { <time class="ltr t3" title=clock::both(at)>{clock::second(at, zone())}</time> })}
            {move || forecast.get().map(|words| view! { <span class="t3" data-test="tray-forecast">{words}</span> })}
            {move || waits.get().map(|words| view! { <span class="warn-c" role="status" data-test="tray-waits"><English text=words /></span> })}
            {move || found.get().then(|| view! {
                <a href="/alerts" class="btn btn-quiet btn-sm acc-c push" data-test="tray-results" on:click=|e| follow(e, "/alerts")>{t(k::TRAY_RESULTS)}</a>
            })}
        </div></td></tr>
    }
}

/// What a person calls an import: as it was chosen, else the folder of its files, else how many there are.
fn import_name(job: &Job) -> String {
    let files = kinds::files(job);
    let names: Vec<&str> = files.iter().map(|f| f.name.as_str()).collect();
    let root = names.first().map(|first| names::last(&first[..names::shared(&names)])).unwrap_or_default();
    match (kinds::name(job), names.as_slice()) {
        (Some(name), _) => visible(&name),
        (None, [only]) => visible(names::last(only)),
        (None, all) if root.is_empty() => tn(k::COUNT_FILES, all.len() as u64),
        (None, _) => visible(root),
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

/// What a file is: a format in capitals, or a sentence where it is none of those.
fn format(file: &ImportFile) -> Option<AnyView> {
    let format = file.format.as_deref()?;
    let word = format.chars().all(|c| c.is_ascii_alphanumeric() || "/+_-".contains(c));
    Some(match word {
        true => visible(format).to_uppercase().into_any(),
        false => view! { <English text=format /> }.into_any(),
    })
}

/// What is to be said of a file beside its counts, and in which tone.
fn remarks(file: &ImportFile) -> (&'static str, Vec<String>) {
    let mut out = Vec::new();
    if let Some(reason) = &file.reason {
        out.push(visible(reason));
    }
    if file.errors > 0 {
        out.push(tn(k::TRAY_BAD_RECORDS, file.errors));
    }
    if file.duplicates > 0 {
        out.push(tn(k::TRAY_DUPLICATES, file.duplicates));
    }
    if let Some(size) = file.grown_from {
        out.push(tf(k::TRAY_GROWN, &[("size", &bytes(size))]));
    }
    match (file.equal, file.equal_is_lower_bound) {
        (0, _) => {}
        (n, false) => out.push(tn(k::TRAY_EQUAL, n)),
        (n, true) => out.push(tn(k::TRAY_EQUAL_LEAST, n)),
    }
    if file.unchanged == Some(false) {
        out.push(t(k::TRAY_CHANGED).to_owned());
    }
    let tone = match (file.state.as_str(), file.errors) {
        ("refused", _) => "err-c",
        (_, 1..) => "warn-c",
        _ if out.is_empty() => "t3",
        _ => "t2",
    };
    if out.is_empty() {
        out.push(t(k::TRAY_NOTHING_SKIPPED).to_owned());
    }
    (tone, out)
}

/// `root` bytes of the name are those of the folder that all files of the import lie in.
fn file((job, root): (JobStatus, usize), file: &ImportFile) -> AnyView {
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
    let (tone, notes) = remarks(file);
    let title = notes.join(" · ");
    let notes = notes.into_iter().map(|n| view! { <bdi>{n}</bdi> }).collect_view();
    let hash = file.sha256.as_ref().map(|h| format!("\nSHA-256 {h}")).unwrap_or_default();
    let short = visible(file.name.get(root..).unwrap_or(&file.name));
    let (start, end) = names::halves(&short);
    view! {
        <tr data-test="tray-file">
            <td class="mono p" title=format!("{}{hash}", visible(&file.name))><span class="mid"><span>{start.to_owned()}</span><span>{end.to_owned()}</span></span></td>
            <td class="t2">{format(file)}</td>
            <td class="num">{grouped(file.events)}</td>
            <td>{state}</td>
            <td colspan="2" class=tone title=title><span class="dots">{notes}</span></td>
        </tr>
    }
    .into_any()
}
