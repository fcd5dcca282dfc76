//! Events of the open alert, one at a time, with why the rule matched them.

use super::{
    about::About,
    fields,
    lines::{self, Kind, Line, Marks},
    moves, query, raw, tree,
    unexplained::Unexplained,
    why,
};
use crate::{
    actions::hint,
    clock,
    components::{copy::CopyButton, failed::Failed, icon::Icon},
    data::{client, failure::Failure},
    i18n::{k, t, tf},
    numbers::grouped,
    place::Place,
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

/// Reads the events of one alert, page after page.
#[derive(Clone, Copy)]
struct Reader {
    id: StoredValue<String>,
    key: StoredValue<String>,
    events: RwSignal<Option<Loaded>>,
    failed: RwSignal<Option<Failure>>,
}

impl Reader {
    fn of(id: String) -> Reader {
        let seen =
            app().alerts.open.with_untracked(|o| o.as_ref().map(|a| a.event_count).unwrap_or_default());
        let key = format!("{id} {seen}");
        let reader = Reader {
            events: RwSignal::new(cached(&key)),
            id: StoredValue::new(id),
            key: StoredValue::new(key),
            failed: RwSignal::new(None),
        };
        if reader.events.with_untracked(Option::is_none) {
            reader.read();
        }
        reader
    }

    /// The first page, or the one after those that are here.
    fn read(self) {
        let path = AlertPath { alert_id: self.id.get_value() };
        let (before, _, cursor) = self.events.get_untracked().unwrap_or_default();
        let key = self.key.get_value();
        let _ = self.failed.try_set(None);
        spawn_local(async move {
            let query = AlertEventList { limit: Some(PAGE), cursor, ..AlertEventList::default() };
            match client::call::<AlertEvents>(&path, &query, &()).await {
                Ok(answer) => {
                    let page = answer.value;
                    let all: Vec<AlertEvent> = before.iter().cloned().chain(page.items).collect();
                    let loaded = (Arc::new(all), page.total, page.next_cursor);
                    keep(key, loaded.clone());
                    let _ = self.events.try_set(Some(loaded));
                }
                Err(failure) => drop(self.failed.try_set(Some(failure))),
            }
        });
    }
}

/// Why, entities, and the event itself.
#[component]
pub fn Events(id: String) -> impl IntoView {
    let app = app();
    let reader = Reader::of(id);
    let (events, failed) = (reader.events, reader.failed);
    let retry = Callback::new(move |()| reader.read());
    let at = Memo::new(move |_| app.place.with(|p| p.get("event").parse::<usize>().unwrap_or(1).max(1) - 1));
    Effect::new(move || {
        let Some((all, total, more)) = events.get() else { return };
        app.alerts.events.set(total.max(all.len() as u64));
        if more.is_some() && at.get() + 1 >= all.len() && (all.len() as u64) < total && at.get() > 0 {
            reader.read();
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
        {move || failed.get().map(|failure| view! { <Failed failure=failure retry=retry title=t(k::EVENTS_FAILED) test="events-error" /> })}
        {move || now.get().map(reason)}
        <About />
        {move || match now.get() {
            Some(event) => view! { <One event=event at=at /> }.into_any(),
            None if events.with(Option::is_some) => view! { <div class="empty"><h3>{t(k::EVENT_NONE)}</h3><p>{t(k::EVENT_NONE_TEXT)}</p></div> }.into_any(),
            None if failed.with(Option::is_none) => view! { <div class="sec"><span class="skel"></span></div> }.into_any(),
            None => ().into_any(),
        }}
    }
}

/// Why the rule fired on this event, as far as it can be told.
fn reason(event: AlertEvent) -> impl IntoView {
    let rule = app().alerts.open.with_untracked(|o| o.as_ref().and_then(|a| a.rule_id.clone()));
    let log_id = event.log.log_id;
    if event.why.is_empty() {
        return view! { <Unexplained rule_id=rule log_id=log_id /> }.into_any();
    }
    let tree = rule
        .filter(|_| app().may("siem:read"))
        .map(|rule_id| view! { <tree::Tree rule_id=rule_id log_id=log_id /> });
    view! { <why::Why why=event.why />{tree} }.into_any()
}

#[component]
fn One(event: AlertEvent, at: Memo<usize>) -> impl IntoView {
    let form = Memo::new(move |_| app().place.with(|p| p.get("form").to_owned()));
    let total = app().alerts.events;
    let seg = move |name: &'static str, id: &'static str, label: &'static str| {
        let title = format!("{label} ({})", hint(id));
        view! { <button aria-pressed=move || form.with(|f| f == name).to_string() title=title data-test=id on:click=move |_| moves::form(name)>{label}</button> }
    };
    let at_end = move || total.get() <= at.get() as u64 + 1;
    let step = move |id: &'static str, label: &'static str, class: &'static str, by: isize| {
        let title = format!("{label} ({})", hint(id));
        let disabled = move || if by < 0 { at.get() == 0 } else { at_end() };
        view! {
            <button class="btn btn-icon btn-quiet btn-sm" data-test=id aria-label=title.clone() title=title disabled=disabled
                on:click=move |_| moves::event(by)><Icon name="chevr" class=class /></button>
        }
    };
    let text = serde_json::to_string_pretty(&event.log.fields).unwrap_or_default();
    let copied = text.clone();
    let log_id = event.log.log_id.clone();
    let shown = Value::Object(event.log.fields.clone());
    let marked = event.why.clone();
    let record = event.log.raw_ref.as_ref().map(|r| tf(k::EVENT_RECORD, &[("n", &r.record)]));
    let zone = move || app().preferences.with(|p| p.time_zone);
    let time = event.log.timestamp;
    let own = event.log.source_time;
    view! {
        <div class="sec event-sec">
            <div class="sec-h">
                <h3>{t(k::VIEW_EVENT)}</h3>
                <Show when=move || { total.get() > 1 }>
                    <span class="row row-1 t11 t3">
                        {step("event-previous", t(k::EVENT_PREVIOUS), "i-14 turn", -1)}
                        <span class="num" data-test="event-at">{move || tf(k::EVENT_AT, &[("at", &grouped(at.get() as u64 + 1)), ("total", &grouped(total.get()))])}</span>
                        {step("event-next", t(k::EVENT_NEXT), "i-14 i-flip", 1)}
                    </span>
                </Show>
                <span class="push row row-1">
                    <span class="seg" role="group" aria-label=t(k::EVENT_FORMS)>{seg("", "event-fields", t(k::EVENT_FIELDS))}{seg("json", "event-json", t(k::EVENT_JSON))}{seg("raw", "event-raw", t(k::EVENT_RAW))}</span>
                    <CopyButton text=copied label=t(k::EVENT_COPY) test="event-copy" />
                </span>
            </div>
            <div class="row wrap t11 t3 event-facts">
                <time class="ltr mono t11" title=clock::both(time)>{move || clock::full(time, zone())}</time>
                {own.map(|own| view! { <span class="warn-c" title=t(k::EVENT_OWN_WHY) data-test="event-own-time">{move || tf(k::EVENT_OWN_TIME, &[("time", &clock::full(own, zone()))])}</span> })}
                <bdi class="mono t11">{visible(&event.log.dataset)}</bdi>
                {record}
                <bdi class="mono t11 trunc" title=visible(&event.log.source)>{visible(&event.log.source)}</bdi>
            </div>
            <p class="event-line"><bdi>{visible(&event.log.message)}</bdi></p>
            {move || match form.get().as_str() {
                "json" => as_json(&shown, &Marks::new(&marked)).into_any(),
                "raw" => view! { <raw::Raw log_id=log_id.clone() text=text.clone() /> }.into_any(),
                _ => fields::table(&shown, &Marks::new(&marked)).into_any(),
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

/// Link to the list narrowed to a rule.
pub fn rule_alerts(rule_id: &str) -> String {
    query::list_key(&Place::parse("/alerts")).with("tab", "all").with("rule", rule_id).url()
}
