//! Regular expressions as PCRE reads them, which is the flavour that Sigma names, in the words of the regex crate: what
//! both know under another meaning is written anew, what the crate lacks is refused by name.
//!
//! Sources: pcre2pattern(3) of PCRE2 10.42, the syntax of the crate regex 1.

use std::{iter::Peekable, str::CharIndices};

/// `\h` of PCRE: horizontal blanks.
const BLANKS: &str = r"\t \x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";
/// `\v` of PCRE: what ends a line.
const BREAKS: &str = r"\n\x0B\f\r\x{85}\x{2028}\x{2029}";
/// Names of `[:alpha:]` and its like; both sides read them alike.
const CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];
const BACKREFERENCES: &str = "backreferences are not supported";

/// The flags that change what is written: `m` and `x`, as they stand in a group.
#[derive(Clone, Copy)]
struct Mode {
    lines: bool,
    spaced: bool,
}

/// The expression in the syntax of the regex crate. `lines` is the flag `m`. What is no regular expression for either
/// may pass: the crate says what is wrong with it.
///
/// # Errors
/// In plain words, for what PCRE knows and the crate does not.
pub(crate) fn translate(source: &str, lines: bool) -> Result<String, String> {
    let mut t = Translator {
        source,
        chars: source.char_indices().peekable(),
        out: String::with_capacity(source.len() + 16),
        mode: Mode { lines, spaced: false },
        groups: Vec::new(),
    };
    while let Some((at, c)) = t.chars.next() {
        t.one(at, c)?;
    }
    Ok(t.out)
}

struct Translator<'a> {
    source: &'a str,
    chars: Peekable<CharIndices<'a>>,
    out: String,
    mode: Mode,
    /// Modes of the groups that are open.
    groups: Vec<Mode>,
}

/// A part of a class.
enum Member {
    /// A character, as it is written.
    One(String),
    /// Several: no end of a range.
    Several(String),
}

impl<'a> Translator<'a> {
    fn rest(&mut self) -> &'a str {
        let at = self.chars.peek().map_or(self.source.len(), |(at, _)| *at);
        &self.source[at..]
    }

    fn skip(&mut self, bytes: usize) {
        let end = self.source.len() - self.rest().len() + bytes;
        while self.chars.next_if(|(at, _)| *at < end).is_some() {}
    }

    fn eat(&mut self, text: &str) -> bool {
        let is = self.rest().starts_with(text);
        if is {
            self.skip(text.len());
        }
        is
    }

    fn one(&mut self, at: usize, c: char) -> Result<(), String> {
        match c {
            '\\' => self.escape()?,
            '[' => self.class()?,
            '(' => self.open()?,
            ')' => {
                self.mode = self.groups.pop().unwrap_or(self.mode);
                self.out.push(c);
            }
            '$' if !self.mode.lines => self.out.push_str(r"(?:\n?\z)"),
            '#' if self.mode.spaced => {
                let rest = self.rest();
                self.skip(rest.find('\n').unwrap_or(rest.len()));
            }
            '*' | '+' | '?' => {
                self.out.push(c);
                self.behind_quantifier()?;
            }
            '{' => match quantifier(&self.source[at..]) {
                Some(len) => {
                    self.out.push_str(&self.source[at..at + len]);
                    self.skip(len - 1);
                    self.behind_quantifier()?;
                }
                None => self.out.push_str(r"\{"),
            },
            _ => self.out.push(c),
        }
        Ok(())
    }

    fn behind_quantifier(&mut self) -> Result<(), String> {
        if self.eat("+") {
            return Err("possessive quantifiers are not supported".into());
        }
        if self.eat("?") {
            self.out.push('?');
        }
        Ok(())
    }

    /// Behind `(`.
    fn open(&mut self) -> Result<(), String> {
        let outer = self.mode;
        if let Some(kind) = self.rest().strip_prefix('?') {
            if kind.starts_with('#') {
                let end = self.rest().find(')').ok_or("a comment is not closed")?;
                self.skip(end + 1);
                return Ok(());
            }
            refused_group(kind)?;
            let flags = kind.find(|c: char| !c.is_ascii_alphabetic() && c != '-').unwrap_or(kind.len());
            let alone = kind[flags..].starts_with(')');
            if alone || kind[flags..].starts_with(':') {
                self.mode = flagged(&kind[..flags], self.mode);
            }
            if alone {
                self.out.push_str("(?");
                self.out.push_str(&kind[..=flags]);
                self.skip(flags + 2);
                return Ok(());
            }
            // `?` and what follows is no quantifier.
            self.out.push_str("(?");
            self.out.push_str(&kind[..flags]);
            self.skip(1 + flags);
        } else {
            self.out.push('(');
        }
        self.groups.push(outer);
        Ok(())
    }

    /// Behind a backslash, outside a class.
    fn escape(&mut self) -> Result<(), String> {
        if self.eat("Q") {
            let (text, len) = quoted(self.rest());
            text.chars().for_each(|c| self.out.push_str(&literal(c)));
            self.skip(len);
            return Ok(());
        }
        let Some((_, c)) = self.chars.next() else {
            self.out.push('\\');
            return Ok(());
        };
        match c {
            'E' => {}
            'Z' => self.out.push_str(r"(?:\n?\z)"),
            'h' => self.set("", BLANKS),
            'H' => self.set("^", BLANKS),
            'v' => self.set("", BREAKS),
            'V' => self.set("^", BREAKS),
            'N' => self.out.push_str(r"[^\n]"),
            'R' => {
                self.out.push_str(r"(?:\r\n|");
                self.set("", BREAKS);
                self.out.push(')');
            }
            'k' | 'g' | '1'..='9' => return Err(BACKREFERENCES.into()),
            'K' => return Err("\\K is not supported".into()),
            'G' => return Err("\\G is not supported".into()),
            'X' => return Err("\\X is not supported".into()),
            'b' | 'B' => {
                self.out.push('\\');
                self.out.push(c);
            }
            _ => match self.character(c)? {
                Some(text) => self.out.push_str(&text),
                None => {
                    let text = self.known(c);
                    self.out.push_str(&text);
                }
            },
        }
        Ok(())
    }

    fn set(&mut self, not: &str, members: &str) {
        self.out.push_str(&format!("[{not}{members}]"));
    }

    /// An escape that both sides read alike, or that only the crate can judge.
    fn known(&mut self, c: char) -> String {
        let mut out = format!("\\{c}");
        if matches!(c, 'p' | 'P') {
            let rest = self.rest();
            let len = match rest.strip_prefix('{') {
                Some(name) => name.find('}').map_or(0, |end| end + 2),
                None => rest.chars().next().map_or(0, char::len_utf8),
            };
            out.push_str(&rest[..len]);
            self.skip(len);
        }
        out
    }

    /// The character that an escape stands for, as the crate writes it.
    fn character(&mut self, c: char) -> Result<Option<String>, String> {
        let coded = |digits: &str, radix: u32| {
            format!("\\x{{{:X}}}", u32::from_str_radix(digits, radix).unwrap_or_default())
        };
        Ok(Some(match c {
            'a' | 'f' | 'n' | 'r' | 't' => format!("\\{c}"),
            'e' => r"\x1B".into(),
            'c' => match self.chars.next() {
                Some((_, c)) if c.is_ascii() => format!("\\x{{{:X}}}", c.to_ascii_uppercase() as u8 ^ 0x40),
                _ => return Err("\\c wants an ASCII character behind it".into()),
            },
            'x' | 'u' | 'U' if self.rest().starts_with('{') => {
                let len = self.rest().find('}').map_or(self.rest().len(), |end| end + 1);
                let out = format!("\\{c}{}", &self.rest()[..len]);
                self.skip(len);
                out
            }
            'x' => coded(&format!("0{}", self.digits(2, 16)), 16),
            'u' => format!("\\u{}", self.digits(4, 16)),
            'U' => format!("\\U{}", self.digits(8, 16)),
            '0'..='7' => coded(&format!("{c}{}", self.digits(2, 8)), 8),
            c if !c.is_ascii_alphanumeric() => literal(c),
            _ => return Ok(None),
        }))
    }

    fn digits(&mut self, most: usize, radix: u32) -> &'a str {
        let rest = self.rest();
        let len = rest.bytes().take(most).take_while(|b| char::from(*b).is_digit(radix)).count();
        self.skip(len);
        &rest[..len]
    }

    /// Behind `[`.
    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        let mut first = true;
        while first || !self.eat("]") {
            first = false;
            match self.member()? {
                // It is not closed: the crate says so.
                None => return Ok(()),
                Some(Member::Several(text)) => self.out.push_str(&text),
                Some(Member::One(low)) => {
                    self.out.push_str(&low);
                    let range =
                        self.rest().strip_prefix('-').is_some_and(|r| !r.is_empty() && !r.starts_with(']'));
                    if range {
                        self.skip(1);
                        let (sign, high) = match self.member()? {
                            Some(Member::One(high)) => ("-", high),
                            Some(Member::Several(text)) => (r"\-", text),
                            None => (r"\-", String::new()),
                        };
                        self.out.push_str(sign);
                        self.out.push_str(&high);
                    }
                }
            }
        }
        self.out.push(']');
        Ok(())
    }

    fn member(&mut self) -> Result<Option<Member>, String> {
        let Some((_, c)) = self.chars.next() else { return Ok(None) };
        if c == '\\' {
            return self.class_escape();
        }
        let named = self.rest().strip_prefix(':').and_then(|r| r.split_once(":]")).map(|(name, _)| name);
        let letters = |name: &&str| name.trim_start_matches('^').bytes().all(|b| b.is_ascii_lowercase());
        match named.filter(|name| c == '[' && letters(name)) {
            None => Ok(Some(Member::One(literal(c)))),
            Some(name) if CLASSES.contains(&name.strip_prefix('^').unwrap_or(name)) => {
                self.skip(name.len() + 3);
                Ok(Some(Member::Several(format!("[:{name}:]"))))
            }
            Some(name) => Err(format!("unknown class [:{name}:]")),
        }
    }

    /// Behind a backslash in a class.
    fn class_escape(&mut self) -> Result<Option<Member>, String> {
        let Some((_, c)) = self.chars.next() else { return Ok(None) };
        Ok(Some(match c {
            'b' => Member::One(r"\x08".into()),
            '8' | '9' => Member::One(c.into()),
            'h' => Member::Several(BLANKS.into()),
            'v' => Member::Several(BREAKS.into()),
            'H' => Member::Several(format!("[^{BLANKS}]")),
            'V' => Member::Several(format!("[^{BREAKS}]")),
            'E' => Member::Several(String::new()),
            'Q' => {
                let (text, len) = quoted(self.rest());
                self.skip(len);
                Member::Several(text.chars().map(literal).collect())
            }
            _ => match self.character(c)? {
                Some(one) => Member::One(one),
                None => Member::Several(self.known(c)),
            },
        }))
    }
}

/// Up to `\E`: the text, and its bytes with that.
fn quoted(rest: &str) -> (&str, usize) {
    match rest.find(r"\E") {
        Some(end) => (&rest[..end], end + 2),
        None => (rest, rest.len()),
    }
}

/// A character that stands for itself, in a class and outside.
fn literal(c: char) -> String {
    match c {
        '<' | '>' => c.into(),
        c if c.is_ascii_whitespace() => format!("\\x{{{:X}}}", c as u32),
        c if c.is_ascii_punctuation() => format!("\\{c}"),
        c => c.into(),
    }
}

/// Bytes of `{n}`, `{n,}` or `{n,m}`; every other brace stands for itself.
fn quantifier(text: &str) -> Option<usize> {
    let (inner, _) = text.strip_prefix('{')?.split_once('}')?;
    let (least, most) = inner.split_once(',').unwrap_or((inner, "0"));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    (!least.is_empty() && digits(least) && digits(most)).then_some(inner.len() + 2)
}

/// Groups that the crate lacks, or reads otherwise; what follows `(?`.
fn refused_group(kind: &str) -> Result<(), String> {
    let recursion = |k: &str| k.starts_with(['R', '&', '+']) || k.starts_with(|c: char| c.is_ascii_digit());
    let what = match kind.as_bytes() {
        [b'P', b'=', ..] => return Err(BACKREFERENCES.into()),
        [b'P', b'>', ..] => "recursion is",
        _ if recursion(kind.strip_prefix('-').unwrap_or(kind)) => "recursion is",
        [b'>', ..] => "atomic groups are",
        [b'|', ..] => "branch reset groups are",
        [b'(', ..] => "conditional groups are",
        [b'C', ..] => "callouts are",
        _ => return Ok(()),
    };
    Err(format!("{what} not supported"))
}

fn flagged(flags: &str, mode: Mode) -> Mode {
    let (mut mode, mut on) = (mode, true);
    for c in flags.chars() {
        match c {
            '-' => on = false,
            'm' => mode.lines = on,
            'x' => mode.spaced = on,
            _ => {}
        }
    }
    mode
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    fn regex(source: &str) -> Regex {
        let text = translate(source, false).unwrap_or_else(|e| panic!("{source}: {e}"));
        Regex::new(&text).unwrap_or_else(|e| panic!("{source} as {text}: {e}"))
    }

    /// What PCRE2 10.42 says of each, as pcre2pattern(3) has it.
    #[test]
    fn expressions_mean_what_they_mean_in_pcre() {
        for (source, matching, other) in [
            (r"\<b\>", &["a<b>c"][..], &["a b c", "b"][..]),
            (r"^[a&&b]+$", &["a&b", "&"], &["c", ""]),
            (r"^[!~~x]+$", &["!~x"], &["a"]),
            (r"^[+--]$", &["+", ",", "-"], &["a"]),
            (r"^[a[b]c]$", &["ac]", "[c]", "bc]"], &["a", "abc", "c"]),
            (r"^[[a]x$", &["[x", "ax"], &["]x"]),
            (r"^[\w-.]$", &["-", ".", "a"], &["/"]),
            (r"^[a-\d]$", &["-", "a", "5"], &["b"]),
            (r"^[a-z-9]$", &["-", "q", "9"], &["5"]),
            (r"^[]a]$", &["]", "a"], &["b"]),
            (r"^[^]a]$", &["b"], &["]", "a"]),
            (r"^[[:alpha:]_-]+$", &["a_-Z"], &["1"]),
            (r"^[\Qa-c]\E]$", &["a", "-", "]"], &["b", "Q"]),
            (r"^[\b\x41-\x43\101]$", &["\u{8}", "B", "A"], &["b", "D"]),
            (r"^[\h]$", &[" ", "\t", "\u{a0}"], &["\n"]),
            ("a$", &["a", "ba\n"], &["a\n\n", "ab", "a\nb"]),
            (r"a\Z", &["a", "a\n"], &["ab", "a\r\n"]),
            (r"a\z", &["a"], &["a\n"]),
            ("(?m)^a$", &["x\na\ny", "a\n"], &["xa"]),
            ("(?m:a$)b|c$", &["c\n"], &["c\nx"]),
            ("(?i-m)A$", &["a\n"], &["a\nx"]),
            ("(?:(?m)a)$", &["a\n"], &["a\nb"]),
            ("a{b", &["a{b"], &["ab"]),
            ("a{,3}b", &["a{,3}b"], &["aab"]),
            ("^a{2}b{1,}c{0,1}$", &["aab", "aabbc"], &["ab"]),
            ("^{$", &["{"], &[""]),
            (r"^a\hb\Hc$", &["a b-c", "a\tbxc"], &["a\nbxc", "a b c"]),
            (r"^a\vb\Vc$", &["a\nbxc"], &["a bxc"]),
            (r"^a\Rb\Nc$", &["a\r\nbxc", "a\nbxc"], &["a b c"]),
            (r"^\Qa.b*\E+$", &["a.b*", "a.b**"], &["axb"]),
            (r"a(?#no (comment)b", &["ab"], &["a"]),
            (r"^\e\cA\x9\0\012$", &["\u{1b}\u{1}\t\0\n"], &[""]),
            ("(?x) ^ a # it's [ nothing\n [ #]b", &["a b", "a#b"], &["ab"]),
            (r"\/\-\_\ä\%\ ", &["/-_ä% "], &["/"]),
            (r"^a+?b*?c??$", &["abc", "a"], &["b"]),
            (r"^\x{41}\pL\p{Greek}$", &["Abα"], &["Ab1"]),
            (r"(?<n>a)(?P<o>b)(?i:C)", &["abc"], &["ab"]),
        ] {
            let r = regex(source);
            matching.iter().for_each(|t| assert!(r.is_match(t), "{source} on {t:?} as {r}"));
            other.iter().for_each(|t| assert!(!r.is_match(t), "{source} on {t:?} as {r}"));
        }
    }

    #[test]
    fn what_only_pcre_can_is_refused_by_name() {
        for (source, word) in [
            ("a*+", "possessive"),
            ("a++b", "possessive"),
            ("a?+", "possessive"),
            ("a{2,3}+", "possessive"),
            (r"(a)\1", "backreferences"),
            (r"(?<n>a)\k<n>", "backreferences"),
            (r"(a)\g{1}", "backreferences"),
            ("(?P<n>a)(?P=n)", "backreferences"),
            ("(?>a)", "atomic"),
            ("(?|a|b)", "branch reset"),
            ("a(?R)?", "recursion"),
            ("(a)(?1)", "recursion"),
            ("(a)(?-1)", "recursion"),
            ("(?(1)a)", "conditional"),
            ("[[:foo:]]", "unknown class"),
            (r"a\Kb", "not supported"),
        ] {
            assert!(translate(source, false).is_err_and(|e| e.contains(word)), "{source}");
        }
        for source in ["[a--z]", "[z-a]", "[a", "(", "(?=a)b", "(?<!a)b", "*", "[]"] {
            let refused =
                translate(source, false).is_err() || Regex::new(&translate(source, false).unwrap()).is_err();
            assert!(refused, "{source}");
        }
    }

    /// Values under `re` below a node.
    fn patterns(node: &crate::sigma::yaml::Node, re: bool, into: &mut Vec<String>) {
        use crate::sigma::yaml::Kind;
        match &node.kind {
            Kind::Scalar { text, .. } if re => into.push(text.to_string()),
            Kind::Scalar { .. } => {}
            Kind::Seq(list) => list.iter().for_each(|n| patterns(n, re, into)),
            Kind::Map(map) => map.iter().for_each(|(key, n)| {
                let re = key.text().is_some_and(|k| k.split('|').skip(1).any(|m| m == "re"));
                patterns(n, re, into);
            }),
        }
    }

    /// SigmaHQ's expressions are plain enough to mean the same to both, on what they look for and on each other.
    #[test]
    fn the_expressions_of_sigmahq_mean_what_they_meant() {
        let here = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
        let root = std::env::var_os("AURORASOC_SHARED").map_or(here.join("../../../shared"), Into::into);
        let Ok(file) = std::fs::File::open(root.join("data/sigma/rules.zip")) else {
            return println!("skipped: no shared data");
        };
        let mut zip = zip::ZipArchive::new(file).unwrap();
        let (mut all, mut texts) = (Vec::new(), Vec::new());
        for i in 0..zip.len() {
            let mut text = String::new();
            let mut member = zip.by_index(i).unwrap();
            if member.name().unwrap().ends_with(".yml") {
                std::io::Read::read_to_string(&mut member, &mut text).unwrap();
                for doc in crate::sigma::yaml::documents(&text) {
                    patterns(&doc.root.unwrap(), false, &mut all);
                }
                texts.extend(text.lines().map(str::to_owned));
            }
        }
        texts.extend(all.iter().map(|p| p.replace('\\', "")));
        texts.sort_unstable();
        texts.dedup();
        let (mut compared, mut hits) = (0, 0);
        for pattern in all {
            let Ok(plain) = Regex::new(&pattern) else { continue };
            let ours = regex(&pattern);
            compared += 1;
            for text in texts.iter().skip(compared % 16).step_by(16) {
                hits += usize::from(plain.is_match(text));
                assert_eq!(plain.is_match(text), ours.is_match(text), "{pattern} on {text}");
            }
        }
        assert!(compared > 150 && hits > 1_000, "{compared} {hits}");
    }

    proptest! {
        #[test]
        fn any_text_is_read(source in r"([\[\]\\^$*+?{}()|&~:#<>=!PQEhZkx0-9a-c-]|\PC){0,24}", lines: bool) {
            if let Ok(text) = translate(&source, lines) {
                let _ = Regex::new(&text);
            }
        }

        /// A class of plain characters holds just those.
        #[test]
        fn a_class_holds_its_members(members in r"[a-c&~\[<>#!\]-]{1,8}", c in r"[a-c&~\[<>#!\]-]") {
            // Without hyphens between, so that there is no range.
            let (dashes, plain): (Vec<char>, Vec<char>) = members.chars().partition(|c| *c == '-');
            let (closing, plain): (Vec<char>, Vec<char>) = plain.into_iter().partition(|c| *c == ']');
            let text: String = closing.iter().take(1).chain(&plain).chain(dashes.iter().take(1)).collect();
            let got = regex(&format!("^[{text}]$")).is_match(&c);
            prop_assert_eq!(got, text.contains(&c), "[{}] on {}", text, c);
        }
    }
}
