//! From text to [`Query`]. Any text is a query, or a mistake with its column.

use super::{Literal, Names, Pattern, Piece, Query};
use crate::fold;
use regex::RegexBuilder;
use std::sync::Arc;

/// Words, phrases and fields of a query at most.
const TERMS: usize = 1000;
/// Parentheses and NOTs in each other at most.
const DEEPEST: u32 = 64;
/// Bytes that a compiled regular expression takes at most.
const REGEX: usize = 1 << 20;

/// Why a text is no query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {reason}")]
pub struct Mistake {
    /// Of the character, the first is 1.
    pub column: usize,
    /// In plain words.
    pub reason: String,
}

/// A query from its text. Empty text is every event.
pub fn parse(text: &str) -> Result<Query, Mistake> {
    let mut parser = Parser { text, at: 0, terms: 0, field: None };
    let query = parser.either(0)?;
    parser.blank();
    match parser.peek() {
        None => Ok(query),
        Some(')') => Err(parser.mistake("there is no ( for this )")),
        Some(_) => Err(parser.mistake("this can't stand here")),
    }
}

struct Parser<'t> {
    text: &'t str,
    /// Byte.
    at: usize,
    terms: usize,
    /// In `field:( … )`.
    field: Option<Names>,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn blank(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    fn mistake(&self, reason: impl Into<String>) -> Mistake {
        self.mistake_at(self.at, reason)
    }

    fn mistake_at(&self, at: usize, reason: impl Into<String>) -> Mistake {
        let before = self.text.get(..at).unwrap_or(self.text);
        Mistake { column: before.chars().count() + 1, reason: reason.into() }
    }

    /// Takes a word in capitals that stands alone.
    fn keyword(&mut self, word: &str) -> bool {
        self.blank();
        let Some(after) = self.rest().strip_prefix(word) else { return false };
        let alone = after.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, '(' | ')' | '"'));
        if alone {
            self.at += word.len();
        }
        alone
    }

    fn either(&mut self, depth: u32) -> Result<Query, Mistake> {
        let mut some = vec![self.all(depth)?];
        loop {
            self.blank();
            let at = self.at;
            if !self.keyword("OR") {
                break;
            }
            if matches!(some[..], [Query::All]) {
                return Err(self.mistake_at(at, "OR needs something before it"));
            }
            let next = self.all(depth)?;
            if matches!(next, Query::All) {
                return Err(self.mistake("OR needs something after it"));
            }
            some.push(next);
        }
        Ok(if some.len() == 1 { some.remove(0) } else { Query::Or(some) })
    }

    fn all(&mut self, depth: u32) -> Result<Query, Mistake> {
        let mut query = Query::All;
        loop {
            self.blank();
            let at = self.at;
            let and = self.keyword("AND");
            if and && matches!(query, Query::All) {
                return Err(self.mistake_at(at, "AND needs something before it"));
            }
            self.blank();
            let before = self.at;
            let ends = matches!(self.peek(), None | Some(')')) || self.keyword("OR");
            if ends {
                self.at = before;
                if and {
                    return Err(self.mistake("AND needs something after it"));
                }
                return Ok(query);
            }
            if self.keyword("AND") {
                return Err(self.mistake_at(before, "AND needs something before it"));
            }
            query = query.and(self.one(depth)?);
        }
    }

    fn one(&mut self, depth: u32) -> Result<Query, Mistake> {
        if depth >= DEEPEST {
            return Err(self.mistake(format!("more than {DEEPEST} parentheses or NOTs in each other")));
        }
        self.blank();
        let at = self.at;
        if self.keyword("NOT") || self.minus() {
            self.blank();
            let before = self.at;
            if matches!(self.peek(), None | Some(')')) || self.keyword("OR") || self.keyword("AND") {
                return Err(self.mistake_at(before, "NOT needs something after it"));
            }
            return Ok(Query::Not(Box::new(self.one(depth + 1)?)));
        }
        match self.peek() {
            Some('(') => self.group(depth),
            Some('|') => Err(self.mistake("pipes are not read by this version; quote the | to look for it")),
            _ => {
                self.terms += 1;
                if self.terms > TERMS {
                    return Err(self.mistake_at(at, format!("more than {TERMS} terms")));
                }
                self.term(depth)
            }
        }
    }

    /// A minus right before what is not wanted.
    fn minus(&mut self) -> bool {
        let mut chars = self.rest().chars();
        let not = chars.next() == Some('-') && chars.next().is_some_and(|c| !c.is_whitespace() && c != '-');
        if not {
            self.at += 1;
        }
        not
    }

    fn group(&mut self, depth: u32) -> Result<Query, Mistake> {
        let open = self.at;
        self.next();
        let query = self.either(depth + 1)?;
        self.blank();
        if self.next() != Some(')') {
            return Err(self.mistake_at(open, "this ( has no )"));
        }
        if matches!(query, Query::All) {
            return Err(self.mistake_at(open, "there is nothing between these parentheses"));
        }
        Ok(query)
    }

    fn term(&mut self, depth: u32) -> Result<Query, Mistake> {
        if let Some((name, len)) = self.name() {
            if self.field.is_some() {
                return Err(self.mistake("a field inside the parentheses of another"));
            }
            let at = self.at;
            self.at += len;
            let names = Names(Arc::from([name]));
            if self.peek() == Some('(') {
                self.field = Some(names);
                let query = self.group(depth);
                self.field = None;
                return query;
            }
            return match self.pattern()? {
                None => Err(self.mistake_at(at, "this field has no value; :* is any")),
                Some(pattern) => Ok(Query::Field(names, pattern)),
            };
        }
        let at = self.at;
        match (self.pattern()?, self.field.clone()) {
            (None, _) => Err(self.mistake_at(at, "this can't stand here")),
            (Some(pattern), Some(names)) => Ok(Query::Field(names, pattern)),
            (Some(Pattern::Exists), None) => Ok(Query::All),
            (Some(pattern), None) => Ok(Query::Anywhere(pattern)),
        }
    }

    /// The field's name that comes next and the bytes to its value. What only looks like one (a drive, an address, `a::b`,
    /// a time) is text.
    fn name(&self) -> Option<(String, usize)> {
        let rest = self.rest();
        let end = rest.find(|c: char| {
            c.is_whitespace() || matches!(c, ':' | '"' | '(' | ')' | '|' | '*' | '?' | '\\' | '/')
        })?;
        let (name, after) = rest.split_at(end);
        let value = after.strip_prefix(':')?;
        let text = name.is_empty()
            || name.bytes().all(|b| b.is_ascii_digit())
            || value.starts_with(':')
            || value.starts_with("//")
            || (name.len() == 1 && value.starts_with('\\'));
        (!text).then(|| (name.to_owned(), end + 1))
    }

    /// A word, a phrase or a regular expression; none where there is none.
    fn pattern(&mut self) -> Result<Option<Pattern>, Mistake> {
        match self.peek() {
            Some('"') => self.phrase().map(Some),
            Some('/') => match self.regex()? {
                Some(regex) => Ok(Some(regex)),
                None => Ok(self.word()),
            },
            _ => Ok(self.word()),
        }
    }

    /// `\"` is a quotation mark, `\\` a backslash; any other backslash is itself.
    fn phrase(&mut self) -> Result<Pattern, Mistake> {
        let open = self.at;
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => return Err(self.mistake_at(open, "this \" is never closed")),
                Some('"') => return Ok(Pattern::Text(Literal::new(&text))),
                Some('\\') if matches!(self.peek(), Some('"' | '\\')) => text.extend(self.next()),
                Some(c) => text.push(c),
            }
        }
    }

    /// Between two slashes; `\/` is a slash in it. A slash with none after it in the same word is a text, as paths are.
    fn regex(&mut self) -> Result<Option<Pattern>, Mistake> {
        let open = self.at;
        let (mut source, mut chars, mut closed) =
            (String::new(), self.rest().char_indices().skip(1).peekable(), None);
        while let Some((i, c)) = chars.next() {
            match c {
                '\\' if chars.peek().is_some_and(|(_, c)| *c == '/') => {
                    source.push('/');
                    chars.next();
                }
                '\\' => {
                    source.push('\\');
                    source.extend(chars.next().map(|(_, c)| c));
                }
                '/' => {
                    closed = Some(i + 1);
                    break;
                }
                c => source.push(c),
            }
        }
        let ends = |end: usize| {
            let after = self.text.get(open + end..).and_then(|rest| rest.chars().next());
            after.is_none_or(|c| c.is_whitespace() || c == ')')
        };
        let Some(end) = closed.filter(|end| ends(*end) && !source.is_empty()) else { return Ok(None) };
        let regex = RegexBuilder::new(&source).size_limit(REGEX).build();
        let regex = regex.map_err(|e| {
            let last = e.to_string().lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            self.mistake_at(open, format!("this is no regular expression: {last}"))
        })?;
        self.at = open + end;
        Ok(Some(Pattern::Regex(regex)))
    }

    fn word(&mut self) -> Option<Pattern> {
        let (mut pieces, mut text, mut any) = (Vec::new(), String::new(), false);
        while let Some(c) = self.peek() {
            match c {
                c if c.is_whitespace() => break,
                '(' | ')' | '"' | '|' => break,
                '*' | '?' => {
                    if !text.is_empty() {
                        pieces.push(Piece::Text(fold(&std::mem::take(&mut text))));
                    }
                    let piece = if c == '*' { Piece::Run } else { Piece::One };
                    if piece != Piece::Run || pieces.last() != Some(&Piece::Run) {
                        pieces.push(piece);
                    }
                }
                '\\' => {
                    self.next();
                    match self.peek() {
                        Some(c @ ('\\' | '*' | '?' | '(' | ')' | '"' | ':' | '|' | '/')) => text.push(c),
                        _ => {
                            text.push('\\');
                            any = true;
                            continue;
                        }
                    }
                }
                c => text.push(c),
            }
            any = true;
            self.next();
        }
        if !any {
            return None;
        }
        if pieces.is_empty() {
            return Some(Pattern::Text(Literal::new(&text)));
        }
        if pieces == [Piece::Run] && text.is_empty() {
            return Some(Pattern::Exists);
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(fold(&text)));
        }
        Some(Pattern::Glob(pieces.into()))
    }
}
