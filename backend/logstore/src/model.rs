//! What goes in and out.

use crate::{Query, Times};
use event::{Event, Identity, Nanos, Place, columns};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// A source's number in this store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct SourceId(pub i64);

/// A file that events come from, as it is first met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    /// 64 lowercase hexadecimal digits.
    pub sha256: String,
    /// What the user calls it (argument joined with the path below it). A label, never a path.
    pub label: String,
    /// Bytes.
    pub size: u64,
    /// Modification time of the file.
    pub mtime: Nanos,
    /// `evtx`, `json`, …; for a member of a container with its formats before it: `zip/json`.
    pub format: String,
    /// Whether the content store keeps it, so that raw bytes can be shown.
    pub kept: bool,
    /// Mark of its beginning, by which [`crate::LogStore::earlier`] finds it; `None` for what does not grow at its end.
    pub head: Option<[u8; 16]>,
    /// Contents that it begins with, smallest first: it is what they have grown to. Stays what it was when the source
    /// was first met.
    pub grown: Vec<Part>,
}

/// The beginning of a source that was once a whole source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Bytes.
    pub size: u64,
    /// 64 lowercase hexadecimal digits.
    pub sha256: String,
}

/// A source that is in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its number.
    pub id: SourceId,
    /// As it was met; label and mtime of the last time.
    pub file: NewSource,
    /// First import.
    pub first_seen: Nanos,
    /// Last import.
    pub last_seen: Nanos,
    /// Events that are in the store from it (those it shares with an earlier source count there).
    pub events: u64,
    /// Events that it holds too but an earlier source counts.
    pub borrowed: u64,
    /// Of [`Source::events`] those that other sources hold too: they stay when this one goes.
    pub shared: u64,
    /// Source time of the first and last event that it holds.
    pub time: Option<(Nanos, Nanos)>,
    /// [`Source::events`] by dataset, largest first.
    pub datasets: Vec<DatasetCount>,
    /// When something of it was appended last, new or not.
    pub appended_at: Option<Nanos>,
    /// What came in since the store was opened, over the last seconds.
    pub lately: Lately,
}

/// How fast a source grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lately {
    /// The time that the count begins at.
    pub since: Nanos,
    /// New events since then.
    pub events: u64,
}

/// Who holds an event that is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// One source: the event goes when it goes.
    One(SourceId),
    /// Several.
    Several,
}

/// What [`crate::LogStore::append`] did; both durable when it returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Events that were not there before.
    pub new: u64,
    /// Events whose identity was already there.
    pub duplicates: u64,
}

/// What one step of [`crate::LogStore::delete`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Events that are gone.
    pub events: u64,
    /// Events that stay because other sources hold them.
    pub kept: u64,
    /// The source is gone.
    pub done: bool,
}

/// A stored event.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// See [`event::Event::identity`]; its text form ([`Row::log_id`]) is the API's `log_id`.
    pub identity: Identity,
    /// Source time.
    pub time: Nanos,
    /// When it was appended.
    pub ingested_at: Nanos,
    /// Where it came from first (of the sources that are still there).
    pub source: SourceId,
    /// Place in that source.
    pub place: Place,
    /// `windows.security`, …
    pub dataset: String,
    /// As written in the event.
    pub host: Option<String>,
    /// Acting user.
    pub user: Option<String>,
    /// `debug`, `info`, `warning`, `error`, `critical`.
    pub severity: String,
    /// One readable line.
    pub message: String,
    /// The fields' JSON object as text, in source order.
    pub fields: String,
}

impl Row {
    /// 32 lowercase hexadecimal digits of the identity.
    pub fn log_id(&self) -> String {
        event::hex(&self.identity)
    }

    /// The fields as JSON in source order; null if the stored text is damaged.
    pub fn fields_json(&self) -> serde_json::Value {
        serde_json::from_str(&self.fields).unwrap_or_default()
    }

    /// The row that an event becomes.
    pub fn of(event: &Event, source: SourceId, now: Nanos) -> Row {
        Row {
            identity: event.identity,
            time: event.time,
            ingested_at: now,
            source,
            place: event.place,
            dataset: event.dataset.to_string(),
            host: columns::host(event).map(Into::into),
            user: columns::user(event),
            severity: columns::severity(event).into(),
            message: columns::message(event),
            fields: event.fields_json(),
        }
    }
}

/// What to look for; all given conditions hold together.
#[derive(Clone, Debug)]
pub struct Search {
    /// What the fields have to be like.
    pub query: Query,
    /// One of these hosts as they are written, without (ASCII) case; any where there is none.
    pub hosts: Vec<String>,
    /// Exactly this dataset.
    pub dataset: Option<String>,
    /// Exactly this severity word.
    pub severity: Option<String>,
    /// Only what this source holds, shared with others or not.
    pub source: Option<SourceId>,
    /// Shown time, inclusive.
    pub from: Option<Nanos>,
    /// Shown time, exclusive.
    pub to: Option<Nanos>,
    /// Rows a page, at least 1.
    pub limit: u32,
    /// A page's `next`, to go on after it (with the same conditions).
    pub cursor: Option<String>,
    /// Oldest first by shown time; else newest first. Equal times are ordered by identity.
    pub ascending: bool,
    /// How long to look before answering with what was found.
    pub deadline: Duration,
    /// How shown times differ from stored ones.
    pub times: Arc<Times>,
}

impl Default for Search {
    fn default() -> Self {
        Search {
            query: Query::All,
            hosts: vec![],
            dataset: None,
            severity: None,
            source: None,
            from: None,
            to: None,
            limit: 100,
            cursor: None,
            ascending: false,
            deadline: Duration::from_secs(10),
            times: Arc::default(),
        }
    }
}

/// One page of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// In order.
    pub rows: Vec<Row>,
    /// The cursor of the next page; `None` at the end, and when a partial page found nothing.
    pub next: Option<String>,
    /// The deadline came first: there may be more, also before `next`'s end of the data.
    pub partial: bool,
    /// Events that were passed by because they lie in damaged blocks; whether they are wanted can't be told.
    pub unreadable: u64,
}

/// How many events a search finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Events met.
    pub rows: u64,
    /// The deadline came first: there may be more.
    pub partial: bool,
    /// As of a [`Page`].
    pub unreadable: u64,
}

/// Totals over the whole store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events.
    pub events: u64,
    /// By dataset, largest first.
    pub datasets: Vec<DatasetCount>,
    /// By severity word, largest first.
    pub severities: Vec<SeverityCount>,
    /// Source time of the first and the last event.
    pub time: Option<(Nanos, Nanos)>,
    /// Size of the database, its write-ahead log included.
    pub bytes: u64,
    /// Sources.
    pub sources: u64,
}

/// Events of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetCount {
    /// `windows.security`, …
    pub dataset: String,
    /// How many.
    pub events: u64,
}

/// Events of a severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeverityCount {
    /// The word.
    pub severity: String,
    /// How many.
    pub events: u64,
}
