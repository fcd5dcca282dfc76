//! Somebody else was faster: both values side by side, and a choice for each.

use super::{
    Model,
    fields::{self, Field},
    words,
};
use crate::{
    clock,
    components::icon::Icon,
    i18n::{k, t, tf},
    state::app,
    text::visible,
};
use leptos::prelude::*;

/// Shown between a refused save and the next one.
#[component]
pub fn Overtaken(model: Model) -> impl IntoView {
    let app = app();
    // The rows stay while one chooses: they are what was one's own when the newer state came.
    let rows = Memo::new(move |_| {
        let base = model.base.get()?;
        let newer = model.saved();
        let mine = model.draft.get_untracked();
        let theirs = fields::changed(&base, &newer);
        let own = fields::changed(&newer, &mine);
        Some((theirs, own, mine))
    });
    let who = move || {
        model.view.with(|v| {
            v.as_ref().and_then(|v| v.history.first()).map(|c| {
                let zone = app.preferences.with(|p| p.time_zone);
                let reason = c.reason.as_deref().map(visible).unwrap_or_default();
                tf(
                    k::RUNTIME_OVERTAKEN_BY,
                    &[("who", &visible(&c.by)), ("at", &clock::second(c.at, zone)), ("reason", &reason)],
                )
            })
        })
    };
    view! {
        {move || rows.get().map(|(theirs, own, mine)| view! {
            <div class="sec" data-test="runtime-conflict">
                <div class="notice warn" role="alert"><Icon name="warn" /><div><b>{t(k::RUNTIME_OVERTAKEN)}</b>" " <bdi>{who}</bdi></div></div>
                <table class="tbl flat conflict">
                    <thead><tr><th>{t(k::COL_SETTING)}</th><th>{t(k::RUNTIME_BEFORE)}</th><th>{t(k::RUNTIME_THEIRS)}</th><th>{t(k::RUNTIME_MINE)}</th><th class="cw-acts">{t(k::RUNTIME_KEEP_WHICH)}</th></tr></thead>
                    <tbody>
                        {own.iter().map(|f| row(model, *f, Some(mine.clone()))).collect_view()}
                        {theirs.iter().filter(|f| !own.contains(f)).map(|f| row(model, *f, None)).collect_view()}
                    </tbody>
                </table>
            </div>
        })}
    }
}

/// `mine` is the value one had; None where one had not touched it.
fn row(model: Model, field: Field, mine: Option<api::system::Settings>) -> impl IntoView {
    let before = untrack(|| model.base.with(|b| b.as_ref().map(|b| words::value(field, b))));
    let newer = untrack(|| model.saved());
    let own = mine.clone().map(|m| words::value(field, &m));
    let choose = mine.map(|mine| {
        let (for_theirs, for_mine) = (newer.clone(), mine);
        let is_mine = {
            let newer = newer.clone();
            Memo::new(move |_| model.draft.with(|d| !field.same(d, &newer)))
        };
        view! {
            <span class="seg" role="group" aria-label=words::name(field)>
                <button type="button" aria-pressed=move || (!is_mine.get()).to_string() data-test="conflict-theirs"
                    on:click=move |_| model.draft.update(|d| field.copy(&for_theirs, d))>{t(k::RUNTIME_THEIRS)}</button>
                <button type="button" aria-pressed=move || is_mine.get().to_string() data-test="conflict-mine"
                    on:click=move |_| model.draft.update(|d| field.copy(&for_mine, d))>{t(k::RUNTIME_MINE)}</button>
            </span>
        }
    });
    view! {
        <tr data-test="conflict-row">
            <td class="p">{words::name(field)}</td>
            <td><bdi>{before}</bdi></td>
            <td class="p"><bdi>{words::value(field, &newer)}</bdi></td>
            <td class="p"><bdi>{own}</bdi></td>
            <td>{choose}</td>
        </tr>
    }
}
