//! What a source looked like at one moment, to show later that reading did not change it.

use crate::{Error, Progress, Sha256Hex, hash_only};
use serde::{Deserialize, Serialize};
use std::{fs::File, time::UNIX_EPOCH};

/// Size, modification time and SHA-256 of a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Bytes.
    pub size: u64,
    /// Modification time in nanoseconds since 1970-01-01T00:00:00Z; 0 where the system has none.
    pub mtime_ns: i64,
    /// Of the content.
    pub sha256: Sha256Hex,
}

impl Fingerprint {
    /// Reads the whole file once; its position is at the end afterwards.
    pub fn of(file: &mut File, progress: &mut Progress<'_>) -> Result<Fingerprint, Error> {
        let (_, mtime_ns) = Self::glance(file)?;
        let stored = hash_only(file, progress)?;
        Ok(Fingerprint { size: stored.size, mtime_ns, sha256: stored.sha256 })
    }

    /// Size in bytes and modification time in nanoseconds, without reading the content.
    pub fn glance(file: &File) -> Result<(u64, i64), Error> {
        let meta = file.metadata().map_err(Error::io("reading the source's size and time"))?;
        let mtime = meta.modified().ok().and_then(|t| match t.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_nanos()).ok(),
            Err(before) => i64::try_from(before.duration().as_nanos()).ok().map(|n| -n),
        });
        Ok((meta.len(), mtime.unwrap_or(0)))
    }
}
