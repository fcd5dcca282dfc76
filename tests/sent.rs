//! POST /siem/logs/ingest: what is sent is stored, matched, counted once, and said.

use crate::served::{Answer, PASSWORD, Server};
use serde_json::{Value, json};

const INGEST: &str = "/api/v1/siem/logs/ingest";
const RULE_ID: &str = "00000000-0000-4000-8000-000000000001";

fn rule(logsource: &str, selection: &str) -> Value {
    json!({"body": format!(
        "title: Sent\nid: {RULE_ID}\nstatus: test\nlevel: high\nlogsource: {logsource}\n\
         detection:\n  s: {selection}\n  condition: s\n"
    )})
}

/// A start of a process as Sysmon's exports have it.
fn start(n: u64) -> Value {
    json!({
        "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Computer": "ws1.example.org",
        "UtcTime": "2024-05-01 10:00:00.000", "TimeCreated": "2024-05-01T10:00:00Z", "EventRecordID": n,
        "Image": "C:\\Temp\\evil.exe", "User": "EXAMPLE\\ann", "more": {"of": ["ours", n]}
    })
}

struct Sender<'s> {
    s: &'s Server,
    token: String,
}

impl Sender<'_> {
    fn bytes(&self, kind: &str, body: &[u8]) -> Answer {
        self.s.call("POST", INGEST).bearer(&self.token).bytes(kind, body).send()
    }

    fn json(&self, body: &Value) -> Value {
        let got = self.bytes("application/json", body.to_string().as_bytes());
        assert_eq!(got.status, 200, "{}", got.text());
        got.json()
    }

    fn get(&self, path: &str) -> Value {
        self.s.call("GET", path).bearer(&self.token).send().json()
    }
}

fn counts(answer: &Value) -> [u64; 3] {
    ["accepted", "duplicates", "rejected_total"].map(|k| answer[k].as_u64().unwrap())
}

#[test]
fn what_is_sent_is_stored_matched_and_counted_once() {
    let s = Server::start();
    let u = Sender { s: &s, token: s.token("root") };
    let made = rule("{product: windows, category: process_creation}", "{Image|endswith: \\evil.exe}");
    let made = s.call("POST", "/api/v1/detections/rules").bearer(&u.token).json(&made).send();
    assert_eq!(made.status, 201, "{}", made.text());

    assert_eq!(counts(&u.json(&start(1))), [1, 0, 0], "one object");
    assert_eq!(counts(&u.json(&json!([start(1), start(2), start(2)]))), [1, 2, 0], "an array");
    let lines = format!("{}\n\n{}\n{{\"a\": \n17\n{}\n", start(2), start(3), start(4));
    let got = u.bytes("application/x-ndjson", lines.as_bytes());
    assert_eq!(got.status, 200, "{}", got.text());
    let got = got.json();
    let [accepted, duplicates, rejected] = counts(&got);
    assert_eq!((accepted, duplicates), (2, 1), "NDJSON with broken lines: {got}");
    let refused = got["rejected"].as_array().unwrap();
    assert_eq!((refused.len() as u64, &refused[0]["index"]), (rejected, &json!(2)), "{got}");
    assert_eq!(refused[0]["code"], "AURORA-4220");
    assert!(refused[0]["message"].as_str().unwrap().starts_with("line 4: "), "{got}");

    let logs = u.get("/api/v1/siem/logs");
    assert_eq!(logs["total"], 4, "{logs}");
    let log = &logs["items"][0];
    assert_eq!(
        [&log["source"], &log["dataset"], &log["host"], &log["timestamp"]],
        [
            &json!("api:root"),
            &json!("windows.sysmon"),
            &json!("ws1.example.org"),
            &json!("2024-05-01T10:00:00.000Z")
        ],
        "{log}"
    );
    assert_eq!(log["fields"]["more.of"][0], "ours", "unknown fields stay: {log}");
    let raw = u.get(&format!("/api/v1/siem/logs/{}?raw=true", log["log_id"].as_str().unwrap()));
    assert!(raw["raw_missing"].as_str().is_some_and(|why| why.contains("not kept")), "{raw}");

    let alerts = u.get(&format!("/api/v1/alerts?rule_id={RULE_ID}"));
    assert_eq!((&alerts["total"], &alerts["items"][0]["event_count"]), (&json!(1), &json!(4)), "{alerts}");
    let rows = u.get("/api/v1/audit?action=logs.ingest&limit=10");
    assert_eq!(rows["total"], 3, "one row a call: {rows}");
    let newest = &rows["items"][0];
    assert_eq!((&newest["object"]["id"], &newest["actor"]), (&json!("api:root"), &json!("root")), "{newest}");
    assert_eq!(newest["after"]["accepted"], 2, "{newest}");
    assert_eq!(u.get("/api/v1/audit?action=alert.raise")["total"], 0, "alerts are in the row of the call");

    // Acknowledged is durable: nobody says goodbye to the server.
    let s = Server::on(s.kill());
    let u = Sender { s: &s, token: s.token("root") };
    assert_eq!(u.get("/api/v1/siem/logs")["total"], 4);
    assert_eq!(counts(&u.json(&start(4))), [0, 1, 0]);
}

#[test]
fn each_sender_has_a_source_and_a_key_repeats_nothing() {
    let s = Server::start();
    let admin = s.token("root");
    let service = json!({"username": "shipper", "role": "api_service"});
    assert_eq!(s.call("POST", "/api/v1/users").bearer(&admin).json(&service).send().status, 201);
    let key = json!({"name": "edge/one", "scopes": ["siem:write"], "owner": "shipper"});
    let key = s.call("POST", "/api/v1/auth/api-keys").bearer(&admin).json(&key).send().json();
    let key = key["secret"].as_str().unwrap();
    let event = json!({"message": "the same text", "@timestamp": "2024-05-01T10:00:00Z"});
    let by_key = || s.call("POST", INGEST).header("x-api-key", key).json(&event);
    let first = by_key().header("idempotency-key", "k1").send();
    assert_eq!(counts(&first.json()), [1, 0, 0]);
    let again = by_key().header("idempotency-key", "k1").send();
    assert_eq!((again.status, again.json()), (200, first.json()), "the first answer again");
    let other = s.call("POST", INGEST).header("x-api-key", key).header("idempotency-key", "k1");
    assert_eq!(other.json(&json!({"message": "another"})).send().code(), "AURORA-4220");
    assert_eq!(counts(&by_key().send().json()), [0, 1, 0]);
    let u = Sender { s: &s, token: admin };
    assert_eq!(counts(&u.json(&event)), [1, 0, 0], "another sender's event is another event");
    let sources: Vec<_> =
        u.get("/api/v1/siem/logs")["items"].as_array().unwrap().iter().map(|l| l["source"].clone()).collect();
    assert!(sources.contains(&json!("api:root")) && sources.contains(&json!("api:one")), "{sources:?}");
    assert_eq!(u.get("/api/v1/audit?action=logs.ingest")["total"], 3, "a repeat under a key is no call");
}

#[test]
fn what_is_not_taken_says_why_and_stores_nothing() {
    let s = Server::start();
    let viewer = json!({"username": "eve", "password": PASSWORD, "role": "viewer"});
    let u = Sender { s: &s, token: s.token("root") };
    assert_eq!(s.call("POST", "/api/v1/users").bearer(&u.token).json(&viewer).send().status, 201);
    let event = json!({"a": 1});
    assert_eq!(s.call("POST", INGEST).json(&event).send().code(), "AURORA-4010");
    assert_eq!(s.call("POST", INGEST).bearer(&s.token("eve")).json(&event).send().code(), "AURORA-4030");
    let why = |got: Answer| {
        let detail = &got.json()["error"]["detail"];
        format!("{} {} {}", got.code(), detail["field"].as_str().unwrap(), detail["reason"].as_str().unwrap())
    };
    assert_eq!(why(u.bytes("application/json", b" \n")), "AURORA-4220 body there is no JSON value in it");
    assert!(why(u.bytes("application/xml", b"<a/>")).contains("content-type"));
    let packed = s.call("POST", INGEST).bearer(&u.token).bytes("application/json", b"x");
    assert!(why(packed.header("content-encoding", "gzip").send()).contains("content-encoding"));
    let large = vec![b' '; (64 << 20) + 1];
    assert_eq!(why(u.bytes("application/json", &large)), "AURORA-4220 body too large");
    assert_eq!(u.get("/api/v1/siem/logs")["total"], 0);
    assert_eq!(u.get("/api/v1/audit?action=logs.ingest")["total"], 0);

    // A large one is read in pieces: what it takes does not grow with it.
    let lines = |from: u64, bytes: usize| {
        let mut lines = Vec::with_capacity(bytes);
        for n in from.. {
            if lines.len() > bytes - 2_000 {
                break;
            }
            lines.extend(format!("{{\"n\": {n}, \"text\": \"{}\"}}\n", "x".repeat(900)).into_bytes());
        }
        lines
    };
    let send = |lines: &[u8]| {
        let got = u.bytes("application/x-ndjson", lines);
        assert_eq!(got.status, 200, "{}", got.text());
        let sent = lines.iter().filter(|b| **b == b'\n').count() as u64;
        assert_eq!(counts(&got.json()), [sent, 0, 0]);
        s.peak_memory()
    };
    // The log store's cache of pages is full after these.
    let small = (0..5).map(|n| send(&lines(n * 1_000_000, 16 << 20))).max().unwrap();
    let large = send(&lines(9_000_000, 64 << 20));
    assert!(large < small + (32 << 20), "{large} bytes for 64 MiB, {small} for 16 MiB");
}
