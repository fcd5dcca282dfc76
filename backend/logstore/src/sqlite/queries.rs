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

queries! {
    SOURCE_PUT = "INSERT INTO source (sha256, label, size, mtime, format, kept, first_seen, last_seen, head, grown)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9)
        ON CONFLICT (sha256) DO UPDATE SET label = excluded.label, mtime = excluded.mtime,
            kept = excluded.kept, last_seen = excluded.last_seen
        RETURNING id";
    /// First and last time of the events that a source has first.
    SPAN_OF = "SELECT min(first), max(last) FROM tally WHERE source = ?1 HAVING total(events) > 0";
    SOURCE_THERE = "SELECT 1 FROM source WHERE id = ?1";
    EARLIER = "SELECT source.id, sha256, label, size, mtime, format, kept, head, grown
        FROM json_each(?1) AS wanted CROSS JOIN source ON source.head = unhex(wanted.value)
        WHERE size < ?2 ORDER BY size DESC LIMIT 1000";
    SOURCES = concat!(sources!(), " GROUP BY source.id ORDER BY source.id DESC");
    SOURCE_BY = concat!(sources!(), " WHERE source.sha256 = ?1 GROUP BY source.id");
    FILES = "SELECT source.id, sha256, label, size, mtime, format, kept, head, grown FROM json_each(?1) AS wanted
        CROSS JOIN source ON source.id = wanted.value";
    TAIL_PUT = "INSERT INTO tail (rows, first, last, data) VALUES (?1, ?2, ?3, ?4) RETURNING id";
    TAIL_ALL = "SELECT id, rows, data FROM tail ORDER BY id";
    TAIL_LIST = "SELECT id, rows, first, last FROM tail ORDER BY id";
    TAIL_SOME = "SELECT tail.id, data FROM json_each(?1) AS wanted CROSS JOIN tail ON tail.id = wanted.value";
    TAIL_THERE = "SELECT count(*) AS there FROM json_each(?1) AS wanted CROSS JOIN tail ON tail.id = wanted.value";
    TAIL_DELETE = "DELETE FROM tail WHERE id IN (SELECT value FROM json_each(?1))";
    /// The segments, with their dead rows.
    SEGMENTS = "SELECT id, rows, live, first, last, all_words, dead FROM segment ORDER BY id";
    PARTS = "SELECT segment.id, parts FROM json_each(?1) AS wanted CROSS JOIN segment ON segment.id = wanted.value";
    SEGMENT_PUT = "INSERT INTO segment (rows, live, first, last, all_words, parts) VALUES (?1, ?1, ?2, ?3, ?4, ?5)
        RETURNING id";
    SEGMENT_LESS = "UPDATE segment SET live = live - ?2, dead = ?3 WHERE id = ?1 RETURNING live";
    BLOCK_PUT = "INSERT INTO block (id, data) VALUES (?1, ?2)";
    BLOCK_SOME = "SELECT block.id, data FROM json_each(?1) AS wanted CROSS JOIN block ON block.id = wanted.value";
    ID_PUT = "INSERT INTO id (id, data) VALUES (?1, ?2)";
    ID_SOME = "SELECT id.id, data FROM json_each(?1) AS wanted CROSS JOIN id ON id.id = wanted.value";
    GRAM_PUT = "INSERT INTO gram (id, data) VALUES (?1, ?2)";
    GRAM_SOME = "SELECT gram.id, data FROM json_each(?1) AS wanted CROSS JOIN gram ON gram.id = wanted.value";
    WORD_PUT = "INSERT INTO word (segment, name, data) VALUES (?1, ?2, ?3)";
    WORD_SOME = "SELECT word.segment, word.name, data FROM json_each(?1) AS segments CROSS JOIN json_each(?2) AS names
        CROSS JOIN word ON word.segment = segments.value AND word.name = names.value";
    SPAN_PUT = "INSERT INTO span (key, last, segment, first) SELECT value ->> 0, value ->> 1, ?1, value ->> 2 FROM json_each(?2)";
    /// The segments that have a number of a range of one of these logs or contents.
    SPAN_SOME = "SELECT DISTINCT span.segment FROM json_each(?1) AS wanted CROSS JOIN span
        ON span.key = wanted.value ->> 0 AND span.last >= wanted.value ->> 1 AND span.first <= wanted.value ->> 2";
    HELD_PUT = "INSERT INTO held (source, segment, rows) SELECT value ->> 0, ?1, value ->> 1 FROM json_each(?2)";
    HELD_BY = "SELECT segment FROM held WHERE source = ?1 ORDER BY segment";
    HELD_LESS = "UPDATE held SET rows = rows - ?3 WHERE source = ?1 AND segment = ?2";
    HELD_EMPTY = "DELETE FROM held WHERE source = ?1 AND segment = ?2 AND rows <= 0";
    DROP_BLOCKS = "DELETE FROM block WHERE id >= ?1 << 8 AND id < (?1 + 1) << 8";
    DROP_IDS = "DELETE FROM id WHERE id >= ?1 << 6 AND id < (?1 + 1) << 6";
    DROP_GRAMS = "DELETE FROM gram WHERE id >= ?1 << 12 AND id < (?1 + 1) << 12";
    DROP_WORDS = "DELETE FROM word WHERE segment = ?1";
    DROP_SPANS = "DELETE FROM span WHERE segment = ?1";
    DROP_HELD = "DELETE FROM held WHERE segment = ?1";
    DROP_SEGMENT = "DELETE FROM segment WHERE id = ?1";
    /// Of the identities, as hexadecimal digits in a JSON list, those that other sources than their first hold too, and
    /// whether source ?2 is one of these.
    ALSO_OF = "SELECT also.identity, max(also.source = ?2), count(*) FROM json_each(?1) AS wanted
        CROSS JOIN also ON also.identity = unhex(wanted.value) GROUP BY also.identity";
    ALSO = "INSERT OR IGNORE INTO also (identity, source, time, record, offset, len)
        SELECT unhex(value ->> 0), ?1, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?2)";
    ALSO_NEWEST = "SELECT time, identity FROM also INDEXED BY also_source WHERE source = ?1 AND time >= ?2 AND time <= ?3
            AND (time, identity) < (?4, ?5) ORDER BY time DESC, identity DESC LIMIT 256";
    ALSO_OLDEST = "SELECT time, identity FROM also INDEXED BY also_source WHERE source = ?1 AND time >= ?2 AND time <= ?3
            AND (time, identity) > (?4, ?5) ORDER BY time ASC, identity ASC LIMIT 256";
    TALLY = "INSERT INTO tally (source, dataset, severity, events, first, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (source, dataset, severity) DO UPDATE SET events = events + excluded.events,
            first = min(first, excluded.first), last = max(last, excluded.last)";
    TOTALS_BY_DATASET = "SELECT dataset, sum(events) AS events FROM tally GROUP BY dataset ORDER BY events DESC, dataset";
    TOTALS_BY_SEVERITY = "SELECT severity, sum(events) AS events FROM tally GROUP BY severity
        ORDER BY events DESC, severity";
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
    BORROWED_SOME = "SELECT identity FROM also INDEXED BY also_source WHERE source = ?1 LIMIT ?2";
    BORROWED_DELETE = "DELETE FROM also WHERE source = ?1 AND identity IN (SELECT unhex(value) FROM json_each(?2))";
    /// Those of the events that others hold too go to the oldest of these, with their place in it.
    HEIRS = "DELETE FROM also WHERE (identity, source) IN (SELECT also.identity, min(also.source)
            FROM json_each(?1) AS wanted CROSS JOIN also ON also.identity = unhex(wanted.value) GROUP BY also.identity)
        RETURNING identity, source, record, offset, len";
    TALLY_LESS = "UPDATE tally SET events = events - ?4 WHERE source = ?1 AND dataset = ?2 AND severity = ?3";
    TALLY_EMPTY = "DELETE FROM tally WHERE source = ?1 AND events <= 0";
    DELETE_SERIES = "DELETE FROM series WHERE source = ?1";
    DELETE_DAYS = "DELETE FROM day WHERE source = ?1";
    DELETE_CLEARED = "DELETE FROM cleared WHERE source = ?1";
    DELETE_TALLY = "DELETE FROM tally WHERE source = ?1";
    DELETE_SOURCE = "DELETE FROM source WHERE id = ?1";
    /// What the tally and the counts of each source say, for a comparison with what is there (`doctor`).
    CHECK_COUNTS = "SELECT source.id AS source, (SELECT total(events) FROM tally WHERE tally.source = source.id) AS told,
            borrowed, (SELECT count(*) FROM also WHERE also.source = source.id) AS borrows, shared FROM source";
    ALSO_ANY = "SELECT EXISTS (SELECT 1 FROM also) AS any";
    GRAM_ALL = "SELECT id, data FROM gram WHERE id >= ?1 << 12 AND id < (?1 + 1) << 12";
    WORD_ALL = "SELECT name, data FROM word WHERE segment = ?1";
}
