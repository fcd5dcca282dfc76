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
fn undo_gives_back_what_was_and_nothing_that_the_log_masks() {
    let s = Server::start();
    let t = s.token("root");
    let call = |method: &str, path: &str, body: Value| s.call(method, path).bearer(&t).json(&body).send();
    let meta = json!({"exit_code": 3, "token": "abc"});
    let made =
        call("POST", "/api/v1/alerts", json!({"title": "u", "severity": "low", "metadata": meta})).json();
    let id = made["alert_id"].as_str().unwrap();
    let at = format!("/api/v1/alerts/{id}");
    let undo = |done: &crate::served::Answer| {
        let seq: i64 = done.header("x-audit-seq").unwrap().parse().unwrap();
        call("POST", "/api/v1/alerts/undo", json!({"audit_seqs": [seq]}))
    };
    let tagged = call("PATCH", &at, json!({"tags": ["x"]}));
    assert_eq!(undo(&tagged).status, 200);
    let now = || s.call("GET", &at).bearer(&t).send().json();
    assert_eq!((&now()["tags"], &now()["metadata"]), (&json!([]), &meta));
    let emptied = call("PATCH", &at, json!({"metadata": {}}));
    let refused = undo(&emptied);
    assert_eq!(refused.code(), "AURORA-4090");
    assert!(refused.text().contains("masks"), "{}", refused.text());
    assert_eq!(now()["metadata"], json!({}), "and no mask in its place");
    let code = call("PATCH", &at, json!({"metadata": {"status_code": "404"}}));
    assert_eq!(code.status, 200);
    assert_eq!(undo(&call("PATCH", &at, json!({"metadata": {}}))).status, 200);
    assert_eq!(now()["metadata"], json!({"status_code": "404"}));

    let case = call("POST", "/api/v1/cases", json!({"title": "c"})).json();
    let case = case["case_id"].as_str().unwrap();
    let linked = call("POST", &format!("{at}/case-link"), json!({"case_id": case}));
    assert_eq!(undo(&linked).status, 200);
    let left = s.call("GET", &format!("/api/v1/cases/{case}")).bearer(&t).send().json();
    assert_eq!((&now()["case_id"], &left["alert_ids"]), (&Value::Null, &json!([])));

    let body = json!({"username": "ann", "password": crate::served::PASSWORD, "role": "analyst"});
    assert_eq!(call("POST", "/api/v1/users", body).status, 201);
    let mine = call("PATCH", &at, json!({"tags": ["y"]}));
    let seq: i64 = mine.header("x-audit-seq").unwrap().parse().unwrap();
    let by_ann =
        s.call("POST", "/api/v1/alerts/undo").bearer(&s.token("ann")).json(&json!({"audit_seqs": [seq]}));
    assert_eq!(by_ann.send().code(), "AURORA-4090", "another's act");
}

#[test]
fn a_source_is_looked_at_before_and_after_and_a_change_meanwhile_is_told() {
    let s = Server::start();
    let t = s.token("root");
    let file = s.home.path().join("lines.json");
    std::fs::write(&file, "{\"a\": 1}\n{\"a\": 2}\n").unwrap();
    let import = || {
        let mut import = aurorasoc(s.home.path());
        import.arg("import").arg(&file).arg("--data-dir").arg(s.ws()).stdout(std::process::Stdio::null());
        import.spawn().unwrap()
    };
    assert!(import().wait().unwrap().success());
    let read = s.settle(&t)["result"]["file_list"][0].clone();
    let meta = std::fs::metadata(&file).unwrap();
    assert_eq!((&read["before"], &read["unchanged"]), (&read["after"], &json!(true)));
    assert_eq!((&read["before"]["size"], &read["before"]["sha256"]), (&json!(meta.len()), &read["sha256"]));

    std::fs::write(&file, "{\"a\": 3}\n").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let brake = runtime.block_on(async { crate::drive::store::Brake::on(&s.ws()) });
    let mut importing = import();
    let now = || s.call("GET", "/api/v1/jobs?limit=1").bearer(&t).send().json()["items"][0].clone();
    while now()["status"] != "running" || now()["result"]["file_list"][0]["before"].is_null() {
        crate::drive::watch::pause();
    }
    std::fs::write(&file, "{\"a\": 4, \"more\": true}\n").unwrap();
    drop(brake);
    importing.wait().unwrap();
    let job = s.settle(&t);
    let read = &job["result"]["file_list"][0];
    assert_eq!(read["unchanged"], json!(false), "{job}");
    assert_ne!(read["before"]["sha256"], read["after"]["sha256"]);
    assert!(job["skipped"].to_string().contains("changed while it was read"), "{job}");
}

#[test]
fn sources_are_not_kept_where_that_is_switched_off_and_the_raw_view_says_so() {
    let s = Server::start();
    let t = s.token("root");
    let off = json!({"keep_sources": false, "reason": "a test"});
    assert_eq!(s.call("PATCH", "/api/v1/settings/runtime").bearer(&t).json(&off).send().status, 200);
    let job = s.import(&t, "a.json", b"{\"a\": \"told\"}");
    assert_eq!((&job["status"], &job["result"]["events"]), (&json!("done"), &json!(1)), "{job}");
    let kept = walkdir(&s.ws().join("content"));
    assert!(kept.is_empty(), "{kept:?}");
    let log = s.call("GET", "/api/v1/siem/logs?q=told").bearer(&t).send().json();
    assert_eq!((log["total"].as_u64(), &log["total_is_lower_bound"]), (Some(1), &json!(false)));
    let id = log["items"][0]["log_id"].as_str().unwrap();
    let detail = s.call("GET", &format!("/api/v1/siem/logs/{id}?raw=true")).bearer(&t).send().json();
    assert!(
        detail["raw"].is_null() && detail["raw_missing"].as_str().unwrap().contains("not kept"),
        "{detail}"
    );
}

/// Files of any depth.
fn walkdir(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.flat_map(|e| if e.path().is_dir() { walkdir(&e.path()) } else { vec![e.path()] }).collect()
}

#[test]
fn a_grown_text_adds_its_tail_alone_and_lines_that_stand_elsewhere_are_told() {
    let s = Server::start();
    let t = s.token("root");
    let line = |n: u32| format!("2024-03-07T04:02:{n:02}Z web app[7]: visit {n}\n");
    let lines = |numbers: std::ops::Range<u32>| numbers.map(line).collect::<String>();
    let read = |name: &str, text: &str| {
        let job = s.import(&t, name, text.as_bytes());
        let file = job["result"]["file_list"][0].clone();
        assert_eq!(file["state"], "done", "{job}");
        (
            file["events"].as_u64(),
            file["duplicates"].as_u64(),
            file["grown_from"].as_u64(),
            file["equal"].as_u64(),
        )
    };
    // It ends in the middle of a line, as a file does that is being written.
    let first = lines(0..10) + "2024-03-07T04:02:10Z web app[7]: vi";
    assert_eq!(read("app.log", &first), (Some(11), Some(0), None, Some(0)));
    let second = lines(0..16);
    let size = |text: &str| Some(text.len() as u64);
    assert_eq!(read("app.log", &second), (Some(6), Some(10), size(&first), Some(0)));
    assert_eq!(read("copy.log", &second), (Some(0), Some(16), size(&first), Some(0)), "the same again");
    // Grown once more, above the size by which beginnings are told apart.
    let third = lines(0..60) + &lines(0..60) + &"2024-03-07T04:03:00Z web app[7]: end\n".repeat(60);
    let (events, duplicates, from, _) = read("moved/app.log", &third);
    assert_eq!((events, duplicates, from), (Some(164), Some(16), size(&second)));
    let fourth = third.clone() + &line(7);
    assert_eq!(read("app.log", &fourth).0, Some(1));
    // Another beginning: nothing grew, so all goes in, and it is told what stands in the other sources too.
    let other = "2024-03-07T04:01:00Z web app[7]: start\n".to_owned() + &lines(3..8);
    assert_eq!(read("other.log", &other), (Some(6), Some(0), None, Some(5)));
    let total = s.call("GET", "/api/v1/siem/stats").bearer(&t).send().json()["events"].clone();
    assert_eq!(total, 11 + 6 + 164 + 1 + 6);
}

#[test]
fn an_upload_sent_again_under_its_key_is_one_import() {
    let s = Server::start();
    let t = s.token("root");
    let post = |key: &str, body: &str| {
        let call = s.call("POST", "/api/v1/imports?name=a").bearer(&t).header("idempotency-key", key);
        call.bytes("application/octet-stream", body.as_bytes()).send()
    };
    let (first, again) = (post("k", "{\"a\": 1}"), post("k", "{\"a\": 1}"));
    assert_eq!((first.status, again.status), (202, 202), "{}", again.text());
    assert_eq!(first.text(), again.text());
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(post("k", "{\"a\": 2}").code(), "AURORA-4220");
    s.settle(&t);
    assert_eq!(s.call("GET", "/api/v1/jobs").bearer(&t).send().json()["total"], 1);
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
