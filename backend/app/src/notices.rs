//! Notifications for new high or critical alerts: plain text, one an import, at most one a minute, with the count.

use api::{LiveKind, alerts::Severity};
use kernel::Kernel;
use std::time::Duration;
use tokio::{
    sync::broadcast,
    time::{Instant, sleep_until},
};

/// What the operating system shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// One line.
    pub title: String,
    /// One or two lines, no markup.
    pub body: String,
}

const APART: Duration = Duration::from_secs(60);
/// Alerts that come one by one wait this long for company.
const GATHER: Duration = Duration::from_secs(2);

/// Watches the live events until the kernel is gone.
pub(crate) async fn watch(kernel: Kernel, send: broadcast::Sender<Notice>) {
    let mut frames = kernel.live.subscribe();
    let (mut count, mut worst, mut title) = (0_u64, Severity::Info, String::new());
    let mut due: Option<Instant> = None;
    let mut free_from = Instant::now();
    loop {
        let wake = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            frame = frames.recv() => match frame {
                Ok(f) if f.kind == LiveKind::AlertCreated => {
                    let data = f.data();
                    let word = |k: &str| data.get(k).and_then(|v| v.as_str()).unwrap_or_default();
                    let severity = Severity::parse(word("severity")).unwrap_or(Severity::Info);
                    if severity >= Severity::High {
                        if severity > worst || count == 0 {
                            (worst, title) = (severity, kernel::Untrusted::new(word("title")).for_plain_line(120));
                        }
                        count += 1;
                        due = due.or(Some((Instant::now() + GATHER).max(free_from)));
                    }
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return,
            },
            () = sleep_until(wake), if due.is_some() => {
                // One an import: as long as one runs, the count grows.
                if kernel.jobs.open().await.is_ok_and(|n| n > 0) {
                    due = Some(Instant::now() + GATHER);
                    continue;
                }
                let notice = Notice {
                    title: match count {
                        1 => format!("New {worst} alert"),
                        n => format!("{n} new high or critical alerts"),
                    },
                    body: std::mem::take(&mut title),
                };
                // Nobody listens in the headless server.
                let _ = send.send(notice);
                (count, worst, due) = (0, Severity::Info, None);
                free_from = Instant::now() + APART;
            }
        }
    }
}
