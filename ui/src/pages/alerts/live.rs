//! What live events do to the alerts page: change rows in place, count new ones, never push a row away.

use super::moves;
use crate::{
    i18n::{k, tn},
    state::app,
};
use api::{Live, LiveKind, alerts::Alert};
use leptos::prelude::*;

/// One event.
pub fn arrived(live: Live) {
    let Ok(alert) = serde_json::from_value::<Alert>(live.data) else { return };
    let model = app().alerts;
    match live.kind {
        LiveKind::AlertCreated => {
            model.count();
            if model.row(&alert.alert_id).is_some() {
                model.put(alert);
                return;
            }
            let fresh = model.fresh.get_untracked() + 1;
            model.fresh.set(fresh);
            app().spoken.set(tn(k::ALERTS_FRESH, fresh));
            // Nothing on screen that could jump.
            if model.loaded.get_untracked()
                && model.rows.with_untracked(Vec::is_empty)
                && !model.loading.get_untracked()
            {
                model.load();
            }
        }
        LiveKind::AlertUpdated => {
            model.count();
            model.put(alert);
        }
        LiveKind::AlertRemoved => {
            model.count();
            model.gone(&alert.alert_id);
        }
    }
}

/// Events were missed: the list must be read again.
pub fn missed() {
    app().alerts.load();
}

/// An import ended: what it counted at its end is read again, and the list too where nobody is at work in it.
pub fn import_ended() {
    let model = app().alerts;
    model.count();
    if model.loaded.get_untracked() && (model.rows.with_untracked(Vec::is_empty) || untouched()) {
        model.load();
    }
}

/// Whether the list stands at its top, with no row that could move away from under somebody.
fn untouched() -> bool {
    let model = app().alerts;
    let top = document().get_element_by_id(moves::LIST).is_none_or(|list| list.scroll_top() == 0);
    top && model.cursor.with_untracked(Option::is_none)
        && model.selected.with_untracked(|s| s.is_empty())
        && app().place.with_untracked(|p| p.get("id").is_empty())
}
