//! Cases: a plain list, enough to see what promoting and linking made.

use crate::{
    clock,
    components::{icon::Icon, severity::SeverityMark},
    data::client,
    i18n::{k, t, tn, word},
    place::{Place, follow, replace},
    state::app,
    text::visible,
};
use api::cases::{Case, CaseList, CasesList};
use leptos::{prelude::*, task::spawn_local};

/// Cases asked for at once.
const PAGE: u32 = 200;

/// The page.
#[component]
pub fn Cases() -> impl IntoView {
    let cases = RwSignal::new(None::<Result<Vec<Case>, String>>);
    spawn_local(async move {
        let query = CaseList { limit: Some(PAGE), ..CaseList::default() };
        let outcome = client::list::<CasesList>(query).await;
        let _ = cases.try_set(Some(outcome.map(|p| p.items).map_err(|f| f.sentence())));
    });
    view! {
        <div class="pagehead"><h1>{t(k::NAV_CASES)}</h1>
            <span class="count num">{move || cases.with(|c| c.as_ref().and_then(|c| c.as_ref().ok().map(|c| c.len().to_string())))}</span></div>
        {move || match cases.get() {
            None => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
            Some(Err(text)) => view! { <div class="sec"><p class="notice err" role="alert">{text}</p></div> }.into_any(),
            Some(Ok(list)) if list.is_empty() => view! {
                <div class="empty" data-test="cases-empty"><Icon name="case" /><h2>{t(k::CASES_EMPTY)}</h2><p>{t(k::CASES_EMPTY_TEXT)}</p></div>
            }.into_any(),
            Some(Ok(list)) => table(list).into_any(),
        }}
    }
}

fn table(list: Vec<Case>) -> impl IntoView {
    view! {
        <div class="tblwrap pane" tabindex="0" role="region" aria-label=t(k::NAV_CASES)>
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
    let href = Place::parse("/alerts").with("tab", "all").with("case", &case.case_id).url();
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
