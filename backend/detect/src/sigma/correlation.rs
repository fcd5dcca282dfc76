//! Correlation rules: read and checked here.

use super::{
    condition,
    error::{Problem, quote},
    yaml::{Node, Scalar},
};

/// A correlation as written.
#[derive(Debug)]
pub(crate) struct Correlation {
    pub rules: Vec<String>,
    /// The rules it counts raise alerts of their own, too.
    pub generate: bool,
}

const TYPES: [&str; 8] = [
    "event_count",
    "value_count",
    "temporal",
    "temporal_ordered",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
];
const OPS: [&str; 6] = ["gt", "gte", "lt", "lte", "eq", "neq"];
const PATH: &str = "correlation";

pub(crate) fn read(node: &Node) -> Result<Correlation, Problem> {
    if node.map().is_none() {
        return Err(Problem::new(
            node.at,
            PATH,
            format!("correlation must be a map, this is {}", node.what()),
        ));
    }
    let missing = |key: &str| Problem::new(node.at, PATH, format!("{key} is missing"));
    let kind = node.get("type").ok_or_else(|| missing("type"))?;
    let Some(kind_name) = kind.text().and_then(|t| TYPES.into_iter().find(|k| *k == t)) else {
        let reason = format!("unknown type {}", quote(kind.text().unwrap_or(kind.what())));
        return Err(Problem::new(kind.at, "correlation.type", reason));
    };
    let rules = match node.get("rules") {
        None => Vec::new(),
        Some(n) => texts(n, "correlation.rules")?,
    };
    let extended = node.get("condition").and_then(|c| c.text()).is_some();
    if rules.is_empty() && !extended {
        return Err(missing("rules"));
    }
    if let Some(n) = node.get("group-by") {
        texts(n, "correlation.group-by")?;
    }
    let span = node.get("timespan").ok_or_else(|| missing("timespan"))?;
    if span.text().and_then(timespan).is_none() {
        let reason = "timespan wants a number and one of s, m, h, d behind it, for example 5m";
        return Err(Problem::new(span.at, "correlation.timespan", reason));
    }
    let generate = match node.get("generate").map(|n| (n, n.scalar())) {
        None => false,
        Some((_, Some(Scalar::Bool(b)))) => b,
        Some((n, _)) => {
            return Err(Problem::new(n.at, "correlation.generate", "generate wants true or false"));
        }
    };
    match node.get("condition") {
        None if kind_name.starts_with("temporal") => {}
        None => return Err(missing("condition")),
        Some(c) => check_condition(c, kind_name, &rules)?,
    }
    aliases(node)?;
    Ok(Correlation { rules, generate })
}

fn check_condition(c: &Node, kind: &str, rules: &[String]) -> Result<(), Problem> {
    const PATH: &str = "correlation.condition";
    if let Some(text) = c.text() {
        if !kind.starts_with("temporal") {
            return Err(Problem::new(c.at, PATH, format!("{kind} wants a map such as gte: 10")));
        }
        let names: Vec<&str> = rules.iter().map(String::as_str).collect();
        return condition::parse(text, &names).map(|_| ()).map_err(|f| Problem::new(c.at, PATH, f.reason));
    }
    let Some(map) = c.map() else {
        return Err(Problem::new(c.at, PATH, format!("the condition can't be {}", c.what())));
    };
    let mut ops = 0;
    for (key, value) in map {
        match key.text().unwrap_or_default() {
            op if OPS.contains(&op) => {
                ops += 1;
                if !matches!(value.scalar(), Some(Scalar::Int(_) | Scalar::Float(_))) {
                    return Err(Problem::new(value.at, PATH, format!("{op} wants a number")));
                }
            }
            "field" => drop(texts(value, "correlation.condition.field")?),
            "percentile" if kind == "value_percentile" => {}
            other => return Err(Problem::new(key.at, PATH, format!("unknown key {}", quote(other)))),
        }
    }
    if ops == 0 {
        return Err(Problem::new(c.at, PATH, "one of gt, gte, lt, lte, eq, neq is missing"));
    }
    if kind.starts_with("value_") && c.get("field").is_none() {
        return Err(Problem::new(c.at, PATH, format!("{kind} wants the name of a field under field")));
    }
    Ok(())
}

fn aliases(node: &Node) -> Result<(), Problem> {
    const PATH: &str = "correlation.aliases";
    let Some(aliases) = node.get("aliases") else { return Ok(()) };
    let Some(map) = aliases.map() else {
        return Err(Problem::new(aliases.at, PATH, "aliases must be a map"));
    };
    match map.iter().find(|(_, v)| v.map().is_none_or(|m| m.iter().any(|(_, f)| f.text().is_none()))) {
        None => Ok(()),
        Some((k, _)) => Err(Problem::new(k.at, PATH, "an alias wants a map from rule to field")),
    }
}

fn texts(node: &Node, path: &str) -> Result<Vec<String>, Problem> {
    let list = node.seq().unwrap_or(std::slice::from_ref(node));
    let one = |n: &Node| n.text().filter(|_| !n.is_null()).map(str::to_owned);
    match list.iter().map(one).collect::<Option<Vec<_>>>() {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(Problem::new(node.at, path, "a text or a list of texts is expected")),
    }
}

/// Seconds of `90m`, `1h`, `15s`, `2d`; weeks, months and years as pySigma reads them.
fn timespan(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        "M" => 2_629_746,
        "y" => 31_556_952,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}
