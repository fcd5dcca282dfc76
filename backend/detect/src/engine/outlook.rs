//! Whether a rule can match at all where only some fields ever stand, and which of the others it lacks.

use super::Program;
use crate::sigma::{
    body::{Item, Tree},
    condition::Condition,
    value::{Test, Value},
};
use std::collections::BTreeSet;

/// A program, and a bit for each slot that some event filled.
pub(super) struct Outlook<'a> {
    pub program: &'a Program,
    pub slots: &'a [u64],
}

/// May be true, may be false.
type May = (bool, bool);

impl Outlook<'_> {
    pub fn possible(&self) -> bool {
        self.program.body.condition.as_ref().is_some_and(|c| self.condition(c).0)
    }

    /// Fields of the rule (indexes) that no event has and whose absence alone keeps the condition from holding; empty
    /// when it can hold.
    pub fn missing(&self) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        if let Some(c) = &self.program.body.condition {
            self.lacks(c, true, &mut out);
        }
        out
    }

    fn has(&self, field: usize) -> bool {
        let slot = self.program.slots[field] as usize;
        self.slots.get(slot / 64).is_some_and(|w| w >> (slot % 64) & 1 == 1)
    }

    fn condition(&self, c: &Condition) -> May {
        match c {
            Condition::And(all) => and(all.iter().map(|c| self.condition(c))),
            Condition::Or(any) => or(any.iter().map(|c| self.condition(c))),
            Condition::Not(c) => {
                let (t, f) = self.condition(c);
                (f, t)
            }
            Condition::Search(i) => self.search(*i),
            Condition::Of { least, searches, .. } => {
                let all: Vec<May> = searches.iter().map(|i| self.search(*i)).collect();
                let can = all.iter().filter(|m| m.0).count() >= *least;
                let must = all.iter().filter(|m| !m.1).count() >= *least;
                (can, !must)
            }
        }
    }

    fn search(&self, index: usize) -> May {
        self.tree(&self.program.body.searches[index].tree)
    }

    fn tree(&self, tree: &Tree) -> May {
        match tree {
            Tree::And(all) => and(all.iter().map(|t| self.tree(t))),
            Tree::Or(any) => or(any.iter().map(|t| self.tree(t))),
            Tree::Item(i) => self.item(&self.program.body.items[*i]),
        }
    }

    fn item(&self, item: &Item) -> May {
        let Some(field) = item.field else { return (true, true) };
        // Seen in one event is not seen in all: a present field may hold, fail, or be absent in the next.
        let can = |v: &Value| match v.test {
            Test::Field { field: other, .. } => self.has(field) && self.has(other),
            Test::Null | Test::Exists(false) => true,
            _ => self.has(field),
        };
        if self.has(field) {
            let holds = match (item.negate, item.all) {
                (true, _) => item.values.iter().all(can),
                (_, true) => item.groups().all(|g| g.iter().any(can)),
                (_, false) => item.values.iter().any(can),
            };
            return (holds, true);
        }
        let holds = match (item.negate, item.all) {
            (true, _) => false,
            (_, true) => item.groups().all(|g| g.iter().any(can)),
            (_, false) => item.values.iter().any(can),
        };
        (holds, !holds)
    }

    /// Adds the fields for lack of which the condition is never as wanted; none where it may be.
    fn lacks(&self, c: &Condition, wanted: bool, into: &mut BTreeSet<usize>) {
        let may = self.condition(c);
        if if wanted { may.0 } else { may.1 } {
            return;
        }
        match c {
            Condition::And(list) | Condition::Or(list) => {
                list.iter().for_each(|c| self.lacks(c, wanted, into));
            }
            Condition::Not(c) => self.lacks(c, !wanted, into),
            Condition::Search(i) => self.lacks_tree(&self.program.body.searches[*i].tree, wanted, into),
            Condition::Of { searches, .. } => {
                for i in searches {
                    self.lacks_tree(&self.program.body.searches[*i].tree, wanted, into);
                }
            }
        }
    }

    fn lacks_tree(&self, tree: &Tree, wanted: bool, into: &mut BTreeSet<usize>) {
        let may = self.tree(tree);
        if if wanted { may.0 } else { may.1 } {
            return;
        }
        match tree {
            Tree::And(list) | Tree::Or(list) => {
                list.iter().for_each(|t| self.lacks_tree(t, wanted, into));
            }
            Tree::Item(i) => {
                let item = &self.program.body.items[*i];
                let own = item.field;
                let others = item.values.iter().filter_map(|v| match v.test {
                    Test::Field { field, .. } => Some(field),
                    _ => None,
                });
                into.extend(own.into_iter().chain(others).filter(|f| !self.has(*f)));
            }
        }
    }
}

fn and(all: impl Iterator<Item = May>) -> May {
    all.fold((true, false), |a, b| (a.0 && b.0, a.1 || b.1))
}

fn or(any: impl Iterator<Item = May>) -> May {
    any.fold((false, true), |a, b| (a.0 || b.0, a.1 && b.1))
}
