//! Status bar: the keys that work here and now, and what lies in the workspace.

use crate::{
    actions::{self, Action, keys},
    data::session,
    i18n::{k, t, tf, tn},
    numbers::bytes,
    pages::rules::{editor, query::View},
    state::app,
};
use api::users::TimeZone;
use leptos::prelude::*;

/// Keys worth showing on the alerts page, with their short words.
const ALERT_KEYS: &[(&[&str], crate::i18n::Key)] = &[
    (&["next", "previous"], k::KEYS_MOVE),
    (&["open"], k::KEYS_OPEN),
    (&["select"], k::KEYS_SELECT),
    (&["acknowledge"], k::KEYS_ACKNOWLEDGE),
    (&["search"], k::KEYS_SEARCH),
    (&["undo"], k::UNDO),
];
const RULE_KEYS: &[(&[&str], crate::i18n::Key)] = &[
    (&["rule-next", "rule-previous"], k::KEYS_MOVE),
    (&["rule-open"], k::KEYS_OPEN),
    (&["rule-select"], k::KEYS_SELECT),
    (&["rule-run"], k::KEYS_RUN),
    (&["rule-edit"], k::KEYS_EDIT),
    (&["rule-search"], k::KEYS_SEARCH),
];
const CASE_KEYS: &[(&[&str], crate::i18n::Key)] =
    &[(&["case-next", "case-previous"], k::KEYS_MOVE), (&["case-open"], k::KEYS_OPEN)];
const EDITOR_KEYS: &[(&[&str], crate::i18n::Key)] =
    &[(&["rule-save"], k::KEYS_SAVE), (&["rule-next-problem"], k::KEYS_NEXT_PROBLEM)];
const OTHER_KEYS: &[(&[&str], crate::i18n::Key)] =
    &[(&["palette"], k::KEYS_COMMANDS), (&["help"], k::KEYS_ALL)];

fn caps(ids: &'static [&'static str]) -> impl IntoView {
    let caps = ids.iter().filter_map(|id| actions::find(id)?.keys.first());
    caps.map(|key| view! { <kbd class="kbd">{keys::name(key)}</kbd> }).collect_view()
}

/// The bar.
#[component]
pub fn StatusBar() -> impl IntoView {
    let app = app();
    let here = Memo::new(move |_| {
        app.place.with(|p| match p.path.split('/').nth(1) {
            Some("alerts") => ALERT_KEYS,
            Some("cases") => CASE_KEYS,
            Some("detections") if !View::known(p) => &[],
            Some("detections") if editor::is_open(p) => EDITOR_KEYS,
            Some("detections") if View::of(p) == View::Rules => RULE_KEYS,
            _ => &[],
        })
    });
    let allowed = |id: &&'static str| actions::find(id).is_some_and(Action::allowed);
    let row = move |(ids, label): &(&'static [&'static str], crate::i18n::Key)| {
        ids.iter().any(allowed).then(|| view! { <span>{caps(ids)}{t(*label)}</span> })
    };
    let stored = move || {
        app.stats.with(|s| {
            s.as_ref().map(|s| {
                if s.events == 0 {
                    t(k::STATUS_EMPTY).to_owned()
                } else {
                    format!("{} · \u{2066}{}\u{2069}", tn(k::COUNT_EVENTS, s.events), bytes(s.store_bytes))
                }
            })
        })
    };
    let zone = move || match app.preferences.with(|p| p.time_zone) {
        TimeZone::Utc => tf(k::STATUS_TIMES, &[("zone", &"UTC")]),
        TimeZone::Local => t(k::STATUS_TIMES_LOCAL).to_owned(),
    };
    view! {
        <footer class="statusbar">
            <div class="keys">
                {move || here.get().iter().map(row).collect_view()}
                {OTHER_KEYS.iter().map(row).collect_view()}
            </div>
            <div class="facts">
                <span data-test="stored">{stored}</span>
                <button class="fact" data-test="times" title=t(k::ACTION_TIMES) on:click=|_| session::prefer(|p| {
                    p.time_zone = if p.time_zone == TimeZone::Utc { TimeZone::Local } else { TimeZone::Utc };
                })>{zone}</button>
            </div>
        </footer>
    }
}
