//! The quick way from an object's text to flat fields: one that lies whole in the buffer and is plain is checked and
//! flattened in one go. [`super::scan`] and [`super::map`] are the measure: what this takes they take with the same
//! result, and what it does not take is left to them, who say what is wrong with it.

use super::map::{ALL_NAMES, Flat, LONGEST_NAME, whole as number_of};
use crate::{
    evtx::json::Json,
    text::{Fields, LONGEST, marks},
};
use event::Value;
use std::collections::HashMap;

/// Deeper objects are left to the general way.
const DEEPEST: u32 = 24;
/// From so many names on all are forgotten.
const MOST: usize = 1 << 16;
const ROOT: u32 = 0;

/// Names as objects nest them, and which came after which: objects of a log are mostly alike, so a name is mostly the
/// one that followed the last time.
#[derive(Default)]
pub(super) struct Paths {
    all: Vec<Path>,
    found: HashMap<(u32, Box<str>), u32>,
    round: u32,
    bytes: usize,
}

struct Path {
    within: u32,
    key: Box<str>,
    /// The whole name, and its number in [`Fields`].
    name: Box<str>,
    field: u32,
    /// What followed.
    next: u32,
}

impl Paths {
    /// The paths for these fields, which number names anew now and then.
    fn fresh(&mut self, round: u32) {
        if self.round != round || self.all.len() > MOST || self.bytes > ALL_NAMES {
            *self = Paths { round, ..Paths::default() };
        }
        if self.all.is_empty() {
            let none = || Box::from("");
            self.all.push(Path { within: ROOT, key: none(), name: none(), field: 0, next: ROOT });
        }
    }

    fn add(&mut self, within: u32, key: &str, fields: &mut Fields) -> Option<u32> {
        let above = &self.all.get(within as usize)?.name;
        let name = if within == ROOT { key.to_owned() } else { format!("{above}.{key}") };
        if key.is_empty() || name.len() > LONGEST_NAME {
            return None;
        }
        self.bytes += key.len() * 2 + name.len();
        let (field, id) = (fields.id(&name), self.all.len() as u32);
        self.found.insert((within, key.into()), id);
        self.all.push(Path { within, key: key.into(), name: name.into(), field, next: ROOT });
        Some(id)
    }
}

impl Flat {
    /// Puts the members of the object that begins these bytes into `fields` and says where it ends; `None` where it
    /// has no end here or is not plain. Fields may be there then, to be thrown away.
    pub fn quick(&mut self, bytes: &[u8]) -> Option<usize> {
        self.paths.fresh(self.fields.round());
        let mut walk = Walk { bytes, at: 1, flat: self, last: ROOT, names: 0 };
        // What the evtx crate writes has a reader of its own.
        walk.space()?;
        if bytes.get(walk.at..)?.starts_with(b"\"Event\"") {
            return None;
        }
        walk.object(ROOT, 0)?;
        (walk.at <= LONGEST).then_some(walk.at)
    }
}

struct Walk<'b, 'f> {
    bytes: &'b [u8],
    at: usize,
    flat: &'f mut Flat,
    last: u32,
    /// Bytes of all names of the object.
    names: usize,
}

impl Walk<'_, '_> {
    /// The next byte that is not white space, not taken.
    #[inline]
    fn space(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// The members behind an opening brace and the closing one.
    fn object(&mut self, within: u32, depth: u32) -> Option<()> {
        if self.space()? == b'}' {
            self.at += 1;
            return if within == ROOT { Some(()) } else { self.put(within, Value::Null) };
        }
        loop {
            if self.space()? != b'"' {
                return None;
            }
            self.at += 1;
            let path = self.key(within)?;
            if self.space()? != b':' {
                return None;
            }
            self.at += 1;
            self.value(path, depth)?;
            let byte = self.space()?;
            self.at += 1;
            match byte {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// A name behind its opening quote, and the closing one.
    #[inline]
    fn key(&mut self, within: u32) -> Option<u32> {
        let rest = self.bytes.get(self.at..)?;
        let paths = &mut self.flat.paths;
        let next = paths.all.get(self.last as usize)?.next;
        let path = paths.all.get(next as usize)?;
        if next != ROOT
            && path.within == within
            && rest.get(path.key.len()) == Some(&b'"')
            && rest.starts_with(path.key.as_bytes())
        {
            self.at += path.key.len() + 1;
            self.last = next;
            return Some(next);
        }
        let end = marks::string_end(rest, 0)?;
        let key = std::str::from_utf8(&rest[..end]).ok().filter(|_| rest[end] == b'"')?;
        let next = match paths.found.get(&(within, Box::from(key))) {
            Some(path) => *path,
            None => paths.add(within, key, &mut self.flat.fields)?,
        };
        paths.all.get_mut(self.last as usize)?.next = next;
        self.at += end + 1;
        self.last = next;
        Some(next)
    }

    #[inline]
    fn value(&mut self, path: u32, depth: u32) -> Option<()> {
        match self.space()? {
            b'{' if depth < DEEPEST => {
                self.at += 1;
                self.object(path, depth + 1)
            }
            b'[' if depth < DEEPEST => {
                self.at += 1;
                self.list(path, depth + 1)
            }
            _ => {
                let value = self.scalar()?;
                self.put(path, value)
            }
        }
    }

    /// Elements behind an opening bracket and the closing one.
    fn list(&mut self, path: u32, depth: u32) -> Option<()> {
        let (mut list, mut others) = (Vec::new(), false);
        if self.space()? == b']' {
            self.at += 1;
            return self.put(path, Value::list(list));
        }
        loop {
            if matches!(self.space()?, b'{' | b'[') {
                others = true;
                self.value(path, depth)?;
            } else {
                list.push(self.scalar()?);
            }
            let byte = self.space()?;
            self.at += 1;
            match byte {
                b',' => {}
                b']' => break,
                _ => return None,
            }
        }
        if list.is_empty() && others { Some(()) } else { self.put(path, Value::list(list)) }
    }

    #[inline]
    fn scalar(&mut self) -> Option<Value> {
        match *self.bytes.get(self.at)? {
            b'"' => self.string(),
            b't' => self.word(b"true", Value::Bool(true)),
            b'f' => self.word(b"false", Value::Bool(false)),
            b'n' => self.word(b"null", Value::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8], value: Value) -> Option<Value> {
        self.bytes.get(self.at..)?.starts_with(word).then_some(())?;
        self.at += word.len();
        Some(value)
    }

    #[inline]
    fn string(&mut self) -> Option<Value> {
        let start = self.at;
        let mut end = marks::string_end(self.bytes, start + 1)?;
        if self.bytes[end] == b'"' {
            self.at = end + 1;
            return Some(Value::Str(std::str::from_utf8(&self.bytes[start + 1..end]).ok()?.into()));
        }
        loop {
            match self.bytes[end] {
                b'"' => break,
                // What an escape says is looked at when it is read.
                b'\\' => end = marks::string_end(self.bytes, end + 2)?,
                _ => return None,
            }
        }
        self.at = end + 1;
        let text = std::str::from_utf8(&self.bytes[start..self.at]).ok()?;
        self.flat.text.clear();
        let read = Json::new(text).string_into(&mut self.flat.text);
        read.ok().map(|()| Value::Str(self.flat.text.as_str().into()))
    }

    /// A number as RFC 8259 has it.
    fn number(&mut self) -> Option<Value> {
        let rest = self.bytes.get(self.at..)?;
        let digits = |from: usize| rest.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
        let mut end = usize::from(rest.first() == Some(&b'-'));
        let whole = digits(end);
        if whole == 0 || whole > 1 && rest.get(end) == Some(&b'0') {
            return None;
        }
        end += whole;
        let mut float = false;
        if rest.get(end) == Some(&b'.') {
            let decimals = digits(end + 1);
            if decimals == 0 {
                return None;
            }
            (float, end) = (true, end + 1 + decimals);
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent == 0 {
                return None;
            }
            (float, end) = (true, end + 1 + sign + exponent);
        }
        // One that reaches the end of what is there may go on.
        rest.get(end)?;
        let text = std::str::from_utf8(&rest[..end]).ok()?;
        self.at += end;
        Some(if float {
            let number: f64 = text.parse().ok()?;
            if number.is_finite() { Value::Float(number) } else { Value::Str(text.into()) }
        } else {
            number_of(text)
        })
    }

    #[inline]
    fn put(&mut self, path: u32, value: Value) -> Option<()> {
        let path = self.flat.paths.all.get(path as usize)?;
        self.names += path.name.len();
        if self.names > ALL_NAMES {
            return None;
        }
        self.flat.fields.put_by(path.field, value);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::scan::{Scan, Step};
    use proptest::prelude::*;

    /// What the quick way takes the general one takes with the same fields.
    fn same(flat: &mut Flat, text: &str) -> bool {
        let quick = flat.quick(text.as_bytes());
        let fields = flat.fields.take();
        let Some(end) = quick else { return true };
        let mut general = Flat::default();
        let read = general.object(&text[..end]);
        let general = general.fields.take();
        // Not a number is equal to nothing, also not to itself.
        read.is_ok()
            && Scan::value().feed(text.as_bytes()) == Step::Done(end)
            && format!("{fields:?}") == format!("{general:?}")
    }

    #[test]
    fn plain_objects_are_taken() {
        let mut flat = Flat::default();
        for text in [
            r#"{}"#,
            r#"{"a":1,"b":{"c":[1,2.5e3,"x",null,true],"d":{}},"e":[{"f":1},{"f":2}],"g":"a\n\u00e9é"} "#,
            r#"{"a":-0,"b":0.5,"c":18446744073709551615,"d":99999999999999999999,"e":1e999,"a":[]}"#,
            r#" {"a":"b"}"#.trim_start(),
        ] {
            assert!(flat.quick(text.as_bytes()).is_some(), "{text}");
            flat.fields.take();
            assert!(same(&mut flat, text), "{text}");
        }
        for text in [
            r#"{"a":01}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":1,}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":1"#,
            r#"{"Event":{"System":1}}"#,
            r#"{"":1}"#,
            r#"{"a":+1}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":"\ud8"}"#,
        ] {
            assert_eq!(flat.quick(text.as_bytes()), None, "{text}");
            flat.fields.take();
        }
    }

    proptest! {
        #[test]
        fn takes_nothing_that_the_general_way_reads_otherwise(
            texts in prop::collection::vec(r#"\{("[ab.]{1,2}":(-?[01.e]{1,4}|"(a|\\n|\\u00e9|\\|é){0,5}"|\{\}|\[[\{\}1,"a:]{0,7}\]|\{"[ab]":[1n]\}),?){0,5}\}"#, 1..6),
            odd in prop::collection::vec(r#"\{[\[\]{}:,"\\a0-9u.eE+\-tnull ]{0,24}"#, 1..6)
        ) {
            let mut flat = Flat::default();
            for text in texts.iter().chain(&odd) {
                prop_assert!(same(&mut flat, text), "{}", text);
            }
        }

        #[test]
        fn takes_what_serde_writes(value in values()) {
            let text = serde_json::to_string(&serde_json::json!({"a": value, "b": [value, 1], "c": value})).unwrap();
            let mut flat = Flat::default();
            prop_assert_eq!(flat.quick(text.as_bytes()), Some(text.len()));
            flat.fields.take();
            prop_assert!(same(&mut flat, &text));
        }
    }

    fn values() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value as J;
        let leaf = prop_oneof![
            Just(J::Null),
            any::<bool>().prop_map(J::from),
            any::<i64>().prop_map(J::from),
            any::<f64>().prop_map(J::from),
            any::<String>().prop_map(J::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(J::from),
                prop::collection::btree_map("[a-c.]{1,3}", inner, 0..4)
                    .prop_map(|map| J::Object(map.into_iter().collect())),
            ]
        })
    }
}
