//! What lists show of any event: host, user, severity, one line. Windows events by [`crate::windows`], others by the
//! names that their formats use.

use crate::{Event, Value, windows};
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
}
