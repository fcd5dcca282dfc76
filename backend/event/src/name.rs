//! Field names: a few hundred distinct ones over millions of events.

use serde::{Serialize, Serializer};
use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
    fmt,
    hash::{Hash, Hasher},
    ops::Deref,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

/// A field or dataset name. Usual ones are kept for as long as the program runs, so that a clone costs nothing; what
/// hostile input adds beyond a bound is counted and freed.
#[derive(Clone)]
pub struct Name(Kept);

#[derive(Clone)]
enum Kept {
    Known(&'static &'static str),
    Own(Arc<Box<str>>),
}

/// How many names are kept at most, and how long each may be: 2 MiB in all.
const MOST: usize = 32_768;
const LONGEST: usize = 64;

static KNOWN: LazyLock<Mutex<HashMap<&'static str, &'static &'static str>>> = LazyLock::new(Mutex::default);

impl Name {
    /// A name that the program itself has.
    pub const fn fixed(text: &'static &'static str) -> Name {
        Name(Kept::Known(text))
    }

    /// Whether both are one: the same place in memory, which is the same text for as long as both are held.
    #[inline]
    pub fn is(&self, other: &Name) -> bool {
        std::ptr::eq(&**self, &**other)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        if text.len() <= LONGEST {
            let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(name) = known.get(text) {
                return Name(Kept::Known(name));
            }
            if known.len() < MOST {
                let text: &'static str = Box::leak(text.into());
                let name: &'static &'static str = Box::leak(Box::new(text));
                known.insert(text, name);
                return Name(Kept::Known(name));
            }
        }
        Name(Kept::Own(Arc::new(text.into())))
    }
}

impl From<String> for Name {
    fn from(text: String) -> Name {
        text.as_str().into()
    }
}

impl Deref for Name {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match &self.0 {
            Kept::Known(name) => name,
            Kept::Own(name) => name,
        }
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        self.is(other) || **self == **other
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self)
    }
}

/// Gives the same [`Name`] for the same text, without asking the whole program for it. One a parser thread.
#[derive(Default, Debug)]
pub struct Interner(HashSet<Name>);

impl Interner {
    /// How many names are kept at most; beyond it (hostile input) each is asked for.
    const LIMIT: usize = 65_536;

    /// The shared name for `text`.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.0.get(text) {
            return name.clone();
        }
        let name: Name = text.into();
        if self.0.len() < Self::LIMIT {
            self.0.insert(name.clone());
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_wherever_it_comes_from_and_long_ones_are_freed() {
        let (a, b): (Name, Name) = ("process.name".into(), String::from("process.name").into());
        assert!(a.is(&b) && a == b && &*a == "process.name");
        assert_eq!(Name::fixed(&"process.name"), a);
        let long = "n".repeat(LONGEST + 1);
        let (a, b): (Name, Name) = (long.as_str().into(), long.as_str().into());
        assert!(a == b && !a.is(&b) && matches!(a.0, Kept::Own(_)));
        assert!(a.clone().is(&a));
        assert_eq!(size_of::<Name>(), 16);
    }
}
