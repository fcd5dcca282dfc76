//! Files inside a file: gzip and zip, also inside each other, streamed and within limits.
//!
//! Nothing is unpacked to disk and a name from inside is only a label. A member is told apart like a file, then gone
//! through once for its SHA-256 and against the limits, then read. A limit that is met, or damage, ends that member:
//! what came before it is kept, and the member is named with the reason, like every member that is not read.

mod again;
mod limits;
#[cfg(test)]
mod tests;
mod zip;

pub use limits::Limits;

use crate::{Content, Format, HEAD, Options, ReadError, Resume, Sink, evtx::Input, read::plain, sniff};
use again::{Again, Gunzipped};
use event::{Batch, Skipped};
use limits::Budget;
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Read},
    ops::ControlFlow,
};

/// One read's size while a member is gone through.
const BLOCK: usize = 1 << 18;
/// Refused members that are named at a time.
const NAMED: usize = 1000;
/// Longer names are cut.
const LONGEST_NAME: usize = 512;

/// Reads what a container holds.
pub(crate) fn read(
    format: Format,
    mut file: File,
    size: u64,
    options: &Options,
    sink: &mut dyn Sink,
) -> Result<ControlFlow<()>, ReadError> {
    let mut walk = Walk {
        options,
        sink,
        next: 0,
        refused: Vec::new(),
        done: 0,
        budget: Budget::new(&options.limits, size),
    };
    let top = Inside { name: String::new(), formats: String::new(), depth: 0, from: 0, to: size };
    let flow = match format {
        Format::Zip => walk.zip(&mut file, &top).map_err(ReadError::Container)?,
        _ => walk.gzip(&mut file, size, &top)?,
    };
    if flow.is_break() {
        return Ok(flow);
    }
    Ok(walk.name_refused())
}

/// Where in the nesting something is.
#[derive(Clone)]
struct Inside {
    /// Names of the members on the way, joined.
    name: String,
    /// Formats on the way, joined.
    formats: String,
    /// Containers around it.
    depth: usize,
    /// Bytes of the source before it and up to its end, for progress.
    from: u64,
    to: u64,
}

impl Inside {
    /// Inside the container of this format here.
    fn deeper(&self, format: Format) -> Inside {
        Inside { formats: self.format(format), depth: self.depth + 1, ..self.clone() }
    }

    fn format(&self, format: Format) -> String {
        if self.formats.is_empty() {
            format.name().into()
        } else {
            format!("{}/{}", self.formats, format.name())
        }
    }

    /// The member of this name here.
    fn member(&self, name: &str, from: u64, to: u64) -> Inside {
        let mut name: String = name.chars().take(LONGEST_NAME).collect();
        if !self.name.is_empty() {
            name = format!("{} > {name}", self.name);
        }
        Inside { name, from, to, ..self.clone() }
    }
}

/// One reading under way.
struct Walk<'a> {
    options: &'a Options,
    sink: &'a mut dyn Sink,
    /// Number of the next content or refused member.
    next: u64,
    refused: Vec<Skipped>,
    /// Bytes of the source that are done.
    done: u64,
    budget: Budget,
}

type Flow = ControlFlow<()>;

impl Walk<'_> {
    /// What a gzip file holds: one content.
    fn gzip(&mut self, packed: &mut dyn Again, packed_len: u64, at: &Inside) -> io::Result<Flow> {
        let inside = at.deeper(Format::Gzip);
        let most = self.options.limits.unpacked(packed_len);
        self.one(&mut Gunzipped { packed, most }, most.min(packed_len.saturating_mul(1032)), &inside)
    }

    /// One member: told apart, then read or gone into or refused. `len` is at most so many bytes of it.
    fn one(&mut self, bytes: &mut dyn Again, len: u64, at: &Inside) -> io::Result<Flow> {
        let mut head = Vec::new();
        let read = bytes.open().and_then(|b| b.take(HEAD as u64).read_to_end(&mut head));
        if let Err(e) = read
            && head.is_empty()
        {
            return Ok(self.refuse(at, &e.to_string()));
        }
        let format = sniff(&head);
        drop(head);
        match format {
            Format::Unknown { what } => Ok(self.refuse(at, &format!("{what}: not read by this version"))),
            Format::Zip | Format::Gzip if at.depth >= self.options.limits.depth => {
                let reason = format!("a container inside {} others: not opened", at.depth);
                Ok(self.refuse(at, &reason))
            }
            Format::Gzip => self.gzip(bytes, len, at),
            Format::Zip => self.zip_inside(bytes, at),
            format => self.content(format, bytes, at),
        }
    }

    /// A content: gone through for its hash, then read.
    fn content(&mut self, format: Format, bytes: &mut dyn Again, at: &Inside) -> io::Result<Flow> {
        let number = self.next;
        // What was refused before it goes first, with this content as the place to go on.
        if number >= self.options.from.member && self.name_refused().is_break() {
            return Ok(Flow::Break(()));
        }
        self.next += 1;
        if number < self.options.from.member {
            return Ok(Flow::Continue(()));
        }
        let Some(measured) = self.measure(bytes)? else { return Ok(Flow::Break(())) };
        let Measured { size, sha256, trouble } = measured;
        let member = (!at.name.is_empty()).then(|| at.name.clone());
        let content = Content {
            number,
            // A gzip file's content has no name but its own.
            member: member.clone().or_else(|| Some("content".into())),
            format: at.format(format),
            sha256,
            size,
        };
        let member = content.member.clone();
        if self.sink.begin(&content).is_break() {
            return Ok(Flow::Break(()));
        }
        let from = if number == self.options.from.member { self.options.from.at } else { 0 };
        let sink = &mut *self.sink;
        let mut hand = |mut batch: Batch| {
            for s in batch.skipped.iter_mut().chain(&mut batch.notes) {
                s.member.clone_from(&member);
            }
            // Past the middle of what a f64 holds exactly progress may be a few bytes off.
            let part = batch.bytes_done as f64 / size.max(1) as f64;
            batch.bytes_done = at.from + ((at.to - at.from) as f64 * part.min(1.0)) as u64;
            sink.batch(Resume { member: number, at: batch.resume }, batch)
        };
        let input = Input::Stream { bytes: Box::new(bytes.open()?.take(size)), size };
        let read = plain(format, input, self.options, from, sha256, &mut hand);
        self.done = at.to;
        let read = match read {
            Ok(flow) => flow,
            Err(e) => {
                self.say(at, Some(0), e.to_string());
                Flow::Continue(())
            }
        };
        if let Some(reason) = trouble {
            self.say(at, Some(size), format!("{reason}; what came before was read"));
        }
        Ok(read)
    }

    /// Goes through a content; `None` when the sink ended it.
    fn measure(&mut self, bytes: &mut dyn Again) -> io::Result<Option<Measured>> {
        let mut hash = Sha256::new();
        let mut size = 0;
        let mut trouble = None;
        let mut block = vec![0; BLOCK];
        let mut stream = bytes.open()?;
        loop {
            let room = self.budget.left(size).min(BLOCK as u64) as usize;
            match stream.read(&mut block[..room.max(1)]) {
                Ok(0) => break,
                Ok(_) if room == 0 => {
                    trouble = Some(self.budget.reason(size));
                    break;
                }
                Ok(n) => {
                    hash.update(&block[..n]);
                    size += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    trouble = Some(e.to_string());
                    break;
                }
            }
            if !self.sink.goes_on() {
                return Ok(None);
            }
        }
        self.budget.spend(size);
        Ok(Some(Measured { size, sha256: hash.finalize().into(), trouble }))
    }

    /// Names a member that is not read.
    fn refuse(&mut self, at: &Inside, reason: &str) -> Flow {
        let number = self.next;
        self.next += 1;
        if number < self.options.from.member {
            return Flow::Continue(());
        }
        self.say(at, None, reason.to_owned());
        self.done = at.to;
        if self.refused.len() < NAMED { Flow::Continue(()) } else { self.name_refused() }
    }

    fn say(&mut self, at: &Inside, offset: Option<u64>, reason: String) {
        let member = (!at.name.is_empty()).then(|| at.name.clone());
        self.refused.push(Skipped { member, record: None, offset, reason });
    }

    /// Hands on what has been refused.
    fn name_refused(&mut self) -> Flow {
        if self.refused.is_empty() {
            return Flow::Continue(());
        }
        let skipped = std::mem::take(&mut self.refused);
        let batch = Batch { skipped, bytes_done: self.done, ..Batch::default() };
        self.sink.batch(Resume { member: self.next, at: 0 }, batch)
    }
}

struct Measured {
    size: u64,
    sha256: [u8; 32],
    /// Why it ended early.
    trouble: Option<String>,
}
