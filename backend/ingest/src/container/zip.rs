//! Members of a zip archive (APPNOTE.TXT 6.3).

use super::{
    Flow, Inside, Walk,
    again::{Again, Bounded},
};
use crate::Format;
use ::zip::ZipArchive;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// A directory of entries larger than this is not loaded.
const DIRECTORY: u64 = 128 << 20;

/// The member with this number.
struct Member<'z, R> {
    archive: &'z mut ZipArchive<R>,
    number: usize,
    most: u64,
}

impl<R: Read + Seek> Again for Member<'_, R> {
    fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        let member = self.archive.by_index(self.number).map_err(io::Error::other)?;
        Ok(Box::new(Bounded::new(member, self.most, "member")))
    }
}

/// What the directory says of a member.
struct Entry {
    name: String,
    packed: u64,
    size: u64,
    /// Why it is not opened.
    refused: Option<&'static str>,
    folder: bool,
}

impl Walk<'_> {
    /// An archive inside another: held in memory, since its directory is at its end.
    pub(super) fn zip_inside(&mut self, bytes: &mut dyn Read, at: &Inside) -> Flow {
        let held = self.options.limits.held;
        let mut archive = Vec::new();
        let read = bytes.take(held.saturating_add(1)).read_to_end(&mut archive);
        let reason = match read {
            Err(e) => Some(e.to_string()),
            Ok(_) if archive.len() as u64 > held => {
                Some(format!("a zip archive of more than {held} bytes inside another: not opened"))
            }
            Ok(_) => None,
        };
        if let Some(reason) = reason {
            return self.refuse(at, &reason);
        }
        if self.measuring() {
            self.budget.spend(archive.len() as u64);
        }
        let read = self.zip(&mut Cursor::new(archive), at);
        read.unwrap_or_else(|reason| self.refuse(at, &reason))
    }

    /// All members in the order of the directory; or why the archive can't be read.
    pub(super) fn zip<R: Read + Seek>(&mut self, file: &mut R, at: &Inside) -> Result<Flow, String> {
        let damaged = |e: &dyn std::fmt::Display| format!("the zip archive is damaged: {e}");
        let (entries, directory) = claimed(file).map_err(|e| damaged(&e))?;
        let most = self.options.limits.entries.saturating_sub(self.entries);
        if entries > most || directory > DIRECTORY {
            return Err(format!("the zip archive has {entries} entries; at most {most} are read"));
        }
        let mut archive = ZipArchive::new(file).map_err(|e| damaged(&e))?;
        if archive.len() as u64 > most {
            return Err(format!("the zip archive has {} entries; at most {most} are read", archive.len()));
        }
        self.entries += archive.len() as u64;
        let inside = at.deeper(Format::Zip);
        let mut from = at.from;
        for number in 0..archive.len() {
            if !self.sink.goes_on() {
                return Ok(Flow::Break(()));
            }
            let entry = match entry(&mut archive, number) {
                Ok(entry) => entry,
                Err(e) => {
                    let here = inside.member(&format!("entry {number}"), from, from);
                    if self.refuse(&here, &damaged(&e)).is_break() {
                        return Ok(Flow::Break(()));
                    }
                    continue;
                }
            };
            let to = from.saturating_add(if self.pass.is_none() { entry.packed } else { 0 }).min(at.to);
            let here = inside.member(&entry.name, from, to);
            from = to;
            let flow = match entry.refused {
                _ if entry.folder => continue,
                Some(reason) => self.refuse(&here, reason),
                None => {
                    let most = self.options.limits.unpacked(entry.packed);
                    let mut member = Member { archive: &mut archive, number, most };
                    self.unit(&mut member, None, entry.size.min(most), &here)
                }
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(Flow::Continue(()))
    }
}

fn entry<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    number: usize,
) -> Result<Entry, ::zip::result::ZipError> {
    let raw = archive.by_index_raw(number)?;
    let name = match raw.name() {
        Ok(name) => name.into_owned(),
        Err(_) => String::from_utf8_lossy(raw.name_raw()).into_owned(),
    };
    let refused = if raw.encrypted() {
        Some("encrypted: not read")
    } else if raw.is_symlink() {
        Some("a symbolic link: not followed")
    } else {
        None
    };
    Ok(Entry { name, packed: raw.compressed_size(), size: raw.size(), refused, folder: raw.is_dir() })
}

/// Entries and bytes of the directory as the archive's end claims, so that no absurd directory is loaded. Layout:
/// APPNOTE.TXT 4.3.14 to 4.3.16. (0, 0) where there is no end; opening it then says so.
fn claimed<R: Read + Seek>(file: &mut R) -> io::Result<(u64, u64)> {
    const END: usize = 22;
    let size = file.seek(SeekFrom::End(0))?;
    let tail_from = size.saturating_sub(65_535 + END as u64 + 20);
    file.seek(SeekFrom::Start(tail_from))?;
    let mut tail = Vec::new();
    file.by_ref().take(size - tail_from).read_to_end(&mut tail)?;
    let Some(end) = memchr::memmem::rfind(&tail, b"PK\x05\x06") else { return Ok((0, 0)) };
    let small = number(&tail, end + 10, 2).zip(number(&tail, end + 12, 4));
    let Some((entries, directory)) = small else { return Ok((0, 0)) };
    let locator = end.checked_sub(20).filter(|at| tail[*at..].starts_with(b"PK\x06\x07"));
    let Some(place) = locator.and_then(|at| number(&tail, at + 8, 8)) else {
        return Ok((entries, directory));
    };
    file.seek(SeekFrom::Start(place.min(size)))?;
    let mut record = Vec::new();
    file.by_ref().take(56).read_to_end(&mut record)?;
    Ok(number(&record, 32, 8).zip(number(&record, 40, 8)).unwrap_or((entries, directory)))
}

/// `len` bytes from here, little end first.
fn number(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + len)?;
    Some(bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}
