//! Between the desk, which decides, and the window, which shows: starting, leaving, dropped files, notifications.

use app::desktop::{Choice, Desk, Next, Notice, Problem};
use kernel::platform::{self, Start};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use tauri::{AppHandle, DragDropEvent, Emitter as _, Manager as _, async_runtime, async_runtime::JoinHandle};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    mpsc,
};

use crate::{commands, dialogs, window};

/// Opens the window on the workspace that is being opened. Half a second is waited for it (it takes a tenth) so that
/// no other page flashes up before its own; after that "opening" is shown.
///
/// What later starts were asked for comes by `later`, one after the other.
pub fn start(
    handle: &AppHandle,
    opening: JoinHandle<Next>,
    paths: Vec<PathBuf>,
    mut later: mpsc::UnboundedReceiver<Start>,
) -> tauri::Result<()> {
    async_runtime::spawn(notify(handle.state::<Desk>().notices()));
    async_runtime::spawn(end_when_asked(handle.clone()));
    let mut opening = opening;
    let soon = async { tokio::time::timeout(Duration::from_millis(500), &mut opening).await };
    let opened = async_runtime::block_on(soon).is_ok();
    window::show(handle)?;
    let handle = handle.clone();
    async_runtime::spawn(async move {
        if !opened && opening.await.is_ok() {
            show_or_say(&handle);
        }
        take(handle.clone(), paths).await;
        while let Some(start) = later.recv().await {
            from_another_start(&handle, start).await;
        }
    });
    Ok(())
}

/// The one way from paths to an import: dropped files, dialogs, file arguments and a second start all end here. Tells
/// the page the job.
pub async fn import(handle: &AppHandle, paths: Vec<PathBuf>) -> Result<(), Problem> {
    if let Some(job) = handle.state::<Desk>().import(paths).await? {
        let _ = handle.emit("aurora:import", json!({ "job_id": job }));
    }
    Ok(())
}

/// [`import`] for those who have no page to answer to.
async fn take(handle: AppHandle, paths: Vec<PathBuf>) {
    if let Err(problem) = import(&handle, paths).await {
        dialogs::tell(&handle, &problem);
    }
}

/// A later start comes to this window: its paths go into the workspace that it names, which is shown first, and never
/// into another one.
async fn from_another_start(handle: &AppHandle, start: Start) {
    window::to_front(handle);
    let Some(dir) = start.dir else { return take(handle.clone(), start.paths).await };
    let done = match handle.state::<Desk>().visit(dir, start.paths.clone()).await {
        Ok(None) => import(handle, start.paths).await,
        Ok(Some(next)) => show(handle, next).await,
        Err(problem) => Err(problem),
    };
    if let Err(problem) = done {
        dialogs::tell(handle, &problem);
    }
}

/// Files dragged over the window, or dropped on it.
pub fn dragged(handle: &AppHandle, event: &DragDropEvent) {
    let over = |over: bool| drop(handle.emit("aurora:drag", json!({ "over": over })));
    match event {
        DragDropEvent::Enter { .. } => over(true),
        DragDropEvent::Drop { paths, .. } => {
            over(false);
            let meant = paths.iter().map(|path| platform::path_bytes::as_meant(path)).collect();
            async_runtime::spawn(take(handle.clone(), meant));
        }
        DragDropEvent::Leave => over(false),
        _ => {}
    }
}

/// [`commands::perform`] for those who have no page to answer to.
pub fn perform(handle: &AppHandle, action: &str) {
    let (handle, action) = (handle.clone(), action.to_owned());
    async_runtime::spawn(async move {
        if let Err(problem) = commands::perform(&handle, &action).await {
            dialogs::tell(&handle, &problem);
        }
    });
}

/// Shows what came out of an act on the desk.
pub async fn show(handle: &AppHandle, next: Next) -> Result<(), Problem> {
    let mut next = next;
    if next == Next::Insist {
        let choice = if dialogs::may_pause(handle).await { Choice::Pause } else { Choice::Stay };
        next = handle.state::<Desk>().answer(choice).await?;
    }
    match next {
        Next::Stay | Next::Insist => {
            async_runtime::spawn(take(handle.clone(), handle.state::<Desk>().waiting()));
            Ok(())
        }
        Next::Show => {
            window::show(handle).map_err(trouble)?;
            async_runtime::spawn(take(handle.clone(), handle.state::<Desk>().waiting()));
            Ok(())
        }
        Next::Ask(jobs) => handle.emit("aurora:close-asked", json!({ "jobs": jobs })).map_err(trouble),
        Next::Hide => {
            window::hide(handle);
            let (handle, desk) = (handle.clone(), handle.state::<Desk>().inner().clone());
            async_runtime::spawn(async move {
                desk.idle().await;
                // A second start may have brought it back meanwhile.
                if !window::is_visible(&handle) {
                    handle.exit(0);
                }
            });
            Ok(())
        }
        Next::End => {
            window::hide(handle);
            handle.exit(0);
            Ok(())
        }
    }
}

/// [`window::show`], whose refusal nobody waits for.
pub fn show_or_say(handle: &AppHandle) {
    if let Err(reason) = window::show(handle) {
        dialogs::tell(handle, &trouble(reason));
    }
}

fn trouble(reason: tauri::Error) -> Problem {
    Problem::of("window", &[("reason", &reason.to_string())])
}

async fn notify(mut notices: broadcast::Receiver<Notice>) {
    loop {
        match notices.recv().await {
            // Without a notification service there is nobody to show it; the page has it too.
            Ok(notice) => drop(async_runtime::spawn_blocking(move || notified(&notice))),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Shows what workspaces had still to tell when they were closed at the end of the program; a service that does not
/// answer does not hold it up.
pub async fn last_words(untold: Vec<Notice>) {
    for notice in untold {
        let shown = async_runtime::spawn_blocking(move || notified(&notice));
        let _ = tokio::time::timeout(Duration::from_secs(5), shown).await;
    }
}

/// Shows a notice as plain text: a service that reads markup in the body (Desktop Notifications Specification 1.2)
/// gets it escaped.
fn notified(notice: &Notice) -> Result<(), notify_rust::error::Error> {
    let markup = notify_rust::get_capabilities()?.iter().any(|can| can == "body-markup");
    let escaped = || notice.body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = if markup { escaped() } else { notice.body.clone() };
    let mut shown = notify_rust::Notification::new();
    shown.appname("AuroraSOC Desktop").icon("aurorasoc-desktop").summary(&notice.title).body(&body);
    shown.show().map(drop)
}

async fn end_when_asked(handle: AppHandle) {
    platform::asked_to_end().await;
    handle.exit(0);
}
