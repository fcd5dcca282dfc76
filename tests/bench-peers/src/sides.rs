//! What each side does. Each runs in its own process and prints what it cost as one JSON object.

use crate::{data, measure::cost, route::Routes};
use detect::{Coverage, Engine, Mapping, sigma};
use event::Event;
use rsigma_eval::{Engine as Peer, JsonEvent};
use rsigma_parser::SigmaCollection;
use serde_json::{Value, json};
use std::hint::black_box;

/// Events that an engine alone is given at least.
const MANY: usize = 100_000;

pub fn run(name: &str, args: &[String]) -> Value {
    match name {
        "scan-ours" => scan_ours(1),
        "scan-ours-2" => scan_ours(2),
        "scan-rsigma" => scan_rsigma(&args[0]),
        "engine-ours" => engine_ours(1),
        "engine-ours-2" => engine_ours(2),
        "engine-rsigma" => engine_rsigma(true),
        "engine-rsigma-pruned" => engine_rsigma(false),
        "engine-sigma-rust" => engine_sigma_rust(),
        "load-ours" => load_ours(),
        "load-cached" => load_cached(),
        "load-rsigma" => load_rsigma(),
        "evtx-ours" => evtx_ours(),
        "evtx-text" => evtx_text(),
        "import" => crate::import::side(args),
        "pipeline" => crate::pipeline::side(args),
        "foretold" => crate::foretold::side(args),
        other => panic!("no side {other}"),
    }
}

pub fn our_engine(rules: &[(String, String)]) -> Engine {
    let parsed = rules.iter().flat_map(|(_, text)| sigma::parse(text).rules).collect();
    Engine::build(parsed, &Mapping::builtin().expect("our mapping")).0
}

pub fn peer_engine(rules: &[(String, String)]) -> (Peer, usize) {
    let mut all = SigmaCollection::default();
    for (_, text) in rules {
        if let Ok(one) = rsigma_parser::parse_sigma_yaml(text) {
            all.rules.extend(one.rules);
        }
    }
    let mut engine = Peer::new();
    let failed = engine.add_rules(&all.rules).len();
    (engine, failed)
}

fn scan_ours(threads: usize) -> Value {
    let rules = data::rules(true);
    let logs = data::logs();
    cost(|| {
        let engine = our_engine(&rules);
        let (mut coverage, mut hits, mut total, mut events) = (Coverage::default(), Vec::new(), 0, 0);
        for log in &logs {
            data::read(log, threads, &mut |event| {
                hits.clear();
                engine.scan_covered(event, &mut coverage, &mut hits);
                total += hits.len();
                events += 1;
            });
        }
        ((), json!({"events": events, "hits": total, "rules": engine.rules().len()}))
    })
    .1
}

fn scan_rsigma(lines: &str) -> Value {
    let rules = data::rules(true);
    cost(|| {
        let (engine, _) = peer_engine(&rules);
        let routes = Routes::new();
        let text = std::fs::read_to_string(lines).expect("the events as JSON lines");
        let (mut total, mut events) = (0, 0);
        for line in text.lines() {
            let tree: Value = serde_json::from_str(line).expect("JSON");
            let event = JsonEvent::borrow(&tree);
            total += routed(&engine, &event, &routes, &tree);
            events += 1;
        }
        ((), json!({"events": events, "hits": total, "rules": engine.rule_count()}))
    })
    .1
}

/// rsigma with the log source resolved once an event. Only the first is looked at where an event has two,
/// which favours rsigma.
fn routed(engine: &Peer, event: &JsonEvent<'_>, routes: &Routes, tree: &Value) -> usize {
    engine.evaluate_with_logsource(event, routes.first(tree)).len()
}

fn repeats(events: usize) -> usize {
    MANY.div_ceil(events.max(1))
}

fn engine_ours(threads: usize) -> Value {
    let engine = our_engine(&data::rules(true));
    let events = data::events();
    let times = repeats(events.len());
    // Once over all, so that what is made at first use is there.
    count_ours(&engine, &events);
    cost(|| {
        let half = times.div_ceil(threads);
        let total: usize = std::thread::scope(|scope| {
            let work = || (0..half).map(|_| count_ours(&engine, &events)).sum::<usize>();
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            work() + others.into_iter().map(|t| t.join().expect("a thread")).sum::<usize>()
        });
        ((), json!({"events": events.len() * half * threads, "hits": total}))
    })
    .1
}

fn count_ours(engine: &Engine, events: &[Event]) -> usize {
    let (mut scratch, mut hits) = (engine.scratch(), Vec::new());
    let one = |event: &Event| {
        hits.clear();
        engine.scan_with(event, &mut scratch, &mut hits);
        hits.len()
    };
    events.iter().map(one).sum()
}

fn engine_rsigma(strict: bool) -> Value {
    let (engine, _) = peer_engine(&data::rules(true));
    let routes = Routes::new();
    let events: Vec<Value> = data::events().iter().map(|e| routes.prepared(e)).collect();
    let times = repeats(events.len());
    cost(|| {
        let mut total = 0;
        for _ in 0..times {
            for tree in &events {
                let event = JsonEvent::borrow(tree);
                total += if strict {
                    routed(&engine, &event, &routes, tree)
                } else {
                    engine.evaluate_pruned(&event, routes.first(tree)).len()
                };
            }
        }
        ((), json!({"events": events.len() * times, "hits": total}))
    })
    .1
}

/// Every rule on every event of a sample: this peer has no other way.
fn engine_sigma_rust() -> Value {
    const SAMPLE: usize = 400;
    let texts = data::rules(true);
    let rules: Vec<_> = texts.iter().filter_map(|(_, t)| sigma_rust::rule_from_yaml(t).ok()).collect();
    let all = data::events();
    let routes = Routes::new();
    let every = (all.len() / SAMPLE).max(1);
    let events: Vec<_> = all
        .iter()
        .step_by(every)
        .filter_map(|e| sigma_rust::event_from_json(&routes.prepared(e).to_string()).ok())
        .collect();
    cost(|| {
        let hits: usize = events.iter().map(|e| rules.iter().filter(|r| r.is_match(e)).count()).sum();
        ((), json!({"events": events.len(), "hits": hits, "rules": rules.len()}))
    })
    .1
}

fn load_ours() -> Value {
    let rules = data::rules(true);
    let (_engine, cost) = cost(|| {
        let engine = our_engine(&rules);
        let count = json!(engine.rules().len());
        (engine, count)
    });
    cost
}

/// Like [`load_ours`], from bytes that were kept.
fn load_cached() -> Value {
    let rules = data::rules(true);
    let keep = |text: &str| sigma::cache::to_bytes(text, &sigma::parse(text));
    let kept: Vec<_> = rules.iter().map(|(_, text)| keep(text).expect("a rule that loads")).collect();
    let mapping = || Mapping::builtin().expect("our mapping");
    let (_engine, cost) = cost(|| {
        let read = |((_, text), bytes): (&(String, String), &Vec<u8>)| sigma::cache::from_bytes(text, bytes);
        let loaded = rules.iter().zip(&kept).filter_map(read).flatten().collect();
        let engine = Engine::build(loaded, &mapping()).0;
        let count = json!(engine.rules().len());
        (engine, count)
    });
    cost
}

fn load_rsigma() -> Value {
    let rules = data::rules(true);
    let (_engine, cost) = cost(|| {
        let engine = peer_engine(&rules).0;
        let count = json!(engine.rule_count());
        (engine, count)
    });
    cost
}

/// Rounds over all logs for the two readers.
const READS: usize = 3;

fn evtx_ours() -> Value {
    let logs = data::logs();
    cost(|| {
        let mut events = 0;
        for log in (0..READS).flat_map(|_| &logs) {
            data::read(log, 1, &mut |event| {
                black_box(event);
                events += 1;
            });
        }
        ((), json!(events))
    })
    .1
}

fn evtx_text() -> Value {
    let logs = data::logs();
    cost(|| {
        let mut events = 0;
        for log in (0..READS).flat_map(|_| &logs) {
            let settings = evtx::ParserSettings::new().num_threads(1).indent(false);
            let Ok(parser) = evtx::EvtxParser::from_path(log) else { continue };
            let mut parser = parser.with_configuration(settings);
            events += parser.records_json().filter(|r| black_box(r).is_ok()).count();
        }
        ((), json!(events))
    })
    .1
}
