//! What the desktop window calls.

pub use crate::{notices::Notice, workspace::Problem};

use crate::{
    backup, notices,
    web::{self, Serving},
    workspace::{How, Workspace},
};
use kernel::{db::Actor, platform};
use server::siem;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tokio::sync::broadcast;

/// A workspace open in a window. Cheap to clone.
#[derive(Clone)]
pub struct Desktop {
    workspace: Workspace,
    serving: Arc<Mutex<Option<Serving>>>,
    notices: broadcast::Sender<Notice>,
    origin: String,
}

impl Desktop {
    /// Locks, migrates, binds 127.0.0.1 on a free port, serves, goes on with paused jobs.
    pub async fn open(dir: PathBuf) -> Result<Desktop, Problem> {
        let keyring = std::env::var_os("AURORASOC_NO_KEYRING").is_none();
        let workspace = Workspace::open(&dir, How { desktop: true, keyring, jobs: true }).await?;
        workspace.app.kernel.auth.ensure_desktop_user(&platform::account()).await?;
        let no_port = |e: std::io::Error| {
            let text = format!("No port on 127.0.0.1 could be opened: {e}");
            Problem::new(
                "The local server can't start",
                text,
                "Check whether a security tool forbids local connections.",
            )
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
        let serving = web::serve(&workspace.app, listener, None).map_err(no_port)?;
        let origin = format!("http://{}", serving.address);
        let notices = broadcast::channel(16).0;
        tokio::spawn(notices::watch(workspace.app.kernel.clone(), notices.clone()));
        Ok(Desktop { workspace, serving: Arc::new(Mutex::new(Some(serving))), notices, origin })
    }

    /// First call of the program: private files, no core dumps.
    pub fn harden() {
        platform::harden();
    }

    /// The default workspace.
    pub fn default_dir() -> PathBuf {
        platform::data_home().join("default")
    }

    /// `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// The origin with a fresh start code in the fragment: one for each load of a window.
    pub fn start_url(&self) -> String {
        format!("{}/#code={}", self.origin, self.workspace.app.kernel.auth.start_code())
    }

    /// Folder of the workspace.
    pub fn dir(&self) -> &Path {
        &self.workspace.app.dir
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.workspace.app.kernel.workspace.clone()
    }

    /// The one way from paths to a job. Answers its id.
    pub async fn import(&self, paths: Vec<PathBuf>) -> Result<String, Problem> {
        let absolute = |p: PathBuf| std::path::absolute(&p).unwrap_or(p);
        let paths = paths.into_iter().map(absolute).collect();
        let by = Actor { name: platform::account(), session: Some("window".into()), ..Actor::default() };
        Ok(siem::start(&self.workspace.app.kernel, &by, siem::Input::Paths { paths }).await?)
    }

    /// Jobs that are queued or running.
    pub async fn running_jobs(&self) -> u64 {
        self.workspace.app.kernel.jobs.open().await.unwrap_or(0)
    }

    /// Notifications from now on.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.subscribe()
    }

    /// The whole workspace in one file.
    pub async fn backup(&self, to: PathBuf) -> Result<(), Problem> {
        backup::write(&self.workspace.app, &to).await
    }

    /// A workspace in an empty folder, out of a backup.
    pub async fn restore(from: PathBuf, into: PathBuf) -> Result<(), Problem> {
        backup::read(&from, &into).await
    }

    /// Drains, stops jobs at a resume point (they go on at the next open), closes the databases, drops the lock.
    pub async fn close(self) {
        let serving = self.serving.lock().unwrap_or_else(|p| p.into_inner()).take();
        self.workspace.app.kernel.end_sockets();
        if let Some(serving) = serving {
            serving.close().await;
        }
        self.workspace.close().await;
    }
}
