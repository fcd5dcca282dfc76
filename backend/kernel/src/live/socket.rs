//! One WebSocket: sign-in, live events in order, resume, the end of credentials, a client that does not read.

use super::{
    Frame, Place,
    backlog::{Backlog, Full, MOST},
    read, stopped,
};
use crate::{
    Error, Kernel, Result,
    auth::Principal,
    db::store,
    route::{RawCall, Refusal},
};
use api::{ClientFrame, Code, LiveKind, Route, ServerFrame};
use axum::{
    extract::{
        FromRequestParts as _,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use futures::{
    StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout},
};

const PING_EVERY: Duration = Duration::from_secs(20);
const SIGN_IN_WITHIN: Duration = Duration::from_secs(10);
/// A client that is cut off gets its close frame if it reads within this time.
const CLOSE_WITHIN: Duration = Duration::from_secs(30);
/// Credentials are looked at again when any changed, when they end, and this often in case the clock was set.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// A client that takes nothing of what waits for so long does not read.
const STALLED: Duration = Duration::from_secs(60);
const RESUME_AT_MOST: i64 = 10_000;
/// Rows and bytes that are read at once for a client that catches up.
const CHUNK: i64 = 200;

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
    let refused = parts.extensions.remove::<Refusal>();
    let place = kernel.live.take_place(R::PATH, kernel.settings.get().max_sockets as usize);
    let begin = move |socket| talk(kernel, socket, id, wanted, principal.ok_or(refused), place);
    Ok(upgrade.max_message_size(64 * 1024).on_upgrade(begin))
}

/// Why a conversation ends.
enum Ended {
    /// The client went, or nothing more can be said to it.
    Gone,
    /// With a close frame (RFC 6455, section 7.4).
    Close(u16, &'static str),
    /// With an error frame before the close frame.
    Refused(Error),
}

impl From<axum::Error> for Ended {
    fn from(_: axum::Error) -> Self {
        Ended::Gone
    }
}

impl From<Error> for Ended {
    fn from(e: Error) -> Self {
        Ended::Refused(e)
    }
}

impl From<Full> for Ended {
    fn from(_: Full) -> Self {
        Ended::Close(1008, "the backlog is full")
    }
}

async fn talk(
    kernel: Kernel,
    mut socket: WebSocket,
    request_id: String,
    wanted: fn(LiveKind) -> bool,
    principal: std::result::Result<Arc<Principal>, Option<Refusal>>,
    place: Option<Place>,
) {
    if place.is_none() {
        return close(&mut socket, 1013, "too many connections").await;
    }
    let who = match principal {
        Ok(p) => Ok((p, None)),
        Err(Some(Refusal(e))) => Err((*e).clone().into()),
        Err(None) => sign_in(&kernel, &mut socket).await,
    };
    let (principal, secret) = match who {
        Ok(who) => who,
        Err(why) => return end(&kernel, socket, &request_id, why).await,
    };
    let (sink, mut stream) = socket.split();
    let mut s = Session {
        live: kernel.live.subscribe(),
        kernel: kernel.clone(),
        principal,
        secret,
        wanted,
        sink,
        backlog: Backlog::default(),
        sent: 0,
        catching_up: false,
    };
    let why = match s.run(&mut stream).await {
        Err(why) => why,
        Ok(never) => match never {},
    };
    // What waits is given up; both halves are of one socket.
    if let Ok(socket) = s.sink.reunite(stream) {
        end(&kernel, socket, &request_id, why).await;
    }
}

async fn end(kernel: &Kernel, mut socket: WebSocket, request_id: &str, why: Ended) {
    match why {
        Ended::Gone => {}
        Ended::Close(code, reason) => close(&mut socket, code, reason).await,
        Ended::Refused(e) => {
            let body = crate::route::problem(kernel, request_id, &e);
            let frame = ServerFrame::Error { error: body.error };
            if let Ok(text) = serde_json::to_string(&frame) {
                let _ = timeout(CLOSE_WITHIN, socket.send(Message::Text(text.into()))).await;
            }
            let code = match e.code.status() {
                401 => 4401,
                500.. => 1011,
                _ => 1008,
            };
            close(&mut socket, code, e.code.message()).await;
        }
    }
}

/// The closing handshake (RFC 6455, section 7.1.2): the client's own close frame is waited for, since a socket that is
/// closed under what the client still sends takes back what it has not read yet.
async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    let handshake = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(CLOSE_WITHIN, handshake).await;
}

async fn sign_in(
    kernel: &Kernel,
    socket: &mut WebSocket,
) -> std::result::Result<(Arc<Principal>, Option<String>), Ended> {
    let first = timeout(SIGN_IN_WITHIN, socket.recv()).await;
    let Ok(Some(Ok(Message::Text(text)))) = first else { return Err(Error::new(Code::AuthRequired).into()) };
    let Ok(ClientFrame::Auth { token }) = serde_json::from_str(&text) else {
        return Err(Error::new(Code::AuthRequired).into());
    };
    let principal = kernel.auth.by_secret(&token).await?;
    Ok((principal, Some(token)))
}

struct Session {
    kernel: Kernel,
    principal: Arc<Principal>,
    /// What a first message signed in with.
    secret: Option<String>,
    wanted: fn(LiveKind) -> bool,
    live: tokio::sync::broadcast::Receiver<Arc<Frame>>,
    sink: SplitSink<WebSocket, Message>,
    backlog: Backlog,
    /// All that the client may have up to this number is sent or waits.
    sent: i64,
    /// Events are read from the outbox, as fast as the client takes them, until it has all; then they come live.
    catching_up: bool,
}

/// There is no good end.
enum Never {}

impl Session {
    async fn run(&mut self, stream: &mut SplitStream<WebSocket>) -> std::result::Result<Never, Ended> {
        // What was committed before is for the lists and for resume, even if the pump has yet to pass it on.
        self.sent = self.newest().await?;
        self.say(&ServerFrame::Ready { seq: self.sent })?;
        let mut stop = self.kernel.live.stop.subscribe();
        let mut changed = self.kernel.auth.changes();
        // A change between authentication and now is not missed.
        self.check_credentials().await?;
        let mut look = self.look_again();
        let mut ping = interval(PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut moved, mut stalled) = (0, Instant::now() + STALLED);
        loop {
            if self.catching_up && self.backlog.is_empty() {
                self.read_on().await?;
            }
            let waiting = !self.backlog.is_empty();
            if !waiting || self.backlog.moved() != moved {
                (moved, stalled) = (self.backlog.moved(), Instant::now() + STALLED);
            }
            tokio::select! {
                done = self.backlog.drain(&mut self.sink), if waiting => done?,
                () = sleep_until(stalled), if waiting => return Err(Full.into()),
                frame = self.live.recv(), if !self.catching_up => match frame {
                    Ok(f) if f.seq > self.sent => self.pass(&f)?,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => self.catching_up = true,
                    Err(RecvError::Closed) => return Err(Ended::Gone),
                },
                said = stream.next() => match said {
                    Some(Ok(Message::Text(t))) => self.heard(&t).await?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Ended::Gone),
                    Some(Ok(_)) => {}
                },
                _ = ping.tick() => self.backlog.put(Message::Ping(Default::default()))?,
                // The sender lives as long as the kernel that this session holds.
                _ = changed.changed() => {
                    self.check_credentials().await?;
                    look = self.look_again();
                }
                () = sleep_until(look) => {
                    self.check_credentials().await?;
                    look = self.look_again();
                }
                () = stopped(&mut stop) => return Err(Ended::Close(1001, "the server stops")),
            }
        }
    }

    fn look_again(&self) -> Instant {
        let left = self.principal.ends.saturating_sub(self.kernel.world.now().0);
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0).saturating_add(1));
        Instant::now() + left.min(LOOK_AGAIN)
    }

    async fn check_credentials(&mut self) -> std::result::Result<(), Ended> {
        let ended = || Ended::Close(4401, "the credentials ended");
        match &self.secret {
            Some(s) => match self.kernel.auth.by_secret(s).await {
                // A new look-up may bring a new end.
                Ok(p) if p.role == self.principal.role => self.principal = p,
                Err(e) if e.code.status() >= 500 => sleep(Duration::from_millis(100)).await,
                _ => return Err(ended()),
            },
            None if !self.kernel.auth.alive(&self.principal).await => return Err(ended()),
            None => {}
        }
        Ok(())
    }

    async fn newest(&self) -> Result<i64> {
        Ok(sqlx::query_scalar(store::OUTBOX_LAST).fetch_one(self.kernel.db.read()).await?)
    }

    async fn heard(&mut self, text: &str) -> std::result::Result<(), Ended> {
        let Ok(frame) = serde_json::from_str::<ClientFrame>(text) else {
            return Err(Error::field("type", "known are auth and resume").into());
        };
        let ClientFrame::Resume { after } = frame else { return Ok(()) };
        if after < 0 {
            return Err(Error::field("after", "not a number of an event").into());
        }
        let newest = self.newest().await?;
        let first: i64 = sqlx::query_scalar(store::OUTBOX_FIRST)
            .fetch_one(self.kernel.db.read())
            .await
            .map_err(Error::from)?;
        // A number of the future, as after a restored backup, goes on from now.
        let after = after.min(newest);
        let from = after.max(newest - RESUME_AT_MOST).max(first - 1);
        self.say(&ServerFrame::Resumed { after })?;
        if from > after {
            self.say(&ServerFrame::Gap { from: after + 1, to: from })?;
        }
        (self.sent, self.catching_up) = (from, true);
        Ok(())
    }

    /// The next events out of the outbox, less than a full backlog.
    async fn read_on(&mut self) -> std::result::Result<(), Ended> {
        let frames = read(&self.kernel.db, self.sent, CHUNK).await?;
        let mut bytes = 0;
        self.catching_up = frames.len() >= CHUNK as usize;
        for f in frames {
            bytes += f.text.len();
            if bytes > MOST / 2 && !self.backlog.is_empty() {
                self.catching_up = true;
                break;
            }
            self.pass(&f)?;
        }
        Ok(())
    }

    fn pass(&mut self, f: &Frame) -> std::result::Result<(), Ended> {
        if (self.wanted)(f.kind) && self.principal.holds(f.kind.needs()) {
            self.backlog.put(Message::Text(f.text.clone()))?;
        }
        self.sent = f.seq;
        Ok(())
    }

    fn say(&mut self, frame: &ServerFrame) -> std::result::Result<(), Ended> {
        let text = serde_json::to_string(frame).map_err(Error::internal)?;
        Ok(self.backlog.put(Message::Text(text.into()))?)
    }
}
