//! The watched folder. Which one it is can only be said on the server's machine: in the window, or on its command line.

use super::{Model, now, state};
use crate::{
    clock,
    components::{english::English, icon::Icon},
    data::shell,
    i18n::{k, t},
    numbers::grouped,
    state::app,
    text::visible,
};
use leptos::prelude::*;

/// As it is typed.
const COMMAND: &str = "aurorasoc watch";

/// Settings and counts.
#[component]
pub fn Folder(model: Model) -> impl IntoView {
    let set = move || model.view.with(|v| v.as_ref().and_then(|v| v.settings.watched_folder.clone()));
    let none = Memo::new(move |_| set().is_none());
    let choose = move || {
        app().shell.with(Option::is_some).then(|| {
            let choose = move |_| shell::act_then("watch-folder", move || model.read());
            view! { <button class="btn" type="button" data-test="live-watch-choose" on:click=choose><Icon name="folder" />{t(k::LIVE_CHOOSE)}</button> }
        })
    };
    let trouble = move || {
        now(model).watch.reason.map(|why| {
            view! { <p class="notice warn" role="status" data-test="live-watch-trouble"><Icon name="warn" class="i-14" /><English text=why /></p> }
        })
    };
    let facts = move || {
        let w = now(model).watch;
        let zone = app().preferences.with(|p| p.time_zone);
        view! {
            <dl class="kv" data-test="live-watch-status">
                <dt>{t(k::LIVE_STATE)}</dt><dd data-test="live-watch-state">{state(w.state)}</dd>
                <dt>{t(k::LIVE_FOLDER)}</dt><dd data-test="live-watch-folder">{match set() {
                    Some(folder) => view! { <bdi dir="ltr" class="mono">{visible(&folder)}</bdi> }.into_any(),
                    None => t(k::LIVE_FOLDER_NONE).into_any(),
                }}</dd>
                <dt>{t(k::LIVE_FILES)}</dt><dd class="num" data-test="live-watch-files">{grouped(w.files)}</dd>
                <dt>{t(k::LIVE_WRITING)}</dt><dd class="num">{grouped(w.waiting)}</dd>
                {w.last_at.map(|at| view! { <dt>{t(k::LIVE_LAST_FILE)}</dt><dd><time class="ltr" title=clock::both(at)>{clock::second(at, zone)}</time></dd> })}
            </dl>
        }
    };
    view! {
        <fieldset class="sec set-sec" data-test="live-watch">
            <legend class="set-legend">{t(k::LIVE_WATCH)}</legend>
            <p class="t3 t12">{t(k::LIVE_WATCH_TEXT)}</p>
            <label class="set-row">
                <input type="checkbox" role="switch" class="switch" data-test="live-watch-on" disabled=move || none.get() prop:checked=move || model.draft.with(|d| d.watch)
                    on:change:target=move |e| model.draft.update(|d| d.watch = e.target().checked()) />
                <span><b class="med">{t(k::LIVE_WATCH_ON)}</b><small>{t(k::LIVE_WATCH_ON_TEXT)}</small></span>
            </label>
            {trouble}
            {facts}
            <div class="row">{choose}</div>
            <p class="t3 t12">{t(k::LIVE_WATCH_HOW)}" "<bdi dir="ltr" class="mono">{COMMAND}</bdi></p>
        </fieldset>
    }
}
