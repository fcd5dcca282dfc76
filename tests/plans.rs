//! The whole schema and the plan of every query, as golden files. `./do bless` rewrites them.

use crate::served::Server;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use std::{fmt::Write as _, path::PathBuf};

/// Compares with a golden file, or writes it when asked to.
fn golden(name: &str, now: &str) {
    let file =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("golden").join(name);
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

/// Queries that may read a table or an index from its end, with why. This list only shrinks.
const SCANS: &[(&str, &str, &str)] = &[
    ("kernel/auth", "user", "users of one workstation"),
    ("kernel/auth", "u", "users of one workstation"),
    ("kernel/auth", "api_key", "keys of one workstation"),
    ("kernel/auth", "token_family", "sign-ins of the last 30 days"),
    ("kernel/auth", "session", "sign-ins of the last 30 days"),
    ("kernel/db", "audit", "from the end of the log, bounded by LIMIT"),
    ("kernel/db", "outbox", "its first or last row"),
    ("kernel/db", "setting", "from the end of the history, bounded by LIMIT"),
    ("kernel/jobs", "job", "jobs of one workspace, from the newest, bounded by LIMIT"),
    ("alerts/list", "alert", "in the order of its index, bounded by LIMIT; few are read by their ids"),
    ("alerts/list", "alert_words", "the index of pieces of three letters, bounded by LIMIT"),
    ("cases", "cases", "cases of one workspace, in the order of an index, bounded by LIMIT"),
    ("detections/rules", "r", "rules of one workspace, a few thousand"),
    ("detections/rules", "rule", "rules of one workspace, a few thousand"),
    ("detections/packs", "p", "packs of one workspace"),
    ("detections/packs", "pack", "packs of one workspace"),
    ("detections/pipelines", "pipeline", "pipelines of one workspace, 200 at most"),
    ("detections/runs", "rule_run", "counted in its index"),
    ("detections/verdicts", "suppression", "what people wrote, all of it for the rule set"),
    ("detections/verdicts", "r", "rules of one workspace, a few thousand"),
    ("detections/verdicts", "rule", "rules of one workspace, a few thousand"),
    ("detections/verdicts", "j", "techniques of a rule or an alert"),
    ("detections/verdicts", "a", "counts of alerts by technique, for the coverage alone"),
    ("detections/verdicts", "t", "techniques that the inner queries found"),
    ("siem/clocks", "clock", "zones and offsets of one workspace, 10,000 at most, read when one changes"),
    ("siem/entities", "entity_merge", "merges of one workspace, 10,000 at most, read when one changes"),
    ("siem/forecast", "import_rate", "one row a format"),
    ("detections/correlations", "correlation_due", "one row for each correlation that waits"),
];

/// Whether a step reads all of a real table without being named above.
fn unmarked(place: &str, step: &str) -> bool {
    let Some(table) = step.strip_prefix("SCAN ").and_then(|s| s.split(' ').next()) else { return false };
    // Values that were bound, and results of inner queries.
    let inner = matches!(table, "json_each" | "wanted" | "alike" | "hit" | "CONSTANT")
        || table.starts_with('(')
        || table.ends_with("-ROW");
    !inner && !SCANS.iter().any(|(p, t, _)| *p == place && *t == table)
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
    let (mut plans, mut scans) = (String::new(), vec![]);
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
                if unmarked(place, &step) {
                    scans.push(format!("{place} {name}: {step}"));
                }
                writeln!(plans, "    {step}").unwrap();
            }
        }
    }
    assert!(scans.is_empty(), "{scans:#?}");
    golden("plans.txt", &plans);
}
