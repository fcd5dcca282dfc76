//! Forms for a new user and for a new password of another.

use super::users::{model, patch, put};
use crate::{
    components::toast,
    data::client,
    i18n::{k, t, tf, word},
    text::visible,
};
use api::{
    Empty, Role,
    users::{CreateUser, PatchUser, UserCreate},
};
use leptos::{html, prelude::*, task::spawn_local};

fn text(node: NodeRef<html::Input>) -> Option<String> {
    node.get_untracked().map(|n| n.value()).filter(|v| !v.is_empty())
}

/// A new user.
#[component]
pub fn NewUser(close: fn()) -> impl IntoView {
    let name = NodeRef::<html::Input>::new();
    let display = NodeRef::<html::Input>::new();
    let password = NodeRef::<html::Input>::new();
    let role = RwSignal::new(Role::Analyst);
    let failed = RwSignal::new(None::<String>);
    let service = move || role.get() == Role::ApiService;
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let body = CreateUser {
            username: text(name).unwrap_or_default(),
            password: text(password),
            role: role.get_untracked(),
            display_name: text(display),
            email: None,
        };
        spawn_local(async move {
            match client::call::<UserCreate>(&Empty {}, &Empty {}, &body).await {
                Ok(answer) => {
                    toast::say(tf(k::USER_CREATED, &[("name", &answer.value.username)]));
                    put(answer.value);
                    close();
                }
                Err(failure) => drop(failed.try_set(Some(failure.sentence()))),
            }
        });
    };
    view! {
        <form on:submit=submit>
            <div class="dialog-h"><h2>{t(k::USER_NEW)}</h2></div>
            <div class="dialog-b">
                <label class="form-row"><span>{t(k::LOGIN_NAME)}</span>
                    <span class="field"><input node_ref=name required maxlength="64" pattern="[A-Za-z0-9._@\\-]+" autocomplete="off" dir="ltr" data-test="new-user-name" /></span></label>
                <label class="form-row"><span>{t(k::USER_DISPLAY)}</span>
                    <span class="field"><input node_ref=display maxlength="200" autocomplete="off" dir="auto" data-test="new-user-display" /></span></label>
                <label class="form-row"><span>{t(k::COL_ROLE)}</span>
                    <select class="select" data-test="new-user-role" on:change:target=move |e| if let Some(r) = Role::parse(&e.target().value()) { role.set(r) }>
                        {Role::ALL.iter().map(|r| view! { <option value=r.as_str() selected=*r == Role::Analyst>{word("role", r.as_str())}</option> }).collect_view()}
                    </select>
                    <small>{move || word("role-text", role.get().as_str()).to_owned()}</small></label>
                <Show when=move || !service()>
                    <label class="form-row"><span>{t(k::LOGIN_PASSWORD)}</span>
                        <span class="field"><input node_ref=password type="password" required minlength="12" maxlength="256" autocomplete="new-password" dir="ltr" data-test="new-user-password" /></span>
                        <small>{t(k::PASSWORD_RULE)}</small></label>
                </Show>
                <div role="alert" class="err-c t12" data-test="new-user-error">{move || failed.get()}</div>
            </div>
            <div class="dialog-f">
                <button class="btn btn-quiet" type="button" data-test="new-user-cancel" on:click=move |_| close()>{t(k::CANCEL)}</button>
                <button class="btn btn-primary" type="submit" data-test="new-user-submit">{t(k::CREATE)}</button>
            </div>
        </form>
    }
}

/// A new password for another user, which ends all his sessions.
#[component]
pub fn Reset(close: fn()) -> impl IntoView {
    let name = model().and_then(|m| m.reset.get_untracked()).unwrap_or_default();
    let password = NodeRef::<html::Input>::new();
    let again = NodeRef::<html::Input>::new();
    let differs = RwSignal::new(false);
    let username = name.clone();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if text(password) != text(again) {
            return differs.set(true);
        }
        let body = PatchUser { password: text(password), ..PatchUser::default() };
        patch(username.clone(), body, tf(k::USER_RESET_DONE, &[("name", &username)]));
        close();
    };
    view! {
        <form on:submit=submit>
            <div class="dialog-h"><h2>{tf(k::USER_RESET_OF, &[("name", &visible(&name))])}</h2></div>
            <div class="dialog-b"><p>{t(k::USER_RESET_TEXT)}</p>
                <label class="form-row"><span>{t(k::PASSWORD_NEW)}</span>
                    <span class="field"><input node_ref=password type="password" required minlength="12" maxlength="256" autocomplete="new-password" dir="ltr" data-test="reset-password" /></span>
                    <small>{t(k::PASSWORD_RULE)}</small></label>
                <label class="form-row"><span>{t(k::PASSWORD_AGAIN)}</span>
                    <span class="field"><input node_ref=again type="password" required maxlength="256" autocomplete="new-password" dir="ltr" data-test="reset-again" /></span></label>
                <div role="alert" class="err-c t12">{move || differs.get().then(|| t(k::PASSWORD_DIFFERS))}</div></div>
            <div class="dialog-f">
                <button class="btn btn-quiet" type="button" data-test="reset-cancel" on:click=move |_| close()>{t(k::CANCEL)}</button>
                <button class="btn btn-primary" type="submit" data-test="reset-submit">{t(k::USER_RESET)}</button>
            </div>
        </form>
    }
}
