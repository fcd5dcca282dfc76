//! OpenSSH's server. A name that somebody tries to log in with is untrusted and may itself look like the rest of the
//! line, so what the server adds is taken from the line's end.

use super::auth::Facts;

/// What a line of sshd tells.
pub(super) fn facts(message: &str) -> Option<Facts<'_>> {
    let message = message.strip_prefix("error: ").unwrap_or(message);
    let tail = message.strip_suffix(" [preauth]").unwrap_or(message);
    result(tail).or_else(|| invalid(tail)).or_else(|| ended(tail)).or_else(|| others(tail))
}

/// Puts `ADDRESS port PORT …`, as it stands at the end of `text`, and gives what is before it.
fn peer<'m>(text: &'m str, facts: &mut Facts<'m>, before: &str) -> Option<&'m str> {
    let (front, address) = text.rsplit_once(before)?;
    let mut words = address.split(' ');
    facts.from = words.next().map(|a| a.trim_end_matches([':', ',']));
    if words.next() == Some("port") {
        facts.port = words.next().map(|p| p.split(':').next().unwrap_or(p));
    }
    Some(front)
}

/// `Accepted publickey for bob from 10.0.0.9 port 50112 ssh2: RSA SHA256:…`, `Failed password for [invalid user] bob
/// from …`.
fn result(message: &str) -> Option<Facts<'_>> {
    let (verb, rest) = message.split_once(' ')?;
    let good = match verb {
        "Accepted" => true,
        "Failed" => false,
        _ => return None,
    };
    let (method, rest) = rest.split_once(" for ")?;
    let mut facts = Facts::new("ssh_login");
    facts.good = Some(good);
    let user = peer(rest, &mut facts, " from ")?;
    let known = user.strip_prefix("invalid user ").or_else(|| user.strip_prefix("illegal user "));
    facts.user = Some(known.unwrap_or(user));
    facts.why = known.map(|_| "invalid user");
    facts.more[0] = Some(("system.auth.ssh.method", method));
    facts.more[1] = Some(("system.auth.ssh.event", verb));
    let key = rest.rsplit_once(" ssh2: ").filter(|_| good);
    facts.more[2] = key.map(|(_, key)| ("system.auth.ssh.signature", key));
    Some(facts)
}

/// `Invalid user bob from 10.0.0.9 port 50112`, `maximum authentication attempts exceeded for …`, `User bob from …
/// not allowed because …`.
fn invalid(message: &str) -> Option<Facts<'_>> {
    let mut facts = Facts::new("ssh_login");
    facts.good = Some(false);
    if let Some(rest) =
        message.strip_prefix("Invalid user ").or_else(|| message.strip_prefix("Illegal user "))
    {
        // An empty name leaves only one space.
        facts.user = Some(match rest.strip_prefix("from ") {
            Some(address) if !address.contains(" from ") => {
                peer(message, &mut facts, " from ")?;
                ""
            }
            _ => peer(rest, &mut facts, " from ")?,
        });
        facts.why = Some("invalid user");
    } else if let Some(rest) = message.strip_prefix("maximum authentication attempts exceeded for ") {
        let user = peer(rest, &mut facts, " from ")?;
        facts.user = Some(user.strip_prefix("invalid user ").unwrap_or(user));
        facts.why = Some("maximum authentication attempts exceeded");
    } else {
        let (rest, why) = message.strip_prefix("User ")?.rsplit_once(" not allowed because ")?;
        facts.user = Some(peer(rest, &mut facts, " from ")?);
        facts.why = Some(why);
    }
    Some(facts)
}

/// Connections that begin or end.
fn ended(message: &str) -> Option<Facts<'_>> {
    const BEGINNINGS: &[(&str, &str)] = &[
        ("Connection closed by ", "ssh_connection_closed"),
        ("Connection reset by ", "ssh_connection_closed"),
        ("Disconnected from ", "ssh_disconnected"),
        ("Received disconnect from ", "ssh_disconnected"),
        ("Disconnecting ", "ssh_disconnected"),
        ("Connection from ", "ssh_connection_opened"),
    ];
    let (rest, action) = BEGINNINGS
        .iter()
        .find_map(|(text, action)| message.strip_prefix(text).map(|rest| (rest, *action)))?;
    let mut facts = Facts::new(action);
    let kinds = ["authenticating user ", "invalid user ", "user "];
    match kinds.iter().find_map(|kind| rest.strip_prefix(kind)) {
        // `bob 10.0.0.9 port 50112`, with a reason behind a colon.
        Some(rest) => {
            let (front, port) = rest.rsplit_once(" port ")?;
            let (user, address) = front.rsplit_once(' ')?;
            (facts.user, facts.from) = (Some(user), Some(address));
            facts.port = port.split([' ', ':']).next();
        }
        None => {
            let mut words = rest.split(' ');
            facts.from = words.next().map(|a| a.trim_end_matches(':'));
            if words.next() == Some("port") {
                facts.port = words.next().map(|p| p.split(':').next().unwrap_or(p));
            }
        }
    }
    Some(facts)
}

/// What scanners leave behind.
fn others(message: &str) -> Option<Facts<'_>> {
    let mut facts = Facts::new("ssh_scan");
    if message.starts_with("Did not receive identification string from ")
        || message.starts_with("Bad protocol version identification")
        || message.starts_with("kex_exchange_identification: ") && message.contains(" from ")
    {
        peer(message, &mut facts, " from ")?;
        return Some(facts);
    }
    if let Some((before, _)) = message.split_once(" failed - POSSIBLE BREAK-IN ATTEMPT!") {
        let (_, address) = before.rsplit_once(" [")?;
        facts.from = Some(address.trim_end_matches(']'));
        return Some(facts);
    }
    let (_, rest) = message.split_once("more authentication failure")?;
    facts.action = "ssh_login";
    facts.good = Some(false);
    facts.from = rest.split_once("rhost=").and_then(|(_, r)| r.split(' ').next());
    facts.user = rest.split_once(" user=").map(|(_, u)| u);
    Some(facts)
}
