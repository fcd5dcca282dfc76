//! The shared data: rules, event logs, events as JSON.

use event::Event;
use std::{fs::File, io::Read, ops::ControlFlow, path::PathBuf};

/// `data` of the shared folder, from `AURORASOC_SHARED` or beside the checkout.
pub fn root() -> PathBuf {
    let named = std::env::var_os("AURORASOC_SHARED").map(PathBuf::from);
    let root = named.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    let data = root.join("data");
    assert!(data.is_dir(), "no shared data: set AURORASOC_SHARED");
    data
}

/// SigmaHQ's rules, path and text: all, or those below `rules/windows`.
pub fn rules(windows: bool) -> Vec<(String, String)> {
    let file = File::open(root().join("sigma/rules.zip")).expect("rules.zip");
    let mut zip = zip::ZipArchive::new(file).expect("a zip");
    let mut out = Vec::new();
    for i in 0..zip.len() {
        let mut member = zip.by_index(i).expect("a member");
        let name = member.name().expect("a name").into_owned();
        if name.ends_with(".yml") && (!windows || name.starts_with("rules/windows/")) {
            let mut text = String::new();
            member.read_to_string(&mut text).expect("UTF-8");
            out.push((name, text));
        }
    }
    out.sort();
    out
}

/// Every event log of `sigma/regression` and `evtx/parse`, sorted.
pub fn logs() -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![root().join("sigma/regression"), root().join("evtx/parse")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "evtx") {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}

/// Reads a log with our reader, event by event.
pub fn read(path: &PathBuf, threads: usize, each: &mut dyn FnMut(&Event)) {
    let file = File::open(path).expect("a log");
    let options = ingest::evtx::Options { threads, ..Default::default() };
    let read = ingest::evtx::read(file, options, &mut |batch| {
        batch.events.iter().for_each(&mut *each);
        ControlFlow::Continue(())
    });
    if let Err(e) = read {
        eprintln!("{}: {e}", path.display());
    }
}

/// All events of [`logs`].
pub fn events() -> Vec<Event> {
    let mut out = Vec::new();
    for log in logs() {
        read(&log, 1, &mut |event| out.push(event.clone()));
    }
    out
}
