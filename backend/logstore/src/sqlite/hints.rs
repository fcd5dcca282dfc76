//! Which blocks of a segment can hold what a query asks for, by what is stored about them.

use super::{
    found::Segment,
    queries::{GRAM_SOME, WORD_SOME},
};
use crate::{
    Query, Result,
    block::{NONE, Rows},
    frame,
    grams::Places,
    query::Pattern,
    segment::{Word, words},
};
use sqlx::{Row as _, SqliteConnection};
use std::collections::{HashMap, HashSet};

/// Every block.
const ALL: Rows = [u64::MAX; 4];

/// What is known of some segments.
#[derive(Default)]
pub(super) struct Hints {
    /// By folded text where to look for it.
    places: HashMap<String, [Places; 2]>,
    names: Vec<String>,
    /// By segment and slice, unpacked; `None` when it is damaged.
    slices: HashMap<(i64, i64), Option<Vec<u8>>>,
    /// By segment and name; `None` when it is damaged.
    words: HashMap<(i64, String), Option<Vec<Word>>>,
}

impl Hints {
    /// For a query, and for the dictionaries of these names.
    pub fn of<'n>(query: &Query, names: impl Iterator<Item = &'n str>) -> Hints {
        let mut hints = Hints { names: names.map(Into::into).collect(), ..Hints::default() };
        hints.gather(query);
        hints
    }

    fn gather(&mut self, query: &Query) {
        let pattern = match query {
            // What is not wanted narrows nothing.
            Query::All | Query::Not(_) => return,
            Query::And(some) | Query::Or(some) => return some.iter().for_each(|one| self.gather(one)),
            Query::Anywhere(pattern) => pattern,
            Query::Field(names, pattern) => {
                self.names.extend(names.words());
                pattern
            }
        };
        for text in pattern.literals() {
            self.places.entry(text.to_owned()).or_insert_with(|| Places::of(text));
        }
    }

    /// Reads the slices of a round: first few of each text, then more.
    pub async fn read_slices(
        &mut self,
        conn: &mut SqliteConnection,
        segments: &[i64],
        round: usize,
    ) -> Result<()> {
        let slices: HashSet<i64> = self.places.values().flat_map(|places| places[round].slices()).collect();
        let keys = segments.iter().flat_map(|id| slices.iter().map(move |slice| id << 12 | slice));
        let keys: Vec<i64> = keys.collect();
        if keys.is_empty() {
            return Ok(());
        }
        let keys = serde_json::to_string(&keys).unwrap_or_default();
        for row in sqlx::query(GRAM_SOME).bind(keys).fetch_all(conn).await? {
            let (key, data): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
            self.slices.insert((key >> 12, key & 0xfff), frame::unpack(data));
        }
        Ok(())
    }

    /// Reads the dictionaries of the fields that are named.
    pub async fn read_words(&mut self, conn: &mut SqliteConnection, segments: &[i64]) -> Result<()> {
        if self.names.is_empty() {
            return Ok(());
        }
        let segments = serde_json::to_string(segments).unwrap_or_default();
        let names = serde_json::to_string(&self.names).unwrap_or_default();
        for row in sqlx::query(WORD_SOME).bind(segments).bind(names).fetch_all(conn).await? {
            self.words.insert((row.try_get(0)?, row.try_get(1)?), words(row.try_get(2)?));
        }
        Ok(())
    }

    /// The blocks of a segment that can hold it.
    pub fn blocks(&self, query: &Query, segment: &Segment) -> Rows {
        let and = |a: Rows, b: Rows| -> Rows { std::array::from_fn(|i| a[i] & b[i]) };
        match query {
            Query::All | Query::Not(_) => ALL,
            Query::And(all) => all.iter().fold(ALL, |rows, one| and(rows, self.blocks(one, segment))),
            Query::Or(some) => some.iter().fold(NONE, |rows, one| {
                let more = self.blocks(one, segment);
                std::array::from_fn(|i| rows[i] | more[i])
            }),
            Query::Anywhere(pattern) => self.with_texts(pattern, segment.id),
            Query::Field(names, pattern) => {
                let said = names.words().iter().fold(NONE, |rows, name| {
                    let more = self.with_words(name, |word| pattern.is(word), segment);
                    std::array::from_fn(|i| rows[i] | more[i])
                });
                match names.words().iter().any(|name| name.starts_with('\0')) {
                    // Only texts of fields are in the slices.
                    true => said,
                    false => and(said, self.with_texts(pattern, segment.id)),
                }
            }
        }
    }

    fn with_texts(&self, pattern: &Pattern, segment: i64) -> Rows {
        let mut blocks = ALL;
        for places in pattern.literals().into_iter().filter_map(|text| self.places.get(text)).flatten() {
            let slice = |at| self.slices.get(&(segment, at)).and_then(|plain| plain.as_deref());
            places.narrow(slice, &mut blocks);
        }
        blocks
    }

    /// The blocks where a column has a text that passes.
    pub fn with_words(&self, name: &str, test: impl Fn(&str) -> bool, segment: &Segment) -> Rows {
        match self.words.get(&(segment.id, name.to_owned())) {
            // Nothing of this segment has it.
            None if segment.all_words => NONE,
            // Not told: more than a dictionary holds, or damage.
            None | Some(None) => ALL,
            Some(Some(words)) if words.is_empty() => ALL,
            Some(Some(words)) => words
                .iter()
                .filter(|word| test(&word.text))
                .fold(NONE, |rows, word| std::array::from_fn(|i| rows[i] | word.blocks[i])),
        }
    }
}
