//! Rules and a mapping to an engine.

use super::{Cause, Engine, NotRun, Program, Slots, route::Routes};
use crate::{
    correlate::Correlations,
    mapping::{Mapping, Origin, Target},
    sigma::{
        Rule,
        body::{Body, Tree},
        condition::Condition,
        rule::Content,
        value::Test,
    },
    text::Shape,
};
use std::{
    collections::{BTreeSet, HashSet},
    sync::{Arc, Mutex},
};

impl Engine {
    /// Compiles detections for the logs that the mapping knows. One that can't run takes no other with it: it is
    /// named with its reason in the second value.
    pub(super) fn compile(rules: Vec<Rule>, mapping: &Mapping) -> (Engine, Vec<NotRun>) {
        let mut slots = Slots::default();
        let system = ["Channel", "Provider_Name", "EventID"].map(|f| slots.add(names(f, &[], mapping)));
        let mut engine = Engine {
            rules: Vec::with_capacity(rules.len()),
            programs: Vec::new(),
            slots,
            routes: Routes::new(system),
            groups: Mutex::default(),
            correlations: Correlations::default(),
            filters: Vec::new(),
            spare: Mutex::default(),
        };
        let mut not_run = Vec::new();
        let mut ids = HashSet::new();
        for rule in rules {
            let fail = |cause, reason: String| NotRun {
                rule_id: rule.id.clone(),
                title: rule.title.clone(),
                cause,
                reason,
            };
            let Content::Detection(body) = &rule.content else { continue };
            let body = body.clone();
            if !ids.insert(rule.id.clone()) {
                let reason = "another rule with the same id is loaded".into();
                not_run.push(fail(Cause::Duplicate, reason));
                continue;
            }
            if !body.placeholders.is_empty() {
                let reason =
                    format!("needs configuration: no value for %{}%", body.placeholders.join("%, %"));
                not_run.push(fail(Cause::NeedsConfiguration, reason));
                continue;
            }
            match mapping.targets(&rule.logsource) {
                Err(reason) => not_run.push(fail(Cause::Logsource, reason)),
                Ok(targets) => match engine.add(&body, targets, mapping) {
                    false => {
                        let reason = "its event ids do not occur in its log source".into();
                        not_run.push(fail(Cause::Logsource, reason));
                    }
                    true => engine.rules.push(rule),
                },
            }
        }
        (engine, not_run)
    }

    /// Adds a program for every route; false when no event can ever reach the rule.
    fn add(&mut self, body: &Arc<Body>, targets: Vec<Target>, mapping: &Mapping) -> bool {
        let own = body.condition.as_ref().and_then(|c| Ids { body }.condition(c));
        let first = self.programs.len();
        for t in targets {
            let ids = match (&t.origin, t.event_ids, &own) {
                (Origin::Everything | Origin::Dataset { .. }, ids, _) | (_, ids, None) => ids,
                (_, None, Some(own)) => Some(own.iter().copied().collect()),
                (_, Some(ids), Some(own)) => Some(ids.into_iter().filter(|i| own.contains(i)).collect()),
            };
            if ids.as_ref().is_some_and(Vec::is_empty) {
                continue;
            }
            let slots: Box<[u32]> =
                body.fields.iter().map(|f| self.slots.add(names(f, &t.fields, mapping))).collect();
            let guard: Vec<(u32, Box<str>)> = t
                .guard
                .iter()
                .map(|(f, v)| (self.slots.add(names(f, &[], mapping)), crate::fold::text(v).into()))
                .collect();
            let same = self.programs[first..]
                .iter_mut()
                .find(|p| p.origin == t.origin && p.event_ids == ids && p.slots == slots);
            if let Some(same) = same {
                // An alternative without a guard makes the others idle.
                if guard.is_empty() {
                    same.guards.clear();
                } else if !same.guards.is_empty() {
                    same.guards.push(guard);
                }
                continue;
            }
            self.routes.add(self.programs.len() as u32, &t.origin, ids.as_deref());
            self.programs.push(Program {
                rule: self.rules.len(),
                body: body.clone(),
                slots,
                guards: if guard.is_empty() { vec![] } else { vec![guard] },
                origin: t.origin,
                event_ids: ids,
            });
        }
        self.programs.len() > first
    }
}

/// Names under which a field may stand in an event, best first.
fn names(field: &str, renamed: &[(String, String)], mapping: &Mapping) -> Vec<Box<str>> {
    let name = renamed.iter().find(|(from, _)| from == field).map_or(field, |(_, to)| to);
    let mut out: Vec<Box<str>> = vec![name.into()];
    if name.contains(' ') {
        out.push(name.replace(' ', "").into());
    }
    out.extend(mapping.fallbacks(name).iter().map(|n| n.as_str().into()));
    out
}

/// Which event ids a condition can hold for; `None` when it does not say.
struct Ids<'a> {
    body: &'a Body,
}

type Set = Option<BTreeSet<i64>>;

impl Ids<'_> {
    fn condition(&self, c: &Condition) -> Set {
        match c {
            Condition::And(all) => both(all.iter().map(|c| self.condition(c))),
            Condition::Or(any) => either(any.iter().map(|c| self.condition(c))),
            Condition::Not(_) => None,
            Condition::Search(i) => self.tree(&self.body.searches[*i].tree),
            Condition::Of { least, searches, .. } => {
                let sets = searches.iter().map(|i| self.tree(&self.body.searches[*i].tree));
                if *least == searches.len() { both(sets) } else { either(sets) }
            }
        }
    }

    fn tree(&self, tree: &Tree) -> Set {
        match tree {
            Tree::And(all) => both(all.iter().map(|t| self.tree(t))),
            Tree::Or(any) => either(any.iter().map(|t| self.tree(t))),
            Tree::Item(i) => {
                let item = &self.body.items[*i];
                let name = item.field.map(|f| &*self.body.fields[f]);
                if name != Some("EventID") || item.all || item.negate {
                    return None;
                }
                let id = |test: &Test| match test {
                    Test::Text(Shape::Exact(t)) => t.parse().ok(),
                    _ => None,
                };
                item.values.iter().map(|v| id(&v.test)).collect()
            }
        }
    }
}

fn both(sets: impl Iterator<Item = Set>) -> Set {
    sets.flatten().reduce(|a, b| a.intersection(&b).copied().collect())
}

fn either(sets: impl Iterator<Item = Set>) -> Set {
    sets.reduce(|a, b| a.zip(b).map(|(a, b)| &a | &b)).flatten()
}
