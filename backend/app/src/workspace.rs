//! A workspace that this process owns: its lock, its socket, its server.

use crate::orders;
use kernel::{
    World,
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
    pub owner: Option<LockOwner>,
}

impl Problem {
    pub(crate) fn new(title: &str, text: impl Into<String>, todo: &str) -> Self {
        Problem { title: title.into(), text: text.into(), todo: todo.into(), log: None, owner: None }
    }

    fn at(mut self, dir: &Path) -> Self {
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
        let reason = e.detail.as_ref().map(|d| d.to_string()).unwrap_or_default();
        Problem::new(e.code.message(), format!("{} {reason}", e.code.as_str()), "See the log for the cause.")
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
    pub(crate) keyring: bool,
    /// Whether jobs run (not for a short command).
    pub(crate) jobs: bool,
}

impl Workspace {
    /// Opens a folder as a workspace, making it if it is not there.
    pub(crate) async fn open(dir: &Path, how: How) -> Result<Workspace, Problem> {
        let no_folder = |e: std::io::Error| {
            let text = format!("{} can't be used: {e}", dir.display());
            Problem::new(
                "The folder of the workspace can't be used",
                text,
                "Choose another folder, or free some space.",
            )
        };
        platform::private_folder(dir).map_err(no_folder)?;
        let dir = &dir.canonicalize().map_err(no_folder)?;
        let world = World::real();
        let socket = platform::runtime_folder(dir).join(format!("workspace-{}.sock", world.secret::<8>()));
        let owner = LockOwner { pid: std::process::id(), user: platform::account(), socket: socket.clone() };
        let lock = Lock::take(dir, &owner).map_err(|e| locked(dir, e))?;
        let logs = dir.join("logs");
        platform::private_folder(&logs).map_err(no_folder)?;
        let log = kernel::telemetry::start(&logs);
        let options = server::Options { world, dir, desktop: how.desktop, keyring: how.keyring };
        let app = App::open(options).await.map_err(|e| unopened(dir, e))?;
        let listener = platform::listen(&socket).map_err(no_folder)?;
        if how.jobs {
            app.kernel.start().await.map_err(|e| Problem::from(e).at(dir))?;
        }
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

fn locked(dir: &Path, e: LockError) -> Problem {
    match e {
        LockError::Held(owner) => {
            let who = owner.as_ref().map_or_else(
                || "another process".into(),
                |o| format!("process {} of {}", o.pid, kernel::Untrusted::new(&o.user).for_plain_line(64)),
            );
            let text = format!("{} is in use by {who}.", dir.display());
            let todo = "Use the window that is open, or close it first.";
            Problem { owner, ..Problem::new("The workspace is open elsewhere", text, todo) }
        }
        LockError::Io(e) => {
            let text = format!("The lock file in {} can't be opened: {e}", dir.display());
            Problem::new(
                "The workspace can't be locked",
                text,
                "Check that the folder belongs to your account.",
            )
        }
    }
}

fn unopened(dir: &Path, e: OpenError) -> Problem {
    let p = match &e {
        OpenError::Newer { .. } => Problem::new(
            "The workspace is newer than this program",
            format!("{e}. Nothing was changed."),
            "Open it with the newer version of AuroraSOC.",
        ),
        OpenError::Foreign { .. } => Problem::new(
            "This is not a workspace",
            format!("{e}. Nothing was changed."),
            "Choose another folder.",
        ),
        OpenError::Corrupt { .. } => Problem::new(
            "The workspace is damaged",
            format!("{e}. Nothing was changed."),
            "Run `aurorasoc doctor` on the folder, or restore a backup.",
        ),
        OpenError::Other(_) => Problem::new(
            "The workspace can't be opened",
            format!("{e}"),
            "Check free space and that the folder belongs to your account.",
        ),
    };
    p.at(dir)
}
