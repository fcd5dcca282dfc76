//! Waiting for the process that has a workspace open: not for ever.

use crate::orders::Order;
use std::{
    cell::Cell,
    fs,
    time::{Duration, Instant},
};

/// After this much silence the process is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// The longest silence of an owner that is at work: jobs say where they stand twice a second, the rest takes moments.
const ALIVE: Duration = Duration::from_secs(60);
/// The same for a check of everything stored, which reads all of it before it says so.
const CHECK: Duration = Duration::from_secs(30 * 60);

/// Ends when the owner of a workspace is not to be waited for any longer, with the reason. `heard` is when it last said
/// something.
pub(super) async fn lost(pid: u32, order: Allowed, heard: &Cell<Instant>) -> String {
    let mut every = tokio::time::interval(Duration::from_millis(500));
    loop {
        every.tick().await;
        let quiet = heard.get().elapsed();
        if quiet > LOOK && stopped(&fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default()) {
            return format!(
                "process {pid}, which has the workspace open, is stopped and does not answer. Let it go on (fg in its \
                 terminal, or kill -CONT {pid}) or end it, then try again."
            );
        }
        if quiet > order.0 {
            return format!(
                "process {pid}, which has the workspace open, has said nothing for {} s. What was asked of it may \
                 still be done; look there, or end it and try again.",
                order.0.as_secs()
            );
        }
    }
}

/// The silence that an order allows.
#[derive(Clone, Copy)]
pub(super) struct Allowed(Duration);

impl Allowed {
    pub fn by(order: &Order) -> Allowed {
        Allowed(if matches!(order, Order::Doctor { .. }) { CHECK } else { ALIVE })
    }
}

/// Whether the state in a line of `/proc/PID/stat` is stopped or traced (proc(5)); it stands behind the name's last bracket.
fn stopped(stat: &str) -> bool {
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    matches!(state, Some('T' | 't'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_read_behind_any_name() {
        assert!(stopped("12 (a) T (b) T 1 12"));
        assert!(!stopped("12 (x) T) S 1 12") && !stopped(""));
    }
}
