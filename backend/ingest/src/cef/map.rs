//! ECS names beside those of CEF and LEEF.

use crate::text::Fields;
use event::Value;

/// How a value becomes one of ECS.
#[derive(Clone, Copy)]
pub(crate) enum Ecs {
    /// As it is.
    Same,
    /// In small letters.
    Lower,
    /// Into a whole number, if it is one.
    Number,
}

use Ecs::{Lower, Number, Same};

/// The standard's short keys and full names (its dictionary), the ECS field, and how; the first that is there wins.
pub(super) const CEF: &[(&str, &str, Ecs)] = &[
    ("src", "source.ip", Same),
    ("sourceAddress", "source.ip", Same),
    ("shost", "source.domain", Same),
    ("spt", "source.port", Number),
    ("smac", "source.mac", Same),
    ("suser", "source.user.name", Same),
    ("suid", "source.user.id", Same),
    ("sntdom", "source.user.domain", Same),
    ("sourceTranslatedAddress", "source.nat.ip", Same),
    ("sourceTranslatedPort", "source.nat.port", Number),
    ("in", "source.bytes", Number),
    ("dst", "destination.ip", Same),
    ("destinationAddress", "destination.ip", Same),
    ("dhost", "destination.domain", Same),
    ("dpt", "destination.port", Number),
    ("dmac", "destination.mac", Same),
    ("duser", "destination.user.name", Same),
    ("duid", "destination.user.id", Same),
    ("dntdom", "destination.user.domain", Same),
    ("destinationTranslatedAddress", "destination.nat.ip", Same),
    ("destinationTranslatedPort", "destination.nat.port", Number),
    ("out", "destination.bytes", Number),
    ("suser", "user.name", Same),
    ("duser", "user.name", Same),
    ("act", "event.action", Same),
    ("outcome", "event.outcome", Lower),
    ("reason", "event.reason", Same),
    ("externalId", "event.id", Same),
    ("msg", "message", Same),
    ("proto", "network.transport", Lower),
    ("app", "network.protocol", Lower),
    ("request", "url.original", Same),
    ("requestMethod", "http.request.method", Same),
    ("requestContext", "http.request.referrer", Same),
    ("requestClientApplication", "user_agent.original", Same),
    ("fname", "file.name", Same),
    ("filePath", "file.path", Same),
    ("fsize", "file.size", Number),
    ("dproc", "process.name", Same),
    ("sproc", "process.name", Same),
    ("deviceProcessName", "process.name", Same),
    ("dpid", "process.pid", Number),
    ("spid", "process.pid", Number),
    ("dvc", "observer.ip", Same),
    ("dvchost", "observer.hostname", Same),
    ("dvcmac", "observer.mac", Same),
    ("deviceInboundInterface", "observer.ingress.interface.name", Same),
    ("deviceOutboundInterface", "observer.egress.interface.name", Same),
];

/// Puts the ECS fields of those that are there; a field that has the name already stays.
pub(crate) fn put_ecs(fields: &mut Fields, table: &[(&str, &str, Ecs)]) {
    for (from, to, how) in table {
        let value = fields.get(from).and_then(|value| match (how, value) {
            (Same, value) => Some(value.clone()),
            (Lower, Value::Str(text)) => Some(Value::Str(text.to_ascii_lowercase())),
            (Number, Value::Int(n)) => Some(Value::Int(*n)),
            (Number, Value::Str(text)) => text.trim().parse().ok().map(Value::Int),
            _ => None,
        });
        if let Some(value) = value.filter(|v| !matches!(v, Value::Str(s) if s.is_empty())) {
            fields.put_new(to, || Some(value));
        }
    }
}

/// A log's level from a severity: 0 to 10, or the standard's words.
pub(crate) fn level(severity: &str) -> Option<&'static str> {
    let severity = severity.trim();
    if let Ok(number) = severity.parse::<u8>() {
        return match number {
            0..=3 => Some("informational"),
            4..=6 => Some("warning"),
            7..=8 => Some("error"),
            9..=10 => Some("critical"),
            _ => None,
        };
    }
    let words = [
        ("low", "informational"),
        ("unknown", "informational"),
        ("info", "informational"),
        ("informational", "informational"),
        ("medium", "warning"),
        ("warning", "warning"),
        ("high", "error"),
        ("very-high", "critical"),
        ("very high", "critical"),
        ("critical", "critical"),
    ];
    words.iter().find(|(word, _)| word.eq_ignore_ascii_case(severity)).map(|(_, level)| *level)
}
