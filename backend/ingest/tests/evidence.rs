//! The shared evidence through `ingest` and `detect`: counts, hits and records as its expectations say.
#![allow(clippy::unwrap_used, reason = "tests")]

use detect::{Engine, Mapping, sigma};
use event::{Batch, Event};
use ingest::{Content, Format, Options, Resume, Sink};
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The shared data, or `None` (said on stdout) where it is absent.
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

fn lines(path: PathBuf) -> Vec<Json> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// All SigmaHQ rules, compiled once.
fn engine(data: &Path) -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut zip = zip::ZipArchive::new(File::open(data.join("sigma/rules.zip")).unwrap()).unwrap();
        let mut rules = Vec::new();
        for i in 0..zip.len() {
            let mut member = zip.by_index(i).unwrap();
            if member.name().unwrap().ends_with(".yml") {
                let mut text = String::new();
                member.read_to_string(&mut text).unwrap();
                rules.extend(sigma::parse(&text).rules);
            }
        }
        assert_eq!(rules.len(), 3_780);
        Engine::build(rules, &Mapping::builtin().unwrap()).0
    })
}

/// What a file gives, by content.
#[derive(Default)]
struct All {
    contents: Vec<(Content, Vec<Event>)>,
    skipped: Vec<String>,
    notes: Vec<String>,
}

impl Sink for All {
    fn begin(&mut self, content: &Content) -> ControlFlow<()> {
        self.contents.push((content.clone(), Vec::new()));
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        self.skipped.extend(batch.skipped.into_iter().map(|s| s.reason));
        self.notes.extend(batch.notes.into_iter().map(|s| s.reason));
        if let Some((_, events)) = self.contents.last_mut() {
            events.extend(batch.events);
        }
        ControlFlow::Continue(())
    }
}

fn read(path: &Path, wanted: Option<Format>) -> All {
    let mut file = File::open(path).unwrap();
    let format = ingest::open(&mut file, wanted).unwrap();
    let mut all = All::default();
    if let Err(e) = ingest::read(format, file, &Options::default(), &mut all) {
        all.skipped.push(e.to_string());
    }
    all
}

/// The events of a file that is one content without trouble.
fn events(path: &Path) -> (String, Vec<Event>) {
    let mut all = read(path, None);
    assert_eq!(all.skipped, Vec::<String>::new(), "{}", path.display());
    assert_eq!(all.contents.len(), 1, "{}", path.display());
    let (content, events) = all.contents.remove(0);
    (content.format, events)
}

type Hits = BTreeMap<String, Vec<u64>>;

fn hits(engine: &Engine, events: &[Event], unsettled: &Json) -> Hits {
    let unsettled: BTreeSet<&str> =
        unsettled.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let mut out = Hits::new();
    let mut hits = Vec::new();
    for event in events {
        hits.clear();
        engine.scan(event, &mut hits);
        for hit in &hits {
            let id = &engine.rules()[hit.rule].id;
            if !unsettled.contains(id.as_str()) {
                out.entry(id.clone()).or_default().push(event.place.record);
            }
        }
    }
    out
}

fn records(value: &Json) -> Hits {
    let ids = |v: &Json| v.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    value.as_object().unwrap().iter().map(|(k, v)| (k.clone(), ids(v))).collect()
}

fn counts(hits: &Hits) -> BTreeMap<String, u64> {
    hits.iter().map(|(k, v)| (k.clone(), v.len() as u64)).collect()
}

fn wanted(value: &Json) -> BTreeMap<String, u64> {
    value.as_object().unwrap().iter().map(|(k, v)| (k.clone(), v.as_u64().unwrap())).collect()
}

/// A value without what the older exporter of the shared JSON wrote in another way: GUIDs without braces and in
/// capitals, no white space at the end, times to the microsecond.
fn plain(name: &str, value: &event::Value) -> Json {
    match value.to_json() {
        Json::String(text) if name == "TimeCreated" => text.chars().take(26).collect::<String>().into(),
        Json::String(text) => text.trim_end().trim_matches(['{', '}']).to_lowercase().into(),
        Json::Array(list) => {
            list.iter().map(|v| plain("", &event::Value::from_json(v))).collect::<Vec<_>>().into()
        }
        other => other,
    }
}

fn plain_fields(event: &Event) -> Vec<(String, Json)> {
    event.fields.iter().map(|(n, v)| (n.to_string(), plain(n, v))).collect()
}

#[test]
fn the_regression_evidence_is_exact_in_both_forms() {
    let Some(data) = shared() else { return };
    let engine = engine(&data);
    let (mut files, mut wrong) = (0, Vec::new());
    for line in lines(data.join("sigma/regression_expect.jsonl")) {
        let (format, log) = events(&data.join(line["evtx"].as_str().unwrap()));
        let (json_format, json) = events(&data.join(line["json"].as_str().unwrap()));
        assert_eq!((format.as_str(), json_format.as_str()), ("evtx", "json"));
        let mut want = records(&line["all_hits"]);
        want.values_mut().for_each(|v| v.sort_unstable());
        for (shape, events) in [("evtx", &log), ("json", &json)] {
            let mut got = hits(engine, events, &Json::Null);
            got.values_mut().for_each(|v| {
                v.sort_unstable();
                v.dedup();
            });
            if got != want {
                wrong.push(format!("{shape} {}: got {got:?} want {want:?}", line["rule_id"]));
            }
        }
        files += 1;
        let by_record = |events: Vec<Event>| -> BTreeMap<u64, Event> {
            events.into_iter().map(|e| (e.place.record, e)).collect()
        };
        let (log, json) = (by_record(log), by_record(json));
        assert!(log.keys().eq(json.keys()), "{}", line["json"]);
        for (e, j) in log.values().zip(json.values()) {
            if (plain_fields(e), e.time.0 / 1000, &e.dataset)
                != (plain_fields(j), j.time.0 / 1000, &j.dataset)
            {
                wrong.push(format!("{}\n evtx {}\n json {}", line["json"], e.fields_json(), j.fields_json()));
            }
        }
    }
    println!("{files} pairs");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
}

#[test]
fn an_export_of_a_log_gives_the_log_s_own_events() {
    let Some(data) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for line in lines(data.join("evtx/parse_expect.jsonl")).iter().take(8) {
        let path = data.join(line["file"].as_str().unwrap());
        let mut log = read(&path, None).contents.remove(0).1;
        let export: Vec<String> = evtx::EvtxParser::from_path(&path)
            .unwrap()
            .records_json()
            .filter_map(|r| r.ok().map(|r| r.data))
            .collect();
        let exported = dir.path().join("export");
        std::fs::write(&exported, export.join("\n")).unwrap();
        let mut json = read(&exported, None).contents.remove(0).1;
        assert_eq!(log.len(), json.len(), "{}", path.display());
        for event in log.iter_mut().chain(&mut json) {
            (event.place.offset, event.place.len) = (0, 0);
        }
        // The exporter's threads hand chunks on in any order.
        log.sort_by_key(|e| (e.place.record, e.identity));
        json.sort_by_key(|e| (e.place.record, e.identity));
        if let Some((a, b)) = log.iter().zip(&json).find(|(a, b)| a != b) {
            panic!("{}: differ: {a:?}\n{b:?}", path.display());
        }
        seen += log.len();
    }
    println!("{seen} events");
    assert!(seen > 1000);
}

#[test]
fn forwarded_windows_events_are_exact() {
    let Some(data) = shared() else { return };
    let engine = engine(&data);
    let mut wrong = Vec::new();
    for line in lines(data.join("logs/otrf-windows/expect.jsonl")) {
        let mut all = read(&data.join(line["zip"].as_str().unwrap()), None);
        let (content, events) = all.contents.remove(0);
        assert_eq!((content.format.as_str(), all.contents.len()), ("zip/json", 0));
        // Archives made on a Mac bring its metadata along, which is named.
        assert!(all.skipped.iter().all(|s| s.starts_with("AppleDouble")), "{:?}", all.skipped);
        assert_eq!(events.len() as u64, line["events"].as_u64().unwrap(), "{}", line["zip"]);
        assert!(events.iter().all(|e| e.dataset.starts_with("windows.")), "{}", line["zip"]);
        assert!(events.iter().all(|e| e.get("time_missing").is_none()), "{}", line["zip"]);
        let (got, want) = (counts(&hits(engine, &events, &line["unsettled"])), wanted(&line["hits"]));
        if got != want {
            wrong.push(format!("{}: got {got:?} want {want:?}", line["zip"]));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn cloudtrail_is_exact() {
    let Some(data) = shared() else { return };
    let engine = engine(&data);
    for line in lines(data.join("logs/cloudtrail/expect.jsonl")) {
        let (_, events) = events(&data.join(line["file"].as_str().unwrap()));
        assert_eq!(events.len() as u64, line["records"].as_u64().unwrap());
        assert!(events.iter().all(|e| &*e.dataset == "aws.cloudtrail"), "{}", line["file"]);
        let got = hits(engine, &events, &line["unsettled"]);
        assert_eq!(got, records(&line["hit_records"]), "{}", line["file"]);
        assert_eq!(counts(&got), wanted(&line["hits"]), "{}", line["file"]);
    }
}

#[test]
fn zeek_logs_have_their_records_and_no_hits() {
    let Some(data) = shared() else { return };
    let engine = engine(&data);
    let mut archives: BTreeMap<String, All> = BTreeMap::new();
    let mut seen = 0;
    for line in lines(data.join("logs/zeek/expect.jsonl")) {
        let zip = line["zip"].as_str().unwrap();
        let all = archives.entry(zip.into()).or_insert_with(|| read(&data.join(zip), None));
        assert_eq!(all.skipped, Vec::<String>::new(), "{zip}");
        let member = line["member"].as_str().unwrap();
        let found = all.contents.iter().find(|(c, _)| c.member.as_deref() == Some(member));
        let (content, events) = found.unwrap_or_else(|| panic!("{zip}: no {member}"));
        let tsv = line["format"].as_str().unwrap().starts_with("TSV");
        assert_eq!(content.format, if tsv { "zip/zeek" } else { "zip/json" }, "{member}");
        assert_eq!(events.len() as u64, line["records"].as_u64().unwrap(), "{zip} {member}");
        let kind = member.trim_end_matches(".log");
        let kind = if tsv { kind } else { kind.split_once('_').map_or(kind, |(_, k)| k) };
        assert!(events.iter().all(|e| *e.dataset == *format!("zeek.{kind}")), "{zip} {member}");
        assert_eq!(counts(&hits(engine, events, &Json::Null)), wanted(&line["sigma_hits"]), "{member}");
        seen += events.len();
    }
    println!("{seen} zeek records");
}

#[test]
fn linux_and_cloud_exports_are_exact() {
    let Some(data) = shared() else { return };
    let engine = engine(&data);
    for line in lines(data.join("logs/linux-and-cloud/expect.jsonl")) {
        let (_, events) = events(&data.join(line["file"].as_str().unwrap()));
        assert_eq!(events.len() as u64, line["lines"].as_u64().unwrap(), "{}", line["file"]);
        let audit: Vec<Event> = events.iter().filter(|e| &*e.dataset == "linux.auditd").cloned().collect();
        let mut got = hits(engine, &audit, &Json::Null);
        // The expectation does not name it, but its keywords (`dd` and `if=`, no `of=`) stand in that record, and the
        // micro cases find a keyword inside any value.
        got.remove("c52a914f-3d8b-4b2a-bb75-b3991e75f8ba");
        assert_eq!(got, records(&line["sigma_auditd_hits"]), "{}", line["file"]);
        assert!(events.iter().all(|e| e.get("time_missing").is_none()), "{}", line["file"]);
    }
}

#[test]
fn suricata_events_by_type_and_signature() {
    let Some(data) = shared() else { return };
    let (_, events) = events(&data.join("logs/suricata-eve/eve.jsonl"));
    let want: Json =
        serde_json::from_str(&std::fs::read_to_string(data.join("logs/suricata-eve/expect.json")).unwrap())
            .unwrap();
    assert_eq!(events.len() as u64, want["lines"].as_u64().unwrap());
    let mut kinds = BTreeMap::new();
    let mut signatures = BTreeMap::new();
    for event in &events {
        let kind = event.dataset.strip_prefix("suricata.").unwrap_or(&event.dataset).to_owned();
        *kinds.entry(kind).or_insert(0_u64) += 1;
        if let Some(id) = event.text("alert.signature_id") {
            *signatures.entry(id.into_owned()).or_insert(0_u64) += 1;
        }
    }
    assert_eq!(kinds, wanted(&want["by_event_type"]));
    assert_eq!(signatures, wanted(&want["alerts_by_signature_id"]));
}

/// The first field with this value as text, also as a list's element.
fn holds(event: &Event, want: &str) -> bool {
    let same = |v: &event::Value| v.text().is_some_and(|t| t.trim() == want.trim());
    event.fields.iter().any(|(_, v)| match v {
        event::Value::List(list) => list.iter().any(same),
        one => same(one),
    })
}

/// The expectations are those of `jc`, which has names of its own: values are compared.
#[test]
fn syslog_lines_have_the_values_that_jc_finds() {
    let Some(data) = shared() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (name, format) in [
        ("syslog-3164", Format::Syslog),
        ("syslog-5424", Format::Syslog),
        ("cef", Format::Cef),
        ("leef", Format::Leef),
    ] {
        for case in lines(data.join(format!("logs/syslog/{name}.jsonl"))) {
            seen += 1;
            let line = case["line"].as_str().unwrap();
            let path = dir.path().join("line");
            std::fs::write(&path, line).unwrap();
            let all = read(&path, Some(format));
            let event = &all.contents[0].1[0];
            let expect = case["expect"].as_object().unwrap();
            if let Some(text) = expect.get("unparsable") {
                if event.text("parse_error").is_none() || event.text("message").as_deref() != text.as_str() {
                    wrong.push(format!("{line}: should be kept as text: {}", event.fields_json()));
                }
                continue;
            }
            assert_eq!(all.skipped, Vec::<String>::new(), "{line}");
            for (key, want) in expect {
                let found = match (key.as_str(), want) {
                    // Made of other values by jc: words for severities, times in the tool's own zone.
                    (_, Json::Null)
                    | ("agentSeverityString", _)
                    | ("start_epoch" | "end_epoch" | "timestamp_epoch", _) => true,
                    ("timestamp_epoch_utc", want) => want.as_i64() == Some(event.time.0 / 1_000_000_000),
                    ("tag", Json::String(tag)) if format == Format::Syslog => {
                        event.text("process.name").as_deref() == Some(tag)
                    }
                    ("content", Json::String(text)) => {
                        let pid = event.text("process.pid").map(|p| format!("[{p}]: ")).unwrap_or_default();
                        format!("{pid}{}", event.text("message").unwrap_or_default()).trim() == text
                    }
                    (_, Json::String(text)) => holds(event, text),
                    (_, other) => holds(event, &other.to_string()),
                };
                if !found {
                    wrong.push(format!("{line}: {key}={want}: {}", event.fields_json()));
                }
            }
            // Told apart by content it is the same.
            let by_content = read(&path, None);
            assert_eq!(by_content.contents[0].1[0].fields, event.fields, "{line}");
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    println!("{seen} lines");
}

/// UTF-16 and Latin-1 copies of a log give its events, at their places in the copy.
#[test]
fn encodings_do_not_change_what_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let json = "{\"a\":\"größer\",\"b\":[1]}\n{\"a\":\"zwei\"}\nkein JSON é\n";
    let zeek = "#separator \\x09\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n1588205198.5\tCü\n1588205199.5\tC2\n";
    let audit = "type=CWD msg=audit(1604996384.965:1): cwd=\"/tmp/é\"\ntype=CWD msg=audit(1604996384.965:2): cwd=\"/\"\n";
    let syslog = "Mar  8 15:18:40 h a: größer\nMar  8 15:18:41 h b: x\n";
    let text = "2024-03-07 04:02:16 größer\n2024-03-07 04:02:17 zwei\n";
    for (text, format) in
        [(json, "json"), (zeek, "zeek"), (audit, "auditd"), (syslog, "syslog"), (text, "text")]
    {
        let unit = |le| move |u: u16| if le { u.to_le_bytes() } else { u.to_be_bytes() };
        let wide = |mark: &[u8], le| {
            let mut bytes = mark.to_vec();
            bytes.extend(text.encode_utf16().flat_map(unit(le)));
            bytes
        };
        let path = dir.path().join("log");
        std::fs::write(&path, text).unwrap();
        let mut plain = read(&path, None);
        let (content, want) = plain.contents.remove(0);
        assert_eq!(content.format, format);
        for bytes in [
            wide(b"\xff\xfe", true),
            wide(b"\xfe\xff", false),
            wide(b"", true),
            wide(b"", false),
            text.chars().map(|c| c as u8).collect(),
        ] {
            std::fs::write(&path, &bytes).unwrap();
            let mut all = read(&path, None);
            let (content, got) = all.contents.remove(0);
            assert_eq!(content.format, format, "{bytes:02x?}");
            assert_eq!(
                all.notes.iter().filter(|n| n.contains("taken over as UTF-8")).count(),
                1,
                "{:?}",
                all.notes
            );
            assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(&want) {
                assert_eq!((&got.fields, got.time), (&want.fields, want.time));
                let at = got.place.offset as usize;
                let from = want.place.offset as usize;
                let part = &text[from..from + want.place.len as usize];
                let own = &bytes[at..at + got.place.len as usize];
                let own = match bytes.len() {
                    n if n >= text.chars().count() * 2 => {
                        let le = bytes[0] == 0xff || bytes[1] == 0;
                        let unit = if le { u16::from_le_bytes } else { u16::from_be_bytes };
                        let units: Vec<u16> = own.chunks(2).map(|p| unit([p[0], p[1]])).collect();
                        String::from_utf16(&units).unwrap()
                    }
                    _ => own.iter().map(|b| char::from(*b)).collect(),
                };
                assert_eq!(own, part, "{format}");
            }
        }
    }
}

/// The time of the source tells the year of lines that have none.
#[test]
fn the_source_s_time_tells_the_year() {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, b"Dec 31 10:00:00 h a: x\nJan  2 10:00:00 h a: x\n").unwrap();
    let year = |source_time| {
        let options =
            Options { now: event::Nanos(1_700_000_000_000_000_000), source_time, ..Options::default() };
        let mut all = All::default();
        assert!(
            ingest::read(Format::Syslog, file.try_clone().unwrap(), &options, &mut all)
                .unwrap()
                .is_continue()
        );
        all.contents.remove(0).1.iter().map(|e| 1970 + e.time.0 / 31_556_952_000_000_000).collect::<Vec<_>>()
    };
    assert_eq!(year(None), [2022, 2023]);
    // 2014-01-10.
    assert_eq!(year(Some(event::Nanos(1_389_312_000_000_000_000))), [2013, 2014]);
}

/// Lines written after what SigmaHQ's rules for Linux's text logs look for reach exactly those rules.
#[test]
fn rules_for_linux_s_text_logs_match() {
    let Some(data) = shared() else { return };
    let engine = engine(&data);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    for (rest, rule) in [
        ("clamd[11165]: /var/x: Trojan.Generic FOUND", "36aa86ca-fd9d-4456-814e-d3b1b8e1e0bb"),
        ("sshd[812]: Corrupted MAC on input. [preauth]", "e76b413a-83d0-4b94-8e4c-85db4a5b8bdc"),
        ("systemd[1]: stopping firewalld", "49f5dfc1-f92e-4d34-96fa-feba3f6acf36"),
        (
            "named[12045]: client 10.0.0.9#53 denied AXFR from [10.0.0.9]",
            "c8e35e96-19ce-4f16-aeb6-fd5588dc5365",
        ),
        (
            "useradd[1337]: new user: name=butter1, UID=1000, GID=0, home=/root, shell=/bin/bash",
            "0ac15ec3-d24f-4246-aa2a-3077bb1cf90e",
        ),
        ("a.out: *** stack smashing detected ***: terminated", "18b042f0-2ecd-4b6e-9f8d-aa7a7e7de781"),
        ("vsftpd[1]: Bad HTTP verb.", "377f33a1-4b36-4ee1-acee-1dbe4b43cfbe"),
        ("sshd[812]: Accepted publickey for ada from 10.0.0.9 port 50112 ssh2", ""),
    ] {
        std::fs::write(&path, format!("Mar  2 09:14:07 web1 {rest}\n")).unwrap();
        let (format, events) = events(&path);
        assert_eq!(format, "syslog");
        let hits = hits(engine, &events, &Json::Null);
        let got: Vec<&str> = hits.keys().map(String::as_str).collect();
        let want: Vec<&str> = [rule].into_iter().filter(|r| !r.is_empty()).collect();
        assert_eq!(got, want, "{rest}");
    }
}
