//! One row of the log: a line, and below it what was before and after.

use super::diff::{self, Change};
use crate::{
    clock,
    components::{copy::CopyButton, icon::Icon},
    i18n::{k, t, tn},
    place::replace,
    state::app,
    text::visible,
};
use api::system::AuditRow;
use leptos::prelude::*;
use std::sync::Arc;

/// The line; a click or Enter on its button opens it, and the address remembers which is open.
#[component]
pub fn Row(row: Arc<AuditRow>) -> impl IntoView {
    let app = app();
    let seq = row.seq.to_string();
    let open = {
        let seq = seq.clone();
        Memo::new(move |_| app.place.with(|p| p.get("row") == seq))
    };
    let toggle = {
        let seq = seq.clone();
        move || {
            let now = if open.get_untracked() { String::new() } else { seq.clone() };
            replace(app.place.get_untracked().with("row", &now));
        }
    };
    let by_row = toggle.clone();
    let (at, number) = (row.at, seq.clone());
    let refused = row.result != "ok";
    let shown = Arc::clone(&row);
    view! {
        <tbody>
            <tr data-test="audit-row" data-id=seq.clone() class:cursor=move || open.get() on:click=move |_| by_row()>
                <td><button class="act open-b" aria-expanded=move || open.get().to_string() aria-label=t(k::AUDIT_OPEN) data-test="audit-open"
                    on:click=move |e| { e.stop_propagation(); toggle() }><span class="turn-b" class:down=move || open.get()><Icon name="chevr" class="i-12 i-flip" /></span></button></td>
                <td class="num">{number}</td>
                <td><time class="ltr" title=clock::both(at)>{move || clock::second(at, app.preferences.with(|p| p.time_zone))}</time></td>
                <td><bdi class="mono">{visible(&row.actor)}</bdi></td>
                <td class="p"><bdi class="mono">{visible(&row.action)}</bdi></td>
                <td><bdi class="mono">{visible(&row.object.kind)}" "{visible(&row.object.id)}</bdi></td>
                <td class="c-m" class:err-c=refused>{if refused { visible(&row.result) } else { t(k::AUDIT_OK).to_owned() }}</td>
            </tr>
            {move || open.get().then(|| view! { <tr class="expand"><td colspan="7">{inside(&shown)}</td></tr> })}
        </tbody>
    }
}

fn inside(row: &AuditRow) -> impl IntoView + use<> {
    let (changes, same) = diff::changes(row.before.as_ref(), row.after.as_ref());
    let none = changes.is_empty();
    let line = |change: Change| {
        let side = |value: Option<String>, class: &'static str| {
            view! { <td class=format!("diff-v {class}")>{value.map(|v| view! { <bdi class="ltr">{visible(&v)}</bdi> })}</td> }
        };
        let (before, after) = (change.before, change.after);
        view! { <tr><th scope="row"><bdi>{visible(&change.path)}</bdi></th>{side(before, "old")}{side(after, "new")}</tr> }
    };
    let fact = |label: &'static str, value: Option<&str>, test: &'static str| {
        value.map(visible).map(|value| {
            let text = value.clone();
            view! { <dt>{label}</dt><dd class="row row-1"><bdi class="mono t11 trunc">{value}</bdi><CopyButton text=text label=t(k::COPY) test=test /></dd> }
        })
    };
    view! {
        <div class="audit-in" data-test="audit-detail">
            {(!none).then(|| view! {
                <table class="diff"><thead><tr><th>{t(k::EVENT_FIELDS)}</th><th>{t(k::RUNTIME_BEFORE)}</th><th>{t(k::AUDIT_AFTER)}</th></tr></thead>
                    <tbody>{changes.into_iter().map(line).collect_view()}</tbody></table>
            })}
            <p class="t3 t11">{match (none, same) {
                (true, 0) => t(k::AUDIT_NO_RECORD).to_owned(),
                (true, _) => t(k::AUDIT_SAME).to_owned(),
                (false, same) => tn(k::AUDIT_SAME_N, same as u64),
            }}</p>
            <dl class="kv">
                {fact(t(k::REQUEST_ID), row.request_id.as_deref(), "audit-copy-request")}
                {fact(t(k::AUDIT_SESSION), row.session.as_deref(), "audit-copy-session")}
                {fact(t(k::AUDIT_HASH), Some(&row.hash), "audit-copy-hash")}
                {fact(t(k::AUDIT_PREVIOUS), Some(&row.prev_hash), "audit-copy-previous")}
            </dl>
        </div>
    }
}
