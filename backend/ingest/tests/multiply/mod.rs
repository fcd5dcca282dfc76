//! Many logs of few: copies of real EVTX files whose records are other ones, so that a store keeps each.
//!
//! A copy gets other record numbers and times, and checksums that hold again. Layout after libevtx's "Windows XML Event
//! Log (EVTX) format": record numbers stand in the file header, the chunk header, the record header and, as
//! EventRecordID, among the values of the record's BinXML; the time in the record header and, as TimeCreated, among the
//! values. Values have a fixed width there, so nothing moves.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

const HEADER: usize = 4096;
const CHUNK: usize = 65536;
/// Where a chunk's records begin.
const RECORDS: usize = 512;
/// How much later each copy is than the one before, in units of 100 ns: ten minutes.
const LATER: u64 = 6_000_000_000;
/// A log that is made ends at the first copy past so many bytes; its chunks are counted in 16 bits.
const LARGEST: u64 = 128 << 20;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Records in them.
    pub records: u64,
}

/// One log: its header and those of its chunks that hold records and are whole.
pub struct Log {
    header: Vec<u8>,
    chunks: Vec<Vec<u8>>,
    /// Smallest record number, and how many numbers there are up to the largest.
    first: u64,
    span: u64,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

/// Bytes of a chunk up to the end of its records, as its header says it.
fn end(chunk: &[u8]) -> usize {
    word(chunk, 48).map_or(RECORDS, |end| (end as usize).clamp(RECORDS, CHUNK))
}

/// Where records begin in a chunk, and how long they are.
fn records(chunk: &[u8]) -> Vec<(usize, usize)> {
    let (mut at, mut out) = (RECORDS, vec![]);
    while at < end(chunk) && chunk[at..].starts_with(b"\x2a\x2a\0\0") {
        let Some(len) = word(chunk, at + 4).map(|n| n as usize).filter(|n| *n >= 28 && at + n <= CHUNK)
        else {
            break;
        };
        out.push((at, len));
        at += len;
    }
    out
}

/// Places of the values of a record's outermost template instance: type, place, length.
fn values(chunk: &[u8], record: usize, len: usize) -> Vec<(u8, usize, usize)> {
    // The record's header, the fragment's, the instance's first six bytes.
    let mut at = record + 24 + 4;
    if chunk.get(at) != Some(&0x0c) {
        return vec![];
    }
    let Some(definition) = word(chunk, at + 6) else { return vec![] };
    at += 10;
    if definition as usize == at {
        let Some(size) = word(chunk, at + 20) else { return vec![] };
        at += 24 + size as usize;
    }
    let Some(count) = word(chunk, at).filter(|n| *n < 4096) else { return vec![] };
    let table = at + 4;
    let (mut place, mut out) = (table + 4 * count as usize, vec![]);
    for n in 0..count as usize {
        let Some([low, high, kind, _]) = chunk.get(table + 4 * n..table + 4 * n + 4) else { break };
        let size = usize::from(u16::from_le_bytes([*low, *high]));
        out.push((*kind, place, size));
        place += size;
    }
    out.retain(|(_, place, size)| place + size <= record + len);
    out
}

/// Both checksums of a chunk: of its records and of its header.
fn sums(chunk: &[u8]) -> [u32; 2] {
    let header = [&chunk[..120], &chunk[128..RECORDS]].concat();
    [evtx::checksum_ieee(&chunk[RECORDS..end(chunk)]), evtx::checksum_ieee(&header)]
}

/// Whether what a chunk holds is as it was written, and can be made other records: each has its time among its values.
/// What Windows forwards as text has not.
fn whole(chunk: &[u8]) -> bool {
    let timed = |(at, len): &(usize, usize)| {
        values(chunk, *at, *len).iter().any(|(kind, place, size)| {
            (*kind, *size) == (0x11, 8) && long(chunk, *place).is_some_and(|time| time > 0)
        })
    };
    chunk.starts_with(b"ElfChnk\0")
        && !records(chunk).is_empty()
        && sums(chunk).map(Some) == [word(chunk, 52), word(chunk, 124)]
        && records(chunk).iter().all(timed)
}

impl Log {
    /// The log of a file's bytes; `None` when nothing of it is whole.
    pub fn of(bytes: &[u8]) -> Option<Log> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        let held = rest.chunks_exact(CHUNK).filter(|chunk| whole(chunk));
        let chunks: Vec<Vec<u8>> = held.map(<[u8]>::to_vec).collect();
        let ids = chunks.iter().flat_map(|c| records(c).into_iter().filter_map(|(at, _)| long(c, at + 8)));
        let (first, last) = (ids.clone().min()?, ids.max()?);
        Some(Log { header: header.to_vec(), chunks, first, span: last - first + 1 })
    }

    /// Records of one copy.
    pub fn records(&self) -> u64 {
        self.chunks.iter().map(|chunk| records(chunk).len() as u64).sum()
    }

    /// Bytes of one copy without the header.
    pub fn size(&self) -> u64 {
        self.chunks.len() as u64 * CHUNK as u64
    }

    /// The chunks of copy `n`, numbered on from `number` records of the log that they go into.
    fn copy(&self, n: u64, number: u64, out: &mut dyn Write) -> io::Result<()> {
        let mut number = number;
        for chunk in &self.chunks {
            let mut chunk = chunk.clone();
            number += self.shift(&mut chunk, n, number);
            out.write_all(&chunk)?;
        }
        Ok(())
    }

    /// Makes the records of a chunk those of copy `n`. Answers how many there are.
    fn shift(&self, chunk: &mut [u8], n: u64, number: u64) -> u64 {
        let all = records(chunk);
        let (mut least, mut most) = (u64::MAX, 0);
        for (at, len) in &all {
            let (Some(id), Some(time)) = (long(chunk, at + 8), long(chunk, at + 16)) else { continue };
            let other = id + n * self.span;
            (least, most) = (least.min(other), most.max(other));
            for (kind, place, size) in values(chunk, *at, *len) {
                match (kind, size, long(chunk, place)) {
                    (0x0a, 8, Some(value)) if value == id => put(chunk, place, &other.to_le_bytes()),
                    (0x11, 8, Some(value)) if value > 0 => {
                        put(chunk, place, &(value + n * LATER).to_le_bytes())
                    }
                    _ => {}
                }
            }
            put(chunk, at + 8, &other.to_le_bytes());
            put(chunk, at + 16, &(time + n * LATER).to_le_bytes());
        }
        let count = all.len() as u64;
        for (at, value) in [(8, number + 1), (16, number + count), (24, least), (32, most)] {
            put(chunk, at, &value.to_le_bytes());
        }
        // Both checksums count, whatever the original's flags say.
        let flags = word(chunk, 120).unwrap_or(0) & !4;
        put(chunk, 120, &flags.to_le_bytes());
        let [records, _] = sums(chunk);
        put(chunk, 52, &records.to_le_bytes());
        let [_, header] = sums(chunk);
        put(chunk, 124, &header.to_le_bytes());
        count
    }

    /// A header for a log of so many chunks that ends with copy `last`.
    fn header(&self, chunks: u64, last: u64) -> Vec<u8> {
        let mut header = self.header.clone();
        let next = self.first + (last + 1) * self.span;
        put(&mut header, 0, b"ElfFile\0");
        for (at, value) in [(8, 0), (16, chunks.saturating_sub(1)), (24, next)] {
            put(&mut header, at, &value.to_le_bytes());
        }
        put(&mut header, 42, &(chunks as u16).to_le_bytes());
        put(&mut header, 120, &0_u32.to_le_bytes());
        let sum = evtx::checksum_ieee(&header[..120]);
        put(&mut header, 124, &sum.to_le_bytes());
        header
    }

    /// Writes a log of the copies from `from` to before `to`.
    pub fn write(&self, from: u64, to: u64, path: &Path) -> io::Result<u64> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let copies = to.saturating_sub(from);
        out.write_all(&self.header(copies * self.chunks.len() as u64, to.saturating_sub(1)))?;
        for n in 0..copies {
            self.copy(from + n, n * self.records(), &mut out)?;
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(HEADER as u64 + copies * self.size())
    }
}

/// Files below a folder that end in `.evtx`, sorted.
pub fn logs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut folders, mut out) = (vec![folder.to_owned()], vec![]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "evtx") {
                out.push(path);
            }
        }
    }
    out.sort();
    Ok(out)
}

/// Makes at least `bytes` of logs in the folder `into`, from those below `from`.
pub fn folder(from: &Path, into: &Path, bytes: u64) -> io::Result<Made> {
    let mut all = vec![];
    for path in logs(from)? {
        all.extend(Log::of(&fs::read(path)?));
    }
    let once: u64 = all.iter().map(Log::size).sum();
    if once == 0 {
        return Err(io::Error::other("there is no log to multiply"));
    }
    let copies = bytes.div_ceil(once);
    let mut made = Made::default();
    for (i, log) in all.iter().enumerate() {
        let a_file = (LARGEST / log.size()).max(1);
        for from in (0..copies).step_by(usize::try_from(a_file).map_err(io::Error::other)?) {
            let to = (from + a_file).min(copies);
            made.bytes += log.write(from, to, &into.join(format!("{i:03}-{from:06}.evtx")))?;
            made.records += (to - from) * log.records();
            made.files += 1;
        }
    }
    Ok(made)
}
