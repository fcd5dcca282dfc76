//! The workspaces opened last, newest first, in one small file of the user's own.

use kernel::platform;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const MOST: usize = 8;

/// A workspace that was open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// For people.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
}

fn file() -> PathBuf {
    platform::config_home().join("recent.json")
}

/// The list; folders that are gone are left out.
pub(crate) fn list() -> Vec<Recent> {
    let text = std::fs::read(file()).unwrap_or_default();
    let all: Vec<Recent> = serde_json::from_slice(&text).unwrap_or_default();
    all.into_iter().filter(|one| one.path.is_dir()).collect()
}

/// Puts a workspace in front. A list that can't be written only shortens the menu: no error. A path that is not
/// UTF-8 has no place in JSON and is left out.
pub(crate) fn remember(name: &str, path: &Path) {
    let mut all = list();
    all.retain(|one| one.path != path);
    all.insert(0, Recent { name: name.into(), path: path.into() });
    all.retain(|one| one.path.to_str().is_some());
    all.truncate(MOST);
    let Ok(text) = serde_json::to_vec(&all) else { return };
    let _ = platform::private_folder(&platform::config_home())
        .and_then(|()| platform::write_private(&file(), &text));
}
