//! Notifications for new high or critical alerts: plain text, one an import, at most one a minute, with the count.

use super::words;
use api::{LiveKind, alerts::Severity};
use kernel::{Kernel, live::Frame};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{broadcast, oneshot},
    task::JoinHandle,
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

/// Where notices go, and the minute that all workspaces of a program share.
#[derive(Clone)]
pub(crate) struct Teller {
    pub(crate) send: broadcast::Sender<Notice>,
    free_from: Arc<Mutex<Option<Instant>>>,
}

impl Default for Teller {
    fn default() -> Self {
        Teller { send: broadcast::channel(16).0, free_from: Arc::default() }
    }
}

impl Teller {
    /// Takes the minute that begins now; false while another one lasts.
    fn may(&self, now: Instant) -> bool {
        let mut free_from = self.free_from.lock().unwrap_or_else(|p| p.into_inner());
        let free = free_from.is_none_or(|from| now >= from);
        if free {
            *free_from = Some(now + APART);
        }
        free
    }
}

/// New alerts that nobody was told of yet.
#[derive(Default)]
struct Untold {
    count: u64,
    worst: Option<(Severity, String)>,
    due: Option<Instant>,
}

impl Untold {
    fn add(&mut self, severity: Severity, title: &str, now: Instant) {
        if severity < Severity::High {
            return;
        }
        if self.worst.as_ref().is_none_or(|(worst, _)| severity > *worst) {
            self.worst = Some((severity, kernel::Untrusted::new(title).for_plain_line(120)));
        }
        self.count += 1;
        self.due = self.due.or(Some(now + GATHER));
    }

    /// The notice, when it is due, no import is running that may add to it, and the minute is free.
    fn ripe(&mut self, now: Instant, busy: bool, teller: &Teller) -> Option<Notice> {
        self.due.filter(|due| *due <= now)?;
        if busy || !teller.may(now) {
            self.due = Some(now + GATHER);
            return None;
        }
        self.all()
    }

    /// What was not told yet.
    fn all(&mut self) -> Option<Notice> {
        let Untold { count, worst, .. } = std::mem::take(self);
        let (severity, body) = worst?;
        let title = match count {
            1 => words::fill("notice_one", &[("severity", words::say(&format!("severity_{severity}")))]),
            n => words::fill("notice_many", &[("n", &n.to_string())]),
        };
        Some(Notice { title, body })
    }
}

/// The watch over the live events of one workspace.
pub(crate) struct Watch {
    end: oneshot::Sender<()>,
    task: JoinHandle<Option<Notice>>,
}

impl Watch {
    /// Watches until it is ended.
    pub(crate) fn start(kernel: Kernel, teller: Teller) -> Watch {
        let (end, ended) = oneshot::channel();
        let frames = kernel.live.subscribe();
        Watch { end, task: tokio::spawn(watch(kernel, teller, frames, ended)) }
    }

    /// The notice that was still to come, which does not wait for its minute: there is none after it.
    pub(crate) async fn end(self) -> Option<Notice> {
        let _ = self.end.send(());
        self.task.await.ok().flatten()
    }
}

async fn watch(
    kernel: Kernel,
    teller: Teller,
    mut frames: broadcast::Receiver<Arc<Frame>>,
    mut ended: oneshot::Receiver<()>,
) -> Option<Notice> {
    let mut untold = Untold::default();
    let hear = |untold: &mut Untold, frame: &Frame| {
        if frame.kind == LiveKind::AlertCreated {
            let data = frame.data();
            let word = |k: &str| data.get(k).and_then(|v| v.as_str()).unwrap_or_default();
            let severity = Severity::parse(word("severity")).unwrap_or(Severity::Info);
            untold.add(severity, word("title"), Instant::now());
        }
    };
    loop {
        let wake = untold.due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            frame = frames.recv() => match frame {
                Ok(frame) => hear(&mut untold, &frame),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return untold.all(),
            },
            _ = &mut ended => {
                while let Ok(frame) = frames.try_recv() {
                    hear(&mut untold, &frame);
                }
                return untold.all();
            }
            () = sleep_until(wake), if untold.due.is_some() => {
                let busy = kernel.jobs.open().await.is_ok_and(|n| n > 0);
                if let Some(notice) = untold.ripe(Instant::now(), busy, &teller) {
                    // Nobody listens in the headless server.
                    let _ = teller.send.send(notice);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_notice_an_import_and_one_a_minute_for_all_workspaces() {
        let (teller, start) = (Teller::default(), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut one = Untold::default();
        one.add(Severity::Medium, "noise", at(0));
        assert!(one.due.is_none(), "only high and critical");
        one.add(Severity::High, "first", at(0));
        one.add(Severity::Critical, "worst\u{1b}[31m", at(1));
        assert_eq!(one.ripe(at(1), false, &teller), None, "company may come");
        assert_eq!(one.ripe(at(2), true, &teller), None, "an import runs");
        one.add(Severity::High, "third", at(3));
        let notice = one.ripe(at(5), false, &teller).unwrap();
        assert_eq!(notice.title, "New high or critical alerts: 3");
        assert!(notice.body.starts_with("worst") && !notice.body.contains('\u{1b}'), "{notice:?}");

        let mut other = Untold::default();
        other.add(Severity::High, "elsewhere", at(10));
        assert_eq!(other.ripe(at(12), false, &teller), None, "the minute lasts");
        assert_eq!(other.ripe(at(64), false, &teller), None);
        other.add(Severity::High, "last", at(65));
        let mut ends = Untold { count: other.count, worst: other.worst.clone(), due: other.due };
        assert_eq!(ends.all().unwrap().title, "New high or critical alerts: 2", "at the end");
        assert_eq!(ends.all(), None, "told once");
        other.count = 1;
        let told = other.ripe(at(66), false, &teller).unwrap();
        assert_eq!((told.title.as_str(), told.body.as_str()), ("New high alert", "elsewhere"));
        assert_eq!(other.ripe(at(200), false, &teller), None, "told once");
    }
}
