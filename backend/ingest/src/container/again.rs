//! Bytes that can be read from their start more than once, and what unpacks bytes.

use crate::Format;
use flate2::read::MultiGzDecoder;
use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    rc::Rc,
};

/// A zstd frame that needs a larger window than this power of two is not unpacked: 128 MiB, what `--long` and
/// `--ultra -22` need at most…
const WINDOW_LOG: u32 = 27;
/// …and inside another one 32 MiB, so that all windows together stay small.
const WINDOW_LOG_INSIDE: u32 = 25;
/// So many packed bytes in a row may give nothing (empty members, skippable frames).
const IDLE: u64 = 64 << 20;

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

/// A part of a file.
pub(super) struct Slice<'a> {
    pub file: &'a mut File,
    pub from: u64,
    pub len: u64,
}

impl Again for Slice<'_> {
    fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        self.file.seek(SeekFrom::Start(self.from))?;
        Ok(Box::new(Whole { inner: &mut *self.file, left: self.len }))
    }
}

/// So many bytes; an end before them is an error.
pub(super) struct Whole<R> {
    pub inner: R,
    pub left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let room = (to.len() as u64).min(self.left) as usize;
        let n = self.inner.read(&mut to[..room])?;
        if n == 0 && room > 0 {
            let said = format!("it is cut off: {} of its bytes are missing", self.left);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, said));
        }
        self.left -= n as u64;
        Ok(n)
    }
}

/// A beginning that was read already, and the rest.
pub(super) struct Replay<'a> {
    head: io::Cursor<Vec<u8>>,
    /// What came after the beginning instead of the rest.
    error: Option<io::Error>,
    rest: &'a mut dyn Read,
}

impl<'a> Replay<'a> {
    /// Reads at most `most` bytes ahead.
    pub fn new(rest: &'a mut dyn Read, most: u64) -> Self {
        let mut head = Vec::new();
        let error = rest.take(most).read_to_end(&mut head).err();
        Replay { head: io::Cursor::new(head), error, rest }
    }

    /// What was read ahead.
    pub fn head(&self) -> &[u8] {
        self.head.get_ref()
    }

    /// The error that came before any byte.
    pub fn failed(&self) -> Option<&io::Error> {
        self.error.as_ref().filter(|_| self.head().is_empty())
    }
}

impl Read for Replay<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let n = self.head.read(to)?;
        if n > 0 || to.is_empty() {
            return Ok(n);
        }
        // Kept until here so that no buffer is held while the rest is read.
        *self.head.get_mut() = Vec::new();
        self.head.set_position(0);
        match self.error.take() {
            Some(e) => Err(e),
            None => self.rest.read(to),
        }
    }
}

/// What gzip members (RFC 1952, section 2.2) or zstd frames (RFC 8878) hold, one after another as one content.
/// `most` bytes may come out; `inside` others of the kind it is the innermost.
pub(super) fn unpack<'a>(
    format: Format,
    packed: &'a mut dyn Read,
    most: u64,
    inside: usize,
) -> io::Result<Box<dyn Read + 'a>> {
    let idle = Rc::new(Cell::new(0));
    let packed = BufReader::with_capacity(1 << 16, Counted { inner: packed, idle: idle.clone() });
    let (unpacked, what): (Box<dyn Read + 'a>, _) = if format == Format::Zstd {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
        decoder.window_log_max(if inside == 0 { WINDOW_LOG } else { WINDOW_LOG_INSIDE })?;
        (Box::new(decoder), "zstd data")
    } else {
        (Box::new(MultiGzDecoder::new(packed)), "gzip data")
    };
    Ok(Box::new(Bounded { idle, ..Bounded::new(unpacked, most, what) }))
}

/// Counts what was taken since something came out, and ends in an error once that is too much.
struct Counted<R> {
    inner: R,
    idle: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let idle = self.idle.get();
        if idle > IDLE {
            return Err(io::Error::other(format!("{IDLE} packed bytes in a row hold nothing")));
        }
        let n = self.inner.read(to)?;
        self.idle.set(idle + n as u64);
        Ok(n)
    }
}

/// Ends in an error instead of going past a bound, and says what is damaged.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
    most: u64,
    what: &'static str,
    idle: Rc<Cell<u64>>,
}

impl<R: Read> Bounded<R> {
    pub fn new(inner: R, most: u64, what: &'static str) -> Self {
        Bounded { inner, left: most, most, what, idle: Rc::default() }
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
                self.idle.set(0);
                Ok(n)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => Err(io::Error::new(e.kind(), format!("the {} is damaged or cut off: {e}", self.what))),
        }
    }
}
