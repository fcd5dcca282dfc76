//! CEF after the samples of its standard ("Implementing ArcSight Common Event Format (CEF)", version 25).

use crate::{
    syslog::read,
    text::trial::{all, resumes},
};
use event::{Event, Nanos};
use proptest::prelude::*;

fn one(line: &str) -> Event {
    let (mut events, skipped) = all(read, line.as_bytes());
    assert_eq!((events.len(), skipped.len()), (1, 0), "{line}: {skipped:?}");
    events.remove(0)
}

#[test]
fn the_samples_of_the_standard() {
    let event =
        one("Sep 19 08:26:10 host CEF:0|security|threatmanager|1.0|100|detected a \\| in message|10|\
         src=10.0.0.1 act=blocked a | dst=1.1.1.1");
    for (name, want) in [
        ("host.hostname", "host"),
        ("name", "detected a | in message"),
        ("message", "detected a | in message"),
        ("src", "10.0.0.1"),
        ("source.ip", "10.0.0.1"),
        ("act", "blocked a |"),
        ("event.action", "blocked a |"),
        ("destination.ip", "1.1.1.1"),
        ("severity", "10"),
        ("log.level", "critical"),
        ("event.code", "100"),
    ] {
        assert_eq!(event.text(name).as_deref(), Some(want), "{name}");
    }
    assert_eq!(&*event.dataset, "cef.threatmanager");
    let event = one(
        "CEF:0|security|threatmanager|1.0|100|detected a \\\\ in packet|10|src=10.0.0.1 act=blocked a \\\\ dst=1.1.1.1",
    );
    assert_eq!(event.text("name").as_deref(), Some("detected a \\ in packet"));
    assert_eq!(event.text("act").as_deref(), Some("blocked a \\"));
    let event = one(
        "CEF:0|security|threatmanager|1.0|100|detected a = in message|10|src=10.0.0.1 act=blocked a \\= dst=1.1.1.1",
    );
    assert_eq!(event.text("act").as_deref(), Some("blocked a ="));
    let event = one(
        "CEF:0|s|t|1.0|100|x|10|msg=Detected a threat.\\n No action needed. cs1=a b cs1Label=Policy Name spt=4711",
    );
    assert_eq!(event.text("message").as_deref(), Some("Detected a threat.\n No action needed."));
    assert_eq!(event.text("Policy_Name").as_deref(), Some("a b"));
    assert_eq!(event.text("source.port").as_deref(), Some("4711"));
}

#[test]
fn times_in_the_standards_shapes() {
    let want = Nanos(1_700_000_000_123_000_000);
    for rt in [
        "1700000000123",
        "Nov 14 22:13:20.123",
        "Nov 14 22:13:20.123 GMT",
        "Nov 14 2023 22:13:20.123",
        "Nov 14 2023 22:13:20.123 UTC",
        "Nov 14 2023 23:13:20.123 CET",
    ] {
        let event = one(&format!("Jan  1 00:00:00 h CEF:0|a|b|1|2|c|3|rt={rt} src=10.0.0.1"));
        assert_eq!(event.time, want, "{rt}");
        assert_eq!(event.get("year_guessed").is_some(), !rt.contains("2023") && !rt.starts_with('1'), "{rt}");
    }
    assert_eq!(one("2023-11-14T22:13:20.123Z h CEF:0|a|b|1|2|c|3|").time, want);
    assert!(one("CEF:0|a|b|1|2|c|3|").get("time_missing").is_some());
}

#[test]
fn values_keep_what_is_theirs() {
    for (extension, name, want) in [
        ("request=http://x/?a=1&b=2 act=x", "request", "http://x/?a=1&b=2"),
        ("filePath=C:\\Users\\new\\readme.txt act=x", "filePath", "C:\\Users\\new\\readme.txt"),
        ("filePath=C:\\\\Users\\\\bob act=x", "filePath", "C:\\Users\\bob"),
        ("msg=  act=x", "act", "x"),
        ("lone words act=x", "extension", "lone words"),
        ("a=N/b=c", "a", "N/b=c"),
        ("a=N/b=c", "N/b", "c"),
        ("cs1Label=src cs1=evil src=10.0.0.1", "src", "10.0.0.1"),
        ("ad.field[0]=x y", "ad.field[0]", "x y"),
        ("a=1 a=2 b=3", "b", "3"),
    ] {
        let event = one(&format!("CEF:0|a|b|1|2|c|3|{extension}"));
        assert_eq!(event.text(name).as_deref(), Some(want), "{extension}");
    }
    let broken = all(read, b"CEF:0|a|b|c");
    assert_eq!((broken.0.len(), broken.1.len()), (1, 1));
    assert_eq!(broken.0[0].text("message").as_deref(), Some("CEF:0|a|b|c"));
    // A message that speaks of CEF is a message.
    let event = one("Mar  8 15:18:40 h app[1]: could not send CEF:0|a|b|1|2|c|3|x=y");
    assert_eq!(event.text("process.name").as_deref(), Some("app"));
    assert!(event.get("deviceVendor").is_none());
    // What stands before a record is kept whatever it is.
    let event = one("some relay here CEF:0|a|b|1|2|c|3|x=y");
    assert_eq!(event.text("log.syslog.header").as_deref(), Some("some relay here"));
}

proptest! {
    #[test]
    fn any_record_is_one_event(
        header in "[^\n\r]{0,40}",
        extension in "([a-z]{1,4}=|=|\\\\|\\\\=|\\\\n| |é|\\||cs1=|cs1Label=|rt=|src=|[0-9]{1,13}){0,30}",
    ) {
        for line in [format!("CEF:0|{header}"), format!("CEF:0|a|b|1|2|c|3|{extension}")] {
            let (events, _) = all(read, line.as_bytes());
            prop_assert_eq!(events.len(), 1);
            let mut names: Vec<_> = events[0].fields.iter().map(|(n, _)| n).collect();
            names.sort();
            names.dedup();
            prop_assert_eq!(names.len(), events[0].fields.len());
            resumes(read, format!("{line}\n{line}\n\n{line}\n{line}").as_bytes());
        }
    }

    #[test]
    fn escaped_values_come_back(value in "[a-zA-Z=|\\\\]{1,20}( [a-zA-Z=|\\\\]{1,20}){0,3}") {
        let escaped = value.replace('\\', "\\\\").replace('=', "\\=");
        let event = one(&format!("CEF:0|a|b|1|2|c|3|a=1 v={escaped} z=2"));
        prop_assert_eq!(event.text("v").unwrap().into_owned(), value);
    }
}
