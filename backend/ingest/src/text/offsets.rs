//! From bytes of a text as parsers see it (UTF-8) to bytes of its source, where those differ.
//!
//! A transcoder tells of each run of characters that have the same length on both sides; a parser's place is looked
//! up in the runs, and what lies before the record that is done is forgotten. So this holds about one record.

use std::{cell::RefCell, collections::VecDeque};

/// More runs than this are thinned in their middle: a record's start and its end stay exact.
const MOST: usize = 1 << 17;

/// Characters one after another of the same lengths.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Byte of the first one in the text and in the source.
    text: u64,
    source: u64,
    /// Bytes of each.
    text_each: u64,
    source_each: u64,
}

impl Run {
    fn source(&self, text: u64) -> u64 {
        self.source + text.saturating_sub(self.text) / self.text_each * self.source_each
    }
}

/// The runs of one source, and what was noticed about it.
#[derive(Debug, Default)]
pub(crate) struct Offsets(RefCell<State>);

#[derive(Debug, Default)]
struct State {
    runs: VecDeque<Run>,
    note: Option<&'static str>,
}

impl Offsets {
    /// More characters: `text` is the byte of the first one there, `source` the one in the source.
    pub fn run(&self, text: u64, source: u64, text_each: u64, source_each: u64) {
        let runs = &mut self.0.borrow_mut().runs;
        let same = runs.back().is_some_and(|last| {
            (last.text_each, last.source_each) == (text_each, source_each) && last.source(text) == source
        });
        if same {
            return;
        }
        runs.push_back(Run { text, source, text_each, source_each });
        if runs.len() > MOST {
            runs.drain(MOST / 4..MOST / 4 * 3);
        }
    }

    /// The byte of the source that a byte of the text comes from.
    pub fn source(&self, text: u64) -> u64 {
        let runs = &self.0.borrow().runs;
        let after = runs.partition_point(|r| r.text <= text);
        match after.checked_sub(1).and_then(|at| runs.get(at)) {
            // Behind a thinned place a run must not reach into the next.
            Some(run) => runs.get(after).map_or(u64::MAX, |next| next.source).min(run.source(text)),
            None => runs.front().map_or(text, |first| first.source.min(text)),
        }
    }

    /// Nothing before this byte of the text is asked for any more.
    pub fn forget(&self, text: u64) {
        let runs = &mut self.0.borrow_mut().runs;
        while runs.get(1).is_some_and(|next| next.text <= text) {
            runs.pop_front();
        }
    }

    /// Something to be said of the source once.
    pub fn notice(&self, note: &'static str) {
        self.0.borrow_mut().note = Some(note);
    }

    /// What is to be said now.
    pub fn note(&self) -> Option<&'static str> {
        self.0.borrow_mut().note.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_and_forgotten() {
        let offsets = Offsets::default();
        assert_eq!(offsets.source(7), 7);
        offsets.run(0, 2, 1, 2); // "ab" of UTF-16 behind its mark
        offsets.run(2, 6, 2, 2); // two letters with accents
        offsets.run(6, 10, 1, 2);
        assert_eq!([0, 1, 2, 4, 6, 9].map(|n| offsets.source(n)), [2, 4, 6, 8, 10, 16]);
        offsets.forget(7);
        assert_eq!(offsets.0.borrow().runs.len(), 1);
        assert_eq!(offsets.source(9), 16);
    }

    #[test]
    fn very_many_runs_keep_both_ends() {
        let offsets = Offsets::default();
        let many = MOST as u64 * 4;
        for n in 0..many {
            let each = 1 + n % 2;
            offsets.run(n / 2 * 3 + n % 2, n * 2, each, 2);
        }
        assert!(offsets.0.borrow().runs.len() <= MOST);
        assert_eq!((offsets.source(0), offsets.source(1)), (0, 2));
        assert_eq!(offsets.source((many - 2) / 2 * 3), (many - 2) * 2);
        let mut last = 0;
        for n in (0..many / 2 * 3).step_by(97) {
            assert!(offsets.source(n) >= last);
            last = offsets.source(n);
        }
    }
}
