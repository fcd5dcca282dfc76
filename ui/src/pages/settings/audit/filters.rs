//! The filters of the audit log; what stands in them stands in the address.

use super::FILTERS;
use crate::{
    clock,
    i18n::{Key, k, t},
    place::replace,
    state::app,
};
use api::Time;
use leptos::prelude::*;
use std::{cell::Cell, time::Duration};

/// A pause in typing after which the server is asked.
const PAUSE: Duration = Duration::from_millis(250);

thread_local! { static TYPED: Cell<u64> = const { Cell::new(0) }; }

fn typed(name: &'static str, text: String) {
    let turn = TYPED.get() + 1;
    TYPED.set(turn);
    set_timeout(
        move || {
            if TYPED.get() == turn {
                replace(app().place.get_untracked().with(name, text.trim()));
            }
        },
        PAUSE,
    );
}

fn text(name: &'static str, label: Key) -> impl IntoView {
    let now = Memo::new(move |_| app().place.with(|p| p.get(name).to_owned()));
    view! {
        <label class="field audit-f"><input type="search" dir="auto" aria-label=t(label) placeholder=t(label) autocomplete="off" spellcheck="false"
            prop:value=move || now.get() data-test=format!("audit-{name}") on:input:target=move |e| typed(name, e.target().value()) /></label>
    }
}

/// A moment, written in the zone that the user sees times in.
fn moment(name: &'static str, label: Key) -> impl IntoView {
    let app = app();
    let now = move || {
        let zone = app.preferences.with(|p| p.time_zone);
        app.place.with(|p| Time::parse(p.get(name))).map(|at| clock::to_field(at, zone)).unwrap_or_default()
    };
    let choose = move |text: String| {
        let zone = app.preferences.with_untracked(|p| p.time_zone);
        let at = clock::from_field(&text, zone).map(|at| at.to_string()).unwrap_or_default();
        replace(app.place.get_untracked().with(name, &at));
    };
    view! {
        <label class="row row-1 t12 t3"><span>{t(label)}</span><span class="field"><input type="datetime-local" dir="ltr" prop:value=now
            data-test=format!("audit-{name}") on:change:target=move |e| choose(e.target().value()) /></span></label>
    }
}

/// The bar.
#[component]
pub fn Filters() -> impl IntoView {
    let place = app().place;
    let some = move || place.with(|p| FILTERS.iter().any(|f| !p.get(f).is_empty()));
    let clear = move |_| replace(FILTERS.iter().fold(place.get_untracked(), |p, f| p.with(f, "")));
    view! {
        <div class="bar wrap audit-bar" role="search">
            {text("actor", k::COL_WHO)}{text("action", k::COL_ACTION)}{text("object_id", k::AUDIT_OBJECT_ID)}
            {moment("from", k::AUDIT_FROM)}{moment("to", k::AUDIT_TO)}
            <Show when=some><button class="btn btn-quiet btn-sm" data-test="audit-filter-clear" on:click=clear>{t(k::FILTER_CLEAR)}</button></Show>
        </div>
    }
}
