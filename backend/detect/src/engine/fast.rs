//! The indexed scan equals evaluating every rule of the route, over random rules and events.

use super::{Engine, Hit, eval};
use crate::{Mapping, sigma};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use event::{Event, Nanos, Place, Value};
use proptest::{prelude::*, strategy::ValueTree as _};

impl Engine {
    /// The definition of a scan: every program that may look at the event is evaluated.
    fn scan_all(&self, event: &Event) -> Vec<Hit> {
        let mut scratch = self.scratch();
        scratch.load(&self.slots, event);
        let mut hits: Vec<usize> = Vec::new();
        for program in self.routes.of(event, &mut scratch).concat() {
            let program = &self.programs[program as usize];
            if eval::Run::new(event, &mut scratch, program).matches() {
                hits.push(program.rule);
            }
        }
        hits.sort_unstable();
        hits.dedup();
        hits.into_iter().map(|rule| Hit { rule }).collect()
    }
}

/// A key of a search: a field and modifiers, or none for keywords.
fn key() -> impl Strategy<Value = String> {
    let modifiers = prop::sample::select(vec![
        "",
        "",
        "",
        "|contains",
        "|startswith",
        "|endswith",
        "|contains|all",
        "|cased",
        "|contains|cased",
        "|re",
        "|re|i",
        "|neq",
        "|contains|windash",
        "|exists",
        "|cidr",
        "|gt",
        "|fieldref",
        "|base64offset|contains",
        "|endswith|cased",
        "|wide|base64offset|contains",
        "|base64offset|contains|all",
        "|contains|windash|all",
    ]);
    (prop::sample::select(vec!["F", "G", "CommandLine", "EventID", "Image"]), modifiers)
        .prop_map(|(f, m)| format!("{f}{m}"))
}

fn value(key: &str, text: &str) -> String {
    let quoted = |t: &str| format!("'{}'", t.replace('\'', "''"));
    match key.split('|').next_back().unwrap_or_default() {
        "all" if key.contains("base64") => quoted(&text.replace(['*', '?', 'n'], "a")),
        "exists" => if text.len().is_multiple_of(2) { "true" } else { "false" }.into(),
        "cidr" => "'10.0.0.0/8'".into(),
        "gt" => text.len().to_string(),
        "fieldref" => "G".into(),
        "re" | "i" => {
            let pattern: String = text.chars().filter(|c| !"\\*?(".contains(*c)).collect();
            quoted(&format!("{pattern}(x|{pattern})?.+[ab]{{1,2}}|{pattern}K"))
        }
        _ if text == "n" && !key.contains('|') => "null".into(),
        _ => quoted(text),
    }
}

fn text() -> impl Strategy<Value = String> {
    // Characters whose folding is odd (Kelvin sign, long s, final sigma, dotted I) among plain ones.
    prop_oneof![4 => r"[abAB\\ -]{0,4}", 1 => r"[abKkſsςσİéÉ*?]{0,4}", 1 => "[a-b]{6,9}", 1 => "a{30,40}b?", 1 => Just("n".into())]
}

fn search() -> impl Strategy<Value = String> {
    let item = (key(), prop::collection::vec(text(), 1..4)).prop_map(|(key, texts)| {
        let values: Vec<String> = texts.iter().map(|t| value(&key, t)).collect();
        format!("{key}: [{}]", values.join(", "))
    });
    let map = prop::collection::vec(item, 1..4)
        .prop_map(|items| {
            let mut seen = std::collections::HashSet::new();
            let items: Vec<String> = items
                .into_iter()
                .filter(|i| seen.insert(i.split(':').next().unwrap_or_default().to_owned()))
                .collect();
            format!("{{{}}}", items.join(", "))
        })
        .boxed();
    let keywords = prop::collection::vec(text(), 1..3).prop_map(|texts| {
        let values: Vec<String> = texts.iter().map(|t| format!("'{}x'", t.replace('\'', "''"))).collect();
        format!("[{}]", values.join(", "))
    });
    prop_oneof![
        5 => map.clone(),
        1 => prop::collection::vec(map, 1..3).prop_map(|maps| format!("[{}]", maps.join(", "))),
        1 => keywords,
    ]
}

fn rule() -> impl Strategy<Value = String> {
    let condition = prop::sample::select(vec![
        "s",
        "s and t",
        "s or t",
        "s and not t",
        "not s",
        "1 of them",
        "all of them",
        "2 of them",
        "(s or t) and u",
        "s and not (t or u)",
        "not (s and t)",
    ]);
    let source = prop::sample::select(vec![
        "category: process_creation, product: windows",
        "product: windows",
        "product: windows, service: security",
        "category: process_creation",
        "product: zeek, service: dns",
        "service: dns",
    ]);
    (search(), search(), search(), condition, source).prop_map(|(s, t, u, condition, source)| {
        format!(
            "title: t\nlogsource: {{{source}}}\ndetection:\n  s: {s}\n  t: {t}\n  u: {u}\n  condition: {condition}\n"
        )
    })
}

fn event() -> impl Strategy<Value = Event> {
    let value = prop_oneof![
        6 => text().prop_map(|t| Value::Str(t.into())),
        2 => (text(), text(), text()).prop_map(|(a, b, c)| Value::Str(format!("{a}{b}K{c}x").into())),
        1 => (0_i64..12).prop_map(Value::Int),
        1 => Just(Value::Null),
        1 => Just(Value::Str("10.1.2.3".into())),
        1 => (text(), text()).prop_map(|(a, b)| Value::Str(STANDARD.encode(format!("{a}{b}")).into())),
        1 => prop::collection::vec(text().prop_map(|t| Value::Str(t.into())), 0..3).prop_map(Value::list),
    ];
    let name = prop::sample::select(vec!["F", "G", "CommandLine", "Image", "NewProcessName", "Other"]);
    let place = prop::sample::select(vec![
        ("windows.sysmon", Some("Microsoft-Windows-Sysmon/Operational")),
        ("windows.security", Some("SECURITY")),
        ("windows.other", Some("Elsewhere")),
        ("zeek.dns", None),
        ("x.dns", None),
        ("", None),
    ]);
    let id = prop::sample::select(vec![1_i64, 4688, 7, 12]);
    (prop::collection::vec((name, value), 0..6), place, id).prop_map(|(values, (dataset, channel), id)| {
        let mut fields: Vec<(event::Name, Value)> = Vec::new();
        if let Some(channel) = channel {
            fields.push(("Channel".into(), channel.into()));
            fields.push(("EventID".into(), Value::Int(id)));
        }
        for (name, value) in values {
            if !fields.iter().any(|(n, _)| &**n == name) {
                fields.push((name.into(), value));
            }
        }
        Event { time: Nanos(0), dataset: dataset.into(), place: Place::default(), fields, identity: [0; 16] }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn equals_evaluating_every_rule(
        rules in prop::collection::vec(rule(), 1..12),
        events in prop::collection::vec(event(), 1..40),
        routed: bool,
    ) {
        let texts = rules.iter().enumerate().map(|(i, r)| format!("id: 00000000-0000-0000-0000-{i:012}\n{r}"));
        let parsed = sigma::parse(&texts.collect::<Vec<_>>().join("---\n"));
        let mapping = if routed { Mapping::builtin().unwrap() } else { Mapping::ignoring_logsource() };
        let (engine, _) = Engine::build(parsed.rules, &mapping);
        let mut scratch = engine.scratch();
        for event in &events {
            let mut hits = Vec::new();
            engine.scan_with(event, &mut scratch, &mut hits);
            prop_assert_eq!(&hits, &engine.scan_all(event), "{:?}", event);
        }
    }
}

#[test]
fn random_rules_load_and_match_often_enough_to_tell() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut loaded, mut hits) = (0, 0);
    for _ in 0..200 {
        let sample = (rule(), prop::collection::vec(event(), 20)).new_tree(&mut runner).unwrap().current();
        let parsed = sigma::parse(&sample.0);
        loaded += parsed.rules.len();
        let (engine, _) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
        hits += sample.1.iter().filter(|e| !engine.scan_all(e).is_empty()).count();
    }
    assert!(loaded > 100, "{loaded} of 200 rules loaded");
    assert!((100..3_900).contains(&hits), "{hits} of 4000 matched");
}
