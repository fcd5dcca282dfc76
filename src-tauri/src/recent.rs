//! The workspaces opened last, newest first, in one small file of the user's own.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tauri::{AppHandle, Manager};

const MOST: usize = 8;

fn file(handle: &AppHandle) -> Option<PathBuf> {
    Some(handle.path().app_config_dir().ok()?.join("recent.json"))
}

/// The list as the page gets it: `[{"name", "path"}]`; folders that are gone are left out.
pub fn list(handle: &AppHandle) -> Vec<Value> {
    let text = file(handle).and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap_or_default();
    all.into_iter().filter(|one| one["path"].as_str().is_some_and(|path| Path::new(path).is_dir())).collect()
}

/// Puts a workspace in front. A list that cannot be written only shortens the menu: no error.
pub fn remember(handle: &AppHandle, name: &str, path: &Path) {
    let mut all = list(handle);
    let path = path.to_string_lossy();
    all.retain(|one| one["path"] != path.as_ref());
    all.insert(0, json!({ "name": name, "path": path }));
    all.truncate(MOST);
    let write = || -> Option<()> {
        let file = file(handle)?;
        std::fs::create_dir_all(file.parent()?).ok()?;
        let mut options = std::fs::OpenOptions::new();
        let mut open = options.write(true).create(true).truncate(true).mode(0o600).open(file).ok()?;
        open.write_all(json!(all).to_string().as_bytes()).ok()
    };
    let _ = write();
}
