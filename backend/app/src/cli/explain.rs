//! `scan --explain`: one rule on every event of its log source, as a tree, for the events that it matches or just misses.

use super::Exit;
use detect::{ConditionNode, Engine, Explanation, NodeKind, NotRun};
use event::Event;
use kernel::Untrusted;
use std::io::Write;

/// Events that are printed; all are counted.
const PRINTED: u64 = 50;
/// Other rules that are named with an event.
const NEAR: usize = 5;

/// The rule that is explained.
pub(super) struct Explain {
    /// Its place in the engine.
    pub(super) rule: usize,
    of_logsource: u64,
    matched: u64,
    printed: u64,
}

impl Explain {
    /// Finds the rule; when it does not run, says why.
    pub(super) fn find(engine: &Engine, not_run: &[NotRun], id: &str) -> Result<Explain, Exit> {
        if let Some(rule) = engine.rules().iter().position(|r| r.id == id) {
            return Ok(Explain { rule, of_logsource: 0, matched: 0, printed: 0 });
        }
        let shown = Untrusted::new(id).for_terminal();
        Err(match not_run.iter().find(|n| n.rule_id == id) {
            Some(n) => Exit(2, format!("the rule {shown} does not run: {}", n.reason)),
            None => Exit(2, format!("no rule with the id {shown} is loaded")),
        })
    }

    /// One event.
    pub(super) fn on(
        &mut self,
        engine: &Engine,
        event: &Event,
        label: &str,
        out: &mut impl Write,
    ) -> std::io::Result<()> {
        let Some(e) = engine.explain(event, self.rule).filter(|e| e.logsource) else { return Ok(()) };
        self.of_logsource += 1;
        self.matched += u64::from(e.matched);
        if self.printed >= PRINTED || !e.matched && e.one_away.is_empty() {
            return Ok(());
        }
        self.printed += 1;
        let verdict = if e.matched { "matches" } else { "misses" };
        let label = Untrusted::new(label).for_terminal();
        writeln!(
            out,
            "{label} record {}: {verdict}: {}",
            event.place.record,
            Untrusted::new(&e.condition).for_terminal()
        )?;
        print(out, &e, &e.tree, 1)?;
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

    /// What is said at the end.
    pub(super) fn sum_up(&self) {
        eprintln!(
            "{} events of the rule's log source, {} matched; {} printed.",
            self.of_logsource, self.matched, self.printed
        );
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
