//! Numbers, texts and lists as bytes and back. Reading checks every length against what is left.

/// Writes bytes for [`Reader`].
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub fn done(self) -> Vec<u8> {
        self.0
    }

    /// Seven bits a byte, the low ones first.
    pub fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.0.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    pub fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    pub fn maybe(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    pub fn list<T>(&mut self, list: &[T], mut one: impl FnMut(&mut Writer, &T)) {
        self.number(list.len() as u64);
        list.iter().for_each(|x| one(self, x));
    }
}

/// Reads what [`Writer`] wrote; `None` for anything else.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn number(&mut self) -> Option<u64> {
        let mut n = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    pub fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// A number below `most`.
    pub fn below(&mut self, most: usize) -> Option<usize> {
        self.size().filter(|n| *n < most)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let len = self.size()?;
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        std::str::from_utf8(text).ok()
    }

    pub fn maybe(&mut self) -> Option<Option<&'a str>> {
        match self.number()? {
            0 => Some(None),
            1 => self.text().map(Some),
            _ => None,
        }
    }

    pub fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let len = self.size()?;
        // An element takes a byte at least, so no more than these are ever reserved.
        if len > self.rest.len() {
            return None;
        }
        let mut out = Vec::with_capacity(len.min(1_024));
        for _ in 0..len {
            out.push(one(self)?);
        }
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn there_and_back(numbers: Vec<u64>, text: String, maybe: Option<String>) {
            let mut w = Writer::default();
            w.list(&numbers, |w, n| w.number(*n));
            w.text(&text);
            w.maybe(maybe.as_deref());
            let bytes = w.done();
            let mut r = Reader::new(&bytes);
            prop_assert_eq!(r.list(Reader::number), Some(numbers));
            prop_assert_eq!(r.text(), Some(text.as_str()));
            prop_assert_eq!(r.maybe(), Some(maybe.as_deref()));
            prop_assert!(r.is_done());
        }
    }
}
