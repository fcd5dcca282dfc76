//! The watched folder: what comes into it is imported, once.

use crate::{
    drive::watch::pause,
    served::{Server, aurorasoc},
};
use serde_json::{Value, json};
use std::{fs, path::Path};

const SETTINGS: &str = "/api/v1/settings/runtime";

fn line(n: u64) -> String {
    format!("{{\"@timestamp\": \"2024-05-01T10:00:00Z\", \"message\": \"line {n}\"}}\n")
}

struct User<'s> {
    s: &'s Server,
    token: String,
}

impl User<'_> {
    fn get(&self, path: &str) -> Value {
        self.s.call("GET", path).bearer(&self.token).send().json()
    }

    fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let status = self.get(SETTINGS)["live"]["watch"].clone();
            if wanted(&status) {
                return status;
            }
            pause();
        }
    }

    /// Waits until so many events are stored.
    fn events(&self, n: u64) {
        while self.get("/api/v1/siem/stats")["events"] != n {
            pause();
        }
        self.s.settle(&self.token);
        assert_eq!(self.get("/api/v1/siem/stats")["events"], n);
    }

    fn jobs(&self) -> Vec<Value> {
        self.s.all(&self.token, "/api/v1/jobs?kind=import")
    }

    /// `aurorasoc watch`, which the running server obeys.
    fn watch(&self, args: &[&str]) -> (bool, String) {
        let mut command = aurorasoc(self.s.home.path());
        let done = command.arg("watch").args(args).arg("--data-dir").arg(self.s.ws()).output().unwrap();
        let said = [done.stdout, done.stderr].concat();
        (done.status.success(), String::from_utf8(said).unwrap())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_file_that_comes_is_imported_once() {
    let s = Server::start();
    let u = User { s: &s, token: s.token("root") };
    let folder = s.home.path().canonicalize().unwrap().join("in");
    let beside = s.home.path().join("beside");
    fs::create_dir_all(folder.join("deep/deeper")).unwrap();
    fs::create_dir(&beside).unwrap();
    fs::write(folder.join("there before.json"), line(1)).unwrap();
    let on = json!({"watch": true});
    let none = s.call("PATCH", SETTINGS).bearer(&u.token).json(&on).send();
    assert_eq!(none.json()["error"]["detail"]["field"], "watch", "{}", none.text());
    let path = json!({"watched_folder": "/etc"});
    let path = s.call("PATCH", SETTINGS).bearer(&u.token).json(&path).send();
    assert_eq!(path.json()["error"]["detail"]["field"], "watched_folder", "no route takes a path");

    let (done, said) = u.watch(&[text(&folder), "--reason", "a test"]);
    assert!(done && said.contains(&format!("Watching {}", folder.display())), "{said}");
    u.until(|w| w["state"] == "running");
    u.events(1);
    // One that is moved in, one that is written in pieces, one deeper than a folder that is new.
    fs::write(beside.join("moved.json"), line(2)).unwrap();
    fs::rename(beside.join("moved.json"), folder.join("deep/deeper/moved.json")).unwrap();
    let slow = folder.join("slow.json");
    fs::write(&slow, line(3)).unwrap();
    u.until(|w| w["waiting"].as_u64() > Some(0));
    fs::write(&slow, line(3) + &line(4)).unwrap();
    fs::create_dir_all(folder.join("new/newer")).unwrap();
    fs::write(folder.join("new/newer/a.json"), line(5)).unwrap();
    u.events(5);
    let status = u.until(|w| w["waiting"] == 0 && w["files"] == 4);
    assert!(status["reason"].is_null() && status["last_at"].is_string(), "{status}");
    let files = |job: Value| {
        let path = format!("/api/v1/jobs/{}", job["job_id"].as_str().unwrap());
        u.get(&path)["result"]["file_list"].as_array().unwrap().clone()
    };
    let files: Vec<_> = u.jobs().into_iter().flat_map(files).collect();
    let files: Vec<_> = files.iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(files.len(), 4, "each once: {files:?}");
    assert!(files.iter().all(|f| f.starts_with(text(&folder))), "{files:?}");

    // Not again after a start, but what came meanwhile.
    let jobs = u.jobs().len();
    let home = s.stop();
    fs::write(folder.join("meanwhile.json"), line(6)).unwrap();
    let s = Server::on(home);
    let u = User { s: &s, token: s.token("root") };
    u.events(6);
    assert_eq!(u.jobs().len(), jobs + 1);
    assert_eq!(u.until(|w| w["state"] == "running")["files"], 1);
    let history = u.get(SETTINGS)["history"].clone();
    assert_eq!(history[0]["reason"], "a test");

    // A folder that is gone is said, and found again when it is back.
    fs::rename(&folder, s.home.path().join("away")).unwrap();
    let status = u.until(|w| w["state"] == "failed");
    assert_eq!(status["reason"], "No such file or directory", "{status}");
    fs::rename(s.home.path().join("away"), &folder).unwrap();
    u.until(|w| w["state"] == "running");
    let off = s.call("PATCH", SETTINGS).bearer(&u.token).json(&json!({"watch": false})).send();
    assert_eq!(off.status, 200, "{}", off.text());
    u.until(|w| w["state"] == "off");
    let on = s.call("PATCH", SETTINGS).bearer(&u.token).json(&on).send();
    assert_eq!(on.json()["watched_folder"], text(&folder));
    u.until(|w| w["state"] == "running");
    let (done, said) = u.watch(&["--off"]);
    assert!(done && said.contains("No folder is watched."), "{said}");
    assert_eq!(u.until(|w| w["state"] == "off")["reason"], Value::Null);
}

#[test]
fn a_folder_that_cannot_be_watched_is_refused() {
    let s = Server::start();
    let u = User { s: &s, token: s.token("root") };
    let inside = s.ws().join("content");
    for (folder, why) in [(s.ws(), "the workspace itself"), (inside, "the workspace itself")] {
        let (done, said) = u.watch(&[text(&folder)]);
        assert!(!done && said.contains(why), "{said}");
    }
    let file = s.home.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(!u.watch(&[text(&file)]).0);
    assert!(!u.watch(&[text(&s.home.path().join("none"))]).0);
    assert!(!u.watch(&[]).0, "which folder?");
    assert_eq!(u.get(SETTINGS)["live"]["watch"]["state"], "off");
}
