//! What the desktop window calls: a workspace open in it, and the desk on which several may lie.

mod args;
mod desk;
mod notices;
mod page;
mod recent;
pub mod words;

pub use crate::workspace::Problem;
pub use args::Args;
pub use desk::{Choice, Desk, Leave, Next};
pub use notices::Notice;
pub use page::STYLE;
pub use recent::Recent;

use crate::{
    backup,
    config::{self, Config, Flags},
    web::{self, Serving},
    workspace::{How, Workspace},
};
use kernel::{db::Actor, platform};
use notices::{Teller, Watch};
use server::{
    detections::{self, PackInput, Sorted},
    siem,
};
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
    teller: Teller,
    watch: Arc<Mutex<Option<Watch>>>,
    origin: String,
    /// The user that the window signs in.
    user: String,
}

impl Desktop {
    /// Locks, migrates, binds 127.0.0.1 on a free port, serves, goes on with paused jobs.
    pub async fn open(dir: PathBuf) -> Result<Desktop, Problem> {
        Self::open_for(dir, Teller::default()).await
    }

    async fn open_for(dir: PathBuf, teller: Teller) -> Result<Desktop, Problem> {
        let how = How { desktop: true, key: configured()?.key_place(), jobs: true, live: true };
        let workspace = Workspace::open(&dir, how).await?;
        match serve(&workspace).await {
            Ok((user, serving)) => {
                let origin = format!("http://{}", serving.address);
                let watch = Watch::start(workspace.app.kernel.clone(), teller.clone());
                let (serving, watch) =
                    (Arc::new(Mutex::new(Some(serving))), Arc::new(Mutex::new(Some(watch))));
                Ok(Desktop { workspace, serving, teller, watch, origin, user })
            }
            Err(problem) => {
                workspace.close().await;
                Err(problem.at(&dir))
            }
        }
    }

    /// First call of the program: private files, no core dumps, the words in the session's language.
    pub fn harden() {
        platform::harden();
        words::speak_as_the_session();
    }

    /// The configured workspace; a problem when the configuration is wrong, since another one would be opened.
    pub fn default_dir() -> Result<PathBuf, Problem> {
        Ok(configured()?.data_dir)
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

    /// The one way from paths to jobs: rules become packs, everything else is imported as logs. Answers the id of one.
    pub async fn import(&self, paths: Vec<PathBuf>) -> Result<String, Problem> {
        let absolute = |p: PathBuf| std::path::absolute(&p).unwrap_or(p);
        let paths: Vec<_> = paths.into_iter().map(absolute).collect();
        let by = Actor { name: self.user.clone(), session: Some("window".into()), ..Actor::default() };
        let kernel = &self.workspace.app.kernel;
        let sorted = tokio::task::spawn_blocking(|| detections::sort_out(paths)).await;
        let Sorted { packs, logs: paths } = sorted.map_err(kernel::Error::internal)?;
        // Logs first: a pack that is refused, by its name for one, keeps nothing else out.
        let mut job = None;
        if !paths.is_empty() {
            job = Some(
                siem::start(kernel, &by, siem::Input::Paths { paths, told: siem::Told::default() }).await?,
            );
        }
        for (name, paths) in packs {
            let input = PackInput { name, enabled: true, paths, kept: vec![] };
            let pack = detections::start_import(kernel, &by, &input).await?;
            job.get_or_insert(pack);
        }
        job.ok_or_else(|| Problem::of("refused", &[("reason", "nothing was named")]))
    }

    /// Imports whatever comes into this folder from now on.
    pub async fn watch(&self, folder: PathBuf) -> Result<(), Problem> {
        let by = Actor { name: self.user.clone(), session: Some("window".into()), ..Actor::default() };
        Ok(siem::set_folder(&self.workspace.app, &by, Some(folder), None).await?)
    }

    /// Jobs that are queued or running.
    pub async fn running_jobs(&self) -> u64 {
        self.workspace.app.kernel.jobs.open().await.unwrap_or(0)
    }

    /// Waits until no job is queued or running.
    async fn idle(&self) {
        if let Err(e) = self.workspace.app.kernel.jobs.idle().await {
            tracing::error!(error = %e, "the jobs can't be waited for");
        }
    }

    /// Notifications from now on.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.teller.send.subscribe()
    }

    /// The whole workspace in one file.
    pub async fn backup(&self, to: PathBuf) -> Result<(), Problem> {
        backup::write(&self.workspace.app, &to).await
    }

    /// A workspace in an empty folder, out of a backup.
    pub async fn restore(from: PathBuf, into: PathBuf) -> Result<(), Problem> {
        backup::read(&from, &into).await
    }

    /// Drains, stops jobs at a resume point (they go on at the next open), closes the databases, drops the lock. Answers
    /// the notice that nobody was told yet.
    pub async fn close(self) -> Option<Notice> {
        let serving = self.serving.lock().unwrap_or_else(|p| p.into_inner()).take();
        let watch = self.watch.lock().unwrap_or_else(|p| p.into_inner()).take();
        self.workspace.app.kernel.end_sockets();
        if let Some(serving) = serving {
            serving.close().await;
        }
        let untold = match watch {
            Some(watch) => watch.end().await,
            None => None,
        };
        self.workspace.close().await;
        untold
    }
}

/// The desktop's own user, and the page and API on a free port of 127.0.0.1.
async fn serve(workspace: &Workspace) -> Result<(String, Serving), Problem> {
    let user = workspace.app.kernel.auth.ensure_desktop_user(&platform::account()).await?;
    let no_port = |e: std::io::Error| Problem::of("port", &[("reason", &e.to_string())]);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
    Ok((user, web::serve(&workspace.app, listener, None).map_err(no_port)?))
}

/// Defaults, `config.toml` and the environment.
fn configured() -> Result<Config, Problem> {
    let file = config::file().display().to_string();
    config::layers(Flags(vec![]))
        .extract()
        .map_err(|e| Problem::of("config", &[("reason", &e.to_string()), ("file", &file)]))
}
