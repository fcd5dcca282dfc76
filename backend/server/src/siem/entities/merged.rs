//! Which names stand for one entity, as people merged them. A merge is an arrow from a name to another; names that
//! arrows join are one, whichever way they were joined, and go under the one that no arrow leaves.

use api::siem::{EntityKind, EntityMerge};
use event::entity::{Host, User};
use std::collections::{BTreeSet, HashMap};

/// All merges as they were at a time.
#[derive(Debug, Default)]
pub struct Merged {
    hosts: Names<Host>,
    users: Names<User>,
}

/// The merged names of one kind.
#[derive(Debug)]
struct Names<T> {
    /// From a folded name to the one that it goes under.
    roots: HashMap<String, String>,
    /// Each merged name with the one that it goes under, those too.
    all: Vec<(T, String)>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Names { roots: HashMap::new(), all: vec![] }
    }
}

impl<T> Names<T> {
    fn of(arrows: &HashMap<String, String>, parse: impl Fn(&str) -> T) -> Names<T> {
        let mut names = Names::default();
        let ends: BTreeSet<&String> = arrows.iter().flat_map(|(name, into)| [name, into]).collect();
        for name in ends {
            let mut root = name;
            // No arrows go in a circle, yet a file can be damaged.
            let mut left = arrows.len();
            while let Some(next) = arrows.get(root).filter(|_| left > 0) {
                (root, left) = (next, left - 1);
            }
            names.roots.insert(name.clone(), root.clone());
            names.all.push((parse(name), root.clone()));
        }
        names
    }

    /// All that one of these is merged with, itself too.
    fn with(&self, one: impl Fn(&T) -> bool) -> impl Iterator<Item = &T> {
        let roots: BTreeSet<_> =
            self.all.iter().filter(|(name, _)| one(name)).map(|(_, root)| root).collect();
        self.all.iter().filter(move |(_, root)| roots.contains(root)).map(|(name, _)| name)
    }
}

/// What names of a kind are merged by: equal for names that differ in case or form alone.
pub fn key(kind: EntityKind, name: &str) -> String {
    match kind {
        EntityKind::Host => Host::new(name).folded().to_owned(),
        EntityKind::User => User::new(name).folded(),
    }
}

impl Merged {
    /// What these arrows join.
    pub fn of(merges: &[EntityMerge]) -> Merged {
        let arrows = |kind| -> HashMap<_, _> {
            let of = merges.iter().filter(|m| m.kind == kind);
            of.map(|m| (key(kind, &m.name), key(kind, &m.into))).collect()
        };
        Merged {
            hosts: Names::of(&arrows(EntityKind::Host), Host::new),
            users: Names::of(&arrows(EntityKind::User), User::new),
        }
    }

    /// The key that a key goes under, where it is merged.
    pub fn root(&self, kind: EntityKind, key: &str) -> Option<&str> {
        let roots = match kind {
            EntityKind::Host => &self.hosts.roots,
            EntityKind::User => &self.users.roots,
        };
        roots.get(key).map(String::as_str)
    }

    /// The host of this name, by it and by whatever is merged with a name that is the same.
    pub fn hosts(&self, name: &str) -> Vec<Host> {
        let own = Host::new(name);
        let mut all: Vec<_> =
            self.hosts.with(|host| host.same(&own)).filter(|h| **h != own).cloned().collect();
        all.insert(0, own);
        all
    }

    /// The user of this name, by it and by whatever is merged with a name that is the same.
    pub fn users(&self, name: &str) -> Vec<User> {
        let own = User::new(name);
        let mut all: Vec<_> =
            self.users.with(|user| user.same(&own)).filter(|u| **u != own).cloned().collect();
        all.insert(0, own);
        all
    }

    /// Names, folded, that are merged with just this host, without itself.
    pub fn beside(&self, host: &str) -> Vec<&str> {
        let own = Host::new(host);
        self.hosts.with(|host| *host == own).filter(|h| **h != own).map(Host::folded).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::Time;

    fn merged(kind: EntityKind, arrows: &[(&str, &str)]) -> Merged {
        let one = |(n, (name, into)): (usize, &(&str, &str))| EntityMerge {
            merge_id: n.to_string(),
            kind,
            name: (*name).into(),
            into: (*into).into(),
            reason: None,
            merged_by: "ann".into(),
            merged_at: Time(0),
        };
        Merged::of(&arrows.iter().enumerate().map(one).collect::<Vec<_>>())
    }

    fn hosts(m: &Merged, name: &str) -> Vec<String> {
        m.hosts(name).iter().map(|h| h.folded().to_owned()).collect()
    }

    #[test]
    fn arrows_join_whichever_way_they_came() {
        let m = merged(EntityKind::Host, &[("A", "b"), ("B", "c"), ("d", "C"), ("x.corp", "y")]);
        for name in ["a", "b", "c", "d"] {
            assert_eq!(m.root(EntityKind::Host, name), Some("c"));
            let mut all = hosts(&m, name);
            assert_eq!(all[0], name);
            all.sort();
            assert_eq!(all, ["a", "b", "c", "d"]);
        }
        assert_eq!((m.root(EntityKind::Host, "z"), m.root(EntityKind::User, "a")), (None, None));
        assert_eq!(hosts(&m, "Z"), ["z"]);
        assert_eq!(hosts(&m, "x"), ["x", "x.corp", "y"], "also by a name that is the same");
        assert!(m.beside("x").is_empty(), "but not here");
        assert_eq!(m.beside("C"), ["a", "b", "d"]);
        let split = merged(EntityKind::Host, &[("b", "c"), ("d", "c")]);
        assert_eq!(hosts(&split, "a"), ["a"]);
        // A circle, which only a damaged file has, ends.
        assert!(merged(EntityKind::Host, &[("a", "b"), ("b", "a")]).root(EntityKind::Host, "a").is_some());
    }

    #[test]
    fn users_are_joined_in_any_form() {
        let m = merged(EntityKind::User, &[("CORP\\bob", "bob.adm@corp.example")]);
        let names: Vec<_> = m.users("bob@corp").iter().map(User::folded).collect();
        assert_eq!(names, ["corp\\bob", "corp.example\\bob.adm"]);
        assert_eq!(m.users("alice").len(), 1);
    }
}
