//! Processing pipelines in the product: by pack, by route, on the command line; what they do to rules.

use super::{RULES, User, id, rule, sysmon};
use crate::served::{Server, aurorasoc, shared};
use serde_json::{Value, json};
use std::process::Output;

const PIPELINES: &str = "/api/v1/detections/pipelines";

/// Nothing runs it before somebody says who the admins are.
const WAITS: &str = "{User|expand: '%Admins%'}";
/// They are whom the Sysmon log knows.
const VALUES: &str = "name: our values\nvars:\n  Admins: ['*SYSTEM*']\n";

fn put(u: &User<'_>, at: &str, body: &str) -> crate::served::Answer {
    u.send("PUT", &format!("{PIPELINES}/{at}"), json!({"body": body}))
}

/// State and reason of a rule once every change is compiled in: a run of all waits for the newest set.
fn state(u: &User<'_>, n: u32) -> (String, String) {
    let got = u.send("POST", "/api/v1/detections/runs", json!(null));
    assert_eq!(got.status, 202, "{}", got.text());
    u.s.settle(&u.token);
    let r = u.get(&format!("{RULES}/{}", id(n))).json();
    (r["state"].as_str().unwrap().into(), r["state_reason"].as_str().unwrap_or_default().into())
}

#[test]
fn a_pack_brings_a_pipeline_and_its_rule_runs() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    let alone = u.pack("mine", rule(1, "Admins", WAITS).as_bytes())["result"].clone();
    assert_eq!(alone["needs_configuration_total"], 1, "{alone}");
    let (state_is, why) = state(&u, 1);
    assert_eq!(state_is, "needs_configuration");
    assert!(why.contains("%Admins%"), "{why}");

    let both = [rule(1, "Admins", WAITS), VALUES.to_owned()].join("---\n");
    let before = u.audits();
    let r = u.pack("mine", both.as_bytes())["result"].clone();
    assert_eq!((&r["pipelines_new"], &r["not_loaded_total"]), (&json!(["our values"]), &json!(0)), "{r}");
    assert_eq!((&r["needs_configuration_total"], &r["cannot_run_total"]), (&json!(0), &json!(0)), "{r}");
    assert_eq!(u.audits() - before, 3, "the import: asked for, done, its job ended");
    assert_eq!(state(&u, 1).0, "running");
    let known = u.get(&format!("{RULES}/{}", id(1))).json();
    assert_eq!(known["pipelines"], json!(["our values: vars"]), "{known}");
    let there = u.get(&format!("{PIPELINES}/our-values"));
    assert_eq!(there.header("etag"), Some("\"1\""));
    let there = there.json();
    assert_eq!(
        (&there["enabled"], &there["rules"], &there["created_by"]),
        (&json!(true), &json!(1), &json!("root"))
    );
    let again = u.pack("mine", both.as_bytes())["result"].clone();
    assert_eq!(
        (&again["pipelines_unchanged"], &again["pipelines_new"]),
        (&json!(["our values"]), &json!([]))
    );

    let import = s.import(&u.token, "sysmon.evtx", &sysmon(&shared));
    assert!(!u.alerts(1).is_empty(), "{}", import["result"]);
    let log = u.get("/api/v1/siem/logs?limit=1&q=SYSTEM").json();
    let log = log["items"][0]["log_id"].as_str().unwrap_or_default().to_owned();
    if !log.is_empty() {
        let why = u.get(&format!("{RULES}/{}/explain?log_id={log}", id(1))).json();
        assert!(why.to_string().contains("SYSTEM"), "the rule as it runs: {why}");
    }

    let body = there["body"].clone();
    let off = u.send("PUT", &format!("{PIPELINES}/our-values"), json!({"body": body, "enabled": false}));
    assert_eq!((off.status, &off.json()["revision"]), (200, &json!(2)), "{}", off.text());
    assert_eq!(state(&u, 1).0, "needs_configuration");
    let again = u.pack("mine", both.replace("SYSTEM", "NETWORK").as_bytes())["result"].clone();
    assert_eq!(again["pipelines_changed"], json!(["our values"]), "{again}");
    let kept = u.get(&format!("{PIPELINES}/our-values")).json();
    assert_eq!((&kept["enabled"], &kept["revision"]), (&json!(false), &json!(3)), "off stays off");
    assert_eq!(u.send("DELETE", "/api/v1/detections/packs/mine", json!(null)).status, 204);
    assert_eq!(
        u.get(&format!("{PIPELINES}/our-values")).status,
        200,
        "it is the workspace's, not the pack's"
    );
}

#[test]
fn pipelines_alone_touch_no_pack_and_a_broken_one_is_named_with_its_place() {
    let s = Server::start();
    let u = User::root(&s);
    u.pack("mine", rule(1, "Admins", WAITS).as_bytes());
    let r = u.pack("mine", VALUES.as_bytes())["result"].clone();
    assert_eq!(
        (&r["pack_id"], &r["gone"], &r["pipelines_new"]),
        (&json!(""), &json!(0), &json!(["our values"])),
        "{r}"
    );
    assert_eq!(state(&u, 1).0, "running");
    let bad = "name: bad\ntransformations:\n  - type: field_name_mapping\n    mapping: {Image: exe}\n    colour: red\n";
    let r = u.pack("mine", [rule(1, "Admins", WAITS), bad.into()].join("---\n").as_bytes())["result"].clone();
    let n = &r["not_loaded"][0];
    let lines = rule(1, "Admins", WAITS).lines().count();
    assert_eq!((&n["line"], &r["not_loaded_total"]), (&json!(lines + 6), &json!(1)), "{r}");
    assert!(n["column"].as_u64().unwrap() > 1 && n["reason"].as_str().unwrap().contains("colour"), "{n}");
    assert_eq!(u.get(&format!("{RULES}?has_errors=true")).json()["total"], 0, "no rule that does not load");
    let alone = u.pack("other", bad.as_bytes());
    assert_eq!(alone["status"], "failed");
    assert!(alone["error"].as_str().unwrap().contains("line 5, column "), "{alone}");
}

#[test]
fn pipelines_are_written_over_refused_with_their_place_and_deleted() {
    let s = Server::start();
    let u = User::root(&s);
    u.create(&rule(1, "Admins", WAITS));
    let wrong = put(&u, "our-values", "name: our values\nvars:\n  Admins: {a: b}\n");
    let detail = wrong.json()["error"]["detail"].clone();
    assert_eq!(
        (wrong.code().as_str(), &detail["line"], &detail["field"]),
        ("AURORA-4222", &json!(3), &json!("body"))
    );
    let named = put(&u, "elsewhere", VALUES).json()["error"]["detail"].clone();
    assert_eq!((&named["path"], &named["line"]), (&json!("name"), &json!(1)), "{named}");
    assert_eq!(put(&u, "a", "title: x\n").code(), "AURORA-4222");
    let before = u.audits();
    let made = put(&u, "our-values", VALUES);
    assert_eq!((made.status, made.header("etag"), &made.json()["rules"]), (200, Some("\"1\""), &json!(1)));
    assert!(made.header("x-audit-seq").is_some());
    assert_eq!(u.audits() - before, 1);
    assert_eq!(put(&u, "our-values", VALUES).status, 200);
    assert_eq!(u.audits() - before, 1, "nothing changed, so nothing was audited");
    let late = s.call("PUT", &format!("{PIPELINES}/our-values")).bearer(&u.token).header("if-match", "\"7\"");
    assert_eq!(late.json(&json!({"body": VALUES, "enabled": false})).send().code(), "AURORA-4090");
    put(&u, "first", "name: first\npriority: -1\ntransformations: []\n");
    let list = u.get(PIPELINES).json();
    let ids: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["pipeline_id"].clone(), p["body"].clone()))
        .collect();
    assert_eq!(json!(ids), json!([["first", ""], ["our-values", ""]]));
    let page = u.get(&format!("{PIPELINES}?limit=1")).json();
    let next = u.get(&format!("{PIPELINES}?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).json();
    assert_eq!(next["items"][0]["pipeline_id"], "our-values");
    let gone = u.send("DELETE", &format!("{PIPELINES}/our-values"), json!(null));
    assert_eq!(gone.status, 204, "{}", gone.text());
    assert_eq!(put(&u, "our-values", "x: [").code(), "AURORA-4222");
    assert_eq!(u.get(&format!("{PIPELINES}/our-values")).code(), "AURORA-4040");
    assert_eq!(state(&u, 1).0, "needs_configuration");
    let row = u.get("/api/v1/audit?action=pipeline.delete").json();
    assert!(row["items"][0]["before"].to_string().contains("SYSTEM"), "its text can be had again: {row}");
}

#[test]
fn what_a_pipeline_refuses_or_renames_is_a_rule_s_state_and_its_suppressions_follow() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let u = User::root(&s);
    u.create(&rule(1, "Refused", "{Image|endswith: .exe}"));
    // Under the names of another product, which a pipeline turns into those of the events.
    u.create(&rule(2, "Renamed", "{process.executable|endswith: .exe}"));
    let refuse = "name: no\ntransformations:\n  - type: rule_failure\n    message: we have no such logs\n    \
                  rule_conditions: [{type: contains_field, field: Image}]\n";
    let rename = "name: names\npriority: 90\ntransformations:\n  - type: field_name_mapping\n    \
                  mapping: {process.executable: Image}\n";
    assert_eq!(put(&u, "no", refuse).status, 200);
    assert_eq!(put(&u, "names", rename).status, 200);
    let (is, why) = state(&u, 1);
    assert_eq!(is, "cannot_run");
    assert!(why.contains("we have no such logs"), "{why}");
    let listed = u.get(&format!("{RULES}?state=cannot_run&body=false")).json();
    assert!(listed["items"].as_array().unwrap().iter().any(|r| r["rule_id"] == id(1)), "{listed}");
    let made = u.create(&rule(3, "Refused too", "{Image: a}"));
    assert_eq!(made["state"], "cannot_run", "{made}");
    let edited = u.send(
        "PATCH",
        &format!("{RULES}/{}", id(3)),
        json!({"body": rule(3, "No more", "{process.executable: a}")}),
    );
    assert_eq!(
        (&edited.json()["state"], &edited.json()["pipelines"]),
        (&json!("running"), &json!(["names: 1"])),
        "{}",
        edited.text()
    );
    let report =
        u.send("POST", "/api/v1/detections/check", json!({"body": rule(4, "x", "{Image: a}")})).json();
    assert_eq!(
        (&report["ok"], &report["errors"], &report["documents"][0]["runs"]),
        (&json!(false), &json!([]), &json!(false)),
        "{report}"
    );
    let report = u.send("POST", "/api/v1/detections/check", json!({"body": rename})).json();
    assert_eq!((&report["ok"], &report["pipelines"][0]["exists"]), (&json!(true), &json!(true)), "{report}");

    let run = u.run(2);
    assert_eq!(run["matched"], 0);
    s.import(&u.token, "sysmon.evtx", &sysmon(&shared));
    let alerts = u.alerts(2);
    assert!(!alerts.is_empty(), "the field of another product is read as ours");
    assert_eq!(u.alerts(1).len(), 0);
    let run: Value = u.run(2);
    let all = run["matched"].as_u64().unwrap();
    assert!(all > 0 && run["suppressed"] == 0, "{run}");
    // In the names of the rule's own text.
    let hold = json!({"condition": {"process.executable|endswith": ".exe"}, "reason": "all of them"});
    assert_eq!(u.send("POST", &format!("{RULES}/{}/suppressions", id(2)), hold).status, 201);
    let run = u.run(2);
    assert_eq!((&run["matched"], &run["suppressed"]), (&json!(0), &json!(all)), "{run}");
}

fn cli(home: &std::path::Path, words: &[&str]) -> (Output, String, String) {
    let out = aurorasoc(home).args(words).output().unwrap();
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    let (said, wrong) = (text(&out.stdout), text(&out.stderr));
    (out, said, wrong)
}

#[test]
fn the_command_line_reads_rules_through_pipelines() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let (rules, values) = (file("rules.yml", &rule(1, "Admins", WAITS)), file("values.yml", VALUES));
    let bad = file(
        "bad.yml",
        "name: x\ntransformations:\n  - type: field_name_mapping\n    mapping: {a: b}\n    colour: 1\n",
    );
    let log = shared.join("data/evtx/parse/sysmon.evtx").to_string_lossy().into_owned();
    let (_, said, wrong) = cli(home.path(), &["scan", &log, "--rules", &rules, "--format", "jsonl"]);
    assert_eq!(said, "", "nothing matches");
    assert!(wrong.contains("no value for %Admins%"), "{wrong}");
    let words = ["scan", &log, "--rules", &rules, "--format", "jsonl", "--pipeline", &values];
    let (_, said, wrong) = cli(home.path(), &words);
    assert!(said.lines().count() > 10 && said.contains(&id(1)), "{said} {wrong}");
    assert!(wrong.contains("pipelines changed 1 of 1 rules"), "{wrong}");

    let (out, said, _) = cli(home.path(), &["rules", "check", &rules]);
    assert_eq!(out.status.code(), Some(0));
    assert!(said.contains("warning: Admins: would not run here"), "{said}");
    let (out, said, _) = cli(home.path(), &["rules", "check", &rules, "--pipeline", &values]);
    assert!(out.status.success() && said.contains("0 errors, 0 warnings"), "{said}");
    for command in ["scan", "rules check"] {
        let words: Vec<&str> =
            command.split(' ').chain([rules.as_str(), "--pipeline", &values, "--pipeline", &bad]).collect();
        let (out, _, wrong) = cli(home.path(), &words);
        assert_eq!(out.status.code(), Some(2), "{command}: {wrong}");
        assert!(wrong.contains("bad.yml:5:") && wrong.contains("5 |     colour: 1"), "{command}: {wrong}");
        let caret = wrong.lines().find(|l| l.trim_start_matches(['|', ' ']) == "^");
        assert!(caret.is_some(), "{command}: {wrong}");
    }
    let (out, said, _) = cli(home.path(), &["rules", "check", &bad, &values]);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("bad.yml:5:") && said.contains("values.yml:1:7: warning: a pipeline"), "{said}");
    let (out, _, wrong) = cli(home.path(), &["scan", &log, "--pipeline", "no-such-file.yml"]);
    assert_eq!(out.status.code(), Some(2), "{wrong}");

    let ws = home.path().join("ws").to_string_lossy().into_owned();
    let (out, said, wrong) =
        cli(home.path(), &["rules", "import", &values, &rules, "--name", "mine", "--data-dir", &ws]);
    assert_eq!(out.status.code(), Some(0), "{said} {wrong}");
    assert!(
        said.contains("new pipelines: our values") && said.contains("0 rules need configuration"),
        "{said}"
    );
    let (_, said, _) = cli(home.path(), &["rules", "list", "--pack", "mine", "--data-dir", &ws]);
    assert!(said.contains("running"), "{said}");
}
