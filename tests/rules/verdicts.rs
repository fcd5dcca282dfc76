//! Suppressions, feedback, metrics, coverage.

use super::{ANY, RULES, User, id, rule, sysmon};
use crate::served::{Server, shared};
use serde_json::{Value, json};

fn of(metrics: &Value, n: u32) -> &Value {
    metrics["rules"].as_array().unwrap().iter().find(|r| r["rule_id"] == json!(id(n))).unwrap()
}

#[test]
fn a_verdict_closes_its_alert_and_counts() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    let made =
        u.send("POST", RULES, json!({"body": rule(1, "Any", ANY), "settings": {"group_by": ["Image"]}}));
    assert_eq!(made.status, 201);
    s.import(&u.token, "sysmon.evtx", &sysmon(&shared));
    let alerts = u.alerts(1);
    assert!(alerts.len() > 3);
    let name = |i: usize| alerts[i]["alert_id"].as_str().unwrap().to_owned();
    let at = format!("{RULES}/{}/feedback", id(1));
    let before = u.audits();
    let said =
        u.send("POST", &at, json!({"alert_id": name(0), "verdict": "false_positive", "note": "known"}));
    assert_eq!(said.status, 201, "{}", said.text());
    assert_eq!(u.audits() - before, 1);
    let closed = u.get(&format!("/api/v1/alerts/{}", name(0))).json();
    assert_eq!(
        (&closed["status"], &closed["resolution"]),
        (&json!("false_positive"), &json!("false_positive"))
    );
    assert!(closed["closed_at"].is_string());
    let patch = |i: usize, body: Value| u.send("PATCH", &format!("/api/v1/alerts/{}", name(i)), body);
    assert_eq!(patch(1, json!({"status": "resolved", "resolution": "true_positive"})).status, 200);
    assert_eq!(patch(2, json!({"status": "resolved", "resolution": "duplicate"})).status, 200);
    assert_eq!(u.send("POST", &format!("/api/v1/alerts/{}/acknowledge", name(3)), json!(null)).status, 200);
    let all = s.all(&u.token, &at);
    assert_eq!(all.len(), 2, "closing an alert is feedback, a duplicate is none: {all:?}");
    let metrics = u.get("/api/v1/detections/metrics").json();
    let m = of(&metrics, 1);
    assert_eq!(
        (&m["true_positives"], &m["false_positives"], &m["precision"]),
        (&json!(1), &json!(1), &json!(0.5))
    );
    assert_eq!((&m["alerts"], &m["alerts_open"]), (&json!(alerts.len()), &json!(alerts.len() - 3)));
    assert!(m["mean_time_to_acknowledge_s"].is_number() && m["last_match"].is_string(), "{m}");
    assert_eq!(patch(1, json!({"status": "investigating"})).status, 200);
    assert_eq!(s.all(&u.token, &at).len(), 1, "a reopened alert is judged no more");
    let strange = u.send("POST", &at, json!({"alert_id": "ALRT-2026-99999", "verdict": "benign"}));
    assert_eq!(strange.code(), "AURORA-4042");
    let coverage = u.get("/api/v1/detections/coverage").json();
    let t =
        coverage["techniques"].as_array().unwrap().iter().find(|t| t["technique"] == "T1059.001").unwrap();
    assert!(t["alerts"].as_u64().unwrap() >= alerts.len() as u64 && t["rules"].as_u64().unwrap() >= 1, "{t}");
}

#[test]
fn a_suppression_holds_matches_back_until_it_ends() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    u.create(&rule(1, "Any", ANY));
    let at = format!("{RULES}/{}/suppressions", id(1));
    let bad = u.send("POST", &at, json!({"condition": "Image|frobnicate: x", "reason": "r"}));
    assert_eq!((bad.code().as_str(), &bad.json()["error"]["detail"]["line"]), ("AURORA-4222", &json!(1)));
    let made = u.send("POST", &at, json!({"condition": {"Image|endswith": ".EXE"}, "reason": "all of it"}));
    assert_eq!(made.status, 201, "{}", made.text());
    let import = s.import(&u.token, "sysmon.evtx", &sysmon(&shared));
    let held = import["result"]["suppressed"].as_u64().unwrap();
    assert!(held > 10 && u.alerts(1).is_empty(), "{held}");
    assert_eq!(s.all(&u.token, &at)[0]["hits"], json!(held));
    let one = format!("{at}/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(u.send("DELETE", &one, json!(null)).status, 204);
    let run = u.run(1);
    assert_eq!((&run["new_matches"], &run["suppressed"]), (&json!(held), &json!(0)), "{run}");
    let text = u.send("POST", &at, json!({"condition": "Image|endswith: .exe\nUser: nobody", "reason": "r"}));
    assert_eq!(text.status, 201, "{}", text.text());
    let past = json!({"condition": {"User": "x"}, "reason": "r", "expires_at": "2020-01-01T00:00:00Z"});
    assert_eq!(u.send("POST", &at, past).json()["error"]["detail"]["field"], "expires_at");
}
