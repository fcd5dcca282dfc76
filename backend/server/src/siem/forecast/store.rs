//! How fast imports were, by format.

use kernel::{
    Result,
    db::{Reader, Tx},
    queries,
};
use std::collections::HashMap;

queries! {
    RATES: "SELECT format, bytes, ms FROM import_rate";
    LEARN: "INSERT INTO import_rate (format, bytes, ms) VALUES (?1, ?2, ?3)
        ON CONFLICT (format) DO UPDATE SET bytes = bytes / 2 + excluded.bytes, ms = ms / 2 + excluded.ms";
}

/// Bytes and milliseconds of the imports so far, the last one counting most.
pub async fn rates(db: &Reader) -> Result<HashMap<String, (u64, u64)>> {
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(RATES).fetch_all(db).await?;
    Ok(rows
        .into_iter()
        .map(|(format, bytes, ms)| (format, (bytes.cast_unsigned(), ms.cast_unsigned())))
        .collect())
}

/// Adds what an import took.
pub async fn learn(tx: &mut Tx, format: &str, bytes: u64, ms: u64) -> Result<()> {
    let query = sqlx::query(LEARN).bind(format.to_owned()).bind(bytes.cast_signed()).bind(ms.cast_signed());
    query.execute(tx.conn()).await?;
    Ok(())
}
