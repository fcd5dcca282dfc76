//! The specification's modifiers and forms that have no sample in the shared data: cases written from
//! Sigma 2.1's text. Each line is a detection, an event, and whether it matches.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use detect::{Cause, Engine, Mapping, sigma};
use event::{Event, Nanos, Place, Value};
use serde_json::{Value as Json, json};

fn event(fields: &Json) -> Event {
    let fields =
        fields.as_object().unwrap().iter().map(|(k, v)| (k.as_str().into(), Value::from_json(v))).collect();
    Event { time: Nanos(0), dataset: "".into(), place: Place::default(), fields, identity: [0; 16] }
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn rule(detection: &str) -> String {
    let lines: String = detection.lines().map(|l| format!("  {l}\n")).collect();
    format!("title: t\nlogsource: {{category: test}}\ndetection:\n{lines}")
}

fn engine(detection: &str) -> Engine {
    let text = rule(detection);
    let parsed = sigma::parse(&text);
    assert!(parsed.errors.is_empty(), "{}", parsed.errors[0].render(&text, "rule"));
    Engine::build(parsed.rules, &Mapping::ignoring_logsource()).0
}

#[track_caller]
fn check(item: &str, cases: &[(Json, bool)]) {
    let engine = engine(&format!("s:\n  {item}\ncondition: s"));
    for (fields, want) in cases {
        let mut hits = Vec::new();
        engine.scan(&event(fields), &mut hits);
        assert_eq!(!hits.is_empty(), *want, "{item} on {fields}");
    }
}

fn refused(item: &str) -> String {
    let text = rule(&format!("s:\n  {item}\ncondition: s"));
    let parsed = sigma::parse(&text);
    assert!(parsed.rules.is_empty(), "{item} was taken");
    assert_eq!(parsed.errors[0].line, 5, "{item}: {}", parsed.errors[0]);
    parsed.errors[0].reason.clone()
}

#[test]
fn modifiers_join_values() {
    check("F|endswith|all: [c, bc]", &[(json!({"F": "abc"}), true), (json!({"F": "ac"}), false)]);
    check("F|contains|cased: Ab", &[(json!({"F": "xAbx"}), true), (json!({"F": "xabx"}), false)]);
    check(
        "F|neq: [a, b]",
        &[(json!({"F": "c"}), true), (json!({"F": "B"}), false), (json!({"G": "c"}), false)],
    );
    check("F|contains|all: [a, b]", &[(json!({"F": ["xa", "xb"]}), true), (json!({"F": ["xa"]}), false)]);
    check("F|re|all: ['^a', 'z$']", &[(json!({"F": "a-z"}), true), (json!({"F": "a-y"}), false)]);
}

#[test]
fn all_joins_what_is_written_not_what_modifiers_make_of_it() {
    // "xx foobar yy bazqux zz"
    let both = json!({"F": "eHggZm9vYmFyIHl5IGJhenF1eCB6eg=="});
    // "xx foobar yy"
    let one = json!({"F": "eHggZm9vYmFyIHl5"});
    let cases = [(both, true), (one, false)];
    check("F|base64offset|contains|all: ['foobar', 'bazqux']", &cases);
    let wide = |text: &str| {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        json!({ "F": base64(&bytes) })
    };
    check(
        "F|wide|base64offset|contains|all: [foobar, bazqux]",
        &[(wide("x bazqux foobar"), true), (wide("x foobar"), false)],
    );
    check(
        "F|windash|base64offset|contains|all: [' -enc', ' -nop']",
        &[
            (json!({"F": base64(b"xy /enc \xe2\x80\x95nop")}), true),
            (json!({"F": base64(b"xy /enc -x")}), false),
        ],
    );
    check(
        "F|all: [10.0, 1e1]",
        &[(json!({"F": 10}), true), (json!({"F": [10.0]}), true), (json!({"F": 1}), false)],
    );
    check(
        "F|base64offset|contains|neq: [foobar]",
        &[(json!({"F": "eHggZm9vYmFyIHl5"}), false), (json!({"F": "eA=="}), true)],
    );
}

#[test]
fn an_explanation_tells_a_written_value_once() {
    let engine = engine("s:\n  F|base64offset|contains|all: [foobar, bazqux]\ncondition: s");
    let why = engine.explain(&event(&json!({"F": "eHggZm9vYmFyIHl5"})), 0).unwrap();
    let item = &why.selections[0].items[0];
    assert_eq!(
        (item.patterns.clone(), item.patterns_total, item.matched),
        (vec!["foobar".to_owned()], 2, false)
    );
    assert_eq!(item.spans.len(), 1);
}

#[test]
fn numbers_match_however_they_are_written() {
    for (item, same) in [
        ("10.0", [json!(10), json!(10.0), json!("10.0"), json!("10")]),
        ("1.50", [json!(1.5), json!("1.5"), json!("1.50"), json!([1.5])]),
        ("1e3", [json!(1000), json!(1000.0), json!("1e3"), json!("1000")]),
        (".5", [json!(0.5), json!("0.5"), json!(".5"), json!(0.50)]),
        ("0777", [json!("0777"), json!(777), json!("777"), json!(777.0)]),
        ("0x10", [json!(16), json!("0x10"), json!("16"), json!("0X10")]),
    ] {
        let same: Vec<(Json, bool)> = same.into_iter().map(|v| (json!({ "F": v }), true)).collect();
        check(&format!("F: {item}"), &same);
        check(&format!("F|contains: {item}"), &same);
        check(&format!("F: '{item}'"), &[(json!({"F": 3}), false), (json!({ "F": item }), true)]);
        check(&format!("F: {item}"), &[(json!({"F": 3}), false), (json!({}), false)]);
        let others: Vec<(Json, bool)> = same.into_iter().map(|(v, _)| (v, false)).collect();
        check(&format!("F|neq: {item}"), &others);
    }
}

#[test]
fn large_numbers_compare_by_every_digit() {
    let (less, more) = (9_007_199_254_740_992_i64, 9_007_199_254_740_993_i64);
    for (item, want) in [
        (format!("F|gt: {less}"), [false, true]),
        (format!("F|gte: {more}"), [false, true]),
        (format!("F|lt: {more}"), [true, false]),
        (format!("F|lte: {less}"), [true, false]),
    ] {
        for (n, want) in [less, more].into_iter().zip(want) {
            check(&item, &[(json!({ "F": n }), want), (json!({ "F": n.to_string() }), want)]);
        }
    }
    check(
        "F|gt: 18446744073709551614",
        &[(json!({"F": u64::MAX}), true), (json!({"F": u64::MAX - 1}), false)],
    );
    check("F|gt: 1.5", &[(json!({"F": 2}), true), (json!({"F": 1}), false), (json!({"F": "1.6"}), true)]);
}

#[test]
fn encodings() {
    let wide = "cABvAHcAZQByAA=="; // "power" in UTF-16LE
    check(
        "F|wide|base64|contains: power",
        &[(json!({"F": format!("-enc {wide}")}), true), (json!({"F": "power"}), false)],
    );
    check("F|utf16|base64: a", &[(json!({"F": "//5hAA=="}), true), (json!({"F": "YQA="}), false)]);
    check("F|utf16be|base64: a", &[(json!({"F": "AGE="}), true)]);
    check("F|utf16le: ab", &[(json!({"F": "a\u{0}b\u{0}"}), true), (json!({"F": "ab"}), false)]);
    check(
        "F|base64offset|contains: /bin/sh",
        &[
            (json!({"F": "eHgvYmluL3NoeQ=="}), true),
            (json!({"F": "L2Jpbi9zaA=="}), true),
            (json!({"F": "L2Jpbi9z"}), false),
        ],
    );
    assert!(refused("F|base64: a*").contains("wildcards"));
    assert!(refused("F|utf16: a").contains("base64 may be missing"));
}

#[test]
fn dashes_stand_for_one_another() {
    check(
        "F|windash|contains: ' -f '",
        &[
            (json!({"F": "x /F y"}), true),
            (json!({"F": "x \u{2015}f y"}), true),
            (json!({"F": "x +f y"}), false),
        ],
    );
    check("F|contains|windash: a-b", &[(json!({"F": "a-b"}), true), (json!({"F": "a/b"}), false)]);
}

#[test]
fn every_dash_stands_for_every_other() {
    // The specification's five: hyphen, slash, en dash, em dash, horizontal bar.
    let dashes = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
    for written in dashes {
        for found in dashes {
            let fields = json!({ "F": format!("x {found}Enc y") });
            check(&format!("F|windash|contains: ' {written}enc '"), &[(fields.clone(), true)]);
            check(&format!("F|contains|windash: ' {written}enc '"), &[(fields, true)]);
        }
    }
    check(
        "F|windash|contains|all: [-a, -b]",
        &[(json!({"F": "/b \u{2014}A"}), true), (json!({"F": "-a"}), false)],
    );
    check("F|windash|startswith|cased: -A", &[(json!({"F": "/A"}), true), (json!({"F": "/a"}), false)]);
}

/// Every modifier that the specification's appendix lists loads with a value of its kind.
#[test]
fn every_modifier_of_the_specification_is_known() {
    let Some(data) = support::shared() else { return };
    let path = data.join("sigma/spec/specification/sigma-appendix-modifiers.md");
    let text = std::fs::read_to_string(path).unwrap();
    let named = |l: &str| Some(l.trim_start().strip_prefix("- `")?.split_once('`')?.0.to_owned());
    let names: Vec<String> = text.lines().filter_map(named).collect();
    assert!(names.len() >= 28, "{names:?}");
    for name in names {
        let item = match name.as_str() {
            "exists" => "F|exists: true".into(),
            "i" | "m" | "s" => format!("F|re|{name}: a"),
            "cidr" => "F|cidr: 10.0.0.0/8".into(),
            "lt" | "lte" | "gt" | "gte" => format!("F|{name}: 1"),
            "minute" | "hour" | "day" | "week" | "month" | "year" => format!("F|{name}: 1"),
            "utf16" | "utf16be" => format!("F|{name}|base64: a"),
            "all" => "F|all: [a, b]".into(),
            _ => format!("F|{name}: a"),
        };
        engine(&format!("s:\n  {item}\ncondition: s"));
    }
}

#[test]
fn fields_against_fields() {
    check(
        "F|fieldref: G",
        &[
            (json!({"F": "a", "G": "A"}), true),
            (json!({"F": "a", "G": "b"}), false),
            (json!({"F": "a"}), false),
        ],
    );
    check(
        "F|fieldref|cased: G",
        &[(json!({"F": "a", "G": "A"}), false), (json!({"F": "a", "G": "a"}), true)],
    );
    check(
        "F|fieldref|endswith: G",
        &[(json!({"F": "xyz", "G": "yz"}), true), (json!({"F": "xyz", "G": "xy"}), false)],
    );
    check(
        "F|fieldref|startswith: G",
        &[(json!({"F": "xyz", "G": "xy"}), true), (json!({"F": "xyz", "G": "yz"}), false)],
    );
    check("F|fieldref|contains: G", &[(json!({"F": "xyz", "G": "y"}), true)]);
    check(
        "F|fieldref|neq: G",
        &[(json!({"F": "a"}), false), (json!({"G": "a"}), false), (json!({"F": "a", "G": null}), false)],
    );
    check("F|fieldref|neq: G", &[(json!({"F": "a", "G": "b"}), true), (json!({"F": "a", "G": "a"}), false)]);
}

#[test]
fn numbers_and_times() {
    check(
        "F|lt: 1.5",
        &[
            (json!({"F": 1}), true),
            (json!({"F": "1.4"}), true),
            (json!({"F": 1.5}), false),
            (json!({"F": "x"}), false),
        ],
    );
    check("F|lte: -3", &[(json!({"F": -3}), true), (json!({"F": 0}), false), (json!({}), false)]);
    let night = json!({"T": "2026-03-01 02:04:05.123"});
    let noon = json!({"T": "2026-03-01T12:00:00Z"});
    check("T|hour: [1, 2, 3]", &[(night.clone(), true), (noon.clone(), false)]);
    check("T|hour|gte: 8", &[(night.clone(), false), (noon.clone(), true)]);
    check("T|minute: 4", &[(night.clone(), true), (noon.clone(), false)]);
    check("T|week: 9", &[(night.clone(), true), (json!({"T": "2026-03-02 00:00:00"}), false)]);
    check("T|year: 2026", &[(night, true), (json!({"T": "soon"}), false)]);
    check("T|month|lt: 4", &[(noon.clone(), true)]);
    check("T|day: 1", &[(noon, true)]);
    assert!(refused("F|gt: many").contains("number"));
}

#[test]
fn absent_empty_and_null_are_three_things() {
    check(
        "F: ''",
        &[
            (json!({"F": ""}), true),
            (json!({"F": null}), false),
            (json!({}), false),
            (json!({"F": " "}), false),
        ],
    );
    check("F: null", &[(json!({"F": ""}), false), (json!({"F": null}), true), (json!({}), true)]);
    check("F: '*'", &[(json!({"F": ""}), true), (json!({"F": null}), false), (json!({}), false)]);
    check("F: '?*'", &[(json!({"F": ""}), false), (json!({"F": "x"}), true)]);
    check("F|exists: false", &[(json!({"F": null}), false), (json!({}), true)]);
    check("F: [null, a]", &[(json!({}), true), (json!({"F": "a"}), true), (json!({"F": "b"}), false)]);
}

#[test]
fn regular_expressions_and_networks() {
    check("F|re|i|s: 'a.b'", &[(json!({"F": "A\nB"}), true)]);
    check("F|re|m: '^b$'", &[(json!({"F": "a\nb\nc"}), true), (json!({"F": "ab"}), false)]);
    check("F|re: '^b$'", &[(json!({"F": "a\nb\nc"}), false), (json!({"F": "b"}), true)]);
    check("F|re: 'a.b'", &[(json!({"F": "a\nb"}), false)]);
    check("F|re|i: 'äb'", &[(json!({"F": "xÄB"}), true)]);
    check(
        "F|cidr: '2001:db8::/32'",
        &[(json!({"F": "2001:DB8:1::1"}), true), (json!({"F": "2001:db9::1"}), false)],
    );
    check(
        "F|cidr: ['10.0.0.0/8', '192.168.1.1']",
        &[(json!({"F": "192.168.1.1"}), true), (json!({"F": "11.0.0.1"}), false)],
    );
    check("F|re: a", &[(json!({"F": "xax"}), true), (json!({"F": "A"}), false), (json!({"F": 7}), false)]);
    check("F|re|startswith: b", &[(json!({"F": "bc"}), true), (json!({"F": "ab"}), false)]);
    check("F|cidr: 'fe80::/10'", &[(json!({"F": "fe80::1"}), true), (json!({"F": "10.0.0.1"}), false)]);
    assert!(refused("F|re: '(?=a)b'").contains("look-around"));
    // What PCRE and the crate below read differently; `src/pcre.rs` has them all.
    check(r"F|re: '\<b\>'", &[(json!({"F": "a<b>"}), true), (json!({"F": "a b c"}), false)]);
    check("F|re: '^[a&&b]$'", &[(json!({"F": "&"}), true), (json!({"F": "c"}), false)]);
    check("F|re: 'a$'", &[(json!({"F": "a\n"}), true), (json!({"F": "a\nb"}), false)]);
    check("F|re|m: '^a$'", &[(json!({"F": "x\na\nb"}), true)]);
    check("F|re|endswith: a", &[(json!({"F": "xa\n"}), true), (json!({"F": "a\nb"}), false)]);
    assert!(refused("F|re: 'a*+'").contains("possessive"));
    assert!(refused(r"F|re: '(a)\1'").contains("backreferences"));
    assert!(refused("F|re: '(((((a{50}){50}){50}){50}){50})'").contains("too large"));
    assert!(refused("F|re: '('").contains("refused"));
    let large: String = (0..9).map(|i| format!(r"'\w{{{}}}', ", 60 + i)).collect();
    let told = refused(&format!("F|re: [{large}a]"));
    assert!(told.starts_with("more than 8 large regular expressions in one rule"), "{told}");
    assert!(refused("F|i: a").contains("only goes with re"));
    assert!(refused("F|cidr: 10.0.0.1/8").contains("10.0.0.0/8"));
}

#[test]
fn keywords_look_everywhere() {
    let engine = engine("k:\n  - 'evil*thing'\n  - F: x\ncondition: k");
    for (fields, want) in [
        (json!({"A": "an Evil little THING here"}), true),
        (json!({"A": ["no", "evilthing"]}), true),
        (json!({"F": "x"}), true),
        (json!({"F": "xx", "A": "evil", "B": "thing"}), false),
    ] {
        let mut hits = Vec::new();
        engine.scan(&event(&fields), &mut hits);
        assert_eq!(!hits.is_empty(), want, "{fields}");
    }
    check("'|re': 'ab+c'", &[(json!({"A": "xabbcx"}), true), (json!({"A": "ac"}), false)]);
    check("'|contains|cased': Ab", &[(json!({"A": "xAb"}), true), (json!({"A": "xab"}), false)]);
}

#[test]
fn placeholders_need_configuration() {
    let text = rule("s:\n  F|expand: 'x%Admins%'\ncondition: s");
    let parsed = sigma::parse(&text);
    assert_eq!(parsed.rules[0].placeholders(), ["Admins"]);
    let (engine, not_run) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    assert!(engine.rules().is_empty());
    assert_eq!(not_run[0].cause, Cause::NeedsConfiguration);
    assert!(not_run[0].reason.contains("%Admins%"));
    let parsed =
        sigma::parse(&rule("s:\n  F|expand: ['%a%', '%b%', 'x%a%']\n  G|expand: '%a%'\ncondition: s"));
    assert_eq!(
        Engine::build(parsed.rules, &Mapping::ignoring_logsource()).1[0].reason,
        "needs configuration: no value for %a%, %b%"
    );
    check("F: '%Admins%'", &[(json!({"F": "%admins%"}), true)]);
    check(r"F|expand: '\%x%'", &[(json!({"F": "%x%"}), true)]);
}

#[test]
fn one_bad_document_takes_no_other_with_it() {
    let good = rule("s: {F: a}\ncondition: s");
    let text =
        format!("{good}---\naction: global\ntitle: x\n---\n{good}---\ntitle: [\n---\n{good}---\n---\n- a\n");
    let parsed = sigma::parse(&text);
    assert_eq!(parsed.rules.len(), 3);
    let reasons: Vec<&str> = parsed.errors.iter().map(|e| e.reason.as_str()).collect();
    assert!(reasons[0].contains("action: global"), "{reasons:?}");
    assert!(reasons[1].contains("not valid YAML"), "{reasons:?}");
    assert!(reasons[2].contains("must be a map"), "{reasons:?}");
    for r in &parsed.rules {
        assert_eq!(text[r.span.clone()].trim(), good.trim());
    }
}

#[test]
fn nothing_between_documents_is_no_document() {
    let good = rule("s: {F: a}\ncondition: s");
    for text in [
        format!("---\n{good}---\n"),
        format!("---\n---\n{good}...\n---\n# only words\n"),
        format!("{good}---"),
    ] {
        let parsed = sigma::parse(&text);
        assert_eq!((parsed.rules.len(), parsed.errors.len()), (1, 0), "{text}: {:?}", parsed.errors);
    }
}

#[test]
fn a_byte_order_mark_moves_nothing() {
    let good = rule("s: {F: a}\ncondition: s");
    let text = format!("{}{good}", '\u{feff}');
    let parsed = sigma::parse(&text);
    assert_eq!(&text[parsed.rules[0].span.clone()], good);
}

#[test]
fn errors_point_at_the_word() {
    let text =
        "title: t\nlogsource: {category: test}\ndetection:\n  sel: {F: a}\n  condition: sel and nope\n";
    let error = &sigma::parse(text).errors[0];
    assert_eq!((error.line, error.column), (5, 22));
    let picture = "r.yml:5:22: the search 'nope' is not defined\n  in detection.condition\n  |\n\
                   5 |   condition: sel and nope\n  |                      ^\n";
    assert_eq!(error.render(text, "r.yml"), picture);
}

#[test]
fn errors_point_at_the_word_however_the_value_is_written() {
    for (condition, place) in [
        ("s and\n    nope", (6, 5)),
        ("s and\n\n    nope\n   or s", (7, 5)),
        (">-\n    s and\n    nope", (7, 5)),
        (">\n\n    s\n    and nope", (8, 9)),
        ("|\n    s and\n     nope", (7, 6)),
        (r#""s \x61nd\tnope""#, (5, 25)),
        (r#""\x73 and \"nope""#, (5, 24)),
        ("\"s and \\\n    nope\"", (6, 5)),
        ("'s and\n\n    nope'", (7, 5)),
        ("'s and ''nope'", (5, 21)),
        ("&a !!str 's and nope'", (5, 30)),
        ("'(s'", (5, 17)),
        ("(s # words", (5, 16)),
        (">-\n    (s\n    and s", (7, 10)),
        ("[s, s and nope]", (5, 24)),
    ] {
        let text = format!(
            "title: t\nlogsource: {{category: test}}\ndetection:\n  s: {{F: a}}\n  condition: {condition}\n"
        );
        let error = &sigma::parse(&text).errors[0];
        assert_eq!((error.line, error.column), place, "{}", error.render(&text, "rule"));
    }
}

#[test]
fn a_tab_that_indents_is_pointed_at() {
    for (lines, place) in [
        ("    F: a\n    G: b\n\tH: c", (7, 1)),
        ("    F: 'a'\n  \tG: b", (6, 3)),
        ("    F: a\n\n\tG: b", (7, 1)),
    ] {
        let text =
            format!("title: t\nlogsource: {{category: test}}\ndetection:\n  s:\n{lines}\n  condition: s\n");
        let error = &sigma::parse(&text).errors[0];
        assert_eq!((error.line, error.column), place, "{}", error.render(&text, "rule"));
    }
}

#[test]
fn a_rule_knows_where_its_id_stands() {
    let text = format!("---\n{}id: 0c5be1f5-9a1f-4d6e-8f2a-3f0b6a3c9d11\n", rule("s: {F: a}\ncondition: s"));
    let at = sigma::parse(&text).rules[0].id_at;
    assert_eq!((at.line, at.column), (7, 5));
}

#[test]
fn a_carriage_return_ends_a_line_for_yaml() {
    let text = "title: t\rlogsource: {category: test}\r\ndetection:\n  sel: {F: a}\r  condition: nope\n";
    let error = &sigma::parse(text).errors[0];
    assert_eq!((error.line, error.column), (5, 14));
    assert!(
        error.render(text, "r.yml").contains("5 |   condition: nope\n"),
        "{}",
        error.render(text, "r.yml")
    );
}

#[test]
fn metadata_is_checked() {
    for (line, word) in [
        ("level: huge", "huge"),
        ("status: done", "done"),
        ("id: 1234", "UUID"),
        ("id: ''", "UUID"),
        ("date: yesterday", "date"),
        ("tags: [t1059]", "namespace"),
        ("tags: {a: b}", "list"),
        ("title: x", "twice"),
        ("filter: {rules: [a], s: {F: a}, condition: s}", "detection and filter"),
    ] {
        let text = format!("{}{line}\n", rule("s: {F: a}\ncondition: s"));
        let parsed = sigma::parse(&text);
        assert!(parsed.rules.is_empty(), "{line}");
        assert!(parsed.errors[0].reason.contains(word), "{line}: {}", parsed.errors[0]);
    }
}

#[test]
fn one_unknown_reference_fails_nothing_else() {
    let text = format!(
        "{}---\ntitle: c\ncorrelation:\n  type: event_count\n  rules: [nobody]\n  timespan: 5m\n  condition: {{gte: 2}}\n",
        rule("s: {F: a}\ncondition: s")
    );
    let parsed = sigma::parse(&text);
    assert_eq!(parsed.rules.len(), 2);
    let (engine, not_run) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    assert_eq!((engine.rules().len(), not_run.len()), (1, 1));
    assert_eq!(not_run[0].cause, Cause::Correlation);
    assert_eq!(not_run[0].reason, "the rule 'nobody' is not loaded");
}
