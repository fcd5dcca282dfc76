//! Going through all that is there in order of stored time, block by block, and opening only blocks that can hold what is
//! wanted.

use super::{
    SqliteStore,
    blocks::{At, in_two},
    found::{Segment, segments},
    hints::Hints,
    queries::{ALSO_NEWEST, ALSO_OLDEST, HELD_BY, PARTS, TAIL_LIST},
    read::identity,
};
use crate::{
    Query, Result, Row, SourceId,
    block::{Block, NONE, Rows, has, numbers, set},
    segment::{NAMES, Part, SOURCE, parts},
};
use event::Identity;
use sqlx::{Row as _, SqliteConnection};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
    ops::ControlFlow,
    sync::Arc,
    time::Instant,
};

/// What is looked for, all of it together.
pub(super) struct Wanted {
    /// Stored time, both inclusive.
    pub first: i64,
    pub last: i64,
    /// Only what comes after this in the order.
    pub after: (i64, Identity),
    pub ascending: bool,
    pub query: Query,
    /// In ASCII lower case.
    pub hosts: Vec<String>,
    pub dataset: Option<String>,
    pub severity: Option<String>,
    pub source: Option<SourceId>,
}

/// Blocks of a segment that are opened rather than that more is read about them.
const FEW_BLOCKS: u32 = 4;

/// How a walk ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Walked {
    /// The time was over first.
    pub over: bool,
    /// Rows in blocks that are damaged.
    pub unreadable: u64,
}

/// A place in the order: smaller comes first, whichever way it goes.
type Key = (i64, u128);

/// Something still to be looked into, by where its first row can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Segment(usize),
    /// With how many rows.
    Block(At, usize),
    /// The next of the events that the source shares with an earlier one.
    Also,
}

/// A row that is wanted.
struct Ready {
    key: Key,
    block: Arc<Block>,
    row: usize,
}

impl PartialEq for Ready {
    fn eq(&self, other: &Ready) -> bool {
        self.key == other.key
    }
}

impl Eq for Ready {}

impl PartialOrd for Ready {
    fn partial_cmp(&self, other: &Ready) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ready {
    fn cmp(&self, other: &Ready) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl Wanted {
    fn key(&self, time: i64, identity: &Identity) -> Key {
        let identity = u128::from_be_bytes(*identity);
        if self.ascending { (time, identity) } else { (!time, !identity) }
    }

    /// Where the first row of something between two times can stand.
    fn begin(&self, first: i64, last: i64) -> Key {
        (if self.ascending { first.max(self.first) } else { !last.min(self.last) }, 0)
    }

    /// Where that of a block of a segment stands: of blocks with one time only those that come next are open.
    fn begin_of(&self, part: &Part) -> Key {
        let [first, last] = &part.ids;
        let begin = match self.ascending {
            true => self.key(part.first, first),
            false => self.key(part.last, last),
        };
        begin.max(self.begin(part.first, part.last))
    }

    /// The rows of a block that are wanted.
    fn rows(&self, block: &Block, mut rows: Rows, scratch: &mut Vec<u8>) -> Rows {
        let after = self.key(self.after.0, &self.after.1);
        for row in numbers(rows) {
            let time = block.time(row).0;
            let fine = time >= self.first
                && time <= self.last
                && self.key(time, &block.identity(row)) > after
                && self.source.is_none_or(|source| block.source(row) == source);
            if !fine {
                rows[row / 64] &= !(1 << (row % 64));
            }
        }
        self.conditions(block, rows, scratch)
    }

    /// The same as far as it does not hang on places and times.
    fn conditions(&self, block: &Block, mut rows: Rows, scratch: &mut Vec<u8>) -> Rows {
        let and = |rows: Rows, other: Rows| std::array::from_fn(|i| rows[i] & other[i]);
        for (column, wanted) in [(0, &self.dataset), (3, &self.severity)] {
            if let Some(wanted) = wanted.as_deref().filter(|_| rows != NONE) {
                rows = and(rows, block.passing(|c, _| c == column, |text| text == wanted));
            }
        }
        if !self.hosts.is_empty() && rows != NONE {
            let host = |text: &str| self.hosts.iter().any(|host| host.eq_ignore_ascii_case(text));
            rows = and(rows, block.passing(|c, _| c == 1, host));
        }
        self.query.rows(block, rows, scratch)
    }

    /// The columns with dictionaries that are asked for, and which texts are wanted there.
    fn words(&self) -> Vec<(&'static str, Vec<String>)> {
        let mut all = vec![];
        let [dataset, host, _, severity] = NAMES;
        all.extend(self.dataset.clone().map(|text| (dataset, vec![text])));
        all.extend(self.severity.clone().map(|text| (severity, vec![text])));
        all.extend(self.source.map(|source| (SOURCE, vec![source.0.to_string()])));
        if !self.hosts.is_empty() {
            all.push((host, self.hosts.clone()));
        }
        all
    }
}

/// All rows of a block.
fn all_rows(n: usize) -> Rows {
    std::array::from_fn(|i| match n.saturating_sub(i * 64) {
        0 => 0,
        n if n >= 64 => u64::MAX,
        n => (1 << n) - 1,
    })
}

impl SqliteStore {
    /// Hands on the wanted rows in order until `take` breaks.
    pub(super) async fn walk(
        &self,
        conn: &mut SqliteConnection,
        wanted: &Wanted,
        until: Option<Instant>,
        mut take: impl FnMut(Row) -> ControlFlow<()>,
    ) -> Result<Walked> {
        let segments = segments(conn).await?;
        let mut units = self.units(conn, wanted, &segments).await?;
        let mut ready = BinaryHeap::<Reverse<Ready>>::new();
        let mut scratch = Vec::new();
        // The end of what was read of the events that the source shares.
        let mut also = wanted.after;
        // How many are looked into at a time: the first answers quickly, many are read together.
        let (mut many, mut many_blocks) = (1, 1);
        let mut walked = Walked::default();
        let over = || until.is_some_and(|until| Instant::now() >= until);
        loop {
            if over() {
                return Ok(Walked { over: true, ..walked });
            }
            let next = units.peek().map(|Reverse((begin, _))| *begin);
            while let Some(Reverse(first)) = ready.peek() {
                if next.is_some_and(|begin| begin <= first.key) {
                    break;
                }
                let Some(Reverse(Ready { block, row, .. })) = ready.pop() else { break };
                if let Some(row) = block.table().row(row)
                    && take(row).is_break()
                {
                    return Ok(walked);
                }
            }
            let Some(Reverse((_, unit))) = units.pop() else { return Ok(walked) };
            match unit {
                Unit::Block(at, rows) => {
                    let mut some = vec![(at, rows)];
                    while some.len() < many_blocks
                        && let Some(Reverse((_, Unit::Block(at, rows)))) = units.peek()
                    {
                        some.push((*at, *rows));
                        units.pop();
                    }
                    many_blocks = (many_blocks * 2).min(32);
                    let all: Vec<At> = some.iter().map(|(at, _)| *at).collect();
                    let blocks = self.read_blocks(conn, &all).await?;
                    let found = in_two(&some, |(at, _)| {
                        let block = blocks.get(at)?;
                        let mut rows = all_rows(block.len());
                        if let At::Sealed(id, n) = at
                            && let Ok(segment) = segments.binary_search_by_key(id, |s| s.id)
                        {
                            let dead = segments[segment].dead(*n);
                            rows = std::array::from_fn(|i| rows[i] & !dead[i]);
                        }
                        Some((block, wanted.rows(block, rows, &mut Vec::new())))
                    });
                    for ((_, rows), found) in some.iter().zip(found) {
                        let Some((block, wanted_rows)) = found else {
                            walked.unreadable += *rows as u64;
                            continue;
                        };
                        for row in numbers(wanted_rows) {
                            let key = wanted.key(block.time(row).0, &block.identity(row));
                            ready.push(Reverse(Ready { key, block: block.clone(), row }));
                        }
                    }
                }
                Unit::Segment(first) => {
                    let mut some = vec![first];
                    while some.len() < many
                        && let Some(Reverse((_, Unit::Segment(n)))) = units.peek()
                    {
                        some.push(*n);
                        units.pop();
                    }
                    many = (many * 2).min(16);
                    let some: Vec<&Segment> = some.iter().filter_map(|n| segments.get(*n)).collect();
                    for (at, part) in self.candidates(conn, wanted, &some).await? {
                        if part.last >= wanted.first && part.first <= wanted.last {
                            let begin = wanted.begin_of(&part);
                            units.push(Reverse((begin, Unit::Block(at, part.rows))));
                        }
                    }
                }
                Unit::Also => {
                    let (rows, end) = self.shared(conn, wanted, also, &mut scratch).await?;
                    ready.extend(rows.into_iter().map(Reverse));
                    if let Some(end) = end {
                        also = end;
                        units.push(Reverse((wanted.key(end.0, &end.1), Unit::Also)));
                    }
                }
            }
        }
    }

    /// All that there is, by where it begins.
    async fn units(
        &self,
        conn: &mut SqliteConnection,
        wanted: &Wanted,
        segments: &[Segment],
    ) -> Result<BinaryHeap<Reverse<(Key, Unit)>>> {
        let overlaps = |first: i64, last: i64| last >= wanted.first && first <= wanted.last;
        let mut units = BinaryHeap::new();
        for row in sqlx::query(TAIL_LIST).fetch_all(&mut *conn).await? {
            let (first, last): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
            if overlaps(first, last) {
                let rows = usize::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0);
                let unit = Unit::Block(At::Tail(row.try_get(0)?), rows);
                units.push(Reverse((wanted.begin(first, last), unit)));
            }
        }
        let held: Option<HashSet<i64>> = match wanted.source {
            None => None,
            Some(source) => {
                let held = sqlx::query_scalar(HELD_BY).bind(source.0);
                Some(held.fetch_all(&mut *conn).await?.into_iter().collect())
            }
        };
        for (n, segment) in segments.iter().enumerate() {
            if overlaps(segment.first, segment.last) && held.as_ref().is_none_or(|h| h.contains(&segment.id))
            {
                let begin = wanted.begin(segment.first, segment.last);
                units.push(Reverse((begin, Unit::Segment(n))));
            }
        }
        if wanted.source.is_some() {
            units.push(Reverse((wanted.begin(i64::MIN, i64::MAX), Unit::Also)));
        }
        Ok(units)
    }

    /// The blocks of segments that can hold what is wanted. Where a part of what says so is damaged, all can.
    async fn candidates(
        &self,
        conn: &mut SqliteConnection,
        wanted: &Wanted,
        some: &[&Segment],
    ) -> Result<Vec<(At, Part)>> {
        let ids: Vec<i64> = some.iter().map(|s| s.id).collect();
        let beside = wanted.words();
        let mut hints = Hints::of(&wanted.query, beside.iter().map(|(name, _)| *name));
        hints.read_words(conn, &ids).await?;
        let mut blocks: HashMap<i64, Rows> = HashMap::new();
        let mut much = ids.clone();
        for round in 0..2 {
            hints.read_slices(conn, &much, round).await?;
            for segment in some.iter().filter(|s| much.contains(&s.id)) {
                let mut rows = hints.blocks(&wanted.query, segment);
                for (name, texts) in &beside {
                    let test = |word: &str| texts.iter().any(|text| text.eq_ignore_ascii_case(word));
                    let there = hints.with_words(name, test, segment);
                    rows = std::array::from_fn(|i| rows[i] & there[i]);
                }
                blocks.insert(segment.id, rows);
            }
            // Where few blocks are left, opening them is quicker than reading what would leave fewer.
            let few = |rows: &Rows| rows.iter().map(|w| w.count_ones()).sum::<u32>() <= FEW_BLOCKS;
            much.retain(|id| blocks.get(id).is_some_and(|rows| !few(rows)));
        }
        blocks.retain(|_, blocks| *blocks != NONE);
        let ids: Vec<i64> = blocks.keys().copied().collect();
        let list = serde_json::to_string(&ids).unwrap_or_default();
        let mut found = vec![];
        for row in sqlx::query(PARTS).bind(list).fetch_all(&mut *conn).await? {
            let id: i64 = row.try_get(0)?;
            let parts = match (parts(row.try_get(1)?), some.iter().find(|s| s.id == id)) {
                (Some(parts), _) => parts,
                // Any block can then be there, with any time of the segment.
                (None, Some(segment)) => vec![Part::anywhere(segment.first, segment.last); 256],
                (None, None) => continue,
            };
            let blocks = blocks.get(&id).copied().unwrap_or_default();
            let wanted = parts.into_iter().enumerate().filter(|(n, _)| has(&blocks, *n));
            found.extend(wanted.map(|(n, part)| (At::Sealed(id, n), part)));
        }
        Ok(found)
    }

    /// The next wanted rows that the source shares with an earlier one, and where to go on.
    async fn shared(
        &self,
        conn: &mut SqliteConnection,
        wanted: &Wanted,
        after: (i64, Identity),
        scratch: &mut Vec<u8>,
    ) -> Result<(Vec<Ready>, Option<(i64, Identity)>)> {
        let Some(source) = wanted.source else { return Ok((vec![], None)) };
        let sql = if wanted.ascending { ALSO_OLDEST } else { ALSO_NEWEST };
        let some = sqlx::query(sql).bind(source.0).bind(wanted.first).bind(wanted.last);
        let some = some.bind(after.0).bind(after.1.to_vec()).fetch_all(&mut *conn).await?;
        let place = |r: &sqlx::sqlite::SqliteRow| Ok((r.try_get(0)?, identity(r.try_get(1)?)?));
        let some = some.iter().map(place).collect::<Result<Vec<(i64, Identity)>>>()?;
        let ids: Vec<Identity> = some.iter().map(|(_, id)| *id).collect();
        let mut by_block = HashMap::<At, (Arc<Block>, Rows)>::new();
        for found in self.anywhere(conn, &ids).await?.into_values() {
            let (_, rows) = by_block.entry(found.at).or_insert_with(|| (found.block.clone(), NONE));
            set(rows, found.row);
        }
        let mut ready = vec![];
        for (block, rows) in by_block.into_values() {
            for row in numbers(wanted.conditions(&block, rows, scratch)) {
                let key = wanted.key(block.time(row).0, &block.identity(row));
                ready.push(Ready { key, block: block.clone(), row });
            }
        }
        Ok((ready, some.last().copied().filter(|_| some.len() == 256)))
    }
}
