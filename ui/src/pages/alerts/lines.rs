//! An event as lines: JSON or fields, with the stretches that made the rule match.

use crate::text::visible;
use api::alerts::{Span, WhySelection};
use serde_json::Value;

/// What a piece of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A key of JSON.
    Key,
    /// A text.
    Text,
    /// A number, true, false or null.
    Number,
    /// Brackets, commas, indentation.
    Plain,
    /// A stretch that matched.
    Mark,
}

/// A piece of a line.
pub type Piece = (Kind, String);

/// A line, and whether something in it matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// In order.
    pub pieces: Vec<Piece>,
    /// Whether it matched.
    pub hit: bool,
}

struct Wanted<'a> {
    field: Option<&'a str>,
    value: Option<&'a str>,
    spans: &'a [Span],
}

/// What the rule matched, as asked of each value of the event.
pub struct Marks<'a>(Vec<Wanted<'a>>);

impl<'a> Marks<'a> {
    /// From the answer's `why`; selections that did not match mark nothing.
    pub fn new(why: &'a [WhySelection]) -> Self {
        let items = why.iter().filter(|s| s.matched).flat_map(|s| &s.items);
        Marks(
            items
                .map(|i| Wanted { field: i.field.as_deref(), value: i.value.as_deref(), spans: &i.spans })
                .collect(),
        )
    }

    /// Stretches of the value at this path; None where nothing matched.
    fn of(&self, path: &[&str], value: &str) -> Option<Vec<Span>> {
        let whole = Span { start: 0, end: u32::try_from(value.len()).unwrap_or(u32::MAX) };
        let mut found: Option<Vec<Span>> = None;
        for wanted in &self.0 {
            let same_value = wanted.value == Some(value);
            let hit = match wanted.field {
                Some(field) => named(path, field) && (same_value || wanted.value.is_none()),
                None => same_value,
            };
            if hit {
                let spans = if wanted.spans.is_empty() { &[whole][..] } else { wanted.spans };
                found.get_or_insert_default().extend_from_slice(spans);
            }
        }
        found.map(merge)
    }
}

/// Whether a field's name means this path: its last part, all of it, or `System_Name` for nested attributes.
fn named(path: &[&str], field: &str) -> bool {
    let parts: Vec<&str> = path.iter().copied().filter(|p| !p.starts_with('#')).collect();
    let Some(last) = parts.last() else { return false };
    let two = parts.len() > 1 && format!("{}_{last}", parts[parts.len() - 2]).eq_ignore_ascii_case(field);
    last.eq_ignore_ascii_case(field) || two || parts.join(".").eq_ignore_ascii_case(field)
}

fn merge(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|s| (s.start, s.end));
    let mut out: Vec<Span> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
}

/// Cuts a text at its marks; `write` makes each part fit to look at.
pub fn cut(value: &str, spans: &[Span], kind: Kind, write: fn(&str) -> String) -> Vec<Piece> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut push = |kind, from: usize, to: usize| {
        if let Some(part) = value.get(from..to).filter(|p| !p.is_empty()) {
            out.push((kind, write(part)));
        }
    };
    for span in spans {
        let start = (span.start as usize).clamp(at, value.len());
        let end = (span.end as usize).clamp(start, value.len());
        // A span that does not fall between characters is not ours to trust.
        if value.is_char_boundary(start) && value.is_char_boundary(end) {
            push(kind, at, start);
            push(Kind::Mark, start, end);
            at = end;
        }
    }
    push(kind, at, value.len());
    out
}

fn leaf_text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

/// Inside of a JSON text: what JSON escapes is escaped, and what could hide is written out.
fn in_quotes(part: &str) -> String {
    let quoted = Value::String(part.to_owned()).to_string();
    visible(&quoted[1..quoted.len() - 1])
}

/// The event as JSON, one line a member.
pub fn json(value: &Value, marks: &Marks<'_>) -> Vec<Line> {
    let mut out = Vec::new();
    write_json(value, marks, &mut Vec::new(), Line::default(), "", &mut out);
    out
}

fn write_json<'a>(value: &'a Value, marks: &Marks<'_>, path: &mut Vec<&'a str>, mut line: Line, tail: &str, out: &mut Vec<Line>) {
    let depth = path.len();
    let indent = |n: usize| (Kind::Plain, " ".repeat(n));
    let brackets = if value.is_array() { ("[", "]") } else { ("{", "}") };
    let len = match value {
        Value::Object(map) => map.len(),
        Value::Array(list) => list.len(),
        leaf => {
            let text = leaf_text(leaf);
            let spans = marks.of(path, &text);
            line.hit = spans.is_some();
            let spans = spans.unwrap_or_default();
            if leaf.is_string() {
                line.pieces.push((Kind::Text, "\"".to_owned()));
                line.pieces.extend(cut(&text, &spans, Kind::Text, in_quotes));
                line.pieces.push((Kind::Text, "\"".to_owned()));
            } else {
                line.pieces.extend(cut(&text, &spans, Kind::Number, visible));
            }
            line.pieces.push((Kind::Plain, tail.to_owned()));
            out.push(line);
            return;
        }
    };
    if len == 0 {
        line.pieces.push((Kind::Plain, format!("{}{}{tail}", brackets.0, brackets.1)));
        out.push(line);
        return;
    }
    line.pieces.push((Kind::Plain, brackets.0.to_owned()));
    out.push(line);
    let comma = |i: usize| if i + 1 < len { "," } else { "" };
    match value {
        Value::Object(map) => {
            for (i, (key, member)) in map.iter().enumerate() {
                let pieces = vec![indent(depth + 1), (Kind::Key, format!("\"{}\"", in_quotes(key))), (Kind::Plain, ": ".to_owned())];
                path.push(key);
                write_json(member, marks, path, Line { pieces, hit: false }, comma(i), out);
                path.pop();
            }
        }
        Value::Array(list) => {
            for (i, member) in list.iter().enumerate() {
                path.push("#");
                write_json(member, marks, path, Line { pieces: vec![indent(depth + 1)], hit: false }, comma(i), out);
                path.pop();
            }
        }
        _ => {}
    }
    out.push(Line { pieces: vec![indent(depth), (Kind::Plain, format!("{}{tail}", brackets.1))], hit: false });
}

/// The event as (field, value) with the path of the field.
pub fn fields(value: &Value, marks: &Marks<'_>) -> Vec<(String, String, Line)> {
    let mut out = Vec::new();
    walk(value, marks, &mut Vec::new(), &mut out);
    out
}

fn walk<'a>(value: &'a Value, marks: &Marks<'_>, path: &mut Vec<&'a str>, out: &mut Vec<(String, String, Line)>) {
    match value {
        Value::Object(map) => {
            for (key, member) in map {
                path.push(key);
                walk(member, marks, path, out);
                path.pop();
            }
        }
        Value::Array(list) => {
            for member in list {
                path.push("#");
                walk(member, marks, path, out);
                path.pop();
            }
        }
        leaf => {
            let text = leaf_text(leaf);
            let spans = marks.of(path, &text);
            let hit = spans.is_some();
            let pieces = cut(&text, &spans.unwrap_or_default(), Kind::Plain, visible);
            let name: Vec<&str> = path.iter().copied().filter(|p| !p.starts_with('#')).collect();
            out.push((name.join("."), text, Line { pieces, hit }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::alerts::WhyItem;
    use serde_json::json;

    fn why(field: &str, value: &str, spans: &[(u32, u32)]) -> Vec<WhySelection> {
        let spans = spans.iter().map(|(start, end)| Span { start: *start, end: *end }).collect();
        let item = WhyItem {
            field: Some(field.to_owned()),
            test: "contains".to_owned(),
            pattern: String::new(),
            value: Some(value.to_owned()),
            spans,
        };
        vec![WhySelection { name: "selection".to_owned(), matched: true, items: vec![item] }]
    }

    fn text(line: &Line) -> String {
        line.pieces.iter().map(|(kind, s)| if *kind == Kind::Mark { format!("[{s}]") } else { s.clone() }).collect()
    }

    #[test]
    fn marks_inside_escapes() {
        let event = json!({"EventData": {"CommandLine": "a\\b -enc \"x\"", "Other": 1}, "Empty": {}});
        let why = why("CommandLine", "a\\b -enc \"x\"", &[(4, 8), (1, 3), (2, 3)]);
        let lines: Vec<String> = json(&event, &Marks::new(&why)).iter().map(text).collect();
        assert_eq!(
            lines,
            [
                "{",
                " \"EventData\": {",
                "  \"CommandLine\": \"a[\\\\b] [-enc] \\\"x\\\"\",",
                "  \"Other\": 1",
                " },",
                " \"Empty\": {}",
                "}"
            ]
        );
    }

    #[test]
    fn only_the_field_that_matched() {
        let event = json!({"System": {"EventID": {"#text": 4688}}, "EventData": {"Id": 4688}});
        let why = why("EventID", "4688", &[]);
        let hits: Vec<(String, bool)> = fields(&event, &Marks::new(&why)).into_iter().map(|(n, _, l)| (n, l.hit)).collect();
        assert_eq!(hits, [("System.EventID".to_owned(), true), ("EventData.Id".to_owned(), false)]);
    }

    #[test]
    fn foreign_spans_do_no_harm() {
        let spans = [Span { start: 1, end: 9 }, Span { start: 90, end: 2 }];
        assert_eq!(cut("äb", &spans, Kind::Plain, visible), [(Kind::Plain, "äb".to_owned())]);
    }
}
