//! By how much a host's clock was off: the question, with what an event's time becomes.

use crate::{
    clock,
    components::modal::Modal,
    data::{client, failure::Failure},
    i18n::{k, t, tf},
    state::{Layer, app},
    text::visible,
};
use api::{
    Empty, Time,
    siem::{ClockSet, SetClock},
};
use leptos::{prelude::*, task::spawn_local};
use std::cell::RefCell;

/// What the dialog is about.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The host, as its events write it.
    pub host: String,
    /// SHA-256 of the source that it was asked from.
    pub source: String,
    /// A time to show what the offset does to.
    pub example: Option<Time>,
}

thread_local! {
    static ASKED: RefCell<Asked> = RefCell::new(Asked::default());
}

/// Opens the dialog.
pub fn ask(asked: Asked) {
    ASKED.set(asked);
    app().layer.set(Some(Layer::HostClock));
}

/// Hours, minutes and seconds of an offset, without its sign.
pub fn span(seconds: i64) -> String {
    let all = seconds.unsigned_abs();
    format!("\u{2066}{}:{:02}:{:02}\u{2069}", all / 3600, all / 60 % 60, all % 60)
}

fn shut() {
    app().layer.set(None);
}

/// The dialog.
#[component]
pub fn Dialog() -> impl IntoView {
    let layer = app().layer;
    view! {
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::HostClock)) close=shut label=t(k::CLOCK_TITLE) test="clock-dialog">
            <Inside />
        </Modal>
    }
}

/// What is typed.
#[derive(Clone, Copy)]
struct Form {
    ahead: RwSignal<bool>,
    hours: RwSignal<String>,
    minutes: RwSignal<String>,
    seconds: RwSignal<String>,
    here: RwSignal<bool>,
    reason: RwSignal<String>,
}

impl Form {
    fn new() -> Self {
        let text = || RwSignal::new(String::new());
        Form {
            ahead: RwSignal::new(false),
            hours: text(),
            minutes: text(),
            seconds: text(),
            here: RwSignal::new(true),
            reason: text(),
        }
    }

    /// Seconds that are added to times.
    fn offset(self) -> i64 {
        let number =
            |text: RwSignal<String>| text.get().trim().parse::<i64>().unwrap_or(0).clamp(0, 1_000_000);
        let all = number(self.hours) * 3600 + number(self.minutes) * 60 + number(self.seconds);
        if self.ahead.get() { -all } else { all }
    }
}

#[component]
fn Inside() -> impl IntoView {
    let asked = ASKED.with_borrow(Clone::clone);
    let form = Form::new();
    let offset = Memo::new(move |_| form.offset());
    let wrong = RwSignal::new(None::<Failure>);
    let (host, source) = (asked.host.clone(), asked.source.clone());
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let reason = form.reason.get_untracked().trim().to_owned();
        let body = SetClock {
            sources: if form.here.get_untracked() { vec![source.clone()] } else { vec![] },
            host: Some(host.clone()),
            offset_seconds: Some(offset.get_untracked()),
            reason: (!reason.is_empty()).then_some(reason),
            ..SetClock::default()
        };
        spawn_local(async move {
            match client::call::<ClockSet>(&Empty {}, &Empty {}, &body).await {
                Ok(_) => {
                    shut();
                    app().sources.changed();
                }
                Err(failure) => wrong.set(Some(failure)),
            }
        });
    };
    let zone = app().preferences.with_untracked(|p| p.time_zone);
    let example = move || {
        let at = asked.example?;
        let moved = Time(at.0.saturating_add(offset.get().saturating_mul(1000)));
        let [before, after] = [at, moved].map(|at| format!("\u{2066}{}\u{2069}", clock::second(at, zone)));
        Some(tf(k::CLOCK_EXAMPLE, &[("before", &before), ("after", &after)]))
    };
    view! {
        <form on:submit=submit>
            <div class="dialog-h"><h2>{tf(k::CLOCK_OF, &[("host", &visible(&asked.host))])}</h2></div>
            <div class="dialog-b">
                <p>{t(k::CLOCK_TEXT)}</p>
                {choice(k::CLOCK_WAS, "clock-was", form.ahead, [(false, k::CLOCK_WAS_BEHIND, "clock-behind"), (true, k::CLOCK_WAS_AHEAD, "clock-ahead")])}
                <div class="row">
                    {number(form.hours, t(k::CLOCK_HOURS), "clock-hours", "876000")}
                    {number(form.minutes, t(k::CLOCK_MINUTES), "clock-minutes", "59")}
                    {number(form.seconds, t(k::CLOCK_SECONDS), "clock-seconds", "59")}
                </div>
                <p class="t12 t2" role="status" data-test="clock-example">{example}</p>
                {choice(k::CLOCK_WHERE, "clock-where", form.here, [(true, k::CLOCK_HERE, "clock-here"), (false, k::CLOCK_EVERYWHERE, "clock-everywhere")])}
                <label class="form-row"><span>{t(k::CLOCK_REASON)}</span>
                    <span class="field"><input maxlength="1000" dir="auto" data-test="clock-reason" on:input:target=move |e| form.reason.set(e.target().value()) /></span></label>
                {move || wrong.get().map(|failure| view! { <p class="err-c" role="alert" data-test="clock-wrong">{failure.sentence()}</p> })}
            </div>
            <div class="dialog-f">
                <button class="btn btn-quiet" type="button" data-test="clock-cancel" on:click=|_| shut()>{t(k::CANCEL)}</button>
                <button class="btn btn-primary" type="submit" data-test="clock-save" disabled=move || offset.get() == 0>{t(k::ZONE_SAVE)}</button>
            </div>
        </form>
    }
}

/// One of two.
fn choice(
    legend: crate::i18n::Key,
    name: &'static str,
    of: RwSignal<bool>,
    both: [(bool, crate::i18n::Key, &'static str); 2],
) -> impl IntoView {
    let one = move |(value, label, test): (bool, crate::i18n::Key, &'static str)| {
        view! {
            <label class="row t12"><input type="radio" name=name prop:checked=move || of.get() == value data-test=test on:change=move |_| of.set(value) /><span>{t(label)}</span></label>
        }
    };
    view! { <fieldset class="options"><legend>{t(legend)}</legend>{both.map(one).collect_view()}</fieldset> }
}

fn number(
    value: RwSignal<String>,
    label: &'static str,
    test: &'static str,
    most: &'static str,
) -> impl IntoView {
    view! {
        <label class="form-row"><span>{label}</span><span class="field"><input type="number" min="0" max=most step="1" placeholder="0" dir="ltr" data-test=test
            on:input:target=move |e| value.set(e.target().value()) /></span></label>
    }
}
