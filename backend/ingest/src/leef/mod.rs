//! IBM Log Event Extended Format (IBM QRadar, "Log Event Extended Format (LEEF)", versions 1.0 and 2.0):
//! `LEEF:1.0|vendor|product|version|event id|key=value<tab>key=value`; version 2.0 has one part more, the character
//! between the values, as itself or in hexadecimal (`^`, `x5E`, `0x5E`).
//!
//! Names are `LEEFVersion`, `deviceVendor`, `deviceProduct`, `deviceVersion`, `deviceEventClassId` for the header, as
//! for CEF, and the record's own keys; beside them stand ECS names. The dataset is `leef.` and the product.

mod when;

use crate::{
    cef::{self, Ecs, level, put_ecs},
    syslog,
    text::{Fields, When, first_lines},
};
use Ecs::{Lower, Number, Same};
use event::{Name, Nanos, Value};

/// The header's fields behind the version.
const HEADER: [&str; 4] = ["deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId"];
/// Longer keys are none.
const LONGEST_KEY: usize = 128;
/// More values of one record stay in the last one's text.
const MOST: usize = 2000;
/// Predefined keys that are whole numbers.
const NUMBERS: &[&str] = &[
    "srcPort",
    "dstPort",
    "srcPreNATPort",
    "dstPreNATPort",
    "srcPostNATPort",
    "dstPostNATPort",
    "srcBytes",
    "dstBytes",
    "srcPackets",
    "dstPackets",
    "totalPackets",
    "sev",
];
/// Predefined keys, the ECS field, and how; the first that is there wins.
const LEEF: &[(&str, &str, Ecs)] = &[
    ("src", "source.ip", Same),
    ("srcPort", "source.port", Number),
    ("srcMAC", "source.mac", Same),
    ("srcBytes", "source.bytes", Number),
    ("srcPackets", "source.packets", Number),
    ("srcPostNAT", "source.nat.ip", Same),
    ("srcPostNATPort", "source.nat.port", Number),
    ("dst", "destination.ip", Same),
    ("dstPort", "destination.port", Number),
    ("dstMAC", "destination.mac", Same),
    ("dstBytes", "destination.bytes", Number),
    ("dstPackets", "destination.packets", Number),
    ("dstPostNAT", "destination.nat.ip", Same),
    ("dstPostNATPort", "destination.nat.port", Number),
    ("usrName", "user.name", Same),
    ("accountName", "user.name", Same),
    ("domain", "user.domain", Same),
    ("role", "user.roles", Same),
    ("proto", "network.transport", Lower),
    ("identHostName", "source.domain", Same),
    ("url", "url.original", Same),
    ("policy", "rule.name", Same),
    ("action", "event.action", Same),
    ("act", "event.action", Same),
    ("reason", "event.reason", Same),
    ("msg", "message", Same),
];

/// Whether a text (UTF-8, without byte order mark) begins like such a log.
pub(crate) fn is(text: &[u8]) -> bool {
    first_lines(text, |line| syslog::carries(line, "LEEF:"))
}

/// Whether a text begins with a record's header.
pub(crate) fn starts(text: &str) -> bool {
    version(text).is_some()
}

/// The version and what is behind it.
fn version(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix("LEEF:")?;
    let text = text.strip_prefix(' ').unwrap_or(text);
    let len = text.bytes().take(8).take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let version = text.get(..len).filter(|v| v.starts_with(['1', '2']))?;
    Some((version, text.get(len..)?.strip_prefix('|')?))
}

/// Puts a record's fields; gives its dataset and its own time.
pub(crate) fn record(
    text: &str,
    fields: &mut Fields,
    latest: Nanos,
) -> Result<(Name, Option<When>), &'static str> {
    let (version, mut rest) = version(text).ok_or("is no LEEF record")?;
    let mut header = [""; 4];
    for (n, part) in header.iter_mut().enumerate() {
        (*part, rest) = match rest.split_once('|') {
            Some(found) => found,
            None if n == 3 && !rest.is_empty() => (rest, ""),
            None => return Err("its LEEF header has fewer than five parts"),
        };
    }
    fields.put("LEEFVersion", version.into());
    for (name, value) in HEADER.iter().zip(header) {
        fields.put(name, value.into());
    }
    let (delimiter, attributes) = if version.starts_with('2') { delimiter(rest) } else { ('\t', rest) };
    take(attributes, delimiter, fields);
    let [vendor, product, device_version, event] = header;
    for (name, value) in [
        ("observer.vendor", vendor),
        ("observer.product", product),
        ("observer.version", device_version),
        ("event.code", event),
    ] {
        fields.put_new(name, || (!value.is_empty()).then(|| value.into()));
    }
    put_ecs(fields, LEEF);
    fields.put_new("message", || Some(format!("{product} {event}").as_str().into()));
    if let Some(level) = fields.get("sev").and_then(Value::text).and_then(|sev| level(&sev)) {
        fields.set_or_put("log.level", level.into());
    }
    let when = fields
        .text("devTime")
        .zip(fields.text("devTimeFormat"))
        .and_then(|(time, format)| when::read(time, format))
        .or_else(|| cef::own_time(fields, "devTime", latest));
    Ok((cef::dataset(fields, "leef", product), when))
}

/// The character between values and what is behind its part. Some devices leave the part out.
fn delimiter(text: &str) -> (char, &str) {
    let Some((part, rest)) = text.split_once('|').filter(|(part, _)| part.len() <= 6) else {
        return ('\t', text);
    };
    let hex = part.strip_prefix("0x").or_else(|| part.strip_prefix('x')).or_else(|| part.strip_prefix("\\x"));
    let mut chars = part.chars();
    match (
        hex.and_then(|h| u32::from_str_radix(h, 16).ok()).and_then(char::from_u32),
        chars.next(),
        chars.next(),
    ) {
        (Some(c), ..) | (None, Some(c), None) => (c, rest),
        (None, None, _) => ('\t', rest),
        (None, Some('\\'), Some('t')) => ('\t', rest),
        _ => ('\t', text),
    }
}

/// Puts attributes; a part without a key belongs to the value before it.
fn take(text: &str, delimiter: char, fields: &mut Fields) {
    let mut key: Option<(&str, usize)> = None;
    let mut at = 0;
    let mut count = 0;
    let put = |fields: &mut Fields, name: &str, value: &str| {
        let value = value.strip_suffix(delimiter).unwrap_or(value);
        match value.trim().parse() {
            Ok(number) if NUMBERS.contains(&name) => fields.put(name, Value::Int(number)),
            _ => fields.put(name, value.into()),
        }
    };
    for part in text.split(delimiter) {
        let trimmed = part.trim_start_matches(' ');
        let name = trimmed.split_once('=').map(|(name, _)| name.trim_end());
        let good = |n: &&str| {
            (1..=LONGEST_KEY).contains(&n.len()) && !n.contains(|c: char| c.is_control() || c == '"')
        };
        if let Some(name) = name.filter(good).filter(|_| count < MOST) {
            if let Some((before, begin)) = key {
                put(fields, before, text.get(begin..at).unwrap_or_default());
            }
            let skipped = part.find('=').unwrap_or(0) + 1;
            key = Some((name, at + skipped));
            count += 1;
        } else if key.is_none() && !trimmed.is_empty() {
            fields.put("attributes", part.into());
        }
        at += part.len() + delimiter.len_utf8();
    }
    if let Some((name, begin)) = key {
        put(fields, name, text.get(begin..).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
