//! Sigma's YAML as coloured pieces, line by line. It reads no structure: a text that is being typed is often no YAML yet.

/// What a piece of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A key with its colon.
    Key,
    /// A text in quotes, or a bare word.
    Text,
    /// A number, true, false, null.
    Number,
    /// `and`, `or`, `not`, `1 of` in a condition.
    Operator,
    /// From `#` on.
    Comment,
    /// Indentation, dashes, brackets.
    Plain,
}

impl Part {
    /// Class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Part::Key => "k-key",
            Part::Text => "k-str",
            Part::Number => "k-num",
            Part::Operator => "k-op",
            Part::Comment => "k-com",
            Part::Plain => "",
        }
    }
}

/// The pieces of one line; joined they are the line again.
pub fn line(text: &str) -> Vec<(Part, &str)> {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        let lead = rest.len() - rest.trim_start().len();
        push(&mut out, Part::Plain, &rest[..lead]);
        rest = &rest[lead..];
        match rest.strip_prefix('-').filter(|r| r.is_empty() || r.starts_with(' ')) {
            Some(after) => {
                push(&mut out, Part::Plain, "-");
                rest = after;
            }
            None => break,
        }
    }
    if rest.starts_with('#') || rest == "---" {
        push(&mut out, Part::Comment, rest);
        return out;
    }
    let condition = match key_end(rest) {
        Some(end) => {
            let key = &rest[..end];
            push(&mut out, Part::Key, key);
            rest = &rest[end..];
            key == "condition:"
        }
        None => false,
    };
    let (value, comment) = rest.split_at(comment_start(rest));
    if condition {
        operators(&mut out, value)
    } else {
        scalar(&mut out, value)
    }
    push(&mut out, Part::Comment, comment);
    out
}

fn push<'a>(out: &mut Vec<(Part, &'a str)>, part: Part, text: &'a str) {
    if !text.is_empty() {
        out.push((part, text));
    }
}

/// End of `key:`, where the line begins with one.
fn key_end(text: &str) -> Option<usize> {
    if text.starts_with(['\'', '"', '[', '{', '*', '&', '!', '|', '>']) {
        return None;
    }
    text.match_indices(':').map(|(i, _)| i + 1).find(|end| {
        let after = &text[*end..];
        after.is_empty() || after.starts_with(' ')
    })
}

/// Where ` #` begins a comment outside of quotes; the end where none does.
fn comment_start(text: &str) -> usize {
    let mut quote = None;
    let mut before = ' ';
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '#') if before == ' ' && i > 0 => return i,
            (None, '\'' | '"') if !before.is_alphanumeric() => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
        before = c;
    }
    text.len()
}

fn scalar<'a>(out: &mut Vec<(Part, &'a str)>, value: &'a str) {
    let word = value.trim();
    let start = value.len() - value.trim_start().len();
    push(out, Part::Plain, &value[..start]);
    let number = word.parse::<f64>().is_ok() || matches!(word, "true" | "false" | "null" | "~");
    let sign = word.chars().all(|c| "[]{}|>-+,".contains(c));
    let part = match (number, sign) {
        (true, _) => Part::Number,
        (_, true) => Part::Plain,
        _ => Part::Text,
    };
    push(out, part, &value[start..start + word.len()]);
    push(out, Part::Plain, &value[start + word.len()..]);
}

fn operators<'a>(out: &mut Vec<(Part, &'a str)>, value: &'a str) {
    for piece in value.split_inclusive([' ', '(', ')']) {
        let word = piece.trim_end_matches([' ', '(', ')']);
        let operator = matches!(word, "and" | "or" | "not" | "of" | "them" | "all" | "any" | "|")
            || (!word.is_empty() && word.chars().all(|c| c.is_ascii_digit()));
        push(out, if operator { Part::Operator } else { Part::Text }, word);
        push(out, Part::Plain, &piece[word.len()..]);
    }
}

/// Indentation of the line that a caret (in UTF-16 units) stands on, for the line after it: one step more after a key
/// without a value.
pub fn indent_after(text: &str, caret: u32) -> String {
    let mut units = 0;
    let before: String = text
        .chars()
        .take_while(|c| {
            units += c.len_utf16();
            units <= caret as usize
        })
        .collect();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let own: String = line.chars().take_while(|c| *c == ' ').collect();
    let deeper = if line.trim_end().ends_with(':') { "    " } else { "" };
    own + deeper
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(Part, &str)> {
        let all = line(text);
        assert_eq!(all.iter().map(|p| p.1).collect::<String>(), text, "nothing is lost");
        all.into_iter().filter(|p| p.0 != Part::Plain).collect()
    }

    #[test]
    fn keys_and_values() {
        assert_eq!(parts("title: A: b"), [(Part::Key, "title:"), (Part::Text, "A: b")]);
        assert_eq!(parts("    - 'C:\\x' # why"), [(Part::Text, "'C:\\x'"), (Part::Comment, "# why")]);
        assert_eq!(parts("  EventID: 4688"), [(Part::Key, "EventID:"), (Part::Number, "4688")]);
        assert_eq!(parts("  - Image|endswith: x"), [(Part::Key, "Image|endswith:"), (Part::Text, "x")]);
        assert_eq!(parts("a: 'b # c'"), [(Part::Key, "a:"), (Part::Text, "'b # c'")]);
        assert_eq!(parts("detection:"), [(Part::Key, "detection:")]);
        assert_eq!(parts("# all"), [(Part::Comment, "# all")]);
        assert_eq!(parts("---"), [(Part::Comment, "---")]);
        assert_eq!(parts("description: >-"), [(Part::Key, "description:")]);
    }

    #[test]
    fn conditions() {
        let found = parts("    condition: (sel or 1 of x_*) and not filter");
        let operators: Vec<&str> = found.iter().filter(|p| p.0 == Part::Operator).map(|p| p.1).collect();
        assert_eq!(operators, ["or", "1", "of", "and", "not"]);
        assert!(found.contains(&(Part::Text, "x_*")) && found.contains(&(Part::Text, "filter")));
    }

    #[test]
    fn the_next_line_is_indented_alike() {
        assert_eq!(indent_after("a:\n  b: 'ö'", 11), "  ");
        assert_eq!(indent_after("a:\n  b:", 7), "      ");
        assert_eq!(indent_after("😀:", 1), "");
        assert_eq!(indent_after("", 0), "");
    }

    #[test]
    fn whatever_is_typed() {
        for text in ["", " ", "-", "- - a: b", "ä: 'ö", ":", "::", "a:#b", "\t- x", "'", "- #"] {
            parts(text);
        }
    }
}
