//! The real binary on a free port with a folder of its own, and a plain HTTP client that can also misbehave.

#![allow(clippy::disallowed_methods, reason = "tests start the product and talk to it over loopback")]

pub mod http;

pub use http::{Answer, Call};

use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// Where `../shared` lies, or none (then the test says so and passes).
pub fn shared() -> Option<PathBuf> {
    let beside =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../shared");
    let root = std::env::var_os("AURORASOC_SHARED").map_or(beside, PathBuf::from);
    if root.is_dir() {
        return Some(root);
    }
    println!("skipped: no shared data");
    None
}

/// `aurorasoc`, built beside the tests.
pub fn binary() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().join("aurorasoc")
}

/// A command line run of the product that uses no keyring and no one's own configuration.
pub fn aurorasoc(home: &Path) -> Command {
    let mut c = Command::new(binary());
    c.env_remove("XDG_RUNTIME_DIR").env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
    c.env("HOME", home).env("AURORASOC_KEYRING", "false");
    crate::drive::watch::mark(&mut c);
    c
}

/// A running server. Killed on drop.
pub struct Server {
    /// HOME of the server; the workspace is `ws` in it.
    pub home: TempDir,
    /// `127.0.0.1:PORT`.
    pub host: String,
    child: Child,
}

/// The password of every user that tests make.
pub const PASSWORD: &str = "correct horse battery";

impl Server {
    /// A fresh workspace with the admin `root`.
    pub fn start() -> Server {
        Server::start_in(tempfile::Builder::new().prefix("aurora-served-").tempdir().unwrap())
    }

    /// The same in a folder of the caller's.
    pub fn start_in(home: TempDir) -> Server {
        add_user(home.path(), "root", "admin");
        Server::on(home)
    }

    /// A server on a workspace that is there.
    pub fn on(home: TempDir) -> Server {
        let mut child = aurorasoc(home.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(home.path().join("ws"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let host = line
            .trim()
            .strip_prefix("Listening on http://")
            .expect("the server says where it listens")
            .to_owned();
        Server { home, host, child }
    }

    /// Folder of the workspace.
    pub fn ws(&self) -> PathBuf {
        self.home.path().join("ws")
    }

    /// Ends the server as a power cut would, and gives the folder back.
    pub fn kill(mut self) -> TempDir {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let empty = tempfile::Builder::new().prefix("aurora-gone-").tempdir().unwrap();
        std::mem::replace(&mut self.home, empty)
    }

    /// Most memory that the server has held so far, in bytes.
    pub fn peak_memory(&self) -> u64 {
        crate::drive::process::peak_memory(self.child.id()).unwrap()
    }

    /// Ends the server as its user does, and gives the folder back.
    pub fn stop(self) -> TempDir {
        self.end_by(rustix::process::Signal::TERM)
    }

    /// The same by a signal, after which it must end well.
    pub fn end_by(mut self, signal: rustix::process::Signal) -> TempDir {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
        assert!(self.child.wait().unwrap().success());
        let empty = tempfile::Builder::new().prefix("aurora-gone-").tempdir().unwrap();
        std::mem::replace(&mut self.home, empty)
    }

    /// A call without credentials.
    pub fn call(&self, method: &str, path: &str) -> Call<'_> {
        Call::new(&self.host, method, path)
    }

    /// Bearer token of a user with the tests' password.
    pub fn token(&self, name: &str) -> String {
        let body = json!({"username": name, "password": PASSWORD});
        let answer = self.call("POST", "/api/v1/auth/token").json(&body).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Waits until no job is queued or running, and answers the newest one.
    pub fn settle(&self, token: &str) -> Value {
        loop {
            let open = self.call("GET", "/api/v1/jobs?status=queued,running").bearer(token).send().json();
            if open["total"] == 0 {
                return self.call("GET", "/api/v1/jobs").bearer(token).send().json()["items"][0].clone();
            }
            crate::drive::watch::pause();
        }
    }

    /// Uploads a file and waits for its job.
    pub fn import(&self, token: &str, name: &str, bytes: &[u8]) -> Value {
        let path = format!("/api/v1/imports?name={name}");
        let answer = self.call("POST", &path).bearer(token).bytes("application/octet-stream", bytes).send();
        assert_eq!(answer.status, 202, "{}", answer.text());
        self.settle(token)
    }

    /// Every item of a list, page by page.
    pub fn all(&self, token: &str, path: &str) -> Vec<Value> {
        let sep = if path.contains('?') { '&' } else { '?' };
        self.all_by(token, &format!("{path}{sep}limit=500"))
    }

    /// The same in pages of the size that the path names.
    pub fn all_by(&self, token: &str, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (vec![], String::new());
        loop {
            let page = self.call("GET", &format!("{path}{cursor}")).bearer(token).send();
            assert_eq!(page.status, 200, "{}", page.text());
            let page = page.json();
            items.extend(page["items"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(c) => cursor = format!("&cursor={c}"),
                None => return items,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Adds a user by the command line: by the store itself, or through the process that has it open.
pub fn add_user(home: &Path, name: &str, role: &str) {
    let mut child = aurorasoc(home)
        .args(["user", "add", name, "--role", role, "--password-stdin", "--data-dir"])
        .arg(home.join("ws"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(child.wait().unwrap().success(), "user add {name}");
}
