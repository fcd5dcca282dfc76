//! What an import says at its end: what was kept, what the rules did, and why there may be no alert.

use super::kinds;
use crate::{
    components::{english::English, icon::Icon},
    data::jobs::import_result,
    i18n::{k, t, tf, tn, tnf},
    numbers::{bytes, grouped},
    place::follow,
    state::app,
    text::visible,
};
use api::{
    jobs::{Job, JobStatus, Skip},
    siem::{ImportResult, RuleNote},
};
use leptos::prelude::*;

/// Lines shown of a long list.
const SHOWN: usize = 100;

/// What could not be read, and apart from it what is worth knowing about what was.
pub fn skipped(job: &Job) -> impl IntoView + use<> {
    let (notes, unread): (Vec<Skip>, Vec<Skip>) = job.skipped.iter().cloned().partition(|s| s.note);
    // The list holds the first ones only; where it is cut, the files' own counts say how many there are.
    let all = match job.skipped_total > job.skipped.len() as u64 {
        true => import_result(job).parse_errors.max(unread.len() as u64),
        false => unread.len() as u64,
    };
    let more = job.skipped_total.saturating_sub(all).max(notes.len() as u64);
    view! {
        {skips(unread, tn(k::TRAY_SKIPPED_N, all), "warn-c", "tray-skipped")}
        {skips(notes, tn(k::TRAY_NOTES_N, more), "t3", "tray-notes")}
    }
}

fn skips(list: Vec<Skip>, summary: String, tone: &'static str, test: &'static str) -> Option<impl IntoView> {
    if list.is_empty() {
        return None;
    }
    let line = |skip: Skip| {
        let mut place = visible(&skip.source);
        if let Some(member) = &skip.member {
            place += &format!(" / {}", visible(member));
        }
        if let Some(record) = skip.record {
            place += &format!(" #{record}");
        }
        if let Some(offset) = skip.offset {
            place += &format!(" @{offset}");
        }
        view! { <li class="gapped"><bdi class="mono t11 ltr">{place}</bdi><span class="t2"><English text=skip.reason /></span></li> }
    };
    Some(view! {
        <details class="more">
            <summary class=tone data-test=test>{summary}</summary>
            <ul tabindex="0">{list.into_iter().take(SHOWN).map(line).collect_view()}</ul>
        </details>
    })
}

fn rules(summary: String, notes: &[RuleNote], test: &'static str) -> Option<impl IntoView + use<>> {
    if notes.is_empty() {
        return None;
    }
    let line = |note: &RuleNote| {
        view! { <li class="gapped"><bdi>{visible(&note.title)}</bdi><span class="t3"><English text=note.reason.clone() /></span></li> }
    };
    let lines = notes.iter().take(SHOWN).map(line).collect_view();
    Some(view! {
        <details class="more"><summary data-test=test>{summary}</summary><ul tabindex="0">{lines}</ul></details>
    })
}

/// The last words of a job; only the newest one says at length why there may be no alert.
pub fn summary(job: &Job, newest: bool) -> impl IntoView + use<> {
    let words = words(job);
    let import = kinds::is_import(job).then(|| import_result(job));
    let none = import.clone().filter(|r| newest && job.status == JobStatus::Done && r.alerts == 0);
    let (icon, tone) = match job.status {
        JobStatus::Failed => ("warn", "err-c"),
        JobStatus::Cancelled | JobStatus::Paused => ("pause", "t3"),
        _ => ("radar", "t3"),
    };
    let state = match job.status {
        JobStatus::Done => None,
        status => Some(crate::i18n::word("job", status.as_str()).to_owned()),
    };
    view! {
        <div class="ended" data-test="tray-ended">
            <span class=tone><Icon name=icon class="i-14" /></span>
            <div class="grow">
                {state.map(|state| view! { <b class="med">{state}" "</b> })}
                {job.error.as_deref().map(|e| view! { <span class="err-c"><English text=e />" "</span> })}
                {job.kept.as_deref().map(|kept| view! { <span><English text=kept />" "</span> })}
                <span data-test="tray-rules">{words}</span>
                {none.map(|result| view! { <p class="t2" data-test="tray-why-none">{why_none(&result)}</p>{(result.events > 0).then(|| view! { <OfferRules /> })} })}
                {import.as_ref().and_then(super::zone::question)}
                <div class="row wrap notes">
                {notes(job)}
                </div>
            </div>
        </div>
    }
}

/// What the rules made of it, by the kind of job.
fn words(job: &Job) -> String {
    let counts = |key, rules, matches: u64, alerts: u64| {
        tnf(
            key,
            rules,
            &[("matches", &tn(k::COUNT_MATCHES, matches)), ("alerts", &tn(k::COUNT_ALERTS, alerts))],
        )
    };
    if let Some(removed) = kinds::removal(job) {
        return tf(
            k::SOURCE_REMOVED,
            &[
                ("events", &tn(k::COUNT_EVENTS, removed.events)),
                ("alerts", &tn(k::COUNT_ALERTS, removed.alerts)),
                ("size", &bytes(removed.bytes)),
            ],
        );
    }
    if let Some(run) = kinds::rule_run(job) {
        let alerts = run.alerts_created + run.alerts_updated;
        let scanned = tn(k::RUN_SCANNED_N, run.scanned);
        return format!("{scanned} {}", counts(k::TRAY_RULES_RUN, run.rules_run, run.matched, alerts));
    }
    if let Some(report) = kinds::pack_report(job).filter(|r| r.pack_id.is_empty()) {
        let all = [&report.pipelines_new, &report.pipelines_changed, &report.pipelines_unchanged];
        return tn(k::PIPELINES_ENDED, all.iter().map(|p| p.len() as u64).sum());
    }
    if let Some(report) = kinds::pack_report(job) {
        let args: [(&str, &dyn std::fmt::Display); 4] = [
            ("new", &grouped(report.new)),
            ("changed", &grouped(report.changed)),
            ("gone", &grouped(report.gone)),
            ("not_loaded", &grouped(report.not_loaded_total)),
        ];
        return tf(k::PACK_SUMMARY, &args);
    }
    if !kinds::is_import(job) {
        // Failed, with its error: there is no more to say.
        return String::new();
    }
    let result = import_result(job);
    counts(k::TRAY_RULES_RUN, result.rules_run, result.matches, result.alerts)
}

/// Rules that could not run or had no chance, and what a pack's import did in full.
fn notes(job: &Job) -> impl IntoView + use<> {
    let both = |not_run: &[RuleNote], n: u64, no_chance: &[RuleNote], m: u64| {
        view! {
            {rules(tn(k::TRAY_NOT_RUN, n.max(not_run.len() as u64)), not_run, "tray-not-run")}
            {rules(tn(k::TRAY_NO_CHANCE, m.max(no_chance.len() as u64)), no_chance, "tray-no-chance")}
        }
        .into_any()
    };
    if let Some(run) = kinds::rule_run(job) {
        return both(
            &run.rules_not_run,
            run.rules_not_run_total,
            &run.rules_no_chance,
            run.rules_no_chance_total,
        );
    }
    if kinds::pack_report(job).is_some() {
        let href = format!("/detections/packs?report={}", job.job_id);
        let to = href.clone();
        return view! { <a href=href data-test="tray-report" on:click=move |e| follow(e, &to)>{t(k::PACK_REPORT)}</a> }.into_any();
    }
    let r = import_result(job);
    both(&r.rules_not_run, r.rules_not_run_total, &r.rules_no_chance, r.rules_no_chance_total)
}

/// No alerts: more rules may say more.
#[component]
pub fn OfferRules() -> impl IntoView {
    app().may("siem:write").then(|| view! {
        <p class="row wrap"><span class="t3">{t(k::OFFER_RULES)}</span>
            <button class="btn btn-sm" data-test="offer-rules" on:click=|_| crate::pages::rules::import::ask()>{t(k::ACTION_RULES_IMPORT)}</button></p>
    })
}

/// Why an import ends without alerts, as far as its result tells.
pub fn why_none(result: &ImportResult) -> String {
    let words = if result.events == 0 && result.duplicates > 0 {
        t(k::WHY_NONE_DUPLICATES)
    } else if result.events == 0 {
        t(k::WHY_NONE_NO_EVENTS)
    } else if result.rules_run == 0 {
        t(k::WHY_NONE_NO_RULES)
    } else if result.rules_no_chance_total.max(result.rules_no_chance.len() as u64) >= result.rules_run {
        t(k::WHY_NONE_NO_CHANCE)
    } else {
        t(k::WHY_NONE_QUIET)
    };
    // The server may know more exactly, in English.
    match result.no_match_reason.as_deref().filter(|_| crate::i18n::language() == api::users::Language::En) {
        Some(reason) => visible(reason),
        None => words.to_owned(),
    }
}
