//! Rules that were one leaf away from matching an event.

use super::{
    Engine, Program,
    eval::Run,
    explain::{Explanation, items},
};
use crate::sigma::{body::Tree, condition::Condition};
use event::Event;
use serde::Serialize;

/// A rule that would match the event if one leaf were otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NearMiss {
    /// Index into [`Engine::rules`].
    pub rule: usize,
    /// The leaves of which each would do; [`Engine::explain`] tells about them.
    pub leaves: Vec<usize>,
    /// Leaves that the condition wants to hold and that do.
    pub held: usize,
    /// Leaves that the condition wants to hold.
    pub wanted: usize,
}

impl Engine {
    /// Rules of the event's log source that raise alerts and were one leaf away, the nearest first, at most `most`.
    /// A rule of which nothing holds is not near.
    pub fn near(&self, event: &Event, most: usize) -> Vec<NearMiss> {
        let mut scratch = self.lend();
        scratch.load(&self.slots, event);
        let routed: Vec<u32> = self.routes.of(event, &mut scratch).concat();
        let mut out: Vec<NearMiss> = Vec::new();
        for p in routed {
            let program = &self.programs[p as usize];
            let mut run = Run::new(event, &mut scratch, program);
            if !self.raises(program.rule) || !run.guarded() {
                continue;
            }
            let Some(near) = run.near() else { continue };
            match out.iter_mut().find(|n| n.rule == near.rule) {
                Some(old) if old.held < near.held => *old = near,
                Some(_) => {}
                None => out.push(near),
            }
        }
        self.give_back(scratch);
        // Nearest: the largest part of what it wants holds, and of those the most.
        out.sort_by(|a, b| {
            let part = |n: &NearMiss, other: &NearMiss| n.held * other.wanted;
            part(b, a).cmp(&part(a, b)).then(b.held.cmp(&a.held)).then(a.rule.cmp(&b.rule))
        });
        out.truncate(most);
        out
    }
}

impl Run<'_> {
    fn near(&mut self) -> Option<NearMiss> {
        let program = self.program;
        let condition = program.body.condition.as_ref()?;
        if self.condition(condition) {
            return None;
        }
        let mut order = Vec::new();
        condition.searches(&mut order);
        let leaves = self.one_away(condition, &order);
        if leaves.is_empty() {
            return None;
        }
        let mut wanted = Vec::new();
        wanting(program, condition, true, &mut wanted);
        wanted.sort_unstable();
        wanted.dedup();
        let held = wanted.iter().filter(|i| self.item(&program.body.items[**i])).count();
        (held > 0).then_some(NearMiss { rule: program.rule, leaves, held, wanted: wanted.len() })
    }

    /// Leaves of which each alone, were it otherwise, would make the condition hold, which it does not.
    pub(super) fn one_away(&mut self, condition: &Condition, searches: &[usize]) -> Vec<usize> {
        /// Searches that are tried. Only a rule made to be costly has as many that a leaf can turn.
        const TRIED: usize = 1_024;
        let program = self.program;
        let body = &program.body;
        let mut truth = vec![false; body.items.len()];
        let mut held = vec![false; body.searches.len()];
        for s in searches {
            let mut leaves = Vec::new();
            items(&body.searches[*s].tree, &mut leaves);
            leaves.iter().for_each(|leaf| truth[*leaf] = self.item(&body.items[*leaf]));
            held[*s] = tree(&body.searches[*s].tree, &truth);
        }
        let mut out = Vec::new();
        let mut tried = 0;
        for s in searches {
            // A search has its leaves to itself: what counts is which of them turn it, and whether that is enough.
            let mut leaves = Vec::new();
            items(&body.searches[*s].tree, &mut leaves);
            leaves.retain(|leaf| {
                truth[*leaf] = !truth[*leaf];
                let turns = tree(&body.searches[*s].tree, &truth) != held[*s];
                truth[*leaf] = !truth[*leaf];
                turns
            });
            if leaves.is_empty() || tried == TRIED || out.len() >= Explanation::ONE_AWAY {
                continue;
            }
            tried += 1;
            held[*s] = !held[*s];
            if holds(condition, &held) {
                out.extend(leaves);
            }
            held[*s] = !held[*s];
        }
        out.sort_unstable();
        out.truncate(Explanation::ONE_AWAY);
        out
    }
}

/// Whether a condition holds when the searches are as given.
fn holds(c: &Condition, searches: &[bool]) -> bool {
    match c {
        Condition::And(all) => all.iter().all(|c| holds(c, searches)),
        Condition::Or(any) => any.iter().any(|c| holds(c, searches)),
        Condition::Not(c) => !holds(c, searches),
        Condition::Search(i) => searches[*i],
        Condition::Of { least, searches: of, .. } => {
            of.iter().filter(|i| searches[**i]).take(*least).count() == *least
        }
    }
}

fn tree(t: &Tree, truth: &[bool]) -> bool {
    match t {
        Tree::Item(i) => truth[*i],
        Tree::And(all) => all.iter().all(|t| tree(t, truth)),
        Tree::Or(any) => any.iter().any(|t| tree(t, truth)),
    }
}

/// The leaves that the condition wants to hold.
fn wanting(program: &Program, c: &Condition, wanted: bool, into: &mut Vec<usize>) {
    match c {
        Condition::And(list) | Condition::Or(list) => {
            list.iter().for_each(|c| wanting(program, c, wanted, into))
        }
        Condition::Not(c) => wanting(program, c, !wanted, into),
        Condition::Search(i) if wanted => items(&program.body.searches[*i].tree, into),
        Condition::Of { searches, .. } if wanted => {
            searches.iter().for_each(|i| items(&program.body.searches[*i].tree, into));
        }
        Condition::Search(_) | Condition::Of { .. } => {}
    }
}
