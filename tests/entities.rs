//! Hosts and users by their names: what filters find, what people merge, and that grouping never hangs on an order.

use crate::served::{Answer, Server};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MERGES: &str = "/api/v1/siem/entities/merges";
const EVE: &str = "S-1-5-21-1-2-3-1104";

/// A server with one rule, which matches every start of a process.
struct Soc {
    s: Server,
    token: String,
}

impl Soc {
    fn start() -> Soc {
        let s = Server::start();
        let soc = Soc { token: s.token("root"), s };
        for (n, logsource, selection) in [
            (1, "{product: windows, service: security}", "{EventID: 4688}"),
            (2, "{product: linux, service: auth}", "[FAILED SU]"),
        ] {
            let body = format!(
                "title: Rule {n}\nid: 00000000-0000-4000-8000-00000000000{n}\nstatus: test\nlevel: low\n\
                 logsource: {logsource}\ndetection:\n  s: {selection}\n  condition: s\n"
            );
            let made = soc.send("POST", "/api/v1/detections/rules", &json!({"body": body}));
            assert_eq!(made.status, 201, "{}", made.text());
        }
        soc
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.s.call(method, path).bearer(&self.token).json(body).send()
    }

    fn get(&self, path: &str) -> Value {
        let got = self.s.call("GET", path).bearer(&self.token).send();
        assert_eq!(got.status, 200, "{path}: {}", got.text());
        got.json()
    }

    /// Imports two starts of processes of a host, in the hour of ten.
    fn import(&self, host: &str, from: u64) {
        let event = |n: u64| {
            json!({"EventID": 4688, "Channel": "Security", "Computer": host, "EventRecordID": n,
                "TimeCreated": format!("2024-05-01T10:00:{:02}Z", n % 60), "NewProcessName": format!("C:\\{n}.exe"),
                "SubjectUserName": "eve", "SubjectDomainName": "CORP"})
        };
        self.import_events(&format!("{host}-{from}.json"), &[event(from), event(from + 1)]);
    }

    fn import_events(&self, name: &str, events: &[Value]) {
        let lines: String = events.iter().map(|e| format!("{e}\n")).collect();
        let job = self.s.import(&self.token, name, lines.as_bytes());
        assert_eq!(
            (&job["status"], &job["result"]["events"]),
            (&json!("done"), &json!(events.len())),
            "{job}"
        );
    }

    /// Hosts and counts of the alerts that a filter leaves.
    fn alerts(&self, filter: &str) -> BTreeSet<(String, u64)> {
        let page = self.get(&format!("/api/v1/alerts?limit=100{filter}"));
        let items = page["items"].as_array().unwrap();
        assert_eq!(page["total"], items.len(), "{filter}");
        let one = |a: &Value| {
            let hosts: Vec<_> = a["affected_assets"].as_array().unwrap().iter().map(text).collect();
            (hosts.join(" "), a["event_count"].as_u64().unwrap())
        };
        items.iter().map(one).collect()
    }

    /// Hosts of the events that a search finds.
    fn hosts(&self, host: &str) -> BTreeSet<String> {
        let all = self.s.all(&self.token, &format!("/api/v1/siem/logs?host={host}"));
        all.iter().map(|log| text(&log["host"])).collect()
    }

    fn merge(&self, kind: &str, names: &[&str], into: &str) -> Value {
        let body = json!({"kind": kind, "names": names, "into": into, "reason": "renamed in May"});
        let made = self.send("POST", MERGES, &body);
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["items"].clone()
    }
}

fn text(v: &Value) -> String {
    v.as_str().unwrap().to_owned()
}

fn set(all: &[(&str, u64)]) -> BTreeSet<(String, u64)> {
    all.iter().map(|(hosts, n)| ((*hosts).to_owned(), *n)).collect()
}

fn names(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

const PC1: (&str, u64) = ("PC1", 2);
const CORP: (&str, u64) = ("pc1.corp.example", 2);
const OTHER: (&str, u64) = ("pc1.other.example", 2);

#[test]
fn a_merge_joins_what_filters_find_and_what_comes_later_and_can_be_taken_back() {
    let mut soc = Soc::start();
    for (n, host) in ["PC1", "pc1.corp.example", "pc1.other.example", "pc10"].iter().enumerate() {
        soc.import(host, n as u64 * 10);
    }
    let pc10 = ("pc10", 2);
    assert_eq!(soc.alerts(""), set(&[PC1, CORP, OTHER, pc10]), "grouped as written");
    assert_eq!(soc.alerts("&entity=pc1"), set(&[PC1, CORP, OTHER]));
    assert_eq!(soc.alerts("&entity=PC1.Corp.example"), set(&[PC1, CORP]));
    assert_eq!(soc.alerts("&entity=pc1.third.example"), set(&[PC1]));
    assert_eq!(soc.alerts("&entity=corp%5CEVE").len(), 4);
    assert_eq!(soc.alerts("&entity=eve@corp.example").len(), 4);
    assert!(soc.alerts("&entity=OTHER%5Ceve").is_empty());
    assert_eq!(soc.hosts("pC1"), names(&["PC1", "pc1.corp.example", "pc1.other.example"]));
    assert_eq!(soc.hosts("pc1.corp.example"), names(&["PC1", "pc1.corp.example"]));
    assert_eq!(soc.hosts("pc1.third.example"), names(&["PC1"]));
    assert!(soc.hosts("nothing").is_empty());

    let made = soc.merge("host", &["PC1.corp.example", "DESK7"], "DESK7");
    assert_eq!((made.as_array().unwrap().len(), &made[0]["into"]), (1, &json!("DESK7")));
    let merge = text(&made[0]["merge_id"]);
    assert_eq!(soc.alerts(""), set(&[PC1, CORP, OTHER, pc10]), "what is there stays as it is grouped");
    assert_eq!(soc.alerts("&entity=desk7"), set(&[PC1, CORP]));
    assert_eq!(soc.hosts("desk7.corp.example"), names(&["PC1", "pc1.corp.example"]));
    soc.import("pc1.corp.example", 100);
    soc.import("desk7", 110);
    let both = ("desk7 pc1.corp.example", 4);
    assert_eq!(soc.alerts(""), set(&[PC1, CORP, OTHER, pc10, both]));
    assert_eq!(soc.alerts("&entity=desk7"), set(&[PC1, CORP, both]));
    // A clock of one is that of the other.
    let shown = |soc: &Soc| {
        text(
            &soc.get("/api/v1/siem/logs?host=pc1.corp.example&sort=timestamp&limit=1&q=11.exe")["items"][0]["timestamp"],
        )
    };
    let clock = soc.send("POST", "/api/v1/siem/clocks", &json!({"host": "desk7", "offset_seconds": 3600}));
    assert_eq!((clock.status, shown(&soc)), (200, "2024-05-01T11:00:11.000Z".into()));

    // Names that are one already, and names that would go in a circle.
    let chain = soc.merge("host", &["desk7", "box", "crate"], "Box");
    assert_eq!(chain.as_array().unwrap().len(), 2);
    assert_eq!(soc.alerts("&entity=crate"), set(&[PC1, CORP, both]), "all four are one");
    for (names, into, field) in [
        (json!(["box", "pc1.corp.example"]), "pc1.corp.example", "names[0]"),
        (json!(["crate", "elsewhere"]), "elsewhere", "names[0]"),
        (json!(["a", "A."]), "a", "names[1]"),
        (json!(["a"]), "a", "names"),
        (json!(["a", "b"]), "c", "into"),
        (json!(["a", " "]), "a", "names[1]"),
        (json!(["a", "b\u{7}"]), "a", "names[1]"),
    ] {
        let body = json!({"kind": "host", "names": names, "into": into});
        let got = soc.send("POST", MERGES, &body);
        assert_eq!((got.status, got.code().as_str()), (422, "AURORA-4220"), "{body}");
        assert_eq!(got.json()["error"]["detail"]["field"], field, "{body}");
    }
    let listed = soc.get(MERGES);
    assert_eq!(listed["total"], 3, "{listed}");

    // All of it is there after a restart, and what is taken back parts what it joined alone.
    let home = soc.s.stop();
    soc.s = Server::on(home);
    soc.token = soc.s.token("root");
    assert_eq!(soc.get(MERGES), listed);
    assert_eq!(soc.alerts("&entity=crate"), set(&[PC1, CORP, both]));
    let path = format!("{MERGES}/{merge}");
    assert_eq!(soc.s.call("DELETE", &path).bearer(&soc.token).send().status, 204);
    assert_eq!(soc.s.call("DELETE", &path).bearer(&soc.token).send().code(), "AURORA-4040");
    assert_eq!(soc.alerts("&entity=crate"), set(&[both]), "the alert that has both names");
    assert_eq!(soc.hosts("box"), names(&["desk7"]));
    assert_eq!(shown(&soc), "2024-05-01T10:00:11.000Z");
    soc.import("pc1.corp.example", 120);
    assert_eq!(soc.alerts("&entity=pc1.corp.example"), set(&[PC1, ("pc1.corp.example", 4), both]));

    let rows = soc.s.all(&soc.token, "/api/v1/audit");
    let of =
        |action: &str| -> Vec<Value> { rows.iter().filter(|r| r["action"] == action).cloned().collect() };
    let (merged, split) = (of("entity.merge"), of("entity.split"));
    assert_eq!((merged.len(), split.len()), (2, 1));
    let chained = merged.iter().find(|r| r["object"]["id"] == "Box").unwrap();
    let count = |v: &Value| v.as_array().unwrap().len();
    assert_eq!((count(&chained["before"]), count(&chained["after"])), (1, 3), "{chained}");
    assert_eq!((&split[0]["before"]["merge_id"], &split[0]["after"]), (&json!(merge), &Value::Null));
}

#[test]
fn the_order_of_imports_is_no_matter_with_merges_too() {
    let hosts = ["PC1", "pc1", "pc1.corp.example", "pc1.other.example", "desk7"];
    let made = |turn: usize| {
        let soc = Soc::start();
        soc.merge("host", &["pc1.other.example", "desk7"], "desk7");
        let mut order: Vec<_> = hosts.iter().zip([0, 10, 20, 30, 40]).collect();
        order.rotate_left(turn);
        order.iter().for_each(|(host, from)| soc.import(host, *from));
        let all = soc.s.all(&soc.token, "/api/v1/alerts");
        let one = |a: &Value| {
            format!("{} {} {} {}", a["entities"], a["first_seen"], a["last_seen"], a["event_count"])
        };
        all.iter().map(one).collect::<BTreeSet<_>>()
    };
    let first = made(0);
    assert_eq!(first.len(), 3, "{first:#?}");
    assert!((1..hosts.len()).all(|turn| made(turn) == first));
}

#[test]
fn an_alert_names_each_entity_once_with_the_sid_and_hosts_of_any_format_group() {
    let soc = Soc::start();
    let event = |n: u64, user: &str, sid: &str| {
        json!({"EventID": 4688, "Channel": "Security", "Computer": if n == 1 { "WS1" } else { "ws1" }, "EventRecordID": n,
            "TimeCreated": format!("2024-05-01T10:00:0{n}Z"), "NewProcessName": if n == 1 { "C:\\a.exe" } else { "c:\\A.EXE" },
            "SubjectUserName": user, "SubjectDomainName": "CORP", "SubjectUserSid": sid})
    };
    soc.import_events("a.json", &[event(1, "eve", ""), event(2, "Eve", EVE), event(3, "EVE", "S-1-0-0")]);
    let page = soc.get("/api/v1/alerts");
    assert_eq!(page["total"], 1, "{page}");
    let right = json!([
        {"type": "host", "value": "WS1"},
        {"type": "process", "value": "C:\\a.exe"},
        {"type": "user", "value": "CORP\\EVE", "sid": EVE},
    ]);
    assert_eq!(
        (&page["items"][0]["entities"], &page["items"][0]["affected_assets"]),
        (&right, &json!(["WS1"]))
    );
    for (name, found) in [(EVE, 1), ("s-1-5-21-1-2-3-1104", 1), ("S-1-5-21-1-2-3-1105", 0), ("c:%5Ca.EXE", 1)]
    {
        assert_eq!(soc.alerts(&format!("&entity={name}")).len(), found, "{name}");
    }
    let body =
        json!({"title": "t", "severity": "low", "entities": [{"type": "user", "value": "bob", "sid": ""}]});
    let got = soc.send("POST", "/api/v1/alerts", &body);
    assert_eq!(got.json()["error"]["detail"]["field"], "entities[0].sid");

    let line = |host: &str, n: u64| {
        format!("2024-05-01T10:00:0{n}Z {host} su[9]: FAILED SU (to root) eve on pts/0\n")
    };
    let job = soc.s.import(
        &soc.token,
        "auth.log",
        [line("web", 1), line("db", 2), line("WEB", 3)].concat().as_bytes(),
    );
    assert_eq!(job["status"], "done", "{job}");
    let rule = "&rule_id=00000000-0000-4000-8000-000000000002";
    assert_eq!(soc.alerts(rule), set(&[("WEB", 2), ("db", 1)]), "not all that are no Windows in one");
}
