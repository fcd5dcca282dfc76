//! `scan --explain`: one rule on every event of its log source, as a tree, for the events that it matches or just misses;
//! where there is none, for the event that it misses by the least. Of a correlation rule, what its base rules gave it.

use super::{Exit, out, roll::Roll};
use api::Time;
use detect::{
    ConditionNode, Engine, Explanation, NodeKind, Report,
    correlate::{Gathered, Outcome},
};
use event::Event;
use kernel::Untrusted;
use std::{
    collections::BTreeMap,
    io::{self, Write},
    sync::Arc,
};

/// Events or firings that are printed; all are counted.
const PRINTED: u64 = 50;
/// Other rules that are named with an event.
const NEAR: usize = 5;

/// What is explained in place of matches.
pub(super) enum About {
    Rule(Explain),
    /// Index of a correlation rule.
    Correlation(usize),
}

/// A rule that looks at single events.
pub(super) struct Explain {
    /// Its place in the engine.
    rule: usize,
    of_logsource: u64,
    matched: u64,
    printed: u64,
    /// While nothing is printed: by how many leaves an event was missed, and what would be printed of it.
    nearest: Option<(usize, Vec<u8>)>,
}

impl About {
    /// Finds the rule, whatever the case of its id; when it does not run, says why.
    pub fn find(engine: &Engine, roll: &Roll, id: &str) -> Result<About, Exit> {
        let same = |other: &str| other.eq_ignore_ascii_case(id);
        if let Some(rule) = engine.rules().iter().position(|r| same(&r.id)) {
            return Ok(About::Rule(Explain { rule, of_logsource: 0, matched: 0, printed: 0, nearest: None }));
        }
        if let Some(index) = engine.correlations().rules().iter().position(|r| same(&r.id)) {
            return Ok(About::Correlation(index));
        }
        let why = if let Some(n) = roll.not_run.iter().find(|n| same(&n.rule_id)) {
            format!("the rule {id} does not run: {}", n.reason)
        } else if let Some(n) = roll.not_loaded.iter().find(|n| n.rule.as_deref().is_some_and(same)) {
            let at = n.at.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
            format!("the rule {id} did not load: {}{at}: {}", n.file, n.reason)
        } else if let Some(f) = engine.filters().iter().find(|f| same(&f.rule_id)) {
            format!(
                "{id} is a filter: it takes matches away from the rules {}; explain one of them",
                f.applied.join(", ")
            )
        } else {
            format!("no rule with the id {id} is loaded")
        };
        Err(Exit(2, Untrusted::new(why).for_terminal()))
    }
}

impl Explain {
    /// One event.
    pub fn on(
        &mut self,
        engine: &Engine,
        event: &Event,
        label: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let Some(e) = engine.explain(event, self.rule).filter(|e| e.logsource) else { return Ok(()) };
        self.of_logsource += 1;
        self.matched += u64::from(e.matched);
        if e.matched || !e.one_away.is_empty() {
            self.nearest = None;
            self.printed += 1;
            return if self.printed > PRINTED { Ok(()) } else { self.shown(engine, event, &e, label, out) };
        }
        let away = leaves(&e.tree).0;
        if self.printed == 0 && self.nearest.as_ref().is_none_or(|(least, _)| away < *least) {
            let mut text = vec![];
            self.shown(engine, event, &e, label, &mut text)?;
            self.nearest = Some((away, text));
        }
        Ok(())
    }

    fn shown(
        &self,
        engine: &Engine,
        event: &Event,
        e: &Explanation,
        label: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let verdict = match (e.matched, leaves(&e.tree).0) {
            (true, _) => "matches".to_owned(),
            (false, 0 | 1) => "misses by one leaf".to_owned(),
            (false, n) => format!("misses by {n} leaves"),
        };
        let label = Untrusted::new(label).for_terminal();
        let condition = Untrusted::new(&e.condition).for_terminal();
        writeln!(out, "{label} record {}: {verdict}: {condition}", event.place.record)?;
        print(out, e, &e.tree, 1)?;
        let near = engine.near(event, NEAR + 1).into_iter().filter(|n| n.rule != self.rule).take(NEAR);
        for (rule, leaf) in
            near.filter_map(|n| Some((engine.rules().get(n.rule)?, (n.rule, *n.leaves.first()?))))
        {
            let wanting = engine
                .explain(event, leaf.0)
                .and_then(|e| Some(e.leaf(leaf.1)?.event_field.clone()))
                .flatten();
            let wanting = wanting
                .map(|field| format!(" ({})", Untrusted::new(&field).for_terminal()))
                .unwrap_or_default();
            writeln!(out, "  one leaf away: {}{wanting}", Untrusted::new(&rule.title).for_terminal())?;
        }
        Ok(())
    }

    /// The nearest event where no other was printed, and what is said at the end.
    fn sum_up(&self, engine: &Engine, report: &Report, out: &mut impl Write) -> io::Result<()> {
        if let Some((_, text)) = &self.nearest {
            out.write_all(text)?;
            out::say("No event matches or is one leaf away: the one that is missed by the least is shown.");
        }
        let id = engine.rules().get(self.rule).map_or("", |r| &r.id);
        if self.of_logsource == 0 {
            let why = report.no_chance.iter().find(|n| n.rule_id == id).map(|n| n.reason.as_str());
            let why = if report.events == 0 { Some("nothing was read") } else { why };
            let why = Untrusted::new(why.unwrap_or("no event of its log source")).for_terminal();
            out::say(format_args!("The rule looked at no event: {why}."));
        }
        out::say(format_args!(
            "{} events of the rule's log source, {} matched; {} printed.",
            self.of_logsource,
            self.matched,
            self.printed.min(PRINTED) + u64::from(self.nearest.is_some())
        ));
        Ok(())
    }
}

/// What is printed and said when all files are read.
pub(super) fn sum_up(
    about: &About,
    engine: &Engine,
    report: &Report,
    gathered: &Gathered,
    outcome: &Outcome,
    out: &mut impl Write,
) -> io::Result<()> {
    match about {
        About::Rule(rule) => rule.sum_up(engine, report, out),
        About::Correlation(index) => correlation(*index, engine, gathered, outcome, out),
    }
}

/// What a correlation rule, and those below it, were given, and what came of it.
fn correlation(
    index: usize,
    engine: &Engine,
    gathered: &Gathered,
    outcome: &Outcome,
    out: &mut impl Write,
) -> io::Result<()> {
    let clean = |t: &str| Untrusted::new(t).for_terminal();
    let all = engine.correlations();
    let lacking = gathered.shortfalls(all);
    let titles: BTreeMap<&str, &str> =
        engine.rules().iter().map(|r| (r.id.as_str(), r.title.as_str())).collect();
    for (depth, at) in all.family(index).into_iter().enumerate() {
        let Some(rule) = all.rules().get(at) else { continue };
        let below = if depth == 0 { "correlation" } else { "a correlation below it" };
        writeln!(out, "{below}: {} ({})", clean(&rule.title), clean(&rule.id))?;
        let mut given: BTreeMap<Arc<str>, u64> = BTreeMap::new();
        for c in gathered.contributions.iter().filter(|c| *c.correlation == *rule.id) {
            *given.entry(c.rule.clone()).or_default() += 1;
        }
        // Bases come with those of the correlations below, which have their own lines.
        let own = if all.family(at).len() == 1 { all.bases(at) } else { vec![] };
        for id in own {
            given.entry(id).or_default();
        }
        for (id, count) in given {
            let title = titles.get(&*id).copied().unwrap_or_default();
            writeln!(out, "  base rule {} ({}): {count} matches", clean(title), clean(&id))?;
        }
        for s in outcome.shortfalls.iter().chain(&lacking).filter(|s| s.rule_id == rule.id) {
            writeln!(out, "  {} ({})", clean(&s.reason), s.count)?;
        }
        let fired: Vec<_> = outcome.fired.iter().filter(|f| f.correlation == at).collect();
        match (all.raises(at), fired.is_empty()) {
            (false, _) => writeln!(out, "  raises no alerts of its own: it feeds another correlation")?,
            (true, true) => writeln!(out, "  did not fire: its condition held in no window of its timespan")?,
            (true, false) => writeln!(out, "  fired {} times", fired.len())?,
        }
        for f in fired.iter().take(PRINTED as usize) {
            let group: Vec<_> = f.group.iter().map(|(k, v)| format!("{}={}", clean(k), clean(v))).collect();
            let (first, last) = (Time::from_nanos(f.first.0), Time::from_nanos(f.last.0));
            writeln!(
                out,
                "    {first} to {last}: {} events, value {}  {}",
                f.count,
                f.value,
                group.join("  ")
            )?;
        }
    }
    Ok(())
}

/// How many leaves have to be otherwise for a node to hold, and for it not to hold, at least.
fn leaves(n: &ConditionNode) -> (usize, usize) {
    let (mut to_hold, mut to_fail): (Vec<_>, Vec<_>) = n.children.iter().map(leaves).unzip();
    to_hold.sort_unstable();
    to_fail.sort_unstable();
    let least = |all: &[usize], of: usize| all.iter().take(of).sum::<usize>();
    let children = n.children.len();
    match n.kind {
        NodeKind::Leaf(_) => (usize::from(!n.matched), usize::from(n.matched)),
        NodeKind::And => (least(&to_hold, children), least(&to_fail, 1)),
        NodeKind::Or => (least(&to_hold, 1), least(&to_fail, children)),
        NodeKind::Not => (least(&to_fail, 1), least(&to_hold, 1)),
        NodeKind::Search => (least(&to_hold, 1), least(&to_fail, 1)),
        NodeKind::Of(k) => (least(&to_hold, k), least(&to_fail, (children + 1).saturating_sub(k))),
    }
}

fn mark(holds: bool) -> char {
    if holds { '+' } else { '-' }
}

fn print(out: &mut impl Write, e: &Explanation, n: &ConditionNode, depth: usize) -> std::io::Result<()> {
    let clean = |t: &str| Untrusted::new(t).for_terminal();
    let indent = "  ".repeat(depth);
    let leaf = match n.kind {
        NodeKind::Leaf(leaf) => e.leaf(leaf),
        _ => None,
    };
    let of = leaf.map(|item| {
        let patterns = clean(&item.patterns.join(" | "));
        let more = item.patterns_total.saturating_sub(item.patterns.len());
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        let value = item.value.as_deref().map_or_else(|| "absent".into(), |v| format!("found {}", clean(v)));
        format!(": {patterns}{more}; {value}")
    });
    writeln!(out, "{indent}{} {}{}", mark(n.matched), clean(&n.label), of.unwrap_or_default())?;
    n.children.iter().try_for_each(|c| print(out, e, c, depth + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(kind: NodeKind, matched: bool, children: Vec<ConditionNode>) -> ConditionNode {
        ConditionNode { label: String::new(), kind, matched, children }
    }

    #[test]
    fn leaves_that_are_wanting_are_counted_through_the_tree() {
        let leaf = |matched| node(NodeKind::Leaf(0), matched, vec![]);
        let all = node(NodeKind::And, false, vec![leaf(true), leaf(false), leaf(false)]);
        assert_eq!(leaves(&all), (2, 0));
        let any = node(NodeKind::Or, false, vec![leaf(false), all.clone()]);
        assert_eq!(leaves(&any), (1, 0));
        let two_of = node(NodeKind::Of(2), true, vec![leaf(true), leaf(true), leaf(false)]);
        assert_eq!(leaves(&two_of), (0, 1));
        let but = node(NodeKind::And, false, vec![all, node(NodeKind::Not, false, vec![two_of])]);
        assert_eq!(leaves(&but), (3, 0));
    }
}
