//! What the menu and the page can ask of the window: native dialogs and workspaces. Nothing here is about the
//! product's data; that goes over HTTP.

use app::desktop::{Choice, Desk, Leave, Next, Problem};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use tauri::{AppHandle, Manager as _, State};

use crate::{dialogs, shell, window};

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

/// Does what an entry of the menu, an action of the page or a button of the window's own page stands for.
pub async fn perform(app: &AppHandle, action: &str) -> Result<(), Problem> {
    let paths = match action {
        "import-files" => dialogs::files(app, "pick_files").await,
        "import-folder" => Vec::from_iter(dialogs::folder(app, "pick_folder").await),
        "reload" => {
            window::reload(app);
            return Ok(());
        }
        _ => return shell::show(app, next(app, action).await.unwrap_or(Ok(Next::Stay))?).await,
    };
    shell::import(app, paths).await
}

/// None when a dialog was cancelled, or for a word that is no action.
async fn next(app: &AppHandle, action: &str) -> Option<Result<Next, Problem>> {
    let desk = app.state::<Desk>().inner().clone();
    Some(match action {
        "workspace-new" => desk.create(dialogs::folder(app, "pick_new").await?).await,
        "workspace-open" => desk.open(dialogs::folder(app, "pick_open").await?).await,
        "workspace-close" => desk.leave(Leave::Close).await,
        "workspace-backup" => {
            let name = format!("{}.aurora-backup", desk.shown()?.name());
            desk.backup(dialogs::new_file(app, "pick_backup_to", name).await?).await
        }
        "watch-folder" => desk.watch(dialogs::folder(app, "pick_watch").await?).await,
        "workspace-restore" => {
            let from = dialogs::file(app, "pick_backup_from").await?;
            desk.restore(from, dialogs::folder(app, "pick_restore_into").await?).await
        }
        "quit" => desk.leave(Leave::Quit).await,
        "retry" => Ok(desk.retry().await),
        recent => {
            let n = recent.strip_prefix("recent-")?.parse().ok()?;
            desk.open_recent(desk.recent().into_iter().nth(n)?.path).await
        }
    })
}

/// Tells the page that it stands in the desktop window, and on which workspace.
#[tauri::command]
pub fn shell_info(desk: State<'_, Desk>) -> Value {
    let open = desk.shown().map(|it| json!({ "name": it.name(), "path": it.dir().to_string_lossy() }));
    json!({ "desktop": true, "platform": std::env::consts::OS, "workspace": open, "recent": desk.recent() })
}

/// An action that needs the window, by its name in the page's list of actions.
#[tauri::command]
pub async fn act(app: AppHandle, action: String) -> Result<(), Refused> {
    Ok(perform(&app, &action).await?)
}

/// Shows a workspace of the list in [`shell_info`]; a path that is not on it is refused.
#[tauri::command]
pub async fn workspace_open_recent(app: AppHandle, path: PathBuf) -> Result<(), Refused> {
    let next = app.state::<Desk>().open_recent(path).await?;
    Ok(shell::show(&app, next).await?)
}

/// The page shows the question of `aurora:close-asked`.
#[tauri::command]
pub fn close_heard(desk: State<'_, Desk>) {
    desk.heard();
}

/// The user's answer to `aurora:close-asked`: "background", "pause" or "cancel"; another word stays.
#[tauri::command]
pub async fn answer_close(app: AppHandle, choice: String) -> Result<(), Refused> {
    let next = app.state::<Desk>().answer(Choice::parse(&choice).unwrap_or(Choice::Stay)).await?;
    Ok(shell::show(&app, next).await?)
}
