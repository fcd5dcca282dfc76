//! Files and folders that only their owner can read.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

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
    disk(dir).map(|(free, _)| free)
}

/// Bytes of the disk of `dir`: free for this user, and in all.
pub fn disk(dir: &Path) -> io::Result<(u64, u64)> {
    let v = rustix::fs::statvfs(dir)?;
    Ok((v.f_bavail.saturating_mul(v.f_frsize), v.f_blocks.saturating_mul(v.f_frsize)))
}
