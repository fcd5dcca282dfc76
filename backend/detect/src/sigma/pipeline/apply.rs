//! Pipelines onto a rule.

use super::{
    Pipeline, Pipelines, Rename, Step, Transformation as T,
    conditions::FieldCondition,
    rewrite::{State, rewrite},
    values,
};
use crate::sigma::{
    error::{Problem, quote},
    parts::{self, Part, PartItem, Parts},
    rule::Logsource,
    yaml::{Kind, Node},
};

/// What pipelines made of a rule.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// The searches, for detections and filters.
    pub parts: Option<Parts>,
    /// The `correlation` section, where a field in it was renamed.
    pub correlation: Option<Node>,
    pub logsource: Option<Logsource>,
    /// `pipeline: item` of each step that was applied.
    pub steps: Vec<String>,
}

/// Applies all pipelines to a document whose log source and tags are known.
pub(crate) fn apply(
    pipelines: &Pipelines,
    root: &Node,
    logsource: &Logsource,
    tags: &[String],
) -> Result<Applied, Problem> {
    let searches = root.get("detection").or_else(|| root.get("filter")).and_then(Node::map);
    let mut rule = Draft {
        root,
        parts: searches.map(parts::read).transpose()?.map(|searches| Parts { searches, added: vec![] }),
        correlation: root.get("correlation").cloned(),
        state: State {
            logsource: logsource.clone(),
            tags: tags.to_vec(),
            correlation: root.get("correlation").is_some(),
            ..State::default()
        },
    };
    for pipeline in &pipelines.0 {
        rule.steps(pipeline, &pipeline.steps)?;
        // A pipeline that only says what a placeholder stands for needs no transformation to say that it does.
        if !expands(&pipeline.steps) && !pipeline.vars.is_empty() {
            let mut any = false;
            rule.change(|mut item, _| {
                any |= values::expand(&mut item, |name| pipeline.values(name))?;
                Ok(Some(Part::Item(item)))
            })?;
            if any {
                rule.state.steps.push((pipeline.name.clone(), "vars".into()));
            }
        }
    }
    let changed = rule.state.logsource != *logsource;
    Ok(Applied {
        logsource: changed.then(|| rule.state.logsource.clone()),
        steps: rule.state.steps.iter().map(|(p, s)| format!("{p}: {s}")).collect(),
        parts: rule.parts,
        correlation: rule.correlation,
    })
}

/// Whether one of the steps says which placeholders are replaced.
fn expands(steps: &[Step]) -> bool {
    steps.iter().any(|s| match &s.what {
        T::ValuePlaceholders(_) => true,
        T::Nest(inner) => expands(inner),
        _ => false,
    })
}

impl Pipeline {
    fn values(&self, name: &str) -> Option<Vec<String>> {
        let (_, values) = self.vars.iter().find(|(n, _)| n == name)?;
        Some(values.iter().map(|v| values::escaped(v)).collect())
    }
}

struct Draft<'a> {
    root: &'a Node,
    parts: Option<Parts>,
    correlation: Option<Node>,
    state: State,
}

impl Draft<'_> {
    fn change(
        &mut self,
        mut change: impl FnMut(PartItem, &State) -> Result<Option<Part>, Problem>,
    ) -> Result<(), Problem> {
        let state = &self.state;
        match &mut self.parts {
            Some(parts) => rewrite(parts, |item| change(item, state)),
            None => Ok(()),
        }
    }

    fn steps(&mut self, pipeline: &Pipeline, steps: &[Step]) -> Result<(), Problem> {
        for step in steps {
            if !step.rule.holds(|c| c.holds(self.parts.as_ref(), &self.state)) {
                continue;
            }
            match &step.what {
                T::Nest(inner) => {
                    self.steps(pipeline, inner)?;
                    self.state.idle.push(step.id.clone());
                }
                T::Idle => self.state.idle.push(step.id.clone()),
                _ if self.step(pipeline, step)? => {
                    self.state.steps.push((pipeline.name.clone(), step.id.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Applies a step whose rule conditions hold; whether it did something.
    fn step(&mut self, pipeline: &Pipeline, step: &Step) -> Result<bool, Problem> {
        let by = || format!("{}, item {}", quote(&pipeline.name), quote(&step.id));
        match &step.what {
            T::Fields(rename) => return self.rename(step, rename),
            T::RuleFailure(message) => {
                return Err(Problem::new(
                    self.root.at,
                    "",
                    format!("refused by the pipeline {}: {message}", by()),
                ));
            }
            T::SetState(key, value) => self.state.set(key, value),
            T::ChangeLogsource { product, category, service } => {
                self.state.logsource = Logsource {
                    product: product.clone(),
                    category: category.clone(),
                    service: service.clone(),
                    definition: self.state.logsource.definition.clone(),
                };
            }
            T::AddCondition { name, search, negated, template } => {
                let Some(parts) = &mut self.parts else { return Ok(false) };
                let search = if *template { filled(search, &self.state.logsource) } else { search.clone() };
                let part = parts::part(&search, "pipeline", 0)?;
                let name = name.clone().unwrap_or_else(|| format!("added by {}", by()));
                parts.added.push((name, part, *negated));
            }
            // Done by the caller.
            T::Nest(_) | T::Idle => {}
            T::DropItem
            | T::ReplaceString { .. }
            | T::MapString(_)
            | T::ValuePlaceholders(_)
            | T::WildcardPlaceholders(_)
            | T::ItemFailure(_) => return self.items(pipeline, step, &by()),
        }
        Ok(true)
    }

    /// A step that looks at single items.
    fn items(&mut self, pipeline: &Pipeline, step: &Step, by: &str) -> Result<bool, Problem> {
        let mut any = false;
        self.change(|mut item, state| {
            let field = |c: &FieldCondition| c.holds(&item.field, Some(&item), state);
            if !step.field.holds(field) || !step.item.holds(|c| c.holds(&item, state)) {
                return Ok(Some(Part::Item(item)));
            }
            let done =
                match &step.what {
                    T::DropItem => {
                        any = true;
                        return Ok(None);
                    }
                    T::ItemFailure(message) => {
                        let reason = format!("refused by the pipeline {by}: {message}");
                        return Err(Problem::new(item.at, format!("detection.{}", item.key()), reason));
                    }
                    T::ReplaceString { regex, replacement, skip_special, interpret_special } => {
                        values::replace(&mut item, regex, replacement, *skip_special, *interpret_special)?
                    }
                    T::MapString(mapping) => values::map(&mut item, mapping)?,
                    T::ValuePlaceholders(chosen) => values::expand(&mut item, |name| {
                        if chosen.has(name) { pipeline.values(name) } else { None }
                    })?,
                    T::WildcardPlaceholders(chosen) => {
                        values::expand(&mut item, |name| chosen.has(name).then(|| vec!["*".into()]))?
                    }
                    _ => false,
                };
            if done {
                item.applied.insert(step.id.clone());
                any = true;
            }
            Ok(Some(Part::Item(item)))
        })?;
        Ok(any)
    }

    fn rename(&mut self, step: &Step, rename: &Rename) -> Result<bool, Problem> {
        const ITEMS: usize = 4_096;
        let mut any = false;
        let mut made = 0;
        self.change(|mut item, state| {
            let field = |c: &FieldCondition| c.holds(&item.field, Some(&item), state);
            let mut fits = step.field.holds(field) && step.item.holds(|c| c.holds(&item, state));
            // A field that is referred to is a field, whatever the item's own is.
            if item.has("fieldref") {
                for node in &mut item.values {
                    let Some(new) = node.text().and_then(|t| rename.of(t)) else { continue };
                    let [one] = new.as_slice() else {
                        return Err(Problem::new(
                            item.at,
                            item.field,
                            "a reference to a field can't become several",
                        ));
                    };
                    *node =
                        Node { at: node.at, kind: Kind::Scalar { text: one.as_str().into(), plain: false } };
                    any = true;
                }
            }
            fits &= !item.field.is_empty();
            let Some(new) = rename.of(&item.field).filter(|_| fits) else {
                return Ok(Some(Part::Item(item)));
            };
            any = true;
            made += new.len();
            if made > ITEMS {
                return Err(Problem::new(
                    item.at,
                    item.field,
                    format!("the pipeline makes more than {ITEMS} fields"),
                ));
            }
            item.applied.insert(step.id.clone());
            let differs = item.has("neq");
            let named = |name: String| Part::Item(PartItem { field: name, ..item.clone() });
            let mut all: Vec<Part> = new.into_iter().map(named).collect();
            // What differs from a value differs from it under each of its names.
            Ok(Some(match all.len() {
                1 => all.remove(0),
                _ if differs => Part::All(all),
                _ => Part::Any(all),
            }))
        })?;
        if let Some(correlation) = &mut self.correlation {
            let state = &self.state;
            any |= in_correlation(correlation, &|field| {
                let fits = step.field.holds(|c| c.holds(field, None, state));
                rename.of(field).filter(|_| fits)
            })?;
        }
        Ok(any)
    }
}

impl Rename {
    fn of(&self, field: &str) -> Option<Vec<String>> {
        match self {
            Rename::Map(map) => map.iter().find(|(from, _)| from == field).map(|(_, to)| to.clone()),
            Rename::PrefixMap(map) => {
                let (rest, to) =
                    map.iter().find_map(|(from, to)| Some((field.strip_prefix(from.as_str())?, to)))?;
                Some(to.iter().map(|t| format!("{t}{rest}")).collect())
            }
            Rename::Prefix(prefix) => Some(vec![format!("{prefix}{field}")]),
            Rename::Suffix(suffix) => Some(vec![format!("{field}{suffix}")]),
        }
    }
}

/// Renames the fields of a correlation: those to group by that are no aliases, those of aliases, the measured one.
fn in_correlation(node: &mut Node, rename: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<bool, Problem> {
    let aliases: Vec<String> = node
        .get("aliases")
        .and_then(Node::map)
        .map(|m| m.iter().filter_map(|(k, _)| k.text().map(str::to_owned)).collect())
        .unwrap_or_default();
    let plain = |field: &str| if aliases.iter().any(|a| a == field) { None } else { rename(field) };
    let Kind::Map(map) = &mut node.kind else { return Ok(false) };
    let mut any = false;
    for (key, value) in map {
        match (key.text().unwrap_or_default(), &mut value.kind) {
            ("group-by", _) => any |= texts(value, &plain)?,
            ("condition", Kind::Map(inner)) => {
                for (_, field) in inner.iter_mut().filter(|(k, _)| k.text() == Some("field")) {
                    any |= texts(field, &plain)?;
                }
            }
            ("aliases", Kind::Map(all)) => {
                for (_, of) in all {
                    if let Kind::Map(of) = &mut of.kind {
                        for (_, field) in of {
                            any |= texts(field, rename)?;
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(any)
}

/// Renames a text or a list of texts.
fn texts(node: &mut Node, rename: &dyn Fn(&str) -> Option<Vec<String>>) -> Result<bool, Problem> {
    match &mut node.kind {
        Kind::Seq(list) => {
            let mut any = false;
            for n in list {
                any |= texts(n, rename)?;
            }
            Ok(any)
        }
        Kind::Scalar { text, .. } => match rename(text).as_deref() {
            None => Ok(false),
            Some([one]) => {
                *text = one.as_str().into();
                Ok(true)
            }
            Some(_) => {
                let reason =
                    format!("the pipeline has several names for {}, a correlation needs one", quote(text));
                Err(Problem::new(node.at, "correlation", reason))
            }
        },
        Kind::Map(_) => Ok(false),
    }
}

/// `$product`, `$category` and `$service` in the texts of an added condition.
fn filled(node: &Node, l: &Logsource) -> Node {
    let kind = match &node.kind {
        Kind::Scalar { text, plain } => {
            let mut text = text.to_string();
            for (name, value) in [("product", &l.product), ("category", &l.category), ("service", &l.service)]
            {
                let value = value.as_deref().unwrap_or_default();
                text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
            }
            Kind::Scalar { text: text.into(), plain: *plain }
        }
        Kind::Seq(list) => Kind::Seq(list.iter().map(|n| filled(n, l)).collect()),
        Kind::Map(map) => Kind::Map(map.iter().map(|(k, v)| (k.clone(), filled(v, l))).collect()),
    };
    Node { at: node.at, kind }
}
