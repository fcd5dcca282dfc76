//! What the programs of Linux that authenticate and keep accounts say, as ECS fields; where ECS has none, those of
//! Elastic's system module (`system.auth.*`). Texts after the programs' sources: OpenSSH, sudo, Linux-PAM, shadow,
//! util-linux, systemd-logind, cron, polkit.

use super::sshd;
use crate::text::Fields;
use event::Value;

/// Programs whose messages a Linux keeps apart (auth.log, secure).
const PROGRAMS: &[&str] = &[
    "sshd",
    "sshd-session",
    "sshd-auth",
    "dropbear",
    "sudo",
    "su",
    "login",
    "runuser",
    "doas",
    "pkexec",
    "systemd-logind",
    "elogind",
    "polkitd",
    "polkit-agent-helper-1",
    "useradd",
    "adduser",
    "usermod",
    "userdel",
    "groupadd",
    "addgroup",
    "groupmod",
    "groupdel",
    "gpasswd",
    "passwd",
    "chpasswd",
    "chage",
    "chfn",
    "chsh",
    "newusers",
    "newgrp",
    "vipw",
    "pam-auth-update",
    "unix_chkpwd",
    "gdm-password",
    "gdm-session-worker",
    "gdm",
    "lightdm",
    "sddm",
    "sddm-helper",
    "xrdp-sesman",
    "rlogin",
    "rshd",
    "sssd",
    "krb5_child",
    "faillock",
    "systemd-user",
    "saslauthd",
    "winbindd",
];

/// What one line tells.
#[derive(Default)]
pub(super) struct Facts<'m> {
    /// A short verb phrase, `event.action`.
    pub action: &'static str,
    /// Whether it worked, where the line says so.
    pub good: Option<bool>,
    /// Who acts, or whose account it is about.
    pub user: Option<&'m str>,
    pub user_id: Option<&'m str>,
    /// As whom.
    pub target: Option<&'m str>,
    pub group: Option<&'m str>,
    pub group_id: Option<&'m str>,
    /// An address or a host's name.
    pub from: Option<&'m str>,
    pub port: Option<&'m str>,
    pub why: Option<&'m str>,
    /// Names and values that ECS has no place for.
    pub more: [Option<(&'static str, &'m str)>; 6],
}

impl<'m> Facts<'m> {
    pub fn new(action: &'static str) -> Self {
        Facts { action, ..Facts::default() }
    }

    fn put(self, fields: &mut Fields) {
        fields.put("event.action", self.action.into());
        if let Some(good) = self.good {
            fields.put("event.outcome", if good { "success" } else { "failure" }.into());
        }
        // At most 255 characters are a name of anything.
        let fits = |v: &&str| !v.is_empty() && v.len() <= 255;
        for (name, value) in [
            ("user.name", self.user),
            ("user.id", self.user_id),
            ("user.effective.name", self.target),
            ("group.name", self.group),
            ("group.id", self.group_id),
            ("event.reason", self.why),
        ] {
            if let Some(value) = value.filter(fits) {
                fields.put(name, value.into());
            }
        }
        if let Some(from) = self.from.filter(fits) {
            let ip = from.parse::<std::net::IpAddr>().is_ok();
            fields.put(if ip { "source.ip" } else { "source.domain" }, from.into());
        }
        if let Some(port) = self.port.and_then(|p| p.parse::<u16>().ok()) {
            fields.put("source.port", Value::Int(port.into()));
        }
        for (name, value) in self.more.into_iter().flatten().filter(|(_, v)| !v.is_empty()) {
            fields.put(name, value.into());
        }
    }
}

/// Takes the facts of a message of such a program; says whether it is one.
pub(super) fn facts(program: &str, message: &str, fields: &mut Fields) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    let name = name.split('(').next().unwrap_or(name);
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let by_pam = message.starts_with("pam_");
    let found = if by_pam {
        pam(message)
    } else if is("sshd") || is("sshd-session") || is("sshd-auth") {
        sshd::facts(message)
    } else if is("sudo") {
        sudo(message)
    } else if is("su") {
        su(message)
    } else if is("cron") || is("crond") {
        cron(message)
    } else if is("login") {
        login(message)
    } else if is("systemd-logind") || is("elogind") {
        logind(message)
    } else {
        account(message)
    };
    let ours = by_pam || PROGRAMS.iter().any(|p| is(p));
    if let Some(found) = found.filter(|_| ours || is("cron") || is("crond")) {
        found.put(fields);
    }
    ours
}

/// What stands between two texts; to the end where the second is empty.
pub(super) fn between<'m>(text: &'m str, from: &str, to: &str) -> Option<&'m str> {
    let (_, rest) = text.split_once(from)?;
    if to.is_empty() { Some(rest) } else { rest.split_once(to).map(|(found, _)| found) }
}

/// The word behind a text.
fn word<'m>(text: &'m str, from: &str) -> Option<&'m str> {
    let (_, rest) = text.split_once(from)?;
    rest.split([' ', ';', ',']).next().filter(|w| !w.is_empty())
}

/// `pam_unix(sshd:auth): authentication failure; … rhost=10.0.0.9  user=root`, `… session opened for user root(uid=0)`.
fn pam(message: &str) -> Option<Facts<'_>> {
    let (_, said) = message.split_once("): ")?;
    let account = |text: &str| -> usize { text.find(['(', ' ', ';']).unwrap_or(text.len()) };
    if let Some((opened, rest)) = [(true, "session opened for user "), (false, "session closed for user ")]
        .into_iter()
        .find_map(|(opened, text)| said.strip_prefix(text).map(|rest| (opened, rest)))
    {
        let mut facts = Facts::new(if opened { "session-opened" } else { "session-closed" });
        facts.user = rest.get(..account(rest));
        facts.user_id = between(rest, "(uid=", ")").filter(|_| opened);
        facts.good = Some(true);
        return Some(facts);
    }
    if said.contains("authentication failure") {
        let mut facts = Facts::new("authentication-failed");
        facts.good = Some(false);
        facts.user = word(said, " user=");
        facts.from = word(said, "rhost=");
        facts.more[0] = word(said, " tty=").map(|t| ("system.auth.pam.tty", t));
        return Some(facts);
    }
    if let Some(user) = said.strip_prefix("password changed for ") {
        let mut facts = Facts::new("password-changed");
        (facts.user, facts.good) = (Some(user), Some(true));
        return Some(facts);
    }
    if let Some(rest) = said.strip_prefix("check pass; ") {
        let mut facts = Facts::new("authentication-failed");
        (facts.why, facts.good) = (Some(rest), Some(false));
        return Some(facts);
    }
    let user = between(said, "account ", " has expired")?;
    let mut facts = Facts::new("account-expired");
    (facts.user, facts.good) = (Some(user), Some(false));
    Some(facts)
}

/// `bob : TTY=pts/0 ; PWD=/home/bob ; USER=root ; COMMAND=/bin/ls`, with a reason before where sudo refuses.
fn sudo(message: &str) -> Option<Facts<'_>> {
    let (user, rest) = message.trim_start().split_once(" : ")?;
    let command = between(rest, "COMMAND=", "")?;
    let before = rest.get(..rest.len() - command.len())?;
    let value = |name: &str| {
        let found = before.split(" ; ").find_map(|part| part.trim().strip_prefix(name));
        found.map(str::trim)
    };
    let why = before.split(" ; ").next().filter(|part| !part.starts_with("TTY=") && !part.contains('='));
    let mut facts = Facts::new("sudo-command");
    facts.user = Some(user);
    facts.target = value("USER=");
    facts.group = value("GROUP=");
    facts.why = why;
    facts.good = Some(why.is_none());
    facts.more[0] = value("TTY=").map(|v| ("system.auth.sudo.tty", v));
    facts.more[1] = value("PWD=").map(|v| ("system.auth.sudo.pwd", v));
    facts.more[2] = Some(("system.auth.sudo.command", command));
    Some(facts)
}

/// The forms of util-linux, shadow and the BSDs.
fn su(message: &str) -> Option<Facts<'_>> {
    let mut facts = Facts::new("su");
    if let Some((before, rest)) = message.split_once("(to ") {
        let (target, rest) = rest.split_once(") ")?;
        facts.good = Some(!before.starts_with("FAILED"));
        facts.target = Some(target);
        facts.user = rest.split(" on ").next();
    } else if let Some((before, rest)) = message.split_once(" su for ") {
        let (target, user) = rest.split_once(" by ")?;
        facts.good = Some(before.eq_ignore_ascii_case("successful"));
        (facts.target, facts.user) = (Some(target), Some(user));
    } else if let Some((target, rest)) =
        message.strip_prefix("'su ").and_then(|m| m.split_once("' failed for "))
    {
        facts.good = Some(false);
        (facts.target, facts.user) = (Some(target), rest.split(" on ").next());
    } else if let Some((user, target)) = message.rsplit(' ').next().and_then(|who| who.split_once(':')) {
        facts.good = if message.starts_with("+ ") { Some(true) } else { Some(!message.starts_with("- ")) };
        message.starts_with(['+', '-']).then_some(())?;
        (facts.user, facts.target) = (Some(user), Some(target));
    } else {
        return None;
    }
    Some(facts)
}

/// `(root) CMD (command)`.
fn cron(message: &str) -> Option<Facts<'_>> {
    let (user, command) = message.strip_prefix('(')?.split_once(") CMD (")?;
    let mut facts = Facts::new("cron-command");
    facts.user = Some(user);
    facts.more[0] = Some(("system.cron.command", command.trim_end().strip_suffix(')').unwrap_or(command)));
    Some(facts)
}

/// `FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure`, `ROOT LOGIN on '/dev/tty1'`.
fn login(message: &str) -> Option<Facts<'_>> {
    let bare = |text: &'_ str| -> (usize, usize) {
        let quoted = usize::from(text.starts_with('\''));
        (quoted, text.get(quoted..).and_then(|t| t.find(['\'', ',', ' '])).map_or(text.len(), |n| n + quoted))
    };
    let mut facts = Facts::new("login");
    if message.starts_with("FAILED LOGIN") || message.starts_with("TOO MANY LOGIN TRIES") {
        let user = message.split_once(" FOR ")?.1;
        let (from, to) = bare(user);
        facts.user = user.get(from..to);
        facts.from = between(message, " FROM ", " FOR ");
        facts.why = message.rsplit_once(", ").map(|(_, why)| why);
        facts.good = Some(false);
    } else if message.starts_with("ROOT LOGIN") {
        (facts.user, facts.good) = (Some("root"), Some(true));
    } else {
        facts.user = message.strip_prefix("LOGIN ON ").and_then(|m| word(m, " BY "));
        facts.user?;
        facts.from = word(message, " FROM ");
        facts.good = Some(true);
    }
    Some(facts)
}

/// `New session 5 of user bob.`
fn logind(message: &str) -> Option<Facts<'_>> {
    let (session, user) = message.strip_prefix("New session ")?.split_once(" of user ")?;
    let mut facts = Facts::new("session-started");
    facts.user = Some(user.trim_end_matches('.'));
    facts.good = Some(true);
    facts.more[0] = Some(("system.auth.session", session.trim_matches('\'')));
    Some(facts)
}

/// What shadow's tools say of accounts and groups.
fn account(message: &str) -> Option<Facts<'_>> {
    let item = |name: &str| word(message, name);
    let quoted = |from: &str| between(message, from, "'");
    let mut facts;
    if message.starts_with("new user: ") || message.starts_with("new account added: ") {
        facts = Facts::new("added-user-account");
        facts.user = item("name=").or_else(|| item("account="));
        facts.user_id = item("UID=").or_else(|| item("uid="));
        facts.group_id = item("GID=").or_else(|| item("gid="));
        facts.more[0] = item("home=").map(|v| ("system.auth.useradd.home", v));
        facts.more[1] = item("shell=").map(|v| ("system.auth.useradd.shell", v));
        facts.more[2] = item("from=").map(|v| ("system.auth.useradd.from", v));
    } else if message.starts_with("new group: ") || message.starts_with("group added to ") {
        facts = Facts::new("added-group-account");
        facts.group = item("name=");
        facts.group_id = item("GID=");
    } else if let Some(user) = quoted("delete user '") {
        facts = Facts::new("deleted-user-account");
        facts.user = Some(user);
    } else if message.starts_with("add '") && message.contains("' to ") {
        facts = Facts::new("added-member");
        facts.user = quoted("add '");
        facts.group = quoted("group '");
    } else if message.starts_with("delete '") && message.contains("' from ") {
        facts = Facts::new("removed-member");
        facts.user = quoted("delete '");
        facts.group = quoted("group '");
    } else if let Some((user, rest)) = message.strip_prefix("user ").and_then(|m| m.split_once(" added by "))
    {
        facts = Facts::new("added-member");
        facts.user = Some(user);
        facts.group = between(rest, " to group ", "");
        facts.more[0] = rest.split(' ').next().map(|by| ("system.auth.by", by));
    } else if message.starts_with("change user '") {
        facts = Facts::new("changed-user-account");
        facts.user = quoted("change user '");
    } else if message.starts_with("password for ") && message.contains(" changed by ") {
        facts = Facts::new("password-changed");
        facts.user = quoted("password for '");
        facts.more[0] = quoted(" changed by '").map(|by| ("system.auth.by", by));
    } else {
        return None;
    }
    facts.good = Some(!message.contains("failed"));
    Some(facts)
}
