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
    products: Vec<Product>,
    /// Other names that a field may have, tried in their order when the first is absent.
    fallbacks: HashMap<String, Vec<String>>,
}

/// The logs of one product.
#[derive(Debug, Clone, Default)]
struct Product {
    name: String,
    services: HashMap<String, Service>,
    categories: HashMap<String, Vec<Source>>,
}

#[derive(Debug, Clone, Default)]
struct Service {
    channels: Vec<String>,
    providers: Vec<String>,
    /// Datasets of events, for products without channels.
    datasets: Vec<String>,
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
    /// The mapping that comes with the program: Windows event channels, Sysmon, Security, PowerShell; Linux, Zeek,
    /// Suricata and CloudTrail by their datasets.
    ///
    /// # Errors
    /// Never for the embedded files; a test reads them.
    pub fn builtin() -> Result<Mapping, RuleError> {
        let mut all = Mapping::default();
        for text in [
            include_str!("../../../assets/mappings/sigma-windows.yml"),
            include_str!("../../../assets/mappings/sigma-linux.yml"),
            include_str!("../../../assets/mappings/sigma-zeek.yml"),
            include_str!("../../../assets/mappings/sigma-suricata.yml"),
            include_str!("../../../assets/mappings/sigma-cloudtrail.yml"),
        ] {
            let one = Mapping::from_yaml(text)?;
            all.products.extend(one.products);
            all.fallbacks.extend(one.fallbacks);
        }
        Ok(all)
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
        if self.all {
            return Ok(vec![plain(Origin::Everything)]);
        }
        let dataset = plain(Origin::Dataset {
            first: l.product.clone(),
            second: l.service.clone().or_else(|| l.category.clone()),
        });
        let mut out = Vec::new();
        let mut channels = false;
        for product in self.products.iter().filter(|p| l.product.as_ref().is_none_or(|n| *n == p.name)) {
            let known = product.targets(l);
            // Windows logs are known by their channels: what the mapping doesn't name can't be found.
            channels |= product.has_channels() && (l.product.is_some() || !known.is_empty());
            out.extend(known);
        }
        if out.is_empty() && channels {
            return Err(format!("the log source {l} is not in the mapping"));
        }
        let elsewhere = l.product.is_none() || !channels;
        if elsewhere && !out.iter().any(|t| t.origin == dataset.origin) {
            out.push(dataset);
        }
        Ok(out)
    }
}

fn plain(origin: Origin) -> Target {
    Target { origin, event_ids: None, guard: vec![], fields: vec![] }
}

impl Product {
    fn has_channels(&self) -> bool {
        self.services.values().any(|s| !s.channels.is_empty())
    }

    fn targets(&self, l: &Logsource) -> Vec<Target> {
        match (&l.category, &l.service) {
            (None, None) if self.has_channels() => vec![plain(Origin::Windows)],
            (None, None) => vec![],
            (None, Some(service)) => {
                self.services.get(service).map(|s| s.origins().map(plain).collect()).unwrap_or_default()
            }
            (Some(category), service) => {
                let all = self.categories.get(category).map_or(&[][..], Vec::as_slice);
                let fit = all.iter().filter(|s| service.as_ref().is_none_or(|n| *n == s.service));
                fit.flat_map(|s| self.of(s)).collect()
            }
        }
    }

    fn of(&self, s: &Source) -> Vec<Target> {
        let Some(service) = self.services.get(&s.service) else { return vec![] };
        let target = |origin| Target {
            origin,
            event_ids: (!s.event_ids.is_empty()).then(|| s.event_ids.clone()),
            guard: s.guard.clone(),
            fields: s.fields.clone(),
        };
        service.origins().flat_map(|origin| target(origin).by_id()).collect()
    }
}

impl Target {
    /// Only channels are routed by event id: elsewhere an id is a field that must have this value.
    fn by_id(mut self) -> Vec<Target> {
        if !matches!(self.origin, Origin::Dataset { .. }) {
            return vec![self];
        }
        let Some(ids) = self.event_ids.take() else { return vec![self] };
        let one = |id: i64| {
            let mut target = self.clone();
            target.guard.push(("EventID".into(), id.to_string()));
            target
        };
        ids.into_iter().map(one).collect()
    }
}

impl Service {
    fn origins(&self) -> impl Iterator<Item = Origin> {
        let channels = (!self.channels.is_empty())
            .then(|| Origin::Channels { channels: self.channels.clone(), providers: self.providers.clone() });
        let datasets = self.datasets.iter().map(|d| {
            let (first, second) = d.split_once('.').unwrap_or((d, ""));
            let part = |p: &str| (!p.is_empty()).then(|| p.to_owned());
            Origin::Dataset { first: part(first), second: part(second) }
        });
        channels.into_iter().chain(datasets)
    }
}

fn read(text: &str) -> Result<Mapping, Problem> {
    let docs = yaml::documents(text);
    let [doc] = <[_; 1]>::try_from(docs).map_err(|d| {
        Problem::new(Default::default(), "", format!("a mapping is one document, here are {}", d.len()))
    })?;
    let root = doc.root?;
    let (mut m, mut product) = (Mapping::default(), Product::default());
    for (key, node) in entries(&root, "")? {
        match key {
            "title" | "description" | "facts" => {}
            "product" => product.name = word(node, key)?,
            "services" => {
                for (name, node) in entries(node, key)? {
                    product.services.insert(name.to_lowercase(), service(node, name)?);
                }
            }
            "categories" => {
                for (name, node) in entries(node, key)? {
                    product.categories.insert(name.to_lowercase(), sources(node, name)?);
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
    let missing = product.categories.iter().find_map(|(c, list)| {
        list.iter().find(|s| !product.services.contains_key(&s.service)).map(|s| (c, &s.service))
    });
    match missing {
        Some((c, s)) => {
            Err(Problem::new(root.at, format!("categories.{c}"), format!("no service {}", quote(s))))
        }
        None => {
            m.products.push(product);
            Ok(m)
        }
    }
}

fn service(node: &Node, name: &str) -> Result<Service, Problem> {
    let mut s = Service::default();
    for (key, node) in entries(node, name)? {
        match key {
            "channels" => s.channels = words(node, name)?,
            "providers" => s.providers = words(node, name)?,
            "datasets" => s.datasets = words(node, name)?,
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
