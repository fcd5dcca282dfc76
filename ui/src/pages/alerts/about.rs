//! What the open alert is about: techniques and entities. Each narrows the list to its like; a host or a user can be told
//! to be the same as others.

use super::same;
use crate::{
    components::icon::Icon,
    i18n::{k, t, tf},
    place::{Place, follow},
    state::app,
    text::visible,
};
use api::{
    alerts::{Alert, Entity},
    siem::EntityKind,
};
use leptos::prelude::*;

/// Both lists.
#[component]
pub fn About() -> impl IntoView {
    let open = app().alerts.open;
    let techniques = move || {
        open.with(|o| {
            o.as_ref()
                .map(|a| a.mitre_techniques.iter().map(|v| chip("technique", None, v.clone())).collect_view())
        })
    };
    let entities = move || open.with(|o| o.as_ref().map(|a| a.entities.iter().map(entity).collect_view()));
    let some = move |f: fn(&Alert) -> usize| open.with(|o| o.as_ref().is_some_and(|a| f(a) > 0));
    view! {
        <div class="sec"><dl class="kv about">
            <Show when=move || some(|a| a.mitre_techniques.len())><dt>{t(k::TECHNIQUES)}</dt><dd class="row wrap row-1">{techniques}</dd></Show>
            <Show when=move || some(|a| a.entities.len())><dt>{t(k::ENTITIES)}</dt><dd class="row wrap row-1">{entities}</dd></Show>
        </dl></div>
    }
}

fn chip(name: &'static str, icon: Option<&'static str>, value: String) -> impl IntoView {
    let href = Place::parse("/alerts").with("tab", "all").with(name, &value).url();
    let to = href.clone();
    let title = tf(k::CHIP_FILTER, &[("value", &visible(&value))]);
    view! {
        <a class="chip mono" href=href title=title data-test=format!("chip-{name}") on:click=move |e| follow(e, &to)>
            {icon.map(|icon| view! { <Icon name=icon /> })}<bdi class="trunc">{visible(&value)}</bdi>
        </a>
    }
}

fn icon_of(kind: &str) -> &'static str {
    match kind {
        "host" => "host",
        "user" => "user",
        "ip" | "domain" => "globe",
        "process" => "cpu",
        "file" => "file",
        _ => "hash",
    }
}

/// An entity with the SID beside; a host or a user with the way to merge it.
fn entity(e: &Entity) -> impl IntoView + use<> {
    let sid = e.sid.as_deref().map(visible).map(|sid| {
        view! { <bdi class="mono t11 t3 trunc" title=t(k::ENTITY_SID) data-test="entity-sid">{sid}</bdi> }
    });
    let same = EntityKind::parse(&e.kind).filter(|_| app().may("siem:write")).map(|kind| {
        let label = tf(k::ENTITY_SAME_OF, &[("value", &visible(&e.value))]);
        let name = e.value.clone();
        view! {
            <button class="btn btn-icon btn-quiet btn-sm" aria-label=label.clone() title=label data-test="entity-same"
                on:click=move |_| same::ask(kind, name.clone())><Icon name="link" class="i-14" /></button>
        }
    });
    view! { <span class="entity">{chip("entity", Some(icon_of(&e.kind)), e.value.clone())}{sid}{same}</span> }
}
