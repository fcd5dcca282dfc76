//! Every statement that runs on `logs.db`, in one place; a test prepares them all and reads their plans.

/// Declares the statements and the list of them.
macro_rules! queries {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub(super) const $name: &str = $sql;)*
        /// All of them, by name.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// The columns of a row, as `read::row` takes them.
macro_rules! columns {
    () => {
        "identity, time, source, record, offset, len, ingested_at, dataset, host, user, severity, message, fields"
    };
}

/// One page in one direction. `?1..?2` is the half-open bound by time that an index range takes, `?3, ?4` the
/// row to go on after. The text `?9` is a LIKE pattern that lets through at least what matches.
macro_rules! page {
    ($below:literal, $order:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM event INDEXED BY event_time
             WHERE time >= ?1 AND time <= ?2 AND (time, identity) ",
            $below,
            " (?3, ?4)
               AND (?5 IS NULL OR host = ?5) AND (?6 IS NULL OR dataset = ?6)
               AND (?7 IS NULL OR severity = ?7) AND (?8 IS NULL OR source = ?8
                    OR EXISTS (SELECT 1 FROM also WHERE also.event = event.id AND also.source = ?8))
               AND (?9 IS NULL OR fields LIKE ?9 ESCAPE '~')
             ORDER BY time ",
            $order,
            ", identity ",
            $order
        )
    };
}

/// Rows that [`INSERT_MANY`] takes.
pub(super) const MANY: usize = 50;

macro_rules! tuple {
    () => {
        "(?,?,?,?,?,?,?,?,?,?,?,?,?)"
    };
}
macro_rules! ten {
    () => {
        concat!(
            tuple!(),
            ",",
            tuple!(),
            ",",
            tuple!(),
            ",",
            tuple!(),
            ",",
            tuple!(),
            ",",
            tuple!(),
            ",",
            tuple!(),
            ",",
            tuple!(),
            ",",
            tuple!(),
            ",",
            tuple!()
        )
    };
}
macro_rules! insert {
    () => {
        concat!("INSERT INTO event (", columns!(), ") VALUES ")
    };
}

queries! {
    SOURCE_PUT = "INSERT INTO source (sha256, label, size, mtime, format, kept, first_seen, last_seen, head, grown)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9)
        ON CONFLICT (sha256) DO UPDATE SET label = excluded.label, mtime = excluded.mtime,
            kept = excluded.kept, last_seen = excluded.last_seen
        RETURNING id";
    SOURCE_THERE = "SELECT 1 FROM source WHERE id = ?1";
    EARLIER = "SELECT source.id, sha256, label, size, mtime, format, kept, head, grown
        FROM json_each(?1) AS wanted CROSS JOIN source ON source.head = unhex(wanted.value)
        WHERE size < ?2 ORDER BY size DESC LIMIT 1000";
    /// Of the next events of a source, from ?2 on: the last row looked at, and how many stand in another source too.
    EQUAL = "SELECT max(few.id), total(few.fields NOT LIKE '%\"time_missing\":true%' AND EXISTS (
            SELECT 1 FROM event AS b INDEXED BY event_time WHERE b.time = few.time AND b.source <> few.source
                AND b.dataset = few.dataset AND b.fields = few.fields))
        FROM (SELECT id, time, source, dataset, fields FROM event INDEXED BY event_source
            WHERE source = ?1 AND id > ?2 ORDER BY id LIMIT 1000) AS few";
    SOURCES = "SELECT source.id, sha256, label, size, mtime, format, kept, head, grown, first_seen, last_seen,
            total(events) AS events, min(first) AS first, max(last) AS last
        FROM source LEFT JOIN tally ON tally.source = source.id
        GROUP BY source.id ORDER BY source.id DESC";
    FILES = "SELECT source.id, sha256, label, size, mtime, format, kept, head, grown FROM json_each(?1) AS wanted
        CROSS JOIN source ON source.id = wanted.value";
    /// Which of the identities, as hexadecimal digits in a JSON list, are there, and from where.
    KNOWN = "SELECT event.identity, event.id, event.source FROM json_each(?1) AS wanted
        CROSS JOIN event ON event.identity = unhex(wanted.value)";
    INSERT_ONE = concat!(insert!(), tuple!());
    INSERT_MANY = concat!(insert!(), ten!(), ",", ten!(), ",", ten!(), ",", ten!(), ",", ten!());
    ALSO = "INSERT OR IGNORE INTO also (event, source, record, offset, len)
        SELECT value ->> 0, ?1, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?2)";
    TALLY = "INSERT INTO tally (source, dataset, severity, events, first, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (source, dataset, severity) DO UPDATE SET events = events + excluded.events,
            first = min(first, excluded.first), last = max(last, excluded.last)";
    GET = concat!("SELECT ", columns!(), " FROM json_each(?1) AS wanted
        CROSS JOIN event ON event.identity = unhex(wanted.value)");
    NEWEST = page!("<", "DESC");
    OLDEST = page!(">", "ASC");
    TOTALS_BY_DATASET = "SELECT dataset, sum(events) AS events FROM tally GROUP BY dataset ORDER BY events DESC, dataset";
    TOTALS_BY_SEVERITY = "SELECT severity, sum(events) AS events FROM tally GROUP BY severity
        ORDER BY events DESC, severity";
    /// The ends of the time index, not of the tally: a removal can't leave them stale.
    FIRST = "SELECT time FROM event INDEXED BY event_time ORDER BY time ASC LIMIT 1";
    LAST = "SELECT time FROM event INDEXED BY event_time ORDER BY time DESC LIMIT 1";
    SOURCE_COUNT = "SELECT count(*) AS sources FROM source";
    BYTES = "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()";
    DELETE_ALSO = "DELETE FROM also WHERE source = ?1";
    /// What the heirs of a source will count: an event that others hold too goes to the oldest of them.
    TALLY_HEIRS = "INSERT INTO tally (source, dataset, severity, events, first, last)
        SELECT (SELECT min(also.source) FROM also WHERE also.event = event.id) AS heir, dataset, severity, count(*), min(time), max(time)
        FROM event WHERE source = ?1 AND EXISTS (SELECT 1 FROM also WHERE also.event = event.id)
        GROUP BY heir, dataset, severity
        ON CONFLICT (source, dataset, severity) DO UPDATE SET events = events + excluded.events,
            first = min(first, excluded.first), last = max(last, excluded.last)";
    /// The next events of a source, from ?2 on, that others hold too: their new source and place.
    HEIRS = "DELETE FROM also WHERE (event, source) IN (SELECT also.event, min(also.source) FROM event
            CROSS JOIN also ON also.event = event.id WHERE event.source = ?1 AND event.id > ?2
            GROUP BY event.id ORDER BY event.id LIMIT 10000)
        RETURNING event, source, record, offset, len";
    INHERIT = "UPDATE event SET source = value ->> 1, record = value ->> 2, offset = value ->> 3, len = value ->> 4
        FROM json_each(?1) AS heir WHERE event.id = heir.value ->> 0";
    DELETE_EVENTS = "DELETE FROM event WHERE source = ?1";
    DELETE_TALLY = "DELETE FROM tally WHERE source = ?1";
    DELETE_SOURCE = "DELETE FROM source WHERE id = ?1";
    /// Rows of the tally that differ from a count of the events; reads everything (`doctor`).
    CHECK_TALLY = "SELECT source.id AS source, (SELECT total(events) FROM tally WHERE tally.source = source.id) AS told,
            (SELECT count(*) FROM event WHERE event.source = source.id) AS there
        FROM source WHERE told <> there";
}
