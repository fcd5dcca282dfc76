//! A workspace as the window opens it: start codes, lock, backup and restore, a newer store.

use crate::served::{Call, aurorasoc, shared};
use app::desktop::Desktop;
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A workspace as the window opens it, without the keyring of who runs the tests.
pub async fn open(dir: &Path) -> Desktop {
    // As the window's `main` does first.
    Desktop::harden();
    // SAFETY: every test of this binary that reads this variable wants the same value.
    #[allow(unsafe_code, reason = "the keyring of who runs the tests is not theirs to write into")]
    unsafe {
        std::env::set_var("AURORASOC_KEYRING", "false");
    }
    Desktop::open(dir.to_owned()).await.unwrap()
}

fn folder() -> (TempDir, PathBuf) {
    let home = tempfile::Builder::new().prefix("aurora-ws-").tempdir().unwrap();
    let dir = home.path().join("case7");
    (home, dir)
}

/// A call off the runtime, since the client blocks.
async fn call(
    host: String,
    method: &'static str,
    path: &'static str,
    head: Vec<(&'static str, String)>,
    body: Value,
) -> crate::served::Answer {
    let send = move || {
        let mut call = Call::new(&host, method, path);
        for (n, v) in &head {
            call = call.header(n, v);
        }
        if body.is_null() { call.send() } else { call.json(&body).send() }
    };
    tokio::task::spawn_blocking(send).await.unwrap()
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut all = vec![];
    for e in fs::read_dir(dir).unwrap().flatten() {
        if e.path().is_dir() { all.extend(files(&e.path())) } else { all.push(e.path()) }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_code_works_once_and_is_written_nowhere() {
    let (_home, dir) = folder();
    let d = open(&dir).await;
    let host = d.origin().trim_start_matches("http://").to_owned();
    let code = d.start_url().split("#code=").nth(1).unwrap().to_owned();
    assert_eq!(code.len(), 64, "256 bits");
    let session =
        |code: &str| call(host.clone(), "POST", "/api/v1/auth/session", vec![], json!({"code": code}));
    assert_eq!(session(&"0".repeat(64)).await.code(), "AURORA-4012", "guessed");
    let first = session(&code).await;
    assert_eq!(first.status, 204);
    assert_eq!(session(&code).await.code(), "AURORA-4012", "used");
    let cookie = first.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let me = call(host.clone(), "GET", "/api/v1/users/me", vec![("cookie", cookie.clone())], Value::Null)
        .await
        .json();
    assert_eq!((me["role"].as_str(), me["desktop"].as_bool()), (Some("admin"), Some(true)));
    assert_eq!(call(host, "GET", "/api/v1/users/me", vec![], Value::Null).await.code(), "AURORA-4010");
    let secret = cookie.split('=').nth(1).unwrap().to_owned();
    d.close().await;
    for file in files(&dir) {
        let bytes = fs::read(&file).unwrap();
        for word in [&code, &secret] {
            assert!(
                !bytes.windows(word.len()).any(|w| w == word.as_bytes()),
                "a secret in {}",
                file.display()
            );
        }
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} can be read by others", file.display());
    }
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_owns_a_workspace_and_a_backup_is_a_whole_one() {
    let Some(shared) = shared() else { return };
    let (home, dir) = folder();
    let d = open(&dir).await;
    let refused = Desktop::open(dir.clone()).await.err().unwrap();
    assert_eq!(refused.owner.as_ref().map(|o| o.pid), Some(std::process::id()));
    assert!(refused.text.contains("in use"), "{refused}");

    let log = shared.join("data/evtx/parse/system.evtx");
    let job = d.import(vec![log]).await.unwrap();
    assert!(!job.is_empty());
    while d.running_jobs().await > 0 {
        tokio::task::yield_now().await;
    }
    let backup = home.path().join("case7.aurora");
    d.backup(backup.clone()).await.unwrap();
    d.close().await;

    let other = home.path().join("restored");
    Desktop::restore(backup.clone(), other.clone()).await.unwrap();
    assert!(Desktop::restore(backup, other.clone()).await.is_err(), "only into an empty folder");
    let doctor = aurorasoc(home.path()).args(["doctor", "--data-dir"]).arg(&other).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(doctor.status.success() && said.contains("1 kept sources"), "{said}");
    let again = aurorasoc(home.path())
        .arg("import")
        .arg(shared.join("data/evtx/parse/system.evtx"))
        .arg("--data-dir")
        .arg(&other)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&again.stdout).contains(" 0 new events"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_newer_than_the_program_is_refused_untouched() {
    use sqlx::Connection as _;
    let (_home, dir) = folder();
    open(&dir).await.close().await;
    let file = dir.join("aurora.db");
    let mut db = sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("PRAGMA user_version = 9999").execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    let before = fs::read(&file).unwrap();
    let refused = Desktop::open(dir.clone()).await.err().unwrap();
    assert!(refused.title.contains("newer") && refused.log.is_some(), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), before);
    // As a newer program leaves it that was killed: what makes it newer lies in the log beside the file.
    let (_killed, left) = folder();
    fs::create_dir_all(&left).unwrap();
    let mut db = sqlx::SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("PRAGMA user_version = 8888").execute(&mut db).await.unwrap();
    for name in ["aurora.db", "aurora.db-wal"] {
        fs::copy(dir.join(name), left.join(name)).unwrap();
    }
    db.close().await.unwrap();
    let bytes = |name: &str| fs::read(left.join(name)).unwrap();
    let before = (bytes("aurora.db"), bytes("aurora.db-wal"));
    let refused = Desktop::open(left.clone()).await.err().unwrap();
    assert!(refused.title.contains("newer"), "{refused}");
    assert_eq!((bytes("aurora.db"), bytes("aurora.db-wal")), before, "and nothing of it was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_high_alert_is_told_once_in_plain_text() {
    let Some(shared) = shared() else { return };
    let (_home, dir) = folder();
    let d = open(&dir).await;
    let mut notices = d.notices();
    d.import(vec![shared.join("data/evtx/parse/sysmon.evtx")]).await.unwrap();
    let notice = notices.recv().await.unwrap();
    assert!(notice.title.contains("alert") && notice.body.contains("LSASS"), "{notice:?}");
    assert!(notices.try_recv().is_err(), "one an import");
    d.close().await;
}
