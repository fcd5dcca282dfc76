//! Removing a source, step by step.

use super::{
    SqliteStore,
    append::grew,
    blocks::At,
    found::{Found, Segment, also_of, segments},
    queries::{
        BORROWED_DELETE, BORROWED_SOME, DELETE_CLEARED, DELETE_DAYS, DELETE_SERIES, DELETE_SOURCE,
        DELETE_TALLY, HEIRS, HELD_BY, HELD_EMPTY, HELD_LESS, SEGMENT_LESS, SOURCE_THERE, TALLY, TALLY_EMPTY,
        TALLY_LESS,
    },
    read::{id_list, identity},
    seal::drop_segment,
    tail::{Made, Tail, copy, remove},
};
use crate::{
    Deleted, Error, Result, SourceId,
    block::{Block, Rows, has, set},
};
use event::Identity;
use sqlx::{Connection, Row as _, SqliteConnection};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

impl SqliteStore {
    pub(super) async fn delete_some(&self, source: SourceId, most: u32) -> Result<Deleted> {
        let mut conn = self.writer().await?;
        let mut tail = self.take_tail(&mut conn).await?;
        let mut tx = conn.begin().await?;
        if sqlx::query(SOURCE_THERE).bind(source.0).fetch_optional(&mut *tx).await?.is_none() {
            return Err(Error::NoSource(source.0));
        }
        // A step of nothing would never end.
        let most = u64::from(most.max(1));
        let mut step = Deleted { kept: self.give_back(&mut tx, source, most).await?, ..Deleted::default() };
        if step.kept < most {
            let (events, kept) = self.take_away(&mut tx, source, most - step.kept, &mut tail).await?;
            step.done = step.kept + events + kept < most;
            (step.events, step.kept) = (events, step.kept + kept);
        }
        tx.commit().await?;
        self.keep_tail(tail);
        if step.done {
            // What is left of segments is written anew, one a step, so that what was removed is nowhere any more.
            for segment in segments(&mut conn).await?.iter().filter(|s| s.live < s.rows) {
                if self.rewrite(&mut conn, segment).await? {
                    step.done = false;
                    break;
                }
            }
        }
        if step.done {
            let mut tx = conn.begin().await?;
            for sql in [DELETE_SERIES, DELETE_DAYS, DELETE_CLEARED, DELETE_TALLY, DELETE_SOURCE] {
                sqlx::query(sql).bind(source.0).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        }
        self.files.forget();
        // Pages that are free now go back to the disk, a bounded number a step.
        sqlx::raw_sql("PRAGMA incremental_vacuum(4096)").execute(&mut *conn).await?;
        Ok(step)
    }

    /// Events that an earlier source counts are that source's alone again. Answers how many.
    async fn give_back(&self, conn: &mut SqliteConnection, source: SourceId, most: u64) -> Result<u64> {
        let some = sqlx::query_scalar(BORROWED_SOME).bind(source.0).bind(most.cast_signed());
        let ids: Vec<Vec<u8>> = some.fetch_all(&mut *conn).await?;
        let ids = ids.iter().map(|id| identity(id)).collect::<Result<Vec<Identity>>>()?;
        if ids.is_empty() {
            return Ok(0);
        }
        let also = also_of(conn, ids.iter(), source).await?;
        let mut owners = HashMap::<i64, i64>::new();
        for (id, found) in self.anywhere(conn, &ids).await? {
            if also.get(&id).is_some_and(|also| also.sources == 1) {
                *owners.entry(found.source().0).or_default() += 1;
            }
        }
        for (owner, n) in owners {
            grew(conn, owner, 0, -n).await?;
        }
        sqlx::query(BORROWED_DELETE).bind(source.0).bind(id_list(ids.iter())).execute(&mut *conn).await?;
        let n = ids.len() as u64;
        grew(conn, source.0, -n.cast_signed(), 0).await?;
        Ok(n)
    }

    /// The next events that the source counts: gone, or handed over to the oldest source that holds them too. Answers
    /// how many of each.
    async fn take_away(
        &self,
        conn: &mut SqliteConnection,
        source: SourceId,
        most: u64,
        tail: &mut Tail,
    ) -> Result<(u64, u64)> {
        let mut going = Going { source, most: most as usize, found: vec![] };
        let mut rewritten = vec![];
        if tail.known.values().any(|first| *first == source.0) {
            for (id, ..) in tail.blocks.clone() {
                let Some(block) = self.read_block(conn, At::Tail(id)).await? else { continue };
                let rows = going.take(At::Tail(id), &block, &Rows::default());
                if rows != Rows::default() {
                    rewritten.push((id, block, rows));
                }
            }
        }
        let held: HashSet<i64> =
            sqlx::query_scalar(HELD_BY).bind(source.0).fetch_all(&mut *conn).await?.into_iter().collect();
        let mut dead = Vec::new();
        if !held.is_empty() && !going.is_full() {
            for segment in segments(conn).await?.into_iter().filter(|s| held.contains(&s.id)) {
                let mut gone = BTreeMap::new();
                for n in 0..256 {
                    if going.is_full() {
                        break;
                    }
                    let at = At::Sealed(segment.id, n);
                    let Some(block) = self.read_block(conn, at).await? else { continue };
                    let rows = going.take(at, &block, &segment.dead(n));
                    if rows != Rows::default() {
                        gone.insert(n, rows);
                    }
                }
                if !gone.is_empty() {
                    dead.push((segment, gone));
                }
            }
        }
        let kept = hand_over(conn, &going.found, source, tail).await?;
        let mut made = Made::default();
        for (id, block, rows) in &rewritten {
            // What was handed over stands in a block of the heir by now.
            let moved = kept.iter().filter_map(|id| tail.known.get(id).map(|to| (*id, *to)));
            let moved: Vec<_> = moved.collect();
            tail.forget(*id, block);
            tail.known.extend(moved);
            copy(block, |row| !has(rows, row), &mut made, conn, tail).await?;
        }
        made.write(conn, tail).await?;
        if !rewritten.is_empty() {
            remove(conn, rewritten.iter().map(|(id, ..)| *id)).await?;
        }
        for (segment, gone) in &dead {
            bury(conn, source, segment, gone).await?;
        }
        let mut less = HashMap::<(String, String), i64>::new();
        for found in going.found.iter().filter(|f| !kept.contains(&f.block.identity(f.row))) {
            let [dataset, _, _, severity] =
                found.block.table().aside(found.row).map(|t| t.unwrap_or("").to_owned());
            *less.entry((dataset, severity)).or_default() += 1;
        }
        for ((dataset, severity), n) in less {
            lower(conn, source, &dataset, &severity, n).await?;
        }
        sqlx::query(TALLY_EMPTY).bind(source.0).execute(&mut *conn).await?;
        let kept = kept.len() as u64;
        Ok((going.found.len() as u64 - kept, kept))
    }
}

/// The rows of a source that a step takes.
struct Going {
    source: SourceId,
    most: usize,
    found: Vec<Found>,
}

impl Going {
    fn is_full(&self) -> bool {
        self.found.len() >= self.most
    }

    fn take(&mut self, at: At, block: &Arc<Block>, dead: &Rows) -> Rows {
        let mut rows = Rows::default();
        for row in (0..block.len()).filter(|row| block.source(*row) == self.source && !has(dead, *row)) {
            if self.is_full() {
                break;
            }
            set(&mut rows, row);
            self.found.push(Found { at, block: block.clone(), row });
        }
        rows
    }
}

/// Marks rows of a segment as gone; the segment goes with the last of them.
async fn bury(
    conn: &mut SqliteConnection,
    source: SourceId,
    segment: &Segment,
    gone: &BTreeMap<usize, Rows>,
) -> Result<()> {
    let n: i64 = gone.values().flatten().map(|word| i64::from(word.count_ones())).sum();
    let less = sqlx::query_scalar(SEGMENT_LESS).bind(segment.id).bind(n).bind(segment.dead_with(gone));
    let live: i64 = less.fetch_one(&mut *conn).await?;
    if live <= 0 {
        return drop_segment(conn, segment.id).await;
    }
    sqlx::query(HELD_LESS).bind(source.0).bind(segment.id).bind(n).execute(&mut *conn).await?;
    sqlx::query(HELD_EMPTY).bind(source.0).bind(segment.id).execute(conn).await?;
    Ok(())
}

/// Those of the events that others hold too go into the tail as the oldest of these has them. Answers which.
async fn hand_over(
    conn: &mut SqliteConnection,
    going: &[Found],
    source: SourceId,
    tail: &mut Tail,
) -> Result<HashSet<Identity>> {
    let ids: Vec<_> = going.iter().map(|f| f.block.identity(f.row)).collect();
    let rows = sqlx::query(HEIRS).bind(id_list(ids.iter())).fetch_all(&mut *conn).await?;
    let mut heirs = HashMap::with_capacity(rows.len());
    for r in &rows {
        let place: [i64; 4] = [r.try_get(1)?, r.try_get(2)?, r.try_get(3)?, r.try_get(4)?];
        heirs.insert(identity(r.try_get(0)?)?, place);
    }
    if heirs.is_empty() {
        return Ok(HashSet::new());
    }
    let still = also_of(conn, heirs.keys(), SourceId(0)).await?;
    // By heir, dataset and severity: events, first and last time; and by heir those that yet another holds.
    let mut more = HashMap::<(i64, String, String), (i64, i64, i64)>::new();
    let mut counts = HashMap::<i64, (i64, i64)>::new();
    let mut made = Made::default();
    for found in going {
        let mut head = found.block.head(found.row);
        let Some([heir, record, offset, len]) = heirs.get(&head.identity) else { continue };
        head.fixed[2..].copy_from_slice(&[*heir, *record, *offset, *len]);
        let (table, time) = (found.block.table(), head.fixed[0]);
        let aside = table.aside(found.row);
        let [dataset, _, _, severity] = aside.map(|text| text.unwrap_or("").to_owned());
        let (n, first, last) = more.entry((*heir, dataset, severity)).or_insert((0, time, time));
        (*n, *first, *last) = (*n + 1, time.min(*first), time.max(*last));
        let (n, shared) = counts.entry(*heir).or_default();
        (*n, *shared) = (*n + 1, *shared + i64::from(still.contains_key(&head.identity)));
        if made.is_full() {
            made.write(conn, tail).await?;
        }
        made.push(head, aside, table.fields(found.row));
    }
    made.write(conn, tail).await?;
    for ((heir, dataset, severity), (n, first, last)) in more {
        lower(conn, source, &dataset, &severity, n).await?;
        let more = sqlx::query(TALLY).bind(heir).bind(dataset).bind(severity);
        more.bind(n).bind(first).bind(last).execute(&mut *conn).await?;
    }
    for (heir, (n, shared)) in counts {
        grew(conn, heir, -n, shared).await?;
        grew(conn, source.0, 0, -n).await?;
    }
    Ok(heirs.into_keys().collect())
}

async fn lower(
    conn: &mut SqliteConnection,
    source: SourceId,
    dataset: &str,
    severity: &str,
    n: i64,
) -> Result<()> {
    let query = sqlx::query(TALLY_LESS).bind(source.0).bind(dataset.to_owned()).bind(severity.to_owned());
    query.bind(n).execute(conn).await?;
    Ok(())
}
