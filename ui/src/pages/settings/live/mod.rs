//! Live sources: the listener for syslog and the watched folder, with what they do at this moment. They are runtime
//! settings: saved with a reason, and in the same history.

mod folder;
mod listener;

use super::runtime::{Model, Overtaken};
use crate::{
    components::failed::Failed,
    data::client,
    i18n::{k, t, word},
};
use api::{
    Empty,
    system::{LiveSources, LiveState, SettingsGet},
};
use leptos::{leptos_dom::helpers::set_interval_with_handle, prelude::*, task::spawn_local};
use std::time::Duration;

/// From one look at the counts to the next.
const LOOK: Duration = Duration::from_secs(2);

/// The section.
#[component]
pub fn Live() -> impl IntoView {
    let model = Model::new();
    model.read();
    let again =
        Callback::new(move |()| if untrack(|| model.differs()) { model.save() } else { model.read() });
    let known = Memo::new(move |_| model.view.with(Option::is_some));
    if let Ok(ticking) = set_interval_with_handle(move || look(model), LOOK) {
        on_cleanup(move || ticking.clear());
    }
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        model.save();
    };
    let ready = move || model.differs() && !model.busy.get() && !model.reason.with(|r| r.trim().is_empty());
    view! {
        {move || (!known.get() && model.failed.with(Option::is_none)).then(|| view! { <div class="sec"><span class="skel"></span></div> })}
        <Show when=move || known.get()>
            <Overtaken model=model />
            <form on:submit=submit>
                <listener::Listener model=model />
                <folder::Folder model=model />
                <div class="bar foot save-bar">
                    <span class="field grow"><input dir="auto" maxlength="1000" required aria-label=t(k::RUNTIME_REASON) placeholder=t(k::RUNTIME_REASON) data-test="live-reason"
                        prop:value=move || model.reason.get() on:input:target=move |e| model.reason.set(e.target().value()) /></span>
                    <button class="btn btn-quiet" type="button" data-test="live-discard" disabled=move || !model.differs()
                        on:click=move |_| { model.draft.set(untrack(|| model.saved())); model.base.set(None); }>{t(k::DISCARD)}</button>
                    <button class="btn btn-primary" type="submit" data-test="live-save" disabled=move || !ready()>{t(k::SAVE)}</button>
                </div>
            </form>
        </Show>
        {move || model.failed.get().map(|failure| view! { <Failed failure=failure retry=again test="live-error" /> })}
    }
}

/// Takes over where the sources stand, and nothing that is being edited.
fn look(model: Model) {
    if !untrack(|| model.view.with(Option::is_some)) || model.busy.get_untracked() {
        return;
    }
    spawn_local(async move {
        // A server that is away says so elsewhere; the last counts stay.
        if let Ok(answer) = client::call::<SettingsGet>(&Empty {}, &Empty {}, &()).await {
            let live = answer.value.live;
            let other = model.view.try_with_untracked(|v| v.as_ref().is_some_and(|v| v.live != live));
            if other == Some(true) {
                let _ = model.view.try_update(|v| v.as_mut().map(|v| v.live = live));
            }
        }
    });
}

/// Where the sources stand.
fn now(model: Model) -> LiveSources {
    model.view.with(|v| v.as_ref().map(|v| v.live.clone()).unwrap_or_default())
}

/// The word for a state.
fn state(state: LiveState) -> impl IntoView {
    let tone = match state {
        LiveState::Off => "mute",
        LiveState::Running => "ok",
        LiveState::Failed => "new",
    };
    view! { <span class=format!("status {tone}")>{word("live-state", state.as_str()).to_owned()}</span> }
}
