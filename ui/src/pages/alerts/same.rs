//! Says that a host or a user has other names: the dialog of a merge.

use crate::{
    components::{modal::Modal, toast},
    data::{client, failure::Failure},
    i18n::{k, t, tf},
    state::{Layer, app},
    text::visible,
};
use api::{
    Empty,
    siem::{EntityKind, EntityMergeCreate, MergeEntities},
};
use leptos::{html, prelude::*, task::spawn_local};
use std::{cell::RefCell, collections::BTreeSet};

/// Names that are offered.
const OFFERED: usize = 12;

thread_local! {
    static SUBJECT: RefCell<(EntityKind, String)> = const { RefCell::new((EntityKind::Host, String::new())) };
}

/// Opens the dialog for a name.
pub fn ask(kind: EntityKind, name: String) {
    SUBJECT.set((kind, name));
    app().layer.set(Some(Layer::Same));
}

fn shut() {
    app().layer.set(None);
}

/// The dialog.
#[component]
pub fn Dialog() -> impl IntoView {
    let layer = app().layer;
    view! {
        <Modal open=Signal::derive(move || layer.get() == Some(Layer::Same)) close=shut label=t(k::ENTITY_SAME) test="same-dialog"><Inside /></Modal>
    }
}

/// Other names of this kind that the alerts on the page have: those that begin alike come first.
fn offered(kind: EntityKind, name: &str) -> Vec<String> {
    let model = app().alerts;
    let of = |list: &[api::alerts::Entity]| -> Vec<String> {
        list.iter().filter(|e| e.kind == kind.as_str()).map(|e| e.value.clone()).collect()
    };
    let mut all: BTreeSet<String> =
        model.rows.with_untracked(|rows| rows.iter().flat_map(|a| of(&a.entities)).collect());
    all.extend(model.open.with_untracked(|o| o.as_ref().map(|a| of(&a.entities)).unwrap_or_default()));
    let own = name.to_lowercase();
    let mut all: Vec<_> = all.into_iter().filter(|other| other.to_lowercase() != own).collect();
    let alike = |other: &String| {
        let other = other.to_lowercase();
        other.chars().zip(own.chars()).take_while(|(a, b)| a == b).count()
    };
    all.sort_by_key(|other| std::cmp::Reverse(alike(other)));
    all.truncate(OFFERED);
    all
}

#[component]
fn Inside() -> impl IntoView {
    let (kind, name) = SUBJECT.with_borrow(Clone::clone);
    let chosen = RwSignal::new(BTreeSet::<String>::new());
    let typed = RwSignal::new(String::new());
    let why = NodeRef::<html::Input>::new();
    let wrong = RwSignal::new(None::<Failure>);
    let others = move || {
        let mut names = chosen.get();
        names.extend(Some(typed.get().trim().to_owned()).filter(|name| !name.is_empty()));
        names
    };
    let title = match kind {
        EntityKind::Host => k::SAME_HOST,
        EntityKind::User => k::SAME_USER,
    };
    let shown = visible(&name);
    let into = name.clone();
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let reason = why.get_untracked().map(|why| why.value()).filter(|why| !why.trim().is_empty());
        let names = [into.clone()].into_iter().chain(untrack(others)).collect();
        let body = MergeEntities { kind, names, into: into.clone(), reason };
        spawn_local(async move {
            match client::call::<EntityMergeCreate>(&Empty {}, &Empty {}, &body).await {
                Ok(_) => {
                    shut();
                    toast::say(tf(k::SAME_DONE, &[("name", &visible(&body.into))]));
                    app().alerts.load();
                }
                Err(failure) => drop(wrong.try_set(Some(failure))),
            }
        });
    };
    let choice = move |other: String| {
        let name = visible(&other);
        view! {
            <label class="same-option"><input type="checkbox" class="check" data-test="same-name" on:change:target=move |e| chosen.update(|all| {
                if e.target().checked() { all.insert(other.clone()); } else { all.remove(&other); }
            }) /><bdi class="mono t11 trunc">{name}</bdi></label>
        }
    };
    let offered = offered(kind, &name);
    view! {
        <form on:submit=submit>
            <div class="dialog-h"><h2>{tf(title, &[("name", &shown)])}</h2></div>
            <div class="dialog-b">
                <p>{tf(k::SAME_TEXT, &[("name", &shown)])}</p>
                <p class="t3">{t(k::SAME_STAYS)}</p>
                {(!offered.is_empty()).then(|| view! {
                    <fieldset class="options"><legend>{t(k::SAME_SEEN)}</legend>{offered.into_iter().map(choice).collect_view()}</fieldset>
                })}
                <label class="form-row"><span>{t(k::SAME_OTHER)}</span>
                    <span class="field"><input maxlength="1024" autocomplete="off" spellcheck="false" dir="ltr" data-test="same-other"
                        on:input:target=move |e| typed.set(e.target().value()) /></span>
                    <small>{t(k::SAME_HINT)}</small></label>
                <label class="form-row"><span>{t(k::SAME_WHY)}</span>
                    <span class="field"><input node_ref=why maxlength="1000" autocomplete="off" dir="auto" data-test="same-why" /></span></label>
                {move || wrong.get().map(|failure| view! { <p class="err-c" role="alert" data-test="same-wrong">{failure.sentence()}</p> })}
            </div>
            <div class="dialog-f">
                <button class="btn btn-quiet" type="button" data-test="same-cancel" on:click=|_| shut()>{t(k::CANCEL)}</button>
                <button class="btn btn-primary" type="submit" data-test="same-save" disabled=move || others().is_empty()>{t(k::SAME_SAVE)}</button>
            </div>
        </form>
    }
}
