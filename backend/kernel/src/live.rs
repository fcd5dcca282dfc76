//! Live events: the outbox is pumped to a hub, the hub to WebSockets.
//!
//! The sequence of the outbox is the sequence of the socket, so that resume is a read from a number on.

mod backlog;
mod socket;

pub use socket::serve;

use crate::{
    Kernel, Result,
    db::{Db, store},
};
use api::{LiveKind, Time};
use axum::extract::ws::Utf8Bytes;
use serde_json::Value;
use sqlx::Row as _;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::{broadcast, watch};

/// One event as it is sent.
#[derive(Debug)]
pub struct Frame {
    /// Global number.
    pub seq: i64,
    /// What happened.
    pub kind: LiveKind,
    /// The whole frame as JSON text. Cheap to clone.
    pub text: Utf8Bytes,
}

impl Frame {
    /// The record after the change; null when the frame is damaged.
    pub fn data(&self) -> Value {
        let mut whole: Value = serde_json::from_str(&self.text).unwrap_or_default();
        whole.get_mut("data").map(Value::take).unwrap_or_default()
    }
}

/// Distributes live events.
pub struct Hub {
    send: broadcast::Sender<Arc<Frame>>,
    newest: AtomicI64,
    sockets: Arc<Mutex<HashMap<&'static str, usize>>>,
    stop: watch::Sender<bool>,
}

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

    /// A place on a stream, given back on drop; `None` when `most` are taken.
    fn take_place(&self, stream: &'static str, most: usize) -> Option<Place> {
        let mut all = self.sockets.lock().unwrap_or_else(|p| p.into_inner());
        let taken = all.entry(stream).or_default();
        (*taken < most).then(|| {
            *taken += 1;
            Place { all: self.sockets.clone(), stream }
        })
    }
}

/// Counts a socket for as long as it lives.
struct Place {
    all: Arc<Mutex<HashMap<&'static str, usize>>>,
    stream: &'static str,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(|p| p.into_inner());
        if let Some(taken) = all.get_mut(self.stream) {
            *taken = taken.saturating_sub(1);
        }
    }
}

/// Up to `limit` events after a number; those of a kind that this version does not know are left out.
async fn read(db: &Db, after: i64, limit: i64) -> Result<Vec<Frame>> {
    let rows = sqlx::query(store::OUTBOX_AFTER).bind(after).bind(limit).fetch_all(db.read()).await?;
    let mut frames = Vec::with_capacity(rows.len());
    for r in rows {
        let seq: i64 = r.try_get("seq")?;
        let kind: String = r.try_get("kind")?;
        let Some(kind) = LiveKind::parse(&kind) else { continue };
        let (at, data): (i64, &str) = (r.try_get("at")?, r.try_get("data")?);
        // The record is JSON text of our own writing and goes out as it lies there.
        let text = format!(r#"{{"v":1,"seq":{seq},"type":"{kind}","at":"{}","data":{data}}}"#, Time(at));
        frames.push(Frame { seq, kind, text: text.into() });
    }
    Ok(frames)
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|s| *s).await;
}
