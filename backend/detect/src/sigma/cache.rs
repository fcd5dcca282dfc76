//! Loaded rules as bytes, so that a text has to be read as YAML only once.
//!
//! The bytes say which text they were made of, by which form and version, and carry a checksum; anything else
//! is refused, and what they hold is checked like any input. The caller keeps them where it likes and parses
//! the text again when they are refused. Rules that are not detections are few and are kept as their text.

use super::{
    Parsed,
    body::{Body, Item, Search, Tree},
    condition::Condition,
    error::At,
    modifier::TimePart,
    number::Number,
    pattern::Part,
    rule::{Content, Kind, Level, Logsource, Rule, Status},
    value::{Op, RefMode, Test, Value},
    wire::{Reader, Writer},
};
use crate::{
    net::Net,
    regexp::{Flags, Regexp},
    text::{Glob, Shape},
};
use std::sync::Arc;

/// Changes with every change of what rules compile to: a test holds it to the bytes of a fixed rule.
const FORM: &str = concat!("detect ", env!("CARGO_PKG_VERSION"), " rules 3");
/// Nesting of conditions and searches that is read; what the parser takes is less.
const DEPTH: usize = 200;
const SUM: usize = 32;

fn digest(parts: &[&[u8]]) -> [u8; SUM] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// The rules of `text` as bytes for [`from_bytes`]. `None` when a document did not load: then the text has to be
/// parsed each time, so that its errors are said each time. `None` too for rules that pipelines changed, since those
/// are not made of the text alone.
pub fn to_bytes(text: &str, parsed: &Parsed) -> Option<Vec<u8>> {
    if !parsed.errors.is_empty() || parsed.rules.iter().any(|r| !r.pipelines.is_empty()) {
        return None;
    }
    let mut w = Writer::default();
    w.list(&parsed.rules, rule);
    let body = w.done();
    let mut out = digest(&[FORM.as_bytes(), text.as_bytes(), &body]).to_vec();
    out.extend(body);
    Some(out)
}

/// The rules that [`to_bytes`] made of exactly this text with this version of the crate; `None` for any other bytes.
pub fn from_bytes(text: &str, bytes: &[u8]) -> Option<Vec<Rule>> {
    let (sum, body) = bytes.split_at_checked(SUM)?;
    if *sum != digest(&[FORM.as_bytes(), text.as_bytes(), body]) {
        return None;
    }
    let mut r = Reader::new(body);
    let mark = super::mark(text.strip_prefix('\u{feff}').unwrap_or(text));
    let rules = r.list(|r| read_rule(r, text, mark))?;
    r.is_done().then_some(rules)
}

fn rule(w: &mut Writer, rule: &Rule) {
    let Rule {
        id,
        name,
        title,
        status,
        level,
        description,
        author,
        license,
        tags,
        references,
        falsepositives,
        fields,
        date,
        modified,
        logsource,
        pipelines: _,
        kind: _,
        span,
        document,
        text: _,
        id_at,
        content,
    } = rule;
    w.number(span.start as u64);
    w.number(span.end as u64);
    w.number(*document as u64);
    w.number(id_at.line as u64);
    w.number(id_at.column as u64);
    let Content::Detection(content) = content else { return w.number(0) };
    w.number(1);
    [id, title, description, author].into_iter().for_each(|t| w.text(t));
    let Logsource { product, category, service, definition } = logsource;
    let optional = [name, license, date, modified, product, category, service, definition];
    optional.into_iter().for_each(|t| w.maybe(t.as_deref()));
    for list in [tags, references, falsepositives, fields] {
        w.list(list, |w, t| w.text(t));
    }
    w.maybe(status.map(Status::as_str));
    w.maybe(level.map(Level::as_str));
    let Body { searches, items, fields, condition, written, placeholders } = &**content;
    w.list(fields, |w, t| w.text(t));
    w.list(items, item);
    w.list(searches, |w, s| {
        w.text(&s.name);
        tree(w, &s.tree);
    });
    w.list(condition.as_slice(), self::condition);
    w.text(written);
    w.list(placeholders, |w, t| w.text(t));
}

fn read_rule(r: &mut Reader<'_>, text: &str, mark: u64) -> Option<Rule> {
    let span = r.size()?..r.size()?;
    let document = r.size()?;
    let id_at = At { line: r.size()?, column: r.size()? };
    if r.number()? == 0 {
        let parsed = super::parse(text.get(span.clone())?);
        let [rule] = <[Rule; 1]>::try_from(parsed.rules).ok()?;
        return parsed.errors.is_empty().then_some(Rule { span, document, id_at, text: mark, ..rule });
    }
    let mut word = || r.text().map(str::to_owned);
    let (id, title, description, author) = (word()?, word()?, word()?, word()?);
    let mut maybe = || r.maybe().map(|t| t.map(str::to_owned));
    let (name, license, date, modified) = (maybe()?, maybe()?, maybe()?, maybe()?);
    let logsource =
        Logsource { product: maybe()?, category: maybe()?, service: maybe()?, definition: maybe()? };
    let mut words = || r.list(|r| r.text().map(str::to_owned));
    let (tags, references, falsepositives, fields) = (words()?, words()?, words()?, words()?);
    let status = r.maybe()?.map(|t| Status::named(t).ok_or(())).transpose().ok()?;
    let level = r.maybe()?.map(|t| Level::named(t).ok_or(())).transpose().ok()?;
    let body_fields: Vec<Box<str>> = r.list(|r| r.text().map(Into::into))?;
    let items = r.list(|r| read_item(r, body_fields.len()))?;
    let searches =
        r.list(|r| Some(Search { name: r.text()?.into(), tree: read_tree(r, items.len(), 0)? }))?;
    let mut conditions = r.list(|r| read_condition(r, searches.len(), 0))?;
    let body = Body {
        searches,
        items,
        fields: body_fields,
        condition: conditions.pop(),
        written: r.text()?.to_owned(),
        placeholders: r.list(|r| r.text().map(str::to_owned))?,
    };
    Some(Rule {
        id,
        name,
        title,
        status,
        level,
        description,
        author,
        license,
        tags,
        references,
        falsepositives,
        fields,
        date,
        modified,
        logsource,
        pipelines: vec![],
        kind: Kind::Detection,
        span,
        document,
        text: mark,
        id_at,
        content: Content::Detection(Arc::new(body)),
    })
}

fn item(w: &mut Writer, item: &Item) {
    let Item { field, modifiers, values, ends, all, negate } = item;
    w.number(field.map_or(0, |f| f as u64 + 1));
    w.text(modifiers);
    w.number(u64::from(*all) | u64::from(*negate) << 1);
    w.list(values, |w, v| {
        w.text(&v.written);
        test(w, &v.test);
    });
    w.list(ends, |w, end| w.number(*end as u64));
}

fn read_item(r: &mut Reader<'_>, fields: usize) -> Option<Item> {
    let field = r.below(fields + 1)?.checked_sub(1);
    let modifiers = r.text()?.into();
    let modes = r.below(4)?;
    let values = r.list(|r| Some(Value { written: r.text()?.into(), test: read_test(r, fields)? }))?;
    let ends = r.list(|r| r.below(values.len() + 1))?;
    let whole = ends.last().is_none_or(|end| *end == values.len());
    (ends.is_sorted() && whole).then_some(())?;
    let (all, negate) = (modes & 1 != 0, modes & 2 != 0);
    Some(Item { field, modifiers, values, ends: ends.into(), all, negate })
}

fn tree(w: &mut Writer, t: &Tree) {
    match t {
        Tree::Item(i) => {
            w.number(0);
            w.number(*i as u64);
        }
        Tree::And(all) => {
            w.number(1);
            w.list(all, tree);
        }
        Tree::Or(any) => {
            w.number(2);
            w.list(any, tree);
        }
    }
}

fn read_tree(r: &mut Reader<'_>, items: usize, depth: usize) -> Option<Tree> {
    let depth = (depth < DEPTH).then_some(depth + 1)?;
    Some(match r.number()? {
        0 => Tree::Item(r.below(items)?),
        1 => Tree::And(r.list(|r| read_tree(r, items, depth))?),
        2 => Tree::Or(r.list(|r| read_tree(r, items, depth))?),
        _ => return None,
    })
}

fn condition(w: &mut Writer, c: &Condition) {
    match c {
        Condition::Search(i) => {
            w.number(0);
            w.number(*i as u64);
        }
        Condition::And(all) => {
            w.number(1);
            w.list(all, condition);
        }
        Condition::Or(any) => {
            w.number(2);
            w.list(any, condition);
        }
        Condition::Not(c) => {
            w.number(3);
            condition(w, c);
        }
        Condition::Of { least, searches, written } => {
            w.number(4);
            w.number(*least as u64);
            w.list(searches, |w, i| w.number(*i as u64));
            w.text(written);
        }
    }
}

fn read_condition(r: &mut Reader<'_>, searches: usize, depth: usize) -> Option<Condition> {
    let depth = (depth < DEPTH).then_some(depth + 1)?;
    Some(match r.number()? {
        0 => Condition::Search(r.below(searches)?),
        1 => Condition::And(r.list(|r| read_condition(r, searches, depth))?),
        2 => Condition::Or(r.list(|r| read_condition(r, searches, depth))?),
        3 => Condition::Not(Box::new(read_condition(r, searches, depth)?)),
        4 => Condition::Of {
            least: r.size()?,
            searches: r.list(|r| r.below(searches))?,
            written: r.text()?.to_owned(),
        },
        _ => return None,
    })
}

const OPS: [Op; 5] = [Op::Eq, Op::Gt, Op::Gte, Op::Lt, Op::Lte];
const PARTS: [TimePart; 6] =
    [TimePart::Minute, TimePart::Hour, TimePart::Day, TimePart::Week, TimePart::Month, TimePart::Year];

fn place<T: PartialEq>(list: &[T], one: &T) -> u64 {
    list.iter().position(|x| x == one).unwrap_or_default() as u64
}

fn test(w: &mut Writer, t: &Test) {
    match t {
        Test::Text(s) => {
            w.number(0);
            shape(w, s);
        }
        Test::Cased(s) => {
            w.number(1);
            shape(w, s);
        }
        Test::Regex(r) => {
            w.number(2);
            w.text(r.source());
            w.number(r.flags().number());
        }
        Test::Cidr(Net::V4(net, mask)) => {
            w.number(3);
            [*net, *mask].into_iter().for_each(|n| w.number(n.into()));
        }
        Test::Cidr(Net::V6(net, mask)) => {
            w.number(4);
            let halves = [*net, *mask].into_iter().flat_map(|n| [n as u64, (n >> 64) as u64]);
            halves.for_each(|n| w.number(n));
        }
        Test::Compare(op, n) => {
            w.number(5);
            w.number(place(&OPS, op));
            number(w, *n);
        }
        Test::Time(part, op, n) => {
            w.number(6);
            w.number(place(&PARTS, part));
            w.number(place(&OPS, op));
            w.number(n.to_bits());
        }
        Test::Exists(wanted) => w.number(7 + u64::from(*wanted)),
        Test::Null => w.number(9),
        Test::Field { field, mode, cased } => {
            w.number(10);
            w.number(*field as u64);
            w.number(u64::from(mode.open_start) | u64::from(mode.open_end) << 1 | u64::from(*cased) << 2);
        }
    }
}

fn read_test(r: &mut Reader<'_>, fields: usize) -> Option<Test> {
    let op = |r: &mut Reader<'_>| r.below(OPS.len()).map(|i| OPS[i]);
    let half = |r: &mut Reader<'_>| r.number().and_then(|n| u32::try_from(n).ok());
    let wide = |r: &mut Reader<'_>| Some(u128::from(r.number()?) | u128::from(r.number()?) << 64);
    Some(match r.number()? {
        0 => Test::Text(read_shape(r)?),
        1 => Test::Cased(read_shape(r)?),
        2 => Test::Regex(Regexp::known(r.text()?, Flags::of(r.number()?))),
        3 => Test::Cidr(Net::V4(half(r)?, half(r)?)),
        4 => Test::Cidr(Net::V6(wide(r)?, wide(r)?)),
        5 => Test::Compare(op(r)?, read_number(r)?),
        6 => Test::Time(PARTS[r.below(PARTS.len())?], op(r)?, f64::from_bits(r.number()?)),
        7 => Test::Exists(false),
        8 => Test::Exists(true),
        9 => Test::Null,
        10 => {
            let field = r.below(fields)?;
            let bits = r.below(8)?;
            let mode = RefMode { open_start: bits & 1 != 0, open_end: bits & 2 != 0 };
            Test::Field { field, mode, cased: bits & 4 != 0 }
        }
        _ => return None,
    })
}

fn number(w: &mut Writer, n: Number) {
    match n {
        Number::Int(n) => [0, n as u64, (n >> 64) as u64].into_iter().for_each(|n| w.number(n)),
        Number::Float(n) => [1, n.to_bits()].into_iter().for_each(|n| w.number(n)),
    }
}

fn read_number(r: &mut Reader<'_>) -> Option<Number> {
    Some(match r.number()? {
        0 => Number::Int(i128::from(r.number()?) | i128::from(r.number()?) << 64),
        1 => Number::Float(f64::from_bits(r.number()?)),
        _ => return None,
    })
}

fn shape(w: &mut Writer, s: &Shape) {
    let mut text = |n, t: &str| {
        w.number(n);
        w.text(t);
    };
    match s {
        Shape::Anything => w.number(0),
        Shape::Exact(t) => text(1, t),
        Shape::Prefix(t) => text(2, t),
        Shape::Suffix(t) => text(3, t),
        // Needles are made of text.
        Shape::Contains(f) => text(4, std::str::from_utf8(f.needle()).unwrap_or_default()),
        Shape::Glob(g) => {
            w.number(5);
            w.list(&g.parts(), |w, p| match p {
                Part::Text(t) => {
                    w.number(0);
                    w.text(t);
                }
                Part::Any => w.number(1),
                Part::One => w.number(2),
                Part::Dash => w.number(3),
            });
        }
    }
}

fn read_shape(r: &mut Reader<'_>) -> Option<Shape> {
    Some(match r.number()? {
        0 => Shape::Anything,
        1 => Shape::Exact(r.text()?.into()),
        2 => Shape::Prefix(r.text()?.into()),
        3 => Shape::Suffix(r.text()?.into()),
        4 => Shape::contains(r.text()?),
        5 => {
            let parts = r.list(|r| {
                Some(match r.number()? {
                    0 => Part::Text(r.text()?.to_owned()),
                    1 => Part::Any,
                    2 => Part::One,
                    3 => Part::Dash,
                    _ => return None,
                })
            })?;
            Shape::Glob(Glob::new(&parts))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, Mapping};
    use proptest::prelude::*;

    const RULE: &str = r"title: t
id: 00000000-0000-0000-0000-000000000001
status: test
level: high
tags: [attack.t1059]
logsource: {category: process_creation, product: windows}
detection:
  s:
    Image|endswith: ['\a.exe', b?c*d]
    CommandLine|contains|windash|all: [' -x', y]
    F|re|i: 'a(b|\w)+'
    G|cidr: [10.0.0.0/8, 'fe80::/10']
    H|gte: 5
    O|base64offset|contains|all: [ab, cd]
    I|hour|lt: 7
    J|exists: true
    K: null
    L|fieldref|endswith: M
    N|cased|startswith: Ab
  k: [word, '*']
  condition: (s or 1 of s*) and not all of k
";

    fn forged(text: &str, body: &[u8]) -> Vec<u8> {
        [&digest(&[FORM.as_bytes(), text.as_bytes(), body])[..], body].concat()
    }

    #[test]
    fn the_form_is_the_one_that_is_named() {
        let bytes = to_bytes(RULE, &crate::sigma::parse(RULE)).unwrap();
        let body = &bytes[SUM..];
        let sum = u32::from_le_bytes(digest(&[body])[..4].try_into().unwrap());
        assert_eq!(
            (body.len(), sum),
            (663, 1_184_549_082),
            "the bytes have changed: raise the number in FORM, then this one"
        );
    }

    #[test]
    fn broken_texts_are_not_kept() {
        assert!(to_bytes("title: t", &crate::sigma::parse("title: t")).is_none());
    }

    proptest! {
        #[test]
        fn changed_bytes_are_refused(at: prop::sample::Index, by in 1_u8..) {
            let mut bytes = to_bytes(RULE, &crate::sigma::parse(RULE)).unwrap();
            prop_assert_eq!(from_bytes(RULE, &bytes).map(|r| r.len()), Some(1));
            let at = at.index(bytes.len());
            prop_assert!(from_bytes(RULE, &bytes[..at]).is_none());
            bytes[at] = bytes[at].wrapping_add(by);
            prop_assert!(from_bytes(RULE, &bytes).is_none());
        }

        /// Whoever can make the checksum fit still gets rules that can be run, or none.
        #[test]
        fn forged_bytes_do_no_harm(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
            let mut body = to_bytes(RULE, &crate::sigma::parse(RULE)).unwrap().split_off(SUM);
            for (at, byte) in changes {
                let at = at.index(body.len());
                body[at] = byte;
            }
            if let Some(rules) = from_bytes(RULE, &forged(RULE, &body)) {
                let (engine, _) = Engine::build(rules, &Mapping::ignoring_logsource());
                let event = event::Event {
                    time: event::Nanos(0),
                    dataset: "".into(),
                    place: event::Place::default(),
                    fields: ["Image", "F", "G", "H", "I", "L", "M", "N"].map(|f| (f.into(), "10.a.exe".into())).into(),
                    identity: [0; 16],
                };
                engine.scan(&event, &mut Vec::new());
                (0..engine.rules().len()).for_each(|i| drop(engine.explain(&event, i)));
            }
        }
    }
}
