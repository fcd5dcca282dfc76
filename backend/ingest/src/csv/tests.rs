//! Tables: told by content, cut, typed, named, timed. Samples of Windows exports after Microsoft's documentation of
//! Get-WinEvent and Export-Csv and the Event Viewer's "Save as CSV"; EvtxECmd's columns after its README.

use super::*;
use crate::{
    Format, sniff,
    text::{
        LONGEST,
        trial::{NOW, all, resumes},
    },
};
use event::{Event, Nanos, Value};
use proptest::prelude::*;

fn shown(text: &str) -> Vec<String> {
    let (events, skipped) = all(read, text.as_bytes());
    assert_eq!(skipped, [], "{text}");
    resumes(read, text.as_bytes());
    events.iter().map(|e| format!("{} {}", e.dataset, e.fields_json())).collect()
}

fn one(text: &str) -> Event {
    let (mut events, skipped) = all(read, text.as_bytes());
    assert_eq!((events.len(), skipped.len()), (1, 0), "{text}");
    assert_eq!(sniff(text.as_bytes()), Format::Csv, "{text}");
    events.remove(0)
}

#[test]
fn every_delimiter_quote_and_line_end_gives_the_same() {
    let want = [
        r#"csv.other {"time":"2024-01-01T00:00:00Z","a b":1,"text":"x, \"y\"\nz;|\tw"}"#,
        r#"csv.other {"time":"2024-01-01T00:00:01Z","a b":"007","text":"-0"}"#,
    ];
    for apart in [",", ";", "\t", "|"] {
        for end in ["\n", "\r\n"] {
            for front in ["", "\u{feff}"] {
                let lines = [
                    "time,a b,text".replace(',', apart),
                    format!("2024-01-01T00:00:00Z{apart}1{apart}\"x, \"\"y\"\"\nz;|\tw\""),
                    String::new(),
                    "\"2024-01-01T00:00:01Z\",007,-0".replace(',', apart),
                ];
                for last in ["", end] {
                    let text = format!("{front}{}{last}", lines.join(end));
                    assert_eq!(shown(&text), want, "{text:?}");
                    assert_eq!(sniff(text.as_bytes()), Format::Csv, "{text:?}");
                }
            }
        }
    }
    let told = "sep=;\na;b,c\n1;2,5\n";
    assert_eq!(shown(told), [r#"csv.other {"a":1,"b,c":"2,5","time_missing":true}"#]);
}

#[test]
fn places_and_identities_are_those_of_the_source() {
    let text = "\u{feff}a,b\r\n1,\"x\ny\"\r\n\r\n2,z";
    let (events, _) = all(read, text.as_bytes());
    let raw = |e: &Event| {
        let from = e.place.offset as usize;
        text[from..from + e.place.len as usize].to_owned()
    };
    let got: Vec<_> = events.iter().map(|e| (e.place.record, raw(e))).collect();
    assert_eq!(got, [(1, "1,\"x\ny\"".into()), (2, "2,z".into())]);
    assert_ne!(events[0].identity, events[1].identity);
    assert_eq!(events[0].time, NOW);
}

#[test]
fn values_are_text_unless_they_are_whole_numbers() {
    let event =
        one("a,b,c,d,e,f,g,h,i,a\n0,-7,08,1.5,18446744073709551615,99999999999999999999,0x10,+1,,x\n");
    assert_eq!(
        event.fields_json(),
        r#"{"a":0,"b":-7,"c":"08","d":"1.5","e":18446744073709551615,"f":"99999999999999999999","g":"0x10","h":"+1","a_2":"x","time_missing":true}"#
    );
}

#[test]
fn rows_of_other_lengths_are_read_and_noted() {
    let text =
        "time,b,c\n2024-01-01T00:00:00Z\n2024-01-01T00:00:00Z,1,2,3,x\ntime,b,c\n2024-01-01T00:00:00Z,1,2\n";
    let want = [
        r#"csv.other {"time":"2024-01-01T00:00:00Z"}"#,
        r#"csv.other {"time":"2024-01-01T00:00:00Z","b":1,"c":2,"column_4":3,"column_5":"x"}"#,
        r#"csv.other {"time":"2024-01-01T00:00:00Z","b":1,"c":2}"#,
    ];
    assert_eq!(shown(text), want);
    let batches = crate::text::trial::batches(read, text.as_bytes(), crate::text::trial::origin(0, 10));
    let notes: Vec<_> = batches[0].notes.iter().map(|n| n.reason.as_str()).collect();
    assert_eq!(
        notes,
        [
            "has fewer columns than the header line",
            "has more columns than the header line; they are column_N"
        ]
    );
    let odd = all(read, b"a,,time_missing,parse_error,a_2,a\n1,2,3,4,5,6,7\n").0;
    assert_eq!(
        odd[0].fields_json(),
        r#"{"a":1,"column_2":2,"time_missing_2":3,"parse_error":4,"a_2":5,"a_3":6,"column_7":7,"time_missing":true}"#
    );
}

#[test]
fn a_lost_quote_costs_its_own_line() {
    let text = "a,b\n1,2\n3,\"x\n4,5\n6,7\n";
    let (events, skipped) = all(read, text.as_bytes());
    let got: Vec<_> =
        events.iter().map(|e| e.text("message").or(e.text("a")).unwrap().into_owned()).collect();
    assert_eq!(got, ["1", "3,\"x", "4", "6"]);
    assert_eq!(skipped[0].reason, "line 3: a quote is opened and not closed; kept as text");
    assert_eq!(skipped[0].record, Some(2));
    resumes(read, text.as_bytes());
    // Also when more follows than is looked through, and often.
    let mut text = format!("a,b\n1,\"x\n{}", "2,3\n".repeat(400_000));
    text.push_str("4,\"\"\"y\n5,6\n");
    let (events, skipped) = all(read, text.as_bytes());
    assert_eq!((events.len(), skipped.len()), (400_003, 2));
    // A line alone that is too long.
    let text = format!("a,b\n1,{}\n2,3\n", "x".repeat(LONGEST + 300_000));
    let (events, skipped) = all(read, text.as_bytes());
    assert_eq!((events.len(), events[0].text("message").unwrap().len()), (2, LONGEST));
    assert_eq!((events[1].place.offset as usize, events[1].get("b")), (text.len() - 4, Some(&Value::Int(3))));
    assert!(skipped[0].reason.contains("longer than 1 MiB"), "{skipped:?}");
    let wide = format!("a,b\n{}\n2,3\n", ",".repeat(5000));
    assert_eq!(all(read, wide.as_bytes()).1[0].reason, "line 2: more than 4096 columns; kept as text");
}

#[test]
fn windows_exports_have_the_names_that_rules_know() {
    // PowerShell 5.1: a line with the type, times as the country writes them.
    let event = one(concat!(
        "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n",
        "\"Message\",\"Id\",\"Version\",\"Level\",\"RecordId\",\"ProviderName\",\"LogName\",\"ProcessId\",\"MachineName\",\"TimeCreated\",\"LevelDisplayName\"\r\n",
        "\"An account was logged on.\r\n\r\nSubject:\",\"4624\",\"2\",\"0\",\"77\",\"Microsoft-Windows-Security-Auditing\",\"Security\",\"700\",\"PC.corp\",\"1/15/2024 10:22:33 PM\",\"Information\"\r\n",
    ));
    assert_eq!(
        format!("{} {}", event.dataset, event.fields_json()),
        r#"windows.security {"Message":"An account was logged on.\r\n\r\nSubject:","EventID":4624,"Version":2,"Level":0,"EventRecordID":77,"Provider_Name":"Microsoft-Windows-Security-Auditing","Channel":"Security","ProcessId":700,"Computer":"PC.corp","TimeCreated":"1/15/2024 10:22:33 PM","LevelDisplayName":"Information"}"#
    );
    assert_eq!(event.time, Nanos(1_705_357_353_000_000_000));
    // The Event Viewer: a column without a name at the end.
    let event = one(
        "Level,Date and Time,Source,Event ID,Task Category\r\nError,15.01.2024 10:22:33,Service Control Manager,7031,None,\"The service\r\nended.\"\r\n",
    );
    assert_eq!(
        format!("{} {}", event.dataset, event.fields_json()),
        r#"windows.system {"Level":2,"TimeCreated":"15.01.2024 10:22:33","Provider_Name":"Service Control Manager","EventID":7031,"Task Category":"None","Message":"The service\r\nended.","LevelDisplayName":"Error"}"#
    );
    assert_eq!(event.time, Nanos(1_705_314_153_000_000_000));
    let event = one(
        "Keywords,Date and Time,Source,Event ID,Task Category\nAudit Success,1/15/2024 10:22:33 AM,Microsoft-Windows-Security-Auditing,4624,Logon,x\n",
    );
    assert_eq!(&*event.dataset, "windows.security");
    // EvtxECmd.
    let event = one(concat!(
        "RecordNumber,EventRecordId,TimeCreated,EventId,Level,Provider,Channel,Computer,UserName,Payload\n",
        "1,9001,2024-01-15 10:22:33.1234567,1,Info,Microsoft-Windows-Sysmon,Microsoft-Windows-Sysmon/Operational,PC,A\\b,\"{\"\"a\"\":1}\"\n",
    ));
    assert_eq!(&*event.dataset, "windows.sysmon");
    assert_eq!(
        (event.get("EventRecordID"), event.get("RecordNumber")),
        (Some(&Value::Int(9001)), Some(&Value::Int(1)))
    );
    assert_eq!((event.get("EventID"), event.get("Level")), (Some(&Value::Int(1)), Some(&Value::Int(4))));
    assert_eq!(event.time, Nanos(1_705_314_153_123_456_700));
    // Kibana's export of Winlogbeat.
    let event = one(concat!(
        "\"@timestamp\",\"winlog.channel\",\"winlog.event_id\",\"winlog.event_data.CommandLine\",\"host.name\"\n",
        "\"Jan 15, 2024 @ 10:22:33.000\",Security,4688,whoami,pc\n",
    ));
    assert_eq!((event.text("CommandLine").as_deref(), &*event.dataset), (Some("whoami"), "windows.security"));
    assert_eq!(event.time, Nanos(1_705_314_153_000_000_000));
}

#[test]
fn times_as_programs_write_them() {
    let day = 1_704_067_200_i64;
    for (text, seconds, zoned, guessed) in [
        ("2024-01-01 10:00:00.500 +09:00", day + 3600, true, false),
        ("01/02/2024 10:00:00 PM", day + 86_400 + 79_200, false, true),
        ("01-02-2024 10:00:00.000 AM -06:00", day + 86_400 + 57_600, true, true),
        ("02/01/2024 10:00", day + 86_400 + 36_000, false, true),
        ("1/2/2024 10:00", day + 86_400 + 36_000, false, true),
        ("13/01/2024 10:00:00", day + 12 * 86_400 + 36_000, false, false),
        ("01/13/2024 12:00:00 AM", day + 12 * 86_400, false, false),
        ("2.1.2024 10:00:00", day + 86_400 + 36_000, false, false),
        ("2024/01/02 10:00:00", day + 86_400 + 36_000, false, false),
        ("Tue, 2 Jan 2024 10:00:00 -0600", day + 86_400 + 57_600, true, false),
        ("Jan 2, 2024 @ 10:00:00.000", day + 86_400 + 36_000, false, false),
        ("2024-01-02 10:00:00 UTC", day + 86_400 + 36_000, true, false),
        ("2024-01-02 10:00:00 CEST", day + 86_400 + 28_800, true, false),
        ("2024-01-02 10:00:00 UTC+0000", day + 86_400 + 36_000, true, false),
        ("2024-01-02 10:00:00 Europe/Berlin", day + 86_400 + 36_000, false, false),
        ("1704189600", day + 86_400 + 36_000, true, false),
    ] {
        let read = time::of(text, false).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(
            (read.time.0 / 1_000_000_000, read.zoned, read.guessed),
            (seconds, zoned, guessed),
            "{text}"
        );
    }
    for text in [
        "",
        "2024",
        "10:00",
        "01/02/2024",
        "99/99/2024 10:00",
        "a b c",
        "1/2/3 10:00",
        "13:00:00 PM 1.1.2024",
    ] {
        assert_eq!(time::of(text, false), None, "{text}");
    }
    let one_of = |header: &str, row: &str| all(read, format!("{header}\n{row}\n").as_bytes()).0[0].time;
    assert_eq!(one_of("x,Date,Time", "1,2024-01-01,10:00:00"), Nanos((day + 36_000) * 1_000_000_000));
    assert_eq!(
        one_of("x,Last Modified Time", "1,2024-01-01 10:00:00"),
        Nanos((day + 36_000) * 1_000_000_000)
    );
    assert_eq!(
        one_of("timestamp,datetime", "n/a,2024-01-01 10:00:00"),
        Nanos((day + 36_000) * 1_000_000_000)
    );
}

#[test]
fn what_is_no_table_is_not_taken_for_one() {
    for text in [
        "Hello, this is a letter.\nIt has, like this one, commas in it, but no columns.\n",
        "Dear all, hi\nwe meet, soon\nor, perhaps, never\n",
        "Jan  1 00:00:00 host app: a, b\nJan  1 00:00:01 host app: c, d\n",
        "10.0.0.1 - - [01/Jan/2024:00:00:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"a,b\"\n",
        "1,2,3\n4,5,6\n",
        "key=value, other=value\nkey=value, other=value\n",
        "one\ntwo\nthree\n",
        "{\"a\": 1, \"b\"\n",
        "<a,b>\n1,2\n",
    ] {
        assert_ne!(sniff(text.as_bytes()), Format::Csv, "{text}");
    }
    for text in ["", "\n\n", "a,b\n"] {
        assert_eq!(all(read, text.as_bytes()).1.len(), 1, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..300), header: bool) {
        let mut text = if header { b"time,b,c\n".to_vec() } else { vec![] };
        text.extend(bytes);
        is(&text);
        for event in all(read, &text).0 {
            prop_assert!((event.place.offset as usize) < text.len());
            let mut names: Vec<_> = event.fields.iter().map(|f| f.0.clone()).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), event.fields.len());
        }
    }

    #[test]
    fn table_like_text_is_taken_and_resumed(text in "[ab,;\"\n\r0|\t]{0,120}") {
        resumes(read, text.as_bytes());
        is(text.as_bytes());
    }

    #[test]
    fn cells_come_back_whole(rows in prop::collection::vec(prop::collection::vec("[^\u{0}]{0,12}", 3), 1..6)) {
        let quoted = |row: &Vec<String>| {
            row.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect::<Vec<_>>().join(",")
        };
        let text = format!("aa,bb,cc\n{}\n", rows.iter().map(quoted).collect::<Vec<_>>().join("\n"));
        let (events, skipped) = all(read, text.as_bytes());
        prop_assert_eq!((events.len(), skipped.len()), (rows.len(), 0));
        for (event, row) in events.iter().zip(&rows) {
            for (name, cell) in ["aa", "bb", "cc"].iter().zip(row) {
                prop_assert_eq!(event.text(name).unwrap_or_default(), cell.as_str());
            }
        }
    }

    #[test]
    fn any_text_is_a_time_or_none(text in "[0-9/:. +AMPZJanuary,-]{0,30}") {
        time::of(&text, true);
    }
}
