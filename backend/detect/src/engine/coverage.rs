//! Which rules had a chance on the data that was seen, and why the others had none.

use super::{Engine, NotRun, Scratch, outlook::Outlook, route::Place};
use crate::mapping::Origin;
use event::{Event, Name};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Gathers what was seen. One a thread, then [`Coverage::merge`]; belongs to one engine.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    events: u64,
    seen: HashMap<Key, Seen>,
    /// More kinds of events than are kept apart: then no rule is said to have had no chance.
    overflow: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    place: Place,
    dataset: Option<Name>,
}

#[derive(Debug, Clone, Default)]
struct Seen {
    events: u64,
    /// A bit for each slot.
    slots: Vec<u64>,
}

/// Kinds of events that are kept apart.
const KINDS: usize = 65_536;

/// Why a rule had no chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// No event of its log source.
    Logsource,
    /// Events of its log source, but none with its event id.
    EventId,
    /// Events of its kind, but without a field that it needs.
    Field,
    /// A correlation: a rule that it needs had no chance.
    Base,
}

/// A rule that could not have matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoChance {
    /// Id of the rule.
    pub rule_id: String,
    /// Title of the rule.
    pub title: String,
    /// The kind of reason.
    pub gap: Gap,
    /// In plain words.
    pub reason: String,
}

/// The sum of a scan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Events looked at.
    pub events: u64,
    /// Rules that ran.
    pub ran: usize,
    /// Rules among them that could have matched.
    pub had_a_chance: usize,
    /// Documents that did not load.
    pub not_loaded: usize,
    /// Rules that loaded and do not run.
    pub not_run: Vec<NotRun>,
    /// Rules that ran and could not have matched on this data.
    pub no_chance: Vec<NoChance>,
    /// Correlation rules that ran.
    pub correlations: usize,
    /// Correlation rules among them that could not have fired on this data, since rules that they need had no chance.
    pub correlations_no_chance: Vec<NoChance>,
    /// What each filter was applied to.
    pub filters: Vec<super::assemble::FilterReport>,
}

impl Engine {
    /// Like [`Engine::scan`], and keeps in `coverage` what kind of event it was.
    pub fn scan_covered(&self, event: &Event, coverage: &mut Coverage, hits: &mut Vec<super::Hit>) {
        let from = hits.len();
        self.scan_every(event, coverage, hits);
        self.keep_raising(hits, from);
    }

    /// Hits of all rules, of those too that raise no alerts.
    pub(crate) fn scan_every(&self, event: &Event, coverage: &mut Coverage, hits: &mut Vec<super::Hit>) {
        let mut scratch = self.lend();
        let place = self.scan_placed(event, &mut scratch, hits);
        coverage.keep(place, event, &scratch, self.slots.len());
        self.give_back(scratch);
    }
}

impl Coverage {
    fn keep(&mut self, place: Place, event: &Event, scratch: &Scratch, slots: usize) {
        self.events += 1;
        let dataset = (!place.windows).then(|| event.dataset.clone());
        let key = Key { place, dataset };
        if self.seen.len() >= KINDS && !self.seen.contains_key(&key) {
            self.overflow = true;
            return;
        }
        let seen = self.seen.entry(key).or_default();
        seen.events += 1;
        seen.slots.resize(slots.div_ceil(64), 0);
        for slot in scratch.filled() {
            seen.slots[*slot as usize / 64] |= 1 << (slot % 64);
        }
    }

    /// Events looked at so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Adds what another thread saw with the same engine.
    pub fn merge(&mut self, other: Coverage) {
        self.events += other.events;
        self.overflow |= other.overflow;
        for (key, new) in other.seen {
            if self.seen.len() >= KINDS && !self.seen.contains_key(&key) {
                self.overflow = true;
                continue;
            }
            let seen = self.seen.entry(key).or_default();
            seen.events += new.events;
            seen.slots.resize(seen.slots.len().max(new.slots.len()), 0);
            seen.slots.iter_mut().zip(new.slots).for_each(|(a, b)| *a |= b);
        }
    }

    /// What ran and what had a chance. `not_run` and `not_loaded` come from building and parsing; a rule of the engine
    /// that `not_run` names counts as not run.
    pub fn report(&self, engine: &Engine, not_run: Vec<NotRun>, not_loaded: usize) -> Report {
        let mut chance = vec![false; engine.rules.len()];
        let mut reached: HashMap<u32, Vec<u64>> = HashMap::new();
        for (key, seen) in &self.seen {
            for p in engine.routes.programs(&key.place, key.dataset.as_deref()) {
                let program = &engine.programs[p as usize];
                let all = reached.entry(p).or_default();
                all.resize(all.len().max(seen.slots.len()), 0);
                all.iter_mut().zip(&seen.slots).for_each(|(a, b)| *a |= b);
                if !chance[program.rule] {
                    chance[program.rule] = Outlook { program, slots: &seen.slots }.possible();
                }
            }
        }
        let named: HashSet<&str> = not_run.iter().map(|n| &*n.rule_id).collect();
        let ran = engine.rules.iter().enumerate().filter(|(_, r)| !named.contains(&*r.id));
        let mut no_chance = Vec::new();
        if !self.overflow {
            for (i, rule) in ran.clone().filter(|(i, _)| !chance[*i]) {
                let (gap, reason) = self.gap(engine, i, &reached);
                no_chance.push(NoChance { rule_id: rule.id.clone(), title: rule.title.clone(), gap, reason });
            }
        }
        let ran = ran.count();
        let without: HashSet<&str> = no_chance.iter().map(|n| n.rule_id.as_str()).collect();
        let mut correlations_no_chance = engine.correlations.no_chance(&without);
        correlations_no_chance.retain(|n| !named.contains(&*n.rule_id));
        let correlations = engine.correlations.rules().iter().filter(|r| !named.contains(&*r.id)).count();
        Report {
            events: self.events,
            ran,
            had_a_chance: ran - no_chance.len(),
            not_loaded,
            not_run,
            no_chance,
            correlations,
            correlations_no_chance,
            filters: engine.filters.clone(),
        }
    }

    fn gap(&self, engine: &Engine, rule: usize, reached: &HashMap<u32, Vec<u64>>) -> (Gap, String) {
        let own = engine.programs.iter().enumerate().filter(|(_, p)| p.rule == rule);
        let mut ids = Vec::new();
        for (i, p) in own.clone() {
            if let Some(slots) = reached.get(&(i as u32)) {
                let fields = Outlook { program: p, slots }.missing();
                let names: Vec<&str> = fields.iter().map(|f| engine.slots.name(p.slots[*f])).collect();
                return match names.as_slice() {
                    [] => (Gap::Field, "the fields it needs never stand in one event".into()),
                    [name] => (Gap::Field, format!("no event of its kind has the field {name}")),
                    _ => (Gap::Field, format!("no event of its kind has the fields {}", names.join(", "))),
                };
            }
            if self.seen.keys().any(|k| engine.routes.from(&k.place, k.dataset.as_deref(), &p.origin)) {
                ids.extend(p.event_ids.iter().flatten().map(i64::to_string));
            }
        }
        if !ids.is_empty() {
            ids.dedup();
            return (Gap::EventId, format!("no event with id {}", ids.join(", ")));
        }
        let mut origins: Vec<String> = own.map(|(_, p)| name(&p.origin)).collect();
        origins.dedup();
        (Gap::Logsource, format!("no event from {}", origins.join(" or ")))
    }
}

fn name(origin: &Origin) -> String {
    match origin {
        Origin::Everything => "any log".into(),
        Origin::Windows => "a Windows log".into(),
        Origin::Channels { channels, .. } => format!("the channel {}", channels.join(", ")),
        Origin::Dataset { first, second } => {
            let parts: Vec<&str> = [first, second].into_iter().flatten().map(String::as_str).collect();
            format!("the log source {}", parts.join("."))
        }
    }
}
