//! From an event to the programs that may look at it: once a channel and event id, not once a rule.

use super::Scratch;
use crate::{fold, mapping::Origin};
use event::{Event, Value};
use std::{borrow::Cow, collections::HashMap};

/// Programs by event id.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    any: Vec<u32>,
    by_id: HashMap<i64, Vec<u32>>,
}

impl Bucket {
    fn add(&mut self, program: u32, ids: Option<&[i64]>) {
        match ids {
            None => self.any.push(program),
            Some(ids) => ids.iter().for_each(|id| {
                let list = self.by_id.entry(*id).or_default();
                if list.last() != Some(&program) {
                    list.push(program);
                }
            }),
        }
    }

    fn of(&self, id: Option<i64>) -> [&[u32]; 2] {
        [&self.any, id.and_then(|id| self.by_id.get(&id)).map_or(&[], Vec::as_slice)]
    }
}

/// All routes of an engine.
#[derive(Debug, Default)]
pub(super) struct Routes {
    everything: Bucket,
    windows: Bucket,
    channels: HashMap<String, usize>,
    /// Only for events without a channel.
    providers: HashMap<String, usize>,
    buckets: Vec<Bucket>,
    /// Keys: `first.second`, `first.`, `.second`; and a category alone as both.
    datasets: HashMap<String, u32>,
    /// The lists that `datasets` names.
    lists: Vec<Vec<u32>>,
    /// Slots of Channel, Provider_Name and EventID.
    system: [u32; 3],
}

/// Events of one kind meet the same programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    windows: bool,
    bucket: Option<usize>,
    /// `None` for an id that no rule names.
    id: Option<i64>,
    /// Places of the lists of its dataset.
    datasets: [u32; 3],
}

const NONE: u32 = u32::MAX;

/// Where an event belongs, for routing and for the coverage report.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub windows: bool,
    /// Index of the known channel.
    pub bucket: Option<usize>,
    pub id: Option<i64>,
}

impl Routes {
    /// No routes yet; the slots of Channel, Provider_Name and EventID.
    pub fn new(system: [u32; 3]) -> Self {
        Routes { system, ..Routes::default() }
    }

    pub fn add(&mut self, program: u32, origin: &Origin, ids: Option<&[i64]>) {
        match origin {
            Origin::Everything => self.everything.add(program, ids),
            Origin::Windows => self.windows.add(program, ids),
            Origin::Channels { channels, providers } => {
                for channel in channels {
                    let bucket = Self::bucket(&mut self.channels, &mut self.buckets, channel);
                    self.buckets[bucket].add(program, ids);
                }
                // A provider may write to several channels: without the channel it stands for the first.
                if let Some(first) = channels.first() {
                    let bucket = Self::bucket(&mut self.channels, &mut self.buckets, first);
                    for provider in providers {
                        self.providers.entry(fold::text(provider)).or_insert(bucket);
                    }
                }
            }
            Origin::Dataset { first, second } => {
                let (a, b) = (first.as_deref().unwrap_or(""), second.as_deref().unwrap_or(""));
                let keys = [Some(format!("{a}.{b}")), a.is_empty().then(|| format!("{b}."))];
                for key in keys.into_iter().flatten() {
                    let list = *self.datasets.entry(key).or_insert_with(|| {
                        self.lists.push(Vec::new());
                        self.lists.len() as u32 - 1
                    });
                    self.lists[list as usize].push(program);
                }
            }
        }
    }

    fn bucket(names: &mut HashMap<String, usize>, buckets: &mut Vec<Bucket>, name: &str) -> usize {
        *names.entry(fold::text(name)).or_insert_with(|| {
            buckets.push(Bucket::default());
            buckets.len() - 1
        })
    }

    /// The place of an event that is loaded into the scratch.
    pub fn place(&self, event: &Event, scratch: &mut Scratch) -> Place {
        let [channel, provider, id] = self.system;
        let text = |scratch: &Scratch, slot| match scratch.value(event, slot) {
            Some(Value::Str(text)) => Some(Cow::Borrowed(&**text)),
            other => other.and_then(|v| v.text()),
        };
        let id = match scratch.value(event, id) {
            Some(Value::Int(id)) => Some(*id),
            _ => text(scratch, id).and_then(|t| t.trim().parse().ok()),
        };
        let product = event.dataset.split('.').next().unwrap_or_default();
        if matches!(product, "linux" | "macos") {
            // Sysmon for Linux has a channel and Windows' field names, and is no Windows log.
            return Place { windows: false, bucket: None, id };
        }
        let mut windows = product == "windows";
        let mut bucket = None;
        if let Some(name) = text(scratch, channel).filter(|t| !t.is_empty()) {
            // The channel decides; the provider only speaks when there is none.
            windows = true;
            bucket = match &scratch.channel {
                Some((last, bucket)) if **last == *name => *bucket,
                _ => {
                    let bucket = self.channels.get(&fold::text(&name)).copied();
                    scratch.channel = Some(((&*name).into(), bucket));
                    bucket
                }
            };
        } else if let Some(name) = text(scratch, provider).filter(|t| !t.is_empty()) {
            bucket = self.providers.get(&fold::text(&name)).copied();
            windows |= bucket.is_some();
        }
        Place { windows, bucket, id }
    }

    /// What an event at this place of this dataset has in common with others.
    pub fn kind(&self, place: &Place, dataset: &str, key: &mut String) -> Kind {
        let bucket = place.bucket.filter(|_| place.windows);
        let names = |b: &Bucket, id: i64| b.by_id.contains_key(&id);
        let asked = |id: &i64| {
            names(&self.everything, *id)
                || (place.windows && names(&self.windows, *id))
                || bucket.is_some_and(|b| names(&self.buckets[b], *id))
        };
        let datasets =
            if place.windows || self.datasets.is_empty() { [NONE; 3] } else { self.by_dataset(dataset, key) };
        Kind { windows: place.windows, bucket, id: place.id.filter(asked), datasets }
    }

    /// The programs that may look at an event that is loaded into the scratch.
    pub fn of(&self, event: &Event, scratch: &mut Scratch) -> [&[u32]; 9] {
        let place = self.place(event, scratch);
        let mut key = std::mem::take(&mut scratch.key);
        let kind = self.kind(&place, &event.dataset, &mut key);
        scratch.key = key;
        self.lists(&kind)
    }

    /// The programs of a kind of events.
    pub fn lists(&self, kind: &Kind) -> [&[u32]; 9] {
        let none: [&[u32]; 2] = [&[], &[]];
        let windows = if kind.windows { self.windows.of(kind.id) } else { none };
        let channel = kind.bucket.map_or(none, |b| self.buckets[b].of(kind.id));
        let [a, b, c] = kind.datasets.map(|l| self.lists.get(l as usize).map_or(none[0], Vec::as_slice));
        let everything = self.everything.of(kind.id);
        [everything[0], everything[1], windows[0], windows[1], channel[0], channel[1], a, b, c]
    }

    /// The slots that a route looks at.
    pub fn slots(&self) -> [u32; 3] {
        self.system
    }

    /// The programs for a kind of event, for the coverage report.
    pub fn programs(&self, place: &Place, dataset: Option<&str>) -> Vec<u32> {
        self.lists(&self.kind(place, dataset.unwrap_or_default(), &mut String::new())).concat()
    }

    /// Whether events of this kind come from that origin, whatever their id.
    pub fn from(&self, place: &Place, dataset: Option<&str>, origin: &Origin) -> bool {
        match origin {
            Origin::Everything => true,
            Origin::Windows => place.windows,
            Origin::Channels { channels, .. } => {
                place.bucket.is_some()
                    && channels.iter().any(|c| self.channels.get(&fold::text(c)).copied() == place.bucket)
            }
            Origin::Dataset { first, second } => dataset.is_some_and(|d| {
                let (a, b) = d.split_once('.').unwrap_or((d, ""));
                let named = |name: &Option<String>, part: &str| name.as_ref().is_none_or(|n| *n == part);
                named(first, a) && (named(second, b) || (first.is_none() && named(second, a)))
            }),
        }
    }

    fn by_dataset(&self, dataset: &str, key: &mut String) -> [u32; 3] {
        let (first, second) = dataset.split_once('.').unwrap_or((dataset, ""));
        let mut find = |a: &str, b: &str| {
            key.clear();
            key.extend([a, ".", b]);
            self.datasets.get(key).copied().unwrap_or(NONE)
        };
        let alone = if second.is_empty() { NONE } else { find(first, "") };
        let category = if second.is_empty() { NONE } else { find("", second) };
        [find(first, second), alone, category]
    }
}
