//! Colours, language, density, times: kept on the server for the caller.

use crate::{
    data::session,
    i18n::{k, t, word},
    state::app,
};
use api::users::{Density, Language, Preferences, Theme, TimeZone};
use leptos::prelude::*;

fn row<T>(
    label: &'static str,
    name: &'static str,
    all: &'static [T],
    as_word: fn(T) -> &'static str,
    get: fn(&Preferences) -> T,
    set: fn(&mut Preferences, T),
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let now = app().preferences;
    let button = move |value: &'static T| {
        let value = *value;
        view! {
            <button aria-pressed=move || (now.with(get) == value).to_string() data-test=format!("{name}-{}", as_word(value))
                on:click=move |_| session::prefer(|p| set(p, value))>{word(name, as_word(value)).to_owned()}</button>
        }
    };
    view! {
        <div class="choice-row"><span>{label}</span><span class="seg" role="group" aria-label=label>{all.iter().map(button).collect_view()}</span></div>
    }
}

/// The section.
#[component]
pub fn Appearance() -> impl IntoView {
    view! {
        <div class="sec choices">
            {row(t(k::LOOK_THEME), "theme", Theme::ALL, Theme::as_str, |p| p.theme, |p, v| p.theme = v)}
            {row(t(k::LOOK_LANGUAGE), "language", Language::ALL, Language::as_str, |p| p.language, |p, v| p.language = v)}
            {row(t(k::LOOK_DENSITY), "density", Density::ALL, Density::as_str, |p| p.density, |p, v| p.density = v)}
            {row(t(k::LOOK_TIMES), "times", TimeZone::ALL, TimeZone::as_str, |p| p.time_zone, |p, v| p.time_zone = v)}
            <p class="t3 t11">{t(k::LOOK_TEXT)}</p>
        </div>
    }
}
