//! The part of a CEF record with keys and values.

use crate::text::Fields;
use event::Value;
use std::borrow::Cow;

/// Longer keys are none.
const LONGEST_KEY: usize = 128;
/// More values of one record stay in the last one's text.
const MOST: usize = 2000;
/// Keys whose values are whole numbers (the standard's dictionary: Integer and Long).
const NUMBERS: &[&str] = &[
    "cn1",
    "cn2",
    "cn3",
    "cnt",
    "dpid",
    "spid",
    "dpt",
    "spt",
    "dvcpid",
    "eventId",
    "fsize",
    "in",
    "out",
    "oldFileSize",
    "sourceTranslatedPort",
    "destinationTranslatedPort",
    "type",
    "deviceDirection",
];

/// Puts an extension's values. A key is a word before a `=` that has no `\` before it and begins behind a space; its
/// value goes on to the space before the next key.
pub(super) fn take(text: &str, fields: &mut Fields) {
    let bytes = text.as_bytes();
    // The key under way and where its value begins.
    let mut key: Option<(&str, usize)> = None;
    let mut count = 0;
    for at in memchr::memchr_iter(b'=', bytes) {
        let from = key.map_or(0, |(_, start)| start);
        if count >= MOST || at < from {
            break;
        }
        if escaped(bytes.get(from..at).unwrap_or_default()) {
            continue;
        }
        let window = at.saturating_sub(LONGEST_KEY + 1).max(from);
        let start = match memchr::memrchr2(b' ', b'\t', bytes.get(window..at).unwrap_or_default()) {
            Some(space) => window + space + 1,
            None if from == 0 && window == 0 && key.is_none() => 0,
            None => continue,
        };
        let Some(found) = text.get(start..at).filter(|k| is_key(k)) else { continue };
        if let Some((name, begin)) = key {
            put(fields, name, text.get(begin..start).unwrap_or_default());
        } else if let Some(before) = text.get(..start).map(str::trim).filter(|b| !b.is_empty()) {
            // Text before the first key has no name in the standard.
            fields.put("extension", before.into());
        }
        count += 1;
        key = Some((found, at + 1));
    }
    match key {
        Some((name, begin)) => put(fields, name, text.get(begin..).unwrap_or_default()),
        None if !text.trim().is_empty() => fields.put("extension", text.trim().into()),
        None => {}
    }
}

/// Whether a text ends with an odd number of `\`.
fn escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

/// Names of the standard are letters and digits; vendors add `_`, `.`, `-` and brackets.
fn is_key(key: &str) -> bool {
    let good = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'[' | b']' | b':' | b'@' | b'#' | b'/')
    };
    !key.is_empty() && key.bytes().all(good)
}

fn put(fields: &mut Fields, name: &str, raw: &str) {
    let raw = raw.trim_end_matches([' ', '\t']);
    let value = unescaped(raw);
    if NUMBERS.contains(&name)
        && let Ok(number) = value.trim().parse()
    {
        return fields.put(name, Value::Int(number));
    }
    // An `=` should have had a `\`: some devices leave a space out, so the second reading stands beside the first.
    if let Some((inner, rest)) = raw.split_once('=')
        && is_key(inner)
        && inner.len() <= LONGEST_KEY
        && !rest.contains(['=', ' ', '?', '&'])
        && !inner.starts_with('/')
    {
        fields.put(inner, rest.into());
    }
    fields.put(name, Value::Str(value.into()));
}

/// A value without its escapes: `\=`, `\\`, `\n`, `\r`, `\t`; before other signs than letters and digits a `\` is
/// dropped too, as devices write `\"` and `\]`. Paths of Windows stay: before a letter a `\` is itself, unless that
/// may be a line's end.
fn unescaped(raw: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', raw.as_bytes()) else { return Cow::Borrowed(raw) };
    // `C:\new` is no line's end.
    let path = raw.as_bytes().windows(3).any(|w| w[0].is_ascii_alphabetic() && &w[1..] == b":\\");
    let mut out = String::with_capacity(raw.len());
    let (before, mut rest) = raw.split_at(first);
    out.push_str(before);
    while let Some(behind) = rest.strip_prefix('\\') {
        let next = behind.chars().next();
        match next {
            Some('n' | 'r') if !path => out.push(if next == Some('n') { '\n' } else { '\r' }),
            Some(c) if c.is_ascii_punctuation() => out.push(c),
            Some(c) => out.extend(['\\', c]),
            None => out.push('\\'),
        }
        let behind = behind.get(next.map_or(0, char::len_utf8)..).unwrap_or_default();
        let end = memchr::memchr(b'\\', behind.as_bytes()).unwrap_or(behind.len());
        let (plain, more) = behind.split_at(end);
        out.push_str(plain);
        rest = more;
    }
    Cow::Owned(out)
}

/// What has a label goes in under the label too, its spaces as `_`, where no field has that name.
pub(super) fn labels(fields: &mut Fields) {
    let labelled: Vec<(String, Value)> = fields
        .names()
        .filter_map(|name| {
            let label = fields.text(name)?;
            let value = fields.get(name.strip_suffix("Label")?)?.clone();
            let label = label.trim();
            let fits = !label.is_empty() && label.len() <= LONGEST_KEY;
            fits.then(|| (label.replace(|c: char| c.is_whitespace() || c.is_control(), "_"), value))
        })
        .collect();
    for (label, value) in labelled {
        fields.put_new(&label, || Some(value));
    }
}
