//! Events of the open alert, one at a time, with why the rule matched them.

use super::{
    lines::{self, Kind, Line, Marks},
    query, raw, tree, why,
};
use crate::{
    clock,
    components::{copy::CopyButton, icon::Icon},
    data::client,
    i18n::{k, t, tf},
    numbers::grouped,
    place::{Place, follow, replace},
    state::app,
    text::visible,
};
use api::alerts::{AlertEvent, AlertEventList, AlertEvents, AlertPath};
use leptos::{prelude::*, task::spawn_local};
use serde_json::Value;
use std::{cell::RefCell, sync::Arc};

/// Events asked for at once.
const PAGE: u32 = 50;
/// Alerts whose first page of events is kept, for going up and down.
const KEPT: usize = 32;

type Loaded = (Arc<Vec<AlertEvent>>, u64, Option<String>);

thread_local! { static CACHE: RefCell<Vec<(String, Loaded)>> = const { RefCell::new(Vec::new()) }; }

fn cached(key: &str) -> Option<Loaded> {
    CACHE.with_borrow(|c| c.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone()))
}

fn keep(key: String, value: Loaded) {
    CACHE.with_borrow_mut(|c| {
        c.retain(|(k, _)| *k != key);
        c.push((key, value));
        let more = c.len().saturating_sub(KEPT);
        c.drain(..more);
    });
}

fn load(
    id: String,
    cursor: Option<String>,
    before: Arc<Vec<AlertEvent>>,
    into: RwSignal<Option<Loaded>>,
    failed: RwSignal<Option<String>>,
    key: String,
) {
    spawn_local(async move {
        let query = AlertEventList { limit: Some(PAGE), cursor, ..AlertEventList::default() };
        match client::call::<AlertEvents>(&AlertPath { alert_id: id }, &query, &()).await {
            Ok(answer) => {
                let page = answer.value;
                let all: Vec<AlertEvent> = before.iter().cloned().chain(page.items).collect();
                let loaded = (Arc::new(all), page.total, page.next_cursor);
                keep(key, loaded.clone());
                let _ = into.try_set(Some(loaded));
            }
            Err(failure) => drop(failed.try_set(Some(failure.sentence()))),
        }
    });
}

/// Why, entities, and the event itself.
#[component]
pub fn Events(id: String) -> impl IntoView {
    let app = app();
    let seen = app.alerts.open.with_untracked(|o| o.as_ref().map(|a| a.event_count).unwrap_or_default());
    let key = format!("{id} {seen}");
    let events = RwSignal::new(cached(&key));
    let failed = RwSignal::new(None::<String>);
    if events.with_untracked(Option::is_none) {
        load(id.clone(), None, Arc::default(), events, failed, key.clone());
    }
    let at = Memo::new(move |_| app.place.with(|p| p.get("event").parse::<usize>().unwrap_or(1).max(1) - 1));
    let wanted = id.clone();
    Effect::new(move || {
        let Some((all, total, Some(cursor))) = events.get() else { return };
        if at.get() + 1 >= all.len() && (all.len() as u64) < total && at.get() > 0 {
            load(wanted.clone(), Some(cursor), all, events, failed, key.clone());
        }
    });
    let now = Memo::new_with_compare(
        move |_| events.with(|e| e.as_ref().and_then(|(all, ..)| all.get(at.get()).cloned())),
        |a, b| {
            let id =
                |e: Option<&Option<AlertEvent>>| e.and_then(|e| e.as_ref()).map(|e| e.log.log_id.clone());
            id(a) != id(b)
        },
    );
    view! {
        {move || failed.get().map(|text| view! { <div class="sec"><div class="notice err" role="alert">{text}</div></div> })}
        {move || now.get().map(|event| {
            let rule = app.alerts.open.with_untracked(|o| o.as_ref().and_then(|a| a.rule_id.clone()));
            let tree = rule.filter(|_| app.may("siem:read")).map(|rule_id| {
                let log_id = event.log.log_id.clone();
                view! { <tree::Tree rule_id=rule_id log_id=log_id /> }
            });
            view! { <why::Why why=event.why />{tree} }
        })}
        <About />
        {move || match now.get() {
            Some(event) => view! { <One event=event at=at events=events /> }.into_any(),
            None if events.with(Option::is_some) => view! { <div class="empty"><h3>{t(k::EVENT_NONE)}</h3><p>{t(k::EVENT_NONE_TEXT)}</p></div> }.into_any(),
            None if failed.with(Option::is_none) => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
            None => ().into_any(),
        }}
    }
}

/// Techniques and entities; each narrows the list to its like.
#[component]
fn About() -> impl IntoView {
    let open = app().alerts.open;
    let chip = |name: &'static str, icon: Option<&'static str>, value: String| {
        let href = Place::parse("/alerts").with("tab", "all").with(name, &value).url();
        let to = href.clone();
        let title = tf(k::CHIP_FILTER, &[("value", &visible(&value))]);
        view! {
            <a class="chip mono" href=href title=title data-test=format!("chip-{name}") on:click=move |e| follow(e, &to)>
                {icon.map(|icon| view! { <Icon name=icon /> })}<bdi class="trunc">{visible(&value)}</bdi>
            </a>
        }
    };
    let icon_of = |kind: &str| match kind {
        "host" => "host",
        "user" => "user",
        "ip" | "domain" => "globe",
        "process" => "cpu",
        "file" => "file",
        _ => "hash",
    };
    let techniques = move || {
        open.with(|o| {
            o.as_ref()
                .map(|a| a.mitre_techniques.iter().map(|v| chip("technique", None, v.clone())).collect_view())
        })
    };
    let entities = move || {
        open.with(|o| {
            o.as_ref().map(|a| {
                a.entities
                    .iter()
                    .map(|e| chip("entity", Some(icon_of(&e.kind)), e.value.clone()))
                    .collect_view()
            })
        })
    };
    let some = move |f: fn(&api::alerts::Alert) -> usize| open.with(|o| o.as_ref().is_some_and(|a| f(a) > 0));
    view! {
        <div class="sec"><dl class="kv about">
            <Show when=move || some(|a| a.mitre_techniques.len())><dt>{t(k::TECHNIQUES)}</dt><dd class="row wrap row-1">{techniques}</dd></Show>
            <Show when=move || some(|a| a.entities.len())><dt>{t(k::ENTITIES)}</dt><dd class="row wrap row-1">{entities}</dd></Show>
        </dl></div>
    }
}

#[component]
fn One(event: AlertEvent, at: Memo<usize>, events: RwSignal<Option<Loaded>>) -> impl IntoView {
    let form = RwSignal::new("fields");
    let total = move || {
        events.with(|e| e.as_ref().map(|(all, total, _)| (*total).max(all.len() as u64)).unwrap_or_default())
    };
    let seg = move |name: &'static str, label: &'static str| {
        view! { <button aria-pressed=move || (form.get() == name).to_string() data-test=format!("event-{name}") on:click=move |_| form.set(name)>{label}</button> }
    };
    let at_end = move || total() <= at.get() as u64 + 1;
    let step = move |to: usize| replace(app().place.get_untracked().with("event", &(to + 1).to_string()));
    let text = serde_json::to_string_pretty(&event.log.fields).unwrap_or_default();
    let log_id = event.log.log_id.clone();
    let fields = Value::Object(event.log.fields.clone());
    let marked = event.why.clone();
    let record = event.log.raw_ref.as_ref().map(|r| tf(k::EVENT_RECORD, &[("n", &r.record)]));
    let zone = move || app().preferences.with(|p| p.time_zone);
    let time = event.log.timestamp;
    view! {
        <div class="sec event-sec">
            <div class="sec-h">
                <h3>{t(k::VIEW_EVENT)}</h3>
                <Show when=move || { total() > 1 }>
                    <span class="row row-1 t11 t3">
                        <button class="btn btn-icon btn-quiet btn-sm" data-test="event-previous" aria-label=t(k::EVENT_PREVIOUS) disabled=move || at.get() == 0
                            on:click=move |_| step(at.get_untracked().saturating_sub(1))><Icon name="chevr" class="i-14 turn" /></button>
                        <span class="num" data-test="event-at">{move || tf(k::EVENT_AT, &[("at", &grouped(at.get() as u64 + 1)), ("total", &grouped(total()))])}</span>
                        <button class="btn btn-icon btn-quiet btn-sm" data-test="event-next" aria-label=t(k::EVENT_NEXT) disabled=at_end
                            on:click=move |_| step(at.get_untracked() + 1)><Icon name="chevr" class="i-14 i-flip" /></button>
                    </span>
                </Show>
                <span class="push row row-1">
                    <span class="seg" role="group" aria-label=t(k::EVENT_FORMS)>{seg("fields", t(k::EVENT_FIELDS))}{seg("json", t(k::EVENT_JSON))}{seg("raw", t(k::EVENT_RAW))}</span>
                    <CopyButton text=text label=t(k::EVENT_COPY) test="event-copy" />
                </span>
            </div>
            <div class="row wrap t11 t3 event-facts">
                <time class="ltr mono t11" title=clock::both(time)>{move || clock::full(time, zone())}</time>
                <bdi class="mono t11">{visible(&event.log.dataset)}</bdi>
                {record}
                <bdi class="mono t11 trunc" title=visible(&event.log.source)>{visible(&event.log.source)}</bdi>
            </div>
            <p class="event-line"><bdi>{visible(&event.log.message)}</bdi></p>
            {move || match form.get() {
                "json" => as_json(&fields, &Marks::new(&marked)).into_any(),
                "raw" => view! { <raw::Raw log_id=log_id.clone() /> }.into_any(),
                _ => as_fields(&fields, &Marks::new(&marked)).into_any(),
            }}
        </div>
    }
}

/// The pieces of a line, the matched ones marked.
pub fn pieces(line: Line) -> impl IntoView {
    line.pieces
        .into_iter()
        .map(|(kind, text)| match kind {
            Kind::Mark => view! { <mark class="m">{text}</mark> }.into_any(),
            Kind::Key => view! { <span class="k-key">{text}</span> }.into_any(),
            Kind::Text => view! { <span class="k-str">{text}</span> }.into_any(),
            Kind::Number => view! { <span class="k-num">{text}</span> }.into_any(),
            Kind::Plain => text.into_any(),
        })
        .collect_view()
}

fn as_json(fields: &Value, marks: &Marks<'_>) -> impl IntoView + use<> {
    let lines = lines::json(fields, marks).into_iter().enumerate().map(|(i, line)| {
        let hit = line.hit;
        view! { <span class="ln" class:hit=hit data-n=(i + 1).to_string()>{pieces(line)}</span> }
    });
    view! { <div class="code pad" tabindex="0" role="region" aria-label=t(k::EVENT_JSON) data-test="event-lines">{lines.collect_view()}</div> }
}

/// Longest value shown with a link to its like.
const LINKED: usize = 256;

fn as_fields(fields: &Value, marks: &Marks<'_>) -> impl IntoView + use<> {
    let rows = lines::fields(fields, marks).into_iter().map(|(name, value, line)| {
        let hit = line.hit;
        let same = (!value.is_empty() && value.len() <= LINKED).then(|| {
            let href = Place::parse("/alerts").with("tab", "all").with("q", &value).url();
            let to = href.clone();
            view! {
                <a class="act" href=href aria-label=t(k::FIELD_SEARCH) title=t(k::FIELD_SEARCH) data-test="field-search" on:click=move |e| follow(e, &to)><Icon name="search" class="i-12" /></a>
            }
        });
        view! {
            <tr class:hit=hit>
                <th scope="row"><bdi>{visible(&name)}</bdi></th>
                <td><bdi class="v">{pieces(line)}</bdi></td>
                <td class="acts">{same}<CopySmall text=value /></td>
            </tr>
        }
    });
    view! { <table class="fields-t" data-test="event-lines"><tbody>{rows.collect_view()}</tbody></table> }
}

#[component]
fn CopySmall(text: String) -> impl IntoView {
    view! {
        <button class="act" aria-label=t(k::FIELD_COPY) title=t(k::FIELD_COPY) data-test="field-copy" on:click=move |_| crate::components::copy::copy_text(&text)>
            <Icon name="copy" class="i-12" />
        </button>
    }
}

/// Link to the list narrowed to a rule.
pub fn rule_alerts(rule_id: &str) -> String {
    query::list_key(&Place::parse("/alerts")).with("tab", "all").with("rule", rule_id).url()
}
