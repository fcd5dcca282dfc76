//! Rules out of stored bytes are the rules that were parsed, over all of SigmaHQ and its evidence.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::{Engine, Mapping, sigma};
use sigma::cache::{from_bytes, to_bytes};

#[test]
fn stored_rules_are_the_parsed_ones() {
    let Some(data) = support::shared() else { return };
    let (mut parsed, mut stored) = (Vec::new(), Vec::new());
    for (name, text) in support::sigmahq(&data) {
        let rules = sigma::parse(&text);
        let bytes = to_bytes(&text, &rules).unwrap();
        let back = from_bytes(&text, &bytes).unwrap_or_else(|| panic!("{name} is not read back"));
        let again = sigma::Parsed { rules: back, errors: vec![] };
        assert_eq!(to_bytes(&text, &again).unwrap(), bytes, "{name}");
        assert!(from_bytes(&format!("{text} "), &bytes).is_none());
        parsed.extend(rules.rules);
        stored.extend(again.rules);
    }
    assert!(parsed.len() > 3_000);
    let mapping = Mapping::builtin().unwrap();
    let (one, two) = (Engine::build(parsed, &mapping).0, Engine::build(stored, &mapping).0);
    let mut events = 0;
    for line in support::lines(data.join("sigma/regression_expect.jsonl")) {
        let text = std::fs::read_to_string(data.join(line["json"].as_str().unwrap())).unwrap();
        for event in support::objects(&text).iter().map(support::windows) {
            let (mut a, mut b) = (Vec::new(), Vec::new());
            one.scan(&event, &mut a);
            two.scan(&event, &mut b);
            assert_eq!(a, b);
            events += a.len();
        }
    }
    assert!(events > 100);
}

#[test]
fn correlation_and_filter_documents_are_kept_too() {
    let Some(data) = support::shared() else { return };
    for case in support::lines(data.join("sigma/correlation_cases.jsonl")) {
        let text = case["rules"].as_str().unwrap();
        let rules = sigma::parse(text);
        let back = from_bytes(text, &to_bytes(text, &rules).unwrap()).unwrap();
        let say = |rules: &[sigma::Rule]| format!("{rules:?}");
        assert_eq!(say(&back), say(&rules.rules));
    }
}
