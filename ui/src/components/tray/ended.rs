//! What an import says at its end: what was kept, what the rules did, and why there may be no alert.

use crate::{
    components::icon::Icon,
    data::jobs::import_result,
    i18n::{k, t, tn, tnf},
    text::visible,
};
use api::{
    jobs::{Job, JobStatus, Skip},
    siem::{ImportResult, RuleNote},
};
use leptos::prelude::*;

/// Lines shown of a long list.
const SHOWN: usize = 100;

/// What could not be read, by file and record.
pub fn skipped(skips: Vec<Skip>, total: u64) -> impl IntoView {
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
        view! { <li><bdi class="mono t11">{place}</bdi> <bdi class="t2">{visible(&skip.reason)}</bdi></li> }
    };
    view! {
        <details class="more">
            <summary class="warn-c" data-test="tray-skipped">{tn(k::TRAY_SKIPPED_N, total)}</summary>
            <ul>{skips.into_iter().take(SHOWN).map(line).collect_view()}</ul>
        </details>
    }
}

fn rules(summary: String, notes: &[RuleNote], test: &'static str) -> Option<impl IntoView + use<>> {
    if notes.is_empty() {
        return None;
    }
    let line = |note: &RuleNote| {
        view! { <li><bdi>{visible(&note.title)}</bdi> <span class="t3">{visible(&note.reason)}</span></li> }
    };
    let lines = notes.iter().take(SHOWN).map(line).collect_view();
    Some(view! {
        <details class="more"><summary data-test=test>{summary}</summary><ul>{lines}</ul></details>
    })
}

/// The last words of a job; only the newest one says at length why there may be no alert.
pub fn summary(job: &Job, newest: bool) -> impl IntoView + use<> {
    let result = &import_result(job);
    let none = newest && job.status == JobStatus::Done && result.alerts == 0;
    let rules_run = tnf(
        k::TRAY_RULES_RUN,
        result.rules_run,
        &[
            ("matches", &tn(k::COUNT_MATCHES, result.matches)),
            ("alerts", &tn(k::COUNT_ALERTS, result.alerts)),
        ],
    );
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
                {job.error.as_deref().map(|e| view! { <bdi class="err-c">{visible(e)}" "</bdi> })}
                {job.kept.as_deref().map(|kept| view! { <bdi>{visible(kept)}" "</bdi> })}
                <span data-test="tray-rules">{rules_run}</span>
                {none.then(|| view! { <p class="t2" data-test="tray-why-none">{why_none(result)}</p> })}
                <div class="row wrap notes">
                {rules(tn(k::TRAY_NOT_RUN, result.rules_not_run.len() as u64), &result.rules_not_run, "tray-not-run")}
                {rules(tn(k::TRAY_NO_CHANCE, result.rules_no_chance.len() as u64), &result.rules_no_chance, "tray-no-chance")}
                </div>
            </div>
        </div>
    }
}

/// Why an import ends without alerts, as far as its result tells.
pub fn why_none(result: &ImportResult) -> &'static str {
    if result.events == 0 && result.duplicates > 0 {
        t(k::WHY_NONE_DUPLICATES)
    } else if result.events == 0 {
        t(k::WHY_NONE_NO_EVENTS)
    } else if result.rules_run == 0 {
        t(k::WHY_NONE_NO_RULES)
    } else if result.rules_no_chance.len() as u64 >= result.rules_run {
        t(k::WHY_NONE_NO_CHANCE)
    } else {
        t(k::WHY_NONE_QUIET)
    }
}
