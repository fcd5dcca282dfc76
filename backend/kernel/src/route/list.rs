//! Lists: limit, cursor, sort, count.

use crate::{Error, Result};
use api::Page;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Serialize, de::DeserializeOwned};

/// Rows a page: 1 to 500, 50 by default.
pub fn limit(asked: Option<u32>) -> Result<i64> {
    match asked.unwrap_or(50) {
        n @ 1..=500 => Ok(i64::from(n)),
        _ => Err(Error::field("limit", "must be from 1 to 500")),
    }
}

/// How far `total` is counted: 10,000 (+1 to see that there are more), or to the end with `count=exact`.
pub fn count_cap(asked: Option<&str>) -> Result<i64> {
    match asked {
        None => Ok(10_001),
        Some("exact") => Ok(i64::MAX),
        Some(_) => Err(Error::field("count", "only `exact` is known")),
    }
}

/// For lists with one order.
pub fn only_sort(asked: Option<&str>, known: &[&str]) -> Result<()> {
    match asked {
        Some(s) if !known.contains(&s) => {
            Err(Error::field("sort", format!("must be one of {}", known.join(", "))))
        }
        _ => Ok(()),
    }
}

/// Reads an opaque cursor.
pub fn cursor<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>> {
    let Some(text) = text else { return Ok(None) };
    let value = B64.decode(text).ok().and_then(|b| serde_json::from_slice(&b).ok());
    value.map(Some).ok_or_else(|| Error::field("cursor", "not a cursor of this list"))
}

/// [`cursor`] of a list with several orders: one of another order is none of this list.
pub fn cursor_in<T: DeserializeOwned>(order: &str, text: Option<&str>) -> Result<Option<T>> {
    match cursor::<(String, T)>(text)? {
        Some((of, _)) if of != order => Err(Error::field("cursor", "is of another sort")),
        found => Ok(found.map(|(_, at)| at)),
    }
}

/// A page out of up to `limit + 1` rows; `key` gives the cursor of the last row shown.
pub fn page<T, K: Serialize>(
    mut items: Vec<T>,
    limit: i64,
    total: i64,
    cap: i64,
    key: impl Fn(&T) -> K,
) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more).map(key);
    let next_cursor = last.and_then(|k| serde_json::to_vec(&k).ok()).map(|b| B64.encode(b));
    let total_is_lower_bound = total >= cap;
    let total = if total_is_lower_bound { total - 1 } else { total };
    Page { items, next_cursor, total: u64::try_from(total).unwrap_or(0), total_is_lower_bound }
}

/// A filter of words separated by commas, as a JSON array for `json_each`; unknown words are refused.
pub fn words<T: Copy>(
    field: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<Vec<T>>> {
    let Some(text) = text else { return Ok(None) };
    let word =
        |w: &str| parse(w.trim()).ok_or_else(|| Error::field(field, format!("unknown word `{}`", w.trim())));
    text.split(',').map(word).collect::<Result<Vec<T>>>().map(Some)
}
