//! Properties over any text: the parser never panics, errors point into the text, what loads also runs.
#![allow(clippy::unwrap_used, reason = "tests")]

use detect::{Engine, Mapping, sigma};
use event::{Event, Nanos, Place, Value};
use proptest::prelude::*;

fn check(text: &str) {
    let parsed = sigma::parse(text);
    let lines = text.split(['\n', '\r']).count();
    for e in &parsed.errors {
        assert!(e.line <= lines + 1, "{e:?}");
        let _ = e.render(text, "x");
    }
    let event = Event {
        time: Nanos(0),
        dataset: "windows".into(),
        place: Place::default(),
        fields: vec![("F".into(), Value::from("aB-ü*")), ("Channel".into(), Value::from("Security"))],
        identity: [0; 16],
    };
    let mut hits = Vec::new();
    let (engine, _) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    engine.scan(&event, &mut hits);
    for rule in 0..engine.rules().len() {
        let why = engine.explain(&event, rule).unwrap();
        assert_eq!(why.matched, hits.iter().any(|h| h.rule == rule), "{text}");
    }
}

/// Pieces that make texts which come far into the parser.
const WORDS: &[&str] = &[
    "title: t\n",
    "logsource: {category: x}\n",
    "detection:\n",
    "  s:\n",
    "    F|contains: a\n",
    "    F|re: '(a|b)+'\n",
    "    F|windash|base64offset: '-a'\n",
    "    - 'k*?\\\\'\n",
    "  condition: s\n",
    "  condition: not 1 of s*\n",
    "---\n",
    "correlation:\n",
    "  type: temporal\n",
    "  rules: [a]\n",
    "  timespan: 1m\n",
    "filter:\n",
    "  rules: any\n",
    "&a ",
    "*a",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "|",
    ">\n",
    "'",
    "\"",
    "\t",
    "#",
    "? ",
    "!!str ",
    "\u{feff}",
    "ü",
    "\0",
    "%",
];

proptest! {
    #[test]
    fn arbitrary_text(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = sigma::parse_bytes(&bytes);
    }

    #[test]
    fn text_of_rule_pieces(parts in proptest::collection::vec(0..WORDS.len(), 0..30)) {
        let text: String = parts.into_iter().map(|i| WORDS[i]).collect();
        check(&text);
    }

    #[test]
    fn any_modifiers_and_value(
        mods in proptest::collection::vec(prop::sample::select(vec![
            "contains", "startswith", "endswith", "all", "cased", "neq", "exists", "windash", "re", "i", "m", "s",
            "base64", "base64offset", "utf16", "utf16le", "utf16be", "wide", "cidr", "gt", "lte", "fieldref",
            "expand", "hour", "week",
        ]), 0..4),
        value in "[aAbB0-9.*?\\\\/%:ü -]{0,8}",
    ) {
        let key = std::iter::once("F").chain(mods).collect::<Vec<_>>().join("|");
        let value = value.replace('\'', "''");
        check(&format!("title: t\nlogsource: {{category: x}}\ndetection:\n  s:\n    {key}: '{value}'\n  condition: s\n"));
    }

    #[test]
    fn any_condition(text in "(s|t|not|and|or|1 of|all of|them|s\\*|\\(|\\)| ){0,20}") {
        check(&format!("title: t\nlogsource: {{category: x}}\ndetection:\n  s: {{F: 'a*'}}\n  t: {{F: null}}\n  condition: '{text}'\n"));
    }
}
