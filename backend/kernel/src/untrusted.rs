//! Text from logs, files and models.
//!
//! It has no `Display`, so that it can't slip into HTML, a file name, a terminal, or a command or SQL text: each of these
//! sinks has a method that makes it harmless for just that place. Prompts get theirs with the first model.

/// Text that nobody vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untrusted<T>(T);

impl<T: AsRef<str>> Untrusted<T> {
    /// Marks text as untrusted.
    pub fn new(text: T) -> Self {
        Untrusted(text)
    }

    /// For a terminal: control, escape and bidi characters as `\x1b` or `\u{202e}`.
    pub fn for_terminal(&self) -> String {
        let mut out = String::with_capacity(self.0.as_ref().len());
        for c in self.0.as_ref().chars() {
            match c {
                '\t' => out.push(' '),
                c if c.is_control() && (c as u32) < 0x100 => out.push_str(&format!("\\x{:02x}", c as u32)),
                c if hidden(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
                c => out.push(c),
            }
        }
        out
    }

    /// Like [`Untrusted::for_terminal`], line by line: for text that is meant to have several.
    pub fn for_terminal_lines(&self) -> String {
        let lines: Vec<_> = self.0.as_ref().lines().map(|l| Untrusted::new(l).for_terminal()).collect();
        lines.join("\n")
    }

    /// For a label or file name shown to people or sent as `filename=`: one path component, no control characters,
    /// at most 200 characters, never empty.
    pub fn for_file_name(&self) -> String {
        let last = self.0.as_ref().rsplit(['/', '\\']).next().unwrap_or("");
        let clean: String = last
            .chars()
            .filter(|c| !c.is_control() && !hidden(*c) && !"\"<>|:*?".contains(*c))
            .take(200)
            .collect();
        match clean.trim_matches(['.', ' ']) {
            "" => "unnamed".into(),
            name => name.into(),
        }
    }

    /// For plain text in a notification or title: no markup characters survive as markup, one line, at most `max`.
    pub fn for_plain_line(&self, max: usize) -> String {
        let clean = self.0.as_ref().chars().filter(|c| !hidden(*c));
        clean.map(|c| if c.is_control() { ' ' } else { c }).take(max).collect()
    }

    /// For the text of an HTML element or a quoted attribute.
    pub fn for_html(&self) -> String {
        let mut out = String::with_capacity(self.0.as_ref().len());
        for c in self.0.as_ref().chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                c => out.push(c),
            }
        }
        out
    }

    /// As a bound parameter or a JSON value: these carry any text safely.
    pub fn as_data(&self) -> &str {
        self.0.as_ref()
    }
}

/// Zero-width, bidi and tag characters: they change what a reader sees.
fn hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::Untrusted;

    #[test]
    fn each_sink_is_harmless() {
        let evil = Untrusted::new("../../etc/\x1b[31mpass\u{202e}wd\n");
        assert_eq!(evil.for_terminal(), "../../etc/\\x1b[31mpass\\u{202e}wd\\x0a");
        assert_eq!(evil.for_file_name(), "[31mpasswd");
        assert_eq!(Untrusted::new("..").for_file_name(), "unnamed");
        assert_eq!(Untrusted::new("<a b='\"&").for_html(), "&lt;a b=&#39;&quot;&amp;");
        assert_eq!(Untrusted::new("a\nb").for_plain_line(10), "a b");
    }
}
