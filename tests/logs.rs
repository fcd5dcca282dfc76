//! Looking for events: what queries find, what is said where nothing is found, and the file read by somebody else.

#![allow(clippy::disallowed_methods, reason = "tests start Python")]

use crate::{
    schema::python,
    served::{Server, shared},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, process::Command};

/// A page of events for a query.
fn look(s: &Server, token: &str, query: &str, more: &str) -> Value {
    let query: String = query.bytes().map(|b| format!("%{b:02X}")).collect();
    s.call("GET", &format!("/api/v1/siem/logs?q={query}{more}")).bearer(token).send().json()
}

#[test]
fn queries_find_what_they_say() {
    let s = Server::start();
    let t = s.token("root");
    let lines = [
        json!({"@timestamp": "2024-03-07T04:00:00Z", "host": "web1", "user": "anna", "msg": "Straße offen", "code": 7}),
        json!({"@timestamp": "2024-03-07T04:00:01Z", "host": "web2", "user": "ben", "msg": "C:\\Temp\\tool.exe --run", "code": 70}),
        json!({"@timestamp": "2024-03-07T04:00:02Z", "host": "web2", "user": "anna", "msg": "net user admin /add", "tags": ["x", "Y z"]}),
    ];
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    s.import(&t, "a.json", text.as_bytes());
    for (query, right) in [
        ("", "012"),
        ("STRASSE", "0"),
        (r"c:\temp", "1"),
        ("\"user admin\"", "2"),
        ("user admin", "2"),
        ("anna -offen", "2"),
        ("anna OR code:70", "012"),
        ("user:ann*", "02"),
        ("USER:anna AND (code:7 OR tags:\"y Z\")", "02"),
        ("code:7", "0"),
        ("code:7?", "1"),
        ("/tool\\.EXE/", ""),
        ("/(?i)tool\\.EXE/", "1"),
        ("NOT code:*", "2"),
        ("host:web2 NOT t*l", "2"),
    ] {
        let found = look(&s, &t, query, "&sort=timestamp");
        let of =
            |item: &Value| (0..3).find(|i| item["fields"]["msg"] == lines[*i]["msg"]).unwrap().to_string();
        let numbers: String = found["items"].as_array().unwrap().iter().map(of).collect();
        assert_eq!(numbers, right, "{query}: {found}");
        assert_eq!((&found["partial"], &found["unreadable"]), (&json!(false), &json!(0)));
        assert_eq!(found["why_none"].is_null(), !right.is_empty(), "{query}: {found}");
        assert_eq!(found["total"].as_u64(), Some(right.len() as u64), "{query}");
    }
    let none = look(&s, &t, "anna", "&from=2030-01-01T00:00:00Z");
    let why = none["why_none"].as_str().unwrap();
    assert!(why.contains("there is an event at 2024-03-07T04:00:02"), "{why}");
    let refused = s.call("GET", "/api/v1/siem/logs?q=a%20%7C%20stats%20count").bearer(&t).send();
    let said = refused.json().to_string();
    assert!(refused.status == 422 && said.contains("AURORA-4220") && said.contains("column 3"), "{said}");
}

#[test]
fn a_name_of_ecs_finds_what_each_format_calls_its_own() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let t = s.token("root");
    let file = shared.join("data/evtx/parse/security.evtx");
    s.import(&t, "security.evtx", &std::fs::read(file).unwrap());
    let all = look(&s, &t, "event.code:4624 OR event.code:4625", "&count=exact");
    assert!(all["total"].as_u64().unwrap() > 0, "{all}");
    let own = look(&s, &t, "EventID:4624 OR EventID:4625", "&count=exact");
    assert_eq!(all["total"], own["total"]);
}

/// The newest events of a store by id, as the script that stands beside the format's description reads them.
#[test]
fn a_short_script_reads_every_event() {
    let (Some(shared), Some(python)) = (shared(), python("python3")) else { return };
    let s = Server::start();
    let t = s.token("root");
    s.import(&t, "security.evtx", &std::fs::read(shared.join("data/evtx/parse/security.evtx")).unwrap());
    let kinds = r#"{"a": [1, "b", [null, "Ä"]], "f": -1.5e300, "u": 18446744073709551615, "n": null, "t": true, "": "\u0000"}"#;
    s.import(&t, "kinds.json", kinds.as_bytes());
    let events = s.all(&t, "/api/v1/siem/logs?count=exact");
    let script = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
        .join("../backend/logstore/read_format.py");
    let out = Command::new(python).arg(script).arg(s.ws().join("logs.db")).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let read: BTreeMap<String, Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|event| (event["log_id"].as_str().unwrap().to_owned(), event))
        .collect();
    assert_eq!(read.len(), events.len());
    assert!(read.len() > 100);
    for event in &events {
        let there = &read[event["log_id"].as_str().unwrap()];
        assert_eq!((&there["dataset"], &there["host"]), (&event["dataset"], &event["host"]));
        assert_eq!(there["fields"], event["fields"]);
    }
}
