//! One thread's decoder: it feeds chunks to the crate `evtx` one after another.
//!
//! The crate compiles the templates of records to programs and shares those between the chunks of one parser,
//! which more than halves the work. So one parser lives as long as the thread, over a reader that gives it the
//! next waiting chunk whenever it looks for one, past those that were read without it. Asking for the next chunk
//! also means that all records of the last one have been seen.

use super::{FILE_HEADER, chunk::Work, file::Raw};
use evtx::{EvtxParser, ParserSettings};
use std::{
    io::{self, Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Where chunks come from and go to.
pub(super) trait Line {
    /// The next chunk and its number, `None` when there are no more. `spare` may be used for its bytes.
    fn next(&mut self, spare: Vec<u8>) -> Option<(u64, Raw)>;
    /// Takes what was found in a chunk; `false` when nobody wants more.
    fn done(&mut self, number: u64, content: super::chunk::Content) -> bool;
}

/// What the reader and the record function share; both run on this thread.
type Shared = Arc<Mutex<Work>>;

fn lock(shared: &Shared) -> MutexGuard<'_, Work> {
    // A panic inside costs a chunk, see `run`; the work itself stays sound.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Decodes until the line ends. Never panics.
pub(super) fn run(line: &mut dyn Line, decoder_only: bool) {
    let shared = Arc::new(Mutex::new(Work::new(decoder_only)));
    let mut ended = false;
    while !ended {
        let feed = Feed { line, shared: Arc::clone(&shared), header: true, at: 0, ended: &mut ended };
        let passed = catch_unwind(AssertUnwindSafe(|| pass(feed, &shared)));
        if !ended {
            // It panicked, or gave up without asking for more.
            let mut work = lock(&shared);
            work.broke_off(passed.is_err());
            if let Some((number, content)) = work.finish()
                && !line.done(number, content)
            {
                return;
            }
        }
    }
}

fn pass(feed: Feed<'_>, shared: &Shared) {
    let Ok(parser) = EvtxParser::from_read_seek(feed) else {
        return;
    };
    let mut parser = parser.with_configuration(ParserSettings::new().num_threads(1).indent(false));
    let work = Arc::clone(shared);
    for chunk_failed in parser.serialized_records(move |record| {
        lock(&work).record(record);
        Ok(())
    }) {
        if let Err(e) = chunk_failed {
            lock(shared).failed(&e);
        }
    }
}

/// A made-up log without end: a sound header, then whatever chunk comes next.
struct Feed<'a> {
    line: &'a mut dyn Line,
    shared: Shared,
    /// Whether the header is being read.
    header: bool,
    /// Bytes taken of the header or the chunk.
    at: usize,
    ended: &'a mut bool,
}

impl Feed<'_> {
    /// Hands the last chunk on and gets the next that has something to decode.
    fn advance(&mut self) {
        self.header = false;
        self.at = 0;
        loop {
            if let Some((number, content)) = lock(&self.shared).finish()
                && !self.line.done(number, content)
            {
                break;
            }
            let spare = lock(&self.shared).spare();
            let Some((number, raw)) = self.line.next(spare) else { break };
            if lock(&self.shared).begin(number, raw) {
                return;
            }
        }
        *self.ended = true;
    }
}

impl Read for Feed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let work;
        let header;
        let bytes: &[u8] = if self.header {
            header = made_header();
            &header
        } else {
            work = lock(&self.shared);
            if *self.ended { &[] } else { work.bytes() }
        };
        let rest = bytes.get(self.at..).unwrap_or_default();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

impl Seek for Feed<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            // As long as its header, so the parser counts no chunks ahead and just looks for the next.
            SeekFrom::End(_) => Ok(FILE_HEADER),
            SeekFrom::Current(_) => Ok(self.at as u64),
            SeekFrom::Start(place) => {
                self.advance();
                Ok(place)
            }
        }
    }
}

/// The header of a log of version 3.1 with blocks of the usual size.
fn made_header() -> [u8; FILE_HEADER as usize] {
    let mut header = [0; FILE_HEADER as usize];
    header[..8].copy_from_slice(b"ElfFile\0");
    header[32] = 128;
    header[36] = 1;
    header[38] = 3;
    header[40..42].copy_from_slice(&(FILE_HEADER as u16).to_le_bytes());
    let checksum = evtx::checksum_ieee(&header[..120]);
    header[124..128].copy_from_slice(&checksum.to_le_bytes());
    header
}
