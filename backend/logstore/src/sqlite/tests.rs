//! The engine: the conformance suite, its file, its plans, its refusals.

use super::{queries::ALL, schema::CREATE, *};
use crate::conformance;
use sqlx::{
    ConnectOptions, Connection as _, Row as _,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use std::{fs, path::Path};

async fn fresh(dir: &tempfile::TempDir) -> SqliteStore {
    SqliteStore::open(&dir.path().join("logs.db"), false).await.unwrap()
}

#[tokio::test]
async fn conforms() {
    let dir = tempfile::tempdir().unwrap();
    let store = fresh(&dir).await;
    conformance::all(&store).await;
    store.close().await.unwrap();
}

#[test]
fn search_equals_a_full_scan() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    conformance::against_a_scan(
        || {
            let dir = tempfile::tempdir().unwrap();
            let store = runtime.block_on(fresh(&dir));
            (dir, store)
        },
        &runtime,
    );
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
        ("PRAGMA user_version", 2),
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
    assert!(sqlx::raw_sql("DELETE FROM event").execute(&mut *reader).await.is_err(), "a reader wrote");
    #[cfg(unix)]
    for name in ["logs.db", "logs.db-wal"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// Statements that may read a whole table: those over sources and tally, which are small.
const MAY_SCAN: &[(&str, &str)] = &[
    ("SOURCES", "source"),
    ("SOURCES", "tally"),
    ("SOURCE_BY", "tally"),
    ("CHECK_SHARED", "source"),
    ("TOTALS_BY_DATASET", "tally"),
    ("TOTALS_BY_SEVERITY", "tally"),
    ("SOURCE_COUNT", "source"),
    ("CHECK_TALLY", "source"),
    ("HOSTS", "source"),
    // A queue.
    ("HOSTS", "hosts"),
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
                    "few" | "wanted" | "json_each" | "heir" | "CONSTANT" | "pragma_page_count"
                    | "pragma_page_size",
                ) => true,
                // The first row of the time index.
                Some("event") => ["FIRST", "LAST"].contains(name) && step.contains("INDEX event_time"),
                // The result of an inner query.
                Some(table) if table.starts_with("(") => true,
                Some(table) => MAY_SCAN.contains(&(name, table)) || table.ends_with("-ROW"),
            };
            assert!(fine, "{name}: {steps:?}");
        }
        if ["NEWEST", "OLDEST"].contains(name) {
            assert_eq!(
                steps[0], "SEARCH event USING INDEX event_time (time>? AND time<?)",
                "{name}: {steps:?}"
            );
            assert!(!steps.iter().any(|s| s.contains("B-TREE")), "{name} sorts: {steps:?}");
        }
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
                "newer" => assert!(matches!(error, Error::Newer { found: 9, known: 2 }), "{error:?}"),
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
    let search = Search { text: Some("no such text".into()), deadline: Duration::ZERO, ..Search::default() };
    let page = store.search(&search).await.unwrap();
    assert!(page.partial && page.rows.is_empty());
    // The same connections answer in full afterwards.
    for _ in 0..8 {
        let page =
            store.search(&Search { text: Some("event-19999;".into()), ..Search::default() }).await.unwrap();
        assert!(!page.partial);
        assert_eq!(page.rows.len(), 1);
    }
}
