//! Import tray: what is being read, how far, what was skipped and why, and what the rules made of it.

mod ended;
pub use ended::{OfferRules, why_none};
pub mod kinds;
pub mod names;
mod row;
pub mod zone;

use crate::{
    actions::hint,
    components::icon::Icon,
    data::jobs,
    i18n::{k, t, tf, tn},
    numbers::{grouped, percent},
    state::app,
};
use api::jobs::{Job, JobStatus};
use leptos::prelude::*;

/// The tray; takes no room while it is closed.
#[component]
pub fn Tray() -> impl IntoView {
    let app = app();
    view! {
        <Show when=move || app.tray.get()>
            <section class="tray" aria-label=t(k::TRAY_LABEL) data-test="tray">
                <Head />
                <div class="scroll tray-b" tabindex="0" role="region" aria-label=t(k::TRAY_FILES)>
                    <table class="tbl dense">
                        <thead><tr>
                            <th>{t(k::TRAY_FILE)}</th>
                            <th class="tw-format">{t(k::TRAY_FORMAT)}</th>
                            <th class="num tw-n">{t(k::TRAY_EVENTS)}</th>
                            <th class="tw-progress">{t(k::TRAY_PROGRESS)}</th>
                            <th>{t(k::TRAY_SKIPPED)}</th>
                            <th class="tw-act"><span class="sr">{t(k::TRAY_ACTIONS)}</span></th>
                        </tr></thead>
                        <tbody>
                            <For each=move || app.uploads.with(|all| all.iter().map(|u| u.id).collect::<Vec<_>>()) key=|id| *id let:id>
                                <row::UploadRow id=id />
                            </For>
                            <For each=move || app.jobs.with(|all| all.iter().map(|j| j.job_id.clone()).collect::<Vec<_>>()) key=Clone::clone let:id>
                                <row::JobRows id=id />
                            </For>
                        </tbody>
                    </table>
                    {move || (app.jobs.with(Vec::is_empty) && app.uploads.with(Vec::is_empty)).then(|| view! {
                        <div class="empty"><h3>{t(k::TRAY_EMPTY)}</h3><p>{t(k::TRAY_EMPTY_TEXT)}</p></div>
                    })}
                </div>
            </section>
        </Show>
    }
}

fn alive() -> Vec<Job> {
    app().jobs.with(|all| all.iter().filter(|j| jobs::alive(j)).cloned().collect())
}

#[component]
fn Head() -> impl IntoView {
    let each = |f: fn(String), of: fn(JobStatus) -> bool| {
        move |_| {
            alive_untracked()
                .into_iter()
                .filter(|j| of(j.status) && kinds::stops(j))
                .for_each(|j| f(j.job_id))
        }
    };
    let title = move || {
        let alive = alive();
        match alive.len() as u64 + app().uploads.with(|u| u.len() as u64) {
            0 => t(k::TRAY_TITLE).to_owned(),
            n => tn(k::TRAY_RUNNING, n),
        }
    };
    let facts = move || {
        let alive = alive();
        let (done, total) = alive.iter().fold((0, 0), |(d, t), j| (d + j.done, t + j.total));
        if total == 0 {
            return String::new();
        }
        let mut out = format!("\u{2066}{}%\u{2069}", percent(done, total));
        if let Some(left) = alive.iter().filter_map(|j| j.eta_s).max() {
            out += &format!(", {}", tf(k::TRAY_LEFT, &[("time", &crate::clock::span(left))]));
        }
        let rate: f64 = alive.iter().map(|j| j.rate).sum();
        let unit = alive.first().map(|j| j.unit.clone()).unwrap_or_default();
        if rate > 0.0 {
            let per_second =
                if unit == "bytes" { crate::numbers::bytes(rate as u64) } else { grouped(rate as u64) };
            out += &format!(", {}", tf(k::TRAY_RATE, &[("rate", &per_second)]));
        }
        out
    };
    let running = move || {
        alive().iter().any(|j| matches!(j.status, JobStatus::Running | JobStatus::Queued) && kinds::stops(j))
    };
    let paused = move || alive().iter().any(|j| j.status == JobStatus::Paused);
    view! {
        <div class="tray-h">
            <Icon name="import" class="i-14" />
            <b class="semi" data-test="tray-title">{title}</b>
            <span class="t3" data-test="tray-facts">{facts}</span>
            <span class="push row row-1">
                <Show when=running>
                    <button class="btn btn-quiet btn-sm" data-test="import-pause"
                        on:click=each(jobs::pause, |s| s != JobStatus::Paused)><Icon name="pause" class="i-14" />{t(k::PAUSE)}</button>
                </Show>
                <Show when=paused>
                    <button class="btn btn-quiet btn-sm" data-test="import-resume"
                        on:click=each(jobs::resume, |s| s == JobStatus::Paused)><Icon name="play" class="i-14" />{t(k::RESUME)}</button>
                </Show>
                <Show when=move || running() || paused()>
                    <button class="btn btn-quiet btn-sm" data-test="import-cancel"
                        on:click=each(jobs::cancel, |_| true)><Icon name="stop" class="i-14" />{t(k::CANCEL_IMPORT)}</button>
                </Show>
                <button class="btn btn-icon btn-quiet btn-sm" data-test="tray-close"
                    aria-label=t(k::TRAY_CLOSE) title=format!("{} ({})", t(k::TRAY_CLOSE), hint("tray"))
                    on:click=|_| app().tray.set(false)><Icon name="chev" /></button>
            </span>
        </div>
    }
}

fn alive_untracked() -> Vec<Job> {
    app().jobs.with_untracked(|all| all.iter().filter(|j| jobs::alive(j)).cloned().collect())
}
