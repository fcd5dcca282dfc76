//! From sockets to the queue. A datagram that finds the queue full is dropped and counted; a connection waits.

use super::{
    Bind, Live, Sockets, Why,
    frames::{Frames, TooLong},
    set, worker,
};
use crate::App;
use api::system::{LiveState, SyslogSettings};
use kernel::net::Net;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// Messages that wait at most, and their bytes.
const QUEUE: (usize, usize) = (10_000, 32 << 20);
/// TCP connections at a time.
const CONNECTIONS: usize = 256;
/// A port that can't be had is tried again after this long.
const RETRY: Duration = Duration::from_secs(5);
/// The longest datagram that there can be.
const DATAGRAM: usize = 64 << 10;
/// Datagrams, or blocks of a connection, that are still taken when the listener ends.
const LAST: usize = 100_000;

/// A message on its way to the store.
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    pub(super) from: IpAddr,
    pub(super) tcp: bool,
    /// Its place in the queue's bytes, given back on drop.
    _room: OwnedSemaphorePermit,
}

/// Listens as the settings have it until the workspace is closed.
pub(super) async fn run(app: App, bind: Bind, mut closing: watch::Receiver<bool>) {
    let mut changes = app.kernel.settings.changes();
    loop {
        changes.borrow_and_update();
        let wanted = app.kernel.settings.get().syslog;
        let running = match wanted.enabled.then(|| Running::start(&app, &bind, &wanted)) {
            None => {
                app.live.tell_syslog(LiveState::Off, None, None);
                None
            }
            Some(Ok((running, address))) => {
                tracing::info!(%address, "listening for syslog");
                app.live.tell_syslog(LiveState::Running, Some(address.to_string()), None);
                Some(running)
            }
            Some(Err(reason)) => {
                tracing::warn!(reason, "the listener for syslog can't start");
                app.live.tell_syslog(LiveState::Failed, None, Some(reason));
                None
            }
        };
        let retry = wanted.enabled && running.is_none();
        let end = loop {
            tokio::select! {
                () = set(&mut closing) => break true,
                changed = changes.changed() => {
                    if changed.is_err() || app.kernel.settings.get().syslog != wanted {
                        break changed.is_err();
                    }
                }
                () = sleep(RETRY), if retry => break false,
            }
        };
        if let Some(running) = running {
            running.end().await;
        }
        if end {
            app.live.tell_syslog(LiveState::Off, None, None);
            return;
        }
    }
}

/// A listener that is there.
struct Running {
    stop: watch::Sender<bool>,
    takes: [JoinHandle<()>; 2],
    worker: JoinHandle<()>,
}

impl Running {
    fn start(app: &App, bind: &Bind, s: &SyslogSettings) -> Result<(Running, SocketAddr), String> {
        let ip: IpAddr = s.address.parse().map_err(|_| format!("{} is no IP address", s.address))?;
        let address = SocketAddr::new(ip, s.port);
        let failed = |e: io::Error| format!("can't listen on {address}: {e}");
        let Sockets { udp, tcp } = bind(address).map_err(failed)?;
        udp.set_nonblocking(true).and_then(|()| tcp.set_nonblocking(true)).map_err(failed)?;
        let udp = UdpSocket::from_std(udp).map_err(failed)?;
        let tcp = TcpListener::from_std(tcp).map_err(failed)?;
        let address = udp.local_addr().map_err(failed)?;
        let (send, receive) = mpsc::channel(QUEUE.0);
        let taker = Taker {
            app: app.clone(),
            allow: s.allow.iter().filter_map(|n| Net::parse(n).ok()).collect(),
            send,
            room: Arc::new(Semaphore::new(QUEUE.1)),
        };
        let (stop, stopped) = watch::channel(false);
        let takes = [
            tokio::spawn(datagrams(taker.clone(), udp, stopped.clone())),
            tokio::spawn(connections(taker, tcp, stopped)),
        ];
        let (app, runtime) = (app.clone(), tokio::runtime::Handle::current());
        let worker = tokio::task::spawn_blocking(move || worker::run(&app, receive, &runtime));
        Ok((Running { stop, takes, worker }, address))
    }

    /// Takes what has come, closes the sockets, and waits until it is stored.
    async fn end(self) {
        self.stop.send_replace(true);
        for task in self.takes.into_iter().chain([self.worker]) {
            if let Err(e) = task.await {
                tracing::error!(error = %e, "the listener for syslog ended badly");
            }
        }
    }
}

/// Puts messages into the queue.
#[derive(Clone)]
struct Taker {
    app: App,
    allow: Arc<[Net]>,
    send: mpsc::Sender<Received>,
    room: Arc<Semaphore>,
}

impl Taker {
    fn live(&self) -> &Live {
        &self.app.live
    }

    fn dropped(&self, why: Why) {
        self.app.kernel.metrics.listener_dropped.get_or_create(&why.label()).inc();
    }

    fn allows(&self, from: IpAddr) -> bool {
        let allowed = self.allow.iter().any(|n| n.holds(from));
        if !allowed {
            self.dropped(Why::NotAllowed);
        }
        allowed
    }

    fn counted(&self) {
        self.app.kernel.metrics.listener_received.inc();
        self.live().waiting.fetch_add(1, Ordering::Relaxed);
        self.live().last.store(self.app.kernel.world.now().0, Ordering::Relaxed);
    }

    /// A datagram: now or never.
    fn datagram(&self, bytes: &[u8], from: IpAddr) {
        if !self.allows(from) {
            return;
        }
        let need = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let (Ok(room), Ok(place)) = (self.room.clone().try_acquire_many_owned(need), self.send.try_reserve())
        else {
            return self.dropped(Why::QueueFull);
        };
        self.counted();
        place.send(Received { bytes: bytes.to_vec(), from, tcp: false, _room: room });
    }

    /// A message of a connection, which waits for its place.
    async fn message(&self, bytes: Vec<u8>, from: IpAddr) {
        let need = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let (Ok(room), Ok(place)) =
            (self.room.clone().acquire_many_owned(need).await, self.send.reserve().await)
        else {
            return self.dropped(Why::NotStored);
        };
        self.counted();
        place.send(Received { bytes, from, tcp: true, _room: room });
    }
}

async fn datagrams(taker: Taker, socket: UdpSocket, mut stopped: watch::Receiver<bool>) {
    let mut block = vec![0; DATAGRAM];
    loop {
        tokio::select! {
            biased;
            () = set(&mut stopped) => break,
            got = socket.recv_from(&mut block) => match got {
                Ok((len, from)) => taker.datagram(&block[..len], from.ip().to_canonical()),
                // An answer to nothing that was sent; there is none for who only receives, so only time passes.
                Err(_) => sleep(Duration::from_millis(10)).await,
            },
        }
    }
    for _ in 0..LAST {
        let Ok((len, from)) = socket.try_recv_from(&mut block) else { break };
        taker.datagram(&block[..len], from.ip().to_canonical());
    }
}

async fn connections(taker: Taker, socket: TcpListener, mut stopped: watch::Receiver<bool>) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = set(&mut stopped) => break,
            Some(_) = open.join_next(), if !open.is_empty() => {}
            got = socket.accept() => match got {
                Ok((stream, from)) => {
                    let from = from.ip().to_canonical();
                    if !taker.allows(from) {
                        continue;
                    }
                    if open.len() >= CONNECTIONS {
                        taker.dropped(Why::Connections);
                        continue;
                    }
                    open.spawn(connection(taker.clone(), stream, from, stopped.clone()));
                }
                // Out of files, say: others may close theirs.
                Err(_) => sleep(Duration::from_millis(100)).await,
            },
        }
        taker.live().connections.store(open.len() as u64, Ordering::Relaxed);
    }
    drop(socket);
    while open.join_next().await.is_some() {}
    taker.live().connections.store(0, Ordering::Relaxed);
}

async fn connection(taker: Taker, stream: TcpStream, from: IpAddr, mut stopped: watch::Receiver<bool>) {
    let mut frames = Frames::default();
    let mut block = vec![0; 16 << 10];
    let mut ending = None;
    loop {
        let ready = tokio::select! {
            biased;
            () = set(&mut stopped), if ending.is_none() => {
                ending = Some(LAST);
                continue;
            }
            ready = stream.readable(), if ending.is_none() => ready,
            // What has come already is taken, and nothing is waited for.
            () = std::future::ready(()), if ending.is_some() => Ok(()),
        };
        if ready.is_err() {
            break;
        }
        match stream.try_read(&mut block) {
            Ok(0) => break,
            Ok(len) => frames.push(&block[..len]),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock && ending.is_none() => continue,
            Err(_) => break,
        }
        taker.take(&mut frames, from).await;
        match &mut ending {
            Some(0) => break,
            Some(left) => *left -= 1,
            None => {}
        }
    }
    taker.take(&mut frames, from).await;
    if let Some(rest) = frames.rest() {
        taker.message(rest, from).await;
    }
}

impl Taker {
    async fn take(&self, frames: &mut Frames, from: IpAddr) {
        while let Some(found) = frames.next() {
            match found {
                Ok(message) => self.message(message, from).await,
                Err(TooLong) => self.dropped(Why::TooLong),
            }
        }
    }
}
