//! Structured data of RFC 5424 (section 6.3): `[ID name="value" …][…]`, in values `\"`, `\\` and `\]`.

use crate::text::Fields;
use event::Value;
use std::borrow::Cow;

/// Before each field's name.
const PREFIX: &str = "log.syslog.structured_data.";
/// The RFC allows 32 characters.
const LONGEST_NAME: usize = 64;
/// More values of one line are left in its message.
const MOST: usize = 1000;

/// Takes structured data into fields and gives what is behind it, or all from where it stops to be such data.
pub(super) fn take<'l>(text: &'l str, fields: &mut Fields) -> Result<&'l str, &'l str> {
    if let Some(rest) = text.strip_prefix('-') {
        return match rest.strip_prefix(' ') {
            Some(message) => Ok(message),
            None if rest.is_empty() => Ok(rest),
            None => Err(text),
        };
    }
    let mut rest = text;
    let mut name = String::new();
    let mut count = 0;
    while rest.starts_with('[') {
        rest = element(rest, fields, &mut name, &mut count).ok_or(rest)?;
    }
    if text.is_empty() {
        return Ok(text);
    }
    if rest.len() == text.len() {
        return Err(text);
    }
    Ok(rest.strip_prefix(' ').unwrap_or(rest))
}

/// One element and what is behind it.
fn element<'l>(text: &'l str, fields: &mut Fields, name: &mut String, count: &mut usize) -> Option<&'l str> {
    let text = text.strip_prefix('[')?;
    let id = word(text, &[' ', ']'])?;
    let mut rest = text.get(id.len()..)?;
    name.clear();
    name.push_str(PREFIX);
    name.push_str(id);
    let before = name.len();
    if rest.starts_with(']') {
        fields.put(name, Value::Bool(true));
    }
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(behind) = rest.strip_prefix(']') {
            return Some(behind);
        }
        let key = word(rest, &['='])?;
        let (value, behind) = quoted(rest.get(key.len() + 1..)?)?;
        *count += 1;
        if *count > MOST {
            return None;
        }
        name.push('.');
        name.push_str(key);
        fields.put(name, Value::Str(value.into()));
        name.truncate(before);
        rest = behind;
    }
}

/// A name before one of these characters.
fn word<'l>(text: &'l str, ends: &[char]) -> Option<&'l str> {
    let name = text.get(..text.find(ends)?)?;
    let good = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b']' | b'=');
    ((1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(good)).then_some(name)
}

/// A value in quotes without its escapes, and what is behind it. A `\` before another character stands for itself.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let text = text.strip_prefix('"')?;
    let mut value = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let at = memchr::memchr2(b'"', b'\\', rest.as_bytes())?;
        let (before, from) = rest.split_at_checked(at)?;
        if let Some(behind) = from.strip_prefix('"') {
            if value.is_empty() {
                return Some((Cow::Borrowed(before), behind));
            }
            value.to_mut().push_str(before);
            return Some((value, behind));
        }
        let escaped = from.as_bytes().get(1).filter(|b| matches!(b, b'"' | b'\\' | b']'));
        let value = value.to_mut();
        value.push_str(before);
        value.push(escaped.map_or('\\', |b| char::from(*b)));
        rest = from.get(1 + usize::from(escaped.is_some())..)?;
    }
}
