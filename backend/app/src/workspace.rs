//! A workspace that this process owns: its lock, its socket, its server.

use crate::{backup, desktop::words, listen, orders};
use kernel::{
    World,
    auth::token_key::KeyPlace,
    db::OpenError,
    platform::{self, Lock, LockError, LockOwner},
};
use server::App;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Why something could not be done, in plain words for a window or a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// In a few words.
    pub title: String,
    /// What happened, and what was kept.
    pub text: String,
    /// What to do.
    pub todo: String,
    /// Where the details are.
    pub log: Option<PathBuf>,
    /// The workspace belongs to another living process.
    pub owner: Option<Box<LockOwner>>,
    /// Key of the words on the button that tries once more.
    pub(crate) again: &'static str,
}

impl Problem {
    /// The problem of this name in the words of the window.
    pub fn of(name: &str, with: &[(&str, &str)]) -> Self {
        let part = |which: &str| words::fill(&format!("{name}_{which}"), with);
        let (title, text, todo) = (part("title"), part("text"), part("todo"));
        Problem { title, text, todo, log: None, owner: None, again: "retry" }
    }

    /// With the folder where the workspace's log lies.
    pub(crate) fn at(mut self, dir: &Path) -> Self {
        self.log = Some(dir.join("logs"));
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}\n{}", self.title, self.text, self.todo)?;
        self.log.as_ref().map_or(Ok(()), |log| write!(f, "\nLog: {}", log.display()))
    }
}

impl From<kernel::Error> for Problem {
    fn from(e: kernel::Error) -> Self {
        if let Some(reason) = e.damage() {
            return Problem::of("corrupt", &[("reason", &format!("aurora.db is damaged: {reason}"))]);
        }
        let detail = e.detail.as_ref().map(|d| format!(" {d}")).unwrap_or_default();
        let reason = format!("{} ({}){detail}", e.code.message(), e.code.as_str());
        Problem::of("refused", &[("reason", &reason)])
    }
}

/// An open workspace. Cheap to clone; closed once.
#[derive(Clone)]
pub struct Workspace {
    pub(crate) app: App,
    held: Arc<std::sync::Mutex<Option<Held>>>,
}

struct Held {
    _lock: Lock,
    _log: Option<kernel::telemetry::Log>,
    orders: tokio::task::JoinHandle<()>,
    socket: PathBuf,
}

/// How to open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) desktop: bool,
    pub(crate) key: KeyPlace,
    /// Whether jobs run (not for a short command).
    pub(crate) jobs: bool,
    /// Whether live sources come in (only for who stays).
    pub(crate) live: bool,
}

/// What a workspace needs free to be opened: its logs, its write-ahead files, some room to end a job.
const SPACE: u64 = 16 << 20;

impl Workspace {
    /// Opens a folder as a workspace, making it if it is not there or empty.
    pub(crate) async fn open(dir: &Path, how: How) -> Result<Workspace, Problem> {
        let shown = dir.display().to_string();
        let no_folder =
            |e: std::io::Error| Problem::of("folder", &[("dir", &shown), ("reason", &e.to_string())]);
        is_there(dir)?;
        platform::private_folder(dir).map_err(no_folder)?;
        let dir = &dir.canonicalize().map_err(no_folder)?;
        if let Some(problem) = no_space(dir).filter(|_| how.jobs) {
            return Err(problem.at(dir));
        }
        let world = World::real();
        let socket = platform::order_socket(&world.secret::<8>()).map_err(no_folder)?;
        let owner = LockOwner { pid: std::process::id(), user: platform::account(), socket: socket.clone() };
        let lock = Lock::take(dir, &owner).map_err(|e| locked(dir, e))?;
        backup::sweep(dir);
        let logs = dir.join("logs");
        platform::private_folder(&logs).map_err(no_folder)?;
        let log = kernel::telemetry::start(&logs);
        // Before the databases: whoever finds the lock and sends an order waits until they are open.
        let listener = platform::listen(&socket).map_err(no_folder)?;
        let options = server::Options { world, dir, desktop: how.desktop, key: how.key };
        let opened = async {
            let app = App::open(options).await.map_err(|e| unopened(dir, e))?;
            let started = if how.jobs { app.kernel.start().await } else { Ok(()) };
            if let Err(e) = started {
                app.close().await;
                return Err(Problem::from(e).at(dir));
            }
            if how.live {
                app.listen(Arc::new(listen::bind));
            }
            Ok(app)
        };
        let app = opened.await.inspect_err(|_| drop(std::fs::remove_file(&socket)))?;
        let orders = tokio::spawn(orders::listen(app.clone(), listener));
        let held = Held { _lock: lock, _log: log, orders, socket };
        Ok(Workspace { app, held: Arc::new(std::sync::Mutex::new(Some(held))) })
    }

    /// Stops jobs at their resume points, closes the databases, gives the lock back. Later calls do nothing.
    pub async fn close(&self) {
        let held = self.held.lock().unwrap_or_else(|p| p.into_inner()).take();
        let Some(held) = held else { return };
        held.orders.abort();
        let _ = std::fs::remove_file(&held.socket);
        self.app.close().await;
        drop(held);
    }
}

/// Whether a folder is a workspace. One that is not there, is empty, or was left when the making of one broke off can
/// become one; a problem when it holds other files: they are not ours to lock away.
pub(crate) fn is_there(dir: &Path) -> Result<bool, Problem> {
    let shown = dir.display().to_string();
    if dir.to_str().is_none() {
        return Err(Problem::of("folder", &[("dir", &shown), ("reason", words::say("not_utf8"))]));
    }
    if dir.join("aurora.db").is_file() {
        return Ok(true);
    }
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries.flatten().map(|entry| entry.file_name()).collect::<Vec<_>>(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(Problem::of("folder", &[("dir", &shown), ("reason", &e.to_string())])),
    };
    // Every file system of its own has the second.
    let begun = entries.iter().any(|name| name == "lock");
    let free = entries.iter().all(|name| name == "lost+found" || (begun && server::is_own(name)));
    if free { Ok(false) } else { Err(Problem::of("others", &[("dir", &shown)])) }
}

/// Asked before anything is written, since a full disk stops SQLite in the middle. A file system that does not say how
/// much is free is tried.
fn no_space(dir: &Path) -> Option<Problem> {
    let free = platform::free_bytes(dir).ok().filter(|free| *free < SPACE)?;
    let megabytes = |bytes: u64| (bytes >> 20).to_string();
    let (dir, free, needed) = (dir.display().to_string(), megabytes(free), megabytes(SPACE));
    Some(Problem::of("space", &[("dir", &dir), ("free", &free), ("needed", &needed)]))
}

fn locked(dir: &Path, e: LockError) -> Problem {
    let shown = dir.display().to_string();
    match e {
        LockError::Held(owner) => {
            let who = owner.as_ref().map_or_else(
                || words::say("owner_unknown").to_owned(),
                |o| {
                    let user = kernel::Untrusted::new(&o.user).for_plain_line(64);
                    words::fill("owner", &[("pid", &o.pid.to_string()), ("user", &user)])
                },
            );
            Problem {
                owner: owner.map(Box::new),
                ..Problem::of("held", &[("dir", &shown), ("owner", &who)]).at(dir)
            }
        }
        LockError::Io(e) => Problem::of("lock", &[("dir", &shown), ("reason", &e.to_string())]).at(dir),
    }
}

fn unopened(dir: &Path, e: OpenError) -> Problem {
    let name = match &e {
        OpenError::Newer { .. } => "newer",
        OpenError::Foreign { .. } => "foreign",
        OpenError::Corrupt { .. } => "corrupt",
        OpenError::Other(_) => "unopened",
    };
    Problem::of(name, &[("reason", &e.to_string())]).at(dir)
}
