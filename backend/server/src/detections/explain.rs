//! Why a rule matches one event, or why not.

use super::{
    compile::{self, RuleSet},
    service, store, text,
};
use crate::{App, siem};
use api::{
    Code,
    alerts::Span,
    detections::{ExplainNode, NearRule, RuleExplanation},
};
use detect::{ConditionNode, Engine, Explanation, NodeKind};
use event::Event;
use kernel::{Error, Result};
use std::sync::Arc;

/// Rules that an answer names beside the one that was asked about.
const NEAR: usize = 20;

/// Explains one rule on events: as it runs, with filters. A rule that does not run now gets a small engine
/// of its own.
pub enum Explainer {
    /// Its place in the set that runs.
    Runs(Arc<RuleSet>, usize),
    /// Alone.
    Alone(Box<Engine>),
}

impl Explainer {
    /// For a stored rule; none when its text does not load or can't run.
    pub async fn of(app: &App, rule_id: &str) -> Result<Option<Explainer>> {
        let set = app.rules.current();
        if let Some(i) = set.index(rule_id) {
            return Ok(Some(Explainer::Runs(set, i)));
        }
        let db = app.kernel.db.read();
        let Some(source) = store::rules::some(db, &[rule_id.to_owned()]).await?.into_iter().next() else {
            return Ok(None);
        };
        let work = move || {
            let rule = set.pipelines.one(&source.body, &source.rule_id)?.ok()?;
            let (engine, _) = Engine::build(vec![rule], &compile::mapping());
            Some(Explainer::Alone(Box::new(engine)))
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)
    }

    /// What the rule says of an event.
    pub fn on(&self, event: &Event) -> Option<Explanation> {
        match self {
            Explainer::Runs(set, i) => set.engine.explain(event, *i),
            Explainer::Alone(engine) => engine.explain(event, 0),
        }
    }
}

/// One rule on one stored event.
pub async fn explain(app: &App, rule_id: &str, log_id: &str) -> Result<RuleExplanation> {
    let stored = service::get(app, rule_id).await?;
    if let Some(e) = stored.rule.errors.first() {
        return Err(text::refused(e));
    }
    let id = event::unhex(log_id).ok_or_else(|| Error::field("log_id", "not a log id"))?;
    let rows = siem::rows(app, &[id]).await?;
    let (row, _) = rows.into_iter().next().ok_or_else(|| Error::new(Code::NotFound))?;
    let explainer = Explainer::of(app, rule_id).await?;
    let (event, set, own) = (siem::event_of(&row), app.rules.current(), rule_id.to_owned());
    let work = move || (explainer.and_then(|e| e.on(&event)), near(&set.engine, &event, &own));
    let (found, near) = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    let e = found.ok_or_else(|| {
        let why =
            stored.rule.state_reason.unwrap_or_else(|| "this kind of rule looks at no single event".into());
        Error::field("rule_id", why)
    })?;
    Ok(wire(&e, log_id, near))
}

/// Rules but this one that were one leaf away, with the leaf.
fn near(engine: &Engine, event: &Event, own: &str) -> Vec<NearRule> {
    let misses = engine.near(event, NEAR + 1).into_iter();
    let told = misses.filter_map(|miss| {
        let rule = engine.rules().get(miss.rule).filter(|r| r.id != own)?;
        let e = engine.explain(event, miss.rule)?;
        let leaf = NodeKind::Leaf(*miss.leaves.first()?);
        Some(NearRule {
            rule_id: rule.id.clone(),
            title: rule.title.clone(),
            level: rule.level.map(|l| l.as_str().into()),
            leaf: find(&e.tree, &|n| n.kind == leaf).map(|n| node(n, &e, "0"))?,
        })
    });
    told.take(NEAR).collect()
}

fn find<'n>(n: &'n ConditionNode, is: &dyn Fn(&ConditionNode) -> bool) -> Option<&'n ConditionNode> {
    if is(n) { Some(n) } else { n.children.iter().find_map(|c| find(c, is)) }
}

fn wire(e: &Explanation, log_id: &str, near: Vec<NearRule>) -> RuleExplanation {
    RuleExplanation {
        rule_id: e.rule_id.clone(),
        log_id: log_id.into(),
        matched: e.matched,
        logsource: e.logsource,
        condition: e.condition.clone(),
        tree: node(&e.tree, e, "0"),
        one_leaf_away: e.one_away.first().and_then(|leaf| place(&e.tree, *leaf, "0")),
        near,
    }
}

fn node(n: &ConditionNode, e: &Explanation, id: &str) -> ExplainNode {
    let leaf = match n.kind {
        NodeKind::Leaf(leaf) => e.leaf(leaf),
        _ => None,
    };
    let below = n.children.iter().enumerate().map(|(i, c)| node(c, e, &format!("{id}.{i}")));
    ExplainNode {
        id: id.into(),
        label: n.label.clone(),
        matched: n.matched,
        children: below.collect(),
        field: leaf.and_then(|l| l.event_field.clone()),
        patterns: leaf.map(|l| l.patterns.clone()).unwrap_or_default(),
        value: leaf.and_then(|l| l.value.clone()),
        spans: leaf.map(|l| l.spans.iter().map(|s| span(*s)).collect()).unwrap_or_default(),
    }
}

/// Id of the node that shows a leaf.
fn place(n: &ConditionNode, leaf: usize, id: &str) -> Option<String> {
    if n.kind == NodeKind::Leaf(leaf) {
        return Some(id.into());
    }
    n.children.iter().enumerate().find_map(|(i, c)| place(c, leaf, &format!("{id}.{i}")))
}

fn span((start, end): (usize, usize)) -> Span {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Span { start: number(start), end: number(end) }
}
