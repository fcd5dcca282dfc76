//! The shared hostile files through `open` and `read`: each gives an answer within its time, all within the memory of
//! an import; and what JSON texts must be accepted or refused.
#![allow(clippy::unwrap_used, reason = "tests")]

use event::{Batch, Event};
use ingest::{Content, Format, Options, Resume, Sink};
use serde_json::Value as Json;
use std::{
    fs::File,
    io::{Read, Seek, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// The memory that an import may take, in KiB.
const MEMORY: u64 = 400 * 1024;

fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("AURORASOC_SHARED").map(PathBuf::from);
    let root =
        named.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")));
    let data = root.join("data");
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: no shared data");
    None
}

#[derive(Default)]
struct All {
    events: Vec<Event>,
    named: Vec<String>,
}

impl Sink for All {
    fn begin(&mut self, _: &Content) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        // An import hands events on; holding all of them here would measure this test.
        if self.events.len() < 10_000 {
            self.events.extend(batch.events);
        }
        self.named.extend(batch.skipped.into_iter().map(|s| s.reason).take(10));
        ControlFlow::Continue(())
    }
}

fn read(mut file: File, wanted: Option<Format>) -> All {
    let mut all = All::default();
    let format = ingest::open(&mut file, wanted).unwrap();
    if let Err(e) = ingest::read(format, file, &Options::default(), &mut all) {
        all.named.push(e.to_string());
    }
    all
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect()
}

#[test]
fn hostile_files_are_answered_within_time_and_memory() {
    if shared().is_none() {
        return;
    }
    // In a process of its own, whose memory is only this.
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "all_hostile_files", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    let peak = said.lines().find_map(|l| l.strip_prefix("peak KiB ")).unwrap().parse::<u64>().unwrap();
    println!("peak {peak} KiB");
    assert!(peak < MEMORY, "{peak} KiB");
}

#[test]
#[ignore = "run by hostile_files_are_answered_within_time_and_memory"]
fn all_hostile_files() {
    let Some(data) = shared() else { return };
    let mut paths: Vec<(PathBuf, u64)> = Vec::new();
    for line in std::fs::read_to_string(data.join("api/hostile-files.expect.jsonl")).unwrap().lines() {
        let line: Json = serde_json::from_str(line).unwrap();
        let seconds = if line["expect"].as_str().unwrap().contains("under 10 s") { 10 } else { 5 };
        paths.push((data.join(line["file"].as_str().unwrap()), seconds));
    }
    for folder in ["api/xxe-files", "evtx/mutated"] {
        paths.extend(files(&data.join(folder)).into_iter().map(|p| (p, 5)));
    }
    assert!(paths.len() > 50, "{}", paths.len());
    for (path, seconds) in paths {
        let start = Instant::now();
        let got = read(File::open(&path).unwrap(), None);
        let took = start.elapsed();
        println!("{took:?} {} {} {:?}", path.display(), got.events.len(), got.named.first());
        assert!(got.events.len() + got.named.len() > 0, "{}: nothing was said", path.display());
        assert!(took < Duration::from_secs(seconds), "{}: {took:?}", path.display());
    }
    assert!(!Path::new("/tmp/evil").exists());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    println!("peak KiB {}", peak.trim().trim_end_matches(" kB"));
}

#[test]
fn json_texts_are_accepted_and_refused_as_expected() {
    let Some(data) = shared() else { return };
    let mut zip = zip::ZipArchive::new(File::open(data.join("api/json-parsing.zip")).unwrap()).unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for at in 0..zip.len() {
        let mut member = zip.by_index(at).unwrap();
        let name = member.name().unwrap().into_owned();
        let mut text = Vec::new();
        member.read_to_end(&mut text).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&text).unwrap();
        file.rewind().unwrap();
        // Most are too small to be told by content, so the user says what they are.
        let got = read(file, Some(Format::Json));
        let broken = got.events.iter().any(|e| e.get("parse_error").is_some());
        seen += 1;
        let ok = match name.rsplit('/').next().unwrap().as_bytes().first() {
            // An empty list has no event, which is said.
            Some(b'y') => !broken && got.events.len() + got.named.len() > 0,
            // What holds no value at all, or is wrong around good ones, has no event to carry it.
            Some(b'n') => broken || !got.named.is_empty(),
            _ => true,
        };
        if !ok {
            wrong.push(format!("{name}: {} {:?} {:?}", text.escape_ascii(), got.named, got.events.len()));
        }
    }
    assert!(seen > 100, "{seen}");
    assert_eq!(wrong, Vec::<String>::new());
}
