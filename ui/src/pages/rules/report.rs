//! What an import of rules did: what is new, changed, gone, and what did not load and why.

use crate::{
    components::{icon::Icon, tray::kinds},
    data::{client, jobs},
    i18n::{Key, k, t, tf, tn},
    numbers::{grouped, percent},
    place::{follow, replace},
    state::app,
    text::visible,
};
use api::{
    detections::{NotLoaded, PackReport, PackRule},
    jobs::{Job, JobGet, JobPath},
};
use leptos::{prelude::*, task::spawn_local};

/// Lines shown of a long list.
const SHOWN: usize = 500;

/// The report of a job, from the moment it begins.
#[component]
pub fn Report(job_id: String) -> impl IntoView {
    let app = app();
    let past = RwSignal::new(None::<Job>);
    let wanted = job_id.clone();
    // A link may name a job that the tray has forgotten.
    if !app.jobs.with_untracked(|all| all.iter().any(|j| j.job_id == job_id)) {
        spawn_local(async move {
            if let Ok(job) = client::get::<JobGet>(JobPath { job_id }).await {
                let _ = past.try_set(Some(job));
            }
        });
    }
    let job = move || {
        let known = app.jobs.with(|all| all.iter().find(|j| j.job_id == wanted).cloned());
        known.or_else(|| past.get())
    };
    let close = |_| replace(app_place().with("report", ""));
    view! {
        <div class="sec report" data-test="pack-report">
            {move || match job() {
                None => view! { <span class="skel"></span> }.into_any(),
                Some(job) if jobs::alive(&job) => view! {
                    <p class="row"><span>{t(k::PACK_READING)}</span><span class="num ltr">{format!("{}%", percent(job.done, job.total))}</span></p>
                }.into_any(),
                Some(job) => match kinds::pack_report(&job) {
                    Some(report) if job.error.is_none() => done(report).into_any(),
                    _ => view! {
                        <p class="notice err" role="alert"><Icon name="warn" /><bdi dir="ltr">{job.error.as_deref().map(visible)}</bdi></p>
                    }.into_any(),
                },
            }}
            <div><button class="btn btn-sm" data-test="pack-report-close" on:click=close>{t(k::CLOSE)}</button></div>
        </div>
    }
}

fn app_place() -> crate::place::Place {
    app().place.get_untracked()
}

fn done(r: PackReport) -> impl IntoView {
    let number = |n: u64, label: Key, tone: &'static str| {
        let class = match n {
            0 => "t3",
            _ => tone,
        };
        view! { <li><b class=class>{grouped(n)}</b>" "<span class="t2">{t(label)}</span></li> }
    };
    let rules = |label: Key, all: Vec<PackRule>, total: u64, test: &'static str| {
        let line = |r: &PackRule| {
            let href = format!("/detections/rules?id={}", r.rule_id);
            let to = href.clone();
            view! { <li><a href=href data-test="report-rule" on:click=move |e| follow(e, &to)><bdi>{visible(&r.title)}</bdi></a>" "<bdi class="t3 mono t11">{visible(&r.file)}</bdi></li> }
        };
        (!all.is_empty()).then(|| view! {
            <details class="more"><summary data-test=test>{t(label)}" "<span class="num">{grouped(total)}</span></summary><ul>{all.iter().take(SHOWN).map(line).collect_view()}</ul></details>
        })
    };
    let from = r.previous_version.clone();
    let only_pipelines = r.pack_id.is_empty();
    let version = match from {
        _ if only_pipelines => t(k::PACK_ONLY_PIPELINES).to_owned(),
        Some(before) => {
            tf(k::PACK_UPDATED, &[("name", &visible(&r.name)), ("before", &before), ("version", &r.version)])
        }
        None => tf(k::PACK_IMPORTED, &[("name", &visible(&r.name)), ("version", &r.version)]),
    };
    view! {
        <h2><bdi>{version}</bdi></h2>
        <p class="t3 t12">{tn(k::COUNT_FILES, r.files)}" · "{tn(k::COUNT_DOCUMENTS, r.documents)}</p>
        {pipelines(k::PIPELINES_NEW, &r.pipelines_new)}
        {pipelines(k::PIPELINES_CHANGED, &r.pipelines_changed)}
        {pipelines(k::PIPELINES_UNCHANGED, &r.pipelines_unchanged)}
        {(!only_pipelines).then(|| view! { <ul class="numbers" data-test="report-numbers">
            {number(r.new, k::PACK_NEW, "ok-c")}{number(r.changed, k::PACK_CHANGED, "acc-c")}{number(r.gone, k::PACK_GONE, "warn-c")}{number(r.unchanged, k::PACK_UNCHANGED, "")}
            {number(r.kept_local, k::PACK_KEPT_LOCAL, "")}{number(r.elsewhere, k::PACK_ELSEWHERE, "")}{number(r.needs_configuration_total, k::PACK_NEEDS, "warn-c")}
            {number(r.cannot_run_total, k::PACK_CANNOT, "warn-c")}{number(r.not_loaded_total, k::PACK_NOT_LOADED, "err-c")}
        </ul> })}
        {not_loaded(r.not_loaded, r.not_loaded_total)}
        {rules(k::PACK_NEEDS, r.needs_configuration, r.needs_configuration_total, "report-needs")}
        {rules(k::PACK_NEW, r.new_rules, r.new, "report-new")}
        {rules(k::PACK_CHANGED, r.changed_rules, r.changed, "report-changed")}
        {rules(k::PACK_GONE, r.gone_rules, r.gone, "report-gone")}
        {rules(k::PACK_ELSEWHERE, r.elsewhere_rules, r.elsewhere, "report-elsewhere")}
    }
}

/// Pipelines that came in, in one line.
fn pipelines(label: Key, names: &[String]) -> Option<impl IntoView + use<>> {
    let names: Vec<_> = names.iter().map(|n| visible(n)).collect();
    (!names.is_empty()).then(|| view! {
        <p class="t12" data-test="report-pipelines"><span class="t2">{t(label)}</span>" "<bdi>{names.join(" · ")}</bdi></p>
    })
}

fn not_loaded(all: Vec<NotLoaded>, total: u64) -> Option<impl IntoView> {
    if all.is_empty() {
        return None;
    }
    let line = |n: &NotLoaded| {
        let at = format!("{}:{}", n.problem.line, n.problem.column);
        view! { <tr><td class="mono"><bdi>{visible(&n.file)}</bdi></td><td class="mono num">{at}</td><td class="p lines"><bdi>{visible(&n.problem.reason)}</bdi></td></tr> }
    };
    Some(view! {
        <details class="more" open=true><summary class="err-c" data-test="report-not-loaded">{t(k::PACK_NOT_LOADED)}" "<span class="num">{grouped(total)}</span></summary>
            <div class="not-loaded scroll" tabindex="0" role="region" aria-label=t(k::PACK_NOT_LOADED)><table class="tbl flat rel dense"><thead><tr><th>{t(k::TRAY_FILE)}</th><th class="num cw-n">{t(k::COL_PLACE)}</th><th>{t(k::ABOUT_REASON)}</th></tr></thead>
                <tbody>{all.iter().take(SHOWN).map(line).collect_view()}</tbody></table></div></details>
    })
}
