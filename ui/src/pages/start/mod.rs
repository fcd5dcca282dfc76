//! First start: one screen with the choices that work, and what is stored where.

use crate::{
    actions::shell::{import_files, import_folder},
    components::{failed::Failed, icon::Icon},
    data::{pick::knows_folders, session},
    i18n::{k, t},
    place::{Place, follow, replace},
    state::app,
    text::visible,
};
use leptos::prelude::*;

/// The root: where something is stored, the alerts; else the first start.
#[component]
pub fn Home() -> impl IntoView {
    let app = app();
    let known = Memo::new(move |_| app.stats.with(|s| s.as_ref().map(|s| s.events > 0)));
    let busy = Memo::new(move |_| app.jobs.with(|j| !j.is_empty()));
    Effect::new(move || {
        if known.get() == Some(true)
            || (busy.get() && known.get().is_some())
            || (!app.may("siem:read") && app.may("alerts:read"))
        {
            replace(Place::parse("/alerts"));
        }
    });
    let again = Callback::new(|()| session::refresh_stats());
    move || match (known.get(), app.stats_failed.get()) {
        (Some(false), _) => view! { <FirstStart /> }.into_any(),
        // Without a right to read the logs there is nothing to fail.
        (None, Some(failure)) if app.may("siem:read") => {
            view! { <Failed failure=failure retry=again title=t(k::START_FAILED) test="start-error" /> }
                .into_any()
        }
        _ => ().into_any(),
    }
}

/// The choices.
#[component]
pub fn FirstStart() -> impl IntoView {
    let app = app();
    let may = app.may("siem:write");
    // A page in a browser sends what is chosen to the server that it came from.
    let served = move || app.shell.with(Option::is_none);
    // Some browsers take folders by no way at all: the button is not offered, and the text says so.
    let folders = move || app.shell.with(Option::is_some) || knows_folders();
    view! {
        <div class="first scroll">
            <div class="first-in" data-test="first-start">
                <h1>{t(k::START_TITLE)}</h1>
                <p class="t2">{move || t(if served() { k::START_TEXT_SERVED } else { k::START_TEXT })}</p>
                {may.then(|| view! {
                    <div class="drop choice first-drop">
                        <Icon name="import" />
                        <div>
                            <h2>{t(k::START_DROP)}</h2>
                            <p>{t(k::START_DROP_TEXT)}</p>
                            <Show when=move || !folders()><p class="t3">{t(k::START_NO_FOLDERS)}</p></Show>
                        </div>
                        <div class="row">
                            <Show when=folders><button class="btn" data-test="choose-folder" on:click=|_| import_folder()>{t(k::START_FOLDER)}</button></Show>
                            <button class="btn btn-primary" data-test="choose-files" on:click=|_| import_files()>{t(k::START_FILES)}</button>
                        </div>
                    </div>
                })}
                {(!may).then(|| view! { <p class="notice">{t(k::START_MAY_NOT)}</p> })}
                <dl class="kv first-facts">
                    {move || app.shell.get().map(|s| view! {
                        <dt>{t(k::START_WORKSPACE)}</dt><dd><bdi class="mono t11">{visible(&s.workspace.path)}</bdi></dd>
                    })}
                    <dt>{t(k::START_RULES)}</dt><dd>{t(k::START_RULES_TEXT)}</dd>
                    <dt>{t(k::START_ORIGINALS)}</dt><dd>{t(k::START_ORIGINALS_TEXT)}</dd>
                    <dt>{t(k::START_NETWORK)}</dt><dd>{move || t(if served() { k::START_NETWORK_SERVED } else { k::START_NETWORK_TEXT })}</dd>
                </dl>
            </div>
        </div>
    }
}

/// An address that leads to no page.
#[component]
pub fn Nowhere() -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name="search" />
            <h1>{t(k::NOWHERE_TITLE)}</h1>
            <p>{t(k::NOWHERE_TEXT)}</p>
            <a class="btn" href="/alerts" data-test="nowhere-alerts" on:click=|e| follow(e, "/alerts")>{t(k::NAV_ALERTS)}</a>
        </div>
    }
}
