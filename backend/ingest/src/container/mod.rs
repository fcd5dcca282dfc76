//! Files inside a file: gzip, zstd, zip and tar, also inside each other, streamed and within limits.
//!
//! Nothing is unpacked to disk and a name from inside is only a label. What can be read from its start again is a
//! unit: it is gone through once for sizes, SHA-256 and limits, then once more to be read, so that a compressed
//! archive of many members is unpacked twice and not once a member. A limit that is met, or damage, ends that member:
//! what came before it is kept, and the member is named with the reason, like every member that is not read.

mod again;
mod glance;
mod inside;
mod limits;
mod pass;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

pub use glance::glance;
pub use limits::Limits;
pub(crate) use tar::is as is_tar;

use crate::{Content, Format, HEAD, Options, ReadError, Resume, Sink, evtx::Input, read::plain, sniff};
use again::{Again, Replay, unpack};
use event::{Batch, Skipped};
use inside::Inside;
use limits::Budget;
use pass::{Measured, Part, Pass};
use sha2::{Digest, Sha256};
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read},
    ops::ControlFlow,
};

/// One read's size while a member is gone through.
const BLOCK: usize = 1 << 18;
/// Refused members that are named at a time.
const NAMED: usize = 1000;

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
        pass: None,
        next: 0,
        entries: 0,
        refused: Vec::new(),
        done: 0,
        budget: Budget::new(&options.limits, size),
    };
    let top = Inside::top(size);
    let flow = match format {
        Format::Zip => walk.zip(&mut file, &top).map_err(ReadError::Container)?,
        Format::Tar => walk.tar(&mut file, &top).map_err(ReadError::Container)?,
        packed => walk.unit(&mut file, Some(packed), size, &top),
    };
    if flow.is_break() {
        return Ok(flow);
    }
    Ok(walk.name_refused())
}

/// One reading under way.
struct Walk<'a> {
    options: &'a Options,
    sink: &'a mut dyn Sink,
    /// Inside a unit: which time it is gone through.
    pass: Option<Pass>,
    /// Number of the next content or refused member.
    next: u64,
    /// Entries of archives so far.
    entries: u64,
    refused: Vec<Skipped>,
    /// Bytes of the source that are done.
    done: u64,
    budget: Budget,
}

type Flow = ControlFlow<()>;

impl Walk<'_> {
    /// What can be read from its start again: gone through twice. Inside a unit that is under way it is a part of it.
    /// `len` is at most so many bytes of it; `format` what it is, where that is said and not to be told by content.
    fn unit(&mut self, bytes: &mut dyn Again, format: Option<Format>, len: u64, at: &Inside) -> Flow {
        if self.pass.is_some() {
            return self.open(bytes, format, len, at);
        }
        let start = (self.next, self.entries);
        self.pass = Some(Pass::Measure(VecDeque::new()));
        let flow = self.open(bytes, format, len, at);
        let Some(Pass::Measure(found)) = self.pass.take() else { return flow };
        if flow.is_break() {
            return flow;
        }
        (self.next, self.entries) = start;
        let total = found.iter().map(|m| m.size).sum();
        self.pass = Some(Pass::Read { found, total, before: 0, from: at.from, to: at.to });
        let flow = self.open(bytes, format, len, at);
        self.pass = None;
        self.done = self.done.max(at.to);
        flow
    }

    fn open(&mut self, bytes: &mut dyn Again, format: Option<Format>, len: u64, at: &Inside) -> Flow {
        match bytes.open() {
            Ok(mut bytes) => self.stream(&mut *bytes, format, len, at),
            Err(e) => self.refuse(at, &e.to_string()),
        }
    }

    /// Something that comes once: told apart, then taken as a content, gone into or refused.
    fn stream(&mut self, bytes: &mut dyn Read, format: Option<Format>, len: u64, at: &Inside) -> Flow {
        let mut bytes = Replay::new(bytes, HEAD as u64);
        if let Some(e) = bytes.failed() {
            let reason = e.to_string();
            return self.refuse(at, &reason);
        }
        let format = format.unwrap_or_else(|| sniff(bytes.head()));
        let full = at.depth >= self.options.limits.depth;
        match format {
            Format::Unknown { what } => self.refuse(at, &format!("{what}: not read by this version")),
            format if format.is_container() && full && at.counts(format) => {
                self.refuse(at, &format!("a container inside {} others: not opened", at.depth))
            }
            Format::Gzip | Format::Zstd => self.packed(format, &mut bytes, len, at),
            Format::Tar => {
                let read = self.tar(&mut tar::Once::new(&mut bytes), at);
                read.unwrap_or_else(|reason| self.refuse(at, &reason))
            }
            Format::Zip => self.zip_inside(&mut bytes, at),
            format => self.content(format, &mut bytes, at),
        }
    }

    /// Compression around one content.
    fn packed(&mut self, format: Format, packed: &mut dyn Read, len: u64, at: &Inside) -> Flow {
        let inside = at.deeper(format);
        let most = self.options.limits.unpacked(len);
        match unpack(format, packed, most, at.zstd) {
            Ok(mut bytes) => self.stream(&mut *bytes, None, most, &inside),
            Err(e) => self.refuse(&inside, &e.to_string()),
        }
    }

    /// A content: measured or read.
    fn content(&mut self, format: Format, bytes: &mut dyn Read, at: &Inside) -> Flow {
        let number = self.next;
        let first = self.options.from.member;
        // What was refused before it goes first, with this content as the place to go on.
        if number >= first && self.name_refused().is_break() {
            return Flow::Break(());
        }
        self.next += 1;
        if number < first {
            return Flow::Continue(());
        }
        match self.pass.take() {
            Some(Pass::Measure(mut found)) => {
                let measured = self.measure(bytes);
                let flow = if measured.is_some() { Flow::Continue(()) } else { Flow::Break(()) };
                found.extend(measured);
                self.pass = Some(Pass::Measure(found));
                flow
            }
            Some(Pass::Read { mut found, total, mut before, from, to }) => {
                let Some(measured) = found.pop_front() else { return Flow::Break(()) };
                let part = Part { total, before, from, to };
                before = before.saturating_add(measured.size);
                let flow = self.read(format, bytes, number, measured, part, at);
                self.pass = Some(Pass::Read { found, total, before, from, to });
                flow
            }
            None => Flow::Continue(()),
        }
    }

    /// Goes through a content; `None` when the sink ended it.
    fn measure(&mut self, bytes: &mut dyn Read) -> Option<Measured> {
        let mut hash = Sha256::new();
        let mut size = 0;
        let mut trouble = None;
        let mut block = vec![0; BLOCK];
        let member = self.options.limits.member;
        loop {
            let left = self.budget.left(size).min(member.saturating_sub(size));
            let room = left.min(BLOCK as u64) as usize;
            match bytes.read(&mut block[..room.max(1)]) {
                Ok(0) => break,
                Ok(_) if room == 0 => {
                    trouble = Some(self.budget.reason(size, member));
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
                return None;
            }
        }
        self.budget.spend(size);
        Some(Measured { size, sha256: hash.finalize().into(), trouble })
    }

    fn read(
        &mut self,
        format: Format,
        bytes: &mut dyn Read,
        number: u64,
        measured: Measured,
        part: Part,
        at: &Inside,
    ) -> Flow {
        let Measured { size, sha256, trouble } = measured;
        // What compression holds has no name but its container's.
        let member = at.label().or_else(|| Some("content".into()));
        let content = Content { number, member: member.clone(), format: at.format(format), sha256, size };
        if self.sink.begin(&content).is_break() {
            return Flow::Break(());
        }
        let from = if number == self.options.from.member { self.options.from.at } else { 0 };
        let sink = &mut *self.sink;
        let done = self.done;
        let mut hand = |mut batch: Batch| {
            for s in batch.skipped.iter_mut().chain(&mut batch.notes) {
                s.member.clone_from(&member);
            }
            batch.bytes_done = part.done(batch.bytes_done.min(size)).max(done);
            sink.batch(Resume { member: number, at: batch.resume }, batch)
        };
        let input = Input::Stream { bytes: Box::new(bytes.take(size)), size };
        let read = plain(format, input, self.options, from, (sha256, &[]), &mut hand);
        self.done = done.max(part.done(size));
        let flow = match read {
            Ok(flow) => flow,
            Err(e) => {
                self.say(at, Some(0), e.to_string());
                Flow::Continue(())
            }
        };
        if let Some(reason) = trouble {
            self.say(at, Some(size), format!("{reason}; what came before was read"));
        }
        flow
    }

    fn measuring(&self) -> bool {
        matches!(self.pass, Some(Pass::Measure(_)))
    }

    /// Names a member that is not read.
    fn refuse(&mut self, at: &Inside, reason: &str) -> Flow {
        let number = self.next;
        self.next += 1;
        if number < self.options.from.member || self.measuring() {
            return Flow::Continue(());
        }
        self.say(at, None, reason.to_owned());
        if self.pass.is_none() {
            self.done = self.done.max(at.to);
        }
        if self.refused.len() < NAMED { Flow::Continue(()) } else { self.name_refused() }
    }

    fn say(&mut self, at: &Inside, offset: Option<u64>, reason: String) {
        if !self.measuring() {
            self.refused.push(Skipped { member: at.label(), record: None, offset, reason });
        }
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
