//! The tables of `logs.db`; `FORMAT.md` describes them and what lies in their blobs.
//!
//! `tail` holds blocks as they were appended, `segment` and `block` what was sealed; a row is in one of them. `also` names
//! the other sources that hold the same event, and where. `tally` counts events by source, dataset and severity in the
//! same transaction, so totals never read the events. `series`, `day` and `cleared` hold what an event leaves behind for
//! the question what is *not* there (see [`crate::Traces`]): they count every event that a source holds, also those that
//! an earlier source counts in `tally`. `id`, `gram`, `word`, `span` and `held` follow from the blocks of their segment.

/// "ASDL" in `application_id`: AuroraSOC Desktop logs.
pub(super) const APPLICATION_ID: i64 = 0x4153_444c;
/// The newest `user_version` that this program reads and the one it writes.
pub(super) const VERSION: i64 = 3;

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

/// Events, as level 3 has them.
macro_rules! events {
    () => {
        "CREATE TABLE tail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rows INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE TABLE segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rows INTEGER NOT NULL,
    live INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    all_words INTEGER NOT NULL,
    parts BLOB NOT NULL,
    dead BLOB
) STRICT;
CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;
CREATE TABLE id (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;
CREATE TABLE gram (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;
CREATE TABLE word (
    segment INTEGER NOT NULL REFERENCES segment (id),
    name TEXT NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (segment, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE span (
    key INTEGER NOT NULL,
    last INTEGER NOT NULL,
    segment INTEGER NOT NULL REFERENCES segment (id),
    first INTEGER NOT NULL,
    PRIMARY KEY (key, last, segment)
) STRICT, WITHOUT ROWID;
CREATE INDEX span_segment ON span (segment);
CREATE TABLE held (
    source INTEGER NOT NULL REFERENCES source (id),
    segment INTEGER NOT NULL REFERENCES segment (id),
    rows INTEGER NOT NULL,
    PRIMARY KEY (source, segment)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_segment ON held (segment);
CREATE TABLE also (
    identity BLOB NOT NULL,
    source INTEGER NOT NULL REFERENCES source (id),
    time INTEGER NOT NULL,
    record INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    len INTEGER NOT NULL,
    PRIMARY KEY (identity, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX also_source ON also (source, time, identity);
"
    };
}

/// From an empty file to [`VERSION`]. Both numbers are set before the first table.
pub(super) const CREATE: &str = concat!(
    "
PRAGMA application_id = 0x4153444c;
PRAGMA user_version = 3;
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
    events!(),
    traces!()
);

/// From level 1 to 2. What was stored before left no traces; the counts of a source are taken from what is there.
pub(super) const TO_2: &str = concat!(
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

/// From level 2 to 3, before and after `upgrade.rs` has taken the events over.
pub(super) const TO_3: &str = concat!(
    "
PRAGMA user_version = 3;
ALTER TABLE also RENAME TO also_2;
DROP INDEX also_source;
",
    events!()
);
pub(super) const DONE_3: &str = "
INSERT INTO also (identity, source, time, record, offset, len)
    SELECT event.identity, also_2.source, event.time, also_2.record, also_2.offset, also_2.len
    FROM also_2 CROSS JOIN event ON event.id = also_2.event;
DROP TABLE also_2;
DROP TABLE event;
";
