//! The tables of `logs.db`.
//!
//! `event` is the live tail: one plain row an event, with the source that brought it first; `also` names the other
//! sources that hold the same event, and where. `tally` counts what `event` holds by source, dataset and
//! severity in the same transaction, so totals never read the events. `series`, `day` and `cleared` hold what an event
//! leaves behind for the question what is *not* there (see [`crate::Traces`]): they count every event that a source
//! holds, also those that an earlier source counts in `tally`.

/// "ASDL" in `application_id`: AuroraSOC Desktop logs.
pub(super) const APPLICATION_ID: i64 = 0x4153_444c;
/// The newest `user_version` that this program reads and the one it writes.
pub(super) const VERSION: i64 = 2;

/// The tables of what events leave behind, as level 2 has them.
macro_rules! traces {
    () => {
        "CREATE TABLE series (
    source INTEGER NOT NULL REFERENCES source (id),
    host TEXT NOT NULL,
    channel TEXT NOT NULL,
    held INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    runs TEXT,
    PRIMARY KEY (source, host, channel)
) STRICT, WITHOUT ROWID;
CREATE TABLE day (
    source INTEGER NOT NULL REFERENCES source (id),
    host TEXT NOT NULL,
    day INTEGER NOT NULL,
    hours TEXT NOT NULL,
    PRIMARY KEY (source, host, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE cleared (
    source INTEGER NOT NULL REFERENCES source (id),
    event BLOB NOT NULL,
    host TEXT NOT NULL,
    channel TEXT NOT NULL,
    time INTEGER NOT NULL,
    by TEXT,
    PRIMARY KEY (source, event)
) STRICT, WITHOUT ROWID;
"
    };
}

/// From an empty file to [`VERSION`]. Both numbers are set before the first table.
pub(super) const CREATE: &str = concat!(
    "
PRAGMA application_id = 0x4153444c;
PRAGMA user_version = 2;
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    format TEXT NOT NULL,
    kept INTEGER NOT NULL,
    head BLOB,
    grown TEXT NOT NULL DEFAULT '[]',
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    appended_at INTEGER,
    first_time INTEGER,
    last_time INTEGER,
    borrowed INTEGER NOT NULL DEFAULT 0,
    shared INTEGER NOT NULL DEFAULT 0
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
",
    traces!()
);

/// From level 1 to 2. What was stored before left no traces; the counts of a source are taken from what is there.
pub(super) const UPGRADE: &str = concat!(
    "
PRAGMA user_version = 2;
ALTER TABLE source ADD COLUMN head BLOB;
ALTER TABLE source ADD COLUMN grown TEXT NOT NULL DEFAULT '[]';
CREATE INDEX source_head ON source (head, size) WHERE head IS NOT NULL;
ALTER TABLE source ADD COLUMN appended_at INTEGER;
ALTER TABLE source ADD COLUMN first_time INTEGER;
ALTER TABLE source ADD COLUMN last_time INTEGER;
ALTER TABLE source ADD COLUMN borrowed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
UPDATE source SET first_time = (SELECT min(first) FROM tally WHERE tally.source = source.id),
    last_time = (SELECT max(last) FROM tally WHERE tally.source = source.id),
    borrowed = (SELECT count(*) FROM also WHERE also.source = source.id),
    shared = (SELECT count(DISTINCT also.event) FROM also CROSS JOIN event ON event.id = also.event
        WHERE event.source = source.id);
",
    traces!()
);
