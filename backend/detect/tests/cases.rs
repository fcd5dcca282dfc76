//! The case files: micro cases, invalid rules, correlation rules.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::{
    ConditionNode, Coverage, Engine, Explanation, Mapping, NodeKind,
    correlate::{Correlator, Limits, Reference},
    sigma,
};
use event::Event;
use serde_json::Value as Json;

#[test]
fn micro_cases() {
    let Some(data) = support::shared() else { return };
    let mut wrong = Vec::new();
    for case in support::lines(data.join("sigma/micro_cases.jsonl")) {
        let text = case["rule"].as_str().unwrap();
        let parsed = sigma::parse(text);
        assert!(parsed.errors.is_empty(), "{} {:?}", case["name"], parsed.errors);
        let (engine, not_run) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
        assert!(not_run.is_empty());
        for (event, want) in case["events"].as_array().unwrap().iter().zip(case["expect"].as_array().unwrap())
        {
            let mut hits = Vec::new();
            let event = support::flat(event);
            engine.scan(&event, &mut hits);
            if hits.len() as u64 != want.as_u64().unwrap() {
                wrong.push(format!("{} {event:?} want {want}", case["name"]));
            }
            let why = engine.explain(&event, 0).unwrap();
            assert_eq!(why.matched, !hits.is_empty(), "{}", case["name"]);
            assert_eq!(why.tree.matched, why.matched);
            for item in why.selections.iter().flat_map(|s| &s.items) {
                let value = item.value.as_deref().unwrap_or_default();
                assert!(item.spans.iter().all(|(a, b)| value.get(*a..*b).is_some()), "{item:?}");
            }
            flipped(&why, &engine, &event);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Computes the tree of an explanation by itself, one leaf turned.
fn holds(node: &ConditionNode, turned: Option<usize>) -> bool {
    let held = || node.children.iter().filter(|c| holds(c, turned)).count();
    match node.kind {
        NodeKind::And | NodeKind::Search => held() == node.children.len(),
        NodeKind::Or => held() > 0,
        NodeKind::Not => held() == 0,
        NodeKind::Of(least) => held() >= least,
        NodeKind::Leaf(leaf) => node.matched != (turned == Some(leaf)),
    }
}

fn leaves(node: &ConditionNode, into: &mut Vec<usize>) {
    if let NodeKind::Leaf(leaf) = node.kind {
        into.push(leaf);
    }
    node.children.iter().for_each(|c| leaves(c, into));
}

/// Each named leaf alone makes the rule match, and no other does.
fn flipped(why: &Explanation, engine: &Engine, event: &Event) {
    assert_eq!(holds(&why.tree, None), why.matched, "{why:?}");
    let mut all = Vec::new();
    leaves(&why.tree, &mut all);
    assert!(!all.is_empty());
    for leaf in all {
        let item = why.leaf(leaf).unwrap();
        assert_eq!(
            holds(&why.tree, Some(leaf)) && !why.matched,
            why.one_away.contains(&leaf),
            "{item:?} {why:?}"
        );
    }
    let near = engine.near(event, 10);
    assert!(near.iter().all(|n| n.leaves == why.one_away && n.held > 0 && n.held <= n.wanted), "{near:?}");
}

#[test]
fn invalid_rules_are_refused_with_their_place() {
    let Some(data) = support::shared() else { return };
    for case in support::lines(data.join("sigma/invalid_rules.jsonl")) {
        let text = case["rule"].as_str().unwrap();
        let parsed = sigma::parse(text);
        assert!(parsed.rules.is_empty(), "{} was taken", case["name"]);
        let [error] = parsed.errors.as_slice() else { panic!("{} {:?}", case["name"], parsed.errors) };
        println!("{}", error.render(text, case["name"].as_str().unwrap()));
        assert!((1..=text.lines().count()).contains(&error.line), "{error:?}");
        assert!(error.render(text, "x").contains('^'));
    }
}

/// The events of a case, each with its time; what has no channel is of the dataset that its category names.
fn timed(case: &Json) -> Vec<Event> {
    let events = case["events"].as_array().unwrap().iter();
    let event = |e: &Json| {
        let mut event = support::flat(e);
        event.time = support::time(e["ts"].as_str().unwrap());
        event.dataset = e["category"].as_str().unwrap_or("windows").into();
        event
    };
    events.map(event).collect()
}

#[test]
fn correlation_cases_are_exact() {
    let Some(data) = support::shared() else { return };
    for case in support::lines(data.join("sigma/correlation_cases.jsonl")) {
        let parsed = sigma::parse(case["rules"].as_str().unwrap());
        assert!(parsed.errors.is_empty(), "{}", parsed.errors[0]);
        let (engine, not_run) = Engine::build(parsed.rules, &Mapping::builtin().unwrap());
        assert!(not_run.is_empty(), "{not_run:?}");
        let events = timed(&case);
        for order in [0, 1, 2] {
            let mut mixed: Vec<(usize, &Event)> = events.iter().enumerate().collect();
            match order {
                0 => {}
                1 => mixed.reverse(),
                _ => mixed.sort_by_key(|(i, _)| i * 7919 % 13),
            }
            let (mut coverage, mut hits) = (Coverage::default(), Vec::new());
            let mut correlator = Correlator::new(&engine, Limits::default());
            for (i, event) in mixed {
                correlator.scan(event, Reference(0, i as u64), &mut coverage, &mut hits);
            }
            let outcome = correlator.finish();
            assert!(outcome.shortfalls.is_empty(), "{} {:?}", case["name"], outcome.shortfalls);
            let groups: Vec<Json> = outcome
                .fired
                .iter()
                .map(|f| f.group.iter().map(|(k, v)| (k.clone(), Json::from(v.as_str()))).collect())
                .collect();
            let expect = &case["expect"];
            assert_eq!(Json::from(groups), expect["groups"], "{} {:?}", case["name"], outcome.fired);
            assert_eq!(
                Json::from(!outcome.fired.is_empty()),
                expect["correlation_fires"],
                "{}",
                case["name"]
            );
            assert_eq!(Json::from(hits.len()), expect["base_rule_alerts"], "{}", case["name"]);
        }
    }
}

#[test]
fn real_correlation_rules_run() {
    let Some(data) = support::shared() else { return };
    let mut all = Vec::new();
    for file in std::fs::read_dir(data.join("sigma/correlation/hayabusa")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let parsed = sigma::parse(&text);
        assert!(parsed.errors.is_empty(), "{}", parsed.errors[0].render(&text, "correlation"));
        all.extend(parsed.rules);
    }
    let (engine, not_run) = Engine::build(all, &Mapping::builtin().unwrap());
    assert!(not_run.is_empty(), "{not_run:?}");
    assert_eq!((engine.rules().len(), engine.correlations().rules().len()), (3, 3));
}
