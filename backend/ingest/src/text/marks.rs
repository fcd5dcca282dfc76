//! Where given bytes lie in a block of 64, as the bits of one number: what readers of columns and strings skip by.

/// Bytes looked at in one step.
pub(crate) const BLOCK: usize = 64;

/// Bytes that are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks<const N: usize>([u8; N]);

/// A byte of this value in each byte of a number.
const fn each(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

impl<const N: usize> Marks<N> {
    pub const fn new(wanted: [u8; N]) -> Self {
        Marks(wanted)
    }

    /// Bit n is set where byte `from + n` of the text is one of those; bits behind its end are not set.
    #[inline]
    pub fn at(self, text: &[u8], from: usize) -> u64 {
        let Some(rest) = text.get(from..) else { return 0 };
        match rest.first_chunk::<BLOCK>() {
            Some(block) => self.of(block),
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                // A block that is not full has no bits behind its bytes, also where zero is looked for.
                self.of(&block) & !(u64::MAX << rest.len())
            }
        }
    }

    /// Eight bytes at a time in one number.
    #[inline]
    fn of(self, block: &[u8; BLOCK]) -> u64 {
        const LOW: u64 = each(0x7f);
        let mut bits = 0;
        for (n, part) in block.as_chunks::<8>().0.iter().enumerate() {
            let word = u64::from_le_bytes(*part);
            // The highest bit of each byte that is equal to none; no carry leaves its byte.
            let apart = self.0.iter().fold(u64::MAX, |apart, byte| {
                let differs = word ^ each(*byte);
                apart & (((differs & LOW) + LOW) | differs)
            });
            // Those eight bits side by side.
            let side = ((!apart & !LOW) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            bits |= side << (n * 8);
        }
        bits
    }
}

/// The place of the first quote, backslash or control character from here on: what a plain run of a JSON string ends
/// by.
#[inline]
pub(crate) fn string_end(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(part) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*part);
        let (quote, slash) = (word ^ each(b'"'), word ^ each(b'\\'));
        // The highest bit of each such byte, and maybe of bytes behind one: the first is exact.
        let found = (quote.wrapping_sub(each(1)) & !quote)
            | (slash.wrapping_sub(each(1)) & !slash)
            | (word.wrapping_sub(each(0x20)) & !word);
        let found = found & each(0x80);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    text.get(at..)?.iter().position(|b| matches!(b, b'"' | b'\\' | ..0x20)).map(|n| at + n)
}

/// Goes from mark to mark of a text.
pub(crate) struct Walk<'t, const N: usize> {
    text: &'t [u8],
    marks: Marks<N>,
    base: usize,
    bits: u64,
}

impl<'t, const N: usize> Walk<'t, N> {
    pub fn new(text: &'t [u8], marks: Marks<N>) -> Self {
        Walk { text, marks, base: 0, bits: marks.at(text, 0) }
    }

    /// The place of the next one.
    #[inline]
    pub fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            self.base += BLOCK;
            if self.base >= self.text.len() {
                return None;
            }
            self.bits = self.marks.at(self.text, self.base);
        }
        let at = self.base + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(at)
    }

    /// Goes on from here, forwards only.
    #[inline]
    pub fn pass(&mut self, to: usize) {
        if to - self.base < BLOCK {
            self.bits &= u64::MAX << (to - self.base);
        } else {
            self.base = to;
            self.bits = self.marks.at(self.text, to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_mark_is_found(text in "[a,\"\n\r\u{e9}\u{0}]{0,300}", wanted: [u8; 4], pass in 0_usize..300) {
            let text = text.as_bytes();
            for wanted in [*b",\"\n\r", [0, 0xc3, b'a', 0xa9], wanted] {
                let marks = Marks::new(wanted);
                let mut walk = Walk::new(text, marks);
                let pass = pass.min(text.len());
                walk.pass(pass);
                let found: Vec<usize> = std::iter::from_fn(|| walk.next()).collect();
                let want: Vec<usize> = (pass..text.len()).filter(|n| wanted.contains(&text[*n])).collect();
                prop_assert_eq!(found, want);
            }
        }

        #[test]
        fn strings_end_where_they_end(text in "([a-z\u{7f}\u{e9}]{0,40}[\"\\\\\u{0}\n\u{1f} ]?){0,4}", from in 0_usize..40) {
            let text = text.as_bytes();
            let want = (from..text.len()).find(|n| matches!(text[*n], b'"' | b'\\' | 0..0x20));
            prop_assert_eq!(string_end(text, from), want);
        }
    }
}
