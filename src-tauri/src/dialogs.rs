//! Native dialogs: files, folders, a question, a message. Every text in them is plain.

use app::desktop::{Problem, words::say};
use std::path::PathBuf;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_dialog::{
    DialogExt as _, FileDialogBuilder, FilePath, MessageDialogButtons, MessageDialogKind,
};
use tokio::sync::oneshot;

use crate::window;

/// A dialog on the window with this title, and its callback's answer.
async fn ask<T: Send + 'static>(
    app: &AppHandle,
    title: &str,
    show: impl FnOnce(FileDialogBuilder<tauri::Wry>, Box<dyn FnOnce(Option<T>) + Send>),
) -> Option<T> {
    let (tell, told) = oneshot::channel();
    let mut dialog = app.dialog().file().set_title(say(title)).set_can_create_directories(true);
    if let Some(window) = app.get_webview_window(window::LABEL) {
        dialog = dialog.set_parent(&window);
    }
    show(dialog, Box::new(move |picked| drop(tell.send(picked))));
    told.await.ok().flatten()
}

fn path(picked: Option<FilePath>) -> Option<PathBuf> {
    picked.and_then(|picked| picked.into_path().ok())
}

/// Files, as many as the user likes.
pub async fn files(app: &AppHandle, title: &str) -> Vec<PathBuf> {
    let picked = ask(app, title, |dialog, tell| dialog.pick_files(tell)).await.unwrap_or_default();
    picked.into_iter().filter_map(|one| one.into_path().ok()).collect()
}

/// One file that is there.
pub async fn file(app: &AppHandle, title: &str) -> Option<PathBuf> {
    path(ask(app, title, |dialog, tell| dialog.pick_file(tell)).await)
}

/// One folder.
pub async fn folder(app: &AppHandle, title: &str) -> Option<PathBuf> {
    path(ask(app, title, |dialog, tell| dialog.pick_folder(tell)).await)
}

/// A file to be written, with a name to begin with.
pub async fn new_file(app: &AppHandle, title: &str, name: String) -> Option<PathBuf> {
    path(ask(app, title, |dialog, tell| dialog.set_file_name(name).save_file(tell)).await)
}

/// Whether running imports may be paused; for a page that does not answer.
pub async fn may_pause(app: &AppHandle) -> bool {
    let (tell, told) = oneshot::channel();
    let buttons = MessageDialogButtons::OkCancelCustom(say("pause").into(), say("stay").into());
    let question = app.dialog().message(say("ask_close")).title("AuroraSOC").buttons(buttons);
    question.show(move |pause| {
        // Nobody waits any more when the program ends.
        let _ = tell.send(pause);
    });
    told.await.unwrap_or(false)
}

/// Shows a problem to those who have no page to answer to.
pub fn tell(app: &AppHandle, problem: &Problem) {
    let text = format!("{}\n\n{}", problem.text, problem.todo);
    app.dialog().message(text.trim()).title(&problem.title).kind(MessageDialogKind::Error).show(|_| {});
}
