//! What came of each file that `scan` met, and what was read although something about it is doubtful.

use super::out;
use event::{Batch, Skipped};
use ingest::Content;
use kernel::Untrusted;
use serde::Serialize;
use std::collections::BTreeMap;

/// Things of one file that are listed; all are counted.
const LISTED: usize = 1_000;
/// Kinds of notes that are said.
const SAID: usize = 10;

/// One file.
#[derive(Debug, Default, Serialize)]
pub(super) struct Source {
    /// The argument as given joined with the path below it.
    file: String,
    /// By its content; what it is in words where it is not read.
    pub format: String,
    records: u64,
    matches: u64,
    /// What lies in it, where it is a container.
    members: Vec<Member>,
    members_total: u64,
    /// What could not be read, and why.
    skipped: Vec<Skipped>,
    skipped_total: u64,
    /// What was read although something about it is doubtful.
    notes: Vec<Skipped>,
    notes_total: u64,
}

#[derive(Debug, Serialize)]
struct Member {
    name: String,
    format: String,
    records: u64,
}

impl Source {
    pub fn new(file: &str) -> Source {
        Source { file: file.into(), ..Source::default() }
    }

    /// A member of a container begins.
    pub fn begin(&mut self, content: &Content) {
        if let Some(name) = content.member.clone() {
            self.members_total += 1;
            if self.members.len() < LISTED {
                self.members.push(Member { name, format: content.format.clone(), records: 0 });
            }
        }
    }

    pub fn batch(&mut self, batch: &Batch) {
        let records = batch.events.len() as u64;
        self.records += records;
        // The last one is the one that is read, as long as all are listed.
        if self.members_total == self.members.len() as u64
            && let Some(member) = self.members.last_mut()
        {
            member.records += records;
        }
        batch.skipped.iter().for_each(|s| self.skip(s.clone()));
        batch.notes.iter().for_each(|s| self.note(s.clone()));
    }

    pub fn matched(&mut self, matches: u64) {
        self.matches += matches;
    }

    pub fn skip(&mut self, skipped: Skipped) {
        self.skipped_total += 1;
        if self.skipped.len() < LISTED {
            self.skipped.push(skipped);
        }
    }

    pub fn note(&mut self, note: Skipped) {
        self.notes_total += 1;
        if self.notes.len() < LISTED {
            self.notes.push(note);
        }
    }
}

/// Something about a whole file.
pub(super) fn whole(reason: &str) -> Skipped {
    Skipped { member: None, record: None, offset: None, reason: reason.into() }
}

/// Notes by their kind.
#[derive(Debug, Default)]
pub(super) struct Notes(BTreeMap<String, Note>);

#[derive(Debug)]
struct Note {
    count: u64,
    /// Number of the file where it was met first, and where that is.
    first: (usize, String),
    reason: String,
}

impl Notes {
    /// A note of the file with this number. Those that differ by a number only are of one kind.
    pub fn add(&mut self, number: usize, file: &str, note: &Skipped) {
        let kind: String = note.reason.chars().filter(|c| !c.is_ascii_digit()).collect();
        if let Some(there) = self.0.get_mut(&kind) {
            there.count += 1;
            return;
        }
        let member = note.member.as_ref().map(|m| format!(" > {m}")).unwrap_or_default();
        let record = note.record.map(|r| format!(" record {r}")).unwrap_or_default();
        let first = (number, format!("{file}{member}{record}"));
        self.0.insert(kind, Note { count: 1, first, reason: note.reason.clone() });
    }

    pub fn merge(&mut self, other: Notes) {
        for (kind, new) in other.0 {
            match self.0.get_mut(&kind) {
                None => drop(self.0.insert(kind, new)),
                Some(there) => {
                    there.count += new.count;
                    if new.first.0 < there.first.0 {
                        (there.first, there.reason) = (new.first, new.reason);
                    }
                }
            }
        }
    }

    /// Says each kind once, with the place where it was met first.
    pub fn say(&self) {
        let mut all: Vec<_> = self.0.values().collect();
        all.sort_by_key(|n| std::cmp::Reverse(n.count));
        for n in all.iter().take(SAID) {
            let more =
                if n.count > 1 { format!(", and {} more like it", n.count - 1) } else { String::new() };
            let text = format!("noted: {}: {}{more}", n.first.1, n.reason);
            out::say(Untrusted::new(text).for_terminal());
        }
        if all.len() > SAID {
            out::say(format_args!(
                "noted: {} other kinds of things; --report FILE lists them",
                all.len() - SAID
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_summed_by_kind_and_name_the_first_file() {
        let (mut one, mut other) = (Notes::default(), Notes::default());
        one.add(5, "late", &whole("chunk 7 has a wrong checksum"));
        other.add(2, "early", &whole("chunk 12 has a wrong checksum"));
        other.add(3, "early", &whole("times without a zone"));
        one.merge(other);
        let all: Vec<_> = one.0.values().map(|n| (n.count, n.first.1.as_str(), n.reason.as_str())).collect();
        assert_eq!(
            all,
            [(2, "early", "chunk 12 has a wrong checksum"), (1, "early", "times without a zone")]
        );
    }
}
