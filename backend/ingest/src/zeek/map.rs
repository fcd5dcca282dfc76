//! A log's header, and a line by it.

use crate::text::{
    Mapped,
    marks::{Marks, Walk},
    time,
};
use event::{Name, Value};

/// More columns than this are none of Zeek's.
const MOST_COLUMNS: usize = 4096;

/// What the header lines said so far.
pub(super) struct Header {
    separator: u8,
    set_separator: String,
    empty: String,
    unset: String,
    path: Option<Name>,
    columns: Vec<Column>,
}

struct Column {
    name: Name,
    kind: Kind,
    /// A set or vector of that.
    list: bool,
}

/// What Zeek's types become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Text,
    Bool,
    Whole,
    Number,
}

impl Default for Header {
    fn default() -> Self {
        Header {
            separator: b'\t',
            set_separator: ",".into(),
            empty: "(empty)".into(),
            unset: "-".into(),
            path: None,
            columns: Vec::new(),
        }
    }
}

impl Header {
    /// Takes a header line; `false` when it is none.
    pub fn take(&mut self, line: &str) -> bool {
        if let Some(separator) = line.strip_prefix("#separator ") {
            // A log begins anew.
            let separator = unescape(separator.trim());
            *self = Header { separator: separator.first().copied().unwrap_or(b'\t'), ..Header::default() };
            return true;
        }
        let separator = char::from(self.separator);
        let (key, rest) = line.split_once(separator).unwrap_or((line, ""));
        match key {
            "#set_separator" => self.set_separator = rest.into(),
            "#empty_field" => self.empty = rest.into(),
            "#unset_field" => self.unset = rest.into(),
            "#path" => self.path = crate::json::word(rest).map(|path| format!("zeek.{path}").into()),
            "#fields" => {
                let names = rest.split(separator).take(MOST_COLUMNS);
                self.columns.clear();
                let mut seen = std::collections::HashMap::new();
                for name in names {
                    // No two fields of an event have one name.
                    let times = seen.entry(name).and_modify(|n| *n += 1).or_insert(1_u32);
                    let name = if *times > 1 { format!("{name}_{times}").into() } else { name.into() };
                    self.columns.push(Column { name, kind: Kind::Text, list: false });
                }
            }
            "#types" => {
                for (column, kind) in self.columns.iter_mut().zip(rest.split(separator)) {
                    (column.kind, column.list) = kind_of(kind);
                }
            }
            "#open" | "#close" => {}
            _ => return false,
        }
        true
    }

    /// `zeek.` and the log's path.
    pub fn dataset(&self) -> Name {
        self.path.clone().unwrap_or_else(|| "zeek.other".into())
    }

    /// A line's time and fields; unset ones are left out. Or why it fits no header.
    pub fn record(&self, line: &[u8]) -> Result<Mapped, String> {
        if self.columns.is_empty() {
            return Err("no #fields line came before it".into());
        }
        let mut fields = Vec::with_capacity(self.columns.len());
        let (mut found, mut from, mut ts) = (0, 0, None);
        let mut walk = Walk::new(line, Marks::new([self.separator]));
        // Nothing in it has to be looked at for wrong bytes or escapes.
        let plain = std::str::from_utf8(line).ok().filter(|_| memchr::memchr(b'\\', line).is_none());
        loop {
            let to = walk.next();
            let part = &line[from..to.unwrap_or(line.len())];
            if let Some(column) = self.columns.get(found) {
                if ts.is_none() && &*column.name == "ts" {
                    ts = Some(part);
                }
                if part != self.unset.as_bytes() {
                    let text = plain.and_then(|text| text.get(from..from + part.len()));
                    let text = text.filter(|_| column.kind == Kind::Text && !column.list);
                    let value = match text {
                        Some(text) if text != self.empty => Value::Str(text.into()),
                        _ => self.value(column, part),
                    };
                    fields.push((column.name.clone(), value));
                }
            }
            found += 1;
            match to {
                Some(to) => from = to + 1,
                None => break,
            }
        }
        if found != self.columns.len() {
            return Err(format!("{found} values where #fields names {}", self.columns.len()));
        }
        let time = ts.and_then(|part| std::str::from_utf8(part).ok()).and_then(time::of_text);
        Ok((time.map(|t| t.time), fields))
    }

    fn value(&self, column: &Column, part: &[u8]) -> Value {
        let empty = part == self.empty.as_bytes();
        if !column.list {
            return if empty { Value::Str("".into()) } else { scalar(column.kind, part) };
        }
        if empty {
            return Value::list(Vec::new());
        }
        let separator = self.set_separator.as_bytes();
        let mut list = Vec::new();
        let mut rest = part;
        while !separator.is_empty()
            && let Some(n) = memchr::memmem::find(rest, separator)
        {
            list.push(self.element(column.kind, &rest[..n]));
            rest = &rest[n + separator.len()..];
        }
        list.push(self.element(column.kind, rest));
        Value::list(list)
    }

    fn element(&self, kind: Kind, part: &[u8]) -> Value {
        if part == self.unset.as_bytes() { Value::Null } else { scalar(kind, part) }
    }
}

/// One value; what does not fit its type stays text.
fn scalar(kind: Kind, part: &[u8]) -> Value {
    let text = std::str::from_utf8(part).unwrap_or_default();
    let typed = match kind {
        Kind::Bool if text == "T" => Some(Value::Bool(true)),
        Kind::Bool if text == "F" => Some(Value::Bool(false)),
        Kind::Whole => text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::Uint)).ok(),
        Kind::Number => text.parse().ok().filter(|n: &f64| n.is_finite()).map(Value::Float),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::Str(String::from_utf8_lossy(&unescape_bytes(part)).into()))
}

/// What values of this type become, and whether they are several.
fn kind_of(name: &str) -> (Kind, bool) {
    let of = |list: &str| name.strip_prefix(list).and_then(|n| n.strip_suffix(']'));
    let inside = of("set[").or_else(|| of("vector["));
    let kind = match inside.unwrap_or(name) {
        "bool" => Kind::Bool,
        "count" | "int" | "port" => Kind::Whole,
        "double" | "interval" | "time" => Kind::Number,
        _ => Kind::Text,
    };
    (kind, inside.is_some())
}

fn unescape(text: &str) -> Vec<u8> {
    unescape_bytes(text.as_bytes()).into_owned()
}

/// Zeek writes separators and what is not printable as `\xHH`, and a backslash as two.
fn unescape_bytes(text: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if memchr::memchr(b'\\', text).is_none() {
        return text.into();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(n) = memchr::memchr(b'\\', rest) {
        out.extend(&rest[..n]);
        rest = &rest[n..];
        let hex = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
        let taken = match (rest.get(1), hex(rest.get(2)), hex(rest.get(3))) {
            (Some(b'x'), Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                4
            }
            (Some(b'\\'), ..) => {
                out.push(b'\\');
                2
            }
            _ => {
                out.push(b'\\');
                1
            }
        };
        rest = &rest[taken..];
    }
    out.extend(rest);
    out.into()
}
