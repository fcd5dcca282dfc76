//! Live events: the outbox is pumped to a hub, the hub to WebSockets.
//!
//! The sequence of the outbox is the sequence of the socket, so that resume is a SELECT.

use crate::{
    Error, Kernel, Result,
    auth::Principal,
    db::{Db, store},
    route::RawCall,
};
use api::{Code, LiveKind, Route, Time};
use axum::{
    extract::{
        FromRequestParts as _,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use serde_json::{Value, json};
use sqlx::Row as _;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{broadcast, watch};

/// One event as it is sent.
#[derive(Debug)]
pub struct Frame {
    /// Global number.
    pub seq: i64,
    /// What happened.
    pub kind: LiveKind,
    /// The whole frame as JSON text.
    pub text: String,
    /// The record after the change.
    pub data: Value,
}

/// Distributes live events.
pub struct Hub {
    send: broadcast::Sender<Arc<Frame>>,
    newest: AtomicI64,
    sockets: Arc<AtomicUsize>,
    stop: watch::Sender<bool>,
}

const BACKLOG_BYTES: usize = 1 << 20;
const PING_EVERY: Duration = Duration::from_secs(20);
const SIGN_IN_WITHIN: Duration = Duration::from_secs(10);
const RESUME_AT_MOST: i64 = 10_000;

impl Hub {
    pub(crate) async fn load(db: &Db) -> Result<Self> {
        let newest: i64 = sqlx::query_scalar(store::OUTBOX_LAST).fetch_one(db.read()).await?;
        Ok(Hub {
            send: broadcast::channel(8192).0,
            newest: AtomicI64::new(newest),
            sockets: Arc::default(),
            stop: watch::channel(false).0,
        })
    }

    /// Everything from now on, inside the process.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Frame>> {
        self.send.subscribe()
    }

    pub(crate) fn start(&self, kernel: Kernel) {
        let mut stop = self.stop.subscribe();
        tokio::spawn(async move {
            loop {
                if let Err(e) = kernel.live.pump(&kernel.db).await {
                    tracing::error!(error = %e, "the outbox could not be read");
                }
                tokio::select! {
                    () = kernel.db.outbox.notified() => {}
                    () = stopped(&mut stop) => break,
                }
            }
        });
    }

    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    async fn pump(&self, db: &Db) -> Result<()> {
        loop {
            let from = self.newest.load(Ordering::Acquire);
            let frames = read(db, from, 500).await?;
            let Some(last) = frames.last().map(|f| f.seq) else { return Ok(()) };
            for f in frames {
                // Nobody listening is fine.
                let _ = self.send.send(Arc::new(f));
            }
            self.newest.store(last, Ordering::Release);
            if last / 10_000 > from / 10_000 {
                let mut tx = db.write(&crate::db::Actor::system()).await?;
                sqlx::query(store::OUTBOX_PRUNE).execute(tx.conn()).await?;
                tx.commit_bookkeeping().await?;
            }
        }
    }
}

async fn read(db: &Db, after: i64, limit: i64) -> Result<Vec<Frame>> {
    let rows = sqlx::query(store::OUTBOX_AFTER).bind(after).bind(limit).fetch_all(db.read()).await?;
    let mut frames = Vec::with_capacity(rows.len());
    for r in rows {
        let seq: i64 = r.try_get("seq")?;
        let kind: String = r.try_get("kind")?;
        let Some(kind) = LiveKind::parse(&kind) else { continue };
        let data: Value = serde_json::from_str(r.try_get("data")?).map_err(Error::internal)?;
        let at = Time(r.try_get("at")?);
        let text = json!({"v": 1, "seq": seq, "type": kind, "at": at, "data": data}).to_string();
        frames.push(Frame { seq, kind, text, data });
    }
    Ok(frames)
}

/// Turns a call into a socket that carries the kinds that `wanted` names.
pub async fn serve<R: Route>(
    kernel: Kernel,
    call: RawCall<R>,
    wanted: fn(LiveKind) -> bool,
) -> Result<Response> {
    let id = call.request_id();
    let mut parts = call.parts;
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|_| Error::field("upgrade", "this route is a WebSocket (RFC 6455)"))?;
    let principal = call.caller.principal;
    let slot = Slot::take(&kernel);
    Ok(upgrade.max_message_size(64 * 1024).max_write_buffer_size(BACKLOG_BYTES).on_upgrade(
        move |socket| async move {
            let mut session = Session { kernel, socket, request_id: id, wanted };
            match slot {
                Some(_slot) => session.run(principal).await,
                None => session.close(1013, "too many connections").await,
            }
        },
    ))
}

/// Counts a socket for as long as it lives.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn take(kernel: &Kernel) -> Option<Slot> {
        let most = kernel.settings.get().max_sockets as usize;
        let all = &kernel.live.sockets;
        all.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < most).then_some(n + 1)).ok()?;
        Some(Slot(all.clone()))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether what the client signed in with is still good; cheap, since look-ups are remembered until a change.
async fn still(kernel: &Kernel, p: &Principal, secret: Option<&str>) -> bool {
    match secret {
        Some(s) => kernel.auth.by_secret(s).await.is_ok(),
        None => kernel.auth.alive(p).await,
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|s| *s).await;
}

struct Session {
    kernel: Kernel,
    socket: WebSocket,
    request_id: String,
    wanted: fn(LiveKind) -> bool,
}

/// Why a session ends.
type Ended = ();

impl Session {
    async fn run(&mut self, principal: Option<Arc<Principal>>) {
        let _ = self.talk(principal).await;
    }

    async fn talk(&mut self, principal: Option<Arc<Principal>>) -> std::result::Result<(), Ended> {
        let (principal, secret) = match principal {
            Some(p) => (p, None),
            None => self.sign_in().await?,
        };
        let mut frames = self.kernel.live.subscribe();
        // What was committed before is for the lists and for resume, even if the pump has yet to pass it on.
        let last = sqlx::query_scalar(store::OUTBOX_LAST).fetch_one(self.kernel.db.read()).await;
        let mut sent: i64 = last.map_err(drop)?;
        self.say(json!({"type": "ready", "seq": sent}).to_string()).await?;
        let mut stop = self.kernel.live.stop.subscribe();
        let mut ping = tokio::time::interval(PING_EVERY);
        let mut recheck = tokio::time::interval(Duration::from_millis(900));
        loop {
            tokio::select! {
                frame = frames.recv() => match frame {
                    Ok(f) => {
                        if f.seq > sent {
                            sent = f.seq;
                            self.pass(&principal, &f).await?;
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => sent = self.catch_up(&principal, sent).await?,
                    Err(broadcast::error::RecvError::Closed) => return Ok(()),
                },
                said = self.socket.recv() => match said {
                    Some(Ok(Message::Text(t))) => sent = self.heard(&principal, &t, sent).await?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                    Some(Ok(_)) => {}
                },
                _ = ping.tick() => self.send(Message::Ping(Default::default())).await?,
                _ = recheck.tick() => {
                    if !still(&self.kernel, &principal, secret.as_deref()).await {
                        self.close(4401, "the credentials ended").await;
                        return Ok(());
                    }
                }
                () = stopped(&mut stop) => {
                    self.close(1001, "the server stops").await;
                    return Ok(());
                }
            }
        }
    }

    async fn sign_in(&mut self) -> std::result::Result<(Arc<Principal>, Option<String>), Ended> {
        let first = tokio::time::timeout(SIGN_IN_WITHIN, self.socket.recv()).await;
        let token = match first {
            Ok(Some(Ok(Message::Text(t)))) => match serde_json::from_str::<api::ClientFrame>(&t) {
                Ok(api::ClientFrame::Auth { token }) => Some(token),
                _ => None,
            },
            _ => None,
        };
        let Some(token) = token else {
            self.refuse(Error::new(Code::AuthRequired)).await;
            return Err(());
        };
        match self.kernel.auth.by_secret(&token).await {
            Ok(p) => Ok((p, Some(token))),
            Err(e) => {
                self.refuse(e).await;
                Err(())
            }
        }
    }

    async fn heard(&mut self, p: &Principal, text: &str, sent: i64) -> std::result::Result<i64, Ended> {
        match serde_json::from_str::<api::ClientFrame>(text) {
            Ok(api::ClientFrame::Resume { after }) if after < sent => {
                self.replay(p, after, sent).await.map(|()| sent)
            }
            Ok(_) => Ok(sent),
            Err(_) => {
                self.refuse(Error::field("type", "known are auth and resume")).await;
                Err(())
            }
        }
    }

    async fn replay(&mut self, p: &Principal, after: i64, until: i64) -> std::result::Result<(), Ended> {
        let first: i64 =
            sqlx::query_scalar(store::OUTBOX_FIRST).fetch_one(self.kernel.db.read()).await.map_err(drop)?;
        let from = after.max(until - RESUME_AT_MOST).max(first - 1);
        if from > after {
            self.say(json!({"type": "gap", "from": after + 1, "to": from}).to_string()).await?;
        }
        let mut at = from;
        while at < until {
            let frames = read(&self.kernel.db, at, 500).await.map_err(drop)?;
            let Some(last) = frames.last().map(|f| f.seq) else { break };
            for f in frames.iter().filter(|f| f.seq <= until) {
                self.pass(p, f).await?;
            }
            at = last;
        }
        Ok(())
    }

    async fn catch_up(&mut self, p: &Principal, sent: i64) -> std::result::Result<i64, Ended> {
        let newest = self.kernel.live.newest.load(Ordering::Acquire);
        self.replay(p, sent, newest).await.map(|()| newest)
    }

    async fn pass(&mut self, p: &Principal, f: &Frame) -> std::result::Result<(), Ended> {
        if (self.wanted)(f.kind) && p.holds(f.kind.needs()) { self.say(f.text.clone()).await } else { Ok(()) }
    }

    async fn say(&mut self, text: String) -> std::result::Result<(), Ended> {
        self.send(Message::Text(text.into())).await
    }

    /// A client that does not read is cut: its write buffer holds 1 MiB, and it has 10 s to make room.
    async fn send(&mut self, m: Message) -> std::result::Result<(), Ended> {
        match tokio::time::timeout(Duration::from_secs(10), self.socket.send(m)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => {
                self.close(1008, "the backlog is full").await;
                Err(())
            }
        }
    }

    async fn refuse(&mut self, e: Error) {
        let body = crate::route::problem(&self.kernel, &self.request_id, &e);
        let frame = json!({"type": "error", "error": body.error});
        let _ = self.socket.send(Message::Text(frame.to_string().into())).await;
        let code = if e.code.status() == 401 { 4401 } else { 1008 };
        self.close(code, e.code.message()).await;
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        let _ =
            tokio::time::timeout(Duration::from_secs(1), self.socket.send(Message::Close(Some(frame)))).await;
    }
}
