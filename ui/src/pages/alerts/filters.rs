//! The filter bar: search, severities, and what else narrows the list, as pills that can be taken away.

use super::{moves::SEARCH, query};
use crate::{
    components::{icon::Icon, severity::SeverityMark},
    i18n::{k, t, tf, word},
    place::replace,
    state::app,
    text::visible,
};
use api::alerts::Severity;
use leptos::prelude::*;
use std::{cell::Cell, time::Duration};

/// A pause in typing after which the server is asked.
const PAUSE: Duration = Duration::from_millis(200);

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
        let shown = query::PILLS.iter().chain(&["from", "to"]).filter(|n| !place.get(n).is_empty());
        shown.map(|name| pill(name, place.get(name))).collect_view()
    };
    let clear = move || {
        place.with(query::narrowed).then(|| {
            view! {
                <button class="btn btn-quiet btn-sm" data-test="filter-clear" on:click=move |_| {
                    let kept = crate::pages::alerts::at("tab", place.with_untracked(|p| p.get("tab").to_owned()).as_str());
                    replace(kept.with("id", place.get_untracked().get("id")).with("sort", place.get_untracked().get("sort")));
                }>{t(k::FILTER_CLEAR)}</button>
            }
        })
    };
    view! {
        <div class="bar filters">
            <label class="field search">
                <Icon name="search" class="i-14" />
                <input id=SEARCH type="search" aria-label=t(k::SEARCH_LABEL) placeholder=t(k::SEARCH_PLACEHOLDER)
                    prop:value=move || q.get() data-test="search" autocomplete="off" spellcheck="false"
                    on:input:target=|e| typed(e.target().value()) />
                <kbd class="kbd">"/"</kbd>
            </label>
            <div class="sevs" role="group" aria-label=t(k::FILTER_SEVERITY)>
                {Severity::ALL.iter().rev().map(|s| severity(*s)).collect_view()}
            </div>
            {pills}
            {clear}
        </div>
    }
}

fn severity(severity: Severity) -> impl IntoView {
    let place = app().place;
    let on = move || place.with(|p| query::severities(p).contains(&severity));
    let name = word("severity", severity.as_str());
    view! {
        <button class="btn btn-quiet btn-sm sev-btn" aria-pressed=move || on().to_string() title=name data-test=format!("severity-{severity}")
            on:click=move |_| replace(query::toggle_severity(place.get_untracked(), severity))>
            <SeverityMark severity=severity />
        </button>
    }
}

fn pill(name: &'static str, value: &str) -> impl IntoView + use<> {
    let label = word("filter", name);
    let remove = tf(k::FILTER_REMOVE, &[("name", &label)]);
    view! {
        <span class="pill">
            <span class="k">{label}</span><b class="med trunc pill-v"><bdi>{visible(value)}</bdi></b>
            <button class="x" aria-label=remove data-test=format!("pill-{name}")
                on:click=move |_| replace(app().place.get_untracked().with(name, ""))><Icon name="x" class="i-12" /></button>
        </span>
    }
}
