//! Structured logs with request ids into a rotated file. Never bodies, never secrets, never log content.
//!
//! Lines gather for a fifth of a second before they are written, so that a busy server does not wake a thread for
//! each; warnings and errors are written at once, and so is everything at the end.

use std::{
    io::{self, Write},
    path::Path,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};
use tracing::{Level, Metadata};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::{
    EnvFilter,
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// The reader of EVTX warns for each file of an option that it was not given.
const LEVELS: &str = "info,evtx=error";
const GATHER: Duration = Duration::from_millis(200);
/// Lines are dropped, and counted, when the disk can't follow.
const MOST: usize = 4 << 20;

#[derive(Default)]
struct Gathered {
    bytes: Vec<u8>,
    dropped: u64,
    at_once: bool,
    end: bool,
}

#[derive(Default)]
struct Shared {
    gathered: Mutex<Gathered>,
    wake: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(|p| p.into_inner())
    }
}

/// The log files that are open, the newest last. A process has one stream of lines; it goes into the newest, so that a
/// window that has switched its workspace writes nothing more about it into the one before.
static OPEN: Mutex<Vec<(u64, Arc<Shared>)>> = Mutex::new(Vec::new());
static NUMBER: AtomicU64 = AtomicU64::new(0);

fn open() -> MutexGuard<'static, Vec<(u64, Arc<Shared>)>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The log of a workspace. Dropping it writes what is left.
pub struct Log {
    number: u64,
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

impl Drop for Log {
    fn drop(&mut self) {
        open().retain(|(number, _)| *number != self.number);
        self.shared.lock().end = true;
        self.shared.wake.notify_one();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Logs JSON lines into `dir/aurorasoc.YYYY-MM-DD.log`, seven days kept. Hold the answer until the workspace is closed.
/// `None` when the folder can't be written; the program runs on without a log.
pub fn start(dir: &Path) -> Option<Log> {
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("aurorasoc")
        .filename_suffix("log")
        .max_log_files(7)
        .build(dir)
        .ok()?;
    let shared = Arc::new(Shared::default());
    let from = shared.clone();
    let writer = std::thread::Builder::new().name("log".into()).spawn(move || write(&from, file)).ok()?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    open().push((number, shared.clone()));
    let filter = EnvFilter::try_from_env("AURORASOC_LOG").unwrap_or_else(|_| EnvFilter::new(LEVELS));
    let lines = fmt::layer().json().flatten_event(true).with_current_span(false).with_writer(Newest);
    // From the second workspace of a process on, it is there already.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
    Some(Log { number, shared, writer: Some(writer) })
}

fn write(shared: &Shared, mut file: RollingFileAppender) {
    loop {
        let mut g = shared.lock();
        while g.bytes.is_empty() && !g.end {
            g = shared.wake.wait(g).unwrap_or_else(|p| p.into_inner());
        }
        if !g.at_once && !g.end {
            let more = |g: &mut Gathered| !g.at_once && !g.end;
            g = shared.wake.wait_timeout_while(g, GATHER, more).unwrap_or_else(|p| p.into_inner()).0;
        }
        let (bytes, dropped, end) = (std::mem::take(&mut g.bytes), std::mem::take(&mut g.dropped), g.end);
        g.at_once = false;
        drop(g);
        // Where a log can't be written there is nowhere to say so.
        let _ = file.write_all(&bytes);
        if dropped > 0 {
            let _ = writeln!(
                file,
                "{{\"level\":\"WARN\",\"message\":\"lines were dropped\",\"lines\":{dropped}}}"
            );
        }
        if end {
            let _ = file.flush();
            return;
        }
    }
}

struct Newest;

/// One line on its way.
struct Line {
    to: Option<Arc<Shared>>,
    at_once: bool,
}

impl MakeWriter<'_> for Newest {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line { to: open().last().map(|(_, log)| log.clone()), at_once: false }
    }

    fn make_writer_for(&self, meta: &Metadata<'_>) -> Line {
        Line { at_once: *meta.level() <= Level::WARN, ..self.make_writer() }
    }
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let Some(to) = &self.to else { return Ok(line.len()) };
        let mut g = to.lock();
        if g.bytes.len() + line.len() > MOST {
            g.dropped += 1;
        } else {
            let first = g.bytes.is_empty();
            g.bytes.extend_from_slice(line);
            g.at_once |= self.at_once;
            if first || self.at_once {
                to.wake.notify_one();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
