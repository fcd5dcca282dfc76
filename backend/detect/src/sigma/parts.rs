//! A detection between YAML and its compiled form, where a pipeline may change it.

use super::{
    error::{At, Problem},
    yaml::{Kind, Node},
};
use std::collections::BTreeSet;

/// Lists and maps that may stand in one another.
const DEPTH: usize = 8;

/// The searches of a detection or filter, with what pipelines added.
#[derive(Debug)]
pub(crate) struct Parts {
    pub searches: Vec<(String, Part)>,
    /// Searches that every match must hold for besides (`true`: must not), in their order.
    pub added: Vec<(String, Part, bool)>,
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Item(PartItem),
    All(Vec<Part>),
    Any(Vec<Part>),
}

/// One field with its values as written.
#[derive(Debug, Clone)]
pub(crate) struct PartItem {
    pub at: At,
    /// Empty for keywords.
    pub field: String,
    pub modifiers: Vec<String>,
    pub values: Vec<Node>,
    /// For each of them the number of the value that the author wrote, which it is made of.
    pub written: Vec<usize>,
    /// Ids of the pipeline's items that changed it.
    pub applied: BTreeSet<String>,
}

impl PartItem {
    /// The key as an author would write it.
    pub fn key(&self) -> String {
        std::iter::once(self.field.as_str())
            .chain(self.modifiers.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join("|")
    }

    pub fn has(&self, modifier: &str) -> bool {
        self.modifiers.iter().any(|m| m == modifier)
    }
}

/// The searches of a `detection` or `filter` map.
pub(crate) fn read(map: &[(Node, Node)]) -> Result<Vec<(String, Part)>, Problem> {
    let mut out = Vec::new();
    for (key, node) in map {
        let name = key.text().unwrap_or_default();
        if !matches!(name, "condition" | "timeframe" | "rules") {
            out.push((name.to_owned(), part(node, &format!("detection.{name}"), 0)?));
        }
    }
    Ok(out)
}

/// The part that a node stands for.
pub(crate) fn part(node: &Node, path: &str, depth: usize) -> Result<Part, Problem> {
    let fault = |reason: String| Err(Problem::new(node.at, path, reason));
    match &node.kind {
        _ if depth > DEPTH => fault(format!("lists and maps nested deeper than {DEPTH} levels")),
        Kind::Map(map) if map.is_empty() => fault("the search is empty".into()),
        Kind::Map(map) => {
            let all = map
                .iter()
                .map(|(key, value)| Part::Item(item(key.at, key.text().unwrap_or_default(), value)));
            Ok(Part::All(all.collect()))
        }
        Kind::Seq(list) if list.is_empty() => fault("the list is empty".into()),
        Kind::Seq(list) if list.iter().all(|n| n.text().is_some()) => Ok(Part::Item(item(node.at, "", node))),
        Kind::Seq(list) => {
            Ok(Part::Any(list.iter().map(|n| part(n, path, depth + 1)).collect::<Result<_, _>>()?))
        }
        Kind::Scalar { .. } => Ok(Part::Item(item(node.at, "", node))),
    }
}

/// A field or keyword with its values; a map as value is left for the compiler to refuse.
pub(crate) fn item(at: At, key: &str, node: &Node) -> PartItem {
    let mut names = key.split('|');
    let values = node.seq().unwrap_or(std::slice::from_ref(node)).to_vec();
    PartItem {
        at,
        field: names.next().unwrap_or_default().trim().to_owned(),
        modifiers: names.map(str::to_owned).collect(),
        written: (0..values.len()).collect(),
        values,
        applied: BTreeSet::new(),
    }
}
