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
    let sha256 = Sha256Hex(sha.finalize().iter().map(|b| format!("{b:02x}")).collect());
    Ok(Stored { sha256, blake3: blake.finalize().to_hex().to_string(), size })
}

/// Hashes the whole file without keeping it; its position is at the end afterwards.
pub fn hash_only(file: &mut File, progress: &mut Progress<'_>) -> Result<Stored, Error> {
    file.rewind().map_err(Error::io("going to the start of the source"))?;
    copy_hashed(file, &mut io::sink(), progress)
}
