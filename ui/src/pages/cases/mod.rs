//! Cases: a plain list, enough to see what promoting and linking made.

pub mod model;
pub mod moves;

use crate::{
    clock,
    components::{failed::Failed, icon::Icon, severity::SeverityMark},
    i18n::{k, t, tn, word},
    place::{Place, follow, replace},
    state::app,
    text::visible,
};
use api::cases::Case;
use leptos::prelude::*;

/// The page.
#[component]
pub fn Cases() -> impl IntoView {
    let model = app().cases;
    model.load();
    let count = move || model.read.with(|c| matches!(c, Some(Ok(_))).then(|| model.ids().len().to_string()));
    view! {
        <div class="pagehead"><h1>{t(k::NAV_CASES)}</h1><span class="count num">{count}</span></div>
        {move || match model.read.get() {
            None => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
            Some(Err(failure)) => view! { <Failed failure=failure retry=Callback::new(move |()| model.load()) title=t(k::LIST_FAILED) test="cases-error" /> }.into_any(),
            Some(Ok(list)) if list.is_empty() => view! {
                <div class="empty" data-test="cases-empty"><Icon name="case" /><h2>{t(k::CASES_EMPTY)}</h2><p>{t(k::CASES_EMPTY_TEXT)}</p></div>
            }.into_any(),
            Some(Ok(list)) => table(list).into_any(),
        }}
    }
}

fn table(list: Vec<Case>) -> impl IntoView {
    view! {
        <div class="tblwrap pane" id=moves::LIST data-home="" tabindex="0" role="region" aria-label=t(k::NAV_CASES)>
            <table class="tbl">
                <thead><tr>
                    <th class="cw-sev">{t(k::COL_SEVERITY)}</th><th class="cw-case">{t(k::COL_ID)}</th><th>{t(k::COL_CASE)}</th>
                    <th class="cw-status">{t(k::COL_STATUS)}</th><th class="cw-user c-m">{t(k::COL_OWNER)}</th>
                    <th class="num cw-n">{t(k::NAV_ALERTS)}</th><th class="num cw-time c-m">{t(k::COL_CREATED)}</th>
                </tr></thead>
                <tbody>{list.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}

fn row(case: Case) -> impl IntoView {
    let app = app();
    let id = case.case_id.clone();
    let here = move || app.place.with(|p| p.get("id") == id);
    let href = moves::alerts_of(&case.case_id).url();
    let to = href.clone();
    let id = case.case_id.clone();
    let created = case.created_at;
    view! {
        <tr data-test="case-row" class:cursor=here on:click=move |_| replace(Place::parse("/cases").with("id", &id))>
            <td><SeverityMark severity=case.severity /></td>
            <td class="mono">{case.case_id.clone()}</td>
            <td class="p" title=visible(&case.title)><bdi>{visible(&case.title)}</bdi></td>
            <td>{word("case", case.status.as_str()).to_owned()}</td>
            <td class="c-m"><bdi class="mono ltr">{case.owner.as_deref().map(visible)}</bdi></td>
            <td class="num"><a href=href data-test="case-alerts" on:click=move |e| follow(e, &to)>{tn(k::COUNT_ALERTS, case.alert_ids.len() as u64)}</a></td>
            <td class="num c-m"><time class="ltr" title=clock::both(created)>{move || clock::second(created, app.preferences.with(|p| p.time_zone))}</time></td>
        </tr>
    }
}
