//! Sigma's strings: text with the wildcards `*` and `?` and their escapes.

/// A piece of a string value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// These characters.
    Text(String),
    /// `*`: any characters, none too.
    Any,
    /// `?`: one character.
    One,
    /// One of the characters that begin a Windows command-line flag (made by `windash`).
    Dash,
}

impl Part {
    /// Characters that it stands for; none for `*`, which has no number of them.
    pub fn chars(&self) -> usize {
        match self {
            Part::Text(t) => t.chars().count(),
            Part::One | Part::Dash => 1,
            Part::Any => 0,
        }
    }
}

/// The characters that `windash` takes for one another.
pub(crate) const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// A string value of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pattern(pub Vec<Part>);

impl Pattern {
    /// Reads a value. A backslash escapes `*`, `?` and a backslash, and is itself before anything else.
    pub fn parse(text: &str) -> Pattern {
        let mut p = Pattern::default();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => p.any(),
                '?' => p.0.push(Part::One),
                '\\' => match chars.clone().next() {
                    Some(next @ ('*' | '?' | '\\')) => {
                        chars.next();
                        p.push(next);
                    }
                    _ => p.push('\\'),
                },
                _ => p.push(c),
            }
        }
        p
    }

    /// All characters as they stand.
    pub fn literal(text: &str) -> Pattern {
        if text.is_empty() { Pattern::default() } else { Pattern(vec![Part::Text(text.into())]) }
    }

    fn push(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Part::Text(t)) => t.push(c),
            _ => self.0.push(Part::Text(c.into())),
        }
    }

    fn any(&mut self) {
        if self.0.last() != Some(&Part::Any) {
            self.0.push(Part::Any);
        }
    }

    /// The text, when there is no wildcard in it.
    pub fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(t)] => Some(t),
            _ => None,
        }
    }

    /// Anything may come before.
    pub fn open_start(mut self) -> Self {
        if self.0.first() != Some(&Part::Any) {
            self.0.insert(0, Part::Any);
        }
        self
    }

    /// Anything may come behind.
    pub fn open_end(mut self) -> Self {
        self.any();
        self
    }

    /// Every dash or slash that begins a flag (no word character before it, one behind it) stands for all of
    /// [`DASHES`].
    pub fn windash(self) -> Self {
        let mut out = Pattern::default();
        for part in &self.0 {
            let Part::Text(text) = part else {
                out.0.push(part.clone());
                continue;
            };
            let mut before: Option<char> = None;
            let mut chars = text.chars().peekable();
            while let Some(c) = chars.next() {
                let behind = chars.peek().copied().is_some_and(word);
                if DASHES.contains(&c) && behind && !before.is_some_and(word) {
                    out.0.push(Part::Dash);
                } else {
                    out.push(c);
                }
                before = Some(c);
            }
        }
        out
    }

    /// Every text that a `windash` value stands for; `None` when it has wildcards or stands for too many.
    pub fn texts(&self) -> Option<Vec<String>> {
        const MOST: usize = 625;
        let mut out = vec![String::new()];
        for part in &self.0 {
            match part {
                Part::Text(t) => out.iter_mut().for_each(|o| o.push_str(t)),
                Part::Dash => {
                    out = out.iter().flat_map(|o| DASHES.iter().map(move |d| format!("{o}{d}"))).collect();
                    if out.len() > MOST {
                        return None;
                    }
                }
                Part::Any | Part::One => return None,
            }
        }
        Some(out)
    }
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// As a rule's author would write it.
impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write as _;
        for part in &self.0 {
            match part {
                Part::Text(t) => f.write_str(t)?,
                Part::Any => f.write_char('*')?,
                Part::One => f.write_char('?')?,
                Part::Dash => f.write_char('-')?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> Part {
        Part::Text(t.into())
    }

    #[test]
    fn escapes_follow_the_specification() {
        let cases: [(&str, Vec<Part>); 9] = [
            (r"a\b", vec![text(r"a\b")]),
            (r"a\\b", vec![text(r"a\b")]),
            (r"a\*", vec![text("a*")]),
            (r"a\\*", vec![text(r"a\"), Part::Any]),
            (r"a\\\*", vec![text(r"a\*")]),
            (r"\\\\srv", vec![text(r"\\srv")]),
            (r"\\\srv", vec![text(r"\\srv")]),
            (r"a?\?", vec![text("a"), Part::One, text("?")]),
            (r"end\", vec![text(r"end\")]),
        ];
        for (written, parts) in cases {
            assert_eq!(Pattern::parse(written).0, parts, "{written}");
        }
    }

    #[test]
    fn windash_turns_only_flag_dashes() {
        let p = Pattern::parse(" -a b-c -").windash();
        assert_eq!(p.0, [text(" "), Part::Dash, text("a b-c -")]);
        assert_eq!(Pattern::parse("/x").windash().0, [Part::Dash, text("x")]);
        assert_eq!(Pattern::parse("-e").windash().texts().map(|t| t.len()), Some(5));
        assert_eq!(Pattern::parse("a*-e").windash().0, [text("a"), Part::Any, Part::Dash, text("e")]);
    }
}
