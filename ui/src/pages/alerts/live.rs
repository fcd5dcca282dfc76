//! What live events do to the alerts page: change rows in place, count new ones, never push a row away.

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
            if model.loaded.get_untracked() && model.rows.with_untracked(Vec::is_empty) && !model.loading.get_untracked() {
                model.load();
            }
        }
        LiveKind::AlertUpdated => {
            model.count();
            model.put(alert);
        }
    }
}

/// Events were missed: the list must be read again.
pub fn missed() {
    app().alerts.load();
}

/// An import ended: what it counted at its end is read again.
pub fn import_ended() {
    let model = app().alerts;
    model.count();
    if model.loaded.get_untracked() && model.rows.with_untracked(Vec::is_empty) {
        model.load();
    }
}
