//! What an import says beforehand, and what it does on a disk that is nearly full.

#![allow(clippy::disallowed_methods, reason = "tests start the product")]

use crate::{
    drive::{disk::Disk, watch::pause},
    served::{Server, add_user, aurorasoc, shared},
};
use serde_json::{Value, json};
use std::{io::Write as _, path::Path};

#[test]
fn an_import_waits_for_room_on_the_disk_and_goes_on() {
    let home = tempfile::Builder::new().prefix("aurora-room-").tempdir().unwrap();
    let ws = home.path().join("ws");
    let Some(disk) = Disk::at(&ws, "128m") else {
        return println!("skipped: no small disk can be mounted here");
    };
    let s = Server::start_in(home);
    let t = s.token("root");
    // Others fill the disk up to a little below what an import leaves free.
    let filler = ws.join("others");
    let mut file = std::fs::File::create(&filler).unwrap();
    let chunk = vec![1_u8; 1 << 20];
    while kernel::platform::free_bytes(&ws).unwrap() > 5 << 20 {
        file.write_all(&chunk).unwrap();
    }
    let lines = "{\"a\": 1}\n".repeat(500);
    let call = s.call("POST", "/api/v1/imports?name=a.json").bearer(&t);
    assert_eq!(call.bytes("application/octet-stream", lines.as_bytes()).send().status, 202);
    let job = || s.call("GET", "/api/v1/jobs?limit=1").bearer(&t).send().json()["items"][0].clone();
    let waits = loop {
        let now = job();
        assert!(now["status"] == "queued" || now["status"] == "running", "it did not wait: {now}");
        if let Some(words) = now["result"]["waits"].as_str() {
            break words.to_owned();
        }
        pause();
    };
    assert!(waits.contains("waits for room on the disk") && waits.contains("MB are needed"), "{waits}");
    drop(file);
    std::fs::remove_file(&filler).unwrap();
    let done = s.settle(&t);
    assert_eq!((&done["status"], &done["result"]["events"]), (&json!("done"), &json!(500)), "{done}");
    assert_eq!(done["result"]["waits"], Value::Null);
    s.stop();
    drop(disk);
}

#[test]
fn an_import_tells_what_it_will_take_and_learns_from_the_last() {
    let Some(shared) = shared() else { return };
    let s = Server::start();
    let t = s.token("root");
    let bytes = std::fs::read(shared.join("data/evtx/parse/system.evtx")).unwrap();
    let first = s.import(&t, "system.evtx", &bytes)["result"]["forecast"].clone();
    assert_eq!(first["measured"], false);
    assert!(first["disk_bytes"].as_u64().unwrap() > bytes.len() as u64 / 20, "{first}");
    assert!(first["memory_bytes"].as_u64().unwrap() > 20 << 20, "{first}");
    // Every record is another one in a file of other ids; the same file would be read as fast all the same.
    let lines =
        "{\"timestamp\": \"2024-03-07T04:02:16Z\", \"a\": \"a value of some length\"}\n".repeat(30_000);
    s.import(&t, "a.json", lines.as_bytes());
    let again = lines.replace("a value", "b value");
    let told = s.import(&t, "b.json", again.as_bytes());
    let forecast = &told["result"]["forecast"];
    assert_eq!(forecast["measured"], true, "{told}");
    assert!(forecast["seconds"].as_u64().unwrap() >= 1, "{told}");
}

/// Bytes of the log store and of the kept sources of a workspace that nobody has open.
fn stored(ws: &Path) -> u64 {
    let mut folders = vec![ws.join("content")];
    let mut bytes = ws.join("logs.db").metadata().unwrap().len();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path => bytes += path.metadata().unwrap().len(),
            }
        }
    }
    bytes
}

#[test]
fn the_disk_and_the_memory_foretold_are_near_what_an_import_takes() {
    let Some(shared) = shared() else { return };
    let near = |told: &Value, took: u64| {
        let told = told.as_u64().unwrap();
        told * 3 > took * 2 && told * 2 < took * 3
    };
    for file in
        ["evtx/parse/security.evtx", "logs/otrf-windows/covenant_sharpsc_create_dcerpc_smb_svcctl.zip"]
    {
        let home = tempfile::Builder::new().prefix("aurora-told-").tempdir().unwrap();
        let ws = home.path().join("ws");
        add_user(home.path(), "root", "admin");
        let before = stored(&ws);
        let import = |path: &Path| {
            let mut command = aurorasoc(home.path());
            command.arg("import").arg(path).arg("--data-dir").arg(&ws).output().unwrap()
        };
        let out = import(&shared.join("data").join(file));
        assert!(out.status.success(), "{file}: {out:?}");
        let took = stored(&ws) - before;
        let s = Server::on(home);
        let t = s.token("root");
        let forecast = s.settle(&t)["result"]["forecast"].clone();
        assert!(near(&forecast["disk_bytes"], took), "{file}: {forecast}, {took}");
        // Uploaded, so that it is this process that reads it.
        let bytes = std::fs::read(shared.join("data").join(file)).unwrap();
        s.import(&t, "again", &bytes);
        assert!(near(&forecast["memory_bytes"], s.peak_memory()), "{file}: {forecast}, {}", s.peak_memory());
    }
}
