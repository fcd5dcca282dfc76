//! What the list of rules shows, as it stands in the URL.

use crate::place::Place;
use api::{
    alerts::Severity,
    detections::{RuleList, RuleOrigin, RuleState},
};

/// Rows asked for at once.
const PAGE: u32 = 500;
/// Order without a word in the URL.
pub const DEFAULT_SORT: &str = "title";
/// Filters with a pill of their own: parameter of the URL and of the API alike.
pub const PILLS: &[&str] = &["technique", "pack", "product", "category", "service", "status"];
/// What a list's address holds beside its filters.
const BESIDE: &[&str] = &["id", "view", "edit", "new", "sort"];

/// Views of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The list.
    Rules,
    /// Where they came from.
    Packs,
    /// Over stored events.
    Runs,
}

impl View {
    /// In order.
    pub const ALL: [View; 3] = [View::Rules, View::Packs, View::Runs];

    /// As in the URL: the last part of the path.
    pub fn word(self) -> &'static str {
        match self {
            View::Rules => "rules",
            View::Packs => "packs",
            View::Runs => "runs",
        }
    }

    /// Whether the address names a view at all.
    pub fn known(place: &Place) -> bool {
        let named = place.path.split('/').nth(2).unwrap_or_default();
        named.is_empty() || View::ALL.iter().any(|v| v.word() == named)
    }

    /// Its address.
    pub fn href(self) -> String {
        format!("/detections/{}", self.word())
    }

    /// From the URL.
    pub fn of(place: &Place) -> View {
        let named = place.path.split('/').nth(2).unwrap_or_default();
        View::ALL.into_iter().find(|v| v.word() == named).unwrap_or(View::Rules)
    }
}

/// Level in the words of Sigma; alerts say `info` where rules say `informational`.
pub fn sigma_level(severity: Severity) -> &'static str {
    if severity == Severity::Info { "informational" } else { severity.as_str() }
}

/// Severity of a rule's level; None where it is not of the known ones.
pub fn severity(level: &str) -> Option<Severity> {
    Severity::parse(if level == "informational" { "info" } else { level })
}

/// Words of a parameter.
pub fn words(place: &Place, name: &str) -> Vec<String> {
    place.get(name).split(',').filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

/// The URL with one word of a list more or less.
pub fn toggle(place: Place, name: &str, word: &str) -> Place {
    let mut all = words(&place, name);
    match all.iter().position(|w| w == word) {
        Some(i) => drop(all.remove(i)),
        None => all.push(word.to_owned()),
    }
    all.sort_unstable();
    place.with(name, &all.join(","))
}

/// Sort word.
pub fn sort(place: &Place) -> String {
    match place.get("sort") {
        "" => DEFAULT_SORT.to_owned(),
        word => word.to_owned(),
    }
}

/// The URL after a click on a head: figures begin with the most, words with A.
pub fn toggle_sort(place: Place, column: &str) -> Place {
    let down = format!("-{column}");
    let first = if matches!(column, "title" | "status") { column.to_owned() } else { down.clone() };
    let second = if first == down { column.to_owned() } else { down };
    let word = if sort(&place) == first { second } else { first };
    place.with("sort", if word == DEFAULT_SORT { "" } else { &word })
}

/// The request for one page.
pub fn page(place: &Place, cursor: Option<String>) -> RuleList {
    let given = |name: &str| Some(place.get(name).to_owned()).filter(|v| !v.is_empty());
    RuleList {
        limit: Some(PAGE),
        cursor,
        sort: Some(sort(place)),
        count: Some("exact".to_owned()),
        q: given("q"),
        level: given("level"),
        status: given("status"),
        state: given("state"),
        origin: given("origin"),
        pack: given("pack"),
        product: given("product"),
        category: given("category"),
        service: given("service"),
        technique: given("technique"),
        body: Some(false),
        ..RuleList::default()
    }
}

/// What decides about the list; the open rule does not.
pub fn list_key(place: &Place) -> Place {
    let rest = BESIDE.iter().filter(|n| **n != "sort").fold(place.clone(), |p, n| p.with(n, ""));
    Place { path: View::Rules.href(), ..rest }
}

/// Whether anything narrows the list.
pub fn narrowed(place: &Place) -> bool {
    ["q", "level", "state", "origin"].iter().chain(PILLS).any(|name| !place.get(name).is_empty())
}

/// States worth a filter, in the order of their buttons.
pub const STATES: &[RuleState] = &[
    RuleState::Running,
    RuleState::Disabled,
    RuleState::NeedsConfiguration,
    RuleState::CannotRun,
    RuleState::Error,
];
/// Origins, in the order of their buttons.
pub const ORIGINS: &[RuleOrigin] = &[RuleOrigin::Builtin, RuleOrigin::Imported, RuleOrigin::Own];
