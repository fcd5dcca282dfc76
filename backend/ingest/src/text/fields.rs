//! The fields of one record under way: names shared between records, a repeated name becomes a list.

use event::{Interner, Name, Value};
use std::collections::HashMap;

/// From this many fields on names are looked up by hash.
const MANY: usize = 48;

/// Gathers fields; one a parser.
#[derive(Default)]
pub(crate) struct Fields {
    names: Interner,
    list: Vec<(Name, Value)>,
    places: HashMap<Name, usize>,
}

impl Fields {
    /// Adds a value; the second and later ones under a name make a list in their order.
    pub fn put(&mut self, name: &str, value: Value) {
        let found = if self.list.len() < MANY {
            self.list.iter().position(|(n, _)| **n == *name)
        } else {
            self.places.get(name).copied()
        };
        if let Some((_, there)) = found.and_then(|at| self.list.get_mut(at)) {
            match (there, value) {
                (Value::List(list), Value::List(more)) => list.extend(more),
                (Value::List(list), one) => list.push(one),
                (there, value) => {
                    let mut list = vec![std::mem::replace(there, Value::Null)];
                    match value {
                        Value::List(more) => list.extend(more),
                        one => list.push(one),
                    }
                    *there = Value::List(list);
                }
            }
            return;
        }
        let name = self.names.intern(name);
        self.list.push((name.clone(), value));
        if self.list.len() == MANY {
            self.places = self.list.iter().enumerate().map(|(at, (n, _))| (n.clone(), at)).collect();
        } else if self.list.len() > MANY {
            self.places.insert(name, self.list.len() - 1);
        }
    }

    /// The value under this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        if self.list.len() >= MANY {
            return self.places.get(name).and_then(|at| self.list.get(*at)).map(|(_, v)| v);
        }
        self.list.iter().find(|(n, _)| **n == *name).map(|(_, v)| v)
    }

    /// The text under this name; `None` for other kinds of values.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// Gives the field under this name another value.
    pub fn set(&mut self, name: &str, value: Value) {
        if let Some((_, there)) = self.list.iter_mut().find(|(n, _)| **n == *name) {
            *there = value;
        }
    }

    /// Adds a value unless the name is there already.
    pub fn put_new(&mut self, name: &str, value: impl FnOnce() -> Option<Value>) {
        if self.get(name).is_none()
            && let Some(value) = value()
        {
            self.put(name, value);
        }
    }

    /// Gives the field under this name another value, or adds it.
    pub fn set_or_put(&mut self, name: &str, value: Value) {
        if self.get(name).is_some() { self.set(name, value) } else { self.put(name, value) }
    }

    /// Gives a field another name, unless that one is taken.
    pub fn rename(&mut self, from: &str, to: &str) {
        if from == to || self.get(to).is_some() {
            return;
        }
        let to = self.names.intern(to);
        if let Some(at) = self.list.iter().position(|(n, _)| **n == *from) {
            if self.places.remove(from).is_some() {
                self.places.insert(to.clone(), at);
            }
            self.list[at].0 = to;
        }
    }

    /// Gives every field whose name begins with `prefix` the rest of its name, unless that is taken.
    pub fn strip(&mut self, prefix: &str) {
        for at in 0..self.list.len() {
            let name = self.list[at].0.clone();
            if let Some(rest) = name.strip_prefix(prefix) {
                self.rename(&name, rest);
            }
        }
    }

    /// A name that is shared with the fields'.
    pub fn name(&mut self, text: &str) -> Name {
        self.names.intern(text)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|(n, _)| &**n)
    }

    /// The record's fields in their order; what follows is the next record.
    pub fn take(&mut self) -> Vec<(Name, Value)> {
        self.places.clear();
        let next = Vec::with_capacity(self.list.len());
        std::mem::replace(&mut self.list, next)
    }

    /// The fields, to change.
    pub fn list_mut(&mut self) -> &mut [(Name, Value)] {
        &mut self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_are_lists_few_or_many() {
        for many in [0, 100] {
            let mut fields = Fields::default();
            (0..many).for_each(|i| fields.put(&format!("f{i}"), Value::Null));
            fields.put("a", Value::Int(1));
            fields.put("a", Value::Int(2));
            fields.put("a", Value::List(vec![Value::Int(3)]));
            assert_eq!(
                fields.get("a"),
                Some(&Value::List(vec![Value::Int(1), Value::Int(2), Value::Int(3)]))
            );
            assert_eq!(fields.take().len(), many + 1);
            assert_eq!(fields.get("a"), None);
        }
    }

    #[test]
    fn names_change_only_to_free_ones() {
        let mut fields = Fields::default();
        fields.put("w.a", Value::Int(1));
        fields.put("w.b", Value::Int(2));
        fields.put("a", Value::Int(3));
        fields.strip("w.");
        assert_eq!(fields.names().collect::<Vec<_>>(), ["w.a", "b", "a"]);
    }
}
