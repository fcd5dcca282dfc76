//! What a source holds, told from little of it: for forecasts, never for reading.

use super::{
    again::{Replay, unpack},
    tar::{Headers, Kind, Once, Source},
};
use crate::{Content, Format, HEAD, Resume, Sink, sniff, sniff_file};
use event::Batch;
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::ControlFlow,
};

/// Unpacked bytes that tell how dense the rest is packed.
const SAMPLE: u64 = 1 << 20;
/// Members of an archive that are looked into; the rest is taken to be like them.
const MEMBERS: usize = 32;
/// Members of an archive whose sizes are added up.
const MOST_MEMBERS: usize = 200_000;
/// Containers inside each other that are looked into.
const DEPTH: usize = 3;

/// Formats of what a source holds, and about how many bytes there are of each: of a source that is no container its
/// own. What is in none of the formats that are read comes as [`Format::Unknown`].
pub fn glance(file: &mut File) -> io::Result<Vec<(Format, u64)>> {
    let size = file.metadata()?.len();
    let format = sniff_file(file)?;
    let held = match format {
        Format::Gzip => {
            let said = trailer(file, size)?;
            packed(format, file, size, said, 1)
        }
        Format::Zstd => packed(format, file, size, None, 1),
        Format::Tar => members(file, size, 1),
        Format::Zip => zip(file, size),
        _ => Ok(vec![(format, size)]),
    };
    file.rewind()?;
    held
}

/// What `size` bytes that come once hold.
fn stream(bytes: &mut dyn Read, size: u64, depth: usize) -> io::Result<Vec<(Format, u64)>> {
    let mut bytes = Replay::new(bytes, HEAD as u64);
    let format = sniff(bytes.head());
    match format {
        Format::Gzip | Format::Zstd if depth < DEPTH => packed(format, &mut bytes, size, None, depth + 1),
        Format::Tar if depth < DEPTH => members(&mut Once::new(&mut bytes), size, depth + 1),
        _ => Ok(vec![(format, size)]),
    }
}

/// Compression around one content; `said` is what the end of the file says of its size.
fn packed(
    format: Format,
    bytes: &mut dyn Read,
    size: u64,
    said: Option<u64>,
    depth: usize,
) -> io::Result<Vec<(Format, u64)>> {
    let mut taken = Taken { inner: bytes, count: 0 };
    let mut sample = Vec::new();
    // Damage further on is for the reader to name.
    let _ = unpack(format, &mut taken, u64::MAX, 0)?.take(SAMPLE).read_to_end(&mut sample);
    let there = sample.len() as u64;
    let guess = match there < SAMPLE {
        true => there,
        false => (there as f64 / taken.count.max(1) as f64 * size as f64) as u64,
    };
    // What is said is exact, but counts modulo 4 GiB, and of several members only the last.
    let near = |n: &u64| there == SAMPLE && n.abs_diff(guess) < guess / 3;
    let total = said.filter(near).unwrap_or(guess);
    stream(&mut &*sample, total, depth)
}

/// Bytes as the last member of a gzip file says them (RFC 1952, section 2.3.1).
fn trailer(file: &mut File, size: u64) -> io::Result<Option<u64>> {
    let mut last = [0; 4];
    file.seek(SeekFrom::Start(size.saturating_sub(4)))?;
    let read = file.read_exact(&mut last);
    file.rewind()?;
    Ok(read.is_ok().then(|| u32::from_le_bytes(last).into()))
}

/// Members of a tar archive, the first ones.
fn members(source: &mut dyn Source, size: u64, depth: usize) -> io::Result<Vec<(Format, u64)>> {
    let (mut headers, mut found) = (Headers::default(), Found::default());
    while found.members < MEMBERS {
        let Ok(Some(entry)) = headers.next(source, &mut Nobody) else { break };
        if !matches!(entry.kind, Kind::File) || source.go(entry.from, &mut Nobody).is_err() {
            continue;
        }
        let head = source.take(entry.size.min(HEAD as u64))?;
        found.add(entry.size, stream(&mut &*head, entry.size, depth)?);
    }
    Ok(found.of(size))
}

/// Members of a zip archive: sizes of all, formats of the first ones.
fn zip(file: &mut File, size: u64) -> io::Result<Vec<(Format, u64)>> {
    let Ok(mut archive) = ::zip::ZipArchive::new(file) else { return Ok(vec![(Format::Zip, size)]) };
    let (mut found, mut total) = (Found::default(), 0);
    for n in 0..archive.len().min(MOST_MEMBERS) {
        let Ok(raw) = archive.by_index_raw(n) else { continue };
        let (size, passed) = (raw.size(), raw.is_dir() || raw.encrypted() || raw.is_symlink());
        drop(raw);
        if passed {
            continue;
        }
        // Sizes are what the archive says of itself.
        total = u64::saturating_add(total, size);
        if found.members < MEMBERS
            && let Ok(mut member) = archive.by_index(n)
            && let Ok(held) = stream(&mut member, size, 1)
        {
            found.add(size, held);
        }
    }
    Ok(found.of(total))
}

/// What members that were looked into hold.
#[derive(Default)]
struct Found {
    members: usize,
    /// Their own bytes.
    bytes: u64,
    held: Vec<(Format, u64)>,
}

impl Found {
    fn add(&mut self, bytes: u64, held: Vec<(Format, u64)>) {
        self.members += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        self.held.extend(held);
    }

    /// The same of `total` bytes of members.
    fn of(self, total: u64) -> Vec<(Format, u64)> {
        let scale = total as f64 / self.bytes.max(1) as f64;
        let mut all: Vec<(Format, u64)> = vec![];
        for (format, bytes) in self.held {
            let bytes = (bytes as f64 * scale) as u64;
            match all.iter_mut().find(|(f, _)| *f == format) {
                Some((_, sum)) => *sum = sum.saturating_add(bytes),
                None => all.push((format, bytes)),
            }
        }
        all
    }
}

/// Counts what is read.
struct Taken<'a> {
    inner: &'a mut dyn Read,
    count: u64,
}

impl Read for Taken<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        // Small steps, so that what was read and not unpacked yet counts little.
        let room = to.len().min(4096);
        let n = self.inner.read(&mut to[..room])?;
        self.count += n as u64;
        Ok(n)
    }
}

/// Takes nothing; headers ask whether they may go on.
struct Nobody;

impl Sink for Nobody {
    fn begin(&mut self, _: &Content) -> ControlFlow<()> {
        ControlFlow::Break(())
    }

    fn batch(&mut self, _: Resume, _: Batch) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::file, *};
    use flate2::{Compression, write::GzEncoder};
    use std::io::{Cursor, Write};

    /// About so many bytes of JSON lines that pack three or four times.
    fn lines(bytes: usize) -> Vec<u8> {
        let mut state = 7_u64;
        let mut out = vec![];
        while out.len() < bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            writeln!(out, "{{\"EventID\": {}, \"CommandLine\": \"tool.exe --job {state:x}\"}}", state % 9000)
                .unwrap();
        }
        out
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = GzEncoder::new(vec![], Compression::default());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = ::zip::ZipWriter::new(Cursor::new(vec![]));
        for (name, bytes) in members {
            out.start_file(*name, ::zip::write::SimpleFileOptions::default()).unwrap();
            out.write_all(bytes).unwrap();
        }
        out.finish().unwrap().into_inner()
    }

    fn tar_of(members: &[&[u8]]) -> Vec<u8> {
        let mut out = ::tar::Builder::new(vec![]);
        for (n, bytes) in members.iter().enumerate() {
            let mut header = ::tar::Header::new_ustar();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o600);
            out.append_data(&mut header, format!("{n}.json"), *bytes).unwrap();
        }
        out.into_inner().unwrap()
    }

    /// Glances, and says that only JSON is in it and about how much.
    fn json(bytes: &[u8]) -> u64 {
        let held = glance(&mut file(bytes)).unwrap();
        assert!(held.iter().all(|(format, _)| *format == Format::Json), "{held:?}");
        held.iter().map(|(_, bytes)| bytes).sum()
    }

    #[test]
    fn what_is_packed_is_told_within_a_tenth() {
        let lines = lines(6 << 20);
        let near = |told: u64| told * 10 > lines.len() as u64 * 9 && told * 10 < lines.len() as u64 * 11;
        let zstd = zstd::stream::encode_all(&*lines, 3).unwrap();
        let twice = [gzip(&lines[..3 << 20]), gzip(&lines[3 << 20..])].concat();
        let archive = tar_of(&[&lines[..1 << 20], &lines[1 << 20..]]);
        let inside = zip_of(&[("a.json.gz", &gzip(&lines[..3 << 20])), ("b.json", &lines[3 << 20..])]);
        for (name, packed) in [
            ("plain", lines.clone()),
            ("gzip", gzip(&lines)),
            ("two members", twice),
            ("zstd", zstd),
            ("zip", zip_of(&[("a.json", &lines)])),
            ("tar", archive.clone()),
            ("tar.gz", gzip(&archive)),
            ("gzip in zip", inside),
        ] {
            let told = json(&packed);
            assert!(near(told), "{name}: {told} of {}", lines.len());
        }
        assert_eq!(json(&gzip(&lines[..5000])), 5000, "what is wholly seen is exact");
    }

    #[test]
    fn sizes_that_no_archive_can_have_are_no_overflow() {
        let packed = zip_of(&[("a.json", b"{}"), ("b.json", b"{}"), ("c.json", b"{}")]);
        // In the central directory (APPNOTE.TXT, 4.3.12) the size before packing says that ZIP64 has it; without that
        // it is the largest of 32 bits.
        let mut lies = packed.clone();
        let entries: Vec<_> =
            (0..packed.len() - 4).filter(|at| packed[*at..].starts_with(b"PK\x01\x02")).collect();
        entries.iter().for_each(|at| lies[at + 24..at + 28].copy_from_slice(&[0xfe, 0xff, 0xff, 0xff]));
        assert_eq!(json(&lies), 3 * 0xffff_fffe);
        let mut found = Found::default();
        (0..3).for_each(|_| found.add(u64::MAX, vec![(Format::Json, u64::MAX)]));
        assert_eq!(found.of(u64::MAX), [(Format::Json, u64::MAX)]);
    }

    #[test]
    fn damage_is_no_error_and_other_content_is_said() {
        let lines = lines(3 << 20);
        for packed in [gzip(&lines), zip_of(&[("a", &lines)]), tar_of(&[&lines])] {
            for cut in [20, 600, packed.len() / 2, packed.len() - 5] {
                let _ = glance(&mut file(&packed[..cut])).unwrap();
            }
        }
        let held = glance(&mut file(&gzip(b"MZ\x90\0"))).unwrap();
        assert_eq!(held, [(Format::Unknown { what: "Windows program" }, 4)]);
    }
}
