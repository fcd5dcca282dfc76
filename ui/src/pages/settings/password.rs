//! One's own password. The desktop's session has none until one is set.

use crate::{
    components::toast,
    data::client,
    i18n::{k, t},
    state::app,
};
use api::{
    Empty,
    users::{ChangePassword, PasswordChange},
};
use leptos::{html, prelude::*, task::spawn_local};

/// The section.
#[component]
pub fn Password() -> impl IntoView {
    let current = NodeRef::<html::Input>::new();
    let new = NodeRef::<html::Input>::new();
    let again = NodeRef::<html::Input>::new();
    let failed = RwSignal::new(None::<String>);
    let desktop = app().me.with_untracked(|m| m.as_ref().is_some_and(|m| m.desktop));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (Some(field), Some(second)) = (new.get_untracked(), again.get_untracked()) else { return };
        if field.value() != second.value() {
            failed.set(Some(t(k::PASSWORD_DIFFERS).to_owned()));
            let _ = second.focus();
            return;
        }
        let body = ChangePassword {
            current_password: current.get_untracked().map(|c| c.value()),
            new_password: field.value(),
        };
        spawn_local(async move {
            match client::call::<PasswordChange>(&Empty {}, &Empty {}, &body).await {
                Ok(_) => {
                    field.set_value("");
                    second.set_value("");
                    if let Some(current) = current.get_untracked() {
                        current.set_value("");
                    }
                    let _ = failed.try_set(None);
                    toast::say(t(k::PASSWORD_CHANGED).to_owned());
                }
                Err(failure) => drop(failed.try_set(Some(failure.sentence()))),
            }
        });
    };
    view! {
        <form class="sec form" on:submit=submit>
            {desktop.then(|| view! { <p class="notice">{t(k::PASSWORD_DESKTOP)}</p> })}
            {(!desktop).then(|| view! {
                <label class="form-row"><span>{t(k::PASSWORD_CURRENT)}</span>
                    <span class="field"><input node_ref=current type="password" required autocomplete="current-password" dir="ltr" data-test="password-current" /></span></label>
            })}
            <label class="form-row"><span>{t(k::PASSWORD_NEW)}</span>
                <span class="field"><input node_ref=new type="password" required minlength="12" maxlength="256" autocomplete="new-password" dir="ltr" data-test="password-new" /></span>
                <small>{t(k::PASSWORD_RULE)}</small></label>
            <label class="form-row"><span>{t(k::PASSWORD_AGAIN)}</span>
                <span class="field"><input node_ref=again type="password" required maxlength="256" autocomplete="new-password" dir="ltr" data-test="password-again" /></span></label>
            <div role="alert" class="err-c t12" data-test="password-error">{move || failed.get()}</div>
            <div><button class="btn btn-primary" type="submit" data-test="password-submit">{t(k::PASSWORD_SUBMIT)}</button></div>
        </form>
    }
}
