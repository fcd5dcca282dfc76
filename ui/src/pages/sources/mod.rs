//! Sources: where the events come from, what is missing in them, and their removal.

mod detail;
pub mod dialogs;
mod gaps;
pub mod model;
pub mod moves;
mod offset;
mod query;
mod table;
mod times;

use crate::{
    actions::{self, hint},
    components::icon::Icon,
    i18n::{k, t},
    numbers::grouped,
    place::replace,
    state::app,
};
use leptos::prelude::*;
use std::{cell::Cell, time::Duration};

/// A pause in typing after which the server is asked.
const PAUSE: Duration = Duration::from_millis(150);

thread_local! { static TYPED: Cell<u64> = const { Cell::new(0) }; }

/// The page.
#[component]
pub fn Sources() -> impl IntoView {
    let app = app();
    let model = app.sources;
    let key = Memo::new(move |_| app.place.with(query::list_key));
    Effect::new(move || {
        key.with(|_| ());
        model.load();
    });
    Effect::new(move || {
        app.jobs.track();
        model.tick();
    });
    let open = Memo::new(move |_| app.place.with(|p| p.get("id").to_owned()));
    view! {
        <Head />
        <div class="split" class:with-detail=move || !open.with(String::is_empty)>
            <section class="pane" aria-label=t(k::NAV_SOURCES)>
                <Filters />
                <table::Table />
            </section>
            {move || match open.get() {
                id if id.is_empty() => ().into_any(),
                id => view! { <detail::Detail id=id /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Head() -> impl IntoView {
    let model = app().sources;
    let count = move || Some(model.total.get()).filter(|_| model.loaded.get()).map(grouped);
    let import = actions::find("import-files").filter(|a| a.allowed()).map(|action| {
        view! {
            <button class="btn btn-primary" data-test="head-import-files" title=hint(action.id) on:click=|_| (action.run)()>
                <Icon name=action.icon class="i-14" /><span class="c-m">{t(action.label)}</span></button>
        }
    });
    view! {
        <div class="pagehead head-c">
            <h1>{t(k::NAV_SOURCES)}</h1><span class="count num" data-test="sources-count">{count}</span>
            <span class="push row row-1">{import}</span>
        </div>
    }
}

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

#[component]
fn Filters() -> impl IntoView {
    let place = app().place;
    let q = Memo::new(move |_| place.with(|p| p.get("q").to_owned()));
    view! {
        <div class="bar filters">
            <label class="field search">
                <Icon name="search" class="i-14" />
                <input id=moves::SEARCH type="search" aria-label=t(k::SOURCES_SEARCH) placeholder=t(k::SOURCES_SEARCH)
                    prop:value=move || q.get() data-test="sources-search" autocomplete="off" spellcheck="false"
                    on:input:target=|e| typed(e.target().value()) />
                <kbd class="kbd">"/"</kbd>
            </label>
        </div>
    }
}
