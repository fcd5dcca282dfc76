//! The condition language: names of searches, `and`, `or`, `not`, parentheses, `1 of`, `all of`, `N of`.

use super::error::quote;

/// Nesting of parentheses and `not` that a condition may have.
const DEPTH: usize = 64;
/// Words that a condition may have.
const WORDS: usize = 4_096;
/// Searches that the `of` in a condition may stand for together.
const MEMBERS: usize = 65_536;

/// A condition over the searches of a rule, which are named by their index.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Search(usize),
    /// At least `least` of these.
    Of {
        least: usize,
        searches: Vec<usize>,
        /// As written, for example `1 of selection_*`.
        written: String,
    },
}

impl Condition {
    /// The condition without the searches of which nothing is left; `None` when nothing is left of it.
    pub fn without(self, gone: &[bool]) -> Option<Condition> {
        let gone_at = |i: usize| gone.get(i).copied().unwrap_or(false);
        let each = |list: Vec<Condition>| -> Vec<Condition> {
            list.into_iter().filter_map(|c| c.without(gone)).collect()
        };
        match self {
            Condition::And(list) => Some(each(list)).filter(|l| !l.is_empty()).map(Condition::And),
            Condition::Or(list) => Some(each(list)).filter(|l| !l.is_empty()).map(Condition::Or),
            Condition::Not(c) => c.without(gone).map(|c| Condition::Not(Box::new(c))),
            Condition::Search(i) => (!gone_at(i)).then_some(Condition::Search(i)),
            Condition::Of { least, searches, written } => {
                let left: Vec<usize> = searches.iter().copied().filter(|i| !gone_at(*i)).collect();
                let least = if least == searches.len() { left.len() } else { least.min(left.len()) };
                (!left.is_empty()).then_some(Condition::Of { least, searches: left, written })
            }
        }
    }
}

/// What is wrong, and the character (0-based) of the condition where it is.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub at: usize,
    pub reason: String,
}

type Parsed<T> = Result<T, Fault>;

struct Word<'a> {
    at: usize,
    text: &'a str,
}

/// What the names of a condition are names of.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Over {
    Searches,
    Rules,
    /// Rules that are not known yet: every name and pattern is taken, and what is made of them says nothing.
    Anything,
}

/// Reads a condition; `names` are the searches of the rule in their order.
pub(crate) fn parse(text: &str, names: &[&str]) -> Parsed<Condition> {
    parse_over(text, names, Over::Searches)
}

/// Reads a condition over these names.
pub(crate) fn parse_over(text: &str, names: &[&str], over: Over) -> Parsed<Condition> {
    let words = split(text)?;
    let end = text.chars().count();
    let mut p = Reader { words: &words, next: 0, names, over, depth: 0, members: 0, end };
    if words.is_empty() {
        return Err(Fault { at: 0, reason: "the condition is empty".into() });
    }
    let c = p.or()?;
    match p.peek() {
        None => Ok(c),
        Some(")") => Err(p.fault("')' without '(' before it")),
        Some(w) => Err(p.fault(format!("{} is not expected here; 'and' or 'or' may be missing", quote(w)))),
    }
}

fn split(text: &str) -> Parsed<Vec<Word<'_>>> {
    let mut words = Vec::new();
    let mut chars = text.char_indices().enumerate().peekable();
    while let Some((at, (byte, c))) = chars.next() {
        if words.len() >= WORDS {
            return Err(Fault { at, reason: format!("a condition of more than {WORDS} words") });
        }
        if c.is_whitespace() {
            continue;
        }
        let mut end = byte + c.len_utf8();
        if c == '|' {
            let reason = "aggregations behind '|' are no longer part of Sigma: write a correlation rule";
            return Err(Fault { at, reason: reason.into() });
        }
        if c != '(' && c != ')' {
            while let Some((_, (b, c))) =
                chars.next_if(|(_, (_, c))| !c.is_whitespace() && !matches!(c, '(' | ')' | '|'))
            {
                end = b + c.len_utf8();
            }
        }
        words.push(Word { at, text: &text[byte..end] });
    }
    Ok(words)
}

struct Reader<'a> {
    words: &'a [Word<'a>],
    next: usize,
    names: &'a [&'a str],
    over: Over,
    depth: usize,
    members: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).map(|w| w.text)
    }

    fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault { at: self.words.get(self.next).map_or(self.end, |w| w.at), reason: reason.into() }
    }

    fn what(&self) -> &'static str {
        if self.over == Over::Searches { "search" } else { "rule" }
    }

    fn take(&mut self, keyword: &str) -> bool {
        let is = self.peek().is_some_and(|w| w.eq_ignore_ascii_case(keyword));
        self.next += usize::from(is);
        is
    }

    fn or(&mut self) -> Parsed<Condition> {
        let mut all = vec![self.and()?];
        while self.take("or") {
            all.push(self.and()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::Or(all) })
    }

    fn and(&mut self) -> Parsed<Condition> {
        let mut all = vec![self.not()?];
        while self.take("and") {
            all.push(self.not()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::And(all) })
    }

    fn deeper(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.fault(format!("nested deeper than {DEPTH} levels")));
        }
        Ok(())
    }

    fn not(&mut self) -> Parsed<Condition> {
        if self.take("not") {
            self.deeper()?;
            let inner = self.not()?;
            self.depth -= 1;
            return Ok(Condition::Not(Box::new(inner)));
        }
        if self.take("(") {
            self.deeper()?;
            let inner = self.or()?;
            if !self.take(")") {
                return Err(self.fault("a ')' is missing"));
            }
            self.depth -= 1;
            return Ok(inner);
        }
        let Some(word) = self.peek() else {
            return Err(self.fault(format!("the condition ends where a {} is expected", self.what())));
        };
        if self.words.get(self.next + 1).is_some_and(|w| w.text.eq_ignore_ascii_case("of")) {
            return self.of(word);
        }
        if word == ")" || ["and", "or", "of"].iter().any(|k| word.eq_ignore_ascii_case(k)) {
            return Err(self.fault(format!("{} where a {} is expected", quote(word), self.what())));
        }
        let index = match self.names.iter().position(|n| *n == word) {
            Some(index) => index,
            None if self.over == Over::Anything => 0,
            None => {
                let missing = if self.over == Over::Rules { "among rules" } else { "defined" };
                return Err(self.fault(format!("the {} {} is not {missing}", self.what(), quote(word))));
            }
        };
        self.next += 1;
        Ok(Condition::Search(index))
    }

    fn of(&mut self, quantity: &str) -> Parsed<Condition> {
        let least = match quantity.to_ascii_lowercase().as_str() {
            "all" => None,
            "any" => Some(1),
            n => match n.parse::<usize>() {
                Ok(n) if n > 0 => Some(n),
                _ => return Err(self.fault(format!("{} of: write 1, all or a number", quote(quantity)))),
            },
        };
        self.next += 2;
        let Some(pattern) = self.peek() else {
            return Err(self.fault("'of' wants 'them' or a name with '*' behind it"));
        };
        let them = pattern.eq_ignore_ascii_case("them");
        let fits = |name: &str| if them { !name.starts_with('_') } else { glob(pattern, name) };
        if self.over == Over::Anything {
            self.next += 1;
            return Ok(Condition::Search(0));
        }
        let searches: Vec<usize> =
            self.names.iter().enumerate().filter(|(_, n)| fits(n)).map(|(i, _)| i).collect();
        if searches.is_empty() {
            return Err(self.fault(format!("no {} fits {}", self.what(), quote(pattern))));
        }
        self.members += searches.len();
        if self.members > MEMBERS {
            return Err(self.fault(format!("more than {MEMBERS} searches behind 'of'")));
        }
        let least = least.unwrap_or(searches.len());
        if least > searches.len() {
            let reason = format!("{least} of {}, but only {} fit", quote(pattern), searches.len());
            return Err(self.fault(reason));
        }
        self.next += 1;
        Ok(Condition::Of { least, searches, written: format!("{quantity} of {pattern}") })
    }
}

/// `*` in a search pattern stands for any characters.
fn glob(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let mut parts: Vec<&str> = parts.collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

impl Condition {
    /// The searches in the condition's order, each once.
    pub fn searches(&self, into: &mut Vec<usize>) {
        match self {
            Condition::And(all) | Condition::Or(all) => all.iter().for_each(|c| c.searches(into)),
            Condition::Not(c) => c.searches(into),
            Condition::Search(i) => {
                if !into.contains(i) {
                    into.push(*i);
                }
            }
            Condition::Of { searches, .. } => {
                for i in searches {
                    if !into.contains(i) {
                        into.push(*i);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["sel_a", "sel_b", "filter_x", "_private"];

    fn reason(text: &str) -> String {
        parse(text, NAMES).unwrap_err().reason
    }

    #[test]
    fn binds_not_then_and_then_or() {
        let c = parse("not sel_a and sel_b or filter_x", NAMES).unwrap();
        let s = Condition::Search;
        let left = Condition::And(vec![Condition::Not(Box::new(s(0))), s(1)]);
        assert_eq!(c, Condition::Or(vec![left, s(2)]));
    }

    #[test]
    fn them_leaves_private_searches_out() {
        let of = |text| match parse(text, NAMES).unwrap() {
            Condition::Of { least, searches, .. } => (least, searches),
            other => panic!("{other:?}"),
        };
        assert_eq!(of("1 of them"), (1, vec![0, 1, 2]));
        assert_eq!(of("all of sel_*"), (2, vec![0, 1]));
        assert_eq!(of("2 OF s*_*"), (2, vec![0, 1]));
        assert_eq!(of("any of _private"), (1, vec![3]));
    }

    #[test]
    fn faults_say_where() {
        assert_eq!(parse("sel_a and (sel_b", NAMES).unwrap_err().at, 16);
        assert_eq!(parse("sel_a and nope", NAMES).unwrap_err().at, 10);
        assert!(reason("sel_a sel_b").contains("'and' or 'or' may be missing"));
        assert!(reason("1 of nope_*").contains("no search fits"));
        assert!(reason("3 of sel_*").contains("only 2 fit"));
        assert!(reason("sel_a | count() > 5").contains("correlation"));
        assert!(reason("").contains("empty"));
        assert!(reason(&"(".repeat(100_000)).contains("more than"));
        assert!(reason(&"not ".repeat(1_000)).contains("deeper"));
    }
}
