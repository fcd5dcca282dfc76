//! Packs: what came in, what did not and why, updates that keep what was set here.

use super::{ANY, RULES, User, id, rule, sysmon};
use crate::served::{Server, shared};
use serde_json::{Value, json};

#[test]
fn a_pack_goes_in_is_switched_tuned_and_updated() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    let broken = rule(3, "Broken", ANY).replace("condition: selection", "condition: selection and nothing");
    let first = [rule(1, "One", ANY), rule(2, "Two", ANY), broken.clone()].join("---\n");
    let job = u.pack("mine", first.as_bytes());
    assert_eq!(job["status"], "done", "{job}");
    let r = &job["result"];
    assert_eq!((&r["new"], &r["not_loaded_total"]), (&json!(3), &json!(1)), "{r}");
    let bad = &r["not_loaded"][0];
    let line = first.lines().position(|l| l.contains("nothing")).unwrap() + 1;
    assert_eq!((&bad["line"], bad["column"].as_u64().unwrap() > 1), (&json!(line), true), "{bad}");
    assert!(bad["reason"].as_str().unwrap().contains("nothing"), "{bad}");
    let kept = u.get(&format!("{RULES}/{}", id(3))).json();
    assert_eq!((&kept["state"], &kept["errors"][0]["line"]), (&json!("error"), &json!(line)), "{kept}");

    let one = u.get(&format!("{RULES}/{}", id(1)));
    assert_eq!(one.json()["origin"], "imported");
    assert_eq!((&one.json()["author"], &one.json()["pack"]), (&json!("A. Tester"), &json!("mine")));
    let etag = one.header("etag").unwrap().to_owned();
    let off = |etag: &str| {
        let call = s.call("PATCH", &format!("{RULES}/{}", id(1))).bearer(&u.token);
        call.header("if-match", etag).json(&json!({"enabled": false})).send()
    };
    let done = off(&etag);
    assert_eq!((done.status, &done.json()["state"]), (200, &json!("disabled")), "{}", done.text());
    assert_eq!(off(&etag).code(), "AURORA-4090", "someone else was faster");
    let tuned = u.send("PATCH", &format!("{RULES}/{}", id(2)), json!({"settings": {"level": "critical"}}));
    assert_eq!((tuned.status, &tuned.json()["level"]), (200, &json!("critical")), "{}", tuned.text());

    s.import(&u.token, "sysmon.evtx", &sysmon(&shared));
    assert_eq!(u.alerts(1).len(), 0, "a disabled rule raises nothing");
    let alerts = u.alerts(2);
    assert!(!alerts.is_empty() && alerts.iter().all(|a| a["severity"] == "critical"), "{alerts:?}");

    let mended = broken.replace(" and nothing", "");
    let second = [rule(1, "One, better", ANY), rule(2, "Two, better", ANY), mended, rule(4, "Four", ANY)];
    let r = u.pack("mine", second.join("---\n").as_bytes())["result"].clone();
    let counts = |r: &Value| ["new", "changed", "gone", "unchanged"].map(|k| r[k].as_u64().unwrap());
    assert_eq!(counts(&r), [1, 3, 0, 0], "{r}");
    assert_ne!(r["version"], r["previous_version"]);
    let now = |n| u.get(&format!("{RULES}/{}", id(n))).json();
    assert_eq!((&now(1)["enabled"], &now(1)["title"]), (&json!(false), &json!("One, better")));
    assert_eq!((&now(2)["level"], &now(2)["settings"]["level"]), (&json!("critical"), &json!("critical")));
    assert_eq!((&now(3)["state"], &now(3)["errors"]), (&json!("running"), &json!([])));
    let again = u.pack("mine", second.join("---\n").as_bytes())["result"].clone();
    assert_eq!(counts(&again), [0, 0, 0, 4], "{again}");
    let third = u.pack("mine", second[..3].join("---\n").as_bytes())["result"].clone();
    assert_eq!((counts(&third), &third["gone_rules"][0]["title"]), ([0, 0, 1, 3], &json!("Four")));
    assert_eq!(u.get(&format!("{RULES}/{}", id(4))).code(), "AURORA-4040");
    let history = u.get(&format!("{RULES}/{}/history", id(1))).json();
    let steps: Vec<_> = history["items"].as_array().unwrap().iter().map(|c| c["what"].clone()).collect();
    assert_eq!(json!(steps), json!(["updated", "disabled", "imported"]));
    assert!(history["items"][0]["body"].as_str().unwrap().contains("title: One\n"), "the text before it");
}

#[test]
fn sigmahq_s_release_goes_in_by_one_upload() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    let zip = std::fs::read(shared.join("data/sigma/rules.zip")).unwrap();
    let started = std::time::Instant::now();
    let job = u.pack("SigmaHQ", &zip);
    println!("3,780 documents in {:?}", started.elapsed());
    assert_eq!(job["status"], "done", "{job}");
    let r = &job["result"];
    let sum = r["new"].as_u64().unwrap() + r["elsewhere"].as_u64().unwrap();
    assert_eq!((sum, &r["documents"], &r["gone"]), (3780, &json!(3780), &json!(0)), "{r}");
    assert_eq!(r["not_loaded_total"], 0, "{}", r["not_loaded"]);
    assert!(r["needs_configuration_total"].as_u64().unwrap() > 0, "rules with placeholders are named");
    let pack =
        s.all(&u.token, "/api/v1/detections/packs").into_iter().find(|p| p["name"] == "SigmaHQ").unwrap();
    assert_eq!((&pack["licenses"], &pack["rules"]), (&json!(["DRL-1.1"]), &r["new"]), "{pack}");
    let of = |q: &str| s.all(&u.token, &format!("{RULES}?pack=sigmahq&body=false{q}"));
    assert_eq!(of("").len(), 3780);
    let high = of("&level=high,critical&product=windows&technique=T1059&sort=-level");
    assert!(high.len() > 50 && high.iter().all(|r| r["body"] == ""), "{}", high.len());
    assert!(high.iter().all(|r| r["logsource"].as_str().unwrap().starts_with("windows/")));
    let ranks: Vec<_> = high.iter().map(|r| r["level"] == "critical").collect();
    assert!(ranks.is_sorted_by(|a, b| a >= b), "critical first");
    assert!(of("&q=mimikatz").iter().all(|r| r["author"].is_string()));
    let waiting = of("&state=needs_configuration");
    assert_eq!(waiting.len() as u64, r["needs_configuration_total"].as_u64().unwrap());

    let import = s.import(&u.token, "sysmon.evtx", &sysmon(&shared));
    let result = &import["result"];
    assert!(result["rules_run"].as_u64().unwrap() > 2000, "{}", result["rules_run"]);
    assert!(result["rules_no_chance_total"].as_u64().unwrap() > 1000);
    let again = u.pack("SigmaHQ", &zip)["result"].clone();
    assert_eq!((&again["new"], &again["unchanged"]), (&json!(0), &json!(3780)), "{again}");
    let off = u.send("POST", "/api/v1/detections/bulk", json!({"pack": "sigmahq", "enabled": false}));
    assert_eq!((off.status, &off.json()["changed"]), (200, &json!(3780)), "{}", off.text());
    assert_eq!(of("&enabled=true").len(), 0);
}

#[test]
fn one_s_own_rules_are_written_rewritten_and_deleted_with_one_audit_row_each() {
    let s = Server::start();
    let u = User::root(&s);
    let one = |what: &str, status: u16, send: &dyn Fn() -> crate::served::Answer| {
        let before = u.audits();
        let got = send();
        assert_eq!(got.status, status, "{what}: {}", got.text());
        assert_eq!(u.audits() - before, 1, "{what}");
        got
    };
    let at = format!("{RULES}/{}", id(1));
    let body = |title: &str| json!({"body": rule(1, title, ANY)});
    let made = one("create", 201, &|| u.send("POST", RULES, body("Mine")));
    assert_eq!((made.header("location"), &made.json()["state"]), (Some(at.as_str()), &json!("running")));
    assert_eq!(u.send("POST", RULES, body("Mine")).json()["error"]["detail"]["rule_id"], json!(id(1)));
    one("rewrite", 200, &|| u.send("PATCH", &at, body("Mine, too")));
    one("tune", 200, &|| {
        u.send("PATCH", &at, json!({"settings": {"group_by": ["User"], "bucket_s": 86400}}))
    });
    one("disable", 200, &|| {
        u.send("POST", "/api/v1/detections/bulk", json!({"rule_ids": [id(1)], "enabled": false}))
    });
    let before = u.audits();
    assert_eq!(u.send("PATCH", &at, json!({"enabled": false})).status, 200);
    let more =
        u.send("POST", "/api/v1/detections/bulk", json!({"rule_ids": [id(1), id(9)], "enabled": false}));
    assert_eq!(more.json(), json!({"changed": 0, "unchanged": 1, "missing": [id(9)]}));
    assert_eq!(u.audits(), before, "nothing changed, so nothing was audited");
    let wrong = |body: Value| u.send("PATCH", &at, body).json()["error"]["detail"].clone();
    assert_eq!(wrong(json!({"settings": {"level": "loud"}}))["field"], "settings.level");
    assert_eq!(wrong(json!({"body": rule(2, "Another", ANY)}))["path"], "id");
    assert_eq!(wrong(json!({"body": "title: x"}))["field"], "body");
    let builtin = s.all(&u.token, &format!("{RULES}?origin=builtin")).remove(0);
    let theirs = format!("{RULES}/{}", builtin["rule_id"].as_str().unwrap());
    assert_eq!(u.send("DELETE", &theirs, json!(null)).code(), "AURORA-4090");
    let edited = builtin["body"].as_str().unwrap().replace("title: ", "title: Edited ");
    let now = one("edit", 200, &|| u.send("PATCH", &theirs, json!({"body": edited}))).json();
    assert_eq!(now["edited"], true);
    let back = one("revert", 200, &|| u.send("PATCH", &theirs, json!({"body": null}))).json();
    assert_eq!((&back["edited"], &back["body"]), (&json!(false), &builtin["body"]));
    one("delete", 204, &|| u.send("DELETE", &at, json!(null)));
    assert_eq!(u.get(&at).code(), "AURORA-4040");
}

#[test]
fn a_text_is_checked_without_being_kept() {
    let s = Server::start();
    let u = User::root(&s);
    let check = |body: &str| u.send("POST", "/api/v1/detections/check", json!({"body": body})).json();
    let good = check(&rule(1, "Good", ANY));
    assert_eq!((&good["ok"], &good["documents"][0]["runs"]), (&json!(true), &json!(true)), "{good}");
    assert_eq!(good["documents"][0]["logsource"], "windows/process_creation/*");
    let bad = check(
        "title: x\nlogsource: {product: windows}\ndetection:\n  s: {F|frobnicate: a}\n  condition: s\n",
    );
    assert_eq!((&bad["ok"], &bad["errors"][0]["line"]), (&json!(false), &json!(4)), "{bad}");
    let waits = check(&rule(1, "Waits", "{User|expand: '%admins%'}"));
    assert_eq!(waits["documents"][0]["placeholders"], json!(["admins"]), "{waits}");
    assert_eq!(waits["documents"][0]["runs"], false);
    assert_eq!(u.get(&format!("{RULES}/{}", id(1))).code(), "AURORA-4040");
}
