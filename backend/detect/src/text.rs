//! Matching one text against one value of a rule.

use crate::{
    fold,
    sigma::pattern::{DASHES, Part, Pattern},
    wild::Masks,
};
use memchr::memmem::Finder;
use std::ops::Range;

/// A compiled string value. Built from folded parts unless the rule says `cased`, and then given folded text.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Every text, the empty one too.
    Anything,
    Exact(Box<str>),
    Prefix(Box<str>),
    Suffix(Box<str>),
    Contains(Box<Finder<'static>>),
    Glob(Glob),
}

/// Runs of fixed length between `*`.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    runs: Vec<Run>,
    open_start: bool,
    open_end: bool,
}

/// Parts without `*`, so of a fixed number of characters.
#[derive(Debug, Clone)]
struct Run {
    parts: Vec<Part>,
    chars: usize,
}

impl Shape {
    pub fn new(pattern: &Pattern, cased: bool) -> Shape {
        let parts: Vec<Part> = pattern
            .0
            .iter()
            .map(|p| match p {
                Part::Text(t) if !cased => Part::Text(fold::text(t)),
                other => other.clone(),
            })
            .collect();
        match parts.as_slice() {
            [] => Shape::Exact("".into()),
            [Part::Any] => Shape::Anything,
            [Part::Text(t)] => Shape::Exact(t.as_str().into()),
            [Part::Text(t), Part::Any] => Shape::Prefix(t.as_str().into()),
            [Part::Any, Part::Text(t)] => Shape::Suffix(t.as_str().into()),
            [Part::Any, Part::Text(t), Part::Any] => Shape::contains(t),
            _ => Shape::Glob(Glob::new(&parts)),
        }
    }

    /// This text anywhere.
    pub fn contains(text: &str) -> Shape {
        Shape::Contains(Box::new(Finder::new(text.as_bytes()).into_owned()))
    }

    /// Characters of its longest run with `?` or a dash that may stand anywhere in a text. Each [`crate::wild::BITS`] of them cost
    /// a step for each character of a text; of all other shapes the cost is that of reading the text.
    pub fn wild(&self) -> usize {
        match self {
            Shape::Glob(g) => g.wild(),
            _ => 0,
        }
    }

    /// Whether the text as a whole fits.
    pub fn fits(&self, text: &str) -> bool {
        match self {
            Shape::Anything => true,
            Shape::Exact(t) => **t == *text,
            Shape::Prefix(t) => text.as_bytes().starts_with(t.as_bytes()),
            Shape::Suffix(t) => text.as_bytes().ends_with(t.as_bytes()),
            Shape::Contains(f) => f.find(text.as_bytes()).is_some(),
            Shape::Glob(g) => g.spans(text, None),
        }
    }

    /// The bytes of the text that the literal parts lie on; `None` when it does not fit.
    pub fn spans(&self, text: &str) -> Option<Vec<Range<usize>>> {
        let len = text.len();
        if !self.fits(text) {
            return None;
        }
        Some(match self {
            Shape::Anything | Shape::Exact(_) => one(0, len),
            Shape::Prefix(t) => one(0, t.len()),
            Shape::Suffix(t) => one(len - t.len(), len),
            Shape::Contains(f) => {
                let at = f.find(text.as_bytes())?;
                one(at, at + f.needle().len())
            }
            Shape::Glob(g) => {
                let mut spans = Vec::new();
                g.spans(text, Some(&mut spans));
                spans
            }
        })
    }
}

/// A list of one range.
pub(crate) fn one(start: usize, end: usize) -> Vec<Range<usize>> {
    std::iter::once(start..end).collect()
}

impl Glob {
    /// A glob of parts as a pattern has them.
    pub fn new(parts: &[Part]) -> Glob {
        let runs = parts
            .split(|p| *p == Part::Any)
            .filter(|r| !r.is_empty())
            .map(|r| Run { parts: r.to_vec(), chars: r.iter().map(Part::chars).sum() })
            .collect();
        Glob {
            runs,
            open_start: parts.first() == Some(&Part::Any),
            open_end: parts.last() == Some(&Part::Any),
        }
    }

    /// The parts that make this glob again.
    pub fn parts(&self) -> Vec<Part> {
        let mut out = Vec::new();
        if self.open_start {
            out.push(Part::Any);
        }
        for (i, run) in self.runs.iter().enumerate() {
            if i > 0 {
                out.push(Part::Any);
            }
            out.extend_from_slice(&run.parts);
        }
        if self.open_end && out.last() != Some(&Part::Any) {
            out.push(Part::Any);
        }
        out
    }

    fn wild(&self) -> usize {
        let last = self.runs.len().saturating_sub(1);
        let free = |i: usize| (i > 0 || self.open_start) && (i < last || self.open_end);
        let runs = self.runs.iter().enumerate().filter(|(i, r)| free(*i) && r.parts.len() > 1);
        runs.map(|(_, r)| r.chars).max().unwrap_or(0)
    }

    /// The longest literal text that everything which fits has.
    pub fn longest(&self) -> Option<&str> {
        let parts = self.runs.iter().flat_map(|r| &r.parts);
        let texts = parts.filter_map(|p| if let Part::Text(t) = p { Some(t.as_str()) } else { None });
        texts.max_by_key(|t| t.len())
    }

    /// Leftmost placing of every run: right, since runs have a fixed length and only the first and the last
    /// are tied to an end.
    fn spans(&self, text: &str, mut spans: Option<&mut Vec<Range<usize>>>) -> bool {
        let mut from = 0;
        let last = self.runs.len().saturating_sub(1);
        for (i, run) in self.runs.iter().enumerate() {
            let tied_start = i == 0 && !self.open_start;
            let tied_end = i == last && !self.open_end;
            let found = if tied_start {
                run.at(text, 0).filter(|end| !tied_end || *end == text.len()).map(|end| 0..end)
            } else if tied_end {
                back(text, run.chars)
                    .filter(|start| *start >= from)
                    .and_then(|start| run.at(text, start).map(|end| start..end))
            } else {
                run.find(text, from)
            };
            let Some(found) = found else { return false };
            from = found.end;
            if let Some(spans) = spans.as_deref_mut() {
                spans.push(found);
            }
        }
        !self.runs.is_empty() || self.open_start || text.is_empty()
    }
}

/// The byte where the last `chars` characters begin.
fn back(text: &str, chars: usize) -> Option<usize> {
    if chars == 0 {
        return Some(text.len());
    }
    text.char_indices().rev().nth(chars - 1).map(|(at, _)| at)
}

impl Run {
    /// The end of the run when it fits at this byte.
    fn at(&self, text: &str, start: usize) -> Option<usize> {
        self.tried(text, start, &mut 0)
    }

    /// Like [`Run::at`], and counts the parts that were compared.
    fn tried(&self, text: &str, start: usize, steps: &mut usize) -> Option<usize> {
        let mut rest = text.get(start..)?;
        for part in &self.parts {
            *steps += 1;
            match part {
                Part::Text(t) => rest = rest.strip_prefix(t.as_str())?,
                Part::One => {
                    let mut chars = rest.chars();
                    chars.next()?;
                    rest = chars.as_str();
                }
                Part::Dash => rest = rest.strip_prefix(DASHES)?,
                Part::Any => return None,
            }
        }
        Some(text.len() - rest.len())
    }

    fn find(&self, text: &str, from: usize) -> Option<Range<usize>> {
        match self.parts.as_slice() {
            [Part::Text(first), rest @ ..] => {
                let at = from + Finder::new(first.as_bytes()).find(text.get(from..)?.as_bytes())?;
                if rest.is_empty() { Some(at..at + first.len()) } else { self.scan(text, at) }
            }
            _ => self.scan(text, from),
        }
    }

    /// Tries place after place; when that has taken long enough to pay for it, all places at once.
    fn scan(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let mut steps = 0;
        for start in text.get(from..)?.char_indices().map(|(i, _)| from + i).chain([text.len()]) {
            if let Some(end) = self.tried(text, start, &mut steps) {
                return Some(start..end);
            }
            if steps > STEPS {
                let end = start + Masks::new(&self.parts, self.chars).end(text.get(start..)?)?;
                return Some(start + back(text.get(start..end)?, self.chars)?..end);
            }
        }
        None
    }
}

/// Comparisons after which the masks of a run are made; in tests few, so that both ways are tested.
const STEPS: usize = if cfg!(test) { 4 } else { 256 };

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, as slow as it is clear.
    fn naive(parts: &[Part], text: &[char]) -> bool {
        match parts.split_first() {
            None => text.is_empty(),
            Some((Part::Any, rest)) => (0..=text.len()).any(|i| naive(rest, &text[i..])),
            Some((Part::One, rest)) => !text.is_empty() && naive(rest, &text[1..]),
            Some((Part::Dash, rest)) => {
                text.first().is_some_and(|c| DASHES.contains(c)) && naive(rest, &text[1..])
            }
            Some((Part::Text(t), rest)) => {
                let t: Vec<char> = t.chars().map(fold::char).collect();
                text.starts_with(&t) && naive(rest, &text[t.len()..])
            }
        }
    }

    proptest! {
        #[test]
        fn equals_the_naive_matcher(written in r"[aAbä*?\\-]{0,9}", text in r"[aAbÄ\\*-]{0,12}", dash: bool) {
            let mut p = Pattern::parse(&written);
            if dash {
                p = p.windash();
            }
            let folded = fold::text(&text);
            let chars: Vec<char> = folded.chars().collect();
            let shape = Shape::new(&p, false);
            prop_assert_eq!(shape.fits(&folded), naive(&p.0, &chars), "{} on {}", written, text);
            prop_assert_eq!(shape.spans(&folded).is_some(), shape.fits(&folded));
        }

        #[test]
        fn folding_keeps_characters(text in "\\PC{0,20}") {
            let (folded, map) = fold::mapped(&text);
            prop_assert_eq!(folded.chars().count(), text.chars().count());
            prop_assert_eq!(map.len(), folded.len() + 1);
            prop_assert_eq!(fold::text(&text), folded);
        }
    }
}
