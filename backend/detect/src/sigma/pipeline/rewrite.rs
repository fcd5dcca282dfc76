//! Walking over the items of a rule that is being rewritten, and what is known of it.

use crate::sigma::{
    error::Problem,
    parts::{Part, PartItem, Parts},
    rule::Logsource,
};

/// What pipelines know of a rule besides its searches.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub logsource: Logsource,
    pub tags: Vec<String>,
    pub correlation: bool,
    /// Ids of the steps that were applied, with their pipeline's name before them.
    pub steps: Vec<(String, String)>,
    /// Ids of steps that held and changed nothing themselves.
    pub idle: Vec<String>,
    pub(super) variables: Vec<(String, String)>,
}

impl State {
    pub fn applied(&self, id: &str) -> bool {
        self.steps.iter().any(|(_, step)| step == id) || self.idle.iter().any(|step| step == id)
    }

    pub fn is(&self, key: &str, value: &str) -> bool {
        self.variables.iter().rev().find(|(k, _)| k == key).is_some_and(|(_, v)| v == value)
    }

    pub fn set(&mut self, key: &str, value: &str) {
        self.variables.push((key.to_owned(), value.to_owned()));
    }
}

/// All items of the searches.
pub(super) fn items(parts: &Parts) -> impl Iterator<Item = &PartItem> {
    let mut out = Vec::new();
    let added = parts.added.iter().map(|(_, p, _)| p);
    parts.searches.iter().map(|(_, p)| p).chain(added).for_each(|p| gather(p, &mut out));
    out.into_iter()
}

fn gather<'a>(part: &'a Part, into: &mut Vec<&'a PartItem>) {
    match part {
        Part::Item(item) => into.push(item),
        Part::All(list) | Part::Any(list) => list.iter().for_each(|p| gather(p, into)),
    }
}

/// Replaces every item by what `change` makes of it: nothing, itself, or several.
pub(super) fn rewrite(
    parts: &mut Parts,
    mut change: impl FnMut(PartItem) -> Result<Option<Part>, Problem>,
) -> Result<(), Problem> {
    for (_, part) in &mut parts.searches {
        replace(part, &mut change)?;
    }
    for (_, part, _) in &mut parts.added {
        replace(part, &mut change)?;
    }
    Ok(())
}

type Change<'a> = dyn FnMut(PartItem) -> Result<Option<Part>, Problem> + 'a;

/// An item that is dropped leaves an empty list, and lists that are empty leave their own.
fn replace(part: &mut Part, change: &mut Change<'_>) -> Result<(), Problem> {
    match part {
        Part::Item(_) => {
            let Part::Item(item) = std::mem::replace(part, Part::All(vec![])) else { return Ok(()) };
            *part = change(item)?.unwrap_or(Part::All(vec![]));
        }
        Part::All(list) | Part::Any(list) => {
            for p in list.iter_mut() {
                replace(p, change)?;
            }
            list.retain(|p| !empty(p));
        }
    }
    Ok(())
}

/// Whether nothing is left of a part.
pub(crate) fn empty(part: &Part) -> bool {
    match part {
        Part::Item(_) => false,
        Part::All(list) | Part::Any(list) => list.is_empty(),
    }
}
