//! Why a rule matches an event, or why not: the condition as a tree, each field with the value found.

use super::{
    Engine, Program,
    eval::{Run, any_text},
};
use crate::{
    fold,
    sigma::{
        body::Tree,
        condition::Condition,
        value::{Test, Value},
    },
    text::one,
};
use event::Event;
use serde::Serialize;
use std::ops::Range;

/// The answer of [`Engine::explain`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Id of the rule.
    pub rule_id: String,
    /// Title of the rule.
    pub title: String,
    /// The rule matches this event.
    pub matched: bool,
    /// The event is of the rule's log source. When false, the rest says what would be if it were.
    pub logsource: bool,
    /// The condition as written.
    pub condition: String,
    /// The condition as a tree.
    pub tree: ConditionNode,
    /// The searches that the condition names, in its order.
    pub selections: Vec<Selection>,
    /// When the rule does not match: leaves of which each alone, were it otherwise, would make it match. At most
    /// [`Explanation::ONE_AWAY`], and never more than those of a rule that has the event's log source.
    pub one_away: Vec<usize>,
}

/// What a node of the condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// All children must hold.
    And,
    /// One child must hold.
    Or,
    /// Its one child must not hold.
    Not,
    /// At least this many children must hold.
    Of(usize),
    /// A named search; its one child says what it is made of.
    Search,
    /// A field, or keywords: the number of the leaf, under which [`ItemReport::leaf`] has its value.
    Leaf(usize),
}

/// A node of the condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConditionNode {
    /// `and`, `or`, `not`, `1 of selection_*`, the name of a search, or a field with its modifiers.
    pub label: String,
    /// What it is.
    pub kind: NodeKind,
    /// Whether it holds.
    pub matched: bool,
    /// What it is made of; empty for a leaf.
    pub children: Vec<ConditionNode>,
}

/// A named search of the rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Selection {
    /// Its name.
    pub name: String,
    /// Whether it holds for the event.
    pub matched: bool,
    /// The condition wants it not to hold (a filter).
    pub negated: bool,
    /// Its fields. For a filter that does not hold these say what was looked for and not found.
    pub items: Vec<ItemReport>,
}

/// One field of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemReport {
    /// Number of the leaf in the tree.
    pub leaf: usize,
    /// The field's name in the rule; `None` for keywords.
    pub field: Option<String>,
    /// The name that it has in this event, or where a keyword was found; `None` when absent.
    pub event_field: Option<String>,
    /// Modifiers with a blank between, for example `contains all`.
    pub modifiers: String,
    /// Patterns that hold; when none does, the first few of all.
    pub patterns: Vec<String>,
    /// How many patterns the rule has here.
    pub patterns_total: usize,
    /// Whether the item holds.
    pub matched: bool,
    /// The value found, as text.
    pub value: Option<String>,
    /// Byte ranges (start, end) in `value` that the patterns lie on, sorted, not overlapping.
    pub spans: Vec<(usize, usize)>,
}

impl Explanation {
    /// Leaves that [`Explanation::one_away`] names at most.
    pub const ONE_AWAY: usize = 64;

    /// What is told of a leaf.
    pub fn leaf(&self, leaf: usize) -> Option<&ItemReport> {
        self.selections.iter().flat_map(|s| &s.items).find(|i| i.leaf == leaf)
    }

    /// The fields that made the rule match, with their values, each once.
    pub fn matched_fields(&self) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = Vec::new();
        for item in self.selections.iter().filter(|s| s.matched && !s.negated).flat_map(|s| &s.items) {
            if let (true, Some(field), Some(value)) = (item.matched, &item.event_field, &item.value)
                && !out.iter().any(|(f, _)| f == field)
            {
                out.push((field.clone(), value.clone()));
            }
        }
        out
    }
}

/// Patterns that are listed when none matches.
const LISTED: usize = 8;

impl Engine {
    /// Explains a rule (an index into [`Engine::rules`]) on an event; `None` for an index that does not exist.
    pub fn explain(&self, event: &Event, rule: usize) -> Option<Explanation> {
        let about = self.rules.get(rule)?;
        let mut scratch = self.lend();
        scratch.load(&self.slots, event);
        let routed: Vec<u32> = self.routes.of(event, &mut scratch).concat();
        let own = |p: &&u32| self.programs[**p as usize].rule == rule;
        let mut guarded = |p: &&u32| Run::new(event, &mut scratch, &self.programs[**p as usize]).guarded();
        let on_route = routed.iter().filter(own).find(&mut guarded).map(|p| &self.programs[*p as usize]);
        let program = on_route.or_else(|| self.programs.iter().find(|p| p.rule == rule))?;
        let mut run = Run::new(event, &mut scratch, program);
        let logsource = on_route.is_some();
        let matched = logsource && run.matches();
        let condition = program.body.condition.as_ref()?;
        let tree = run.node(condition);
        let mut order = Vec::new();
        condition.searches(&mut order);
        let mut negated = Vec::new();
        negations(condition, false, &mut negated);
        let one_away = if logsource && !matched { run.one_away(condition, &order) } else { vec![] };
        let selections = order
            .into_iter()
            .map(|i| Selection {
                name: program.body.searches[i].name.to_string(),
                matched: run.search(i),
                negated: negated.contains(&i),
                items: run.items(i),
            })
            .collect();
        self.give_back(scratch);
        Some(Explanation {
            rule_id: about.id.clone(),
            title: about.title.clone(),
            matched,
            logsource,
            condition: program.body.written.clone(),
            tree,
            selections,
            one_away,
        })
    }
}

fn negations(c: &Condition, negated: bool, into: &mut Vec<usize>) {
    match c {
        Condition::And(all) | Condition::Or(all) => all.iter().for_each(|c| negations(c, negated, into)),
        Condition::Not(c) => negations(c, !negated, into),
        Condition::Search(i) if negated => into.push(*i),
        Condition::Of { searches, .. } if negated => into.extend(searches),
        Condition::Search(_) | Condition::Of { .. } => {}
    }
}

pub(super) fn items(tree: &Tree, into: &mut Vec<usize>) {
    match tree {
        Tree::Item(i) => into.push(*i),
        Tree::And(all) | Tree::Or(all) => all.iter().for_each(|t| items(t, into)),
    }
}

impl Run<'_> {
    fn node(&mut self, c: &Condition) -> ConditionNode {
        let matched = self.condition(c);
        let program = self.program;
        let (label, kind, children) = match c {
            Condition::And(all) => ("and".into(), NodeKind::And, all.iter().map(|c| self.node(c)).collect()),
            Condition::Or(any) => ("or".into(), NodeKind::Or, any.iter().map(|c| self.node(c)).collect()),
            Condition::Not(c) => ("not".into(), NodeKind::Not, vec![self.node(c)]),
            Condition::Search(i) => {
                let search = &program.body.searches[*i];
                (search.name.to_string(), NodeKind::Search, vec![self.part(&search.tree)])
            }
            Condition::Of { searches, written, least } => {
                let all = searches.iter().map(|i| self.node(&Condition::Search(*i))).collect();
                (written.clone(), NodeKind::Of(*least), all)
            }
        };
        ConditionNode { label, kind, matched, children }
    }

    fn part(&mut self, tree: &Tree) -> ConditionNode {
        let matched = self.tree(tree);
        let body = &self.program.body;
        let (label, kind, children) = match tree {
            Tree::And(all) => ("and".into(), NodeKind::And, all.iter().map(|t| self.part(t)).collect()),
            Tree::Or(any) => ("or".into(), NodeKind::Or, any.iter().map(|t| self.part(t)).collect()),
            Tree::Item(i) => {
                let item = &body.items[*i];
                let field = item.field.map_or("keywords", |f| &*body.fields[f]);
                (format!("{field} {}", item.modifiers).trim_end().to_owned(), NodeKind::Leaf(*i), vec![])
            }
        };
        ConditionNode { label, kind, matched, children }
    }

    fn items(&mut self, search: usize) -> Vec<ItemReport> {
        let program = self.program;
        let mut list = Vec::new();
        items(&program.body.searches[search].tree, &mut list);
        list.into_iter().map(|i| self.report(program, i)).collect()
    }

    fn report(&mut self, program: &Program, leaf: usize) -> ItemReport {
        let item = &program.body.items[leaf];
        let slot = item.field.map(|f| program.slots[f]);
        let matched = self.item(item);
        let held: Vec<bool> = item.values.iter().map(|v| self.test(&v.test, slot)).collect();
        let holding: Vec<&Value> =
            item.values.iter().zip(&held).filter(|(_, h)| **h).map(|(v, _)| v).collect();
        let (event_field, value) = self.found(slot, holding.first().map(|v| &v.test));
        let mut spans: Vec<Range<usize>> = Vec::new();
        if let Some(value) = &value {
            holding.iter().for_each(|v| spans.extend(spans_of(&v.test, value)));
        }
        // A written value is told once, however many forms a modifier makes of it.
        let mut total = 0;
        let mut patterns: Vec<String> = Vec::new();
        for range in item.ranges() {
            total += 1;
            let shown =
                if holding.is_empty() { total <= LISTED } else { held[range.clone()].contains(&true) };
            if let Some(first) = item.values.get(range.start).filter(|_| shown && !range.is_empty()) {
                patterns.push(first.written.to_string());
            }
        }
        ItemReport {
            leaf,
            field: item.field.map(|f| program.body.fields[f].to_string()),
            event_field,
            modifiers: item.modifiers.to_string(),
            patterns,
            patterns_total: total,
            matched,
            value,
            spans: joined(spans),
        }
    }

    /// Where the value is and its text: of a list or of all fields the one that the test holds for.
    fn found(&self, slot: Option<u32>, test: Option<&Test>) -> (Option<String>, Option<String>) {
        let fits = |text: &str| test.is_some_and(|t| !spans_of(t, text).is_empty());
        let pick = |value: &event::Value| {
            let (mut first, mut best) = (None, None);
            any_text(value, &mut |t| {
                first.get_or_insert_with(|| t.to_owned());
                if fits(t) {
                    best = Some(t.to_owned());
                }
                best.is_some()
            });
            (first, best)
        };
        match slot {
            None => self
                .event
                .fields
                .iter()
                .find_map(|(name, value)| pick(value).1.map(|t| (Some(name.to_string()), Some(t))))
                .unwrap_or_default(),
            Some(slot) => match self.scratch.field_of(self.event, slot) {
                None => (None, None),
                Some((name, value)) => {
                    let (first, best) = pick(value);
                    (Some(name.to_string()), best.or(first))
                }
            },
        }
    }
}

/// Bytes of the original text that a test that holds lies on.
fn spans_of(test: &Test, text: &str) -> Vec<Range<usize>> {
    match test {
        Test::Text(shape) => {
            let (folded, map) = fold::mapped(text);
            let back = |r: Range<usize>| map.get(r.start).copied().zip(map.get(r.end).copied());
            let spans = shape.spans(&folded).unwrap_or_default();
            spans.into_iter().filter_map(back).map(|(a, b)| a..b).collect()
        }
        Test::Cased(shape) => shape.spans(text).unwrap_or_default(),
        Test::Regex(r) => r.find(text).map(|m| vec![m.range()]).unwrap_or_default(),
        Test::Cidr(net) if net.holds(text) => one(0, text.len()),
        Test::Compare(..) | Test::Time(..) | Test::Field { .. } => one(0, text.len()),
        Test::Cidr(_) | Test::Exists(_) | Test::Null => vec![],
    }
}

fn joined(mut spans: Vec<Range<usize>>) -> Vec<(usize, usize)> {
    spans.sort_by_key(|r| (r.start, r.end));
    let mut out: Vec<(usize, usize)> = Vec::new();
    for r in spans.into_iter().filter(|r| r.start < r.end) {
        match out.last_mut() {
            Some(last) if r.start <= last.1 => last.1 = last.1.max(r.end),
            _ => out.push((r.start, r.end)),
        }
    }
    out
}
