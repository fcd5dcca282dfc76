//! Members of a tar archive, in the order they lie in: from a file, or from bytes that come once.
//!
//! What is no file is named and not read; folders are passed over. After the end more archives may follow, as
//! `cat a.tar b.tar` makes them.

mod header;
#[cfg(test)]
mod tests;

use super::{BLOCK, Flow, Inside, Walk, again::Slice, again::Whole};
use crate::{Format, Sink};
pub(crate) use header::is;
pub(super) use header::{Headers, Kind};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

/// Where an archive's bytes come from.
pub(super) trait Source {
    /// Goes to this byte of the archive, never back.
    fn go(&mut self, to: u64, sink: &mut dyn Sink) -> io::Result<Flow>;

    /// Bytes from there; fewer only at the end.
    fn take(&mut self, most: u64) -> io::Result<Vec<u8>>;

    /// Walks a member of so many bytes from there.
    fn member(&mut self, walk: &mut Walk<'_>, from: u64, size: u64, at: &Inside) -> Flow;
}

impl Source for File {
    fn go(&mut self, to: u64, _: &mut dyn Sink) -> io::Result<Flow> {
        let size = self.metadata()?.len();
        self.seek(SeekFrom::Start(to))?;
        if to > size { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Flow::Continue(())) }
    }

    fn take(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        Read::take(self, most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn member(&mut self, walk: &mut Walk<'_>, from: u64, size: u64, at: &Inside) -> Flow {
        walk.unit(&mut Slice { file: self, from, len: size }, None, size, at)
    }
}

/// Bytes that come once.
pub(super) struct Once<'a> {
    bytes: &'a mut dyn Read,
    at: u64,
}

impl<'a> Once<'a> {
    pub fn new(bytes: &'a mut dyn Read) -> Self {
        Once { bytes, at: 0 }
    }
}

impl Source for Once<'_> {
    fn go(&mut self, to: u64, sink: &mut dyn Sink) -> io::Result<Flow> {
        while self.at < to {
            let step = (to - self.at).min(BLOCK as u64);
            let passed = io::copy(&mut self.bytes.take(step), &mut io::sink())?;
            self.at += passed;
            if passed < step {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if !sink.goes_on() {
                return Ok(Flow::Break(()));
            }
        }
        Ok(Flow::Continue(()))
    }

    fn take(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.bytes.take(most).read_to_end(&mut bytes);
        self.at += bytes.len() as u64;
        read.map(|_| bytes)
    }

    fn member(&mut self, walk: &mut Walk<'_>, _: u64, size: u64, at: &Inside) -> Flow {
        let mut member = Whole { inner: &mut *self.bytes, left: size };
        let flow = walk.stream(&mut member, None, size, at);
        self.at += size - member.left;
        flow
    }
}

impl Walk<'_> {
    /// All members; or why the archive can't be read.
    pub(super) fn tar(&mut self, source: &mut dyn Source, at: &Inside) -> Result<Flow, String> {
        let inside = at.deeper(Format::Tar);
        let mut headers = Headers::default();
        let mut any = false;
        loop {
            if !self.sink.goes_on() {
                return Ok(Flow::Break(()));
            }
            let entry = match headers.next(source, self.sink) {
                Ok(Some(entry)) => entry,
                Ok(None) => return Ok(Flow::Continue(())),
                Err(header::Stop::Sink) => return Ok(Flow::Break(())),
                Err(header::Stop::Damage(reason)) if any => {
                    self.say(at, Some(headers.at()), reason);
                    return Ok(Flow::Continue(()));
                }
                Err(header::Stop::Damage(reason)) => return Err(reason),
            };
            any = true;
            self.entries += 1;
            let most = self.options.limits.entries;
            if self.entries > most {
                let reason = format!("more than {most} entries: what follows is not read");
                return Ok(self.refuse(at, &reason));
            }
            let (from, to) = if self.pass.is_none() {
                (entry.from.min(at.to), headers.at().min(at.to))
            } else {
                (at.from, at.to)
            };
            let here = inside.member(&entry.name, from, to);
            let flow = match entry.kind {
                Kind::Folder => continue,
                Kind::Refused(reason) => self.refuse(&here, reason),
                Kind::File => source.member(self, entry.from, entry.size, &here),
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
    }
}
