//! All SQL of detection rules.
//!
//! `rules` the reads of rules · `write` their changes · `packs` · `pipelines` · `runs` · `verdicts` suppressions, feedback, metrics,
//! coverage · `correlations`.

pub mod correlations;
pub mod packs;
pub mod pipelines;
pub mod rules;
pub mod runs;
pub mod verdicts;
pub mod write;

use kernel::{Error, Result};
use serde::de::DeserializeOwned;
use sqlx::{Row as _, sqlite::SqliteRow};

/// Every query of this domain's stores by its place.
pub const QUERIES: &[(&str, &[(&str, &str)])] = &[
    ("detections/rules", rules::QUERIES),
    ("detections/write", write::QUERIES),
    ("detections/packs", packs::QUERIES),
    ("detections/pipelines", pipelines::QUERIES),
    ("detections/runs", runs::QUERIES),
    ("detections/verdicts", verdicts::QUERIES),
    ("detections/correlations", correlations::QUERIES),
];

/// A column that holds JSON.
fn json<T: DeserializeOwned>(r: &SqliteRow, name: &str) -> Result<T> {
    serde_json::from_str(r.try_get(name)?).map_err(Error::internal)
}

/// A column that counts.
fn count(r: &SqliteRow, name: &str) -> Result<u64> {
    Ok(u64::try_from(r.try_get::<i64, _>(name)?).unwrap_or(0))
}
