//! YAML to a pipeline, every key checked.

use super::{
    Chosen, Pipeline, Rename, Step, Transformation,
    conditions::{FieldCondition, ItemCondition, Linked, Names, RuleCondition},
    values,
};
use crate::sigma::{
    error::{At, Problem, quote},
    rule::Logsource,
    yaml::{Node, Scalar},
};
use regex::{Regex, RegexBuilder};

type Res<T> = Result<T, Problem>;

/// Transformations of pySigma that change no match, with what they take and why nothing is done.
const IDLE: [(&str, &[&str], &str); 4] = [
    ("add_field", &["field"], "the list of shown fields is the rule's own"),
    ("remove_field", &["field"], "the list of shown fields is the rule's own"),
    ("set_field", &["fields"], "the list of shown fields is the rule's own"),
    ("set_custom_attribute", &["attribute", "value"], "rules have no other attributes"),
];

/// Transformations of pySigma that make no sense here, and why.
const REFUSED: [(&str, &str); 13] = [
    ("query_expression_placeholders", "it writes a query for another system; use value_placeholders"),
    ("file_placeholders", "it reads a file; put the values under vars"),
    ("http_placeholders", "it reads from the network; put the values under vars"),
    ("command_placeholders", "it runs a command; put the values under vars"),
    ("field_name_transform", "it runs a function; use field_name_mapping"),
    ("hashes_fields", "hashes are matched as they stand in the event"),
    ("extract_fields", "fields are matched as they stand in the event"),
    ("regex", "strings compare without case as they are"),
    ("set_value", "use map_string or replace_string"),
    ("convert_type", "numbers and texts compare alike"),
    ("strict_field_mapping_failure", "there is no fixed list of fields"),
    ("case", "strings compare without case"),
    ("template", "it writes a query for another system"),
];

pub(super) fn read(root: &Node) -> Res<Pipeline> {
    let mut p = Pipeline {
        name: String::new(),
        name_at: root.at,
        priority: 0,
        vars: vec![],
        steps: vec![],
        notes: vec![],
    };
    for (key, node) in entries(root, "")? {
        match key {
            "name" => (p.name, p.name_at) = (word(node, key)?, node.at),
            "priority" => match node.scalar() {
                Some(Scalar::Int(n)) => p.priority = i64::try_from(n).unwrap_or(i64::MAX),
                _ => return Err(Problem::new(node.at, key, "priority wants a number")),
            },
            "allowed_backends" => {}
            "vars" => p.vars = lists(node, key)?,
            "transformations" => p.steps = steps(node, "", &mut p.notes)?,
            "postprocessing" | "finalizers" => {
                if node.seq().is_none_or(|l| !l.is_empty()) && !node.is_null() {
                    let reason = format!("{key} is not supported: it works on queries for other systems");
                    return Err(Problem::new(node.at, key, reason));
                }
            }
            other => return Err(unknown(node.at, other, "key")),
        }
    }
    Ok(p)
}

fn unknown(at: At, name: &str, what: &str) -> Problem {
    Problem::new(at, name, format!("unknown {what} {}", quote(name)))
}

/// Items of a list; `within` is the number of the item that they are nested in, with a dot behind it.
fn steps(node: &Node, within: &str, notes: &mut Vec<String>) -> Res<Vec<Step>> {
    const STEPS: usize = 1_000;
    if node.is_null() {
        return Ok(vec![]);
    }
    let Some(list) = node.seq().filter(|l| l.len() <= STEPS) else {
        let reason = format!("transformations wants a list of at most {STEPS} items");
        return Err(Problem::new(node.at, "transformations", reason));
    };
    list.iter().enumerate().map(|(i, n)| step(n, &format!("{within}{}", i + 1), notes)).collect()
}

/// Keys of an item, taken one by one; what is left at the end is unknown.
struct Keys<'a> {
    at: At,
    left: Vec<(&'a str, &'a Node)>,
    path: String,
}

impl<'a> Keys<'a> {
    fn new(node: &'a Node, path: String) -> Res<Keys<'a>> {
        Ok(Keys { at: node.at, left: entries(node, &path)?, path })
    }

    fn take(&mut self, key: &str) -> Option<&'a Node> {
        let at = self.left.iter().position(|(k, _)| *k == key)?;
        Some(self.left.remove(at).1)
    }

    fn must(&mut self, key: &str) -> Res<&'a Node> {
        self.take(key).ok_or_else(|| Problem::new(self.at, self.path.as_str(), format!("{key} is missing")))
    }

    fn word(&mut self, key: &str) -> Res<Option<String>> {
        self.take(key).map(|n| word(n, &self.path)).transpose()
    }

    fn flag(&mut self, key: &str) -> Res<bool> {
        match self.take(key).map(|n| (n.at, n.scalar())) {
            None => Ok(false),
            Some((_, Some(Scalar::Bool(b)))) => Ok(b),
            Some((at, _)) => Err(Problem::new(at, self.path.as_str(), format!("{key} wants true or false"))),
        }
    }

    fn regex(&mut self, key: &str) -> Res<Regex> {
        let node = self.must(key)?;
        regex(node, &self.path)
    }

    fn end(self) -> Res<()> {
        match self.left.first() {
            None => Ok(()),
            Some((key, node)) => {
                Err(Problem::new(node.at, self.path.as_str(), format!("unknown key {}", quote(key))))
            }
        }
    }
}

fn step(node: &Node, number: &str, notes: &mut Vec<String>) -> Res<Step> {
    let mut keys = Keys::new(node, format!("transformations[{number}]"))?;
    let kind_node = keys.must("type")?;
    let kind = word(kind_node, &keys.path)?;
    let id = keys.word("id")?.unwrap_or_else(|| number.to_owned());
    let rule = linked(&mut keys, "rule", rule_condition)?;
    let item = linked(&mut keys, "detection_item", item_condition)?;
    let field = linked(&mut keys, "field_name", field_condition)?;
    let what = if kind == "nest" {
        Transformation::Nest(steps(keys.must("items")?, &format!("{number}."), notes)?)
    } else if let Some((name, wanted, why)) = IDLE.iter().find(|(name, ..)| *name == kind) {
        for key in *wanted {
            keys.must(key)?;
        }
        notes.push(format!("item {} ({name}) does nothing here: {why}", quote(&id)));
        Transformation::Idle
    } else {
        transformation(&kind, kind_node.at, &mut keys)?
    };
    keys.end()?;
    Ok(Step { id, what, rule, item, field })
}

fn transformation(kind: &str, at: At, keys: &mut Keys<'_>) -> Res<Transformation> {
    use Transformation as T;
    Ok(match kind {
        "field_name_mapping" => T::Fields(Rename::Map(lists(keys.must("mapping")?, &keys.path)?)),
        "field_name_prefix_mapping" => {
            T::Fields(Rename::PrefixMap(lists(keys.must("mapping")?, &keys.path)?))
        }
        "field_name_prefix" => T::Fields(Rename::Prefix(word(keys.must("prefix")?, &keys.path)?)),
        "field_name_suffix" => T::Fields(Rename::Suffix(word(keys.must("suffix")?, &keys.path)?)),
        "drop_detection_item" => T::DropItem,
        "add_condition" => {
            let search = keys.must("conditions")?.clone();
            entries(&search, &keys.path)?;
            let (negated, template) = (keys.flag("negated")?, keys.flag("template")?);
            T::AddCondition { name: keys.word("name")?, search, negated, template }
        }
        "change_logsource" => T::ChangeLogsource {
            product: keys.word("product")?.map(|w| w.to_lowercase()),
            category: keys.word("category")?.map(|w| w.to_lowercase()),
            service: keys.word("service")?.map(|w| w.to_lowercase()),
        },
        "replace_string" => T::ReplaceString {
            regex: keys.regex("regex")?,
            replacement: values::replacement(&word(keys.must("replacement")?, &keys.path)?),
            skip_special: keys.flag("skip_special")?,
            interpret_special: keys.flag("interpret_special")?,
        },
        "map_string" => T::MapString(lists(keys.must("mapping")?, &keys.path)?),
        "set_state" => {
            T::SetState(word(keys.must("key")?, &keys.path)?, word(keys.must("val")?, &keys.path)?)
        }
        "value_placeholders" => T::ValuePlaceholders(chosen(keys)?),
        "wildcard_placeholders" => T::WildcardPlaceholders(chosen(keys)?),
        "rule_failure" => T::RuleFailure(word(keys.must("message")?, &keys.path)?),
        "detection_item_failure" => T::ItemFailure(word(keys.must("message")?, &keys.path)?),
        other => {
            let why = REFUSED.iter().find(|(name, _)| *name == other);
            return Err(match why {
                Some((name, why)) => Problem::new(
                    at,
                    keys.path.as_str(),
                    format!("the transformation {name} is not supported: {why}"),
                ),
                None => {
                    Problem::new(at, keys.path.as_str(), format!("unknown transformation {}", quote(other)))
                }
            });
        }
    })
}

fn chosen(keys: &mut Keys<'_>) -> Res<Chosen> {
    let mut list = |key: &str| keys.take(key).map(|n| words(n, key)).transpose();
    let chosen = Chosen { include: list("include")?, exclude: list("exclude")? };
    if chosen.include.is_some() && chosen.exclude.is_some() {
        return Err(Problem::new(keys.at, keys.path.as_str(), "include and exclude don't go together"));
    }
    Ok(chosen)
}

/// The conditions of a level with their `…_cond_op` and `…_cond_not`.
fn linked<C>(
    keys: &mut Keys<'_>,
    level: &str,
    one: impl Fn(&str, At, &mut Keys<'_>) -> Res<C>,
) -> Res<Linked<C>> {
    let mut out = Linked::default();
    if let Some(node) = keys.take(&format!("{level}_cond_expr")) {
        let reason = format!("{level}_cond_expr is not supported: use {level}_cond_op and {level}_cond_not");
        return Err(Problem::new(node.at, keys.path.as_str(), reason));
    }
    if let Some(node) = keys.take(&format!("{level}_cond_op")) {
        out.any = match node.text().unwrap_or_default() {
            "or" => true,
            "and" => false,
            other => {
                let reason = format!("{level}_cond_op is and or or, not {}", quote(other));
                return Err(Problem::new(node.at, keys.path.as_str(), reason));
            }
        };
    }
    out.not = keys.flag(&format!("{level}_cond_not"))?;
    let Some(node) = keys.take(&format!("{level}_conditions")).filter(|n| !n.is_null()) else {
        return Ok(out);
    };
    let Some(list) = node.seq() else {
        let reason = format!("{level}_conditions wants a list");
        return Err(Problem::new(node.at, keys.path.as_str(), reason));
    };
    for entry in list {
        let mut inner = Keys::new(entry, format!("{}.{level}_conditions", keys.path))?;
        let kind = inner.must("type")?;
        let name = word(kind, &inner.path)?;
        out.all.push(one(&name, kind.at, &mut inner)?);
        inner.end()?;
    }
    Ok(out)
}

fn no_condition(kind: &str, at: At, keys: &Keys<'_>) -> Problem {
    Problem::new(at, keys.path.as_str(), format!("unknown condition {}", quote(kind)))
}

fn state(keys: &mut Keys<'_>) -> Res<(String, String)> {
    if let Some(node) = keys.take("op").filter(|n| n.text() != Some("eq")) {
        return Err(Problem::new(node.at, keys.path.as_str(), "processing_state only knows eq"));
    }
    Ok((word(keys.must("key")?, &keys.path)?, word(keys.must("val")?, &keys.path)?))
}

fn rule_condition(kind: &str, at: At, keys: &mut Keys<'_>) -> Res<RuleCondition> {
    use RuleCondition as C;
    Ok(match kind {
        "logsource" => {
            let mut part = |key| keys.word(key).map(|w| w.map(|w| w.to_lowercase()));
            let l = Logsource {
                product: part("product")?,
                category: part("category")?,
                service: part("service")?,
                definition: None,
            };
            if l.product.is_none() && l.category.is_none() && l.service.is_none() {
                return Err(Problem::new(
                    at,
                    keys.path.as_str(),
                    "logsource names no product, category or service",
                ));
            }
            C::Logsource(l)
        }
        "contains_detection_item" => C::ContainsItem {
            field: word(keys.must("field")?, &keys.path)?,
            value: word(keys.must("value")?, &keys.path)?,
        },
        "contains_field" => C::ContainsField(word(keys.must("field")?, &keys.path)?),
        "processing_item_applied" => C::Applied(word(keys.must("processing_item_id")?, &keys.path)?),
        "processing_state" => {
            let (key, value) = state(keys)?;
            C::State(key, value)
        }
        "is_sigma_rule" => C::IsRule,
        "is_sigma_correlation_rule" => C::IsCorrelation,
        "tag" => C::Tag(word(keys.must("tag")?, &keys.path)?),
        other => return Err(no_condition(other, at, keys)),
    })
}

fn item_condition(kind: &str, at: At, keys: &mut Keys<'_>) -> Res<ItemCondition> {
    use ItemCondition as C;
    let all = |keys: &mut Keys<'_>| -> Res<bool> {
        let node = keys.must("cond")?;
        match node.text().unwrap_or_default() {
            "all" => Ok(true),
            "any" => Ok(false),
            other => {
                let reason = format!("cond is any or all, not {}", quote(other));
                Err(Problem::new(node.at, keys.path.as_str(), reason))
            }
        }
    };
    Ok(match kind {
        "match_string" => {
            C::Match { pattern: keys.regex("pattern")?, all: all(keys)?, negate: keys.flag("negate")? }
        }
        "match_value" => C::Value { value: word(keys.must("value")?, &keys.path)?, all: all(keys)? },
        "contains_wildcard" => C::Wildcard { all: all(keys)? },
        "is_null" => C::Null { all: all(keys)? },
        "processing_item_applied" => C::Applied(word(keys.must("processing_item_id")?, &keys.path)?),
        "processing_state" => {
            let (key, value) = state(keys)?;
            C::State(key, value)
        }
        other => return Err(no_condition(other, at, keys)),
    })
}

fn field_condition(kind: &str, at: At, keys: &mut Keys<'_>) -> Res<FieldCondition> {
    use FieldCondition as C;
    Ok(match kind {
        "include_fields" => C::Include(names(keys)?),
        "exclude_fields" => C::Exclude(names(keys)?),
        "processing_item_applied" => C::Applied(word(keys.must("processing_item_id")?, &keys.path)?),
        "processing_state" => {
            let (key, value) = state(keys)?;
            C::State(key, value)
        }
        other => return Err(no_condition(other, at, keys)),
    })
}

fn names(keys: &mut Keys<'_>) -> Res<Names> {
    let fields = keys.must("fields")?;
    match keys.take("mode").map(|n| (n.at, n.text().unwrap_or_default())) {
        None | Some((_, "plain")) => Ok(Names::Plain(words(fields, &keys.path)?)),
        Some((_, "re" | "regex")) => {
            let list = fields.seq().unwrap_or(std::slice::from_ref(fields));
            Ok(Names::Patterns(list.iter().map(|n| regex(n, &keys.path)).collect::<Res<_>>()?))
        }
        Some((at, other)) => {
            Err(Problem::new(at, keys.path.as_str(), format!("mode is plain or re, not {}", quote(other))))
        }
    }
}

fn regex(node: &Node, path: &str) -> Res<Regex> {
    const SIZE: usize = 1 << 20;
    let text = word(node, path)?;
    let built = RegexBuilder::new(&text).size_limit(SIZE).dfa_size_limit(SIZE).nest_limit(96).build();
    built.map_err(|e| {
        let told = e.to_string();
        let last = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Problem::new(node.at, path, format!("the regular expression {} is refused: {last}", quote(&text)))
    })
}

fn entries<'a>(node: &'a Node, path: &str) -> Res<Vec<(&'a str, &'a Node)>> {
    let Some(map) = node.map() else {
        return Err(Problem::new(node.at, path, format!("a map is expected, this is {}", node.what())));
    };
    Ok(map.iter().map(|(k, v)| (k.text().unwrap_or_default(), v)).collect())
}

fn word(node: &Node, path: &str) -> Res<String> {
    let text = node.text().ok_or_else(|| Problem::new(node.at, path, "a text is expected"))?;
    Ok(text.to_owned())
}

fn words(node: &Node, path: &str) -> Res<Vec<String>> {
    node.seq().unwrap_or(std::slice::from_ref(node)).iter().map(|n| word(n, path)).collect()
}

/// A map from a word to a word or several.
fn lists(node: &Node, path: &str) -> Res<Vec<(String, Vec<String>)>> {
    if node.is_null() {
        return Ok(vec![]);
    }
    entries(node, path)?.into_iter().map(|(k, v)| Ok((k.to_owned(), words(v, path)?))).collect()
}
