//! The alerts that are loaded, cursor, selection, counts: what outlives a change of page.

use super::query::{self, Tab};
use crate::{
    data::{client, failure::Failure},
    place::Place,
    state::app,
};
use api::alerts::{Alert, AlertList, AlertsList};
use leptos::{prelude::*, task::spawn_local};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Counts follow changes after a moment of quiet.
const QUIET: Duration = Duration::from_millis(600);

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static COUNTING: Cell<bool> = const { Cell::new(false) };
}

/// Signals of the alerts page.
#[derive(Clone, Copy)]
pub struct AlertsModel {
    /// Loaded so far, in the list's order.
    pub rows: RwSignal<Vec<Arc<Alert>>>,
    /// Where to go on; None at the end.
    pub next: RwSignal<Option<String>>,
    /// How many the filters leave, and whether there are more.
    pub total: RwSignal<(u64, bool)>,
    /// A request is under way.
    pub loading: RwSignal<bool>,
    /// The first page has come.
    pub loaded: RwSignal<bool>,
    /// Why the list could not be read.
    pub failed: RwSignal<Option<Failure>>,
    /// What the rows were asked for.
    pub shown: RwSignal<Option<Place>>,
    /// The open alert, in full.
    pub open: RwSignal<Option<Alert>>,
    /// How many events the open alert has.
    pub events: RwSignal<u64>,
    /// Alert under the cursor.
    pub cursor: RwSignal<Option<String>>,
    /// Ticked alerts.
    pub selected: RwSignal<BTreeSet<String>>,
    /// Alerts that came since the list was read.
    pub fresh: RwSignal<u64>,
    /// Alerts a tab.
    pub counts: RwSignal<BTreeMap<Tab, (u64, bool)>>,
    /// Audit rows of the last act, newest last.
    pub undo: RwSignal<Vec<Vec<i64>>>,
}

impl AlertsModel {
    /// Empty.
    pub fn new() -> Self {
        AlertsModel {
            rows: RwSignal::new(Vec::new()),
            next: RwSignal::new(None),
            total: RwSignal::new((0, false)),
            loading: RwSignal::new(false),
            loaded: RwSignal::new(false),
            failed: RwSignal::new(None),
            shown: RwSignal::new(None),
            open: RwSignal::new(None),
            events: RwSignal::new(0),
            cursor: RwSignal::new(None),
            selected: RwSignal::new(BTreeSet::new()),
            fresh: RwSignal::new(0),
            counts: RwSignal::new(BTreeMap::new()),
            undo: RwSignal::new(Vec::new()),
        }
    }

    /// Reads the list that the URL names; keeps the old rows on screen until the new ones are there.
    pub fn load(self) {
        let key = app().place.with_untracked(query::list_key);
        if self.shown.with_untracked(|s| s.as_ref() != Some(&key)) {
            self.selected.update(BTreeSet::clear);
        }
        self.ask(key, None);
        self.count();
    }

    /// Reads the next page.
    pub fn more(self) {
        if self.loading.get_untracked() {
            return;
        }
        if let (Some(cursor), Some(key)) = (self.next.get_untracked(), self.shown.get_untracked()) {
            self.ask(key, Some(cursor));
        }
    }

    fn ask(self, key: Place, cursor: Option<String>) {
        let ticket = ASKED.get() + 1;
        ASKED.set(ticket);
        self.loading.set(true);
        spawn_local(async move {
            let on = cursor.is_some();
            let outcome = client::list::<AlertsList>(query::page(&key, cursor)).await;
            // A newer request makes this answer old.
            if ASKED.get() != ticket {
                return;
            }
            self.loading.set(false);
            match outcome {
                Ok(page) => {
                    let rows = page.items.into_iter().map(|mut alert| {
                        // The list shows a count; the ids would be most of the memory.
                        alert.event_ids = Vec::new();
                        Arc::new(alert)
                    });
                    self.failed.set(None);
                    if on {
                        self.rows.update(|all| all.extend(rows));
                    } else {
                        self.fresh.set(0);
                        self.rows.set(rows.collect());
                        self.shown.set(Some(key));
                        self.loaded.set(true);
                    }
                    self.next.set(page.next_cursor);
                    self.total.set((page.total, page.total_is_lower_bound));
                }
                Err(failure) => self.failed.set(Some(failure)),
            }
        });
    }

    /// Counts the tabs, once for a burst of changes.
    pub fn count(self) {
        if COUNTING.replace(true) {
            return;
        }
        let wait = if self.counts.with_untracked(BTreeMap::is_empty) { Duration::ZERO } else { QUIET };
        set_timeout(
            move || {
                COUNTING.set(false);
                for tab in Tab::ALL {
                    spawn_local(async move {
                        let all = Place::default();
                        let query = AlertList { limit: Some(1), ..query::filters(&all, tab) };
                        if let Ok(page) = client::list::<AlertsList>(query).await {
                            let count = (page.total, page.total_is_lower_bound);
                            self.counts.update(|c| {
                                c.insert(tab, count);
                            });
                        }
                    });
                }
            },
            wait,
        );
    }

    /// Puts a newer form of an alert in its place, if it is loaded.
    pub fn put(self, mut alert: Alert) {
        super::detail::changed(alert.clone());
        alert.event_ids = Vec::new();
        let at = self.rows.with_untracked(|rows| rows.iter().position(|r| r.alert_id == alert.alert_id));
        if let Some(at) = at {
            self.rows.update(|rows| rows[at] = Arc::new(alert));
        }
    }

    /// An alert was removed with its source: it leaves the list, and what is about it.
    pub fn gone(self, id: &str) {
        self.rows.update(|rows| rows.retain(|r| r.alert_id != id));
        self.selected.update(|s| {
            s.remove(id);
        });
        if self.cursor.with_untracked(|c| c.as_deref() == Some(id)) {
            self.cursor.set(None);
        }
        let place = app().place.get_untracked();
        if place.path == "/alerts" && place.get("id") == id {
            crate::place::replace(place.with("id", ""));
        }
    }

    /// A loaded alert.
    pub fn row(self, id: &str) -> Option<Arc<Alert>> {
        self.rows.with_untracked(|rows| rows.iter().find(|r| r.alert_id == id).cloned())
    }

    /// What an action is about: the ticked alerts, else the open one, else the one under the cursor.
    pub fn targets(self) -> Vec<String> {
        let selected: Vec<String> = self.selected.with_untracked(|s| s.iter().cloned().collect());
        if !selected.is_empty() {
            return selected;
        }
        let open = app().place.with_untracked(|p| p.get("id").to_owned());
        if !open.is_empty() {
            return vec![open];
        }
        self.cursor.get_untracked().into_iter().collect()
    }
}
