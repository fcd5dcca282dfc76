//! Sign-in by name and password, for a server without a window.

use crate::{
    components::icon::Icon,
    data::session,
    i18n::{k, t},
    state::app,
};
use api::users::Language;
use leptos::{html, prelude::*, task::spawn_local};

/// The page.
#[component]
pub fn Login() -> impl IntoView {
    let name = NodeRef::<html::Input>::new();
    let password = NodeRef::<html::Input>::new();
    let failed = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    Effect::new(move || {
        if let Some(field) = name.get() {
            let _ = field.focus();
        }
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (Some(name), Some(field)) = (name.get_untracked(), password.get_untracked()) else { return };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let outcome = session::login(name.value(), field.value()).await;
            busy.set(false);
            if let Err(failure) = outcome {
                failed.set(Some(failure.sentence()));
                field.set_value("");
                let _ = field.focus();
            }
        });
    };
    let other = move || match app().preferences.with(|p| p.language) {
        Language::En => (Language::Ar, "ar", "العربية"),
        Language::Ar => (Language::En, "en", "English"),
    };
    view! {
        <main class="login">
            <form class="login-box" on:submit=submit aria-labelledby="login-title">
                <div class="row"><span class="acc-c"><Icon name="shield" /></span><h1 id="login-title">{t(k::LOGIN_TITLE)}</h1></div>
                <label class="form-row"><span>{t(k::LOGIN_NAME)}</span>
                    <span class="field"><input node_ref=name name="username" autocomplete="username" required data-test="login-name" dir="ltr" /></span>
                </label>
                <label class="form-row"><span>{t(k::LOGIN_PASSWORD)}</span>
                    <span class="field" class:invalid=move || failed.with(Option::is_some)>
                        <input node_ref=password name="password" type="password" autocomplete="current-password" required data-test="login-password" dir="ltr" />
                    </span>
                </label>
                <div role="alert" class="err-c t12" data-test="login-error">{move || failed.get()}</div>
                <div class="row">
                    <button class="btn btn-primary" type="submit" disabled=move || busy.get() data-test="login-submit">{t(k::LOGIN_SUBMIT)}</button>
                    <button class="btn btn-quiet push" type="button" lang=move || other().1 data-test="login-language"
                        on:click=move |_| session::prefer(|p| p.language = other().0)>{move || other().2}</button>
                </div>
                <p class="t3 t11">{t(k::LOGIN_TEXT)}</p>
            </form>
        </main>
    }
}
