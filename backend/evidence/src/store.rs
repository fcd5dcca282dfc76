//! The content store: files by their SHA-256, written once, never changed.

use crate::{
    Error, Progress, Sha256Hex, Stored,
    hash::{copy_hashed, hash_only},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Partial files start with this; no kept file can, since those are two hexadecimal digits and a folder.
const PARTIAL: &str = "partial-";

/// A folder that holds contents as `ab/cdef…` by SHA-256. One process uses it at a time (the workspace's
/// lock sees to that); within it, any number of threads.
#[derive(Debug)]
pub struct ContentStore {
    dir: PathBuf,
    next_partial: AtomicU64,
}

impl ContentStore {
    /// Opens the store, creating its folder (0700), and removes what an interrupted `put` left behind.
    /// On a read-only medium an existing store opens for reading.
    pub fn open(dir: &Path) -> Result<ContentStore, Error> {
        match make_dir(dir) {
            Err(e) if !dir.is_dir() => return Err(Error::io("creating the evidence store")(e)),
            _ => {}
        }
        let entries = fs::read_dir(dir).map_err(Error::io("listing the evidence store"))?;
        for entry in entries {
            let entry = entry.map_err(Error::io("listing the evidence store"))?;
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                match fs::remove_file(entry.path()) {
                    Err(e) if e.kind() != io::ErrorKind::ReadOnlyFilesystem => {
                        return Err(Error::io("removing a partial file")(e));
                    }
                    _ => {}
                }
            }
        }
        Ok(ContentStore { dir: dir.to_owned(), next_partial: AtomicU64::new(0) })
    }

    /// Keeps the content of `file` (read from its start): hashed while it is copied, synced, then renamed
    /// into place, so that a kept file is always whole. A content that is already kept is read once and not
    /// written again visibly. Errors: [`Error::NoSpace`], [`Error::ReadOnly`], [`Error::Cancelled`], `Io`.
    pub fn put(&self, file: &mut File, progress: &mut Progress<'_>) -> Result<Stored, Error> {
        file.rewind().map_err(Error::io("going to the start of the source"))?;
        self.put_stream(file, progress)
    }

    /// Like [`ContentStore::put`] for bytes that come once, such as an upload.
    pub fn put_stream(&self, from: &mut dyn Read, progress: &mut Progress<'_>) -> Result<Stored, Error> {
        let partial = self.partial()?;
        let result = self.fill(&partial, from, progress);
        if result.is_err() {
            // The first error is the one to report; a left-over goes at the next open.
            let _ = fs::remove_file(&partial);
        }
        result
    }

    /// A partial file's path that nobody uses.
    fn partial(&self) -> Result<PathBuf, Error> {
        let n = self.next_partial.fetch_add(1, Ordering::Relaxed);
        Ok(self.dir.join(format!("{PARTIAL}{n}")))
    }

    fn fill(
        &self,
        partial: &Path,
        from: &mut dyn Read,
        progress: &mut Progress<'_>,
    ) -> Result<Stored, Error> {
        let mut to = create_new(partial).map_err(Error::io("creating a file in the evidence store"))?;
        let stored = copy_hashed(from, &mut to, progress)?;
        let place = self.path(&stored.sha256);
        if place.metadata().is_ok_and(|m| m.is_file() && m.len() == stored.size) {
            fs::remove_file(partial).map_err(Error::io("removing a partial file"))?;
            return Ok(stored);
        }
        seal(&to).map_err(Error::io("making a kept file read-only"))?;
        to.sync_all().map_err(Error::io("syncing the evidence store"))?;
        let folder = place.parent().unwrap_or(&self.dir);
        make_dir(folder).map_err(Error::io("creating a folder in the evidence store"))?;
        fs::rename(partial, &place).map_err(Error::io("naming a kept file"))?;
        // A rename is durable only when its folders are synced.
        sync_dir(folder).map_err(Error::io("syncing the evidence store"))?;
        sync_dir(&self.dir).map_err(Error::io("syncing the evidence store"))?;
        Ok(stored)
    }

    fn path(&self, sha256: &Sha256Hex) -> PathBuf {
        let (folder, name) = sha256.as_str().split_at(2);
        self.dir.join(folder).join(name)
    }

    /// Whether this content is kept.
    pub fn has(&self, sha256: &Sha256Hex) -> bool {
        self.path(sha256).is_file()
    }

    /// Bytes of a kept content; 0 when it is not kept.
    pub fn size(&self, sha256: &Sha256Hex) -> u64 {
        self.path(sha256).metadata().map_or(0, |m| if m.is_file() { m.len() } else { 0 })
    }

    /// Opens a kept content for reading, or [`Error::NotKept`].
    pub fn open_kept(&self, sha256: &Sha256Hex) -> Result<File, Error> {
        File::open(self.path(sha256)).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => Error::NotKept(sha256.to_string()),
            _ => Error::io("opening a kept file")(e),
        })
    }

    /// At most `len` bytes from `offset`; fewer where the content ends.
    pub fn read_range(&self, sha256: &Sha256Hex, offset: u64, len: usize) -> Result<Vec<u8>, Error> {
        let mut file = self.open_kept(sha256)?;
        let size = file.metadata().map_err(Error::io("reading a kept file"))?.len();
        if offset >= size {
            return Ok(Vec::new());
        }
        file.seek(SeekFrom::Start(offset)).map_err(Error::io("reading a kept file"))?;
        let mut bytes = Vec::new();
        file.take(len as u64).read_to_end(&mut bytes).map_err(Error::io("reading a kept file"))?;
        Ok(bytes)
    }

    /// Reads a kept content and says whether it still has the hash that names it.
    pub fn verify(&self, sha256: &Sha256Hex) -> Result<bool, Error> {
        let mut file = self.open_kept(sha256)?;
        Ok(hash_only(&mut file, &mut |_| ControlFlow::Continue(()))?.sha256 == *sha256)
    }

    /// Removes a kept content; `false` when it was not kept.
    pub fn remove(&self, sha256: &Sha256Hex) -> Result<bool, Error> {
        match fs::remove_file(self.path(sha256)) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io("removing a kept file")(e)),
        }
    }
}

/// Creates a folder that only its owner can read; an existing one is left alone.
fn make_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Creates a file that only its owner can read, and that did not exist.
fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// From now on nobody writes to this file by accident.
fn seal(file: &File) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    #[cfg(unix)]
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o400);
    #[cfg(not(unix))]
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Elsewhere a folder can't be opened for syncing; the file itself was.
#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
