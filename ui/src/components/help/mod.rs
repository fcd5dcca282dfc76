//! All keys, from the list of actions.

use crate::{
    actions::{self, Action, Context, keys},
    components::modal::Modal,
    i18n::{k, t},
    state::{Layer, app},
};
use leptos::prelude::*;

fn group(title: &'static str, of: fn(&Action) -> bool) -> impl IntoView {
    let rows = actions::all().filter(|a| !a.keys.is_empty() && of(a)).map(|action| {
        let caps =
            action.keys.iter().map(|key| view! { <kbd class="kbd">{keys::name(key)}</kbd> }).collect_view();
        view! { <dt>{t(action.label)}</dt><dd class="row row-1">{caps}</dd> }
    });
    view! {
        <section>
            <h3>{title}</h3>
            <dl class="keys-list">{rows.collect_view()}</dl>
        </section>
    }
}

/// The dialog.
#[component]
pub fn Help() -> impl IntoView {
    let layer = app().layer;
    let close = || app().layer.set(None);
    view! {
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::Help)) close=close label=t(k::ACTION_HELP)
            class="dialog wide" test="help-dialog">
            <div class="dialog-h"><h2>{t(k::ACTION_HELP)}</h2></div>
            <div class="dialog-b keys-cols">
                {group(t(k::HELP_ALERTS), |a| matches!(a.context, Context::Alerts | Context::Alert))}
                {group(t(k::RULES), |a| matches!(a.context, Context::Detections | Context::Rules | Context::Rule | Context::Editor))}
                <div class="keys-stack">
                    {group(t(k::HELP_ANYWHERE), |a| matches!(a.context, Context::Anywhere | Context::Desktop | Context::SignedIn))}
                    {group(t(k::NAV_SOURCES), |a| matches!(a.context, Context::Sources | Context::Source))}
                    {group(t(k::NAV_CASES), |a| a.context == Context::Cases)}
                </div>
            </div>
            <div class="dialog-f">
                <p class="t3 t11 grow">{t(k::HELP_PHYSICAL)}</p>
                <button class="btn" data-test="help-close" on:click=move |_| close()>{t(k::CLOSE)}</button>
            </div>
        </Modal>
    }
}
