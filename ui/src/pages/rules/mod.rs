//! Detections: the rules, the packs they came with, and their runs over stored events.

mod check;
mod detail;
pub mod dialogs;
mod edited;
pub mod editor;
mod filters;
mod history;
pub mod import;
pub mod model;
pub mod moves;
mod packs;
mod pipelines;
pub mod query;
mod report;
mod runs;
mod state;
mod table;
mod text;
mod tune;
pub mod writes;
pub mod yaml;

pub use text::lines;

use crate::{
    actions::{self, hint},
    components::icon::Icon,
    i18n::{k, t, tn},
    place::follow,
    state::app,
};
use leptos::prelude::*;
use query::View;

/// The page.
#[component]
pub fn Rules() -> impl IntoView {
    let place = app().place;
    let view = Memo::new(move |_| place.with(View::of));
    let known = Memo::new(move |_| place.with(View::known));
    view! {
        <Head view=view known=known />
        {move || match view.get() {
            _ if !known.get() => view! { <super::start::Nowhere /> }.into_any(),
            View::Rules => view! { <Listed /> }.into_any(),
            View::Packs => view! { <Packs /> }.into_any(),
            View::Runs => view! { <runs::Runs /> }.into_any(),
        }}
    }
}

/// Where rules came from and what rewrites them, or the text of a pipeline in its place.
#[component]
fn Packs() -> impl IntoView {
    let app = app();
    let open =
        Memo::new(move |_| app.place.with(|p| editor::is_open(p).then(|| p.get("pipeline").to_owned())));
    move || match open.get() {
        None => view! { <packs::Packs /> }.into_any(),
        Some(id) => view! {
            <div class="split with-pipeline"><editor::Editor what=edited::Edited::Pipeline(id) /></div>
        }
        .into_any(),
    }
}

/// The list, and beside it a rule or the editor.
#[component]
fn Listed() -> impl IntoView {
    let app = app();
    let model = app.rules;
    let key = Memo::new(move |_| app.place.with(query::list_key));
    Effect::new(move || {
        key.with(|_| ());
        model.load();
    });
    let open = Memo::new(move |_| app.place.with(|p| p.get("id").to_owned()));
    let editing = Memo::new(move |_| app.place.with(editor::is_open));
    view! {
        <div class="split" class:with-detail=move || !open.with(String::is_empty) && !editing.get() class:with-editor=move || editing.get()>
            <section class="pane" aria-label=t(k::RULES)>
                <filters::Filters />
                <table::Table />
                <Bulk />
            </section>
            {move || match (editing.get(), open.get()) {
                (true, id) => view! { <editor::Editor what=edited::Edited::Rule(id) /> }.into_any(),
                (false, id) if id.is_empty() => ().into_any(),
                (false, id) => view! { <detail::Detail id=id /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn Head(view: Memo<View>, known: Memo<bool>) -> impl IntoView {
    let tab = move |v: View| {
        let label = match v {
            View::Rules => t(k::RULES),
            View::Packs => t(k::PACKS),
            View::Runs => t(k::RUNS),
        };
        let count = move || match v {
            View::Rules => Some(app().rules.total.get()).filter(|n| *n > 0).map(crate::numbers::grouped),
            _ => None,
        };
        view! {
            <a class="tab" href=v.href() aria-current=move || (known.get() && view.get() == v).then_some("page") data-test=format!("tab-{}", v.word())
                on:click=move |e| follow(e, &v.href())>{label}<span class="n num">{count}</span></a>
        }
    };
    let button = |id: &'static str, primary: bool| {
        actions::find(id).filter(|a| a.needs.is_none_or(|w| app().may(w))).map(|action| {
            view! {
                <button class="btn" class:btn-primary=primary class:btn-quiet=!primary data-test=format!("head-{id}") title=hint(id) on:click=|_| (action.run)()>
                    <Icon name=action.icon class="i-14" /><span class="c-m">{t(action.label)}</span></button>
            }
        })
    };
    view! {
        <div class="pagehead head-c">
            <h1>{t(k::NAV_DETECTIONS)}</h1>
            <nav class="tabs" aria-label=t(k::NAV_DETECTIONS)>{View::ALL.map(tab)}</nav>
            <span class="push row row-1">{button("rules-run", false)}{button("rules-import", false)}{button("rule-new", true)}</span>
        </div>
    }
}

/// What can be done with the ticked rules; takes the list's last row.
#[component]
fn Bulk() -> impl IntoView {
    let model = app().rules;
    let count = move || model.selected.with(|s| s.len() as u64);
    let button = |id: &'static str| {
        actions::find(id).filter(|a| a.needs.is_none_or(|w| app().may(w))).map(|action| {
            view! {
                <button class="btn btn-quiet btn-sm" data-test=format!("bulk-{id}") on:click=|_| (action.run)()>
                    {t(action.label)}<kbd class="kbd">{hint(id)}</kbd>
                </button>
            }
        })
    };
    view! {
        <Show when=move || count() != 0>
            <div class="bar foot bulk" role="toolbar" aria-label=t(k::RULES)>
                <b class="med t12" data-test="bulk-count">{move || tn(k::BULK_COUNT, count())}</b>
                <span class="topbar-sep"></span>
                {["rule-enable", "rule-disable", "rule-run"].map(button)}
                <button class="btn btn-quiet btn-sm push" data-test="bulk-clear"
                    on:click=move |_| model.selected.update(|s| s.clear())>{t(k::CLEAR)}<kbd class="kbd">"Esc"</kbd></button>
            </div>
        </Show>
    }
}
