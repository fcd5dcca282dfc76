//! Sources that bring events by themselves: the listener for syslog and the watched folder, as the settings have them.
//!
//! `listener` from sockets to a bounded queue, `frames` messages in a stream, `worker` from the queue to events and
//! alerts · `watch` files of a folder to imports, `look` what lies in it, `store` what was imported.

mod frames;
mod listener;
mod look;
pub(crate) mod store;
mod watch;
mod worker;

pub use watch::set_folder;

use crate::App;
use api::{
    Time,
    system::{LiveSources, LiveState, SyslogStatus, WatchStatus},
};
use kernel::metrics::{DropLabels, Metrics};
use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};
use tokio::{sync::watch as signal, task::JoinHandle};

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    QueueFull,
    NotAllowed,
    TooLong,
    Connections,
    NotStored,
}

impl Why {
    const ALL: [Why; 5] = [Why::QueueFull, Why::NotAllowed, Why::TooLong, Why::Connections, Why::NotStored];

    fn label(self) -> DropLabels {
        let reason = match self {
            Why::QueueFull => "queue_full",
            Why::NotAllowed => "not_allowed",
            Why::TooLong => "too_long",
            Why::Connections => "connections",
            Why::NotStored => "not_stored",
        };
        DropLabels { reason }
    }
}

/// The sockets of the listener, both on one port.
pub struct Sockets {
    /// For datagrams.
    pub udp: UdpSocket,
    /// For connections.
    pub tcp: TcpListener,
}

/// Binds them. What owns the process hands it in: nothing else binds a port.
pub type Bind = Arc<dyn Fn(SocketAddr) -> io::Result<Sockets> + Send + Sync>;

/// The live sources of a workspace, and where they stand.
pub struct Live {
    told: Mutex<LiveSources>,
    /// Messages between the sockets and the store.
    waiting: AtomicU64,
    connections: AtomicU64,
    /// Milliseconds of the last message; 0 for none.
    last: AtomicI64,
    closing: signal::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Default for Live {
    fn default() -> Self {
        Live {
            told: Mutex::default(),
            waiting: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            last: AtomicI64::new(0),
            closing: signal::channel(false).0,
            tasks: Mutex::default(),
        }
    }
}

/// Waits until the signal is given, or nobody can give it any more.
async fn set(signal: &mut signal::Receiver<bool>) {
    let _ = signal.wait_for(|given| *given).await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|p| p.into_inner())
}

impl Live {
    /// Where they stand.
    pub fn status(&self, metrics: &Metrics) -> LiveSources {
        let LiveSources { syslog, watch } = lock(&self.told).clone();
        let last = Some(self.last.load(Ordering::Relaxed)).filter(|t| *t != 0);
        let dropped: BTreeMap<_, _> = Why::ALL
            .into_iter()
            .map(|d| (d.label().reason.to_owned(), metrics.listener_dropped.get_or_create(&d.label()).get()))
            .collect();
        let syslog = SyslogStatus {
            connections: self.connections.load(Ordering::Relaxed),
            received: metrics.listener_received.get(),
            waiting: self.waiting.load(Ordering::Relaxed),
            stored: metrics.listener_stored.get(),
            dropped,
            last_at: last.map(Time),
            ..syslog
        };
        LiveSources { syslog, watch }
    }

    /// Starts what the settings have switched on, now and whenever they change.
    pub fn start(&self, app: &App, bind: Bind) {
        let closing = || self.closing.subscribe();
        let listens = tokio::spawn(listener::run(app.clone(), bind, closing()));
        let watches = tokio::spawn(watch::run(app.clone(), closing()));
        lock(&self.tasks).extend([listens, watches]);
    }

    /// Closes the sockets, stores what has come, and stops looking at the folder.
    pub async fn stop(&self) {
        self.closing.send_replace(true);
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for task in tasks {
            if let Err(e) = task.await {
                tracing::error!(error = %e, "a live source ended badly");
            }
        }
    }

    fn tell_syslog(&self, state: LiveState, listens: Option<String>, reason: Option<String>) {
        let mut told = lock(&self.told);
        told.syslog = SyslogStatus { state, listens, reason, ..SyslogStatus::default() };
    }

    /// What goes wrong while it listens, or that nothing does any more.
    fn tell_trouble(&self, reason: Option<String>) {
        lock(&self.told).syslog.reason = reason;
    }

    fn tell_watch(&self, change: impl FnOnce(&mut WatchStatus)) {
        change(&mut lock(&self.told).watch);
    }
}
