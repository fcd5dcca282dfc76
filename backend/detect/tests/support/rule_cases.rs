//! The cases of our own rules (`tests/rule_cases`) and the shapes in which each source really writes its events.
//!
//! A file holds the cases of one folder of `assets/rules`, one case a line. Windows: `channel`, `provider`, `id`,
//! `data`. Any other source: `dataset` and `event`, the event as the source's documentation shows it. Fixtures are
//! made from the documentation: auditd (`audit.rules(7)`, record types of the Linux Audit Project), Zeek (the record
//! of each log in the Zeek manual), Suricata (EVE output), AWS (CloudTrail record contents).

use super::{event, flat, windows};
use event::{Event, Value};
use serde_json::{Map, Value as Json, json};
use std::path::{Path, PathBuf};

/// An event that the rule finds, and changes after which it must not. A change names fields with new values; null
/// takes the field away.
pub struct Case {
    /// Path of the rule's file below `assets/rules`.
    pub file: String,
    /// Name of the rule in a file of several.
    pub name: Option<String>,
    pub source: Source,
    pub fields: Map<String, Json>,
    pub near: Vec<Map<String, Json>>,
}

/// Where the event comes from.
pub enum Source {
    Windows,
    /// A dataset of its own, for example `zeek.dns`.
    Dataset(String),
}

/// Fields of a Windows event that are not its data, and their keys in a case.
const SYSTEM: [(&str, &str); 3] = [("Channel", "channel"), ("Provider_Name", "provider"), ("EventID", "id")];

/// All cases, in the order of their files.
pub fn cases() -> Vec<Case> {
    let root =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("tests/rule_cases");
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let folder = file.strip_prefix(&root).unwrap().with_extension("");
        let folder = folder.to_string_lossy().replace('\\', "/");
        let all: Json = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        out.extend(all.as_array().unwrap().iter().map(|c| case(&folder, c)));
    }
    out
}

/// Files below a folder.
pub fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, into);
        } else {
            into.push(path);
        }
    }
}

fn case(folder: &str, c: &Json) -> Case {
    let map = |v: &Json| v.as_object().unwrap().clone();
    let (file, name) = match c["rule"].as_str().unwrap().split_once('#') {
        Some((file, name)) => (file, Some(name.to_owned())),
        None => (c["rule"].as_str().unwrap(), None),
    };
    let (source, fields) = match c["dataset"].as_str() {
        Some(dataset) => (Source::Dataset(dataset.into()), map(&c["event"])),
        None => {
            let mut fields = map(&c["data"]);
            for (name, key) in SYSTEM {
                fields.insert(name.into(), c[key].clone());
            }
            (Source::Windows, fields)
        }
    };
    let near = c["near"].as_array().unwrap().iter().map(map).collect();
    Case { file: format!("{folder}/{file}.yml"), name, source, fields, near }
}

impl Case {
    /// The event in every shape that its source has.
    pub fn shapes(&self, fields: &Map<String, Json>) -> Vec<Event> {
        match &self.source {
            Source::Windows => vec![tree(fields), forwarded(fields)],
            Source::Dataset(dataset) if dataset.starts_with("linux.") => {
                vec![flattened(dataset, &json!(fields)), all_text(flattened(dataset, &json!(fields)))]
            }
            Source::Dataset(dataset) if dataset.starts_with("zeek.") => {
                let underscored = fields.iter().map(|(n, v)| (n.replace('.', "_"), v.clone())).collect();
                vec![flattened(dataset, &json!(fields)), flattened(dataset, &Json::Object(underscored))]
            }
            Source::Dataset(dataset) => vec![flattened(dataset, &json!(fields))],
        }
    }

    /// The fields after a change, which must be one.
    pub fn changed(&self, change: &Map<String, Json>) -> Map<String, Json> {
        let mut fields = self.fields.clone();
        for (name, value) in change {
            if matches!(self.source, Source::Windows) {
                assert!(fields.contains_key(name), "{}: no field {name} to change", self.file);
            }
            set(&mut fields, name, value);
        }
        assert_ne!(fields, self.fields, "{}: {change:?} changes nothing", self.file);
        fields
    }
}

/// Sets or removes a field; its name is a key as it stands, else a path of keys with dots between.
fn set(fields: &mut Map<String, Json>, name: &str, value: &Json) {
    let inner = match name.split_once('.') {
        Some((first, rest)) if !fields.contains_key(name) => {
            fields.get_mut(first).and_then(Json::as_object_mut).map(|inner| (inner, rest))
        }
        _ => None,
    };
    match (inner, value) {
        (Some((inner, rest)), _) => set(inner, rest, value),
        (None, Json::Null) => drop(fields.remove(name)),
        (None, _) => drop(fields.insert(name.to_owned(), value.clone())),
    }
}

/// As the evtx crate gives it.
fn tree(fields: &Map<String, Json>) -> Event {
    let system = |n: &str| SYSTEM.iter().any(|(s, _)| *s == n);
    let data: Map<String, Json> =
        fields.iter().filter(|(n, _)| !system(n)).map(|(n, v)| (n.clone(), v.clone())).collect();
    let mut head = json!({"Computer": "ws7.lab.local", "EventRecordID": 7});
    for (name, _) in SYSTEM {
        let Some(value) = fields.get(name) else { continue };
        match name {
            "Provider_Name" => head["Provider"] = json!({"#attributes": {"Name": value}}),
            "EventID" => head["EventID"] = json!({"#attributes": {"Qualifiers": 0}, "#text": value}),
            other => head[other] = value.clone(),
        }
    }
    windows(&json!({"Event": {"System": head, "EventData": data}}))
}

/// As forwarders write it: one level, other names for the system part, numbers as text, no blanks in names.
fn forwarded(fields: &Map<String, Json>) -> Event {
    let text = |v: &Json| if v.is_number() { Json::from(v.to_string()) } else { v.clone() };
    let mut flat_map: Map<String, Json> = fields.iter().map(|(n, v)| (n.replace(' ', ""), text(v))).collect();
    if let Some(provider) = flat_map.remove("Provider_Name") {
        flat_map.insert("SourceName".into(), provider);
    }
    flat_map.insert("Hostname".into(), "ws7.lab.local".into());
    flat(&Json::Object(flat_map))
}

/// Every value as text, as it stands in a log line.
fn all_text(mut event: Event) -> Event {
    for (_, value) in &mut event.fields {
        if let Some(text) = value.text().map(|t| t.into_owned()) {
            *value = Value::Str(text.into());
        }
    }
    event
}

/// An event of nested objects as the ingest crate flattens them: names joined by dots, a list of objects gives its
/// members' values under one name each.
pub fn flattened(dataset: &str, tree: &Json) -> Event {
    fn put(fields: &mut Vec<(String, Value)>, name: &str, value: Value) {
        match fields.iter_mut().find(|(n, _)| n == name) {
            Some((_, Value::List(list))) => list.push(value),
            Some((_, old)) => *old = Value::list(vec![old.clone(), value]),
            None => fields.push((name.to_owned(), value)),
        }
    }
    fn walk(name: &str, value: &Json, fields: &mut Vec<(String, Value)>) {
        match value {
            Json::Object(map) => {
                for (key, value) in map {
                    let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                    walk(&name, value, fields);
                }
            }
            Json::Array(list) => {
                let (inner, plain): (Vec<&Json>, Vec<&Json>) =
                    list.iter().partition(|v| v.is_object() || v.is_array());
                inner.iter().for_each(|v| walk(name, v, fields));
                if !plain.is_empty() || inner.is_empty() {
                    put(fields, name, Value::list(plain.into_iter().map(Value::from_json).collect()));
                }
            }
            other => put(fields, name, Value::from_json(other)),
        }
    }
    let mut fields = Vec::new();
    walk("", tree, &mut fields);
    event(dataset, 0, fields)
}
