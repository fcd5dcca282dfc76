//! Values of a rule: what a modifier chain makes of what the author wrote.

use super::{
    encode,
    error::quote,
    modifier::{Modifier, TimePart},
    number::Number,
    pattern::Pattern,
    yaml::{Node, Scalar},
};
use crate::{
    net::Net,
    regexp::{Refused, Regexp},
    text::Shape,
};

/// A comparison of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Eq,
    Gt,
    Gte,
    Lt,
    Lte,
}

impl Op {
    pub fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Op::Eq => left == right,
            Op::Gt => left > right,
            Op::Gte => left >= right,
            Op::Lt => left < right,
            Op::Lte => left <= right,
        }
    }
}

/// How a field is compared with another field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RefMode {
    pub open_start: bool,
    pub open_end: bool,
}

/// What a field's value is tested for.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Text(Shape),
    Cased(Shape),
    Regex(Regexp),
    Cidr(Net),
    Compare(Op, Number),
    Time(TimePart, Op, f64),
    Exists(bool),
    Null,
    /// The other field, by its index in the rule's list of fields.
    Field {
        field: usize,
        mode: RefMode,
        cased: bool,
    },
}

impl Test {
    /// What [`Shape::wild`] says of its text.
    pub fn wild(&self) -> usize {
        match self {
            Test::Text(shape) | Test::Cased(shape) => shape.wild(),
            _ => 0,
        }
    }
}

/// A test and how the author wrote it.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub test: Test,
    pub written: Box<str>,
}

/// Bytes that a regular expression may have.
const REGEX_BYTES: usize = 8 << 10;

/// A value on its way through the modifiers.
enum Draft {
    Text(Pattern),
    Bytes(Vec<u8>),
    Number(Number, String),
    Bool(bool),
    Null,
    Regex { source: String, flags: Vec<char> },
    Cidr(Net),
    Compare(Op, Number),
    Time(TimePart, Op, f64),
    Exists(bool),
    Field(String, RefMode),
    Placeholders(Vec<String>),
}

/// What came of a value: tests, or the placeholders that have no value yet.
pub(crate) enum Made {
    Values(Vec<Value>),
    Placeholders(Vec<String>),
}

/// What the values of a rule share.
pub(crate) struct Context<'a> {
    /// The index of another field of the rule.
    pub field: &'a mut dyn FnMut(&str) -> usize,
    /// Large regular expressions that the rule may still have.
    pub large: &'a mut usize,
}

/// Applies the chain to one written value.
pub(crate) fn make(
    node: &Node,
    chain: &[Modifier],
    keyword: bool,
    context: &mut Context<'_>,
) -> Result<Made, String> {
    let mut drafts = drafts(node, chain)?;
    for m in chain.iter().filter(|m| !m.is_mode()) {
        let mut next = Vec::with_capacity(drafts.len());
        for d in drafts {
            apply(*m, d, &mut next)?;
        }
        drafts = next;
    }
    let cased = chain.contains(&Modifier::Cased);
    let mut out = Vec::with_capacity(drafts.len());
    for d in drafts {
        if let Draft::Placeholders(names) = d {
            return Ok(Made::Placeholders(names));
        }
        let written = node.text().unwrap_or_default().into();
        out.push(Value { test: finish(d, cased, keyword, context)?, written });
    }
    Ok(Made::Values(out))
}

/// What is written, and where a number can be written in another way that too: a log has either.
fn drafts(node: &Node, chain: &[Modifier]) -> Result<Vec<Draft>, String> {
    let first = draft(node, chain)?;
    let measured = chain.iter().any(|m| matches!(m, Modifier::Compare(_) | Modifier::Time(_)));
    let other = match (&first, node.text()) {
        (Draft::Number(n, text), Some(written)) if text != written && !measured => {
            Some(Draft::Number(*n, written.into()))
        }
        _ => None,
    };
    Ok(std::iter::once(first).chain(other).collect())
}

fn draft(node: &Node, chain: &[Modifier]) -> Result<Draft, String> {
    let text = node.text().unwrap_or_default();
    let raw = chain.iter().any(|m| matches!(m, Modifier::Re | Modifier::Cidr | Modifier::FieldRef));
    Ok(match node.scalar() {
        None => return Err(format!("a value can't be {}", node.what())),
        Some(Scalar::Null) => Draft::Null,
        Some(_) if chain.contains(&Modifier::Re) => Draft::Text(Pattern::literal(text)),
        Some(Scalar::Bool(b)) => Draft::Bool(b),
        Some(Scalar::Int(n)) => Draft::Number(Number::Int(n), n.to_string()),
        // As an event's number becomes text: 10 for 10.0, 1000 for 1e3.
        Some(Scalar::Float(f)) if f.is_finite() => Draft::Number(Number::Float(f), f.to_string()),
        Some(Scalar::Float(f)) => Draft::Number(Number::Float(f), text.into()),
        Some(Scalar::Str(t)) if raw => Draft::Text(Pattern::literal(t)),
        Some(Scalar::Str(t)) if chain.contains(&Modifier::Expand) => placeholders(t),
        Some(Scalar::Str(t)) => Draft::Text(Pattern::parse(t)),
    })
}

/// `%name%` in a value under `expand`; `\%` is a percent sign.
fn placeholders(text: &str) -> Draft {
    let mut names = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, behind) = (&rest[..at], &rest[at + 1..]);
        if let Some(kept) = before.strip_suffix('\\') {
            plain.push_str(kept);
            plain.push('%');
            rest = behind;
        } else if let Some(end) = behind.find('%').filter(|end| *end > 0) {
            plain.push_str(before);
            names.push(behind[..end].to_owned());
            rest = &behind[end + 1..];
        } else {
            plain.push_str(&rest[..=at]);
            rest = behind;
        }
    }
    plain.push_str(rest);
    if names.is_empty() { Draft::Text(Pattern::parse(&plain)) } else { Draft::Placeholders(names) }
}

fn apply(m: Modifier, d: Draft, out: &mut Vec<Draft>) -> Result<(), String> {
    use Modifier as M;
    let done = match (m, d) {
        (_, d @ Draft::Placeholders(_)) => d,
        (M::Contains | M::StartsWith | M::EndsWith, d) => widen(m, d)?,
        (M::WinDash, d) => Draft::Text(text(d, "windash")?.windash()),
        (M::Re, Draft::Text(p)) => {
            Draft::Regex { source: p.plain().unwrap_or_default().into(), flags: vec![] }
        }
        (M::Flag(f), Draft::Regex { source, mut flags }) => {
            flags.push(f);
            Draft::Regex { source, flags }
        }
        (M::Cidr, Draft::Text(p)) => Draft::Cidr(Net::parse(p.plain().unwrap_or_default())?),
        (M::Exists, d) => Draft::Exists(yes_or_no(&d)?),
        (M::Compare(op), Draft::Number(n, _)) => Draft::Compare(op, n),
        (M::Compare(op), Draft::Time(part, Op::Eq, n)) => Draft::Time(part, op, n),
        (M::Compare(_), _) => return Err("gt, gte, lt and lte want a number (without quotes)".into()),
        (M::Time(part), Draft::Number(n, _)) => Draft::Time(part, Op::Eq, n.as_f64()),
        (M::Time(part), Draft::Compare(op, n)) => Draft::Time(part, op, n.as_f64()),
        (M::Time(_), _) => return Err("a time modifier wants a number (without quotes)".into()),
        (M::FieldRef, Draft::Text(p)) => field_ref(&p)?,
        (M::Expand, d @ (Draft::Text(_) | Draft::Number(..))) => d,
        (M::Base64, d) => {
            for bytes in encode::bytes_of(d_text_or_bytes(d, "base64")?)? {
                out.push(Draft::Text(Pattern::literal(&encode::base64(&bytes))));
            }
            return Ok(());
        }
        (M::Base64Offset, d) => {
            for bytes in encode::bytes_of(d_text_or_bytes(d, "base64offset")?)? {
                out.extend(encode::base64_offsets(&bytes).map(|t| Draft::Text(Pattern::literal(&t))));
            }
            return Ok(());
        }
        (M::Utf16 | M::Utf16Le | M::Utf16Be, d) => {
            let Some(texts) = text(d, "a UTF-16 modifier")?.texts() else {
                return Err("a value with wildcards can't be encoded".into());
            };
            out.extend(texts.iter().map(|t| Draft::Bytes(encode::utf16(m, t))));
            return Ok(());
        }
        (m, _) => {
            return Err(format!("{} does not go with this type of value", format!("{m:?}").to_lowercase()));
        }
    };
    out.push(done);
    Ok(())
}

fn widen(m: Modifier, d: Draft) -> Result<Draft, String> {
    let (start, end) = (m != Modifier::StartsWith, m != Modifier::EndsWith);
    Ok(match d {
        Draft::Field(name, mode) => {
            let mode = RefMode { open_start: mode.open_start || start, open_end: mode.open_end || end };
            Draft::Field(name, mode)
        }
        Draft::Regex { source, flags } => {
            let source = match m {
                Modifier::StartsWith => format!("^(?:{source})"),
                Modifier::EndsWith => format!("(?:{source})$"),
                _ => source,
            };
            Draft::Regex { source, flags }
        }
        other => {
            let mut p = text(other, "contains, startswith and endswith")?;
            if start {
                p = p.open_start();
            }
            if end {
                p = p.open_end();
            }
            Draft::Text(p)
        }
    })
}

fn text(d: Draft, who: &str) -> Result<Pattern, String> {
    match d {
        Draft::Text(p) => Ok(p),
        Draft::Number(_, t) => Ok(Pattern::literal(&t)),
        Draft::Bool(b) => Ok(Pattern::literal(if b { "true" } else { "false" })),
        Draft::Bytes(b) => encoded_text(b).map(|t| Pattern::literal(&t)),
        _ => Err(format!("{who}: wants text")),
    }
}

fn encoded_text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes)
        .map_err(|_| "the encoded value is not text; base64 may be missing behind it".into())
}

fn d_text_or_bytes(d: Draft, who: &str) -> Result<Result<Pattern, Vec<u8>>, String> {
    match d {
        Draft::Bytes(b) => Ok(Err(b)),
        other => text(other, who).map(Ok),
    }
}

fn field_ref(p: &Pattern) -> Result<Draft, String> {
    use super::pattern::Part;
    let mode = RefMode {
        open_start: p.0.first() == Some(&Part::Any),
        open_end: p.0.last() == Some(&Part::Any) && p.0.len() > 1,
    };
    let names: Vec<&String> =
        p.0.iter().filter_map(|p| if let Part::Text(t) = p { Some(t) } else { None }).collect();
    match names.as_slice() {
        [name] => Ok(Draft::Field((*name).clone(), mode)),
        _ => Err("fieldref wants the name of one field".into()),
    }
}

fn yes_or_no(d: &Draft) -> Result<bool, String> {
    match d {
        Draft::Bool(b) => Ok(*b),
        Draft::Text(p) => match p.plain().unwrap_or_default().to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" => Ok(true),
            "no" | "false" | "off" => Ok(false),
            other => Err(format!("exists wants true or false, not {}", quote(other))),
        },
        _ => Err("exists wants true or false".into()),
    }
}

fn finish(d: Draft, cased: bool, keyword: bool, context: &mut Context<'_>) -> Result<Test, String> {
    let string = |p: Pattern| {
        let p = if keyword { p.open_start().open_end() } else { p };
        let shape = Shape::new(&p, cased);
        if cased { Test::Cased(shape) } else { Test::Text(shape) }
    };
    Ok(match d {
        Draft::Text(p) => string(p),
        Draft::Bytes(b) => string(Pattern::literal(&encoded_text(b)?)),
        Draft::Number(_, t) => string(Pattern::literal(&t)),
        Draft::Bool(b) => string(Pattern::literal(if b { "true" } else { "false" })),
        Draft::Null if keyword => return Err("a keyword can't be null".into()),
        Draft::Null => Test::Null,
        Draft::Regex { source, flags } => Test::Regex(regex(&source, &flags, context.large)?),
        Draft::Cidr(net) => Test::Cidr(net),
        Draft::Compare(op, n) => Test::Compare(op, n),
        Draft::Time(part, op, n) => Test::Time(part, op, n),
        Draft::Exists(b) => Test::Exists(b),
        Draft::Field(name, mode) => Test::Field { field: (context.field)(&name), mode, cased },
        Draft::Placeholders(_) => return Err("placeholder without a value".into()),
    })
}

fn regex(source: &str, flags: &[char], large: &mut usize) -> Result<Regexp, String> {
    if source.len() > REGEX_BYTES {
        return Err(format!("a regular expression of {} bytes; at most {REGEX_BYTES}", source.len()));
    }
    Regexp::new(source, flags, large).map_err(|e| match e {
        Refused::TooLarge => {
            format!("the regular expression {} is too large when compiled", quote(source))
        }
        Refused::TooMany => format!(
            "more than {} large regular expressions in one rule: {} is one more",
            super::body::LARGE_REGEXES,
            quote(source)
        ),
        Refused::Wrong(told) => {
            let last = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("the regular expression {} is refused: {last}", quote(source))
        }
    })
}
