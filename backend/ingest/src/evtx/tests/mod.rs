//! EVTX on real files (the shared test data) and on damage.

mod made;
mod same;
mod templates;

use super::{flatten::Flattener, *};
use event::{Event, Skipped, Value};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The shared data's EVTX folder, or `None` with a line that says so.
pub(crate) fn shared() -> Option<PathBuf> {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = std::env::var_os("AURORASOC_SHARED").map_or(here.join("../../../shared"), PathBuf::from);
    let data = root.join("data");
    if !data.join("evtx").is_dir() {
        println!("skipped: no shared data");
        return None;
    }
    Some(data)
}

/// The lines of an expectation file.
fn expected(data: &Path, name: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(data.join("evtx").join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[derive(Debug, Default, PartialEq)]
struct All {
    events: Vec<Event>,
    skipped: Vec<Skipped>,
    notes: Vec<Skipped>,
}

fn all(path: &Path, options: Options) -> Result<(All, Summary), ReadError> {
    let mut all = All::default();
    let sum = read(File::open(path).unwrap(), options, &mut |batch| {
        all.events.extend(batch.events);
        all.skipped.extend(batch.skipped);
        all.notes.extend(batch.notes);
        ControlFlow::Continue(())
    })?;
    assert_eq!(sum.records, all.events.len() as u64);
    assert_eq!(sum.skipped, all.skipped.len() as u64);
    assert_eq!(sum.notes, all.notes.len() as u64);
    Ok((all, sum))
}

#[test]
fn every_record_of_ordinary_logs_is_read() {
    let Some(data) = shared() else { return };
    for line in expected(&data, "parse_expect.jsonl") {
        let file = line["file"].as_str().unwrap();
        let (all, _) = all(&data.join(file), Options::default()).unwrap();
        assert_eq!(
            all.events.len() as u64,
            line["records_ok"].as_u64().unwrap(),
            "{file}: {:?}",
            all.skipped
        );
        if let Some(errors) = line["records_err"].as_u64() {
            assert_eq!(all.skipped.len() as u64, errors, "{file}: {:?}", all.skipped);
        }
        let bytes = fs::read(data.join(file)).unwrap();
        for event in &all.events {
            let raw = &bytes[event.place.offset as usize..][..event.place.len as usize];
            assert_eq!(raw[..4], *b"\x2a\x2a\0\0", "{file} {:?}", event.place);
            assert_eq!(raw[4..8], event.place.len.to_le_bytes(), "{file} {:?}", event.place);
            assert!(matches!(event.get("EventID"), Some(Value::Int(_))), "{file} {event:?}");
            assert!(event.text("Computer").is_some(), "{file} {event:?}");
        }
    }
}

#[test]
fn threads_and_resuming_change_nothing() {
    let Some(data) = shared() else { return };
    for name in
        ["security.evtx", "2-vss_0-Microsoft-Windows-RemoteDesktopServices-RdpCoreTS_4Operational.evtx"]
    {
        let path = data.join("evtx/parse").join(name);
        let one = all(&path, Options::default()).unwrap();
        let four = all(&path, Options { threads: 4, ..Options::default() }).unwrap();
        assert_eq!(one, four, "{name}");

        // Stop after the first batch, go on where it says.
        let options = Options { threads: 3, batch: 300, ..Options::default() };
        let (mut parts, mut from, mut rounds) = (All::default(), 0, 0);
        loop {
            let sum =
                read(File::open(&path).unwrap(), Options { from_chunk: from, ..options.clone() }, &mut |b| {
                    parts.events.extend(b.events);
                    parts.skipped.extend(b.skipped);
                    parts.notes.extend(b.notes);
                    from = b.resume;
                    ControlFlow::Break(())
                });
            rounds += 1;
            if !sum.unwrap().stopped {
                break;
            }
        }
        assert!(rounds > 3, "{rounds}");
        assert_eq!(parts, one.0, "{name}");
    }
}

#[test]
fn identities_are_of_the_record_and_not_of_the_file() {
    let Some(data) = shared() else { return };
    let path = data.join("evtx/parse/security.evtx");
    let (whole, _) = all(&path, Options::default()).unwrap();
    let distinct: std::collections::HashSet<_> = whole.events.iter().map(|e| e.identity).collect();
    assert_eq!(distinct.len(), whole.events.len());
    // An export of two of its chunks under one header.
    let bytes = fs::read(&path).unwrap();
    let mut part = tempfile::NamedTempFile::new().unwrap();
    part.write_all(&bytes[..4096]).unwrap();
    part.write_all(&bytes[4096 + 5 * 65536..4096 + 7 * 65536]).unwrap();
    let (part, _) = all(part.path(), Options::default()).unwrap();
    assert!(part.events.len() > 50);
    assert!(part.events.iter().all(|e| distinct.contains(&e.identity)));
}

#[test]
fn damaged_files_are_reported_in_time() {
    let Some(data) = shared() else { return };
    for line in expected(&data, "mutated_expect.jsonl") {
        let file = line["file"].as_str().unwrap();
        let start = Instant::now();
        let result = all(&data.join(file), Options { threads: 2, ..Options::default() });
        assert!(start.elapsed() < Duration::from_secs(10), "{file}");
        if let Ok((all, _)) = result {
            assert!(!all.skipped.is_empty() || !all.notes.is_empty(), "{file}: nothing was said");
            let reference = line["reference_pyevtx"].as_str().unwrap();
            let ok: usize = reference.split(' ').next().unwrap().parse().unwrap_or(0);
            assert!(all.events.len() >= ok, "{file}: {} of {ok} {:?}", all.events.len(), all.skipped);
        }
    }
}

#[test]
fn any_damage_to_a_real_log_is_survived() {
    let Some(data) = shared() else { return };
    let good = fs::read(data.join("evtx/mutated/Security_short_selected__header-crc-bad.evtx")).unwrap();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for round in 0..150 {
        let mut bad = good.clone();
        for _ in 0..1 + round % 12 {
            // Mostly where the records are.
            let at = if round % 3 == 0 { random() % bad.len() } else { 4096 + random() % 8000 };
            bad[at] = [0, 0xff, bad[at] ^ (1 << (random() % 8)), random() as u8][random() % 4];
        }
        fs::write(file.path(), &bad).unwrap();
        file.flush().unwrap();
        let start = Instant::now();
        let _ = all(file.path(), Options::default());
        assert!(start.elapsed() < Duration::from_secs(10), "round {round}");
    }
}

/// The JSON of a snapshot file (after its front matter).
fn snapshot(data: &Path, name: &str) -> String {
    let text = fs::read_to_string(data.join("evtx/record_snapshots").join(name)).unwrap();
    let (_, json) = text.split_once("\n---\n").unwrap();
    json.to_owned()
}

#[test]
fn snapshots_of_single_records() {
    let Some(data) = shared() else { return };
    let mut flattener = Flattener::default();
    let json = snapshot(&data, "test_record_samples__event_json_with_multiple_data_elements-2.snap");
    let want = flattener.fields(&json).unwrap().0;
    let (found, _) =
        all(&data.join("evtx/parse/MSExchange_Management_wec.evtx"), Options::default()).unwrap();
    assert_eq!(found.events[0].fields, want);
    let list = |event: &Event| match event.get("Data") {
        Some(Value::List(list)) => list.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(list(&found.events[0]), 27);
    assert_eq!(found.events[0].get("EventID"), Some(&Value::Int(1)));
    assert_eq!(&*found.events[0].dataset, "windows.msexchange-management");
    assert_eq!(found.events[0].time.0, 1_637_340_753_833_733_500);

    let json = snapshot(&data, "test_record_samples__event_json_sample.snap");
    let want = flattener.fields(&json).unwrap().0;
    let (found, _) = all(&data.join("evtx/parse/security.evtx"), Options::default()).unwrap();
    // The snapshot is of an older decoder, which wrote GUIDs without braces and cut times at microseconds.
    for ((name, found), (wanted, want)) in found.events[0].fields.iter().zip(&want) {
        assert_eq!(name, wanted);
        let (found, want) = (found.text().unwrap(), want.text().unwrap());
        match &**name {
            "Provider_Guid" => assert!(found.trim_matches(['{', '}']).eq_ignore_ascii_case(&want)),
            "TimeCreated" => assert!(found.starts_with(want.trim_end_matches('Z')), "{found} {want}"),
            _ => assert_eq!(found, want, "{name}"),
        }
    }
    assert_eq!(found.events[0].fields.len(), want.len());
    let shown: Vec<_> = want.iter().map(|(n, _)| &**n).collect();
    assert_eq!(
        shown,
        [
            "Provider_Name",
            "Provider_Guid",
            "EventID",
            "Version",
            "Level",
            "Task",
            "Opcode",
            "Keywords",
            "TimeCreated",
            "EventRecordID",
            "Execution_ProcessID",
            "Execution_ThreadID",
            "Channel",
            "Computer"
        ]
    );
}

#[test]
fn a_file_that_is_no_log_is_an_error() {
    for content in [&b""[..], b"PK\x03\x04", &[0; 9000]] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        assert!(matches!(all(file.path(), Options::default()), Err(ReadError::NotEvtx)));
    }
}
