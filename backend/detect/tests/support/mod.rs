//! What the tests share: where the shared data lies, and events out of JSON trees.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "every test program uses its own part")]

pub mod rule_cases;

use event::{Event, Nanos, Place, Value};
use serde_json::{Map, Value as Json};
use std::path::{Path, PathBuf};

/// The shared data, or `None` (said on stdout) where it is absent.
pub fn shared() -> Option<PathBuf> {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = std::env::var_os("AURORASOC_SHARED").map_or(here.join("../../../shared"), PathBuf::from);
    let data = root.join("data");
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: no shared data");
    None
}

/// Lines of a JSONL file.
pub fn lines(path: PathBuf) -> Vec<Json> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// An event of these fields.
pub fn event(dataset: &str, record: u64, fields: Vec<(String, Value)>) -> Event {
    Event {
        time: Nanos(0),
        dataset: dataset.into(),
        place: Place { record, offset: 0, len: 0 },
        fields: fields.into_iter().map(|(n, v)| (n.into(), v)).collect(),
        identity: [0; 16],
    }
}

/// Nanoseconds of a text like `2026-01-01T00:00:06Z`; only in January 2026, where the cases are.
pub fn time(text: &str) -> Nanos {
    let rest = text.strip_prefix("2026-01-").and_then(|t| t.strip_suffix('Z')).unwrap();
    let part = |from: usize| rest[from..from + 2].parse::<i64>().unwrap();
    Nanos((((part(0) * 24 + part(3)) * 60 + part(6)) * 60 + part(9)) * 1_000_000_000)
}

/// An event of a flat map.
pub fn flat(map: &Json) -> Event {
    let map = map.as_object().unwrap();
    event("", 0, map.iter().map(|(k, v)| (k.clone(), Value::from_json(v))).collect())
}

/// An event of the evtx crate's tree, by the field conventions of the ingest crate.
pub fn windows(tree: &Json) -> Event {
    let tree = &tree["Event"];
    let mut fields = Vec::new();
    let system = tree["System"].as_object().unwrap();
    for (name, value) in system {
        match value.as_object() {
            None => push(&mut fields, name, value),
            Some(map) if map.contains_key("#text") => push(&mut fields, name, &map["#text"]),
            Some(map) => {
                let attributes = map.get("#attributes").and_then(Json::as_object);
                for (attribute, value) in attributes.into_iter().flatten() {
                    push(&mut fields, &format!("{name}_{attribute}"), value);
                }
            }
        }
    }
    if let Some(data) = tree["EventData"].as_object() {
        children(&mut fields, data);
    }
    if let Some(data) = tree["UserData"].as_object() {
        for (name, value) in data {
            match value.as_object() {
                Some(map) => children(&mut fields, map),
                None => push(&mut fields, name, value),
            }
        }
    }
    let record = tree["System"]["EventRecordID"].as_u64().unwrap_or_default();
    event("windows", record, fields)
}

fn children(fields: &mut Vec<(String, Value)>, map: &Map<String, Json>) {
    for (name, value) in map.iter().filter(|(n, _)| !n.starts_with('#')) {
        match value.as_object() {
            Some(inner) if inner.contains_key("#text") => push(fields, name, &inner["#text"]),
            Some(inner) if inner.keys().all(|k| k.starts_with('#')) => push(fields, name, &Json::Null),
            Some(inner) => children(fields, inner),
            None => push(fields, name, value),
        }
    }
}

fn push(fields: &mut Vec<(String, Value)>, name: &str, value: &Json) {
    let name: String = name.split(' ').collect();
    let value = Value::from_json(value);
    match fields.iter_mut().find(|(n, _)| *n == name) {
        Some((_, Value::List(list))) => list.push(value),
        Some((_, old)) => *old = Value::list(vec![old.clone(), value]),
        None => fields.push((name, value)),
    }
}

/// An event of nested objects, their names joined by dots.
pub fn nested(dataset: &str, tree: &Json) -> Event {
    fn walk(prefix: &str, tree: &Map<String, Json>, into: &mut Vec<(String, Value)>) {
        for (name, value) in tree {
            let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                Json::Object(inner) => walk(&name, inner, into),
                other => into.push((name, Value::from_json(other))),
            }
        }
    }
    let mut fields = Vec::new();
    walk("", tree.as_object().unwrap(), &mut fields);
    event(dataset, 0, fields)
}

/// Objects of a JSON file, one after another or in an array.
pub fn objects(text: &str) -> Vec<Json> {
    let all = serde_json::Deserializer::from_str(text).into_iter::<Json>();
    all.flat_map(|v| match v.unwrap() {
        Json::Array(list) => list,
        one => vec![one],
    })
    .collect()
}

/// All SigmaHQ rules: (path in the zip, text).
pub fn sigmahq(data: &Path) -> Vec<(String, String)> {
    let file = std::fs::File::open(data.join("sigma/rules.zip")).unwrap();
    let mut zip = zip::ZipArchive::new(file).unwrap();
    let mut out = Vec::new();
    for i in 0..zip.len() {
        let mut member = zip.by_index(i).unwrap();
        let name = member.name().unwrap().into_owned();
        if name.ends_with(".yml") {
            let mut text = String::new();
            std::io::Read::read_to_string(&mut member, &mut text).unwrap();
            out.push((name, text));
        }
    }
    out
}

/// Records of an EVTX file that can be read.
pub fn evtx(path: &Path) -> Vec<Event> {
    let mut parser = evtx::EvtxParser::from_path(path).unwrap();
    parser.records_json_value().filter_map(Result::ok).map(|r| windows(&r.data)).collect()
}

/// A member of a zip as text.
pub fn zipped(path: &Path, member: &str) -> String {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut zip.by_name(member).unwrap(), &mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every shared log that both this crate's tests and the peers' bench can take, by its file (and member), sorted.
pub fn everything(data: &Path) -> Vec<(String, Vec<Event>)> {
    let text_of = |value: &Json, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let read = |file: &str| std::fs::read_to_string(data.join(file)).unwrap();
    let mut out = Vec::new();
    for line in lines(data.join("sigma/regression_expect.jsonl")) {
        let (log, json) = (text_of(&line, "evtx"), text_of(&line, "json"));
        out.push((log.clone(), evtx(&data.join(&log))));
        out.push((json.clone(), objects(&read(&json)).iter().map(windows).collect()));
    }
    for line in lines(data.join("evtx/parse_expect.jsonl")) {
        let file = text_of(&line, "file");
        out.push((file.clone(), evtx(&data.join(&file))));
    }
    for line in lines(data.join("logs/otrf-windows/expect.jsonl")) {
        let (zip, member) = (text_of(&line, "zip"), text_of(&line, "member"));
        let events = objects(&zipped(&data.join(&zip), &member)).iter().map(flat).collect();
        out.push((format!("{zip}#{member}"), events));
    }
    for line in lines(data.join("logs/cloudtrail/expect.jsonl")) {
        let file = text_of(&line, "file");
        let events = objects(&read(&file)).iter().map(|o| nested("aws.cloudtrail", o)).collect();
        out.push((file, events));
    }
    for line in lines(data.join("logs/zeek/expect.jsonl")) {
        if text_of(&line, "format").starts_with("json-lines") {
            let (zip, member) = (text_of(&line, "zip"), text_of(&line, "member"));
            let kind = member.trim_end_matches(".log").split_once('_').map_or(&*member, |(_, k)| k);
            let dataset = format!("zeek.{kind}");
            let text = zipped(&data.join(&zip), &member);
            let events = objects(&text).iter().map(|o| nested(&dataset, o)).collect();
            out.push((format!("{zip}#{member}"), events));
        }
    }
    for line in lines(data.join("logs/linux-and-cloud/expect.jsonl")) {
        let file = text_of(&line, "file");
        if file.ends_with(".log") {
            out.push((file.clone(), read(&file).lines().map(auditd).collect()));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

/// A raw auditd record: `key=value` pairs, values quoted or not.
fn auditd(line: &str) -> Event {
    let mut fields = Vec::new();
    let mut rest = line.trim();
    while let Some((key, behind)) = rest.split_once('=') {
        let key = key.rsplit(' ').next().unwrap_or_default();
        let (value, left) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => behind.split_once(' ').unwrap_or((behind, "")),
        };
        fields.push((key.to_owned(), Value::from(value)));
        rest = left.trim_start();
    }
    event("linux.auditd", 0, fields)
}
