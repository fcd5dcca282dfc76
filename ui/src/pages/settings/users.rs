//! Users: role, disable, reset the password, delete. For Admins.

use super::user_new::{NewUser, Reset};
use crate::{
    clock,
    components::{failed::Failed, modal::Modal, toast},
    data::{client, failure::Failure},
    i18n::{k, t, tf, word},
    state::app,
    text::visible,
};
use api::{
    Empty, Role,
    users::{PatchUser, User, UserDelete, UserList, UserPatch, UserPath, UsersList},
};
use leptos::{prelude::*, task::spawn_local};

/// What the section shows; the dialogs write into it.
#[derive(Clone, Copy)]
pub struct UsersModel {
    /// All users.
    pub users: RwSignal<Option<Vec<User>>>,
    /// Why they could not be read.
    failed: RwSignal<Option<Failure>>,
    /// Who gets a new password.
    pub reset: RwSignal<Option<String>>,
    /// Who shall be deleted.
    pub delete: RwSignal<Option<String>>,
    /// Whether the form for a new one is open.
    pub create: RwSignal<bool>,
}

thread_local! { static MODEL: std::cell::Cell<Option<UsersModel>> = const { std::cell::Cell::new(None) }; }

/// The section's model while it is on screen.
pub fn model() -> Option<UsersModel> {
    MODEL.get()
}

fn close() {
    if let Some(model) = model() {
        model.reset.set(None);
        model.delete.set(None);
        model.create.set(false);
    }
}

/// Puts one in its place, or at the end.
pub fn put(user: User) {
    let Some(model) = model() else { return };
    let _ = model.users.try_update(|all| {
        let all = all.get_or_insert_default();
        match all.iter_mut().find(|u| u.username == user.username) {
            Some(old) => *old = user,
            None => all.push(user),
        }
    });
}

fn reload(model: UsersModel) {
    model.failed.set(None);
    spawn_local(async move {
        match client::list::<UsersList>(UserList { limit: Some(500), ..UserList::default() }).await {
            Ok(page) => drop(model.users.try_set(Some(page.items))),
            Err(failure) => drop(model.failed.try_set(Some(failure))),
        }
    });
}

/// Changes one; draws the old state again where the server says no.
pub fn patch(username: String, body: PatchUser, done: String) {
    spawn_local(async move {
        match client::call::<UserPatch>(&UserPath { username }, &Empty {}, &body).await {
            Ok(answer) => {
                put(answer.value);
                toast::say(done);
            }
            Err(failure) => {
                toast::failure(&failure, Some(t(k::KEPT_USER)));
                if let Some(model) = model() {
                    let _ = model.users.try_update(|_| ());
                }
            }
        }
    });
}

/// The section.
#[component]
pub fn Users() -> impl IntoView {
    let model = UsersModel {
        users: RwSignal::new(None),
        failed: RwSignal::new(None),
        reset: RwSignal::new(None),
        delete: RwSignal::new(None),
        create: RwSignal::new(false),
    };
    MODEL.set(Some(model));
    on_cleanup(|| MODEL.set(None));
    reload(model);
    let rows =
        move || model.users.get().map(|all| all.into_iter().map(move |u| row(model, u)).collect_view());
    view! {
        <div class="bar"><p class="t3 t12 grow">{t(k::USERS_TEXT)}</p>
            <button class="btn btn-primary" data-test="user-new" on:click=move |_| model.create.set(true)>{t(k::USER_NEW)}</button></div>
        {move || model.failed.get().map(|failure| view! { <Failed failure=failure retry=Callback::new(move |()| reload(model)) title=t(k::LIST_FAILED) test="users-error" /> })}
        <table class="tbl">
            <thead><tr><th>{t(k::COL_USER)}</th><th class="cw-role">{t(k::COL_ROLE)}</th><th class="cw-status">{t(k::COL_STATUS)}</th>
                <th class="cw-time">{t(k::COL_LAST_LOGIN)}</th><th class="cw-acts"><span class="sr">{t(k::TRAY_ACTIONS)}</span></th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
        <Modal open=model.create close=close label=t(k::USER_NEW) test="user-dialog"><NewUser close=close /></Modal>
        <Modal open=Signal::derive(move || model.reset.with(Option::is_some)) close=close label=t(k::USER_RESET) test="reset-dialog"><Reset close=close /></Modal>
        <Modal open=Signal::derive(move || model.delete.with(Option::is_some)) close=close label=t(k::USER_DELETE) test="delete-user-dialog"><Delete /></Modal>
    }
}

fn row(model: UsersModel, user: User) -> impl IntoView {
    let own = app().me.with_untracked(|m| m.as_ref().is_some_and(|m| m.user.username == user.username));
    let zone = app().preferences.with_untracked(|p| p.time_zone);
    let name = user.username.clone();
    let now = user.role;
    let role = {
        let name = name.clone();
        move |value: String| {
            if let Some(role) = Role::parse(&value) {
                patch(
                    name.clone(),
                    PatchUser { role: Some(role), ..PatchUser::default() },
                    tf(k::USER_ROLE_DONE, &[("name", &name)]),
                );
            }
        }
    };
    let disabled = user.disabled;
    let toggle = {
        let name = name.clone();
        move |_| {
            let done = if disabled { k::USER_ENABLED_DONE } else { k::USER_DISABLED_DONE };
            patch(
                name.clone(),
                PatchUser { disabled: Some(!disabled), ..PatchUser::default() },
                tf(done, &[("name", &name)]),
            );
        }
    };
    let (reset, delete) = (name.clone(), name.clone());
    let label = tf(k::USER_ROLE_OF, &[("name", &name)]);
    view! {
        <tr data-test="user-row" data-id=name.clone() class:done=disabled>
            <td class="p"><span class="mono">{visible(&name)}</span>" "<bdi class="t3">{visible(&user.display_name)}</bdi></td>
            <td><select class="select" aria-label=label data-test="user-role" disabled=own on:change:target=move |e| role(e.target().value())>
                {Role::ALL.iter().map(|r| view! { <option value=r.as_str() selected=*r == now>{word("role", r.as_str())}</option> }).collect_view()}
            </select></td>
            <td>{if disabled { t(k::USER_IS_DISABLED) } else { t(k::USER_IS_ACTIVE) }}</td>
            <td>{user.last_login_at.map(|at| view! { <time class="ltr" title=clock::both(at)>{clock::second(at, zone)}</time> })}</td>
            <td class="acts-c">
                <button class="btn btn-quiet btn-sm" data-test="user-reset" on:click=move |_| model.reset.set(Some(reset.clone()))>{t(k::USER_RESET)}</button>
                <button class="btn btn-quiet btn-sm" data-test="user-disable" disabled=own on:click=toggle>{if disabled { t(k::USER_ENABLE) } else { t(k::USER_DISABLE) }}</button>
                <button class="btn btn-quiet btn-sm" data-test="user-delete" disabled=own on:click=move |_| model.delete.set(Some(delete.clone()))>{t(k::DELETE)}</button>
            </td>
        </tr>
    }
}

#[component]
fn Delete() -> impl IntoView {
    let name = model().and_then(|m| m.delete.get_untracked()).unwrap_or_default();
    let username = name.clone();
    let act = move |_| {
        let username = username.clone();
        close();
        spawn_local(async move {
            match client::call::<UserDelete>(&UserPath { username: username.clone() }, &Empty {}, &()).await {
                Ok(_) => {
                    if let Some(model) = model() {
                        model
                            .users
                            .update(|all| all.get_or_insert_default().retain(|u| u.username != username));
                    }
                    toast::say(tf(k::USER_DELETED, &[("name", &username)]));
                }
                Err(failure) => toast::failure(&failure, Some(t(k::KEPT_USER))),
            }
        });
    };
    view! {
        <div class="dialog-h"><h2>{tf(k::USER_DELETE_ASK, &[("name", &visible(&name))])}</h2></div>
        <div class="dialog-b"><p>{t(k::USER_DELETE_TEXT)}</p></div>
        <div class="dialog-f">
            <button class="btn btn-quiet" data-test="delete-user-cancel" on:click=|_| close()>{t(k::CANCEL)}</button>
            <button class="btn btn-danger" data-test="delete-user-confirm" on:click=act>{t(k::USER_DELETE)}</button>
        </div>
    }
}
