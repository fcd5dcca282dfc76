//! One object to flat fields: nested names joined by dots, what repeats is a list.

use super::quick::Paths;
use crate::{
    evtx::json::{Bad, Json},
    text::Fields,
};
use event::Value;

/// Longer names are none.
pub(super) const LONGEST_NAME: usize = 1024;
/// All names of one record together: nesting makes them longer than the text that they come from.
pub(super) const ALL_NAMES: usize = 8 << 20;

/// Flattens objects; keeps names and buffers between them.
#[derive(Default)]
pub(super) struct Flat {
    pub fields: Fields,
    name: String,
    names: usize,
    pub(super) paths: Paths,
    /// A string without its escapes.
    pub(super) text: String,
}

impl Flat {
    /// Puts the object's members into `fields`. The text is JSON and nests no deeper than the scanner allows.
    /// Lists of objects give their members' values under one name each, in order; a name that comes twice, nested or
    /// in the text itself, is a list of all its values.
    pub fn object(&mut self, text: &str) -> Result<(), &'static str> {
        self.name.clear();
        self.names = 0;
        let mut json = Json::new(text);
        let walked = self.walk(&mut json);
        walked.map_err(|Bad(at)| match at {
            usize::MAX => "the names in it are too long",
            _ => "is not an object",
        })
    }

    fn walk(&mut self, json: &mut Json<'_>) -> Result<(), Bad> {
        let mut first = true;
        match json.peek() {
            b'{' => {
                json.take(b'{')?;
                let len = self.name.len();
                let top = len == 0;
                let mut any = false;
                while json.more(b'}', &mut first)? {
                    any = true;
                    let key = json.key()?;
                    if !top {
                        self.name.push('.');
                    }
                    self.name.push_str(&key);
                    self.walk(json)?;
                    self.name.truncate(len);
                }
                if !any && !top {
                    self.put(Value::Null)?;
                }
            }
            b'[' => {
                json.take(b'[')?;
                let mut list = Vec::new();
                let mut others = false;
                while json.more(b']', &mut first)? {
                    if matches!(json.peek(), b'{' | b'[') {
                        others = true;
                        self.walk(json)?;
                    } else {
                        list.push(scalar(json)?);
                    }
                }
                if !list.is_empty() || !others {
                    self.put(Value::list(list))?;
                }
            }
            _ => {
                let value = scalar(json)?;
                self.put(value)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, value: Value) -> Result<(), Bad> {
        self.names += self.name.len();
        if self.name.len() > LONGEST_NAME || self.names > ALL_NAMES {
            return Err(Bad(usize::MAX));
        }
        self.fields.put(&self.name, value);
        Ok(())
    }
}

/// A value that is no object or list. A number that no 64 bits can hold stays as it was written.
fn scalar(json: &mut Json<'_>) -> Result<Value, Bad> {
    let first = json.peek();
    let rest = json.rest();
    let value = json.scalar()?;
    if let Value::Float(n) = value
        && (first == b'-' || first.is_ascii_digit())
    {
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        let digits = &rest[..end.unwrap_or(rest.len())];
        if !n.is_finite() || !digits.contains(['.', 'e', 'E']) {
            return Ok(Value::Str(digits.into()));
        }
    }
    Ok(value)
}

/// A number without point and exponent: one that no 64 bits can hold stays as it was written.
pub(super) fn whole(text: &str) -> Value {
    match text.parse() {
        Ok(n) => Value::Int(n),
        Err(_) => text.parse().map_or_else(|_| Value::Str(text.into()), Value::Uint),
    }
}

/// A value that is no object as text: a string's content, anything else as written.
pub(super) fn scalar_text(text: &str) -> String {
    match Json::new(text).string() {
        Ok(content) => content.into_owned(),
        Err(_) => text.to_owned(),
    }
}
