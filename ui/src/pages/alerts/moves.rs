//! Moving about the list by keyboard.

use crate::{
    components::copy::copy_text,
    focus,
    place::{go, replace},
    state::app,
};
use leptos::prelude::*;

/// Rows before the end at which the next page is asked for.
const AHEAD: usize = 40;
/// Id of the search field.
pub const SEARCH: &str = "alerts-search";
/// Id of the scrolling region with the list.
pub const LIST: &str = "alerts-list";
/// Id of the scrolling part of the pane beside a list.
pub const PANE: &str = "detail-pane";

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
    // A key that follows means the row, not the control that was clicked before.
    focus::on(LIST);
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
    if was_open {
        replace(place)
    } else {
        go(place)
    }
    focus::soon(PANE);
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
        go(place.with("id", "").with("view", "").with("event", "").with("form", ""));
        focus::on(LIST);
    }
}

/// To the search field.
pub fn search() {
    focus::on(SEARCH);
}

/// Shows the event of the open alert, or of the one under the cursor, in this form; empty is as fields.
pub fn form(form: &str) {
    if app().place.with_untracked(|p| p.get("id").is_empty()) {
        open();
    }
    let place = app().place.get_untracked();
    if !place.get("id").is_empty() {
        replace(place.with("view", "").with("form", form));
    }
}

/// To the event that lies `by` events on, if the open alert has one there.
pub fn event(by: isize) {
    let place = app().place.get_untracked();
    let at = place.get("event").parse::<usize>().unwrap_or(1).saturating_add_signed(by);
    if !place.get("id").is_empty() && at >= 1 && at as u64 <= app().alerts.events.get_untracked() {
        replace(place.with("view", "").with("event", &at.to_string()));
    }
}

/// A link to the open alert for a colleague on the same server.
pub fn copy_link() {
    let Some(id) = app().alerts.targets().into_iter().next() else { return };
    let origin = window().location().origin().unwrap_or_default();
    let place = crate::place::Place::parse("/alerts").with("tab", "all").with("id", &id);
    copy_text(&format!("{origin}{}", place.url()));
}
