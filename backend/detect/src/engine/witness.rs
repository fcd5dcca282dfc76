//! What an event must show before a rule can match it.
//!
//! A clause is a set of atoms of which at least one stands in every event that the rule matches. Most rules
//! have several; the one that is least likely to be met by chance becomes the rule's witness, and a rule is
//! evaluated only when its witness was seen. A rule without one (only negations, say) is always evaluated.

use super::Program;
use crate::{
    fold,
    sigma::{
        body::{Item, Tree},
        condition::Condition,
        value::{Test, Value},
    },
    text::Shape,
};
use std::collections::HashMap;

/// Something that is found in an event without looking at a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Atom {
    /// `None`: in any field.
    pub slot: Option<u32>,
    pub sight: Sight,
}

/// What is to be seen in the folded text of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Sight {
    /// The field is there.
    Present,
    Whole(Box<str>),
    Start(Box<str>),
    End(Box<str>),
    Inside(Box<str>),
}

/// One of these must be seen.
pub(super) type Clause = Vec<Atom>;

/// Atoms that one clause may have; a larger one costs more than it saves.
const MOST: usize = 4_096;

/// The clauses of a program that are necessary by themselves.
pub(super) fn clauses(program: &Program) -> Vec<Clause> {
    let finder = Finder { program };
    program.body.condition.as_ref().map_or_else(Vec::new, |c| finder.condition(c))
}

struct Finder<'a> {
    program: &'a Program,
}

/// Of alternatives each with its own clauses: one clause that holds whichever it is, from the smallest of each.
fn either(all: impl Iterator<Item = Vec<Clause>>) -> Vec<Clause> {
    let mut out = Clause::new();
    for clauses in all {
        let Some(best) = clauses.into_iter().min_by(|a, b| rough(a).total_cmp(&rough(b))) else {
            return Vec::new();
        };
        out.extend(best);
        if out.len() > MOST {
            return Vec::new();
        }
    }
    vec![out]
}

/// Chance by the texts alone.
fn rough(clause: &Clause) -> f64 {
    clause.iter().map(|a| chance(a, 1)).sum()
}

impl Finder<'_> {
    fn condition(&self, c: &Condition) -> Vec<Clause> {
        match c {
            Condition::And(all) => all.iter().flat_map(|c| self.condition(c)).collect(),
            Condition::Or(any) => either(any.iter().map(|c| self.condition(c))),
            Condition::Not(_) => Vec::new(),
            Condition::Search(i) => self.search(*i),
            Condition::Of { least, searches, .. } => {
                let all = searches.iter().map(|i| self.search(*i));
                match *least {
                    0 => Vec::new(),
                    n if n >= searches.len() => all.flatten().collect(),
                    // At least one of any `len - least + 1` holds, so of all too.
                    _ => either(all),
                }
            }
        }
    }

    fn search(&self, index: usize) -> Vec<Clause> {
        self.tree(&self.program.body.searches[index].tree)
    }

    fn tree(&self, tree: &Tree) -> Vec<Clause> {
        match tree {
            Tree::And(all) => all.iter().flat_map(|t| self.tree(t)).collect(),
            Tree::Or(any) => either(any.iter().map(|t| self.tree(t))),
            Tree::Item(i) => self.item(&self.program.body.items[*i]),
        }
    }

    fn item(&self, item: &Item) -> Vec<Clause> {
        let slot = item.field.map(|f| self.program.slots[f]);
        if item.negate {
            let present = Atom { slot, sight: Sight::Present };
            return if slot.is_some() { vec![vec![present]] } else { Vec::new() };
        }
        if item.all {
            return item.groups().filter_map(|group| one_of(group, slot)).collect();
        }
        one_of(&item.values, slot).into_iter().collect()
    }
}

/// What must be seen when one of the values holds.
fn one_of(values: &[Value], slot: Option<u32>) -> Option<Clause> {
    let mut out = Clause::new();
    for v in values {
        out.extend(atoms(&v.test, slot)?);
        if out.len() > MOST {
            return None;
        }
    }
    Some(out)
}

/// What must be seen when the test holds; `None` when nothing.
fn atoms(test: &Test, slot: Option<u32>) -> Option<Clause> {
    let sights = match test {
        Test::Text(shape) | Test::Cased(shape) => vec![sight(shape)],
        Test::Regex(r) => match r.needed() {
            Some(texts) => texts.iter().map(|t| Sight::Inside(head(t).into())).collect(),
            None => vec![Sight::Present],
        },
        Test::Cidr(_) | Test::Compare(..) | Test::Time(..) | Test::Exists(true) | Test::Field { .. } => {
            vec![Sight::Present]
        }
        Test::Exists(false) | Test::Null => return None,
    };
    if slot.is_none() && sights.iter().any(|s| !matches!(s, Sight::Inside(_))) {
        return None;
    }
    Some(sights.into_iter().map(|sight| Atom { slot, sight }).collect())
}

/// Bytes of a literal that are watched for; what has the whole has its part.
const PART: usize = 32;

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(PART)]
}

fn tail(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(PART))..]
}

/// Folding goes character by character, so what a text has, its folded form has folded.
fn sight(shape: &Shape) -> Sight {
    match shape {
        Shape::Anything => Sight::Present,
        Shape::Exact(t) => match fold::text(t) {
            t if t.len() <= PART => Sight::Whole(t.into()),
            t => Sight::Start(head(&t).into()),
        },
        Shape::Prefix(t) => Sight::Start(head(&fold::text(t)).into()),
        Shape::Suffix(t) => Sight::End(tail(&fold::text(t)).into()),
        Shape::Contains(f) => match std::str::from_utf8(f.needle()) {
            Ok(t) => Sight::Inside(head(&fold::text(t)).into()),
            Err(_) => Sight::Present,
        },
        Shape::Glob(glob) => match glob.longest() {
            Some(t) => Sight::Inside(head(&fold::text(t)).into()),
            None => Sight::Present,
        },
    }
}

impl Sight {
    /// Bytes of its literal.
    pub fn bytes(&self) -> usize {
        match self {
            Sight::Present => 0,
            Sight::Whole(t) | Sight::Start(t) | Sight::End(t) | Sight::Inside(t) => t.len(),
        }
    }
}

/// How likely an event shows the atom, a guess; `rules` is how many rules ask for it, since what many rules
/// ask for (a shell's name) is what ordinary events have.
fn chance(atom: &Atom, rules: usize) -> f64 {
    let by_length = |len: usize| match len {
        0 => 1.0,
        1 => 0.9,
        2 => 0.6,
        3 => 0.3,
        4 => 0.15,
        5 => 0.08,
        6 => 0.05,
        _ => 0.02,
    };
    let text = match &atom.sight {
        Sight::Present => 0.9,
        Sight::Whole(_) => 0.02,
        Sight::Start(t) | Sight::End(t) | Sight::Inside(t) => by_length(t.len()),
    };
    text + 0.005 * rules.min(100) as f64
}

/// For each program the clause to watch for, `None` where there is none. `known` are slots whose value the
/// route has looked at already: they are met by nearly every event.
pub(super) fn choose(programs: &[&Program], known: &[u32]) -> Vec<Option<Clause>> {
    let all: Vec<Vec<Clause>> = programs.iter().map(|p| clauses(p)).collect();
    let mut rules: HashMap<&Atom, usize> = HashMap::new();
    for atom in all.iter().flatten().flatten() {
        *rules.entry(atom).or_default() += 1;
    }
    let total = |clause: &&Clause| -> f64 {
        let one = |atom: &Atom| match atom.slot {
            Some(slot) if known.contains(&slot) => 1.0,
            _ => chance(atom, rules.get(atom).copied().unwrap_or_default()),
        };
        clause.iter().map(one).sum()
    };
    let best = |clauses: &Vec<Clause>| {
        clauses.iter().map(|c| (total(&c), c)).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, c)| c.clone())
    };
    all.iter().map(best).collect()
}
