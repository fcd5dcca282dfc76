//! Names of one thread: shared, with a guess which comes next and a mark whether a record has it already.
//!
//! Records of one kind name the same fields in the same order, so the name that followed the last one the
//! last time is nearly always the one, and one comparison replaces hashing and searching.

use event::Name;
use std::collections::HashMap;

/// A name's number in its [`Names`]; valid until [`Names::next_record`] starts anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(u32);

struct Entry {
    /// As the source writes it.
    raw: Box<str>,
    /// As the event has it: without spaces.
    name: Name,
    /// The entry of `name` itself.
    plain: Id,
    /// What came after it the last time.
    follower: Id,
}

/// The last record that had a name, and where.
#[derive(Clone, Copy)]
struct Mark {
    record: u64,
    place: u32,
}

/// See the module.
pub(super) struct Names {
    entries: Vec<Entry>,
    /// One an entry; apart from them, since every field asks.
    marks: Vec<Mark>,
    by_raw: HashMap<Box<str>, Id>,
    last: Id,
    record: u64,
    bytes: usize,
}

/// More than this (names, bytes of them) and all are forgotten between two records: real logs have some
/// hundreds, a hostile one may have a new one a field.
const MOST: (usize, usize) = (65_536, 8 << 20);

impl Default for Names {
    fn default() -> Self {
        Names {
            entries: Vec::new(),
            marks: Vec::new(),
            by_raw: HashMap::new(),
            last: Id(0),
            record: 1,
            bytes: 0,
        }
    }
}

impl Names {
    /// A new record begins: none of its names is there yet. Forgets all names when they are too many.
    pub fn next_record(&mut self) {
        if self.crowded() {
            *self = Names::default();
        }
        self.begin_record();
    }

    /// A new record begins; numbers stay valid.
    pub fn begin_record(&mut self) {
        self.record += 1;
        self.last = Id(0);
    }

    /// Whether there are more names than are worth keeping.
    pub fn crowded(&self) -> bool {
        self.entries.len() > MOST.0 || self.bytes > MOST.1
    }

    /// The name as the event has it.
    pub fn name(&self, id: Id) -> Name {
        self.entries[id.0 as usize].name.clone()
    }

    /// Where this record has the name already.
    #[inline]
    pub fn place(&self, id: Id) -> Option<usize> {
        let mark = &self.marks[id.0 as usize];
        (mark.record == self.record).then_some(mark.place as usize)
    }

    /// From now on this record has the name, here.
    #[inline]
    pub fn set_place(&mut self, id: Id, place: usize) {
        self.marks[id.0 as usize] = Mark { record: self.record, place: place as u32 };
    }

    /// The entry of the name that the source writes as `raw`.
    #[inline]
    pub fn find(&mut self, raw: &str) -> Id {
        if let Some(last) = self.entries.get(self.last.0 as usize)
            && let Some(guess) = self.entries.get(last.follower.0 as usize)
            && *guess.raw == *raw
        {
            self.last = last.follower;
            return guess.plain;
        }
        let found = self.by_raw.get(raw).copied().unwrap_or_else(|| self.add(raw));
        if let Some(last) = self.entries.get_mut(self.last.0 as usize) {
            last.follower = found;
        }
        self.last = found;
        self.entries[found.0 as usize].plain
    }

    fn add(&mut self, raw: &str) -> Id {
        // The plain name first, so that its entry is there to point to.
        let plain = raw.contains(' ').then(|| {
            let plain: String = raw.chars().filter(|c| *c != ' ').collect();
            self.by_raw.get(&*plain).copied().unwrap_or_else(|| self.add(&plain))
        });
        let id = Id(self.entries.len() as u32);
        let name = plain.map_or_else(|| Name::from(raw), |plain| self.name(plain));
        let plain = plain.unwrap_or(id);
        self.entries.push(Entry { raw: raw.into(), name, plain, follower: id });
        self.marks.push(Mark { record: 0, place: 0 });
        self.by_raw.insert(raw.into(), id);
        self.bytes += raw.len();
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_for_one_name_and_none_left_from_the_record_before() {
        let mut names = Names::default();
        let a = names.find("Threat Name");
        assert_eq!(&*names.name(a), "ThreatName");
        assert_eq!(names.place(a), None);
        names.set_place(a, 3);
        let b = names.find("ThreatName");
        assert_eq!((a, names.place(b)), (b, Some(3)));
        names.next_record();
        assert_eq!(names.place(b), None);
        assert_eq!(names.find("Threat Name"), b);
        assert_ne!(names.find("Other"), b);
    }

    #[test]
    fn a_flood_of_names_is_forgotten() {
        let mut names = Names::default();
        for i in 0..MOST.0 + 10 {
            names.find(&i.to_string());
        }
        names.next_record();
        assert!(names.entries.is_empty());
        names.find("0");
    }

    proptest::proptest! {
        #[test]
        fn any_order_finds_the_right_name(keys in proptest::collection::vec("[ab ]{0,3}", 0..200)) {
            let mut names = Names::default();
            for (i, key) in keys.iter().enumerate() {
                if i % 7 == 0 {
                    names.next_record();
                }
                let id = names.find(key);
                proptest::prop_assert_eq!(&*names.name(id), key.replace(' ', ""));
            }
        }
    }
}
