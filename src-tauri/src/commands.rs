//! The commands of the window: native dialogs and workspaces. Nothing here is about the product's
//! data; that goes over HTTP.

use std::path::PathBuf;

use app::desktop::{Desktop, Problem};
use serde::Serialize;
use serde_json::{Value, json};
use tauri::{AppHandle, Manager, async_runtime};
use tauri_plugin_dialog::{DialogExt, FileDialogBuilder, FilePath};

use crate::shell::{self, Leave, current};
use crate::{intake, recent, window};

/// A refused command as the page gets it.
#[derive(Debug, Serialize)]
pub struct Refused {
    title: String,
    text: String,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        let text = format!("{} {}", problem.text, problem.todo);
        Self { title: problem.title, text: text.trim().to_owned() }
    }
}

fn refused(title: &str, text: &str, todo: &str) -> Problem {
    Problem { title: title.into(), text: text.into(), todo: todo.into(), log: None, owner: None }
}

/// Tells the page that it stands in the desktop window, and on which workspace.
#[tauri::command]
pub async fn shell_info(app: AppHandle) -> Value {
    let open = current(&app).map(|it| json!({ "name": it.name(), "path": it.dir().to_string_lossy() }));
    json!({ "desktop": true, "platform": std::env::consts::OS, "workspace": open, "recent": recent::list(&app) })
}

/// A dialog on the window, its callback's answer, as a path.
async fn ask<T: Send + 'static>(
    app: &AppHandle,
    show: impl FnOnce(FileDialogBuilder<tauri::Wry>, Box<dyn FnOnce(Option<T>) + Send>),
) -> Option<T> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let mut dialog = app.dialog().file().set_can_create_directories(true);
    if let Some(window) = app.get_webview_window(window::LABEL) {
        dialog = dialog.set_parent(&window);
    }
    show(dialog, Box::new(move |picked| drop(tell.send(picked))));
    told.await.ok().flatten()
}

fn path(picked: Option<FilePath>) -> Option<PathBuf> {
    picked.and_then(|picked| picked.into_path().ok())
}

async fn imported(app: &AppHandle, paths: Vec<PathBuf>) -> Result<Option<Value>, Problem> {
    Ok(intake::start(app, paths).await?.map(|id| json!({ "job_id": id })))
}

async fn files(app: &AppHandle) -> Result<Option<Value>, Problem> {
    let picked = ask(app, |dialog, tell| dialog.pick_files(tell)).await.unwrap_or_default();
    imported(app, picked.into_iter().filter_map(|one| one.into_path().ok()).collect()).await
}

async fn folder(app: &AppHandle) -> Result<Option<Value>, Problem> {
    let picked = path(ask(app, |dialog, tell| dialog.pick_folder(tell)).await);
    imported(app, picked.into_iter().collect()).await
}

/// Lets the user pick files, and imports them: `{"job_id"}`, or null when cancelled.
#[tauri::command]
pub async fn pick_files(app: AppHandle) -> Result<Option<Value>, Refused> {
    Ok(files(&app).await?)
}

/// Lets the user pick a folder, and imports what is in it: `{"job_id"}`, or null when cancelled.
#[tauri::command]
pub async fn pick_folder(app: AppHandle) -> Result<Option<Value>, Refused> {
    Ok(folder(&app).await?)
}

fn holds_workspace(dir: &std::path::Path) -> bool {
    dir.join("aurora.db").is_file()
}

async fn create(app: &AppHandle) -> Result<(), Problem> {
    let Some(dir) = path(ask(app, |dialog, tell| dialog.pick_folder(tell)).await) else { return Ok(()) };
    if std::fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some()) {
        let text = format!("{} is not empty.", dir.display());
        return Err(refused("No workspace was made", &text, "Choose or make an empty folder."));
    }
    shell::ask_to_leave(app, Leave::Switch(dir));
    Ok(())
}

async fn open(app: &AppHandle, dir: Option<PathBuf>) -> Result<(), Problem> {
    let dir = match dir {
        Some(dir) => Some(dir),
        None => path(ask(app, |dialog, tell| dialog.pick_folder(tell)).await),
    };
    match dir {
        Some(dir) if !holds_workspace(&dir) => {
            let text = format!("There is no workspace in {}.", dir.display());
            Err(refused("No workspace was opened", &text, "Choose the folder that holds its aurora.db."))
        }
        Some(dir) => {
            shell::ask_to_leave(app, Leave::Switch(dir));
            Ok(())
        }
        None => Ok(()),
    }
}

async fn backup(app: &AppHandle) -> Result<(), Problem> {
    let Some(desktop) = current(app) else { return Ok(()) };
    let name = format!("{}.aurora-backup", desktop.name());
    match path(ask(app, |dialog, tell| dialog.set_file_name(name).save_file(tell)).await) {
        Some(to) => desktop.backup(to).await,
        None => Ok(()),
    }
}

async fn restore(app: &AppHandle) -> Result<(), Problem> {
    let Some(from) = path(ask(app, |dialog, tell| dialog.pick_file(tell)).await) else { return Ok(()) };
    let Some(into) = path(ask(app, |dialog, tell| dialog.pick_folder(tell)).await) else { return Ok(()) };
    Desktop::restore(from, into.clone()).await?;
    shell::ask_to_leave(app, Leave::Switch(into));
    Ok(())
}

/// Makes a workspace in an empty folder that the user picks, and shows it.
#[tauri::command]
pub async fn workspace_new(app: AppHandle) -> Result<(), Refused> {
    Ok(create(&app).await?)
}

/// Shows the workspace in a folder that the user picks.
#[tauri::command]
pub async fn workspace_open(app: AppHandle) -> Result<(), Refused> {
    Ok(open(&app, None).await?)
}

/// Shows a workspace of the list in [`shell_info`]; a path that is not on it is refused.
#[tauri::command]
pub async fn workspace_open_recent(app: AppHandle, path: String) -> Result<(), Refused> {
    if !recent::list(&app).iter().any(|one| one["path"] == *path) {
        let text = format!("{path} is not one of the workspaces opened last.");
        Err(refused("No workspace was opened", &text, "Open it by its folder."))?;
    }
    Ok(open(&app, Some(path.into())).await?)
}

/// Writes the open workspace into one file that the user names.
#[tauri::command]
pub async fn workspace_backup(app: AppHandle) -> Result<(), Refused> {
    Ok(backup(&app).await?)
}

/// Unpacks a backup into a folder that the user picks, and shows it.
#[tauri::command]
pub async fn workspace_restore(app: AppHandle) -> Result<(), Refused> {
    Ok(restore(&app).await?)
}

/// The user's answer to `aurora:close-asked`: "background", "pause" or "cancel".
#[tauri::command]
pub async fn answer_close(app: AppHandle, choice: String) -> Result<(), Refused> {
    if !["background", "pause", "cancel"].contains(&choice.as_str()) {
        Err(refused("Nothing was done", &format!("{choice} is no answer."), "background, pause or cancel"))?;
    }
    Ok(shell::answer(&app, &choice).await?)
}

/// A menu entry that opens a dialog; a failure is told in a native message.
pub fn from_menu(handle: &AppHandle, action: &str) {
    let (app, action) = (handle.clone(), action.to_owned());
    async_runtime::spawn(async move {
        let done = match action.as_str() {
            "open-files" => files(&app).await.map(drop),
            "open-folder" => folder(&app).await.map(drop),
            "workspace-new" => create(&app).await,
            "workspace-open" => open(&app, None).await,
            "workspace-backup" => backup(&app).await,
            "workspace-restore" => restore(&app).await,
            _ => Ok(()),
        };
        if let Err(problem) = done {
            intake::tell(&app, &problem);
        }
    });
}
