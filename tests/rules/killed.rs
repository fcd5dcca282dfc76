//! A pack import and a run that are killed end as whole ones do.

use super::{ANY, RULES, User, id, rule, sysmon};
use crate::served::{Server, add_user, aurorasoc, shared};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    process::Stdio,
    time::{Duration, Instant},
};

/// Moments at which to kill, in parts of 1,000 of a whole one.
fn moments() -> Vec<u32> {
    let kills: u32 = std::env::var("AURORASOC_KILLS").ok().and_then(|k| k.parse().ok()).unwrap_or(5);
    (0..kills).map(|n| (2 * n + 1) * 1000 / (2 * kills)).collect()
}

/// The moment itself is the point of the test, so it is waited for.
fn wait(part: u32, whole: Duration, over: &mut dyn FnMut() -> bool) {
    let until = Instant::now() + whole * part / 1000;
    while Instant::now() < until && !over() {
        crate::drive::watch::pause();
    }
}

#[test]
fn a_killed_pack_import_is_whole_or_not_there() {
    let Some(shared) = shared() else { return };
    let zip = shared.join("data/sigma/rules.zip");
    let import = |home: &std::path::Path| {
        let mut c = aurorasoc(home);
        c.args(["rules", "import", "--name", "SigmaHQ"]).arg(&zip).arg("--data-dir").arg(home.join("ws"));
        c.stdout(Stdio::null()).stderr(Stdio::null());
        c
    };
    let home = || {
        let home = tempfile::Builder::new().prefix("aurora-kill-").tempdir().unwrap();
        add_user(home.path(), "root", "admin");
        home
    };
    let first = home();
    let started = Instant::now();
    assert_eq!(import(first.path()).status().unwrap().code(), Some(0));
    let whole = started.elapsed();
    for part in moments() {
        let home = home();
        let mut child = import(home.path()).spawn().unwrap();
        wait(part, whole, &mut || child.try_wait().unwrap().is_some());
        let _ = child.kill();
        let _ = child.wait();
        let s = Server::on(home);
        let u = User::root(&s);
        let job = s.settle(&u.token);
        let rules = s.all(&u.token, &format!("{RULES}?pack=sigmahq&body=false")).len();
        if job.is_null() {
            assert_eq!(rules, 0, "killed at {part}/1000: nothing was promised");
            continue;
        }
        assert_eq!(
            (&job["status"], &job["result"]["new"]),
            (&json!("done"), &json!(3780)),
            "{part}/1000: {job}"
        );
        assert_eq!(rules, 3780, "killed at {part}/1000");
    }
}

/// What a run and its alerts say at the end.
fn outcome(u: &User<'_>) -> (Vec<u64>, BTreeSet<String>) {
    let run = u.get(&format!("{RULES}/{}/runs", id(1))).json()["items"][0].clone();
    assert_eq!(run["status"], "done", "{run}");
    let numbers = ["scanned", "matched", "new_matches", "alerts_created"].map(|k| run[k].as_u64().unwrap());
    let one = |a: &Value| format!("{} {} {}", a["first_seen"], a["last_seen"], a["event_count"]);
    (numbers.into(), u.alerts(1).iter().map(one).collect())
}

#[test]
fn a_killed_run_ends_with_exactly_what_a_whole_one_finds() {
    let Some(shared) = shared() else { return };
    let log = sysmon(&shared);
    let made = || {
        let s = Server::start();
        let u = User::root(&s);
        s.import(&u.token, "sysmon.evtx", &log);
        let body = json!({"body": rule(1, "Any", ANY), "settings": {"group_by": ["Image"]}});
        assert_eq!(u.send("POST", RULES, body).status, 201);
        s
    };
    let s = made();
    let u = User::root(&s);
    let started = Instant::now();
    u.run(1);
    let whole = started.elapsed();
    let right = outcome(&u);
    assert!(right.0[1] > 10 && right.1.len() > 3, "{right:?}");
    for part in moments() {
        let s = made();
        let u = User::root(&s);
        let got = u.send("POST", &format!("{RULES}/{}/run", id(1)), json!(null));
        assert_eq!(got.status, 202);
        wait(part, whole, &mut || false);
        drop(u);
        let s = Server::on(s.kill());
        let u = User::root(&s);
        s.settle(&u.token);
        assert_eq!(outcome(&u), right, "killed at {part}/1000 of {whole:?}");
    }
}
