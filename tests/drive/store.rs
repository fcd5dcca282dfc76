//! The files of a workspace, looked at from outside the program that owns it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sqlx::{Connection as _, SqliteConnection};

use super::page::PATIENCE;
use super::process;

async fn connect(file: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap()
}

/// Status of the newest job, its result's number of new events, and the events in the store. Only for a workspace
/// that was closed.
pub async fn outcome(workspace: &Path) -> (String, u64, u64) {
    let mut records = connect(&workspace.join("aurora.db")).await;
    let newest = "SELECT status, result, error FROM job ORDER BY created_at DESC, job_id DESC LIMIT 1";
    let (status, result, error): (String, String, Option<String>) =
        sqlx::query_as(newest).fetch_one(&mut records).await.unwrap();
    if let Some(error) = error {
        println!("the job failed: {error}");
    }
    records.close().await.unwrap();
    let mut logs = connect(&workspace.join("logs.db")).await;
    let count =
        "SELECT (SELECT coalesce(sum(rows), 0) FROM tail) + (SELECT coalesce(sum(live), 0) FROM segment)";
    let events: i64 = sqlx::query_scalar(count).fetch_one(&mut logs).await.unwrap();
    logs.close().await.unwrap();
    let result: Value = serde_json::from_str(&result).unwrap();
    (status, result["events"].as_u64().unwrap_or(0), u64::try_from(events).unwrap())
}

/// Fails unless both databases were closed cleanly: nothing left beside them, every page sound, the lock free.
pub async fn closed_cleanly(workspace: &Path) {
    for name in ["aurora.db", "logs.db"] {
        for end in ["-wal", "-shm"] {
            let beside = workspace.join(format!("{name}{end}"));
            assert!(!beside.exists(), "{} was left", beside.display());
        }
        let mut db = connect(&workspace.join(name)).await;
        let found: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut db).await.unwrap();
        assert_eq!(found, "ok", "{name}");
        db.close().await.unwrap();
    }
    assert_eq!(kernel::platform::Lock::owner(workspace), None, "the lock is still held");
}

/// Whether a process has the workspace open.
pub fn is_open(workspace: &Path) -> bool {
    kernel::platform::Lock::owner(workspace).is_some()
}

/// Whether a job of an open workspace runs.
pub fn runs(workspace: &Path) -> bool {
    let file = workspace.join("aurora.db");
    let look = async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
        let mut db = SqliteConnection::connect_with(&options).await.ok()?;
        let sql = "SELECT count(*) FROM job WHERE status = 'running'";
        let jobs: i64 = sqlx::query_scalar(sql).fetch_one(&mut db).await.ok()?;
        db.close().await.ok()?;
        Some(jobs > 0)
    };
    let alone =
        move || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(look);
    std::thread::spawn(alone).join().unwrap().unwrap_or(false)
}

/// Waits until an open workspace has this many jobs that are done.
pub async fn until_jobs(workspace: &Path, jobs: i64) {
    let since = Instant::now();
    let file = workspace.join("aurora.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    let sql = "SELECT count(*) FROM job WHERE status = 'done'";
    while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut db).await.unwrap() < jobs {
        assert!(since.elapsed() < PATIENCE, "waited for {jobs} jobs");
        tokio::task::yield_now().await;
    }
    db.close().await.unwrap();
}

/// Waits until no process has the workspace open.
pub async fn until_closed(workspace: &Path) {
    let lock = std::fs::File::open(workspace.join("lock")).unwrap();
    let free = tokio::task::spawn_blocking(move || lock.lock_shared());
    tokio::time::timeout(PATIENCE, free).await.expect("the workspace stays open").unwrap().unwrap();
}

/// Looks again whenever something changes in `folder`, until something is found.
pub async fn until_changed<T>(folder: &Path, what: &str, look: impl Fn() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        let watch = inotify::init(CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&watch, folder, WatchFlags::MODIFY | WatchFlags::CREATE | WatchFlags::MOVED_TO)
            .unwrap();
        if let Some(found) = look() {
            return found;
        }
        let in_time = since.elapsed() < PATIENCE && process::readable(watch).await;
        assert!(in_time, "waited for {what} in {}", folder.display());
    }
}

/// How many requests of a route with a status the workspace's log holds.
pub fn requests(workspace: &Path, route: &str, status: u64) -> usize {
    let files = std::fs::read_dir(workspace.join("logs")).into_iter().flatten().flatten();
    let text: String = files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["route"] == route && line["status"] == status).count()
}

/// Every file below a folder with the hash of its bytes, but logs and the lock.
pub fn bytes(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "logs" {
            all.extend(bytes(&path));
        } else if path.is_file() && entry.file_name() != "lock" {
            let hash = Sha256::digest(std::fs::read(&path).unwrap());
            all.insert(path, hash.iter().map(|byte| format!("{byte:02x}")).collect());
        }
    }
    all
}

/// SQLite looks again for a lock after 100 ms at most.
const RELEASE: Duration = Duration::from_millis(400);

/// Lets an import into a workspace go on only in short moments, so that it runs as long as a test needs it to.
/// Dropped, it lets go.
pub struct Brake {
    end: Arc<AtomicBool>,
    held: Option<std::thread::JoinHandle<()>>,
}

impl Brake {
    /// Holds the write lock of the log store, which an import waits for, and lets go of it for a moment every 20 s: an
    /// import that waits for a minute fails.
    pub fn on(workspace: &Path) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let (file, stop) = (workspace.join("logs.db"), end.clone());
        let (tell, told) = std::sync::mpsc::channel();
        let hold = async move {
            let mut db = connect(&file).await;
            while !stop.load(Ordering::Relaxed) {
                sqlx::query("BEGIN IMMEDIATE").execute(&mut db).await.unwrap();
                let _ = tell.send(());
                // Held in small steps, so that the brake is off soon after it was let go.
                for _ in 0..400 {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                sqlx::query("ROLLBACK").execute(&mut db).await.unwrap();
                tokio::time::sleep(RELEASE).await;
            }
            db.close().await.unwrap();
        };
        let run = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(hold);
        };
        let held = std::thread::spawn(run);
        told.recv().unwrap();
        Self { end, held: Some(held) }
    }
}

impl Drop for Brake {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(held) = self.held.take() {
            let _ = held.join();
        }
    }
}
