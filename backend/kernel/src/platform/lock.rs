//! The lock of a workspace: one process owns it, and the file says which.

use serde::{Deserialize, Serialize};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

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
    /// Locks `dir/lock` and writes the owner into it. The lock of a dead process is taken over, and its socket goes.
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
        let mut before = String::new();
        if file.read_to_string(&mut before).is_ok()
            && let Ok(dead) = serde_json::from_str::<LockOwner>(&before)
        {
            super::socket::remove_dead(&dead.socket);
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
