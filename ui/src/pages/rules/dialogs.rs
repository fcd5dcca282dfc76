//! Two questions: which events a run shall look at, and whether a rule shall go.

use super::writes;
use crate::{
    clock,
    components::modal::Modal,
    i18n::{k, t, tf, tn},
    state::{Layer, app},
    text::visible,
};
use api::detections::{RunRange, RunWhat};
use leptos::prelude::*;

fn shut() {
    app().layer.set(None);
}

/// Asks for a run of what is ticked, open or under the cursor.
pub fn ask_some() {
    let what = RunWhat { rule_ids: app().rules.targets(), ..RunWhat::default() };
    app().rules.run.set(what);
    app().layer.set(Some(Layer::Run));
}

/// Asks for a run of all enabled rules.
pub fn ask_all() {
    app().rules.run.set(RunWhat::default());
    app().layer.set(Some(Layer::Run));
}

/// The dialogs.
#[component]
pub fn Dialogs() -> impl IntoView {
    let layer = app().layer;
    view! {
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::Run)) close=shut label=t(k::ACTION_RUN) test="run-dialog"><Run /></Modal>
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::DeleteRule)) close=shut label=t(k::RULE_DELETE) test="rule-delete-dialog"><Delete /></Modal>
        <super::import::Dialog />
    }
}

#[component]
fn Run() -> impl IntoView {
    let app = app();
    let what = app.rules.run.get_untracked();
    let zone = app.preferences.with_untracked(|p| p.time_zone);
    let (first, last, events) = app
        .stats
        .with_untracked(|s| s.as_ref().map(|s| (s.first_event, s.last_event, s.events)).unwrap_or_default());
    let all = RwSignal::new(true);
    let field = |at: Option<api::Time>| at.map(|at| clock::to_field(at, zone)).unwrap_or_default();
    // The range of the data is where one begins; the last minute is part of it.
    let (from, to) =
        (RwSignal::new(field(first)), RwSignal::new(field(last.map(|t| api::Time(t.0 + 60_000)))));
    let title = match (&what.pack, what.rule_ids.len() as u64) {
        (Some(pack), _) => tf(k::RUN_PACK, &[("name", &visible(pack))]),
        (None, 0) => t(k::RUN_ALL).to_owned(),
        (None, n) => tn(k::RUN_N, n),
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let range = match all.get_untracked() {
            true => RunRange::default(),
            false => RunRange {
                from: clock::from_field(&from.get_untracked(), zone),
                to: clock::from_field(&to.get_untracked(), zone),
            },
        };
        shut();
        writes::run(what.rule_ids.clone(), what.pack.clone(), range);
    };
    let span = match (first, last) {
        (Some(a), Some(b)) => {
            format!("\u{2066}{} – {}\u{2069}", clock::second(a, zone), clock::second(b, zone))
        }
        _ => String::new(),
    };
    let moment = move |value: RwSignal<String>, label: &'static str, test: &'static str| {
        view! {
            <label class="form-row"><span>{label}</span><span class="field"><input type="datetime-local" dir="ltr" data-test=test disabled=move || all.get() prop:value=move || value.get()
                on:input:target=move |e| value.set(e.target().value()) /></span></label>
        }
    };
    view! {
        <form on:submit=submit>
            <div class="dialog-h"><h2>{title}</h2></div>
            <div class="dialog-b">
                <p>{t(k::RUN_TEXT)}</p>
                <fieldset class="options"><legend>{t(k::RUN_RANGE)}</legend>
                    <label class="row t12"><input type="radio" name="range" prop:checked=move || all.get() data-test="run-range-all" on:change=move |_| all.set(true) />
                        <span>{t(k::RUN_EVERYTHING)}" "<span class="t3">{tn(k::COUNT_EVENTS, events)}" "{span}</span></span></label>
                    <label class="row t12"><input type="radio" name="range" prop:checked=move || !all.get() data-test="run-range-some" on:change=move |_| all.set(false) /><span>{t(k::RUN_BETWEEN)}</span></label>
                </fieldset>
                <div class="row">{moment(from, t(k::AUDIT_FROM), "run-from")}{moment(to, t(k::AUDIT_TO), "run-to")}</div>
            </div>
            <div class="dialog-f">
                <button class="btn btn-quiet" type="button" data-test="run-cancel" on:click=|_| shut()>{t(k::CANCEL)}</button>
                <button class="btn btn-primary" type="submit" data-test="run-submit">{t(k::RUN_DO)}</button>
            </div>
        </form>
    }
}

#[component]
fn Delete() -> impl IntoView {
    let open =
        app().rules.open.with_untracked(|o| o.as_ref().map(|(r, _)| (r.rule_id.clone(), r.title.clone())));
    let (id, title) = open.unwrap_or_default();
    let act = move |_| {
        shut();
        writes::delete(id.clone());
    };
    view! {
        <div class="dialog-h"><h2>{tf(k::RULE_DELETE_ASK, &[("name", &visible(&title))])}</h2></div>
        <div class="dialog-b"><p>{t(k::RULE_DELETE_TEXT)}</p></div>
        <div class="dialog-f">
            <button class="btn btn-quiet" data-test="rule-delete-cancel" on:click=|_| shut()>{t(k::CANCEL)}</button>
            <button class="btn btn-danger" data-test="rule-delete-confirm" on:click=act>{t(k::RULE_DELETE)}</button>
        </div>
    }
}
