//! Correlation rules: over several imports in any order, and over what was stored before the rule came.

use super::{ANY, RULES, User, id, rule};
use crate::served::{Server, shared};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// Starts of processes on one host within an hour, a rule on them and a correlation that counts them.
fn counting() -> String {
    let counts = format!(
        "title: Many starts\nid: {}\nlevel: high\ntags: [attack.t1059]\ncorrelation:\n  type: event_count\n  rules: [{}]\n  \
         group-by: [Computer]\n  timespan: 1h\n  condition: {{gte: 2}}\n",
        id(2),
        id(1)
    );
    [rule(1, "Start", ANY), counts].join("---\n")
}

/// Small logs, each with few events.
fn logs(shared: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for folder in std::fs::read_dir(shared.join("data/sigma/regression")).unwrap().flatten() {
        let files = std::fs::read_dir(folder.path()).into_iter().flatten().flatten().map(|f| f.path());
        found.extend(files.filter(|p| p.extension().is_some_and(|e| e == "evtx")));
    }
    found.sort();
    found.truncate(40);
    found.insert(0, shared.join("data/evtx/parse/sysmon.evtx"));
    found
}

fn outline(alerts: &[Value]) -> BTreeSet<String> {
    let one = |a: &Value| {
        format!("{} {} {} {}", a["metadata"]["group"], a["first_seen"], a["last_seen"], a["event_count"])
    };
    alerts.iter().map(one).collect()
}

#[test]
fn the_order_of_imports_and_of_rule_and_import_does_not_matter() {
    let Some(shared) = shared() else { return };
    let files = logs(&shared);
    let import = |s: &Server, u: &User<'_>, files: &[PathBuf]| {
        let mut body = vec![];
        for f in files {
            let name = f.file_name().unwrap().to_string_lossy().into_owned();
            body.extend_from_slice(
                format!("--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n")
                    .as_bytes(),
            );
            body.extend(std::fs::read(f).unwrap());
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--b--\r\n");
        let call = s.call("POST", "/api/v1/imports").bearer(&u.token);
        let got = call.bytes("multipart/form-data; boundary=b", &body).send();
        assert_eq!(got.status, 202, "{}", got.text());
        assert_eq!(s.settle(&u.token)["status"], "done");
    };
    let (first, second) = files.split_at(files.len() / 2);
    let found = |order: [&[PathBuf]; 2], late: bool| {
        let s = Server::start();
        let u = User::root(&s);
        let create = || {
            let made = u.create(&counting());
            assert_eq!(made["created"], json!([id(1), id(2)]));
            let correlation = u.get(&format!("{RULES}/{}", id(2))).json();
            assert_eq!(
                (&correlation["format"], &correlation["state"]),
                (&json!("sigma_correlation"), &json!("running"))
            );
        };
        if !late {
            create();
        }
        for files in order {
            import(&s, &u, files);
        }
        if late {
            create();
            let run = u.run(2);
            assert_eq!(run["rules_run"], 1, "{run}");
        }
        assert_eq!(u.alerts(1).len(), 0, "a rule that only feeds a correlation raises nothing");
        let alerts = u.alerts(2);
        assert!(
            alerts.iter().all(|a| a["source"] == "sigma_correlation" && a["severity"] == "high"),
            "{alerts:?}"
        );
        outline(&alerts)
    };
    let right = found([first, second], false);
    assert!(!right.is_empty());
    assert_eq!(found([second, first], false), right);
    assert_eq!(found([first, second], true), right, "a correlation that comes later finds what is stored");
}
