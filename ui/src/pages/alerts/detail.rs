//! The open alert: what to do with it, why it fired, its events, its rule, comments and history.

use super::{event::Events, history, moves, rule::RuleView, writes};
use crate::{
    actions::{self, hint},
    clock,
    components::{copy::CopyButton, failed::Failed, icon::Icon, severity::SeverityMark, status::StatusMark},
    data::{client, failure::Failure},
    i18n::{k, t, tn, word},
    place::{follow, replace},
    state::app,
    text::visible,
};
use api::alerts::{Alert, AlertGet, AlertPath, AlertStatus};
use leptos::{prelude::*, task::spawn_local};

/// A newer form of an alert: shown if it is the open one.
pub fn changed(alert: Alert) {
    let open = app().alerts.open;
    if open.with_untracked(|o| o.as_ref().is_some_and(|o| o.alert_id == alert.alert_id)) {
        open.set(Some(alert));
    }
}

/// The pane.
#[component]
pub fn Detail(id: String) -> impl IntoView {
    let model = app().alerts;
    let failed = RwSignal::new(None::<Failure>);
    // The row first, so that the pane answers at once; then the whole record.
    model.open.set(model.row(&id).map(|row| Alert::clone(&row)));
    if model.cursor.get_untracked().is_none() {
        model.cursor.set(Some(id.clone()));
    }
    let wanted = id.clone();
    let read = move || {
        let _ = failed.try_set(None);
        let wanted = wanted.clone();
        spawn_local(async move {
            let outcome = client::get::<AlertGet>(AlertPath { alert_id: wanted.clone() }).await;
            if app().place.with_untracked(|p| p.get("id") != wanted) {
                return;
            }
            match outcome {
                Ok(alert) => model.open.set(Some(alert)),
                Err(failure) => drop(failed.try_set(Some(failure))),
            }
        });
    };
    read();
    let retry = Callback::new(move |()| read());
    let label = id.clone();
    let known = Memo::new(move |_| model.open.with(Option::is_some));
    view! {
        <aside class="pane detail" aria-label=label data-test="detail">
            <Bar id=id.clone() />
            <div class="scroll" id=moves::PANE tabindex="-1" data-home="">
                {move || match (known.get(), failed.get()) {
                    (true, _) => { let id = id.clone(); view! { <Body id=id /> }.into_any() },
                    (false, Some(failure)) => view! {
                        <Failed failure=failure retry=retry title=t(k::DETAIL_FAILED) test="detail-error" />
                    }.into_any(),
                    (false, None) => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
                }}
            </div>
        </aside>
    }
}

#[component]
fn Bar(id: String) -> impl IntoView {
    let model = app().alerts;
    let severity = Memo::new(move |_| model.open.with(|o| o.as_ref().map(|o| o.severity)));
    let button = |id: &'static str, icon: &'static str| {
        let label = actions::find(id).map(|a| format!("{} ({})", t(a.label), hint(id))).unwrap_or_default();
        view! {
            <button class="btn btn-icon btn-quiet btn-sm" aria-label=label.clone() title=label data-test=format!("detail-{id}")
                on:click=move |_| if let Some(a) = actions::find(id) { (a.run)() }><Icon name=icon /></button>
        }
    };
    let close = format!("{} (Esc)", t(k::CLOSE));
    view! {
        <div class="pagehead detail-bar">
            {move || severity.get().map(|s| view! { <SeverityMark severity=s tag=true /> })}
            <span class="mono t2" data-test="detail-id">{id.clone()}</span>
            <CopyButton text=id label=t(k::COPY_ID) test="detail-copy-id" />
            <span class="push row row-1">
                {button("previous", "up")}
                {button("next", "down")}
                {button("copy-link", "link")}
                <button class="btn btn-icon btn-quiet btn-sm" aria-label=close.clone() title=close data-test="detail-close"
                    on:click=|_| moves::close()><Icon name="x" /></button>
            </span>
        </div>
    }
}

fn open() -> Option<Alert> {
    app().alerts.open.get()
}

#[component]
fn Body(id: String) -> impl IntoView {
    let view = Memo::new(move |_| app().place.with(|p| p.get("view").to_owned()));
    let tab = move |name: &'static str, label: &'static str| {
        let now = move || view.with(|v| v == name || (v.is_empty() && name == "event"));
        view! {
            <button class="tab" aria-pressed=move || now().to_string() data-test=format!("detail-tab-{name}")
                on:click=move |_| replace(app().place.get_untracked().with("view", if name == "event" { "" } else { name }))>{label}</button>
        }
    };
    let event_id = id.clone();
    view! {
        <Title />
        <div class="bar tabs-bar"><div class="tabs" role="group" aria-label=t(k::DETAIL_VIEWS)>
            {tab("event", t(k::VIEW_EVENT))}{tab("rule", t(k::VIEW_RULE))}{tab("comments", t(k::VIEW_COMMENTS))}{tab("history", t(k::VIEW_HISTORY))}
        </div></div>
        {move || match view.get().as_str() {
            "rule" => view! { <RuleView /> }.into_any(),
            "comments" => { let id = id.clone(); view! { <history::Comments id=id /> }.into_any() },
            "history" => { let id = id.clone(); view! { <history::History id=id /> }.into_any() },
            _ => { let id = event_id.clone(); view! { <Events id=id /> }.into_any() },
        }}
    }
}

#[component]
fn Title() -> impl IntoView {
    let facts = move || {
        open().map(|a| {
            let zone = app().preferences.with(|p| p.time_zone);
            view! {
                <StatusMark status=a.status />
                <time class="ltr mono t11" title=clock::both(a.last_seen)>{clock::full(a.last_seen, zone)}</time>
                <span>{tn(k::COUNT_EVENTS, a.event_count)}</span>
                {a.assignee.map(|who| view! { <span><span class="t3">{t(k::COL_ASSIGNEE)}" "</span><bdi class="mono t11">{visible(&who)}</bdi></span> })}
                {a.case_id.map(|case| {
                    let href = format!("/cases?id={case}");
                    let to = href.clone();
                    view! { <a class="mono t11" href=href data-test="detail-case" on:click=move |e| follow(e, &to)>{case.clone()}</a> }
                })}
                {a.metadata.get("run_id").and_then(|v| v.as_str()).map(|run| {
                    let href = format!("/detections/runs?run={run}");
                    let to = href.clone();
                    view! { <a href=href data-test="detail-run" on:click=move |e| follow(e, &to)>{t(k::FROM_A_RUN)}</a> }
                })}
                {a.resolution.map(|r| view! { <span class="t3">{word("resolution", r.as_str()).to_owned()}</span> })}
            }
        })
    };
    let closed = Memo::new(move |_| {
        open().is_some_and(|a| matches!(a.status, AlertStatus::Resolved | AlertStatus::FalsePositive))
    });
    let in_case = Memo::new(move |_| open().is_some_and(|a| a.case_id.is_some()));
    let fresh = Memo::new(move |_| open().is_some_and(|a| a.status < AlertStatus::Acknowledged));
    let button = move |id: &'static str, primary: bool| {
        actions::find(id).filter(|a| a.needs.is_none_or(actions::alerts::may)).map(|action| {
            view! {
                <button class="btn" class:btn-primary=primary data-test=format!("do-{id}") on:click=|_| on_open(action)>
                    {t(action.label)}<kbd class="kbd">{hint(id)}</kbd>
                </button>
            }
        })
    };
    view! {
        <div class="sec title-sec">
            <h2><bdi data-test="detail-title">{move || open().map(|a| visible(&a.title))}</bdi></h2>
            <p class="t2 t12"><bdi>{move || open().map(|a| visible(&a.description))}</bdi></p>
            <div class="row wrap t12 t2 facts-row">{facts}</div>
            <div class="row row-1 wrap">
                {move || (fresh.get() && !closed.get()).then(|| button("acknowledge", true))}
                {button("assign-me", false)}
                {move || (!closed.get() && !in_case.get()).then(|| button("promote", false))}
                {move || if closed.get() { view! { <Reopen /> }.into_any() } else { button("close", false).into_any() }}
                {move || (!in_case.get()).then(|| button("link", false))}
                {move || (!closed.get()).then(|| view! { <StatusSelect /> })}
            </div>
        </div>
    }
}

/// A button of the pane means the open alert, whatever is ticked in the list.
fn on_open(action: &'static actions::Action) {
    app().alerts.selected.update(std::collections::BTreeSet::clear);
    (action.run)();
}

#[component]
fn Reopen() -> impl IntoView {
    actions::alerts::may("alerts:write").then(|| {
        view! {
            <button class="btn" data-test="do-reopen" on:click=|_| {
                let id = app().place.with_untracked(|p| p.get("id").to_owned());
                writes::set_status(vec![id], AlertStatus::Investigating);
            }>{t(k::ACTION_REOPEN)}</button>
        }
    })
}

/// Moves forward to another open state.
#[component]
fn StatusSelect() -> impl IntoView {
    let now = Memo::new(move |_| open().map(|a| a.status));
    let later =
        move || {
            let now = now.get().unwrap_or(AlertStatus::New);
            AlertStatus::ALL.iter().filter(move |s| **s >= now && **s < AlertStatus::Resolved).map(move |s| {
            view! { <option value=s.as_str() selected=*s == now>{word("status", s.as_str())}</option> }
        }).collect_view()
        };
    let choose = |value: String| {
        let id = app().place.with_untracked(|p| p.get("id").to_owned());
        if let Some(status) = AlertStatus::parse(&value) {
            writes::set_status(vec![id], status);
        }
    };
    actions::alerts::may("alerts:write").then(|| {
        view! {
            <select class="select" aria-label=t(k::COL_STATUS) data-test="do-status" on:change:target=move |e| choose(e.target().value())>{later}</select>
        }
    })
}
