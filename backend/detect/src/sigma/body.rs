//! The `detection` section: searches, their items, the condition.

use super::{
    condition::{self, Condition},
    error::{At, Problem, quote},
    modifier::{self, Modifier},
    parts::{Part, Parts},
    pipeline,
    value::{self, Made, Value},
    yaml::{Kind, Node},
};
use crate::wild::{BITS, LONGEST};
use std::ops::Range;

/// Items (field with values) that a rule may have.
const ITEMS: usize = 4_096;
/// Values that a rule may have, after the modifiers.
const VALUES: usize = 50_000;
/// Regular expressions that a rule may have.
const REGEXES: usize = 256;
/// Among them large ones.
pub(super) const LARGE_REGEXES: usize = 8;

/// Pieces of [`BITS`] characters that the values with `?` or `windash` of a rule may have. Each costs a step for each
/// character of a field; SigmaHQ's largest rule has a tenth.
const WILD: usize = 512;

/// A detection as it runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body {
    pub searches: Vec<Search>,
    pub items: Vec<Item>,
    /// Fields that items name, each once.
    pub fields: Vec<Box<str>>,
    pub condition: Option<Condition>,
    /// As written; several are joined by `or`.
    pub written: String,
    pub placeholders: Vec<String>,
}

/// A named search.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    pub name: Box<str>,
    pub tree: Tree,
}

/// How the items of a search hang together.
#[derive(Debug, Clone)]
pub(crate) enum Tree {
    Item(usize),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

/// One field, or the whole event for keywords, with its values.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// Index into [`Body::fields`]; `None` for keywords.
    pub field: Option<usize>,
    /// Modifiers as written, with a blank between.
    pub modifiers: Box<str>,
    /// The alternatives of all written values, those of one after another.
    pub values: Vec<Value>,
    /// Where the alternatives of each written value end in `values`; empty where each has just one.
    pub ends: Box<[usize]>,
    /// All written values must hold instead of one; of each one alternative.
    pub all: bool,
    /// No value may hold (`neq`).
    pub negate: bool,
}

impl Item {
    /// Where in `values` the alternatives of each written value are.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let written = if self.ends.is_empty() { self.values.len() } else { self.ends.len() };
        (0..written).map(|i| match i {
            _ if self.ends.is_empty() => i..i + 1,
            0 => 0..self.ends[0],
            _ => self.ends[i - 1]..self.ends[i],
        })
    }

    /// The alternatives of each written value.
    pub fn groups(&self) -> impl Iterator<Item = &[Value]> {
        self.ranges().map(|r| self.values.get(r).unwrap_or_default())
    }
}

/// Compiles the section; with the searches that pipelines made of it, where there are some.
pub(crate) fn read(detection: &Node, parts: Option<&Parts>) -> Result<Body, Problem> {
    let Some(map) = detection.map() else {
        let reason = format!("detection must be a map, this is {}", detection.what());
        return Err(Problem::new(detection.at, "detection", reason));
    };
    let mut b = Reader { body: Body::default(), count: 0, regexes: 0, large: LARGE_REGEXES, wild: 0 };
    match parts {
        Some(parts) => {
            for (name, part) in &parts.searches {
                b.search(name, part)?;
            }
        }
        None => {
            for (key, node) in map {
                let name = key.text().unwrap_or_default();
                if matches!(name, "condition" | "timeframe") {
                    continue;
                }
                let path = format!("detection.{name}");
                let tree = b.tree(node, &path, 0)?;
                b.body.searches.push(Search { name: name.into(), tree });
            }
        }
    }
    if b.body.searches.is_empty() {
        return Err(Problem::new(detection.at, "detection", "no search is defined"));
    }
    let Some(node) = detection.get("condition") else {
        return Err(Problem::new(detection.at, "detection", "condition is missing"));
    };
    let (condition, written) = conditions(node, &b.body)?;
    b.body.written = written;
    b.body.condition = Some(match parts {
        None => condition,
        Some(parts) => b.changed(condition, parts, node)?,
    });
    Ok(b.body)
}

/// One condition, or a list of them of which one must hold.
fn conditions(node: &Node, body: &Body) -> Result<(Condition, String), Problem> {
    const PATH: &str = "detection.condition";
    const MOST: usize = 64;
    let names: Vec<&str> = body.searches.iter().map(|s| &*s.name).collect();
    let one = |node: &Node| -> Result<Condition, Problem> {
        let Some(text) = node.text().filter(|_| !node.is_null()) else {
            let reason = format!("a condition must be text, this is {}", node.what());
            return Err(Problem::new(node.at, PATH, reason));
        };
        condition::parse(text, &names)
            .map_err(|f| Problem::new(node.at, PATH, f.reason).at_character(text, f.at))
    };
    match node.seq() {
        None => Ok((one(node)?, node.text().unwrap_or_default().trim().to_owned())),
        Some([]) => Err(Problem::new(node.at, PATH, "the list of conditions is empty")),
        Some(list) if list.len() > MOST => {
            Err(Problem::new(node.at, PATH, format!("more than {MOST} conditions")))
        }
        Some(list) => {
            let all = list.iter().map(one).collect::<Result<Vec<_>, _>>()?;
            let texts: Vec<String> =
                list.iter().filter_map(|n| n.text().map(|t| format!("({})", t.trim()))).collect();
            Ok((Condition::Or(all), texts.join(" or ")))
        }
    }
}

struct Reader {
    body: Body,
    count: usize,
    regexes: usize,
    large: usize,
    wild: usize,
}

impl Reader {
    fn tree(&mut self, node: &Node, path: &str, depth: usize) -> Result<Tree, Problem> {
        const DEPTH: usize = 8;
        if depth > DEPTH {
            return Err(Problem::new(
                node.at,
                path,
                format!("lists and maps nested deeper than {DEPTH} levels"),
            ));
        }
        match &node.kind {
            Kind::Map(map) if map.is_empty() => Err(Problem::new(node.at, path, "the search is empty")),
            Kind::Map(map) => {
                let mut all = Vec::with_capacity(map.len());
                for (key, value) in map {
                    let name = key.text().unwrap_or_default();
                    all.push(Tree::Item(self.item(key.at, name, value, &format!("{path}.{name}"))?));
                }
                Ok(if all.len() == 1 { all.remove(0) } else { Tree::And(all) })
            }
            Kind::Seq(list) if list.is_empty() => Err(Problem::new(node.at, path, "the list is empty")),
            Kind::Seq(list) if list.iter().all(|n| n.text().is_some()) => {
                Ok(Tree::Item(self.item(node.at, "", node, path)?))
            }
            Kind::Seq(list) => {
                let any = list.iter().map(|n| self.tree(n, path, depth + 1)).collect::<Result<_, _>>()?;
                Ok(Tree::Or(any))
            }
            Kind::Scalar { .. } => Ok(Tree::Item(self.item(node.at, "", node, path)?)),
        }
    }

    fn search(&mut self, name: &str, part: &Part) -> Result<(), Problem> {
        let tree = self.part(part, &format!("detection.{name}"))?;
        self.body.searches.push(Search { name: name.into(), tree });
        Ok(())
    }

    fn part(&mut self, part: &Part, path: &str) -> Result<Tree, Problem> {
        let mut all = |list: &[Part]| list.iter().map(|p| self.part(p, path)).collect::<Result<Vec<_>, _>>();
        match part {
            Part::All(list) => all(list).map(Tree::And),
            Part::Any(list) => all(list).map(Tree::Or),
            Part::Item(item) => {
                let key = item.key();
                let written = (item.values.as_slice(), item.written.as_slice());
                Ok(Tree::Item(self.values(item.at, &key, written, &format!("{path}.{key}"))?))
            }
        }
    }

    /// The condition without searches of which a pipeline left nothing, and with those that it added.
    fn changed(&mut self, condition: Condition, parts: &Parts, node: &Node) -> Result<Condition, Problem> {
        let gone: Vec<bool> = parts.searches.iter().map(|(_, p)| pipeline::empty(p)).collect();
        let Some(mut condition) = condition.without(&gone) else {
            let reason = "pipelines dropped every field that the condition looks at";
            return Err(Problem::new(node.at, "detection.condition", reason));
        };
        for (name, part, negated) in &parts.added {
            self.search(name, part)?;
            let search = Condition::Search(self.body.searches.len() - 1);
            let (word, search) =
                if *negated { ("not ", Condition::Not(Box::new(search))) } else { ("", search) };
            condition = Condition::And(vec![search, condition]);
            self.body.written = format!("{word}{} and ({})", quote(name), self.body.written);
        }
        Ok(condition)
    }

    fn item(&mut self, at: At, key: &str, node: &Node, path: &str) -> Result<usize, Problem> {
        let fault = |at, reason: String| Problem::new(at, path, reason);
        let nodes = match node.seq() {
            Some([]) => return Err(fault(node.at, "an empty list of values can match nothing".into())),
            Some(list) => list,
            None if node.map().is_some() => {
                return Err(fault(node.at, format!("the value of {} can't be a map", quote(key))));
            }
            None => std::slice::from_ref(node),
        };
        self.values(at, key, (nodes, &[]), path)
    }

    /// An item of these values; beside them, where pipelines made several of one, which written value each stands for.
    fn values(
        &mut self,
        at: At,
        key: &str,
        (nodes, written): (&[Node], &[usize]),
        path: &str,
    ) -> Result<usize, Problem> {
        let fault = |at, reason: String| Problem::new(at, path, reason);
        if self.body.items.len() >= ITEMS {
            return Err(fault(at, format!("more than {ITEMS} fields in one rule")));
        }
        if nodes.is_empty() {
            return Err(fault(at, "an empty list of values can match nothing".into()));
        }
        let mut names = key.split('|');
        let field = names.next().unwrap_or_default().trim();
        let names: Vec<&str> = names.collect();
        let chain = modifier::chain(&names, !field.is_empty()).map_err(|r| fault(at, r))?;
        let keyword = field.is_empty();
        let mut values = Vec::with_capacity(nodes.len());
        let mut ends = Vec::with_capacity(nodes.len());
        for (i, n) in nodes.iter().enumerate() {
            self.regexes += usize::from(chain.contains(&Modifier::Re));
            if self.regexes > REGEXES {
                return Err(fault(n.at, format!("more than {REGEXES} regular expressions in one rule")));
            }
            let mut add = |name: &str| self.body.field(name);
            let mut context = value::Context { field: &mut add, large: &mut self.large };
            match value::make(n, &chain, keyword, &mut context).map_err(|r| fault(n.at, r))? {
                Made::Values(made) => {
                    self.wild(&made).map_err(|r| fault(n.at, r))?;
                    values.extend(made);
                }
                Made::Placeholders(names) => {
                    for name in names {
                        if !self.body.placeholders.contains(&name) {
                            self.body.placeholders.push(name);
                        }
                    }
                }
            }
            match ends.last_mut() {
                Some(end) if i > 0 && written.get(i - 1).is_some_and(|w| Some(w) == written.get(i)) => {
                    *end = values.len();
                }
                _ => ends.push(values.len()),
            }
            if self.count + values.len() > VALUES {
                return Err(fault(n.at, format!("more than {VALUES} values in one rule")));
            }
        }
        self.count += values.len();
        let field = (!keyword).then(|| self.body.field(field));
        if ends.iter().zip(1..).all(|(end, i)| *end == i) {
            ends.clear();
        }
        self.body.items.push(Item {
            field,
            modifiers: names.join(" ").into(),
            values,
            ends: ends.into(),
            all: chain.contains(&Modifier::All),
            negate: chain.contains(&Modifier::Neq),
        });
        Ok(self.body.items.len() - 1)
    }
}

impl Reader {
    /// Counts what values with `?` or dashes cost on a long field.
    fn wild(&mut self, made: &[Value]) -> Result<(), String> {
        for chars in made.iter().map(|v| v.test.wild()) {
            if chars > LONGEST {
                return Err(format!(
                    "{chars} characters with '?' or windash among them; at most {LONGEST} without '*' between"
                ));
            }
            self.wild += chars.div_ceil(BITS);
        }
        if self.wild > WILD {
            return Err(format!(
                "the values with '?' or windash in this rule have more than {WILD} pieces of {BITS} characters"
            ));
        }
        Ok(())
    }
}

impl Body {
    pub(super) fn field(&mut self, name: &str) -> usize {
        if let Some(i) = self.fields.iter().position(|f| **f == *name) {
            return i;
        }
        self.fields.push(name.into());
        self.fields.len() - 1
    }
}
