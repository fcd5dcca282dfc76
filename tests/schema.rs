//! The OpenAPI document against the real server: schemathesis makes calls out of the document, good ones and broken
//! ones, and looks whether the answers are what the document says.

#![allow(clippy::disallowed_methods, reason = "tests start schemathesis")]

use crate::served::{PASSWORD, Server};
use serde_json::json;
use sha2::Digest as _;
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

/// What is checked of each answer. Left out, with why: `unsupported_method` wants 405, the contract says 404 with
/// Allow; `positive_data_acceptance` can't know of rules between fields (a status needs a resolution, an id must be
/// there); `missing_required_header`: no operation has one; `use_after_free` and `ensure_resource_availability`
/// follow links, and the document has none.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,negative_data_rejection,ignored_auth,allow_header_conformance";

/// Operations that are not called, with why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("AuthLogout", "ends the token that the run is made with"),
    ("TokenKeyRenew", "ends every token"),
    ("ImportCreate", "any bytes are a file: its answers are tested with real ones"),
    ("LogsIngest", "takes any JSON, and its answer says what it refused: tests/sent.rs"),
    ("AlertsLive", "a WebSocket"),
];

/// A program of a Python of the tests' own, in a folder of the cache named by what it is made of, made at the first use; or
/// none, said why.
pub fn python(program: &str) -> Option<PathBuf> {
    const WHAT: &[u8] = include_bytes!("requirements.txt");
    let home = |v| std::env::var_os(v).map(PathBuf::from).filter(|p| p.is_absolute());
    let cache = home("XDG_CACHE_HOME").or_else(|| Some(home("HOME")?.join(".cache")))?;
    let name = kernel::world::hex(&sha2::Sha256::digest(WHAT)[..6]);
    let folder = cache.join("aurorasoc").join(format!("python-{name}"));
    let there = folder.join("bin").join(program);
    // Two tests ask for it at the same time.
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(|e| e.into_inner());
    if folder.join("bin/schemathesis").is_file() {
        return there.is_file().then_some(there);
    }
    let requirements =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("requirements.txt");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements);
    for mut step in [venv, pip] {
        match step.output() {
            Ok(done) if done.status.success() => {}
            Ok(done) => {
                let said = String::from_utf8_lossy(&done.stderr).into_owned();
                println!("skipped: what the tests need of Python can't be installed: {said}");
                return None;
            }
            Err(e) => {
                println!("skipped: Python can't be run: {e}");
                return None;
            }
        }
    }
    there.is_file().then_some(there)
}

#[test]
fn answers_are_what_the_document_says() {
    let Some(schemathesis) = python("schemathesis") else { return };
    let s = Server::start();
    let token = s.token("root");
    // Something to find, so that answers have items.
    for n in 0..3 {
        let alert =
            json!({"title": format!("found {n}"), "severity": "high", "tags": ["x"], "metadata": {"n": n}});
        assert_eq!(s.call("POST", "/api/v1/alerts").bearer(&token).json(&alert).send().status, 201);
    }
    let case = json!({"title": "found", "severity": "low"});
    assert_eq!(s.call("POST", "/api/v1/cases").bearer(&token).json(&case).send().status, 201);
    let user = json!({"username": "vera", "password": PASSWORD, "role": "viewer"});
    assert_eq!(s.call("POST", "/api/v1/users").bearer(&token).json(&user).send().status, 201);
    let document = s.call("GET", "/api/v1/openapi.json").bearer(&token).send();
    let file = s.home.path().join("openapi.json");
    std::fs::write(&file, &document.body).unwrap();
    let out = run(&schemathesis, &file, &s, &token);
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    assert!(said.contains("passed"), "{said}");
}

fn run(schemathesis: &Path, document: &Path, s: &Server, token: &str) -> std::process::Output {
    let mut c = Command::new(schemathesis);
    c.current_dir(s.home.path()).env("NO_COLOR", "1").arg("run").arg(document);
    c.args(["--url", &format!("http://{}", s.host), "--checks", CHECKS, "--seed", "20261124", "--no-color"]);
    c.args(["--phases", "examples,coverage,fuzzing", "--max-examples", "30", "--max-failures", "20"]);
    c.args(["--generation-database", "none", "--request-timeout", "20", "--suppress-health-check", "all"]);
    c.args(["-H", &format!("Authorization: Bearer {token}")]);
    for (name, _) in LEFT_OUT {
        c.args(["--exclude-operation-id", name]);
    }
    c.output().unwrap()
}
