//! Import as a whole beside its parts: reading, matching and storing, each alone, against what `aurorasoc import` takes
//! for the same files and the same rules.
//!
//! CPU is that of the program itself (user), for all alike; with what the kernel does for it (system: reading, writing,
//! syncing) there is a second ratio. What the program takes to start, to load its rules and to end is measured on a log
//! of one event, and taken off the whole.

use crate::{
    data, inputs,
    measure::{self, cost, round, spent},
    multiply,
    product::{self, Folder},
    sides,
};
use detect::Coverage;
use event::{Batch, Nanos};
use ingest::{Content, Options, Resume, Sink};
use logstore::{LogStore, NewSource, SourceId, SqliteStore};
use serde_json::{Value, json};
use std::{
    fs::File,
    hint::black_box,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

/// Bytes of each input.
const SIZE: usize = 128 << 20;
/// Events a batch, as the product takes them.
const BATCH: usize = 2_000;
/// What the whole may cost by the sum of its parts, and the memory it may hold.
const BARS: (f64, f64) = (1.15, 400.0);

/// What there is to be measured: a name, and what writes its files into a folder.
pub const INPUTS: [(&str, fn(&Path)); 2] = [("pipeline evtx", evtx), ("pipeline json", json)];

fn evtx(folder: &Path) {
    let from = data::root().join("evtx/parse");
    multiply::folder(&from, folder, SIZE as u64).expect("the logs can be multiplied");
}

fn json(folder: &Path) {
    let windows = inputs::FORMATS.iter().position(|(name, _)| *name == "json of windows events");
    inputs::write(folder, windows.expect("a format"), SIZE);
}

/// One input's figures.
pub fn report(rounds: usize, write: fn(&Path)) -> Value {
    let folder = Folder::new("pipeline");
    let (logs, one) = (folder.at("logs"), folder.at("one.json"));
    std::fs::create_dir_all(&logs).expect("the temporary folder can be written");
    write(&logs);
    std::fs::write(&one, "{\"Channel\": \"Security\", \"EventID\": 4624, \"Computer\": \"a\"}\n")
        .expect("written");
    let workspace = product::workspace(&folder, true);
    let [logs, one, workspace] = [&logs, &one, &workspace].map(|p| p.to_string_lossy().into_owned());
    let args: Vec<[&str; 3]> = ["read", "match", "store"].map(|part| [part, &*logs, ""]).into();
    let whole = [["whole", &*logs, &workspace], ["whole", &*one, &workspace]];
    let all: Vec<(&str, &[&str])> = args.iter().chain(&whole).map(|a| ("pipeline", &a[..])).collect();
    let [read, matched, store, whole, start] =
        measure::rounds(rounds, &all).try_into().expect("five sides give five answers");
    let sum = |names: &[&str]| {
        let cpu = |v: &Value| names.iter().map(|n| v[*n].as_f64().unwrap_or(f64::NAN)).sum::<f64>();
        round((cpu(&whole) - cpu(&start)) / (cpu(&read) + cpu(&matched) + cpu(&store)))
    };
    let (ratio, memory) = BARS;
    json!({
        "bar": format!("at most {ratio} of the parts' CPU, {memory} MB"), "bytes": product::weight(Path::new(&logs)),
        "ratio": sum(&["cpu"]), "ratio_with_system": sum(&["cpu", "system"]), "peak_mb": whole["peak_mb"],
        "read": read, "match": matched, "store": store, "whole": whole, "start": start,
    })
}

/// One side: part, folder or file, workspace to begin with.
pub fn side(args: &[String]) -> Value {
    let (part, path) = (args[0].as_str(), Path::new(&args[1]));
    match part {
        "read" => {
            cost(|| ((), json!({"events": each(path, threads(), &mut |_, batch| drop(black_box(batch)))}))).1
        }
        "match" => matching(path),
        "store" => storing(path),
        _ => whole(path, Path::new(&args[2])),
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get().min(4))
}

fn files(path: &Path) -> Vec<PathBuf> {
    let mut out: Vec<_> = match path.is_dir() {
        true => std::fs::read_dir(path).expect("the input").map(|e| e.expect("the input").path()).collect(),
        false => vec![path.to_owned()],
    };
    out.sort();
    out
}

/// Hands each batch on, with the number of its file.
struct Each<'a>(usize, u64, &'a mut dyn FnMut(usize, Batch));

impl Sink for Each<'_> {
    fn begin(&mut self, _: &Content) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        self.1 += batch.events.len() as u64;
        (self.2)(self.0, batch);
        ControlFlow::Continue(())
    }
}

/// Reads all files as the product does; answers how many events there were.
fn each(path: &Path, threads: usize, work: &mut dyn FnMut(usize, Batch)) -> u64 {
    let mut events = 0;
    for (n, path) in files(path).iter().enumerate() {
        let mut file = File::open(path).expect("the input");
        let format = ingest::sniff_file(&mut file).expect("the input");
        let mut sha256 = [0; 32];
        sha256[..8].copy_from_slice(&n.to_le_bytes());
        let options = Options { threads, batch: BATCH, sha256, ..Options::default() };
        let mut each = Each(n, 0, work);
        assert!(ingest::read(format, file, &options, &mut each).is_ok_and(|flow| flow.is_continue()));
        events += each.1;
    }
    events
}

/// What `work` costs on each batch. Nothing else runs meanwhile: on one thread the reader waits for it.
fn on_batches(path: &Path, mut work: impl FnMut(usize, Batch)) -> Value {
    let mut own = measure::Spent::default();
    let begun = spent();
    let events = each(path, 1, &mut |n, batch| {
        let before = spent();
        work(n, batch);
        own = own.and(spent().less(before));
    });
    let read = spent().less(begun).user - own.user;
    json!({"cpu": own.user, "system": own.system, "cpu_of_reading": read, "peak_mb": own.peak_mb,
        "count": {"events": events}})
}

/// Against SigmaHQ's rules for Windows and the program's own, with what the product keeps of it for its report.
fn matching(path: &Path) -> Value {
    let mut rules = data::rules(true);
    rules.extend(detect::builtin_files().iter().map(|f| (f.path.to_owned(), f.text.to_owned())));
    let engine = sides::our_engine(&rules);
    let (mut coverage, mut hits, mut total) = (Coverage::default(), vec![], 0);
    let mut said = on_batches(path, |_, batch| {
        for event in &batch.events {
            hits.clear();
            engine.scan_covered(event, &mut coverage, &mut hits);
            total += hits.len();
        }
    });
    (said["count"]["hits"], said["count"]["rules"]) = (json!(total), json!(engine.rules().len()));
    said
}

/// Into a new store, each batch synced.
fn storing(path: &Path) -> Value {
    let folder = Folder::new("store");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let at = folder.at("logs.db");
    let store = runtime.block_on(SqliteStore::open(&at, false)).expect("a store");
    let sources: Vec<SourceId> = (0..files(path).len())
        .map(|n| {
            let source = NewSource {
                sha256: format!("{n:064}"),
                label: format!("file {n}"),
                size: 0,
                mtime: Nanos(0),
                format: "bench".into(),
                kept: false,
                head: None,
                grown: vec![],
            };
            runtime.block_on(store.source(&source, Nanos(0))).expect("a source")
        })
        .collect();
    let mut said = on_batches(path, |n, batch| {
        runtime.block_on(store.append(sources[n], &batch.events, Nanos(0))).expect("stored");
    });
    runtime.block_on(store.close()).expect("closed");
    said["count"]["bytes"] = json!(at.metadata().map_or(0, |m| m.len()));
    said
}

/// The product on a fresh copy of a workspace.
fn whole(path: &Path, workspace: &Path) -> Value {
    let folder = Folder::new("whole");
    let own = folder.at("workspace");
    product::copy(workspace, &own).expect("the workspace can be copied");
    let mut said = product::import(&folder.at(""), &own, path, None);
    assert_eq!(said["job"]["status"], "done", "the import failed");
    said["count"] = said["job"].take();
    said
}
