//! Which blocks of a segment can hold a text: for runs of three and of five bytes of folded text, each by a hash, the
//! blocks that have them. It never leaves out a block that holds the text.

use crate::{
    block::{END, NONE, Rows, set},
    frame,
};

/// Rows for runs of three bytes, as a power of two, and for runs of five.
const THREE: u32 = 15;
const FIVE: u32 = 18;
const ALL: usize = (1 << THREE) + (1 << FIVE);
/// Rows that are packed together.
const TOGETHER: usize = 128;
/// Bytes of a row.
const ROW: usize = size_of::<Rows>();
/// Runs of each length that are looked up of a text: first few, then, where these leave much, more.
const FEW: [usize; 2] = [1, 4];
const MORE: [usize; 2] = [4, 16];

#[inline]
fn three(run: u64) -> usize {
    ((run & 0xff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - THREE)) as usize
}

#[inline]
fn five(run: u64) -> usize {
    (1 << THREE) + ((run & 0xff_ffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FIVE)) as usize
}

/// Of a whole segment, as it is made.
pub(crate) struct Signature(Vec<Rows>);

impl Signature {
    pub fn new() -> Signature {
        Signature(vec![NONE; ALL])
    }

    /// Takes in the folded texts of a block.
    pub fn add(&mut self, block: usize, folded: &[u8]) {
        let (mut run, mut len) = (0_u64, 0_u32);
        for byte in folded {
            if *byte == END {
                len = 0;
                continue;
            }
            run = run << 8 | u64::from(*byte);
            len += 1;
            if len >= 3 {
                set(&mut self.0[three(run)], block);
            }
            if len >= 5 {
                set(&mut self.0[five(run)], block);
            }
        }
    }

    /// Its slices in order, packed.
    pub fn slices(&self) -> impl Iterator<Item = Vec<u8>> {
        let mut plain = Vec::with_capacity(TOGETHER * ROW);
        self.0.chunks(TOGETHER).map(move |rows| {
            plain.clear();
            rows.iter().flatten().for_each(|word| plain.extend(word.to_le_bytes()));
            frame::pack(&plain)
        })
    }
}

/// Where to look for a text: slices, and rows in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(Vec<(i64, usize)>);

impl Places {
    /// Those of a folded text, the first to look at and the others; none for one that is too short, which can be
    /// anywhere.
    pub fn of(folded: &str) -> [Places; 2] {
        let all = |most: [usize; 2]| {
            let mut places = vec![];
            for (len, most) in [3, 5].into_iter().zip(most) {
                let runs: Vec<_> = folded.as_bytes().windows(len).collect();
                // Spread over all of the text.
                let step = runs.len().div_ceil(most).max(1);
                for run in runs.into_iter().step_by(step) {
                    let run = run.iter().fold(0_u64, |run, byte| run << 8 | u64::from(*byte));
                    let row = if len == 3 { three(run) } else { five(run) };
                    places.push(((row / TOGETHER) as i64, row % TOGETHER));
                }
            }
            places.sort_unstable();
            places.dedup();
            places
        };
        let first = all(FEW);
        let mut others = all(MORE);
        others.retain(|place| !first.contains(place));
        [Places(first), Places(others)]
    }

    /// The slices to read, each once, in order.
    pub fn slices(&self) -> Vec<i64> {
        let mut slices: Vec<_> = self.0.iter().map(|(slice, _)| *slice).collect();
        slices.dedup();
        slices
    }

    /// Takes from `blocks` those that can't hold the text, as unpacked slices say. What is missing or damaged says nothing.
    pub fn narrow<'s>(&self, slice: impl Fn(i64) -> Option<&'s [u8]>, blocks: &mut Rows) {
        for (at, row) in &self.0 {
            let row = slice(*at).and_then(|plain| plain.get(row * ROW..(row + 1) * ROW));
            let (words, _) = row.unwrap_or_default().as_chunks::<8>();
            words.iter().zip(&mut *blocks).for_each(|(word, all)| *all &= u64::from_le_bytes(*word));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::has;

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(24))]
        #[test]
        fn no_block_that_has_the_text_is_left_out(
            texts in proptest::collection::vec("[a-c]{0,9}|.{0,12}", 1..20),
            from: proptest::sample::Index,
            len in 0_usize..12,
        ) {
            let mut signature = Signature::new();
            for (block, text) in texts.iter().enumerate() {
                signature.add(block, &[text.as_bytes(), &[END]].concat());
            }
            let slices: Vec<_> = signature.slices().map(|packed| frame::unpack(&packed).unwrap()).collect();
            let some = &texts[from.index(texts.len())];
            let needle: String = some.chars().skip(from.index(some.len().max(1))).take(len).collect();
            let mut blocks = [u64::MAX; 4];
            for places in Places::of(&needle) {
                places.narrow(|at| slices.get(at as usize).map(Vec::as_slice), &mut blocks);
            }
            for (block, text) in texts.iter().enumerate() {
                proptest::prop_assert!(!text.contains(&needle) || has(&blocks, block), "{text:?} {needle:?}");
            }
            if needle.len() >= 6 {
                proptest::prop_assert!(!has(&blocks, 200), "what is nowhere is found out");
            }
        }
    }
}
