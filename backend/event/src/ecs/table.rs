//! The table of names, read once.

use super::kind::Kind;
use crate::{Event, Value};
use std::sync::LazyLock;

const TEXT: &str = include_str!("../../../../assets/ecs/fields.csv");
const HEADER: &str = "dataset,field,ecs,as,where";

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its line in the file, from 1.
    pub line: usize,
    /// A dataset, or its beginning and `*`.
    pub dataset: &'static str,
    /// The event's field, or `=` and a word.
    pub field: &'static str,
    /// The name in ECS.
    pub ecs: &'static str,
    kind: Kind,
    /// A field, and what it must be, in small letters; nothing for anything.
    when: Option<(&'static str, Vec<String>)>,
}

static ROWS: LazyLock<Result<Vec<Row>, String>> = LazyLock::new(|| read(TEXT));
static ADDRESSES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut names: Vec<_> = rows().iter().filter(|row| row.kind == Kind::Ip).map(|row| row.ecs).collect();
    names.extend(["host.ip", "source.nat.ip", "destination.nat.ip", "observer.ip"]);
    names.sort_unstable();
    names.dedup();
    names
});

/// All rows, in the order of the file. None where the file that was built in can't be read, which a test rules out.
pub fn rows() -> &'static [Row] {
    ROWS.as_deref().unwrap_or_default()
}

/// The rows of a dataset's events.
pub(super) fn rows_of(dataset: &str) -> impl Iterator<Item = &'static Row> {
    rows().iter().filter(move |row| row.about(dataset))
}

/// Fields of events that an ECS name is taken from, each once, whatever else their rows ask for.
pub fn fields_of(ecs: &str) -> Vec<&'static str> {
    let of = rows().iter().filter(|row| row.ecs.eq_ignore_ascii_case(ecs) && !row.field.starts_with('='));
    let mut fields: Vec<_> = of.map(|row| row.field).collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

/// ECS names that hold addresses.
pub(super) fn addresses() -> &'static [&'static str] {
    &ADDRESSES
}

/// Rows of a text, or which line is none and why.
fn read(text: &'static str) -> Result<Vec<Row>, String> {
    let mut lines =
        (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    if lines.next().map(|(_, line)| line) != Some(HEADER) {
        return Err(format!("does not begin with {HEADER}"));
    }
    lines
        .map(|(line, text)| row(line, text).ok_or_else(|| format!("line {line} is no row: {text}")))
        .collect()
}

fn row(line: usize, text: &'static str) -> Option<Row> {
    let mut cells = text.split(',');
    let mut cell = || cells.next().map(str::trim);
    let (dataset, field, ecs, kind, when) = (cell()?, cell()?, cell()?, cell()?, cell()?);
    let when = match when.split_once('=') {
        None if when.is_empty() => None,
        None => return None,
        Some((name, "*")) => Some((name, Vec::new())),
        Some((name, values)) => Some((name, values.split('|').map(str::to_ascii_lowercase).collect())),
    };
    let whole = cell().is_none() && ![dataset, field, ecs].contains(&"");
    whole.then_some(Row { line, dataset, field, ecs, kind: Kind::parse(kind)?, when })
}

impl Row {
    /// Whether it is about this dataset's events.
    pub fn about(&self, dataset: &str) -> bool {
        match self.dataset.strip_suffix('*') {
            Some(start) => dataset.starts_with(start),
            None => dataset == self.dataset,
        }
    }

    /// The field that an event has for it and the value that comes of it.
    pub fn value<'e>(&self, event: &'e Event) -> Option<(Option<&'e str>, Value)> {
        if let Some((name, values)) = &self.when {
            let value = event.text(name)?;
            if !values.is_empty() && !values.iter().any(|v| value.eq_ignore_ascii_case(v)) {
                return None;
            }
        }
        if let Some(word) = self.field.strip_prefix('=') {
            return Some((None, Value::Str(word.into())));
        }
        let (name, value) = event.fields.iter().find(|(name, _)| **name == *self.field)?;
        self.kind.take(value).map(|value| (Some(&**name), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_row() {
        assert_eq!(ROWS.as_ref().err(), None);
        assert!(rows().len() > 200);
        let mut seen = std::collections::HashSet::new();
        for row in rows() {
            assert!(
                seen.insert((row.dataset, row.field, row.ecs, row.when.clone())),
                "line {} again",
                row.line
            );
            assert!(
                row.ecs.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c)),
                "{row:?}"
            );
        }
        for bad in ["a,b", HEADER.trim_end_matches('e'), "dataset,field,ecs,as,where\na,b,c,odd,"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
