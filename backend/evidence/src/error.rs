//! What can go wrong with evidence, as far as a caller acts on it.

use std::io;

/// Why evidence could not be hashed, kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk that holds the store is full (or a quota is met). Nothing was kept.
    #[error("no space left for evidence")]
    NoSpace,
    /// The store lies on a medium that can't be written.
    #[error("the evidence store is read-only")]
    ReadOnly,
    /// No content with this hash is kept.
    #[error("no kept content has SHA-256 {0}")]
    NotKept(String),
    /// The text is not 64 lowercase hexadecimal digits.
    #[error("not a SHA-256 in lowercase hexadecimal")]
    NotAHash,
    /// The caller's cancel check said stop; nothing was kept.
    #[error("cancelled")]
    Cancelled,
    /// Any other failure of the disk, with what was tried.
    #[error("{doing}: {source}")]
    Io {
        /// What was tried, in plain words.
        doing: &'static str,
        /// The system's answer.
        source: io::Error,
    },
}

impl Error {
    /// Sorts a system error by what the caller can do about it.
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::NoSpace,
            io::ErrorKind::ReadOnlyFilesystem => Error::ReadOnly,
            _ => Error::Io { doing, source },
        }
    }
}
