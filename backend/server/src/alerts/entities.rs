//! What alerts are about.

use api::alerts::Entity;
use event::{
    Event, columns,
    entity::{Host, fold, is_account},
};
use std::collections::BTreeMap;

/// Entities that an alert of a rule has at most.
const MOST: usize = 100;

/// Kinds by the fields that name them, beside host and user.
const FIELDS: &[(&str, &str)] = &[
    ("process", "Image"),
    ("process", "NewProcessName"),
    ("ip", "SourceIp"),
    ("ip", "DestinationIp"),
    ("ip", "IpAddress"),
    ("domain", "QueryName"),
    ("file", "TargetFilename"),
    ("service", "ServiceName"),
];

/// What an event is about.
pub(super) fn of_event(e: &Event) -> impl Iterator<Item = Entity> {
    let plain = |(kind, value): (&str, String)| Entity { kind: kind.into(), value, sid: None };
    let host = columns::host(e).map(|h| ("host", h.into_owned()));
    let named = FIELDS.iter().filter_map(|(kind, field)| Some((*kind, e.text(field)?.into_owned())));
    let all = host.into_iter().chain(named).map(plain).chain(user(e));
    all.filter(|e| !matches!(e.value.as_str(), "-" | "::1" | "127.0.0.1") && e.value.len() <= 1024)
}

/// The acting user with the SID beside; who has no name is known by the SID of the account.
fn user(e: &Event) -> Option<Entity> {
    let sid = columns::user_sid(e).map(|sid| sid.into_owned());
    let (value, sid) = match columns::user(e) {
        Some(name) => (name, sid),
        None => (sid.filter(|sid| is_account(sid))?, None),
    };
    Some(Entity { kind: "user".into(), value, sid })
}

/// Entities that differ, each once: of those that differ in case alone the form that is first in byte order, and a user
/// whose SID one event does not name is the one whose SID another does. So the order in which they come is no matter.
#[derive(Default)]
pub(super) struct Entities {
    /// By kind and folded value: the value as written, and SIDs as written by what they are folded.
    all: BTreeMap<(String, String), (String, BTreeMap<String, String>)>,
    count: usize,
}

impl Entities {
    /// Takes one in, where there is room for it.
    pub(super) fn add(&mut self, e: Entity) {
        let folded = folded(&e.kind, &e.value);
        let key = (e.kind, folded);
        let full = self.count >= MOST;
        let smaller = |there: &mut String, new: String| {
            if new < *there {
                *there = new;
            }
        };
        let there = match self.all.get_mut(&key) {
            Some(there) => {
                smaller(&mut there.0, e.value);
                there
            }
            None if full => return,
            None => {
                self.count += 1;
                self.all.entry(key).or_insert((e.value, BTreeMap::new()))
            }
        };
        let Some(sid) = e.sid else { return };
        let (key, sids) = (fold(&sid), &mut there.1);
        if let Some(old) = sids.get_mut(&key) {
            smaller(old, sid);
        } else if sids.is_empty() {
            // It stands beside what is there already.
            sids.insert(key, sid);
        } else if !full {
            sids.insert(key, sid);
            self.count += 1;
        }
    }

    /// As an alert lists them, in order.
    pub(super) fn list(self) -> Vec<Entity> {
        let mut list = Vec::with_capacity(self.count);
        for ((kind, _), (value, sids)) in self.all {
            let one = |sid| Entity { kind: kind.clone(), value: value.clone(), sid };
            if sids.is_empty() {
                list.push(one(None));
            }
            list.extend(sids.into_values().map(|sid| one(Some(sid))));
        }
        list.sort();
        list
    }
}

impl Extend<Entity> for Entities {
    fn extend<I: IntoIterator<Item = Entity>>(&mut self, all: I) {
        all.into_iter().for_each(|e| self.add(e));
    }
}

/// What is compared: a path that begins at the root tells cases apart, as its system does.
fn folded(kind: &str, value: &str) -> String {
    match kind {
        "host" => Host::new(value).folded().to_owned(),
        _ if value.starts_with('/') => value.to_owned(),
        _ => fold(value),
    }
}

/// Names of hosts among entities, each once.
pub(super) fn assets(entities: &[Entity]) -> Vec<String> {
    entities.iter().filter(|e| e.kind == "host").map(|e| e.value.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(kind: &str, value: &str, sid: Option<&str>) -> Entity {
        Entity { kind: kind.into(), value: value.into(), sid: sid.map(Into::into) }
    }

    fn united(all: &[Entity]) -> Vec<Entity> {
        let mut entities = Entities::default();
        entities.extend(all.iter().cloned());
        entities.list()
    }

    #[test]
    fn what_differs_in_case_is_one_in_any_order() {
        let (a, b) = ("S-1-5-21-1-2-3-500", "S-1-5-21-1-2-3-501");
        let mut all = [
            entity("host", "pc1", None),
            entity("host", "PC1", None),
            entity("host", "Pc1.corp.example.", None),
            entity("host", "Pc1.corp.example", None),
            entity("user", "CORP\\bob", None),
            entity("user", "corp\\Bob", Some(a)),
            entity("user", "CORP\\BOB", Some(&a.to_lowercase())),
            entity("user", "eve", Some(b)),
            entity("user", "eve", Some(a)),
            entity("user", "Eve", None),
            entity("file", "/tmp/A", None),
            entity("file", "/tmp/a", None),
            entity("file", "C:\\a", None),
            entity("file", "c:\\A", None),
        ];
        let right = [
            entity("file", "/tmp/A", None),
            entity("file", "/tmp/a", None),
            entity("file", "C:\\a", None),
            entity("host", "PC1", None),
            entity("host", "Pc1.corp.example", None),
            entity("user", "CORP\\BOB", Some(a)),
            entity("user", "Eve", Some(a)),
            entity("user", "Eve", Some(b)),
        ];
        for _ in 0..all.len() {
            all.rotate_left(1);
            assert_eq!(united(&all), right);
            let (first, second) = all.split_at(all.len() / 2);
            assert_eq!(united(&[&*united(second), first].concat()), right, "also in two steps");
        }
        all.reverse();
        assert_eq!(united(&all), right);
    }

    #[test]
    fn who_has_no_name_is_known_by_the_sid_of_an_account() {
        let users = |fields: &[(&str, &str)]| {
            let fields = fields.iter().map(|(n, v)| ((*n).into(), event::Value::from(*v))).collect();
            let dataset = "windows.powershell".into();
            let (time, place, identity) = (event::Nanos(0), event::Place::default(), [0; 16]);
            let e = Event { time, dataset, place, fields, identity };
            of_event(&e).map(|e| (e.kind, e.value, e.sid)).collect::<Vec<_>>()
        };
        let sid = "S-1-5-21-1-2-3-500";
        let user = |value: &str, sid: Option<&str>| {
            vec![("user".to_owned(), value.to_owned(), sid.map(String::from))]
        };
        assert_eq!(users(&[("Security_UserID", sid)]), user(sid, None));
        assert_eq!(users(&[("Security_UserID", "S-1-5-18")]), []);
        assert_eq!(users(&[("SubjectUserName", "eve"), ("SubjectUserSid", sid)]), user("eve", Some(sid)));
    }

    #[test]
    fn there_are_no_more_than_an_alert_holds() {
        let many: Vec<_> = (0..300).map(|n| entity("user", "u", Some(&format!("S-1-5-21-{n}")))).collect();
        assert_eq!(united(&many).len(), MOST);
        let many: Vec<_> = (0..300).map(|n| entity("ip", &n.to_string(), None)).collect();
        assert_eq!(united(&many).len(), MOST);
    }
}
