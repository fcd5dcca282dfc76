//! Log sources and field names of an event for rsigma, out of our own mapping, so that both engines route alike.

use event::Event;
use rsigma_parser::LogSource;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A log source with the fields that must have a value besides.
struct Source {
    source: LogSource,
    guard: Vec<(String, String)>,
    /// The rules' name of a field, and the name in these events.
    fields: Vec<(String, String)>,
}

/// Log sources by channel (lower case) and event id.
pub struct Routes {
    by_id: HashMap<(String, i64), Vec<Source>>,
    by_channel: HashMap<String, LogSource>,
    other: LogSource,
    /// Other names that a field may have.
    fallbacks: Vec<(String, Vec<String>)>,
}

fn source(product: &str, category: Option<&str>, service: Option<&str>) -> LogSource {
    LogSource {
        product: Some(product.into()),
        category: category.map(Into::into),
        service: service.map(Into::into),
        ..LogSource::default()
    }
}

fn texts(v: &Value) -> Vec<String> {
    v.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn pairs(v: &Value) -> Vec<(String, String)> {
    let map = v.as_object().into_iter().flatten();
    map.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}

impl Routes {
    pub fn new() -> Routes {
        let text = include_str!("../../../assets/mappings/sigma-windows.yml");
        let zeek = include_str!("../../../assets/mappings/sigma-zeek.yml");
        let [tree, zeek] =
            [text, zeek].map(|t| yaml_serde::from_str::<Value>(t).expect("our mapping is YAML"));
        let mut channels = HashMap::new();
        let mut by_channel = HashMap::new();
        for (name, service) in tree["services"].as_object().into_iter().flatten() {
            let names: Vec<String> = texts(&service["channels"]).iter().map(|c| c.to_lowercase()).collect();
            for channel in &names {
                by_channel.insert(channel.clone(), source("windows", None, Some(name)));
            }
            channels.insert(name.clone(), names);
        }
        let mut by_id: HashMap<_, Vec<Source>> = HashMap::new();
        for (category, sources) in tree["categories"].as_object().into_iter().flatten() {
            for s in sources.as_array().into_iter().flatten() {
                let service = s["service"].as_str().unwrap_or_default();
                for channel in channels.get(service).into_iter().flatten() {
                    for id in s["event_ids"].as_array().into_iter().flatten().filter_map(Value::as_i64) {
                        by_id.entry((channel.clone(), id)).or_default().push(Source {
                            source: source("windows", Some(category), Some(service)),
                            guard: pairs(&s["where"]),
                            fields: pairs(&s["fields"]),
                        });
                    }
                }
            }
        }
        let fallbacks = [&tree, &zeek]
            .into_iter()
            .flat_map(|t| t["fallback_fields"].as_object().into_iter().flatten())
            .map(|(name, others)| (name.clone(), texts(others)))
            .collect();
        Routes { by_id, by_channel, other: source("windows", None, None), fallbacks }
    }

    fn key(event: &Map<String, Value>) -> (String, i64) {
        let channel = event.get("Channel").and_then(Value::as_str).unwrap_or_default().to_lowercase();
        let id = event.get("EventID");
        let id = id.and_then(|id| id.as_i64().or_else(|| id.as_str()?.trim().parse().ok()));
        (channel, id.unwrap_or(-1))
    }

    /// An event as flat JSON, with every name that our mapping would find a field under.
    pub fn prepared(&self, event: &Event) -> Value {
        let mut tree = event.to_json();
        if let Some(map) = tree.as_object_mut() {
            for (name, others) in &self.fallbacks {
                let other = others.iter().find_map(|o| map.get(o)).cloned();
                if let (false, Some(value)) = (map.contains_key(name), other) {
                    map.insert(name.clone(), value);
                }
            }
            let sources = self.by_id.get(&Self::key(map)).into_iter().flatten();
            for (to, from) in sources.flat_map(|s| &s.fields) {
                if let (false, Some(value)) = (map.contains_key(to), map.get(from).cloned()) {
                    map.insert(to.clone(), value);
                }
            }
        }
        tree
    }

    /// One log source of a Windows event. Where it has several the first, so that the peer has less to do.
    pub fn first(&self, event: &Value) -> &LogSource {
        let key = event.as_object().map(Self::key).unwrap_or_default();
        match self.by_id.get(&key) {
            Some(list) => &list[0].source,
            None => self.by_channel.get(&key.0).unwrap_or(&self.other),
        }
    }

    /// All log sources of an event.
    pub fn all(&self, dataset: &str, event: &Value) -> Vec<LogSource> {
        let (product, service) = dataset.split_once('.').unwrap_or((dataset, ""));
        let Some(map) = event.as_object() else { return vec![] };
        let key = Self::key(map);
        if key.0.is_empty() && product != "windows" && !product.is_empty() {
            return vec![source(product, None, Some(service))];
        }
        let holds = |(field, want): &(String, String)| {
            map.get(field).and_then(Value::as_str).is_some_and(|t| t.eq_ignore_ascii_case(want))
        };
        let sources = self.by_id.get(&key).into_iter().flatten();
        let mut out: Vec<_> =
            sources.filter(|s| s.guard.iter().all(holds)).map(|s| s.source.clone()).collect();
        if out.is_empty() {
            out.push(self.by_channel.get(&key.0).unwrap_or(&self.other).clone());
        }
        out
    }
}
