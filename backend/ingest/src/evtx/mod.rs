//! Windows XML event logs (EVTX), read chunk by chunk.
//!
//! A log is a 4 KiB header and chunks of 64 KiB, each readable by itself; that is the unit of work, of
//! damage and of resuming. Chunks come in the order of the file.
//!
//! A chunk whose records are all of the usual kind is read straight to events ([`binxml`]). Any other, the
//! damaged ones among them, is decoded by the crate `evtx` one record at a time, and the record's JSON text is
//! walked once into flat fields ([`mod@flatten`]). Both ways give the same events; the second one is the measure.
//!
//! The crate bounds what a record may render but can panic on damage that nobody has met yet, so a chunk is
//! read under `catch_unwind` (see `decode`): a panic costs the rest of that chunk and is reported like any damage.

mod binxml;
mod chunk;
mod decode;
mod file;
mod flatten;
pub(crate) mod json;
mod names;
mod pool;
pub(crate) mod record;
mod shape;
pub(crate) mod time;

pub use file::Input;

use event::Batch;
use std::{fs::File, io, ops::ControlFlow};

/// Bytes of a log's file header.
pub(crate) const FILE_HEADER: u64 = 4096;
/// Bytes of a chunk.
pub(crate) const CHUNK: u64 = 65536;

/// How to read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that decode, at most 16; 0 and 1 decode on the caller's own.
    pub threads: usize,
    /// The chunk to begin with: a finished batch's `resume`, or 0.
    pub from_chunk: u64,
    /// Events after which a batch is handed on. Batches end where chunks end, so one holds some more.
    pub batch: usize,
    /// Leave every chunk to the decoder and its JSON text. The same events come of it in more time, so this is
    /// for tests.
    pub decoder_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { threads: 1, from_chunk: 0, batch: 1000, decoder_only: false }
    }
}

/// What one reading found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events handed on.
    pub records: u64,
    /// Places that could not be read.
    pub skipped: u64,
    /// Places that were read although something about them is doubtful.
    pub notes: u64,
    /// Chunks read, empty ones too.
    pub chunks: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// The caller's sink said stop before the end.
    pub stopped: bool,
}

/// Why a file can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Neither a log's header nor a chunk where one should be.
    #[error("not a Windows event log: neither a file header nor a chunk is there")]
    NotEvtx,
    /// The disk or the system said no.
    #[error("can't read the file: {0}")]
    Io(#[from] io::Error),
    /// No thread could be started.
    #[error("can't start a reading thread: {0}")]
    Thread(io::Error),
}

/// Reads a log and hands its events on in batches, in the order of the file, until the end or until `sink`
/// breaks. What is damaged comes as [`event::Skipped`] in its batch, and the rest goes on.
/// `Batch::resume` is the chunk to go on with once the batch is stored.
pub fn read(
    file: File,
    options: Options,
    sink: &mut dyn FnMut(Batch) -> ControlFlow<()>,
) -> Result<Summary, ReadError> {
    read_from(Input::File(file), options, sink)
}

/// [`read`] from a file or from bytes that come once.
pub fn read_from(
    input: Input<'_>,
    options: Options,
    sink: &mut dyn FnMut(Batch) -> ControlFlow<()>,
) -> Result<Summary, ReadError> {
    let (log, notes) = file::Log::open(input)?;
    let mut out =
        Output { sink, batch: Batch::default(), limit: options.batch.max(1), sum: Summary::default() };
    out.sum.bytes = log.size;
    out.batch.resume = options.from_chunk;
    if options.from_chunk == 0 {
        out.batch.notes = notes.notes;
        out.batch.skipped = notes.skipped;
    }
    let read = if options.threads > 1 { pool::run } else { pool::alone };
    let stopped = read(log, &options, &mut out)?;
    out.sum.stopped = stopped.is_break() || out.hand_on().is_break();
    Ok(out.sum)
}

/// Gathers chunks into batches for the sink.
struct Output<'a> {
    sink: &'a mut dyn FnMut(Batch) -> ControlFlow<()>,
    batch: Batch,
    limit: usize,
    sum: Summary,
}

impl Output<'_> {
    /// Takes chunk `number`; chunks must come in order.
    fn take(&mut self, number: u64, mut chunk: chunk::Content) -> ControlFlow<()> {
        self.sum.chunks += 1;
        self.batch.events.append(&mut chunk.events);
        self.batch.skipped.append(&mut chunk.skipped);
        self.batch.notes.append(&mut chunk.notes);
        self.batch.resume = number + 1;
        self.batch.bytes_done = (FILE_HEADER + (number + 1) * CHUNK).min(self.sum.bytes);
        if self.batch.events.len() < self.limit && self.batch.skipped.len() < self.limit {
            return ControlFlow::Continue(());
        }
        self.hand_on()
    }

    /// Gives the sink what has gathered, if anything.
    fn hand_on(&mut self) -> ControlFlow<()> {
        let next = Batch { resume: self.batch.resume, bytes_done: self.batch.bytes_done, ..Batch::default() };
        let batch = std::mem::replace(&mut self.batch, next);
        if batch.events.is_empty() && batch.skipped.is_empty() && batch.notes.is_empty() {
            return ControlFlow::Continue(());
        }
        self.sum.records += batch.events.len() as u64;
        self.sum.skipped += batch.skipped.len() as u64;
        self.sum.notes += batch.notes.len() as u64;
        (self.sink)(batch)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::shared as shared_data;
