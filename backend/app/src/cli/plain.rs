//! JSON that no terminal obeys. It carries any text, but a terminal that shows it obeys what serde leaves as it is: C1
//! control characters begin escape sequences (ECMA-48), bidi and invisible ones change what a reader sees (UAX 9).

use serde::Serialize;
use std::fmt::Write as _;

/// A value on one line.
pub(super) fn json(value: &impl Serialize) -> String {
    escaped(serde_json::to_string(value).unwrap_or_default())
}

/// A value over several lines.
pub(super) fn pretty(value: &impl Serialize) -> String {
    escaped(serde_json::to_string_pretty(value).unwrap_or_default())
}

/// Such characters stand in strings only, where `\uXXXX` means the same; a line feed is layout, since serde has escaped
/// those of strings.
fn escaped(text: String) -> String {
    if text.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c == '\n' || !(c.is_control() || unseen(c)) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Bidi controls, zero-width characters, separators of lines and paragraphs, tags.
fn unseen(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_means_the_same() {
        let text = "a\u{1b}[31m\u{9b}31m\u{7f}\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\u{e0041}é日\n";
        for shown in [json(&text), pretty(&[text])] {
            assert!(shown.chars().all(|c| c == '\n' || !(c.is_control() || unseen(c))), "{shown:?}");
            assert!(
                shown.contains("\\u009b31m\\u007f\\u202e") && shown.contains("\\udb40\\udc41é日"),
                "{shown}"
            );
        }
        assert_eq!(serde_json::from_str::<String>(&json(&text)).ok().as_deref(), Some(text));
        assert_eq!(pretty(&serde_json::json!({"a": 1})), "{\n  \"a\": 1\n}");
    }
}
