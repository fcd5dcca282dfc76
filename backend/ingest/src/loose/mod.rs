//! Lines of a kind that is not known: each is one event with the line as its message.
//!
//! A text is taken for such a log only when most of its first lines begin with a time (or have one in brackets, as
//! access logs do): a folder of evidence holds many texts that are none. A user's word takes any text.

use crate::text::{Good, Hand, Lined, Origin, Out, Stamp, YEAR_GUESSED, each, first_lines};
use event::{Name, Place, Value};
use std::{
    io::{self, Read},
    ops::ControlFlow,
};

/// So far in, an access log has its time in brackets.
const ACCESS: usize = 256;
/// Places that hold at most so many brackets before the time.
const BRACKETS: usize = 4;

/// Whether a text (UTF-8, without byte order mark) begins like a log of lines.
pub(crate) fn is(text: &[u8]) -> bool {
    first_lines(text, |line| stamp(line).is_some())
}

/// Reads a log. An error is one of reading, never of content.
pub(crate) fn read(
    from: &mut dyn Read,
    origin: Origin<'_>,
    hand: &mut Hand<'_>,
) -> io::Result<ControlFlow<()>> {
    let name = Name::from;
    let reader = Loose { dataset: name("text.other"), message: name("message"), guessed: name(YEAR_GUESSED) };
    each(reader, from, origin, hand)
}

struct Loose {
    dataset: Name,
    message: Name,
    guessed: Name,
}

impl Lined for Loose {
    const FRAMED: bool = false;

    fn line(&mut self, text: &str, out: &mut Out<'_>, place: Place) -> Result<Good, &'static str> {
        let when = stamp(text).map(|s| s.when(out.latest()));
        let mut fields = vec![(self.message.clone(), text.into())];
        if when.is_some_and(|w| !w.zoned) {
            out.note_once(place, crate::NO_ZONE);
        }
        if when.is_some_and(|w| w.guessed) {
            fields.push((self.guessed.clone(), Value::Bool(true)));
        }
        Ok(Good { dataset: self.dataset.clone(), time: when.map(|w| w.time), fields, trouble: None })
    }

    fn other(&self) -> Name {
        self.dataset.clone()
    }
}

/// The time at a line's start, also behind a bracket, or that of an access log's line (`10.0.0.9 - bob
/// [10/Oct/2000:13:55:36 -0700] "GET …`, Apache's Common Log Format).
fn stamp(line: &str) -> Option<Stamp> {
    let line = line.trim_start().as_bytes();
    let bare = line.strip_prefix(b"[").or_else(|| line.strip_prefix(b"(")).unwrap_or(line);
    if let Some(stamp) = Stamp::at_start(bare) {
        return Some(stamp);
    }
    let start = line.get(..line.len().min(ACCESS)).unwrap_or_default();
    memchr::memchr_iter(b'[', start).take(BRACKETS).find_map(|at| {
        let inside = line.get(at + 1..)?;
        (inside.get(2) == Some(&b'/')).then(|| Stamp::at_start(inside))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::trial::{NOW, all, resumes};
    use proptest::prelude::*;

    #[test]
    fn lines_have_their_times_and_others_none() {
        // Apache's documentation of its logs; nginx's error log; Python's logging; a stack trace.
        let text = "127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.0\" 200 2326\n\
            [Wed Oct 11 14:32:52 2000] [error] [client 127.0.0.1] denied\r\n\n\
            2024/03/07 04:02:16 [error] 12#0: *1 open() failed\n\
            2024-03-07 04:02:16,123 ERROR app: broken\n\
            Traceback (most recent call last):\n\
            Mar  7 04:02:16 something\n";
        let (events, skipped) = all(read, text.as_bytes());
        assert_eq!(skipped, []);
        let times: Vec<_> = events
            .iter()
            .map(|e| (e.place.record, e.time.0 / 1_000_000, e.get("time_missing").is_some()))
            .collect();
        assert_eq!(
            times,
            [
                (1, 971_211_336_000, false),
                (2, 971_274_772_000, false),
                (4, 1_709_784_136_000, false),
                (5, 1_709_784_136_123, false),
                (6, NOW.0 / 1_000_000, true),
                (7, 1_678_161_736_000, false),
            ]
        );
        assert_eq!(events[5].get("year_guessed"), Some(&Value::Bool(true)));
        assert_eq!(events[4].text("message").as_deref(), Some("Traceback (most recent call last):"));
        resumes(read, text.as_bytes());
        assert!(is(text.as_bytes()));
        for none in ["fn main() {}\n", "[a]\nb=c\n", "2024-01-01\n", "1 2 3\n", "", "\n\n"] {
            assert!(!is(none.as_bytes()), "{none}");
        }
    }

    #[test]
    fn a_long_line_is_cut_with_a_mark() {
        let text = format!("2024-03-07 04:02:16 {}\nnext\n", "x".repeat(2 << 20));
        let (events, skipped) = all(read, text.as_bytes());
        assert_eq!((events.len(), skipped.len()), (2, 1));
        assert!(events[0].text("parse_error").unwrap().contains("only its beginning"));
        assert_eq!(events[0].text("message").unwrap().len(), 1 << 20);
        assert!(events[0].get("time_missing").is_none());
    }

    proptest! {
        #[test]
        fn each_line_is_an_event(text in "(.|\n){0,200}") {
            let lines = text.trim_start_matches('\u{feff}').split('\n').filter(|l| !l.trim_ascii().is_empty()).count();
            prop_assert_eq!(all(read, text.as_bytes()).0.len(), lines);
            resumes(read, text.as_bytes());
        }
    }
}
