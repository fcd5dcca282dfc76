//! The shared hostile files through the three doors of an import: POST /imports, the command line, the window's drop.
//! Each within its time, all within the memory of an import, nothing outside the workspace; and whichever door a file
//! takes, the same is said of it.

use crate::drive::{self, Desktop, evidence, process, watch};
use crate::served::{Server, add_user, aurorasoc};
use base64::Engine as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The memory that an import may take, in bytes.
const MEMORY: u64 = 400 << 20;

/// The files, each with the seconds that its list gives it.
fn suite() -> Option<Vec<(PathBuf, u64)>> {
    let data = evidence::shared("")?;
    let mut files = vec![];
    for list in ["api/hostile-files.expect.jsonl", "evtx/mutated_expect.jsonl"] {
        for line in std::fs::read_to_string(data.join(list)).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = line["expect"].as_str().or(line["must"].as_str()).unwrap();
            let seconds = if text.contains("under 5 s") { 5 } else { 10 };
            files.push((data.join(line["file"].as_str().unwrap()), seconds));
        }
    }
    let xxe = std::fs::read_dir(data.join("api/xxe-files")).unwrap();
    files.extend(xxe.map(|file| (file.unwrap().path(), 5)));
    files.push((data.join("api/naughty-strings.base64.json"), 5));
    files.sort();
    assert!(files.len() > 50, "{}", files.len());
    Some(files)
}

/// What a door said of each file: format, state, events, unreadable records, reason.
type Said = BTreeMap<String, (Value, Value, u64, Value, Value)>;

fn said(job: &Value) -> Said {
    let one = |file: &Value| {
        let name = file["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        // Damaged copies of one log hold the same events, which count for the first of them.
        let events = file["events"].as_u64().unwrap() + file["duplicates"].as_u64().unwrap();
        let [format, state, errors, reason] =
            ["format", "state", "errors", "reason"].map(|k| file[k].clone());
        (name, (format, state, events, errors, reason))
    };
    job["result"]["file_list"].as_array().unwrap().iter().map(one).collect()
}

/// Every file was answered, and nothing came out of an archive.
fn contained(door: &str, said: &Said, files: &[(PathBuf, u64)], home: &Path) {
    assert_eq!(said.len(), files.len(), "{door}");
    for (name, (_, _, events, errors, reason)) in said {
        assert!(*events > 0 || errors.as_u64() != Some(0) || reason.is_string(), "{door}: nothing of {name}");
    }
    assert!(!Path::new("/tmp/evil.txt").exists(), "{door}");
    let mut folders = vec![home.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.contains("evil"), "{door}: {}", entry.path().display());
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
        }
    }
}

fn by_upload(files: &[(PathBuf, u64)]) -> Said {
    let s = Server::start();
    let token = s.token("root");
    let mut all = Said::new();
    for (path, seconds) in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = std::fs::read(path).unwrap();
        let since = Instant::now();
        let job = s.import(&token, &name.replace(' ', "%20"), &bytes);
        let took = since.elapsed();
        assert_eq!(job["status"], "done", "{name}: {job}");
        assert!(took < Duration::from_secs(*seconds), "{name}: {took:?}");
        all.extend(said(&job));
    }
    let peak = s.peak_memory();
    println!("upload: {} MiB", peak >> 20);
    assert!(peak < MEMORY, "{peak}");
    contained("upload", &all, files, s.home.path());
    all
}

fn by_command_line(files: &[(PathBuf, u64)]) -> Said {
    let home = tempfile::Builder::new().prefix("aurora-hostile-").tempdir().unwrap();
    add_user(home.path(), "root", "admin");
    let mut import = aurorasoc(home.path());
    import
        .arg("import")
        .args(files.iter().map(|(path, _)| path))
        .arg("--data-dir")
        .arg(home.path().join("ws"));
    let since = Instant::now();
    let mut import = import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut peak = 0;
    let end = loop {
        peak = process::peak_memory(import.id()).unwrap_or(peak);
        if let Some(end) = import.try_wait().unwrap() {
            break end;
        }
        watch::pause();
    };
    println!("command line: {} MiB, {:?}", peak >> 20, since.elapsed());
    // 2 says that something was not read.
    assert_eq!(end.code(), Some(2));
    in_time("command line", since.elapsed());
    assert!((1..MEMORY).contains(&peak), "{peak}");
    let s = Server::on(home);
    let all = said(&s.settle(&s.token("root")));
    contained("command line", &all, files, s.home.path());
    all
}

async fn by_drop(files: &[(PathBuf, u64)]) -> Said {
    let app = Desktop::start(&[]).await;
    app.page.find("first-start").await;
    let paths: Vec<_> = files.iter().map(|(path, _)| path.as_path()).collect();
    let since = Instant::now();
    app.drop_files(&paths);
    // What looks like rules is taken as a pack of them.
    let (logs, rules): (Vec<_>, Vec<_>) =
        files.iter().cloned().partition(|(path, _)| path.extension().is_none_or(|end| end != "yml"));
    assert!(rules.len() > 3);
    let ended = "(await (await fetch('/api/v1/jobs?status=done,failed')).json()).items";
    app.page.until_served(&format!("{ended}.length === 2")).await;
    app.page.find("tray-ended").await;
    in_time("drop", since.elapsed());
    let all = said(&app.page.run(&format!("return {ended}.find(job => job.kind === 'import')")).await);
    let peak = process::peak_memory(app.home.process("aurorasoc-desktop")).unwrap();
    println!("drop: {} MiB, {:?}", peak >> 20, since.elapsed());
    assert!(peak < MEMORY, "{peak}");
    app.close().await;
    drive::store::closed_cleanly(&app.workspace()).await;
    contained("drop", &all, &logs, app.home.path());
    all
}

/// One job for all of them: each has had its own bound as an upload, so together a minute is much.
fn in_time(door: &str, took: Duration) {
    assert!(took < Duration::from_secs(60), "{door}: {took:?}");
}

#[tokio::test]
async fn hostile_files_are_contained_at_every_door_and_the_same_is_said_of_them() {
    let Some(files) = suite() else { return };
    let mut uploaded = by_upload(&files);
    assert_eq!(by_command_line(&files), uploaded, "the command line and an upload differ");
    uploaded.retain(|name, _| !name.ends_with(".yml"));
    assert_eq!(by_drop(&files).await, uploaded, "the window and an upload differ");
}

#[test]
fn naughty_strings_come_back_as_the_text_that_they_were() {
    let Some(data) = evidence::shared("api") else { return };
    let text = std::fs::read_to_string(data.join("naughty-strings.base64.json")).unwrap();
    let coded: Vec<String> = serde_json::from_str(&text).unwrap();
    let decode = |one: &String| base64::engine::general_purpose::STANDARD.decode(one).unwrap();
    let strings: Vec<_> = coded.iter().filter_map(|one| String::from_utf8(decode(one)).ok()).collect();
    assert!(strings.len() > 300, "{}", strings.len());
    let line = |(n, text): (usize, &String)| {
        let time = format!("2024-03-07T12:{:02}:{:02}Z", n / 60, n % 60);
        serde_json::json!({"@timestamp": time, "n": n, "naughty": text}).to_string() + "\n"
    };
    let lines: String = strings.iter().enumerate().map(line).collect();
    let s = Server::start();
    let token = s.token("root");
    let job = s.import(&token, "naughty.json", lines.as_bytes());
    assert_eq!(job["result"]["events"], strings.len(), "{job}");
    for log in s.all(&token, "/api/v1/siem/logs") {
        let n = usize::try_from(log["fields"]["n"].as_u64().unwrap()).unwrap();
        assert_eq!(log["fields"]["naughty"], strings[n].as_str(), "{n}");
    }
}
