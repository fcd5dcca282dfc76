//! The session ended while somebody worked: sign in again over the page, which stays as it is.

use super::form::Fields;
use crate::{
    data::{session, shell},
    i18n::{k, t},
    state::{Auth, app},
};
use leptos::{html, prelude::*};

/// The dialog. Escape does not close it: below it nothing would answer.
#[component]
pub fn Again() -> impl IntoView {
    let app = app();
    let node = NodeRef::<html::Dialog>::new();
    let ended = Memo::new(move |_| app.auth.get() == Auth::Ended);
    let show = move || {
        if let Some(dialog) = node.get_untracked() {
            match (ended.get_untracked(), dialog.open()) {
                (true, false) => drop(dialog.show_modal()),
                (false, true) => dialog.close(),
                _ => {}
            }
        }
    };
    Effect::new(move || {
        node.track();
        ended.with(|_| ());
        show();
    });
    let desktop = move || app.me.with(|me| me.as_ref().is_some_and(|me| me.desktop));
    let name = move || app.me.with(|me| me.as_ref().map(|me| me.user.username.clone()));
    view! {
        <dialog class="dialog" node_ref=node aria-label=t(k::AGAIN_TITLE) data-test="again-dialog"
            on:cancel=|e: leptos::ev::Event| e.prevent_default() on:close=move |_| show()>
            <div class="dialog-in"><Show when=move || ended.get()>
                <div class="dialog-h"><h2>{t(k::AGAIN_TITLE)}</h2></div>
                <div class="dialog-b">
                    <p>{t(k::AGAIN_TEXT)}</p>
                    {move || if desktop() {
                        view! { <div><button class="btn btn-primary" data-test="again-reload" on:click=|_| shell::act("reload")>{t(k::AGAIN_RELOAD)}</button></div> }.into_any()
                    } else {
                        view! { <Fields name=name() /> }.into_any()
                    }}
                </div>
                <div class="dialog-f"><button class="btn btn-quiet" data-test="again-leave" on:click=|_| session::leave()>{t(k::AGAIN_LEAVE)}</button></div>
            </Show></div>
        </dialog>
    }
}
