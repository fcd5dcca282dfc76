//! A store of each migration level, kept as a backup file, opens in this program with all that was in it.
//!
//! `./do bless` makes the file of the newest level when there is none; one that is there is never made again.

use crate::{
    served::{PASSWORD, Server, aurorasoc},
    workspace,
};
use app::desktop::Desktop;
use serde_json::{Value, json};
use sqlx::Connection as _;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("fixtures/stores")
}

/// The smallest of our own files that raises alerts is not at hand everywhere, so the events come by the API.
async fn make(to: &Path) {
    let home = tempfile::Builder::new().prefix("aurora-level-").tempdir().unwrap();
    let made = tokio::task::spawn_blocking(move || {
        let s = Server::start_in(home);
        let t = s.token("root");
        let call = |method: &str, path: &str, body: &Value| {
            let done = s.call(method, path).bearer(&t).json(body).send();
            assert!(done.status < 300, "{path}: {}", done.text());
            done.json()
        };
        call("POST", "/api/v1/users", &json!({"username": "vera", "password": PASSWORD, "role": "viewer"}));
        call("POST", "/api/v1/auth/api-keys", &json!({"name": "kept", "scopes": ["alerts:read"]}));
        call("PATCH", "/api/v1/settings/runtime", &json!({"mode": "monitor", "reason": "a store to keep"}));
        for (n, severity) in ["low", "high", "critical"].iter().enumerate() {
            let body = json!({"title": format!("kept {n}"), "severity": severity, "tags": ["kept"], "mitre_techniques": ["T1059"],
                "entities": [{"type": "host", "value": format!("WS{n}.corp.example")}],
                "iocs": [{"type": "ip", "value": "192.0.2.7"}], "metadata": {"n": n}});
            let alert = call("POST", "/api/v1/alerts", &body);
            let path = format!("/api/v1/alerts/{}", alert["alert_id"].as_str().unwrap());
            match n {
                0 => drop(call("PATCH", &path, &json!({"status": "resolved", "resolution": "benign"}))),
                1 => drop(call("POST", &format!("{path}/promote"), &json!({"title": "kept case"}))),
                _ => drop(call("POST", &format!("{path}/comments"), &json!({"body": "kept comment"}))),
            }
        }
        s.stop()
    });
    let home = made.await.unwrap();
    let d = workspace::open(&home.path().join("ws")).await;
    d.backup(to.to_owned()).await.unwrap();
    d.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_every_level_opens_with_all_that_was_in_it() {
    let newest = kernel::db::newest(server::MIGRATIONS);
    let file = |level: i64| folder().join(format!("level-{level}.aurora"));
    if std::env::var_os("AURORASOC_BLESS").is_some() && !file(newest).exists() {
        std::fs::create_dir_all(folder()).unwrap();
        make(&file(newest)).await;
    }
    // Levels before the first release were never kept: no user has one.
    for level in FIRST_KEPT..=newest {
        let kept = file(level);
        assert!(kept.exists(), "no store of level {level} in tests/fixtures/stores: ./do bless makes it");
        let size = kept.metadata().unwrap().len();
        assert!(size < 250_000, "{}: {size} bytes", kept.display());
        let home = tempfile::Builder::new().prefix("aurora-level-").tempdir().unwrap();
        let dir = home.path().join("ws");
        Desktop::restore(kept, dir.clone()).await.unwrap();
        workspace::open(&dir).await.close().await;
        if level < newest {
            copy_is_whole(&dir.join(format!("aurora.db.level-{level}.bak")), level).await;
        }
        tokio::task::spawn_blocking(move || holds_all(home, level)).await.unwrap();
    }
}

/// The level of the first release.
const FIRST_KEPT: i64 = 3;

async fn copy_is_whole(copy: &Path, level: i64) {
    let mut db = sqlx::SqliteConnection::connect(&format!("sqlite://{}", copy.display())).await.unwrap();
    let found: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut db).await.unwrap();
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut db).await.unwrap();
    let alerts: i64 = sqlx::query_scalar("SELECT count(*) FROM alert").fetch_one(&mut db).await.unwrap();
    assert_eq!((found, &*sound, alerts), (level, "ok", 3), "{}", copy.display());
}

fn holds_all(home: tempfile::TempDir, level: i64) {
    let s = Server::on(home);
    let t = s.token("root");
    let get = |path: &str| s.call("GET", path).bearer(&t).send().json();
    let alerts = get("/api/v1/alerts?sort=created_at&tag=kept");
    let titles: Vec<_> = alerts["items"].as_array().unwrap().iter().map(|a| a["title"].clone()).collect();
    assert_eq!(titles, ["kept 0", "kept 1", "kept 2"], "level {level}");
    assert_eq!(alerts["items"][0]["resolution"], "benign");
    assert_eq!(get("/api/v1/alerts?q=ws2.corp")["items"][0]["title"], "kept 2");
    let case = alerts["items"][1]["case_id"].as_str().unwrap();
    assert_eq!(get(&format!("/api/v1/cases/{case}"))["title"], "kept case");
    let comments = format!("/api/v1/alerts/{}/comments", alerts["items"][2]["alert_id"].as_str().unwrap());
    assert_eq!(get(&comments)["items"][0]["body"], "kept comment");
    assert_eq!(get("/api/v1/settings/runtime")["mode"], "monitor");
    assert_eq!(get("/api/v1/auth/api-keys")["items"][0]["name"], "kept");
    assert_eq!(get("/api/v1/users/vera")["role"], "viewer");
    let ws = s.ws();
    let doctor = aurorasoc(s.home.path()).args(["doctor", "--data-dir"]).arg(&ws).output().unwrap();
    assert!(doctor.status.success(), "level {level}: {}", String::from_utf8_lossy(&doctor.stdout));
}
