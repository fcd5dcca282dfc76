//! The `correlation` section: what is counted or ordered, by what, in which time.

use super::{
    error::{Problem, quote},
    expression::{self, Term},
    yaml::{Node, Scalar},
};

/// A correlation as written, checked.
#[derive(Debug, Clone)]
pub(crate) struct Correlation {
    pub kind: Kind,
    /// Ids and names of the rules whose matches it looks at, in the order of the author.
    pub rules: Vec<String>,
    /// Fields whose values must be equal.
    pub group_by: Vec<String>,
    /// An alias, and the field that it is in the events of a rule, which may be called by its id or name.
    pub aliases: Vec<(String, Vec<(String, String)>)>,
    /// Nanoseconds.
    pub timespan: i64,
    pub when: When,
    /// The rules it looks at raise alerts of their own, too.
    pub generate: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    EventCount,
    ValueCount,
    Temporal,
    TemporalOrdered,
    Sum,
    Average,
    /// Without a number: the median of numbers, of other values the share in percent of each.
    Percentile(Option<f64>),
    Median,
}

impl Kind {
    pub fn temporal(self) -> bool {
        matches!(self, Kind::Temporal | Kind::TemporalOrdered)
    }
}

/// When it fires.
#[derive(Debug, Clone)]
pub(crate) enum When {
    /// A measure within limits, all of which must hold.
    Limits { fields: Vec<String>, limits: Vec<Limit> },
    /// Rules that matched; one of the terms must hold.
    Rules(Vec<Term>),
    /// A condition over ids, names and patterns of names that only all rules together tell.
    Written(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit {
    pub than: Than,
    pub number: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Than {
    Gt,
    Gte,
    Lt,
    Lte,
    Eq,
    Neq,
}

impl Limit {
    pub fn holds(self, value: f64) -> bool {
        match self.than {
            Than::Gt => value > self.number,
            Than::Gte => value >= self.number,
            Than::Lt => value < self.number,
            Than::Lte => value <= self.number,
            Than::Eq => value == self.number,
            Than::Neq => value != self.number,
        }
    }

    /// More of it can't make it fail.
    pub fn only_grows(self) -> bool {
        matches!(self.than, Than::Gt | Than::Gte)
    }
}

const PATH: &str = "correlation";
/// Rules that a correlation may look at.
const RULES: usize = 256;
/// Fields that it may group by or measure.
const FIELDS: usize = 32;

pub(crate) fn read(node: &Node) -> Result<Correlation, Problem> {
    if node.map().is_none() {
        let reason = format!("correlation must be a map, this is {}", node.what());
        return Err(Problem::new(node.at, PATH, reason));
    }
    let missing = |key: &str| Problem::new(node.at, PATH, format!("{key} is missing"));
    let kind = kind(node.get("type").ok_or_else(|| missing("type"))?)?;
    let mut rules = match node.get("rules") {
        None => Vec::new(),
        Some(n) => texts(n, "correlation.rules", RULES)?,
    };
    let written = node.get("condition");
    let text = written.and_then(|c| c.text());
    if let (Some(text), true) = (text, rules.is_empty()) {
        rules = expression::names(text);
    }
    if rules.is_empty() {
        return Err(missing("rules"));
    }
    let (kind, when) = when(written, kind, &rules, missing)?;
    Ok(Correlation {
        kind,
        group_by: match node.get("group-by") {
            Some(n) if !n.is_null() && n.seq().is_none_or(|l| !l.is_empty()) => {
                texts(n, "correlation.group-by", FIELDS)?
            }
            _ => Vec::new(),
        },
        aliases: aliases(node)?,
        timespan: span(node.get("timespan").ok_or_else(|| missing("timespan"))?)?,
        when,
        generate: generate(node)?,
        rules,
    })
}

fn kind(node: &Node) -> Result<Kind, Problem> {
    Ok(match node.text().unwrap_or_default() {
        "event_count" => Kind::EventCount,
        "value_count" => Kind::ValueCount,
        "temporal" => Kind::Temporal,
        "temporal_ordered" => Kind::TemporalOrdered,
        "value_sum" => Kind::Sum,
        "value_avg" => Kind::Average,
        "value_percentile" => Kind::Percentile(None),
        "value_median" => Kind::Median,
        _ => {
            let reason = format!("unknown type {}", quote(node.text().unwrap_or(node.what())));
            return Err(Problem::new(node.at, "correlation.type", reason));
        }
    })
}

fn when(
    node: Option<&Node>,
    kind: Kind,
    rules: &[String],
    missing: impl Fn(&str) -> Problem,
) -> Result<(Kind, When), Problem> {
    const PATH: &str = "correlation.condition";
    let Some(c) = node else {
        return match kind {
            Kind::Temporal | Kind::TemporalOrdered => {
                Ok((kind, When::Rules(vec![Term { needs: (0..rules.len()).collect(), without: vec![] }])))
            }
            _ => Err(missing("condition")),
        };
    };
    if let Some(text) = c.text() {
        if !kind.temporal() {
            return Err(Problem::new(c.at, PATH, "this type wants a map such as gte: 10"));
        }
        let fault = |reason| Problem::new(c.at, PATH, reason);
        // A rule may be called by its id in one place and by its name in another.
        let own = !text.contains('*') && expression::names(text).iter().all(|n| rules.contains(n));
        if !own {
            expression::readable(text).map_err(fault)?;
            return Ok((kind, When::Written(text.to_owned())));
        }
        return Ok((kind, When::Rules(expression::terms(text, rules).map_err(fault)?)));
    }
    let (fields, limits, percentile) = limits(c)?;
    let measured = !matches!(kind, Kind::EventCount | Kind::Temporal | Kind::TemporalOrdered);
    if measured && fields.is_empty() {
        return Err(Problem::new(c.at, PATH, "this type wants the name of a field under field"));
    }
    if !matches!(kind, Kind::ValueCount) && fields.len() > 1 {
        return Err(Problem::new(c.at, PATH, "only value_count takes several fields"));
    }
    if percentile.is_some() && !matches!(kind, Kind::Percentile(_)) {
        return Err(Problem::new(c.at, PATH, "percentile only goes with value_percentile"));
    }
    if kind == Kind::TemporalOrdered {
        let terms =
            expression::in_order(rules.len(), &limits).map_err(|reason| Problem::new(c.at, PATH, reason))?;
        return Ok((kind, When::Rules(terms)));
    }
    let kind = if let Kind::Percentile(_) = kind { Kind::Percentile(percentile) } else { kind };
    Ok((kind, When::Limits { fields, limits }))
}

type Limits = (Vec<String>, Vec<Limit>, Option<f64>);

fn limits(c: &Node) -> Result<Limits, Problem> {
    const PATH: &str = "correlation.condition";
    let Some(map) = c.map() else {
        return Err(Problem::new(c.at, PATH, format!("the condition can't be {}", c.what())));
    };
    let (mut fields, mut limits, mut percentile) = (Vec::new(), Vec::new(), None);
    for (key, value) in map {
        let name = key.text().unwrap_or_default();
        let number = || match value.scalar() {
            Some(Scalar::Int(n)) => Ok(n as f64),
            Some(Scalar::Float(n)) => Ok(n),
            _ => Err(Problem::new(value.at, PATH, format!("{name} wants a number"))),
        };
        let than = match name {
            "gt" => Than::Gt,
            "gte" => Than::Gte,
            "lt" => Than::Lt,
            "lte" => Than::Lte,
            "eq" => Than::Eq,
            "neq" => Than::Neq,
            "field" => {
                fields = texts(value, "correlation.condition.field", FIELDS)?;
                continue;
            }
            "percentile" => {
                percentile = Some(number()?);
                if percentile.is_some_and(|p| !(0.0..=100.0).contains(&p)) {
                    return Err(Problem::new(value.at, PATH, "percentile lies between 0 and 100"));
                }
                continue;
            }
            other => return Err(Problem::new(key.at, PATH, format!("unknown key {}", quote(other)))),
        };
        limits.push(Limit { than, number: number()? });
    }
    if limits.is_empty() {
        return Err(Problem::new(c.at, PATH, "one of gt, gte, lt, lte, eq, neq is missing"));
    }
    Ok((fields, limits, percentile))
}

fn generate(node: &Node) -> Result<bool, Problem> {
    match node.get("generate").map(|n| (n, n.scalar())) {
        None => Ok(false),
        Some((_, Some(Scalar::Bool(b)))) => Ok(b),
        Some((n, _)) => Err(Problem::new(n.at, "correlation.generate", "generate wants true or false")),
    }
}

type Aliases = Vec<(String, Vec<(String, String)>)>;

fn aliases(node: &Node) -> Result<Aliases, Problem> {
    const PATH: &str = "correlation.aliases";
    let Some(aliases) = node.get("aliases").filter(|a| !a.is_null()) else { return Ok(vec![]) };
    let Some(map) = aliases.map() else {
        return Err(Problem::new(aliases.at, PATH, "aliases must be a map"));
    };
    let mut out = Vec::with_capacity(map.len());
    for (alias, fields) in map {
        let fault = |at, reason: String| Problem::new(at, PATH, reason);
        let Some(fields) = fields.map() else {
            return Err(fault(alias.at, "an alias wants a map from rule to field".into()));
        };
        let mut of = Vec::with_capacity(fields.len());
        for (rule, field) in fields {
            let (name, Some(field)) = (rule.text().unwrap_or_default(), field.text()) else {
                return Err(fault(alias.at, "an alias wants a map from rule to field".into()));
            };
            of.push((name.to_owned(), field.to_owned()));
        }
        out.push((alias.text().unwrap_or_default().to_owned(), of));
    }
    Ok(out)
}

fn texts(node: &Node, path: &str, most: usize) -> Result<Vec<String>, Problem> {
    let list = node.seq().unwrap_or(std::slice::from_ref(node));
    if list.len() > most {
        return Err(Problem::new(node.at, path, format!("more than {most} entries")));
    }
    let one = |n: &Node| n.text().filter(|t| !n.is_null() && !t.is_empty()).map(str::to_owned);
    match list.iter().map(one).collect::<Option<Vec<_>>>() {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(Problem::new(node.at, path, "a text or a list of texts is expected")),
    }
}

fn span(node: &Node) -> Result<i64, Problem> {
    node.text().and_then(timespan).ok_or_else(|| {
        let reason = "timespan wants a number and one of s, m, h, d behind it, for example 5m";
        Problem::new(node.at, "correlation.timespan", reason)
    })
}

/// Nanoseconds of `90m`, `1h`, `15s`, `2d`; weeks, months and years as pySigma reads them.
fn timespan(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        "M" => 2_629_746,
        "y" => 31_556_952,
        _ => return None,
    };
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let seconds = number.parse::<i64>().ok().filter(|_| digits)?.checked_mul(unit)?;
    seconds.checked_mul(1_000_000_000)
}
