//! The question before a source goes: what goes with it, what stays, and what hinders it.

use crate::{
    components::{icon::Icon, modal::Modal, toast},
    data::{client, jobs},
    i18n::{k, t, tf, tn, tnf},
    numbers::bytes,
    place::{Place, follow},
    state::{Layer, app},
    text::visible,
};
use api::siem::{SourceCase, SourceDelete, SourceDetail, SourcePath};
use leptos::{prelude::*, task::spawn_local};

fn shut() {
    app().layer.set(None);
}

/// The dialog.
#[component]
pub fn Dialogs() -> impl IntoView {
    let layer = app().layer;
    view! {
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::RemoveSource)) close=shut label=t(k::SOURCE_REMOVE) test="source-remove-dialog"><Remove /></Modal>
        <super::offset::Dialog />
    }
}

#[component]
fn Remove() -> impl IntoView {
    let open = app().sources.open;
    let here = move || {
        let id = app().place.with(|p| p.get("id").to_owned());
        open.with(|o| o.clone()).filter(|(s, _)| s.source.source_id == id)
    };
    move || match here() {
        Some((s, etag)) => asked(&s, etag).into_any(),
        None => view! { <div class="dialog-b"><span class="skel"></span></div> }.into_any(),
    }
}

fn asked(s: &SourceDetail, etag: Option<String>) -> impl IntoView + use<> {
    let of = &s.source;
    let name = visible(&of.source);
    let stays = of.events.saturating_sub(of.removal.events);
    let hindered = s.importing || !s.cases.is_empty();
    let path = SourcePath { source_id: of.source_id.clone() };
    let label = of.source.clone();
    let act = move |_| {
        let (path, label, etag) = (path.clone(), label.clone(), etag.clone());
        shut();
        spawn_local(async move {
            match client::call_if::<SourceDelete>(&path, &api::Empty {}, &(), etag.as_deref()).await {
                Ok(answer) => {
                    jobs::named(answer.value.job_id, label);
                    jobs::look();
                }
                Err(failure) => {
                    toast::failure(&failure, Some(t(k::KEPT_SOURCE)));
                    app().sources.changed();
                }
            }
        });
    };
    view! {
        <div class="dialog-h"><h2>{tf(k::SOURCE_REMOVE_ASK, &[("name", &name)])}</h2></div>
        <div class="dialog-b">
            {s.importing.then(|| view! { <p class="notice warn" data-test="remove-importing"><Icon name="warn" />{t(k::SOURCE_REMOVE_IMPORTING)}</p> })}
            {cases(&s.cases)}
            <p>{t(k::SOURCE_REMOVE_TEXT)}</p>
            <ul class="points" data-test="remove-what">
                <li data-test="remove-events">{tn(k::COUNT_EVENTS, of.removal.events)}</li>
                <li data-test="remove-alerts">{tn(k::COUNT_ALERTS, of.removal.alerts.unwrap_or_default())}</li>
                <li data-test="remove-bytes">{tf(k::SOURCE_REMOVE_BYTES, &[("size", &bytes(of.removal.bytes))])}</li>
            </ul>
            {(stays > 0).then(|| view! { <p class="t2" data-test="remove-stays">{tn(k::SOURCE_REMOVE_STAYS, stays)}</p> })}
            {(s.alerts_reduced > 0).then(|| view! { <p class="t2" data-test="remove-reduced">{tn(k::SOURCE_REMOVE_REDUCED, s.alerts_reduced)}</p> })}
            <p class="t3">{t(k::SOURCE_REMOVE_FINAL)}</p>
        </div>
        <div class="dialog-f">
            <button class="btn btn-quiet" data-test="source-remove-cancel" on:click=|_| shut()>{t(k::CANCEL)}</button>
            <button class="btn btn-danger" data-test="source-remove-confirm" disabled=hindered on:click=act>{t(k::SOURCE_REMOVE)}</button>
        </div>
    }
}

/// The cases that hold it back, each with the way to it.
fn cases(all: &[SourceCase]) -> impl IntoView + use<> {
    if all.is_empty() {
        return None;
    }
    let one = |c: &SourceCase| {
        let href = Place::parse("/cases").with("id", &c.case_id).url();
        let to = href.clone();
        let alerts = tn(k::COUNT_ALERTS, c.alerts);
        view! {
            <li><a class="mono" href=href data-test="remove-case" on:click=move |e| { shut(); follow(e, &to); }>{c.case_id.clone()}</a>" "<span class="t3">{alerts}</span></li>
        }
    };
    let n = all.len() as u64;
    let list = all.iter().map(one).collect_view();
    Some(view! {
        <div class="notice warn" data-test="remove-cases"><Icon name="warn" /><div><p>{tnf(k::SOURCE_REMOVE_CASES, n, &[])}</p><ul>{list}</ul></div></div>
    })
}
