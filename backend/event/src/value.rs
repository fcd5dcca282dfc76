//! Values of event fields.

use crate::Name;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::borrow::Cow;

/// A text. Up to 24 bytes lie in the value itself, which most texts of logs are: no allocation for each.
pub type Text = compact_str::CompactString;

/// A field's value. Untrusted by definition: it comes from log files.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// JSON null or an empty element.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// A whole number above `i64::MAX`.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(Text),
    /// A repeated field or a list.
    #[allow(clippy::box_collection, reason = "lists are rare, and so a value is as small as its text")]
    List(Box<Vec<Value>>),
}

const _: () = assert!(size_of::<Value>() == size_of::<Text>());

impl Value {
    /// A list.
    pub fn list(values: Vec<Value>) -> Value {
        Value::List(Box::new(values))
    }

    /// The value as one text, `None` for null and lists.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Value::Null | Value::List(_) => return None,
            Value::Bool(b) => Cow::Borrowed(if *b { "true" } else { "false" }),
            Value::Int(n) => Cow::Owned(n.to_string()),
            Value::Uint(n) => Cow::Owned(n.to_string()),
            Value::Float(n) => Cow::Owned(n.to_string()),
            Value::Str(s) => Cow::Borrowed(s),
        })
    }

    /// As JSON; a float that JSON can't say becomes null.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as J;
        match self {
            Value::Null => J::Null,
            Value::Bool(b) => J::Bool(*b),
            Value::Int(n) => J::from(*n),
            Value::Uint(n) => J::from(*n),
            Value::Float(n) => serde_json::Number::from_f64(*n).map_or(J::Null, J::Number),
            Value::Str(s) => J::String(s.to_string()),
            Value::List(l) => J::Array(l.iter().map(Value::to_json).collect()),
        }
    }

    /// From JSON; objects become their JSON text, since fields are flat.
    pub fn from_json(v: &serde_json::Value) -> Value {
        use serde_json::Value as J;
        match v {
            J::Null => Value::Null,
            J::Bool(b) => Value::Bool(*b),
            J::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(i), _) => Value::Int(i),
                (None, Some(u)) => Value::Uint(u),
                _ => Value::Float(n.as_f64().unwrap_or(f64::NAN)),
            },
            J::String(s) => Value::Str(s.as_str().into()),
            J::Array(a) => Value::list(a.iter().map(Value::from_json).collect()),
            J::Object(_) => Value::Str(v.to_string().into()),
        }
    }
}

/// As JSON; a float that JSON can't say becomes null.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => s.serialize_unit(),
            Value::Bool(b) => s.serialize_bool(*b),
            Value::Int(n) => s.serialize_i64(*n),
            Value::Uint(n) => s.serialize_u64(*n),
            Value::Float(n) => s.serialize_f64(*n),
            Value::Str(t) => s.serialize_str(t),
            Value::List(l) => s.collect_seq(&**l),
        }
    }
}

/// An event's fields as one map.
pub(crate) struct Fields<'a>(pub &'a [(Name, Value)]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(&**name, value)?;
        }
        map.end()
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::Str(s.into())
    }
}
