//! The engine: the conformance suite, its file, its plans, its refusals.

use super::{queries::ALL, schema::CREATE, *};
use crate::{Query, conformance, segment::LARGEST};
use sqlx::{
    ConnectOptions, Connection as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use std::{fs, path::Path};

async fn fresh(dir: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::open(&dir.path().join("logs.db"), false).await.unwrap()
}

/// How much is sealed: all at once, some beside, nothing.
const ENOUGH: [usize; 4] = [0, 1, 40, LARGEST];

#[tokio::test]
async fn conforms() {
    for enough in ENOUGH {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore { enough, ..fresh(&dir).await };
        conformance::all(&store).await;
        store.close().await.unwrap();
    }
}

#[test]
fn search_equals_a_full_scan() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for enough in ENOUGH {
        conformance::against_a_scan(
            || {
                let dir = tempfile::tempdir().unwrap();
                let store = SqliteStore { enough, ..runtime.block_on(fresh(&dir)) };
                (dir, store)
            },
            &runtime,
        );
    }
}

#[tokio::test]
async fn the_file_is_as_it_has_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let store = fresh(&dir).await;
    let mut conn = store.writer().await.unwrap();
    for (pragma, want) in [
        ("PRAGMA page_size", 16384),
        ("PRAGMA auto_vacuum", 2),
        ("PRAGMA application_id", 0x4153_444c),
        ("PRAGMA user_version", 3),
        ("PRAGMA synchronous", 2),
        ("PRAGMA foreign_keys", 1),
    ] {
        let found: i64 = sqlx::query_scalar(pragma).fetch_one(&mut *conn).await.unwrap();
        assert_eq!(found, want, "{pragma}");
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *conn).await.unwrap();
    assert_eq!(mode, "wal");
    drop(conn);
    let mut reader = store.reader(None).await.unwrap();
    assert!(sqlx::raw_sql("DELETE FROM tail").execute(&mut *reader).await.is_err(), "a reader wrote");
    #[cfg(unix)]
    for name in ["logs.db", "logs.db-wal"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// Statements that may read a whole table: those over sources, tally, the tail and the list of segments, which are small.
const MAY_SCAN: &[(&str, &str)] = &[
    ("SOURCES", "source"),
    ("SOURCES", "tally"),
    ("SOURCE_BY", "tally"),
    ("TOTALS_BY_DATASET", "tally"),
    ("TOTALS_BY_SEVERITY", "tally"),
    ("SOURCE_COUNT", "source"),
    ("CHECK_COUNTS", "source"),
    ("HOSTS", "source"),
    // A queue.
    ("HOSTS", "hosts"),
    ("TAIL_ALL", "tail"),
    ("TAIL_LIST", "tail"),
    ("SEGMENTS", "segment"),
    // Its first row.
    ("ALSO_ANY", "also"),
];

#[tokio::test]
async fn every_statement_is_prepared_and_none_scans_the_events() {
    let mut conn = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
    sqlx::raw_sql(CREATE).execute(&mut conn).await.unwrap();
    for (name, sql) in ALL {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let plan = sqlx::query(explain).fetch_all(&mut conn).await.unwrap_or_else(|e| panic!("{name}: {e}"));
        let steps: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
        for step in &steps {
            let scans = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            let fine = match scans {
                None
                | Some(
                    "wanted" | "segments" | "names" | "json_each" | "CONSTANT" | "pragma_page_count"
                    | "pragma_page_size",
                ) => true,
                // The result of an inner query.
                Some(table) if table.starts_with("(") => true,
                Some(table) => MAY_SCAN.contains(&(name, table)) || table.ends_with("-ROW"),
            };
            assert!(fine, "{name}: {steps:?}");
        }
        assert!(
            !name.starts_with("ALSO_") || !steps.iter().any(|s| s.contains("ORDER BY")),
            "{name} sorts: {steps:?}"
        );
    }
}

#[tokio::test]
async fn newer_foreign_and_broken_files_are_refused_untouched() {
    async fn made(path: &Path, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let mut conn = options.connect().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    made(&path("newer"), "PRAGMA application_id = 0x4153444c; PRAGMA user_version = 9; CREATE TABLE t (a)")
        .await;
    made(&path("foreign"), "CREATE TABLE t (a)").await;
    fs::write(path("text"), "not a database").unwrap();
    for name in ["newer", "foreign", "text"] {
        let before = fs::read(path(name)).unwrap();
        for read_only in [false, true] {
            let error = SqliteStore::open(&path(name), read_only).await.unwrap_err();
            match name {
                "newer" => assert!(matches!(error, Error::Newer { found: 9, known: 3 }), "{error:?}"),
                "foreign" => assert!(matches!(error, Error::Foreign), "{error:?}"),
                _ => assert!(matches!(error, Error::Corrupt(_)), "{error:?}"),
            }
        }
        assert_eq!(fs::read(path(name)).unwrap(), before, "{name}");
        assert!(!path(&format!("{name}-wal")).exists());
    }
    assert!(SqliteStore::open(&path("absent"), true).await.is_err());
    assert!(!path("absent").exists());
}

#[tokio::test]
async fn a_store_that_was_killed_before_its_first_checkpoint_opens_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = fresh(&dir).await;
    let source = store.source(&conformance::source("a"), Nanos(5)).await.unwrap();
    store.append(source, &[conformance::event(1)], Nanos(5)).await.unwrap();
    // As a kill leaves them: everything but the header of an empty file stands in the log.
    let killed = tempfile::tempdir().unwrap();
    for name in ["logs.db", "logs.db-wal"] {
        fs::copy(dir.path().join(name), killed.path().join(name)).unwrap();
    }
    let path = killed.path().join("logs.db");
    assert_eq!(fs::read(&path).unwrap()[68..72], [0; 4], "its mark stands in the file already");
    let again = SqliteStore::open(&path, false).await.unwrap();
    assert_eq!(again.stats().await.unwrap().events, 1);
    again.close().await.unwrap();
    // Killed even before that: a header without tables.
    let bare = killed.path().join("bare.db");
    let options = SqliteConnectOptions::new().filename(&bare).create_if_missing(true).page_size(16384);
    let mut conn = options.journal_mode(SqliteJournalMode::Wal).connect().await.unwrap();
    sqlx::raw_sql("PRAGMA wal_checkpoint").execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    assert_eq!(SqliteStore::open(&bare, false).await.unwrap().stats().await.unwrap().events, 0);
}

#[tokio::test]
async fn an_open_does_not_wait_for_a_write() {
    let dir = tempfile::tempdir().unwrap();
    fresh(&dir).await.close().await.unwrap();
    let path = dir.path().join("logs.db");
    let options = SqliteConnectOptions::new().filename(&path);
    let mut other = options.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let open = SqliteStore::open(&path, false);
    let opened = tokio::time::timeout(std::time::Duration::from_secs(5), open).await;
    assert_eq!(opened.expect("it waits").unwrap().stats().await.unwrap().events, 0);
    other.close().await.unwrap();
}

#[tokio::test]
async fn what_was_appended_is_there_after_opening_again_and_can_be_read_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("logs.db");
    let store = fresh(&dir).await;
    let events: Vec<_> = (0..120).map(conformance::event).collect();
    let source = store.source(&conformance::source("a"), Nanos(5)).await.unwrap();
    store.append(source, &events, Nanos(5)).await.unwrap();
    store.close().await.unwrap();
    drop(store);

    let store = SqliteStore::open(&path, true).await.unwrap();
    assert_eq!(store.stats().await.unwrap().events, 120);
    assert!(store.check().await.unwrap().is_empty());
    assert!(matches!(store.append(source, &events, Nanos(6)).await, Err(Error::ReadOnly)));
    assert!(matches!(store.delete(source, 10).await, Err(Error::ReadOnly)));
}

#[tokio::test]
async fn a_flipped_byte_is_found_by_the_check() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("logs.db");
    let store = fresh(&dir).await;
    let events: Vec<_> = (0..500).map(conformance::event).collect();
    let source = store.source(&conformance::source("a"), Nanos(5)).await.unwrap();
    store.append(source, &events, Nanos(5)).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    // The head of a page that is neither the schema's nor the first.
    let page = bytes.len() / 2 / 16384 * 16384;
    bytes[page] ^= 0x7f;
    fs::write(&path, &bytes).unwrap();
    let store = SqliteStore::open(&path, true).await.unwrap();
    match store.check().await {
        Ok(found) => assert!(!found.is_empty()),
        Err(e) => assert!(matches!(e, Error::Corrupt(_)), "{e:?}"),
    }
}

#[tokio::test]
async fn a_deadline_gives_a_partial_page() {
    let dir = tempfile::tempdir().unwrap();
    let store = fresh(&dir).await;
    let source = store.source(&conformance::source("a"), Nanos(0)).await.unwrap();
    let events: Vec<_> = (0..20_000).map(conformance::event).collect();
    store.append(source, &events, Nanos(0)).await.unwrap();
    let search = Search { query: Query::text("no such text"), deadline: Duration::ZERO, ..Search::default() };
    let page = store.search(&search).await.unwrap();
    assert!(page.partial && page.rows.is_empty());
    // The same connections answer in full afterwards.
    for _ in 0..8 {
        let page =
            store.search(&Search { query: Query::text("event-19999;"), ..Search::default() }).await.unwrap();
        assert!(!page.partial);
        assert_eq!(page.rows.len(), 1);
    }
}

/// The tables of events as level 2 had them.
const EVENTS_2: &str = "
PRAGMA user_version = 2;
DROP TABLE also;
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
";

#[tokio::test]
async fn what_level_2_stored_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let store = fresh(&dir).await;
    let [a, b] = ["a", "b"].map(conformance::source);
    let (a, b) = (store.source(&a, Nanos(5)).await.unwrap(), store.source(&b, Nanos(5)).await.unwrap());
    store.close().await.unwrap();
    let path = dir.path().join("logs.db");
    let mut conn = SqliteConnectOptions::new().filename(&path).foreign_keys(false).connect().await.unwrap();
    for table in ["tail", "segment", "block", "id", "gram", "word", "span", "held"] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP TABLE {table}"))).execute(&mut conn).await.unwrap();
    }
    sqlx::raw_sql(EVENTS_2).execute(&mut conn).await.unwrap();
    let events: Vec<_> = (0..40_000).map(conformance::event).collect();
    let mut tx = conn.begin().await.unwrap();
    for event in &events {
        let row = Row::of(event, a, Nanos(9));
        sqlx::query(
            "INSERT INTO event (identity, time, source, record, offset, len, ingested_at, dataset, host, user,
                severity, message, fields) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )
        .bind(row.identity.to_vec())
        .bind(row.time.0)
        .bind(a.0)
        .bind(row.place.record.cast_signed())
        .bind(row.place.offset.cast_signed())
        .bind(i64::from(row.place.len))
        .bind(9_i64)
        .bind(row.dataset)
        .bind(row.host)
        .bind(row.user)
        .bind(row.severity)
        .bind(row.message)
        .bind(row.fields)
        .execute(&mut *tx)
        .await
        .unwrap();
    }
    sqlx::raw_sql(
        "INSERT INTO also VALUES (3, 2, 30, 31, 32); UPDATE source SET shared = 1 WHERE id = 1;
            UPDATE source SET borrowed = 1 WHERE id = 2;
            INSERT INTO tally SELECT source, dataset, severity, count(*), min(time), max(time) FROM event GROUP BY 1, 2, 3",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    conn.close().await.unwrap();
    let store = SqliteStore::open(&path, false).await.unwrap();
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.stats().await.unwrap().events, 40_000);
    let ids: Vec<_> = events.iter().map(|e| e.identity).collect();
    let rows = store.get(&ids).await.unwrap();
    assert_eq!(rows, events.iter().map(|e| Row::of(e, a, Nanos(9))).collect::<Vec<_>>());
    let page = store.search(&Search { source: Some(b), ..Search::default() }).await.unwrap();
    assert_eq!(page.rows.iter().map(|r| r.identity).collect::<Vec<_>>(), [ids[2]]);
    let again = store.append(a, &events[..2000], Nanos(10)).await.unwrap();
    assert_eq!((again.new, again.duplicates), (0, 2000));
    let held: i64 = sqlx::query_scalar("SELECT count(*) FROM segment")
        .fetch_one(&mut *store.reader(None).await.unwrap())
        .await
        .unwrap();
    assert_eq!(held, 1);
}

/// A store with one sealed segment of `n` events of a source.
async fn sealed(dir: &tempfile::TempDir, n: u64) -> (SqliteStore, SourceId) {
    let store = SqliteStore { enough: 0, ..fresh(dir).await };
    let source = store.source(&conformance::source("a"), Nanos(5)).await.unwrap();
    store.append(source, &(0..n).map(conformance::event).collect::<Vec<_>>(), Nanos(5)).await.unwrap();
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM tail")
        .fetch_one(&mut *store.reader(None).await.unwrap())
        .await
        .unwrap();
    assert_eq!(left, 0, "all of it is sealed");
    (store, source)
}

#[tokio::test]
async fn a_damaged_block_costs_that_block_only() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = sealed(&dir, 1000).await;
    store.close().await.unwrap();
    let path = dir.path().join("logs.db");
    for (table, lost) in [("block", 256), ("gram", 0), ("word", 0), ("segment", 0)] {
        let key = if table == "word" { "name = 'computer'" } else { "id % 4 = 1" };
        let (key, blob) = if table == "segment" { ("true", "parts") } else { (key, "data") };
        let sql = format!(
            "UPDATE {table} SET {blob} = CAST(substr({blob}, 1, 20) || x'00' || substr({blob}, 22) AS BLOB) WHERE {key}"
        );
        let mut conn = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        let keep = std::fs::read(&path).unwrap();
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        let store = SqliteStore::open(&path, true).await.unwrap();
        let found = store.check().await.unwrap();
        assert!(found.iter().any(|said| said.contains("damaged")), "{table}: {found:?}");
        if lost > 0 {
            assert!(
                found[0].starts_with("block 1 of segment 1 is damaged: 256 events from 128000 to 255000 ns"),
                "{found:?}"
            );
        }
        for text in ["", "event-"] {
            let page = store
                .search(&Search { limit: 1000, query: Query::text(text), ..Search::default() })
                .await
                .unwrap();
            assert_eq!((page.rows.len(), page.unreadable), (1000 - lost, lost as u64), "{table}");
        }
        let hosts = Search { hosts: vec!["ws1".into()], limit: 1000, ..Search::default() };
        let page = store.search(&hosts).await.unwrap();
        assert_eq!(page.rows.len() as u64, 333 - if lost > 0 { 86 } else { 0 }, "{table}");
        store.close().await.unwrap();
        std::fs::write(&path, keep).unwrap();
    }
}

#[tokio::test]
async fn what_is_removed_from_a_segment_is_nowhere_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let (store, a) = sealed(&dir, 1000).await;
    let store = SqliteStore { enough: LARGEST, ..store };
    let b = store.source(&conformance::source("b"), Nanos(5)).await.unwrap();
    let events: Vec<_> = (900..1500).map(conformance::event).collect();
    let done = store.append(b, &events, Nanos(6)).await.unwrap();
    assert_eq!((done.new, done.duplicates), (500, 100));
    let mut steps = 0;
    while !store.delete(a, 300).await.unwrap().done {
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        steps += 1;
    }
    assert_eq!(steps, 3, "100 of 1,000 go over, and the segment goes with its last");
    let page = store.search(&Search { limit: 2000, ascending: true, ..Search::default() }).await.unwrap();
    let ids: Vec<_> = page.rows.iter().map(|r| (r.identity, r.source)).collect();
    assert_eq!(ids.len(), 600);
    assert!(events.iter().all(|e| ids.contains(&(e.identity, b))));
    // One source of two in a segment: it is written anew without it.
    let c = store.source(&conformance::source("c"), Nanos(5)).await.unwrap();
    let store = SqliteStore { enough: 0, ..store };
    store.append(c, &(5000..5010).map(conformance::event).collect::<Vec<_>>(), Nanos(6)).await.unwrap();
    while !store.delete(b, 10_000).await.unwrap().done {}
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    let mut conn = store.reader(None).await.unwrap();
    let rows: Vec<(i64, i64)> =
        sqlx::query_as("SELECT rows, live FROM segment").fetch_all(&mut *conn).await.unwrap();
    assert_eq!(rows, [(10, 10)]);
}

#[tokio::test]
async fn events_that_come_alone_are_put_together() {
    let dir = tempfile::tempdir().unwrap();
    let store = fresh(&dir).await;
    let source = store.source(&conformance::source("a"), Nanos(5)).await.unwrap();
    for n in 0..500 {
        let done = store.append(source, &[conformance::event(n)], Nanos(5)).await.unwrap();
        assert_eq!(done.new, 1);
        let again = store.append(source, &[conformance::event(n / 2)], Nanos(5)).await.unwrap();
        assert_eq!(again.duplicates, 1);
    }
    let blocks: i64 = sqlx::query_scalar("SELECT count(*) FROM tail")
        .fetch_one(&mut *store.reader(None).await.unwrap())
        .await
        .unwrap();
    assert!(blocks < 70, "{blocks} blocks of 500 events");
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    // What another program wrote is seen.
    let other = SqliteStore::open(&dir.path().join("logs.db"), false).await.unwrap();
    other.append(source, &[conformance::event(1000)], Nanos(5)).await.unwrap();
    let again = store.append(source, &[conformance::event(1000)], Nanos(5)).await.unwrap();
    assert_eq!((again.new, again.duplicates), (0, 1));
}
