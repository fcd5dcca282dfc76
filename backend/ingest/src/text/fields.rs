//! The fields of one record under way: names shared between records, a repeated name becomes a list.

use event::{Name, Value};
use std::collections::HashMap;

/// From so many names on, or so many bytes of them, all are forgotten after the record: hostile texts have ever new ones.
const MOST: usize = 1 << 16;
const MOST_BYTES: usize = 8 << 20;

/// Gathers fields; one a parser.
#[derive(Default)]
pub(crate) struct Fields {
    ids: HashMap<Name, u32>,
    slots: Vec<Slot>,
    bytes: usize,
    /// Number of the record under way.
    record: u64,
    list: Vec<(Name, Value)>,
    /// The names of `list` by number.
    order: Vec<u32>,
    round: u32,
}

/// A name that was met.
struct Slot {
    name: Name,
    /// One more than the number of the last record that has it, and where.
    record: u64,
    at: usize,
}

impl Fields {
    /// Adds a value; the second and later ones under a name make a list in their order.
    pub fn put(&mut self, name: &str, value: Value) {
        let id = self.id(name);
        self.put_by(id, value);
    }

    /// The number of a name, which holds while [`Fields::round`] is the same.
    pub fn id(&mut self, name: &str) -> u32 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let (name, id): (Name, u32) = (name.into(), self.slots.len() as u32);
        self.bytes += name.len();
        self.ids.insert(name.clone(), id);
        self.slots.push(Slot { name, record: 0, at: 0 });
        id
    }

    /// Another number when names were forgotten, so that what [`Fields::id`] said before means nothing.
    pub fn round(&self) -> u32 {
        self.round
    }

    /// The names of the record so far, by number in their order.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Adds a value by its name's number.
    pub fn put_by(&mut self, id: u32, value: Value) {
        let Some(slot) = self.slots.get_mut(id as usize) else { return };
        if slot.record != self.record + 1 {
            (slot.record, slot.at) = (self.record + 1, self.list.len());
            self.list.push((slot.name.clone(), value));
            self.order.push(id);
            return;
        }
        let Some((_, there)) = self.list.get_mut(slot.at) else { return };
        match (there, value) {
            (Value::List(list), Value::List(more)) => list.extend(*more),
            (Value::List(list), one) => list.push(one),
            (there, value) => {
                let mut list = vec![std::mem::replace(there, Value::Null)];
                match value {
                    Value::List(more) => list.extend(*more),
                    one => list.push(one),
                }
                *there = Value::list(list);
            }
        }
    }

    /// Where the field of this name is.
    fn place(&self, name: &str) -> Option<usize> {
        let slot = self.slots.get(*self.ids.get(name)? as usize)?;
        (slot.record == self.record + 1).then_some(slot.at)
    }

    /// The value under this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.list.get(self.place(name)?).map(|(_, v)| v)
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
        if let Some((_, there)) = self.place(name).and_then(|at| self.list.get_mut(at)) {
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
        let Some(at) = self.place(from) else { return };
        if from != to && self.place(to).is_none() {
            let id = self.id(to);
            self.rename_at(at, id);
        }
    }

    /// Gives the field at this place the name of this number, which no field has.
    pub fn rename_at(&mut self, at: usize, to: u32) {
        let (Some(field), Some(id)) = (self.list.get_mut(at), self.order.get_mut(at)) else { return };
        let from = std::mem::replace(id, to);
        // Another field may have that name by now.
        if let Some(slot) = self.slots.get_mut(from as usize).filter(|slot| slot.at == at) {
            slot.record = 0;
        }
        if let Some(slot) = self.slots.get_mut(to as usize) {
            (slot.record, slot.at) = (self.record + 1, at);
            field.0 = slot.name.clone();
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
        let id = self.id(text);
        self.slots.get(id as usize).map_or_else(|| text.into(), |slot| slot.name.clone())
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|(n, _)| &**n)
    }

    /// The record's fields in their order; what follows is the next record.
    pub fn take(&mut self) -> Vec<(Name, Value)> {
        let next = Vec::with_capacity(self.list.len());
        let list = std::mem::replace(&mut self.list, next);
        self.clear();
        list
    }

    /// Throws the record's fields away; what follows is the next record.
    pub fn clear(&mut self) {
        self.record += 1;
        self.list.clear();
        self.order.clear();
        if self.slots.len() > MOST || self.bytes > MOST_BYTES {
            self.ids.clear();
            self.slots.clear();
            (self.bytes, self.round) = (0, self.round + 1);
        }
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
            fields.put("a", Value::list(vec![Value::Int(3)]));
            assert_eq!(
                fields.get("a"),
                Some(&Value::list(vec![Value::Int(1), Value::Int(2), Value::Int(3)]))
            );
            assert_eq!(fields.take().len(), many + 1);
            assert_eq!(fields.get("a"), None);
        }
    }

    #[test]
    fn ever_new_names_are_forgotten_between_records() {
        let mut fields = Fields::default();
        for record in 0..3 {
            let many = MOST + 1;
            (0..many).for_each(|i| fields.put(&format!("{record}.{i}"), Value::Null));
            fields.put(&format!("{record}.0"), Value::Int(1));
            assert_eq!(fields.round(), record);
            assert_eq!(fields.take().len(), many);
            assert_eq!(fields.slots.len(), 0);
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
