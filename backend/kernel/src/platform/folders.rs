//! Where the system wants things: XDG base directories (freedesktop.org, version 0.8).

use std::path::{Path, PathBuf};

fn xdg(variable: &str, fallback: &str) -> PathBuf {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|p| p.is_absolute());
    set.unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").unwrap_or_else(|| "/".into())).join(fallback)
    })
}

/// `$XDG_DATA_HOME/aurorasoc`.
pub fn data_home() -> PathBuf {
    xdg("XDG_DATA_HOME", ".local/share").join("aurorasoc")
}

/// `$XDG_CONFIG_HOME/aurorasoc`.
pub fn config_home() -> PathBuf {
    xdg("XDG_CONFIG_HOME", ".config").join("aurorasoc")
}

/// Folder for sockets: `$XDG_RUNTIME_DIR/aurorasoc`, else a private one in the workspace.
pub fn runtime_folder(workspace: &Path) -> PathBuf {
    let set =
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_absolute() && p.is_dir());
    set.map_or_else(|| workspace.join("run"), |p| p.join("aurorasoc"))
}
