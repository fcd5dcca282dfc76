//! Processing pipelines: cases after pySigma's documentation of its YAML format.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use detect::sigma::{Pipeline, Pipelines};
use detect::{Cause, Engine, Mapping, sigma};
use serde_json::{Value as Json, json};

fn pipelines(texts: &[&str]) -> Pipelines {
    Pipelines::new(texts.iter().map(|t| Pipeline::parse(t).unwrap()).collect())
}

fn rule(detection: &str) -> String {
    let lines: String = detection.lines().map(|l| format!("  {l}\n")).collect();
    format!(
        "title: t\ntags: [attack.t1059]\nlogsource: {{product: windows, category: test}}\ndetection:\n{lines}"
    )
}

fn engine(detection: &str, pipeline: &str) -> Engine {
    let text = rule(detection);
    let parsed = sigma::parse_with(&text, &pipelines(&[pipeline]));
    assert!(parsed.errors.is_empty(), "{}", parsed.errors[0].render(&text, "rule"));
    Engine::build(parsed.rules, &Mapping::ignoring_logsource()).0
}

#[track_caller]
fn check(detection: &str, steps: &str, cases: &[(Json, bool)]) {
    let engine = engine(detection, &format!("transformations:\n{steps}"));
    for (fields, want) in cases {
        let mut hits = Vec::new();
        engine.scan(&support::flat(fields), &mut hits);
        assert_eq!(!hits.is_empty(), *want, "{steps} on {fields}");
    }
}

#[test]
fn fields_get_other_names() {
    let detection = "s:\n  A|contains: x\n  B: y\ncondition: s";
    check(
        detection,
        "  - {type: field_name_mapping, mapping: {A: a.name, B: [b1, b2]}}",
        &[
            (json!({"a.name": "axa", "b1": "y"}), true),
            (json!({"a.name": "axa", "b2": "y"}), true),
            (json!({"A": "x", "B": "y"}), false),
        ],
    );
    check(
        "s: {win.A: x, lin.A: z}\ncondition: s",
        "  - {type: field_name_prefix_mapping, mapping: {win.: w_}}",
        &[(json!({"w_A": "x", "lin.A": "z"}), true)],
    );
    check(
        "s: {A: x}\ncondition: s",
        "  - {type: field_name_prefix, prefix: p.}",
        &[(json!({"p.A": "x"}), true)],
    );
    check(
        "s: {A: x}\ncondition: s",
        "  - {type: field_name_suffix, suffix: .s}",
        &[(json!({"A.s": "x"}), true)],
    );
    check(
        "s: {A|fieldref: B}\ncondition: s",
        "  - {type: field_name_mapping, mapping: {B: b}}",
        &[(json!({"A": "x", "b": "X"}), true), (json!({"A": "x", "B": "X"}), false)],
    );
    check(
        "k: [word]\ncondition: k",
        "  - {type: field_name_prefix, prefix: p.}",
        &[(json!({"x": "a word"}), true)],
    );
}

#[test]
fn several_values_of_one_written_value_are_alternatives_under_all() {
    let steps = "  - {type: value_placeholders}";
    let detection = "s:\n  A|expand|contains|all: ['%v%', z]\ncondition: s";
    let engine = engine(detection, &format!("vars: {{v: [x, y]}}\ntransformations:\n{steps}"));
    for (value, want) in [("xz", true), ("yz", true), ("xy", false), ("z", false)] {
        let mut hits = Vec::new();
        engine.scan(&support::flat(&json!({ "A": value })), &mut hits);
        assert_eq!(!hits.is_empty(), want, "{value}");
    }
    check(
        "s:\n  A|contains|all: [a, b]\ncondition: s",
        "  - {type: map_string, mapping: {a: [x, y]}}",
        &[(json!({"A": "yb"}), true), (json!({"A": "bx"}), true), (json!({"A": "xy"}), false)],
    );
}

#[test]
fn what_changes_no_match_is_taken_and_said() {
    let text = "name: p\ntransformations:\n  - {type: add_field, field: [x, y]}\n  - {id: own, type: set_custom_attribute, \
                attribute: a, value: b}\n  - {type: remove_field, field: x}\n  - {type: set_field, fields: [x]}\n  \
                - type: field_name_suffix\n    suffix: s\n    rule_conditions: [{type: processing_item_applied, \
                processing_item_id: own}]\n";
    let pipeline = Pipeline::parse(text).unwrap();
    assert_eq!(pipeline.notes().len(), 4);
    assert_eq!(
        pipeline.notes()[1],
        "item 'own' (set_custom_attribute) does nothing here: rules have no other attributes"
    );
    let parsed = sigma::parse_with(&rule("s: {A: x}\ncondition: s"), &Pipelines::new(vec![pipeline]));
    assert_eq!(parsed.rules[0].pipelines, ["p: 5"]);
    let wrong = Pipeline::parse("transformations: [{type: add_field}]").unwrap_err();
    assert!(wrong.reason.contains("field is missing"), "{wrong}");
}

#[test]
fn nested_items_are_applied_where_the_outer_one_is() {
    let nest = |product: &str| {
        format!(
            "  - type: nest\n    rule_conditions: [{{type: logsource, product: {product}}}]\n    items:\n      \
             - {{type: change_logsource, product: zeek, service: conn}}\n      \
             - {{type: field_name_mapping, mapping: {{A: b}}}}\n"
        )
    };
    let detection = "s: {A: x}\ncondition: s";
    check(detection, &nest("windows"), &[(json!({"b": "x"}), true), (json!({"A": "x"}), false)]);
    check(detection, &nest("linux"), &[(json!({"A": "x"}), true)]);
    let parsed = sigma::parse_with(
        &rule(detection),
        &pipelines(&[&format!("name: p\ntransformations:\n{}", nest("windows"))]),
    );
    assert_eq!(parsed.rules[0].pipelines, ["p: 1.1", "p: 1.2"]);
    let no = pipelines(&["transformations:\n  - {type: nest, items: [{type: rule_failure, message: no}]}\n"]);
    assert_eq!(sigma::parse_with(&rule(detection), &no).errors.len(), 1);
    assert!(sigma::parse_with(&rule(detection), &no.renaming()).errors.is_empty());
}

#[test]
fn a_field_of_two_names_differs_under_both() {
    check(
        "s:\n  A|neq: x\ncondition: s",
        "  - {type: field_name_mapping, mapping: {A: [b, c]}}",
        &[(json!({"b": "y", "c": "y"}), true), (json!({"b": "x", "c": "y"}), false)],
    );
}

#[test]
fn conditions_choose_what_is_changed() {
    let detection = "s: {A: x, B: y}\ncondition: s";
    let with = |conditions: &str| format!("  - type: field_name_suffix\n    suffix: 2\n    {conditions}");
    for (conditions, fields) in [
        ("rule_conditions: [{type: logsource, product: windows}]", json!({"A2": "x", "B2": "y"})),
        ("rule_conditions: [{type: logsource, product: linux}]", json!({"A": "x", "B": "y"})),
        (
            "rule_cond_op: or\n    rule_conditions: [{type: logsource, product: linux}, {type: contains_field, field: A}]",
            json!({"A2": "x", "B2": "y"}),
        ),
        (
            "rule_cond_not: true\n    rule_conditions: [{type: logsource, product: windows}]",
            json!({"A": "x", "B": "y"}),
        ),
        (
            "rule_conditions: [{type: contains_detection_item, field: A, value: x}]",
            json!({"A2": "x", "B2": "y"}),
        ),
        (
            "rule_conditions: [{type: contains_detection_item, field: A, value: y}]",
            json!({"A": "x", "B": "y"}),
        ),
        ("rule_conditions: [{type: tag, tag: attack.t1059}]", json!({"A2": "x", "B2": "y"})),
        ("rule_conditions: [{type: is_sigma_correlation_rule}]", json!({"A": "x", "B": "y"})),
        ("field_name_conditions: [{type: include_fields, fields: [A]}]", json!({"A2": "x", "B": "y"})),
        ("field_name_conditions: [{type: exclude_fields, fields: [A]}]", json!({"A": "x", "B2": "y"})),
        (
            "field_name_conditions: [{type: include_fields, mode: re, fields: ['[B-Z]']}]",
            json!({"A": "x", "B2": "y"}),
        ),
        (
            "detection_item_conditions: [{type: match_string, cond: any, pattern: 'x|z'}]",
            json!({"A2": "x", "B": "y"}),
        ),
        (
            "detection_item_conditions: [{type: match_string, cond: all, pattern: x, negate: true}]",
            json!({"A": "x", "B2": "y"}),
        ),
        (
            "detection_item_conditions: [{type: match_value, cond: any, value: y}]",
            json!({"A": "x", "B2": "y"}),
        ),
        ("detection_item_conditions: [{type: contains_wildcard, cond: any}]", json!({"A": "x", "B": "y"})),
        ("detection_item_conditions: [{type: is_null, cond: any}]", json!({"A": "x", "B": "y"})),
    ] {
        check(detection, &with(conditions), &[(fields, true)]);
    }
}

#[test]
fn steps_see_what_earlier_ones_did() {
    let first =
        "  - {id: one, type: field_name_mapping, mapping: {A: a}}\n  - {type: set_state, key: k, val: v}\n";
    for (conditions, b) in [
        ("rule_conditions: [{type: processing_item_applied, processing_item_id: one}]", "Bs"),
        ("rule_conditions: [{type: processing_item_applied, processing_item_id: two}]", "B"),
        ("rule_conditions: [{type: processing_state, key: k, val: v}]", "Bs"),
        ("rule_conditions: [{type: processing_state, key: k, val: w}]", "B"),
    ] {
        let then = format!(
            "{first}  - type: field_name_suffix\n    suffix: s\n    {conditions}\n    \
             field_name_conditions: [{{type: include_fields, fields: [B]}}]"
        );
        check("s: {A: x, B: y}\ncondition: s", &then, &[(json!({"a": "x", b: "y"}), true)]);
    }
    let not_again = format!(
        "{first}  - type: field_name_suffix\n    suffix: s\n    field_name_cond_not: true\n    \
         field_name_conditions: [{{type: processing_item_applied, processing_item_id: one}}]"
    );
    check("s: {A: x, B: y}\ncondition: s", &not_again, &[(json!({"a": "x", "Bs": "y"}), true)]);
}

#[test]
fn items_can_be_dropped() {
    let drop =
        "  - type: drop_detection_item\n    field_name_conditions: [{type: include_fields, fields: [A]}]";
    check("s: {A: x, B: y}\ncondition: s", drop, &[(json!({"B": "y"}), true), (json!({"A": "x"}), false)]);
    check("s: {A: x}\nt: {B: y}\ncondition: s and t", drop, &[(json!({"B": "y"}), true)]);
    check(
        "s: {A: x}\nt: {B: y}\ncondition: all of them",
        drop,
        &[(json!({"B": "y"}), true), (json!({}), false)],
    );
    check("s: {A: x}\nt: {B: y}\ncondition: t and not s", drop, &[(json!({"A": "x", "B": "y"}), true)]);
    let text = rule("s: {A: x}\ncondition: s");
    let parsed = sigma::parse_with(&text, &pipelines(&[&format!("transformations:\n{drop}")]));
    assert!(parsed.errors[0].reason.contains("dropped every field"), "{}", parsed.errors[0]);
}

#[test]
fn conditions_and_log_sources_can_be_added() {
    let add = "  - {type: add_condition, conditions: {index: [main, other], src: '$product-$category'}, template: true}";
    check(
        "s: {A: x}\nt: {A: y}\ncondition: 1 of them",
        add,
        &[
            (json!({"A": "x", "index": "other", "src": "windows-test"}), true),
            (json!({"A": "x", "index": "else", "src": "windows-test"}), false),
            (json!({"index": "main", "src": "windows-test"}), false),
        ],
    );
    check(
        "s: {A: x}\ncondition: s",
        "  - {type: add_condition, conditions: {host: lab}, negated: true}",
        &[(json!({"A": "x"}), true), (json!({"A": "x", "host": "LAB"}), false)],
    );
    let parsed = sigma::parse_with(
        &rule("s: {A: x}\ncondition: s"),
        &pipelines(&[
            "name: p\ntransformations:\n  - {id: c, type: change_logsource, product: zeek, service: conn}",
        ]),
    );
    assert_eq!(parsed.rules[0].logsource.to_string(), "zeek/conn");
    assert_eq!(parsed.rules[0].pipelines, ["p: c"]);
}

#[test]
fn values_can_be_replaced() {
    let replace = |regex: &str, by: &str, more: &str| {
        format!("  - {{type: replace_string, regex: '{regex}', replacement: '{by}'{more}}}")
    };
    check(
        r"s: {A: 'C:\Users\\*\x.exe'}
condition: s",
        &replace(r"^C:\\", r"D:\\", ""),
        &[(json!({"A": r"D:\Users\bob\x.exe"}), true), (json!({"A": r"C:\Users\bob\x.exe"}), false)],
    );
    check(
        "s: {A|endswith: ab}\ncondition: s",
        &replace("(a)(b)", r"\2\1", ""),
        &[(json!({"A": "xba"}), true)],
    );
    check(
        "s: {A: 'a*b'}\ncondition: s",
        &replace(r"\*", "-", ""),
        &[(json!({"A": "a-b"}), true), (json!({"A": "axb"}), false)],
    );
    check(
        "s: {A: 'a*b'}\ncondition: s",
        &replace("b", "?", ", skip_special: true"),
        &[(json!({"A": "axx?"}), true), (json!({"A": "axxb"}), false)],
    );
    check("s: {A|re: 'a.b'}\ncondition: s", &replace("a", "z", ""), &[(json!({"A": "axb"}), true)]);
    check("s: {A: 12}\ncondition: s", &replace("1", "3", ""), &[(json!({"A": 32}), true)]);
    check(
        "s: {A: [x, y]}\ncondition: s",
        "  - {type: map_string, mapping: {x: [one, two*]}}",
        &[
            (json!({"A": "one"}), true),
            (json!({"A": "twofold"}), true),
            (json!({"A": "y"}), true),
            (json!({"A": "x"}), false),
        ],
    );
}

#[test]
fn placeholders_get_their_values() {
    let detection = "s:\n  User|expand: '%domain%/%admins%'\ncondition: s";
    let vars = "vars:\n  admins: [ann, 'adm_*']\n  domain: ACME\n";
    for steps in ["", "transformations:\n  - {type: value_placeholders}\n"] {
        let engine = engine(detection, &format!("{vars}{steps}"));
        for (user, want) in [("acme/ann", true), ("ACME/adm_x", true), ("ACME/bob", false)] {
            let mut hits = Vec::new();
            engine.scan(&support::flat(&json!({"User": user})), &mut hits);
            assert_eq!(!hits.is_empty(), want, "{user} {steps}");
        }
    }
    let some = format!("{vars}transformations:\n  - {{type: value_placeholders, include: [domain]}}\n");
    let text = rule(detection);
    let parsed = sigma::parse_with(&text, &pipelines(&[&some]));
    assert_eq!(parsed.rules[0].placeholders(), ["admins"]);
    let (_, not_run) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    assert_eq!(not_run[0].cause, Cause::NeedsConfiguration);
    let wild = engine(
        "s: {User|expand: 'x%admins%'}\ncondition: s",
        "transformations: [{type: wildcard_placeholders}]",
    );
    let mut hits = Vec::new();
    wild.scan(&support::flat(&json!({"User": "xyz"})), &mut hits);
    assert_eq!(hits.len(), 1);
    // A value with percent signs is a value, no placeholder.
    let percent = engine("s: {P|expand: '%p%'}\ncondition: s", "vars: {p: '%TEMP%'}");
    percent.scan(&support::flat(&json!({"P": "%temp%"})), &mut hits);
    assert_eq!(hits.len(), 2);
}

#[test]
fn changed_rules_are_not_kept_under_their_text() {
    let text = rule("s: {User|expand: '%v%'}\ncondition: s");
    let kept = |pipeline: &str| {
        let parsed = sigma::parse_with(&text, &pipelines(&[pipeline]));
        sigma::cache::to_bytes(&text, &parsed).is_some()
    };
    assert!(!kept("vars: {v: x}"));
    assert!(!kept("transformations: [{type: field_name_prefix, prefix: p.}]"));
    assert!(kept("transformations: [{type: map_string, mapping: {q: r}}]"));
}

#[test]
fn a_pipeline_can_refuse_a_rule() {
    let text = rule("s:\n  A: x\ncondition: s");
    let refused = |step: &str| {
        let pipelines = pipelines(&[&format!("name: p\ntransformations: [{step}]")]);
        let parsed = sigma::parse_with(&format!("{text}---\n{text}"), &pipelines);
        assert_eq!((parsed.rules.len(), parsed.errors.len()), (0, 2));
        parsed.errors[0].clone()
    };
    let error = refused("{id: no, type: rule_failure, message: not here}");
    assert_eq!(error.reason, "refused by the pipeline 'p', item 'no': not here");
    let error = refused("{type: detection_item_failure, message: not A}");
    assert_eq!((error.line, error.path.as_str()), (6, "detection.A"));
}

#[test]
fn pipelines_go_by_priority() {
    let late = "name: late\npriority: 20\ntransformations: [{type: field_name_suffix, suffix: '2'}]";
    let early = "name: early\npriority: 10\ntransformations: [{type: field_name_suffix, suffix: '1'}]";
    let parsed = sigma::parse_with(&rule("s: {A: x}\ncondition: s"), &pipelines(&[late, early]));
    assert_eq!(parsed.rules[0].pipelines, ["early: 1", "late: 1"]);
    let (engine, _) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    let mut hits = Vec::new();
    engine.scan(&support::flat(&json!({"A12": "x"})), &mut hits);
    assert_eq!(hits.len(), 1);
}

#[test]
fn filters_and_correlations_are_renamed_too() {
    let text = format!(
        "{}name: base\n---\ntitle: f\nlogsource: {{product: windows}}\nfilter:\n  rules: any\n  s: {{A: no}}\n  \
         condition: s\n---\ntitle: k\ncorrelation:\n  type: value_count\n  rules: [base]\n  group-by: [B, alias]\n  \
         aliases: {{alias: {{base: C}}}}\n  timespan: 1m\n  condition: {{field: D, gte: 1}}\n",
        rule("s: {A|contains: n}\ncondition: s")
    );
    let parsed =
        sigma::parse_with(&text, &pipelines(&["transformations: [{type: field_name_prefix, prefix: n.}]"]));
    assert!(parsed.errors.is_empty(), "{}", parsed.errors[0]);
    let (engine, not_run) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    assert!(not_run.is_empty(), "{not_run:?}");
    for (a, want) in [("no", 0), ("now", 1)] {
        let event = support::flat(&json!({"n.A": a, "n.B": "b", "n.C": "c", "n.D": "d"}));
        let mut c = detect::correlate::Correlator::new(&engine, Default::default());
        c.scan(&event, Default::default(), &mut Default::default(), &mut Vec::new());
        let fired = c.finish().fired;
        assert_eq!(fired.len(), want);
        if want == 1 {
            assert_eq!(fired[0].group, [("n.B".into(), "b".into()), ("alias".into(), "c".into())]);
        }
    }
}

#[test]
fn what_is_unknown_is_refused_with_its_place() {
    for (text, place, word) in [
        ("transformations:\n  - type: frobnicate\n", (2, 11), "unknown transformation 'frobnicate'"),
        ("transformations:\n  - type: query_expression_placeholders\n", (2, 11), "value_placeholders"),
        ("transformations:\n  - {type: http_placeholders}\n", (2, 12), "network"),
        ("transformations:\n  - type: field_name_prefix\n", (2, 5), "prefix is missing"),
        (
            "transformations:\n  - type: field_name_prefix\n    prefix: x\n    colour: red\n",
            (4, 13),
            "'colour'",
        ),
        (
            "transformations:\n  - type: drop_detection_item\n    rule_conditions: [{type: moon}]\n",
            (3, 30),
            "'moon'",
        ),
        ("transformations:\n  - {type: replace_string, regex: '(', replacement: x}\n", (2, 35), "refused"),
        ("postprocessing:\n  - type: embed\n", (2, 3), "not supported"),
        ("priority: high\n", (1, 11), "number"),
        ("purpose: x\n", (1, 10), "'purpose'"),
        (
            "transformations: [{type: value_placeholders, include: [a], exclude: [b]}]\n",
            (1, 19),
            "don't go together",
        ),
        ("- a\n", (1, 1), "map"),
        ("a: 1\n---\nb: 1\n", (1, 1), "one document"),
    ] {
        let error = Pipeline::parse(text).unwrap_err();
        assert!(error.reason.contains(word), "{text}: {error}");
        assert_eq!((error.line, error.column), place, "{text}: {error}");
    }
}

#[test]
fn texts_beside_a_rule_get_its_names_and_nothing_else() {
    let all = pipelines(&["transformations:\n  - {type: field_name_mapping, mapping: {A: Z}}\n  \
        - {type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [Z]}]}\n  \
        - {type: rule_failure, message: no}\n"]);
    let text = rule("s:\n  A: x\n  B: y\ncondition: s");
    assert!(sigma::parse_with(&text, &all).errors[0].reason.contains("no"));
    let parsed = sigma::parse_with(&text, &all.renaming());
    let (engine, _) = Engine::build(parsed.rules, &Mapping::ignoring_logsource());
    let hits = |fields: Json| {
        let mut hits = Vec::new();
        engine.scan(&support::flat(&fields), &mut hits);
        hits.len()
    };
    assert_eq!((hits(json!({"Z": "x", "B": "y"})), hits(json!({"B": "y"}))), (1, 0));
}

#[test]
fn a_pipeline_without_a_name_is_called_as_the_caller_calls_it() {
    let text = rule("s:\n  A|expand: '%v%'\ncondition: s");
    let one = |text: &str| Pipeline::parse(text).unwrap().or_named("file");
    let steps = |p: Pipeline| sigma::parse_with(&text, &Pipelines::new(vec![p])).rules.remove(0).pipelines;
    assert_eq!(steps(one("vars: {v: 1}")), ["file: vars"]);
    let named = one("\u{feff}vars: {v: 1}\nname: own");
    assert_eq!((named.name_at().line, named.name_at().column), (2, 7));
    assert_eq!(steps(named), ["own: vars"]);
}
