//! The listener for syslog.

use super::{Model, now, state};
use crate::{
    clock,
    components::{english::English, icon::Icon},
    i18n::{k, t, word},
    numbers::grouped,
    state::app,
    text::visible,
};
use leptos::prelude::*;

/// Settings and counts.
#[component]
pub fn Listener(model: Model) -> impl IntoView {
    let beyond = move || {
        model.draft.with(|d| {
            let address = d.syslog.address.trim();
            d.syslog.enabled && !(address.starts_with("127.") || address == "::1")
        })
    };
    view! {
        <fieldset class="sec set-sec" data-test="live-syslog">
            <legend class="set-legend">{t(k::LIVE_SYSLOG)}</legend>
            <p class="t3 t12">{t(k::LIVE_SYSLOG_TEXT)}</p>
            <label class="set-row">
                <input type="checkbox" role="switch" class="switch" data-test="live-syslog-on" prop:checked=move || model.draft.with(|d| d.syslog.enabled)
                    on:change:target=move |e| model.draft.update(|d| d.syslog.enabled = e.target().checked()) />
                <span><b class="med">{t(k::LIVE_SYSLOG_ON)}</b><small>{t(k::LIVE_SYSLOG_ON_TEXT)}</small></span>
            </label>
            <label class="choice-row"><span>{t(k::LIVE_ADDRESS)}</span>
                <span class="field"><input dir="ltr" required spellcheck="false" autocomplete="off" data-test="live-syslog-address" prop:value=move || model.draft.with(|d| d.syslog.address.clone())
                    on:input:target=move |e| model.draft.update(|d| d.syslog.address = e.target().value()) /></span></label>
            {move || beyond().then(|| view! { <p class="notice warn" data-test="live-syslog-open"><Icon name="warn" class="i-14" />{t(k::LIVE_ADDRESS_OPEN)}</p> })}
            <label class="choice-row"><span>{t(k::LIVE_PORT)}</span>
                <span class="field num-f"><input type="number" min="0" max="65535" required dir="ltr" data-test="live-syslog-port" prop:value=move || model.draft.with(|d| d.syslog.port.to_string())
                    on:input:target=move |e| if let Ok(n) = e.target().value().parse() { model.draft.update(|d| d.syslog.port = n) } /></span></label>
            <label class="choice-row"><span>{t(k::LIVE_ALLOW)}</span>
                <textarea class="textarea mono" dir="ltr" rows="3" spellcheck="false" data-test="live-syslog-allow" prop:value=move || model.draft.with(|d| d.syslog.allow.join("\n"))
                    on:change:target=move |e| model.draft.update(|d| d.syslog.allow = lines(&e.target().value()))></textarea></label>
            <Counts model=model />
        </fieldset>
    }
}

/// Addresses, one a line.
fn lines(text: &str) -> Vec<String> {
    text.split(['\n', ',']).map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect()
}

/// What it does now.
#[component]
fn Counts(model: Model) -> impl IntoView {
    let facts = move || {
        let s = now(model).syslog;
        let zone = app().preferences.with(|p| p.time_zone);
        let dropped = s.dropped.iter().map(|(why, n)| {
            let why = word("live-drop", why).to_owned();
            view! { <dt>{why}</dt><dd class="num">{grouped(*n)}</dd> }
        });
        view! {
            <dl class="kv" data-test="live-syslog-status">
                <dt>{t(k::LIVE_STATE)}</dt><dd data-test="live-syslog-state">{state(s.state)}</dd>
                {s.listens.map(|at| view! { <dt>{t(k::LIVE_LISTENS)}</dt><dd class="ltr mono" data-test="live-syslog-listens">{visible(&at)}</dd> })}
                <dt>{t(k::LIVE_CONNECTIONS)}</dt><dd class="num">{grouped(s.connections)}</dd>
                <dt>{t(k::LIVE_RECEIVED)}</dt><dd class="num" data-test="live-syslog-received">{grouped(s.received)}</dd>
                <dt>{t(k::LIVE_WAITING)}</dt><dd class="num">{grouped(s.waiting)}</dd>
                <dt>{t(k::LIVE_STORED)}</dt><dd class="num" data-test="live-syslog-stored">{grouped(s.stored)}</dd>
                {s.last_at.map(|at| view! { <dt>{t(k::LIVE_LAST)}</dt><dd><time class="ltr" title=clock::both(at)>{clock::second(at, zone)}</time></dd> })}
                {dropped.collect_view()}
            </dl>
        }
    };
    let trouble = move || {
        now(model).syslog.reason.map(|why| {
            view! { <p class="notice warn" role="status" data-test="live-syslog-trouble"><Icon name="warn" class="i-14" /><English text=why /></p> }
        })
    };
    view! { {trouble} {facts} }
}
