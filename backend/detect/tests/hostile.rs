//! Rules, pipelines and events made to be costly: an answer or a refusal within a second and 256 MiB.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::{
    Coverage, Engine, Mapping,
    correlate::{Correlator, Limits, Reference},
    sigma::{self, Pipeline, Pipelines},
};
use event::{Event, Nanos, Value};
use std::{fmt::Write as _, time::Instant};

/// What a case may take. The time is that of the processor, so that a busy machine changes nothing; a build without
/// optimisation takes several times as long.
const MILLIS: u128 = if cfg!(debug_assertions) { 4_000 } else { 1_000 };
const MEBIBYTES: u64 = 256;

/// Nanoseconds that this thread has run.
fn ran() -> Option<u128> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// Peak and present memory of the process in KiB.
fn memory(key: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix(key))?;
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().ok()
}

/// Runs a case within its bounds.
#[track_caller]
fn bounded<T>(name: &str, case: impl FnOnce() -> T) -> T {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = memory("VmRSS");
    let (wall, cpu) = (Instant::now(), ran());
    let out = case();
    let took = match (cpu, ran()) {
        (Some(a), Some(b)) => (b - a) / 1_000_000,
        _ => wall.elapsed().as_millis(),
    };
    let grew = memory("VmHWM").zip(before).map_or(0, |(peak, before)| peak.saturating_sub(before) / 1_024);
    println!("{name}: {took} ms, {grew} MiB");
    assert!(took < MILLIS, "{name}: {took} ms");
    assert!(grew < MEBIBYTES, "{name}: {grew} MiB");
    out
}

fn rule(detection: &str) -> String {
    format!("title: t\nname: base\nlogsource: {{category: x}}\ndetection:\n{detection}")
}

fn event(second: i64, fields: &[(&str, &str)]) -> Event {
    let fields = fields.iter().map(|(n, v)| ((*n).to_owned(), Value::from(*v))).collect();
    Event { time: Nanos(second * 1_000_000_000), ..support::event("", 0, fields) }
}

/// Loads a text and asks everything about an event.
fn all(text: &str, event: &Event) -> (usize, usize) {
    let parsed = sigma::parse(text);
    let told = (parsed.rules.len(), parsed.errors.len());
    for e in parsed.errors.iter().take(3) {
        e.render(text, "x");
    }
    let (engine, not_run) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    let mut coverage = Coverage::default();
    engine.scan_covered(event, &mut coverage, &mut Vec::new());
    for rule in 0..engine.rules().len().min(3) {
        engine.explain(event, rule).unwrap();
    }
    engine.near(event, 3);
    coverage.report(&engine, not_run, 0);
    told
}

/// One test, so that no other one changes the memory of the process meanwhile.
#[test]
fn costly_input_is_answered_or_refused_in_time() {
    let plain = event(0, &[("F", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"), ("G", "b")]);
    rules(&plain);
    values(&plain);
    metas(&plain);
    pipelines();
    events();
    shared();
}

fn rules(plain: &Event) {
    let n = 20_000;
    let refused = |name: &str, text: String| assert_eq!(bounded(name, || all(&text, plain)).0, 0, "{name}");
    refused("deep flow lists", "[".repeat(n));
    refused("deep flow maps", "{a: ".repeat(n));
    refused("deep block maps", (0..3_000).map(|i| format!("{}a:\n", " ".repeat(i))).collect());
    refused(
        "deep search",
        rule(&format!("  s: {}F{}\n  condition: s\n", "[{a: ".repeat(40), "}]".repeat(40))),
    );
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        writeln!(bomb, "a{i}: &a{i} [{}]", vec![format!("*a{}", i - 1); 10].join(", ")).unwrap();
    }
    refused("alias bomb", bomb);
    refused("alias of itself", "a: &a [*a]\ntitle: x\n".into());
    let big = format!("a: &a '{}'\nb: [{}]\n", "x".repeat(200_000), vec!["*a"; 5_000].join(", "));
    refused("alias of a large value", big);
    refused(
        "parentheses",
        rule(&format!("  s: {{F: a}}\n  condition: {}s{}\n", "(".repeat(n), ")".repeat(n))),
    );
    refused("negations", rule(&format!("  s: {{F: a}}\n  condition: {}s\n", "not ".repeat(n))));
    refused("long condition", rule(&format!("  s: {{F: a}}\n  condition: {}s\n", "s or ".repeat(n))));
    let mut many = String::new();
    (0..2_000).for_each(|i| writeln!(many, "  s{i}: {{F: a{i}}}").unwrap());
    let of = vec!["all of s*"; 1_300].join(" or ");
    refused("of many, many times", rule(&format!("{many}  condition: {of}\n")));
    bounded("many searches", || all(&rule(&format!("{many}  condition: not all of them\n")), plain));
    bounded("many documents", || all(&"---\na: 1\n".repeat(30_000), plain));
    let small = rule("  s: {F: a}\n  condition: s\n---\n");
    bounded("many small rules", || all(&small.repeat(3_000), plain));
    bounded("many bad rules", || all(&"title: x\ndetection: 1\n---\n".repeat(15_000), plain));
    bounded("control characters", || all(&"\u{0}\u{1b}[31m\u{202e}\n".repeat(10_000), plain));
}

fn values(plain: &Event) {
    let item = |key: &str, value: &str| rule(&format!("  s:\n    {key}: {value}\n  condition: s\n"));
    let list: String = (0..40_000).map(|i| format!("v{i}, ")).collect();
    bounded("long list", || all(&item("F", &format!("[{list}z]")), plain));
    bounded("long list of contains", || all(&item("F|contains", &format!("[{list}z]")), plain));
    bounded("too long list", || all(&item("F", &format!("[{list}{list}{list}z]")), plain));
    bounded("many dashes", || all(&item("F|windash|contains", &format!("'{}'", " -a".repeat(5_000))), plain));
    bounded("many dashes encoded", || {
        all(&item("F|windash|base64offset|contains", "'-a -b -c -d -e -f'"), plain)
    });
    bounded("many wildcards", || all(&item("F", &format!("'{}b'", "*a".repeat(20_000))), plain));
    bounded("many question marks", || all(&item("F", &format!("'*{}b*'", "?".repeat(20_000))), plain));
    bounded("long value", || all(&item("F|contains", &format!("'{}'", "a".repeat(300_000))), plain));
    let lists = |n: usize, value: &dyn Fn(usize) -> String| -> String {
        (0..n).map(|i| format!("'{}', ", value(i))).collect()
    };
    let a = event(0, &[("A", &"a".repeat(2_000))]);
    // Before, seconds and minutes: every place of the text was tried for every character of the value.
    let told = |name: &str, event: &Event, list: &str, loaded: usize| {
        let text = item("A|contains", &format!("[{list}]"));
        assert_eq!(bounded(name, || all(&text, event)).0, loaded, "{name}");
    };
    told("question marks, long values", &a, &lists(6_000, &|i| format!("{}b{i}", "?a".repeat(140))), 0);
    let field = event(0, &[("A", &"a".repeat(1 << 20))]);
    told("question marks, one value", &field, &format!("'{}?c'", "?aa".repeat(60_000)), 0);
    told("question marks, many values", &a, &lists(2_800, &|i| format!("{}?{i}", "?aa".repeat(90))), 0);
    // As much as is taken.
    let most = lists(500, &|i| format!("{}?{i}", "?aa".repeat(19)));
    told("question marks, as many as may be", &a, &most, 1);
    told("question marks, as long as may be", &a, &lists(8, &|i| format!("{}{i}", "?aa".repeat(1_360))), 1);
    let engine = |list: &str| {
        let text = item("A|contains", &format!("[{list}]"));
        Engine::build(sigma::parse(&text).rules, &Mapping::ignoring_logsource()).0
    };
    let long = event(0, &[("A", &"a".repeat(64 << 10))]);
    for (name, list) in [("many", most), ("long", lists(8, &|i| format!("{}{i}", "?aa".repeat(1_360))))] {
        let engine = engine(&list);
        bounded(&format!("question marks, {name}, a long field"), || engine.scan(&long, &mut Vec::new()));
    }
    for (name, pattern) in [
        ("nested counts", "(((((a{50}){50}){50}){50}){50})".to_owned()),
        ("large class", r"[\w\W\p{L}\d]{500}".to_owned()),
        ("alternatives", (0..1_500).map(|i| format!("w{i}|")).collect::<String>() + "z"),
        ("deep groups", format!("{}a{}", "(".repeat(4_000), ")".repeat(4_000))),
        ("long", "a?".repeat(20_000)),
        ("look-around", "(?=(a+)+)b".into()),
    ] {
        bounded(&format!("regex, {name}"), || all(&item("F|re", &format!("'{pattern}'")), plain));
    }
    let regexes: String = (0..250).map(|i| format!("'(a|b|{i}){{1,40}}$', ")).collect();
    bounded("many regexes", || all(&item("F|re", &format!("[{regexes}x]")), plain));
    let large: String = (0..250).map(|i| format!(r"'\w{{{}}}', ", 200 + i)).collect();
    bounded("many large regexes", || all(&item("F|re", &format!("[{large}x]")), plain));
}

fn metas(plain: &Event) {
    let base = rule("  s: {F: '*'}\n  condition: s\n");
    let names: String = (0..250).map(|i| format!("n{i}, ")).collect();
    let correlation = |rest: &str| format!("{base}---\ntitle: k\ncorrelation:\n  timespan: 1h\n  {rest}\n");
    bounded("combinations", || {
        all(&correlation(&format!("type: temporal\n  rules: [{names}z]\n  condition: 120 of n*")), plain)
    });
    let pairs: String = (0..60).map(|i| format!("(n{i} or z) and ")).collect();
    bounded("product", || {
        all(&correlation(&format!("type: temporal\n  rules: [{names}z]\n  condition: {pairs}z")), plain)
    });
    let mut chain = base.clone();
    for i in 0..2_000 {
        let rest = format!(
            "rules: [c{}]\n  timespan: 1h\n  condition: {{gte: 1}}",
            if i == 0 { 1_999 } else { i - 1 }
        );
        write!(chain, "---\ntitle: c{i}\nname: c{i}\ncorrelation:\n  type: event_count\n  {rest}\n").unwrap();
    }
    bounded("ring of correlations", || all(&chain, plain));
    let filter =
        "---\ntitle: f\nlogsource: {category: x}\nfilter:\n  rules: any\n  s: {G: c}\n  condition: s\n";
    bounded("many filters", || all(&format!("{base}{}", filter.repeat(500)), plain));
    for (name, rest) in [
        ("count", "type: event_count\n  rules: [base]\n  condition: {gte: 2}"),
        ("distinct", "type: value_count\n  rules: [base]\n  condition: {field: F, gte: 2}"),
        (
            "percentile",
            "type: value_percentile\n  rules: [base]\n  condition: {field: N, percentile: 99, lt: 9}",
        ),
        ("order", "type: temporal_ordered\n  rules: [base]\n  group-by: [G]"),
    ] {
        let text = correlation(rest);
        bounded(&format!("correlation of a flood, {name}"), || flood(&text));
    }
}

/// Tens of thousands of matches in one window.
fn flood(text: &str) {
    let parsed = sigma::parse(text);
    assert!(parsed.errors.is_empty(), "{}", parsed.errors[0]);
    let (engine, _) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    let mut c = Correlator::new(&engine, Limits { contributions: 15_000, ..Limits::default() });
    let (mut coverage, mut hits) = (Coverage::default(), Vec::new());
    for i in 0..20_000_i64 {
        let (f, n) = (format!("v{i}"), format!("{}", i * 7919 % 1_000));
        let event = event(i / 50, &[("F", &f), ("N", &n), ("G", "g")]);
        c.scan(&event, Reference(0, i as u64), &mut coverage, &mut hits);
    }
    let outcome = c.finish();
    assert_eq!(outcome.shortfalls.len(), 1, "{:?}", outcome.shortfalls);
}

fn pipelines() {
    let text = rule(&format!("  s:\n    F|expand: '{}'\n  condition: s\n", "%v%".repeat(12)));
    let vars: String = (0..30).map(|i| format!("v{i}, ")).collect();
    let p = format!("vars: {{v: [{vars}z]}}\n");
    bounded("placeholders", || sigma::parse_with(&text, &Pipelines::new(vec![Pipeline::parse(&p).unwrap()])));
    let many: String = (0..200).map(|i| format!("f{i}, ")).collect();
    let step = format!("  - {{type: field_name_mapping, mapping: {{F: [{many}F]}}}}\n");
    let p = format!("transformations:\n{}", step.repeat(6));
    let text = rule("  s: {F: a}\n  condition: s\n");
    let parsed = bounded("fields that multiply", || {
        sigma::parse_with(&text, &Pipelines::new(vec![Pipeline::parse(&p).unwrap()]))
    });
    assert_eq!(parsed.rules.len() + parsed.errors.len(), 1);
    let p = "transformations: [{type: replace_string, regex: 'a', replacement: 'aaaaaaaaaaaaaaaaaaaa'}]\n";
    let step = "  - {type: replace_string, regex: 'a', replacement: 'aaaaaaaaaaaaaaaaaaaa'}\n";
    assert!(Pipeline::parse(p).is_ok());
    let p = format!("transformations:\n{}", step.repeat(12));
    bounded("values that multiply", || {
        sigma::parse_with(&text, &Pipelines::new(vec![Pipeline::parse(&p).unwrap()]))
    });
    bounded("deep pipeline", || assert!(Pipeline::parse(&"[".repeat(20_000)).is_err()));
}

fn events() {
    let engine = |text: &str| Engine::build(sigma::parse(text).rules, &Mapping::ignoring_logsource()).0;
    let glob = engine(&rule("  s: {F: '*a?a*a?b*c'}\n  k: ['x*y?z']\n  condition: 1 of them\n"));
    let long = event(0, &[("F", &"a".repeat(300_000))]);
    bounded("long text against wildcards", || glob.scan(&long, &mut Vec::new()));
    let names: Vec<String> = (0..50_000).map(|i| format!("n{i}")).collect();
    let wide = event(0, &names.iter().map(|n| (n.as_str(), "v")).collect::<Vec<_>>());
    bounded("many fields", || glob.scan(&wide, &mut Vec::new()));
    let mut deep = Value::list(vec![Value::from("abc")]);
    (0..500).for_each(|_| deep = Value::list(vec![std::mem::replace(&mut deep, Value::Null)]));
    let mut nested = event(0, &[]);
    nested.fields.push(("F".into(), deep));
    bounded("nested lists", || {
        glob.scan(&nested, &mut Vec::new());
        glob.explain(&nested, 0)
    });
}

fn shared() {
    let Some(data) = support::shared() else { return };
    for case in support::lines(data.join("api/redos.jsonl")) {
        let (pattern, input) = (case["pattern"].as_str().unwrap(), case["input"].as_str().unwrap());
        let text = rule(&format!("  s:\n    F|re: '{}'\n  condition: s\n", pattern.replace('\'', "''")));
        bounded(pattern, || all(&text, &event(0, &[("F", &input.repeat(20))])));
    }
    let mut seen = 0;
    for entry in std::fs::read_dir(data.join("api/hostile-files")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if path.extension().is_some_and(|e| e == "yml") {
            seen += 1;
            let parsed = bounded(&path.display().to_string(), || sigma::parse_bytes(&bytes));
            assert!(parsed.rules.is_empty() && !parsed.errors.is_empty());
            bounded("as a pipeline", || assert!(Pipeline::parse(&String::from_utf8_lossy(&bytes)).is_err()));
        }
    }
    assert!(seen > 3);
}
