//! The process itself: what it never leaves behind, in whose name it runs, when it is asked to end.

/// New files are 0600, new folders 0700, and no core dump ever holds a secret. Called first in `main`.
pub fn harden() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(e) = rustix::process::setrlimit(rustix::process::Resource::Core, none) {
        tracing::warn!(error = %e, "core dumps could not be switched off");
    }
    // Other processes of the same user may not read our memory either.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Bytes of memory that the process holds now (`VmRSS` of proc(5)); none where the system does not say.
pub fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.saturating_mul(1024))
}

/// Name of the account that runs the program: what the session says, else what `/etc/passwd` has for its number.
pub fn account() -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|k| std::env::var(k).ok().filter(|v| !v.is_empty()));
    named.unwrap_or_else(|| {
        let uid = rustix::process::geteuid().as_raw();
        let all = std::fs::read("/etc/passwd").unwrap_or_default();
        name_of(uid, &String::from_utf8_lossy(&all)).unwrap_or_else(|| format!("uid-{uid}"))
    })
}

/// The name of an account in the text of passwd(5).
fn name_of(uid: u32, all: &str) -> Option<String> {
    all.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(uid) && !name.is_empty()).then(|| name.to_owned())
    })
}

/// Ends when the system asks the program to end, with the signal's number: SIGTERM, SIGINT from a terminal, SIGHUP from
/// one that goes away. A SIGHUP that whoever started the program has it ignore (nohup) stays ignored. The signals are
/// taken from the call on, not from the first poll.
pub fn asked_to_end() -> impl Future<Output = u8> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    let nohup = ignored(SIGHUP, &std::fs::read_to_string("/proc/self/status").unwrap_or_default());
    // Without a handler the system ends the process itself.
    let take = |kind: SignalKind| signal(kind).ok();
    let (terminate, interrupt) = (take(SignalKind::terminate()), take(SignalKind::interrupt()));
    let hang_up = if nohup { None } else { take(SignalKind::hangup()) };
    async move {
        let asks = async |signal: Option<Signal>| match signal {
            Some(mut asked) => drop(asked.recv().await),
            None => std::future::pending().await,
        };
        tokio::select! {
            () = asks(terminate) => 15,
            () = asks(interrupt) => 2,
            () = asks(hang_up) => SIGHUP,
        }
    }
}

const SIGHUP: u8 = 1;

/// Whether a process ignores a signal, by the text of /proc/PID/status (proc(5), `SigIgn`: bit 0 is signal 1).
fn ignored(signal: u8, status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_number() {
        let all = "root:x:0:0:root:/root:/bin/bash\n# odd\n\nann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\n";
        assert_eq!(name_of(1000, all).as_deref(), Some("ann"));
        assert_eq!(name_of(0, all).as_deref(), Some("root"));
        assert_eq!(name_of(7, all), None);
    }

    #[test]
    fn an_ignored_signal_is_known() {
        assert!(ignored(SIGHUP, "Name:\tx\nSigIgn:\t0000000000001001\n"));
        assert!(!ignored(SIGHUP, "SigIgn:\t0000000000001000\n") && !ignored(SIGHUP, ""));
    }
}
