//! Structured logs with request ids into a rotated file. Never bodies, never secrets, never log content.

use std::path::Path;
use tracing_appender::{non_blocking::WorkerGuard, rolling};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Logs JSON lines into `dir/aurorasoc.YYYY-MM-DD.log`, seven days kept. Hold the guard until the end of the process.
/// `None` when the folder can't be written or a subscriber is there already; the program runs on without a log.
pub fn start(dir: &Path) -> Option<WorkerGuard> {
    let file = rolling::Builder::new()
        .rotation(rolling::Rotation::DAILY)
        .filename_prefix("aurorasoc")
        .filename_suffix("log")
        .max_log_files(7)
        .build(dir)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = EnvFilter::try_from_env("AURORASOC_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(writer);
    tracing_subscriber::registry().with(filter).with(lines).try_init().ok()?;
    Some(guard)
}
