//! The table of ECS names over all shared logs: every row is about a field that some event has, or it stands in
//! `assets/ecs/unseen.csv` with its reason; and what both views say of real events.
#![allow(clippy::unwrap_used, reason = "tests")]

use event::{Batch, Event, ecs, ocsf};
use ingest::{Content, Options, Resume, Sink};
use serde_json::{Value as Json, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

fn here() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
}

/// The shared data, or `None` (said on stdout) where it is absent.
fn shared() -> Option<PathBuf> {
    let root = std::env::var_os("AURORASOC_SHARED").map_or(here().join("../../../shared"), PathBuf::from);
    let data = root.join("data");
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: no shared data");
    None
}

struct Each<'a>(&'a mut dyn FnMut(&Event));

impl Sink for Each<'_> {
    fn begin(&mut self, _: &Content) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        batch.events.iter().for_each(&mut *self.0);
        ControlFlow::Continue(())
    }
}

fn read(path: &Path, each: &mut dyn FnMut(&Event)) {
    let mut file = File::open(path).unwrap();
    let format = ingest::open(&mut file, None).unwrap();
    // What can't be read at all is the matter of other tests.
    let _ = ingest::read(format, file, &Options::default(), &mut Each(each));
}

/// Every event of the logs and event logs.
fn all(data: &Path, each: &mut dyn FnMut(&Event)) {
    let folders = ["logs", "evtx/parse", "sigma/regression"].map(|folder| data.join(folder));
    for found in ingest::paths::walk(&folders) {
        let ingest::paths::Found::File { path, .. } = found else { continue };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let no_log = name.starts_with("expect") || name == "info.yml";
        // The same events stand beside them as JSON.
        let again = path.starts_with(&folders[2]) && name.ends_with(".json");
        if !no_log && !again && !path.starts_with(data.join("logs/syslog")) {
            read(&path, each);
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lines");
    for name in ["syslog-3164", "syslog-5424", "cef", "leef"] {
        let text = std::fs::read_to_string(data.join(format!("logs/syslog/{name}.jsonl"))).unwrap();
        for case in text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()) {
            std::fs::write(&path, case["line"].as_str().unwrap()).unwrap();
            read(&path, each);
        }
    }
    read(&here().join("tests/auth.txt"), each);
}

/// What `unseen.csv` lists: field, ECS name, dataset.
fn unseen() -> BTreeSet<(String, String, String)> {
    let text = std::fs::read_to_string(here().join("../../assets/ecs/unseen.csv")).unwrap();
    let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.map(|line| {
        let cells: Vec<&str> = line.splitn(4, ',').collect();
        assert!(cells.len() == 4 && cells[3].len() > 10, "no reason: {line}");
        (cells[0].to_owned(), cells[1].to_owned(), cells[2].to_owned())
    })
    .collect()
}

#[test]
fn every_row_of_the_table_is_about_events_that_there_are() {
    let Some(data) = shared() else { return };
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut datasets: BTreeSet<String> = BTreeSet::new();
    let mut by_class: BTreeMap<u64, u64> = BTreeMap::new();
    let mut count = 0_u64;
    all(&data, &mut |event| {
        count += 1;
        datasets.insert(event.dataset.to_string());
        for row in ecs::rows().iter().filter(|row| row.about(&event.dataset)) {
            if !seen.contains(&row.line) && row.value(event).is_some() {
                seen.insert(row.line);
            }
        }
        // A part of them is enough to see that the views hold for any event.
        if count.is_multiple_of(7) {
            *by_class.entry(holds(event)).or_default() += 1;
        }
    });
    assert!(count > 40_000, "{count} events");
    for class in [0, 1001, 1007, 3001, 3002, 4001, 4003] {
        assert!(by_class.contains_key(&class), "no event of class {class}: {by_class:?}");
    }
    let key = |row: &ecs::Row| (row.field.to_owned(), row.ecs.to_owned(), row.dataset.to_owned());
    let excused = unseen();
    let (mut missing, mut needless) = (BTreeSet::new(), excused.clone());
    for row in ecs::rows().iter().filter(|row| !seen.contains(&row.line)) {
        needless.remove(&key(row));
        if !excused.contains(&key(row)) {
            missing.insert(key(row));
        }
    }
    assert!(
        missing.is_empty(),
        "rows of no event, to be listed in unseen.csv: {missing:#?}\nof {datasets:?}"
    );
    assert!(needless.is_empty(), "listed although there are such events, or no such row: {needless:#?}");
}

/// What is true of both views of any event; its class.
fn holds(event: &Event) -> u64 {
    let fields = ecs::view(event).fields;
    let view = ecs::view(event).to_json();
    for (name, value) in &event.fields {
        assert_eq!(view.get(&**name), Some(&value.to_json()), "{name} of {event:?}");
    }
    assert!(view["@timestamp"].is_string() && view["log.level"].is_string() && view["message"].is_string());
    let ocsf = ocsf::of(event);
    let number = |name: &str| ocsf.get(name).and_then(Json::as_u64);
    let class = number("class_uid").unwrap();
    if !event.dataset.starts_with("ocsf.") {
        assert_eq!(number("type_uid"), number("activity_id").map(|activity| class * 100 + activity));
        assert_eq!(number("category_uid"), Some(class / 1000));
        assert_eq!(ocsf["metadata"]["version"], "1.3.0");
        assert!(ocsf["time"].is_i64() && number("severity_id").is_some_and(|n| (1..=5).contains(&n)));
        assert!(ocsf["metadata"]["product"]["name"].is_string());
        // Nothing is lost: what has no place is there by its own name.
        let text = Json::Object(ocsf.clone()).to_string();
        for (name, value) in &event.fields {
            let own = ocsf.get("unmapped").and_then(|u| u.get(&**name));
            let placed = fields.iter().any(|f| f.from == Some(&**name)) || ecs_name(name);
            assert!(own == Some(&value.to_json()) || placed, "{name} of {event:?} in {text}");
        }
    }
    class
}

/// Whether an event's own field has a name of ECS.
fn ecs_name(name: &str) -> bool {
    ecs::rows().iter().any(|row| row.ecs == name) || name.split('.').count() > 1
}

/// The first event of a file that fits.
fn one(path: &Path, fits: &dyn Fn(&Event) -> bool) -> Event {
    let mut found = None;
    read(path, &mut |event| {
        if found.is_none() && fits(event) {
            found = Some(event.clone());
        }
    });
    found.unwrap_or_else(|| panic!("no such event in {}", path.display()))
}

#[test]
fn real_events_by_their_ecs_and_ocsf_names() {
    let Some(data) = shared() else { return };
    let windows = data.join("logs/otrf-windows/cmd_bitsadmin_download_psh_script.zip");
    let id = |id: &'static str| {
        move |e: &Event| e.text("EventID").as_deref() == Some(id) && &*e.dataset == "windows.sysmon"
    };
    let process = one(&windows, &id("1"));
    let view = ecs::view(&process).to_json();
    assert_eq!(view["process.executable"], process.get("Image").unwrap().to_json());
    assert_eq!(view["host.name"], process.get("Computer").unwrap().to_json());
    let got = Json::Object(ocsf::of(&process));
    assert_eq!((&got["class_uid"], &got["type_uid"]), (&json!(1007), &json!(100_701)));
    assert_eq!(got["process"]["cmd_line"], process.get("CommandLine").unwrap().to_json());
    assert_eq!(got["unmapped"]["IntegrityLevel"], process.get("IntegrityLevel").unwrap().to_json());

    let zeek = data.join("logs/zeek/metasploit_sharpdump_lsass_memory_dump_zeek_logs.zip");
    let connection = one(&zeek, &|e| &*e.dataset == "zeek.conn");
    let got = Json::Object(ocsf::of(&connection));
    assert_eq!((&got["class_uid"], &got["activity_id"]), (&json!(4001), &json!(6)));
    assert_eq!(got["src_endpoint"]["ip"], connection.get("id.orig_h").unwrap().to_json());
    let name = one(&zeek, &|e| &*e.dataset == "zeek.dns" && e.text("query").is_some_and(|q| q != "-"));
    let got = Json::Object(ocsf::of(&name));
    assert_eq!(
        (&got["class_uid"], &got["query"]["hostname"]),
        (&json!(4003), &name.get("query").unwrap().to_json())
    );

    let given = one(&data.join("logs/ocsf/win_4625.json"), &|_| true);
    let text = std::fs::read_to_string(data.join("logs/ocsf/win_4625.json")).unwrap();
    let came: Json = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(Json::Object(ocsf::of(&given)), came, "OCSF comes back as it came");
}
