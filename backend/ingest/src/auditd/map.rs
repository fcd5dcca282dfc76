//! One audit record: its type, time and serial, and its fields.

use crate::text::{Fields, Mapped, time};
use event::Value;

/// Behind this byte stand the names of numbers in an enriched record.
const ENRICHED: char = '\u{1d}';

/// Fields that the kernel or a daemon writes in hexadecimal when their text is not plain, without quotes then
/// (linux-audit's field dictionary: format "encoded").
const ENCODED: &[&str] = &[
    "acct",
    "cgroup",
    "cmd",
    "comm",
    "cwd",
    "data",
    "device",
    "dir",
    "exe",
    "file",
    "key",
    "name",
    "new-chardev",
    "new-disk",
    "new-fs",
    "new-net",
    "new-rng",
    "ocomm",
    "old-chardev",
    "old-disk",
    "old-fs",
    "old-net",
    "old-rng",
    "path",
    "proctitle",
    "root_dir",
    "sw",
    "vm",
    "watch",
];

/// What stands before the fields.
pub(super) struct Start<'l> {
    pub node: Option<&'l str>,
    pub kind: &'l str,
    /// Seconds and decimals.
    pub time: &'l str,
    pub serial: &'l str,
    pub rest: &'l str,
}

/// The beginning of a record; `None` when the line does not begin like one.
pub(super) fn start(line: &str) -> Option<Start<'_>> {
    let mut line = line.trim_start();
    let mut node = None;
    if let Some(rest) = line.strip_prefix("node=") {
        let (name, rest) = rest.split_once(' ')?;
        node = Some(name);
        line = rest.trim_start();
    }
    let (kind, rest) = line.strip_prefix("type=")?.split_once(' ')?;
    let rest = rest.trim_start();
    let (stamp, rest) = rest.strip_prefix("msg=").unwrap_or(rest).strip_prefix("audit(")?.split_once(')')?;
    let (time, serial) = stamp.split_once(':')?;
    Some(Start { node, kind, time, serial, rest: rest.strip_prefix(':').unwrap_or(rest).trim_start() })
}

/// Reads records; keeps names between them.
#[derive(Default)]
pub(super) struct Records {
    fields: Fields,
}

impl Records {
    /// The record's time and fields, or why the line is none.
    pub fn read(&mut self, line: &str) -> Result<Mapped, String> {
        let start = start(line).ok_or("does not begin like an audit record")?;
        if let Some(node) = start.node {
            self.fields.put("node", node.into());
        }
        self.fields.put("type", start.kind.into());
        self.fields.put("msg", Value::Str(format!("audit({}:{})", start.time, start.serial).into()));
        match start.serial.parse() {
            Ok(serial) => self.fields.put("serial", Value::Int(serial)),
            Err(_) => self.fields.put("serial", start.serial.into()),
        }
        let (raw, names) = start.rest.split_once(ENRICHED).unwrap_or((start.rest, ""));
        let strange = self.pairs(raw, start.kind, false) | self.pairs(names, start.kind, false);
        if strange {
            self.fields.put("message", start.rest.into());
        }
        Ok((time::of_number(start.time), self.fields.take()))
    }

    /// Takes `name=value` pairs; says whether there was something else between them.
    fn pairs(&mut self, text: &str, kind: &str, nested: bool) -> bool {
        let mut rest = text;
        let mut strange = false;
        loop {
            rest = rest.trim_start_matches([' ', ',', '\n', '\r', '\t']);
            if rest.is_empty() {
                return strange;
            }
            let name_end = rest.find(['=', ' ']).unwrap_or(rest.len());
            if !rest[name_end..].starts_with('=') || name_end == 0 {
                // A word of a sentence, as older user records have.
                strange = true;
                rest = &rest[name_end.max(rest.chars().next().map_or(1, char::len_utf8))..];
                continue;
            }
            let name = &rest[..name_end];
            let value = &rest[name_end + 1..];
            let (value, quote, after) = one(value);
            rest = after;
            if name == "msg" && quote == Some('\'') && !nested {
                // A user record's own pairs: `msg='op=login acct="root" …'`.
                strange |= self.pairs(value, kind, true);
                continue;
            }
            self.put(name, value, quote.is_some(), kind);
        }
    }

    fn put(&mut self, name: &str, value: &str, quoted: bool, kind: &str) {
        let argument = kind == "EXECVE" && is_argument(name);
        let decoded = if !quoted && (argument || ENCODED.contains(&name)) { decode(value) } else { None };
        let text = decoded.as_deref().unwrap_or(value);
        // A long argument comes in parts: a1[0]=… a1[1]=…
        let part = name.split_once('[').filter(|(_, n)| argument && n.ends_with(']'));
        if let Some((whole, _)) = part {
            let before = self.fields.text(whole).map(|t| format!("{t}{text}"));
            match before {
                Some(joined) => self.fields.set(whole, Value::Str(joined.into())),
                None => self.fields.put(whole, text.into()),
            }
            return;
        }
        self.fields.put(name, text.into());
    }
}

/// `a0`, `a12`, `a1[3]`, but neither `a1_len` nor `arch`.
fn is_argument(name: &str) -> bool {
    let rest = name.strip_prefix('a').unwrap_or_default();
    let number = rest.split_once('[').map_or(rest, |(n, _)| n);
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// A value, the quote it stood in, and what is behind it.
fn one(text: &str) -> (&str, Option<char>, &str) {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    if let Some(quote) = quote
        && let Some(end) = text[1..].find(quote)
    {
        return (&text[1..=end], Some(quote), &text[end + 2..]);
    }
    let end = text.find([' ', '\n', '\r', '\t']).unwrap_or(text.len());
    (&text[..end], None, &text[end..])
}

/// Hexadecimal to text; the NUL bytes between arguments become spaces. `None` when it is not hexadecimal.
fn decode(text: &str) -> Option<String> {
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return None;
    }
    let bytes: Option<Vec<u8>> =
        text.as_bytes().chunks_exact(2).map(|p| Some(digit(p[0])? << 4 | digit(p[1])?)).collect();
    let bytes = bytes?;
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |n| n + 1);
    let spaced: Vec<u8> = bytes[..end].iter().map(|b| if *b == 0 { b' ' } else { *b }).collect();
    Some(String::from_utf8_lossy(&spaced).into_owned())
}
