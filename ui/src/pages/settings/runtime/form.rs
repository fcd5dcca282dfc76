//! The settings as a form.

use super::{Model, fields::due};
use crate::{
    components::severity::SeverityMark,
    i18n::{k, t, tf, word},
};
use api::{alerts::Severity, system::Mode};
use leptos::prelude::*;

/// Connections that a stream may be set to take (contract: 1 to 10,000).
const MOST_SOCKETS: u32 = 10_000;
/// Minutes until an alert is due: a year at most.
const LONGEST_DUE: u32 = 525_600;

/// `may`: whether the user may change them.
#[component]
pub fn Form(model: Model, may: bool) -> impl IntoView {
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        model.save();
    };
    let mode_changes = Memo::new(move |_| model.draft.with(|d| d.mode) != model.saved().mode);
    let ready = move || {
        model.differs()
            && !model.busy.get()
            && (!mode_changes.get() || !model.reason.with(|r| r.trim().is_empty()))
    };
    view! {
        <form on:submit=submit>
            <fieldset class="bare-set" disabled=!may>
                <Modes model=model />
                <div class="sec set-sec">
                    <h3>{t(k::RUNTIME_EVIDENCE)}</h3>
                    <label class="set-row">
                        <input type="checkbox" role="switch" class="switch" data-test="runtime-keep" prop:checked=move || model.draft.with(|d| d.keep_sources)
                            on:change:target=move |e| model.draft.update(|d| d.keep_sources = e.target().checked()) />
                        <span><b class="med">{t(k::RUNTIME_KEEP)}</b><small>{t(k::RUNTIME_KEEP_TEXT)}</small></span>
                    </label>
                </div>
                <div class="sec set-sec">
                    <h3>{t(k::RUNTIME_DUE)}</h3>
                    <p class="t3 t12">{t(k::RUNTIME_DUE_TEXT)}</p>
                    {Severity::ALL.iter().rev().map(|s| due_row(model, *s)).collect_view()}
                </div>
                <div class="sec set-sec">
                    <h3>{t(k::RUNTIME_SERVER)}</h3>
                    <label class="set-row wide">
                        <span class="field num-f"><input type="number" min="1" max=MOST_SOCKETS required dir="ltr" data-test="runtime-sockets"
                            prop:value=move || model.draft.with(|d| d.max_sockets.to_string())
                            on:input:target=move |e| if let Ok(n) = e.target().value().parse() { model.draft.update(|d| d.max_sockets = n) } /></span>
                        <span><b class="med">{t(k::RUNTIME_SOCKETS)}</b><small>{t(k::RUNTIME_SOCKETS_TEXT)}</small></span>
                    </label>
                </div>
                {may.then(|| view! {
                    <div class="bar foot save-bar">
                        <span class="field grow"><input dir="auto" maxlength="1000" aria-label=t(k::RUNTIME_REASON) required=move || mode_changes.get()
                            placeholder=move || if mode_changes.get() { t(k::RUNTIME_REASON_MUST) } else { t(k::RUNTIME_REASON) }
                            prop:value=move || model.reason.get() on:input:target=move |e| model.reason.set(e.target().value()) data-test="runtime-reason" /></span>
                        <button class="btn btn-quiet" type="button" data-test="runtime-discard" disabled=move || !model.differs()
                            on:click=move |_| { model.draft.set(untrack(|| model.saved())); model.base.set(None); }>{t(k::DISCARD)}</button>
                        <button class="btn btn-primary" type="submit" data-test="runtime-save" disabled=move || !ready()>{t(k::SAVE)}</button>
                    </div>
                })}
            </fieldset>
        </form>
    }
}

/// The modes, each with what it lets the product do.
#[component]
fn Modes(model: Model) -> impl IntoView {
    let choice = move |mode: &Mode| {
        let mode = *mode;
        view! {
            <label class="mode-row">
                <input type="radio" name="mode" value=mode.as_str() data-test=format!("runtime-mode-{mode}") prop:checked=move || model.draft.with(|d| d.mode == mode)
                    on:change=move |_| model.draft.update(|d| d.mode = mode) />
                <span class=format!("mode {mode}")><span class="dot ring"></span><bdi class="ltr">{mode.as_str()}</bdi></span>
                <span><span>{word("mode-allows", mode.as_str())}</span><small>{word("mode-restricts", mode.as_str())}</small></span>
            </label>
        }
    };
    view! {
        <fieldset class="sec set-sec">
            <legend class="set-legend">{t(k::RUNTIME_MODE)}</legend>
            <p class="t3 t12">{t(k::RUNTIME_MODE_TEXT)}</p>
            {Mode::ALL.iter().map(choice).collect_view()}
        </fieldset>
    }
}

/// Minutes until an alert of this severity is due, or never.
fn due_row(model: Model, severity: Severity) -> impl IntoView {
    let now = Memo::new(move |_| model.draft.with(|d| due(d, severity)));
    let set = move |value: Option<u32>| {
        model.draft.update(|d| {
            d.due_minutes.insert(severity, value);
        });
    };
    let name = word("severity", severity.as_str());
    view! {
        <div class="due-row">
            <SeverityMark severity=severity />
            <span class="field num-f"><input type="number" min="0" max=LONGEST_DUE dir="ltr" required disabled=move || now.get().is_none()
                aria-label=tf(k::RUNTIME_DUE_OF, &[("severity", &name)]) data-test=format!("runtime-due-{severity}")
                prop:value=move || now.get().map(|n| n.to_string()).unwrap_or_default()
                on:input:target=move |e| if let Ok(n) = e.target().value().parse() { set(Some(n)) } /></span>
            <span class="t3 t12">{t(k::MINUTES)}</span>
            <label class="row t12"><input type="checkbox" class="check" data-test=format!("runtime-never-{severity}") prop:checked=move || now.get().is_none()
                on:change:target=move |e| set(if e.target().checked() { None } else { Some(60) }) />{t(k::RUNTIME_NEVER)}</label>
        </div>
    }
}
