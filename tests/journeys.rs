//! What users do, from files to alerts to work on them, through the served API.

use crate::served::{Server, add_user, aurorasoc, shared};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path};

/// A log with lots of noise and some clear attacks.
fn sysmon(shared: &Path) -> Vec<u8> {
    std::fs::read(shared.join("data/evtx/parse/sysmon.evtx")).unwrap()
}

/// What must be equal whatever the order of import.
fn outline(alerts: &[Value]) -> BTreeSet<String> {
    let one = |a: &Value| {
        let entity = a["affected_assets"][0].as_str().unwrap_or_default().to_lowercase();
        format!("{} {entity} {} {} {}", a["rule_id"], a["first_seen"], a["last_seen"], a["event_count"])
    };
    alerts.iter().map(one).collect()
}

#[test]
fn a_log_becomes_alerts_with_their_events_and_reasons() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let t = s.token("root");
    let job = s.import(&t, "sysmon.evtx", &sysmon(&shared));
    assert_eq!(job["status"], "done");
    let r = &job["result"];
    assert!(r["events"].as_u64().unwrap() > 300 && r["rules_run"].as_u64().unwrap() >= 25, "{r}");
    assert_eq!(r["file_list"][0]["format"], "evtx");
    let alerts = s.all(&t, "/api/v1/alerts");
    assert_eq!(alerts.len() as u64, r["alerts"].as_u64().unwrap());
    let lsass =
        alerts.iter().find(|a| a["title"].as_str().unwrap().contains("LSASS")).expect("LSASS was read");
    assert_eq!(lsass["severity"], "high");
    assert!(lsass["mitre_techniques"].as_array().unwrap().contains(&json!("T1003.001")), "{lsass}");
    let id = lsass["alert_id"].as_str().unwrap();
    let events = s.call("GET", &format!("/api/v1/alerts/{id}/events")).bearer(&t).send().json();
    assert_eq!(events["total"], lsass["event_count"]);
    let first = &events["items"][0];
    let matched: Vec<_> = first["why"].as_array().unwrap().iter().filter(|w| w["matched"] == true).collect();
    assert!(!matched.is_empty(), "{first}");
    let item = matched[0]["items"].as_array().unwrap().iter().find(|i| i["field"] == "TargetImage").unwrap();
    let (span, value) = (&item["spans"][0], item["value"].as_str().unwrap());
    let part = &value[span["start"].as_u64().unwrap() as usize..span["end"].as_u64().unwrap() as usize];
    assert!(part.to_lowercase().ends_with("lsass.exe"), "{part}");
    let log = first["log"]["log_id"].as_str().unwrap();
    let raw = s.call("GET", &format!("/api/v1/siem/logs/{log}?raw=true")).bearer(&t).send().json();
    // A record of an event log begins with two stars (MS-EVEN6 2.2.12, "**\0\0").
    assert!(raw["raw"].as_str().unwrap().starts_with("KioAA"), "{}", raw["raw"]);
    let rule = s
        .call("GET", &format!("/api/v1/detections/rules/{}", lsass["rule_id"].as_str().unwrap()))
        .bearer(&t)
        .send();
    assert!(rule.json()["body"].as_str().unwrap().contains("lsass"), "{}", rule.text());
}

#[test]
fn the_same_file_again_adds_nothing_and_order_does_not_matter() {
    let Some(shared) = shared() else { return };
    let files = ["sysmon.evtx", "system.evtx", "security.evtx"]
        .map(|f| (f, std::fs::read(shared.join("data/evtx/parse").join(f)).unwrap()));
    let run = |order: &[usize]| {
        let s = Server::start();
        let t = s.token("root");
        for i in order {
            s.import(&t, files[*i].0, &files[*i].1);
        }
        let again = s.import(&t, "again.evtx", &files[0].1);
        assert_eq!((&again["result"]["events"], &again["result"]["alerts"]), (&json!(0), &json!(0)));
        assert!(again["result"]["duplicates"].as_u64().unwrap() > 300);
        let stats = s.call("GET", "/api/v1/siem/stats").bearer(&t).send().json();
        (outline(&s.all(&t, "/api/v1/alerts")), stats["events"].clone())
    };
    assert_eq!(run(&[0, 1, 2]), run(&[2, 0, 1]));
}

#[test]
fn what_is_not_read_is_named() {
    let s = Server::start();
    let t = s.token("root");
    let job = s.import(&t, "capture.pcap", b"\xd4\xc3\xb2\xa1rest of it");
    assert_eq!(job["status"], "done");
    assert_eq!(job["result"]["file_list"][0]["state"], "refused");
    let said = job["skipped"][0]["reason"].as_str().unwrap();
    assert!(said.contains("pcap") && said.contains("not read by this version"), "{said}");
}

#[test]
fn an_alert_is_worked_on_undone_closed_and_promoted() {
    let s = Server::start();
    let t = s.token("root");
    let post = |path: &str, body: Value| s.call("POST", path).bearer(&t).json(&body).send();
    let new =
        json!({"title": "Odd thing", "severity": "high", "iocs": [{"type": "ip", "value": "192.0.2.7"}]});
    let made = post("/api/v1/alerts", new.clone());
    assert_eq!(made.status, 201);
    let id = made.json()["alert_id"].as_str().unwrap().to_owned();
    let at = format!("/api/v1/alerts/{id}");
    assert_eq!(made.header("location"), Some(at.as_str()));
    let twice = post("/api/v1/alerts", new.clone());
    assert_eq!(
        (twice.code().as_str(), twice.json()["error"]["detail"]["alert_id"].as_str()),
        ("AURORA-4091", Some(&*id))
    );

    let ack = post(&format!("{at}/acknowledge"), json!(null));
    assert_eq!(
        (ack.json()["status"].as_str(), ack.json()["assignee"].as_str()),
        (Some("acknowledged"), Some("root"))
    );
    let seq: i64 = ack.header("x-audit-seq").unwrap().parse().unwrap();
    let again = post(&format!("{at}/acknowledge"), json!(null));
    assert_eq!(
        (again.status, again.header("x-audit-seq")),
        (200, None),
        "nothing changed, so nothing was audited"
    );
    assert_eq!(post("/api/v1/alerts/undo", json!({"audit_seqs": [seq]})).status, 200);
    let now = s.call("GET", &at).bearer(&t).send();
    assert_eq!((now.json()["status"].as_str(), now.json()["assignee"].clone()), (Some("new"), Value::Null));
    assert_eq!(post("/api/v1/alerts/undo", json!({"audit_seqs": [seq]})).code(), "AURORA-4090");

    let patch = |body: Value| s.call("PATCH", &at).bearer(&t).json(&body);
    assert_eq!(patch(json!({"tags": ["a"]})).header("if-match", "\"99\"").send().code(), "AURORA-4090");
    let etag = now.header("etag").unwrap();
    assert_eq!(patch(json!({"tags": ["a"]})).header("if-match", etag).send().status, 200);
    assert_eq!(patch(json!({"status": "resolved"})).send().json()["error"]["detail"]["field"], "resolution");
    let closed = patch(json!({"status": "resolved", "resolution": "benign", "resolution_note": "known"}))
        .send()
        .json();
    assert_eq!((closed["status"].as_str(), closed["closed_at"].is_string()), (Some("resolved"), true));
    assert_eq!(post(&format!("{at}/acknowledge"), json!(null)).code(), "AURORA-4220");
    assert_eq!(
        patch(json!({"status": "investigating"})).send().json()["resolution"],
        Value::Null,
        "reopened"
    );
    assert_eq!(patch(json!({"status": "new"})).send().code(), "AURORA-4220", "not backward");

    let case = post(&format!("{at}/promote"), json!(null));
    assert_eq!(case.status, 201);
    let case_id = case.json()["case_id"].as_str().unwrap().to_owned();
    assert_eq!(case.json()["iocs"][0]["value"], "192.0.2.7");
    assert_eq!(post(&format!("{at}/promote"), json!(null)).code(), "AURORA-4090");
    let other = json!({"title": "Another", "severity": "low"});
    let other = post("/api/v1/alerts", other).json()["alert_id"].as_str().unwrap().to_owned();
    let link = |case: &str| post(&format!("/api/v1/alerts/{other}/case-link"), json!({"case_id": case}));
    assert_eq!(link("CASE-2026-99999").code(), "AURORA-4041");
    assert_eq!(link(&case_id).json()["case_id"], json!(case_id));
    let case = s.call("GET", &format!("/api/v1/cases/{case_id}")).bearer(&t).send().json();
    assert_eq!(case["alert_ids"], json!([id, other]));
    assert_eq!(post(&format!("{at}/comments"), json!({"body": "seen"})).status, 201);
    assert_eq!(s.all(&t, &format!("{at}/comments"))[0]["author"], "root");
}

#[test]
fn an_idempotency_key_makes_a_repeat_harmless() {
    let s = Server::start();
    let t = s.token("root");
    let post = |key: &str, title: &str| {
        let body = json!({"title": title, "severity": "low"});
        s.call("POST", "/api/v1/cases").bearer(&t).json(&body).header("idempotency-key", key).send()
    };
    let (first, second) = (post("k1", "one"), post("k1", "one"));
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json()["case_id"], second.json()["case_id"]);
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(post("k1", "two").code(), "AURORA-4220");
    assert_ne!(post("k2", "one").json()["case_id"], first.json()["case_id"]);
}

#[test]
fn every_change_has_exactly_one_audit_row_in_an_unbroken_chain() {
    let s = Server::start();
    let t = s.token("root");
    let rows =
        || s.call("GET", "/api/v1/audit?count=exact").bearer(&t).send().json()["total"].as_u64().unwrap();
    let one = |what: &str, status: u16, send: &dyn Fn() -> crate::served::Answer| {
        let before = rows();
        let got = send();
        assert_eq!(got.status, status, "{what}: {}", got.text());
        assert_eq!(rows() - before, 1, "{what}");
        got
    };
    let call = |method: &str, path: &str, body: Value| s.call(method, path).bearer(&t).json(&body).send();
    let alert =
        one("create", 201, &|| call("POST", "/api/v1/alerts", json!({"title": "t", "severity": "low"})))
            .json();
    let at = format!("/api/v1/alerts/{}", alert["alert_id"].as_str().unwrap());
    let done = one("patch", 200, &|| call("PATCH", &at, json!({"tags": ["x"]})));
    let seq: i64 = done.header("x-audit-seq").unwrap().parse().unwrap();
    one("undo", 200, &|| call("POST", "/api/v1/alerts/undo", json!({"audit_seqs": [seq]})));
    one("acknowledge", 200, &|| call("POST", &format!("{at}/acknowledge"), json!(null)));
    one("comment", 201, &|| call("POST", &format!("{at}/comments"), json!({"body": "b"})));
    let case = one("promote", 201, &|| call("POST", &format!("{at}/promote"), json!(null))).json();
    let link = json!({"case_id": case["case_id"]});
    one("link", 200, &|| call("POST", &format!("{at}/case-link"), link.clone()));
    one("case", 201, &|| call("POST", "/api/v1/cases", json!({"title": "t"})));
    let settings = json!({"mode": "monitor", "reason": "a test"});
    one("settings", 200, &|| call("PATCH", "/api/v1/settings/runtime", settings.clone()));
    let prefs = json!({"theme": "dark", "language": "ar", "density": "compact", "time_zone": "utc"});
    one("preferences", 200, &|| call("PUT", "/api/v1/users/me/preferences", prefs.clone()));
    let user = json!({"username": "u", "password": "a long enough password", "role": "viewer"});
    one("user", 201, &|| call("POST", "/api/v1/users", user.clone()));
    one("role", 200, &|| call("PATCH", "/api/v1/users/u", json!({"role": "analyst"})));
    one("delete user", 204, &|| call("DELETE", "/api/v1/users/u", json!(null)));
    let key = json!({"name": "k", "scopes": ["alerts:read"]});
    let key = one("key", 201, &|| call("POST", "/api/v1/auth/api-keys", key.clone())).json();
    let path = format!("/api/v1/auth/api-keys/{}", key["id"].as_str().unwrap());
    one("revoke", 204, &|| call("DELETE", &path, json!(null)));
    let pipeline = "/api/v1/detections/pipelines/p";
    let put = json!({"body": "name: p\nvars: {Admins: x}\n"});
    one("pipeline", 200, &|| call("PUT", pipeline, put.clone()));
    let put = json!({"body": "name: p\nvars: {Admins: y}\n", "enabled": false});
    one("change pipeline", 200, &|| call("PUT", pipeline, put.clone()));
    one("delete pipeline", 204, &|| call("DELETE", pipeline, json!(null)));
    one("refused login", 401, &|| {
        s.call("POST", "/api/v1/auth/session").json(&json!({"username": "root", "password": "wrong"})).send()
    });
    let new = json!({"current_password": crate::served::PASSWORD, "new_password": "another long password"});
    one("password", 204, &|| call("POST", "/api/v1/users/me/password", new.clone()));
    let text = s.call("GET", "/api/v1/audit?limit=500").bearer(&t).send().text();
    for secret in [key["secret"].as_str().unwrap(), "another long password", "a long enough password"] {
        assert!(!text.contains(secret), "a secret in the audit log");
    }
    let home = s.kill();
    let doctor =
        aurorasoc(home.path()).args(["doctor", "--data-dir"]).arg(home.path().join("ws")).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(doctor.status.success() && said.contains("the chain of hashes holds"), "{said}");
}

#[test]
fn the_command_line_works_beside_a_running_server_and_without_one() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let t = s.token("root");
    add_user(s.home.path(), "beside", "analyst");
    assert!(s.token("beside").contains('.'));
    let file = shared.join("data/evtx/parse/system.evtx");
    let import = |home: &Path| {
        aurorasoc(home).arg("import").arg(&file).arg("--data-dir").arg(home.join("ws")).output().unwrap()
    };
    let out = import(s.home.path());
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success() && said.starts_with("done: 1 files"), "{said}");
    assert!(String::from_utf8_lossy(&out.stderr).contains("it does the work"));
    assert!(s.call("GET", "/api/v1/siem/stats").bearer(&t).send().json()["events"].as_u64().unwrap() > 0);
    let home = s.kill();
    let out = import(home.path());
    assert!(
        String::from_utf8_lossy(&out.stdout).contains(" 0 new events"),
        "the same file, without the server"
    );
}

#[test]
fn scan_prints_one_match_a_line_and_says_what_it_could_not_read() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let dir = shared.join("data/evtx/parse");
    let scan = |paths: &[&Path]| {
        aurorasoc(home.path()).args(["scan", "--format", "jsonl"]).args(paths).output().unwrap()
    };
    let out = scan(&[&dir.join("system.evtx")]);
    assert_eq!(out.status.code(), Some(0), "{}", String::from_utf8_lossy(&out.stderr));
    let lines: Vec<Value> =
        String::from_utf8(out.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let first = &lines[0];
    let names: Vec<_> = first.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["rule_id", "title", "level", "file", "record_id", "timestamp", "host", "matched"]);
    assert!(first["record_id"].as_u64().unwrap() > 0 && first["host"] == "DESKTOP-2KGM189");
    let junk = home.path().join("notes.txt");
    std::fs::write(&junk, "hello \u{1b}[31m").unwrap();
    let out = scan(&[&junk]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("not read"));
}

#[test]
fn a_server_on_the_network_wants_a_proxy() {
    let home = tempfile::tempdir().unwrap();
    let out = aurorasoc(home.path()).args(["serve", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("--behind-proxy"));
}
