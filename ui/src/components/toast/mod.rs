//! What happened, at the corner: good news with undo, bad news with what was kept and the request id.

use crate::{
    components::{copy::copy_text, icon::Icon},
    data::failure::Failure,
    i18n::{k, t},
    state::app,
};
use leptos::prelude::*;
use std::{cell::Cell, time::Duration};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// Grows.
    pub id: u64,
    /// What happened.
    pub text: String,
    /// What was kept.
    pub kept: Option<String>,
    /// To find it in the server's log.
    pub request_id: Option<String>,
    /// Bad news stays until it is closed.
    pub error: bool,
    /// Audit rows that can be undone.
    pub undo: Vec<i64>,
}

const LIFE: Duration = Duration::from_secs(6);
/// More than this many at once help nobody.
const AT_ONCE: usize = 4;

thread_local! { static NEXT: Cell<u64> = const { Cell::new(1) }; }

fn show(mut toast: Toast) {
    toast.id = NEXT.replace(NEXT.get() + 1);
    let (id, error) = (toast.id, toast.error);
    app().toasts.update(|all| {
        all.retain(|old| old.text != toast.text);
        all.push(toast);
        let more = all.len().saturating_sub(AT_ONCE);
        all.drain(..more);
    });
    if !error {
        set_timeout(move || close(id), LIFE);
    }
}

/// Takes one away.
pub fn close(id: u64) {
    app().toasts.update(|all| all.retain(|t| t.id != id));
}

/// Good news.
pub fn say(text: String) {
    show(Toast { id: 0, text, kept: None, request_id: None, error: false, undo: Vec::new() });
}

/// Good news that can be undone.
pub fn say_undo(text: String, undo: Vec<i64>) {
    show(Toast { id: 0, text, kept: None, request_id: None, error: false, undo });
}

/// Bad news.
pub fn error(text: String, kept: Option<String>, request_id: Option<String>) {
    show(Toast { id: 0, text, kept, request_id, error: true, undo: Vec::new() });
}

/// Bad news of a call, with what was kept.
pub fn failure(failure: &Failure, kept: Option<&str>) {
    error(failure.sentence(), kept.map(str::to_owned), failure.request_id());
}

/// The corner.
#[component]
pub fn Toasts() -> impl IntoView {
    let toasts = app().toasts;
    view! {
        <div class="toasts" role="region" aria-label=t(k::TOASTS)>
            <For each=move || toasts.get() key=|toast| toast.id let:toast>
                <One toast=toast />
            </For>
        </div>
    }
}

#[component]
fn One(toast: Toast) -> impl IntoView {
    let Toast { id, text, kept, request_id, error, undo } = toast;
    let undone = undo.clone();
    view! {
        <div class="toast" class:err=error role=if error { "alert" } else { "status" } data-test="toast">
            <span class=if error { "err-c" } else { "ok-c" }>
                <Icon name=if error { "warn" } else { "check" } class="i-14" />
            </span>
            <div class="grow">
                <div>{text}</div>
                {kept.map(|kept| view! { <div class="t2">{kept}</div> })}
                {request_id.map(|request_id| {
                    let shown = request_id.clone();
                    view! {
                        <div class="row row-1 t3 t11">
                            {t(k::REQUEST_ID)} <bdi class="mono t11 trunc">{shown}</bdi>
                            <button class="btn btn-quiet btn-sm" data-test="toast-copy-id"
                                on:click=move |_| copy_text(&request_id)>{t(k::COPY)}</button>
                        </div>
                    }
                })}
            </div>
            {(!undo.is_empty()).then(|| view! {
                <button class="btn btn-sm" data-test="toast-undo" on:click=move |_| {
                    close(id);
                    crate::actions::alerts::undo_rows(undone.clone());
                }>{t(k::UNDO)} <kbd class="kbd">"Z"</kbd></button>
            })}
            <button class="btn btn-icon btn-quiet btn-sm" data-test="toast-close" aria-label=t(k::CLOSE)
                on:click=move |_| close(id)><Icon name="x" class="i-14" /></button>
        </div>
    }
}
