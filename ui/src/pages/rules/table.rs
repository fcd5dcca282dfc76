//! The rules as a grid. Only the rows in view are in the page.

use super::{moves, query, state::StateMark};
use crate::{
    components::{failed::Failed, grid::Window, icon::Icon, severity::SeverityMark},
    i18n::{Key, k, t, tn},
    numbers::{figures, grouped},
    place::replace,
    state::app,
    text::visible,
};
use api::detections::Rule;
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen::JsCast;

/// Rows before the end at which the next page is asked for.
const AHEAD: usize = 200;

/// The grid.
#[component]
pub fn Table() -> impl IntoView {
    let model = app().rules;
    let window = Window::new(Signal::derive(move || model.rows.with(Vec::len)));
    Effect::new(move || {
        if window.ahead() < AHEAD && model.next.with(Option::is_some) && !model.loading.get() {
            model.more();
        }
    });
    Effect::new(move || {
        let Some(cursor) = model.cursor.get() else { return };
        if let Some(at) = model.rows.with_untracked(|rows| rows.iter().position(|r| r.rule_id == cursor)) {
            window.reveal(at);
        }
    });
    let shown = move || model.rows.with(|rows| window.rows(rows));
    let rowcount = move || (model.total.get() + 1).to_string();
    let waits = move || !model.loaded.get() && model.failed.with(Option::is_none);
    view! {
        <div node_ref=window.region class="tblwrap" id=moves::LIST data-home="" tabindex="0" role="region" aria-label=t(k::RULES_LIST) data-test="rules-list" on:scroll=move |_| window.measure()>
            <table class="tbl alerts rules" role="grid" aria-multiselectable="true" aria-rowcount=rowcount aria-label=t(k::RULES_LIST)>
                <Heads />
                <tbody>
                    <tr aria-hidden="true" class="space"><td style:block-size=move || window.before()></td></tr>
                    <For each=shown key=|(i, r)| (*i, r.rule_id.clone(), r.version, r.state.as_str(), r.hits) let:item>
                        <Row at=item.0 rule=item.1 />
                    </For>
                    <tr aria-hidden="true" class="space"><td style:block-size=move || window.after()></td></tr>
                    {move || waits().then(|| (0..12).map(|i| view! {
                        <tr aria-hidden="true"><td></td><td colspan="2"><span class="skel" style:inline-size=format!("{}%", 40 + i * 17 % 50)></span></td></tr>
                    }).collect_view())}
                </tbody>
            </table>
            <Empty />
        </div>
        <div class="sr" role="status" data-test="rules-total">{move || model.loaded.get().then(|| tn(k::COUNT_RULES, model.total.get()))}</div>
    }
}

/// Column of the head: sort word of the API, label, class.
const COLUMNS: &[(Option<&str>, Key, &str)] = &[
    (Some("level"), k::RULE_LEVEL, "cw-sev"),
    (Some("title"), k::COL_RULE, ""),
    (None, k::COL_STATE, "c-s cw-state"),
    (Some("status"), k::RULE_STATUS, "c-xl cw-sigma"),
    (None, k::RULE_LOGSOURCE, "c-l cw-source"),
    (None, k::COL_TECHNIQUE, "c-xl cw-tech"),
    (Some("hits"), k::COL_HITS, "c-m num cw-n"),
    (Some("cost"), k::COL_COST, "c-l num cw-cost"),
];

#[component]
fn Heads() -> impl IntoView {
    let app = app();
    let model = app.rules;
    let all = move || {
        !model.rows.with(Vec::is_empty) && model.selected.with(|s| s.len()) >= model.rows.with(Vec::len)
    };
    let toggle_all = move |_| {
        if all() {
            model.selected.update(|s| s.clear());
        } else {
            model.selected.set(model.rows.with_untracked(|r| r.iter().map(|a| a.rule_id.clone()).collect()));
        }
    };
    let now = Memo::new(move |_| app.place.with(query::sort));
    let column = move |(sort, label, class): &(Option<&'static str>, Key, &'static str)| {
        let Some(word) = *sort else {
            return view! { <th role="columnheader" class=*class>{t(*label)}</th> }.into_any();
        };
        let direction = move || {
            let now = now.get();
            (now.strip_prefix('-').unwrap_or(&now) == word).then_some(if now.starts_with('-') {
                "descending"
            } else {
                "ascending"
            })
        };
        view! {
            <th role="columnheader" class=*class aria-sort=direction>
                <button class="sort" data-test=format!("sort-{word}") on:click=move |_| replace(query::toggle_sort(app.place.get_untracked(), word))>
                    {t(*label)}
                    {move || direction().map(|d| view! { <Icon name=if d == "descending" { "down" } else { "up" } class="i-12" /> })}
                </button>
            </th>
        }
        .into_any()
    };
    view! {
        <thead><tr role="row" aria-rowindex="1">
            <th role="columnheader" class="cw-check"><input class="check" type="checkbox" tabindex="-1" aria-label=t(k::SELECT_ALL_RULES) data-test="select-all"
                prop:checked=all prop:indeterminate=move || !all() && !model.selected.with(|s| s.is_empty()) on:click=toggle_all /></th>
            {COLUMNS.iter().map(column).collect_view()}
        </tr></thead>
    }
}

#[component]
fn Row(at: usize, rule: Arc<Rule>) -> impl IntoView {
    let app = app();
    let model = app.rules;
    let id = rule.rule_id.clone();
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
    let click = {
        let id = id.clone();
        move |event: leptos::ev::MouseEvent| clicked(&event, &id)
    };
    let technique = match rule.techniques.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        [first, rest @ ..] => Some(format!("{first} +{}", rest.len())),
    };
    let dash = || view! { <span class="t3">"–"</span> };
    let off = !rule.enabled;
    let level = match query::severity(&rule.level) {
        Some(s) => view! { <SeverityMark severity=s /> }.into_any(),
        None => dash().into_any(),
    };
    let title = visible(&rule.title);
    view! {
        <tr role="row" aria-rowindex=(at + 2).to_string() aria-selected=move || is_selected.get().to_string() data-test="rule-row" data-id=id.clone()
            class:cursor=move || is_cursor.get() class:done=off on:click=click>
            <td role="gridcell"><input class="check" type="checkbox" tabindex="-1" aria-label=title.clone() data-test="row-check" prop:checked=move || is_selected.get() /></td>
            <td role="gridcell">{level}</td>
            <td role="gridcell" class="p" title=title.clone()><bdi>{title.clone()}</bdi></td>
            <td role="gridcell" class="c-s" title=rule.state_reason.as_deref().map(visible)><StateMark state=rule.state /></td>
            <td role="gridcell" class="c-xl">{crate::i18n::word("rule-status", &rule.status).to_owned()}</td>
            <td role="gridcell" class="c-l"><bdi class="mono ltr">{visible(&rule.logsource)}</bdi></td>
            <td role="gridcell" class="c-xl">{match technique { Some(t) => view! { <bdi class="mono ltr">{visible(&t)}</bdi> }.into_any(), None => dash().into_any() }}</td>
            <td role="gridcell" class="c-m num">{grouped(rule.hits)}</td>
            <td role="gridcell" class="c-l num">{match rule.cost_us { Some(us) => view! { <span class="ltr">{format!("{} µs", figures(us))}</span> }.into_any(), None => dash().into_any() }}</td>
        </tr>
    }
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
        app().rules.cursor.set(Some(id.to_owned()));
        crate::focus::on(moves::LIST);
    } else {
        moves::open_id(id);
    }
}

/// The list without rows: why, and the one thing to do.
#[component]
fn Empty() -> impl IntoView {
    let model = app().rules;
    move || {
        if let Some(failure) = model.failed.get() {
            let retry = Callback::new(move |()| model.load());
            return view! { <Failed failure=failure retry=retry title=t(k::LIST_FAILED) test="list-error" /> }
                .into_any();
        }
        if !model.loaded.get() || !model.rows.with(Vec::is_empty) {
            return ().into_any();
        }
        if app().place.with(query::narrowed) {
            return view! {
                <div class="empty" data-test="empty-filter"><Icon name="filter" /><h2>{t(k::EMPTY_FILTER)}</h2>
                    <button class="btn" data-test="empty-clear" on:click=move |_| replace(super::filters::cleared())>{t(k::FILTER_CLEAR)}</button></div>
            }
            .into_any();
        }
        view! {
            <div class="empty" data-test="empty-rules"><Icon name="radar" /><h2>{t(k::RULES_NONE)}</h2><p>{t(k::RULES_NONE_TEXT)}</p>
                {app().may("siem:write").then(|| view! {
                    <button class="btn btn-primary" data-test="empty-import-rules" on:click=|_| super::import::ask()>{t(k::ACTION_RULES_IMPORT)}</button>
                })}</div>
        }
        .into_any()
    }
}
