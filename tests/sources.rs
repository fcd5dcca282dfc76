//! Sources as users meet them: listed with what is missing in them, and removed as a whole with all that only they hold.

use crate::served::{Answer, Server, add_user, aurorasoc, shared};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

const SOURCES: &str = "/api/v1/siem/sources";
/// Head and chunks of an EVTX file (libevtx, "Windows XML Event Log (EVTX) format").
const HEAD: usize = 4096;
const CHUNK: usize = 65_536;

struct User<'a> {
    s: &'a Server,
    token: String,
}

impl<'a> User<'a> {
    fn root(s: &'a Server) -> Self {
        User { s, token: s.token("root") }
    }

    fn get(&self, path: &str) -> Value {
        let got = self.s.call("GET", path).bearer(&self.token).send();
        assert_eq!(got.status, 200, "{path}: {}", got.text());
        got.json()
    }

    /// The one whose label ends so.
    fn source(&self, label: &str) -> Value {
        let all = self.s.all(&self.token, SOURCES);
        all.into_iter().find(|s| s["source"].as_str().unwrap().ends_with(label)).unwrap()
    }

    fn delete(&self, id: &Value) -> Answer {
        let path = format!("{SOURCES}/{}", id.as_str().unwrap());
        self.s.call("DELETE", &path).bearer(&self.token).send()
    }

    fn remove(&self, id: &Value) -> Value {
        let got = self.delete(id);
        assert_eq!(got.status, 202, "{}", got.text());
        let job = self.s.settle(&self.token);
        assert_eq!((&job["status"], &job["kind"]), (&json!("done"), &json!("source_removal")), "{job}");
        job["result"].clone()
    }

    fn events(&self) -> BTreeSet<String> {
        let all = self.s.all(&self.token, "/api/v1/siem/logs");
        all.iter().map(|e| e["log_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Alerts of rules on single events, as far as two workspaces can agree on them.
    fn alerts(&self) -> BTreeSet<String> {
        let all = self.s.all(&self.token, "/api/v1/alerts");
        let one = |a: &Value| {
            let fields = ["rule_id", "first_seen", "last_seen", "event_count"].map(|n| a[n].to_string());
            fields.join(" ")
        };
        all.iter().filter(|a| a["source"] == "sigma").map(one).collect()
    }
}

/// A rule that finds every event of a Security log: one alert an hour, so that what goes shares alerts with what stays.
fn any(u: &User<'_>) {
    let rule = "title: Any\nid: 00000000-0000-4000-8000-0000000000ab\nstatus: test\nlevel: low\n\
        logsource: {product: windows, service: security}\ndetection:\n  s: {Channel: Security}\n  condition: s\n";
    let made =
        u.s.call("POST", "/api/v1/detections/rules").bearer(&u.token).json(&json!({"body": rule})).send();
    assert_eq!(made.status, 201, "{}", made.text());
}

/// The head of an EVTX file and some of its chunks.
fn chunks(file: &[u8], wanted: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let mut out = file[..HEAD].to_vec();
    for n in wanted {
        out.extend(file.iter().skip(HEAD + n * CHUNK).take(CHUNK));
    }
    out
}

fn doctor(ws: &Path, home: &Path) -> String {
    let out = aurorasoc(home).arg("doctor").arg("--data-dir").arg(ws).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{said}");
    said
}

#[test]
fn of_two_that_overlap_one_goes_with_what_only_it_holds() {
    let Some(shared) = shared() else { return };
    let whole = std::fs::read(shared.join("data/evtx/parse/security.evtx")).unwrap();
    let (first, second) = (chunks(&whole, 0..20), chunks(&whole, 12..33));
    let alone = Server::start();
    let right = User::root(&alone);
    any(&right);
    alone.import(&right.token, "second.evtx", &second);

    let s = Server::start();
    let u = User::root(&s);
    any(&u);
    s.import(&u.token, "first.evtx", &first);
    s.import(&u.token, "second.evtx", &second);
    let both = u.events();
    let (a, b) = (u.source("first.evtx"), u.source("second.evtx"));
    let list = u.get(SOURCES);
    assert_eq!((list["total"].as_u64(), list["items"][0]["source"].as_str()), (Some(2), Some("second.evtx")));
    let n = |v: &Value, name: &str| v[name].as_u64().unwrap();
    let of_b = right.events();
    assert_eq!(n(&b, "events"), of_b.len() as u64, "all that it holds");
    assert_eq!(n(&a, "events") + n(&b, "events") - n(&b, "duplicates"), both.len() as u64);
    assert!(n(&b, "duplicates") > 100 && n(&a, "duplicates") == 0, "{b}");
    let goes = both.difference(&of_b).count() as u64;
    assert_eq!(n(&a["removal"], "events"), goes);
    assert_eq!(n(&a["removal"], "bytes"), first.len() as u64);
    assert_eq!(
        (&a["dataset"], &a["format"], &a["kept"]),
        (&json!("windows.security"), &json!("evtx"), &json!(true))
    );

    let before = s.all(&u.token, "/api/v1/alerts").len() as u64;
    let detail = u.get(&format!("{SOURCES}/{}", a["source_id"].as_str().unwrap()));
    assert_eq!(detail["removal"]["alerts"], a["removal"]["alerts"], "list and detail say the same");
    let skipped = &detail["import"]["skipped"];
    assert!(
        skipped.as_array().unwrap().len() == 1
            && skipped[0]["reason"].as_str().unwrap().contains("ends early"),
        "{skipped}"
    );
    assert_eq!((&detail["cases"], &detail["importing"]), (&json!([]), &json!(false)));
    let result = u.remove(&a["source_id"]);
    let after = s.all(&u.token, "/api/v1/alerts");
    assert_eq!(n(&result, "events"), goes);
    assert_eq!(n(&result, "events_kept"), n(&b, "duplicates"));
    assert_eq!(n(&result, "bytes"), first.len() as u64);
    assert_eq!(n(&result, "alerts"), n(&detail["removal"], "alerts"));
    assert_eq!(n(&result, "alerts_reduced"), n(&detail, "alerts_reduced"));
    assert_eq!(before - after.len() as u64, n(&result, "alerts"));
    assert!(n(&result, "alerts") > 0 && n(&result, "alerts_reduced") > 0, "both kinds: {result}");

    // What is left is what the second one alone would have given.
    assert_eq!(u.events(), of_b);
    assert_eq!(u.alerts(), right.alerts());
    for a in &after {
        let path = format!("/api/v1/alerts/{}/events", a["alert_id"].as_str().unwrap());
        let events = s.all(&u.token, &path);
        assert!(events.iter().all(|e| of_b.contains(e["log"]["log_id"].as_str().unwrap())), "{a}");
    }
    let b = u.source("second.evtx");
    assert_eq!((n(&b, "events"), n(&b, "duplicates")), (of_b.len() as u64, 0));
    assert_eq!(u.delete(&a["source_id"]).code(), "AURORA-4040", "it is gone");
    assert_eq!(u.get(SOURCES)["total"], 1);

    // Again, and it is as before.
    s.import(&u.token, "first.evtx", &first);
    assert_eq!(u.events(), both);
    assert_eq!(u.source("first.evtx")["events"], a["events"]);
    let ws = s.ws();
    let home = s.kill();
    assert!(doctor(&ws, home.path()).contains("totals agree"));
}

#[test]
fn a_case_and_an_import_under_way_hold_a_source_back() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    let log = std::fs::read(shared.join("data/evtx/parse/security.evtx")).unwrap();
    s.import(&u.token, "security.evtx", &log);
    let source = u.source("security.evtx");
    let alert = u.get("/api/v1/alerts?limit=1")["items"][0]["alert_id"].as_str().unwrap().to_owned();
    let promoted = s.call("POST", &format!("/api/v1/alerts/{alert}/promote")).bearer(&u.token).send();
    assert_eq!(promoted.status, 201, "{}", promoted.text());
    let case = promoted.json()["case_id"].clone();
    let (events, alerts) = (u.events(), u.alerts());
    let got = u.delete(&source["source_id"]);
    assert_eq!(got.code(), "AURORA-4090");
    let said = got.json()["error"]["detail"].clone();
    assert_eq!(said["cases"], json!([{"case_id": case, "alerts": 1}]), "{said}");
    let detail = u.get(&format!("{SOURCES}/{}", source["source_id"].as_str().unwrap()));
    assert_eq!(detail["cases"], said["cases"]);
    assert_eq!((u.events(), u.alerts()), (events, alerts), "nothing changed");
    // Who may not write may not remove, and does not learn whether it is there.
    add_user(s.home.path(), "vera", "viewer");
    let vera = User { s: &s, token: s.token("vera") };
    assert_eq!(vera.delete(&source["source_id"]).code(), "AURORA-4030");
    assert_eq!(vera.source("security.evtx")["source_id"], source["source_id"], "but reads it");

    // A paused import stands in the middle of a file: it would go on without its beginning.
    let many = "{\"a\": \"some text of a line\", \"b\": 1}\n".repeat(400_000);
    let call = s.call("POST", "/api/v1/imports?name=many.json").bearer(&u.token);
    let job = call.bytes("application/octet-stream", many.as_bytes()).send().json();
    let job = format!("/api/v1/jobs/{}", job["job_id"].as_str().unwrap());
    while u.get(&job)["done"] == 0 {
        crate::drive::watch::pause();
    }
    assert_eq!(s.call("POST", &format!("{job}/pause")).bearer(&u.token).send().status, 200);
    s.settle(&u.token);
    assert_eq!(u.get(&job)["status"], "paused");
    let half = u.source("many.json");
    let got = u.delete(&half["source_id"]);
    assert_eq!(got.code(), "AURORA-4090");
    assert!(got.text().contains("has not ended"), "{}", got.text());
    assert_eq!(s.call("POST", &format!("{job}/cancel")).bearer(&u.token).send().status, 200);
    s.settle(&u.token);
    let held = half["events"].clone();
    let result = u.remove(&half["source_id"]);
    assert!(result["events"].as_u64() >= held.as_u64(), "{result}");
    // A version that is not the newest is no permission to remove.
    let path = format!("{SOURCES}/{}", source["source_id"].as_str().unwrap());
    let old = s.call("DELETE", &path).bearer(&u.token).header("if-match", "\"1\"").send();
    assert!(old.code() == "AURORA-4090" && old.text().contains("changed since"), "{}", old.text());
}

/// Windows events as JSON lines: of each number, its minute.
fn lines(numbers: impl IntoIterator<Item = (u64, i64)>) -> String {
    let start = 1_767_225_600_i64;
    let mut out = String::new();
    for (number, minute) in numbers {
        let at = api::Time((start + minute * 60) * 1000);
        let id = if number == 77 { 1102 } else { 4624 };
        out += &format!(
            "{{\"@timestamp\":\"{at}\",\"Channel\":\"Security\",\"Computer\":\"DC1.corp.example\",\"EventID\":{id},\
             \"EventRecordID\":{number},\"Provider_Name\":\"Microsoft-Windows-Security-Auditing\",\"SubjectUserName\":\"eve\",\
             \"SubjectDomainName\":\"CORP\",\"n\":{number}}}\n"
        );
    }
    out
}

#[test]
fn what_is_not_there_is_said() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    // One a minute for ten hours, without numbers 100 to 109 and without the fifth hour.
    let numbers = (0..600_u64).filter(|n| !(100..110).contains(n) && !(240..300).contains(n));
    s.import(&u.token, "holes.json", lines(numbers.map(|n| (n, n.cast_signed()))).as_bytes());
    let source = u.source("holes.json");
    let gaps = source["gaps"].as_array().unwrap();
    let brief = |g: &Value| (g["kind"].clone(), g["first"].clone(), g["last"].clone(), g["missing"].clone());
    let told: Vec<_> = gaps.iter().map(brief).collect();
    let none = Value::Null;
    assert_eq!(
        told,
        [
            (json!("log_cleared"), none.clone(), none.clone(), none.clone()),
            (json!("records_missing"), json!(100), json!(109), json!(10)),
            (json!("records_missing"), json!(240), json!(299), json!(60)),
            (json!("quiet_hours"), none.clone(), none, json!(1)),
        ],
        "{source}"
    );
    assert_eq!(source["gaps_total"], 4);
    assert_eq!((&gaps[0]["by"], &gaps[0]["channel"]), (&json!("CORP\\eve"), &json!("Security")));
    assert_eq!(
        (&gaps[3]["from"], &gaps[3]["to"]),
        (&json!("2026-01-01T04:00:00.000Z"), &json!("2026-01-01T05:00:00.000Z"))
    );
    assert_eq!(gaps[1]["host"], "DC1.corp.example");
    assert_eq!(
        (&source["first_seen"], source["events"].as_u64()),
        (&json!("2026-01-01T00:00:00.000Z"), Some(530))
    );
    let log = u.get(&format!("/api/v1/siem/logs/{}", gaps[0]["log_id"].as_str().unwrap()));
    assert_eq!(log["fields"]["EventID"], 1102);
    // The missing ones come in another file: each file says what it lacks itself.
    s.import(&u.token, "rest.json", lines((95..115_u64).map(|n| (n, n.cast_signed()))).as_bytes());
    assert_eq!(u.source("holes.json")["gaps_total"], 4);
    assert_eq!(u.source("rest.json")["gaps_total"], 0);

    // A real log without some of its chunks: what is missing is what the whole one has there.
    let whole = std::fs::read(shared.join("data/evtx/parse/security.evtx")).unwrap();
    let other = Server::start();
    let right = User::root(&other);
    let part = |range: std::ops::Range<usize>| {
        let job = other.import(&right.token, "part.evtx", &chunks(&whole, range));
        assert_eq!(job["status"], "done", "{job}");
        let all = other.all(&right.token, "/api/v1/siem/logs");
        let numbers =
            all.iter().map(|e| e["fields"]["EventRecordID"].as_u64().unwrap()).collect::<BTreeSet<_>>();
        (*numbers.first().unwrap(), *numbers.last().unwrap())
    };
    let (before, _) = (part(0..5), part(0..0));
    let all = part(0..33);
    s.import(&u.token, "torn.evtx", &chunks(&whole, (0..5).chain(9..33)));
    let torn = u.source("torn.evtx");
    let holes: Vec<_> =
        torn["gaps"].as_array().unwrap().iter().filter(|g| g["kind"] == "records_missing").collect();
    assert_eq!(holes[0]["first"].as_u64(), Some(before.1 + 1), "{torn}");
    let missing: u64 = holes.iter().map(|g| g["missing"].as_u64().unwrap()).sum();
    let held = torn["events"].as_u64().unwrap();
    assert_eq!(missing, all.1 - all.0 + 1 - held);
}

#[test]
fn the_list_is_sorted_filtered_and_paged() {
    let s = Server::start();
    let u = User::root(&s);
    for (name, lines) in [("b.json", 3), ("A.json", 9), ("c.log.json", 5), ("d.json", 1)] {
        let text: String = (0..lines)
            .map(|n| {
                format!("{{\"message\": \"{name} {n}\", \"@timestamp\": \"2026-01-0{}T00:00:00Z\"}}\n", n + 1)
            })
            .collect();
        s.import(&u.token, name, text.as_bytes());
    }
    let labels = |query: &str| {
        let all = s.all_by(&u.token, &format!("{SOURCES}?limit=2&{query}"));
        all.iter().map(|s| s["source"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(labels("sort=source"), ["A.json", "b.json", "c.log.json", "d.json"]);
    assert_eq!(labels("sort=-events"), ["A.json", "c.log.json", "b.json", "d.json"]);
    assert_eq!(labels("sort=bytes")[0], "d.json");
    assert_eq!(labels("sort=last_seen")[0], "d.json");
    assert_eq!(labels("sort=-created_at"), ["d.json", "c.log.json", "A.json", "b.json"]);
    assert_eq!(labels("q=LOG"), ["c.log.json"]);
    assert_eq!(labels("sort=gaps&q=json").len(), 4);
    assert_eq!(labels("status=connected,stale").len(), 4, "just imported");
    assert!(labels("status=disconnected").is_empty() && labels("dataset=windows.security").is_empty());
    let page = u.get(&format!("{SOURCES}?limit=1&q=json"));
    assert_eq!((&page["total"], &page["total_is_lower_bound"]), (&json!(4), &json!(false)));
    let a = u.source("A.json");
    assert_eq!(a["rate"].as_f64(), Some(0.0), "nine events in eight days: {a}");
    for bad in ["sort=colour", "cursor=x", "status=gone", "limit=0", "nonsense=1"] {
        let got = s.call("GET", &format!("{SOURCES}?{bad}")).bearer(&u.token).send();
        assert_eq!(got.code(), "AURORA-4220", "{bad}");
    }
}

/// A copy of a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_removal_that_is_killed_ends_whole_or_removed() {
    let Some(shared) = shared() else { return };
    let rule = "title: Any\nid: 00000000-0000-4000-8000-0000000000aa\nstatus: test\nlevel: low\n\
        logsource: {product: windows, service: security}\ndetection:\n  s: {n|endswith: '7'}\n  condition: s\n";
    let s = Server::start();
    let u = User::root(&s);
    let made =
        s.call("POST", "/api/v1/detections/rules").bearer(&u.token).json(&json!({"body": rule})).send();
    assert_eq!(made.status, 201, "{}", made.text());
    let log = std::fs::read(shared.join("data/evtx/parse/sysmon.evtx")).unwrap();
    s.import(&u.token, "stays.evtx", &log);
    let stays = (u.events().len(), u.alerts());
    s.import(&u.token, "goes.json", lines((0..60_000_u64).map(|n| (n, n.cast_signed() / 50))).as_bytes());
    let id = u.source("goes.json")["source_id"].clone();
    let alerts = u.alerts().len();
    assert!(alerts > stays.1.len() + 10, "{alerts}");
    let outcome = |u: &User<'_>| {
        let all = u.get("/api/v1/siem/stats")["events"].as_u64().unwrap();
        (all, u.alerts().len(), u.get(SOURCES)["total"].as_u64().unwrap())
    };
    let whole = outcome(&u);
    let home = s.stop();
    let kills: u32 = std::env::var("AURORASOC_KILLS").ok().and_then(|k| k.parse().ok()).unwrap_or(6);
    let (mut took, mut cut) = (Duration::from_secs(60), 0);
    for n in 0..=kills {
        let copied = tempfile::Builder::new().prefix("aurora-kill-").tempdir().unwrap();
        copy(&home.path().join("ws"), &copied.path().join("ws"));
        let s = Server::on(copied);
        let u = User::root(&s);
        let started = Instant::now();
        let got = u.delete(&id);
        assert_eq!(got.status, 202, "{}", got.text());
        // The first one is left alone, to see how long a whole one takes.
        let s = if n == 0 {
            s.settle(&u.token);
            took = started.elapsed();
            s
        } else {
            let until = took * (n - 1) / kills;
            while started.elapsed() < until {
                std::thread::yield_now();
            }
            let home = s.kill();
            let s = Server::on(home);
            let t = s.token("root");
            cut += u32::from(
                s.call("GET", "/api/v1/jobs?status=queued,running").bearer(&t).send().json()["total"] != 0,
            );
            s
        };
        let u = User::root(&s);
        let job = s.settle(&u.token);
        assert_eq!(
            (&job["status"], &job["result"]["events"]),
            (&json!("done"), &json!(60_000)),
            "{n}: {job}"
        );
        assert_eq!(outcome(&u), (stays.0 as u64, stays.1.len(), 1), "killed at {n}/{kills} of {took:?}");
        assert_eq!(u.alerts(), stays.1);
        let kept = s.ws().join("content").join(&id.as_str().unwrap()[..2]).join(&id.as_str().unwrap()[2..]);
        assert!(!kept.exists(), "its file is gone");
        let ws = s.ws();
        let home = s.stop();
        assert!(doctor(&ws, home.path()).contains("totals agree"));
    }
    assert!(cut > 0, "no kill came in the middle: {took:?}");
    // Until somebody asks for its removal it is whole.
    let s = Server::on(home);
    assert_eq!(outcome(&User::root(&s)), whole);
}
