//! The engine: rules compiled against a mapping, then events in, hits out.

pub(crate) mod assemble;
mod build;
pub(crate) mod cost;
pub(crate) mod coverage;
mod ends;
mod eval;
pub(crate) mod explain;
#[cfg(test)]
mod fast;
mod group;
pub(crate) mod near;
mod outlook;
mod route;
mod scratch;
mod witness;

use crate::{
    correlate::Correlations,
    sigma::{Rule, body::Body},
};
use assemble::FilterReport;
pub use coverage::Coverage;
use event::Event;
use group::Group;
use route::{Kind, Place, Routes};
pub use scratch::Scratch;
use scratch::Slots;
use serde::Serialize;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Rules ready to look at events. Immutable; one engine serves any number of threads.
pub struct Engine {
    rules: Vec<Rule>,
    programs: Vec<Program>,
    slots: Slots,
    routes: Routes,
    /// Made when the first event of a kind is met.
    groups: Mutex<HashMap<Kind, Arc<Group>>>,
    correlations: Correlations,
    filters: Vec<FilterReport>,
    spare: Mutex<Vec<Scratch>>,
}

/// A rule on one route: the same body, with the fields' names of that route.
struct Program {
    rule: usize,
    body: Arc<Body>,
    /// Slot of every field of the body.
    slots: Box<[u32]>,
    /// Alternatives of (slot, folded value) that must hold besides; empty when nothing must.
    guards: Vec<Vec<(u32, Box<str>)>>,
    /// For the report: where its events come from.
    origin: crate::mapping::Origin,
    event_ids: Option<Vec<i64>>,
}

/// A rule that matched an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Index into [`Engine::rules`].
    pub rule: usize,
}

/// Why a loaded rule does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its placeholders have no values.
    NeedsConfiguration,
    /// A correlation rule that looks at a rule which is unknown, ambiguous or does not run.
    Correlation,
    /// It only feeds a correlation rule that does not run.
    PartOfCorrelation,
    /// A filter that applies to no loaded rule.
    Filter,
    /// Its log source is not in the mapping.
    Logsource,
    /// Another rule has the same id.
    Duplicate,
    /// A processing pipeline refuses it. Said by whoever applied it, since such a rule comes to no engine.
    Pipeline,
}

/// A rule that loaded but does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotRun {
    /// Id of the rule.
    pub rule_id: String,
    /// Title of the rule.
    pub title: String,
    /// The kind of reason.
    pub cause: Cause,
    /// In plain words.
    pub reason: String,
}

impl Engine {
    /// The rules that run. [`Hit::rule`] is an index into them.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Appends a hit for every rule that matches the event and raises alerts, in the order of the rules, each rule
    /// once. Rules that only feed correlations are left out; see [`Engine::scan_correlated`].
    pub fn scan(&self, event: &Event, hits: &mut Vec<Hit>) {
        let mut scratch = self.lend();
        self.scan_with(event, &mut scratch, hits);
        self.give_back(scratch);
    }

    /// Like [`Engine::scan`] with a scratch of the caller, for hot loops: one a thread, see
    /// [`Engine::scratch`].
    pub fn scan_with(&self, event: &Event, scratch: &mut Scratch, hits: &mut Vec<Hit>) {
        let from = hits.len();
        self.scan_placed(event, scratch, hits);
        self.keep_raising(hits, from);
    }

    /// Hits of all rules, of those too that raise no alerts, and where the event came from.
    fn scan_placed(&self, event: &Event, scratch: &mut Scratch, hits: &mut Vec<Hit>) -> Place {
        scratch.load(&self.slots, event);
        let place = self.routes.place(event, scratch);
        let mut key = std::mem::take(&mut scratch.key);
        let kind = self.routes.kind(&place, &event.dataset, &mut key);
        scratch.key = key;
        let group = match scratch.last.take() {
            Some((last, group)) if last == kind => group,
            _ => self.group(kind, scratch),
        };
        let mut seen = std::mem::take(&mut scratch.seen);
        let mut last = None;
        group.candidates(event, scratch, &mut seen, |program, scratch| {
            let program = &self.programs[program as usize];
            if last != Some(program.rule) && eval::Run::new(event, scratch, program).matches() {
                last = Some(program.rule);
                hits.push(Hit { rule: program.rule });
            }
        });
        scratch.seen = seen;
        scratch.last = Some((kind, group));
        place
    }

    fn group(&self, kind: Kind, scratch: &mut Scratch) -> Arc<Group> {
        if let Some(group) = scratch.groups.get(&kind) {
            return Arc::clone(group);
        }
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let group = groups.entry(kind).or_insert_with(|| {
            let programs = self.routes.lists(&kind).concat();
            Arc::new(Group::new(programs, &self.programs, &self.routes.slots()))
        });
        scratch.groups.insert(kind, Arc::clone(group));
        Arc::clone(group)
    }

    /// A scratch of this engine's size.
    pub fn scratch(&self) -> Scratch {
        Scratch::new(&self.slots)
    }

    fn lend(&self) -> Scratch {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| self.scratch())
    }

    fn give_back(&self, scratch: Scratch) {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}
