//! Imports that are killed at random moments end with exactly what an unbroken one gives.

use crate::served::{Server, add_user, aurorasoc, shared};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    process::Stdio,
    time::{Duration, Instant},
};

/// What the store holds at the end: events, and each alert's rule, host, times and count.
fn outcome(s: &Server) -> (u64, u64, BTreeSet<String>) {
    let t = s.token("root");
    let job = s.settle(&t);
    assert_eq!(job["status"], "done", "{job}");
    let stats = s.call("GET", "/api/v1/siem/stats").bearer(&t).send().json();
    let one = |a: &Value| {
        format!(
            "{} {} {} {} {}",
            a["rule_id"], a["affected_assets"][0], a["first_seen"], a["last_seen"], a["event_count"]
        )
    };
    let alerts = s.all(&t, "/api/v1/alerts").iter().map(one).collect();
    (stats["events"].as_u64().unwrap(), job["result"]["events"].as_u64().unwrap(), alerts)
}

/// Kills one import after `part` of the time that a whole one takes (of 1,000), lets a server finish it.
fn broken(paths: &[std::path::PathBuf], whole: Duration, part: u32) -> (u64, u64, BTreeSet<String>) {
    let home = tempfile::Builder::new().prefix("aurora-kill-").tempdir().unwrap();
    add_user(home.path(), "root", "admin");
    let mut import = aurorasoc(home.path())
        .arg("import")
        .args(paths)
        .arg("--data-dir")
        .arg(home.path().join("ws"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The moment itself is the point of the test, so it is waited for.
    let until = Instant::now() + whole * part / 1000;
    while Instant::now() < until && import.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let _ = import.kill();
    let _ = import.wait();
    let s = Server::on(home);
    if s.settle(&s.token("root")).is_null() {
        // Killed before the job was stored: nothing was promised, so it is asked for again.
        let home = s.kill();
        let done = aurorasoc(home.path())
            .arg("import")
            .args(paths)
            .arg("--data-dir")
            .arg(home.path().join("ws"))
            .output()
            .unwrap();
        assert!(done.status.code().is_some());
        return outcome(&Server::on(home));
    }
    outcome(&s)
}

#[test]
fn an_import_killed_at_random_points_ends_with_exactly_the_right_count() {
    let Some(shared) = shared() else { return };
    // Event logs by their chunks, texts by their lines, archives by what is in them.
    let folders = [
        "evtx/parse",
        "sigma/regression",
        "logs/linux-and-cloud",
        "logs/suricata-eve",
        "logs/syslog",
        "logs/zeek",
    ];
    let paths = folders.map(|p| shared.join("data").join(p)).to_vec();
    let started = Instant::now();
    let right = broken(&paths, Duration::from_secs(600), 1000);
    let whole = started.elapsed();
    assert!(right.0 > 10_000 && right.0 == right.1 && right.2.len() > 5, "{right:?}");
    let kills: u32 = std::env::var("AURORASOC_KILLS").ok().and_then(|k| k.parse().ok()).unwrap_or(20);
    // Spread over the whole run, each at a place of its own; the seed is said, so that a failure can be repeated.
    let seed: u32 =
        std::env::var("AURORASOC_SEED").ok().and_then(|k| k.parse().ok()).unwrap_or(std::process::id());
    println!("seed {seed}");
    for n in 0..kills {
        let jitter = seed.wrapping_add(n).wrapping_mul(2_654_435_761) >> 16;
        let part = n * 1000 / kills + jitter % (1000 / kills);
        assert_eq!(broken(&paths, whole, part), right, "killed at {part}/1000 of {whole:?}");
    }
}
