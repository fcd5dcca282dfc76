//! One list of what a user can do. Palette, shortcuts, help, menus and the status bar are read from it.

pub mod alerts;
pub mod cases;
pub mod keys;
pub mod rules;
pub mod shell;
pub mod sources;

use crate::{
    i18n::Key,
    pages::rules::{editor, query::View},
    state::app,
};
use leptos::prelude::WithUntracked;

/// Where an action makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Everywhere.
    Anywhere,
    /// On the alerts page.
    Alerts,
    /// On the alerts page, with an alert selected, open or under the cursor.
    Alert,
    /// On the page of detections, whatever view of it.
    Detections,
    /// On the list of rules.
    Rules,
    /// On the list of rules, with one selected, open or under the cursor.
    Rule,
    /// On the page of cases.
    Cases,
    /// On the page of sources.
    Sources,
    /// On the page of sources, with one open or under the cursor.
    Source,
    /// While a rule is being written.
    Editor,
    /// In the desktop window.
    Desktop,
    /// Where somebody signed in by name: the desktop's own session has no end to ask for.
    SignedIn,
}

/// Something that a user can do.
pub struct Action {
    /// Stable, also `data-test` of its buttons.
    pub id: &'static str,
    /// What it is called.
    pub label: Key,
    /// Of the sprite, without `i-`.
    pub icon: &'static str,
    /// Each a chord or a sequence of chords, by physical key: `Ctrl+KeyK`, `KeyG KeyA`.
    pub keys: &'static [&'static str],
    /// Where.
    pub context: Context,
    /// Permission word.
    pub needs: Option<&'static str>,
    /// Does it.
    pub run: fn(),
}

impl Action {
    /// Whether it can be done here and now.
    pub fn ready(&self) -> bool {
        let here = match self.context {
            Context::Anywhere => true,
            Context::Alerts => on_alerts(),
            Context::Alert => on_alerts() && !app().alerts.targets().is_empty(),
            Context::Detections => on_detections(|_| true),
            Context::Rules => on_detections(|p| View::of(p) == View::Rules),
            Context::Rule => {
                on_detections(|p| View::of(p) == View::Rules && !editor::is_open(p))
                    && !app().rules.targets().is_empty()
            }
            Context::Cases => app().place.with_untracked(|p| p.path == "/cases"),
            Context::Sources => on_sources(),
            Context::Source => on_sources() && app().sources.target().is_some(),
            Context::Editor => on_detections(editor::is_open),
            Context::SignedIn => app().me.with_untracked(|me| me.as_ref().is_some_and(|me| !me.desktop)),
            Context::Desktop => app().shell.with_untracked(Option::is_some),
        };
        here && self.allowed()
    }

    /// Whether the caller's rights are enough for it.
    pub fn allowed(&self) -> bool {
        self.needs.is_none_or(alerts::may)
    }
}

fn on_alerts() -> bool {
    app().place.with_untracked(|p| p.path == "/alerts")
}

fn on_sources() -> bool {
    app().place.with_untracked(|p| p.path == "/sources")
}

fn on_detections(of: fn(&crate::place::Place) -> bool) -> bool {
    app().place.with_untracked(|p| p.path.starts_with("/detections") && View::known(p) && of(p))
}

/// Every action.
pub fn all() -> impl Iterator<Item = &'static Action> {
    let pages = alerts::ACTIONS.iter().chain(rules::ACTIONS).chain(cases::ACTIONS).chain(sources::ACTIONS);
    pages.chain(shell::ACTIONS)
}

/// By id.
pub fn find(id: &str) -> Option<&'static Action> {
    all().find(|a| a.id == id)
}

/// Keys of an action for people: `Ctrl K`; empty where it has none.
pub fn hint(id: &str) -> String {
    find(id).and_then(|a| a.keys.first()).map(|k| keys::name(k)).unwrap_or_default()
}
