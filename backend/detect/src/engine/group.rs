//! The programs that may look at one kind of event, and what to look for before any of them is evaluated.

use super::{
    Program,
    ends::{Ends, From, Literal},
    scratch::Scratch,
    witness::{Atom, Clause, Sight, choose},
};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use event::Event;
use std::collections::HashMap;

/// Made once for each kind of event that is met.
#[derive(Debug)]
pub(super) struct Group {
    /// In the order of their rules.
    programs: Box<[u32]>,
    /// A bit for each program that has to be evaluated whatever the event shows.
    always: Box<[u64]>,
    fields: Vec<Field>,
    anywhere: Option<Inside>,
    /// For each atom the places (in `programs`) of those that watch for it: ranges of `watchers`.
    atoms: Vec<(u32, u32)>,
    watchers: Vec<u32>,
}

/// What to look for in one field.
#[derive(Debug)]
struct Field {
    slot: u32,
    present: Option<u32>,
    starts: Option<Ends>,
    ends: Option<Ends>,
    inside: Option<Inside>,
}

/// Literals anywhere in a text; the automaton's pattern numbers are places in `numbers`.
#[derive(Debug)]
struct Inside {
    automaton: AhoCorasick,
    numbers: Vec<u32>,
}

/// Bytes of literals up to which an automaton is made for speed rather than size.
const SMALL: usize = 4_096;
/// Bytes of literals that a group watches for. SigmaHQ's largest has a tenth; programs beyond are evaluated always.
const MOST: usize = 1 << 20;

impl Inside {
    fn new(literals: &[(&str, u32)]) -> Option<Inside> {
        if literals.is_empty() {
            return None;
        }
        let bytes: usize = literals.iter().map(|(t, _)| t.len()).sum();
        let kind = if bytes <= SMALL { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(kind))
            .prefilter(false)
            .build(literals.iter().map(|(t, _)| t))
            .ok()?;
        Some(Inside { automaton, numbers: literals.iter().map(|(_, n)| *n).collect() })
    }

    fn find(&self, text: &str, mut found: impl FnMut(u32)) {
        for hit in self.automaton.find_overlapping_iter(text) {
            found(self.numbers[hit.pattern().as_usize()]);
        }
    }
}

/// What one scan has seen in a group; reused from event to event.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// For each atom the number of the event it was last seen in.
    atoms: Vec<u32>,
    event: u32,
    /// A bit for each program that is to be evaluated.
    programs: Vec<u64>,
}

impl Seen {
    fn start(&mut self, group: &Group) {
        self.event = self.event.wrapping_add(1);
        if self.event == 0 {
            self.atoms.fill(0);
            self.event = 1;
        }
        if self.atoms.len() < group.atoms.len() {
            self.atoms.resize(group.atoms.len(), 0);
        }
        self.programs.clear();
        self.programs.extend_from_slice(&group.always);
    }

    fn atom(&mut self, group: &Group, number: u32) {
        let seen = &mut self.atoms[number as usize];
        if *seen != self.event {
            *seen = self.event;
            let (from, to) = group.atoms[number as usize];
            for program in &group.watchers[from as usize..to as usize] {
                self.programs[*program as usize / 64] |= 1 << (program % 64);
            }
        }
    }
}

impl Group {
    /// `programs` are numbers in `all`; `known` are the slots that the route has looked at.
    pub fn new(mut programs: Vec<u32>, all: &[Program], known: &[u32]) -> Group {
        programs.sort_unstable_by_key(|p| (all[*p as usize].rule, *p));
        programs.dedup();
        let own: Vec<&Program> = programs.iter().map(|p| &all[*p as usize]).collect();
        let witnesses = choose(&own, known);
        let mut always = vec![0_u64; programs.len().div_ceil(64)];
        let mut watchers: HashMap<&Atom, Vec<u32>> = HashMap::new();
        let mut order: Vec<&Atom> = Vec::new();
        let mut bytes = 0;
        for (i, witness) in witnesses.iter().enumerate() {
            let new = |clause: &&Clause| -> usize {
                clause.iter().filter(|a| !watchers.contains_key(a)).map(|a| a.sight.bytes()).sum()
            };
            let fitting = witness.as_ref().map(|c| (new(&c), c)).filter(|(new, _)| bytes + new <= MOST);
            let Some((new, clause)) = fitting else {
                always[i / 64] |= 1 << (i % 64);
                continue;
            };
            bytes += new;
            for atom in clause {
                let list = watchers.entry(atom).or_insert_with(|| {
                    order.push(atom);
                    Vec::new()
                });
                if list.last() != Some(&(i as u32)) {
                    list.push(i as u32);
                }
            }
        }
        let mut group = Group {
            programs: programs.into(),
            always: always.into(),
            fields: Vec::new(),
            anywhere: None,
            atoms: Vec::with_capacity(order.len()),
            watchers: Vec::new(),
        };
        for atom in &order {
            let from = group.watchers.len() as u32;
            group.watchers.extend(watchers.get(atom).into_iter().flatten());
            group.atoms.push((from, group.watchers.len() as u32));
        }
        group.look_for(&order);
        group
    }

    fn look_for(&mut self, atoms: &[&Atom]) {
        let mut by_slot: HashMap<Option<u32>, Vec<u32>> = HashMap::new();
        for (number, atom) in atoms.iter().enumerate() {
            by_slot.entry(atom.slot).or_default().push(number as u32);
        }
        for (slot, numbers) in by_slot {
            let mut present = None;
            let (mut starts, mut ends, mut inside): (Vec<Literal<'_>>, Vec<Literal<'_>>, Vec<_>) =
                Default::default();
            for number in numbers {
                match &atoms[number as usize].sight {
                    Sight::Present => present = Some(number),
                    Sight::Whole(t) => starts.push((&**t, true, number)),
                    Sight::Start(t) => starts.push((&**t, false, number)),
                    Sight::End(t) => ends.push((&**t, false, number)),
                    Sight::Inside(t) => inside.push((&**t, number)),
                }
            }
            let inside = Inside::new(&inside);
            match slot {
                None => self.anywhere = inside,
                Some(slot) => self.fields.push(Field {
                    slot,
                    present,
                    starts: Ends::new(&starts, From::Start),
                    ends: Ends::new(&ends, From::End),
                    inside,
                }),
            }
        }
        self.fields.sort_unstable_by_key(|f| f.slot);
    }

    /// Calls `evaluate` for every program that the event may match, in the order of their rules.
    pub fn candidates(
        &self,
        event: &Event,
        scratch: &mut Scratch,
        seen: &mut Seen,
        mut evaluate: impl FnMut(u32, &mut Scratch),
    ) {
        seen.start(self);
        for field in &self.fields {
            if !scratch.fills(field.slot) {
                continue;
            }
            if let Some(number) = field.present {
                seen.atom(self, number);
            }
            if field.starts.is_none() && field.ends.is_none() && field.inside.is_none() {
                continue;
            }
            scratch.any_folded(event, field.slot, |text| {
                if let Some(starts) = &field.starts {
                    starts.walk(text, |n| seen.atom(self, n));
                }
                if let Some(ends) = &field.ends {
                    ends.walk(text, |n| seen.atom(self, n));
                }
                if let Some(inside) = &field.inside {
                    inside.find(text, |n| seen.atom(self, n));
                }
                false
            });
        }
        if let Some(inside) = &self.anywhere {
            scratch.any_folded_anywhere(event, |text| {
                inside.find(text, |n| seen.atom(self, n));
                false
            });
        }
        for (word, bits) in seen.programs.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let program = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                evaluate(self.programs[program], scratch);
            }
        }
    }
}
