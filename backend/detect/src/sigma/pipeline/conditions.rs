//! When a processing item is applied: conditions on the rule, the detection item, the field's name.

use super::rewrite::{State, items};
use crate::sigma::{
    parts::{PartItem, Parts},
    pattern::Pattern,
    rule::Logsource,
    yaml::{Node, Scalar},
};
use regex::Regex;

/// Conditions and how they are joined; holds when there are none.
#[derive(Clone, Debug)]
pub(super) struct Linked<C> {
    pub all: Vec<C>,
    pub any: bool,
    pub not: bool,
}

impl<C> Default for Linked<C> {
    fn default() -> Self {
        Linked { all: Vec::new(), any: false, not: false }
    }
}

impl<C> Linked<C> {
    pub fn holds(&self, one: impl Fn(&C) -> bool) -> bool {
        if self.all.is_empty() {
            return true;
        }
        let held = if self.any { self.all.iter().any(one) } else { self.all.iter().all(one) };
        held != self.not
    }
}

#[derive(Clone, Debug)]
pub(super) enum RuleCondition {
    Logsource(Logsource),
    ContainsItem { field: String, value: String },
    ContainsField(String),
    Applied(String),
    State(String, String),
    IsRule,
    IsCorrelation,
    Tag(String),
}

#[derive(Clone, Debug)]
pub(super) enum ItemCondition {
    Match { pattern: Regex, all: bool, negate: bool },
    Value { value: String, all: bool },
    Wildcard { all: bool },
    Null { all: bool },
    Applied(String),
    State(String, String),
}

#[derive(Clone, Debug)]
pub(super) enum FieldCondition {
    Include(Names),
    Exclude(Names),
    Applied(String),
    State(String, String),
}

/// Field names, or patterns that they begin with.
#[derive(Clone, Debug)]
pub(super) enum Names {
    Plain(Vec<String>),
    Patterns(Vec<Regex>),
}

impl Names {
    fn have(&self, field: &str) -> bool {
        match self {
            Names::Plain(all) => all.iter().any(|n| n == field),
            Names::Patterns(all) => !field.is_empty() && all.iter().any(|p| begins(p, field)),
        }
    }
}

/// As Python's `re.match`: from the start on.
fn begins(pattern: &Regex, text: &str) -> bool {
    pattern.find(text).is_some_and(|m| m.start() == 0)
}

impl RuleCondition {
    pub fn holds(&self, parts: Option<&Parts>, state: &State) -> bool {
        match self {
            RuleCondition::Logsource(wanted) => {
                let part = |w: &Option<String>, is: &Option<String>| w.is_none() || w == is;
                part(&wanted.product, &state.logsource.product)
                    && part(&wanted.category, &state.logsource.category)
                    && part(&wanted.service, &state.logsource.service)
            }
            RuleCondition::ContainsItem { field, value } => parts.is_some_and(|p| {
                items(p).any(|i| i.field == *field && i.values.iter().any(|v| written(v) == *value))
            }),
            RuleCondition::ContainsField(field) => {
                parts.is_some_and(|p| items(p).any(|i| !i.field.is_empty() && i.field == *field))
            }
            RuleCondition::Applied(id) => state.applied(id),
            RuleCondition::State(key, value) => state.is(key, value),
            RuleCondition::IsRule => !state.correlation,
            RuleCondition::IsCorrelation => state.correlation,
            RuleCondition::Tag(tag) => state.tags.iter().any(|t| t == tag),
        }
    }
}

impl ItemCondition {
    pub fn holds(&self, item: &PartItem, state: &State) -> bool {
        let over = |all: bool, test: &dyn Fn(&Node) -> bool| {
            if all { item.values.iter().all(test) } else { item.values.iter().any(test) }
        };
        match self {
            ItemCondition::Match { pattern, all, negate } => over(*all, &|v| {
                let text = matches!(v.scalar(), Some(Scalar::Str(_))).then(|| written(v));
                text.is_some_and(|t| begins(pattern, &t)) != *negate
            }),
            ItemCondition::Value { value, all } => over(*all, &|v| written(v) == *value),
            ItemCondition::Wildcard { all } => over(
                *all,
                &|v| matches!(v.scalar(), Some(Scalar::Str(t)) if Pattern::parse(t).plain().is_none()),
            ),
            ItemCondition::Null { all } => over(*all, &Node::is_null),
            ItemCondition::Applied(id) => item.applied.contains(id),
            ItemCondition::State(key, value) => state.is(key, value),
        }
    }
}

impl FieldCondition {
    /// `item` is the detection item of the field, where there is one.
    pub fn holds(&self, field: &str, item: Option<&PartItem>, state: &State) -> bool {
        match self {
            FieldCondition::Include(names) => names.have(field),
            FieldCondition::Exclude(names) => !names.have(field),
            FieldCondition::Applied(id) => item.is_some_and(|i| i.applied.contains(id)),
            FieldCondition::State(key, value) => state.is(key, value),
        }
    }
}

/// A value as its author wrote it.
fn written(node: &Node) -> String {
    node.text().unwrap_or_default().to_owned()
}
