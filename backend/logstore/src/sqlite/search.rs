//! Pages of events in order of time, with conditions and a deadline.

use super::{
    SqliteStore,
    queries::{NEWEST, OLDEST},
    read::row,
};
use crate::{Count, Page, Result, Row, Search, Times, cursor::Cursor, error::interrupted};
use event::{Identity, Nanos};
use futures::TryStreamExt;
use std::{collections::VecDeque, ops::ControlFlow, time::Instant};

impl SqliteStore {
    pub(super) async fn search_page(&self, search: &Search) -> Result<Page> {
        let limit = search.limit.max(1) as usize;
        let mut page = Page::default();
        let mut more = false;
        let take = |row: Row| {
            if page.rows.len() == limit {
                // There is another, so there is a next page.
                more = true;
                return ControlFlow::Break(());
            }
            page.rows.push(row);
            ControlFlow::Continue(())
        };
        page.partial = self.each(search, take).await?;
        if page.partial || more {
            page.next = page.rows.last().map(|row| cursor(row, &search.times).text());
        }
        Ok(page)
    }

    pub(super) async fn count_found(&self, search: &Search, most: u64) -> Result<Count> {
        let mut count = Count::default();
        let search = Search { cursor: None, ..search.clone() };
        let take = |_| {
            if count.rows == most {
                return ControlFlow::Break(());
            }
            count.rows += 1;
            ControlFlow::Continue(())
        };
        count.partial = self.each(&search, take).await?;
        Ok(count)
    }

    /// Hands on what the search finds, in its order, until `take` breaks. Whether the deadline came first.
    async fn each(&self, search: &Search, mut take: impl FnMut(Row) -> ControlFlow<()>) -> Result<bool> {
        let after = match &search.cursor {
            Some(text) => Cursor::parse(text)?,
            // Outside of all there can be: an identity is never all zeroes or all ones but by a chance of 2^-128.
            None if search.ascending => Cursor { time: Nanos(i64::MIN), identity: [0; 16] },
            None => Cursor { time: Nanos(i64::MAX), identity: [0xff; 16] },
        };
        if search.times.is_empty() {
            return self.stored(search, after, take).await;
        }
        let until = Instant::now().checked_add(search.deadline);
        let mut lanes: Vec<_> = search.times.shifts().into_iter().map(|by| Lane::new(by, &after)).collect();
        loop {
            for lane in lanes.iter_mut().filter(|lane| lane.rows.is_empty() && !lane.done) {
                let left =
                    until.map_or(search.deadline, |until| until.saturating_duration_since(Instant::now()));
                if self.fill(lane, &Search { deadline: left, ..search.clone() }).await? {
                    return Ok(true);
                }
            }
            let key =
                |lane: &Lane| lane.rows.front().map(|row| (row.time.0.saturating_add(lane.by), row.identity));
            let ahead = lanes.iter_mut().filter(|lane| !lane.rows.is_empty());
            let first = match search.ascending {
                true => ahead.min_by_key(|lane| key(lane)),
                false => ahead.max_by_key(|lane| key(lane)),
            };
            let Some(row) = first.and_then(|lane| lane.rows.pop_front()) else { return Ok(false) };
            if take(row).is_break() {
                return Ok(false);
            }
        }
    }

    /// Gets the next rows of one shift. Whether the deadline came first.
    async fn fill(&self, lane: &mut Lane, search: &Search) -> Result<bool> {
        let back = |time: Nanos| Nanos(time.0.saturating_sub(lane.by));
        let there = Search { from: search.from.map(back), to: search.to.map(back), ..search.clone() };
        let (mut rows, mut last) = (VecDeque::new(), None);
        let take = |row: Row| {
            if search.times.shift(&row) == lane.by {
                last = Some(Cursor { time: row.time, identity: row.identity });
                rows.push_back(row);
            }
            if rows.len() == LANE { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let partial = self.stored(&there, lane.after, take).await?;
        lane.done = rows.len() < LANE;
        lane.rows = rows;
        if let Some(last) = last {
            lane.after = last;
        }
        Ok(partial)
    }

    /// The same by stored time, after a row.
    async fn stored(
        &self,
        search: &Search,
        after: Cursor,
        mut take: impl FnMut(Row) -> ControlFlow<()>,
    ) -> Result<bool> {
        let Some(bounds) = bounds(search, &after) else {
            return Ok(false);
        };
        let text = search.text.as_deref().filter(|t| !t.is_empty()).map(Needle::new);
        let until = Instant::now().checked_add(search.deadline);
        let mut conn = self.reader(Some(search.deadline)).await?;
        let mut rows = sqlx::query(if search.ascending { OLDEST } else { NEWEST })
            .bind(bounds.0)
            .bind(bounds.1)
            .bind(after.time.0)
            .bind(after.identity.to_vec())
            .bind((!search.hosts.is_empty()).then(|| serde_json::json!(search.hosts).to_string()))
            .bind(&search.dataset)
            .bind(&search.severity)
            .bind(search.source.map(|s| s.0))
            .bind(text.as_ref().and_then(|t| t.pattern.as_deref()))
            .fetch(&mut *conn);
        loop {
            let next = match rows.try_next().await {
                Ok(Some(next)) => row(&next)?,
                Ok(None) => return Ok(false),
                Err(e) if interrupted(&e) => return Ok(true),
                Err(e) => return Err(e.into()),
            };
            if text.as_ref().is_none_or(|t| t.found_in(&next.fields)) && take(next).is_break() {
                return Ok(false);
            }
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(true);
            }
        }
    }

    pub(super) async fn around_row(
        &self,
        id: Identity,
        before: u32,
        after: u32,
        how: &Search,
    ) -> Result<Vec<Row>> {
        let Some(middle) = self.get_rows(&[id]).await?.pop() else {
            return Ok(Vec::new());
        };
        let from = Search {
            hosts: middle.host.iter().cloned().collect(),
            cursor: Some(cursor(&middle, &how.times).text()),
            deadline: how.deadline,
            times: how.times.clone(),
            ..Search::default()
        };
        let mut rows = Vec::new();
        if before > 0 {
            rows = self.search_page(&Search { limit: before, ..from.clone() }).await?.rows;
            rows.reverse();
        }
        rows.push(middle);
        if after > 0 {
            rows.extend(self.search_page(&Search { limit: after, ascending: true, ..from }).await?.rows);
        }
        Ok(rows)
    }
}

/// Rows of one shift that are got at a time.
const LANE: usize = 256;

/// The rows that have the same shift: in the order of their stored times they are in that of the shown ones, too.
struct Lane {
    by: i64,
    rows: VecDeque<Row>,
    /// The last row got, by its stored time.
    after: Cursor,
    done: bool,
}

impl Lane {
    /// From a place in shown time on.
    fn new(by: i64, after: &Cursor) -> Lane {
        let after = Cursor { time: Nanos(after.time.0.saturating_sub(by)), identity: after.identity };
        Lane { by, rows: VecDeque::new(), after, done: false }
    }
}

fn cursor(row: &Row, times: &Times) -> Cursor {
    Cursor { time: times.shown(row), identity: row.identity }
}

/// First and last nanosecond, both inclusive, that the index has to be read between; `None` when nothing
/// can be there.
fn bounds(search: &Search, after: &Cursor) -> Option<(i64, i64)> {
    let mut from = search.from.map_or(i64::MIN, |t| t.0);
    let mut last = match search.to {
        Some(to) => to.0.checked_sub(1)?,
        None => i64::MAX,
    };
    if search.ascending {
        from = from.max(after.time.0);
    } else {
        last = last.min(after.time.0);
    }
    (from <= last).then_some((from, last))
}

/// A text to find in the values of a row, without case.
struct Needle {
    lower: String,
    /// A LIKE pattern (escape `~`) that every match passes; `None` when LIKE, which folds only ASCII, could
    /// miss one.
    pattern: Option<String>,
}

impl Needle {
    fn new(text: &str) -> Needle {
        Needle { lower: text.to_lowercase(), pattern: text.is_ascii().then(|| pattern(text)) }
    }

    /// Looks into the values of a stored fields object, not into its names or its punctuation.
    fn found_in(&self, fields: &str) -> bool {
        match serde_json::from_str(fields) {
            Ok(serde_json::Value::Object(map)) => map.values().any(|value| self.in_value(value)),
            _ => fields.to_lowercase().contains(&self.lower),
        }
    }

    fn in_value(&self, value: &serde_json::Value) -> bool {
        use serde_json::Value as J;
        match value {
            J::Null => false,
            J::String(text) => text.to_lowercase().contains(&self.lower),
            J::Array(list) => list.iter().any(|value| self.in_value(value)),
            other => other.to_string().contains(&self.lower),
        }
    }
}

/// The text as it stands inside stored JSON, with LIKE's own characters taken literally. Two letters can be
/// the folded form of something that is not ASCII (the Kelvin sign; an i that ends the text, of the dotted
/// capital I) and let any character through.
fn pattern(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted.get(1..quoted.len() - 1).unwrap_or_default();
    let mut out = String::from("%");
    for (i, c) in inner.char_indices() {
        let last = i + 1 == inner.len();
        match c {
            '%' | '_' | '~' => out.extend(['~', c]),
            'k' | 'K' => out.push('_'),
            'i' | 'I' if last => out.push('_'),
            _ => out.push(c),
        }
    }
    out.push('%');
    out
}
