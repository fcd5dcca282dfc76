//! Where in the source a character of a scalar stands: folded over lines, quoted, escaped.

use super::error::{At, lines};

/// The place of the character that has `solid` characters before it in the value, blanks not counted, or with `end`
/// the place behind the last of those. `at` is where the scalar starts. `None` when the text has no such place.
pub(super) fn place(text: &str, at: At, solid: usize, end: bool) -> Option<At> {
    let mut rest = lines(text).skip(at.line.checked_sub(1)?);
    let first = rest.next()?;
    let skip = at.column.checked_sub(1)?;
    let mut walk = Walk { solid, end, behind: at };
    let style = match first.chars().nth(skip) {
        Some(c @ ('\'' | '"')) => c,
        // A header line, then the text.
        Some('|' | '>') => {
            let numbered = rest.zip(at.line + 1..);
            return numbered.into_iter().find_map(|(l, number)| walk.line(l, number, 0, ' ')).or(walk.over());
        }
        _ => ' ',
    };
    let from = if style == ' ' { skip } else { skip + 1 };
    if let Some(found) = walk.line(first, at.line, from, style) {
        return Some(found);
    }
    rest.zip(at.line + 1..).find_map(|(l, number)| walk.line(l, number, 0, style)).or(walk.over())
}

struct Walk {
    solid: usize,
    end: bool,
    /// Behind the last character.
    behind: At,
}

impl Walk {
    /// The end of the text was reached.
    fn over(&self) -> Option<At> {
        (self.solid == 0).then_some(self.behind)
    }

    /// Looks for the place in a line; `style` is the quote, or a blank without one.
    fn line(&mut self, line: &str, number: usize, from: usize, style: char) -> Option<At> {
        let mut chars = line.chars().enumerate().skip(from).peekable();
        while let Some((column, c)) = chars.next() {
            let mut stands_for = Some(c);
            match (style, c) {
                ('\'', '\'') if chars.next_if(|(_, c)| *c == '\'').is_none() => return Some(self.behind),
                ('"', '"') => return Some(self.behind),
                ('"', '\\') => stands_for = escape(&mut chars),
                _ => {}
            }
            if self.solid == 0 && self.end {
                return Some(self.behind);
            }
            if stands_for.is_some_and(|c| !c.is_whitespace()) {
                if self.solid == 0 {
                    return Some(At { line: number, column: column + 1 });
                }
                self.solid -= 1;
                let next = chars.peek().map_or(line.chars().count(), |(next, _)| *next);
                self.behind = At { line: number, column: next + 1 };
            }
        }
        None
    }
}

/// The character of an escape in double quotes, behind the backslash; `None` at the end of a line, where it joins.
fn escape(chars: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    let (_, c) = chars.next()?;
    let digits = match c {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        'n' | 't' | 'r' | 'v' | 'f' | 'N' | 'L' | 'P' | '_' => return Some(' '),
        // What it is does not count, only that it is no blank.
        c => return Some(c),
    };
    let text: String = chars.take(digits).map(|(_, c)| c).collect();
    u32::from_str_radix(&text, 16).ok().and_then(char::from_u32).or(Some('x'))
}
