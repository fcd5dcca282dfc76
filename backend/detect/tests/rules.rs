//! Every rule of our own on true events and near misses, in two shapes made from one field map.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::{Engine, Mapping, sigma::Kind};
use event::Event;
use serde_json::{Map, Value as Json, json};
use std::collections::{BTreeSet, HashSet};

/// A case of `rule_cases.json`: one event that the rule finds, and changes after which it must not. A change
/// names fields with new values; null takes the field away.
struct Case {
    rule: String,
    fields: Map<String, Json>,
    near: Vec<Map<String, Json>>,
}

const SYSTEM: [&str; 3] = ["Channel", "Provider_Name", "EventID"];

fn cases() -> Vec<Case> {
    let all: Json = serde_json::from_str(include_str!("rule_cases.json")).unwrap();
    let map = |v: &Json| v.as_object().unwrap().clone();
    all.as_array()
        .unwrap()
        .iter()
        .map(|c| {
            let mut fields = map(&c["data"]);
            for (name, key) in SYSTEM.into_iter().zip(["channel", "provider", "id"]) {
                fields.insert(name.into(), c[key].clone());
            }
            let near = c["near"].as_array().unwrap().iter().map(map).collect();
            Case { rule: format!("windows/{}.yml", c["rule"].as_str().unwrap()), fields, near }
        })
        .collect()
}

/// As the evtx crate gives it.
fn tree(fields: &Map<String, Json>) -> Event {
    let data: Map<String, Json> = fields
        .iter()
        .filter(|(n, _)| !SYSTEM.contains(&n.as_str()))
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect();
    support::windows(&json!({"Event": {
        "System": {
            "Provider": {"#attributes": {"Name": fields["Provider_Name"]}},
            "EventID": {"#attributes": {"Qualifiers": 0}, "#text": fields["EventID"]},
            "Channel": fields["Channel"],
            "Computer": "ws7.lab.local",
            "EventRecordID": 7,
        },
        "EventData": data,
    }}))
}

/// As forwarders write it: one level, other names for the system part, numbers as text.
fn forwarded(fields: &Map<String, Json>) -> Event {
    let mut flat: Map<String, Json> = fields
        .iter()
        .map(|(n, v)| (n.clone(), if v.is_number() { Json::from(v.to_string()) } else { v.clone() }))
        .collect();
    let provider = flat.remove("Provider_Name").unwrap();
    flat.insert("SourceName".into(), provider);
    flat.insert("Hostname".into(), "ws7.lab.local".into());
    support::flat(&Json::Object(flat))
}

fn found(engine: &Engine, event: &Event) -> BTreeSet<String> {
    let mut hits = Vec::new();
    engine.scan(event, &mut hits);
    hits.iter().map(|h| engine.rules()[h.rule].id.clone()).collect()
}

fn id_of(path: &str) -> String {
    let file = detect::builtin_files().iter().find(|f| f.path == path).unwrap_or_else(|| panic!("no {path}"));
    detect::sigma::parse(file.text).rules[0].id.clone()
}

fn engine() -> Engine {
    let (engine, not_run) = Engine::build(detect::builtin().rules, &Mapping::builtin().unwrap());
    assert!(not_run.is_empty(), "{not_run:?}");
    engine
}

#[test]
fn true_events_are_found_and_near_misses_are_not() {
    let engine = engine();
    let (mut events, mut misses) = (0, 0);
    for case in cases() {
        let id = id_of(&case.rule);
        for shape in [tree, forwarded] {
            let event = shape(&case.fields);
            assert!(found(&engine, &event).contains(&id), "{} misses {event:?}", case.rule);
            events += 1;
            for change in &case.near {
                let mut fields = case.fields.clone();
                for (name, value) in change {
                    assert!(fields.contains_key(name), "{}: no field {name} to change", case.rule);
                    match value {
                        Json::Null => drop(fields.remove(name)),
                        v => drop(fields.insert(name.clone(), v.clone())),
                    }
                }
                let event = shape(&fields);
                assert!(
                    !found(&engine, &event).contains(&id),
                    "{} finds {change}",
                    case.rule,
                    change = json!(change)
                );
                misses += 1;
            }
        }
    }
    println!("{events} events, {misses} near misses");
}

#[test]
fn every_rule_has_cases() {
    let with: HashSet<String> = cases().into_iter().map(|c| c.rule).collect();
    for file in detect::builtin_files() {
        assert!(with.contains(file.path), "{} has no case", file.path);
    }
}

#[test]
fn every_rule_says_what_an_analyst_needs() {
    let parsed = detect::builtin();
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    assert!(parsed.rules.len() >= 25);
    let mut ids = HashSet::new();
    let mut levels = HashSet::new();
    for r in &parsed.rules {
        assert!(ids.insert(&r.id) && r.id.len() == 36 && r.id.as_bytes()[14] == b'4', "{}", r.title);
        assert_eq!(r.kind, Kind::Detection);
        assert_eq!(r.author, "AuroraSOC");
        assert!(r.status.is_some() && r.date.is_some() && !r.falsepositives.is_empty(), "{}", r.title);
        assert!(
            r.description.len() > 60 && !r.techniques().is_empty() && !r.tactics().is_empty(),
            "{}",
            r.title
        );
        levels.insert(r.level.unwrap());
    }
    assert!(levels.len() >= 4);
}

#[test]
fn the_list_of_files_is_complete() {
    fn walk(folder: &std::path::Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, into);
            } else {
                into.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/rules");
    let mut on_disk = Vec::new();
    walk(root.as_ref(), &mut on_disk);
    assert_eq!(on_disk.len(), detect::builtin_files().len());
}
