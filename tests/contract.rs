//! The contract: the tables of the specification against what is served, for every role, with keys, without
//! credentials; the envelope and the headers of every answer.

use crate::served::{PASSWORD, Server, shared};
use api::{Access, Role, RouteInfo, perm};
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

/// Whether a role's token must get in.
fn may(role: Role, r: &RouteInfo) -> bool {
    match perm::ALL.iter().find(|p| p.name == r.perm).unwrap().access {
        Access::Public | Access::Authenticated => true,
        Access::Admin => role == Role::Admin,
        Access::Word => api::grants(role, r.perm) || r.also.is_some_and(|a| api::grants(role, a)),
        Access::SensorKey => false,
    }
}

#[test]
fn nobody_gets_further_than_the_table_says() {
    let s = Server::start();
    let admin = s.token("root");
    for role in ["analyst", "operator", "viewer"] {
        let body = json!({"username": role, "password": PASSWORD, "role": role});
        assert_eq!(s.call("POST", "/api/v1/users").bearer(&admin).json(&body).send().status, 201);
    }
    let body = json!({"name": "only alerts", "scopes": ["alerts:read"]});
    let key = s.call("POST", "/api/v1/auth/api-keys").bearer(&admin).json(&body).send().json();
    let key = key["secret"].as_str().unwrap().to_owned();
    let tokens = ["viewer", "operator", "analyst"].map(|r| s.token(r));
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
        let got = send(call().bearer(&key));
        let open = matches!(r.perm, "alerts:read" | "Authenticated");
        assert_eq!(
            got.code() != "AURORA-4030",
            open,
            "{} {path} with a key for alerts:read: {}",
            r.method,
            got.text()
        );
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
