//! The one way from paths to an import: dropped files, native dialogs, file arguments and a
//! second start all end in [`start`].

use std::path::PathBuf;

use app::desktop::Problem;
use serde_json::json;
use tauri::{AppHandle, DragDropEvent, Emitter};
use tauri_plugin_dialog::{DialogExt, MessageDialogKind};

use crate::shell::current;

/// Makes `paths` one import job and tells the page its id; none when there was nothing to import.
pub async fn start(handle: &AppHandle, paths: Vec<PathBuf>) -> Result<Option<String>, Problem> {
    if paths.is_empty() {
        return Ok(None);
    }
    let desktop = current(handle).ok_or_else(|| Problem {
        title: "Nothing was imported".into(),
        text: "No workspace is open.".into(),
        todo: "Open a workspace, then drop the files again.".into(),
        log: None,
        owner: None,
    })?;
    let job = desktop.import(paths).await?;
    let _ = handle.emit("aurora:import", json!({ "job_id": job }));
    Ok(Some(job))
}

/// [`start`] for those who have no page to answer to: a failure is told in a native message.
pub async fn take(handle: AppHandle, paths: Vec<PathBuf>) {
    if let Err(problem) = start(&handle, paths).await {
        tell(&handle, &problem);
    }
}

/// Shows a problem in a native message, as plain text.
pub fn tell(handle: &AppHandle, problem: &Problem) {
    let text = format!("{}\n\n{}", problem.text, problem.todo);
    handle.dialog().message(text.trim()).title(&problem.title).kind(MessageDialogKind::Error).show(|_| {});
}

/// Files dragged over the window, or dropped on it.
pub fn dragged(handle: &AppHandle, event: &DragDropEvent) {
    let over = |over: bool| drop(handle.emit("aurora:drag", json!({ "over": over })));
    match event {
        DragDropEvent::Enter { .. } => over(true),
        DragDropEvent::Drop { paths, .. } => {
            over(false);
            tauri::async_runtime::spawn(take(handle.clone(), paths.clone()));
        }
        DragDropEvent::Leave => over(false),
        _ => {}
    }
}
