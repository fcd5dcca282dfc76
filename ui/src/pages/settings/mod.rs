//! Settings: appearance, password, users, keys, runtime, audit, about.

mod about;
mod appearance;
mod audit;
mod keys;
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
    Section("audit", "list", || app().is_admin()),
    Section("about", "info", || true),
];

/// The page.
#[component]
pub fn Settings() -> impl IntoView {
    let place = app().place;
    // What one may not see is no section: the first one stands in its place.
    let now = Memo::new(move |_| {
        let named = place.with(|p| p.path.split('/').nth(2).unwrap_or_default().to_owned());
        SECTIONS.iter().find(|s| s.0 == named && s.2()).map_or("appearance", |s| s.0)
    });
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
                <div class="pagehead"><h2 class="settings-h">{move || word("settings", now.get()).to_owned()}</h2></div>
                <div class="scroll settings-b">
                    {move || match now.get() {
                        "users" => view! { <users::Users /> }.into_any(),
                        "runtime" => view! { <runtime::Runtime /> }.into_any(),
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
