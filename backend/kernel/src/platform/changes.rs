//! Wakes when something changes in a folder (inotify(7)).

use rustix::{
    fs::inotify::{self, CreateFlags, WatchFlags},
    io::Errno,
};
use std::{io, os::fd::OwnedFd, path::Path};
use tokio::io::unix::AsyncFd;

/// Folders that are watched, each by itself and not what lies deeper.
pub struct Changes(AsyncFd<OwnedFd>);

impl Changes {
    /// None yet.
    #[allow(
        deprecated,
        reason = "unsound only for types that may change their descriptor; its successor is unsafe"
    )]
    pub fn new() -> io::Result<Changes> {
        let fd = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(Changes(AsyncFd::new(fd)?))
    }

    /// One more folder; one that is watched already stays so. Not through a symbolic link.
    pub fn add(&self, folder: &Path) -> io::Result<()> {
        let what = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MODIFY
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR
            | WatchFlags::DONT_FOLLOW;
        inotify::add_watch(self.0.get_ref(), folder, what)?;
        Ok(())
    }

    /// Returns once something has changed; what it was is for the caller to look at.
    pub async fn wait(&self) -> io::Result<()> {
        let mut buffer = [0; 16 << 10];
        loop {
            let mut ready = self.0.readable().await?;
            let mut any = false;
            loop {
                match rustix::io::read(self.0.get_ref(), &mut buffer[..]) {
                    Ok(0) | Err(Errno::AGAIN) => break,
                    Ok(_) => any = true,
                    Err(Errno::INTR) => {}
                    Err(e) => return Err(e.into()),
                }
            }
            ready.clear_ready();
            if any {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_comes_is_heard_of() {
        let home = tempfile::tempdir().unwrap();
        let changes = Changes::new().unwrap();
        changes.add(home.path()).unwrap();
        changes.add(home.path()).unwrap();
        assert!(changes.add(&home.path().join("none")).is_err());
        std::fs::write(home.path().join("a"), "x").unwrap();
        changes.wait().await.unwrap();
    }
}
