//! The file around the chunks: header, count, tail.

use super::{CHUNK, FILE_HEADER, ReadError};
use event::Skipped;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

/// Where a log's bytes come from.
pub enum Input<'a> {
    /// A file, from its start.
    File(File),
    /// What comes once and in order: a member of an archive.
    Stream {
        /// From its start.
        bytes: Box<dyn Read + 'a>,
        /// Bytes in all.
        size: u64,
    },
}

/// An open log.
pub(super) struct Log<'a> {
    input: Input<'a>,
    /// Byte that a stream is at.
    at: u64,
    /// Bytes when it was opened; what is appended later is not read.
    pub size: u64,
    /// Chunks that the header counts; it counts modulo 65,536.
    counted: u64,
}

/// What the header and the size tell before any chunk is read.
#[derive(Default)]
pub(super) struct Findings {
    pub skipped: Vec<Skipped>,
    pub notes: Vec<Skipped>,
}

/// A chunk's bytes, and whether the file ended inside it.
pub(super) struct Raw {
    /// Always [`CHUNK`] bytes; a cut-off chunk is filled with zeroes.
    pub bytes: Vec<u8>,
    /// Bytes that were there, when fewer than a whole chunk.
    pub cut_at: Option<u64>,
    /// Whether the file header counts this chunk.
    pub counted: bool,
}

impl<'a> Log<'a> {
    /// Checks the header; goes on without one when the first chunk is in its place.
    pub fn open(mut input: Input<'a>) -> Result<(Log<'a>, Findings), ReadError> {
        let mut head = Vec::new();
        let size = match &mut input {
            Input::File(file) => {
                file.rewind()?;
                file.by_ref().take(FILE_HEADER + 8).read_to_end(&mut head)?;
                file.metadata()?.len()
            }
            Input::Stream { bytes, size } => {
                bytes.by_ref().take(FILE_HEADER + 8).read_to_end(&mut head)?;
                *size
            }
        };
        if let Input::Stream { bytes, size } = input {
            // The first chunk's beginning was read with the header, so it goes back in front.
            let again = io::Cursor::new(head.clone()).chain(bytes);
            input = Input::Stream { bytes: Box::new(again), size };
        }
        let is_log = head.starts_with(b"ElfFile\0");
        if !is_log && head.get(FILE_HEADER as usize..).is_none_or(|c| c != b"ElfChnk\0") {
            return Err(ReadError::NotEvtx);
        }
        let mut found = Findings::default();
        let mut counted = 0;
        let note =
            |reason: &str| Skipped { member: None, record: None, offset: Some(0), reason: reason.into() };
        if !is_log {
            found
                .skipped
                .push(note("the file header is damaged (no ElfFile magic); chunks were read without it"));
        } else if let Some(header) = head.get(..128) {
            // [MS-EVEN6] leaves the layout open; libevtx documents it: CRC32 of the first 120 bytes at 124.
            let word =
                |at: usize| header.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes);
            if word(124) != Some(evtx::checksum_ieee(&header[..120])) {
                found.notes.push(note("the file header's checksum does not match; chunks were read anyway"));
            }
            counted = u64::from(u16::from_le_bytes([header[42], header[43]]));
            let there = size.saturating_sub(FILE_HEADER).div_ceil(CHUNK);
            if counted > there {
                found.skipped.push(Skipped {
                    offset: Some(size),
                    ..note(&format!(
                        "the file ends early: its header counts {counted} chunks, {there} are there"
                    ))
                });
            }
        } else {
            found.skipped.push(note("the file ends inside its header"));
        }
        Ok((Log { input, at: 0, size, counted }, found))
    }

    /// Chunk `number` in the buffer given, or `None` past the end of the file.
    pub fn chunk(&mut self, number: u64, mut bytes: Vec<u8>) -> io::Result<Option<Raw>> {
        let Some(start) = number.checked_mul(CHUNK).and_then(|n| n.checked_add(FILE_HEADER)) else {
            return Ok(None);
        };
        if start >= self.size {
            return Ok(None);
        }
        bytes.clear();
        bytes.reserve_exact(CHUNK as usize);
        let most = CHUNK.min(self.size - start);
        match &mut self.input {
            Input::File(file) => {
                file.seek(SeekFrom::Start(start))?;
                file.by_ref().take(most).read_to_end(&mut bytes)?;
            }
            Input::Stream { bytes: stream, .. } => {
                // Chunks are asked for in their order, so what lies before is passed over.
                io::copy(&mut stream.by_ref().take(start.saturating_sub(self.at)), &mut io::sink())?;
                stream.by_ref().take(most).read_to_end(&mut bytes)?;
                self.at = start + bytes.len() as u64;
            }
        }
        let there = bytes.len() as u64;
        bytes.resize(CHUNK as usize, 0);
        Ok(Some(Raw { bytes, cut_at: (there < CHUNK).then_some(there), counted: number < self.counted }))
    }
}
