//! Alerts: the list, and beside it the one that is open.

mod about;
pub mod detail;
pub mod dialogs;
mod empty;
mod event;
mod fields;
mod filters;
mod history;
mod lines;
pub mod live;
pub mod model;
pub mod moves;
pub mod query;
mod raw;
mod rule;
mod same;
mod table;
mod tree;
mod unexplained;
mod why;
pub mod writes;

pub use event::rule_alerts;

use crate::{
    i18n::{k, t, tn},
    place::{Place, replace},
    state::app,
};
use leptos::prelude::*;
use query::Tab;

/// The page.
#[component]
pub fn Alerts() -> impl IntoView {
    let app = app();
    let model = app.alerts;
    let key = Memo::new(move |_| app.place.with(query::list_key));
    Effect::new(move || {
        // Reading it, for a memo that nobody reads is never worked out.
        key.with(|_| ());
        model.load();
    });
    let open = Memo::new(move |_| app.place.with(|p| p.get("id").to_owned()));
    view! {
        <div class="split" class:with-detail=move || !open.with(String::is_empty)>
            <section class="pane" aria-label=t(k::NAV_ALERTS)>
                <Head />
                <filters::Filters />
                <table::Table />
                <Bulk />
            </section>
            {move || (!open.with(String::is_empty)).then(|| view! { <detail::Detail id=open.get() /> })}
        </div>
    }
}

fn tab_label(tab: Tab) -> &'static str {
    match tab {
        Tab::Open => t(k::TAB_OPEN),
        Tab::Mine => t(k::TAB_MINE),
        Tab::Unassigned => t(k::TAB_UNASSIGNED),
        Tab::All => t(k::TAB_ALL),
    }
}

#[component]
fn Head() -> impl IntoView {
    let app = app();
    let now = Memo::new(move |_| app.place.with(Tab::of));
    let choose = move |tab: Tab| {
        let word = if tab == Tab::Open { "" } else { tab.word() };
        replace(app.place.get_untracked().with("tab", word));
    };
    let tab = move |tab: Tab| {
        let count = move || app.alerts.counts.with(|c| c.get(&tab).map(|(n, more)| query::count(*n, *more)));
        view! {
            <button class="tab" aria-pressed=move || (now.get() == tab).to_string() data-test=format!("tab-{}", tab.word())
                on:click=move |_| choose(tab)>{tab_label(tab)}<span class="n num">{count}</span></button>
        }
    };
    view! {
        <div class="pagehead">
            <h1>{t(k::NAV_ALERTS)}</h1>
            <div class="tabs" role="group" aria-label=t(k::TABS_LABEL)>{Tab::ALL.map(tab)}</div>
            <Fresh />
        </div>
    }
}

/// New alerts wait behind a pill in the head, so that no row moves under the cursor.
#[component]
fn Fresh() -> impl IntoView {
    let model = app().alerts;
    let shown = move || model.fresh.get() > 0 && model.rows.with(|r| !r.is_empty());
    view! {
        <Show when=shown>
            <button class="fresh" data-test="fresh" on:click=move |_| {
                crate::focus::on(moves::LIST);
                if let Some(list) = document().get_element_by_id(moves::LIST) {
                    list.set_scroll_top(0);
                }
                model.load();
            }>{move || tn(k::ALERTS_FRESH_SHOW, model.fresh.get())}</button>
        </Show>
    }
}

/// What can be done with the ticked alerts; takes the list's last row.
#[component]
fn Bulk() -> impl IntoView {
    let model = app().alerts;
    let count = move || model.selected.with(|s| s.len() as u64);
    let button = |id: &'static str| {
        crate::actions::find(id).filter(|a| a.needs.is_none_or(crate::actions::alerts::may)).map(|action| {
            view! {
                <button class="btn btn-quiet btn-sm" data-test=format!("bulk-{id}") on:click=|_| (action.run)()>
                    {t(action.label)}<kbd class="kbd">{crate::actions::hint(id)}</kbd>
                </button>
            }
        })
    };
    view! {
        <Show when=move || count() != 0>
            <div class="bar foot bulk" role="toolbar" aria-label=t(k::BULK_LABEL)>
                <b class="med t12" data-test="bulk-count">{move || tn(k::BULK_COUNT, count())}</b>
                <span class="topbar-sep"></span>
                {["acknowledge", "assign-me", "link", "promote", "close"].map(button)}
                <button class="btn btn-quiet btn-sm push" data-test="bulk-clear"
                    on:click=move |_| model.selected.update(|s| s.clear())>{t(k::CLEAR)}<kbd class="kbd">"Esc"</kbd></button>
            </div>
        </Show>
    }
}

/// A place on this page.
pub fn at(name: &str, value: &str) -> Place {
    Place::parse("/alerts").with(name, value)
}
