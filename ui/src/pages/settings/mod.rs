//! Settings: appearance, password, users, keys, runtime, live sources, merged names, audit, about.

mod about;
mod appearance;
mod audit;
mod entities;
mod keys;
mod live;
mod password;
mod runtime;
mod user_new;
mod users;

use crate::{
    components::icon::Icon,
    i18n::{k, t, word},
    place::follow,
    state::app,
};
use leptos::prelude::*;

/// A section: its name in the address, icon, who sees it.
struct Section(&'static str, &'static str, fn() -> bool);

const SECTIONS: &[Section] = &[
    Section("appearance", "sun", || true),
    Section("password", "lock", || true),
    Section("users", "people", || app().is_admin()),
    Section("keys", "key", || true),
    Section("runtime", "gear", || app().may("system:read")),
    Section("live", "import", || app().is_admin()),
    Section("entities", "link", || app().may("siem:read")),
    Section("audit", "list", || app().is_admin()),
    Section("about", "info", || true),
];

/// Whether a section is called so.
pub fn named(name: &str) -> bool {
    SECTIONS.iter().any(|s| s.0 == name)
}

/// The page.
#[component]
pub fn Settings() -> impl IntoView {
    let place = app().place;
    let section = Memo::new(move |_| {
        let at = place.with(|p| {
            let named = p.path.split('/').nth(2).unwrap_or_default();
            if named.is_empty() { Some(0) } else { SECTIONS.iter().position(|s| s.0 == named) }
        });
        // A name that is none, one that is not for the caller, or a section.
        at.map(|at| (SECTIONS[at].0, SECTIONS[at].2()))
    });
    let now = Memo::new(move |_| section.get().map_or("", |(name, _)| name));
    let link = move |Section(name, icon, sees): &'static Section| {
        let (name, icon) = (*name, *icon);
        sees().then(|| {
            let href = format!("/settings/{name}");
            let to = href.clone();
            view! {
                <a class="nav-item" href=href aria-current=move || (now.get() == name).then_some("page") data-test=format!("settings-{name}") on:click=move |e| follow(e, &to)>
                    <Icon name=icon />{word("settings", name).to_owned()}
                </a>
            }
        })
    };
    view! {
        <div class="split settings">
            <nav class="pane settings-nav" aria-label=t(k::NAV_SETTINGS)>
                <div class="pagehead"><h1>{t(k::NAV_SETTINGS)}</h1></div>
                <div class="settings-list">{SECTIONS.iter().map(link).collect_view()}</div>
            </nav>
            <section class="pane">
                <div class="pagehead"><h2 class="settings-h">{move || if now.get().is_empty() { t(k::NOWHERE_TITLE).to_owned() } else { word("settings", now.get()).to_owned() }}</h2></div>
                <div class="scroll settings-b">
                    {move || match now.get() {
                        "" => view! { <super::start::Nowhere /> }.into_any(),
                        _ if section.get().is_some_and(|(_, sees)| !sees) => view! {
                            <div class="empty" data-test="settings-forbidden"><Icon name="lock" /><h2>{t(k::SETTINGS_FORBIDDEN)}</h2><p>{t(k::SETTINGS_FORBIDDEN_TEXT)}</p></div>
                        }.into_any(),
                        "users" => view! { <users::Users /> }.into_any(),
                        "runtime" => view! { <runtime::Runtime /> }.into_any(),
                        "live" => view! { <live::Live /> }.into_any(),
                        "entities" => view! { <entities::Entities /> }.into_any(),
                        "audit" => view! { <audit::Audit /> }.into_any(),
                        "keys" => view! { <keys::Keys /> }.into_any(),
                        "password" => view! { <password::Password /> }.into_any(),
                        "about" => view! { <about::About /> }.into_any(),
                        _ => view! { <appearance::Appearance /> }.into_any(),
                    }}
                </div>
            </section>
        </div>
    }
}
