//! The log store: the events of a workspace, exact and crash-safe.
//!
//! One trait, [`LogStore`]; one engine so far, [`SqliteStore`] over `logs.db`. An engine keeps plain rows
//! (the live tail); sealed segments are a second layer under the same trait.

mod block;
#[cfg(test)]
mod conformance;
mod cursor;
mod error;
mod fold;
mod frame;
mod grams;
mod keys;
mod model;
pub mod query;
mod segment;
mod sqlite;
mod store;
mod times;
mod traces;

pub use error::Error;
pub use fold::fold;
pub use model::{
    Appended, Count, DatasetCount, Deleted, Holder, Lately, NewSource, Page, Part, Row, Search,
    SeverityCount, Source, SourceId, Stats,
};
pub use query::Query;
pub use sqlite::SqliteStore;
pub use store::{Answer, LogStore};
pub use times::{Shift, Times};
pub use traces::{Cleared, Day, Run, Series, Traces};

/// What this crate's calls give back.
pub type Result<T> = std::result::Result<T, Error>;
