//! Signing in, signing out, who one is, and preferences.

use super::{client, failure::Failure, jobs, live, shell};
use crate::{
    i18n,
    state::{Auth, app},
};
use api::{
    Empty,
    auth::{AuthLogout, AuthSession, SessionRequest},
    siem::SiemStatsGet,
    system::ModeGet,
    users::{Language, Preferences, PreferencesPut, Theme, UserMe},
};
use leptos::{prelude::*, task::spawn_local};
use std::cell::Cell;

thread_local! { static CHOSEN: Cell<Option<Language>> = const { Cell::new(None) }; }

/// At load: the start code if there is one, else the cookie, else the login page.
pub async fn start(code: Option<String>) {
    let by_code = code.is_some();
    if let Some(code) = code {
        let body = SessionRequest { code: Some(code), username: None, password: None };
        // A used or late code is no reason to stop: after a reload the cookie is still good.
        let _ = client::call::<AuthSession>(&Empty {}, &Empty {}, &body).await;
    }
    if let Err(failure) = enter().await {
        // The window has another code where the session is gone; its page never asks for a password.
        if !by_code && shell::is_there() {
            return shell::act("reload");
        }
        app().auth.set(Auth::Out);
        if matches!(failure, Failure::Offline) {
            crate::components::toast::failure(&failure, None);
        }
    }
}

/// A language chosen before anybody is known: it stays the one after signing in.
pub fn choose_language(language: Language) {
    CHOSEN.set(Some(language));
    prefer(|p| p.language = language);
}

/// Name and password.
pub async fn login(username: String, password: String) -> Result<(), Failure> {
    let before = app().me.with_untracked(|me| me.as_ref().map(|me| me.user.username.clone()));
    let body = SessionRequest { code: None, username: Some(username), password: Some(password) };
    client::call::<AuthSession>(&Empty {}, &Empty {}, &body).await?;
    enter().await?;
    if let Some(language) = CHOSEN.take() {
        prefer(|p| p.language = language);
    }
    let now = app().me.with_untracked(|me| me.as_ref().map(|me| me.user.username.clone()));
    if before.is_some() && before != now {
        // Another person must not see what the one before had on screen.
        let _ = window().location().reload();
    }
    Ok(())
}

/// Leaves the page of an ended session for the sign-in page.
pub fn leave() {
    live::stop();
    app().me.set(None);
    app().auth.set(Auth::Out);
}

/// Reads who one is and starts what lives as long as the session.
async fn enter() -> Result<(), Failure> {
    let app = app();
    let me = client::get::<UserMe>(Empty {}).await?;
    show(&me.preferences);
    app.preferences.set(me.preferences.clone());
    app.me.set(Some(me));
    client::next_session();
    refresh_facts();
    if app.may("alerts:read") {
        app.alerts.count();
    }
    jobs::start();
    live::start();
    app.auth.set(Auth::In);
    Ok(())
}

/// Mode and totals, for the bars.
pub fn refresh_facts() {
    spawn_local(async {
        if let Ok(info) = client::get::<ModeGet>(Empty {}).await {
            app().mode_info.set(Some(info));
        }
    });
    refresh_stats();
}

/// Totals of the log store.
pub fn refresh_stats() {
    spawn_local(async {
        match client::get::<SiemStatsGet>(Empty {}).await {
            Ok(stats) => {
                app().stats.set(Some(stats));
                app().stats_failed.set(None);
            }
            Err(failure) => app().stats_failed.set(Some(failure)),
        }
    });
}

/// Ends the session here and on the server.
pub fn logout() {
    spawn_local(async {
        match client::call::<AuthLogout>(&Empty {}, &Empty {}, &()).await {
            Ok(_) => leave(),
            Err(failure) => crate::components::toast::failure(&failure, None),
        }
    });
}

/// Puts colours, density, language and direction on the root element.
pub fn show(preferences: &Preferences) {
    i18n::set_language(preferences.language);
    let Some(root) = document().document_element() else { return };
    let _ = root.set_attribute("lang", preferences.language.as_str());
    let _ = root.set_attribute("dir", i18n::direction());
    let _ = root.set_attribute("data-density", preferences.density.as_str());
    let _ = match preferences.theme {
        Theme::System => root.remove_attribute("data-theme"),
        theme => root.set_attribute("data-theme", theme.as_str()),
    };
}

/// Shows the new preferences at once and keeps them on the server; rolls back with a reason.
pub fn prefer(change: impl FnOnce(&mut Preferences)) {
    let app = app();
    let before = app.preferences.get_untracked();
    let mut after = before.clone();
    change(&mut after);
    if after == before {
        return;
    }
    show(&after);
    app.preferences.set(after.clone());
    if app.auth.get_untracked() != Auth::In {
        return;
    }
    spawn_local(async move {
        if let Err(failure) = client::call::<PreferencesPut>(&Empty {}, &Empty {}, &after).await {
            show(&before);
            app.preferences.set(before);
            crate::components::toast::failure(&failure, Some(i18n::t(i18n::k::KEPT_PREFERENCES)));
        }
    });
}
