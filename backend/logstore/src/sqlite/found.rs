//! Events by identity, wherever they are.

use super::{
    SqliteStore,
    blocks::At,
    queries::{ALSO_OF, ID_SOME, SEGMENTS, TAIL_LIST},
    read::{id_list, identity},
};
use crate::{
    Holder, Result, Row, SourceId,
    block::{Block, Rows, has},
    segment::{SLICES, mark, marked},
};
use event::Identity;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

/// Where an event is.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub at: At,
    pub block: Arc<Block>,
    pub row: usize,
}

impl Found {
    /// Its first source.
    pub fn source(&self) -> SourceId {
        self.block.source(self.row)
    }
}

/// A segment as its row has it.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub id: i64,
    pub rows: usize,
    pub live: usize,
    pub first: i64,
    pub last: i64,
    /// Every column has its words.
    pub all_words: bool,
    dead: Vec<u8>,
}

impl Segment {
    /// The rows of a block that are gone.
    pub fn dead(&self, block: usize) -> Rows {
        let mut rows = Rows::default();
        let bytes = self.dead.get(block * 32..).unwrap_or_default();
        let (words, _) = bytes.as_chunks::<8>();
        words.iter().zip(&mut rows).for_each(|(word, rows)| *rows = u64::from_le_bytes(*word));
        rows
    }

    /// All of its dead rows and these.
    pub fn dead_with(&self, more: &BTreeMap<usize, Rows>) -> Vec<u8> {
        let blocks = more.keys().next_back().map_or(0, |last| last + 1).max(self.dead.len() / 32);
        let rows = (0..blocks).flat_map(|n| {
            let new = more.get(&n).copied().unwrap_or_default();
            std::iter::zip(self.dead(n), new).map(|(old, new)| old | new)
        });
        rows.flat_map(u64::to_le_bytes).collect()
    }
}

/// All segments, oldest first.
pub(super) async fn segments(conn: &mut SqliteConnection) -> Result<Vec<Segment>> {
    let rows = sqlx::query(SEGMENTS).fetch_all(conn).await?;
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    let segment = |r: &sqlx::sqlite::SqliteRow| {
        Ok(Segment {
            id: r.try_get(0)?,
            rows: count(r.try_get(1)?),
            live: count(r.try_get(2)?),
            first: r.try_get(3)?,
            last: r.try_get(4)?,
            all_words: r.try_get(5)?,
            dead: r.try_get::<Option<Vec<u8>>, _>(6)?.unwrap_or_default(),
        })
    };
    rows.iter().map(segment).collect()
}

impl SqliteStore {
    /// Those of the events that are in one of these segments.
    pub(super) async fn in_segments(
        &self,
        conn: &mut SqliteConnection,
        wanted: &[Identity],
        segments: &[Segment],
    ) -> Result<HashMap<Identity, Found>> {
        let mut by_slice = BTreeMap::<usize, Vec<(u16, Identity)>>::new();
        for identity in wanted {
            let (slice, mark) = mark(identity);
            by_slice.entry(slice).or_default().push((mark, *identity));
        }
        let by_id: HashMap<i64, &Segment> = segments.iter().map(|s| (s.id, s)).collect();
        // Perhaps there: the mark of an identity is short.
        let mut maybe = BTreeMap::<At, Vec<(usize, Identity)>>::new();
        let keys: Vec<i64> = segments
            .iter()
            .flat_map(|s| by_slice.keys().map(|slice| s.id * SLICES as i64 + *slice as i64))
            .collect();
        for some in keys.chunks(4096) {
            let list = serde_json::to_string(some).unwrap_or_default();
            for row in sqlx::query(ID_SOME).bind(list).fetch_all(&mut *conn).await? {
                let (key, slice): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
                let segment = key.div_euclid(SLICES as i64);
                let wanted = by_slice.get(&(key.rem_euclid(SLICES as i64) as usize));
                for (mark, identity) in wanted.into_iter().flatten() {
                    for at in marked(slice, *mark) {
                        let block = At::Sealed(segment, usize::from(at >> 8));
                        maybe.entry(block).or_default().push((usize::from(at & 255), *identity));
                    }
                }
            }
        }
        let mut found = HashMap::new();
        let maybe: Vec<_> = maybe.into_iter().collect();
        for some in maybe.chunks(256) {
            let at: Vec<At> = some.iter().map(|(at, _)| *at).collect();
            let blocks = self.read_blocks(conn, &at).await?;
            for (at, rows) in some {
                let (Some(block), At::Sealed(segment, n)) = (blocks.get(at), at) else { continue };
                let dead = by_id.get(segment).map(|s| s.dead(*n)).unwrap_or_default();
                for (row, identity) in rows {
                    if block.identity(*row) == *identity && !has(&dead, *row) {
                        found.insert(*identity, Found { at: *at, block: block.clone(), row: *row });
                    }
                }
            }
        }
        Ok(found)
    }

    /// Those of the events that are anywhere.
    pub(super) async fn anywhere(
        &self,
        conn: &mut SqliteConnection,
        wanted: &[Identity],
    ) -> Result<HashMap<Identity, Found>> {
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let segments = segments(conn).await?;
        let mut found = self.in_segments(conn, wanted, &segments).await?;
        let missing: HashSet<Identity> =
            wanted.iter().filter(|id| !found.contains_key(*id)).copied().collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let tail = sqlx::query(TAIL_LIST).fetch_all(&mut *conn).await?;
        for row in &tail {
            let at = At::Tail(row.try_get(0)?);
            let Some(block) = self.read_block(conn, at).await? else { continue };
            for row in 0..block.len() {
                let identity = block.identity(row);
                if missing.contains(&identity) {
                    found.insert(identity, Found { at, block: block.clone(), row });
                }
            }
        }
        Ok(found)
    }

    pub(super) async fn get_rows(&self, ids: &[Identity]) -> Result<Vec<Row>> {
        let mut conn = self.reader(None).await?;
        let mut tx = conn.begin().await?;
        let found = self.anywhere(&mut tx, ids).await?;
        let row = |id: &Identity| found.get(id).and_then(|f| f.block.table().row(f.row));
        Ok(ids.iter().filter_map(row).collect())
    }

    pub(super) async fn holders_of(&self, ids: &[Identity]) -> Result<HashMap<Identity, Holder>> {
        let mut conn = self.reader(None).await?;
        let mut tx = conn.begin().await?;
        let found = self.anywhere(&mut tx, ids).await?;
        let also = also_of(&mut tx, found.keys(), SourceId(0)).await?;
        let holder = |(id, found): (Identity, Found)| match also.contains_key(&id) {
            true => (id, Holder::Several),
            false => (id, Holder::One(found.source())),
        };
        Ok(found.into_iter().map(holder).collect())
    }
}

/// What other sources than their first hold an event too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Also {
    /// The source that was asked about is one of them.
    pub mine: bool,
    pub sources: u64,
}

/// Those of the events that several sources hold.
pub(super) async fn also_of(
    conn: &mut SqliteConnection,
    ids: impl Iterator<Item = &Identity>,
    source: SourceId,
) -> Result<HashMap<Identity, Also>> {
    let rows = sqlx::query(ALSO_OF).bind(id_list(ids)).bind(source.0).fetch_all(conn).await?;
    let also = |r: &sqlx::sqlite::SqliteRow| {
        let (mine, sources) = (r.try_get(1)?, r.try_get::<i64, _>(2)?.cast_unsigned());
        Ok((identity(r.try_get(0)?)?, Also { mine, sources }))
    };
    rows.iter().map(also).collect()
}
