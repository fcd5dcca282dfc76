//! The event as a table of fields: those that matched first, long values cut until somebody wants all of them.

use super::{
    event::pieces,
    lines::{self, Marks},
};
use crate::{
    components::{copy::copy_text, icon::Icon},
    i18n::{k, t, tn},
    place::{Place, follow},
    state::app,
    text::visible,
};
use leptos::prelude::*;
use serde_json::Value;

/// Characters beyond which a value is cut.
const LONG: usize = 320;

/// The table.
pub fn table(fields: &Value, marks: &Marks<'_>) -> impl IntoView + use<> {
    // Only what the alert names as an entity leads to its like; other values are in no alert's list.
    let entities: Vec<String> = app().alerts.open.with_untracked(|o| {
        o.as_ref().map(|a| a.entities.iter().map(|e| e.value.to_lowercase()).collect()).unwrap_or_default()
    });
    let mut all = lines::fields(fields, marks);
    all.sort_by_key(|(_, _, line)| !line.hit);
    let rows = all.into_iter().map(|(name, value, line)| {
        let hit = line.hit;
        let same = entities.contains(&value.to_lowercase()).then(|| alike(&value));
        let long = value.chars().count();
        let (whole, cut) = (RwSignal::new(long <= LONG), long > LONG);
        let more = cut.then(|| {
            view! {
                <button class="link t11" aria-expanded=move || whole.get().to_string() data-test="field-more" on:click=move |_| whole.update(|w| *w = !*w)>
                    {move || if whole.get() { t(k::FIELD_LESS).to_owned() } else { tn(k::FIELD_MORE, long as u64) }}</button>
            }
        });
        view! {
            <tr class:hit=hit>
                <th scope="row"><bdi>{visible(&name)}</bdi></th>
                <td><bdi class="v" class:clamp=move || !whole.get()>{pieces(line)}</bdi>{more}</td>
                <td class="acts">{same}<CopySmall text=value /></td>
            </tr>
        }
    });
    view! { <table class="fields-t" data-test="event-lines"><tbody>{rows.collect_view()}</tbody></table> }
}

/// A link to the alerts with the same entity.
fn alike(value: &str) -> impl IntoView + use<> {
    let href = Place::parse("/alerts").with("tab", "all").with("entity", value).url();
    let to = href.clone();
    view! {
        <a class="act" href=href aria-label=t(k::FIELD_SEARCH) title=t(k::FIELD_SEARCH) data-test="field-search" on:click=move |e| follow(e, &to)><Icon name="search" class="i-12" /></a>
    }
}

#[component]
fn CopySmall(text: String) -> impl IntoView {
    view! {
        <button class="act" aria-label=t(k::FIELD_COPY) title=t(k::FIELD_COPY) data-test="field-copy" on:click=move |_| copy_text(&text)>
            <Icon name="copy" class="i-12" />
        </button>
    }
}
