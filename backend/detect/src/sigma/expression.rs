//! Extended conditions of temporal correlations: names of rules joined by `and`, `or`, `not`, as terms of which
//! one must hold.

use super::{
    condition::{self, Condition, Over},
    correlation::{Limit, Than},
    error::quote,
};
use std::collections::HashSet;

/// Terms that a condition may stand for.
const TERMS: usize = 256;

/// Rules that must all have matched, and rules that must not have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Term {
    /// Indexes of rules, ascending.
    pub needs: Vec<usize>,
    pub without: Vec<usize>,
}

/// The rules that a condition names, each once, in its order. What stands around `of` is no name.
pub(crate) fn names(text: &str) -> Vec<String> {
    let is_of = |word: Option<&&str>| word.is_some_and(|w| w.eq_ignore_ascii_case("of"));
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    let words: Vec<&str> = words.filter(|w| !w.is_empty()).collect();
    let mut seen = HashSet::new();
    let mut out: Vec<String> = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let keyword = ["and", "or", "not", "of"].iter().any(|k| word.eq_ignore_ascii_case(k));
        let around = is_of(words.get(i + 1)) || is_of(i.checked_sub(1).and_then(|i| words.get(i)));
        if !keyword && !around && seen.insert(*word) {
            out.push((*word).to_owned());
        }
    }
    out
}

/// Whether the condition can be read at all, whatever its names and patterns are for.
pub(crate) fn readable(text: &str) -> Result<(), String> {
    condition::parse_over(text, &[], Over::Anything).map(|_| ()).map_err(|f| f.reason)
}

/// The condition as terms over the rules.
pub(crate) fn terms(text: &str, rules: &[String]) -> Result<Vec<Term>, String> {
    let names: Vec<&str> = rules.iter().map(String::as_str).collect();
    let parsed = condition::parse_over(text, &names, Over::Rules).map_err(|f| f.reason)?;
    let mut terms = normal(&parsed, false)?;
    terms.retain(|t| !t.needs.iter().any(|n| t.without.contains(n)));
    if terms.is_empty() {
        return Err(format!("the condition {} can never hold", quote(text)));
    }
    if terms.iter().any(|t| t.needs.is_empty()) {
        return Err("the condition would hold where no rule matched, which no event can show".into());
    }
    Ok(terms)
}

/// Enough of the rules, in their order: for `temporal_ordered` with a number.
pub(crate) fn in_order(rules: usize, limits: &[Limit]) -> Result<Vec<Term>, String> {
    let [limit] = limits else { return Err("temporal_ordered takes one number".into()) };
    let least = match limit.than {
        Than::Gte | Than::Eq => limit.number,
        Than::Gt => limit.number + 1.0,
        Than::Lt | Than::Lte | Than::Neq => {
            return Err("temporal_ordered takes gte, gt or eq, or a condition over the rules' names".into());
        }
    };
    if !(1.0..=rules as f64).contains(&least) {
        return Err(format!("{} rules in order, but {rules} are named", limit.number));
    }
    choose(&(0..rules).collect::<Vec<_>>(), least as usize, false)
}

fn normal(c: &Condition, not: bool) -> Result<Vec<Term>, String> {
    match c {
        Condition::Not(c) => normal(c, !not),
        Condition::Search(i) => Ok(vec![one(*i, not)]),
        Condition::And(all) if !not => product(all, not),
        Condition::Or(all) if not => product(all, not),
        Condition::And(any) | Condition::Or(any) => {
            let mut out = Vec::new();
            for c in any {
                out.extend(normal(c, not)?);
                within(out.len())?;
            }
            Ok(out)
        }
        // Not "at least n of m" is "at least m - n + 1 of the negations".
        Condition::Of { least, searches, .. } => {
            let least = if not { searches.len() + 1 - least } else { *least };
            choose(searches, least, not)
        }
    }
}

fn one(rule: usize, not: bool) -> Term {
    if not {
        Term { needs: vec![], without: vec![rule] }
    } else {
        Term { needs: vec![rule], without: vec![] }
    }
}

fn within(terms: usize) -> Result<(), String> {
    if terms > TERMS {
        Err(format!("the condition stands for more than {TERMS} combinations"))
    } else {
        Ok(())
    }
}

fn product(all: &[Condition], not: bool) -> Result<Vec<Term>, String> {
    let mut out = vec![Term::default()];
    for c in all {
        let right = normal(c, not)?;
        within(out.len() * right.len())?;
        out = out.iter().flat_map(|l| right.iter().map(move |r| joined(l, r))).collect();
    }
    Ok(out)
}

fn joined(left: &Term, right: &Term) -> Term {
    let both = |a: &[usize], b: &[usize]| {
        let mut all = [a, b].concat();
        all.sort_unstable();
        all.dedup();
        all
    };
    Term { needs: both(&left.needs, &right.needs), without: both(&left.without, &right.without) }
}

/// All ways to take `least` of these.
fn choose(from: &[usize], least: usize, not: bool) -> Result<Vec<Term>, String> {
    let Some((first, rest)) = from.split_first() else {
        return Ok(if least == 0 { vec![Term::default()] } else { vec![] });
    };
    if least == 0 {
        return Ok(vec![Term::default()]);
    }
    if least > from.len() {
        return Ok(vec![]);
    }
    let first = one(*first, not);
    let mut out: Vec<Term> = choose(rest, least - 1, not)?.iter().map(|t| joined(&first, t)).collect();
    out.extend(choose(rest, least, not)?);
    within(out.len())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told = Vec<(Vec<usize>, Vec<usize>)>;

    fn told(text: &str) -> Result<Told, String> {
        let rules: Vec<String> = ["a", "b", "c"].map(String::from).into();
        terms(text, &rules).map(|l| l.into_iter().map(|t| (t.needs, t.without)).collect())
    }

    #[test]
    fn conditions_as_terms() {
        assert_eq!(told("a and (b or c)"), Ok(vec![(vec![0, 1], vec![]), (vec![0, 2], vec![])]));
        assert_eq!(told("c and not (a or b)"), Ok(vec![(vec![2], vec![0, 1])]));
        assert_eq!(told("a and not (b and c)"), Ok(vec![(vec![0], vec![1]), (vec![0], vec![2])]));
        assert_eq!(told("2 of them").map(|t| t.len()), Ok(3));
        assert!(told("not a").is_err_and(|e| e.contains("no rule matched")));
        assert!(told("a and not a").is_err_and(|e| e.contains("never")));
        assert!(told("a and d").is_err_and(|e| e.contains("'d'")));
        assert_eq!(names("x and (not y or x)"), ["x", "y"]);
    }

    #[test]
    fn too_many_combinations_are_refused() {
        let rules: Vec<String> = (0..40).map(|i| format!("r{i}")).collect();
        assert!(terms("20 of them", &rules).is_err_and(|e| e.contains("combinations")));
    }
}
