//! From the queue to events and alerts, a batch at a time.

use super::{Why, listener::Received};
use crate::{
    App,
    siem::intake::{Intake, live_source},
};
use api::Code;
use event::{Event, Nanos, Value};
use ingest::LineReader;
use kernel::{Result, db::Actor};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    runtime::Handle,
    sync::mpsc,
    time::{Instant, sleep, timeout, timeout_at},
};

/// A batch is stored after so many messages, or so long after the first.
const BATCH: (usize, Duration) = (2_000, Duration::from_secs(1));
/// Correlation rules are evaluated at most this often.
const CORRELATE: Duration = Duration::from_secs(5);
/// Batches after which what is known of the events is begun anew.
const RENEW: u64 = 256;
/// Tries to store a batch that fails for another reason than a full disk or a busy store.
const TRIES: u32 = 5;

/// Works until nobody can put anything into the queue any more and it is empty.
pub(super) fn run(app: &App, receive: mpsc::Receiver<Received>, runtime: &Handle) {
    let by = Actor { session: Some("syslog".into()), ..Actor::system() };
    let intake = runtime.block_on(Intake::begin(app, &by, "syslog"));
    let (reader, run) = (LineReader::default(), app.kernel.world.bytes::<16>());
    let evaluated = Instant::now();
    let mut worker = Worker { app, receive, intake, reader, run, messages: 0, batches: 0, evaluated };
    runtime.block_on(async { while worker.batch().await {} });
}

struct Worker<'a> {
    app: &'a App,
    receive: mpsc::Receiver<Received>,
    intake: Intake,
    reader: LineReader,
    /// Tells the messages of this listener from those of every other.
    run: [u8; 16],
    messages: u64,
    batches: u64,
    evaluated: Instant,
}

impl Worker<'_> {
    /// One batch; false at the end of the queue.
    async fn batch(&mut self) -> bool {
        // A correlation that is due is not left until the next message comes, which may be in a month.
        let first = match self.intake.correlates() {
            true => timeout(CORRELATE, self.receive.recv()).await,
            false => Ok(self.receive.recv().await),
        };
        let more = match first {
            Ok(Some(first)) => {
                let mut all = vec![first];
                let end = Instant::now() + BATCH.1;
                while all.len() < BATCH.0
                    && let Ok(Some(next)) = timeout_at(end, self.receive.recv()).await
                {
                    all.push(next);
                }
                self.store(all).await;
                true
            }
            Ok(None) => false,
            Err(_) => true,
        };
        self.batches += 1;
        let mut after: Result<()> = Ok(());
        if self.intake.correlates() && (!more || self.evaluated.elapsed() >= CORRELATE) {
            self.evaluated = Instant::now();
            after = self.intake.correlate().await;
        }
        if self.batches.is_multiple_of(RENEW) || !more {
            after = after.and(self.intake.renew().await);
        }
        if let Err(e) = after {
            self.trouble(&e);
        }
        more
    }

    /// Stores and matches; tries again while the disk is full, so that the queue fills and drops are counted.
    async fn store(&mut self, all: Vec<Received>) {
        let count = all.len() as u64;
        let mut streams = [("syslog:udp", vec![]), ("syslog:tcp", vec![])];
        for one in &all {
            let event = self.event(one);
            streams[usize::from(one.tcp)].1.extend(event);
        }
        for (label, events) in &mut streams {
            let mut tries = 0;
            while !events.is_empty()
                && let Err(e) = self.keep(label, events).await
            {
                self.trouble(&e);
                tries += u32::from(e.code != Code::Unavailable || self.receive.is_closed());
                if tries >= TRIES {
                    let lost =
                        self.app.kernel.metrics.listener_dropped.get_or_create(&Why::NotStored.label());
                    lost.inc_by(events.len() as u64);
                    break;
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
        match self.intake.flush().await {
            Ok(()) => self.app.live.tell_trouble(None),
            // The matches are held: the next batch comes back to them.
            Err(e) => self.trouble(&e),
        }
        self.app.live.waiting.fetch_sub(count, Ordering::Relaxed);
    }

    async fn keep(&mut self, label: &str, events: &mut Vec<Event>) -> Result<()> {
        let source = live_source(self.app, label, "syslog").await?;
        let before = self.intake.added.new;
        self.intake.batch(source, events).await?;
        self.app.kernel.metrics.listener_stored.inc_by(self.intake.added.new - before);
        Ok(())
    }

    /// A message as an event that says where it came from.
    fn event(&mut self, one: &Received) -> Option<Event> {
        self.messages += 1;
        let mut unique = [0; 24];
        unique[..16].copy_from_slice(&self.run);
        unique[16..].copy_from_slice(&self.messages.to_le_bytes());
        let now = Nanos(self.app.kernel.world.now_ns());
        let mut event = self.reader.line(&one.bytes, &unique, now)?;
        const FROM: &str = "log.source.address";
        // Not what the message itself says of it.
        event.fields.retain(|(name, _)| **name != *FROM);
        event.fields.push((FROM.into(), Value::Str(one.from.to_string().as_str().into())));
        Some(event)
    }

    fn trouble(&self, e: &kernel::Error) {
        tracing::error!(error = %e, "messages of the listener are not stored as they should be");
        let reason = e.detail.as_ref().and_then(|d| d.get("reason")).and_then(|r| r.as_str());
        self.app.live.tell_trouble(Some(reason.unwrap_or(e.code.message()).to_owned()));
    }
}
