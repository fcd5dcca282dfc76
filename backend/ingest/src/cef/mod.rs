//! ArcSight Common Event Format ("ArcSight Common Event Format (CEF) Implementation Standard", version 25 and 26):
//! `CEF:0|vendor|product|version|class id|name|severity|key=value key=value`.
//!
//! Names are those of the standard: `deviceVendor`, `deviceProduct`, `deviceVersion`, `deviceEventClassId`, `name`,
//! `severity` and the extension's keys. Beside them stand ECS names, and what has a label (`cs1`, `cs1Label`) also
//! under the label's text. The dataset is `cef.` and the product.

mod extension;
mod map;
#[cfg(test)]
mod tests;

pub(crate) use map::{Ecs, level, put_ecs};

use crate::{
    syslog,
    text::{Fields, Stamp, When, first_lines, time},
};
use event::{Name, Nanos, Value};
use std::borrow::Cow;

/// The header's fields behind the version.
const HEADER: [&str; 6] =
    ["deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"];
/// The longest name of a product in a dataset.
const LONGEST_PRODUCT: usize = 48;

/// Whether a text (UTF-8, without byte order mark) begins like such a log.
pub(crate) fn is(text: &[u8]) -> bool {
    first_lines(text, |line| syslog::carries(line, "CEF:"))
}

/// Whether a text begins with a record's header: `CEF:0|` or `CEF: 1|`.
pub(crate) fn starts(text: &str) -> bool {
    version(text).is_some()
}

/// The version and what is behind it.
fn version(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix("CEF:")?;
    let text = text.strip_prefix(' ').unwrap_or(text);
    let len = text.bytes().take(8).take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    let version = text.get(..len).filter(|v| !v.is_empty())?;
    Some((version, text.get(len..)?.strip_prefix('|')?))
}

/// Puts a record's fields; gives its dataset and its own time.
pub(crate) fn record(
    text: &str,
    fields: &mut Fields,
    latest: Nanos,
) -> Result<(Name, Option<When>), &'static str> {
    let (version, mut rest) = version(text).ok_or("is no CEF record")?;
    let mut header = [const { Cow::Borrowed("") }; 6];
    for part in &mut header {
        let (value, behind) = header_part(rest).ok_or("its CEF header has fewer than seven parts")?;
        (*part, rest) = (value, behind);
    }
    // The last bar may be missing where nothing is behind it.
    match version.parse() {
        Ok(version) => fields.put("CEFVersion", Value::Int(version)),
        Err(_) => fields.put("CEFVersion", version.into()),
    }
    for (name, value) in HEADER.iter().zip(&header) {
        fields.put(name, (&**value).into());
    }
    extension::take(rest, fields);
    let [vendor, product, device_version, class, name, severity] = &header;
    for (name, value) in [
        ("observer.vendor", vendor),
        ("observer.product", product),
        ("observer.version", device_version),
        ("event.code", class),
    ] {
        fields.put_new(name, || (!value.is_empty()).then(|| (&**value).into()));
    }
    put_ecs(fields, map::CEF);
    fields.put_new("message", || Some((&**name).into()));
    if let Some(level) = level(severity) {
        fields.set_or_put("log.level", level.into());
    }
    extension::labels(fields);
    let when =
        ["rt", "start", "end", "deviceCustomDate1"].iter().find_map(|name| own_time(fields, name, latest));
    Ok((dataset(fields, "cef", product), when))
}

/// `cef.deep-security-agent`
pub(crate) fn dataset(fields: &mut Fields, family: &str, product: &str) -> Name {
    let mut name = format!("{family}.");
    let start = name.len();
    for c in product.chars().take(LONGEST_PRODUCT) {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if name.len() > start && !name.ends_with('-') {
            name.push('-');
        }
    }
    let len = name.trim_end_matches('-').len();
    name.truncate(len);
    if len == start {
        name.push_str("other");
    }
    fields.name(&name)
}

/// A time in one of the standard's shapes: milliseconds since 1970, or `MMM dd [yyyy] HH:mm:ss[.SSS][ zzz]`.
pub(crate) fn own_time(fields: &Fields, name: &str, latest: Nanos) -> Option<When> {
    let value = fields.get(name)?;
    if let Value::Str(text) = value
        && let Some(stamp) = Stamp::at_start(text.trim().as_bytes())
    {
        return Some(stamp.when(latest));
    }
    time::of_value(value).map(|t| When { time: t.time, zoned: t.zoned, guessed: false })
}

/// One part of the header without its escapes (`\|` and `\\`), and what is behind its bar.
fn header_part(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut value = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let Some(at) = memchr::memchr2(b'|', b'\\', rest.as_bytes()) else {
            if rest.is_empty() && value.is_empty() {
                return None;
            }
            value += rest;
            return Some((value, ""));
        };
        let (before, from) = rest.split_at_checked(at)?;
        value += before;
        if let Some(behind) = from.strip_prefix('|') {
            return Some((value, behind));
        }
        let escaped = from.as_bytes().get(1).filter(|b| matches!(b, b'|' | b'\\'));
        value.to_mut().push(escaped.map_or('\\', |b| char::from(*b)));
        rest = from.get(1 + usize::from(escaped.is_some())..)?;
    }
}
