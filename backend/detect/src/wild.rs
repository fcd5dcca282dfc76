//! Runs with `?` and dashes found in one pass over a text, whatever the text: a bit for each character of the run
//! says whether the run up to it ends here (Shift-And, Baeza-Yates and Gonnet 1992).

use crate::sigma::pattern::{DASHES, Part};

/// Characters that a run may have: with as many different ones the masks take two megabytes.
pub(crate) const LONGEST: usize = 4_096;
/// Bits that one step over the text works on.
pub(crate) const BITS: usize = 64;

/// For each character of the text the places of the run where it may stand.
pub(crate) struct Masks {
    chars: usize,
    words: usize,
    /// Number of the row of each ASCII character; 0 is the row of all that the run does not name.
    ascii: [u16; 128],
    /// Other characters in order, with their rows.
    others: Vec<(char, u16)>,
    rows: Vec<u64>,
}

impl Masks {
    /// For parts without `*` that stand for `chars` characters, at most [`LONGEST`].
    pub fn new(parts: &[Part], chars: usize) -> Masks {
        let words = chars.div_ceil(BITS).max(1);
        let mut named: Vec<char> = Vec::new();
        for part in parts {
            match part {
                Part::Text(t) => named.extend(t.chars()),
                Part::Dash => named.extend(DASHES),
                Part::One | Part::Any => {}
            }
        }
        named.sort_unstable();
        named.dedup();
        let mut masks = Masks { chars, words, ascii: [0; 128], others: vec![], rows: vec![0; words] };
        for (c, row) in named.iter().zip(1_u16..) {
            match masks.ascii.get_mut(*c as usize) {
                Some(place) => *place = row,
                None => masks.others.push((*c, row)),
            }
        }
        // Where anything may stand, every row has its bit.
        masks.places(parts, |masks, part, at| {
            if *part == Part::One {
                masks.rows[at / BITS] |= 1 << (at % BITS);
            }
        });
        masks.rows = masks.rows.repeat(named.len() + 1);
        masks.places(parts, |masks, part, at| match part {
            Part::Text(t) => t.chars().enumerate().for_each(|(i, c)| masks.set(c, at + i)),
            Part::Dash => DASHES.into_iter().for_each(|c| masks.set(c, at)),
            Part::One | Part::Any => {}
        });
        masks
    }

    fn places(&mut self, parts: &[Part], mut each: impl FnMut(&mut Masks, &Part, usize)) {
        let mut at = 0;
        for part in parts {
            each(self, part, at);
            at += part.chars();
        }
    }

    fn set(&mut self, c: char, at: usize) {
        let row = self.row(c);
        self.rows[row * self.words + at / BITS] |= 1 << (at % BITS);
    }

    #[inline]
    fn row(&self, c: char) -> usize {
        match self.ascii.get(c as usize) {
            Some(row) => usize::from(*row),
            None => {
                self.others.binary_search_by_key(&c, |(c, _)| *c).map_or(0, |i| usize::from(self.others[i].1))
            }
        }
    }

    /// The byte behind the first place where the run stands.
    pub fn end(&self, text: &str) -> Option<usize> {
        let Some(last) = self.chars.checked_sub(1) else { return Some(0) };
        let (word, bit) = (last / BITS, 1_u64 << (last % BITS));
        if self.words == 1 {
            let mut state = 0_u64;
            for (at, c) in text.char_indices() {
                state = (state << 1 | 1) & self.rows[self.row(c)];
                if state & bit != 0 {
                    return Some(at + c.len_utf8());
                }
            }
            return None;
        }
        let mut state = vec![0_u64; self.words];
        for (at, c) in text.char_indices() {
            let row = self.row(c) * self.words;
            let mut carry = 1;
            for (s, mask) in state.iter_mut().zip(&self.rows[row..row + self.words]) {
                let over = *s >> (BITS - 1);
                *s = (*s << 1 | carry) & mask;
                carry = over;
            }
            if state[word] & bit != 0 {
                return Some(at + c.len_utf8());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part() -> impl Strategy<Value = Part> {
        prop_oneof![
            3 => "[abé]{1,40}".prop_map(Part::Text),
            2 => Just(Part::One),
            1 => Just(Part::Dash),
        ]
    }

    proptest! {
        #[test]
        fn finds_what_trying_every_place_finds(
            parts in prop::collection::vec(part(), 1..8),
            noise in "[abé/-]{0,30}",
            fill in prop::sample::select(vec!['a', 'é', '-']),
        ) {
            let chars: usize = parts.iter().map(Part::chars).sum();
            let of = |p: &Part| match p {
                Part::Text(t) => t.clone(),
                Part::Dash => "—".into(),
                _ => fill.to_string(),
            };
            let whole = format!("{noise}{}x", parts.iter().map(of).collect::<String>());
            for text in [whole.as_str(), &noise, ""] {
                let all: Vec<(usize, char)> = text.char_indices().collect();
                let fits = |from: usize| {
                    let mut at = from;
                    parts.iter().all(|p| {
                        let held = match p {
                            Part::Text(t) => t.chars().enumerate().all(|(i, c)| all.get(at + i).is_some_and(|a| a.1 == c)),
                            Part::Dash => all.get(at).is_some_and(|a| DASHES.contains(&a.1)),
                            _ => at < all.len(),
                        };
                        at += p.chars();
                        held
                    })
                };
                let want = (0..all.len()).find(|i| fits(*i)).map(|i| {
                    all.get(i + chars).map_or(text.len(), |a| a.0)
                });
                prop_assert_eq!(Masks::new(&parts, chars).end(text), want, "{:?} in {}", parts, text);
            }
        }
    }
}
