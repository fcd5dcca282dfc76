//! Filter rules: what is taken away from the matches of other rules.

use super::{
    body::{self, Body, Item, Search, Tree},
    condition::Condition,
    error::{Problem, quote},
    parts::Parts,
    value::Test,
    yaml::{Kind, Node},
};

/// A filter as it is applied.
#[derive(Debug)]
pub(crate) struct Filter {
    /// Ids and names of rules; `None` for any rule of its log source.
    pub rules: Option<Vec<String>>,
    pub body: Body,
    /// The condition says what stays, not what is taken away.
    pub stays: bool,
}

/// Reads the `filter` section.
///
/// The specification's examples name what to take away (`condition: selection`), pySigma's what stays
/// (`condition: not selection`). Both mean the same, and which it is can be seen: a condition that holds where none of
/// its searches does says what stays. So a filter never takes away an event that it says nothing about.
pub(crate) fn read(node: &Node, parts: Option<&Parts>) -> Result<Filter, Problem> {
    let Some(map) = node.map() else {
        let reason = format!("filter must be a map, this is {}", node.what());
        return Err(Problem::new(node.at, "filter", reason));
    };
    let rules = node.get("rules").ok_or_else(|| Problem::new(node.at, "filter", "rules is missing"))?;
    let names = match (rules.text(), rules.seq()) {
        (Some(text), _) if text.eq_ignore_ascii_case("any") => None,
        (_, Some(list)) if !list.is_empty() && list.iter().all(|n| n.text().is_some()) => {
            Some(list.iter().filter_map(Node::text).map(str::to_owned).collect())
        }
        _ => {
            let reason = "a list of rule ids or names is expected, or the word any";
            return Err(Problem::new(rules.at, "filter.rules", reason));
        }
    };
    let searches = map.iter().filter(|(k, _)| k.text() != Some("rules")).cloned().collect();
    let body = body::read(&Node { at: node.at, kind: Kind::Map(searches) }, parts).map_err(renamed)?;
    let stays = body.condition.as_ref().is_some_and(holds_on_nothing);
    Ok(Filter { rules: names, body, stays })
}

fn renamed(p: Problem) -> Problem {
    Problem { path: p.path.replacen("detection", "filter", 1), ..p }
}

/// Whether the condition holds when no search does.
fn holds_on_nothing(c: &Condition) -> bool {
    match c {
        Condition::And(all) => all.iter().all(holds_on_nothing),
        Condition::Or(any) => any.iter().any(holds_on_nothing),
        Condition::Not(c) => !holds_on_nothing(c),
        Condition::Search(_) | Condition::Of { .. } => false,
    }
}

impl Filter {
    /// The body of a rule with this filter applied. `title` names the filter's searches in explanations.
    pub fn applied(&self, rule: &Body, title: &str) -> Body {
        let mut out = rule.clone();
        let (items, searches) = (out.items.len(), out.searches.len());
        let fields: Vec<usize> = self.body.fields.iter().map(|f| out.field(f)).collect();
        out.items.extend(self.body.items.iter().map(|item| moved(item, &fields)));
        out.searches.extend(
            self.body.searches.iter().map(|s| Search {
                name: format!("{title}: {}", s.name).into(),
                tree: shifted(&s.tree, items),
            }),
        );
        let condition = self.body.condition.as_ref().map(|c| later(c, searches));
        let (word, condition) = if self.stays {
            ("and", condition)
        } else {
            ("and not", condition.map(|c| Condition::Not(Box::new(c))))
        };
        out.condition = match (out.condition.take(), condition) {
            (Some(rule), Some(filter)) => Some(Condition::And(vec![rule, filter])),
            (rule, _) => rule,
        };
        out.written = format!("({}) {word} ({}: {})", out.written, quote(title), self.body.written);
        out
    }
}

fn moved(item: &Item, fields: &[usize]) -> Item {
    let mut item = item.clone();
    let new = |old: usize| fields.get(old).copied().unwrap_or(old);
    item.field = item.field.map(new);
    for value in &mut item.values {
        if let Test::Field { field, .. } = &mut value.test {
            *field = new(*field);
        }
    }
    item
}

fn shifted(tree: &Tree, by: usize) -> Tree {
    match tree {
        Tree::Item(i) => Tree::Item(i + by),
        Tree::And(all) => Tree::And(all.iter().map(|t| shifted(t, by)).collect()),
        Tree::Or(any) => Tree::Or(any.iter().map(|t| shifted(t, by)).collect()),
    }
}

fn later(c: &Condition, by: usize) -> Condition {
    let all = |list: &[Condition]| list.iter().map(|c| later(c, by)).collect();
    match c {
        Condition::And(list) => Condition::And(all(list)),
        Condition::Or(list) => Condition::Or(all(list)),
        Condition::Not(c) => Condition::Not(Box::new(later(c, by))),
        Condition::Search(i) => Condition::Search(i + by),
        Condition::Of { least, searches, written } => Condition::Of {
            least: *least,
            searches: searches.iter().map(|i| i + by).collect(),
            written: written.clone(),
        },
    }
}
