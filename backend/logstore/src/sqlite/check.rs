//! Reading everything, to say what is wrong.

use super::{
    SqliteStore,
    blocks::At,
    found::{Segment, also_of, segments},
    queries::{ALSO_ANY, CHECK_COUNTS, GRAM_ALL, PARTS, TAIL_LIST, WORD_ALL},
};
use crate::{
    Result, SourceId,
    block::{Block, has},
    frame,
    segment::{parts, words},
};
use sqlx::{Row as _, SqliteConnection};
use std::{collections::HashMap, sync::Arc};

/// By source the events that it has first, and how many of them others hold too.
type Counts = HashMap<i64, (u64, u64)>;

impl SqliteStore {
    pub(super) async fn check_all(&self) -> Result<Vec<String>> {
        let mut conn = self.reader(None).await?;
        let mut found = Vec::new();
        for sql in ["PRAGMA integrity_check(100)", "PRAGMA foreign_key_check"] {
            for row in sqlx::query(sql).fetch_all(&mut *conn).await? {
                match row.try_get::<String, _>(0)? {
                    ok if ok == "ok" => {}
                    table if row.len() > 1 => found.push(format!("a row of table {table} refers to nothing")),
                    said => found.push(said),
                }
            }
        }
        let any_also: bool = sqlx::query_scalar(ALSO_ANY).fetch_one(&mut *conn).await?;
        let mut counts = Counts::new();
        for row in sqlx::query(TAIL_LIST).fetch_all(&mut *conn).await? {
            let (id, rows): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            match self.read_block(&mut conn, At::Tail(id)).await? {
                Some(block) => count(&mut conn, &block, |_| true, any_also, &mut counts).await?,
                None => found
                    .push(format!("block {id} of the newest events is damaged: {rows} events can't be read")),
            }
        }
        for segment in segments(&mut conn).await? {
            self.check_segment(&mut conn, &segment, any_also, &mut counts, &mut found).await?;
        }
        for row in sqlx::query(CHECK_COUNTS).fetch_all(&mut *conn).await? {
            let n = |at: usize| row.try_get::<i64, _>(at);
            let (source, told) = (n(0)?, row.try_get::<f64, _>(1)? as u64);
            let (there, shares) = counts.get(&source).copied().unwrap_or_default();
            if told != there {
                found.push(format!("source {source} counts {told} events, {there} are there"));
            }
            let (borrowed, borrows, shared) = (n(2)?, n(3)?, n(4)?.cast_unsigned());
            if borrowed != borrows || shared != shares {
                found.push(format!(
                    "source {source} says that it shares {borrowed} and {shared} events, {borrows} and {shares} are there"
                ));
            }
        }
        Ok(found)
    }

    async fn check_segment(
        &self,
        conn: &mut SqliteConnection,
        segment: &Segment,
        any_also: bool,
        counts: &mut Counts,
        found: &mut Vec<String>,
    ) -> Result<()> {
        let id = segment.id;
        let row = sqlx::query(PARTS).bind(format!("[{id}]")).fetch_one(&mut *conn).await?;
        let Some(parts) = parts(row.try_get(1)?) else {
            found.push(format!(
                "the list of blocks of segment {id} is damaged; searches read more for its {} events",
                segment.live
            ));
            for n in 0..256 {
                if let Some(block) = self.read_block(conn, At::Sealed(id, n)).await? {
                    let dead = segment.dead(n);
                    count(conn, &block, |row| !has(&dead, row), any_also, counts).await?;
                }
            }
            return Ok(());
        };
        let mut last = i64::MIN;
        for (n, part) in parts.iter().enumerate() {
            let Some(block) = self.read_block(conn, At::Sealed(id, n)).await? else {
                found.push(format!(
                    "block {n} of segment {id} is damaged: {} events from {} to {} ns can't be read",
                    part.rows, part.first, part.last
                ));
                continue;
            };
            let dead = segment.dead(n);
            count(conn, &block, |row| !has(&dead, row), any_also, counts).await?;
            let times: Vec<i64> = (0..block.len()).map(|row| block.time(row).0).collect();
            let fits = block.len() == part.rows
                && times.is_sorted()
                && times.first() == Some(&part.first)
                && times.last() == Some(&part.last)
                && part.first >= last;
            if !fits {
                found.push(format!("block {n} of segment {id} is not what the segment says"));
            }
            last = part.last;
            let ids: Vec<_> =
                (0..block.len()).filter(|row| !has(&dead, *row)).map(|r| block.identity(r)).collect();
            let there = self.in_segments(conn, &ids, std::slice::from_ref(segment)).await?;
            if there.len() != ids.len() {
                found.push(format!(
                    "{} events of block {n} of segment {id} can't be found by their id",
                    ids.len() - there.len()
                ));
            }
        }
        let grams = sqlx::query(GRAM_ALL).bind(id).fetch_all(&mut *conn).await?;
        let bad =
            grams.iter().filter(|r| r.try_get(1).map_or(true, |data| frame::unpack(data).is_none())).count();
        if bad > 0 {
            found.push(format!(
                "{bad} parts of the text index of segment {id} are damaged; searches read more for it"
            ));
        }
        for row in sqlx::query(WORD_ALL).bind(id).fetch_all(&mut *conn).await? {
            if words(row.try_get(1)?).is_none() {
                let name: String = row.try_get(0)?;
                found.push(format!(
                    "the values of {name:?} of segment {id} are damaged; searches read more for it"
                ));
            }
        }
        Ok(())
    }
}

async fn count(
    conn: &mut SqliteConnection,
    block: &Arc<Block>,
    wanted: impl Fn(usize) -> bool,
    any_also: bool,
    counts: &mut Counts,
) -> Result<()> {
    let ids: Vec<_> = (0..block.len()).map(|row| block.identity(row)).collect();
    let also = match any_also {
        true => also_of(conn, ids.iter(), SourceId(0)).await?,
        false => HashMap::new(),
    };
    for row in (0..block.len()).filter(|row| wanted(*row)) {
        let (events, shared) = counts.entry(block.source(row).0).or_default();
        (*events, *shared) = (*events + 1, *shared + u64::from(also.contains_key(&ids[row])));
    }
    Ok(())
}
