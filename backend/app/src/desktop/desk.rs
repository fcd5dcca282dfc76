//! The workspaces of one program: the one on the screen, and those whose imports go on behind it.
//!
//! Decides; the window shows what comes out as [`Next`].

use super::{Desktop, Notice, Problem, Recent, Teller, page, recent};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::sync::broadcast;

/// What the user wants when he leaves the workspace on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leave {
    /// End the program.
    Quit,
    /// Show no workspace.
    Close,
    /// Show the one in this folder.
    Switch(PathBuf),
    /// The same, and import these paths into it.
    Import(PathBuf, Vec<PathBuf>),
}

/// What becomes of imports that run when a workspace is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// They go on.
    Background,
    /// They pause, and go on the next time the workspace is opened.
    Pause,
    /// The workspace is not left.
    Stay,
}

impl Choice {
    /// By the page's word for it.
    pub fn parse(word: &str) -> Option<Choice> {
        Some(match word {
            "background" => Choice::Background,
            "pause" => Choice::Pause,
            "cancel" => Choice::Stay,
            _ => return None,
        })
    }
}

/// What the window does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Stay,
    /// Show what lies on the desk.
    Show,
    /// Let the page ask for a [`Choice`], since so many jobs run.
    Ask(u64),
    /// The page was asked before and did not even say that it heard: ask without it.
    Insist,
    /// Go away, and end when the imports have ended.
    Hide,
    /// End.
    End,
}

/// The desk. Cheap to clone.
#[derive(Clone, Default)]
pub struct Desk {
    held: Arc<Mutex<Held>>,
    teller: Teller,
}

#[derive(Default)]
struct Held {
    shown: Option<Desktop>,
    behind: Vec<Desktop>,
    asked: Option<Asked>,
    problem: Option<Problem>,
    /// The workspace that is open, was open or should have been; none for the configured one.
    dir: Option<PathBuf>,
    /// What the workspace that comes on the screen is to import.
    waiting: Vec<PathBuf>,
}

/// A question to the page that has no answer yet.
struct Asked {
    leave: Leave,
    since: Instant,
    heard: bool,
}

/// How long the page has to say that it asks.
const PATIENCE: Duration = Duration::from_secs(2);

impl Desk {
    fn held<T>(&self, with: impl FnOnce(&mut Held) -> T) -> T {
        with(&mut self.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The workspace on the screen.
    pub fn shown(&self) -> Option<Desktop> {
        self.held(|held| held.shown.clone())
    }

    /// The window's own page as it stands: opening, or why no workspace is open.
    pub fn page(&self) -> String {
        page::page(self.held(|held| held.problem.clone()).as_ref(), &recent::list())
    }

    /// The workspaces opened last.
    pub fn recent(&self) -> Vec<Recent> {
        recent::list()
    }

    /// Notifications of all workspaces from now on.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.teller.send.subscribe()
    }

    /// Opens the first workspace, the configured one where none is named; what went wrong stands on [`Desk::page`].
    pub async fn start(self, dir: Option<PathBuf>) -> Next {
        self.held(|held| held.dir = dir.clone());
        let opened = async {
            Desktop::open_for(dir.map_or_else(Desktop::default_dir, Ok)?, self.teller.clone()).await
        };
        match opened.await {
            Ok(desktop) => self.put(desktop),
            Err(problem) => self.fail(problem),
        }
    }

    /// Tries again to open what could not be opened or was closed.
    pub async fn retry(&self) -> Next {
        let dir = self.held(|held| held.problem.take().map(|_| held.dir.clone()));
        match (self.shown(), dir) {
            (None, Some(dir)) => {
                let again = async { self.switch(dir.map_or_else(Desktop::default_dir, Ok)?, false).await };
                again.await.unwrap_or_else(|problem| self.fail(problem))
            }
            (Some(_), Some(_)) => Next::Show,
            _ => Next::Stay,
        }
    }

    /// Shows a problem instead of a workspace's page; the workspace stays as it is.
    pub fn fail(&self, problem: Problem) -> Next {
        eprintln!("{problem}");
        self.held(|held| held.problem = Some(problem));
        Next::Show
    }

    /// Whether the window shows its own page and not that of a workspace.
    pub fn in_trouble(&self) -> bool {
        self.held(|held| held.problem.is_some() || held.shown.is_none())
    }

    fn put(&self, desktop: Desktop) -> Next {
        recent::remember(&desktop.name(), desktop.dir());
        self.held(|held| {
            held.dir = Some(desktop.dir().to_path_buf());
            held.problem = None;
            held.shown = Some(desktop);
        });
        Next::Show
    }

    /// Makes paths one import job; its id, or none when there are none.
    pub async fn import(&self, paths: Vec<PathBuf>) -> Result<Option<String>, Problem> {
        if paths.is_empty() {
            return Ok(None);
        }
        let desktop = self.shown().ok_or_else(|| Problem::of("nothing_open", &[]))?;
        desktop.import(paths).await.map(Some)
    }

    /// What a later start was asked for. `Ok(None)` when it is for the workspace on the screen, which then imports the
    /// paths at once; else the one that it names is shown, as a switch shows it, and they wait until it is.
    pub async fn visit(&self, dir: PathBuf, paths: Vec<PathBuf>) -> Result<Option<Next>, Problem> {
        let real = dir.canonicalize().unwrap_or(dir);
        if self.shown().is_some_and(|shown| shown.dir() == real) {
            return Ok(None);
        }
        self.leave(Leave::Import(real, paths)).await.map(Some)
    }

    /// What the workspace that has come on the screen is to import, once.
    pub fn waiting(&self) -> Vec<PathBuf> {
        self.held(|held| std::mem::take(&mut held.waiting))
    }

    /// Makes a workspace in an empty folder and shows it.
    pub async fn create(&self, dir: PathBuf) -> Result<Next, Problem> {
        if std::fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(in_folder("not_empty", &dir));
        }
        self.leave(Leave::Switch(dir)).await
    }

    /// Shows the workspace in a folder; a folder that holds none is refused.
    pub async fn open(&self, dir: PathBuf) -> Result<Next, Problem> {
        if !dir.join("aurora.db").is_file() {
            return Err(in_folder("none_there", &dir));
        }
        self.leave(Leave::Switch(dir)).await
    }

    /// Shows a workspace of [`Desk::recent`]; a path that is not on it is refused.
    pub async fn open_recent(&self, dir: PathBuf) -> Result<Next, Problem> {
        if !recent::list().iter().any(|one| one.path == dir) {
            return Err(in_folder("not_recent", &dir));
        }
        self.open(dir).await
    }

    /// Writes the workspace on the screen into one file.
    pub async fn backup(&self, to: PathBuf) -> Result<Next, Problem> {
        let desktop = self.shown().ok_or_else(|| Problem::of("nothing_open", &[]))?;
        desktop.backup(to).await.map(|()| Next::Stay)
    }

    /// Has the workspace on the screen import whatever comes into a folder.
    pub async fn watch(&self, folder: PathBuf) -> Result<Next, Problem> {
        let desktop = self.shown().ok_or_else(|| Problem::of("nothing_open", &[]))?;
        desktop.watch(folder).await.map(|()| Next::Stay)
    }

    /// Unpacks a backup into an empty folder and shows it.
    pub async fn restore(&self, from: PathBuf, into: PathBuf) -> Result<Next, Problem> {
        Desktop::restore(from, into.clone()).await?;
        self.leave(Leave::Switch(into)).await
    }

    /// Leaves the workspace on the screen; asks first while imports would stop by it.
    pub async fn leave(&self, leave: Leave) -> Result<Next, Problem> {
        let all = self.held(|held| match leave {
            Leave::Quit => held.behind.iter().chain(&held.shown).cloned().collect(),
            _ => Vec::from_iter(held.shown.clone()),
        });
        let mut jobs = 0;
        for desktop in &all {
            jobs += desktop.running_jobs().await;
        }
        let before = self.held(|held| {
            let now = Asked { leave, since: Instant::now(), heard: false };
            let before = held.asked.take();
            let (since, heard) = before.as_ref().map_or((now.since, false), |b| (b.since, b.heard));
            held.asked = Some(Asked { since, heard, ..now });
            before
        });
        match (jobs, before) {
            (0, _) => self.answer(Choice::Pause).await,
            (jobs, None) => Ok(Next::Ask(jobs)),
            (jobs, Some(before)) if before.heard => Ok(Next::Ask(jobs)),
            // A double click.
            (_, Some(before)) if before.since.elapsed() < PATIENCE => Ok(Next::Stay),
            (_, Some(_)) => Ok(Next::Insist),
        }
    }

    /// The page shows the question.
    pub fn heard(&self) {
        self.held(|held| {
            if let Some(asked) = &mut held.asked {
                asked.heard = true;
            }
        });
    }

    /// Carries out what was asked about.
    pub async fn answer(&self, choice: Choice) -> Result<Next, Problem> {
        let Some(Asked { leave, .. }) = self.held(|held| held.asked.take()) else { return Ok(Next::Stay) };
        let background = choice == Choice::Background;
        match leave {
            _ if choice == Choice::Stay => Ok(Next::Stay),
            Leave::Quit if background => Ok(Next::Hide),
            Leave::Quit => Ok(Next::End),
            Leave::Close => {
                let old = self.held(|held| {
                    let dir = held.dir.clone().unwrap_or_default();
                    held.problem = Some(Problem { again: "reopen", ..in_folder("closed", &dir) });
                    held.shown.take()
                });
                self.put_away(old, background).await;
                Ok(Next::Show)
            }
            Leave::Switch(dir) => self.switch(dir, background).await,
            Leave::Import(dir, paths) => {
                let next = self.switch(dir, background).await?;
                self.held(|held| held.waiting = paths);
                Ok(next)
            }
        }
    }

    /// Opens the workspace in `dir` and, once that has worked, lets go of the one on the screen.
    async fn switch(&self, dir: PathBuf, background: bool) -> Result<Next, Problem> {
        let dir = dir.canonicalize().unwrap_or(dir);
        if self.shown().is_some_and(|shown| shown.dir() == dir) {
            return Ok(Next::Stay);
        }
        let next = match self.take_back(&dir) {
            Some(desktop) => desktop,
            None => Desktop::open_for(dir, self.teller.clone()).await?,
        };
        let old = self.held(|held| held.shown.take());
        let shown = self.put(next);
        self.put_away(old, background).await;
        Ok(shown)
    }

    async fn put_away(&self, old: Option<Desktop>, background: bool) {
        match old {
            Some(old) if background => {
                self.held(|held| held.behind.push(old.clone()));
                let desk = self.clone();
                tokio::spawn(async move {
                    old.idle().await;
                    // Unless it was brought back meanwhile.
                    if let Some(old) = desk.take_back(old.dir()) {
                        desk.end(old).await;
                    }
                });
            }
            Some(old) => self.end(old).await,
            None => {}
        }
    }

    /// Closes one and tells what it had still to tell.
    async fn end(&self, old: Desktop) {
        if let Some(notice) = old.close().await {
            let _ = self.teller.send.send(notice);
        }
    }

    fn take_back(&self, dir: &Path) -> Option<Desktop> {
        self.held(|held| {
            let at = held.behind.iter().position(|one| one.dir() == dir)?;
            Some(held.behind.swap_remove(at))
        })
    }

    /// Waits until no import runs any more, on the screen or behind it.
    pub async fn idle(&self) {
        for desktop in self.held(|held| held.behind.iter().chain(&held.shown).cloned().collect::<Vec<_>>()) {
            desktop.idle().await;
        }
    }

    /// Closes every workspace cleanly; what still runs is paused at a resume point. Answers what the system has still to
    /// show: nobody listens to [`Desk::notices`] any more.
    pub async fn close(&self) -> Vec<Notice> {
        let (shown, behind) = self.held(|held| (held.shown.take(), std::mem::take(&mut held.behind)));
        let mut untold = vec![];
        for desktop in behind.into_iter().chain(shown) {
            untold.extend(desktop.close().await);
        }
        untold
    }
}

fn in_folder(what: &str, dir: &Path) -> Problem {
    Problem::of(what, &[("dir", &dir.display().to_string())])
}
