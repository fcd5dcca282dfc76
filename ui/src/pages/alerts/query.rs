//! What the list shows, as it stands in the URL.

use crate::{numbers::grouped, place::Place};
use api::alerts::{AlertList, Severity};

/// Rows asked for at once.
pub const PAGE: u32 = 500;
/// Columns that the server sorts by, with the direction of the first click.
pub const DEFAULT_SORT: &str = "-severity";

/// The tabs of the page head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tab {
    /// All that is not closed.
    Open,
    /// Assigned to the caller, not closed.
    Mine,
    /// Assigned to nobody, not closed.
    Unassigned,
    /// Everything.
    All,
}

impl Tab {
    /// In order.
    pub const ALL: [Tab; 4] = [Tab::Open, Tab::Mine, Tab::Unassigned, Tab::All];

    /// As in the URL.
    pub fn word(self) -> &'static str {
        match self {
            Tab::Open => "open",
            Tab::Mine => "mine",
            Tab::Unassigned => "unassigned",
            Tab::All => "all",
        }
    }

    /// From the URL.
    pub fn of(place: &Place) -> Tab {
        Tab::ALL.into_iter().find(|t| t.word() == place.get("tab")).unwrap_or(Tab::Open)
    }

    fn narrow(self, query: &mut AlertList) {
        if self != Tab::All {
            query.status = Some("open".to_owned());
        }
        match self {
            Tab::Mine => query.assignee = Some("me".to_owned()),
            Tab::Unassigned => query.assignee = Some("none".to_owned()),
            _ => {}
        }
    }
}

/// Filters beside tab and severities: parameter of the URL and of the API alike.
pub const PILLS: &[&str] = &["rule", "entity", "technique", "case", "tag"];

/// Severities of the URL; none means all.
pub fn severities(place: &Place) -> Vec<Severity> {
    place.get("severity").split(',').filter_map(Severity::parse).collect()
}

/// The URL with one severity more or less.
pub fn toggle_severity(place: Place, severity: Severity) -> Place {
    let mut all = severities(&place);
    match all.iter().position(|s| *s == severity) {
        Some(i) => drop(all.remove(i)),
        None => all.push(severity),
    }
    all.sort_unstable();
    let words: Vec<&str> = all.iter().rev().map(|s| s.as_str()).collect();
    place.with("severity", &words.join(","))
}

/// Sort word of the URL.
pub fn sort(place: &Place) -> String {
    match place.get("sort") {
        "" => DEFAULT_SORT.to_owned(),
        word => word.to_owned(),
    }
}

/// The URL after a click on a column's head: first descending, then ascending.
pub fn toggle_sort(place: Place, column: &str) -> Place {
    let word = if sort(&place) == format!("-{column}") { column.to_owned() } else { format!("-{column}") };
    let word = if word == DEFAULT_SORT { String::new() } else { word };
    place.with("sort", &word)
}

fn given(place: &Place, name: &str) -> Option<String> {
    Some(place.get(name).to_owned()).filter(|v| !v.is_empty())
}

/// The filters for the server, without page and sort; `tab` overrules the URL's.
pub fn filters(place: &Place, tab: Tab) -> AlertList {
    let mut query = AlertList {
        severity: given(place, "severity"),
        q: given(place, "q"),
        rule_id: given(place, "rule"),
        entity: given(place, "entity"),
        technique: given(place, "technique"),
        case_id: given(place, "case"),
        tag: given(place, "tag"),
        from: api::Time::parse(place.get("from")),
        to: api::Time::parse(place.get("to")),
        ..AlertList::default()
    };
    tab.narrow(&mut query);
    query
}

/// The request for one page.
pub fn page(place: &Place, cursor: Option<String>) -> AlertList {
    AlertList { limit: Some(PAGE), cursor, sort: Some(sort(place)), ..filters(place, Tab::of(place)) }
}

/// What decides about the list; the open alert does not.
pub fn list_key(place: &Place) -> Place {
    Place { path: place.path.clone(), query: place.query.clone() }
        .with("id", "")
        .with("view", "")
        .with("event", "")
        .with("form", "")
}

/// Whether anything but the tab narrows the list.
pub fn narrowed(place: &Place) -> bool {
    ["severity", "q", "from", "to"].iter().chain(PILLS).any(|name| !place.get(name).is_empty())
}

/// `37`, or `10,000+` where the server stopped counting.
pub fn count(n: u64, more: bool) -> String {
    format!("{}{}", grouped(n), if more { "+" } else { "" })
}
