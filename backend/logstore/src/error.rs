//! What can go wrong with the store, as far as a caller acts on it.

/// Why a call failed. After any of them nothing half-done is kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk or a quota is full.
    #[error("the disk with the log store is full")]
    Full,
    /// The medium or the store was opened for reading only.
    #[error("the log store is read-only")]
    ReadOnly,
    /// The file is damaged or not a database.
    #[error("the log store is damaged: {0}")]
    Corrupt(String),
    /// The file is a database of something else.
    #[error("the file is a database, but not a log store")]
    Foreign,
    /// A newer program made it; the file was not touched.
    #[error("the log store is of version {found}, this program knows {known}")]
    Newer {
        /// The file's `user_version`.
        found: i64,
        /// The newest that this program reads.
        known: i64,
    },
    /// Another connection holds the store for too long.
    #[error("the log store is busy")]
    Busy,
    /// The cursor is not one that a search gave.
    #[error("not a cursor of this search")]
    Cursor,
    /// There is no such source.
    #[error("no source {0}")]
    NoSource(i64),
    /// The call's time was over.
    #[error("the time was over")]
    Interrupted,
    /// The system refused to read or write.
    #[error("the log store can't be read or written: {0}")]
    Io(String),
    /// Anything else that the database said.
    #[error("log store: {0}")]
    Database(String),
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        match e.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
            std::io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly,
            _ => Error::Io(e.to_string()),
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(e: sqlx::Error) -> Self {
        match e {
            sqlx::Error::Database(db) => {
                // Extended result codes keep the primary one in their low byte (sqlite.org/rescode.html).
                let code = db.code().and_then(|c| c.parse::<i32>().ok()).unwrap_or(1);
                let text = db.message().to_owned();
                match code & 0xff {
                    5 | 6 => Error::Busy,
                    8 => Error::ReadOnly,
                    // Our own deadline said so.
                    9 => Error::Interrupted,
                    10 | 14 => Error::Io(text),
                    11 | 26 => Error::Corrupt(text),
                    13 => Error::Full,
                    _ => Error::Database(text),
                }
            }
            sqlx::Error::Io(e) => e.into(),
            sqlx::Error::PoolTimedOut => Error::Busy,
            other => Error::Database(other.to_string()),
        }
    }
}
