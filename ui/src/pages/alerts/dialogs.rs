//! Three questions: what it turned out to be, which case it belongs to, and what else an entity is called.

use super::{same, writes};
use crate::{
    components::{modal::Modal, severity::SeverityMark},
    data::client,
    i18n::{k, t, tn, word},
    state::{Layer, app},
    text::visible,
};
use api::{
    alerts::Resolution,
    cases::{Case, CaseList, CasesList},
};
use leptos::{html, prelude::*, task::spawn_local};

/// Cases offered.
const OFFERED: u32 = 50;

fn shut() {
    app().layer.set(None);
}

/// The dialogs.
#[component]
pub fn Dialogs() -> impl IntoView {
    let layer = app().layer;
    view! {
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::Close)) close=shut label=t(k::RESOLVE_TITLE) test="resolve-dialog"><Resolve /></Modal>
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::LinkCase)) close=shut label=t(k::LINK_TITLE) test="link-dialog"><Link /></Modal>
        <same::Dialog />
    }
}

#[component]
fn Resolve() -> impl IntoView {
    let ids = app().alerts.targets();
    let count = ids.len() as u64;
    let chosen = RwSignal::new(None::<Resolution>);
    let note = NodeRef::<html::Textarea>::new();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let Some(resolution) = chosen.get_untracked() else { return };
        let text = note.get_untracked().map(|n| n.value()).filter(|n| !n.trim().is_empty());
        shut();
        writes::close(ids.clone(), resolution, text);
    };
    let choice = move |r: &Resolution| {
        let r = *r;
        view! {
            <label class="option"><input type="radio" name="resolution" required value=r.as_str() data-test=format!("resolution-{r}") on:change=move |_| chosen.set(Some(r)) />
                <span>{word("resolution", r.as_str())}</span><small>{word("resolution-text", r.as_str())}</small></label>
        }
    };
    view! {
        <form on:submit=submit>
            <div class="dialog-h"><h2>{tn(k::RESOLVE_N, count)}</h2></div>
            <div class="dialog-b">
                <fieldset class="options"><legend>{t(k::RESOLVE_WHAT)}</legend>{Resolution::ALL.iter().map(choice).collect_view()}</fieldset>
                <label class="form-row"><span>{t(k::RESOLVE_NOTE)}</span><textarea node_ref=note dir="auto" data-test="resolution-note"></textarea></label>
            </div>
            <div class="dialog-f">
                <button class="btn btn-quiet" type="button" data-test="resolve-cancel" on:click=|_| shut()>{t(k::CANCEL)}</button>
                <button class="btn btn-primary" type="submit" data-test="resolve-submit" disabled=move || chosen.get().is_none()>{tn(k::RESOLVE_N, count)}</button>
            </div>
        </form>
    }
}

#[component]
fn Link() -> impl IntoView {
    let ids = app().alerts.targets();
    let cases = RwSignal::new(None::<Vec<Case>>);
    let ask = move |q: String| {
        spawn_local(async move {
            let query = CaseList {
                q: Some(q).filter(|q| !q.is_empty()),
                limit: Some(OFFERED),
                ..CaseList::default()
            };
            match client::list::<CasesList>(query).await {
                Ok(page) => drop(cases.try_set(Some(page.items))),
                Err(failure) => crate::components::toast::failure(&failure, None),
            }
        });
    };
    ask(String::new());
    let one = move |case: Case| {
        let ids = ids.clone();
        let (case_id, data_id) = (case.case_id.clone(), case.case_id.clone());
        view! {
            <button class="menu-item" data-test="link-case" data-id=data_id on:click=move |_| { shut(); writes::link(ids.clone(), case_id.clone()); }>
                <SeverityMark severity=case.severity /><bdi class="trunc">{visible(&case.title)}</bdi><span class="push"></span><span class="mono t11 t3">{case.case_id}</span>
            </button>
        }
    };
    view! {
        <div class="dialog-h"><h2>{t(k::LINK_TITLE)}</h2></div>
        <div class="dialog-b">
            <label class="field"><input type="search" aria-label=t(k::LINK_SEARCH) placeholder=t(k::LINK_SEARCH) data-test="link-search" on:input:target=move |e| ask(e.target().value()) /></label>
            <div class="link-list">{move || match cases.get() {
                None => view! { <span class="skel"></span> }.into_any(),
                Some(list) if list.is_empty() => view! { <p class="t3">{t(k::LINK_NONE)}</p> }.into_any(),
                Some(list) => list.into_iter().map(one.clone()).collect_view().into_any(),
            }}</div>
        </div>
        <div class="dialog-f"><button class="btn btn-quiet" data-test="link-cancel" on:click=|_| shut()>{t(k::CANCEL)}</button></div>
    }
}
