//! Which workspace the window shows: opening, switching, leaving, and what runs on behind it.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use app::desktop::{Desktop, Problem};
use serde_json::json;
use tauri::{AppHandle, Emitter, Manager, async_runtime};
use tauri_plugin_dialog::{DialogExt, MessageDialogButtons};
use tauri_plugin_notification::NotificationExt;

use crate::menu::words;
use crate::{intake, notice, recent, window};

/// What the user wants to do when he leaves the workspace on the screen.
#[derive(Clone, Debug, PartialEq)]
pub enum Leave {
    /// End the program.
    Quit,
    /// Show the workspace in this folder.
    Switch(PathBuf),
}

#[derive(Default)]
struct Held {
    shown: Option<Desktop>,
    behind: Vec<Desktop>,
    asked: Option<Leave>,
    problem: Option<Problem>,
    dir: PathBuf,
    zoom: i32,
}

/// The window's state, kept by Tauri.
#[derive(Default)]
pub struct Shell(Mutex<Held>);

impl Shell {
    fn held<T>(&self, with: impl FnOnce(&mut Held) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The origin of the page, when a workspace is open.
    pub fn origin(&self) -> Option<String> {
        self.held(|held| held.shown.as_ref().map(Desktop::origin))
    }

    /// Why no workspace is open; none while one is being opened.
    pub fn problem(&self) -> Option<Problem> {
        self.held(|held| held.problem.clone())
    }

    /// The scale after one more step (0: back to 1.0), between a half and three times.
    pub fn zoom(&self, step: i32) -> f64 {
        let steps = self.held(|held| {
            held.zoom = if step == 0 { 0 } else { (held.zoom + step).clamp(-5, 20) };
            held.zoom
        });
        1.0 + f64::from(steps) / 10.0
    }
}

/// The open workspace.
pub fn current(handle: &AppHandle) -> Option<Desktop> {
    handle.state::<Shell>().held(|held| held.shown.clone())
}

/// Opens the first workspace and the window. Half a second is waited for the backend (it takes a
/// tenth) so that no other page flashes up before its own; after that "starting" is shown.
pub fn start(handle: &AppHandle, dir: PathBuf, paths: Vec<PathBuf>) -> tauri::Result<()> {
    handle.state::<Shell>().held(|held| held.dir = dir.clone());
    let mut opening = async_runtime::spawn(Desktop::open(dir));
    async_runtime::spawn(leave_on_signal(handle.clone()));
    let soon = async { tokio::time::timeout(Duration::from_millis(500), &mut opening).await };
    if let Ok(opened) = async_runtime::block_on(soon) {
        arrive(handle, opened?)?;
        async_runtime::spawn(intake::take(handle.clone(), paths));
        return Ok(());
    }
    window::show(handle, &format!("{}/", notice::ORIGIN))?;
    let handle = handle.clone();
    async_runtime::spawn(async move {
        arrive(&handle, opening.await?)?;
        intake::take(handle, paths).await;
        tauri::Result::Ok(())
    });
    Ok(())
}

/// Puts an opened workspace, or why it could not be opened, on the screen.
fn arrive(handle: &AppHandle, opened: Result<Desktop, Problem>) -> tauri::Result<()> {
    let shell = handle.state::<Shell>();
    match opened {
        Ok(desktop) => {
            window::allow(handle, &desktop.origin())?;
            recent::remember(handle, &desktop.name(), desktop.dir());
            async_runtime::spawn(notify(handle.clone(), desktop.clone()));
            let address = desktop.start_url();
            shell.held(|held| {
                held.dir = desktop.dir().to_path_buf();
                held.problem = None;
                held.shown = Some(desktop);
            });
            window::show(handle, &address)
        }
        Err(problem) => {
            eprintln!("{}: {}", problem.title, problem.text);
            shell.held(|held| held.problem = Some(problem));
            window::show(handle, &format!("{}/", notice::ORIGIN))
        }
    }
}

/// Tries again to open the workspace that could not be opened.
pub fn retry(handle: &AppHandle) {
    let dir = handle.state::<Shell>().held(|held| held.problem.take().map(|_| held.dir.clone()));
    if let Some(dir) = dir {
        let handle = handle.clone();
        async_runtime::spawn(async move { arrive(&handle, Desktop::open(dir).await) });
    }
}

async fn notify(handle: AppHandle, desktop: Desktop) {
    use tokio::sync::broadcast::error::RecvError;
    let mut notices = desktop.notices();
    drop(desktop);
    loop {
        match notices.recv().await {
            Ok(notice) => {
                // Without a notification service there is nobody to show it; the page has it too.
                let _ = handle.notification().builder().title(notice.title).body(notice.body).show();
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

async fn leave_on_signal(handle: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    if let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        handle.exit(0);
    }
}

/// Leaves the workspace on the screen; while an import runs the page asks first whether it goes
/// on or is paused. A page that has not answered when it is asked again is not waited for: then
/// a native question stands in.
pub fn ask_to_leave(handle: &AppHandle, leave: Leave) {
    let handle = handle.clone();
    async_runtime::spawn(async move {
        let jobs = match current(&handle) {
            Some(desktop) => desktop.running_jobs().await,
            None => 0,
        };
        let asked = handle.state::<Shell>().held(|held| held.asked.replace(leave.clone()));
        if jobs == 0 {
            answer(&handle, "pause").await
        } else if asked.is_none() {
            handle.emit("aurora:close-asked", json!({ "jobs": jobs })).map_err(window::trouble)
        } else {
            let say = words();
            let asker = handle.clone();
            let buttons = MessageDialogButtons::OkCancelCustom(say.pause.into(), say.stay.into());
            handle.dialog().message(say.close).title("AuroraSOC").buttons(buttons).show(move |pause| {
                async_runtime::spawn(
                    async move { answer(&asker, if pause { "pause" } else { "cancel" }).await },
                );
            });
            Ok(())
        }
    });
}

/// Carries out the answer to a close or switch that was asked about: "background", "pause", "cancel".
pub async fn answer(handle: &AppHandle, choice: &str) -> Result<(), Problem> {
    let Some(leave) = handle.state::<Shell>().held(|held| held.asked.take()) else { return Ok(()) };
    let background = choice == "background";
    match leave {
        _ if choice == "cancel" => {}
        Leave::Quit if background => {
            window::hide(handle);
            async_runtime::spawn(quit_when_done(handle.clone()));
        }
        Leave::Quit => {
            window::hide(handle);
            handle.exit(0);
        }
        Leave::Switch(dir) => switch(handle, dir, background).await?,
    }
    Ok(())
}

/// Opens the workspace in `dir` and, once that has worked, lets go of the one on the screen.
async fn switch(handle: &AppHandle, dir: PathBuf, background: bool) -> Result<(), Problem> {
    let shell = handle.state::<Shell>();
    let dir = dir.canonicalize().unwrap_or(dir);
    if current(handle).is_some_and(|shown| shown.dir() == dir) {
        return Ok(());
    }
    let running = shell.held(|held| {
        let at = held.behind.iter().position(|one| one.dir() == dir)?;
        Some(held.behind.swap_remove(at))
    });
    let next = match running {
        Some(desktop) => desktop,
        None => Desktop::open(dir).await?,
    };
    let old = shell.held(|held| held.shown.take());
    arrive(handle, Ok(next)).map_err(window::trouble)?;
    match old {
        Some(old) if background => shell.held(|held| held.behind.push(old)),
        Some(old) => old.close().await,
        None => {}
    }
    Ok(())
}

/// Ends the program when the last import is done, unless the window was brought back meanwhile.
async fn quit_when_done(handle: AppHandle) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if window::is_visible(&handle) {
            return;
        }
        let all = handle
            .state::<Shell>()
            .held(|held| held.behind.iter().chain(&held.shown).cloned().collect::<Vec<_>>());
        let mut jobs = 0;
        for desktop in all {
            jobs += desktop.running_jobs().await;
        }
        if jobs == 0 {
            return handle.exit(0);
        }
    }
}

/// Closes every open workspace cleanly; what still runs is paused at a resume point.
pub fn close_all(handle: &AppHandle) {
    let (shown, behind) =
        handle.state::<Shell>().held(|held| (held.shown.take(), std::mem::take(&mut held.behind)));
    async_runtime::block_on(async {
        for desktop in behind.into_iter().chain(shown) {
            desktop.close().await;
        }
    });
}
