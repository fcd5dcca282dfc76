//! What a search asks for: words, phrases, `field:value`, wildcards, `/regex/`, AND OR NOT, parentheses.
//!
//! - A word or a "phrase" is found anywhere inside the text of any field's value, without case ([`crate::fold`]).
//! - `field:value` is the whole text of a field's value, without case; `field:*` any text. Of a list each value counts.
//! - `*` is any run of characters and `?` any one, within one value. `/regex/` looks at a value as it is written.
//! - Words beside each other must all be there; OR, NOT (or `-`) and parentheses say otherwise.

mod parse;

pub use parse::{Mistake, parse};

use crate::block::{ASIDE, Block, NONE, Rows};
use crate::{fold, segment::NAMES};
use memchr::memmem::Finder;
use regex::Regex;
use std::{fmt, sync::Arc};

/// A condition on events.
#[derive(Clone, Debug)]
pub enum Query {
    /// Every event.
    All,
    /// All of them.
    And(Vec<Query>),
    /// One of them.
    Or(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
    /// Inside the text of any field's value.
    Anywhere(Pattern),
    /// The whole text of a field's value.
    Field(Names, Pattern),
}

/// Which fields: those of these names, without (ASCII) case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(pub Arc<[String]>);

impl Names {
    /// Whether a column is one of them; what every event has beside its fields goes by its own name too.
    fn has(&self, column: usize, name: &str) -> bool {
        let name = NAMES.get(column).map_or(name, |aside| aside.trim_start_matches('\0'));
        self.0.iter().any(|one| one.eq_ignore_ascii_case(name))
    }

    /// What their dictionaries are called.
    pub(crate) fn words(&self) -> Vec<String> {
        let aside = |one: &&String| ASIDES.contains(&one.to_ascii_lowercase().as_str());
        let asides = self.0.iter().filter(aside).map(|one| format!("\0{}", one.to_ascii_lowercase()));
        asides.chain(self.0.iter().map(|one| one.to_ascii_lowercase())).collect()
    }
}

/// What every event has beside its fields.
const ASIDES: [&str; ASIDE] = ["dataset", "host", "user", "severity"];

/// How a text has to be.
#[derive(Clone)]
pub enum Pattern {
    /// This, folded.
    Text(Literal),
    /// These folded pieces in order.
    Glob(Arc<[Piece]>),
    /// As it is written, anywhere in it.
    Regex(Regex),
    /// Any text.
    Exists,
}

/// A folded text with what finds it quickly.
#[derive(Clone)]
pub struct Literal {
    text: String,
    finder: Arc<Finder<'static>>,
}

impl Literal {
    /// Of a text as it was written.
    pub fn new(text: &str) -> Literal {
        let text = fold(text);
        let finder = Arc::new(Finder::new(text.as_bytes()).into_owned());
        Literal { text, finder }
    }

    /// Folded.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Of a text with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// This, folded.
    Text(String),
    /// One character.
    One,
    /// Any run of characters.
    Run,
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pattern::Text(text) => write!(f, "{:?}", text.text),
            Pattern::Glob(pieces) => f.debug_list().entries(pieces.iter()).finish(),
            Pattern::Regex(regex) => write!(f, "/{regex}/"),
            Pattern::Exists => f.write_str("*"),
        }
    }
}

impl Pattern {
    /// Whether a text is so as a whole; a regular expression anywhere in it.
    pub fn is(&self, text: &str) -> bool {
        match self {
            Pattern::Text(wanted) => fold(text) == wanted.text,
            Pattern::Glob(pieces) => glob(pieces, &fold(text)),
            Pattern::Regex(regex) => regex.is_match(text),
            Pattern::Exists => true,
        }
    }

    /// Whether it is so anywhere in a text.
    pub fn within(&self, text: &str) -> bool {
        match self {
            Pattern::Text(wanted) => wanted.finder.find(fold(text).as_bytes()).is_some(),
            Pattern::Glob(pieces) => {
                let open: Vec<Piece> =
                    [Piece::Run].into_iter().chain(pieces.iter().cloned()).chain([Piece::Run]).collect();
                glob(&open, &fold(text))
            }
            Pattern::Regex(regex) => regex.is_match(text),
            Pattern::Exists => true,
        }
    }

    /// Folded texts that every text which is so holds.
    pub(crate) fn literals(&self) -> Vec<&str> {
        match self {
            Pattern::Text(text) => vec![&text.text],
            Pattern::Glob(pieces) => pieces
                .iter()
                .filter_map(|p| if let Piece::Text(t) = p { Some(t.as_str()) } else { None })
                .collect(),
            Pattern::Regex(_) | Pattern::Exists => vec![],
        }
    }
}

/// Whether a folded text is as the pieces say, in time that grows with both lengths multiplied at most.
fn glob(pieces: &[Piece], text: &str) -> bool {
    let (mut piece, mut at) = (0, 0);
    // The last run of any characters, and how far it goes so far.
    let mut back: Option<(usize, usize)> = None;
    loop {
        let rest = text.get(at..).unwrap_or("");
        let on = match pieces.get(piece) {
            Some(Piece::Run) => {
                back = Some((piece, at));
                piece += 1;
                continue;
            }
            Some(Piece::One) => rest.chars().next().map(char::len_utf8),
            Some(Piece::Text(wanted)) => rest.starts_with(wanted.as_str()).then_some(wanted.len()),
            None if rest.is_empty() => return true,
            None => None,
        };
        match (on, back) {
            (Some(len), _) => {
                at += len;
                piece += 1;
            }
            (None, Some((run, from))) => {
                let Some(next) = text.get(from..).and_then(|t| t.chars().next()) else { return false };
                at = from + next.len_utf8();
                back = Some((run, at));
                piece = run + 1;
            }
            (None, None) => return false,
        }
    }
}

impl Query {
    /// A text anywhere in a field's value; nothing asked for when it is empty.
    pub fn text(text: &str) -> Query {
        if text.is_empty() { Query::All } else { Query::Anywhere(Pattern::Text(Literal::new(text))) }
    }

    /// The same with other names for fields.
    #[must_use]
    pub fn by(self, names: &dyn Fn(&str) -> Vec<String>) -> Query {
        match self {
            Query::And(all) => Query::And(all.into_iter().map(|one| one.by(names)).collect()),
            Query::Or(some) => Query::Or(some.into_iter().map(|one| one.by(names)).collect()),
            Query::Not(one) => Query::Not(Box::new(one.by(names))),
            Query::Field(of, pattern) => {
                Query::Field(Names(of.0.iter().flat_map(|n| names(n)).collect()), pattern)
            }
            other => other,
        }
    }

    /// All conditions together.
    #[must_use]
    pub fn and(self, other: Query) -> Query {
        match (self, other) {
            (Query::All, one) | (one, Query::All) => one,
            (Query::And(mut all), other) => {
                all.push(other);
                Query::And(all)
            }
            (one, other) => Query::And(vec![one, other]),
        }
    }

    /// Which of a block's rows are so.
    pub(crate) fn rows(&self, block: &Block, of: Rows, scratch: &mut Vec<u8>) -> Rows {
        if of == NONE {
            return NONE;
        }
        let and = |a: Rows, b: Rows| -> Rows { std::array::from_fn(|i| a[i] & b[i]) };
        match self {
            Query::All => of,
            Query::And(all) => all.iter().fold(of, |rows, one| one.rows(block, rows, scratch)),
            Query::Or(some) => some.iter().fold(NONE, |rows, one| {
                let left = std::array::from_fn(|i| of[i] & !rows[i]);
                let more = one.rows(block, left, scratch);
                std::array::from_fn(|i| rows[i] | more[i])
            }),
            Query::Not(one) => {
                let not = one.rows(block, of, scratch);
                std::array::from_fn(|i| of[i] & !not[i])
            }
            Query::Anywhere(Pattern::Text(text)) => and(of, block.containing(&text.finder, scratch)),
            Query::Anywhere(pattern) => {
                and(of, block.passing(|column, _| column >= ASIDE, |text| pattern.within(text)))
            }
            Query::Field(names, pattern) => {
                and(of, block.passing(|column, name| names.has(column, name), |text| pattern.is(text)))
            }
        }
    }

    /// The same of one event, plainly: what the other way has to give.
    #[cfg(test)]
    pub(crate) fn plainly(&self, event: &event::Event) -> bool {
        fn texts(value: &event::Value) -> Vec<String> {
            match value {
                event::Value::Null => vec![],
                event::Value::List(list) => list.iter().flat_map(texts).collect(),
                event::Value::Str(text) => vec![text.to_string()],
                other => vec![other.to_json().to_string()],
            }
        }
        match self {
            Query::All => true,
            Query::And(all) => all.iter().all(|one| one.plainly(event)),
            Query::Or(some) => some.iter().any(|one| one.plainly(event)),
            Query::Not(one) => !one.plainly(event),
            Query::Anywhere(pattern) => {
                event.fields.iter().flat_map(|(_, v)| texts(v)).any(|text| pattern.within(&text))
            }
            Query::Field(names, pattern) => {
                let row = crate::Row::of(event, crate::SourceId(0), event::Nanos(0));
                let aside = [Some(row.dataset), row.host, row.user, Some(row.severity)];
                let aside = (0..).zip(aside).filter(|(i, _)| names.has(*i, "")).filter_map(|(_, text)| text);
                let fields = event.fields.iter().filter(|(name, _)| names.has(ASIDE, name));
                aside.chain(fields.flat_map(|(_, v)| texts(v))).any(|text| pattern.is(&text))
            }
        }
    }
}

#[cfg(test)]
mod tests;
