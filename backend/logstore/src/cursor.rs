//! Where a page ended: the time and identity of its last row, as opaque text.

use crate::Error;
use event::{Identity, Nanos};

/// A place in the order of (time, identity).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub time: Nanos,
    pub identity: Identity,
}

impl Cursor {
    /// 48 lowercase hexadecimal digits.
    pub fn text(&self) -> String {
        format!("{:016x}{}", self.time.0, event::hex(&self.identity))
    }

    /// Back from [`Cursor::text`], else [`Error::Cursor`].
    pub fn parse(text: &str) -> Result<Cursor, Error> {
        let (time, identity) = text.split_at_checked(16).ok_or(Error::Cursor)?;
        if !time.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Error::Cursor);
        }
        let time = u64::from_str_radix(time, 16).map_err(|_| Error::Cursor)?;
        let identity = event::unhex(identity).ok_or(Error::Cursor)?;
        Ok(Cursor { time: Nanos(time.cast_signed()), identity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn there_and_back(time: i64, identity: [u8; 16]) {
            let cursor = Cursor { time: Nanos(time), identity };
            assert_eq!(Cursor::parse(&cursor.text()).unwrap(), cursor);
        }

        #[test]
        fn anything_else_is_refused(text in ".{0,60}") {
            if let Ok(cursor) = Cursor::parse(&text) {
                assert_eq!(cursor.text(), text.to_ascii_lowercase());
            }
        }
    }
}
