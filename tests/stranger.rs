//! Another account of the same machine: it can reach the port, and gets nothing; it can't reach the rest.

#![allow(clippy::disallowed_methods, reason = "tests start a process under another account")]

use serde_json::Value;
use std::{os::unix::fs::PermissionsExt as _, path::Path, process::Command};

/// `nobody` of Debian (base-passwd).
const STRANGER: &str = "65534";

/// What the stranger tries; prints one JSON object of what came of it.
const TRIES: &str = r#"
import http.client, json, os, socket, sys
origin, folder, sock, pid = sys.argv[1:5]
out = {"uid": os.getuid()}
def call(name, path, body=None):
    link = http.client.HTTPConnection(origin.split("//")[1], timeout=20)
    link.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"})
    out[name] = json.load(link.getresponse()).get("error", {}).get("code", "in")
def tried(name, what):
    try:
        what()
        out[name] = "done"
    except PermissionError:
        out[name] = "denied"
    except Exception as e:
        out[name] = type(e).__name__
call("me", "/api/v1/users/me")
call("alerts", "/api/v1/alerts")
call("guess", "/api/v1/auth/session", json.dumps({"code": "0" * 64}))
tried("folder", lambda: os.listdir(folder))
for file in ("aurora.db", "logs.db", "token.key", "lock"):
    tried(file, lambda: open(os.path.join(folder, file), "rb").read(1))
tried("memory", lambda: open(f"/proc/{pid}/mem", "rb").read(1))
tried("environment", lambda: open(f"/proc/{pid}/environ", "rb").read(1))
out["command line"] = ""
def command_line():
    out["command line"] = open(f"/proc/{pid}/cmdline", "rb").read().decode("latin-1")
tried("process list", command_line)
def order():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(sock)
    try:
        s.sendall(b'{"order":"doctor"}\n')
        got = s.recv(4096)
    except (BrokenPipeError, ConnectionResetError):
        got = b""
    if not got:
        raise ConnectionResetError
    out["answer"] = got.decode()
tried("socket", order)
print(json.dumps(out))
"#;

/// Debian's own: one in a home folder can't be run by another account.
const PYTHON: &str = "/usr/bin/python3";

fn stranger(origin: &str, folder: &Path, socket: &Path) -> Option<Value> {
    let run = Command::new("setpriv")
        .args(["--reuid", STRANGER, "--regid", STRANGER, "--clear-groups", PYTHON, "-c", TRIES, origin])
        .arg(folder)
        .arg(socket)
        .arg(std::process::id().to_string())
        .current_dir("/")
        .output();
    match run {
        Ok(out) if out.status.success() => Some(serde_json::from_slice(&out.stdout).unwrap()),
        Ok(out) => panic!("the stranger's tries broke off: {}", String::from_utf8_lossy(&out.stderr)),
        Err(e) => {
            println!("skipped: setpriv can't be run: {e}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_local_user_is_refused_at_the_port_the_socket_and_the_files() {
    if !rustix::process::geteuid().is_root() || !Path::new(PYTHON).exists() {
        println!("skipped: it takes root, and {PYTHON}, to run a client under another account");
        return;
    }
    let home = tempfile::Builder::new().prefix("aurora-stranger-").tempdir().unwrap();
    let dir = home.path().join("ws");
    let d = crate::workspace::open(&dir).await;
    let code = d.start_url().split("#code=").nth(1).unwrap().to_owned();
    let lock: Value = serde_json::from_slice(&std::fs::read(dir.join("lock")).unwrap()).unwrap();
    let socket = Path::new(lock["socket"].as_str().unwrap()).to_owned();
    let (origin, from) = (d.origin().to_owned(), dir.clone());
    let at = socket.clone();
    let tried = tokio::task::spawn_blocking(move || stranger(&origin, &from, &at)).await.unwrap();
    let Some(tried) = tried else { return };
    assert_eq!(tried["uid"], 65534);
    assert_eq!((&tried["me"], &tried["alerts"]), (&"AURORA-4010".into(), &"AURORA-4010".into()), "{tried}");
    assert_eq!(tried["guess"], "AURORA-4012");
    for what in ["folder", "aurora.db", "logs.db", "token.key", "lock", "memory", "environment", "socket"] {
        assert_eq!(tried[what], "denied", "{what}: {tried}");
    }
    assert!(
        !tried["command line"].as_str().unwrap().contains(&code),
        "a start code is seen by all processes"
    );

    // Even where a folder's rights are wide open: the socket asks who is at the other end.
    // A second name of it, since the folder of the first is other tests' too.
    let linked = home.path().join("run/orders.sock");
    std::fs::create_dir(home.path().join("run")).unwrap();
    if let Err(e) = std::fs::hard_link(&socket, &linked) {
        println!("skipped in part: the socket lies in {}: {e}", socket.display());
        drop(d.close().await);
        return;
    }
    let socket = linked;
    let all =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    all(&socket, 0o777);
    for folder in socket.ancestors().skip(1).take_while(|f| f.starts_with(home.path())) {
        all(folder, 0o755);
    }
    let (origin, from) = (d.origin().to_owned(), dir.clone());
    let tried =
        tokio::task::spawn_blocking(move || stranger(&origin, &from, &socket)).await.unwrap().unwrap();
    assert_eq!(tried["socket"], "ConnectionResetError", "{tried}");
    d.close().await;
}
