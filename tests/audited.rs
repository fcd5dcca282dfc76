//! One call of every route that changes something leaves exactly one audit row, found by the call's request id.

use crate::served::{Answer, Call, PASSWORD, Server, aurorasoc};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const RULE: &str = "title: t\nid: 0190a5f0-0000-4000-8000-000000000001\nlogsource: {category: test}\ndetection: {s: {a: b}, condition: s}\n";
/// Routes with a method of change that change nothing: a check without effect, and what is not configured.
const NO_CHANGE: &[&str] = &["RuleCheck", "SamlAcs"];

/// The calls so far, and what they made.
struct Walk<'s> {
    s: &'s Server,
    token: String,
    called: BTreeSet<&'static str>,
}

impl Walk<'_> {
    /// Calls a route, by its name and the values of its path, and looks for its one row.
    fn call(&mut self, name: &'static str, ids: &[&str], body: &Value) -> Answer {
        self.send(name, ids, "", |c| if body.is_null() { c } else { c.json(body) })
    }

    fn send<'c>(
        &'c mut self,
        name: &'static str,
        ids: &[&str],
        query: &str,
        with: impl Fn(Call<'c>) -> Call<'c>,
    ) -> Answer {
        let route =
            api::all().into_iter().find(|r| r.name == name).unwrap_or_else(|| panic!("no route {name}"));
        let mut ids = ids.iter();
        let parts = route.path.split('/').map(|p| if p.starts_with('{') { ids.next().unwrap() } else { p });
        let path = format!("{}{query}", parts.collect::<Vec<_>>().join("/"));
        self.called.insert(name);
        let (s, token) = (self.s, self.token.clone());
        let call = s.call(route.method, &path);
        let got = with(if route.perm == "Public" { call } else { call.bearer(&token) }).send();
        assert_eq!(got.status, route.status, "{name}: {}", got.text());
        let id = got.header("x-request-id").unwrap();
        // The token may have ended with the call.
        let rows = s.all(&s.token("auditor"), "/api/v1/audit");
        let rows: Vec<_> = rows.iter().filter(|r| r["request_id"] == *id).collect();
        assert_eq!(rows.len(), 1, "{name}: {rows:?}");
        if let Some(seq) = got.header("x-audit-seq") {
            assert_eq!(rows[0]["seq"].to_string(), seq, "{name}");
        }
        got
    }
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap()
}

#[test]
fn every_route_that_changes_something_leaves_exactly_one_row() {
    let s = Server::start();
    let auditor = json!({"username": "auditor", "password": PASSWORD, "role": "admin"});
    assert_eq!(s.call("POST", "/api/v1/users").bearer(&s.token("root")).json(&auditor).send().status, 201);
    let mut w = Walk { s: &s, token: s.token("root"), called: BTreeSet::new() };
    alerts_and_cases(&mut w);
    rules(&mut w);
    w.call("LogsIngest", &[], &json!({"message": "sent"}));
    jobs(&mut w);
    sources(&mut w);
    let secrets = people(&mut w);
    let all: BTreeSet<_> = api::all()
        .iter()
        .filter(|r| !matches!(r.method, "GET" | "WS") && !NO_CHANGE.contains(&r.name))
        .map(|r| r.name)
        .collect();
    assert_eq!(w.called, all, "every such route, and no other");
    let log = s.call("GET", "/api/v1/audit?limit=500").bearer(&s.token("auditor")).send().text();
    for secret in &secrets {
        assert!(!log.contains(secret), "a secret in the audit log");
    }
    let home = s.kill();
    let ws = home.path().join("ws");
    let doctor = aurorasoc(home.path()).arg("doctor").arg("--data-dir").arg(&ws).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(doctor.status.success() && said.contains("the chain of hashes holds"), "{said}");
}

fn alerts_and_cases(w: &mut Walk<'_>) {
    let alert = w.call("AlertCreate", &[], &json!({"title": "t", "severity": "low"})).json();
    let alert = text(&alert["alert_id"]);
    let done = w.call("AlertPatch", &[alert], &json!({"tags": ["x"]}));
    let seq: i64 = done.header("x-audit-seq").unwrap().parse().unwrap();
    w.call("AlertUndo", &[], &json!({"audit_seqs": [seq]}));
    w.call("AlertAcknowledge", &[alert], &Value::Null);
    w.call("AlertCommentCreate", &[alert], &json!({"body": "b"}));
    let case = w.call("AlertPromote", &[alert], &Value::Null).json();
    w.call("AlertCaseLink", &[alert], &json!({"case_id": case["case_id"]}));
    w.call("CaseCreate", &[], &json!({"title": "t"}));
    w.call("SettingsPatch", &[], &json!({"mode": "monitor", "reason": "a test"}));
}

fn rules(w: &mut Walk<'_>) {
    let rule = w.call("RuleCreate", &[], &json!({"body": RULE})).json();
    let rule = text(&rule["rule_id"]).to_owned();
    let rule = rule.as_str();
    w.call("RulePatch", &[rule], &json!({"enabled": false}));
    w.call("RulesBulk", &[], &json!({"rule_ids": [rule], "enabled": true}));
    w.call("RuleRunCreate", &[rule], &Value::Null);
    w.call("RunCreate", &[], &json!({"rule_ids": [rule]}));
    let quiet =
        w.call("SuppressionCreate", &[rule], &json!({"condition": {"a": "b"}, "reason": "a test"})).json();
    w.call("SuppressionDelete", &[rule, text(&quiet["id"])], &Value::Null);
    w.call("FeedbackCreate", &[rule], &json!({"verdict": "false_positive"}));
    w.call("PipelinePut", &["p"], &json!({"body": "name: p\nvars: {Admins: x}\n"}));
    w.call("PipelineDelete", &["p"], &Value::Null);
    let clock = w.call("ClockSet", &[], &json!({"host": "a", "offset_seconds": 5})).json();
    w.call("ClockDelete", &[text(&clock["items"][0]["clock_id"])], &Value::Null);
    let names = json!({"kind": "host", "names": ["a", "b"], "into": "a"});
    let merged = w.call("EntityMergeCreate", &[], &names).json();
    w.call("EntityMergeDelete", &[text(&merged["items"][0]["merge_id"])], &Value::Null);
    w.call("RuleDelete", &[rule], &Value::Null);
    w.send("PackImport", &[], "?name=ours", |c| c.bytes("application/octet-stream", RULE.as_bytes()));
    w.s.settle(&w.token);
    let packs = w.s.all(&w.token, "/api/v1/detections/packs");
    let pack = packs.iter().find(|p| p["name"] == "ours").unwrap();
    w.call("PackDelete", &[text(&pack["pack_id"])], &Value::Null);
}

fn jobs(w: &mut Walk<'_>) {
    // Long enough to be there still when it is steered.
    let many = "{\"a\": \"some text of a line\", \"b\": 1}\n".repeat(400_000);
    let job = w.send("ImportCreate", &[], "?name=many.json", |c| {
        c.bytes("application/octet-stream", many.as_bytes())
    });
    let job = job.json();
    let job = text(&job["job_id"]);
    w.call("JobPause", &[job], &Value::Null);
    // Paused is what it is only once its batch has ended.
    w.s.settle(&w.token);
    assert_eq!(w.call("JobResume", &[job], &Value::Null).json()["status"], "queued");
    w.call("JobCancel", &[job], &Value::Null);
    let ended = w.s.settle(&w.token);
    assert_eq!(ended["status"], "cancelled", "{ended}");
    assert!(text(&ended["kept"]).contains("sta") || text(&ended["kept"]).contains("nothing"), "{ended}");
}

fn sources(w: &mut Walk<'_>) {
    let all = w.s.all(&w.token, "/api/v1/siem/sources");
    let file = all.iter().find(|source| source["source"] == "many.json").unwrap();
    w.call("SourceDelete", &[text(&file["source_id"])], &Value::Null);
    w.s.settle(&w.token);
    assert_eq!(w.s.all(&w.token, "/api/v1/siem/sources").len(), all.len() - 1);
}

/// Answers what must be in no row.
fn people(w: &mut Walk<'_>) -> Vec<String> {
    let prefs = json!({"theme": "dark", "language": "ar", "density": "compact", "time_zone": "utc"});
    w.call("PreferencesPut", &[], &prefs);
    let user = json!({"username": "u", "password": "a long enough password", "role": "viewer"});
    w.call("UserCreate", &[], &user);
    w.call("UserPatch", &["u"], &json!({"role": "analyst"}));
    w.call("UserDelete", &["u"], &Value::Null);
    let key = w.call("KeyCreate", &[], &json!({"name": "k", "scopes": ["alerts:read"]})).json();
    w.call("KeyDelete", &[text(&key["id"])], &Value::Null);
    let root = json!({"username": "root", "password": PASSWORD});
    let token = w.call("AuthToken", &[], &root).json();
    w.call("AuthSession", &[], &root);
    let new = json!({"current_password": PASSWORD, "new_password": "another long password"});
    w.call("PasswordChange", &[], &new);
    w.call("TokenKeyRenew", &[], &Value::Null);
    let again = json!({"username": "root", "password": "another long password"});
    w.token = text(&w.s.call("POST", "/api/v1/auth/token").json(&again).send().json()["access_token"]).into();
    w.call("AuthLogout", &[], &Value::Null);
    let secrets = [&key["secret"], &token["access_token"], &token["refresh_token"]];
    let mut secrets: Vec<_> = secrets.map(|v| text(v).to_owned()).into();
    secrets.extend([PASSWORD, "another long password", "a long enough password"].map(String::from));
    secrets
}
