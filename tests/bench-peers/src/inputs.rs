//! What the import bench reads: real logs of the shared data, their lines repeated in an order out of a seed until
//! the file is large enough for a figure.

use crate::data::root;
use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// The seed of every order, so that two runs read the same bytes.
const SEED: u64 = 0x5eed_1a0f_a007_0a5c;
/// Columns of the table that events of Windows become: those that exports of such logs have.
const COLUMNS: &[&str] = &[
    "EventTime",
    "Hostname",
    "Channel",
    "EventID",
    "SourceName",
    "RecordNumber",
    "SeverityValue",
    "Task",
    "ProcessId",
    "User",
    "Image",
    "CommandLine",
    "ParentImage",
    "TargetObject",
    "SourceIp",
    "DestinationPort",
];

/// A format's name, and what writes a file of it.
pub const FORMATS: &[(&str, fn(&Path, usize))] = &[
    ("csv of windows events", table),
    ("csv with long messages", messages),
    ("json of windows events", windows),
    ("json of suricata", suricata),
    ("zeek", zeek),
    ("syslog", syslog),
];

/// Writes the file of a format into a folder, about `size` bytes of it.
pub fn write(folder: &Path, format: usize, size: usize) -> PathBuf {
    let (name, make) = FORMATS[format];
    let path = folder.join(name.replace(' ', "-"));
    make(&path, size);
    path
}

/// The next of a row of numbers (xorshift).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Lines of `lines` in the seed's order until there are `size` bytes, `head` before them.
fn repeat(path: &Path, head: &str, lines: &[String], size: usize) {
    assert!(!lines.is_empty(), "the shared data has no such lines");
    let mut out = BufWriter::new(File::create(path).expect("the temporary folder can be written"));
    out.write_all(head.as_bytes()).expect("written");
    let (mut state, mut written) = (SEED, 0);
    while written < size {
        let line = &lines[(next(&mut state) % lines.len() as u64) as usize];
        out.write_all(line.as_bytes()).expect("written");
        out.write_all(b"\n").expect("written");
        written += line.len() + 1;
    }
    out.flush().expect("written");
}

/// Texts of the members of the zips below a folder of `logs` whose names end so.
fn members(folder: &str, end: &str) -> Vec<String> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(root().join("logs").join(folder))
        .expect("a folder of the shared data")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "zip"))
        .collect();
    names.sort();
    let mut out = Vec::new();
    for name in names {
        let mut zip = zip::ZipArchive::new(File::open(name).expect("a zip")).expect("a zip");
        for n in 0..zip.len() {
            let mut member = zip.by_index(n).expect("a member");
            if !member.name().is_ok_and(|name| name.ends_with(end) && !name.starts_with("__MACOSX")) {
                continue;
            }
            let mut text = String::new();
            if member.read_to_string(&mut text).is_ok() {
                out.push(text);
            }
        }
    }
    out
}

fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().flat_map(|t| t.lines()).filter(|l| !l.trim().is_empty()).map(str::to_owned).collect()
}

fn windows(path: &Path, size: usize) {
    repeat(path, "", &lines(&members("otrf-windows", ".json")), size);
}

fn suricata(path: &Path, size: usize) {
    let text = std::fs::read_to_string(root().join("logs/suricata-eve/eve.jsonl")).expect("EVE");
    repeat(path, "", &lines(&[text]), size);
}

fn table(path: &Path, size: usize) {
    columns(path, size, COLUMNS);
}

/// The same with the event's whole text, which has line ends and quotes.
fn messages(path: &Path, size: usize) {
    columns(path, size, &[COLUMNS, &["Message"]].concat());
}

fn columns(path: &Path, size: usize, columns: &[&str]) {
    let row = |values: &[String]| {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(values).expect("a record");
        let text = String::from_utf8(writer.into_inner().expect("a record")).expect("UTF-8");
        text.trim_end().to_owned()
    };
    let cells = |line: &String| {
        let event: serde_json::Value = serde_json::from_str(line).ok()?;
        let cell = |name: &&str| match &event[*name] {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(row(&columns.iter().map(cell).collect::<Vec<_>>()) + "\r")
    };
    let rows: Vec<String> = lines(&members("otrf-windows", ".json")).iter().filter_map(cells).collect();
    let head = row(&columns.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>()) + "\r\n";
    repeat(path, &head, &rows, size);
}

/// The largest of the connection logs, its header once.
fn zeek(path: &Path, size: usize) {
    let logs = members("zeek", "conn.log");
    let logs = logs.iter().filter(|l| l.starts_with("#separator"));
    let text = logs.max_by_key(|l| l.len()).expect("a connection log with a header");
    let (head, rows): (Vec<&str>, Vec<&str>) = text.lines().partition(|l| l.starts_with('#'));
    let head = head.iter().filter(|l| !l.starts_with("#close")).map(|l| format!("{l}\n")).collect::<String>();
    repeat(path, &head, &rows.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>(), size);
}

fn syslog(path: &Path, size: usize) {
    let mut out = Vec::new();
    for name in ["syslog-3164.jsonl", "syslog-5424.jsonl"] {
        let text = std::fs::read_to_string(root().join("logs/syslog").join(name)).expect("syslog");
        for line in text.lines() {
            let case: serde_json::Value = serde_json::from_str(line).expect("JSON");
            // What is no syslog is not what the figure is about.
            if let (Some(text), true) = (case["line"].as_str(), case["expect"]["unparsable"].is_null()) {
                out.push(text.to_owned());
            }
        }
    }
    out.retain(|line| line.starts_with('<') && !line.contains('\n'));
    repeat(path, "", &out, size);
}
