//! Text that came from outside, made safe to look at.

/// Whether a character could hide or reorder what a person reads.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Control, zero-width and direction characters written out (`\x1b`, `\u{202e}`); the rest as it is.
pub fn visible(text: &str) -> String {
    if !text.chars().any(hidden) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if hidden(c) && u32::from(c) < 256 => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if hidden(c) => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// As [`visible`], but keeps line breaks and tabs: for bodies that are shown as lines.
pub fn visible_lines(text: &str) -> String {
    text.replace('\r', "").split('\n').map(|l| l.split('\t').map(visible).collect::<Vec<_>>().join("\t")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides() {
        assert_eq!(visible("a\u{1b}[31mb\r\n"), "a\\x1b[31mb\\r\\n");
        assert_eq!(visible("evil\u{202e}fdp.exe\u{200b}"), "evil\\u{202e}fdp.exe\\u{200b}");
        assert_eq!(visible("C:\\a ä عربي"), "C:\\a ä عربي");
        assert_eq!(visible_lines("a\tb\r\nc\u{7}"), "a\tb\nc\\x07");
    }
}
