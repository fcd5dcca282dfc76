//! What lists show of any event: host, user, severity, one line. Windows events by [`crate::windows`], others by the
//! names that their formats use.

use crate::{Event, Value, entity::is_sid, windows};
use std::borrow::Cow;

/// Names of the host that an event happened on, best first: ECS, syslog exports, auditd's node, EVE's sensor host.
const HOSTS: &[&str] = &[
    "host.name",
    "host.hostname",
    "Computer",
    "HostName",
    "Hostname",
    "hostname",
    "host",
    "node",
    "agent.hostname",
    "observer.hostname",
];
/// Names of the acting user, best first: ECS, CloudTrail, auditd, plain.
const USERS: &[&str] = &[
    "user.name",
    "userIdentity.userName",
    "userIdentity.sessionContext.sessionIssuer.userName",
    "userIdentity.arn",
    "acct",
    "AUID",
    "auid",
    "username",
    "user",
    "User",
    "UserName",
];
/// Names of a log severity.
const SEVERITIES: &[&str] = &["log.level", "SeverityLevel", "level", "severity", "EventLevelName"];
/// What tells most about an event, in order, where it has no message.
const TELLING: &[&str] = &[
    "type",
    "eventSource",
    "eventName",
    "event_type",
    "alert.signature",
    "proctitle",
    "exe",
    "name",
    "a0",
    "a1",
    "a2",
    "id.orig_h",
    "id_orig_h",
    "id.resp_h",
    "id_resp_h",
    "src_ip",
    "dest_ip",
    "query",
    "dns.rrname",
    "host",
    "uri",
    "http.url",
    "server_name",
    "tls.sni",
    "sourceIPAddress",
    "userIdentity.arn",
    "errorCode",
    "res",
];

fn windows_event(e: &Event) -> bool {
    e.dataset.starts_with("windows.")
}

fn first<'e>(e: &'e Event, names: &[&str]) -> Option<Cow<'e, str>> {
    names.iter().find_map(|n| e.text(n).filter(|t| !matches!(&**t, "-" | "?" | "(null)" | "unset")))
}

/// The host's name as written in the event.
pub fn host(e: &Event) -> Option<Cow<'_, str>> {
    if windows_event(e) { windows::host(e) } else { first(e, HOSTS) }
}

/// The acting user.
pub fn user(e: &Event) -> Option<String> {
    if windows_event(e) {
        return windows::user(e);
    }
    // 4294967295 is "no login" in audit records.
    first(e, USERS).filter(|u| u != "4294967295").map(Cow::into_owned)
}

/// The acting user's SID, from the same side of the event as the name; where no user is named, of who wrote it.
pub fn user_sid(e: &Event) -> Option<Cow<'_, str>> {
    if windows_event(e) {
        return windows::user_sid(e);
    }
    // Beside `user.name`, which is the first of the names, or alone.
    let beside = user(e).is_none() || first(e, USERS.get(..1).unwrap_or_default()).is_some();
    e.text("user.id").filter(|id| beside && is_sid(id))
}

/// Log severity word: `debug`, `info`, `warning`, `error` or `critical`.
pub fn severity(e: &Event) -> &'static str {
    if windows_event(e) {
        return windows::severity(e);
    }
    if let Some(Value::Int(n)) = e.get("alert.severity") {
        // Suricata's priorities: 1 is the highest.
        return match n {
            1 => "error",
            2 => "warning",
            _ => "info",
        };
    }
    match first(e, SEVERITIES).map(|s| s.to_ascii_lowercase()).as_deref() {
        Some("emergency" | "emerg" | "alert" | "critical" | "crit" | "fatal") => "critical",
        // "high" and "medium" are levels of rules.
        Some("error" | "err" | "high") => "error",
        Some("warning" | "warn" | "medium" | "med") => "warning",
        Some("debug" | "verbose" | "trace") => "debug",
        _ => "info",
    }
}

/// One readable line: the event's own message, or the values that tell most.
pub fn message(e: &Event) -> String {
    if windows_event(e) {
        return windows::message(e);
    }
    let clean = |line: &mut String, text: &str| {
        line.extend(text.chars().filter(|c| !c.is_control()).take(400));
    };
    let mut line = String::new();
    if let Some(text) = first(e, &["message", "Message", "msg_text", "SyslogMessage", "rule.name"]) {
        clean(&mut line, &text);
        return line;
    }
    line.push_str(&e.dataset);
    for name in TELLING {
        if let Some(text) = e.text(name) {
            line.push_str(" · ");
            line.extend(text.chars().filter(|c| !c.is_control()).take(200));
            if line.len() > 400 {
                break;
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Nanos, Place};

    fn event(dataset: &str, fields: &[(&str, Value)]) -> Event {
        let fields = fields.iter().map(|(n, v)| ((*n).into(), v.clone())).collect();
        Event { time: Nanos(0), dataset: dataset.into(), place: Place::default(), fields, identity: [0; 16] }
    }

    #[test]
    fn each_format_by_its_own_names() {
        let e = event(
            "linux.auditd",
            &[("type", "EXECVE".into()), ("auid", "4294967295".into()), ("node", "web".into())],
        );
        assert_eq!((host(&e).as_deref(), user(&e)), (Some("web"), None));
        assert_eq!(message(&e), "linux.auditd · EXECVE");
        let e =
            event("suricata.alert", &[("alert.severity", Value::Int(1)), ("alert.signature", "bad".into())]);
        assert_eq!((severity(&e), message(&e).as_str()), ("error", "suricata.alert · bad"));
        let e = event("aws.cloudtrail", &[("userIdentity.arn", "arn:x".into()), ("eventName", "A".into())]);
        assert_eq!(
            (user(&e).as_deref(), message(&e).as_str()),
            (Some("arn:x"), "aws.cloudtrail · A · arn:x")
        );
        let e = event("windows.security", &[("Computer", "pc".into()), ("Level", Value::Int(2))]);
        assert_eq!((host(&e).as_deref(), severity(&e)), (Some("pc"), "error"));
        let e = event("json.other", &[("message", "a\u{1b}b\n".into()), ("level", "WARN".into())]);
        assert_eq!((message(&e).as_str(), severity(&e)), ("ab", "warning"));
    }

    #[test]
    fn a_sid_is_of_the_same_side_as_the_name() {
        const EVE: &str = "S-1-5-21-1-2-3-1104";
        let of = |dataset: &str, fields: &[(&str, &str)]| {
            let fields: Vec<_> = fields.iter().map(|(n, v)| (*n, Value::from(*v))).collect();
            let e = event(dataset, &fields);
            (user(&e).unwrap_or_default(), user_sid(&e).map(Cow::into_owned).unwrap_or_default())
        };
        let both = [
            ("SubjectUserName", "eve"),
            ("SubjectDomainName", "CORP"),
            ("SubjectUserSid", EVE),
            ("TargetUserName", "bob"),
            ("TargetUserSid", "S-1-5-21-1-2-3-500"),
            ("Security_UserID", "S-1-5-18"),
        ];
        assert_eq!(of("windows.security", &both), ("CORP\\eve".into(), EVE.into()));
        let target = [("SubjectUserName", "-"), ("SubjectUserSid", "S-1-0-0"), both[3], both[4]];
        assert_eq!(of("windows.security", &target), ("bob".into(), "S-1-5-21-1-2-3-500".into()));
        let nobody = [("TargetUserName", "bob"), ("TargetUserSid", "S-1-0-0")];
        assert_eq!(of("windows.security", &nobody), ("bob".into(), String::new()));
        // Sysmon's own service writes its records.
        let sysmon = [("User", "CORP\\eve"), ("Security_UserID", "S-1-5-18"), ("UserID", "S-1-5-18")];
        assert_eq!(of("windows.sysmon", &sysmon), ("CORP\\eve".into(), String::new()));
        let sent = [("AccountName", "SYSTEM"), ("UserID", "S-1-5-18")];
        assert_eq!(of("windows.sysmon", &sent), ("SYSTEM".into(), "S-1-5-18".into()));
        let service = [("AccountName", "LocalSystem"), ("Security_UserID", EVE)];
        assert_eq!(of("windows.system", &service), ("LocalSystem".into(), String::new()));
        assert_eq!(of("windows.powershell", &[("Security_UserID", EVE)]), (String::new(), EVE.into()));
        assert_eq!(of("json.other", &[("user.name", "eve"), ("user.id", EVE)]), ("eve".into(), EVE.into()));
        assert_eq!(of("json.other", &[("user", "bob"), ("user.id", EVE)]), ("bob".into(), String::new()));
        assert_eq!(
            of("linux.auditd", &[("user.name", "eve"), ("user.id", "0")]),
            ("eve".into(), String::new())
        );
    }
}
