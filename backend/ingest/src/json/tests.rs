//! JSON in all arrangements and shapes, and what is broken between them.

use super::*;
use crate::text::{
    LONGEST,
    trial::{NOW, all, resumes},
};
use event::{Event, Nanos, Skipped};
use proptest::prelude::*;

fn events(text: &str) -> Vec<Event> {
    let (events, skipped) = all(read, text.as_bytes());
    assert_eq!(skipped, [], "{text}");
    events
}

fn one(text: &str) -> Event {
    let mut all = events(text);
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0)
}

fn shown(event: &Event) -> String {
    format!("{} {}", event.dataset, event.fields_json())
}

fn messages(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|e| e.text("message").map(|t| t.into_owned()).unwrap_or_else(|| e.fields_json()))
        .collect()
}

#[test]
fn every_arrangement_gives_the_same_objects() {
    let first = r#"{"time":"2024-01-01T00:00:00Z","a":1}"#;
    let pretty = "{\n  \"time\": \"2024-01-01T00:00:00Z\",\n  \"a\": 1\n}";
    for text in [
        format!("{first}\n{first}\n"),
        format!("\u{feff}{first}\r\n\r\n{first}"),
        format!("[{first},{first}]"),
        format!("[\n {first},\n {first}\n]\n"),
        format!("{pretty}\n{pretty}"),
        format!("{pretty}{pretty}"),
        format!("[{pretty}, {pretty}]"),
        format!("{{\"Records\":[{first},{first}]}}"),
        format!("{{ \"Records\" : [\n{pretty},\n{pretty}\n]\n}}\n"),
        format!("Record 1\n{pretty}\nRecord 2\n{pretty}\n"),
        format!("[{first}]\n[{first}]"),
    ] {
        let all = events(&text);
        assert_eq!(all.len(), 2, "{text}");
        for (n, event) in all.iter().enumerate() {
            assert_eq!(event.fields_json(), first, "{text}");
            assert_eq!((event.place.record, event.time), (n as u64 + 1, Nanos(1_704_067_200_000_000_000)));
            let from = event.place.offset as usize;
            let raw = &text.as_bytes()[from..from + event.place.len as usize];
            assert!(raw.starts_with(b"{") && raw.ends_with(b"}"), "{text}");
        }
        assert_ne!(all[0].identity, all[1].identity);
        resumes(read, text.as_bytes());
    }
}

#[test]
fn broken_lines_become_text_and_good_ones_survive() {
    for (text, want, lines) in [
        ("{\"a\":1}\n{\"a\":\n{\"a\":2}\n", vec![r#"{"a":1"#, "{\"a\":", r#"{"a":2"#], vec![2]),
        ("{\"a\":1}\n{\"a\":\"x\n{\"a\":2}\n", vec![r#"{"a":1"#, "{\"a\":\"x", r#"{"a":2"#], vec![2]),
        ("nonsense\n{\"a\":2}\nmore\n", vec!["nonsense", r#"{"a":2"#, "more"], vec![1, 3]),
        ("{\"a\":1}}\n{\"a\":2}", vec![r#"{"a":1"#, "}", r#"{"a":2"#], vec![1]),
        (
            "[\n  {\"a\":1},\n  {\"a\" 2},\n  {\"a\":3}\n]",
            vec![r#"{"a":1"#, "{\"a\" 2},", r#"{"a":3"#],
            vec![3],
        ),
        (
            "{\n  \"a\": {\n  \"b\" 1\n  }\n}\n{\n  \"a\": 2\n}",
            vec!["{\n  \"a\": {\n  \"b\" 1\n  }\n}", r#"{"a":2"#],
            vec![1],
        ),
        ("{\"a\":1}\n{\"a\":[1,", vec![r#"{"a":1"#, "{\"a\":[1,"], vec![2]),
    ] {
        let (events, skipped) = all(read, text.as_bytes());
        let got = messages(&events);
        assert_eq!(got.len(), want.len(), "{text}: {got:?}");
        assert!(got.iter().zip(&want).all(|(g, w)| g.starts_with(w)), "{text}: {got:?}");
        let named: Vec<_> = skipped
            .iter()
            .map(|s| s.reason.split([' ', ':']).nth(1).unwrap().parse::<u64>().unwrap())
            .collect();
        assert_eq!(named, lines, "{text}: {skipped:?}");
        for s in &skipped {
            let event = events.iter().find(|e| Some(e.place.record) == s.record).unwrap();
            assert!(event.text("parse_error").is_some() && s.offset == Some(event.place.offset));
        }
        resumes(read, text.as_bytes());
    }
}

#[test]
fn what_is_wrong_around_values_is_named() {
    let named = |text: &str| -> Vec<Skipped> { all(read, text.as_bytes()).1 };
    for (text, what) in [
        ("[{\"a\":1},]", "comma before the end"),
        ("[{\"a\":1},,{\"a\":1}]", "comma too many"),
        ("[{\"a\":1} {\"a\":1}]", "no comma"),
        ("[{\"a\":1}", "not closed"),
        ("{\"Records\":[{\"a\":1}]", "not closed"),
        ("{\"Records\":[{\"a\":1}],\"next\":\"x\"}", "beside the records"),
        ("{\"Records\":[{\"a\":1}]]", "does not end"),
        (" \n", "no JSON value"),
    ] {
        let named = named(text);
        assert!(named.iter().any(|s| s.reason.contains(what)), "{text}: {named:?}");
    }
}

#[test]
fn long_records_are_cut_and_the_next_is_read() {
    let long = "x".repeat(LONGEST + 5);
    for text in [
        format!("{{\"a\":\"{long}\"}}\n{{\"b\":1}}"),
        format!("[{{\"a\":\"{long}\"}},{{\"b\":1}}]"),
        format!("{long}\n{{\"b\":1}}"),
        format!("{{\"a\":\"{long}\n{{\"b\":1}}"),
    ] {
        let (events, skipped) = all(read, text.as_bytes());
        assert_eq!((events.len(), skipped.len()), (2, 1), "{}", &text[..40]);
        assert_eq!(events[0].text("message").unwrap().len(), LONGEST);
        assert!(events[0].text("parse_error").is_some());
        assert_eq!(events[1].get("b"), Some(&Value::Int(1)));
    }
    // Never closed, without end: bounded, and said.
    let (events, skipped) = all(read, &vec![b'['; 3 << 20]);
    assert!(events.len() < 10 && !skipped.is_empty(), "{} {}", events.len(), skipped.len());
}

#[test]
fn odd_values_are_kept() {
    let event = one(
        r#"{"a":1,"a":"2","n":1e400,"i":123456789012345678901234567890,"u":18446744073709551615,"e":{},"l":[],
        "f":1.5,"z":null,"o":[{"x":1,"y":true},{"x":2}],"m":[[1],[2,3]],"d":{"e":{"f":"\ud800"}},"d.e.f":"g"}"#,
    );
    assert_eq!(
        event.fields_json(),
        concat!(
            r#"{"a":[1,"2"],"n":"1e400","i":"123456789012345678901234567890","u":18446744073709551615,"e":null,"l":[],"#,
            r#""f":1.5,"z":null,"o.x":[1,2],"o.y":true,"m":[1,2,3],"d.e.f":["�","g"],"time_missing":true}"#
        )
    );
    assert_eq!(event.time, NOW);
    let nested = |n: usize| format!("{}1{}", r#"{"a":"#.repeat(n), "}".repeat(n));
    assert_eq!(all(read, nested(64).as_bytes()).1.len(), 0);
    assert_eq!(all(read, nested(65).as_bytes()).1.len(), 1);
    let scalars: Vec<_> = events("[1,\"two\\n\",null,[3]]").iter().map(shown).collect();
    assert!(scalars[1].contains(r#"{"message":"two\n""#), "{scalars:?}");
    assert_eq!(scalars.len(), 4);
}

#[test]
fn names_can_not_grow_without_bound() {
    let key = "k".repeat(2000);
    let (events, skipped) = all(read, format!("{{\"{key}\":1}}").as_bytes());
    assert_eq!((events.len(), skipped.len()), (1, 1));
    let leaves: Vec<String> = (0..20_000).map(|i| format!("\"l{i}\":1")).collect();
    let text = format!("{{\"{}\":{{{}}}}}", "k".repeat(1000), leaves.join(","));
    assert!(all(read, text.as_bytes()).1[0].reason.contains("too long"));
}

#[test]
fn shapes_by_what_is_in_them() {
    for (text, want) in [
        (
            // NXLog's flat lines, as in the shared data.
            r#"{"SourceName":"P","TimeCreated":"2020-10-19 03:30:41.104","Hostname":"PC","Task":"104","Channel":"Security","EventID":1102}"#,
            r#"windows.security {"Provider_Name":"P","TimeCreated":"2020-10-19 03:30:41.104","Computer":"PC","Task":104,"Channel":"Security","EventID":1102}"#,
        ),
        (
            // Elastic's documentation of Winlogbeat 8, "Exported fields".
            r#"{"@timestamp":"2024-01-01T00:00:00Z","winlog":{"channel":"Security","event_id":"4688","computer_name":"PC","event_data":{"NewProcessName":"a.exe"}},"host":{"name":"pc"}}"#,
            r#"windows.security {"@timestamp":"2024-01-01T00:00:00Z","Channel":"Security","EventID":4688,"Computer":"PC","NewProcessName":"a.exe","host.name":"pc"}"#,
        ),
        (
            // Microsoft's Get-WinEvent through ConvertTo-Json.
            r#"{"Id":4624,"LogName":"Security","ProviderName":"P","MachineName":"PC","TimeCreated":"2024-01-01T00:00:00Z"}"#,
            r#"windows.security {"EventID":4624,"Channel":"Security","Provider_Name":"P","Computer":"PC","TimeCreated":"2024-01-01T00:00:00Z"}"#,
        ),
        (
            r#"{"eventVersion":"1.08","eventTime":"2024-01-01T00:00:00Z","eventSource":"sts.amazonaws.com","eventName":"X","userIdentity":{"type":"Root"}}"#,
            r#"aws.cloudtrail {"eventVersion":"1.08","eventTime":"2024-01-01T00:00:00Z","eventSource":"sts.amazonaws.com","eventName":"X","userIdentity.type":"Root"}"#,
        ),
        (
            r#"{"timestamp":"2026-01-01T00:00:00.000000+0000","event_type":"DNS","src_ip":"1.2.3.4","dns":{"rrname":"x"}}"#,
            r#"suricata.dns {"timestamp":"2026-01-01T00:00:00.000000+0000","event_type":"DNS","src_ip":"1.2.3.4","dns.rrname":"x"}"#,
        ),
        (
            r#"{"_path":"conn","ts":1588205198.89971,"uid":"C","id.orig_h":"1.2.3.4"}"#,
            r#"zeek.conn {"_path":"conn","ts":1588205198.89971,"uid":"C","id.orig_h":"1.2.3.4"}"#,
        ),
        (
            r#"{"@stream":"dns","@proc":"zeek","ts":1588205198.9}"#,
            r#"zeek.dns {"@stream":"dns","@proc":"zeek","ts":1588205198.9}"#,
        ),
        (
            r#"{"ts":1588205198.9,"uid":"C","id.orig_h":"1.2.3.4","conn_state":"SF"}"#,
            r#"zeek.conn {"ts":1588205198.9,"uid":"C","id.orig_h":"1.2.3.4","conn_state":"SF"}"#,
        ),
        (
            r#"{"@timestamp":"2024-01-01T00:00:00Z","event":{"dataset":"system.auth"}}"#,
            r#"system.auth {"@timestamp":"2024-01-01T00:00:00Z","event.dataset":"system.auth"}"#,
        ),
    ] {
        let event = one(text);
        assert_eq!(shown(&event), want);
        assert_ne!(event.time, NOW, "{text}");
    }
    assert_eq!(one(r#"{"_path":"../x y","ts":1588205198.9}"#).dataset.as_ref(), "zeek.other");
}

#[test]
fn a_tree_without_a_time_has_the_same_identity_whenever_it_is_read() {
    let text = r#"{"Event":{"System":{"EventRecordID":7,"Channel":"Security","EventID":1}}}"#;
    let event = one(text);
    assert_eq!((event.place.record, event.time), (7, NOW));
    assert_eq!(event.get("time_missing"), Some(&Value::Bool(true)));
    let later = Origin { now: Nanos(5), ..crate::text::trial::origin(0, 10) };
    let again = crate::text::trial::batches(read, text.as_bytes(), later);
    assert_eq!(again[0].events[0].identity, event.identity);
}

fn any_object() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into)
    ];
    let value = leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((".{0,6}", inner), 0..4)
                .prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    });
    prop::collection::vec(("[a-z]{1,4}", value), 0..5)
        .prop_map(|m| serde_json::Value::Object(m.into_iter().collect()))
}

proptest! {
    #[test]
    fn any_bytes_are_taken_and_all_text_is_somewhere(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (events, _) = all(read, &bytes);
        for event in events {
            prop_assert!((event.place.offset as usize) < bytes.len());
        }
    }

    #[test]
    fn json_like_bytes_are_taken(text in r#"[\[\]{}:,"\\a0\n R1-]{0,120}"#) {
        all(read, text.as_bytes());
        resumes(read, text.as_bytes());
    }

    #[test]
    fn a_good_line_between_bad_ones_survives(bad in prop::collection::vec("[^\n\r]{0,30}", 1..4), good in any_object(), at in 0usize..4) {
        let mut lines = bad.clone();
        let at = at.min(lines.len());
        // What came before may lawfully go on in a list, so only lines that are no beginning of one.
        prop_assume!(lines.iter().all(|l| !l.contains(['[', '{', '"'])));
        let mut good = good;
        good["mark"] = "here".into();
        lines.insert(at, good.to_string());
        let (events, _) = all(read, lines.join("\n").as_bytes());
        prop_assert!(events.iter().any(|e| e.text("mark").as_deref() == Some("here")), "{:?}", lines);
    }

    #[test]
    fn an_unclosed_line_costs_only_itself(cut in 1usize..60, good in any_object()) {
        let mut good = good;
        good["mark"] = "here".into();
        let text = good.to_string();
        let cut = text.floor_char_boundary(cut.min(text.len() - 1));
        let (events, _) = all(read, format!("{}\n{text}\n{text}", &text[..cut]).as_bytes());
        let marked = events.iter().filter(|e| e.text("mark").as_deref() == Some("here")).count();
        prop_assert!(marked >= 2, "{}", text);
    }

    #[test]
    fn objects_come_back_whole(objects in prop::collection::vec(any_object(), 1..6), pretty: bool) {
        let text: Vec<String> = objects
            .iter()
            .map(|o| if pretty { serde_json::to_string_pretty(o).unwrap() } else { o.to_string() })
            .collect();
        let (events, skipped) = all(read, text.join("\n").as_bytes());
        prop_assert_eq!(skipped.len(), 0);
        prop_assert_eq!(events.len(), objects.len());
    }
}

#[test]
fn a_windows_event_keeps_its_record_number_whatever_wrote_it() {
    // NXLog's, Get-WinEvent's and Winlogbeat's names, numbers as text too.
    let text = concat!(
        r#"{"EventID":1,"SourceName":"s","RecordNumber":77,"Channel":"Security"}"#,
        "\n",
        r#"{"Id":1,"ProviderName":"s","LogName":"Security","RecordId":"78"}"#,
        "\n",
        r#"{"winlog":{"channel":"Security","event_id":1,"record_id":79}}"#,
        "\n",
        r#"{"EventRecordID":80,"other":1}"#,
    );
    let (events, _) = all(read, text.as_bytes());
    assert_eq!(events.iter().map(|e| e.place.record).collect::<Vec<_>>(), [77, 78, 79, 4]);
}
