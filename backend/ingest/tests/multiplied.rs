//! Logs that the benches multiply are logs as good as those that they were made of.
#![allow(clippy::unwrap_used, reason = "tests")]

mod multiply;

use event::Event;
use ingest::evtx::{self, Options};
use multiply::Log;
use std::{
    collections::HashSet,
    fs::{self, File},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

/// The shared data, where there is some.
fn data() -> Option<PathBuf> {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = std::env::var_os("AURORASOC_SHARED").map_or(here.join("../../../shared"), PathBuf::from);
    Some(root.join("data")).filter(|data| data.join("evtx").is_dir())
}

/// Events of a log, and how many places of it were damaged or doubtful.
fn read(path: &Path, decoder_only: bool) -> (Vec<Event>, usize) {
    let (mut events, mut named) = (vec![], vec![]);
    let options = Options { decoder_only, ..Options::default() };
    evtx::read(File::open(path).unwrap(), options, &mut |batch| {
        events.extend(batch.events);
        named.extend(batch.skipped);
        named.extend(batch.notes);
        ControlFlow::Continue(())
    })
    .unwrap();
    for place in named.iter().take(3) {
        println!("{}: {place:?}", path.display());
    }
    (events, named.len())
}

#[test]
fn copies_are_whole_logs_of_records_that_are_all_other_ones() {
    let Some(data) = data() else { return println!("skipped: no shared data") };
    let folder = tempfile::tempdir().unwrap();
    let mut sources = multiply::logs(&data.join("evtx/parse")).unwrap();
    sources.extend(multiply::logs(&data.join("sigma/regression")).unwrap().into_iter().take(20));
    let (mut all, mut tried) = (HashSet::new(), 0);
    for source in sources {
        // Of some nothing is whole.
        let Some(log) = Log::of(&fs::read(&source).unwrap()) else { continue };
        let copies = folder.path().join("copies.evtx");
        // The first copy is the log itself, without what is damaged in it.
        log.write(0, 1, &copies).unwrap();
        let (original, damage) = read(&source, false);
        let (there, named) = read(&copies, false);
        assert_eq!((there.len() as u64, named), (log.records(), 0), "{}", source.display());
        let original: HashSet<_> = original.iter().map(|e| e.identity).collect();
        // Some hold a record twice.
        let distinct: HashSet<_> = there.iter().map(|e| e.identity).collect();
        assert!(distinct.is_subset(&original), "{}", source.display());
        assert!(damage > 0 || distinct == original, "{}", source.display());
        log.write(1, 3, &copies).unwrap();
        let (made, named) = read(&copies, false);
        assert_eq!((made.len(), named), (2 * there.len(), 0), "{}", source.display());
        let new: HashSet<_> = made.iter().map(|e| e.identity).collect();
        assert_eq!(new.len(), 2 * distinct.len(), "{}", source.display());
        assert!(new.is_disjoint(&original), "{}", source.display());
        all.extend(new);
        tried += 2 * distinct.len();
    }
    assert_eq!(all.len(), tried, "files of different logs have no record in common");
    assert!(tried > 10_000, "{tried}");
}

#[test]
fn a_folder_is_filled_with_as_much_as_was_asked_for() {
    let Some(data) = data() else { return println!("skipped: no shared data") };
    let folder = tempfile::tempdir().unwrap();
    let made = multiply::folder(&data.join("sigma/regression"), folder.path(), 12 << 20).unwrap();
    let files = multiply::logs(folder.path()).unwrap();
    let bytes: u64 = files.iter().map(|f| f.metadata().unwrap().len()).sum();
    assert_eq!((made.files, made.bytes), (files.len() as u64, bytes));
    assert!((12 << 20..20 << 20).contains(&bytes), "{bytes}");
    let events: usize = files.iter().map(|f| read(f, true).0.len()).sum();
    assert_eq!(events as u64, made.records, "the decoder reads them too");
}
