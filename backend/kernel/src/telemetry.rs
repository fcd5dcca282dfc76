//! Structured logs with request ids into a rotated file. Never bodies, never secrets, never log content.

use std::{
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tracing_appender::{
    non_blocking::{NonBlocking, WorkerGuard},
    rolling,
};
use tracing_subscriber::{
    EnvFilter, fmt,
    fmt::writer::{MakeWriter, OptionalWriter},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// The log files that are open, the newest last. A process has one stream of lines; it goes into the newest, so that a
/// window that has switched its workspace writes nothing more about it into the one before.
static OPEN: Mutex<Vec<(u64, NonBlocking)>> = Mutex::new(Vec::new());
static NUMBER: AtomicU64 = AtomicU64::new(0);

fn open() -> MutexGuard<'static, Vec<(u64, NonBlocking)>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The log of a workspace, written until it is dropped.
pub struct Log {
    number: u64,
    _worker: WorkerGuard,
}

impl Drop for Log {
    fn drop(&mut self) {
        open().retain(|(number, _)| *number != self.number);
    }
}

struct Newest;

impl MakeWriter<'_> for Newest {
    type Writer = OptionalWriter<NonBlocking>;

    fn make_writer(&self) -> Self::Writer {
        open().last().map_or_else(OptionalWriter::none, |(_, file)| OptionalWriter::some(file.clone()))
    }
}

/// Logs JSON lines into `dir/aurorasoc.YYYY-MM-DD.log`, seven days kept. Hold the answer until the workspace is closed.
/// `None` when the folder can't be written; the program runs on without a log.
pub fn start(dir: &Path) -> Option<Log> {
    let file = rolling::Builder::new()
        .rotation(rolling::Rotation::DAILY)
        .filename_prefix("aurorasoc")
        .filename_suffix("log")
        .max_log_files(7)
        .build(dir)
        .ok()?;
    let (writer, worker) = tracing_appender::non_blocking(file);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    open().push((number, writer));
    let filter = EnvFilter::try_from_env("AURORASOC_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(Newest);
    // From the second workspace of a process on, it is there already.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Some(Log { number, _worker: worker })
}
