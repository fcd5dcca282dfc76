//! Zeek's logs: header, types, escapes, what does not fit. Samples after docs.zeek.org, "Zeek TSV Format Logs".

use super::*;
use crate::text::trial::{NOW, all, resumes};
use event::{Nanos, Value};
use proptest::prelude::*;

const HEADER: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
    #open\t2023-09-06-01-19-23\n#fields\tts\tuid\tid.orig_p\tlocal\ttunnel_parents\tservice\tduration\n\
    #types\ttime\tstring\tport\tbool\tset[string]\tstring\tinterval\n";

#[test]
fn a_line_by_its_header() {
    let text = format!(
        "{HEADER}1694002763.123456\tC1\t443\tT\ta,b\\x2cc\t-\t0.5\n1694002764.0\t(empty)\tx\tF\t(empty)\t\\\\a\\x09\t-\n\
         #close\t2023-09-06-02-00-00\n"
    );
    let (events, skipped) = all(read, text.as_bytes());
    assert_eq!(skipped, []);
    let shown: Vec<_> = events.iter().map(|e| format!("{} {}", e.dataset, e.fields_json())).collect();
    assert_eq!(
        shown,
        [
            r#"zeek.conn {"ts":1694002763.123456,"uid":"C1","id.orig_p":443,"local":true,"tunnel_parents":["a","b,c"],"duration":0.5}"#,
            r#"zeek.conn {"ts":1694002764.0,"uid":"","id.orig_p":"x","local":false,"tunnel_parents":[],"service":"\\a\t"}"#,
        ]
    );
    assert_eq!(events[0].time, Nanos(1_694_002_763_123_456_000));
    assert_eq!(
        (events[1].place.record, events[1].place.offset as usize),
        (2, text.find("1694002764").unwrap())
    );
    resumes(read, text.as_bytes());
}

#[test]
fn joined_logs_other_separators_and_lines_that_do_not_fit() {
    let text = "1\t2\n#separator \\x20\n#path http\n#fields ts host\n#types time string\n1694002763 a\n1694002763 a b\n\
        #separator \\x09\n#fields\tts\tts\n1694002763\t2\n#no header\n";
    let (events, skipped) = all(read, text.as_bytes());
    let shown: Vec<_> = events.iter().map(|e| format!("{} {}", e.dataset, e.place.record)).collect();
    assert_eq!(shown, ["zeek.other 1", "zeek.http 2", "zeek.http 3", "zeek.other 4", "zeek.other 5"]);
    let reasons: Vec<_> = skipped.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "line 1: no #fields line came before it; kept as text",
            "line 7: 3 values where #fields names 2; kept as text",
            "line 11: 1 values where #fields names 2; kept as text",
        ]
    );
    assert_eq!(events[3].fields_json(), r#"{"ts":"1694002763","ts_2":"2"}"#);
    assert_eq!(events[0].time, NOW);
    assert_eq!(events[2].get("message"), Some(&Value::from("1694002763 a b")));
    resumes(read, text.as_bytes());
}

#[test]
fn a_log_of_header_lines_says_so() {
    let (events, skipped) = all(read, HEADER.as_bytes());
    assert_eq!((events.len(), skipped.len()), (0, 1));
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..300), header: bool) {
        let mut text = if header { HEADER.as_bytes().to_vec() } else { vec![] };
        text.extend(bytes);
        all(read, &text);
    }

    #[test]
    fn a_good_line_between_bad_ones_survives(before in "[^#\n]{0,60}", after in "[^\n]{0,60}") {
        let good = "1694002763.5\tgood\t1\tT\t-\t-\t-";
        let text = format!("{HEADER}{before}\n{good}\n{after}\n");
        let (events, _) = all(read, text.as_bytes());
        prop_assert!(events.iter().any(|e| e.text("uid").as_deref() == Some("good")));
    }
}
