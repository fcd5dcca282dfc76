//! A small disk of its own.

use std::path::{Path, PathBuf};

use super::process::{self, Home};

/// A file system in memory, taken away when dropped.
pub struct Disk(PathBuf);

impl Disk {
    /// An empty one of this size ("8m") in place of a folder; none where this account can't mount.
    pub fn at(place: &Path, size: &str) -> Option<Disk> {
        let _ = std::fs::remove_dir_all(place);
        std::fs::create_dir_all(place).ok()?;
        let size = format!("size={size}");
        mount("mount", &["-t", "tmpfs", "-o", &size, "tmpfs"], place).then(|| Disk(place.to_path_buf()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        mount("umount", &["-l"], &self.0);
    }
}

fn mount(program: &str, words: &[&str], at: &Path) -> bool {
    let home = Home::new();
    let mut command = home.command(program);
    command.args(words).arg(at);
    process::start(command).0.wait().is_ok_and(|end| end.success())
}
