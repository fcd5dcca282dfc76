//! Where a JSON value ends, and whether it is one (RFC 8259), byte by byte and resumable between blocks.

/// Deeper values are refused.
pub(crate) const DEEPEST: u32 = 64;

/// What the scanner makes of the bytes so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value ends before this byte.
    Done(usize),
    /// This byte can't be there.
    Bad(usize, &'static str),
    /// All is well so far.
    More,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// A value must come; `bool` when the list may also end here.
    Value(bool),
    /// A name must come; `bool` when the object may also end here.
    Key(bool),
    Colon,
    /// A comma or the end of the object or list.
    After,
    /// In a string; `true` when it is a name.
    Text(bool),
    Escape(bool),
    /// Hexadecimal digits still to come.
    Hex(bool, u8),
    Number(Number),
    /// The rest of a literal.
    Word(&'static [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Whole,
    Point,
    Decimals,
    E,
    Sign,
    Exponent,
}

/// One value under way.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    at: At,
    /// One bit a level: 1 is an object.
    levels: u64,
    depth: u32,
}

impl Scan {
    /// At the start of a value.
    pub fn value() -> Scan {
        Scan { at: At::Value(false), levels: 0, depth: 0 }
    }

    /// Inside an object, after one of its values.
    pub fn inside_object() -> Scan {
        Scan { at: At::After, levels: 1, depth: 1 }
    }

    /// Goes on with these bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Step {
        let mut i = 0;
        while let Some(&b) = bytes.get(i) {
            if let At::Text(key) = self.at {
                match self.text(&bytes[i..], key) {
                    Ok(n) => i += n,
                    Err(n) => return Step::Bad(i + n, "a control character inside a string"),
                }
                if self.at == At::After && self.depth == 0 {
                    return Step::Done(i);
                }
                continue;
            }
            if matches!(b, b' ' | b'\n' | b'\r' | b'\t')
                && matches!(self.at, At::Value(_) | At::Key(_) | At::Colon | At::After)
            {
                i += 1;
                continue;
            }
            match self.step(b) {
                Ok(true) => i += 1,
                // A number ends at what is not part of it.
                Ok(false) => {}
                Err(reason) => return Step::Bad(i, reason),
            }
            if self.at == At::After && self.depth == 0 {
                return Step::Done(i);
            }
        }
        Step::More
    }

    /// Whether the value is whole when nothing more comes.
    pub fn whole_at_end(&self) -> bool {
        use Number::{Decimals, Exponent, Whole, Zero};
        self.depth == 0 && matches!(self.at, At::Number(Zero | Whole | Decimals | Exponent))
    }

    /// Goes through a string; the bytes taken, or the byte that may not be there.
    fn text(&mut self, bytes: &[u8], key: bool) -> Result<usize, usize> {
        let end = memchr::memchr2(b'"', b'\\', bytes);
        let plain = &bytes[..end.unwrap_or(bytes.len())];
        if let Some(bad) = plain.iter().position(|b| *b < 0x20) {
            return Err(bad);
        }
        let Some(end) = end else { return Ok(bytes.len()) };
        self.at = match (bytes[end], key) {
            (b'\\', _) => At::Escape(key),
            (_, true) => At::Colon,
            (_, false) => At::After,
        };
        Ok(end + 1)
    }

    /// One byte outside of a string; `false` when it belongs to what comes next.
    fn step(&mut self, b: u8) -> Result<bool, &'static str> {
        self.at = match (self.at, b) {
            (At::Value(_), b'"') => At::Text(false),
            (At::Value(_), b'{') => self.open(true)?,
            (At::Value(_), b'[') => self.open(false)?,
            (At::Value(true), b']') => self.close(false)?,
            (At::Value(_), b't') => At::Word(b"rue"),
            (At::Value(_), b'f') => At::Word(b"alse"),
            (At::Value(_), b'n') => At::Word(b"ull"),
            (At::Value(_), b'-') => At::Number(Number::Minus),
            (At::Value(_), b'0') => At::Number(Number::Zero),
            (At::Value(_), b'1'..=b'9') => At::Number(Number::Whole),
            (At::Value(_), _) => return Err("no JSON value begins like this"),
            (At::Key(_), b'"') => At::Text(true),
            (At::Key(true), b'}') => self.close(true)?,
            (At::Key(_), _) => return Err("a name in quotes should come here"),
            (At::Colon, b':') => At::Value(false),
            (At::Colon, _) => return Err("a colon should come here"),
            (At::After, b',') if self.levels & 1 == 1 => At::Key(false),
            (At::After, b',') => At::Value(false),
            (At::After, b'}') => self.close(true)?,
            (At::After, b']') => self.close(false)?,
            (At::After, _) => return Err("a comma or the end should come here"),
            (At::Escape(key), b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => At::Text(key),
            (At::Escape(key), b'u') => At::Hex(key, 4),
            (At::Escape(_), _) => return Err("an escape that JSON does not have"),
            (At::Hex(key, left), b) if b.is_ascii_hexdigit() => match left {
                1 => At::Text(key),
                _ => At::Hex(key, left - 1),
            },
            (At::Hex(..), _) => return Err("a \\u without four hexadecimal digits"),
            (At::Number(n), b) => match number(n, b)? {
                Some(next) => At::Number(next),
                None => {
                    self.at = At::After;
                    return Ok(false);
                }
            },
            (At::Word([first, rest @ ..]), b) if *first == b => match rest {
                [] => At::After,
                rest => At::Word(rest),
            },
            (At::Word(_), _) => return Err("neither true, false nor null"),
            // Strings are not gone through here.
            (At::Text(_), _) => return Ok(true),
        };
        Ok(true)
    }

    fn open(&mut self, object: bool) -> Result<At, &'static str> {
        if self.depth == DEEPEST {
            return Err("nested deeper than 64 levels");
        }
        self.depth += 1;
        self.levels = self.levels << 1 | u64::from(object);
        Ok(if object { At::Key(true) } else { At::Value(true) })
    }

    fn close(&mut self, object: bool) -> Result<At, &'static str> {
        if self.levels & 1 != u64::from(object) {
            return Err("closes what was not opened");
        }
        self.depth -= 1;
        self.levels >>= 1;
        Ok(At::After)
    }
}

/// The next state of a number, `None` where it ended before this byte.
fn number(n: Number, b: u8) -> Result<Option<Number>, &'static str> {
    use Number::*;
    Ok(Some(match (n, b) {
        (Minus, b'0') => Zero,
        (Minus, b'1'..=b'9') => Whole,
        (Whole, b'0'..=b'9') => Whole,
        (Zero | Whole, b'.') => Point,
        (Point | Decimals, b'0'..=b'9') => Decimals,
        (Zero | Whole | Decimals, b'e' | b'E') => E,
        (E, b'+' | b'-') => Sign,
        (E | Sign | Exponent, b'0'..=b'9') => Exponent,
        (Minus | Point | E | Sign, _) | (Zero, b'0'..=b'9') => {
            return Err("a number that JSON does not have");
        }
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan(text: &[u8], block: usize) -> Step {
        let mut scan = Scan::value();
        for (n, part) in text.chunks(block).enumerate() {
            match scan.feed(part) {
                Step::More => {}
                Step::Done(i) => return Step::Done(n * block + i),
                Step::Bad(i, why) => return Step::Bad(n * block + i, why),
            }
        }
        if scan.whole_at_end() { Step::Done(text.len()) } else { Step::More }
    }

    /// Whether the text is one JSON value and white space.
    fn is_json(text: &[u8]) -> bool {
        match scan(text, text.len().max(1)) {
            Step::Done(n) => text[n..].iter().all(|b| b" \n\r\t".contains(b)),
            _ => false,
        }
    }

    #[test]
    fn values_end_where_they_end() {
        for (text, end) in [
            (r#"{"a":[1,2,{"b":null}],"c":"}\""} {"#, 32),
            ("12 ", 2),
            ("-0.5e+3,", 7),
            ("\"a\\u0041\"x", 9),
            ("[]]", 2),
            (" true", 5),
        ] {
            assert_eq!(scan(text.as_bytes(), 100), Step::Done(end), "{text}");
        }
        for (text, at) in [("{]", 1), ("[1 2]", 3), ("{\"a\"1}", 4), ("[1,]", 3), ("-x", 1), ("\"\n\"", 1)] {
            assert!(matches!(scan(text.as_bytes(), 100), Step::Bad(n, _) if n == at), "{text}");
        }
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(is_json(deep(64).as_bytes()));
        assert!(!is_json(deep(65).as_bytes()));
    }

    proptest! {
        #[test]
        fn agrees_with_serde(text in r#"[\[\]{}:,"\\a0-9u.eE+\-tnull ]{0,24}"#) {
            let serde = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(is_json(text.as_bytes()), serde, "{}", text);
        }

        #[test]
        fn blocks_make_no_difference(bytes in prop::collection::vec(any::<u8>(), 0..40), text in r#"\{"[a-c]{0,9}":\[[0-9, ]{0,9}\]\}"#, block in 1usize..9) {
            prop_assert_eq!(scan(&bytes, block), scan(&bytes, 100));
            prop_assert_eq!(scan(text.as_bytes(), block), scan(text.as_bytes(), 100));
        }
    }
}
