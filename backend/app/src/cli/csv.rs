//! Cells of a comma-separated line (RFC 4180) that no spreadsheet runs and no terminal obeys.

use kernel::Untrusted;

/// One line of cells, without its end.
pub(super) fn line(cells: &[&str]) -> String {
    let cells: Vec<_> = cells.iter().map(|c| cell(c)).collect();
    cells.join(",")
}

/// A cell that begins with `= + - @`, tab or carriage return, or does so behind blanks, is taken for a formula by
/// spreadsheets (OWASP, CSV Injection): an apostrophe before it makes it text.
fn cell(text: &str) -> String {
    let begins = |t: &str| t.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let harmful = begins(text) || begins(text.trim_start());
    let shown = Untrusted::new(text).for_terminal();
    let guarded = if harmful { format!("'{shown}") } else { shown };
    if guarded.contains([',', '"', '\'', ';']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_escapes_are_made_harmless() {
        for harmful in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1"] {
            assert!(cell(harmful).starts_with("\"'"), "{harmful:?}: {}", cell(harmful));
        }
        assert_eq!(line(&["a", "b,c", "say \"x\"", "\u{1b}[31m"]), "a,\"b,c\",\"say \"\"x\"\"\",\\x1b[31m");
        assert_eq!(cell("a-b=c"), "a-b=c");
    }
}
