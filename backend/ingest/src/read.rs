//! The one way from a source's bytes to events, whatever its format.

use crate::{
    Format, auditd,
    container::{self, Limits},
    csv, evtx, json, loose, syslog,
    text::{Hand, Offsets, Origin, encoding},
    zeek,
};
use event::{Batch, Nanos};
use std::{
    fs::File,
    io::{self, Read, Seek},
    ops::ControlFlow,
};

/// Where to go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resume {
    /// Contents done: 0 for a source that is no container, else the number of the member ([`Content::number`]).
    pub member: u64,
    /// Inside that content: its chunk (EVTX) or its records done (text).
    pub at: u64,
}

/// How to read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that decode, where the format can use them.
    pub threads: usize,
    /// Events after which a batch is handed on.
    pub batch: usize,
    /// A stored batch's resume point, or the beginning.
    pub from: Resume,
    /// The time that events without one get.
    pub now: Nanos,
    /// The source's own time (its file's time of change): what it holds was written before it, so it tells the year of
    /// lines that have none. Without it `now` does.
    pub source_time: Option<Nanos>,
    /// SHA-256 of the source: part of the identity of text events. Members of archives get their own.
    pub sha256: [u8; 32],
    /// Contents that the source begins with and has grown from, smallest first: a text event that ends inside one of
    /// them is that one's.
    pub grown: Vec<(u64, [u8; 32])>,
    /// What containers may hold.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            threads: 1,
            batch: 1000,
            from: Resume::default(),
            now: Nanos(0),
            source_time: None,
            sha256: [0; 32],
            grown: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// What events come from: the source itself, or a member of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// From 0, over all members of nested containers in their order.
    pub number: u64,
    /// Its name in the container, containers inside joined by ` > `; `None` for the source itself. Untrusted, a label
    /// only.
    pub member: Option<String>,
    /// Formats from the outside in, `json` or `zip/gzip/json`.
    pub format: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its bytes.
    pub size: u64,
}

/// Who takes what is read.
pub trait Sink {
    /// A content begins; its batches follow.
    fn begin(&mut self, content: &Content) -> ControlFlow<()>;

    /// A batch, and where to go on once it is stored. Before the first content and between contents there are batches
    /// that only name what was skipped.
    fn batch(&mut self, resume: Resume, batch: Batch) -> ControlFlow<()>;

    /// Asked about once a MiB while there is nothing to hand on; `false` ends the reading.
    fn goes_on(&mut self) -> bool {
        true
    }
}

/// Why a source can't be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its format is not one that this version reads.
    #[error("{0}: not read by this version")]
    Format(&'static str),
    /// A Windows event log that is none, or that the system refuses.
    #[error(transparent)]
    Evtx(#[from] evtx::ReadError),
    /// The container is damaged as a whole, or larger than the limits.
    #[error("{0}")]
    Container(String),
    /// The disk or the system said no.
    #[error("can't read the file: {0}")]
    Io(#[from] io::Error),
}

/// Reads a source from its start and hands its events on in batches until the end or until `sink` breaks.
/// `Batch::bytes_done` counts bytes of the source, also where the events come from a member of it. What can't be
/// read comes as [`event::Skipped`] and the rest goes on.
pub fn read(
    format: Format,
    mut file: File,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<ControlFlow<()>, ReadError> {
    file.rewind()?;
    let size = file.metadata()?.len();
    if let Format::Unknown { what } = format {
        return Err(ReadError::Format(what));
    }
    if format.is_container() {
        return container::read(format, file, size, options, sink);
    }
    let content =
        Content { number: 0, member: None, format: format.name().into(), sha256: options.sha256, size };
    if sink.begin(&content).is_break() {
        return Ok(ControlFlow::Break(()));
    }
    let mut hand = |batch: Batch| sink.batch(Resume { member: 0, at: batch.resume }, batch);
    let source = (options.sha256, &*options.grown);
    plain(format, evtx::Input::File(file), options, options.from.at, source, &mut hand)
}

/// Reads one content that is no container.
pub(crate) fn plain(
    format: Format,
    input: evtx::Input<'_>,
    options: &Options,
    from: u64,
    (sha256, grown): ([u8; 32], &[(u64, [u8; 32])]),
    hand: &mut Hand<'_>,
) -> Result<ControlFlow<()>, ReadError> {
    let offsets = Offsets::default();
    let origin = Origin {
        sha256,
        grown,
        now: options.now,
        latest: options.source_time.unwrap_or(options.now),
        offsets: Some(&offsets),
        from,
        batch: options.batch,
    };
    let text = match format {
        Format::Json => json::read,
        Format::Zeek => zeek::read,
        Format::Csv => csv::read,
        Format::Auditd => auditd::read,
        Format::Syslog | Format::Cef | Format::Leef => syslog::read,
        Format::Text => loose::read,
        _ => {
            let Options { threads, batch, .. } = *options;
            let options = evtx::Options { threads, from_chunk: from, batch, ..Default::default() };
            let sum = evtx::read_from(input, options, hand)?;
            return Ok(if sum.stopped { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        }
    };
    let bytes: Box<dyn Read> = match input {
        evtx::Input::File(file) => Box::new(file),
        evtx::Input::Stream { bytes, .. } => bytes,
    };
    Ok(text(&mut encoding::Utf8::new(bytes, &offsets), origin, hand)?)
}
