//! The sources as a grid. Only the rows in view are in the page.

use super::{moves, query};
use crate::{
    actions::shell::import_files,
    clock,
    components::{failed::Failed, grid::Window, icon::Icon, tray::names},
    i18n::{Key, k, t, tn, word},
    numbers::{bytes, figures, grouped},
    place::replace,
    state::app,
    text::visible,
};
use api::{
    Time,
    siem::{Source, SourceStatus},
};
use leptos::prelude::*;
use std::sync::Arc;

/// Rows before the end at which the next page is asked for.
const AHEAD: usize = 100;

/// The grid.
#[component]
pub fn Table() -> impl IntoView {
    let model = app().sources;
    let window = Window::new(Signal::derive(move || model.rows.with(Vec::len)));
    Effect::new(move || {
        if window.ahead() < AHEAD && model.next.with(Option::is_some) && !model.loading.get() {
            model.more();
        }
    });
    Effect::new(move || {
        let Some(cursor) = model.cursor.get() else { return };
        if let Some(at) = model.rows.with_untracked(|rows| rows.iter().position(|s| s.source_id == cursor)) {
            window.reveal(at);
        }
    });
    let shown = move || model.rows.with(|rows| window.rows(rows));
    let rowcount = move || (model.total.get() + 1).to_string();
    let waits = move || !model.loaded.get() && model.failed.with(Option::is_none);
    view! {
        <div node_ref=window.region class="tblwrap" id=moves::LIST data-home="" tabindex="0" role="region" aria-label=t(k::SOURCES_LIST) data-test="sources-list" on:scroll=move |_| window.measure()>
            <table class="tbl alerts sources" role="grid" aria-rowcount=rowcount aria-label=t(k::SOURCES_LIST)>
                <Heads />
                <tbody>
                    <tr aria-hidden="true" class="space"><td style:block-size=move || window.before()></td></tr>
                    <For each=shown key=|(i, s)| (*i, s.source_id.clone(), s.source.clone(), s.status, s.events, s.imported_last.0, s.gaps_total) let:item>
                        <Row at=item.0 source=item.1 />
                    </For>
                    <tr aria-hidden="true" class="space"><td style:block-size=move || window.after()></td></tr>
                    {move || waits().then(|| (0..8).map(|i| view! {
                        <tr aria-hidden="true"><td colspan="3"><span class="skel" style:inline-size=format!("{}%", 40 + i * 17 % 50)></span></td></tr>
                    }).collect_view())}
                </tbody>
            </table>
            <Empty />
        </div>
        <div class="sr" role="status" data-test="sources-total">{move || model.loaded.get().then(|| tn(k::COUNT_SOURCES, model.total.get()))}</div>
    }
}

/// Column of the head: sort word of the API, label, class.
const COLUMNS: &[(Option<&str>, Key, &str)] = &[
    (Some("source"), k::COL_SOURCE, ""),
    (None, k::TRAY_FORMAT, "c-m cw-format"),
    (Some("dataset"), k::COL_DATASET, "c-l cw-dataset"),
    (None, k::COL_STATUS, "c-s cw-status"),
    (Some("events"), k::TRAY_EVENTS, "num cw-n"),
    (Some("bytes"), k::COL_SIZE, "c-m num cw-size"),
    (Some("gaps"), k::COL_GAPS, "num cw-gaps"),
    (Some("first_seen"), k::COL_FIRST_EVENT, "c-2xl num cw-time"),
    (Some("last_seen"), k::COL_LAST_EVENT, "c-l num cw-time"),
    (Some("imported_at"), k::COL_IMPORTED, "c-xl num cw-time"),
    (Some("rate"), k::COL_RATE, "c-xl num cw-rate"),
];

#[component]
fn Heads() -> impl IntoView {
    let app = app();
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
    view! { <thead><tr role="row" aria-rowindex="1">{COLUMNS.iter().map(column).collect_view()}</tr></thead> }
}

/// Sign and word of a status.
#[component]
pub fn Status(status: SourceStatus) -> impl IntoView {
    let (tone, icon) = match status {
        SourceStatus::Connected => ("ok", "plug"),
        SourceStatus::Stale => ("warn", "clock"),
        SourceStatus::Disconnected => ("mute", "off"),
    };
    view! { <span class=format!("status {tone}")><Icon name=icon class="i-12" />{word("source-status", status.as_str()).to_owned()}</span> }
}

#[component]
fn Row(at: usize, source: Arc<Source>) -> impl IntoView {
    let app = app();
    let model = app.sources;
    let id = source.source_id.clone();
    let is_cursor = {
        let id = id.clone();
        Memo::new(move |_| {
            model.cursor.with(|c| c.as_deref() == Some(id.as_str())) || app.place.with(|p| p.get("id") == id)
        })
    };
    let click = {
        let id = id.clone();
        move |_| moves::open_id(&id)
    };
    let time = move |at: Option<Time>| {
        match at {
        Some(at) => view! { <time class="ltr" title=clock::both(at)>{move || clock::second(at, app.preferences.with(|p| p.time_zone))}</time> }.into_any(),
        None => view! { <span class="t3">"–"</span> }.into_any(),
    }
    };
    let label = visible(&source.source);
    // What tells sources apart stands at the end.
    let (start, end) = names::halves(&label);
    let (start, end) = (start.to_owned(), end.to_owned());
    let datasets = source.datasets.keys().map(|d| visible(d)).collect::<Vec<_>>().join("\n");
    let gaps = source.gaps_total;
    view! {
        <tr role="row" aria-rowindex=(at + 2).to_string() data-test="source-row" data-id=id class:cursor=move || is_cursor.get() on:click=click>
            <td role="gridcell" class="p mono" title=label.clone()><span class="mid"><span>{start}</span><span>{end}</span></span></td>
            <td role="gridcell" class="c-m"><bdi class="ltr">{visible(&source.format).to_uppercase()}</bdi></td>
            <td role="gridcell" class="c-l" title=datasets><bdi class="mono ltr">{visible(&source.dataset)}</bdi></td>
            <td role="gridcell" class="c-s"><Status status=source.status /></td>
            <td role="gridcell" class="num">{grouped(source.events)}</td>
            <td role="gridcell" class="c-m num"><span class="ltr">{bytes(source.bytes)}</span></td>
            <td role="gridcell" class="num">{match gaps { 0 => view! { <span class="t3">"0"</span> }.into_any(), n => view! { <span class="warn-c">{grouped(n)}</span> }.into_any() }}</td>
            <td role="gridcell" class="c-2xl num">{time(source.first_seen)}</td>
            <td role="gridcell" class="c-l num">{time(source.last_seen)}</td>
            <td role="gridcell" class="c-xl num">{time(Some(source.imported_at))}</td>
            <td role="gridcell" class="c-xl num">{if source.rate > 0.0 { view! { <span class="ltr">{figures(source.rate)}</span> }.into_any() } else { view! { <span class="t3">"–"</span> }.into_any() }}</td>
        </tr>
    }
}

/// The list without rows: why, and the one thing to do.
#[component]
fn Empty() -> impl IntoView {
    let model = app().sources;
    move || {
        if let Some(failure) = model.failed.get() {
            let retry = Callback::new(move |()| model.load());
            return view! { <Failed failure=failure retry=retry title=t(k::LIST_FAILED) test="list-error" /> }
                .into_any();
        }
        if !model.loaded.get() || !model.rows.with(Vec::is_empty) {
            return ().into_any();
        }
        if app().place.with(|p| !p.get("q").is_empty()) {
            return view! {
                <div class="empty" data-test="empty-filter"><Icon name="filter" /><h2>{t(k::EMPTY_FILTER)}</h2>
                    <button class="btn" data-test="empty-clear" on:click=move |_| replace(app().place.get_untracked().with("q", ""))>{t(k::FILTER_CLEAR)}</button></div>
            }
            .into_any();
        }
        view! {
            <div class="empty" data-test="sources-empty"><Icon name="server" /><h2>{t(k::SOURCES_EMPTY)}</h2><p>{t(k::SOURCES_EMPTY_TEXT)}</p>
                {app().may("siem:write").then(|| view! {
                    <button class="btn btn-primary" data-test="empty-import" on:click=|_| import_files()>{t(k::START_FILES)}</button>
                })}</div>
        }
        .into_any()
    }
}
