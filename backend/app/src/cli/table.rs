//! One match a line in columns of a given width: what does not fit is cut, with `…` where it is.

use std::io::IsTerminal as _;

/// Heads of the columns.
const HEADS: [&str; 7] = ["TIME", "LEVEL", "TITLE", "HOST", "FILE", "RECORD", "MATCHED"];
const FILE: usize = 4;
const RECORD: usize = 5;
const GAP: usize = 2;

/// Widths of the columns.
pub(super) struct Table([usize; 7]);

impl Table {
    /// As wide as `COLUMNS` says; without it as wide as terminals often are, and wider where no terminal wraps lines.
    pub fn of_terminal() -> Table {
        let told = std::env::var("COLUMNS").ok().and_then(|c| c.trim().parse().ok());
        Table::of(told.unwrap_or(if std::io::stdout().is_terminal() { 120 } else { 200 }))
    }

    /// For lines of this many columns, 80 at least. Time, level and record have what they need, the rest is shared out.
    pub fn of(columns: usize) -> Table {
        let (time, level, record) = (20, 8, 8);
        let rest = columns.clamp(80, 2_000) - time - level - record - GAP * (HEADS.len() - 1);
        let title = (rest * 38 / 100).min(70);
        let host = (rest * 16 / 100).min(24);
        let file = (rest * 20 / 100).min(40);
        Table([time, level, title, host, file, record, rest - title - host - file])
    }

    /// The line of heads.
    pub fn head(&self) -> String {
        self.row(HEADS)
    }

    /// A line. Cells are ready for a terminal. Times and records are never cut; of a file's name the end is kept.
    pub fn row(&self, cells: [&str; 7]) -> String {
        let mut line = String::new();
        for (i, (cell, width)) in cells.into_iter().zip(self.0).enumerate() {
            let shown = match i {
                0 | RECORD => cell.to_owned(),
                FILE => end(cell, width),
                _ => begin(cell, width),
            };
            let blanks = " ".repeat(width.saturating_sub(wide(&shown)));
            match i {
                RECORD => line.extend([blanks.as_str(), shown.as_str()]),
                _ => line.extend([shown.as_str(), blanks.as_str()]),
            }
            line.push_str(&" ".repeat(GAP));
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Columns that a text takes.
fn wide(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Columns of a character: East Asian wide ones and emoji take two (UAX 11), combining marks none.
fn columns(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

/// As much of the beginning as fits.
fn begin(text: &str, width: usize) -> String {
    if wide(text) <= width {
        return text.to_owned();
    }
    format!("{}…", fitting(text.chars(), width).into_iter().collect::<String>())
}

/// As much of the end as fits.
fn end(text: &str, width: usize) -> String {
    if wide(text) <= width {
        return text.to_owned();
    }
    format!("…{}", fitting(text.chars().rev(), width).into_iter().rev().collect::<String>())
}

/// Characters that leave a column free.
fn fitting(chars: impl Iterator<Item = char>, width: usize) -> Vec<char> {
    let mut left = width.saturating_sub(1);
    let fits = |c: &char| {
        let takes = columns(*c);
        let fits = takes <= left;
        left = left.saturating_sub(takes);
        fits
    };
    chars.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_wide_as_told() {
        let long = "x".repeat(300);
        for width in [80, 100, 132, 200] {
            let row =
                Table::of(width).row(["2026-01-01T00:00:00Z", "critical", &long, &long, &long, "1", &long]);
            assert_eq!((wide(&row), row.matches('…').count()), (width, 4), "{row}");
            assert!(wide(&Table::of(width).head()) <= width);
        }
        let wide_ones = "日本語".repeat(40);
        let row = Table::of(100).row(["", "", &wide_ones, "", &wide_ones, "12345678901", ""]);
        assert!(wide(&row) <= 100 && row.contains("12345678901"), "{row}");
        assert_eq!(
            (begin("abcdef", 4), end("abcdef", 4), begin("abc", 3)),
            ("abc…".into(), "…def".into(), "abc".into())
        );
    }
}
