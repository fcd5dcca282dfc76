//! The fields of a sign-in: name, password, and how long to wait after too many attempts.

use crate::{
    clock::span,
    data::session,
    i18n::{k, t, tf},
};
use leptos::{html, leptos_dom::helpers::set_interval_with_handle, prelude::*, task::spawn_local};
use std::time::Duration;

/// How often the countdown is looked at.
const STEP: Duration = Duration::from_millis(200);

/// `name` is given where the person is known: the session of an open page has ended.
#[component]
pub fn Fields(name: Option<String>) -> impl IntoView {
    let (user, password) = (NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let failed = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let wait = RwSignal::new(0_u64);
    // When the server takes the next attempt, in ms; a second that began before its answer must not count.
    let until = StoredValue::new(0_f64);
    let known = name.is_some();
    Effect::new(move || {
        if let (Some(user), Some(password)) = (user.get(), password.get()) {
            let _ = if known { password.focus() } else { user.focus() };
        }
    });
    // The server says how long; the button comes back by itself.
    if let Ok(ticking) = set_interval_with_handle(
        move || {
            let left = ((until.get_value() - js_sys::Date::now()) / 1000.0).ceil().max(0.0) as u64;
            if wait.get_untracked() != left {
                wait.set(left);
                if left == 0 {
                    failed.set(None);
                }
            }
        },
        STEP,
    ) {
        on_cleanup(move || ticking.clear());
    }
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (Some(user), Some(field)) = (user.get_untracked(), password.get_untracked()) else { return };
        if busy.get_untracked() || wait.get_untracked() > 0 {
            return;
        }
        // What the last attempt said is not about this one.
        failed.set(None);
        busy.set(true);
        spawn_local(async move {
            let outcome = session::login(user.value(), field.value()).await;
            let _ = busy.try_set(false);
            if let Err(failure) = outcome {
                let seconds = failure.retry_after().unwrap_or_default();
                let _ = until.try_set_value(js_sys::Date::now() + 1000.0 * f64::from(seconds));
                let _ = wait.try_set(u64::from(seconds));
                let _ = failed.try_set(Some(failure.sentence()));
                field.set_value("");
                let _ = field.focus();
            }
        });
    };
    view! {
        <form class="login-form" on:submit=submit>
            <label class="form-row"><span>{t(k::LOGIN_NAME)}</span>
                <span class="field"><input node_ref=user name="username" autocomplete="username" required readonly=move || known || busy.get() value=name data-test="login-name" dir="ltr" /></span>
            </label>
            <label class="form-row"><span>{t(k::LOGIN_PASSWORD)}</span>
                <span class="field" class:invalid=move || failed.with(Option::is_some)>
                    <input node_ref=password name="password" type="password" autocomplete="current-password" required readonly=move || busy.get() data-test="login-password" dir="ltr" />
                </span>
            </label>
            <div role="alert" class="err-c t12" data-test="login-error">{move || failed.get()}</div>
            <div class="row">
                <button class="btn btn-primary" type="submit" disabled=move || busy.get() || wait.get() != 0 data-test="login-submit">{t(k::LOGIN_SUBMIT)}</button>
                <Show when=move || wait.get() != 0>
                    <span class="t3 t12" role="timer" data-test="login-wait">{move || tf(k::LOGIN_WAIT, &[("time", &span(wait.get()))])}</span>
                </Show>
            </div>
        </form>
    }
}
