//! How `scan` prints a match: as a line of a table, of JSON, or of a comma-separated file.

use super::{args::Format, csv, plain, table::Table};
use api::Time;
use kernel::Untrusted;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// A match of a rule with an event, or a correlation rule that fired. All texts as they came.
pub(super) struct Match<'a> {
    pub rule_id: &'a str,
    pub title: &'a str,
    /// As the rule says it; none where it does not.
    pub level: Option<&'static str>,
    /// The file, and what was read in it; empty for a correlation.
    pub file: &'a str,
    /// None for a correlation.
    pub record: Option<u64>,
    /// None where the event has none.
    pub time: Option<Time>,
    pub host: &'a str,
    /// The fields that made the rule match; for a correlation its group.
    pub matched: Vec<(String, String)>,
    pub of: Option<Correlated>,
}

/// What only a correlation has.
pub(super) struct Correlated {
    /// Time of the last event; `time` is that of the first.
    pub last: Option<Time>,
    pub events: u64,
    pub value: f64,
}

/// Prints matches in one format.
pub(super) struct Printer {
    format: Format,
    table: Table,
}

impl Printer {
    pub fn new(format: Format) -> Printer {
        Printer { format, table: Table::of_terminal() }
    }

    /// Names of the columns, where the format has them.
    pub fn head(&self, out: &mut impl Write) -> io::Result<()> {
        match self.format {
            Format::Table => writeln!(out, "{}", self.table.head()),
            Format::Csv => {
                let names =
                    ["rule_id", "title", "level", "file", "record_id", "timestamp", "host", "matched"];
                writeln!(out, "{}", csv::line(&names))
            }
            Format::Jsonl => Ok(()),
        }
    }

    pub fn print(&self, m: Match<'_>, out: &mut impl Write) -> io::Result<()> {
        match self.format {
            Format::Table => writeln!(out, "{}", self.row(&m)),
            Format::Csv => {
                let record = m.record.map(|r| r.to_string()).unwrap_or_default();
                let time = m.time.map(|t| t.to_string()).unwrap_or_default();
                let matched = plain::json(&object(m.matched));
                let level = m.level.unwrap_or_default();
                let cells = [m.rule_id, m.title, level, m.file, &record, &time, m.host, &matched];
                writeln!(out, "{}", csv::line(&cells))
            }
            Format::Jsonl => {
                let mut line = json!({"rule_id": m.rule_id, "title": m.title, "level": m.level, "file": m.file,
                    "record_id": m.record, "timestamp": m.time, "host": m.host, "matched": object(m.matched)});
                if let Some(c) = m.of {
                    line["last"] = json!(c.last);
                    line["events"] = json!(c.events);
                    line["value"] = json!(c.value);
                }
                writeln!(out, "{}", plain::json(&line))
            }
        }
    }

    /// A line for people: times to the second, a correlation's events in place of the file.
    fn row(&self, m: &Match<'_>) -> String {
        let clean = |t: &str| Untrusted::new(t).for_terminal();
        let mut matched: Vec<_> =
            m.matched.iter().map(|(k, v)| format!("{}={}", clean(k), clean(v))).collect();
        let mut file = clean(m.file);
        if let Some(c) = &m.of {
            file = format!("{} events", c.events);
            matched.push(format!("until {}", seconds(c.last)));
        }
        let level = match m.level {
            Some("informational") => "info",
            other => other.unwrap_or("-"),
        };
        let record = m.record.map_or_else(|| "-".into(), |r| r.to_string());
        let cells =
            [&seconds(m.time), level, &clean(m.title), &clean(m.host), &file, &record, &matched.join("  ")];
        self.table.row(cells)
    }
}

/// `2026-01-31T12:00:00Z`, or `-` where there is no time.
fn seconds(time: Option<Time>) -> String {
    let Some(time) = time.map(|t| t.to_string()) else { return "-".into() };
    time.split_once('.').map_or(time.clone(), |(whole, _)| format!("{whole}Z"))
}

fn object(fields: Vec<(String, String)>) -> Map<String, Value> {
    fields.into_iter().map(|(k, v)| (k, json!(v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(format: Format, record: Option<u64>) -> String {
        let fields = vec![("Image".into(), "a\u{1b}[31m\u{9b}31m\u{202e}\u{2066}z".into())];
        let of = record.is_none().then_some(Correlated { last: Some(Time(0)), events: 12, value: 5.0 });
        let time = record.map(|_| Time(0));
        let m = Match {
            rule_id: "r",
            title: "T",
            level: None,
            file: "f",
            record,
            time,
            host: "h",
            matched: fields,
            of,
        };
        let mut out = vec![];
        Printer { format, table: Table::of(300) }.print(m, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_match_is_one_harmless_line_and_says_what_is_not_there() {
        for format in [Format::Table, Format::Jsonl, Format::Csv] {
            for record in [Some(7), None] {
                let line = printed(format, record);
                assert_eq!(line.matches('\n').count(), 1, "{line:?}");
                assert!(
                    !line.trim_end().contains(|c: char| c.is_control() || "\u{202e}\u{2066}".contains(c)),
                    "{line:?}"
                );
            }
        }
        assert!(
            printed(Format::Table, Some(7)).starts_with("1970-01-01T00:00:00Z  -  "),
            "{}",
            printed(Format::Table, Some(7))
        );
        let fired = printed(Format::Table, None);
        assert!(
            fired.starts_with("-  ")
                && fired.contains("  12 events  ")
                && fired.contains("until 1970-01-01T00:00:00Z"),
            "{fired}"
        );
        let line: Value = serde_json::from_str(&printed(Format::Jsonl, None)).unwrap();
        assert_eq!(
            (&line["level"], &line["timestamp"], &line["events"]),
            (&Value::Null, &Value::Null, &json!(12))
        );
        assert_eq!(line["matched"]["Image"], "a\u{1b}[31m\u{9b}31m\u{202e}\u{2066}z");
        assert!(printed(Format::Csv, None).starts_with("r,T,,f,,,h,"), "{}", printed(Format::Csv, None));
    }
}
