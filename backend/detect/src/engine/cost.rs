//! What each rule costs: a slower way to scan that asks a clock of the caller around every rule.

use super::{Engine, Hit, Scratch, eval::Run};
use event::Event;
use serde::Serialize;

/// Time that rules took. Belongs to one engine; one a thread, then [`Costs::merge`].
#[derive(Debug, Clone, Default)]
pub struct Costs {
    events: u64,
    rules: Vec<RuleCost>,
}

/// The cost of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RuleCost {
    /// Index into [`Engine::rules`].
    pub rule: usize,
    /// Events that it looked at.
    pub events: u64,
    /// Events among them that it matched.
    pub hits: u64,
    /// Ticks of the caller's clock.
    pub ticks: u64,
}

impl Costs {
    /// Events that were scanned.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The rules that looked at an event, the costliest first.
    pub fn rules(&self) -> Vec<RuleCost> {
        let mut out: Vec<RuleCost> = self.rules.iter().filter(|r| r.events > 0).copied().collect();
        out.sort_by_key(|r| (std::cmp::Reverse(r.ticks), r.rule));
        out
    }

    /// Adds what another thread measured with the same engine.
    pub fn merge(&mut self, other: &Costs) {
        self.events += other.events;
        self.size(other.rules.len());
        for (a, b) in self.rules.iter_mut().zip(&other.rules) {
            a.events += b.events;
            a.hits += b.hits;
            a.ticks += b.ticks;
        }
    }

    fn size(&mut self, rules: usize) {
        let from = self.rules.len();
        self.rules.extend((from..rules).map(|rule| RuleCost { rule, ..RuleCost::default() }));
    }
}

impl Engine {
    /// Like [`Engine::scan_with`], and adds to `costs` what each rule took: its own tests on this event, without what
    /// rules share (a field is folded once, and the first rule that asks pays). `clock` is a count that rises, for
    /// example of nanoseconds. Scanning otherwise is not slowed by this.
    pub fn scan_measured(
        &self,
        event: &Event,
        scratch: &mut Scratch,
        clock: &mut dyn FnMut() -> u64,
        costs: &mut Costs,
        hits: &mut Vec<Hit>,
    ) {
        costs.events += 1;
        costs.size(self.rules.len());
        let from = hits.len();
        scratch.load(&self.slots, event);
        let mut programs = self.routes.of(event, scratch).concat();
        programs.sort_by_key(|p| self.programs[*p as usize].rule);
        let mut last = None;
        let mut before = clock();
        for p in programs {
            let program = &self.programs[p as usize];
            let matched = Run::new(event, scratch, program).matches();
            let now = clock();
            let cost = &mut costs.rules[program.rule];
            cost.events += u64::from(last != Some(program.rule));
            last = Some(program.rule);
            cost.ticks += now.saturating_sub(before);
            before = now;
            if matched && hits[from..].last().is_none_or(|h| h.rule != program.rule) {
                cost.hits += 1;
                hits.push(Hit { rule: program.rule });
            }
        }
        self.keep_raising(hits, from);
    }
}
