//! Events that stand in two sources as two events.

use super::{SqliteStore, queries::SPAN_OF, walk::Wanted};
use crate::{Count, Query, Result, Row, SourceId};
use sqlx::{Connection as _, Row as _};
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    ops::ControlFlow,
    time::{Duration, Instant},
};

impl SqliteStore {
    pub(super) async fn equal_elsewhere(&self, source: SourceId, deadline: Duration) -> Result<Count> {
        let until = Instant::now().checked_add(deadline);
        let mut conn = self.reader(Some(deadline)).await?;
        let mut tx = conn.begin().await?;
        let row = sqlx::query(SPAN_OF).bind(source.0).fetch_optional(&mut *tx).await?;
        let Some((first, last)) =
            row.map(|r| Ok::<_, sqlx::Error>((r.try_get(0)?, r.try_get(1)?))).transpose()?
        else {
            return Ok(Count::default());
        };
        let wanted = Wanted {
            first,
            last,
            after: (i64::MIN, [0; 16]),
            ascending: true,
            query: Query::All,
            hosts: vec![],
            dataset: None,
            severity: None,
            source: None,
        };
        let mut count = Count::default();
        // Of one time: by what an event says how often the source has it, and whether another does.
        let (mut time, mut together) = (None, HashMap::<[u64; 2], (u64, bool)>::new());
        let equal = |together: &mut HashMap<[u64; 2], (u64, bool)>| {
            together.drain().filter(|(_, (_, other))| *other).map(|(_, (mine, _))| mine).sum::<u64>()
        };
        let take = |row: Row| {
            if time.replace(row.time) != Some(row.time) {
                count.rows += equal(&mut together);
            }
            let said = together.entry(what(&row)).or_default();
            match row.source == source {
                true => said.0 += u64::from(!row.fields.contains("\"time_missing\":true")),
                false => said.1 = true,
            }
            ControlFlow::Continue(())
        };
        let walked = match self.walk(&mut tx, &wanted, until, take).await {
            Err(crate::Error::Interrupted) => return Ok(Count { partial: true, ..count }),
            other => other?,
        };
        if !walked.over {
            count.rows += equal(&mut together);
        }
        Ok(Count { partial: walked.over, unreadable: walked.unreadable, ..count })
    }
}

/// What an event says, short: of two that differ in nothing it is the same, and of others but by a chance of 2^-128.
fn what(row: &Row) -> [u64; 2] {
    let half = |seed: u8| {
        let mut hash = DefaultHasher::new();
        (seed, &row.dataset, &row.fields).hash(&mut hash);
        hash.finish()
    };
    [half(0), half(1)]
}
