//! SHA-256 and BLAKE3 in one read.

use crate::Error;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    fs::File,
    io::{self, Read, Seek, Write},
    ops::ControlFlow,
};

/// A SHA-256 as 64 lowercase hexadecimal digits: also what a kept file is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(String);

impl Sha256Hex {
    /// Takes exactly 64 lowercase hexadecimal digits, else [`Error::NotAHash`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let good = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if good { Ok(Self(text.into())) } else { Err(Error::NotAHash) }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<Sha256Hex> for String {
    fn from(hash: Sha256Hex) -> String {
        hash.0
    }
}

/// Hashes and size of a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its name in the store.
    pub sha256: Sha256Hex,
    /// 64 lowercase hexadecimal digits: a second, independent hash.
    pub blake3: String,
    /// Bytes.
    pub size: u64,
}

/// Called with the bytes done so far, about once a MiB; `Break` cancels.
pub type Progress<'a> = dyn FnMut(u64) -> ControlFlow<()> + 'a;

/// One read's size: large enough that the hashes and not the calls cost, small enough to cancel soon.
const BLOCK: usize = 1 << 20;

/// Reads `from` to its end, hashes it and hands every block to `to`.
pub(crate) fn copy_hashed(
    from: &mut dyn Read,
    to: &mut dyn Write,
    progress: &mut Progress<'_>,
) -> Result<Stored, Error> {
    let (mut sha, mut blake) = (Sha256::new(), blake3::Hasher::new());
    let mut block = vec![0; BLOCK];
    let mut size = 0_u64;
    loop {
        let n = match from.read(&mut block) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Error::io("reading the source")(e)),
        };
        let bytes = &block[..n];
        sha.update(bytes);
        blake.update(bytes);
        to.write_all(bytes).map_err(Error::io("writing into the evidence store"))?;
        size += n as u64;
        if progress(size).is_break() {
            return Err(Error::Cancelled);
        }
    }
    Ok(Stored { sha256: digits(sha), blake3: blake.finalize().to_hex().to_string(), size })
}

/// SHA-256 of the first `sizes` bytes of a file each (in ascending order), in one read up to the largest; fewer than
/// `sizes` where the file ends before.
pub fn prefixes(
    file: &mut File,
    sizes: &[u64],
    progress: &mut Progress<'_>,
) -> Result<Vec<Sha256Hex>, Error> {
    file.rewind().map_err(Error::io("going to the start of the source"))?;
    let (mut sha, mut done, mut found) = (Sha256::new(), 0_u64, Vec::with_capacity(sizes.len()));
    let mut block = vec![0; BLOCK];
    for size in sizes {
        while done < *size {
            let most = usize::try_from(*size - done).unwrap_or(BLOCK).min(BLOCK);
            match file.read(&mut block[..most]) {
                Ok(0) => return Ok(found),
                Ok(n) => {
                    sha.update(&block[..n]);
                    done += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::io("reading the source")(e)),
            }
            if progress(done).is_break() {
                return Err(Error::Cancelled);
            }
        }
        found.push(digits(sha.clone()));
    }
    Ok(found)
}

fn digits(sha: Sha256) -> Sha256Hex {
    Sha256Hex(sha.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

/// Hashes the whole file without keeping it; its position is at the end afterwards.
pub fn hash_only(file: &mut File, progress: &mut Progress<'_>) -> Result<Stored, Error> {
    file.rewind().map_err(Error::io("going to the start of the source"))?;
    copy_hashed(file, &mut io::sink(), progress)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_has_the_hash_that_it_had_as_a_whole_file() {
        let bytes: Vec<u8> = (0..3 * BLOCK + 17).map(|n| (n % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let sizes = [0, 1, 1, BLOCK, BLOCK + 1, bytes.len(), bytes.len() + 1].map(|n| n as u64);
        let found = prefixes(&mut file, &sizes, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(found.len(), 6, "the last is more than there is");
        for (size, found) in sizes.iter().zip(found) {
            let mut alone = tempfile::tempfile().unwrap();
            alone.write_all(&bytes[..*size as usize]).unwrap();
            assert_eq!(hash_only(&mut alone, &mut |_| ControlFlow::Continue(())).unwrap().sha256, found);
        }
        let stopped = prefixes(&mut file, &sizes, &mut |_| ControlFlow::Break(()));
        assert!(matches!(stopped, Err(Error::Cancelled)));
    }
}
