//! One document to one rule: the metadata and its checks.

use super::{
    body, correlation,
    error::{Problem, quote},
    filter,
    pipeline::{self, Applied, Pipelines},
    rule::{Content, Kind, Level, Logsource, Rule, Status},
    yaml::Node,
};
use std::{ops::Range, sync::Arc};

type Res<T> = Result<T, Problem>;

/// Reads a document. `text` is its own text, for the id of a rule without one.
pub(crate) fn read(
    root: &Node,
    document: usize,
    span: Range<usize>,
    text: &str,
    pipelines: &Pipelines,
) -> Res<Rule> {
    if root.map().is_none() {
        return Err(Problem::new(root.at, "", format!("a rule must be a map, this is {}", root.what())));
    }
    if let Some(action) = root.get("action") {
        let reason = format!(
            "action: {} joins documents in a way that Sigma 2 dropped; write each rule in full",
            action.text().unwrap_or("…")
        );
        return Err(Problem::new(action.at, "action", reason));
    }
    let title = text_of(root, "title")?.ok_or_else(|| Problem::new(root.at, "title", "title is missing"))?;
    if title.chars().count() > 256 {
        return Err(fault(root, "title", "a title may have 256 characters"));
    }
    let kind = kind(root)?;
    let (logsource, tags) = (logsource(root, kind)?, tags(root)?);
    let applied = if pipelines.is_empty() {
        Applied::default()
    } else {
        pipeline::apply(pipelines, root, &logsource, &tags)?
    };
    let content = content(root, kind, &applied)?;
    let id = text_of(root, "id")?;
    // Of correlations and filters the specification recommends a UUID, of detections it demands one.
    if let Some(id) = &id
        && !is_uuid(id)
        && (kind == Kind::Detection || id.is_empty())
    {
        return Err(fault(root, "id", format!("{} is not a UUID", quote(id))));
    }
    let name = text_of(root, "name")?;
    let lower = |id: String| if is_uuid(&id) { id.to_ascii_lowercase() } else { id };
    let id = id.map(lower).or_else(|| name.clone());
    Ok(Rule {
        id: id.unwrap_or_else(|| format!("unnamed-{:016x}", fnv(text.trim().as_bytes()))),
        name,
        title,
        status: word(root, "status", Status::named, "stable, test, experimental, deprecated or unsupported")?,
        level: word(root, "level", Level::named, "informational, low, medium, high or critical")?,
        description: text_of(root, "description")?.unwrap_or_default(),
        author: author(root)?,
        license: text_of(root, "license")?,
        tags,
        references: list_of(root, "references")?,
        falsepositives: list_of(root, "falsepositives")?,
        fields: list_of(root, "fields")?,
        date: date(root, "date")?,
        modified: date(root, "modified")?,
        logsource: applied.logsource.unwrap_or(logsource),
        pipelines: applied.steps,
        kind,
        span,
        document,
        text: 0,
        id_at: root.get("id").or_else(|| root.get("name")).map_or(root.at, |n| n.at),
        content,
    })
}

fn fault(root: &Node, key: &str, reason: impl Into<String>) -> Problem {
    Problem::new(root.get(key).map_or(root.at, |n| n.at), key, reason)
}

fn kind(root: &Node) -> Res<Kind> {
    let kinds =
        [("detection", Kind::Detection), ("correlation", Kind::Correlation), ("filter", Kind::Filter)];
    let given: Vec<_> = kinds.into_iter().filter(|(k, _)| root.get(k).is_some()).collect();
    match given.as_slice() {
        [(_, kind)] => Ok(*kind),
        [] => Err(Problem::new(root.at, "detection", "detection is missing")),
        several => {
            let names: Vec<&str> = several.iter().map(|(k, _)| *k).collect();
            Err(Problem::new(root.at, "", format!("{} in one document", names.join(" and "))))
        }
    }
}

fn content(root: &Node, kind: Kind, applied: &Applied) -> Res<Content> {
    let section = |key| root.get(key).ok_or_else(|| Problem::new(root.at, key, "is missing"));
    let parts = applied.parts.as_ref();
    Ok(match kind {
        Kind::Detection => Content::Detection(Arc::new(body::read(section("detection")?, parts)?)),
        Kind::Filter => Content::Filter(Arc::new(filter::read(section("filter")?, parts)?)),
        Kind::Correlation => {
            let node = applied.correlation.as_ref().map_or_else(|| section("correlation"), Ok)?;
            Content::Correlation(Arc::new(correlation::read(node)?))
        }
    })
}

fn logsource(root: &Node, kind: Kind) -> Res<Logsource> {
    let Some(node) = root.get("logsource") else {
        return match kind {
            Kind::Correlation => Ok(Logsource::default()),
            _ => Err(Problem::new(root.at, "logsource", "logsource is missing")),
        };
    };
    if node.map().is_none() {
        return Err(fault(root, "logsource", format!("logsource must be a map, this is {}", node.what())));
    }
    let part = |key| match text_of(node, key) {
        Ok(t) => Ok(t.filter(|t| !t.is_empty())),
        Err(p) => Err(Problem { path: format!("logsource.{}", p.path), ..p }),
    };
    let l = Logsource {
        product: part("product")?.map(|t| t.to_lowercase()),
        category: part("category")?.map(|t| t.to_lowercase()),
        service: part("service")?.map(|t| t.to_lowercase()),
        definition: part("definition")?,
    };
    if l.product.is_none() && l.category.is_none() && l.service.is_none() {
        return Err(fault(root, "logsource", "logsource names no product, category or service"));
    }
    Ok(l)
}

fn text_of(root: &Node, key: &str) -> Res<Option<String>> {
    match root.get(key) {
        None => Ok(None),
        Some(n) if n.is_null() => Ok(None),
        Some(n) => match n.text() {
            Some(t) => Ok(Some(t.to_owned())),
            None => Err(Problem::new(n.at, key, format!("{key} must be text, this is {}", n.what()))),
        },
    }
}

/// A list of texts, or one text.
fn list_of(root: &Node, key: &str) -> Res<Vec<String>> {
    let Some(n) = root.get(key).filter(|n| !n.is_null()) else { return Ok(Vec::new()) };
    let wrong = || Problem::new(n.at, key, format!("{key} must be a list of texts"));
    let list = n.seq().unwrap_or(std::slice::from_ref(n));
    list.iter().filter(|n| !n.is_null()).map(|n| n.text().map(str::to_owned).ok_or_else(wrong)).collect()
}

fn author(root: &Node) -> Res<String> {
    list_of(root, "author").map(|l| l.join(", "))
}

fn tags(root: &Node) -> Res<Vec<String>> {
    let tags = list_of(root, "tags")?;
    match tags
        .iter()
        .find(|t| t.split_once('.').is_none_or(|(space, name)| space.is_empty() || name.is_empty()))
    {
        Some(bad) => {
            Err(fault(root, "tags", format!("the tag {} has no namespace, as in attack.t1059", quote(bad))))
        }
        None => Ok(tags),
    }
}

fn word<T>(root: &Node, key: &str, named: impl Fn(&str) -> Option<T>, known: &str) -> Res<Option<T>> {
    let Some(text) = text_of(root, key)? else { return Ok(None) };
    match named(&text.to_lowercase()) {
        Some(t) => Ok(Some(t)),
        None => Err(fault(root, key, format!("{key} {} is not one of {known}", quote(&text)))),
    }
}

/// ISO 8601, or with slashes as in older rules.
fn date(root: &Node, key: &str) -> Res<Option<String>> {
    let Some(text) = text_of(root, key)? else { return Ok(None) };
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let number = |i: usize| parts.get(i).and_then(|p| p.parse::<u32>().ok());
    let valid = parts.len() == 3
        && parts[0].len() == 4
        && number(0).is_some()
        && number(1).is_some_and(|m| (1..=12).contains(&m))
        && number(2).is_some_and(|d| (1..=31).contains(&d));
    if valid {
        Ok(Some(text))
    } else {
        Err(fault(root, key, format!("{} is not a date like 2026-01-31", quote(&text))))
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// FNV-1a: the same text gets the same id on every machine.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}
