//! A reader over one JSON text, token by token, without a tree.
//!
//! Strict enough to refuse what is not JSON where it matters for walking; it never reads past the text.

use event::Value;
use std::borrow::Cow;

/// The text is not what was expected at this byte.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Bad(pub usize);

/// A place in a JSON text.
pub(crate) struct Json<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Json<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Json::from(text, 0)
    }

    /// From this byte on.
    pub(crate) fn from(text: &'a str, at: usize) -> Self {
        Json { text, at }
    }

    /// The byte that comes next.
    pub(crate) fn place(&self) -> usize {
        self.at
    }

    /// What is left of the text.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is not white space, not taken yet; 0 at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(b) = bytes.get(self.at) {
            if !matches!(b, b' ' | b'\n' | b'\r' | b'\t') {
                return *b;
            }
            self.at += 1;
        }
        0
    }

    /// Takes this byte or fails.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> Result<(), Bad> {
        if self.peek() != byte {
            return Err(Bad(self.at));
        }
        self.at += 1;
        Ok(())
    }

    /// Whether another element of an object or list comes; takes the comma before it, or the `close`.
    #[inline]
    pub(crate) fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, Bad> {
        if self.peek() == close {
            self.at += 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.take(b',')?;
        }
        Ok(true)
    }

    /// An object member's name, with its colon.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Cow<'a, str>, Bad> {
        let key = self.string()?;
        self.take(b':')?;
        Ok(key)
    }

    /// A string; borrowed unless it has escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Bad> {
        self.take(b'"')?;
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        match memchr::memchr2(b'"', b'\\', rest) {
            Some(n) if rest[n] == b'"' => {
                self.at = start + n + 1;
                Ok(Cow::Borrowed(&self.text[start..start + n]))
            }
            Some(n) => {
                let mut out = String::with_capacity(n * 2 + 16);
                self.escaped(start, start + n, &mut out)?;
                Ok(Cow::Owned(out))
            }
            None => Err(Bad(start)),
        }
    }

    /// A string with escapes, put behind what is in `out`.
    pub(crate) fn string_into(&mut self, out: &mut String) -> Result<(), Bad> {
        self.take(b'"')?;
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let slash = memchr::memchr2(b'"', b'\\', rest).ok_or(Bad(start))?;
        self.escaped(start, start + slash, out)
    }

    /// A string from `start` whose first backslash or last quote is at `slash`.
    fn escaped(&mut self, start: usize, slash: usize, out: &mut String) -> Result<(), Bad> {
        let bytes = self.text.as_bytes();
        let (mut plain, mut at) = (start, slash);
        loop {
            out.push_str(&self.text[plain..at]);
            if bytes[at] == b'"' {
                self.at = at + 1;
                return Ok(());
            }
            let bad = Bad(at);
            at += 2;
            out.push(match bytes.get(at - 1) {
                Some(b'n') => '\n',
                Some(b'r') => '\r',
                Some(b't') => '\t',
                Some(b'b') => '\u{8}',
                Some(b'f') => '\u{c}',
                Some(c @ (b'"' | b'\\' | b'/')) => char::from(*c),
                Some(b'u') => {
                    let high = self.hex4(at)?;
                    at += 4;
                    let low = match high {
                        0xd800..0xdc00 if bytes.get(at..at + 2) == Some(b"\\u") => self.hex4(at + 2).ok(),
                        _ => None,
                    };
                    match low {
                        Some(low @ 0xdc00..0xe000) => {
                            at += 6;
                            char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                        }
                        _ => char::from_u32(high),
                    }
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
                }
                _ => return Err(bad),
            });
            plain = at;
            let Some(n) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) else {
                return Err(Bad(at));
            };
            at += n;
        }
    }

    fn hex4(&self, at: usize) -> Result<u32, Bad> {
        let digits = self.text.as_bytes().get(at..at + 4).ok_or(Bad(at))?;
        digits.iter().try_fold(0, |n, d| char::from(*d).to_digit(16).map(|d| n << 4 | d)).ok_or(Bad(at))
    }

    /// A string, number, boolean or null.
    pub(crate) fn scalar(&mut self) -> Result<Value, Bad> {
        match self.peek() {
            b'"' => self.string().map(|t| Value::Str(t.into())),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(Bad(self.at)),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Bad> {
        if !self.text[self.at..].starts_with(word) {
            return Err(Bad(self.at));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Bad> {
        let rest = &self.text[self.at..];
        let end =
            rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let digits = &rest[..end];
        let value = if let Ok(n) = digits.parse::<i64>() {
            Value::Int(n)
        } else if let Ok(n) = digits.parse::<u64>() {
            Value::Uint(n)
        } else {
            Value::Float(digits.parse().map_err(|_| Bad(self.at))?)
        };
        self.at += end;
        Ok(value)
    }

    /// Takes one value of any kind; nesting is followed by counting, not by recursion.
    pub(crate) fn skip(&mut self) -> Result<(), Bad> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => drop(self.scalar()?),
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_their_escapes() {
        for (text, want) in [
            (r#""plain""#, "plain"),
            (r#""a\\b\"c\n\u0041""#, "a\\b\"c\nA"),
            (r#""\ud83d\ude00!""#, "😀!"),
            (r#""\ud83d-""#, "\u{fffd}-"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
        ] {
            assert_eq!(Json::new(text).string().unwrap(), want, "{text}");
        }
        for bad in [r#""open"#, r#""\"#, r#""\u12"#, r#""\x""#, r#""\"#, "plain"] {
            assert!(Json::new(bad).string().is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_keep_their_kind() {
        for (text, want) in [
            ("-9223372036854775808", Value::Int(i64::MIN)),
            ("18446744073709551615", Value::Uint(u64::MAX)),
            ("1.5e3", Value::Float(1500.0)),
        ] {
            assert_eq!(Json::new(text).scalar().unwrap(), want);
        }
        assert!(Json::new("-").scalar().is_err());
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_serde_on_strings(text: String) {
            let quoted = serde_json::to_string(&text).unwrap();
            assert_eq!(Json::new(&quoted).string().unwrap(), text);
        }

        #[test]
        fn nothing_panics(text in r#"[\[\]{}:,"\\ua0-9dn\-.é ]{0,40}"#) {
            let _ = Json::new(&text).skip();
            let _ = Json::new(&text).scalar();
            let _ = Json::new(&text).string();
        }
    }
}
