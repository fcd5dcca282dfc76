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

/// Name of the account that runs the program.
pub fn account() -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|k| std::env::var(k).ok().filter(|v| !v.is_empty()));
    named.unwrap_or_else(
        || if rustix::process::geteuid().is_root() { "root".into() } else { "analyst".into() },
    )
}

/// Waits until the system asks the program to end (SIGTERM, or SIGINT from a terminal).
pub async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut term), Ok(mut int)) => {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        }
        // Without a handler the system ends the process itself.
        _ => std::future::pending().await,
    }
}
