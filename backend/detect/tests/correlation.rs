//! Correlation rules where the shared cases have no sample: cases from the text of Sigma's correlation rules
//! specification 2.1 and, for conditions over rules' names, from pySigma's documentation.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::{
    Cause, Coverage, Engine, Mapping, NotRun,
    correlate::{Correlator, Fired, Gathered, Limits, Outcome, Reference},
    sigma,
};
use event::{Event, Nanos, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

const SECOND: i64 = 1_000_000_000;

/// Detections a, b and c, which look at the field `is`.
fn bases() -> String {
    let one = |name: &str| {
        format!(
            "title: {name}\nname: {name}\nlogsource: {{category: test}}\ndetection:\n  s: {{is|contains: {name}}}\n  \
             condition: s\n---\n"
        )
    };
    ["a", "b", "c"].map(one).concat()
}

fn load(text: &str) -> (Engine, Vec<NotRun>) {
    let parsed = sigma::parse(text);
    assert!(parsed.errors.is_empty(), "{}", parsed.errors[0].render(text, "rules"));
    Engine::build(parsed.rules, &Mapping::ignoring_logsource())
}

fn engine(correlation: &str) -> Engine {
    let lines: String = correlation.lines().map(|l| format!("  {l}\n")).collect();
    let (engine, not_run) = load(&format!("{}title: k\ncorrelation:\n{lines}", bases()));
    assert!(not_run.is_empty(), "{not_run:?}");
    engine
}

fn event(second: i64, fields: &Json) -> Event {
    let fields =
        fields.as_object().unwrap().iter().map(|(k, v)| (k.as_str().into(), Value::from_json(v))).collect();
    Event {
        time: Nanos(second * SECOND),
        dataset: "".into(),
        place: event::Place::default(),
        fields,
        identity: [0; 16],
    }
}

fn outcome(engine: &Engine, events: &[(i64, Json)]) -> Outcome {
    let mut c = Correlator::new(engine, Limits::default());
    for (i, (second, fields)) in events.iter().enumerate() {
        let reference = Reference(7, i as u64);
        c.scan(&event(*second, fields), reference, &mut Coverage::default(), &mut Vec::new());
    }
    c.finish()
}

fn fired(engine: &Engine, events: &[(i64, Json)]) -> Vec<Fired> {
    let all = outcome(engine, events);
    assert!(all.shortfalls.is_empty(), "{:?}", all.shortfalls);
    all.fired
}

/// (second, which rule) to (first, last, value) of each firing.
fn spans(engine: &Engine, events: &[(i64, &str)]) -> Vec<(i64, i64, f64)> {
    let events: Vec<(i64, Json)> = events.iter().map(|(s, is)| (*s, json!({ "is": is }))).collect();
    let told = |f: &Fired| (f.first.0 / SECOND, f.last.0 / SECOND, f.value);
    fired(engine, &events).iter().map(told).collect()
}

#[test]
fn overlapping_windows_are_one_firing_and_bursts_apart_are_two() {
    let e = engine("type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 3}");
    let events: Vec<(i64, &str)> = [0, 4, 8, 12, 16, 100, 105, 109].map(|s| (s, "a")).into();
    assert_eq!(spans(&e, &events), [(0, 16, 3.0), (100, 109, 3.0)]);
    let all: Vec<(i64, Json)> = events.iter().map(|(s, _)| (*s, json!({"is": "a"}))).collect();
    let first = &fired(&e, &all)[0];
    assert_eq!((first.count, first.met), (5, Nanos(8 * SECOND)));
    assert_eq!(first.references, (0..5).map(|i| Reference(7, i)).collect::<Vec<_>>());
    assert!(first.group.is_empty());
}

#[test]
fn both_ends_of_the_timespan_count() {
    let e = engine("type: event_count\nrules: [a]\ntimespan: 10s\ncondition: {gte: 2}");
    assert_eq!(spans(&e, &[(0, "a"), (10, "a")]).len(), 1);
    assert_eq!(spans(&e, &[(0, "a"), (11, "a")]).len(), 0);
}

#[test]
fn ranges_ask_the_whole_burst_and_not_its_first_events() {
    let range = engine("type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {gt: 2, lte: 4}");
    let times = |n: i64| (0..n).map(|s| (s, "a")).collect::<Vec<_>>();
    for (n, want) in [(2, 0), (3, 1), (4, 1), (5, 0)] {
        assert_eq!(spans(&range, &times(n)).len(), want, "{n}");
    }
    let equal = engine("type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {eq: 3}");
    assert_eq!((spans(&equal, &times(3)).len(), spans(&equal, &times(4)).len()), (1, 0));
    let other = engine("type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {neq: 3}");
    assert_eq!((spans(&other, &times(3)).len(), spans(&other, &times(2)).len()), (0, 1));
    let few = engine("type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {lt: 3}");
    assert_eq!((spans(&few, &times(2)), spans(&few, &times(9))), (vec![(0, 1, 2.0)], vec![]));
}

#[test]
fn an_event_of_two_rules_is_one_event() {
    let e = engine("type: event_count\nrules: [a, b]\ntimespan: 1m\ncondition: {gte: 2}");
    assert_eq!(spans(&e, &[(0, "a b")]), []);
    assert_eq!(spans(&e, &[(0, "a b"), (1, "b")]).len(), 1);
}

#[test]
fn distinct_values_count_without_case_and_several_fields_as_one() {
    let e = engine("type: value_count\nrules: [a]\ntimespan: 1m\ncondition: {field: u, gte: 3}");
    let of = |users: &[&str]| -> usize {
        let events: Vec<(i64, Json)> =
            users.iter().enumerate().map(|(i, u)| (i as i64, json!({"is": "a", "u": u}))).collect();
        fired(&e, &events).len()
    };
    assert_eq!((of(&["x", "y", "z"]), of(&["x", "y", "X", "x"])), (1, 0));
    let pairs = engine("type: value_count\nrules: [a]\ntimespan: 1m\ncondition: {field: [u, v], gte: 3}");
    let pair = |u, v| json!({"is": "a", "u": u, "v": v});
    let three = [(0, pair("x", "1")), (1, pair("x", "2")), (2, pair("y", "1")), (3, pair("x", "1"))];
    assert_eq!(fired(&pairs, &three)[0].value, 3.0);
}

#[test]
fn metrics_over_whole_windows() {
    let one = |kind: &str, condition: &str, values: &[Json]| -> Vec<f64> {
        let e =
            engine(&format!("type: {kind}\nrules: [a]\ntimespan: 1h\ncondition: {{field: n, {condition}}}"));
        let events: Vec<(i64, Json)> =
            values.iter().enumerate().map(|(i, n)| (i as i64, json!({"is": "a", "n": n}))).collect();
        fired(&e, &events).iter().map(|f| f.value).collect()
    };
    let n = |list: &[i64]| -> Vec<Json> { list.iter().map(|n| json!(n)).collect() };
    assert_eq!(one("value_sum", "gte: 10", &[json!("4"), json!(5.5), json!(0.5)]), [10.0]);
    assert!(one("value_sum", "gte: 10", &n(&[20, -15])).is_empty());
    assert!(one("value_avg", "gt: 5", &n(&[9, 1])).is_empty());
    assert_eq!(one("value_avg", "gt: 4.9", &n(&[9, 1])), [5.0]);
    assert_eq!(one("value_median", "gte: 25", &n(&[10, 20, 30, 400])), [25.0]);
    assert_eq!(one("value_percentile", "percentile: 75, gte: 4", &n(&[1, 2, 3, 4, 5])), [4.0]);
    assert!(one("value_percentile", "percentile: 95, lt: 4", &n(&[1, 2, 3, 4, 5])).is_empty());
    // "Hint: median is a percentile 50."
    assert_eq!(one("value_percentile", "gte: 3", &n(&[1, 3, 9])), [3.0]);
    // The specification's example: a name that makes up at most one percent of all.
    let mut names = vec![json!("svchost.exe"); 99];
    names.push(json!("evil.exe"));
    assert_eq!(one("value_percentile", "lte: 1", &names), [1.0]);
    names.truncate(50);
    assert!(one("value_percentile", "lte: 1", &names).is_empty());
}

#[test]
fn what_lacks_a_field_does_not_contribute_and_is_said() {
    let e = engine("type: value_sum\nrules: [a]\ngroup-by: [u]\ntimespan: 1m\ncondition: {field: n, gt: 1}");
    let told = outcome(
        &e,
        &[
            (0, json!({"is": "a", "n": 5})),
            (1, json!({"is": "a", "u": "x", "n": "many"})),
            (2, json!({"is": "a"})),
        ],
    );
    let said: Vec<(&str, u64)> = told.shortfalls.iter().map(|s| (s.reason.as_str(), s.count)).collect();
    assert_eq!(
        said,
        [
            ("matches of the rule a without a usable value of n were left out", 1),
            ("matches of the rule a without a usable value of u were left out", 2)
        ]
    );
    assert!(told.fired.is_empty());
}

#[test]
fn temporal_wants_all_rules_or_as_many_as_it_says() {
    let all = engine("type: temporal\nrules: [a, b, c]\ntimespan: 10s");
    assert_eq!(spans(&all, &[(0, "c"), (5, "a"), (10, "b")]), [(0, 10, 3.0)]);
    assert_eq!(spans(&all, &[(0, "c"), (5, "a"), (11, "b")]), []);
    let two = engine("type: temporal\nrules: [a, b, c]\ntimespan: 10s\ncondition: {gte: 2}");
    assert_eq!(spans(&two, &[(0, "c"), (5, "a")]).len(), 1);
    assert_eq!(spans(&two, &[(0, "c"), (5, "c")]).len(), 0);
}

#[test]
fn conditions_over_names() {
    let e = engine("type: temporal\ntimespan: 10s\ncondition: a and not b");
    assert_eq!(spans(&e, &[(0, "a")]), [(0, 0, 1.0)]);
    assert_eq!(spans(&e, &[(0, "a"), (5, "b")]), []);
    assert_eq!(spans(&e, &[(0, "b"), (5, "a")]), []);
    assert_eq!(spans(&e, &[(0, "a"), (15, "b")]), [(0, 0, 1.0)]);
    let e = engine("type: temporal\nrules: [a, b, c]\ntimespan: 10s\ncondition: a and (b or c)");
    assert_eq!(spans(&e, &[(0, "c"), (1, "a")]).len(), 1);
    assert_eq!(spans(&e, &[(0, "c"), (1, "b")]).len(), 0);
}

#[test]
fn order_is_that_of_the_rules() {
    let e = engine("type: temporal_ordered\nrules: [a, b, c]\ntimespan: 10s");
    assert_eq!(spans(&e, &[(0, "a"), (1, "b"), (2, "c")]), [(0, 2, 3.0)]);
    assert_eq!(spans(&e, &[(0, "a"), (1, "c"), (2, "b")]), []);
    assert_eq!(spans(&e, &[(0, "a"), (3, "b"), (4, "a"), (11, "c")]), []);
    assert_eq!(spans(&e, &[(0, "a"), (3, "a"), (4, "b"), (13, "c")]).len(), 1);
    // The same second tells no order; one event is no chain.
    assert_eq!(spans(&e, &[(5, "c"), (5, "b"), (5, "a")]).len(), 1);
    assert_eq!(spans(&e, &[(5, "a b c")]), []);
    assert_eq!(spans(&e, &[(5, "a b c"), (6, "a b"), (7, "b c")]).len(), 1);
    let two = engine("type: temporal_ordered\nrules: [a, b, c]\ntimespan: 10s\ncondition: {gte: 2}");
    assert_eq!(spans(&two, &[(0, "a"), (1, "c")]).len(), 1);
    assert_eq!(spans(&two, &[(0, "c"), (1, "a")]).len(), 0);
    let not = engine("type: temporal_ordered\nrules: [a, b, c]\ntimespan: 10s\ncondition: a and c and not b");
    assert_eq!(spans(&not, &[(0, "a"), (1, "c")]).len(), 1);
    assert_eq!(spans(&not, &[(0, "a"), (1, "c"), (2, "b")]).len(), 0);
    assert_eq!(spans(&not, &[(0, "c"), (1, "a")]).len(), 0);
}

#[test]
fn a_lower_correlation_holds_at_every_moment_of_its_burst() {
    let text = format!(
        "{}title: many\nname: many\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [host]\n  \
         timespan: 10s\n  condition: {{gte: 3}}\n---\ntitle: then\ncorrelation:\n  type: temporal_ordered\n  \
         rules: [many, b]\n  group-by: [user]\n  timespan: 20s\n",
        bases()
    );
    let (e, not_run) = load(&text);
    assert!(not_run.is_empty(), "{not_run:?}");
    let a = |s, user: &str| (s, json!({"is": "a", "host": "H", "user": user}));
    let b = |s, user: &str| (s, json!({"is": "b", "user": user}));
    // "The correlation rule only uses its own group-by": the user comes from the events below.
    let early = [a(0, "x"), a(1, "y"), a(2, "z"), b(15, "x")];
    let got = fired(&e, &early);
    assert_eq!(got.len(), 1, "{got:?}");
    assert_eq!(got[0].group, [("user".into(), "x".into())]);
    assert_eq!((got[0].first, got[0].count), (Nanos(0), 4));
    assert_eq!(fired(&e, &[a(0, "x"), a(1, "x"), b(2, "x"), a(3, "x")]).len(), 0);
    // Guessing that goes on for long still holds shortly before the success.
    let mut long: Vec<(i64, Json)> = (0..40).map(|i| a(i * 4, "x")).collect();
    long.push(b(170, "x"));
    assert_eq!(fired(&e, &long).len(), 1);
    assert_eq!(e.correlations().bases(1).len(), 2);
    assert!(!e.correlations().raises(0) && e.correlations().raises(1));
    assert_eq!(e.correlations().reach(1), 30 * SECOND);
}

#[test]
fn counting_a_lower_correlation_counts_its_firings() {
    let text = format!(
        "{}title: many\nname: many\ncorrelation:\n  type: event_count\n  rules: [a]\n  timespan: 10s\n  \
         condition: {{gte: 2}}\n---\ntitle: again\ncorrelation:\n  type: event_count\n  rules: [many]\n  \
         timespan: 1d\n  condition: {{gte: 2}}\n",
        bases()
    );
    let (e, _) = load(&text);
    assert_eq!(spans(&e, &[(0, "a"), (1, "a"), (2, "a"), (3, "a")]), []);
    assert_eq!(spans(&e, &[(0, "a"), (1, "a"), (100, "a"), (101, "a")]), [(0, 101, 2.0)]);
}

#[test]
fn base_rules_are_silent_unless_one_lets_them_speak() {
    let correlation = |name: &str, generate: bool| {
        format!(
            "title: {name}\ncorrelation:\n  type: event_count\n  rules: [a]\n  timespan: 5m\n  \
             generate: {generate}\n  condition: {{gte: 2}}\n---\n"
        )
    };
    for (flags, raises) in [(vec![false], false), (vec![true], true), (vec![false, true], true)] {
        let more: String = flags.iter().enumerate().map(|(i, g)| correlation(&format!("k{i}"), *g)).collect();
        let (e, not_run) = load(&format!("{}{more}", bases()));
        assert!(not_run.is_empty());
        let mut hits = Vec::new();
        e.scan(&event(0, &json!({"is": "a"})), &mut hits);
        e.scan_covered(&event(0, &json!({"is": "a"})), &mut Coverage::default(), &mut hits);
        e.scan_with(&event(0, &json!({"is": "a"})), &mut e.scratch(), &mut hits);
        assert_eq!((hits.len(), e.raises(0)), (if raises { 3 } else { 0 }, raises), "{flags:?}");
    }
}

#[test]
fn what_can_not_be_resolved_is_named_and_takes_nothing_with_it() {
    let correlation = |title: &str, rules: &str| {
        format!(
            "title: {title}\nname: {title}\ncorrelation:\n  type: temporal\n  rules: [{rules}]\n  timespan: 5m\n---\n"
        )
    };
    let text = [
        bases(),
        correlation("good", "a, b"),
        correlation("unknown", "c, nobody"),
        correlation("above", "unknown, a"),
        correlation("loop1", "a, loop2"),
        correlation("loop2", "b, loop1"),
    ]
    .concat();
    let (e, mut not_run) = load(&text);
    not_run.sort_by(|a, b| a.rule_id.cmp(&b.rule_id));
    let told: Vec<(&str, Cause, &str)> =
        not_run.iter().map(|n| (n.rule_id.as_str(), n.cause, n.reason.as_str())).collect();
    assert_eq!(
        told,
        [
            ("above", Cause::Correlation, "the correlation rule 'unknown' does not run"),
            ("c", Cause::PartOfCorrelation, "only feeds the correlation rule 'unknown', which does not run"),
            ("loop1", Cause::Correlation, "the correlation rule 'loop2' does not run"),
            ("loop2", Cause::Correlation, "it looks at itself through 'loop1'"),
            ("unknown", Cause::Correlation, "the rule 'nobody' is not loaded"),
        ]
    );
    assert_eq!((e.rules().len(), e.correlations().rules().len()), (2, 1));
    assert_eq!(e.correlations().rules()[0].title, "good");
    assert_eq!(spans(&e, &[(0, "a"), (1, "b")]).len(), 1);
}

#[test]
fn names_mean_the_rules_of_their_own_text_first() {
    let one = |field: &str| {
        format!(
            "title: base\nid: {field}c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11\nname: base\nlogsource: {{category: test}}\n\
             detection:\n  s: {{is: '{field}'}}\n  condition: s\n---\ntitle: k{field}\ncorrelation:\n  \
             type: event_count\n  rules: [base]\n  timespan: 5m\n  condition: {{gte: 1}}\n"
        )
    };
    let mut rules = sigma::parse(&one("1")).rules;
    rules.extend(sigma::parse(&one("2")).rules);
    let (e, not_run) = Engine::build(rules, &Mapping::ignoring_logsource());
    assert!(not_run.is_empty(), "{not_run:?}");
    let got = fired(&e, &[(0, json!({"is": "2"}))]);
    assert_eq!(e.correlations().rules()[got[0].correlation].title, "k2");
    assert_eq!(got.len(), 1);
    let third = "title: third\ncorrelation:\n  type: event_count\n  rules: [base]\n  timespan: 5m\n  condition: {gte: 1}\n";
    let mut rules = sigma::parse(&one("1")).rules;
    rules.extend(sigma::parse(&one("2")).rules);
    rules.extend(sigma::parse(third).rules);
    let (_, not_run) = Engine::build(rules, &Mapping::ignoring_logsource());
    assert_eq!(not_run[0].reason, "2 rules have the name 'base'");
}

/// Our own correlation rules on the cases that stand beside them, all rules of ours loaded.
#[test]
fn our_own_correlations_fire_where_their_cases_say() {
    let (all, not_run) = Engine::build(detect::builtin().rules, &Mapping::builtin().unwrap());
    assert!(not_run.is_empty(), "{not_run:?}");
    let mut seen = 0;
    for line in include_str!("correlation_rule_cases.jsonl").lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let path = case["file"].as_str().unwrap();
        let file = detect::builtin_files().iter().find(|f| f.path == path).unwrap();
        let own: Vec<String> = sigma::parse(file.text).rules.into_iter().map(|r| r.id).collect();
        let mut c = Correlator::new(&all, Limits::default());
        for (i, fields) in case["events"].as_array().unwrap().iter().enumerate() {
            let mut event = support::flat(fields);
            event.dataset = fields["dataset"].as_str().unwrap_or("windows").into();
            event.time = support::time(fields["ts"].as_str().unwrap());
            c.scan(&event, Reference(0, i as u64), &mut Coverage::default(), &mut Vec::new());
        }
        let rules = all.correlations().rules();
        let mut groups: Vec<Json> = c
            .finish()
            .fired
            .into_iter()
            .filter(|f| own.contains(&rules[f.correlation].id))
            .map(|f| f.group.into_iter().map(|(k, v)| (k, Json::from(v))).collect())
            .collect();
        groups.dedup();
        assert_eq!(Json::from(groups), case["groups"], "{path} {}", case["name"]);
        seen += 1;
    }
    assert!(seen > 10);
}

#[test]
fn limits_are_said() {
    let e = engine("type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 1m\ncondition: {gte: 1}");
    let limits = Limits { contributions: 6, firings: 4, references: 1, steps: 5 };
    let mut c = Correlator::new(&e, limits);
    for i in 0..8 {
        let event = event(i, &json!({"is": "a", "u": format!("u{i}")}));
        c.scan(&event, Reference(0, i as u64), &mut Coverage::default(), &mut Vec::new());
    }
    let all = c.finish();
    assert_eq!(all.fired.len(), 4);
    let said: Vec<(&str, u64)> = all.shortfalls.iter().map(|s| (s.reason.as_str(), s.count)).collect();
    assert_eq!(
        said,
        [
            ("matches beyond the first 6 of this run were not looked at by correlation rules", 2),
            ("only the first 4 firings are told", 1),
            ("only the first of 5 matches were looked at", 1),
        ]
    );
}

#[test]
fn kept_contributions_of_another_form_are_said() {
    let old = engine("type: event_count\nrules: [a]\ngroup-by: [u]\ntimespan: 1m\ncondition: {gte: 1}");
    let mut gathered = Gathered::default();
    let event = event(0, &json!({"is": "a", "u": "x"}));
    old.scan_correlated(&event, Reference(0, 1), &mut Coverage::default(), &mut Vec::new(), &mut gathered);
    assert_eq!(old.correlations().evaluate(&gathered.contributions, &Limits::default()).fired.len(), 1);
    gathered.contributions[0].version ^= 1;
    let all = old.correlations().evaluate(&gathered.contributions, &Limits::default());
    assert!(all.fired.is_empty() && all.shortfalls[0].reason.contains("scan the events again"));
}

/// Detections that have an id and a name each.
fn twice_named() -> String {
    let one = |name: &str| {
        format!(
            "title: {name}\nid: {name}{name}5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11\nname: base_{name}\n\
             logsource: {{category: test}}\ndetection:\n  s: {{is|contains: {name}}}\n  condition: s\n---\n"
        )
    };
    // "aa5be1f5-…" and so on.
    ["a", "b", "c"].map(one).concat()
}

fn uuid(name: &str) -> String {
    format!("{name}{name}5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11")
}

#[test]
fn a_rule_may_be_called_by_its_id_here_and_by_its_name_there() {
    let (a, b, c) = (uuid("a"), uuid("b"), uuid("c"));
    for (rules, condition) in [
        (format!("[{a}, {b}, {c}]"), "base_a and base_b and not base_c".to_owned()),
        ("[base_a, base_b, base_c]".into(), format!("{a} and {b} and not {c}")),
        (format!("[{a}, base_b, {c}]"), format!("base_a and {b} and not base_c")),
        (format!("[{a}, base_b, {c}]"), "2 of base_* and not base_c".into()),
    ] {
        let aliases = format!("{{u: {{base_a: x, {b}: y}}}}");
        let text = format!(
            "{}title: k\nid: by hand\ncorrelation:\n  type: temporal\n  rules: {rules}\n  condition: {condition}\n  \
             aliases: {aliases}\n  group-by: [u]\n  timespan: 10s\n",
            twice_named()
        );
        let (e, not_run) = load(&text);
        assert!(not_run.is_empty(), "{not_run:?}");
        let both = [(0, json!({"is": "a", "x": "1"})), (1, json!({"is": "b", "y": "1"}))];
        let got = fired(&e, &both);
        assert_eq!(got.len(), 1, "{condition}");
        assert_eq!(got[0].group, [("u".into(), "1".into())]);
        assert_eq!(e.correlations().rules()[0].id, "by hand");
    }
}

#[test]
fn what_is_not_among_rules_is_said_where_all_rules_are_known() {
    for (rest, reason) in [
        ("condition: base_a and base_c", "the rule 'base_c' is not among rules"),
        ("condition: base_a and nobody", "the rule 'nobody' is not among rules"),
        ("condition: 1 of nope_*", "no rule fits 'nope_*'"),
        ("aliases: {u: {base_c: x}}", "the alias 'u' names 'base_c', which is not among rules"),
    ] {
        let rules = format!("[{}, base_b]", uuid("a"));
        let text = format!(
            "{}title: k\ncorrelation:\n  type: temporal\n  rules: {rules}\n  {rest}\n  timespan: 10s\n",
            twice_named()
        );
        let (_, not_run) = load(&text);
        let told = not_run.iter().find(|n| n.title == "k").unwrap();
        assert_eq!((told.cause, told.reason.as_str()), (Cause::Correlation, reason));
    }
}

#[test]
fn names_keep_to_their_text_whatever_loads_before_them() {
    let text = |value: &str, title: &str| {
        format!(
            "title: base\nid: {}\nname: base\nlogsource: {{category: test}}\ndetection:\n  s: {{is: {value}}}\n  \
             condition: s\n---\ntitle: {title}\ncorrelation:\n  type: event_count\n  rules: [base]\n  \
             timespan: 5m\n  condition: {{gte: 1}}\n",
            uuid(if value == "one" { "a" } else { "b" })
        )
    };
    // The first document of the second text does not load, so its numbers go on where the first text's end.
    let second = format!("title: broken\n---\ntitle: also\n---\n{}", text("two", "k2"));
    let mut rules = sigma::parse(&text("one", "k1")).rules;
    let parsed = sigma::parse(&second);
    assert_eq!(parsed.errors.len(), 2);
    rules.extend(parsed.rules);
    let (e, not_run) = Engine::build(rules, &Mapping::ignoring_logsource());
    assert!(not_run.is_empty(), "{not_run:?}");
    let titles = |events: &[(i64, Json)]| -> Vec<String> {
        fired(&e, events).iter().map(|f| e.correlations().rules()[f.correlation].title.clone()).collect()
    };
    assert_eq!(titles(&[(0, json!({"is": "one"}))]), ["k1"]);
    assert_eq!(titles(&[(0, json!({"is": "two"}))]), ["k2"]);
}

#[test]
fn what_is_wrong_is_refused_with_its_place() {
    for (correlation, word) in [
        ("type: event_count\nrules: [a]\ntimespan: 5x\ncondition: {gte: 1}", "timespan wants"),
        ("type: event_count\nrules: [a]\ntimespan: -5m\ncondition: {gte: 1}", "timespan wants"),
        ("type: event_count\nrules: [a]\ntimespan: 5m", "condition is missing"),
        ("type: event_count\nrules: [a]\ntimespan: 5m\ncondition: a", "wants a map"),
        ("type: value_count\nrules: [a]\ntimespan: 5m\ncondition: {gte: 1}", "name of a field"),
        ("type: value_sum\nrules: [a]\ntimespan: 5m\ncondition: {field: [x, y], gte: 1}", "only value_count"),
        ("type: temporal\nrules: [a]\ntimespan: 5m\ncondition: a and", "where a rule is expected"),
        ("type: temporal\nrules: [a]\ntimespan: 5m\ncondition: not a", "no rule matched"),
        ("type: temporal_ordered\nrules: [a]\ntimespan: 5m\ncondition: {lt: 2}", "takes gte"),
        ("type: near\nrules: [a]\ntimespan: 5m", "unknown type"),
        (
            "type: event_count\nrules: [a]\ntimespan: 5m\ngenerate: maybe\ncondition: {gte: 1}",
            "true or false",
        ),
    ] {
        let lines: String = correlation.lines().map(|l| format!("  {l}\n")).collect();
        let parsed = sigma::parse(&format!("title: k\ncorrelation:\n{lines}"));
        assert!(parsed.rules.is_empty(), "{correlation}");
        assert!(parsed.errors[0].reason.contains(word), "{correlation}: {}", parsed.errors[0]);
        assert!(parsed.errors[0].line > 1, "{correlation}");
    }
}

proptest! {
    /// Any order, any doubling, any cut into scans: the same firings.
    #[test]
    fn the_result_depends_on_the_set_alone(
        events in proptest::collection::vec((0i64..60, 0usize..3, 0usize..2), 0..40),
        seed in any::<u64>(),
        kind in 0usize..4,
    ) {
        let e = engine([
            "type: event_count\nrules: [a, b]\ngroup-by: [u]\ntimespan: 7s\ncondition: {gte: 3}",
            "type: temporal\nrules: [a, b, c]\ngroup-by: [u]\ntimespan: 7s\ncondition: a and not c",
            "type: temporal_ordered\nrules: [a, b, c]\ngroup-by: [u]\ntimespan: 7s",
            "type: value_count\nrules: [a, b, c]\ngroup-by: [u]\ntimespan: 7s\ncondition: {field: is, eq: 2}",
        ][kind]);
        let mut gathered = Gathered::default();
        for (i, (s, is, u)) in events.iter().enumerate() {
            let event = event(*s, &json!({"is": (["a", "b", "c"][*is]), "u": (["x", "y"][*u])}));
            let reference = Reference(0, i as u64);
            e.scan_correlated(&event, reference, &mut Coverage::default(), &mut Vec::new(), &mut gathered);
        }
        let all = gathered.contributions;
        let once = e.correlations().evaluate(&all, &Limits::default());
        let mut mixed = [all.clone(), all].concat();
        mixed.sort_by_key(|c| (c.reference.1 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        prop_assert_eq!(&e.correlations().evaluate(&mixed, &Limits::default()), &once);
        for pair in once.fired.windows(2).filter(|p| p[0].group == p[1].group) {
            prop_assert!(pair[0].last < pair[1].first || pair[1].last < pair[0].first);
        }
    }
}
