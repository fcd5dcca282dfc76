//! What an import says beforehand, and what it does on a disk that is nearly full.

use crate::{
    drive::{disk::Disk, watch::pause},
    served::{Server, shared},
};
use serde_json::{Value, json};
use std::io::Write as _;

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
    assert!(first["disk_bytes"].as_u64().unwrap() > bytes.len() as u64 / 4, "{first}");
    assert!(first["memory_bytes"].as_u64().unwrap() > 100 << 20, "{first}");
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
