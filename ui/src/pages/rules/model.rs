//! The rules that are loaded, cursor, selection: what outlives a change of page.

use super::query;
use crate::{
    data::{client, failure::Failure},
    place::Place,
    state::app,
};
use api::detections::{Rule, RuleGet, RulePath, RulesList, RunWhat};
use leptos::{prelude::*, task::spawn_local};
use std::{cell::Cell, collections::BTreeSet, sync::Arc};

thread_local! { static ASKED: Cell<u64> = const { Cell::new(0) }; }

/// Signals of the rules page.
#[derive(Clone, Copy)]
pub struct RulesModel {
    /// Loaded so far, in the list's order, without their texts.
    pub rows: RwSignal<Vec<Arc<Rule>>>,
    /// Where to go on; None at the end.
    pub next: RwSignal<Option<String>>,
    /// How many the filters leave.
    pub total: RwSignal<u64>,
    /// A request is under way.
    pub loading: RwSignal<bool>,
    /// The first page has come.
    pub loaded: RwSignal<bool>,
    /// Why the list could not be read.
    pub failed: RwSignal<Option<Failure>>,
    /// What the rows were asked for.
    shown: RwSignal<Option<Place>>,
    /// The open rule, in full, with its version.
    pub open: RwSignal<Option<(Rule, Option<String>)>>,
    /// Rule under the cursor.
    pub cursor: RwSignal<Option<String>>,
    /// Ticked rules.
    pub selected: RwSignal<BTreeSet<String>>,
    /// What the dialog to start a run is about.
    pub run: RwSignal<RunWhat>,
}

impl RulesModel {
    /// Empty.
    pub fn new() -> Self {
        RulesModel {
            rows: RwSignal::new(Vec::new()),
            next: RwSignal::new(None),
            total: RwSignal::new(0),
            loading: RwSignal::new(false),
            loaded: RwSignal::new(false),
            failed: RwSignal::new(None),
            shown: RwSignal::new(None),
            open: RwSignal::new(None),
            cursor: RwSignal::new(None),
            selected: RwSignal::new(BTreeSet::new()),
            run: RwSignal::new(RunWhat::default()),
        }
    }

    /// Reads the list that the URL names; keeps the old rows on screen until the new ones are there.
    pub fn load(self) {
        let key = app().place.with_untracked(query::list_key);
        if self.shown.with_untracked(|s| s.as_ref() != Some(&key)) {
            self.selected.update(BTreeSet::clear);
        }
        self.ask(key, None);
    }

    /// Rules changed elsewhere: what is on screen is read again.
    pub fn changed(self) {
        if self.loaded.get_untracked() {
            self.load();
        }
        let id = app().place.with_untracked(|p| p.get("id").to_owned());
        let open = self.open.with_untracked(|o| o.as_ref().is_some_and(|(r, _)| r.rule_id == id));
        if open {
            self.read(id, RwSignal::new(None));
        }
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
            let outcome = client::list::<RulesList>(query::page(&key, cursor)).await;
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

    /// Reads the open rule in full; `failed` is told why it can't be.
    pub fn read(self, id: String, failed: RwSignal<Option<Failure>>) {
        spawn_local(async move {
            let path = RulePath { rule_id: id.clone() };
            let outcome = client::call::<RuleGet>(&path, &api::Empty {}, &()).await;
            if app().place.with_untracked(|p| p.get("id") != id) {
                return;
            }
            match outcome {
                Ok(answer) => self.open.set(Some((answer.value, answer.etag))),
                Err(failure) => drop(failed.try_set(Some(failure))),
            }
        });
    }

    /// Puts a newer form of a rule in its place, and on the open pane.
    pub fn put(self, mut rule: Rule, etag: Option<String>) {
        let is_open =
            self.open.with_untracked(|o| o.as_ref().is_some_and(|(open, _)| open.rule_id == rule.rule_id));
        if is_open {
            self.open.set(Some((rule.clone(), etag)));
        }
        rule.body = String::new();
        self.put_row(rule);
    }

    /// Puts a newer form of a rule in its place in the list, and its state on the open pane.
    pub fn put_row(self, rule: Rule) {
        self.open.update(|open| {
            if let Some((open, _)) = open.as_mut().filter(|(o, _)| o.rule_id == rule.rule_id) {
                (open.enabled, open.state) = (rule.enabled, rule.state);
            }
        });
        let at = self.rows.with_untracked(|rows| rows.iter().position(|r| r.rule_id == rule.rule_id));
        if let Some(at) = at {
            self.rows.update(|rows| rows[at] = Arc::new(rule));
        }
    }

    /// A loaded rule.
    pub fn row(self, id: &str) -> Option<Arc<Rule>> {
        self.rows.with_untracked(|rows| rows.iter().find(|r| r.rule_id == id).cloned())
    }

    /// What an action is about: the ticked rules, else the open one, else the one under the cursor.
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
