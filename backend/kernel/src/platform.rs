//! What depends on the operating system: private files, folders, the workspace's lock and socket, process marks.
//!
//! Linux now. Windows and macOS get their own versions of this one module.

use serde::{Deserialize, Serialize};
use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// New files are 0600, new folders 0700, and no core dump ever holds a secret. Called first in `main`.
pub fn harden() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(e) = rustix::process::setrlimit(rustix::process::Resource::Core, none) {
        tracing::warn!(error = %e, "core dumps could not be switched off");
    }
    // Other processes of the same user may not read our memory either.
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Makes a folder with its parents, 0700.
pub fn private_folder(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    if File::open(dir)?.metadata()?.mode() & 0o077 != 0 {
        std::fs::set_permissions(dir, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Makes an empty 0600 file; an error if it is there.
pub fn create_private(file: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(file)
}

/// Sets 0600.
pub fn make_private(file: &Path) -> io::Result<()> {
    std::fs::set_permissions(file, Permissions::from_mode(0o600))
}

/// Writes a small 0600 file whole: a temporary file beside it, synced, then renamed.
pub fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = file.with_extension("new");
    let _ = std::fs::remove_file(&temporary);
    let mut f = create_private(&temporary)?;
    f.write_all(bytes)?;
    f.sync_all()?;
    std::fs::rename(&temporary, file)
}

/// Reads a small file that only its owner may read; an error when others may.
pub fn read_private(file: &Path) -> io::Result<Vec<u8>> {
    let f = File::open(file)?;
    if f.metadata()?.mode() & 0o077 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others may read it"));
    }
    let mut bytes = Vec::new();
    f.take(1 << 20).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Free bytes on the disk of `dir` for this user.
pub fn free_bytes(dir: &Path) -> io::Result<u64> {
    let v = rustix::fs::statvfs(dir)?;
    Ok(v.f_bavail.saturating_mul(v.f_frsize))
}

/// Name of the account that runs the program.
pub fn account() -> String {
    let named = ["USER", "LOGNAME"].iter().find_map(|k| std::env::var(k).ok().filter(|v| !v.is_empty()));
    named.unwrap_or_else(
        || if rustix::process::geteuid().is_root() { "root".into() } else { "analyst".into() },
    )
}

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

/// What the lock file says of its owner.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct LockOwner {
    /// Process id.
    pub pid: u32,
    /// Account.
    pub user: String,
    /// Unix socket on which it takes orders.
    pub socket: PathBuf,
}

/// Proof that this process owns a workspace; the system frees it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// Why a workspace can't be locked.
#[derive(Debug)]
pub enum LockError {
    /// Another living process owns it.
    Held(Option<LockOwner>),
    /// The file can't be opened.
    Io(io::Error),
}

impl Lock {
    /// Locks `dir/lock` and writes the owner into it. The lock of a dead process is taken over.
    pub fn take(dir: &Path, owner: &LockOwner) -> Result<Lock, LockError> {
        let mut open = OpenOptions::new();
        open.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = open.open(dir.join("lock")).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                return Err(LockError::Held(serde_json::from_str(&text).ok()));
            }
            Err(TryLockError::Error(e)) => return Err(LockError::Io(e)),
        }
        let text = serde_json::to_string(owner).unwrap_or_default();
        let mut write = || -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(text.as_bytes())
        };
        write().map_err(LockError::Io)?;
        Ok(Lock { file })
    }

    /// Who holds the lock of a workspace now, if anybody does.
    pub fn owner(dir: &Path) -> Option<LockOwner> {
        let mut file = File::open(dir.join("lock")).ok()?;
        if file.try_lock_shared().is_ok() {
            return None;
        }
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// A private Unix socket (0600); a dead one of the same name is removed first.
pub fn listen(socket: &Path) -> io::Result<tokio::net::UnixListener> {
    if let Some(dir) = socket.parent() {
        private_folder(dir)?;
    }
    let _ = std::fs::remove_file(socket);
    let listener = tokio::net::UnixListener::bind(socket)?;
    make_private(socket)?;
    Ok(listener)
}

/// Whether the peer runs under our own account.
pub fn same_user(stream: &tokio::net::UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|c| c.uid() == rustix::process::geteuid().as_raw())
}
