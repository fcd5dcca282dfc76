//! Navigation: the screens that work.

use crate::{
    actions::hint,
    components::icon::Icon,
    i18n::{k, t},
    pages::alerts::query::Tab,
    place::follow,
    state::{Layer, app},
};
use leptos::prelude::*;

/// One screen.
fn link(
    href: &'static str,
    icon: &'static str,
    label: &'static str,
    count: impl Fn() -> Option<String> + Send + 'static,
) -> impl IntoView {
    let place = app().place;
    let root = href.split('/').nth(1).unwrap_or_default();
    let current = move || place.with(|p| p.path.split('/').nth(1) == Some(root)).then_some("page");
    view! {
        <a class="nav-item" href=href aria-current=current title=label data-test=format!("nav-{root}") on:click=move |e| follow(e, href)>
            <Icon name=icon />
            {label}
            {move || count().map(|n| view! { <span class="n attn">{n}</span> })}
        </a>
    }
}

/// The column at the start of the window.
#[component]
pub fn Nav() -> impl IntoView {
    let counts = app().alerts.counts;
    let open = move || {
        // A number stands only where somebody must act.
        let waiting = counts.with(|c| c.get(&Tab::Open).copied()).filter(|(n, _)| *n > 0);
        waiting.map(|(n, more)| crate::pages::alerts::query::count(n, more))
    };
    let may = |word| app().may(word);
    view! {
        <nav class="nav" aria-label=t(k::NAV_LABEL)>
            <div class="nav-group">{t(k::NAV_WATCH)}</div>
            {may("alerts:read").then(|| link("/alerts", "bell", t(k::NAV_ALERTS), open))}
            {may("siem:read").then(|| link("/detections/rules", "radar", t(k::NAV_DETECTIONS), || None))}
            {may("siem:read").then(|| link("/sources", "server", t(k::NAV_SOURCES), || None))}
            {may("cases:read").then(|| view! { <div class="nav-group">{t(k::NAV_WORK)}</div> })}
            {may("cases:read").then(|| link("/cases", "case", t(k::NAV_CASES), || None))}
            <div class="nav-foot">
                <button class="nav-item" data-test="nav-help" title=t(k::ACTION_HELP) on:click=|_| app().layer.set(Some(Layer::Help))>
                    <Icon name="book" />
                    {t(k::ACTION_HELP)}
                    <span class="n"><kbd class="kbd">{hint("help")}</kbd></span>
                </button>
                {link("/settings/appearance", "gear", t(k::NAV_SETTINGS), || None)}
            </div>
        </nav>
    }
}
