//! Audit records: pairs, quotes, hexadecimal, enriched and user records. Samples after the shared data, audit's
//! own manual pages and its field dictionary.

use super::*;
use crate::text::trial::{NOW, all, resumes};
use event::Nanos;
use proptest::prelude::*;

fn fields(line: &str) -> String {
    let (events, skipped) = all(read, line.as_bytes());
    assert_eq!(skipped, [], "{line}");
    assert_eq!(events[0].time, Nanos(1_604_996_384_965_000_000));
    events[0].fields_json()
}

#[test]
fn records_of_all_kinds() {
    let stamp = "msg=audit(1604996384.965:93777)";
    let head = |kind: &str| format!(r#""type":"{kind}","msg":"audit(1604996384.965:93777)","serial":93777"#);
    for (line, want) in [
        (
            format!(
                "type=SYSCALL {stamp}: arch=c000003e a0=558e25052c70 comm=\"dd\" exe=2F746D702F612062 key=(null)"
            ),
            format!(
                r#"{{{},"arch":"c000003e","a0":"558e25052c70","comm":"dd","exe":"/tmp/a b","key":"(null)"}}"#,
                head("SYSCALL")
            ),
        ),
        (
            format!(
                "type=PROCTITLE {stamp}: proctitle=64640069663D2F6465762F7A65726F0062733D3100636F756E743D31"
            ),
            format!(r#"{{{},"proctitle":"dd if=/dev/zero bs=1 count=1"}}"#, head("PROCTITLE")),
        ),
        (
            format!("type=EXECVE {stamp}: argc=3 a0=\"sh\" a1=2D63 a2_len=4 a2[0]=6563 a2[1]=\"ho\""),
            format!(r#"{{{},"argc":"3","a0":"sh","a1":"-c","a2_len":"4","a2":"echo"}}"#, head("EXECVE")),
        ),
        (
            format!(
                "node=web type=USER_LOGIN {stamp}: pid=1 msg='op=login acct=\"root\" exe=\"/usr/sbin/sshd\" res=failed'\u{1d}UID=\"root\" AUID=\"unset\""
            ),
            format!(
                r#"{{"node":"web",{},"pid":"1","op":"login","acct":"root","exe":"/usr/sbin/sshd","res":"failed","UID":"root","AUID":"unset"}}"#,
                head("USER_LOGIN")
            ),
        ),
        (
            format!("type=DAEMON_START {stamp}: op=start ver=2.8 auditd started, res=success"),
            format!(
                r#"{{{},"op":"start","ver":"2.8","res":"success","message":"op=start ver=2.8 auditd started, res=success"}}"#,
                head("DAEMON_START")
            ),
        ),
        (format!("type=EOE {stamp}:"), format!("{{{}}}", head("EOE"))),
    ] {
        assert_eq!(fields(&line), want);
        assert!(is(line.as_bytes()));
    }
}

#[test]
fn lines_have_numbers_and_strange_ones_are_kept() {
    let text = "----\n\ntype=CWD msg=audit(1604996384.965:1): cwd=\"/\"\r\ntype=X nothing\n";
    let (events, skipped) = all(read, text.as_bytes());
    assert_eq!(events.iter().map(|e| e.place.record).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!((events[0].time, skipped.len()), (NOW, 2));
    assert_eq!(events[1].text("cwd").as_deref(), Some("/"));
    resumes(read, text.as_bytes());
}

proptest! {
    #[test]
    fn any_text_is_taken(text in "(.|\n){0,200}", pairs in "[a-z0-9=\"'\\[\\] é\u{1d}]{0,80}") {
        all(read, text.as_bytes());
        let line = format!("type=EXECVE msg=audit(1604996384.965:1): {pairs}");
        let (events, _) = all(read, line.as_bytes());
        prop_assert_eq!(events.len(), 1);
    }

    #[test]
    fn a_good_line_between_bad_ones_survives(before in "[^\n]{0,60}", after in "[^\n]{0,60}") {
        let good = "type=CWD msg=audit(1604996384.965:1): cwd=\"/good\"";
        let (events, _) = all(read, format!("{before}\n{good}\n{after}\n").as_bytes());
        prop_assert!(events.iter().any(|e| e.text("cwd").as_deref() == Some("/good")));
    }

    #[test]
    fn encoded_text_comes_back(text in "[^\0]{1,40}") {
        let hex: String = text.bytes().map(|b| format!("{b:02X}")).collect();
        let (events, _) = all(read, format!("type=CWD msg=audit(1604996384.965:1): cwd={hex}").as_bytes());
        prop_assert_eq!(events[0].text("cwd").unwrap().into_owned(), text);
    }
}
