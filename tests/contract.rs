//! The contract: the tables of the specification against what is served, for every role, with keys, without
//! credentials; the envelope and the headers of every answer.

use crate::served::{PASSWORD, Server, shared};
use api::{Role, RouteInfo};
use serde_json::json;
use std::{collections::BTreeSet, path::Path};

/// Routes of the tables that are not built yet. This list only shrinks.
const NOT_BUILT: &str = include_str!("golden/not-built.txt");

/// (method, path, permission) of a table.
fn table(file: &Path) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let cells = |l: &str| {
        let mut c = l.split('\t').map(String::from);
        (c.next().unwrap(), c.next().unwrap(), c.next().unwrap())
    };
    text.lines().skip(1).filter(|l| !l.is_empty()).map(cells).collect()
}

#[test]
fn every_route_of_the_tables_is_served_under_its_permission_or_stands_in_the_list() {
    let Some(shared) = shared() else { return };
    let mut rows = table(&shared.join("spec/endpoints.tsv"));
    assert_eq!(rows.len(), 110);
    rows.extend(table(&shared.join("spec/endpoints-extra.tsv")));
    let routes = api::all();
    let mut missing = vec![];
    for (method, path, permission) in rows {
        match routes.iter().find(|r| r.method == method && r.path == path) {
            Some(r) => assert_eq!(r.perm, permission, "{method} {path}"),
            None => missing.push(format!("{method} {path}")),
        }
    }
    let listed: Vec<_> = NOT_BUILT.lines().map(String::from).collect();
    assert_eq!(missing, listed, "tests/golden/not-built.txt must name just the routes that are missing");
}

#[test]
fn what_is_declared_is_served_and_nothing_twice() {
    let declared: Vec<_> = api::all().iter().map(|r| (r.method, r.path)).collect();
    let served: Vec<_> = server::routes().table.iter().map(|r| (r.method, r.path)).collect();
    let (d, s): (BTreeSet<_>, BTreeSet<_>) = (declared.iter().collect(), served.iter().collect());
    assert_eq!(d, s);
    assert_eq!((declared.len(), served.len()), (d.len(), s.len()));
}

#[test]
fn the_error_codes_are_those_of_the_table() {
    let Some(shared) = shared() else { return };
    let text = std::fs::read_to_string(shared.join("spec/error-codes.tsv")).unwrap();
    let ours: Vec<_> =
        api::Code::ALL.iter().map(|c| format!("{}\t{}\t{}", c.as_str(), c.status(), c.message())).collect();
    assert_eq!(text.lines().skip(1).map(String::from).collect::<Vec<_>>(), ours);
}

fn path_of(r: &RouteInfo) -> String {
    let mut path = String::new();
    for part in r.path.split('/').skip(1) {
        path += "/";
        path += if part.starts_with('{') { "nothing-of-this-name" } else { part };
    }
    path
}

/// Areas that an operator reads, as api.md has them.
const OPERATOR: &[&str] =
    &["alerts", "cases", "siem", "edr", "network", "investigations", "agents", "playbooks", "soar"];

/// Whether a role holds a word, by the table of roles in api.md and not by the function that the server asks.
fn holds(role: Role, word: &str) -> bool {
    let (area, right) = word.split_once(':').unwrap();
    match role {
        Role::Admin => true,
        Role::Analyst => word != "system:write",
        Role::Operator => {
            right == "read" && OPERATOR.contains(&area)
                || ["alerts:acknowledge", "soar:execute"].contains(&word)
        }
        Role::Viewer => right == "read" && area != "system",
        Role::ApiService => false,
    }
}

/// The two routes that a finer right opens, as api.md names them.
const FINER: &[(&str, &str)] = &[("AlertAcknowledge", "alerts:acknowledge"), ("PlaybookRun", "soar:execute")];

fn finer(r: &RouteInfo) -> Option<&'static str> {
    FINER.iter().find(|(name, _)| *name == r.name).map(|(_, word)| *word)
}

/// Whether a role's token must get in.
fn may(role: Role, r: &RouteInfo) -> bool {
    match r.perm {
        "Public" | "Authenticated" => true,
        "Admin" => role == Role::Admin,
        "sensor key" => false,
        word => holds(role, word) || finer(r).is_some_and(|w| holds(role, w)),
    }
}

/// Whether a key with these scopes, of an owner of this role, must get in.
fn key_may(owner: Role, scopes: &[&str], r: &RouteInfo) -> bool {
    let both = |word: &str| {
        // A finer right is part of its area's `:write`.
        let scoped =
            scopes.contains(&word) || word == "alerts:acknowledge" && scopes.contains(&"alerts:write");
        scoped && (owner == Role::ApiService || holds(owner, word))
    };
    match r.perm {
        "Public" => true,
        // What belongs to the person is not for keys.
        "Authenticated" => {
            !["AuthLogout", "KeyCreate", "KeyDelete", "PasswordChange", "PreferencesPut"].contains(&r.name)
        }
        "Admin" | "sensor key" => false,
        word => both(word) || finer(r).is_some_and(both),
    }
}

#[test]
fn nobody_gets_further_than_the_table_says() {
    let s = Server::start();
    let admin = s.token("root");
    for role in ["analyst", "operator", "viewer", "api_service"] {
        let mut body = json!({"username": role, "role": role});
        if role != "api_service" {
            body["password"] = json!(PASSWORD);
        }
        assert_eq!(s.call("POST", "/api/v1/users").bearer(&admin).json(&body).send().status, 201);
    }
    let tokens = ["viewer", "operator", "analyst"].map(|r| s.token(r));
    let no_service = json!({"username": "api_service", "password": PASSWORD});
    assert_eq!(s.call("POST", "/api/v1/auth/token").json(&no_service).send().code(), "AURORA-4012");
    let key = |token: &str, owner: Option<&str>, scopes: &[&str]| {
        let mut body = json!({"name": "k", "scopes": scopes});
        if let Some(owner) = owner {
            body["owner"] = json!(owner);
        }
        let made = s.call("POST", "/api/v1/auth/api-keys").bearer(token).json(&body).send();
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["secret"].as_str().unwrap().to_owned()
    };
    let keys: &[(Role, &[&str], String)] = &[
        (Role::Admin, &["alerts:read"], key(&admin, None, &["alerts:read"])),
        (Role::Operator, &["alerts:acknowledge"], key(&tokens[1], None, &["alerts:acknowledge"])),
        (
            Role::ApiService,
            &["siem:write", "cases:read"],
            key(&admin, Some("api_service"), &["siem:write", "cases:read"]),
        ),
        (Role::ApiService, &["alerts:write"], key(&admin, Some("api_service"), &["alerts:write"])),
    ];
    let mut routes: Vec<_> = api::all().into_iter().filter(|r| r.method != "WS").collect();
    // These end the caller's own credentials, so they come last.
    routes.sort_by_key(|r| r.name == "AuthLogout");
    for r in &routes {
        let path = path_of(r);
        let call = || s.call(r.method, &path);
        let send =
            |c: crate::served::Call<'_>| if r.method == "GET" { c.send() } else { c.json(&json!({})).send() };
        let nobody = send(call());
        if r.perm == "Public" {
            assert!(!matches!(nobody.code().as_str(), "AURORA-4010" | "AURORA-4030"), "{} {path}", r.method);
            continue;
        }
        assert_eq!(
            (nobody.status, nobody.code().as_str()),
            (401, "AURORA-4010"),
            "{} {path} without credentials",
            r.method
        );
        for (role, token) in [Role::Viewer, Role::Operator, Role::Analyst].into_iter().zip(&tokens) {
            let got = send(call().bearer(token));
            let refused = got.code() == "AURORA-4030";
            assert_eq!(!refused, may(role, r), "{} {path} as {role}: {}", r.method, got.text());
            assert_ne!(got.status, 401, "{} {path} as {role}", r.method);
        }
        for (owner, scopes, secret) in keys {
            let got = send(call().header("x-api-key", secret));
            let open = got.code() != "AURORA-4030";
            assert_eq!(
                open,
                key_may(*owner, scopes, r),
                "{} {path}, key of {owner} for {scopes:?}: {}",
                r.method,
                got.text()
            );
            assert_ne!(got.status, 401, "{} {path}, key of {owner} for {scopes:?}", r.method);
        }
        // An admin may, and would end every token with it.
        if r.name != "TokenKeyRenew" {
            let got = send(call().bearer(&admin));
            assert!(!matches!(got.status, 401 | 403), "{} {path} as admin: {}", r.method, got.text());
        }
    }
}

#[test]
fn every_answer_has_the_three_headers_and_every_error_the_envelope() {
    let s = Server::start();
    let admin = s.token("root");
    let id = "0190a5f0-0000-7000-8000-000000000001";
    let cases = [
        s.call("GET", "/health"),
        s.call("GET", "/"),
        s.call("GET", "/no/such/file.js"),
        s.call("GET", "/metrics"),
        s.call("GET", "/api/v1/nothing"),
        s.call("BREW", "/api/v1/alerts"),
        s.call("PUT", "/api/v1/alerts").bearer(&admin),
        s.call("GET", "/api/v1/alerts?limit=501").bearer(&admin),
        s.call("GET", "/api/v1/alerts?nonsense=1").bearer(&admin),
        s.call("GET", "/api/v1/alerts/ALRT-2026-99999").bearer(&admin),
        s.call("GET", "/api/v1/cases/CASE-2026-99999").bearer(&admin),
        s.call("POST", "/api/v1/alerts").bearer(&admin).bytes("text/plain", b"hello"),
        s.call("POST", "/api/v1/alerts").bearer(&admin).bytes("application/json", b"{\"title\": "),
        s.call("POST", "/api/v1/alerts")
            .bearer(&admin)
            .bytes("application/json", "[".repeat(100_000).as_bytes()),
        s.call("POST", "/api/v1/alerts").bearer(&admin).bytes("application/json", &vec![b' '; (1 << 20) + 1]),
        s.call("GET", "/api/v1/alerts").header("host", "evil.example"),
        s.call("GET", "/api/v1/ws/alerts").bearer(&admin),
        s.call("GET", &format!("/{}", "a".repeat(9000))),
        s.call("GET", "/health").header("x-filler", &"a".repeat(17_000)),
    ];
    for case in cases {
        let got = case.header("x-request-id", id).send();
        let head = |n: &str| got.header(n).unwrap_or_default();
        assert_eq!(
            (head("x-api-version"), head("x-request-id"), head("x-aurorasoc-mode")),
            ("1.0", id, "dry_run"),
            "{got:?}"
        );
        if got.status >= 400 {
            let e = &got.json()["error"];
            let code = api::Code::ALL.iter().find(|c| Some(c.as_str()) == e["code"].as_str());
            let code = code.unwrap_or_else(|| panic!("no envelope: {} {}", got.status, got.text()));
            assert_eq!((got.status, e["message"].as_str()), (code.status(), Some(code.message())));
            assert_eq!(e["request_id"], id);
            assert!(e["timestamp"].as_str().unwrap().ends_with('Z') && e.get("detail").is_some());
        }
    }
    let wrong = s.call("PUT", "/api/v1/alerts").bearer(&admin).send();
    assert_eq!((wrong.code().as_str(), wrong.header("allow")), ("AURORA-4040", Some("GET,HEAD,POST")));
    let unknown = s.call("POST", "/api/v1/alerts").bearer(&admin);
    let unknown = unknown.json(&json!({"title": "t", "severity": "low", "colour": 1})).send().json();
    assert_eq!(unknown["error"]["detail"]["field"], "colour");
    let made_up = s.call("GET", "/health").header("x-request-id", "not a uuid").send();
    assert_ne!(made_up.header("x-request-id"), Some("not a uuid"));
}

#[test]
fn openapi_knows_every_route() {
    let s = Server::start();
    let doc = s.call("GET", "/api/v1/openapi.json").bearer(&s.token("root")).send().json();
    assert_eq!(doc["openapi"], "3.1.0");
    for r in api::all() {
        let method = if r.method == "WS" { "get".into() } else { r.method.to_lowercase() };
        assert_eq!(doc["paths"][r.path][&method]["operationId"], r.name, "{} {}", r.method, r.path);
    }
}

#[test]
fn records_have_versions_that_if_match_holds_to() {
    let s = Server::start();
    let t = s.token("root");
    let user = json!({"username": "vera", "password": PASSWORD, "role": "viewer"});
    let made = s.call("POST", "/api/v1/users").bearer(&t).json(&user).send();
    assert_eq!((made.header("location"), made.header("etag")), (Some("/api/v1/users/vera"), Some("\"1\"")));
    let get = || s.call("GET", "/api/v1/users/vera").bearer(&t).send();
    assert_eq!((get().header("etag"), get().json()["role"].as_str()), (Some("\"1\""), Some("viewer")));
    let patch = |etag: &str, body: serde_json::Value| {
        s.call("PATCH", "/api/v1/users/vera").bearer(&t).header("if-match", etag).json(&body).send()
    };
    assert_eq!(patch("\"2\"", json!({"display_name": "V"})).code(), "AURORA-4090");
    assert_eq!(patch("\"1\"", json!({"display_name": "V"})).header("etag"), Some("\"2\""));
    assert_eq!(get().header("etag"), Some("\"2\""));
    let me = s.call("GET", "/api/v1/users/me").bearer(&t).send();
    let (etag, likes) = (me.header("etag").unwrap().to_owned(), me.json()["preferences"].clone());
    let put = |etag: &str| {
        let call = s.call("PUT", "/api/v1/users/me/preferences").bearer(&t);
        call.header("if-match", etag).json(&likes).send()
    };
    let done = put(&etag);
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(put(&etag).code(), "AURORA-4090", "it has changed since");
    let key = json!({"name": "k", "scopes": ["alerts:read"]});
    let key = s.call("POST", "/api/v1/auth/api-keys").bearer(&t).json(&key).send().json();
    let path = format!("/api/v1/auth/api-keys/{}", key["id"].as_str().unwrap());
    let delete = |etag: &str| s.call("DELETE", &path).bearer(&t).header("if-match", etag).send().status;
    assert_eq!((delete("\"9\""), delete("\"1\""), delete("\"1\"")), (409, 204, 404));
    let alert = json!({"title": "t", "severity": "low"});
    let alert = s.call("POST", "/api/v1/alerts").bearer(&t).json(&alert).send().json();
    let comments = format!("/api/v1/alerts/{}/comments", alert["alert_id"].as_str().unwrap());
    let comment = s.call("POST", &comments).bearer(&t).json(&json!({"body": "b"})).send();
    assert_eq!((comment.status, comment.header("location")), (201, Some(&*comments)));
}

#[test]
fn validation_comes_before_state_and_an_unchanged_read_is_the_same_text() {
    let s = Server::start();
    let t = s.token("root");
    let post = |path: &str, body: serde_json::Value| s.call("POST", path).bearer(&t).json(&body).send();
    let first = post(
        "/api/v1/alerts",
        json!({"title": "t", "severity": "low", "tags": ["a\"b"], "metadata": {"k": [1.5, null]}}),
    );
    let id = first.json()["alert_id"].as_str().unwrap().to_owned();
    let bad = post("/api/v1/alerts", json!({"title": "t", "severity": "low", "event_ids": ["zz"]}));
    assert_eq!(bad.json()["error"]["detail"]["field"], "event_ids[0]", "not that it is a duplicate");
    let bad = post("/api/v1/alerts/ALRT-2026-99999/promote", json!({"title": ""}));
    assert_eq!(bad.code(), "AURORA-4220", "not that there is none");
    let path = format!("/api/v1/alerts/{id}");
    let get = |path: &str| s.call("GET", path).bearer(&t).send();
    // What the store writes as text is what the type writes.
    assert_eq!(get(&path).text(), first.text());
    assert_eq!(get("/api/v1/alerts").json()["items"][0], first.json());
    // Read again and again, it is remembered; after a change it is the new one.
    assert_eq!(get(&path).text(), first.text());
    let changed = s.call("PATCH", &path).bearer(&t).json(&json!({"tags": ["new"]})).send();
    assert_eq!(get(&path).text(), changed.text());
    assert_eq!(get("/api/v1/alerts?tag=new").json()["total"], 1);
    let list = get("/api/v1/alerts?q=T").json();
    assert_eq!((list["total"].as_u64(), list["next_cursor"].is_null()), (Some(1), true));
}

#[test]
fn every_filter_and_order_gives_what_a_look_at_all_alerts_gives() {
    let s = Server::start();
    let t = s.token("root");
    let severities = ["info", "low", "medium", "high", "critical"];
    for n in 0..40_usize {
        let body = json!({"title": format!("Alert {n} of Många"), "severity": severities[n % 5], "tags": [format!("t{}", n % 3)],
            "mitre_techniques": [format!("T10{}", n % 4)], "description": if n % 7 == 0 { "C:\\Windows\\Temp" } else { "" },
            "entities": [{"type": "host", "value": format!("WS{n}.corp.example")}], "rule_id": format!("r{}", n % 2),
            "first_seen": format!("2026-01-{:02}T00:00:00Z", 1 + n % 20), "last_seen": format!("2026-01-{:02}T12:00:00Z", 1 + n % 20)});
        let made = s.call("POST", "/api/v1/alerts").bearer(&t).json(&body).send();
        assert_eq!(made.status, 201, "{}", made.text());
        if n % 6 == 0 {
            let path = format!("/api/v1/alerts/{}", made.json()["alert_id"].as_str().unwrap());
            let body = json!({"status": "triaged", "assignee": "ann"});
            assert_eq!(s.call("PATCH", &path).bearer(&t).json(&body).send().status, 200);
        }
    }
    let all = s.all(&t, "/api/v1/alerts");
    let has = |a: &serde_json::Value, text: &str| a.to_string().to_lowercase().contains(text);
    type Keep = fn(&serde_json::Value) -> bool;
    let filters: [(&str, Keep); 10] = [
        ("severity=high,critical", |a| ["high", "critical"].contains(&a["severity"].as_str().unwrap())),
        ("status=triaged", |a| a["status"] == "triaged"),
        ("assignee=ann", |a| a["assignee"] == "ann"),
        ("assignee=none", |a| a["assignee"].is_null()),
        ("rule_id=r1", |a| a["rule_id"] == "r1"),
        ("technique=T103", |a| a["mitre_techniques"][0] == "T103"),
        ("tag=t1", |a| a["tags"][0] == "t1"),
        ("entity=ws7.CORP.example", |a| a["entities"][0]["value"] == "WS7.corp.example"),
        ("from=2026-01-05T00:00:00Z&to=2026-01-08T00:00:00Z", |a| {
            let day = &a["first_seen"].as_str().unwrap()[8..10];
            ("05".."08").contains(&day)
        }),
        ("severity=low&tag=t1&rule_id=r1", |a| {
            a["severity"] == "low" && a["tags"][0] == "t1" && a["rule_id"] == "r1"
        }),
    ];
    for (query, keep) in filters {
        let wanted: BTreeSet<_> = all.iter().filter(|a| keep(a)).map(|a| a["alert_id"].to_string()).collect();
        assert!(!wanted.is_empty() && wanted.len() < all.len(), "{query}");
        for sort in ["-created_at", "severity", "-last_seen", "event_count"] {
            let path = format!("/api/v1/alerts?{query}&sort={sort}&limit=7");
            let found = s.all_by(&t, &path);
            let ids: BTreeSet<_> = found.iter().map(|a| a["alert_id"].to_string()).collect();
            assert_eq!((ids.len(), &ids), (found.len(), &wanted), "{path}");
            let total = s.call("GET", &path).bearer(&t).send().json()["total"].as_u64();
            assert_eq!(total, Some(wanted.len() as u64), "{path}");
        }
    }
    // Text: long and short, in any case, with what SQL and the index use as signs.
    for text in [
        "alert 1",
        "många",
        "ws3",
        "t1",
        "al",
        "c:\\windows",
        "\"",
        "%",
        "'",
        "*",
        "corp.example",
        "nothing like it",
    ] {
        let path = format!("/api/v1/alerts?limit=7&q={}", percent(text));
        let found = s.all_by(&t, &path).len();
        let parts = |a: &serde_json::Value| {
            json!([
                a["title"],
                a["alert_id"],
                a["description"],
                a["entities"],
                a["mitre_techniques"],
                a["tags"]
            ])
        };
        let quoted = json!(text).to_string().trim_matches('"').to_owned();
        let wanted = match text {
            // In the JSON of all; in no text.
            "\"" => 0,
            _ => all.iter().filter(|a| has(&parts(a), &quoted)).count(),
        };
        assert_eq!(found, wanted, "{text}");
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02x}")).collect()
}

#[test]
fn the_docs_page_and_the_metrics_are_for_who_is_signed_in() {
    let s = Server::start();
    let t = s.token("root");
    for path in ["/api/docs", "/api/docs/style.css", "/metrics"] {
        assert_eq!(s.call("GET", path).send().code(), "AURORA-4010", "{path}");
    }
    let page = s.call("GET", "/api/docs").bearer(&t).send();
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.header("content-security-policy").unwrap().contains("style-src 'self'"));
    assert!(page.text().contains("AlertPatch") && !page.text().contains("<script"));
    let metrics = s.call("GET", "/metrics").bearer(&t).send();
    assert_eq!(metrics.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for name in [
        "alerts_created_total",
        "alerts_deduplicated_total",
        "ingest_events_total",
        "ingest_rejected_total",
        "network_attack_detections_total",
        "approval_latency_seconds_count",
        "inference_queue",
        "queue_lag",
        "http_request_duration_seconds_count{method=\"GET\",route=\"/api/docs\"",
    ] {
        assert!(metrics.text().lines().any(|l| l.starts_with(&format!("aurorasoc_{name}"))), "{name}");
    }
    assert!(!metrics.text().contains("# EOF"));
    let open = s.call("GET", "/metrics").bearer(&t).header("accept", "application/openmetrics-text").send();
    assert!(open.text().ends_with("# EOF\n"));
}
