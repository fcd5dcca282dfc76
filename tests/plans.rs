//! The whole schema and the plan of every query, as golden files. `./do bless` rewrites them.

use crate::served::Server;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use std::{fmt::Write as _, path::Path};

/// Compares with a golden file, or writes it when asked to.
fn golden(name: &str, now: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var_os("AURORASOC_BLESS").is_some() {
        std::fs::write(&file, now).unwrap();
    }
    let then = std::fs::read_to_string(&file).unwrap_or_default();
    let first = then.lines().zip(now.lines()).position(|(a, b)| a != b).unwrap_or(0);
    assert!(
        then == now,
        "{name} differs from line {}: ./do bless rewrites it, then read the difference",
        first + 1
    );
}

#[tokio::test]
async fn every_query_prepares_and_its_plan_is_known() {
    let s = Server::start();
    let home = s.kill();
    let file = format!("sqlite://{}", home.path().join("ws/aurora.db").display());
    let mut db = SqliteConnection::connect(&file).await.unwrap();
    let tables = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name";
    let schema: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut db).await.unwrap();
    golden("schema.sql", &(schema.join(";\n") + ";\n"));
    let mut plans = String::new();
    for (place, queries) in server::queries() {
        for (name, sql) in queries {
            writeln!(plans, "{place} {name}").unwrap();
            if sql.starts_with("VACUUM") {
                continue;
            }
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let rows = sqlx::query(explain).fetch_all(&mut db).await;
            for row in rows.unwrap_or_else(|e| panic!("{place} {name}: {e}")) {
                let step: String = row.get("detail");
                // Small tables are read whole, logs from their end; the one that grows with the events never.
                assert!(!step.starts_with("SCAN alert_event"), "{place} {name}: {step}");
                writeln!(plans, "    {step}").unwrap();
            }
        }
    }
    golden("plans.txt", &plans);
}
