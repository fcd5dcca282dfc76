//! Migrations: numbered, one transaction each, a verified copy before the first one on an existing file.

use super::open::{APPLICATION_ID, OpenError, connect, connect_to_read};
use sqlx::{Connection as _, SqlitePool};
use std::path::Path;

/// One step. `version` is the level that the file has after it.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Level after it; growing by one over all domains.
    pub version: i64,
    /// `domain: what`.
    pub name: &'static str,
    /// SQL text.
    pub sql: &'static str,
}

const KERNEL: Migration =
    Migration { version: 1, name: "kernel", sql: include_str!("../../migrations/0001_kernel.sql") };

fn all(domains: &[Migration]) -> Vec<Migration> {
    let mut all = vec![KERNEL];
    all.extend_from_slice(domains);
    all.sort_by_key(|m| m.version);
    all
}

/// The newest level that the program knows.
pub fn newest(domains: &[Migration]) -> i64 {
    all(domains).last().map_or(0, |m| m.version)
}

/// Whether the file can be opened by this program, asked before anything else of the workspace is touched. A file that
/// is not there yet can. `domains` as for [`super::Db::open`].
pub async fn look(file: &Path, domains: &[Migration]) -> Result<(), OpenError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if file.exists() { refuse_foreign_or_newer(file, &name, domains).await } else { Ok(()) }
}

/// Reads the marks of an existing file without changing it.
pub(super) async fn refuse_foreign_or_newer(
    file: &Path,
    name: &str,
    domains: &[Migration],
) -> Result<(), OpenError> {
    let corrupt = |e: sqlx::Error| match OpenError::from(e) {
        OpenError::Corrupt { reason, .. } => OpenError::Corrupt { file: name.into(), reason },
        other => other,
    };
    let mut conn = connect_to_read(file).await.map_err(corrupt)?;
    let app: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut conn).await.map_err(corrupt)?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut conn).await.map_err(corrupt)?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut conn)
        .await
        .map_err(corrupt)?;
    conn.close().await.map_err(corrupt)?;
    if tables > 0 && app != i64::from(APPLICATION_ID) {
        return Err(OpenError::Foreign { file: name.into() });
    }
    let known = newest(domains);
    if found > known { Err(OpenError::Newer { file: name.into(), found, known }) } else { Ok(()) }
}

/// Brings the file to the newest level.
pub(super) async fn run(writer: &SqlitePool, file: &Path, domains: &[Migration]) -> Result<(), OpenError> {
    let mut conn = writer.acquire().await?;
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *conn).await?;
    let steps: Vec<_> = all(domains).into_iter().filter(|m| m.version > found).collect();
    if steps.is_empty() {
        return Ok(());
    }
    if found > 0 {
        keep_copy(&mut conn, file, found).await?;
    } else {
        sqlx::raw_sql("PRAGMA application_id = 0x41534f43").execute(&mut *conn).await?;
    }
    for step in steps {
        let mut tx = conn.begin().await?;
        // Before the first table, like the other marks of the file.
        let set = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", step.version));
        sqlx::raw_sql(set).execute(&mut *tx).await?;
        sqlx::raw_sql(step.sql).execute(&mut *tx).await.map_err(|e| {
            OpenError::Other(format!(
                "migration {} ({}) failed, nothing was changed: {e}",
                step.version, step.name
            ))
        })?;
        tx.commit().await?;
    }
    Ok(())
}

/// `aurora.db.level-N.bak` beside the file, checked before the migration goes on.
async fn keep_copy(conn: &mut sqlx::SqliteConnection, file: &Path, level: i64) -> Result<(), OpenError> {
    let copy = file.with_extension(format!("db.level-{level}.bak"));
    if copy.exists() {
        std::fs::remove_file(&copy).map_err(|e| OpenError::Other(e.to_string()))?;
    }
    sqlx::query(super::store::VACUUM_INTO)
        .bind(copy.to_string_lossy().into_owned())
        .execute(&mut *conn)
        .await?;
    crate::platform::make_private(&copy).map_err(|e| OpenError::Other(e.to_string()))?;
    let mut check = connect(&copy).await?;
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut check).await?;
    check.close().await?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(OpenError::Corrupt {
            file: file.file_name().unwrap_or_default().to_string_lossy().into(),
            reason: verdict,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        World,
        db::{Actor, Audit, Db},
    };

    const LATER: Migration =
        Migration { version: 2, name: "test: later", sql: "CREATE TABLE later (n INTEGER) STRICT" };
    const BROKEN: Migration = Migration {
        version: 3,
        name: "test: broken",
        sql: "CREATE TABLE half (n INTEGER) STRICT; CREATE TABLE half (n)",
    };

    async fn number(file: &Path, sql: &'static str) -> i64 {
        let mut conn = connect(file).await.unwrap();
        let n = sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        n
    }

    #[tokio::test]
    async fn a_whole_copy_of_the_level_before_is_there_and_a_failed_step_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("aurora.db");
        let world = World::real();
        let db = Db::open(&file, &[], &world).await.unwrap();
        let tx = db.write(&Actor::system()).await.unwrap();
        tx.commit(Audit::new("test.row", "test", "1"), &[]).await.unwrap();
        db.close().await;
        assert!(!dir.path().join("aurora.db.level-1.bak").exists(), "a new file needs no copy");

        Db::open(&file, &[LATER], &world).await.unwrap().close().await;
        let copy = dir.path().join("aurora.db.level-1.bak");
        assert_eq!(number(&file, "PRAGMA user_version").await, 2);
        assert_eq!(number(&copy, "PRAGMA user_version").await, 1);
        assert_eq!(
            number(&copy, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'").await,
            1
        );
        assert_eq!(number(&copy, "SELECT count(*) FROM audit").await, 1, "with what was in it");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&copy).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);

        let failed = Db::open(&file, &[LATER, BROKEN], &world).await.err().unwrap().to_string();
        assert!(failed.contains("test: broken") && failed.contains("nothing was changed"), "{failed}");
        assert_eq!(number(&file, "PRAGMA user_version").await, 2);
        assert_eq!(number(&file, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'").await, 0);
        assert!(dir.path().join("aurora.db.level-2.bak").exists());
        Db::open(&file, &[LATER], &world).await.unwrap().close().await;
    }
}
