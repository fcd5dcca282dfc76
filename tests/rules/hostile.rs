//! Hostile text as a rule: an answer or a refusal within a second and 256 MiB.

use super::{RULES, User};
use crate::served::{Server, aurorasoc, shared};
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// The bar of the product's own builds; the tests' build is not optimised and shares its cores.
const WITHIN: Duration = if cfg!(debug_assertions) { Duration::from_secs(5) } else { Duration::from_secs(1) };

fn lines(file: &Path) -> Vec<Value> {
    std::fs::read_to_string(file).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn every_hostile_text_is_answered_in_time_and_space() {
    let Some(shared) = shared() else { return };
    let data = shared.join("data");
    let s = Server::start();
    let u = User::root(&s);
    let post = |name: &str, body: &str| {
        let started = Instant::now();
        let got = u.send("POST", RULES, json!({"body": body}));
        let took = started.elapsed();
        assert!(matches!(got.status, 201 | 409 | 422), "{name}: {}", got.text());
        assert!(took < WITHIN, "{name}: {took:?}");
        got
    };
    for case in lines(&data.join("api/redos.jsonl")) {
        let pattern = case["pattern"].as_str().unwrap();
        let quoted = pattern.replace('\'', "''");
        let body = format!(
            "title: Pattern\nlogsource: {{product: windows, service: security}}\ndetection:\n  \
             s:\n    F|re: '{quoted}'\n  condition: s\n"
        );
        post(pattern, &body);
    }
    for case in lines(&data.join("sigma/invalid_rules.jsonl")) {
        let got = post(case["name"].as_str().unwrap(), case["rule"].as_str().unwrap());
        let detail = got.json()["error"]["detail"].clone();
        assert_eq!(got.code(), "AURORA-4222", "{case}: {}", got.text());
        assert!(
            detail["line"].is_u64() && detail["column"].is_u64() && detail["path"].is_string(),
            "{detail}"
        );
        assert!(!detail["reason"].as_str().unwrap().is_empty());
    }
    for entry in std::fs::read_dir(data.join("api/hostile-files")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        if name.starts_with("yaml") && text.len() < 1_000_000 {
            post(&name, &text);
        }
    }
    post("deep", &"[".repeat(100_000));
    post("many documents", &"---\na: b\n".repeat(50_000));
    post("long list", &format!("title: x\ndetection:\n  s: {{F: [{}]}}\n", "a,".repeat(200_000)));
    assert!(s.peak_memory() < 256 << 20, "{} bytes", s.peak_memory());
}

#[test]
fn hostile_packs_harm_nothing() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    let before = s.all(&u.token, &format!("{RULES}?body=false")).len();
    for entry in std::fs::read_dir(shared.join("data/api/hostile-files")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !(name.starts_with("yaml") || name.starts_with("zip")) {
            continue;
        }
        let started = Instant::now();
        let job = u.pack(&name, &std::fs::read(&path).unwrap());
        assert!(started.elapsed() < Duration::from_secs(20), "{name}: {:?}", started.elapsed());
        assert_eq!(job["status"], "failed", "{name}: {job}");
        assert!(job["error"].as_str().unwrap().contains(": "), "{name} says why: {}", job["error"]);
    }
    assert_eq!(s.all(&u.token, &format!("{RULES}?body=false")).len(), before);
    assert!(s.peak_memory() < 256 << 20, "{} bytes", s.peak_memory());
}

#[test]
fn rules_check_survives_hostile_files() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(shared.join("data/api/hostile-files")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let started = Instant::now();
        let out = aurorasoc(home.path()).args(["rules", "check"]).arg(&path).output().unwrap();
        assert!(matches!(out.status.code(), Some(1 | 2)), "{}: {out:?}", path.display());
        assert!(started.elapsed() < WITHIN * 2, "{}: {:?}", path.display(), started.elapsed());
        assert!(!out.stdout.contains(&0x1b) && !out.stderr.contains(&0x1b), "{}", path.display());
    }
}
