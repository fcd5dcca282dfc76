//! Filter rules: cases from the text of Sigma's filter specification 2.1 and the forms in pySigma's documentation.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::{Cause, Coverage, Engine, Mapping, sigma};
use serde_json::{Value as Json, json};

const RULES: &str = "
title: One
id: 0c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\\a.exe'}
  condition: selection
---
title: Two
id: 1c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11
name: two
logsource: {product: windows, category: process_creation}
detection:
  a: {CommandLine|contains: x}
  b: {User: nobody}
  condition: a or b
---
title: Other log
id: 2c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11
logsource: {product: windows, service: security}
detection:
  selection: {EventID: 4624}
  condition: selection
---
";

fn filter(rules: &str, search: &str, condition: &str) -> String {
    format!(
        "title: Admins\nid: 9c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11\n\
         logsource: {{product: windows, category: process_creation}}\n\
         filter:\n  rules: {rules}\n  selection: {search}\n  condition: {condition}\n"
    )
}

fn build(filter: &str) -> (Engine, Vec<detect::NotRun>) {
    let text = format!("{RULES}{filter}");
    let parsed = sigma::parse(&text);
    assert!(parsed.errors.is_empty(), "{}", parsed.errors[0].render(&text, "rules"));
    Engine::build(parsed.rules, &Mapping::builtin().unwrap())
}

fn hits(engine: &Engine, user: &str) -> Vec<String> {
    let fields = json!({
        "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1,
        "Image": "c:\\a.exe", "CommandLine": "x", "User": user,
    });
    let mut hits = Vec::new();
    engine.scan(&support::flat(&fields), &mut hits);
    hits.iter().map(|h| engine.rules()[h.rule].title.clone()).collect()
}

#[test]
fn both_ways_of_writing_take_the_same_away() {
    for condition in ["selection", "not selection", "1 of selection*", "not 1 of them", "not (selection)"] {
        let (engine, not_run) = build(&filter("any", "{User|startswith: 'adm_'}", condition));
        assert!(not_run.is_empty(), "{not_run:?}");
        assert_eq!(hits(&engine, "bob"), ["One", "Two"], "{condition}");
        assert!(hits(&engine, "ADM_bob").is_empty(), "{condition}");
        assert_eq!(engine.filters()[0].applied.len(), 2);
    }
}

#[test]
fn what_a_filter_could_not_do_and_how_it_was_read_can_be_told() {
    use detect::Reading;
    for (condition, reading) in [("selection", Reading::TakesAway), ("not selection", Reading::Keeps)] {
        let text = filter("[two, nobody, 2c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11]", "{User: bob}", condition);
        let text = text.replace("9c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11", "filter of ours");
        let (engine, not_run) = build(&text);
        assert!(not_run.is_empty(), "{not_run:?}");
        let told: Vec<(&str, &str)> =
            engine.filter_problems().map(|(f, p)| (f.rule_id.as_str(), p)).collect();
        assert_eq!(told[0], ("filter of ours", "the rule 'nobody' is not loaded"));
        assert!(told[1].1.contains("is for the log source windows/security"), "{told:?}");
        assert_eq!(told.len(), 2);
        assert_eq!(engine.filters()[0].reading, reading);
        assert!(engine.filters()[0].says().contains("condition holds"));
    }
}

#[test]
fn only_the_named_rules_are_filtered_and_what_is_wrong_is_said() {
    let names = "[two, 2c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11, nobody]";
    let (engine, not_run) = build(&filter(names, "{User: bob}", "selection"));
    assert!(not_run.is_empty(), "{not_run:?}");
    assert_eq!(hits(&engine, "bob"), ["One"]);
    let report = Coverage::default().report(&engine, vec![], 0);
    let told = &report.filters[0];
    assert_eq!((told.title.as_str(), told.applied.len()), ("Admins", 1));
    assert_eq!(
        told.problems,
        [
            "the rule '2c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11' is for the log source windows/security, the filter for \
             windows/process_creation",
            "the rule 'nobody' is not loaded",
        ]
    );
}

#[test]
fn a_filter_of_nothing_is_named() {
    let (engine, not_run) = build(&filter("[nobody]", "{User: bob}", "selection"));
    assert_eq!(engine.rules().len(), 3);
    assert_eq!(not_run.len(), 1);
    assert_eq!(
        (not_run[0].cause, not_run[0].reason.as_str()),
        (Cause::Filter, "applies to no rule: the rule 'nobody' is not loaded")
    );
    let (engine, not_run) = build(&filter("any", "{User|expand: '%admins%'}", "selection"));
    assert_eq!(not_run[0].cause, Cause::NeedsConfiguration);
    assert_eq!(hits(&engine, "bob"), ["One", "Two"]);
}

#[test]
fn a_filter_shows_in_the_explanation() {
    let (engine, _) = build(&filter("any", "{User: bob}", "selection"));
    let event = support::flat(&json!({
        "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "Image": "c:\\a.exe", "User": "bob",
    }));
    let why = engine.explain(&event, 0).unwrap();
    assert!(!why.matched);
    assert_eq!(why.condition, "(selection) and not ('Admins': selection)");
    let last = why.selections.last().unwrap();
    assert_eq!((last.name.as_str(), last.negated, last.matched), ("Admins: selection", true, true));
    let leaf = why.leaf(why.one_away[0]).unwrap();
    assert_eq!((why.one_away.len(), leaf.field.as_deref()), (1, Some("User")));
}

#[test]
fn base_rules_of_correlations_are_filtered_too() {
    let correlation = "---\ntitle: k\ncorrelation:\n  type: event_count\n  rules: [two]\n  timespan: 5m\n  \
                       condition: {gte: 1}\n";
    let (engine, not_run) = build(&format!("{}{correlation}", filter("[two]", "{User: bob}", "selection")));
    assert!(not_run.is_empty(), "{not_run:?}");
    for (user, want) in [("bob", 0), ("eve", 1)] {
        let fields: Json = json!({
            "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "CommandLine": "x", "User": user,
        });
        let mut c = detect::correlate::Correlator::new(&engine, Default::default());
        let event = support::flat(&fields);
        c.scan(&event, Default::default(), &mut Coverage::default(), &mut Vec::new());
        assert_eq!(c.finish().fired.len(), want, "{user}");
    }
}

#[test]
fn what_is_wrong_in_a_filter_is_refused_with_its_place() {
    for (section, word) in [
        ("selection: {User: bob}\n  condition: selection", "rules is missing"),
        ("rules: some\n  selection: {User: bob}\n  condition: selection", "list of rule ids"),
        ("rules: []\n  selection: {User: bob}\n  condition: selection", "list of rule ids"),
        ("rules: any\n  selection: {User: bob}\n  condition: other", "'other' is not defined"),
        ("rules: any\n  selection: {User: bob}", "condition is missing"),
    ] {
        let text = format!("title: f\nlogsource: {{product: windows}}\nfilter:\n  {section}\n");
        let parsed = sigma::parse(&text);
        assert!(parsed.rules.is_empty(), "{section}");
        assert!(parsed.errors[0].reason.contains(word), "{section}: {}", parsed.errors[0]);
    }
}
