//! Collections of Velociraptor and KAPE as zip archives: logs and results go in, the rest is named by its type.
//!
//! Layouts after Velociraptor's documentation ("Offline triage": `uploads/<accessor>/<path, percent-encoded>`,
//! `results/<artifact>.json` in JSON lines, `uploads.json`, `collection_context.json`) and KAPE's ("Targets":
//! `<drive>/<path>` below the target's destination, with its own `*_CopyLog.csv` beside).
#![allow(clippy::unwrap_used, reason = "tests")]

use event::{Batch, Event};
use flate2::{Compression, write::GzEncoder};
use ingest::{Content, Format, Options, Resume, Sink};
use std::{
    io::{Cursor, Seek, Write},
    ops::ControlFlow,
    path::PathBuf,
};
use zip::{ZipWriter, write::SimpleFileOptions};

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
    contents: Vec<(Content, Vec<Event>)>,
    skipped: Vec<(String, String)>,
}

impl Sink for All {
    fn begin(&mut self, content: &Content) -> ControlFlow<()> {
        self.contents.push((content.clone(), Vec::new()));
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        self.skipped.extend(batch.skipped.into_iter().map(|s| (s.member.unwrap_or_default(), s.reason)));
        if let Some((_, events)) = self.contents.last_mut() {
            events.extend(batch.events);
        }
        ControlFlow::Continue(())
    }
}

fn read(members: &[(&str, &[u8])]) -> All {
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        to.start_file(*name, SimpleFileOptions::default()).unwrap();
        to.write_all(bytes).unwrap();
    }
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&to.finish().unwrap().into_inner()).unwrap();
    file.rewind().unwrap();
    let mut all = All::default();
    let format = ingest::open(&mut file, None).unwrap();
    assert_eq!(format, Format::Zip);
    assert!(ingest::read(format, file, &Options::default(), &mut all).unwrap().is_continue());
    all
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

fn event_log(name: &str) -> Option<(Vec<u8>, usize)> {
    let data = shared()?;
    let text = std::fs::read_to_string(data.join("evtx/parse_expect.jsonl")).unwrap();
    let lines = text.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let line = lines.into_iter().find(|l| l["file"].as_str().unwrap().contains(name)).unwrap();
    let log = std::fs::read(data.join(line["file"].as_str().unwrap())).unwrap();
    Some((log, line["records_ok"].as_u64().unwrap() as usize))
}

fn shape(all: &All) -> Vec<(String, String, usize, String)> {
    let of = |(c, events): &(Content, Vec<Event>)| {
        let dataset = events.first().map(|e| e.dataset.to_string()).unwrap_or_default();
        (c.member.clone().unwrap(), c.format.clone(), events.len(), dataset)
    };
    all.contents.iter().map(of).collect()
}

#[test]
fn a_velociraptor_collection() {
    let Some((log, records)) = event_log("security") else { return };
    let processes = concat!(
        r#"{"Pid":4,"Name":"System","CreateTime":"2024-01-15T10:22:33Z","Username":"NT AUTHORITY\\SYSTEM"}"#,
        "\n",
        r#"{"Pid":700,"Name":"lsass.exe","CreateTime":"2024-01-15T10:22:34Z","Username":"NT AUTHORITY\\SYSTEM"}"#,
        "\n",
    );
    let path = "uploads/auto/C%3A/Windows/System32/winevt/Logs/Security.evtx";
    let all = read(&[
        (path, &log),
        ("uploads/auto/C%3A/Windows/System32/config/SYSTEM", b"regf\x01\0\0\0"),
        ("uploads/ntfs/%5C%5C.%5CC%3A/$MFT", b"FILE0\0\x03\0"),
        ("uploads/auto/C%3A/Windows/Prefetch/CMD.EXE-1.pf", b"MAM\x04rest"),
        ("results/Windows.System.Pslist.json", processes.as_bytes()),
        ("results/Windows.System.Pslist.json.index", b"\0\0\0\0\x10\0\0\0"),
        ("results/Empty.json", b""),
        ("log.json.gz", &gzip(b"{\"_ts\":1705314153,\"message\":\"Starting collection\"}\n")),
    ]);
    let name = |name: &str| name.to_owned();
    assert_eq!(
        shape(&all),
        [
            (name(path), name("zip/evtx"), records, all.contents[0].1[0].dataset.to_string()),
            (name("results/Windows.System.Pslist.json"), name("zip/json"), 2, name("json.other")),
            (name("log.json.gz"), name("zip/gzip/json"), 1, name("json.other")),
        ]
    );
    assert!(all.contents[0].1[0].dataset.starts_with("windows."));
    let said = |name: &str| all.skipped.iter().find(|(m, _)| m.ends_with(name)).map(|(_, r)| r.as_str());
    for (name, what) in [
        ("/SYSTEM", "registry hive"),
        ("/$MFT", "NTFS master file table"),
        (".pf", "prefetch file"),
        (".index", "binary data"),
        ("Empty.json", "empty file"),
    ] {
        assert_eq!(said(name).unwrap(), format!("{what}: not read by this version"));
    }
}

#[test]
fn a_kape_collection() {
    let Some((log, records)) = event_log("security") else { return };
    let path = "C/Windows/System32/winevt/logs/Security.evtx";
    let copied = "CopiedTimestamp,SourceFile,DestinationFile,FileSize,SourceFileSha1,DeferredCopy,CreatedOnUtc,ModifiedOnUtc,LastAccessedOnUtc,CopyDuration\n\
        2024-01-15T10:22:33.1234567,C:\\Windows\\x.evtx,D:\\out\\x.evtx,69632,da39a3ee,False,2024-01-01T00:00:00,2024-01-01T00:00:00,2024-01-01T00:00:00,00:00:00.1\n";
    let parsed = "RecordNumber,EventRecordId,TimeCreated,EventId,Level,Provider,Channel,Computer\n\
        1,9001,2024-01-15 10:22:33.1234567,4624,LogAlways,Microsoft-Windows-Security-Auditing,Security,PC\n";
    let all = read(&[
        ("C/", b""),
        (path, &log),
        ("C/Windows/System32/config/SAM", b"regf\x01\0\0\0"),
        ("C/Windows/appcompat/Programs/Amcache.hve", b"regf\x01\0\0\0"),
        ("2024-01-15T102233_ConsoleLog.txt", b"KAPE version 1.3.0.2\nTarget 'EventLogs' found\n"),
        ("2024-01-15T102233_CopyLog.csv", copied.as_bytes()),
        ("EventLogs/20240115_EvtxECmd_Output.csv", parsed.as_bytes()),
    ]);
    let got: Vec<_> =
        shape(&all).into_iter().map(|(name, format, events, _)| (name, format, events)).collect();
    let want = [
        (path, "zip/evtx", records),
        ("2024-01-15T102233_CopyLog.csv", "zip/csv", 1),
        ("EventLogs/20240115_EvtxECmd_Output.csv", "zip/csv", 1),
    ];
    for (name, format, events) in want {
        assert!(got.contains(&(name.into(), format.into(), events)), "{name}: {got:?}");
    }
    let last = &all.contents.last().unwrap().1[0];
    assert_eq!((&*last.dataset, last.text("Computer").as_deref()), ("windows.security", Some("PC")));
    let hives = all.skipped.iter().filter(|(_, r)| r == "registry hive: not read by this version");
    assert_eq!(hives.count(), 2);
}
