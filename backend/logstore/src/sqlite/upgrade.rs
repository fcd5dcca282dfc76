//! Taking over what earlier versions stored.

use super::{
    schema::{DONE_3, TO_2, TO_3},
    seal::put,
    tail::{Made, Tail},
};
use crate::{
    Part, Result,
    block::{Block, encode::Builder},
    keys::Contents,
    segment::{LARGEST, seal},
};
use event::{Event, Identity, Nanos, Place, Value};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use std::collections::HashMap;

/// The next rows of level 2, in the order of their numbers.
const NEXT: &str = "SELECT id, identity, time, source, record, offset, len, ingested_at, dataset, fields
    FROM event WHERE id > ?1 ORDER BY id LIMIT 4096";
const SOURCES: &str = "SELECT id, sha256, grown FROM source";

/// From a level to the newest, in one transaction.
pub(super) async fn from(conn: &mut SqliteConnection, level: i64) -> Result<()> {
    let mut tx = conn.begin().await?;
    if level < 2 {
        sqlx::raw_sql(TO_2).execute(&mut *tx).await?;
    }
    sqlx::raw_sql(TO_3).execute(&mut *tx).await?;
    take_over(&mut tx).await?;
    sqlx::raw_sql(DONE_3).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(())
}

async fn take_over(conn: &mut SqliteConnection) -> Result<()> {
    let mut contents = HashMap::new();
    for r in sqlx::query(SOURCES).fetch_all(&mut *conn).await? {
        let grown: Vec<Part> = serde_json::from_str(r.try_get(2)?).unwrap_or_default();
        contents.insert(r.try_get(0)?, Contents::new(r.try_get(1)?, &grown));
    }
    let (mut last, mut waiting, mut rows) = (0_i64, vec![], 0);
    let mut builder = Builder::default();
    loop {
        let some = sqlx::query(NEXT).bind(last).fetch_all(&mut *conn).await?;
        for r in &some {
            last = r.try_get(0)?;
            if builder.is_full() {
                rows += builder.len();
                waiting.extend(Block::open(&builder.finish()));
            }
            builder.event(&event(r)?, r.try_get(3)?, r.try_get(7)?);
        }
        if some.is_empty() || rows >= LARGEST {
            rows += builder.len();
            if builder.len() > 0 {
                waiting.extend(Block::open(&builder.finish()));
            }
            if rows < LARGEST / 2 {
                return to_tail(conn, &waiting).await;
            }
            let all = waiting.iter().enumerate();
            let all = all.flat_map(|(b, block)| (0..block.len()).map(move |row| (b, row)));
            for sealed in seal(&waiting, all, &contents) {
                put(conn, &sealed).await?;
            }
            waiting.clear();
            rows = 0;
        }
    }
}

async fn to_tail(conn: &mut SqliteConnection, blocks: &[Block]) -> Result<()> {
    let (mut made, mut tail) = (Made::default(), Tail::default());
    for block in blocks {
        super::tail::copy(block, |_| true, &mut made, conn, &mut tail).await?;
    }
    made.write(conn, &mut tail).await
}

fn event(r: &sqlx::sqlite::SqliteRow) -> Result<Event> {
    let number = |at: usize| r.try_get::<i64, _>(at);
    let fields: serde_json::Value = serde_json::from_str(r.try_get(9)?).unwrap_or_default();
    let fields = fields.as_object().into_iter().flatten();
    Ok(Event {
        identity: super::read::identity(r.try_get(1)?)? as Identity,
        time: Nanos(number(2)?),
        place: Place {
            record: number(4)?.cast_unsigned(),
            offset: number(5)?.cast_unsigned(),
            len: u32::try_from(number(6)?).unwrap_or(0),
        },
        dataset: r.try_get::<&str, _>(8)?.into(),
        fields: fields.map(|(name, value)| (name.as_str().into(), Value::from_json(value))).collect(),
    })
}
