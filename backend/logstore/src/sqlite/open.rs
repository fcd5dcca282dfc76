//! Opening, checking and closing `logs.db`.

use super::{
    SqliteStore,
    read::{Files, Pace},
    schema::{APPLICATION_ID, CREATE, VERSION},
};
use crate::{Error, Result, segment::LARGEST};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    },
};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    path::Path,
    time::Duration,
};
use tokio::sync::Mutex;

/// Fixed for the life of a file.
const PAGE: u32 = 16384;
/// Readers at the same time; SQLite runs each on a thread of its own.
const READERS: u32 = 4;
/// How long a read waits for another process's write.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a write does: an import would fail by it.
const WRITE_PATIENCE: Duration = Duration::from_secs(60);
/// The write-ahead log is cut back to this after a checkpoint.
const WAL_LIMIT: &str = "67108864";

impl SqliteStore {
    /// Opens the store at `path`, making it (mode 0600) unless `read_only`. A store of a newer program, a
    /// database of something else and a file that is none are refused before anything is written.
    pub async fn open(path: &Path, read_only: bool) -> Result<SqliteStore> {
        let fresh = match peek(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && !read_only => {
                create(path)?;
                true
            }
            Err(e) => return Err(e.into()),
            Ok(Peek::Empty) => !read_only,
            Ok(Peek::NoDatabase) => return Err(Error::Corrupt("the file is not a database".into())),
            // The marks of a store that was killed before its first checkpoint stand in its log alone.
            Ok(Peek::Header { application: 0, version: 0 }) => unmarked(path).await? && !read_only,
            Ok(Peek::Header { application, version }) => {
                refuse(application, version)?;
                false
            }
        };
        if read_only {
            return Self::open_for_reading(path).await;
        }
        let mut usual = options(path);
        if fresh {
            // Of a file that is there both would need its write lock, so that an open would wait for an import.
            usual = usual.page_size(PAGE).auto_vacuum(SqliteAutoVacuum::Incremental);
        }
        let mut writer = usual
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WRITE_PATIENCE)
            .pragma("journal_size_limit", WAL_LIMIT)
            .pragma("cache_size", "-65536")
            .pragma("temp_store", "memory")
            .statement_cache_capacity(32)
            .connect()
            .await?;
        if fresh {
            let mut tx = writer.begin().await?;
            sqlx::raw_sql(CREATE).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        let level = check_version(&mut writer).await?;
        if level < VERSION {
            super::upgrade::from(&mut writer, level).await?;
        }
        let readers = readers(options(path)).await?;
        Ok(SqliteStore {
            path: path.to_owned(),
            writer: Mutex::new(Some(writer)),
            tail: Default::default(),
            sealing: Default::default(),
            blocks: Default::default(),
            enough: LARGEST,
            readers,
            files: Files::default(),
            pace: Pace::default(),
        })
    }

    async fn open_for_reading(path: &Path) -> Result<SqliteStore> {
        let usual = options(path).read_only(true);
        let readers = match readers(usual.clone()).await {
            // On a medium that can't be written SQLite can't make the shared memory that WAL wants. Nobody
            // else can write there either, so the file may be taken as it is.
            Err(Error::Io(_) | Error::ReadOnly) => readers(usual.immutable(true)).await?,
            other => other?,
        };
        check_version(&mut *readers.acquire().await?).await?;
        Ok(SqliteStore {
            path: path.to_owned(),
            writer: Mutex::new(None),
            tail: Default::default(),
            sealing: Default::default(),
            blocks: Default::default(),
            enough: LARGEST,
            readers,
            files: Files::default(),
            pace: Pace::default(),
        })
    }

    pub(super) async fn copy_into(&self, to: &Path) -> Result<()> {
        // A connection of its own: readers are query_only, and the writer must not wait for a copy.
        let mut conn = SqliteConnection::connect_with(&options(&self.path)).await?;
        sqlx::query("VACUUM INTO ?1").bind(to.to_string_lossy().into_owned()).execute(&mut conn).await?;
        conn.close().await?;
        Ok(())
    }

    pub(super) async fn close_all(&self) -> Result<()> {
        self.readers.close().await;
        if let Some(mut conn) = self.writer.lock().await.take() {
            // Leaves one whole file behind, without a write-ahead log.
            sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut conn).await?;
            conn.close().await?;
        }
        Ok(())
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}

async fn readers(options: SqliteConnectOptions) -> Result<sqlx::SqlitePool> {
    let pool = SqlitePoolOptions::new().max_connections(READERS).min_connections(1).acquire_timeout(PATIENCE);
    Ok(pool.connect_with(options.pragma("query_only", "ON")).await?)
}

/// What the first bytes of a file say (sqlite.org/fileformat2.html, section 1.3).
enum Peek {
    Empty,
    NoDatabase,
    Header { application: i64, version: i64 },
}

/// Looks at a file without SQLite, which would already write.
fn peek(path: &Path) -> io::Result<Peek> {
    let mut head = Vec::new();
    File::open(path)?.take(100).read_to_end(&mut head)?;
    if head.is_empty() {
        return Ok(Peek::Empty);
    }
    if head.len() < 100 || !head.starts_with(b"SQLite format 3\0") {
        return Ok(Peek::NoDatabase);
    }
    let word =
        |at: usize| i64::from(i32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
    Ok(Peek::Header { version: word(60), application: word(68) })
}

fn refuse(application: i64, version: i64) -> Result<()> {
    if application != APPLICATION_ID {
        return Err(Error::Foreign);
    }
    if version > VERSION {
        return Err(Error::Newer { found: version, known: VERSION });
    }
    Ok(())
}

/// Whether a database whose header has no marks is empty, so that it can become a store; an error when it is somebody
/// else's. Only reads.
async fn unmarked(path: &Path) -> Result<bool> {
    let mut conn = SqliteConnection::connect_with(&options(path).read_only(true)).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut conn).await?;
    let checked = if tables > 0 { check_version(&mut conn).await } else { Ok(VERSION) };
    conn.close().await?;
    checked.map(|_| tables == 0)
}

/// Again, with what may still stand in the write-ahead log. Answers the level.
async fn check_version(conn: &mut SqliteConnection) -> Result<i64> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *conn).await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *conn).await?;
    refuse(application, version)?;
    Ok(version)
}

/// An empty file that only its owner can read; SQLite gives its companions the same mode.
fn create(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
