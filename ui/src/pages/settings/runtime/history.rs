//! Who changed what, when and why.

use super::{Model, fields, words};
use crate::{
    clock,
    i18n::{k, t, tf},
    state::app,
    text::visible,
};
use api::system::{Settings, SettingsChange};
use leptos::prelude::*;

/// The last changes, newest first.
#[component]
pub fn History(model: Model) -> impl IntoView {
    let rows = move || {
        let all = model.view.with(|v| v.as_ref().map(|v| v.history.clone()).unwrap_or_default());
        let before = all.iter().skip(1).map(|c| Some(c.settings.clone())).chain([None]);
        // The first change ever was made from the settings of a new workspace.
        let first = all.last().is_some_and(|c| c.version == 1).then(Settings::default);
        let pairs: Vec<_> = all.iter().cloned().zip(before.map(move |b| b.or(first.clone()))).collect();
        pairs.into_iter().map(|(change, before)| row(change, before)).collect_view()
    };
    let none = move || model.view.with(|v| v.as_ref().is_some_and(|v| v.history.is_empty()));
    view! {
        <div class="sec"><div class="sec-h"><h3>{t(k::RUNTIME_HISTORY)}</h3></div>
            <Show when=none><p class="t3 t12" data-test="runtime-unchanged">{t(k::RUNTIME_UNCHANGED)}</p></Show>
            <Show when=move || !none()>
                <table class="tbl rel flat history" data-test="runtime-history">
                    <thead><tr><th class="num cw-n">{t(k::ABOUT_VERSION)}</th><th class="cw-time">{t(k::COL_TIME)}</th><th class="cw-user">{t(k::COL_WHO)}</th>
                        <th>{t(k::COL_CHANGE)}</th><th>{t(k::ABOUT_REASON)}</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </Show>
        </div>
    }
}

fn row(change: SettingsChange, before: Option<Settings>) -> impl IntoView {
    let zone = app().preferences.with(|p| p.time_zone);
    let lines = before.map(|before| {
        let one = |f: fields::Field| {
            let args: [(&str, &dyn std::fmt::Display); 3] = [
                ("name", &words::name(f)),
                ("before", &words::value(f, &before)),
                ("after", &words::value(f, &change.settings)),
            ];
            view! { <div>{tf(k::RUNTIME_CHANGE, &args)}</div> }
        };
        fields::changed(&before, &change.settings).into_iter().map(one).collect_view()
    });
    view! {
        <tr data-test="runtime-change">
            <td class="num">{change.version}</td>
            <td><time class="ltr" title=clock::both(change.at)>{clock::second(change.at, zone)}</time></td>
            <td><bdi class="mono">{visible(&change.by)}</bdi></td>
            <td class="p lines">{lines}</td>
            <td class="lines"><bdi>{change.reason.as_deref().map(visible)}</bdi></td>
        </tr>
    }
}
