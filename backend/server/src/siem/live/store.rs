//! Files of the watched folder that were handed to an import.

use kernel::{
    Result,
    db::{Reader, Tx},
    queries,
};
use serde_json::json;
use sqlx::Row as _;
use std::path::{Path, PathBuf};

queries! {
    ALL: "SELECT path, size, mtime FROM watched_file";
    PUT: "INSERT INTO watched_file (path, size, mtime, job_id) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime = excluded.mtime, job_id = excluded.job_id";
    GONE: "DELETE FROM watched_file WHERE path IN (SELECT unhex(value) FROM json_each(?1))";
}

/// A file as it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since the epoch.
    pub mtime: i64,
}

/// All, whatever folder they lie in.
pub(super) async fn all(db: &Reader) -> Result<Vec<(PathBuf, Mark)>> {
    let rows = sqlx::query(ALL).fetch_all(db).await?;
    let one = |r: &sqlx::sqlite::SqliteRow| -> Result<(PathBuf, Mark)> {
        let size: i64 = r.try_get("size")?;
        let mark = Mark { size: size.cast_unsigned(), mtime: r.try_get("mtime")? };
        Ok((kernel::platform::path_of(r.try_get("path")?), mark))
    };
    rows.iter().map(one).collect()
}

/// A file was handed to a job.
pub(super) async fn put(tx: &mut Tx, path: &Path, mark: Mark, job_id: &str) -> Result<()> {
    sqlx::query(PUT)
        .bind(kernel::platform::bytes_of(path).to_vec())
        .bind(mark.size.cast_signed())
        .bind(mark.mtime)
        .bind(job_id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Files that are not there any more.
pub(super) async fn gone(tx: &mut Tx, paths: &[PathBuf]) -> Result<()> {
    let list: Vec<_> = paths.iter().map(|p| kernel::world::hex(kernel::platform::bytes_of(p))).collect();
    sqlx::query(GONE).bind(json!(list).to_string()).execute(tx.conn()).await?;
    Ok(())
}
