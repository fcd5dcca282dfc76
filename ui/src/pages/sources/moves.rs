//! Moving about the list of sources by keyboard, and opening what stands in it.

use crate::{
    focus,
    pages::alerts::moves::PANE,
    place::{go, replace},
    state::{Layer, app},
};
use leptos::prelude::*;

/// Rows before the end at which the next page is asked for.
const AHEAD: usize = 40;
/// Id of the search field.
pub const SEARCH: &str = "sources-search";
/// Id of the scrolling region with the list.
pub const LIST: &str = "sources-list";

fn step(by: isize) {
    let model = app().sources;
    let (id, near_end) = model.rows.with_untracked(|rows| {
        let cursor = model.cursor.get_untracked();
        let here = cursor.and_then(|c| rows.iter().position(|s| s.source_id == c));
        let to = here.map_or(0, |i| i.saturating_add_signed(by).min(rows.len().saturating_sub(1)));
        (rows.get(to).map(|s| s.source_id.clone()), to + AHEAD > rows.len())
    });
    if near_end {
        model.more();
    }
    let Some(id) = id else { return };
    model.cursor.set(Some(id.clone()));
    focus::on(LIST);
    let place = app().place.get_untracked();
    if !place.get("id").is_empty() {
        replace(place.with("id", &id));
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

/// Opens the one under the cursor beside the list.
pub fn open() {
    if let Some(id) = app().sources.cursor.get_untracked() {
        open_id(&id);
    }
}

/// Opens a source beside the list.
pub fn open_id(id: &str) {
    app().sources.cursor.set(Some(id.to_owned()));
    let place = app().place.get_untracked();
    let was_open = !place.get("id").is_empty();
    let place = place.with("id", id);
    if was_open {
        replace(place)
    } else {
        go(place)
    }
    focus::soon(PANE);
}

/// Closes the pane; the focus goes back to the list.
pub fn back() {
    let place = app().place.get_untracked();
    if !place.get("id").is_empty() {
        go(place.with("id", ""));
        focus::on(LIST);
    }
}

/// To the search field.
pub fn search() {
    focus::on(SEARCH);
}

/// Reads the list again.
pub fn reload() {
    app().sources.load();
}

/// Asks whether the source shall go; it is opened first, so that what goes with it is on screen.
pub fn remove() {
    let Some(id) = app().sources.target() else { return };
    open_id(&id);
    app().layer.set(Some(Layer::RemoveSource));
}
