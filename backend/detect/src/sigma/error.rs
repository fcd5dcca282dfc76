//! What is wrong with a rule, and where: line, column, reason, and a picture with a caret.

use super::scalar;
use serde::Serialize;
use std::fmt::Write as _;

/// A place in the text of a rule, both 1-based; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
pub struct At {
    /// Line in the whole text, not in the document.
    pub line: usize,
    /// Column in characters.
    pub column: usize,
}

/// Why one document of a rule file was not loaded (AURORA-4222).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleError {
    /// 0-based number of the YAML document in the text.
    pub document: usize,
    /// 1-based line in the whole text.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// Where in the rule, for example `detection.selection.Image|endswith`. Empty for the whole document.
    pub path: String,
    /// In plain words.
    pub reason: String,
    /// Id or title of the rule, where it could be read.
    pub rule: Option<String>,
}

/// A problem inside one document, before the document's number is known.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub at: At,
    pub path: String,
    pub reason: String,
    /// Where in the value that starts at `at`.
    pub inside: Option<Inside>,
}

/// A place in a value, told by what folding and quoting leave as it is: the characters that are no blanks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inside {
    /// Characters before it, without blanks.
    solid: usize,
    /// The end of the value, not the next character.
    end: bool,
}

impl Problem {
    pub fn new(at: At, path: impl Into<String>, reason: impl Into<String>) -> Self {
        Problem { at, path: path.into(), reason: reason.into(), inside: None }
    }

    /// At this character (0-based) of the value that starts at the problem's place.
    pub fn at_character(mut self, value: &str, character: usize) -> Self {
        let solid = value.chars().take(character).filter(|c| !c.is_whitespace()).count();
        let end = value.chars().skip(character).all(char::is_whitespace);
        self.inside = Some(Inside { solid, end });
        self
    }

    /// With the place in the text of the document, where it is one inside a value.
    pub fn located(mut self, text: &str) -> Self {
        if let Some(inside) = self.inside.take() {
            self.at = scalar::place(text, self.at, inside.solid, inside.end).unwrap_or(self.at);
        }
        self
    }

    pub fn in_document(self, document: usize, rule: Option<String>) -> RuleError {
        let Problem { at, path, reason, .. } = self;
        RuleError { document, line: at.line, column: at.column, path, reason, rule }
    }
}

/// Characters of the source line shown around the caret at most.
const SHOWN: usize = 120;

impl RuleError {
    /// The error with the source line and a caret under the column, for a terminal. `name` is what the text
    /// is called there (a path); control characters of the source are shown as spaces.
    pub fn render(&self, source: &str, name: &str) -> String {
        let mut out = format!("{name}:{}:{}: {}\n", self.line, self.column, self.reason);
        if !self.path.is_empty() {
            let _ = writeln!(out, "  in {}", self.path);
        }
        let Some(line) = lines(source).nth(self.line.saturating_sub(1)) else { return out };
        let column = self.column.saturating_sub(1);
        let skip = column.saturating_sub(SHOWN / 2);
        let shown: String =
            line.chars().skip(skip).take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let number = self.line.to_string();
        let gap = " ".repeat(number.len());
        let _ = writeln!(out, "{gap} |\n{number} | {shown}\n{gap} | {}^", " ".repeat(column - skip));
        out
    }
}

impl std::fmt::Display for RuleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, " (in {})", self.path) }
    }
}

impl std::error::Error for RuleError {}

/// Lines as YAML counts them: each ends with a line feed, a carriage return, or both in this order.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|l| l.strip_suffix('\r').unwrap_or(l).split('\r'))
}

/// Text from a rule, quoted for a message: escaped and cut.
pub(crate) fn quote(text: &str) -> String {
    const MOST: usize = 80;
    let mut out = String::from("'");
    for c in text.chars().take(MOST) {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(MOST).is_some() {
        out.push('…');
    }
    out.push('\'');
    out
}
