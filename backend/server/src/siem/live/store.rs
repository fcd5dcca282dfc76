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
    BELOW: "SELECT path, size, mtime FROM watched_file WHERE path > ?1 AND path < ?2";
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

/// Those that lie below a folder.
pub(super) async fn below(db: &Reader, folder: &Path) -> Result<Vec<(PathBuf, Mark)>> {
    // Every path that begins with the folder and `/` lies before the folder and the next character.
    let range = [b'/', b'/' + 1].map(|end| [kernel::platform::bytes_of(folder), &[end]].concat());
    let [from, to] = range;
    let rows = sqlx::query(BELOW).bind(from).bind(to).fetch_all(db).await?;
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
