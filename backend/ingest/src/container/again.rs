//! Bytes that can be read from their start more than once.

use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
};

/// See the module.
pub(super) trait Again {
    /// From the start.
    fn open(&mut self) -> io::Result<Box<dyn Read + '_>>;
}

impl Again for File {
    fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        self.rewind()?;
        Ok(Box::new(self))
    }
}

/// What gzip members hold, one after another as one content (RFC 1952, section 2.2).
pub(super) struct Gunzipped<'a> {
    pub packed: &'a mut dyn Again,
    /// Bytes that may come out.
    pub most: u64,
}

impl Again for Gunzipped<'_> {
    fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        let packed = BufReader::with_capacity(1 << 16, self.packed.open()?);
        Ok(Box::new(Bounded::new(MultiGzDecoder::new(packed), self.most, "gzip data")))
    }
}

/// Ends in an error instead of going past a bound, and says what is damaged.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
    most: u64,
    what: &'static str,
}

impl<R: Read> Bounded<R> {
    pub fn new(inner: R, most: u64, what: &'static str) -> Self {
        Bounded { inner, left: most, most, what }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let room = (to.len() as u64).min(self.left) as usize;
        if room == 0 && !to.is_empty() {
            let mut one = [0];
            return match self.inner.read(&mut one)? {
                0 => Ok(0),
                _ => Err(io::Error::other(format!(
                    "stopped after {} bytes: it unpacks to more than is allowed for its size",
                    self.most
                ))),
            };
        }
        match self.inner.read(&mut to[..room]) {
            Ok(n) => {
                self.left -= n as u64;
                Ok(n)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => Err(io::Error::new(e.kind(), format!("the {} is damaged or cut off: {e}", self.what))),
        }
    }
}
