//! LEEF after the samples of its documentation (IBM QRadar DSM guide, "LEEF event components" and "Predefined LEEF
//! event attributes").

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
fn both_versions_and_their_delimiters() {
    for (line, dst) in [
        (
            "LEEF:1.0|Microsoft|MSExchange|4.0 SP1|15345|src=192.0.2.0\tdst=172.50.123.1\tsev=5\tmsg=two words",
            "172.50.123.1",
        ),
        (
            "Jan 18 11:07:53 host LEEF:2.0|Lancope|StealthWatch|1.0|41|^|src=192.0.2.0^dst=172.50.123.1^sev=5^msg=two words",
            "172.50.123.1",
        ),
        ("LEEF:2.0|a|b|1.0|41|x5E|src=192.0.2.0^dst=172.50.123.1^sev=5^msg=two words", "172.50.123.1"),
        ("LEEF:2.0|a|b|1.0|41|0x7c|src=192.0.2.0|dst=172.50.123.1|sev=5|msg=two words", "172.50.123.1"),
        ("LEEF:2.0|a|b|1.0|41||src=192.0.2.0\tdst=1\tsev=5\tmsg=two words", "1"),
        ("LEEF:2.0|a|b|1.0|41|src=192.0.2.0\tdst=1\tsev=5\tmsg=two words", "1"),
    ] {
        let event = one(line);
        for (name, want) in [
            ("src", "192.0.2.0"),
            ("source.ip", "192.0.2.0"),
            ("destination.ip", dst),
            ("sev", "5"),
            ("log.level", "warning"),
            ("message", "two words"),
        ] {
            assert_eq!(event.text(name).as_deref(), Some(want), "{line} {name}");
        }
    }
    assert_eq!(&*one("LEEF:1.0|a|Stealth Watch!|1|2|").dataset, "leef.stealth-watch");
    let event = one("LEEF:1.0|a|b|1|2|k=a=b\tfree text\tz=");
    assert_eq!(event.text("k").as_deref(), Some("a=b\tfree text"));
    assert_eq!(event.get("z").and_then(|z| z.text()).as_deref(), Some(""));
}

#[test]
fn times_as_they_say() {
    for (time, format, want) in [
        ("1700000000123", "", 1_700_000_000_123),
        ("Nov 14 2023 22:13:20", "MMM dd yyyy HH:mm:ss", 1_700_000_000_000),
        ("Nov 14 22:13:20.123", "MMM dd HH:mm:ss.SSS", 1_700_000_000_123),
        ("2023-11-14T22:13:20.123Z", "yyyy-MM-dd'T'HH:mm:ss.SSSX", 1_700_000_000_123),
        ("14/11/2023 11:13:20 PM +0100", "dd/MM/yyyy hh:mm:ss a Z", 1_700_000_000_000),
        ("20231114221320", "yyyyMMddHHmmss", 1_700_000_000_000),
        ("Tue, 14 November 2023 22:13:20 GMT", "EEE, dd MMMM yyyy HH:mm:ss zzz", 1_700_000_000_000),
    ] {
        let event = one(&format!("LEEF:1.0|a|b|1|2|devTime={time}\tdevTimeFormat={format}"));
        assert_eq!(event.time, Nanos(want * 1_000_000), "{time} {format}");
    }
    let event = one("LEEF:1.0|a|b|1|2|devTime=soon\tdevTimeFormat=qq");
    assert!(event.get("time_missing").is_some());
}

proptest! {
    #[test]
    fn any_record_is_one_event(
        header in "[^\n\r]{0,40}",
        rest in "([a-z]{1,4}=|=|\t|\\^| |é|\\||devTime=|devTimeFormat=|[yMdHmsSzaE]{1,4}|'|[0-9]{1,13}){0,30}",
    ) {
        for line in [format!("LEEF:2.0|{header}"), format!("LEEF:2.0|a|b|1|2|^|{rest}"), format!("LEEF:1.0|a|b|1|2|{rest}")] {
            let (events, _) = all(read, line.as_bytes());
            prop_assert_eq!(events.len(), 1);
            resumes(read, format!("{line}\n{line}\n\n{line}\n{line}").as_bytes());
        }
    }
}
