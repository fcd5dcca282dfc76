//! Pages of events in order of time, with conditions and a deadline.

use super::{
    SqliteStore,
    walk::{Walked, Wanted},
};
use crate::{Count, Error, Page, Result, Row, Search, Times, cursor::Cursor};
use event::{Identity, Nanos};
use sqlx::Connection as _;
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
        Walked { over: page.partial, unreadable: page.unreadable } = self.each(search, take).await?;
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
        Walked { over: count.partial, unreadable: count.unreadable } = self.each(&search, take).await?;
        Ok(count)
    }

    /// Hands on what the search finds, in its order, until `take` breaks.
    async fn each(&self, search: &Search, mut take: impl FnMut(Row) -> ControlFlow<()>) -> Result<Walked> {
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
        let mut walked = Walked::default();
        let mut lanes: Vec<_> = search.times.shifts().into_iter().map(|by| Lane::new(by, &after)).collect();
        loop {
            for lane in lanes.iter_mut().filter(|lane| lane.rows.is_empty() && !lane.done) {
                let left =
                    until.map_or(search.deadline, |until| until.saturating_duration_since(Instant::now()));
                let filled = self.fill(lane, &Search { deadline: left, ..search.clone() }).await?;
                // Each lane passes by the same.
                walked.unreadable = walked.unreadable.max(filled.unreadable);
                if filled.over {
                    return Ok(Walked { over: true, ..walked });
                }
            }
            let key =
                |lane: &Lane| lane.rows.front().map(|row| (row.time.0.saturating_add(lane.by), row.identity));
            let ahead = lanes.iter_mut().filter(|lane| !lane.rows.is_empty());
            let first = match search.ascending {
                true => ahead.min_by_key(|lane| key(lane)),
                false => ahead.max_by_key(|lane| key(lane)),
            };
            let Some(row) = first.and_then(|lane| lane.rows.pop_front()) else { return Ok(walked) };
            if take(row).is_break() {
                return Ok(walked);
            }
        }
    }

    /// Gets the next rows of one shift.
    async fn fill(&self, lane: &mut Lane, search: &Search) -> Result<Walked> {
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
        let walked = self.stored(&there, lane.after, take).await?;
        lane.done = rows.len() < LANE;
        lane.rows = rows;
        if let Some(last) = last {
            lane.after = last;
        }
        Ok(walked)
    }

    /// The same by stored time, after a row.
    async fn stored(
        &self,
        search: &Search,
        after: Cursor,
        take: impl FnMut(Row) -> ControlFlow<()>,
    ) -> Result<Walked> {
        let Some((first, last)) = bounds(search, &after) else {
            return Ok(Walked::default());
        };
        let wanted = Wanted {
            first,
            last,
            after: (after.time.0, after.identity),
            ascending: search.ascending,
            query: search.query.clone(),
            hosts: search.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            dataset: search.dataset.clone(),
            severity: search.severity.clone(),
            source: search.source,
        };
        let until = Instant::now().checked_add(search.deadline);
        let mut conn = self.reader(Some(search.deadline)).await?;
        let mut tx = conn.begin().await?;
        match self.walk(&mut tx, &wanted, until, take).await {
            Err(Error::Interrupted) => Ok(Walked { over: true, ..Walked::default() }),
            other => other,
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
