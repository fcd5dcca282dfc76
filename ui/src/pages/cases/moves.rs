//! Moving about the list of cases by keyboard.

use crate::{
    focus,
    place::{Place, go, replace},
    state::app,
};
use leptos::prelude::*;

/// Id of the scrolling region with the list.
pub const LIST: &str = "cases-list";

fn step(by: isize) {
    let ids = app().cases.ids();
    let place = app().place.get_untracked();
    let here = ids.iter().position(|id| id == place.get("id"));
    let to = here.map_or(0, |i| i.saturating_add_signed(by).min(ids.len().saturating_sub(1)));
    let Some(id) = ids.get(to) else { return };
    replace(place.with("id", id));
    focus::on(LIST);
    let row = format!("#{LIST} tbody tr:nth-child({})", to + 1);
    if let Ok(Some(row)) = document().query_selector(&row) {
        let near = web_sys::ScrollIntoViewOptions::new();
        near.set_block(web_sys::ScrollLogicalPosition::Nearest);
        row.scroll_into_view_with_scroll_into_view_options(&near);
    }
}

/// One down.
pub fn next() {
    step(1);
}

/// One up.
pub fn previous() {
    step(-1);
}

/// To the alerts of the case under the cursor.
pub fn open() {
    let place = app().place.get_untracked();
    if !place.get("id").is_empty() {
        go(alerts_of(place.get("id")));
    }
}

/// Takes the cursor away.
pub fn back() {
    replace(Place::parse("/cases"));
}

/// The list of alerts that belong to a case.
pub fn alerts_of(case_id: &str) -> Place {
    Place::parse("/alerts").with("tab", "all").with("case", case_id)
}
