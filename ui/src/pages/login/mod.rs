//! Sign-in by name and password, for a server without a window.

pub mod again;
mod form;

use crate::{
    components::icon::Icon,
    data::session,
    i18n::{k, t},
    state::app,
};
use api::users::Language;
use form::Fields;
use leptos::prelude::*;

/// The page.
#[component]
pub fn Login() -> impl IntoView {
    let other = move || match app().preferences.with(|p| p.language) {
        Language::En => (Language::Ar, "ar", "العربية"),
        Language::Ar => (Language::En, "en", "English"),
    };
    view! {
        <main class="login">
            <div class="login-box">
                <div class="row"><span class="acc-c"><Icon name="shield" /></span><h1>{t(k::LOGIN_TITLE)}</h1>
                    <button class="btn btn-quiet btn-sm push" type="button" lang=move || other().1 data-test="login-language"
                        on:click=move |_| session::choose_language(other().0)>{move || other().2}</button>
                </div>
                <Fields name=None />
                <p class="t3 t11">{t(k::LOGIN_TEXT)}</p>
            </div>
        </main>
    }
}
