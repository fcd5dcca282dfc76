//! What stands before a syslog line's message, in RFC 5424, RFC 3164 and what devices and daemons make of that.

use crate::text::Stamp;
use std::net::IpAddr;

/// The longest name of a host or program that is taken for one (RFC 5424, 6: 255 and 48 characters).
const LONGEST_NAME: usize = 255;
/// Where a host's name would stand in syslog, other logs have these.
const LEVELS: &[&str] = &[
    "trace",
    "debug",
    "info",
    "information",
    "notice",
    "warn",
    "warning",
    "error",
    "err",
    "fatal",
    "critical",
    "severe",
    "fine",
    "finer",
    "finest",
    "config",
    "verbose",
    "log",
];

/// A line's parts. Empty names and `-` are `None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Head<'l> {
    /// 0 to 191: facility times 8 and severity.
    pub priority: Option<u8>,
    /// Of RFC 5424; `None` in lines of the older kind.
    pub version: Option<u16>,
    /// As written.
    pub time: Option<&'l str>,
    pub stamp: Option<Stamp>,
    pub host: Option<&'l str>,
    pub program: Option<&'l str>,
    /// Most often a number.
    pub pid: Option<&'l str>,
    pub msgid: Option<&'l str>,
    /// From structured data on, where the version has it.
    pub data: Option<&'l str>,
    /// The message in lines of the older kind; behind the data else.
    pub message: &'l str,
}

/// The parts of a line, or why it is none.
pub(crate) fn head(line: &str) -> Result<Head<'_>, &'static str> {
    let mut head = Head::default();
    let mut rest = line;
    if let Some((priority, after)) = priority(line) {
        head.priority = Some(priority);
        rest = after;
    } else if line.starts_with('<') {
        return Err("begins with neither a priority (<0> to <191>) nor a time");
    }
    if versioned(rest, &mut head).is_some() {
        return Ok(head);
    }
    old(rest, &mut head).ok_or("has no time where syslog has it")?;
    Ok(head)
}

/// `<34>` and what is behind it.
fn priority(line: &str) -> Option<(u8, &str)> {
    let rest = line.strip_prefix('<')?;
    let digits = rest.bytes().take(4).take_while(u8::is_ascii_digit).count();
    let number: u8 = rest.get(..digits).filter(|_| digits <= 3)?.parse().ok()?;
    let rest = rest.get(digits..)?.strip_prefix('>')?;
    (number <= 191).then_some((number, rest))
}

fn name(text: &str) -> Option<&str> {
    (!matches!(text, "" | "-")).then_some(text)
}

/// RFC 5424: `1 TIME HOST APP PROCID MSGID DATA MESSAGE`. Without a priority, as some tools keep it, it has to be of
/// version 1 and have a time.
fn versioned<'l>(text: &'l str, head: &mut Head<'l>) -> Option<()> {
    let digits = text.bytes().take(4).take_while(u8::is_ascii_digit).count();
    let version = text.get(..digits).filter(|d| digits <= 3 && !d.is_empty() && !d.starts_with('0'))?;
    let mut parts = text.get(digits..)?.strip_prefix(' ')?.splitn(6, ' ');
    let time = parts.next()?;
    let stamp = Stamp::at_start(time.as_bytes()).filter(|s| s.iso && s.len == time.len());
    if stamp.is_none() && time != "-" || head.priority.is_none() && (version != "1" || stamp.is_none()) {
        return None;
    }
    let (host, program, pid, msgid) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let data = parts.next().unwrap_or_default();
    *head = Head {
        priority: head.priority,
        version: version.parse().ok(),
        time: name(time),
        stamp,
        host: name(host),
        program: name(program),
        pid: name(pid),
        msgid: name(msgid),
        data: Some(data),
        message: "",
    };
    Some(())
}

/// The older kind. Between priority and time Cisco's devices write a sequence number, a host, and `*` or `.` for a
/// clock that is not set (Cisco, "System Message Logging").
fn old<'l>(text: &'l str, head: &mut Head<'l>) -> Option<()> {
    let mut rest = text.trim_start_matches(' ');
    if head.priority.is_some() {
        for _ in 0..2 {
            let word = rest.split(' ').next().unwrap_or_default();
            if let Some(before) = word.strip_suffix(':').filter(|w| Stamp::at_start(w.as_bytes()).is_none()) {
                if before.is_empty() || before.len() > LONGEST_NAME || before.starts_with('%') {
                    break;
                }
                if !before.bytes().all(|b| b.is_ascii_digit()) {
                    head.host = Some(before);
                }
                rest = rest.get(word.len()..)?.trim_start_matches(' ');
            }
        }
        rest = rest.trim_start_matches(['*', '.']);
    }
    let stamp = Stamp::at_start(rest.as_bytes())?;
    (head.time, rest) = rest.split_at_checked(stamp.len).map(|(time, rest)| (Some(time), rest))?;
    head.stamp = Some(stamp);
    let colon = rest.strip_prefix(':');
    let mut rest = match (colon, rest) {
        (Some(rest), _) | (None, rest @ "") => rest,
        (None, rest) => rest.strip_prefix(' ')?,
    };
    rest = rest.trim_start_matches(' ');
    if colon.is_none() && head.host.is_none() {
        rest = host(rest, head);
    }
    (head.program, head.pid, head.message) = tag(rest);
    if rest.starts_with('%') {
        // Of a device's tag the message is a part: `%ASA-6-302013: Built …`.
        head.message = rest;
    }
    Some(())
}

/// The word behind the time is the host, unless it is a tag. `avas: message` is a host that speaks itself.
fn host<'l>(text: &'l str, head: &mut Head<'l>) -> &'l str {
    let word = text.split(' ').next().unwrap_or_default();
    let rest = text.get(word.len()..).unwrap_or_default().trim_start_matches(' ');
    let letters = |w: &str| {
        w.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'/' | b'@') || b >= 128
        })
    };
    let is_name = |w: &str| !w.is_empty() && w.len() <= LONGEST_NAME && letters(w);
    if word.parse::<IpAddr>().is_ok() {
        head.host = Some(word);
    } else if let Some(before) = word.strip_suffix(':') {
        if !is_name(before) || before.contains(':') {
            return text;
        }
        head.host = Some(before);
        return rest;
    } else if is_name(word) {
        head.host = name(word);
    } else {
        return text;
    }
    // `host : %ASA-…`
    rest.strip_prefix(": ").unwrap_or(rest)
}

/// `program[pid]: message`, `program: message`, `program[pid] message`, or only a message.
fn tag(text: &str) -> (Option<&str>, Option<&str>, &str) {
    let none = (None, None, text);
    let end = text.bytes().take(LONGEST_NAME).position(|b| matches!(b, b':' | b'[' | b' ')).unwrap_or(0);
    let (Some(program), Some(rest)) = (text.get(..end).filter(|p| !p.is_empty()), text.get(end..)) else {
        return none;
    };
    if let Some(rest) = rest.strip_prefix('[') {
        let Some((pid, rest)) = rest.split_once(']').filter(|(pid, _)| pid.len() <= 64 && !pid.contains(' '))
        else {
            return none;
        };
        if !matches!(rest.bytes().next(), None | Some(b':' | b' ')) {
            return none;
        }
        // macOS names the service too: `com.apple.xpc.launchd[1] (com.apple.x[2]): …`.
        let labelled = rest.strip_prefix(" (").and_then(|r| r.split_once("): ")).map(|(_, message)| message);
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        let message = labelled.unwrap_or(rest.strip_prefix(' ').unwrap_or(rest));
        return (Some(program), name(pid), message);
    }
    match rest.strip_prefix(':') {
        Some("") => (Some(program), None, ""),
        Some(rest) if rest.starts_with(' ') => (Some(program), None, &rest[1..]),
        _ => none,
    }
}

/// Whether a line is syslog beyond doubt: application logs, too, begin with a time and words.
pub(super) fn is_sure(line: &str) -> bool {
    let Ok(head) = head(line) else { return false };
    if head.priority.is_some() || head.version.is_some() {
        return true;
    }
    let level = |word: &str| LEVELS.iter().any(|l| l.eq_ignore_ascii_case(word));
    let iso = head.stamp.is_some_and(|s| s.iso);
    if iso && !head.time.is_some_and(|t| t.contains('T')) {
        return false;
    }
    if !iso && !head.time.is_some_and(|t| t.starts_with(|c: char| c.is_ascii_alphabetic())) {
        return false;
    }
    let cisco = head.message.starts_with('%');
    let Some(host) = head.host else { return cisco || (head.pid.is_some() && !iso) };
    let tagged = head.program.is_some_and(|p| !level(p));
    !level(host) && (tagged || !iso)
}
