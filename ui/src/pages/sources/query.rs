//! What the list of sources shows, as it stands in the URL.

use crate::place::Place;
use api::siem::SourceList;

/// Rows asked for at once.
pub const PAGE: u32 = 200;
/// Order without a word in the URL.
const DEFAULT_SORT: &str = "-imported_at";

/// Sort word.
pub fn sort(place: &Place) -> String {
    match place.get("sort") {
        "" => DEFAULT_SORT.to_owned(),
        word => word.to_owned(),
    }
}

/// The URL after a click on a head: figures and times begin with the most, words with A.
pub fn toggle_sort(place: Place, column: &str) -> Place {
    let down = format!("-{column}");
    let words = matches!(column, "source" | "dataset");
    let (first, second) = if words { (column.to_owned(), down) } else { (down, column.to_owned()) };
    let word = if sort(&place) == first { second } else { first };
    place.with("sort", if word == DEFAULT_SORT { "" } else { &word })
}

/// What a list was asked for: the URL without what is open beside it.
pub fn list_key(place: &Place) -> Place {
    Place::parse("/sources").with("q", place.get("q")).with("sort", place.get("sort"))
}

/// The request for one page.
pub fn page(place: &Place, cursor: Option<String>) -> SourceList {
    SourceList {
        limit: Some(PAGE),
        cursor,
        sort: Some(sort(place)),
        count: Some("exact".to_owned()),
        q: Some(place.get("q").to_owned()).filter(|q| !q.is_empty()),
        ..SourceList::default()
    }
}
