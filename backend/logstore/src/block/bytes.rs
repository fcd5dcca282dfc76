//! Numbers as bytes: seven bits each, the low ones first (LEB128), with a sign in the lowest bit (zigzag) where there can
//! be one.

/// Bytes still to be read. Reading past the end is `None`, whatever they say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut<'a>(pub &'a [u8]);

impl<'a> Cut<'a> {
    pub fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        let (mut n, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return None;
            }
            n |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(n);
            }
            shift += 7;
        }
    }

    /// A number of things that at least `each` bytes of what is left are needed for.
    pub fn count(&mut self, each: usize) -> Option<usize> {
        let n = usize::try_from(self.number()?).ok()?;
        (n.checked_mul(each)? <= self.0.len()).then_some(n)
    }

    pub fn signed(&mut self) -> Option<i64> {
        let n = self.number()?;
        Some((n >> 1).cast_signed() ^ -(n & 1).cast_signed())
    }

    /// Text with its length before it.
    pub fn text(&mut self) -> Option<&'a str> {
        let len = self.count(1)?;
        std::str::from_utf8(self.bytes(len)?).ok()
    }
}

pub(crate) fn put(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

pub(crate) fn put_signed(out: &mut Vec<u8>, n: i64) {
    put(out, (n << 1 ^ n >> 63).cast_unsigned());
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn there_and_back(n: u64, s: i64, text: String) {
            let mut out = vec![];
            put(&mut out, n);
            put_signed(&mut out, s);
            put_text(&mut out, &text);
            let mut cut = Cut(&out);
            proptest::prop_assert_eq!((cut.number(), cut.signed(), cut.text()), (Some(n), Some(s), Some(&*text)));
            proptest::prop_assert!(cut.0.is_empty());
            for short in 0..out.len() {
                let mut cut = Cut(&out[..short]);
                let all = (cut.number(), cut.signed(), cut.text());
                proptest::prop_assert!(all.0.is_none() || all.1.is_none() || all.2.is_none());
            }
        }
    }
}
