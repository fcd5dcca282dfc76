//! YAML text to a tree that knows the place of every node. Bounded in depth, nodes and documents.

use super::error::{At, Problem, quote};
use granit_parser::{Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput};
use std::{collections::HashMap, ops::Range};

/// Nesting that a rule may have.
const DEPTH: usize = 48;
/// Nodes that a document may have, aliases counted as what they stand for.
const NODES: usize = 100_000;
/// Bytes that one value may have.
const VALUE: usize = 256 << 10;
/// Documents that a text may have.
const DOCUMENTS: usize = 20_000;
/// Bytes that a text may have.
pub(crate) const BYTES: usize = 16 << 20;

/// A node and where it starts.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub at: At,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// `plain` is true when the core schema may read it as something other than text.
    Scalar {
        text: Box<str>,
        plain: bool,
    },
    Seq(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// What a scalar means in YAML 1.2's core schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(&'a str),
}

impl Node {
    /// The scalar's text as written, whatever its type.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The scalar's meaning; `None` for lists and maps.
    pub fn scalar(&self) -> Option<Scalar<'_>> {
        let Kind::Scalar { text, plain } = &self.kind else { return None };
        Some(if *plain { resolve(text) } else { Scalar::Str(text) })
    }

    pub fn map(&self) -> Option<&[(Node, Node)]> {
        match &self.kind {
            Kind::Map(m) => Some(m),
            _ => None,
        }
    }

    pub fn seq(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Seq(s) => Some(s),
            _ => None,
        }
    }

    /// The value under a text key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v)
    }

    pub fn is_null(&self) -> bool {
        self.scalar() == Some(Scalar::Null)
    }

    /// What it is, for messages.
    pub fn what(&self) -> &'static str {
        match self.scalar() {
            None if self.seq().is_some() => "a list",
            None => "a map",
            Some(Scalar::Null) => "null",
            Some(Scalar::Bool(_)) => "a boolean",
            Some(Scalar::Int(_) | Scalar::Float(_)) => "a number",
            Some(Scalar::Str(_)) => "text",
        }
    }
}

fn resolve(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "true" | "True" | "TRUE" => return Scalar::Bool(true),
        "false" | "False" | "FALSE" => return Scalar::Bool(false),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Scalar::Str(text);
    }
    let int = match text.get(..2) {
        Some("0x") => i128::from_str_radix(&text[2..], 16).ok(),
        Some("0o") => i128::from_str_radix(&text[2..], 8).ok(),
        _ => text.parse().ok(),
    };
    if let Some(n) = int {
        return Scalar::Int(n);
    }
    // Rust reads "inf" and "infinity" too, which start with a letter or sign here and are text in YAML.
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse() {
        Ok(f) if numeric => Scalar::Float(f),
        _ => Scalar::Str(text),
    }
}

/// One document of a text: its tree, or what is wrong with it.
pub(crate) struct Document {
    /// Bytes of the text, without the `---` before it.
    pub span: Range<usize>,
    pub root: Result<Node, Problem>,
}

fn at(span: &Span) -> At {
    At { line: span.start.line(), column: span.start.col() + 1 }
}

fn offset(mark: granit_parser::Marker) -> usize {
    mark.byte_offset().unwrap_or_default()
}

fn syntax(e: &ScanError, text: &str) -> Problem {
    let m = e.marker();
    let mut at = At { line: m.line(), column: m.col() + 1 };
    if e.info().contains("tab") {
        at = indented_by_tab(text, at.line).unwrap_or(at);
    }
    Problem::new(at, "", format!("not valid YAML: {}", e.info()))
}

/// The tab that a line is indented by: of this line, or of the next one with something on it. The parser names the end
/// of the value before it.
fn indented_by_tab(text: &str, line: usize) -> Option<At> {
    let mut blank = true;
    let mut rest = super::error::lines(text).zip(1..).skip(line.saturating_sub(1));
    let near = rest.by_ref().take_while(|(l, number)| {
        let go_on = blank || *number <= line + 1;
        blank = l.trim().is_empty();
        go_on
    });
    near.into_iter().find_map(|(l, line)| {
        let column = l.chars().take_while(|c| matches!(c, ' ' | '\t')).position(|c| c == '\t')? + 1;
        (!l.trim().is_empty()).then_some(At { line, column })
    })
}

/// All documents of a text. Empty documents are left out.
pub(crate) fn documents(text: &str) -> Vec<Document> {
    let mut docs = Vec::new();
    if text.len() > BYTES {
        let reason = format!("the text has {} bytes; a rule file may have {BYTES}", text.len());
        docs.push(Document { span: 0..0, root: Err(Problem::new(At { line: 1, column: 1 }, "", reason)) });
        return docs;
    }
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = DEPTH;
    options.block_nesting_limit = DEPTH;
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut start = 0;
    loop {
        if docs.len() >= DOCUMENTS {
            let reason = format!("more than {DOCUMENTS} documents in one text; the rest was not read");
            let place = super::error::lines(&text[..start]).count();
            docs.push(Document {
                span: start..text.len(),
                root: Err(Problem::new(At { line: place, column: 1 }, "", reason)),
            });
            return docs;
        }
        match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => return docs,
            Some(Ok((Event::DocumentStart(..), span))) => {
                start = offset(span.end);
                match read(&mut parser, text) {
                    Ok((None, _)) => {}
                    Ok((Some(root), end)) => docs.push(Document { span: start..end, root: Ok(root) }),
                    Err(problem) => {
                        docs.push(Document { span: start..text.len(), root: Err(problem) });
                        if !resume(&mut parser, &mut docs, text) {
                            return docs;
                        }
                    }
                }
            }
            Some(Ok(_)) => {}
            Some(Err(e)) => {
                docs.push(Document { span: start..text.len(), root: Err(syntax(&e, text)) });
                if !resume(&mut parser, &mut docs, text) {
                    return docs;
                }
            }
        }
    }
}

/// Goes on behind a broken document; false when nothing is left.
fn resume<'a>(parser: &mut Parser<'a, StrInput<'a>>, docs: &mut [Document], text: &str) -> bool {
    let more = matches!(parser.proceed_next_document(), Ok(true));
    if more
        && let Some(Ok((_, next))) = parser.peek()
        && let Some(last) = docs.last_mut()
    {
        last.span.end = offset(next.start).min(text.len()).max(last.span.start);
    }
    more
}

enum Open {
    Seq(At, usize, Vec<Node>),
    Map(At, usize, Vec<(Node, Node)>, Option<Node>),
}

#[derive(Default)]
struct Builder {
    stack: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

/// Reads the events of one document up to its end; `None` when it is empty.
fn read<'a>(parser: &mut Parser<'a, StrInput<'a>>, text: &str) -> Result<(Option<Node>, usize), Problem> {
    let mut b = Builder::default();
    loop {
        let (event, span) = match parser.next_event() {
            None => return Ok((b.root, 0)),
            Some(Err(e)) => return Err(syntax(&e, text)),
            Some(Ok(next)) => next,
        };
        let at = at(&span);
        match event {
            Event::DocumentEnd | Event::StreamEnd => {
                // A `---` with nothing behind it is no document; the parser reads a null there.
                let root = b.root.filter(|r| !r.is_null());
                return Ok((root, offset(span.start)));
            }
            Event::Scalar(text, style, anchor, tag) => {
                if text.len() > VALUE {
                    let reason = format!("a value of {} bytes; at most {VALUE} are read", text.len());
                    return Err(Problem::new(at, "", reason));
                }
                let forced = tag.as_ref().is_some_and(|t| t.is_yaml_core_schema_tag("str"));
                let plain = style == ScalarStyle::Plain && !forced;
                b.put(Node { at, kind: Kind::Scalar { text: text.into(), plain } }, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => b.open(Open::Seq(at, anchor, Vec::new()), at)?,
            Event::MappingStart(_, anchor, _) => b.open(Open::Map(at, anchor, Vec::new(), None), at)?,
            Event::SequenceEnd | Event::MappingEnd => b.close()?,
            Event::Alias(id) => {
                let Some(node) = b.anchors.get(&id).cloned() else {
                    return Err(Problem::new(at, "", "alias to an anchor that is not complete"));
                };
                b.nodes += count(&node);
                b.put(node, 0)?;
            }
            _ => {}
        }
    }
}

/// What a copy of the node costs of [`NODES`].
fn count(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar { text, .. } => 1 + text.len() / 64,
        Kind::Seq(s) => 1 + s.iter().map(count).sum::<usize>(),
        Kind::Map(m) => 1 + m.iter().map(|(k, v)| count(k) + count(v)).sum::<usize>(),
    }
}

impl Builder {
    fn open(&mut self, open: Open, at: At) -> Result<(), Problem> {
        if self.stack.len() >= DEPTH {
            return Err(Problem::new(at, "", format!("nested deeper than {DEPTH} levels")));
        }
        self.stack.push(open);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Problem> {
        let (node, anchor) = match self.stack.pop() {
            Some(Open::Seq(at, anchor, items)) => (Node { at, kind: Kind::Seq(items) }, anchor),
            Some(Open::Map(at, anchor, items, _)) => {
                no_double_keys(&items)?;
                (Node { at, kind: Kind::Map(items) }, anchor)
            }
            None => return Ok(()),
        };
        self.put(node, anchor)
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Problem> {
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(Problem::new(node.at, "", format!("more than {NODES} nodes in one document")));
        }
        if anchor != 0 {
            self.nodes += count(&node);
            self.anchors.insert(anchor, node.clone());
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::Seq(_, _, items)) => items.push(node),
            Some(Open::Map(_, _, items, key)) => match key.take() {
                None => *key = Some(node),
                Some(k) => items.push((k, node)),
            },
        }
        Ok(())
    }
}

fn no_double_keys(items: &[(Node, Node)]) -> Result<(), Problem> {
    let mut seen = std::collections::HashSet::new();
    for (key, _) in items {
        let Some(text) = key.text() else {
            return Err(Problem::new(key.at, "", format!("a key must be text, this one is {}", key.what())));
        };
        if text == "<<" {
            return Err(Problem::new(key.at, "", "merge keys (<<) are not part of Sigma's YAML"));
        }
        if !seen.insert(text) {
            return Err(Problem::new(key.at, text, format!("the key {} is given twice", quote(text))));
        }
    }
    Ok(())
}
