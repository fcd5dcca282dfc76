//! Containers in each other, limits, damage, and what is not read; members built here.

use crate::{Content, Format, Limits, Options, Resume, Sink, open, read};
use event::{Batch, Event, Skipped};
use flate2::{Compression, write::GzEncoder};
use std::{
    io::{Cursor, Seek, SeekFrom, Write},
    ops::ControlFlow,
    path::Path,
    time::{Duration, Instant},
};
use zip::{ZipWriter, unstable::write::FileOptionsExt as _, write::SimpleFileOptions};

/// Everything that a reading gives.
#[derive(Default)]
pub(super) struct All {
    pub(super) contents: Vec<Content>,
    /// With the number of the content.
    pub(super) events: Vec<(u64, Event)>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) resumes: Vec<(Resume, usize)>,
    pub(super) bytes: Vec<u64>,
    /// Ends after so many batches.
    stop_after: Option<usize>,
}

impl Sink for All {
    fn begin(&mut self, content: &Content) -> ControlFlow<()> {
        self.contents.push(content.clone());
        ControlFlow::Continue(())
    }

    fn batch(&mut self, resume: Resume, batch: Batch) -> ControlFlow<()> {
        let number = self.contents.last().map_or(0, |c| c.number);
        self.events.extend(batch.events.into_iter().map(|e| (number, e)));
        self.skipped.extend(batch.skipped);
        self.resumes.push((resume, self.events.len()));
        self.bytes.push(batch.bytes_done);
        match self.stop_after {
            Some(n) if self.resumes.len() >= n => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

pub(super) fn file(bytes: &[u8]) -> std::fs::File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

pub(super) fn read_with(bytes: &[u8], options: &Options) -> Result<All, crate::ReadError> {
    let mut file = file(bytes);
    let format = open(&mut file, None).unwrap();
    let mut all = All::default();
    let _ = read(format, file, options, &mut all)?;
    Ok(all)
}

pub(super) fn all(bytes: &[u8]) -> All {
    read_with(bytes, &Options { batch: 2, ..Options::default() }).unwrap()
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::default());
    to.write_all(bytes).unwrap();
    to.finish().unwrap()
}

pub(super) fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        to.start_file(*name, SimpleFileOptions::default()).unwrap();
        to.write_all(bytes).unwrap();
    }
    to.finish().unwrap().into_inner()
}

pub(super) const LINES: &[u8] = b"{\"a\":1}\n{\"a\":2}\nbad\n{\"a\":3}\n{\"a\":4}\n";
pub(super) const AUDIT: &[u8] = b"type=CWD msg=audit(1604996384.965:1): cwd=\"/\"\n";

#[test]
fn members_are_contents_with_names_formats_and_hashes() {
    let inner = zipped(&[("deep/b.json", LINES)]);
    let outer = zipped(&[
        ("a.log", AUDIT),
        ("logs/", b""),
        ("b.json.gz", &gzip(LINES)),
        ("inner.zip", &inner),
        ("c.pcap", b"\xd4\xc3\xb2\xa1rest"),
        ("d.txt", b"some text\n"),
        ("e", b""),
    ]);
    let got = all(&outer);
    let shown: Vec<_> = got
        .contents
        .iter()
        .map(|c| (c.number, c.member.as_deref().unwrap_or("-"), c.format.as_str(), c.size))
        .collect();
    assert_eq!(
        shown,
        [
            (0, "a.log", "zip/auditd", AUDIT.len() as u64),
            (1, "b.json.gz", "zip/gzip/json", LINES.len() as u64),
            (2, "inner.zip > deep/b.json", "zip/zip/json", LINES.len() as u64),
        ]
    );
    assert_eq!(got.contents[1].sha256, got.contents[2].sha256);
    // The same content has the same events wherever it lies.
    let of = |n: u64| -> Vec<_> { got.events.iter().filter(|e| e.0 == n).map(|e| e.1.identity).collect() };
    assert_eq!((of(0).len(), of(1).len()), (1, 5));
    assert_eq!(of(1), of(2));
    let alone = all(&gzip(LINES));
    assert_eq!(alone.contents[0].member.as_deref(), Some("content"));
    assert_eq!(alone.events.iter().map(|e| e.1.identity).collect::<Vec<_>>(), of(1));
    let named: Vec<_> = got
        .skipped
        .iter()
        .map(|s| (s.member.as_deref().unwrap_or("-"), s.reason.split(':').next().unwrap()))
        .collect();
    assert_eq!(
        named,
        [
            ("b.json.gz", "line 3"),
            ("inner.zip > deep/b.json", "line 3"),
            ("c.pcap", "pcap capture"),
            ("d.txt", "text of a kind that is not known"),
            ("e", "empty file"),
        ]
    );
    assert!(got.bytes.is_sorted() && *got.bytes.last().unwrap() <= outer.len() as u64);
}

#[test]
fn every_resume_point_goes_on_with_what_is_left() {
    let archive = zipped(&[
        ("a.json", LINES),
        ("x.bin", b"\x00"),
        ("b.zip", &zipped(&[("c.json.gz", &gzip(LINES)), ("y.bin", b"\x00")])),
        ("d.log", AUDIT),
    ]);
    let whole = all(&archive);
    assert_eq!((whole.events.len(), whole.skipped.len()), (11, 4));
    for (from, events) in &whole.resumes {
        let rest = read_with(&archive, &Options { batch: 2, from: *from, ..Options::default() }).unwrap();
        assert_eq!(rest.events, whole.events[*events..], "{from:?}");
    }
    let stopped = All { stop_after: Some(2), ..All::default() };
    let mut stopped = stopped;
    let flow = read(Format::Zip, file(&archive), &Options { batch: 2, ..Options::default() }, &mut stopped);
    assert!(flow.unwrap().is_break());
    assert_eq!(stopped.resumes.len(), 2);
}

#[test]
fn an_event_log_inside_an_archive_is_read_as_outside() {
    let Some(data) = crate::evtx::shared_data() else { return };
    let line = std::fs::read_to_string(data.join("evtx/parse_expect.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    let log = std::fs::read(data.join(line["file"].as_str().unwrap())).unwrap();
    let outside = all(&log);
    let inside = all(&zipped(&[("log", &log)]));
    assert!(!outside.events.is_empty());
    assert_eq!(inside.events, outside.events);
    for (from, events) in inside.resumes.iter().take(5) {
        let rest = Options { from: *from, threads: 3, ..Options::default() };
        assert_eq!(read_with(&zipped(&[("log", &log)]), &rest).unwrap().events, outside.events[*events..]);
    }
}

#[test]
fn damage_costs_what_it_hits() {
    // Cut off in the middle: what came before is read, and it is said.
    let many = LINES.repeat(5000);
    let packed = gzip(&many);
    let got = all(&packed[..packed.len() / 2]);
    assert!(!got.events.is_empty());
    let said = got.skipped.last().unwrap();
    assert!(said.reason.contains("damaged or cut off") && said.reason.contains("was read"), "{said:?}");
    // A member with a wrong checksum, between good ones.
    let mut archive = zipped(&[("a.log", AUDIT), ("b.log", AUDIT), ("c.log", AUDIT)]);
    let second = memchr::memmem::find_iter(&archive, b"PK\x03\x04").nth(1).unwrap();
    archive[second + 14] ^= 0xff;
    let central = memchr::memmem::find_iter(&archive, b"PK\x01\x02").nth(1).unwrap();
    archive[central + 16] ^= 0xff;
    let got = all(&archive);
    assert!(got.events.iter().any(|e| e.0 == 0) && got.events.iter().any(|e| e.0 == 2));
    assert!(got.skipped.iter().any(|s| s.member.as_deref() == Some("b.log")), "{:?}", got.skipped);
    // No archive at all behind the magic number.
    let error = read_with(b"PK\x03\x04nothing", &Options::default()).err().unwrap();
    assert!(error.to_string().contains("zip archive is damaged"), "{error}");
}

#[test]
fn limits_are_met_with_a_reason() {
    let limited = |bytes: &[u8], limits: Limits| {
        let options = Options { limits, ..Options::default() };
        match read_with(bytes, &options) {
            Ok(all) => (
                all.events.len(),
                all.skipped.iter().map(|s| s.reason.clone()).collect::<Vec<_>>().join("; "),
            ),
            Err(e) => (0, e.to_string()),
        }
    };
    let lines = LINES.repeat(100_000);
    let small = Limits { free: 1 << 16, ratio: 5, ..Limits::default() };
    for archive in [gzip(&lines), zipped(&[("a", &lines)]), zipped(&[("a.gz", &gzip(&lines))])] {
        let (events, said) = limited(&archive, small.clone());
        assert!(events > 100 && said.contains("unpacks to more"), "{events} {said}");
    }
    let shared: Vec<_> = ["a", "b", "c", "d"].map(|n| (n, &lines[..40_000])).into();
    let (_, said) = limited(&zipped(&shared), Limits { total: 100_000, ..Limits::default() });
    assert!(said.contains("in all"), "{said}");
    let three = zipped(&[("a", AUDIT), ("b", AUDIT), ("c", AUDIT)]);
    let (events, said) = limited(&three, Limits { entries: 2, ..Limits::default() });
    assert!(events == 0 && said.contains("has 3 entries; at most 2"), "{said}");
    let nested = zipped(&[("z", &zipped(&[("y", &zipped(&[("x", &zipped(&[("w", AUDIT)]))]))]))]);
    let (events, said) = limited(&nested, Limits::default());
    assert!(events == 0 && said.contains("inside 3 others"), "{said}");
    let (_, said) = limited(&zipped(&[("z", &three)]), Limits { held: 100, ..Limits::default() });
    assert!(said.contains("more than 100 bytes inside another"), "{said}");
}

#[test]
fn encrypted_members_and_links_are_named() {
    let mut to = ZipWriter::new(Cursor::new(Vec::new()));
    to.start_file("secret", SimpleFileOptions::default().with_deprecated_encryption(b"pw").unwrap()).unwrap();
    to.write_all(AUDIT).unwrap();
    to.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    let got = all(&to.finish().unwrap().into_inner());
    let reasons: Vec<_> = got.skipped.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(reasons, ["encrypted: not read", "a symbolic link: not followed"]);
}

#[test]
fn hostile_archives_are_contained_within_their_time() {
    let Some(data) = crate::evtx::shared_data() else { return };
    let mut seen = 0;
    for line in std::fs::read_to_string(data.join("api/hostile-files.expect.jsonl")).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let path = data.join(line["file"].as_str().unwrap());
        let start = Instant::now();
        let named = match read_with(&std::fs::read(&path).unwrap(), &Options::default()) {
            Ok(all) => all.skipped.len() + all.events.len(),
            Err(e) => e.to_string().len(),
        };
        let took = start.elapsed();
        assert!(named > 0, "{}: nothing was said", path.display());
        // Ten times for a build that is not optimised.
        assert!(took < Duration::from_secs(10), "{}: {took:?}", path.display());
        seen += 1;
    }
    assert!(seen > 20);
    assert!(!Path::new("/tmp/evil").exists());
}

proptest::proptest! {
    #[test]
    fn any_bytes_behind_the_magic_numbers_are_taken(bytes: Vec<u8>, at in 0usize..400, with: u8) {
        for magic in [&b"PK\x03\x04"[..], b"\x1f\x8b\x08\0"] {
            let _ = read_with(&[magic, &bytes].concat(), &Options::default());
        }
        let mut archive = zipped(&[("a.json", LINES), ("b.gz", &gzip(LINES))]);
        let at = at % archive.len();
        archive[at] = with;
        let _ = read_with(&archive, &Options::default());
    }
}
