//! Every rule of our own on true events and near misses, in the shapes that its source has.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::{
    Engine, Mapping,
    sigma::{Kind, Rule},
};
use event::Event;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use support::rule_cases::{cases, walk};

fn found(engine: &Engine, event: &Event) -> BTreeSet<String> {
    let mut hits = Vec::new();
    engine.scan(event, &mut hits);
    hits.iter().map(|h| engine.rules()[h.rule].id.clone()).collect()
}

/// The rule of a file, by its name where the file has several.
fn id_of(path: &str, name: Option<&str>) -> String {
    let file = detect::builtin_files().iter().find(|f| f.path == path).unwrap_or_else(|| panic!("no {path}"));
    let rules = detect::sigma::parse(file.text).rules;
    let rule = rules.iter().find(|r| name.is_none() || r.name.as_deref() == name);
    rule.unwrap_or_else(|| panic!("no {name:?} in {path}")).id.clone()
}

/// All rules that look at single events, those that only feed a correlation too.
fn engine() -> Engine {
    let rules = detect::builtin().rules.into_iter().filter(|r| r.kind == Kind::Detection).collect();
    let (engine, not_run) = Engine::build(rules, &Mapping::builtin().unwrap());
    assert!(not_run.is_empty(), "{not_run:?}");
    engine
}

#[test]
fn true_events_are_found_and_near_misses_are_not() {
    let engine = engine();
    let (mut events, mut misses) = (0, 0);
    let mut wrong = Vec::new();
    for case in cases() {
        let id = id_of(&case.file, case.name.as_deref());
        for event in case.shapes(&case.fields) {
            if !found(&engine, &event).contains(&id) {
                wrong.push(format!("{} misses {:?}", case.file, event.fields));
            }
            events += 1;
        }
        for change in &case.near {
            for event in case.shapes(&case.changed(change)) {
                if found(&engine, &event).contains(&id) {
                    wrong.push(format!("{} finds {}", case.file, json!(change)));
                }
                misses += 1;
            }
        }
    }
    println!("{events} events, {misses} near misses");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_true_event_a_near_miss_and_one_without_its_field() {
    // Rule id to: near misses by another value, near misses by a field that is not there.
    let mut with = HashMap::<String, (usize, usize)>::new();
    for case in cases() {
        let (values, absent) = with.entry(id_of(&case.file, case.name.as_deref())).or_default();
        for change in &case.near {
            let gone = change.values().all(serde_json::Value::is_null);
            *(if gone { &mut *absent } else { &mut *values }) += 1;
        }
    }
    let lacking: Vec<String> = detect::builtin()
        .rules
        .iter()
        .filter(|r| r.kind == Kind::Detection)
        .filter_map(|r| match with.get(&r.id) {
            None => Some(format!("{} has no case", r.title)),
            Some((0, _)) => Some(format!("{} has no near miss by a value", r.title)),
            Some((_, 0)) => Some(format!("{} has no near miss without a field", r.title)),
            Some(_) => None,
        })
        .collect();
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

#[test]
fn every_rule_says_what_an_analyst_needs() {
    let parsed = detect::builtin();
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let fed: HashSet<&String> = parsed.rules.iter().flat_map(Rule::refers_to).collect();
    let (mut ids, mut titles) = (HashSet::new(), HashSet::new());
    let mut products = BTreeMap::<&str, usize>::new();
    for r in &parsed.rules {
        assert!(ids.insert(&r.id) && r.id.len() == 36 && r.id.as_bytes()[14] == b'4', "{}", r.title);
        assert!(titles.insert(&r.title), "two rules are called {}", r.title);
        assert_eq!(
            (r.author.as_str(), r.license.as_deref()),
            ("AuroraSOC", Some("Apache-2.0")),
            "{}",
            r.title
        );
        assert!(r.status.is_some() && r.date.is_some() && r.level.is_some(), "{}", r.title);
        assert!(!r.falsepositives.is_empty() && r.description.len() > 60, "{}", r.title);
        assert!(!r.techniques().is_empty() && !r.tactics().is_empty(), "{}", r.title);
        // What only counts is no alert, and what is an alert is more than a note.
        let counted = r.name.as_ref().is_some_and(|n| fed.contains(n));
        assert_eq!(counted, r.level == Some(detect::sigma::Level::Informational), "{}", r.title);
        if r.kind == Kind::Detection {
            *products.entry(r.logsource.product.as_deref().unwrap_or_default()).or_default() += 1;
        } else {
            assert_eq!(r.kind, Kind::Correlation);
        }
    }
    println!("{products:?}, {} correlations", parsed.rules.len() - products.values().sum::<usize>());
    assert!(products.values().sum::<usize>() >= 105);
    for product in ["windows", "linux", "zeek", "suricata", "aws"] {
        assert!(products.get(product).is_some_and(|n| *n >= 10), "{product}: {products:?}");
    }
}

#[test]
fn no_two_rules_have_the_same_logic() {
    let mut seen = HashMap::<Vec<String>, String>::new();
    for file in detect::builtin_files() {
        for rule in detect::sigma::parse(file.text).rules {
            let body = &file.text[rule.span.clone()];
            let from = body.find("\nlogsource:").or_else(|| body.find("\ncorrelation:")).unwrap();
            let to = body.find("\nfalsepositives:").unwrap();
            // Without the names of searches and the order of lines, which change nothing.
            let named = |l: &str| l.ends_with(':') && !l.contains('|') && l.starts_with(['s', 'f']);
            let mut lines: Vec<String> = body[from..to]
                .lines()
                .map(str::trim)
                .filter(|l| !l.starts_with("condition:") && !named(l))
                .map(str::to_lowercase)
                .collect();
            lines.sort();
            if let Some(other) = seen.insert(lines, rule.title.clone()) {
                panic!("{other} and {} are the same", rule.title);
            }
        }
    }
}

#[test]
fn a_correlation_has_its_rules_beside_it() {
    let mut correlations = 0;
    for file in detect::builtin_files() {
        let rules = detect::sigma::parse(file.text).rules;
        let names: HashSet<&str> = rules.iter().filter_map(|r| r.name.as_deref()).collect();
        for rule in rules.iter().filter(|r| r.kind == Kind::Correlation) {
            correlations += 1;
            for part in rule.refers_to() {
                assert!(names.contains(part.as_str()), "{}: {part} is not in {}", rule.title, file.path);
            }
        }
    }
    assert!(correlations >= 6, "{correlations}");
}

/// `correlation_rule_cases.jsonl`: for each file events with their time, and the groups for which it must fire. Here
/// the events are checked against the rules that are counted, and that a case at the limit stands beside one below.
#[test]
fn correlations_have_cases_on_both_sides_of_their_limit() {
    let mut sides = BTreeMap::<String, (usize, usize)>::new();
    for line in include_str!("correlation_rule_cases.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let path = case["file"].as_str().unwrap();
        let file = detect::builtin_files().iter().find(|f| f.path == path).unwrap();
        let counted = detect::sigma::parse(file.text).rules;
        let counted = counted.into_iter().filter(|r| r.kind == Kind::Detection).collect();
        let (engine, _) = Engine::build(counted, &Mapping::builtin().unwrap());
        let fires = !case["groups"].as_array().unwrap().is_empty();
        let (with, without) = sides.entry(path.to_owned()).or_default();
        *(if fires { with } else { without }) += 1;
        for fields in case["events"].as_array().unwrap() {
            let mut event = support::flat(fields);
            event.dataset = fields["dataset"].as_str().unwrap_or("windows").into();
            assert!(!fires || !found(&engine, &event).is_empty(), "{path}: {fields} is not counted");
        }
    }
    let files = detect::builtin_files().iter().filter(|f| f.path.starts_with("correlation/"));
    for file in files {
        let (with, without) = sides.get(file.path).copied().unwrap_or_default();
        assert!(with > 0 && without > 0, "{}: {with} that fire, {without} that do not", file.path);
    }
}

#[test]
fn tags_name_techniques_and_their_tactics() {
    let Some(data) = support::shared() else { return };
    let text = std::fs::read_to_string(data.join("attack/enterprise-18.1-trim.json")).unwrap();
    let attack: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut known = HashMap::new();
    for t in attack["techniques"].as_array().unwrap() {
        let usable = ["revoked", "deprecated"].iter().all(|k| t[*k] != true);
        if usable {
            let tactics: Vec<&str> =
                t["tactics"].as_array().unwrap().iter().flat_map(|t| t.as_str()).collect();
            known.insert(t["id"].as_str().unwrap(), tactics);
        }
    }
    for rule in detect::builtin().rules {
        let mut reached = HashSet::new();
        for technique in rule.techniques() {
            let tactics = known.get(technique.as_str());
            reached.extend(tactics.unwrap_or_else(|| panic!("{}: {technique}", rule.title)).iter().copied());
        }
        for tactic in rule.tactics() {
            assert!(reached.contains(tactic.as_str()), "{}: no technique of {tactic}", rule.title);
        }
    }
}

#[test]
fn the_list_of_files_is_complete() {
    let root = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
        .join("../../assets/rules");
    let mut on_disk = Vec::new();
    walk(&root, &mut on_disk);
    let on_disk: BTreeSet<String> =
        on_disk.iter().map(|p| p.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/")).collect();
    let built: BTreeSet<String> = detect::builtin_files().iter().map(|f| f.path.to_owned()).collect();
    assert_eq!(on_disk, built);
}
