//! What a header line says: names, which tool wrote it, where the time is; and a record by it.

use super::{
    OTHER,
    kind::{self, Kind},
    records::{Cell, MOST_COLUMNS, Record, Records},
    time,
};
use crate::{json::shape, text::Out};
use event::{Interner, Name, Nanos, Place, Value, windows};

/// Names of times beside [`shape::TIMES`], best first; compared without case.
const TIMES: &[&str] = &[
    "Time Created",
    "Date and Time",
    "SystemTime",
    "DateTime",
    "TimeGenerated [UTC]",
    "EventTime",
    "Event Time",
    "StartTime",
    "Start Time",
    "start",
    "log_time",
    "created_at",
    "Created",
    "first_seen",
];
/// Set by the reader, so no column's.
const RESERVED: &[&str] = &[crate::text::TIME_MISSING];
const LEVEL_WORD: &str = "LevelDisplayName";

/// A table's columns.
pub(super) struct Columns {
    names: Vec<Name>,
    kind: Kind,
    /// Columns that may hold the time, best first.
    times: Vec<usize>,
    /// A time of day beside a date.
    joined: Option<(usize, usize, Option<usize>)>,
    /// A name and the columns that it takes its value from, best first.
    more: Vec<(Name, Vec<From>)>,
    /// Names of columns beyond the header's.
    beyond: Vec<Name>,
    interner: Interner,
    other: Name,
    /// The channel of the record before and its dataset.
    last: Option<(String, Name)>,
}

/// Where a value comes from.
enum From {
    Column(usize),
    /// One of the `key: value` pairs in a column, apart by ` ¦ ` (Hayabusa's details).
    Pair(usize, &'static str),
}

impl Columns {
    /// By the header line that was read last.
    pub fn new(records: &Records<'_>, header: &Record) -> Columns {
        let mut names: Vec<String> = Vec::new();
        let mut seen = std::collections::HashMap::new();
        for n in 0..records.columns() {
            let name = String::from_utf8_lossy(records.column(header, n).trim_ascii());
            let name = if name.is_empty() { format!("column_{}", n + 1) } else { name.into_owned() };
            let taken = seen.entry(name.clone()).or_insert(u32::from(RESERVED.contains(&name.as_str())));
            *taken += 1;
            names.push(if *taken > 1 { free(&names, &name) } else { name });
        }
        let kind = kind::of(&mut names);
        let at = |name: &str| names.iter().position(|n| n == name);
        let (mut times, mut joined) = (Vec::new(), None);
        let mut more: Vec<(Name, Vec<From>)> = Vec::new();
        if let Kind::Tool(tool) = &kind {
            times.extend(tool.times.iter().filter_map(|name| at(name)));
            if tool.times.is_empty() {
                joined = at("date").zip(at("time")).map(|(date, time)| (date, time, at("timezone")));
            }
            for (from, to) in tool.names {
                let pair = || Some(From::Pair(at("Details")?, from.strip_prefix("Details.")?));
                let Some(from) = at(from).map(From::Column).or_else(pair) else { continue };
                match more.iter_mut().find(|(name, _)| **name == **to) {
                    Some((_, list)) => list.push(from),
                    None if at(to).is_none() => more.push(((*to).into(), vec![from])),
                    None => {}
                }
            }
        } else {
            times = find_times(&names);
            let same = |name: &str| names.iter().position(|n| n.eq_ignore_ascii_case(name));
            joined = same("date").zip(same("time")).map(|(date, time)| (date, time, same("timezone")));
        }
        let mut interner = Interner::default();
        let names = names.iter().map(|name| interner.intern(name)).collect();
        Columns {
            names,
            kind,
            times,
            joined,
            more,
            beyond: Vec::new(),
            interner,
            other: OTHER.into(),
            last: None,
        }
    }

    /// Where no record says more.
    pub fn dataset(&mut self) -> Name {
        match &self.kind {
            Kind::Plain => self.other.clone(),
            Kind::Tool(tool) => self.interner.intern(tool.dataset),
            Kind::Windows { .. } => self.interner.intern(windows::dataset("")),
        }
    }

    /// The event of the record that was read last.
    pub fn event(&mut self, records: &Records<'_>, record: &Record, out: &mut Out<'_>, place: Place) {
        let count = records.columns();
        let row = Row { records, record, text: std::str::from_utf8(records.raw(record)).ok() };
        let mut fields = Vec::with_capacity(count.min(MOST_COLUMNS) + self.more.len() + 1);
        let mut clean = true;
        for (n, name) in self.names.iter().enumerate().take(count) {
            if let Some(value) = row.value(n, &mut clean) {
                fields.push((name.clone(), value));
            }
        }
        if count < self.names.len() {
            out.note_once(place, "has fewer columns than the header line");
        }
        for n in self.names.len()..count {
            let name = self.beyond(n);
            if let Some(value) = row.value(n, &mut clean) {
                if &*name != "Message" {
                    out.note_once(place, "has more columns than the header line; they are column_N");
                }
                fields.push((name, value));
            }
        }
        if !clean {
            out.note_once(place, "has bytes that are not UTF-8; U+FFFD stands in their place");
        }
        for (name, from) in &self.more {
            let value = from.iter().find_map(|from| match from {
                From::Column(n) => row.value(*n, &mut clean),
                From::Pair(n, key) => cell(pair(row.column(*n), key)?.as_bytes(), &mut clean),
            });
            if let Some(value) = value.filter(|v| *v != Value::Str("-".into())) {
                fields.push((name.clone(), value));
            }
        }
        let dataset = self.finish(&row, &mut fields);
        let time = self.time(&row, out, place);
        out.event(dataset, place, time, fields);
    }

    /// The dataset, and what is particular to it.
    fn finish(&mut self, row: &Row<'_, '_>, fields: &mut Vec<(Name, Value)>) -> Name {
        let Kind::Windows { channel, provider, level, .. } = self.kind else { return self.dataset() };
        let text = |n: Option<usize>| n.and_then(|n| row.text(n));
        let channel = match (text(channel), text(provider)) {
            (Some(channel), _) => channel,
            (None, Some(provider)) => {
                kind::PROVIDERS.iter().find(|(name, _)| *name == provider).map_or("", |(_, channel)| channel)
            }
            (None, None) => "",
        };
        let name = level.and_then(|n| self.names.get(n));
        if let Some(word) = text(level)
            && let Some(number) = shape::level(word)
            && let Some((_, value)) = fields.iter_mut().find(|(n, _)| Some(n) == name)
        {
            *value = Value::Int(number);
            if !self.names.iter().any(|n| &**n == LEVEL_WORD) {
                fields.push((self.interner.intern(LEVEL_WORD), Value::Str(word.into())));
            }
        }
        if let Some((_, name)) = self.last.as_ref().filter(|(last, _)| *last == channel) {
            return name.clone();
        }
        let name = self.interner.intern(windows::dataset(channel));
        self.last = Some((channel.to_owned(), name.clone()));
        name
    }

    fn time(&self, row: &Row<'_, '_>, out: &mut Out<'_>, place: Place) -> Option<Nanos> {
        let text = |n: usize| row.text(n).filter(|t| !t.is_empty());
        // Plaso says so of its date column.
        let month_first = matches!(self.kind, Kind::Tool(tool) if tool.times.is_empty());
        let read = self.times.iter().find_map(|n| time::of(text(*n)?, month_first)).or_else(|| {
            let (date, day, zone) = self.joined?;
            let zone = zone.and_then(text).unwrap_or_default();
            time::of(&format!("{} {} {zone}", text(date)?, text(day)?), month_first)
        })?;
        if !read.zoned {
            out.note_once(place, crate::NO_ZONE);
        }
        if read.guessed {
            out.note_once(place, "has dates whose order of day and month is a guess");
        }
        Some(read.time)
    }

    /// The name of a column beyond the header's.
    fn beyond(&mut self, n: usize) -> Name {
        let at = n - self.names.len();
        while self.beyond.len() <= at {
            let viewer = matches!(self.kind, Kind::Windows { viewer: true, .. }) && self.beyond.is_empty();
            let number = self.names.len() + self.beyond.len() + 1;
            let name = if viewer { "Message".to_owned() } else { format!("column_{number}") };
            let taken = |name: &str| self.names.iter().any(|n| &**n == name);
            let name = if taken(&name) { format!("{name}_beyond") } else { name };
            self.beyond.push(name.into());
        }
        self.beyond[at].clone()
    }
}

/// A name that no column has, for one whose own is taken.
fn free(names: &[String], name: &str) -> String {
    let numbered = (2..).map(|n| format!("{name}_{n}"));
    numbered.into_iter().find(|name| !names.contains(name)).unwrap_or_default()
}

/// Columns that may hold the time, best first: known names, then any whose name says so.
fn find_times(names: &[String]) -> Vec<usize> {
    let known = shape::TIMES.iter().chain(TIMES);
    let mut found: Vec<usize> =
        known.filter_map(|known| names.iter().position(|n| n.eq_ignore_ascii_case(known))).collect();
    let says =
        |n: &String| n.to_ascii_lowercase().contains("time") || n.to_ascii_lowercase().contains("date");
    found.extend((0..names.len()).filter(|n| says(&names[*n])));
    let mut seen = std::collections::HashSet::new();
    found.retain(|n| seen.insert(*n));
    found
}

/// The value of a `key: value` pair among others.
fn pair<'t>(text: &'t [u8], key: &str) -> Option<&'t str> {
    let text = std::str::from_utf8(text).ok()?;
    text.split(" ¦ ").find_map(|pair| pair.strip_prefix(key)?.strip_prefix(": "))
}

/// A record that was cut into columns.
struct Row<'r, 'a> {
    records: &'r Records<'a>,
    record: &'r Record,
    /// All of it, where it is UTF-8.
    text: Option<&'r str>,
}

impl<'r> Row<'r, '_> {
    fn column(&self, n: usize) -> &'r [u8] {
        self.records.column(self.record, n)
    }

    /// A column that is UTF-8.
    fn text(&self, n: usize) -> Option<&'r str> {
        match (self.records.cell(self.record, n), self.text) {
            (Cell::Plain(from, bytes), Some(text)) => text.get(from..from + bytes.len()),
            (Cell::Plain(_, bytes) | Cell::Own(bytes), _) => std::str::from_utf8(bytes).ok(),
        }
    }

    /// A column's value; `None` for an empty one.
    fn value(&self, n: usize, clean: &mut bool) -> Option<Value> {
        match self.text(n) {
            Some(text) => value(text),
            None => cell(self.column(n), clean),
        }
    }
}

/// A cell's value; `None` for an empty one.
fn cell(bytes: &[u8], clean: &mut bool) -> Option<Value> {
    match std::str::from_utf8(bytes) {
        Ok(text) => value(text),
        Err(_) => {
            *clean = false;
            Some(Value::Str(String::from_utf8_lossy(bytes).into()))
        }
    }
}

fn value(text: &str) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    Some(whole(text).unwrap_or_else(|| Value::Str(text.into())))
}

/// A whole number that is written in the one way it would be shown: no zeroes in front, no plus.
fn whole(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let plain = match digits {
        [b'0'] => bytes.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.len() < 20 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !plain {
        return None;
    }
    text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::Uint)).ok()
}
