//! Caseless text: one rule for patterns and values, a character for a character.

/// The lower-case form where it is a single character, else the character itself, so that `?` keeps its
/// meaning and a value never grows or shrinks in characters.
pub(crate) fn char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some('ς'), None) => 'σ',
        (Some(l), None) => l,
        _ => c,
    }
}

/// Appends the folded text.
pub(crate) fn push(into: &mut String, text: &str) {
    if text.is_ascii() {
        let from = into.len();
        into.push_str(text);
        into[from..].make_ascii_lowercase();
    } else {
        into.extend(text.chars().map(char));
    }
}

/// The folded text.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push(&mut out, text);
    out
}

/// The folded text, and for each of its bytes and its end the byte of the original it comes from.
pub(crate) fn mapped(text: &str) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(text.len());
    let mut map = Vec::with_capacity(text.len() + 1);
    for (at, c) in text.char_indices() {
        let f = char(c);
        out.push(f);
        map.resize(out.len(), at);
    }
    map.push(text.len());
    (out, map)
}
