//! The shared hostile files through `open` and `read`: each gives an answer within its time, all within the memory of
//! an import. Alone in its file, so that the process is only this and its peak of memory is theirs.
#![allow(clippy::unwrap_used, reason = "tests")]

use event::{Batch, Event};
use ingest::{Content, Options, Resume, Sink};
use serde_json::Value as Json;
use std::{
    fs::File,
    ops::ControlFlow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The memory that an import may take, in KiB.
const MEMORY: u64 = 400 * 1024;

fn shared() -> Option<PathBuf> {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = std::env::var_os("AURORASOC_SHARED").map_or(here.join("../../../shared"), PathBuf::from);
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

fn read(mut file: File) -> All {
    let mut all = All::default();
    let format = ingest::open(&mut file, None).unwrap();
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
        let got = read(File::open(&path).unwrap());
        let took = start.elapsed();
        println!("{took:?} {} {} {:?}", path.display(), got.events.len(), got.named.first());
        assert!(got.events.len() + got.named.len() > 0, "{}: nothing was said", path.display());
        assert!(took < Duration::from_secs(seconds), "{}: {took:?}", path.display());
    }
    assert!(!Path::new("/tmp/evil").exists());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("peak {peak} KiB");
    assert!(peak < MEMORY, "{peak} KiB");
}
