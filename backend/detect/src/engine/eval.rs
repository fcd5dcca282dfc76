//! One program on one event.

use super::{Program, Scratch};
use crate::{
    fold,
    sigma::{
        body::{Item, Tree},
        condition::Condition,
        number::Number,
        value::{RefMode, Test, Value as RuleValue},
    },
    time,
};
use event::{Event, Value};

pub(super) struct Run<'a> {
    pub event: &'a Event,
    pub scratch: &'a mut Scratch,
    pub program: &'a Program,
}

impl<'a> Run<'a> {
    pub fn new(event: &'a Event, scratch: &'a mut Scratch, program: &'a Program) -> Self {
        Run { event, scratch, program }
    }

    pub fn matches(&mut self) -> bool {
        if !self.guarded() {
            return false;
        }
        let body = &self.program.body;
        body.condition.as_ref().is_some_and(|c| self.condition(c))
    }

    pub fn guarded(&mut self) -> bool {
        let guards = &self.program.guards;
        guards.is_empty()
            || guards.iter().any(|all| {
                all.iter().all(|(slot, value)| self.scratch.any_folded(self.event, *slot, |t| t == &**value))
            })
    }

    pub fn condition(&mut self, c: &Condition) -> bool {
        match c {
            Condition::And(all) => all.iter().all(|c| self.condition(c)),
            Condition::Or(any) => any.iter().any(|c| self.condition(c)),
            Condition::Not(c) => !self.condition(c),
            Condition::Search(i) => self.search(*i),
            Condition::Of { least, searches, .. } => {
                let mut missing = *least;
                for (done, i) in searches.iter().enumerate() {
                    if searches.len() - done < missing {
                        return false;
                    }
                    if self.search(*i) {
                        missing -= 1;
                        if missing == 0 {
                            return true;
                        }
                    }
                }
                false
            }
        }
    }

    pub fn search(&mut self, index: usize) -> bool {
        let program = self.program;
        self.tree(&program.body.searches[index].tree)
    }

    pub fn tree(&mut self, tree: &Tree) -> bool {
        let program = self.program;
        match tree {
            Tree::Item(i) => self.item(&program.body.items[*i]),
            Tree::And(all) => all.iter().all(|t| self.tree(t)),
            Tree::Or(any) => any.iter().any(|t| self.tree(t)),
        }
    }

    pub fn item(&mut self, item: &Item) -> bool {
        let slot = item.field.map(|f| self.program.slots[f]);
        let held = if item.all {
            item.groups().all(|g| g.iter().any(|v| self.test(&v.test, slot)))
        } else {
            item.values.iter().any(|v| self.test(&v.test, slot))
        };
        match slot {
            Some(slot) if item.negate => {
                let there = |slot| self.scratch.value(self.event, slot).is_some_and(|v| *v != Value::Null);
                // What is not there differs from nothing: neither the field nor the one it is compared with.
                let other = |v: &RuleValue| match v.test {
                    Test::Field { field, .. } => there(self.program.slots[field]),
                    _ => true,
                };
                !held && there(slot) && item.values.iter().all(other)
            }
            _ => held != item.negate,
        }
    }

    pub fn test(&mut self, test: &Test, slot: Option<u32>) -> bool {
        let event = self.event;
        let Some(slot) = slot else {
            return match test {
                Test::Text(shape) => self.scratch.any_folded_anywhere(event, |t| shape.fits(t)),
                Test::Cased(shape) => event.fields.iter().any(|(_, v)| any_text(v, &mut |t| shape.fits(t))),
                Test::Regex(r) => event.fields.iter().any(|(_, v)| any_text(v, &mut |t| r.is_match(t))),
                _ => false,
            };
        };
        let value = self.scratch.value(event, slot);
        let Some(value) = value else {
            return matches!(test, Test::Null | Test::Exists(false));
        };
        match test {
            Test::Text(shape) => self.scratch.any_folded(event, slot, |t| shape.fits(t)),
            Test::Cased(shape) => any_text(value, &mut |t| shape.fits(t)),
            Test::Regex(r) => any_text(value, &mut |t| r.is_match(t)),
            Test::Cidr(net) => any_text(value, &mut |t| net.holds(t)),
            Test::Compare(op, n) => any_number(value, &mut |v| op.holds(v, *n)),
            Test::Time(part, op, n) => {
                any_text(value, &mut |t| time::part(t, *part).is_some_and(|v| op.holds(v, *n)))
            }
            Test::Exists(wanted) => *wanted,
            Test::Null => *value == Value::Null,
            Test::Field { field, mode, cased } => {
                let other = self.program.slots[*field];
                let Some(other) = self.scratch.value(event, other) else { return false };
                any_text(value, &mut |left| any_text(other, &mut |right| related(left, right, *mode, *cased)))
            }
        }
    }
}

/// Whether `left` is, begins with, ends with or contains `right`.
fn related(left: &str, right: &str, mode: RefMode, cased: bool) -> bool {
    if !cased {
        return related(&fold::text(left), &fold::text(right), mode, true);
    }
    match (mode.open_start, mode.open_end) {
        (false, false) => left == right,
        (false, true) => left.starts_with(right),
        (true, false) => left.ends_with(right),
        (true, true) => left.contains(right),
    }
}

/// Whether one of the value's texts passes.
pub(super) fn any_text(value: &Value, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match value {
        Value::List(list) => list.iter().any(|v| any_text(v, test)),
        Value::Str(s) => test(s),
        other => other.text().is_some_and(|t| test(&t)),
    }
}

fn any_number(value: &Value, test: &mut dyn FnMut(Number) -> bool) -> bool {
    match value {
        Value::List(list) => list.iter().any(|v| any_number(v, test)),
        Value::Int(n) => test(Number::Int((*n).into())),
        Value::Uint(n) => test(Number::Int((*n).into())),
        Value::Float(n) => test(Number::Float(*n)),
        Value::Str(s) => Number::of(s).is_some_and(test),
        Value::Null | Value::Bool(_) => false,
    }
}
