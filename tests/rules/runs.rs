//! Rules over what is stored: the same alerts as an import would have made, once.

use super::{ANY, RULES, User, id, rule, sysmon};
use crate::served::{Server, shared};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What must be equal whether an import or a run found it.
fn outline(alerts: &[Value]) -> BTreeSet<String> {
    let one =
        |a: &Value| format!("{} {} {} {}", a["first_seen"], a["last_seen"], a["event_count"], a["entities"]);
    alerts.iter().map(one).collect()
}

#[test]
fn a_rule_that_comes_later_finds_what_is_stored_once() {
    let Some(shared) = shared() else { return };
    let log = sysmon(&shared);
    let s = Server::start();
    let u = User::root(&s);
    s.import(&u.token, "sysmon.evtx", &log);
    // What rules cost is known from the first events on; those that looked at none have no cost.
    let costs = u.get(&format!("{RULES}?sort=-cost&limit=500&body=false")).json()["items"].clone();
    let costs: Vec<_> = costs.as_array().unwrap().iter().map(|r| r["cost_us"].as_f64()).collect();
    assert!(costs[0].is_some_and(|us| us > 0.0) && costs.last().unwrap().is_none(), "{costs:?}");
    u.create(&rule(1, "Later", ANY));
    assert_eq!(u.alerts(1).len(), 0);
    let first = u.run(1);
    let matched = first["matched"].as_u64().unwrap();
    assert!(matched > 10 && first["new_matches"] == first["matched"], "{first}");
    assert_eq!((&first["diff"], &first["rules_run"]), (&json!(null), &json!(1)));
    let stats = u.get("/api/v1/siem/stats").json();
    assert_eq!(first["scanned"], stats["events"]);
    let alerts = u.alerts(1);
    assert_eq!(first["alerts_created"], json!(alerts.len()));
    for a in &alerts {
        assert_eq!((&a["source"], &a["metadata"]["run_id"]), (&json!("sigma_run"), &first["run_id"]), "{a}");
    }
    let again = u.run(1);
    assert_eq!(
        (&again["matched"], &again["new_matches"], &again["diff"]),
        (&json!(matched), &json!(0), &json!(0))
    );
    assert_eq!(s.import(&u.token, "again.evtx", &log)["result"]["alerts"], 0);
    assert_eq!(outline(&u.alerts(1)), outline(&alerts));
    let runs = u.get(&format!("{RULES}/{}/runs", id(1))).json();
    assert_eq!((&runs["total"], &runs["items"][0]["status"]), (&json!(2), &json!("done")), "{runs}");

    // The same rule before the import gives the same alerts.
    let other = Server::start();
    let o = User::root(&other);
    o.create(&rule(1, "Later", ANY));
    other.import(&o.token, "sysmon.evtx", &log);
    assert_eq!(outline(&o.alerts(1)), outline(&alerts));
    assert_eq!(o.run(1)["new_matches"], 0, "the import had counted them all");

    let all = u.send("POST", "/api/v1/detections/runs", json!(null));
    assert_eq!(all.status, 202);
    let job = s.settle(&u.token);
    assert_eq!((&job["status"], &job["result"]["new_matches"]), (&json!("done"), &json!(0)), "{job}");
    assert!(job["result"]["rules_no_chance_total"].as_u64().unwrap() > 0);
    let none = u.send(
        "POST",
        &format!("{RULES}/{}/run", id(1)),
        json!({"from": "2001-01-01T00:00:00Z", "to": "2001-01-02T00:00:00Z"}),
    );
    assert_eq!(none.status, 202);
    let none = s.settle(&u.token)["result"].clone();
    assert_eq!((&none["scanned"], &none["no_match_reason"]), (&json!(0), &json!("no event was looked at")));
    assert_eq!(u.send("POST", &format!("{RULES}/{}/run", id(9)), json!(null)).code(), "AURORA-4040");
}

#[test]
fn a_rule_s_settings_group_its_alerts() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    let made = u.send(
        "POST",
        RULES,
        json!({"body": rule(1, "By image", ANY), "settings": {"group_by": ["Image"], "bucket_s": 86400}}),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    u.create(&rule(2, "By host", ANY));
    s.import(&u.token, "sysmon.evtx", &sysmon(&shared));
    let (by_image, by_host) = (u.alerts(1), u.alerts(2));
    assert!(by_image.len() > by_host.len(), "{} {}", by_image.len(), by_host.len());
    let events = |list: &[Value]| list.iter().map(|a| a["event_count"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(events(&by_image), events(&by_host));
    for a in &by_image {
        let images: BTreeSet<_> =
            a["entities"].as_array().unwrap().iter().filter(|e| e["type"] == "image").collect_values();
        assert_eq!(images.len(), 1, "{a}");
    }
}

/// Values of entities in lower case.
trait Values {
    fn collect_values(self) -> BTreeSet<String>;
}

impl<'a, I: Iterator<Item = &'a Value>> Values for I {
    fn collect_values(self) -> BTreeSet<String> {
        self.map(|e| e["value"].as_str().unwrap().to_lowercase()).collect()
    }
}

#[test]
fn why_and_why_not() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    s.import(&u.token, "sysmon.evtx", &sysmon(&shared));
    u.create(&rule(1, "Later", "{Image|endswith: .exe, CommandLine|contains: surely-not-there}"));
    u.create(&rule(2, "Any", ANY));
    let run = u.run(2);
    let log = run["sample"][0].as_str().unwrap();
    let explain = |n| u.get(&format!("{RULES}/{}/explain?log_id={log}", id(n)));
    let yes = explain(2).json();
    assert_eq!(
        (&yes["matched"], &yes["logsource"], &yes["tree"]["matched"]),
        (&json!(true), &json!(true), &json!(true))
    );
    // Rules that were nearly it, each with the leaf that kept it away.
    let near = yes["near"].as_array().unwrap();
    assert!((1..=20).contains(&near.len()) && near.iter().all(|n| n["rule_id"] != id(2)), "{near:?}");
    assert!(
        near.iter().all(|n| n["leaf"]["matched"].is_boolean() && n["leaf"]["children"] == json!([])),
        "{near:?}"
    );
    let no = explain(1).json();
    assert_eq!(no["matched"], false, "{no}");
    let text = no["tree"].to_string();
    assert!(text.contains("CommandLine") && text.contains("surely-not-there"), "{text}");
    let missing = u.get(&format!("{RULES}/{}/explain?log_id={}", id(1), "0".repeat(32)));
    assert_eq!(missing.code(), "AURORA-4040");
}
