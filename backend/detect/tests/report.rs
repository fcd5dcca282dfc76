//! Explanations and the coverage report.
#![allow(clippy::unwrap_used, reason = "tests")]

use detect::{Costs, Coverage, Engine, Gap, Mapping, sigma};
use event::{Event, Nanos, Place, Value};
use serde_json::{Value as Json, json};

fn event(fields: &Json) -> Event {
    let fields =
        fields.as_object().unwrap().iter().map(|(k, v)| (k.as_str().into(), Value::from_json(v))).collect();
    Event {
        time: Nanos(0),
        dataset: "windows.sysmon".into(),
        place: Place::default(),
        fields,
        identity: [0; 16],
    }
}

const RULES: &str = r"
title: Shell with a flag
id: 0c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11
logsource: {product: windows, category: process_creation}
detection:
    selection_image:
        Image|endswith: ['\cmd.exe', '\powershell.exe']
    selection_flag:
        CommandLine|contains|all: [' -Enc ', 'ü']
    filter_parent:
        ParentImage|endswith: '\agent.exe'
    condition: all of selection_* and not filter_parent
---
title: Cleared
id: 1c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11
logsource: {product: windows, service: security}
detection:
    selection: {EventID: 1102}
    condition: selection
---
title: Image loaded unsigned
id: 2c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11
logsource: {product: windows, category: image_load}
detection:
    selection: {Signed: 'false'}
    condition: selection
---
title: Hash wanted
id: 3c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11
logsource: {product: windows, category: process_creation}
detection:
    selection: {Imphash: 'x'}
    condition: selection
---
title: No hash
id: 4c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11
logsource: {product: windows, category: process_creation}
detection:
    selection: {Imphash: null}
    condition: selection
---
title: A Linux rule that looks alike
id: 5c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11
logsource: {product: linux, category: process_creation}
detection:
    selection: {Image|contains: cmd}
    condition: selection
";

fn engine() -> Engine {
    let parsed = sigma::parse(RULES);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let (engine, not_run) = Engine::build(parsed.rules, &Mapping::builtin().unwrap());
    assert!(not_run.is_empty(), "{not_run:?}");
    engine
}

fn process() -> Json {
    json!({
        "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1,
        "Image": "C:\\Windows\\System32\\CMD.EXE", "CommandLine": "cmd Ü -enc x", "ParentImage": "C:\\a.exe",
    })
}

#[test]
fn explanation_names_fields_values_and_places() {
    let engine = engine();
    let event = event(&process());
    let mut hits = Vec::new();
    engine.scan(&event, &mut hits);
    assert_eq!(hits.iter().map(|h| h.rule).collect::<Vec<_>>(), [0, 4]);
    let why = engine.explain(&event, 0).unwrap();
    assert!(why.matched && why.logsource && why.tree.matched);
    assert_eq!(why.tree.label, "and");
    assert_eq!(why.tree.children[0].label, "all of selection_*");
    let names: Vec<(&str, bool, bool)> =
        why.selections.iter().map(|s| (s.name.as_str(), s.matched, s.negated)).collect();
    assert_eq!(
        names,
        [("selection_image", true, false), ("selection_flag", true, false), ("filter_parent", false, true)]
    );
    let image = &why.selections[0].items[0];
    assert_eq!(image.patterns, ["\\cmd.exe"]);
    assert_eq!((image.patterns_total, image.modifiers.as_str()), (2, "endswith"));
    let value = image.value.as_deref().unwrap();
    assert_eq!(image.spans.iter().map(|(a, b)| &value[*a..*b]).collect::<Vec<_>>(), ["\\CMD.EXE"]);
    let flag = &why.selections[1].items[0];
    let value = flag.value.as_deref().unwrap();
    assert_eq!(flag.modifiers, "contains all");
    assert_eq!(flag.spans.iter().map(|(a, b)| &value[*a..*b]).collect::<Vec<_>>(), ["Ü -enc "]);
    let parent = &why.selections[2].items[0];
    assert!(!parent.matched && parent.spans.is_empty());
    assert_eq!(parent.value.as_deref(), Some("C:\\a.exe"));
    let fields: Vec<String> = why.matched_fields().into_iter().map(|(f, _)| f).collect();
    assert_eq!(fields, ["Image", "CommandLine"]);
    assert!(engine.explain(&event, 99).is_none());
}

#[test]
fn explanation_of_security_4688_uses_its_names() {
    let engine = engine();
    let event = event(&json!({
        "Channel": "Security", "EventID": 4688, "NewProcessName": "C:\\cmd.exe", "CommandLine": "ü -enc ",
    }));
    let why = engine.explain(&event, 0).unwrap();
    let image = &why.selections[0].items[0];
    assert!(why.matched);
    assert_eq!(
        (image.field.as_deref(), image.event_field.as_deref()),
        (Some("Image"), Some("NewProcessName"))
    );
}

#[test]
fn explanation_says_when_the_log_is_another() {
    let engine = engine();
    let why = engine.explain(&event(&process()), 5).unwrap();
    assert!(!why.matched && !why.logsource);
    assert!(why.selections[0].matched, "the field itself fits");
}

#[test]
fn report_says_why_a_rule_had_no_chance() {
    let engine = engine();
    let mut coverage = Coverage::default();
    let mut hits = Vec::new();
    engine.scan_covered(&event(&process()), &mut coverage, &mut hits);
    engine.scan_covered(&event(&json!({"Channel": "Application", "EventID": 1})), &mut coverage, &mut hits);
    let report = coverage.report(&engine, vec![], 3);
    assert_eq!((report.events, report.ran, report.had_a_chance, report.not_loaded), (2, 6, 2, 3));
    let gaps: Vec<(&str, Gap, &str)> =
        report.no_chance.iter().map(|n| (n.title.as_str(), n.gap, n.reason.as_str())).collect();
    assert_eq!(
        gaps,
        [
            ("Cleared", Gap::Logsource, "no event from the channel Security"),
            ("Image loaded unsigned", Gap::EventId, "no event with id 7"),
            ("Hash wanted", Gap::Field, "no event of its kind has the field Imphash"),
            (
                "A Linux rule that looks alike",
                Gap::Logsource,
                "no event from the log source linux.sysmon or the log source linux.process_creation"
            ),
        ]
    );
}

/// The report over these events, for one rule with this detection.
fn told(detection: &str, events: &[Json]) -> Vec<String> {
    let lines: String = detection.lines().map(|l| format!("  {l}\n")).collect();
    let parsed = sigma::parse(&format!("title: t\nlogsource: {{category: x}}\ndetection:\n{lines}"));
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let (engine, _) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    let mut coverage = Coverage::default();
    events.iter().for_each(|e| engine.scan_covered(&event(e), &mut coverage, &mut Vec::new()));
    coverage.report(&engine, vec![], 0).no_chance.into_iter().map(|n| n.reason).collect()
}

#[test]
fn only_fields_whose_absence_matters_are_named() {
    let events = [json!({"A": "x"}), json!({"B": "y"})];
    for (detection, missing) in [
        ("s:\n  A: x\n  D: y\n  E|exists: false\n  F: null\nf:\n  G: z\ncondition: s and not f", "field D"),
        ("s: {C: x}\nt: {D: x}\nf: {H: x}\ncondition: (s or t) and not f", "fields C, D"),
        ("s: {A: x}\nf: {D: null}\ncondition: s and not f", "field D"),
        ("s_1: {A: x}\ns_2: {D: x}\ns_3: {E: x}\ncondition: 2 of s_*", "fields D, E"),
        ("s: {A|fieldref: I}\ncondition: s", "field I"),
        ("s: {A|fieldref|neq: I}\ncondition: s", "field I"),
        ("s: {I|fieldref: A}\ncondition: s", "field I"),
        ("s: {D|contains|all: [a, b], A: x}\ncondition: s", "field D"),
    ] {
        assert_eq!(
            told(detection, &events),
            [format!("no event of its kind has the {missing}")],
            "{detection}"
        );
    }
    for detection in [
        "s: {A|fieldref: B}\ncondition: s",
        "s: {D|exists: false}\ncondition: s",
        "s: {A: x}\nf: {D: x}\ncondition: s and not f",
    ] {
        assert!(told(detection, &[json!({"A": "x", "B": "x"})]).is_empty(), "{detection}");
    }
}

#[test]
fn correlations_whose_rules_had_no_chance_are_told() {
    let base = |name: &str| {
        format!(
            "title: {name}\nname: {name}\nlogsource: {{category: x}}\ndetection:\n  s: {{{name}: x}}\n  \
             condition: s\n---\n"
        )
    };
    let correlation = |title: &str, rest: &str| {
        format!("title: {title}\nname: {title}\ncorrelation:\n  timespan: 5m\n  {rest}\n---\n")
    };
    let text = [
        base("A"),
        base("C"),
        base("D"),
        correlation("all", "type: temporal\n  rules: [A, C, D]"),
        correlation("some", "type: event_count\n  rules: [A, C]\n  condition: {gte: 2}"),
        correlation("none", "type: event_count\n  rules: [C]\n  condition: {lt: 2}"),
        correlation("either", "type: temporal\n  rules: [A, C]\n  condition: A or C"),
        correlation("two", "type: temporal\n  rules: [A, C]\n  condition: {gte: 2}"),
        correlation("above", "type: event_count\n  rules: [none]\n  condition: {gte: 1}"),
        correlation("without", "type: temporal\n  rules: [A, C]\n  condition: A and not C"),
    ]
    .concat();
    let parsed = sigma::parse(&text);
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let (engine, not_run) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    assert!(not_run.is_empty(), "{not_run:?}");
    let mut coverage = Coverage::default();
    engine.scan_covered(&event(&json!({"A": "y"})), &mut coverage, &mut Vec::new());
    let report = coverage.report(&engine, vec![], 0);
    let mut told: Vec<(&str, &str)> =
        report.correlations_no_chance.iter().map(|n| (n.title.as_str(), n.reason.as_str())).collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("above", "the rule 'none' had no chance"),
            ("all", "the rules 'C', 'D' had no chance"),
            ("none", "the rule 'C' had no chance"),
            ("two", "the rule 'C' had no chance"),
        ]
    );
    assert!(report.correlations_no_chance.iter().all(|n| n.gap == Gap::Base));
}

#[test]
fn coverage_of_two_threads_is_one_report() {
    let engine = engine();
    let (mut a, mut b) = (Coverage::default(), Coverage::default());
    engine.scan_covered(&event(&process()), &mut a, &mut Vec::new());
    engine.scan_covered(&event(&json!({"Channel": "Security", "EventID": "1102"})), &mut b, &mut Vec::new());
    a.merge(b);
    let report = a.report(&engine, vec![], 0);
    assert_eq!((report.events, report.had_a_chance), (2, 3));
}

#[test]
fn a_rule_that_matches_always_had_a_chance() {
    let engine = engine();
    let mut coverage = Coverage::default();
    let mut hits = Vec::new();
    engine.scan_covered(&event(&process()), &mut coverage, &mut hits);
    let report = coverage.report(&engine, vec![], 0);
    for hit in hits {
        assert!(report.no_chance.iter().all(|n| n.rule_id != engine.rules()[hit.rule].id));
    }
}

#[test]
fn the_nearest_rules_say_what_was_missing() {
    let engine = engine();
    let mut fields = process();
    fields["ParentImage"] = json!("C:\\agent.exe");
    let event = event(&fields);
    let near = engine.near(&event, 5);
    assert_eq!(near.iter().map(|n| n.rule).collect::<Vec<_>>(), [0]);
    assert_eq!((near[0].held, near[0].wanted), (2, 2));
    let why = engine.explain(&event, 0).unwrap();
    assert_eq!(why.one_away, near[0].leaves);
    let leaf = why.leaf(why.one_away[0]).unwrap();
    assert_eq!((leaf.field.as_deref(), leaf.matched), (Some("ParentImage"), true));
    assert_eq!(leaf.value.as_deref(), Some("C:\\agent.exe"));
    let mut fields = process();
    fields["CommandLine"] = json!("cmd -enc x");
    let why = engine.explain(&self::event(&fields), 0).unwrap();
    let missing: Vec<_> = why.one_away.iter().filter_map(|l| why.leaf(*l)?.field.clone()).collect();
    assert_eq!(missing, ["CommandLine"]);
    fields["Image"] = json!("C:\\x.exe");
    assert!(engine.explain(&self::event(&fields), 0).unwrap().one_away.is_empty());
}

#[test]
fn measuring_finds_what_scanning_finds_and_says_what_each_rule_took() {
    let engine = engine();
    let mut costs = Costs::default();
    let (mut scratch, mut tick) = (engine.scratch(), 0);
    let mut clock = || {
        tick += 5;
        tick
    };
    let (mut measured, mut scanned) = (Vec::new(), Vec::new());
    for fields in [process(), json!({"Channel": "Security", "EventID": 1102}), json!({"Channel": "x"})] {
        let event = event(&fields);
        engine.scan_measured(&event, &mut scratch, &mut clock, &mut costs, &mut measured);
        engine.scan(&event, &mut scanned);
    }
    assert_eq!(measured, scanned);
    let rules = costs.rules();
    assert_eq!((costs.events(), rules.len()), (3, 4));
    assert!(rules.iter().all(|r| (r.events, r.ticks) == (1, 5)), "{rules:?}");
    assert_eq!(rules.iter().map(|r| r.hits).sum::<u64>(), 3);
    let mut twice = costs.clone();
    twice.merge(&costs);
    assert_eq!(twice.rules()[0].ticks, 10);
}
