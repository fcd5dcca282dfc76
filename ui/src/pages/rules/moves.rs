//! Moving about the list of rules by keyboard, and opening what stands in it.

use super::query::View;
use crate::{
    focus,
    pages::alerts::moves::PANE,
    place::{Place, go, replace},
    state::app,
};
use leptos::prelude::*;

/// Rows before the end at which the next page is asked for.
const AHEAD: usize = 40;
/// Id of the search field.
pub const SEARCH: &str = "rules-search";
/// Id of the scrolling region with the list.
pub const LIST: &str = "rules-list";

fn step(by: isize) {
    let model = app().rules;
    let (id, near_end) = model.rows.with_untracked(|rows| {
        let cursor = model.cursor.get_untracked();
        let here = cursor.and_then(|c| rows.iter().position(|r| r.rule_id == c));
        let to = match here {
            Some(i) => i.saturating_add_signed(by).min(rows.len().saturating_sub(1)),
            None => 0,
        };
        (rows.get(to).map(|r| r.rule_id.clone()), to + AHEAD > rows.len())
    });
    if near_end {
        model.more();
    }
    let Some(id) = id else { return };
    model.cursor.set(Some(id.clone()));
    focus::on(LIST);
    let place = app().place.get_untracked();
    // A text under edit is not left by a key that moves.
    if !place.get("id").is_empty() && place.get("edit").is_empty() {
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

/// Ticks the one under the cursor and goes down.
pub fn select_next() {
    select();
    step(1);
}

/// Ticks, or takes the tick away.
pub fn select() {
    if let Some(id) = app().rules.cursor.get_untracked() {
        toggle(&id);
    }
}

/// Ticks a rule, or takes the tick away.
pub fn toggle(id: &str) {
    app().rules.selected.update(|s| {
        if !s.remove(id) {
            s.insert(id.to_owned());
        }
    });
}

/// Ticks all between the cursor and this one.
pub fn toggle_to(id: &str) {
    let model = app().rules;
    let cursor = model.cursor.get_untracked();
    model.rows.with_untracked(|rows| {
        let at = |id: &str| rows.iter().position(|r| r.rule_id == id);
        let (Some(to), from) = (at(id), cursor.as_deref().and_then(at)) else { return };
        let from = from.unwrap_or(to);
        let between = &rows[from.min(to)..=from.max(to)];
        model.selected.update(|s| s.extend(between.iter().map(|r| r.rule_id.clone())));
    });
}

/// Opens the one under the cursor beside the list.
pub fn open() {
    if let Some(id) = app().rules.cursor.get_untracked() {
        open_id(&id);
    }
}

/// Opens a rule beside the list.
pub fn open_id(id: &str) {
    app().rules.cursor.set(Some(id.to_owned()));
    let place = app().place.get_untracked();
    let was_open = !place.get("id").is_empty();
    let place = Place { path: View::Rules.href(), ..place }.with("id", id).with("edit", "").with("new", "");
    if was_open {
        replace(place)
    } else {
        go(place)
    }
    focus::soon(PANE);
}

/// One layer back: selection, editor, then the pane.
pub fn back() {
    let model = app().rules;
    let place = app().place.get_untracked();
    if !model.selected.with_untracked(|s| s.is_empty()) {
        model.selected.update(std::collections::BTreeSet::clear);
    } else if super::editor::is_open(&place) {
        super::editor::leave();
    } else {
        close();
    }
}

/// Closes the pane; the focus goes back to the list.
pub fn close() {
    let place = app().place.get_untracked();
    if !place.get("id").is_empty() || !place.get("new").is_empty() {
        go(place.with("id", "").with("view", "").with("edit", "").with("new", ""));
        focus::on(LIST);
    }
}

/// To the search field.
pub fn search() {
    focus::on(SEARCH);
}

/// The open rule, or the one under the cursor, as text to change.
pub fn edit() {
    if let Some(id) = app().rules.targets().into_iter().next() {
        let place = app().place.get_untracked();
        go(Place { path: View::Rules.href(), ..place }.with("id", &id).with("edit", "1").with("new", ""));
    }
}

/// An empty text.
pub fn new() {
    let place = app().place.get_untracked();
    go(Place { path: View::Rules.href(), ..place }.with("id", "").with("edit", "").with("new", "1"));
}
