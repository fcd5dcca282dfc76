//! Opening the file: pragmas that can't be changed later, refusal of what is newer, reader pool and writer.

use super::{Migration, Reader, memory::Memory, migrate};
use crate::{World, platform};
use sqlx::{
    Connection as _, SqlitePool,
    sqlite::{
        SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    },
};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// Connections for reads: more than cores, so that a long one does not stop the short ones.
const READERS: u32 = 4;
/// Rows that a reading connection may be ahead of who asked.
const ROWS_AT_ONCE: usize = 512;

/// "ASOC": marks our files (https://sqlite.org/pragma.html#pragma_application_id).
pub const APPLICATION_ID: i32 = 0x4153_4f43;

/// `aurora.db`. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pub(crate) writer: SqlitePool,
    pub(crate) reader: Reader,
    pub(crate) memory: Arc<Memory>,
    pub(crate) outbox: Arc<Notify>,
    pub(crate) world: World,
}

/// Why a database can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Written by a newer program. Nothing was changed.
    #[error("{file} was written by a newer version of AuroraSOC (level {found}, this program knows {known})")]
    Newer {
        /// File name.
        file: String,
        /// Level in the file.
        found: i64,
        /// Newest level this program knows.
        known: i64,
    },
    /// Not one of ours.
    #[error("{file} is not an AuroraSOC database")]
    Foreign {
        /// File name.
        file: String,
    },
    /// SQLite says that it is damaged.
    #[error("{file} is damaged: {reason}")]
    Corrupt {
        /// File name.
        file: String,
        /// What SQLite says.
        reason: String,
    },
    /// Disk full, no permission, …
    #[error("{0}")]
    Other(String),
}

impl From<sqlx::Error> for OpenError {
    fn from(e: sqlx::Error) -> Self {
        if let sqlx::Error::Database(db) = &e
            // SQLITE_CORRUPT 11, SQLITE_NOTADB 26, in the low byte of their extended codes (sqlite.org/rescode.html).
            && db.code().and_then(|c| c.parse::<u32>().ok()).is_some_and(|c| matches!(c & 0xff, 11 | 26))
        {
            return OpenError::Corrupt { file: "aurora.db".into(), reason: e.to_string() };
        }
        OpenError::Other(e.to_string())
    }
}

impl From<crate::Error> for OpenError {
    fn from(e: crate::Error) -> Self {
        match e.damage() {
            Some(reason) => OpenError::Corrupt { file: "aurora.db".into(), reason },
            None => OpenError::Other(e.to_string()),
        }
    }
}

/// The pragmas that every connection of a workspace's files shares.
pub fn pragmas(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10))
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .statement_cache_capacity(256)
}

impl Db {
    /// Opens or makes the file and migrates it; a verified copy is made before a migration of an existing file.
    pub async fn open(file: &Path, domains: &[Migration], world: &World) -> Result<Db, OpenError> {
        let new = !file.exists();
        // These only matter before the first table, and of a file that has one they need its write lock.
        let mut writing = pragmas(file);
        if new || std::fs::metadata(file).is_ok_and(|found| found.len() == 0) {
            writing = writing.page_size(16384).auto_vacuum(sqlx::sqlite::SqliteAutoVacuum::Incremental);
        }
        if new {
            platform::create_private(file).map_err(|e| OpenError::Other(e.to_string()))?;
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !new {
            migrate::refuse_foreign_or_newer(file, &name, domains).await?;
        }
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(60))
            .connect_with(writing)
            .await?;
        let ready = async {
            migrate::run(&writer, file, domains).await?;
            let reading = pragmas(file).pragma("query_only", "ON").row_buffer_size(ROWS_AT_ONCE);
            Ok::<_, OpenError>(Reader::open(reading, READERS).await?)
        };
        let reader = match ready.await {
            Ok(reader) => reader,
            Err(e) => {
                // Nothing may stay open, or beside the file, of what is refused.
                writer.close().await;
                return Err(e);
            }
        };
        let (memory, outbox) = (Arc::default(), Arc::new(Notify::new()));
        Ok(Db { writer, reader, memory, outbox, world: world.clone() })
    }

    /// For reads outside a transaction.
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Writes the log into the file and closes both pools.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// What is wrong with the file, in SQLite's words; empty when nothing is. Reads everything.
    pub async fn check(&self) -> crate::Result<Vec<String>> {
        let found: Vec<String> =
            sqlx::query_scalar("PRAGMA integrity_check(100)").fetch_all(&self.reader).await?;
        Ok(faults_of(&found))
    }

    /// A consistent copy into a new file, readable alone.
    pub async fn copy_to(&self, to: &Path) -> crate::Result<()> {
        let sql = super::store::VACUUM_INTO;
        sqlx::query(sql).bind(to.to_string_lossy().into_owned()).execute(&self.writer).await?;
        Ok(())
    }
}

/// What is wrong with the pages of a database file that no process has open, in SQLite's words; empty when nothing is.
/// The file stays as it is, and so does a write-ahead log that a killed process left beside it.
pub async fn faults(file: &Path) -> Vec<String> {
    let left = file.with_extension("db-wal").metadata().is_ok_and(|log| log.len() > 0);
    let options =
        SqliteConnectOptions::new().filename(file).create_if_missing(false).read_only(true).immutable(!left);
    let all = async {
        let mut conn = SqliteConnection::connect_with(&options).await?;
        let all: Result<Vec<String>, _> =
            sqlx::query_scalar("PRAGMA integrity_check(100)").fetch_all(&mut conn).await;
        conn.close().await?;
        all
    };
    let found = all.await.unwrap_or_else(|e| vec![e.to_string()]);
    faults_of(&found)
}

/// SQLite packs many into one row, below a heading.
fn faults_of(rows: &[String]) -> Vec<String> {
    let lines = rows.iter().flat_map(|row| row.lines());
    lines.filter(|line| *line != "ok" && !line.starts_with("***")).map(str::to_owned).collect()
}

/// One that changes nothing, neither the file nor what a killed process left beside it. Where that is nothing, the file
/// is read as it is, since even a reader would put its own files beside one in WAL mode.
pub(super) async fn connect_to_read(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let alone = !Path::new(&log).exists();
    let options = SqliteConnectOptions::new().filename(file).read_only(true).immutable(alone);
    let options = options.busy_timeout(Duration::from_secs(10));
    SqliteConnection::connect_with(&options).await
}

/// One connection without the pool, for checks before the pool exists.
pub(super) async fn connect(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(10));
    SqliteConnection::connect_with(&options).await
}
