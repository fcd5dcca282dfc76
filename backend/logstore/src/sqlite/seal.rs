//! Sealing: the tail's blocks become a segment. What takes time is done beside whoever appends, and written in one
//! transaction; until then the tail has the rows, after it the segment.

use super::{
    SqliteStore,
    blocks::At,
    found::Segment,
    queries::{
        BLOCK_PUT, DROP_BLOCKS, DROP_GRAMS, DROP_HELD, DROP_IDS, DROP_SEGMENT, DROP_SPANS, DROP_WORDS,
        GRAM_PUT, HELD_PUT, ID_PUT, SEGMENT_PUT, SPAN_PUT, TAIL_SOME, TAIL_THERE, WORD_PUT,
    },
    tail::{Tail, remove},
};
use crate::{
    Result, SourceId,
    block::{Block, has},
    keys::Contents,
    segment::{LARGEST, SLICES, Sealed, map, seal},
};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError},
};
use tokio::task::JoinHandle;

/// Bytes of the tail's blocks, as they are stored, after which they are sealed even when there are fewer rows.
const BYTES: usize = 32 << 20;
/// Who appends so many times what is enough for a segment waits for the sealing.
const WAITING: usize = 2;

/// Blocks of the tail on their way.
#[derive(Debug)]
pub(super) struct Sealing {
    from: Vec<i64>,
    work: JoinHandle<Vec<Sealed>>,
}

impl SqliteStore {
    /// Waits for what is being sealed and writes it.
    pub(super) async fn settle(&self) -> Result<()> {
        let mut conn = self.writer().await?;
        let mut tail = self.take_tail(&mut conn).await?;
        let under_way = self.sealing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Sealing { from, work }) = under_way
            && let Ok(sealed) = work.await
        {
            self.write_sealed(&mut conn, &mut tail, &from, sealed).await?;
        }
        self.keep_tail(tail);
        Ok(())
    }

    /// Begins to seal when there is enough, and writes what is done. For who has the writer, between transactions.
    pub(super) async fn seal_some(&self, conn: &mut SqliteConnection) -> Result<()> {
        let Some(mut tail) = self.tail.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        let waits = |tail: &Tail| tail.rows() >= WAITING * self.enough;
        loop {
            let under_way = self.sealing.lock().unwrap_or_else(PoisonError::into_inner).take();
            match under_way {
                Some(sealing) if !sealing.work.is_finished() && !waits(&tail) => {
                    *self.sealing.lock().unwrap_or_else(PoisonError::into_inner) = Some(sealing);
                    break;
                }
                Some(Sealing { from, work }) => {
                    // Work that panicked or was stopped is done again.
                    let written = match work.await {
                        Ok(sealed) => self.write_sealed(conn, &mut tail, &from, sealed).await?,
                        Err(_) => false,
                    };
                    if !written {
                        break;
                    }
                }
                None => {}
            }
            let bytes: usize = tail.blocks.iter().map(|(.., bytes)| bytes).sum();
            if tail.rows() < self.enough.max(1) && bytes < BYTES {
                break;
            }
            let begun = self.begin(conn, &tail).await?;
            let none = begun.is_none();
            *self.sealing.lock().unwrap_or_else(PoisonError::into_inner) = begun;
            if none || !waits(&tail) {
                break;
            }
        }
        self.keep_tail(tail);
        Ok(())
    }

    async fn begin(&self, conn: &mut SqliteConnection, tail: &Tail) -> Result<Option<Sealing>> {
        let (mut rows, mut bytes, mut from) = (0, 0, Vec::new());
        for (id, n, size) in tail.blocks.iter().filter(|(id, ..)| !tail.damaged.contains(id)) {
            if !from.is_empty() && (rows + n > LARGEST || bytes + size > 2 * BYTES) {
                break;
            }
            (rows, bytes) = (rows + n, bytes + size);
            from.push(*id);
        }
        if from.is_empty() {
            return Ok(None);
        }
        let list = serde_json::to_string(&from).unwrap_or_default();
        let mut packed = Vec::with_capacity(from.len());
        for row in sqlx::query(TAIL_SOME).bind(list).fetch_all(&mut *conn).await? {
            packed.push(row.try_get::<Vec<u8>, _>(1)?);
        }
        let sources: BTreeSet<i64> = tail.known.values().copied().collect();
        let sources: Vec<_> = sources.into_iter().map(SourceId).collect();
        let contents = self.contents(&sources).await?;
        let work = tokio::task::spawn_blocking(move || {
            let blocks: Vec<Block> = packed.iter().filter_map(|data| Block::open(data)).collect();
            if blocks.len() < packed.len() {
                // It was whole when it was read last. Nothing is sealed; a check names it.
                return Vec::new();
            }
            drop(packed);
            let rows = blocks.iter().enumerate();
            let rows = rows.flat_map(|(b, block)| (0..block.len()).map(move |r| (b, r)));
            seal(&blocks, rows, &contents)
        });
        Ok(Some(Sealing { from, work }))
    }

    async fn contents(&self, sources: &[SourceId]) -> Result<HashMap<i64, Contents>> {
        let files = self.files_of(sources).await?;
        Ok(files.into_iter().map(|(id, file)| (id.0, Contents::of(&file))).collect())
    }

    /// Puts segments in the place of blocks of the tail. Whether these were still as they were.
    async fn write_sealed(
        &self,
        conn: &mut SqliteConnection,
        tail: &mut Tail,
        from: &[i64],
        sealed: Vec<Sealed>,
    ) -> Result<bool> {
        let list = serde_json::to_string(from).unwrap_or_default();
        let mut tx = conn.begin().await?;
        let there: i64 = sqlx::query_scalar(TAIL_THERE).bind(&list).fetch_one(&mut *tx).await?;
        // Something was removed from it since: it is sealed as it is now, later.
        if sealed.is_empty() || there as usize != from.len() {
            return Ok(false);
        }
        for one in &sealed {
            put(&mut tx, one).await?;
        }
        remove(&mut tx, from.iter().copied()).await?;
        tx.commit().await?;
        let gone: BTreeSet<i64> = from.iter().copied().collect();
        tail.blocks.retain(|(id, ..)| !gone.contains(id));
        for packed in sealed.iter().flat_map(|one| &one.blocks) {
            let Some(block) = Block::open(packed) else { continue };
            for row in 0..block.len() {
                tail.known.remove(&block.identity(row));
            }
        }
        Ok(true)
    }

    /// Writes a segment anew without its dead rows. Whether it could be.
    pub(super) async fn rewrite(&self, conn: &mut SqliteConnection, segment: &Segment) -> Result<bool> {
        let mut blocks: Vec<Arc<Block>> = vec![];
        let mut live = vec![];
        for n in 0..256 {
            let Some(block) = self.read_block(conn, At::Sealed(segment.id, n)).await? else { continue };
            let dead = segment.dead(n);
            live.extend((0..block.len()).filter(|row| !has(&dead, *row)).map(|row| (blocks.len(), row)));
            blocks.push(block);
        }
        // A damaged block would be lost for good; as long as it is there somebody may read it.
        let rows: usize = blocks.iter().map(|b| b.len()).sum();
        if rows < segment.rows {
            return Ok(false);
        }
        let sources: BTreeSet<i64> = live.iter().map(|(b, row)| blocks[*b].source(*row).0).collect();
        let contents = self.contents(&sources.into_iter().map(SourceId).collect::<Vec<_>>()).await?;
        let work = tokio::task::spawn_blocking(move || {
            let blocks: Vec<&Block> = blocks.iter().map(|b| &**b).collect();
            seal(&blocks, live.into_iter(), &contents)
        });
        let sealed = work.await.map_err(std::io::Error::other)?;
        let mut tx = conn.begin().await?;
        drop_segment(&mut tx, segment.id).await?;
        for one in &sealed {
            put(&mut tx, one).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

pub(super) async fn drop_segment(conn: &mut SqliteConnection, segment: i64) -> Result<()> {
    for sql in [DROP_BLOCKS, DROP_IDS, DROP_GRAMS, DROP_WORDS, DROP_SPANS, DROP_HELD, DROP_SEGMENT] {
        sqlx::query(sql).bind(segment).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Writes a segment.
pub(super) async fn put(conn: &mut SqliteConnection, sealed: &Sealed) -> Result<()> {
    let first = sealed.parts.first().map_or(0, |part| part.first);
    let last = sealed.parts.last().map_or(0, |part| part.last);
    let query = sqlx::query_scalar(SEGMENT_PUT).bind(sealed.rows as i64).bind(first).bind(last);
    let id: i64 = query.bind(sealed.all_columns).bind(map(&sealed.parts)).fetch_one(&mut *conn).await?;
    let slices = SLICES as i64;
    for (sql, base, blobs) in [
        (BLOCK_PUT, id << 8, &sealed.blocks),
        (ID_PUT, id * slices, &sealed.ids),
        (GRAM_PUT, id << 12, &sealed.grams),
    ] {
        for (n, blob) in blobs.iter().enumerate() {
            sqlx::query(sql).bind(base + n as i64).bind(blob.clone()).execute(&mut *conn).await?;
        }
    }
    for (name, words) in &sealed.columns {
        sqlx::query(WORD_PUT).bind(id).bind(name.clone()).bind(words.clone()).execute(&mut *conn).await?;
    }
    let spans: Vec<_> = sealed.spans.iter().map(|(of, (first, last))| (of, last, first)).collect();
    let spans = serde_json::to_string(&spans).unwrap_or_default();
    sqlx::query(SPAN_PUT).bind(id).bind(spans).execute(&mut *conn).await?;
    let held: Vec<_> = sealed.sources.iter().collect();
    let held = serde_json::to_string(&held).unwrap_or_default();
    sqlx::query(HELD_PUT).bind(id).bind(held).execute(&mut *conn).await?;
    Ok(())
}
