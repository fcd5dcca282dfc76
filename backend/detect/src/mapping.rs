//! Which events a rule's log source means, and what its fields are called there. Data, not code.

use crate::sigma::{
    Logsource, RuleError,
    error::{Problem, quote},
    yaml::{self, Node, Scalar},
};
use std::collections::HashMap;

/// A log source mapping, read from YAML (see `assets/mappings`).
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// Every rule looks at every event.
    all: bool,
    product: String,
    services: HashMap<String, Service>,
    categories: HashMap<String, Vec<Source>>,
    /// Other names that a field may have, tried in their order when the first is absent.
    fallbacks: HashMap<String, Vec<String>>,
}

#[derive(Debug, Clone, Default)]
struct Service {
    channels: Vec<String>,
    providers: Vec<String>,
}

/// One place where events of a category are.
#[derive(Debug, Clone, Default)]
struct Source {
    service: String,
    event_ids: Vec<i64>,
    guard: Vec<(String, String)>,
    fields: Vec<(String, String)>,
}

/// Where a rule's events come from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Origin {
    Everything,
    Windows,
    Channels {
        channels: Vec<String>,
        providers: Vec<String>,
    },
    /// Parts of [`event::Event::dataset`]: `product.service`, or a product or category alone.
    Dataset {
        first: Option<String>,
        second: Option<String>,
    },
}

/// One route of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub origin: Origin,
    pub event_ids: Option<Vec<i64>>,
    /// Fields that must have these values besides.
    pub guard: Vec<(String, String)>,
    /// The rule's name of a field, and the name in these events.
    pub fields: Vec<(String, String)>,
}

impl Mapping {
    /// The mapping that comes with the program: Windows event channels, Sysmon, Security,
    /// PowerShell, and other spellings of Zeek's fields.
    ///
    /// # Errors
    /// Never for the embedded file; a test reads it.
    pub fn builtin() -> Result<Mapping, RuleError> {
        let mut windows = Mapping::from_yaml(include_str!("../../../assets/mappings/sigma-windows.yml"))?;
        let zeek = Mapping::from_yaml(include_str!("../../../assets/mappings/sigma-zeek.yml"))?;
        windows.fallbacks.extend(zeek.fallbacks);
        Ok(windows)
    }

    /// A mapping under which every rule looks at every event, whatever its log source.
    pub fn ignoring_logsource() -> Mapping {
        Mapping { all: true, ..Mapping::default() }
    }

    /// Reads a mapping.
    ///
    /// # Errors
    /// When the text is not YAML or a key is unknown or wrong, with its place.
    pub fn from_yaml(text: &str) -> Result<Mapping, RuleError> {
        read(text).map_err(|p| p.in_document(0, None))
    }

    /// Names to try for a field when it is absent.
    pub(crate) fn fallbacks(&self, field: &str) -> &[String] {
        self.fallbacks.get(field).map_or(&[], Vec::as_slice)
    }

    /// The routes of a rule, or why there is none.
    pub(crate) fn targets(&self, l: &Logsource) -> Result<Vec<Target>, String> {
        let plain = |origin| Target { origin, event_ids: None, guard: vec![], fields: vec![] };
        if self.all {
            return Ok(vec![plain(Origin::Everything)]);
        }
        let known = l.category.as_ref().map_or_else(
            || l.service.as_ref().is_some_and(|s| self.services.contains_key(s)),
            |c| self.categories.contains_key(c),
        );
        let ours = l.product.as_ref().map_or(known, |p| *p == self.product);
        let dataset = plain(Origin::Dataset {
            first: l.product.clone(),
            second: l.service.clone().or_else(|| l.category.clone()),
        });
        if !ours {
            return Ok(vec![dataset]);
        }
        let unknown = || Err(format!("the log source {l} is not in the mapping"));
        let mut out = match (&l.category, &l.service) {
            (None, None) => vec![plain(Origin::Windows)],
            (None, Some(service)) => match self.services.get(service) {
                Some(s) => vec![plain(s.origin())],
                None => return unknown(),
            },
            (Some(category), service) => {
                let all = self.categories.get(category).map_or(&[][..], Vec::as_slice);
                let fit = all.iter().filter(|s| service.as_ref().is_none_or(|n| *n == s.service));
                fit.filter_map(|s| self.target(s)).collect()
            }
        };
        if out.is_empty() {
            return unknown();
        }
        if l.product.is_none() {
            out.push(dataset);
        }
        Ok(out)
    }

    fn target(&self, s: &Source) -> Option<Target> {
        Some(Target {
            origin: self.services.get(&s.service)?.origin(),
            event_ids: (!s.event_ids.is_empty()).then(|| s.event_ids.clone()),
            guard: s.guard.clone(),
            fields: s.fields.clone(),
        })
    }
}

impl Service {
    fn origin(&self) -> Origin {
        Origin::Channels { channels: self.channels.clone(), providers: self.providers.clone() }
    }
}

fn read(text: &str) -> Result<Mapping, Problem> {
    let docs = yaml::documents(text);
    let [doc] = <[_; 1]>::try_from(docs).map_err(|d| {
        Problem::new(Default::default(), "", format!("a mapping is one document, here are {}", d.len()))
    })?;
    let root = doc.root?;
    let mut m = Mapping::default();
    for (key, node) in entries(&root, "")? {
        match key {
            "title" | "description" | "facts" => {}
            "product" => m.product = word(node, key)?,
            "services" => {
                for (name, node) in entries(node, key)? {
                    m.services.insert(name.to_lowercase(), service(node, name)?);
                }
            }
            "categories" => {
                for (name, node) in entries(node, key)? {
                    m.categories.insert(name.to_lowercase(), sources(node, name)?);
                }
            }
            "fallback_fields" => {
                for (name, node) in entries(node, key)? {
                    m.fallbacks.insert(name.to_owned(), words(node, name)?);
                }
            }
            other => return Err(Problem::new(node.at, other, format!("unknown key {}", quote(other)))),
        }
    }
    let missing = m.categories.iter().find_map(|(c, list)| {
        list.iter().find(|s| !m.services.contains_key(&s.service)).map(|s| (c, &s.service))
    });
    match missing {
        Some((c, s)) => {
            Err(Problem::new(root.at, format!("categories.{c}"), format!("no service {}", quote(s))))
        }
        None => Ok(m),
    }
}

fn service(node: &Node, name: &str) -> Result<Service, Problem> {
    let mut s = Service::default();
    for (key, node) in entries(node, name)? {
        match key {
            "channels" => s.channels = words(node, name)?,
            "providers" => s.providers = words(node, name)?,
            other => return Err(Problem::new(node.at, name, format!("unknown key {}", quote(other)))),
        }
    }
    Ok(s)
}

fn sources(node: &Node, name: &str) -> Result<Vec<Source>, Problem> {
    let Some(list) = node.seq() else {
        return Err(Problem::new(node.at, name, "a list of sources is expected"));
    };
    let pairs = |node: &Node| -> Result<Vec<(String, String)>, Problem> {
        entries(node, name)?.into_iter().map(|(k, v)| Ok((k.to_owned(), word(v, name)?))).collect()
    };
    let mut out = Vec::new();
    for entry in list {
        let mut s = Source::default();
        for (key, node) in entries(entry, name)? {
            match key {
                "service" => s.service = word(node, name)?.to_lowercase(),
                "event_ids" => s.event_ids = ids(node, name)?,
                "where" => s.guard = pairs(node)?,
                "fields" => s.fields = pairs(node)?,
                other => return Err(Problem::new(node.at, name, format!("unknown key {}", quote(other)))),
            }
        }
        out.push(s);
    }
    Ok(out)
}

fn ids(node: &Node, path: &str) -> Result<Vec<i64>, Problem> {
    let list = node.seq().unwrap_or(std::slice::from_ref(node));
    let id = |n: &Node| match n.scalar() {
        Some(Scalar::Int(i)) => i64::try_from(i).ok(),
        _ => None,
    };
    list.iter().map(|n| id(n).ok_or_else(|| Problem::new(n.at, path, "an event id is a number"))).collect()
}

fn entries<'a>(node: &'a Node, path: &str) -> Result<Vec<(&'a str, &'a Node)>, Problem> {
    let Some(map) = node.map() else {
        return Err(Problem::new(node.at, path, format!("a map is expected, this is {}", node.what())));
    };
    Ok(map.iter().map(|(k, v)| (k.text().unwrap_or_default(), v)).collect())
}

fn word(node: &Node, path: &str) -> Result<String, Problem> {
    let text = node.text().ok_or_else(|| Problem::new(node.at, path, "a text is expected"))?;
    Ok(text.to_owned())
}

fn words(node: &Node, path: &str) -> Result<Vec<String>, Problem> {
    node.seq().unwrap_or(std::slice::from_ref(node)).iter().map(|n| word(n, path)).collect()
}
