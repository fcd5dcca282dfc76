//! Messages of syslog in a TCP stream (RFC 6587): behind their length, or ended by a line feed, each by itself.

/// Longer messages are not taken.
pub(super) const LONGEST: usize = 256 << 10;
/// The longest number that is a length.
const DIGITS: usize = 7;

/// A message that was longer than [`LONGEST`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// What is left of a message that is not taken.
#[derive(Debug, Default, PartialEq, Eq)]
enum Skip {
    #[default]
    Nothing,
    Bytes(usize),
    Line,
}

/// Cuts a stream into messages; holds no more than one.
#[derive(Debug, Default)]
pub(super) struct Frames {
    data: Vec<u8>,
    /// Up to here `data` is done.
    at: usize,
    skip: Skip,
}

/// How a message begins.
enum Head {
    /// A length: bytes of its number and space, and of the message.
    Counted(usize, usize),
    Line,
    /// Too little is there to say.
    More,
}

impl Frames {
    /// The stream goes on.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.data.drain(..self.at);
        self.at = 0;
        self.data.extend_from_slice(bytes);
    }

    /// The next whole message.
    pub(super) fn next(&mut self) -> Option<Result<Vec<u8>, TooLong>> {
        loop {
            let rest = self.data.get(self.at..).filter(|rest| !rest.is_empty())?;
            match self.skip {
                Skip::Bytes(left) => {
                    let taken = left.min(rest.len());
                    self.at += taken;
                    self.skip = if left > taken { Skip::Bytes(left - taken) } else { Skip::Nothing };
                    continue;
                }
                Skip::Line => {
                    match end_of_line(rest) {
                        Some(end) => (self.at, self.skip) = (self.at + end + 1, Skip::Nothing),
                        None => self.at = self.data.len(),
                    }
                    continue;
                }
                Skip::Nothing => {}
            }
            match head(rest) {
                Head::More => return None,
                Head::Counted(skip, len) if len > LONGEST => {
                    self.at += skip;
                    self.skip = Skip::Bytes(len);
                    return Some(Err(TooLong));
                }
                Head::Counted(skip, len) => {
                    let message = rest.get(skip..skip + len)?.to_vec();
                    self.at += skip + len;
                    return Some(Ok(message));
                }
                Head::Line => match end_of_line(rest) {
                    Some(end) => {
                        let line = trimmed(&rest[..end]).to_vec();
                        self.at += end + 1;
                        if line.len() > LONGEST {
                            return Some(Err(TooLong));
                        }
                        if !line.is_empty() {
                            return Some(Ok(line));
                        }
                    }
                    None if rest.len() > LONGEST => {
                        self.at = self.data.len();
                        self.skip = Skip::Line;
                        return Some(Err(TooLong));
                    }
                    None => return None,
                },
            }
        }
    }

    /// What stands at the end of the stream without an end of its own.
    pub(super) fn rest(self) -> Option<Vec<u8>> {
        let rest = self.data.get(self.at..).filter(|_| self.skip == Skip::Nothing)?;
        let text = match head(rest) {
            Head::Counted(skip, _) => rest.get(skip..)?,
            _ => rest,
        };
        let text = trimmed(text);
        (!text.is_empty()).then(|| text.to_vec())
    }
}

fn end_of_line(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| *b == b'\n')
}

/// Without white space and the NUL that some senders end a message with.
fn trimmed(line: &[u8]) -> &[u8] {
    let mut line = line.trim_ascii();
    while let [rest @ .., 0] = line {
        line = rest.trim_ascii_end();
    }
    line
}

/// `LENGTH <…`: a message that begins with a number of its own, a year for one, is a line.
fn head(bytes: &[u8]) -> Head {
    let digits = bytes.iter().take(DIGITS + 1).take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 || digits > DIGITS || bytes[0] == b'0' {
        return Head::Line;
    }
    match (bytes.get(digits), bytes.get(digits + 1)) {
        (None, _) | (Some(b' '), None) => Head::More,
        (Some(b' '), Some(b'<')) => {
            let number = std::str::from_utf8(&bytes[..digits]).ok().and_then(|n| n.parse().ok());
            number.map_or(Head::Line, |len| Head::Counted(digits + 1, len))
        }
        _ => Head::Line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of a stream that comes in pieces, `-` for one that was too long, and the rest.
    fn all(stream: &[u8], piece: usize) -> Vec<String> {
        let mut frames = Frames::default();
        let mut found = vec![];
        for part in stream.chunks(piece) {
            frames.push(part);
            while let Some(one) = frames.next() {
                found.push(one.map_or("-".into(), |m| String::from_utf8(m).unwrap()));
            }
        }
        found.extend(frames.rest().map(|m| format!("rest {}", String::from_utf8(m).unwrap())));
        found
    }

    #[test]
    fn lengths_and_lines_in_any_pieces() {
        for (stream, messages) in [
            (&b"<1>a\n<2>b\r\n\n<3>c"[..], vec!["<1>a", "<2>b", "rest <3>c"]),
            (b"4 <1>a6 <2>\nbc<3>d\n", vec!["<1>a", "<2>\nbc", "<3>d"]),
            (b"5 <1>a\n4 <2>b\n", vec!["<1>a\n", "<2>b"]),
            (
                b"2024-05-01 10:00 no priority\n17 bottles\n",
                vec!["2024-05-01 10:00 no priority", "17 bottles"],
            ),
            (b"<1>a\0\n<2>b\0", vec!["<1>a", "rest <2>b"]),
            (b"20 <1>cut", vec!["rest <1>cut"]),
            (b"0 <1>a\n", vec!["0 <1>a"]),
            (b"12345678 <1>a\n", vec!["12345678 <1>a"]),
            (b"\n \n", vec![]),
            (b"12", vec!["rest 12"]),
        ] {
            for piece in [1, 2, 3, 1000] {
                assert_eq!(all(stream, piece), messages, "{:?} by {piece}", String::from_utf8_lossy(stream));
            }
        }
    }

    #[test]
    fn what_is_too_long_is_passed_over_and_never_held() {
        let long = "x".repeat(LONGEST + 1);
        for piece in [1000, 1 << 20] {
            assert_eq!(all(format!("<1>{long}\n<2>b\n").as_bytes(), piece), ["-", "<2>b"]);
            assert_eq!(all(format!("{} <1>{long}<2>b\n", long.len() + 3).as_bytes(), piece), ["-", "<2>b"]);
        }
        let mut frames = Frames::default();
        for _ in 0..1000 {
            frames.push(&[b'x'; 10_000]);
            while frames.next().is_some() {}
            assert!(frames.data.len() <= LONGEST + 10_000);
        }
        assert_eq!(frames.rest(), None);
    }
}
