//! Values as tags and texts. A value is one tag; a list is its tag, its length and its values. Every value but null and
//! lists has one text, in UTF-8, ended by a byte that UTF-8 never has.

use super::{
    END,
    bytes::{Cut, put},
};
use event::Value;
use std::io::Write as _;

const NULL: u8 = 0;
const BOOL: u8 = 1;
const INT: u8 = 2;
const UINT: u8 = 3;
const FLOAT: u8 = 4;
const STR: u8 = 5;
const LIST: u8 = 6;
/// Lists in lists; JSON is read to 128.
const DEEPEST: u32 = 130;

/// What can be put into a block as a value.
pub(crate) trait Put {
    fn put(&self, tags: &mut Vec<u8>, texts: &mut Vec<u8>);
}

impl Put for &Value {
    fn put(&self, tags: &mut Vec<u8>, texts: &mut Vec<u8>) {
        // Writing into a Vec can't fail.
        match self {
            Value::Null => return tags.push(NULL),
            Value::Float(n) if !n.is_finite() => return tags.push(NULL),
            Value::List(list) => {
                tags.push(LIST);
                put(tags, list.len() as u64);
                return list.iter().for_each(|value| value.put(tags, texts));
            }
            Value::Bool(b) => {
                tags.push(BOOL);
                texts.extend(if *b { &b"true"[..] } else { b"false" });
            }
            Value::Int(n) => {
                tags.push(INT);
                let _ = write!(texts, "{n}");
            }
            Value::Uint(n) => {
                tags.push(UINT);
                let _ = write!(texts, "{n}");
            }
            Value::Float(n) => {
                tags.push(FLOAT);
                let _ = serde_json::to_writer(&mut *texts, n);
            }
            Value::Str(text) => {
                tags.push(STR);
                texts.extend(text.as_bytes());
            }
        }
        texts.push(END);
    }
}

/// Text, or null.
impl Put for Option<&str> {
    fn put(&self, tags: &mut Vec<u8>, texts: &mut Vec<u8>) {
        let Some(text) = self else { return tags.push(NULL) };
        tags.push(STR);
        texts.extend(text.as_bytes());
        texts.push(END);
    }
}

/// A value as it stands in a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored<'a> {
    pub tags: &'a [u8],
    pub texts: &'a [u8],
}

impl Put for Stored<'_> {
    fn put(&self, tags: &mut Vec<u8>, texts: &mut Vec<u8>) {
        tags.extend(self.tags);
        texts.extend(self.texts);
    }
}

impl<'a> Stored<'a> {
    /// Its text where it is neither null nor a list nor a number with a fraction, which is written in more ways than one.
    pub fn plain_text(self) -> Option<&'a str> {
        matches!(self.tags, [BOOL | INT | UINT | STR]).then(|| text(&mut Cut(self.texts))).flatten()
    }

    pub fn value(self) -> Option<Value> {
        value(&mut Cut(self.tags), &mut Cut(self.texts), DEEPEST)
    }
}

/// How many texts the next value has.
pub(crate) fn texts_of(tags: &mut Cut<'_>) -> Option<usize> {
    // Values still to come.
    let (mut more, mut texts) = (1_usize, 0);
    while more > 0 {
        more -= 1;
        match tags.byte()? {
            NULL => {}
            BOOL | INT | UINT | FLOAT | STR => texts += 1,
            LIST => more = more.checked_add(tags.count(1)?)?,
            _ => return None,
        }
    }
    Some(texts)
}

/// The next text, without its end.
pub(crate) fn text<'a>(texts: &mut Cut<'a>) -> Option<&'a str> {
    let end = memchr::memchr(END, texts.0)?;
    let text = texts.bytes(end)?;
    texts.byte()?;
    std::str::from_utf8(text).ok()
}

fn value(tags: &mut Cut<'_>, texts: &mut Cut<'_>, deeper: u32) -> Option<Value> {
    Some(match tags.byte()? {
        NULL => Value::Null,
        BOOL => Value::Bool(text(texts)? == "true"),
        INT => Value::Int(text(texts)?.parse().ok()?),
        UINT => Value::Uint(text(texts)?.parse().ok()?),
        FLOAT => Value::Float(serde_json::from_str(text(texts)?).ok()?),
        STR => Value::Str(text(texts)?.into()),
        LIST => {
            let n = tags.count(1)?;
            let deeper = deeper.checked_sub(1)?;
            Value::list((0..n).map(|_| value(tags, texts, deeper)).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// The same of a value that is not in a block.
pub(crate) fn plain_text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    if matches!(value, Value::Float(_)) { None } else { value.text() }
}
