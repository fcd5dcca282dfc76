//! The sources that are loaded, and the one that is open: what outlives a change of page.

use super::query;
use crate::{
    clock,
    data::{client, failure::Failure, jobs},
    place::{Place, replace},
    state::app,
};
use api::siem::{Source, SourceDetail, SourceGet, SourcePath, SourcesList};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, sync::Arc};

/// How often the list is read again while jobs run, in ms.
const BUSY: i64 = 4_000;

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
    static READ_AT: Cell<i64> = const { Cell::new(0) };
}

/// Signals of the page of sources.
#[derive(Clone, Copy)]
pub struct SourcesModel {
    /// Loaded so far, in the list's order.
    pub rows: RwSignal<Vec<Arc<Source>>>,
    /// Where to go on; None at the end.
    pub next: RwSignal<Option<String>>,
    /// How many the filter leaves.
    pub total: RwSignal<u64>,
    /// A request is under way.
    pub loading: RwSignal<bool>,
    /// The first page has come.
    pub loaded: RwSignal<bool>,
    /// Why the list could not be read.
    pub failed: RwSignal<Option<Failure>>,
    /// What the rows were asked for.
    shown: RwSignal<Option<Place>>,
    /// The open source in full, with its version.
    pub open: RwSignal<Option<(SourceDetail, Option<String>)>>,
    /// Source under the cursor.
    pub cursor: RwSignal<Option<String>>,
}

impl SourcesModel {
    /// Empty.
    pub fn new() -> Self {
        SourcesModel {
            rows: RwSignal::new(Vec::new()),
            next: RwSignal::new(None),
            total: RwSignal::new(0),
            loading: RwSignal::new(false),
            loaded: RwSignal::new(false),
            failed: RwSignal::new(None),
            shown: RwSignal::new(None),
            open: RwSignal::new(None),
            cursor: RwSignal::new(None),
        }
    }

    /// Reads the list that the URL names; keeps the old rows on screen until the new ones are there.
    pub fn load(self) {
        self.ask(app().place.with_untracked(query::list_key), None);
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

    /// A job goes on: now and then the list is read again, where it is on screen and not scrolled beyond its first page.
    pub fn tick(self) {
        let busy = app().jobs.with_untracked(|all| all.iter().any(jobs::alive));
        let short = self.rows.with_untracked(Vec::len) <= query::PAGE as usize;
        if busy && short && !self.loading.get_untracked() && clock::now_ms() - READ_AT.get() > BUSY {
            self.load();
        }
    }

    /// A job ended: what is on screen is read again.
    pub fn changed(self) {
        if self.loaded.get_untracked() {
            self.load();
        }
        let id = app().place.with_untracked(|p| p.get("id").to_owned());
        if self.open.with_untracked(|o| o.as_ref().is_some_and(|(s, _)| s.source.source_id == id)) {
            self.read(id, RwSignal::new(None));
        }
    }

    /// A source is gone: it leaves the list, and the pane where it is open.
    pub fn gone(self, id: &str) {
        self.rows.update(|rows| rows.retain(|s| s.source_id != id));
        if self.cursor.with_untracked(|c| c.as_deref() == Some(id)) {
            self.cursor.set(None);
        }
        let place = app().place.get_untracked();
        if place.path == "/sources" && place.get("id") == id {
            self.open.set(None);
            replace(place.with("id", ""));
            crate::focus::on(super::moves::LIST);
        }
    }

    fn ask(self, key: Place, cursor: Option<String>) {
        let ticket = ASKED.get() + 1;
        ASKED.set(ticket);
        READ_AT.set(clock::now_ms());
        self.loading.set(true);
        spawn_local(async move {
            let on = cursor.is_some();
            let outcome = client::list::<SourcesList>(query::page(&key, cursor)).await;
            // A newer request makes this answer old.
            if ASKED.get() != ticket {
                return;
            }
            self.loading.set(false);
            match outcome {
                Ok(page) => {
                    let rows = page.items.into_iter().map(Arc::new);
                    self.failed.set(None);
                    if on {
                        self.rows.update(|all| all.extend(rows));
                    } else {
                        self.rows.set(rows.collect());
                        self.shown.set(Some(key));
                        self.loaded.set(true);
                    }
                    self.next.set(page.next_cursor);
                    self.total.set(page.total);
                }
                Err(failure) => self.failed.set(Some(failure)),
            }
        });
    }

    /// Reads the open source in full; `failed` is told why it can't be.
    pub fn read(self, id: String, failed: RwSignal<Option<Failure>>) {
        spawn_local(async move {
            let path = SourcePath { source_id: id.clone() };
            let outcome = client::call::<SourceGet>(&path, &api::Empty {}, &()).await;
            if app().place.with_untracked(|p| p.get("id") != id) {
                return;
            }
            match outcome {
                Ok(answer) => self.open.set(Some((answer.value, answer.etag))),
                Err(failure) => drop(failed.try_set(Some(failure))),
            }
        });
    }

    /// A loaded source.
    pub fn row(self, id: &str) -> Option<Arc<Source>> {
        self.rows.with_untracked(|rows| rows.iter().find(|s| s.source_id == id).cloned())
    }

    /// What an action is about: the open one, else the one under the cursor.
    pub fn target(self) -> Option<String> {
        let open = app().place.with_untracked(|p| p.get("id").to_owned());
        if open.is_empty() { self.cursor.get_untracked() } else { Some(open) }
    }
}
