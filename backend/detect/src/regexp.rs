//! Regular expressions of rules: checked when a rule is loaded, compiled when first needed.

use regex::{Match, Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{Class, Hir, HirKind},
};
use std::sync::OnceLock;

/// Bytes that a compiled regular expression may take. Unicode classes that repeat need some of it.
const SIZE: usize = 8 << 20;
/// Above this size a regular expression counts as large; a rule may have a few large ones.
const SMALL: usize = 256 << 10;
/// Levels of nesting.
const DEPTH: u32 = 96;
/// Alternatives of a needed text that are followed; beyond it nothing is said.
const ALTERNATIVES: usize = 64;

/// A regular expression that is known to compile.
#[derive(Debug, Clone)]
pub(crate) struct Regexp {
    /// In the syntax of the regex crate.
    source: Box<str>,
    flags: Flags,
    compiled: OnceLock<Option<Regex>>,
}

/// The flags `i`, `m` and `s`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flags {
    caseless: bool,
    lines: bool,
    dot_all: bool,
}

impl Regexp {
    /// Checks an expression as PCRE writes it. `flags` are `i`, `m` and `s`; `large` is how many large ones its rule may still have.
    ///
    /// # Errors
    /// In plain words, when it is no regular expression or would take too much memory.
    pub fn new(source: &str, flags: &[char], large: &mut usize) -> Result<Regexp, Refused> {
        let flags = Flags {
            caseless: flags.contains(&'i'),
            lines: flags.contains(&'m'),
            dot_all: flags.contains(&'s'),
        };
        let source = &*crate::pcre::translate(source, flags.lines).map_err(Refused::Wrong)?;
        // Most expressions are so small that no compiling is needed to know that they will compile.
        let small = flags.parse(source).is_some_and(|hir| size(&hir) <= SMALL / 2);
        let compiled = if small {
            OnceLock::new()
        } else {
            let built = match flags.build(source, SMALL) {
                Err(regex::Error::CompiledTooBig(_)) if *large > 0 => {
                    *large -= 1;
                    flags.build(source, SIZE)
                }
                Err(regex::Error::CompiledTooBig(_)) => return Err(Refused::TooMany),
                other => other,
            };
            OnceLock::from(Some(built.map_err(|e| match e {
                regex::Error::CompiledTooBig(_) => Refused::TooLarge,
                other => Refused::Wrong(other.to_string()),
            })?))
        };
        Ok(Regexp { source: source.into(), flags, compiled })
    }

    /// An expression that [`Regexp::new`] took before.
    pub fn known(source: &str, flags: Flags) -> Regexp {
        Regexp { source: source.into(), flags, compiled: OnceLock::new() }
    }

    /// In the syntax of the regex crate, for [`Regexp::known`].
    pub fn source(&self) -> &str {
        &self.source
    }

    pub fn flags(&self) -> Flags {
        self.flags
    }

    fn regex(&self) -> Option<&Regex> {
        // `None` can't be: whatever is left to be compiled was compiled before, or is far below the limit.
        self.compiled.get_or_init(|| self.flags.build(&self.source, SIZE).ok()).as_ref()
    }

    /// Whether it matches somewhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|r| r.is_match(text))
    }

    /// The first match.
    pub fn find<'t>(&self, text: &'t str) -> Option<Match<'t>> {
        self.regex()?.find(text)
    }

    /// Folded texts of which one stands in the folded form of every text that matches; `None` when there is none
    /// to speak of.
    pub fn needed(&self) -> Option<Vec<String>> {
        let mut found = needed(&self.flags.parse(&self.source)?)?;
        found.sort_unstable();
        found.dedup();
        found.iter().all(|t| t.len() > 1).then_some(found)
    }
}

/// Why an expression is not taken.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It would take too much memory.
    TooLarge,
    /// It is large, and its rule has as many large ones as it may.
    TooMany,
    /// What the compiler said.
    Wrong(String),
}

impl Flags {
    /// As a number, for storing.
    pub fn number(self) -> u64 {
        u64::from(self.caseless) | u64::from(self.lines) << 1 | u64::from(self.dot_all) << 2
    }

    /// Back from [`Flags::number`].
    pub fn of(number: u64) -> Flags {
        Flags { caseless: number & 1 != 0, lines: number & 2 != 0, dot_all: number & 4 != 0 }
    }

    fn parse(self, source: &str) -> Option<Hir> {
        let mut parser = ParserBuilder::new();
        parser.case_insensitive(self.caseless).multi_line(self.lines).dot_matches_new_line(self.dot_all);
        parser.nest_limit(DEPTH).build().parse(source).ok()
    }

    fn build(self, source: &str, limit: usize) -> Result<Regex, regex::Error> {
        RegexBuilder::new(source)
            .case_insensitive(self.caseless)
            .multi_line(self.lines)
            .dot_matches_new_line(self.dot_all)
            .size_limit(limit)
            .dfa_size_limit(SMALL * 2)
            .nest_limit(DEPTH)
            .build()
    }
}

/// Bytes that the compiled expression takes, estimated from above.
fn size(hir: &Hir) -> usize {
    /// What the smallest takes.
    const BASE: usize = 4 << 10;
    BASE.saturating_add(part(hir))
}

fn part(hir: &Hir) -> usize {
    const STATE: usize = 64;
    let sum = |all: &[Hir]| all.iter().fold(0_usize, |n, h| n.saturating_add(part(h)));
    STATE.saturating_add(match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => STATE,
        HirKind::Literal(l) => l.0.len().saturating_mul(STATE),
        // A range of characters is at most a handful of ranges of each of up to four bytes.
        HirKind::Class(Class::Unicode(c)) => c.ranges().len().saturating_mul(16 * STATE),
        HirKind::Class(Class::Bytes(c)) => c.ranges().len().saturating_mul(STATE),
        HirKind::Repetition(r) => {
            let times = r.max.unwrap_or(r.min).max(1) as usize + 1;
            part(&r.sub).saturating_add(2 * STATE).saturating_mul(times)
        }
        HirKind::Capture(c) => part(&c.sub).saturating_add(2 * STATE),
        HirKind::Concat(all) | HirKind::Alternation(all) => sum(all).saturating_add(all.len() * STATE),
    })
}

/// Texts of which one is in everything that matches.
fn needed(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(c) => needed(&c.sub),
        HirKind::Repetition(r) if r.min > 0 => needed(&r.sub),
        HirKind::Alternation(all) => {
            let mut out = Vec::new();
            for one in all {
                out.extend(needed(one)?);
                if out.len() > ALTERNATIVES {
                    return None;
                }
            }
            Some(out)
        }
        HirKind::Concat(all) => {
            // Runs of single texts, and what the parts between them need by themselves.
            let mut best: Option<Vec<String>> = None;
            let mut keep = |new: Vec<String>| {
                let shortest = |list: &[String]| list.iter().map(String::len).min().unwrap_or(0);
                let better =
                    best.as_ref().is_none_or(|old| (shortest(&new), old.len()) > (shortest(old), new.len()));
                if better && shortest(&new) > 0 {
                    best = Some(new);
                }
            };
            let mut run = String::new();
            for part in all {
                match single(part) {
                    Some(text) => run.push_str(&text),
                    None => {
                        keep(vec![std::mem::take(&mut run)]);
                        if let Some(inner) = needed(part) {
                            keep(inner);
                        }
                    }
                }
            }
            keep(vec![run]);
            best
        }
        _ => single(hir).map(|t| vec![t]),
    }
}

/// The folded text, when the expression stands for one only.
fn single(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(l) => std::str::from_utf8(&l.0).ok().map(crate::fold::text),
        HirKind::Class(Class::Unicode(c)) => {
            let mut chars =
                c.ranges().iter().flat_map(|r| r.start()..=r.end()).take(5).map(crate::fold::char);
            let first = chars.next()?;
            let few = c.ranges().iter().map(|r| r.len()).sum::<usize>() <= 4;
            (few && chars.all(|c| c == first)).then(|| first.to_string())
        }
        HirKind::Capture(c) => single(&c.sub),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn compile(source: &str, flags: &[char]) -> Option<Regexp> {
        Regexp::new(source, flags, &mut 8).ok()
    }

    #[test]
    fn what_is_needed() {
        for (source, flags, want) in [
            ("power.*shell", &[][..], Some(vec!["power"])),
            ("(?i)Invoke-.{1,9}(one|TWOO)", &[], Some(vec!["invoke-"])),
            (r"\bcmd\.exe\s+/c (echo|type)", &[], Some(vec!["cmd.exe"])),
            ("(abc|d)+", &[], None),
            ("(abc|def)x?", &[], Some(vec!["abc", "def"])),
            ("[a-z]+", &[], None),
            ("x*", &[], None),
        ] {
            let got = compile(source, flags).unwrap().needed();
            let want = want.map(|w| w.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(got, want, "{source}");
        }
    }

    #[test]
    fn the_estimate_is_from_above() {
        for source in [
            r"\w",
            r"\W",
            r"\d",
            r"\s",
            r"\S",
            ".",
            "(?s).",
            r"\pL",
            r"\p{Greek}",
            r"[^a]",
            r"[à-ÿ]",
            "(?i)k",
            r"\w+",
            r"\d{4}",
            r"(?i)s{30}",
            r"[^\\]*",
            r"a{0,40}",
            r"(a|b|c){7}",
            r"\b\w\b",
            r"^.{3}$",
            "(((a)))",
            "abc|abd",
            r"(?:[^\\x00-\\x7f]){20}",
            r"[\u{10000}-\u{10ffff}]",
            r"(\w?){5}",
            r"(?i)straße",
        ] {
            let flags = Flags { caseless: false, lines: false, dot_all: false };
            let estimate = size(&flags.parse(source).unwrap());
            assert!(flags.build(source, estimate).is_ok(), "{source}: {estimate}");
        }
    }

    proptest! {
        #[test]
        fn the_estimate_is_from_above_for_any(source in r"([abé.]|\\w|\\d|\\s|[\^a]|\(a\|b\)|[*+?]|\{2,9\}|\(|\)|\||\\b|(\?i:k)){1,12}") {
            let flags = Flags { caseless: false, lines: false, dot_all: false };
            if let Some(hir) = flags.parse(&source) {
                prop_assert!(flags.build(&source, size(&hir)).is_ok());
            }
        }

        #[test]
        fn what_matches_has_what_is_needed(
            source in r"(ab|[aé]|K|ſ|\.|\[ab\]|\(ab\|É\)|x\?|b\+|s*|\{2\}|\(|\)|\|){1,9}",
            text in "[abABéÉKkKsSſx]{0,14}",
            caseless: bool,
        ) {
            let flags: &[char] = if caseless { &['i'] } else { &[] };
            if let Some(r) = compile(&source, flags)
                && let Some(needed) = r.needed()
                && r.is_match(&text)
            {
                let folded = crate::fold::text(&text);
                prop_assert!(needed.iter().any(|n| folded.contains(n)), "{} {:?} {}", source, needed, text);
            }
        }
    }
}
