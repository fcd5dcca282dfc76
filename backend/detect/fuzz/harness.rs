//! What the fuzz targets do with their bytes, and what must hold. A test replays the corpus through the same functions.

use detect::{
    Coverage, Engine, Mapping,
    correlate::{Gathered, Limits, Reference},
    sigma::{self, Pipeline, Pipelines},
};
use event::{Event, Nanos, Place, Value};

/// Any bytes as a rule file and as a pipeline: an answer, errors that point into the text, and what loads runs.
pub fn rule_yaml(data: &[u8]) {
    let parsed = sigma::parse_bytes(data);
    let text = String::from_utf8_lossy(data);
    // YAML ends a line with a carriage return, too.
    let lines = text.split(['\n', '\r']).count();
    for error in &parsed.errors {
        assert!(error.line <= lines, "{error:?}");
        let _ = error.render(&text, "x");
    }
    for rule in &parsed.rules {
        assert!(text.get(rule.span.clone()).is_some() && !rule.id.is_empty());
    }
    run(parsed.rules, &[event("F=aB-ü*\nChannel=Security\nEventID=1")]);
    if let Ok(pipeline) = Pipeline::parse(&text) {
        let parsed = sigma::parse_with(RULE, &Pipelines::new(vec![pipeline]));
        run(parsed.rules, &[event("F=x\nG=2")]);
    }
}

/// A rule file, a line of equals signs, and events of lines `name=value` with empty lines between.
pub fn rule_event(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some((rule, events)) = text.split_once("\n===\n") else { return };
    let events: Vec<Event> = events.split("\n\n").take(8).map(event).collect();
    run(sigma::parse(rule).rules, &events);
}

/// Any text as a condition of a detection, a filter and a correlation.
pub fn condition(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let quoted = text.replace('\'', "''");
    let detection = format!(
        "title: t\nname: s\nlogsource: {{category: x}}\ndetection:\n  s: {{F: 'a*'}}\n  s2: {{G|gt: 1}}\n  t: {{H: null}}\n  \
         condition: '{quoted}'\n"
    );
    let filter = format!(
        "title: f\nlogsource: {{category: x}}\nfilter:\n  rules: any\n  s: {{F: ab}}\n  condition: '{quoted}'\n"
    );
    let correlation = format!(
        "title: c\ncorrelation:\n  type: temporal_ordered\n  rules: [s, t]\n  timespan: 1m\n  condition: '{quoted}'\n"
    );
    let all = format!("{detection}---\n{filter}---\n{correlation}---\n{RULE}");
    run(sigma::parse(&all).rules, &[event("F=abc\nG=2"), event("F=x"), event("")]);
}

const RULE: &str = "title: r\nname: t\nlogsource: {product: windows, category: x}\ndetection:\n  s:\n    F|expand: '%v%x'\n    \
                    G|contains: ['1', 2]\n  k: [word]\n  condition: 1 of them\n";

/// Loads the rules, and holds the ways to ask about an event against each other.
fn run(rules: Vec<sigma::Rule>, events: &[Event]) {
    let (engine, not_run) = Engine::build(rules, &Mapping::ignoring_logsource());
    assert!(not_run.iter().all(|n| !n.reason.is_empty()));
    let mut gathered = Gathered::default();
    let mut coverage = Coverage::default();
    for (i, event) in events.iter().enumerate() {
        let (mut hits, mut again) = (Vec::new(), Vec::new());
        engine.scan(event, &mut hits);
        let reference = Reference(0, i as u64);
        engine.scan_correlated(event, reference, &mut coverage, &mut again, &mut gathered);
        assert_eq!(hits, again);
        for rule in 0..engine.rules().len().min(32) {
            let Some(why) = engine.explain(event, rule) else { panic!("rule {rule} has no explanation") };
            if engine.raises(rule) {
                assert_eq!(why.matched, hits.iter().any(|h| h.rule == rule), "{why:?}");
            }
            assert!(why.one_away.iter().all(|leaf| why.leaf(*leaf).is_some()), "{why:?}");
            for item in why.selections.iter().flat_map(|s| &s.items) {
                let value = item.value.as_deref().unwrap_or_default();
                assert!(item.spans.iter().all(|(a, b)| value.get(*a..*b).is_some()), "{item:?}");
            }
        }
        engine.near(event, 3);
    }
    let once = engine.correlations().evaluate(&gathered.contributions, &Limits::default());
    gathered.contributions.reverse();
    assert_eq!(engine.correlations().evaluate(&gathered.contributions, &Limits::default()), once);
    coverage.report(&engine, not_run, 0);
}

fn event(text: &str) -> Event {
    let field = |line: &str| -> Option<(event::Name, Value)> {
        let (name, value) = line.split_once('=')?;
        let value = match value {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            number if number.parse::<i64>().is_ok() => Value::Int(number.parse().unwrap_or_default()),
            list if list.starts_with('[') => Value::list(list[1..].split(',').map(Value::from).collect()),
            text => Value::from(text),
        };
        Some((name.into(), value))
    };
    let fields: Vec<_> = text.lines().take(64).filter_map(field).collect();
    let time = fields.iter().find(|(n, _)| &**n == "time").and_then(|(_, v)| match v {
        Value::Int(n) => Some(*n),
        _ => None,
    });
    Event {
        time: Nanos(time.unwrap_or_default()),
        dataset: "windows".into(),
        place: Place::default(),
        fields,
        identity: [0; 16],
    }
}
