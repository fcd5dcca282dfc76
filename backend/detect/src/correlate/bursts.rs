//! The bursts of one group: where its contributions make the correlation fire.

use super::{
    Plan,
    evaluate::Entry,
    measure::{Meter, Told},
    order::chains,
    windows::{joined, sweep, trailing, widest},
};
use crate::sigma::{
    correlation::{Kind, Limit, When},
    expression::Term,
};

/// A run of contributions for which the correlation fires once.
pub(super) struct Burst {
    /// Indexes of the first and last contribution.
    pub range: (usize, usize),
    /// The measure where it was most extreme.
    pub value: f64,
    /// Indexes at whose times the condition held, ascending; never empty.
    pub marks: Vec<usize>,
}

type Range = (usize, usize);

/// The bursts among the contributions of a group, which are sorted and without doubles.
pub(super) fn bursts(plan: &Plan, entries: &[&Entry<'_>]) -> Vec<Burst> {
    let times: Vec<i64> = entries.iter().map(|e| e.time).collect();
    let span = plan.spec.timespan;
    let windows = widest(&times, span);
    match &plan.spec.when {
        When::Limits { fields, limits } => {
            let groups = plan.spec.group_by.len();
            let measure = |ranges: &[Range]| {
                let mut meter = Meter::new(plan.spec.kind, limits, entries, groups, fields.len());
                sweep(ranges, &mut meter, Meter::add, Meter::remove, Meter::tell)
            };
            let told = measure(&windows);
            let growing = matches!(plan.spec.kind, Kind::EventCount | Kind::ValueCount | Kind::Temporal)
                && limits.iter().all(|l| l.only_grows());
            let marks = if growing && told.iter().any(|t| t.holds) {
                let ranges = trailing(&times, span);
                let told = measure(&ranges);
                ranges.iter().zip(told).filter(|(_, t)| t.holds).map(|(r, _)| r.1).collect()
            } else {
                ends(&windows, &told)
            };
            assembled(&windows, &told, &marks, least(limits))
        }
        When::Rules(terms) if plan.spec.kind == Kind::TemporalOrdered => {
            ordered(terms, entries, &windows, span, plan.members.len())
        }
        // Resolving has made terms of it.
        When::Written(_) => vec![],
        When::Rules(terms) => {
            let measure = |ranges: &[Range]| {
                sweep_rules(ranges, entries, plan.members.len(), |seen| terms.iter().any(|t| holds(t, seen)))
            };
            let told = measure(&windows);
            let growing = terms.iter().all(|t| t.without.is_empty());
            let marks = if growing && told.iter().any(|t| t.holds) {
                let ranges = trailing(&times, span);
                let told = measure(&ranges);
                ranges.iter().zip(told).filter(|(_, t)| t.holds).map(|(r, _)| r.1).collect()
            } else {
                ends(&windows, &told)
            };
            assembled(&windows, &told, &marks, false)
        }
    }
}

/// Only upper limits: the least measure is the most extreme one.
fn least(limits: &[Limit]) -> bool {
    use crate::sigma::correlation::Than;
    limits.iter().all(|l| matches!(l.than, Than::Lt | Than::Lte))
}

fn holds(term: &Term, seen: &[usize]) -> bool {
    term.needs.iter().all(|m| seen[*m] > 0) && term.without.iter().all(|m| seen[*m] == 0)
}

fn sweep_rules(
    ranges: &[Range],
    entries: &[&Entry<'_>],
    members: usize,
    holds: impl Fn(&[usize]) -> bool,
) -> Vec<Told> {
    let mut seen = vec![0_usize; members];
    sweep(
        ranges,
        &mut seen,
        |seen, i| seen[entries[i].member] += 1,
        |seen, i| seen[entries[i].member] -= 1,
        |seen| Told { value: seen.iter().filter(|n| **n > 0).count() as f64, holds: holds(seen) },
    )
}

fn ordered(
    terms: &[Term],
    entries: &[&Entry<'_>],
    windows: &[Range],
    span: i64,
    members: usize,
) -> Vec<Burst> {
    let mut told = sweep_rules(windows, entries, members, |_| false);
    let mut marks = Vec::new();
    for term in terms {
        let allowed = |seen: &[usize]| term.without.iter().all(|m| seen[*m] == 0);
        let clean = sweep_rules(windows, entries, members, allowed);
        let mut before = vec![0_usize];
        before.extend(clean.iter().scan(0, |n, t| {
            *n += usize::from(t.holds);
            Some(*n)
        }));
        // How many chains begin to lie in a window, and cease to.
        let mut change = vec![0_isize; windows.len() + 1];
        for (from, to) in chains(entries, &term.needs, span) {
            // The windows that hold the whole chain lie next to each other.
            let first = windows.partition_point(|w| w.1 < to);
            let behind = windows.partition_point(|w| w.0 <= from);
            if first >= behind || before[first] == before[behind] {
                continue;
            }
            change[first] += 1;
            change[behind] -= 1;
            // A chain without exclusions holds at its end; else all of the window had to be seen.
            marks.push(if term.without.is_empty() { to } else { windows[behind - 1].1 });
        }
        let mut inside = 0;
        for ((told, clean), change) in told.iter_mut().zip(&clean).zip(&change) {
            inside += change;
            told.holds |= inside > 0 && clean.holds;
        }
    }
    marks.sort_unstable();
    marks.dedup();
    assembled(windows, &told, &marks, false)
}

fn ends(windows: &[Range], told: &[Told]) -> Vec<usize> {
    windows.iter().zip(told).filter(|(_, t)| t.holds).map(|(w, _)| w.1).collect()
}

/// Windows that hold, joined where they share a contribution.
fn assembled(windows: &[Range], told: &[Told], marks: &[usize], least: bool) -> Vec<Burst> {
    let hot: Vec<(Range, f64)> =
        windows.iter().zip(told).filter(|(_, t)| t.holds).map(|(w, t)| (*w, t.value)).collect();
    let mut next = hot.iter().peekable();
    let mut out = Vec::new();
    for range in joined(hot.iter().map(|(w, _)| *w)) {
        let mut value: Option<f64> = None;
        while let Some((_, v)) = next.next_if(|(w, _)| w.1 <= range.1) {
            value = Some(value.map_or(*v, |old| if least { old.min(*v) } else { old.max(*v) }));
        }
        let from = marks.partition_point(|m| *m < range.0);
        let to = marks.partition_point(|m| *m <= range.1);
        let mut own = marks[from..to].to_vec();
        if own.is_empty() {
            own.push(range.1);
        }
        out.push(Burst { range, value: value.unwrap_or_default(), marks: own });
    }
    out
}
