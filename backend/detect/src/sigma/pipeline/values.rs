//! Transformations of values: placeholders, replacements.

use super::Chosen;
use crate::sigma::{
    error::Problem,
    parts::PartItem,
    pattern::{Part, Pattern},
    yaml::{Kind, Node, Scalar},
};
use regex::Regex;

/// Values that those of one field may become.
const VALUES: usize = 10_000;
/// Bytes that a replaced value may have.
const LENGTH: usize = 64 << 10;

impl Chosen {
    pub fn has(&self, name: &str) -> bool {
        self.include.as_ref().is_none_or(|l| l.iter().any(|n| n == name))
            && self.exclude.as_ref().is_none_or(|l| l.iter().all(|n| n != name))
    }
}

/// A piece of a value under `expand`.
enum Piece {
    Text(String),
    Name(String),
}

/// Texts and the names between percent signs; an escaped percent sign stays as it is written.
fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, behind) = (&rest[..at], &rest[at + 1..]);
        plain.push_str(before);
        match behind.find('%').filter(|end| *end > 0 && !before.ends_with('\\')) {
            Some(end) => {
                out.push(Piece::Text(std::mem::take(&mut plain)));
                out.push(Piece::Name(behind[..end].to_owned()));
                rest = &behind[end + 1..];
            }
            None => {
                plain.push('%');
                rest = behind;
            }
        }
    }
    plain.push_str(rest);
    out.push(Piece::Text(plain));
    out
}

/// Puts values in the place of placeholders; `values` says which, `None` leaves a placeholder as it is. Every
/// combination becomes a value. True when something was replaced.
pub(super) fn expand(
    item: &mut PartItem,
    values: impl Fn(&str) -> Option<Vec<String>>,
) -> Result<bool, Problem> {
    if !item.has("expand") {
        return Ok(false);
    }
    let mut changed = false;
    let mut out = Vec::with_capacity(item.values.len());
    let mut written = Vec::with_capacity(item.values.len());
    for (node, number) in item.values.iter().zip(&item.written) {
        let Some(Scalar::Str(text)) = node.scalar() else {
            out.push(node.clone());
            written.push(*number);
            continue;
        };
        let mut texts = vec![String::new()];
        for piece in pieces(text) {
            let given = match &piece {
                Piece::Text(t) => vec![t.clone()],
                Piece::Name(name) => match values(name) {
                    Some(values) => {
                        changed = true;
                        values
                    }
                    None => vec![format!("%{name}%")],
                },
            };
            if texts.len() * given.len() + out.len() > VALUES {
                let reason = format!("the placeholders stand for more than {VALUES} values");
                return Err(Problem::new(node.at, format!("detection.{}", item.key()), reason));
            }
            if texts.iter().chain(&given).map(String::len).max().unwrap_or(0) > LENGTH {
                let reason = format!("the placeholders stand for more than {LENGTH} bytes");
                return Err(Problem::new(node.at, format!("detection.{}", item.key()), reason));
            }
            texts = texts.iter().flat_map(|t| given.iter().map(move |g| format!("{t}{g}"))).collect();
        }
        out.extend(texts.into_iter().map(|t| text_node(node, t)));
        written.resize(out.len(), *number);
    }
    (item.values, item.written) = (out, written);
    Ok(changed)
}

/// A value that is not to be read as a placeholder again.
pub(super) fn escaped(value: &str) -> String {
    value.replace('%', "\\%")
}

fn text_node(old: &Node, text: String) -> Node {
    Node { at: old.at, kind: Kind::Scalar { text: text.into(), plain: false } }
}

/// Whether the values are strings with wildcards, not patterns, networks, names or numbers.
fn strings(item: &PartItem) -> bool {
    const OTHER: [&str; 9] = ["re", "cidr", "fieldref", "exists", "gt", "gte", "lt", "lte", "expand"];
    !OTHER.iter().any(|m| item.has(m)) || item.has("expand")
}

/// The text with everything that the expression finds replaced; `None` when it grows beyond bounds.
fn replaced(regex: &Regex, text: &str, replacement: &str) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    for found in regex.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        out.push_str(&text[done..whole.start()]);
        found.expand(replacement, &mut out);
        done = whole.end();
        if out.len() > LENGTH {
            return None;
        }
    }
    out.push_str(&text[done..]);
    (out.len() <= LENGTH).then_some(out)
}

/// Replaces what a regular expression finds. True when something was changed.
pub(super) fn replace(
    item: &mut PartItem,
    regex: &Regex,
    replacement: &str,
    skip_special: bool,
    interpret_special: bool,
) -> Result<bool, Problem> {
    if !strings(item) {
        return Ok(false);
    }
    let mut changed = false;
    let path = format!("detection.{}", item.key());
    for node in &mut item.values {
        let at = node.at;
        let swap = |text: &str| {
            let long =
                || Problem::new(at, path.as_str(), format!("a replaced value of more than {LENGTH} bytes"));
            replaced(regex, text, replacement).ok_or_else(long)
        };
        let text = match node.scalar() {
            Some(Scalar::Str(t)) => t.to_owned(),
            Some(Scalar::Int(n)) => n.to_string(),
            Some(Scalar::Float(_)) => node.text().unwrap_or_default().to_owned(),
            _ => continue,
        };
        let pattern = Pattern::parse(&text);
        let new = if skip_special {
            pattern
                .0
                .iter()
                .map(|p| match p {
                    Part::Text(t) => {
                        let new = swap(t)?;
                        Ok(if interpret_special { backslashes(&new) } else { literal(&new) })
                    }
                    other => Ok(Pattern(vec![other.clone()]).to_string()),
                })
                .collect::<Result<String, Problem>>()?
        } else {
            backslashes(&swap(&plain(&pattern))?)
        };
        if Pattern::parse(&new) != pattern {
            *node = text_node(node, new);
            changed = true;
        }
    }
    Ok(changed)
}

/// A pattern with its wildcards, and escaped wildcards still escaped; other backslashes stand for themselves.
fn plain(pattern: &Pattern) -> String {
    let mut out = String::new();
    for (i, part) in pattern.0.iter().enumerate() {
        let Part::Text(text) = part else {
            out.push_str(&Pattern(vec![part.clone()]).to_string());
            continue;
        };
        let mut run = 0;
        for c in text.chars() {
            if matches!(c, '*' | '?') {
                out.push_str(&"\\".repeat(run + 1));
            }
            run = if c == '\\' { run + 1 } else { 0 };
            out.push(c);
        }
        if matches!(pattern.0.get(i + 1), Some(Part::Any | Part::One)) {
            out.push_str(&"\\".repeat(run));
        }
    }
    out
}

/// Backslashes before no wildcard are doubled, so that they stand for themselves.
fn backslashes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0;
    for c in text.chars().map(Some).chain([None]) {
        if c == Some('\\') {
            run += 1;
            continue;
        }
        let times = if matches!(c, Some('*' | '?')) { run } else { run * 2 };
        out.push_str(&"\\".repeat(times));
        run = 0;
        out.extend(c);
    }
    out
}

fn literal(text: &str) -> String {
    text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?")
}

/// Other values for exactly these. True when something was changed.
pub(super) fn map(item: &mut PartItem, mapping: &[(String, Vec<String>)]) -> Result<bool, Problem> {
    if !strings(item) {
        return Ok(false);
    }
    let mut changed = false;
    let mut out = Vec::with_capacity(item.values.len());
    let mut written = Vec::with_capacity(item.values.len());
    for (node, number) in item.values.iter().zip(&item.written) {
        let text = node.text().filter(|_| matches!(node.scalar(), Some(Scalar::Str(_))));
        match text.and_then(|t| mapping.iter().find(|(from, _)| from == t)) {
            None => out.push(node.clone()),
            Some((_, to)) => {
                changed = true;
                out.extend(to.iter().map(|t| text_node(node, t.clone())));
            }
        }
        written.resize(out.len(), *number);
        if out.len() > VALUES {
            let reason = format!("the mapping makes more than {VALUES} values");
            return Err(Problem::new(node.at, format!("detection.{}", item.key()), reason));
        }
    }
    (item.values, item.written) = (out, written);
    Ok(changed)
}

/// A replacement as Python writes it (`\1`, `\g<name>`), for the regex crate.
pub(super) fn replacement(python: &str) -> String {
    let mut out = String::new();
    let mut rest = python;
    while let Some(c) = rest.chars().next() {
        let behind = &rest[c.len_utf8()..];
        rest = behind;
        match c {
            '$' => out.push_str("$$"),
            '\\' => {
                let digits = behind.bytes().take(2).take_while(u8::is_ascii_digit).count();
                let named = behind.strip_prefix("g<").and_then(|b| b.split_once('>'));
                if digits > 0 {
                    out.push_str(&format!("${{{}}}", &behind[..digits]));
                    rest = &behind[digits..];
                } else if let Some((name, after)) = named {
                    out.push_str(&format!("${{{name}}}"));
                    rest = after;
                } else if let Some(after) = behind.strip_prefix('\\') {
                    out.push('\\');
                    rest = after;
                } else {
                    out.push('\\');
                }
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn replacements_are_read_as_python_reads_them() {
        assert_eq!(replacement(r"a\1$\g<n>\\\x"), r"a${1}$$${n}\\x");
    }

    proptest! {
        /// What is not changed stays the same value, whatever its escapes.
        #[test]
        fn plain_text_reads_back(written in r"[ab*?\\]{0,10}") {
            let pattern = Pattern::parse(&written);
            prop_assert_eq!(Pattern::parse(&backslashes(&plain(&pattern))), pattern);
        }
    }
}
