//! From contributions to firings: by correlation from the lowest up, by group, by burst.

use super::{
    Contribution, Correlations, Fired, Limits, Of, Outcome, Plan, Reference, Shortfall,
    bursts::{Burst, bursts},
    measure::key,
};
use crate::sigma::correlation::Kind;
use event::Nanos;
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

/// A contribution, or a moment at which a lower correlation held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry<'a> {
    pub time: i64,
    pub at: Reference,
    pub member: usize,
    /// The lower firing, an index into all of them.
    pub from: Option<usize>,
    pub values: Cow<'a, [Option<Box<str>>]>,
}

/// Different values that a firing hands on to an upper correlation at most.
const HANDED_ON: usize = 1_000;

impl Correlations {
    /// The firings that these contributions make, in any order and of any number of scans. For a correlation of
    /// correlations give those of its whole [`Correlations::family`].
    pub fn evaluate(&self, contributions: &[Contribution], limits: &Limits) -> Outcome {
        let mut e = Evaluation { of: self, limits, steps: 0, firings: vec![], told: BTreeMap::new() };
        let mut pending: Vec<Vec<Entry<'_>>> = self.plans.iter().map(|_| Vec::new()).collect();
        for c in contributions {
            e.sort_in(c, &mut pending);
        }
        let mut fired = Vec::new();
        for at in &self.order {
            let entries = std::mem::take(&mut pending[*at]);
            e.correlation(*at, entries, &mut pending, &mut fired);
        }
        fired.sort_by(|a: &Fired, b| {
            (a.correlation, a.first, &a.group, a.last).cmp(&(b.correlation, b.first, &b.group, b.last))
        });
        let told = e.told.into_iter();
        let shortfalls =
            told.map(|((rule_id, reason), count)| Shortfall { rule_id, reason, count }).collect();
        Outcome { fired, shortfalls }
    }
}

struct Evaluation<'a> {
    of: &'a Correlations,
    limits: &'a Limits,
    steps: usize,
    firings: Vec<Firing>,
    told: BTreeMap<(String, String), u64>,
}

/// What an upper firing takes over from a lower one.
struct Firing {
    first: i64,
    last: i64,
    count: u64,
    references: Vec<Reference>,
}

impl<'a> Evaluation<'a> {
    fn tell(&mut self, rule: &str, reason: impl Into<String>, count: u64) {
        if count > 0 {
            *self.told.entry((rule.to_owned(), reason.into())).or_default() += count;
        }
    }

    fn sort_in(&mut self, c: &'a Contribution, pending: &mut [Vec<Entry<'a>>]) {
        let Some(at) = self.of.index(&c.correlation) else {
            return self.tell(
                &c.correlation,
                "kept contributions of a correlation rule that does not run",
                1,
            );
        };
        let plan = &self.of.plans[at];
        if c.version != plan.version {
            let reason = "kept contributions were made for another form of the rule: scan the events again";
            return self.tell(&plan.id, reason, 1);
        }
        for (member, m) in plan.members.iter().enumerate() {
            if m.id == c.rule && matches!(m.of, Of::Detection(_)) {
                let values = Cow::Borrowed(c.values.as_slice());
                pending[at].push(Entry { time: c.time.0, at: c.reference, member, from: None, values });
            }
        }
    }

    fn correlation(
        &mut self,
        at: usize,
        mut entries: Vec<Entry<'a>>,
        pending: &mut [Vec<Entry<'a>>],
        fired: &mut Vec<Fired>,
    ) {
        let plan = &self.of.plans[at];
        entries.sort_unstable();
        entries.dedup();
        let room = self.limits.steps - self.steps.min(self.limits.steps);
        if entries.len() > room {
            let reason = format!("only the first of {} matches were looked at", self.limits.steps);
            self.tell(&plan.id, reason, (entries.len() - room) as u64);
            entries.truncate(room);
        }
        self.steps += entries.len();
        let mut found: Vec<(Vec<&Entry<'a>>, Burst)> = Vec::new();
        for group in grouped(plan, &entries) {
            for burst in bursts(plan, &group) {
                found.push((group[burst.range.0..=burst.range.1].to_vec(), burst));
            }
        }
        found.sort_by(|(a, _), (b, _)| a.first().cmp(&b.first()));
        let over = found.len().saturating_sub(self.limits.firings);
        self.tell(&plan.id, format!("only the first {} firings are told", self.limits.firings), over as u64);
        found.truncate(self.limits.firings);
        let upper: Vec<(usize, usize)> = self.uppers(at);
        for (entries, burst) in found {
            let firing = self.firing(&entries);
            if plan.raises {
                fired.push(told(at, plan, &entries, &burst, &firing));
            }
            self.firings.push(firing);
            for (to, member) in &upper {
                self.hand_on(at, *to, *member, &entries, &burst, &mut pending[*to]);
            }
        }
    }

    /// The correlations that look at this one, and as which member.
    fn uppers(&self, at: usize) -> Vec<(usize, usize)> {
        let all = self.of.plans.iter().enumerate();
        let looks = |m: &super::Member| matches!(m.of, Of::Correlation { index, .. } if index == at);
        all.flat_map(|(to, p)| {
            p.members.iter().enumerate().filter(|(_, m)| looks(m)).map(move |(i, _)| (to, i))
        })
        .collect()
    }

    fn firing(&self, entries: &[&Entry<'a>]) -> Firing {
        let mut f = Firing { first: i64::MAX, last: i64::MIN, count: 0, references: vec![] };
        let mut seen = HashSet::new();
        let mut lower = HashSet::new();
        let mut references: Vec<(i64, Reference)> = Vec::new();
        for e in entries {
            f.first = f.first.min(e.time);
            f.last = f.last.max(e.time);
            match e.from.and_then(|i| self.firings.get(i).map(|l| (i, l))) {
                None if seen.insert(e.at) => references.push((e.time, e.at)),
                Some((i, l)) if lower.insert(i) => {
                    f.first = f.first.min(l.first);
                    f.last = f.last.max(l.last);
                    f.count += l.count;
                    references.extend(l.references.iter().map(|r| (l.first, *r)));
                }
                None | Some(_) => {}
            }
        }
        f.count += seen.len() as u64;
        references.sort_unstable();
        let mut kept = HashSet::new();
        let distinct = references.into_iter().map(|(_, r)| r).filter(|r| kept.insert(*r));
        f.references = distinct.take(self.limits.references).collect();
        f
    }

    /// What an upper correlation sees of a firing, which is the last of all.
    fn hand_on(
        &mut self,
        at: usize,
        to: usize,
        member: usize,
        entries: &[&Entry<'a>],
        burst: &Burst,
        into: &mut Vec<Entry<'a>>,
    ) {
        let upper = &self.of.plans[to];
        let Of::Correlation { values, .. } = &upper.members[member].of else { return };
        let from = Some(self.firings.len() - 1);
        let project = |e: &Entry<'_>| -> Vec<Option<Box<str>>> {
            values.iter().map(|i| e.values.get((*i)?).cloned().flatten()).collect()
        };
        let base = burst.range.0;
        let Some(first) = burst.marks.first().and_then(|m| entries.get(m - base)) else { return };
        let span = self.of.plans[at].spec.timespan;
        let mut seen: HashSet<Vec<Option<Box<str>>>> = HashSet::new();
        let (mut lacking, mut over) = (0, 0);
        let mut put = |e: &Entry<'_>, moment: &Entry<'_>, once: bool| {
            let values = project(e);
            if upper.lacks(&values).is_some() {
                lacking += 1;
            } else if seen.len() >= HANDED_ON && !seen.contains(&values) {
                over += 1;
            } else if seen.insert(values.clone()) || !once {
                let values = Cow::Owned(values);
                into.push(Entry { time: moment.time, at: moment.at, member, from, values });
            }
        };
        if upper.spec.kind.temporal() {
            let mut done = 0;
            for mark in &burst.marks {
                let here = mark - base;
                let Some(moment) = entries.get(here) else { continue };
                // At first all that made it hold, then what came to it.
                let new = entries[done..=here].iter().filter(|e| moment.time.saturating_sub(e.time) <= span);
                new.for_each(|e| put(e, moment, false));
                done = here + 1;
            }
        } else {
            entries.iter().for_each(|e| put(e, first, true));
        }
        self.tell(
            &upper.id,
            "matches of a lower correlation without a usable value of a field were left out",
            lacking,
        );
        let reason =
            format!("only {HANDED_ON} different values of a lower correlation's firing were looked at");
        self.tell(&upper.id, reason, over);
    }
}

/// The contributions of each group, without doubles, in order.
fn grouped<'e, 'a>(plan: &Plan, entries: &'e [Entry<'a>]) -> Vec<Vec<&'e Entry<'a>>> {
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Entry<'a>>> = Vec::new();
    for e in entries {
        let next = groups.len();
        let at = *index.entry(key(&e.values, 0, plan.spec.group_by.len())).or_insert(next);
        if at == next {
            groups.push(Vec::new());
        }
        let group = &mut groups[at];
        let same = |old: &&Entry<'_>| {
            // An event that two of the rules match is one event; only what orders rules tells them apart.
            let rule = plan.spec.kind.temporal() && old.member != e.member;
            let value = plan.spec.kind == Kind::ValueCount && old.values != e.values;
            (old.time, old.at, old.from) == (e.time, e.at, e.from) && !rule && !value
        };
        if !group.iter().rev().take_while(|o| (o.time, o.at) == (e.time, e.at)).any(same) {
            group.push(e);
        }
    }
    groups
}

fn told(at: usize, plan: &Plan, entries: &[&Entry<'_>], burst: &Burst, firing: &Firing) -> Fired {
    let first = entries.first();
    let group = plan.spec.group_by.iter().enumerate().map(|(i, name)| {
        let value = first.and_then(|e| e.values.get(i)).and_then(Option::as_deref);
        (name.clone(), value.unwrap_or_default().to_owned())
    });
    let met = burst.marks.first().and_then(|m| entries.get(m - burst.range.0));
    Fired {
        correlation: at,
        group: group.collect(),
        first: Nanos(firing.first),
        last: Nanos(firing.last),
        met: Nanos(met.map_or(firing.last, |e| e.time)),
        count: firing.count,
        value: burst.value,
        references: firing.references.clone(),
    }
}
