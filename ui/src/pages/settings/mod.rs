//! Settings: appearance, password, users, keys, about.

mod about;
mod appearance;
mod keys;
mod password;
mod user_new;
mod users;

use crate::{
    components::icon::Icon,
    i18n::{k, t, word},
    place::follow,
    state::app,
};
use leptos::prelude::*;

/// Section, icon, whether only an Admin sees it.
const SECTIONS: &[(&str, &str, bool)] = &[
    ("appearance", "sun", false),
    ("password", "lock", false),
    ("users", "people", true),
    ("keys", "key", false),
    ("about", "info", false),
];

/// The page.
#[component]
pub fn Settings() -> impl IntoView {
    let place = app().place;
    let now = Memo::new(move |_| place.with(|p| p.path.split('/').nth(2).unwrap_or("appearance").to_owned()));
    let link = move |(name, icon, admin): &(&'static str, &'static str, bool)| {
        let (name, icon) = (*name, *icon);
        (!admin || app().is_admin()).then(|| {
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
                <div class="pagehead"><h2 class="settings-h">{move || word("settings", &now.get()).to_owned()}</h2></div>
                <div class="scroll settings-b">
                    {move || match now.get().as_str() {
                        "users" if app().is_admin() => view! { <users::Users /> }.into_any(),
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
