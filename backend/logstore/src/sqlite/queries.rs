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
               AND (?5 IS NULL OR host IN (SELECT value FROM json_each(?5))) AND (?6 IS NULL OR dataset = ?6)
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

/// A source with what the tally says of it.
macro_rules! sources {
    () => {
        "SELECT source.id, sha256, label, size, mtime, format, kept, head, grown, first_seen, last_seen, appended_at, borrowed, shared,
            first_time, last_time, total(events) AS events, (SELECT json_group_array(json_array(dataset, events))
                FROM (SELECT dataset, sum(events) AS events FROM tally WHERE tally.source = source.id
                    GROUP BY dataset ORDER BY events DESC, dataset)) AS datasets
        FROM source LEFT JOIN tally ON tally.source = source.id"
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
    SOURCES = concat!(sources!(), " GROUP BY source.id ORDER BY source.id DESC");
    SOURCE_BY = concat!(sources!(), " WHERE source.sha256 = ?1 GROUP BY source.id");
    FILES = "SELECT source.id, sha256, label, size, mtime, format, kept, head, grown FROM json_each(?1) AS wanted
        CROSS JOIN source ON source.id = wanted.value";
    /// Which of the identities, as hexadecimal digits in a JSON list, are there, from where, whether any other source
    /// holds them too, and whether source ?2 is one of those.
    KNOWN = "SELECT event.identity, event.id, event.source,
            EXISTS (SELECT 1 FROM also WHERE also.event = event.id),
            EXISTS (SELECT 1 FROM also WHERE also.event = event.id AND also.source = ?2)
        FROM json_each(?1) AS wanted CROSS JOIN event ON event.identity = unhex(wanted.value)";
    /// Of the identities that are there the one source that holds each, null where several do.
    HOLDERS = "SELECT event.identity,
            CASE WHEN EXISTS (SELECT 1 FROM also WHERE also.event = event.id) THEN NULL ELSE event.source END
        FROM json_each(?1) AS wanted CROSS JOIN event ON event.identity = unhex(wanted.value)";
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
    APPENDED = "UPDATE source SET appended_at = ?2, borrowed = borrowed + ?3,
            first_time = min(coalesce(first_time, ?4), ?4), last_time = max(coalesce(last_time, ?5), ?5) WHERE id = ?1";
    GREW = "UPDATE source SET borrowed = borrowed + ?2, shared = shared + ?3 WHERE id = ?1";
    SERIES_OF = "SELECT series.host, series.channel, held, first, last, runs FROM json_each(?2) AS wanted
        CROSS JOIN series ON series.source = ?1 AND series.host = wanted.value ->> 0 AND series.channel = wanted.value ->> 1";
    SERIES_PUT = "INSERT OR REPLACE INTO series (source, host, channel, held, first, last, runs)
        SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?2)";
    DAYS_OF = "SELECT day.host, day.day, hours FROM json_each(?2) AS wanted
        CROSS JOIN day ON day.source = ?1 AND day.host = wanted.value ->> 0 AND day.day = wanted.value ->> 1";
    DAYS_PUT = "INSERT OR REPLACE INTO day (source, host, day, hours)
        SELECT ?1, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2)";
    CLEARED_PUT = "INSERT OR IGNORE INTO cleared (source, event, host, channel, time, by)
        SELECT ?1, unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?2)";
    SERIES_ALL = "SELECT series.source, host, channel, held, first, last, runs FROM json_each(?1) AS wanted
        CROSS JOIN series ON series.source = wanted.value ORDER BY series.source, host, channel";
    DAYS_ALL = "SELECT day.source, host, day, hours FROM json_each(?1) AS wanted
        CROSS JOIN day ON day.source = wanted.value ORDER BY day.source, host, day";
    /// The hosts of each source, one step of its index after the other.
    HOSTS = "WITH RECURSIVE hosts (source, host) AS (
            SELECT id, (SELECT min(host) FROM day WHERE day.source = source.id) FROM source
            UNION ALL SELECT source, (SELECT min(day.host) FROM day WHERE day.source = hosts.source AND day.host > hosts.host)
                FROM hosts WHERE host IS NOT NULL LIMIT ?1)
        SELECT DISTINCT host FROM hosts WHERE host <> ''";
    CLEARED_ALL = "SELECT cleared.source, event, host, channel, time, by FROM json_each(?1) AS wanted
        CROSS JOIN cleared ON cleared.source = wanted.value ORDER BY cleared.source, time, event";
    BORROWED_SOME = "SELECT event FROM also WHERE source = ?1 LIMIT ?2";
    /// By source the events of a list that nobody but one other holds.
    LAST_OTHER = "SELECT event.source, count(*) FROM json_each(?1) AS wanted CROSS JOIN event ON event.id = wanted.value
        WHERE (SELECT count(*) FROM also WHERE also.event = event.id) = 1 GROUP BY event.source";
    BORROWED_DELETE = "DELETE FROM also WHERE source = ?1 AND event IN (SELECT value FROM json_each(?2))";
    EVENTS_SOME = "SELECT id FROM event WHERE source = ?1 ORDER BY id LIMIT ?2";
    /// Those of the events that others hold too go to the oldest of these, with their place in it.
    HEIRS = "DELETE FROM also WHERE (event, source) IN (SELECT also.event, min(also.source) FROM json_each(?1) AS wanted
            CROSS JOIN also ON also.event = wanted.value GROUP BY also.event)
        RETURNING event, source, record, offset, len";
    /// What the heirs will count, and how many of these events yet another source holds.
    INHERITED = "SELECT heir.value ->> 1, dataset, severity, count(*), min(time), max(time),
            total(EXISTS (SELECT 1 FROM also WHERE also.event = event.id))
        FROM json_each(?1) AS heir CROSS JOIN event ON event.id = heir.value ->> 0 GROUP BY 1, 2, 3";
    INHERIT = "UPDATE event SET source = value ->> 1, record = value ->> 2, offset = value ->> 3, len = value ->> 4
        FROM json_each(?1) AS heir WHERE event.id = heir.value ->> 0";
    GOING = "SELECT dataset, severity, count(*) FROM json_each(?1) AS wanted CROSS JOIN event ON event.id = wanted.value
        WHERE source = ?2 GROUP BY 1, 2";
    DELETE_EVENTS = "DELETE FROM event WHERE id IN (SELECT value FROM json_each(?1)) AND source = ?2";
    TALLY_LESS = "UPDATE tally SET events = events - ?4 WHERE source = ?1 AND dataset = ?2 AND severity = ?3";
    TALLY_EMPTY = "DELETE FROM tally WHERE source = ?1 AND events <= 0";
    DELETE_SERIES = "DELETE FROM series WHERE source = ?1";
    DELETE_DAYS = "DELETE FROM day WHERE source = ?1";
    DELETE_CLEARED = "DELETE FROM cleared WHERE source = ?1";
    DELETE_TALLY = "DELETE FROM tally WHERE source = ?1";
    DELETE_SOURCE = "DELETE FROM source WHERE id = ?1";
    /// Rows of the tally that differ from a count of the events; reads everything (`doctor`).
    CHECK_TALLY = "SELECT source.id AS source, (SELECT total(events) FROM tally WHERE tally.source = source.id) AS told,
            (SELECT count(*) FROM event WHERE event.source = source.id) AS there
        FROM source WHERE told <> there";
    /// Sources whose counts of events that others hold too differ from a count (`doctor`).
    CHECK_SHARED = "SELECT source.id AS source, borrowed, (SELECT count(*) FROM also WHERE also.source = source.id) AS borrows,
            shared, (SELECT count(*) FROM event WHERE event.source = source.id
                AND EXISTS (SELECT 1 FROM also WHERE also.event = event.id)) AS shares
        FROM source WHERE borrowed <> borrows OR shared <> shares";
}
