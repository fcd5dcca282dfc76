//! Where the system wants things: XDG base directories (freedesktop.org, version 0.8).

use super::private_folder;
use std::{
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

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

/// The account's own folder for sockets, 0700: `$XDG_RUNTIME_DIR/aurorasoc`, else `/run/user/UID/aurorasoc`, else
/// `/tmp/aurorasoc-UID`. Short, since a socket's path has 107 bytes at most (unix(7)); never in a workspace, which may
/// lie as deep as it likes.
pub fn runtime_folder() -> io::Result<PathBuf> {
    let uid = rustix::process::geteuid().as_raw();
    let set =
        std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|p| p.is_absolute() && p.is_dir());
    let logind = || Some(PathBuf::from(format!("/run/user/{uid}"))).filter(|p| is_own(p).unwrap_or(false));
    match set.or_else(logind) {
        Some(folder) => {
            let folder = folder.join("aurorasoc");
            private_folder(&folder)?;
            Ok(folder)
        }
        None => private_below("/tmp".as_ref(), uid),
    }
}

/// In a folder where everybody may write, the name may be somebody else's, or a link: then it is not used.
fn private_below(shared: &Path, uid: u32) -> io::Result<PathBuf> {
    let folder = shared.join(format!("aurorasoc-{uid}"));
    match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    if !is_own(&folder)? {
        let reason = format!("{} is not a folder of this account", folder.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
    }
    private_folder(&folder)?;
    Ok(folder)
}

/// A folder, no link to one, that belongs to this account.
fn is_own(folder: &Path) -> io::Result<bool> {
    let found = std::fs::symlink_metadata(folder)?;
    Ok(found.is_dir() && found.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn a_folder_for_sockets_among_everybodys_is_our_own_or_none() {
        let shared = tempfile::tempdir().unwrap();
        let made = private_below(shared.path(), 7).unwrap();
        assert_eq!(made.metadata().unwrap().mode() & 0o777, 0o700);
        std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(private_below(shared.path(), 7).unwrap().metadata().unwrap().mode() & 0o777, 0o700);
        symlink(&made, shared.path().join("aurorasoc-8")).unwrap();
        assert!(private_below(shared.path(), 8).is_err(), "a link");
        std::fs::write(shared.path().join("aurorasoc-9"), "").unwrap();
        assert!(private_below(shared.path(), 9).is_err(), "a file");
    }
}
