//! The tables of `logs.db`.
//!
//! `event` is the live tail: one plain row an event, with the source that brought it first; `also` names the other
//! sources that hold the same event, and where. `tally` counts what `event` holds by source, dataset and
//! severity in the same transaction, so totals never read the events.

/// "ASDL" in `application_id`: AuroraSOC Desktop logs.
pub(super) const APPLICATION_ID: i64 = 0x4153_444c;
/// The newest `user_version` that this program reads and the one it writes.
pub(super) const VERSION: i64 = 1;

/// From an empty file to [`VERSION`]. Both numbers are set before the first table.
pub(super) const CREATE: &str = "
PRAGMA application_id = 0x4153444c;
PRAGMA user_version = 1;
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    format TEXT NOT NULL,
    kept INTEGER NOT NULL,
    head BLOB,
    grown TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
) STRICT;
CREATE INDEX source_head ON source (head, size) WHERE head IS NOT NULL;
CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    identity BLOB NOT NULL,
    time INTEGER NOT NULL,
    source INTEGER NOT NULL REFERENCES source (id),
    record INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    len INTEGER NOT NULL,
    ingested_at INTEGER NOT NULL,
    dataset TEXT NOT NULL,
    host TEXT COLLATE NOCASE,
    user TEXT,
    severity TEXT NOT NULL,
    message TEXT NOT NULL,
    fields TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_identity ON event (identity);
CREATE INDEX event_time ON event (time, identity);
CREATE INDEX event_source ON event (source);
CREATE TABLE also (
    event INTEGER NOT NULL REFERENCES event (id),
    source INTEGER NOT NULL REFERENCES source (id),
    record INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    len INTEGER NOT NULL,
    PRIMARY KEY (event, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX also_source ON also (source);
CREATE TABLE tally (
    source INTEGER NOT NULL REFERENCES source (id),
    dataset TEXT NOT NULL,
    severity TEXT NOT NULL,
    events INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (source, dataset, severity)
) STRICT, WITHOUT ROWID;
";
