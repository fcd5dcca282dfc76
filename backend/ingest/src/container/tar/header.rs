//! Headers of a tar archive: what lies where under which name (POSIX.1-2017 "pax Interchange Format", and the GNU tar
//! manual, "Basic Tar Format").

use super::{Flow, Source};
use crate::Sink;
use ::tar::{Header, PaxExtensions};
use std::io;

/// Everything lies in blocks of so many bytes.
const UNIT: u64 = 512;
/// Longer names and pax records are passed over.
const LONGEST: u64 = 1 << 20;
/// After the end of an archive another one is looked for behind so many empty blocks.
const EMPTY: u32 = 2048;
/// Blocks that a sparse file's map may have.
const MAP: u32 = 1 << 16;

/// An entry.
pub(in super::super) struct Entry {
    pub name: String,
    pub kind: Kind,
    /// Byte of the archive that its content begins at.
    pub from: u64,
    pub size: u64,
}

/// What is done with an entry.
pub(in super::super) enum Kind {
    File,
    Folder,
    /// Not read, and why.
    Refused(&'static str),
}

/// Why there are no more headers.
pub(in super::super) enum Stop {
    Sink,
    Damage(String),
}

impl From<io::Error> for Stop {
    fn from(e: io::Error) -> Stop {
        let said = match e.kind() {
            io::ErrorKind::UnexpectedEof => "it ends inside an entry".to_owned(),
            _ => e.to_string(),
        };
        Stop::Damage(format!("the tar archive is damaged or cut off: {said}"))
    }
}

/// Whether a file begins with a header.
pub(crate) fn is(head: &[u8]) -> bool {
    let Some(block) = head.get(..UNIT as usize) else { return false };
    // The oldest archives have no magic number but a checksum.
    block[257..].starts_with(b"ustar") || (block[0] != 0 && sound(block))
}

fn sound(block: &[u8]) -> bool {
    let Ok(claimed) = Header::from_byte_slice(block).cksum() else { return false };
    let others = || block[..148].iter().chain([b' '; 8].iter()).chain(&block[156..]);
    let unsigned: u32 = others().map(|b| u32::from(*b)).sum();
    // Some old programs added up signed bytes.
    let signed: i32 = others().map(|b| i32::from(*b as i8)).sum();
    claimed == unsigned || i64::from(claimed) == i64::from(signed)
}

/// Goes from header to header.
#[derive(Default)]
pub(in super::super) struct Headers {
    next: u64,
    /// What extended headers say of the entry to come.
    more: More,
}

#[derive(Default)]
struct More {
    name: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

impl Headers {
    /// Byte of the archive that the next header lies at.
    pub fn at(&self) -> u64 {
        self.next
    }

    /// The next entry; `None` at the end.
    pub fn next(&mut self, source: &mut dyn Source, sink: &mut dyn Sink) -> Result<Option<Entry>, Stop> {
        let mut empty = 0;
        loop {
            if source.go(self.next, sink)?.is_break() {
                return Err(Stop::Sink);
            }
            let block = source.take(UNIT)?;
            if block.is_empty() || empty > EMPTY {
                return Ok(None);
            }
            if block.iter().all(|b| *b == 0) {
                self.next += block.len() as u64;
                empty += 1;
                continue;
            }
            if block.len() < UNIT as usize || !sound(&block) {
                return Err(Stop::Damage(match empty {
                    0 => "the tar archive is damaged: there is no header where one should be".into(),
                    _ => "behind the end of the tar archive lies something else: not read".into(),
                }));
            }
            empty = 0;
            if let Some(entry) = self.header(&block, source, sink)? {
                return Ok(Some(entry));
            }
        }
    }

    /// An entry by its header; `None` for a header that says more of the next one.
    fn header(
        &mut self,
        block: &[u8],
        source: &mut dyn Source,
        sink: &mut dyn Sink,
    ) -> Result<Option<Entry>, Stop> {
        let header = Header::from_byte_slice(block);
        let claimed = header.entry_size().map_err(|_| damaged("a size that is no number"))?;
        let kind = block[156];
        let mut from = self.next + UNIT;
        if kind == b'S' {
            from = after_map(block, from, source, sink)?;
        }
        let extension = matches!(kind, b'L' | b'K' | b'x' | b'X' | b'g');
        // Links, devices and folders may state a size but have no content, save where pax says so.
        let size = match (kind, self.more.size) {
            (_, Some(size)) if !extension => size,
            (b'1'..=b'6', None) => 0,
            _ => claimed,
        };
        let end = from.checked_add(size).and_then(|end| end.checked_next_multiple_of(UNIT));
        self.next = end.ok_or_else(|| damaged("a size beyond all bounds"))?;
        if extension {
            if size <= LONGEST {
                let data = source.take(size)?;
                if (data.len() as u64) < size {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                self.more.take(kind, &data);
            }
            return Ok(None);
        }
        let more = std::mem::take(&mut self.more);
        let name = more.name.unwrap_or_else(|| text(&header.path_bytes()));
        let kind = match kind {
            b'5' | b'D' => Kind::Folder,
            b'0' | 0 if name.ends_with('/') => Kind::Folder,
            _ if kind == b'S' || more.sparse => Kind::Refused("a sparse file: not read"),
            b'0' | 0 | b'7' => Kind::File,
            b'1' => Kind::Refused("a hard link: not followed"),
            b'2' => Kind::Refused("a symbolic link: not followed"),
            b'3' | b'4' | b'6' => Kind::Refused("a device or pipe: not read"),
            b'V' => Kind::Refused("the archive's label"),
            b'M' => Kind::Refused("the rest of a file of another volume: not read"),
            _ => Kind::Refused("an entry of an unknown kind: not read"),
        };
        Ok(Some(Entry { name, kind, from, size }))
    }
}

impl More {
    fn take(&mut self, kind: u8, data: &[u8]) {
        match kind {
            b'L' => self.name = Some(text(data.split(|b| *b == 0).next().unwrap_or_default())),
            b'x' | b'X' => {
                for record in PaxExtensions::new(data).flatten() {
                    let value = record.value_bytes();
                    match record.key_bytes() {
                        // Programs that make sparse files put a made-up name into `path`.
                        b"GNU.sparse.name" => self.name = Some(text(value)),
                        b"path" if !self.sparse => self.name = Some(text(value)),
                        b"size" => {
                            self.size = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
                        }
                        _ => {}
                    }
                    self.sparse |= record.key_bytes().starts_with(b"GNU.sparse.");
                }
            }
            // Long targets of links and what holds for all entries say nothing that is used.
            _ => {}
        }
    }
}

/// Where the content of an old sparse file begins: its map may go on in blocks of its own (GNU tar manual, "Storing
/// Sparse Files"; `isextended` at 482 of the header and 504 of such a block).
fn after_map(block: &[u8], mut from: u64, source: &mut dyn Source, sink: &mut dyn Sink) -> Result<u64, Stop> {
    let mut more = block[482] != 0;
    for _ in 0..MAP {
        if !more {
            return Ok(from);
        }
        if let Flow::Break(()) = source.go(from, sink)? {
            return Err(Stop::Sink);
        }
        let map = source.take(UNIT)?;
        more = map.get(504).copied().ok_or(io::ErrorKind::UnexpectedEof).map_err(io::Error::from)? != 0;
        from += UNIT;
    }
    Err(damaged("a sparse file's map without end"))
}

fn damaged(what: &str) -> Stop {
    Stop::Damage(format!("the tar archive is damaged: {what}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
