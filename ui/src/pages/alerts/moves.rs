//! Moving about the list by keyboard.

use crate::{
    components::copy::copy_text,
    place::{go, replace},
    state::app,
};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Rows before the end at which the next page is asked for.
const AHEAD: usize = 40;
/// Id of the search field.
pub const SEARCH: &str = "alerts-search";
/// Id of the scrolling region with the list.
pub const LIST: &str = "alerts-list";

fn step(by: isize) -> Option<String> {
    let model = app().alerts;
    let (id, near_end) = model.rows.with_untracked(|rows| {
        let cursor = model.cursor.get_untracked();
        let here = cursor.and_then(|c| rows.iter().position(|r| r.alert_id == c));
        let to = match here {
            Some(i) => i.saturating_add_signed(by).min(rows.len().saturating_sub(1)),
            None => 0,
        };
        (rows.get(to).map(|r| r.alert_id.clone()), to + AHEAD > rows.len())
    });
    if near_end {
        model.more();
    }
    let id = id?;
    model.cursor.set(Some(id.clone()));
    let place = app().place.get_untracked();
    if !place.get("id").is_empty() {
        // The open pane follows the cursor; Back leaves the list, not each alert.
        replace(place.with("id", &id).with("event", ""));
    }
    Some(id)
}

/// One down.
pub fn next() {
    step(1);
}

/// One up.
pub fn previous() {
    step(-1);
}

/// Ticks the one under the cursor and goes down.
pub fn select_next() {
    select();
    step(1);
}

/// Ticks, or takes the tick away.
pub fn select() {
    let model = app().alerts;
    if let Some(id) = model.cursor.get_untracked() {
        toggle(&id);
    }
}

/// Ticks an alert, or takes the tick away.
pub fn toggle(id: &str) {
    app().alerts.selected.update(|s| {
        if !s.remove(id) {
            s.insert(id.to_owned());
        }
    });
}

/// Ticks all between the cursor and this one.
pub fn toggle_to(id: &str) {
    let model = app().alerts;
    let cursor = model.cursor.get_untracked();
    model.rows.with_untracked(|rows| {
        let at = |id: &str| rows.iter().position(|r| r.alert_id == id);
        let (Some(to), from) = (at(id), cursor.as_deref().and_then(at)) else { return };
        let from = from.unwrap_or(to);
        let between = &rows[from.min(to)..=from.max(to)];
        model.selected.update(|s| s.extend(between.iter().map(|r| r.alert_id.clone())));
    });
}

/// Opens the one under the cursor beside the list.
pub fn open() {
    if let Some(id) = app().alerts.cursor.get_untracked() {
        open_id(&id);
    }
}

/// Opens an alert beside the list.
pub fn open_id(id: &str) {
    app().alerts.cursor.set(Some(id.to_owned()));
    let place = app().place.get_untracked();
    let was_open = !place.get("id").is_empty();
    let place = place.with("id", id).with("event", "");
    if was_open { replace(place) } else { go(place) }
}

/// One layer back: selection, then the pane.
pub fn back() {
    let model = app().alerts;
    if !model.selected.with_untracked(|s| s.is_empty()) {
        model.selected.update(std::collections::BTreeSet::clear);
        return;
    }
    close();
}

/// Closes the pane; the focus goes back to the list.
pub fn close() {
    let place = app().place.get_untracked();
    if !place.get("id").is_empty() {
        go(place.with("id", "").with("view", "").with("event", ""));
        focus(LIST);
    }
}

/// To the search field.
pub fn search() {
    focus(SEARCH);
}

/// Gives an element the focus.
pub fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// A link to the open alert for a colleague on the same server.
pub fn copy_link() {
    let Some(id) = app().alerts.targets().into_iter().next() else { return };
    let origin = window().location().origin().unwrap_or_default();
    let place = crate::place::Place::parse("/alerts").with("tab", "all").with("id", &id);
    copy_text(&format!("{origin}{}", place.url()));
}
