//! What this is: version, mode, warnings, licences.

use crate::{
    clock,
    components::{english::English, icon::Icon},
    i18n::{k, t, word},
    numbers::{bytes, grouped},
    state::app,
    text::visible,
};
use leptos::prelude::*;

/// Fonts in the UI and where their licence text lies.
const FONTS: &[(&str, &str)] = &[
    ("Inter", "/fonts/inter-LICENSE.txt"),
    ("JetBrains Mono", "/fonts/jetbrains-mono-LICENSE.txt"),
    ("Noto Sans Arabic", "/fonts/noto-sans-arabic-LICENSE.txt"),
];

/// What the server says of a mode that nobody has chosen yet.
const FIRST_START: &str = "first start";

/// The section.
#[component]
pub fn About() -> impl IntoView {
    let app = app();
    crate::data::session::refresh_facts();
    let zone = move || app.preferences.with(|p| p.time_zone);
    let facts = move || {
        app.mode_info.get().map(|info| {
            view! {
                {info.warnings.iter().map(|w| view! { <p class="notice warn" data-test="warning"><Icon name="warn" class="i-14" /><English text=w.clone() /></p> }).collect_view()}
                <dl class="kv">
                    <dt>{t(k::ABOUT_VERSION)}</dt><dd class="ltr" data-test="version">{env!("CARGO_PKG_VERSION")}</dd>
                    <dt>{t(k::START_WORKSPACE)}</dt><dd><bdi>{visible(&info.workspace)}</bdi></dd>
                    <dt>{t(k::ABOUT_MODE)}</dt><dd><span class=format!("mode {}", info.mode)><span class="dot ring"></span><bdi class="ltr">{info.mode.as_str()}</bdi></span></dd>
                    {(info.since.0 > 0).then(|| view! { <dt>{t(k::ABOUT_SINCE)}</dt><dd><time class="ltr">{clock::second(info.since, zone())}</time></dd> })}
                    <dt>{t(k::ABOUT_REASON)}</dt><dd><bdi>{if info.reason == FIRST_START { t(k::ABOUT_FIRST_START).to_owned() } else { visible(&info.reason) }}</bdi></dd>
                    <dt>{t(k::ABOUT_ALLOWS)}</dt><dd>{word("mode-allows", info.mode.as_str()).to_owned()}</dd>
                    <dt>{t(k::ABOUT_RESTRICTS)}</dt><dd>{word("mode-restricts", info.mode.as_str()).to_owned()}</dd>
                </dl>
            }
        })
    };
    let stored = move || {
        app.stats.get().map(|s| {
            let dataset = |(name, n): (&String, &u64)| view! { <dt class="mono t11"><bdi>{visible(name)}</bdi></dt><dd class="num">{grouped(*n)}</dd> };
            view! {
                <dl class="kv">
                    <dt>{t(k::TRAY_EVENTS)}</dt><dd class="num">{grouped(s.events)}</dd>
                    <dt>{t(k::ABOUT_SIZE)}</dt><dd class="num ltr">{bytes(s.store_bytes)}</dd>
                    {s.first_event.map(|at| view! { <dt>{t(k::HISTORY_FIRST)}</dt><dd><time class="ltr">{clock::second(at, zone())}</time></dd> })}
                    {s.last_event.map(|at| view! { <dt>{t(k::HISTORY_LAST)}</dt><dd><time class="ltr">{clock::second(at, zone())}</time></dd> })}
                    {s.by_dataset.iter().map(dataset).collect_view()}
                </dl>
            }
        })
    };
    let font = |(name, href): &(&'static str, &'static str)| view! { <dt>{*name}</dt><dd>{word("licence", "ofl").to_owned()} " " <a href=*href target="_blank" rel="noopener" data-test="font-licence">{t(k::ABOUT_TEXT)}</a></dd> };
    view! {
        <div class="sec about-s">{facts}</div>
        <div class="sec"><div class="sec-h"><h3>{t(k::ABOUT_STORED)}</h3></div>{stored}</div>
        <div class="sec"><div class="sec-h"><h3>{t(k::ABOUT_LICENCES)}</h3></div>
            <dl class="kv"><dt>"AuroraSOC Desktop"</dt><dd>{word("licence", "apache").to_owned()}</dd>{FONTS.iter().map(font).collect_view()}</dl></div>
    }
}
