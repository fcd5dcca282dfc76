//! The list without rows: why, and the one thing to do.

use super::query;
use crate::{
    actions::shell::import_files,
    components::{
        failed::Failed,
        icon::Icon,
        tray::{OfferRules, why_none},
    },
    data::jobs,
    i18n::{k, t, tnf},
    place::{Place, replace},
    state::app,
};
use api::jobs::JobStatus;
use leptos::prelude::*;

/// Shown where the list has no rows.
#[component]
pub fn Empty() -> impl IntoView {
    let app = app();
    let model = app.alerts;
    move || {
        if let Some(failure) = model.failed.get() {
            return view! { <Failed failure=failure retry=Callback::new(move |()| model.load()) title=t(k::LIST_FAILED) test="list-error" /> }.into_any();
        }
        if !model.loaded.get() || !model.rows.with(Vec::is_empty) {
            return ().into_any();
        }
        if app.place.with(query::narrowed) {
            return view! {
                <div class="empty" data-test="empty-filter">
                    <Icon name="filter" />
                    <h2>{t(k::EMPTY_FILTER)}</h2>
                    <p>{t(k::EMPTY_FILTER_TEXT)}</p>
                    <button class="btn" data-test="empty-clear" on:click=move |_| replace(Place::parse("/alerts").with("tab", "all"))>{t(k::EMPTY_FILTER_CLEAR)}</button>
                </div>
            }
            .into_any();
        }
        let others = model.counts.with(|c| c.get(&query::Tab::All).is_some_and(|(n, _)| *n > 0));
        if others {
            return view! {
                <div class="empty" data-test="empty-tab">
                    <Icon name="check" />
                    <h2>{t(k::EMPTY_TAB)}</h2>
                    <button class="btn" data-test="empty-all" on:click=move |_| replace(Place::parse("/alerts").with("tab", "all"))>{t(k::EMPTY_TAB_ALL)}</button>
                </div>
            }
            .into_any();
        }
        view! { <NoAlerts /> }.into_any()
    }
}

/// Nothing at all: either nothing is stored, or the rules found nothing.
#[component]
fn NoAlerts() -> impl IntoView {
    let app = app();
    let stored = move || app.stats.with(|s| s.as_ref().is_some_and(|s| s.events > 0));
    let running = move || app.jobs.with(|all| all.iter().any(jobs::alive));
    let last = move || {
        app.jobs.with(|all| {
            all.iter().find(|j| j.status == JobStatus::Done && j.kind == "import").map(jobs::import_result)
        })
    };
    view! {
        <div class="empty" data-test="empty-alerts">
            <Icon name="bell" />
            <h2>{move || if stored() { t(k::EMPTY_NO_ALERTS) } else { t(k::EMPTY_NOTHING) }}</h2>
            {move || match last() {
                _ if running() => view! { <p>{t(k::EMPTY_RUNNING)}</p> }.into_any(),
                Some(result) => view! {
                    <p>{tnf(k::EMPTY_RULES_RUN, result.rules_run, &[
                        ("not_run", &result.rules_not_run_total.max(result.rules_not_run.len() as u64)),
                        ("no_chance", &result.rules_no_chance_total.max(result.rules_no_chance.len() as u64)),
                    ])}</p>
                    <p>{why_none(&result)}</p>
                    {(result.events > 0).then(|| view! { <OfferRules /> })}
                    <button class="btn" data-test="empty-tray" on:click=move |_| app.tray.set(true)>{t(k::EMPTY_DETAILS)}</button>
                }.into_any(),
                None => view! { <p>{t(k::EMPTY_NOTHING_TEXT)}</p> }.into_any(),
            }}
            {app.may("siem:write").then(|| view! {
                <button class="btn btn-primary" data-test="empty-import" on:click=|_| import_files()>{t(k::START_FILES)}</button>
            })}
        </div>
    }
}
