//! Syslog: RFC 5424, RFC 3164 in its shapes in the wild, octet-counted frames (RFC 6587), with what the programs of
//! Linux say of logins and accounts, and with CEF and LEEF inside.
//!
//! Header values are ECS's `log.syslog.*`, `host.hostname`, `process.name`, `process.pid`; `log.syslog.timestamp` is
//! the time as written. The dataset is `linux.auth` for programs that authenticate, else `linux.syslog`, as the Sigma
//! mapping of Linux has them; Cisco's tagged messages are `cisco.asa`, `cisco.ftd` and `cisco.ios`.

mod auth;
mod data;
mod head;
mod sshd;
#[cfg(test)]
mod tests;

pub(crate) use head::{Head, head};

use crate::{
    cef, leef,
    text::{Fields, Good, Hand, Lined, Origin, Out, When, YEAR_GUESSED, each, first_lines},
};
use event::{Name, Nanos, Place, Value};
use std::{
    io::{self, Read},
    net::IpAddr,
    ops::ControlFlow,
};

const SYSLOG: &str = "linux.syslog";
/// Words of RFC 5424, table 2.
pub(crate) const SEVERITIES: [&str; 8] =
    ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];
/// Keywords of RFC 5427, section 3, and of syslog.h.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

/// Whether a text (UTF-8, without byte order mark) begins like syslog.
pub(crate) fn is(text: &[u8]) -> bool {
    let framed = |line: &str| {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix(' ')?;
        line.starts_with('<').then(|| head::is_sure(line))
    };
    first_lines(text, |line| head::is_sure(line) || framed(line) == Some(true))
}

/// Reads a log of syslog, CEF or LEEF lines. An error is one of reading, never of content.
pub(crate) fn read(
    from: &mut dyn Read,
    origin: Origin<'_>,
    hand: &mut Hand<'_>,
) -> io::Result<ControlFlow<()>> {
    each(Syslog::default(), from, origin, hand)
}

struct Names {
    syslog: Name,
    auth: Name,
}

/// Reads lines; keeps names between them.
pub(crate) struct Syslog {
    fields: Fields,
    names: Names,
}

impl Default for Syslog {
    fn default() -> Self {
        let mut fields = Fields::default();
        let names = Names { syslog: fields.name(SYSLOG), auth: fields.name("linux.auth") };
        Syslog { fields, names }
    }
}

impl Lined for Syslog {
    const FRAMED: bool = true;

    fn line(&mut self, text: &str, out: &mut Out<'_>, place: Place) -> Result<Good, &'static str> {
        let read = self.read(text, out, place);
        let fields = self.fields.take();
        read.map(|(dataset, time, trouble)| Good { dataset, time, fields, trouble })
    }

    fn other(&self) -> Name {
        self.names.syslog.clone()
    }
}

type Read1 = (Name, Option<Nanos>, Option<&'static str>);

impl Syslog {
    fn read(&mut self, text: &str, out: &mut Out<'_>, place: Place) -> Result<Read1, &'static str> {
        let (before, inner) = payload(text);
        let mut when = None;
        let mut trouble = None;
        let mut program = None;
        let mut message = before.unwrap_or(text);
        match head(before.unwrap_or(text)) {
            Ok(head) => {
                self.header(&head);
                when = head.stamp.map(|s| s.when(out.latest()));
                program = head.program;
                message = head.message;
                if let Some(data) = head.data {
                    match data::take(data, &mut self.fields) {
                        Ok(rest) => message = rest,
                        Err(rest) => {
                            message = rest;
                            trouble = Some("its structured data can't be read");
                        }
                    }
                    message = message.strip_prefix('\u{feff}').unwrap_or(message);
                }
            }
            Err(why) if inner.is_none() => return Err(why),
            Err(_) => {}
        }
        if let Some(inner) = inner {
            // Whatever else stands before the record is kept.
            let message = message.trim();
            if !message.is_empty() && before.is_some_and(|b| b.contains(message)) {
                self.fields.put("log.syslog.header", message.into());
            }
            let read = if inner.starts_with("CEF:") {
                cef::record(inner, &mut self.fields, out.latest())
            } else {
                leef::record(inner, &mut self.fields, out.latest())
            };
            let (dataset, own) = read?;
            let time = self.time(own.or(when), out, place);
            return Ok((dataset, time, trouble));
        }
        let time = self.time(when, out, place);
        if self.fields.get("message").is_none() {
            self.fields.put("message", message.into());
        }
        if message.starts_with('%')
            && let Some(dataset) = self.cisco(message)
        {
            return Ok((dataset, time, trouble));
        }
        let auth = program.is_some_and(|program| auth::facts(program, message, &mut self.fields));
        let dataset = if auth { &self.names.auth } else { &self.names.syslog };
        Ok((dataset.clone(), time, trouble))
    }

    /// Puts the header's values.
    fn header(&mut self, head: &Head<'_>) {
        let fields = &mut self.fields;
        if let Some(priority) = head.priority {
            let (facility, severity) = (usize::from(priority >> 3), usize::from(priority & 7));
            fields.put("log.syslog.priority", Value::Int(priority.into()));
            fields.put("log.syslog.facility.code", Value::Int(facility as i64));
            fields.put("log.syslog.facility.name", FACILITIES[facility].into());
            fields.put("log.syslog.severity.code", Value::Int(severity as i64));
            fields.put("log.syslog.severity.name", SEVERITIES[severity].into());
            fields.put("log.level", SEVERITIES[severity].into());
        }
        if let Some(version) = head.version {
            fields.put("log.syslog.version", Value::Int(version.into()));
        }
        if let Some(host) = head.host {
            fields.put("host.hostname", host.into());
            if host.parse::<IpAddr>().is_ok() {
                fields.put("host.ip", host.into());
            }
        }
        if let Some(program) = head.program.filter(|p| !p.starts_with('%')) {
            fields.put("process.name", program.into());
        }
        match head.pid.map(|pid| (pid, pid.parse())) {
            Some((_, Ok(pid))) => fields.put("process.pid", Value::Int(pid)),
            Some((pid, _)) => fields.put("log.syslog.procid", pid.into()),
            None => {}
        }
        if let Some(msgid) = head.msgid {
            fields.put("log.syslog.msgid", msgid.into());
        }
        if let Some(time) = head.time {
            fields.put("log.syslog.timestamp", time.into());
        }
    }

    /// The time, with what was assumed about it said.
    fn time(&mut self, when: Option<When>, out: &mut Out<'_>, place: Place) -> Option<Nanos> {
        let when = when?;
        if !when.zoned {
            out.note_once(place, crate::NO_ZONE);
        }
        if when.guessed {
            self.fields.put(YEAR_GUESSED, Value::Bool(true));
        }
        Some(when.time)
    }

    /// `%ASA-6-302013: …`: facility, severity and number or mnemonic (Cisco, "Syslog Messages").
    fn cisco(&mut self, message: &str) -> Option<Name> {
        let tag = message.strip_prefix('%')?.split([':', ' ']).next()?;
        let (before, code) = tag.rsplit_once('-')?;
        let (facility, severity) = before.rsplit_once('-')?;
        let level = severity.parse::<usize>().ok().and_then(|n| SEVERITIES.get(n))?;
        if facility.is_empty() || code.is_empty() || tag.len() > 128 {
            return None;
        }
        self.fields.put("event.code", code.into());
        if self.fields.get("log.level").is_none() {
            self.fields.put("log.level", (*level).into());
        }
        let dataset = match facility {
            "ASA" | "PIX" | "FWSM" => "cisco.asa",
            "FTD" | "NGIPS" => "cisco.ftd",
            _ => "cisco.ios",
        };
        Some(self.fields.name(dataset))
    }
}

/// What stands before a CEF or LEEF record, and the record, where a line has one: the line is one, or it is the whole
/// message of syslog.
fn payload(line: &str) -> (Option<&str>, Option<&str>) {
    let found = memchr::memmem::find_iter(line.as_bytes(), b"EF:").find_map(|at| {
        let start = [("CEF:", 1), ("LEEF:", 2)].into_iter().find_map(|(name, back)| {
            let start = at.checked_sub(back)?;
            line.get(start..)?.starts_with(name).then_some(start)
        })?;
        let fresh = start == 0 || line.as_bytes().get(start - 1) == Some(&b' ');
        (fresh && (cef::starts(line.get(start..)?) || leef::starts(line.get(start..)?))).then_some(start)
    });
    let Some(start) = found else { return (None, None) };
    let (before, inner) = line.split_at(start);
    // A message that only speaks of such a record is a message.
    let only_head = head(before).map_or(before.len() <= 256, |h| {
        h.message.trim().is_empty() || h.program.is_none() && h.message.len() < 64
    });
    if only_head { (Some(before), Some(inner)) } else { (None, None) }
}

/// Whether a line has a record that begins so, bare or as the message of syslog.
pub(crate) fn carries(line: &str, start: &str) -> bool {
    payload(line).1.is_some_and(|inner| inner.starts_with(start))
}
