//! The filter bar of the rules: search, levels, states, origins, and the rest as pills that can be taken away.

use super::{moves::SEARCH, query};
use crate::{
    components::{icon::Icon, menu::Menu, severity::SeverityMark},
    i18n::{k, t, tf, word},
    place::replace,
    state::app,
    text::visible,
};
use api::alerts::Severity;
use leptos::prelude::*;
use std::{cell::Cell, time::Duration};

/// A pause in typing after which the server is asked.
const PAUSE: Duration = Duration::from_millis(150);

thread_local! { static TYPED: Cell<u64> = const { Cell::new(0) }; }

fn typed(text: String) {
    let turn = TYPED.get() + 1;
    TYPED.set(turn);
    set_timeout(
        move || {
            if TYPED.get() == turn {
                replace(app().place.get_untracked().with("q", text.trim()));
            }
        },
        PAUSE,
    );
}

/// The bar.
#[component]
pub fn Filters() -> impl IntoView {
    let place = app().place;
    let q = Memo::new(move |_| place.with(|p| p.get("q").to_owned()));
    let pills = move || {
        let place = place.get();
        let shown = query::PILLS.iter().chain(&["state", "origin"]).filter(|n| !place.get(n).is_empty());
        shown.map(|name| pill(name, place.get(name))).collect_view()
    };
    let clear = move || {
        place.with(query::narrowed).then(|| {
            view! {
                <button class="btn btn-quiet btn-sm" data-test="filter-clear" on:click=move |_| replace(cleared())>{t(k::FILTER_CLEAR)}</button>
            }
        })
    };
    let face = view! { <Icon name="filter" class="i-14" /><span class="c-m">{t(k::FILTER)}</span> };
    view! {
        <div class="bar filters rules-filters">
            <label class="field search">
                <Icon name="search" class="i-14" />
                <input id=SEARCH type="search" aria-label=t(k::RULES_SEARCH) placeholder=t(k::RULES_SEARCH)
                    prop:value=move || q.get() data-test="rules-search" autocomplete="off" spellcheck="false"
                    on:input:target=|e| typed(e.target().value()) />
                <kbd class="kbd">"/"</kbd>
            </label>
            <div class="sevs" role="group" aria-label=t(k::FILTER_SEVERITY)>
                {Severity::ALL.iter().rev().map(|s| level(*s)).collect_view()}
            </div>
            <Menu id="rules-filter" class="btn btn-quiet btn-sm" label=t(k::FILTER) face=face.into_any()>
                <div class="menu-h">{t(k::COL_STATE)}</div>
                {query::STATES.iter().map(|s| item("state", s.as_str(), "rule-state")).collect_view()}
                <div class="menu-sep"></div>
                <div class="menu-h">{t(k::RULE_ORIGIN)}</div>
                {query::ORIGINS.iter().map(|o| item("origin", o.as_str(), "rule-origin")).collect_view()}
            </Menu>
            {pills}
            {clear}
        </div>
    }
}

/// The list without its filters.
pub fn cleared() -> crate::place::Place {
    let names = ["q", "level", "state", "origin"];
    names.iter().chain(query::PILLS).fold(app().place.get_untracked(), |p, n| p.with(n, ""))
}

fn item(name: &'static str, value: &'static str, words: &'static str) -> impl IntoView {
    let place = app().place;
    let on = move || place.with(|p| query::words(p, name).iter().any(|w| w == value));
    view! {
        <button class="menu-item" role="menuitemcheckbox" aria-checked=move || on().to_string() data-test=format!("filter-{name}-{value}")
            on:click=move |_| replace(query::toggle(place.get_untracked(), name, value))>
            <span class="check" class:checked=on></span>{word(words, value).to_owned()}
        </button>
    }
}

fn level(severity: Severity) -> impl IntoView {
    let place = app().place;
    let own = query::sigma_level(severity);
    let on = move || place.with(|p| query::words(p, "level").iter().any(|w| w == own));
    let name = word("severity", severity.as_str());
    view! {
        <button class="btn btn-quiet btn-sm sev-btn" aria-pressed=move || on().to_string() title=name data-test=format!("level-{severity}")
            on:click=move |_| replace(query::toggle(place.get_untracked(), "level", own))>
            <SeverityMark severity=severity />
        </button>
    }
}

fn pill(name: &'static str, value: &str) -> impl IntoView + use<> {
    let label = word("filter", name);
    let remove = tf(k::FILTER_REMOVE, &[("name", &label)]);
    let kind = if name == "state" { "rule-state" } else { "rule-origin" };
    let shown: Vec<String> = value.split(',').map(|v| visible(word(kind, v))).collect();
    view! {
        <span class="pill">
            <span class="k">{label}</span><b class="med trunc pill-v"><bdi>{shown.join(", ")}</bdi></b>
            <button class="x" aria-label=remove data-test=format!("pill-{name}")
                on:click=move |_| replace(app().place.get_untracked().with(name, ""))><Icon name="x" class="i-12" /></button>
        </span>
    }
}
