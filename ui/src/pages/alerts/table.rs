//! The list as a grid. Only the rows in view are in the page; the rest is two empty rows of the right height.

use super::{empty::Empty, moves, query};
use crate::{
    clock,
    components::{grid::Window, icon::Icon, severity::SeverityMark, status::StatusMark},
    i18n::{Key, k, t, tn},
    numbers::grouped,
    place::replace,
    state::app,
    text::visible,
};
use api::alerts::{Alert, AlertStatus};
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen::JsCast;

/// Rows before the end at which the next page is asked for.
const AHEAD: usize = 60;

/// First value of an entity of this kind.
pub fn entity<'a>(alert: &'a Alert, kind: &str) -> Option<&'a str> {
    alert.entities.iter().find(|e| e.kind == kind).map(|e| e.value.as_str())
}

/// The grid.
#[component]
pub fn Table() -> impl IntoView {
    let model = app().alerts;
    let window = Window::new(Signal::derive(move || model.rows.with(Vec::len)));
    Effect::new(move || {
        if window.ahead() < AHEAD && model.next.with(Option::is_some) && !model.loading.get() {
            model.more();
        }
    });
    // Keeps the cursor's row in view when keys move it.
    Effect::new(move || {
        let Some(cursor) = model.cursor.get() else { return };
        if let Some(at) = model.rows.with_untracked(|rows| rows.iter().position(|r| r.alert_id == cursor)) {
            window.reveal(at);
        }
    });
    let shown = move || model.rows.with(|rows| window.rows(rows));
    let rowcount = move || match model.next.with(Option::is_some) {
        true => "-1".to_owned(),
        false => (model.rows.with(Vec::len) + 1).to_string(),
    };
    view! {
        <div node_ref=window.region class="tblwrap" id=moves::LIST data-home="" tabindex="0" role="region" aria-label=t(k::ALERTS_LIST) data-test="alerts-list" on:scroll=move |_| window.measure()>
            <table class="tbl alerts" role="grid" aria-multiselectable="true" aria-rowcount=rowcount aria-label=t(k::ALERTS_LIST)>
                <Heads />
                <tbody>
                    <tr aria-hidden="true" class="space"><td style:block-size=move || window.before()></td></tr>
                    <For each=shown key=|(i, a)| (*i, a.alert_id.clone(), a.updated_at, a.status, a.assignee.clone(), a.case_id.clone()) let:item>
                        <Row at=item.0 alert=item.1 />
                    </For>
                    <tr aria-hidden="true" class="space"><td style:block-size=move || window.after()></td></tr>
                    {move || (!model.loaded.get() && model.failed.with(Option::is_none)).then(skeleton)}
                </tbody>
            </table>
            <Empty />
        </div>
        <Foot />
    }
}

fn skeleton() -> impl IntoView {
    (0..12)
        .map(|i| {
            let width = 40 + i * 17 % 50;
            view! { <tr aria-hidden="true"><td></td><td colspan="2"><span class="skel" style:inline-size=format!("{width}%")></span></td></tr> }
        })
        .collect_view()
}

/// Column of the head: sort word of the API, label, class.
const COLUMNS: &[(Option<&str>, Key, &str)] = &[
    (Some("severity"), k::COL_SEVERITY, "cw-sev"),
    (None, k::COL_ID, "c-xxl cw-id"),
    (None, k::COL_ALERT, ""),
    (None, k::COL_HOST, "c-s cw-host"),
    (None, k::COL_USER, "c-l cw-user"),
    (None, k::COL_TECHNIQUE, "c-xxl cw-tech"),
    (Some("event_count"), k::COL_EVENTS, "c-m num cw-n"),
    (None, k::COL_STATUS, "c-l cw-status"),
    (None, k::COL_ASSIGNEE, "c-xxl cw-user"),
    (Some("last_seen"), k::COL_LAST_SEEN, "num cw-time"),
];

#[component]
fn Heads() -> impl IntoView {
    let app = app();
    let model = app.alerts;
    let all = move || {
        !model.rows.with(Vec::is_empty) && model.selected.with(|s| s.len()) >= model.rows.with(Vec::len)
    };
    let toggle_all = move |_| {
        if all() {
            model.selected.update(|s| s.clear());
        } else {
            model.selected.set(model.rows.with_untracked(|r| r.iter().map(|a| a.alert_id.clone()).collect()));
        }
    };
    let column = move |(sort, label, class): &(Option<&'static str>, Key, &'static str)| {
        let Some(word) = *sort else {
            return view! { <th role="columnheader" class=*class>{t(*label)}</th> }.into_any();
        };
        let now = Memo::new(move |_| app.place.with(query::sort));
        let direction = move || match now.get().strip_prefix('-').unwrap_or(&now.get()) == word {
            false => None,
            true if now.get().starts_with('-') => Some("descending"),
            true => Some("ascending"),
        };
        view! {
            <th role="columnheader" class=*class aria-sort=direction>
                <button class="sort" data-test=format!("sort-{word}") on:click=move |_| replace(query::toggle_sort(app.place.get_untracked(), word))>
                    {t(*label)}
                    {move || match direction() {
                        Some("descending") => view! { <Icon name="down" class="i-12" /> }.into_any(),
                        Some(_) => view! { <Icon name="up" class="i-12" /> }.into_any(),
                        None => ().into_any(),
                    }}
                </button>
            </th>
        }
        .into_any()
    };
    view! {
        <thead><tr role="row" aria-rowindex="1">
            <th role="columnheader" class="cw-check"><input class="check" type="checkbox" tabindex="-1" aria-label=t(k::SELECT_ALL) data-test="select-all"
                prop:checked=all prop:indeterminate=move || !all() && !model.selected.with(|s| s.is_empty()) on:click=toggle_all /></th>
            {COLUMNS.iter().map(column).collect_view()}
        </tr></thead>
    }
}

#[component]
fn Row(at: usize, alert: Arc<Alert>) -> impl IntoView {
    let app = app();
    let model = app.alerts;
    let id = alert.alert_id.clone();
    let is_cursor = {
        let id = id.clone();
        Memo::new(move |_| {
            model.cursor.with(|c| c.as_deref() == Some(id.as_str())) || app.place.with(|p| p.get("id") == id)
        })
    };
    let is_selected = {
        let id = id.clone();
        Memo::new(move |_| model.selected.with(|s| s.contains(&id)))
    };
    let closed = matches!(alert.status, AlertStatus::Resolved | AlertStatus::FalsePositive);
    let click = {
        let id = id.clone();
        move |event: leptos::ev::MouseEvent| clicked(&event, &id)
    };
    let mono = |value: Option<&str>| match value {
        Some(v) => view! { <bdi class="mono ltr">{visible(v)}</bdi> }.into_any(),
        None => view! { <span class="t3">"–"</span> }.into_any(),
    };
    let technique = match alert.mitre_techniques.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        [first, rest @ ..] => Some(format!("{first} +{}", rest.len())),
    };
    let last = alert.last_seen;
    // The year gives way in a narrow list; it stands in the tooltip and in the detail.
    let time = move || {
        let text = clock::second(last, app.preferences.with(|p| p.time_zone));
        let (year, rest) = text.split_at(text.find('-').map_or(0, |i| i + 1));
        view! { <span class="c-m">{year.to_owned()}</span>{rest.to_owned()} }
    };
    view! {
        <tr role="row" aria-rowindex=(at + 2).to_string() aria-selected=move || is_selected.get().to_string() data-test="alert-row" data-id=id.clone()
            class:cursor=move || is_cursor.get() class:unread=alert.status == AlertStatus::New class:done=closed on:click=click>
            <td role="gridcell"><input class="check" type="checkbox" tabindex="-1" aria-label=id.clone() data-test="row-check" prop:checked=move || is_selected.get() /></td>
            <td role="gridcell"><SeverityMark severity=alert.severity /></td>
            <td role="gridcell" class="c-xxl mono">{short(&id)}</td>
            <td role="gridcell" class="p" title=visible(&alert.title)><bdi>{visible(&alert.title)}</bdi></td>
            <td role="gridcell" class="c-s" title=entity(&alert, "host").map(visible)>{mono(entity(&alert, "host"))}</td>
            <td role="gridcell" class="c-l" title=entity(&alert, "user").map(visible)>{user(entity(&alert, "user"))}</td>
            <td role="gridcell" class="c-xxl">{mono(technique.as_deref())}</td>
            <td role="gridcell" class="c-m num">{grouped(alert.event_count)}</td>
            <td role="gridcell" class="c-l"><StatusMark status=alert.status /></td>
            <td role="gridcell" class="c-xxl">{mono(alert.assignee.as_deref())}</td>
            <td role="gridcell" class="num"><time class="ltr" title=clock::both(last)>{time}</time></td>
        </tr>
    }
}

/// `DOMAIN\user`: where there is no room for both, the domain gives way.
fn user(name: Option<&str>) -> impl IntoView + use<> {
    let Some(name) = name else { return view! { <span class="t3">"–"</span> }.into_any() };
    let (domain, user) = name.split_at(name.rfind('\\').map_or(0, |at| at + 1));
    view! { <span class="mono who"><span>{visible(domain)}</span><span>{visible(user)}</span></span> }
        .into_any()
}

/// `ALRT-2026-05821` without what all have.
fn short(id: &str) -> String {
    id.strip_prefix("ALRT-").unwrap_or(id).to_owned()
}

fn clicked(event: &leptos::ev::MouseEvent, id: &str) {
    let on_check = event
        .target()
        .and_then(|t| t.dyn_into::<web_sys::Element>().ok())
        .and_then(|e| e.closest("td").ok().flatten())
        .is_some_and(|cell| cell.query_selector("input").ok().flatten().is_some());
    if event.shift_key() {
        moves::toggle_to(id);
    } else if on_check || event.ctrl_key() {
        moves::toggle(id);
        app().alerts.cursor.set(Some(id.to_owned()));
        crate::focus::on(moves::LIST);
    } else {
        moves::open_id(id);
    }
}

/// How much of the list is loaded.
#[component]
fn Foot() -> impl IntoView {
    let model = app().alerts;
    let words = move || {
        let (total, more) = model.total.get();
        match model.loaded.get() && total > 0 {
            true if more => format!("{}+", tn(k::COUNT_ALERTS, total)),
            true => tn(k::COUNT_ALERTS, total),
            false => String::new(),
        }
    };
    view! { <div class="sr" role="status" data-test="alerts-total">{words}</div> }
}
