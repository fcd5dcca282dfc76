//! Rules as users meet them: packs, switches, runs over what is stored, verdicts, the command line, hostile text.

mod command_line;
mod correlations;
mod hostile;
mod killed;
mod packs;
mod pipelines;
mod runs;
mod verdicts;

use crate::served::{Answer, Server};
use serde_json::{Value, json};
use std::path::Path;

const RULES: &str = "/api/v1/detections/rules";

/// Id number `n` of the tests' own rules.
fn id(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// A rule on started processes.
fn rule(n: u32, title: &str, selection: &str) -> String {
    format!(
        "title: {title}\nid: {}\nstatus: test\nlevel: low\nauthor: A. Tester\ntags: [attack.t1059.001]\n\
         logsource: {{product: windows, category: process_creation}}\n\
         detection:\n  selection: {selection}\n  condition: selection\n",
        id(n)
    )
}

/// What matches every process that a Sysmon log saw start.
const ANY: &str = "{Image|endswith: .exe}";

/// A log of Sysmon with hundreds of events.
fn sysmon(shared: &Path) -> Vec<u8> {
    std::fs::read(shared.join("data/evtx/parse/sysmon.evtx")).unwrap()
}

/// One signed-in user on a server.
struct User<'a> {
    s: &'a Server,
    token: String,
}

impl<'a> User<'a> {
    fn root(s: &'a Server) -> Self {
        User { s, token: s.token("root") }
    }

    fn get(&self, path: &str) -> Answer {
        self.s.call("GET", path).bearer(&self.token).send()
    }

    fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        self.s.call(method, path).bearer(&self.token).json(&body).send()
    }

    /// Makes a rule of one's own.
    fn create(&self, body: &str) -> Value {
        let made = self.send("POST", RULES, json!({"body": body}));
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()
    }

    /// Uploads a pack and waits for its job.
    fn pack(&self, name: &str, bytes: &[u8]) -> Value {
        let path = format!("/api/v1/detections/packs?name={name}");
        let got =
            self.s.call("POST", &path).bearer(&self.token).bytes("application/octet-stream", bytes).send();
        assert_eq!(got.status, 202, "{}", got.text());
        let job = self.s.settle(&self.token);
        assert_eq!(got.json()["job_id"], job["job_id"]);
        job
    }

    /// Runs one rule over what is stored and waits for its job.
    fn run(&self, n: u32) -> Value {
        let got = self.send("POST", &format!("{RULES}/{}/run", id(n)), json!(null));
        assert_eq!(got.status, 202, "{}", got.text());
        assert_eq!(got.json()["run_id"], got.json()["job_id"]);
        let job = self.s.settle(&self.token);
        assert_eq!(job["status"], "done", "{job}");
        job["result"].clone()
    }

    /// Alerts of one rule.
    fn alerts(&self, n: u32) -> Vec<Value> {
        self.s.all(&self.token, &format!("/api/v1/alerts?rule_id={}", id(n)))
    }

    /// Rows of the audit log.
    fn audits(&self) -> u64 {
        self.get("/api/v1/audit?count=exact").json()["total"].as_u64().unwrap()
    }
}
