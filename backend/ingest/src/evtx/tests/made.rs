//! Small logs made here, byte by byte, so that reading is tested without anybody's files.
//!
//! Layout after libevtx's "Windows XML Event Log (EVTX) format" and [MS-EVEN6] 2.2.12: BinXML without
//! templates, every name inline, every value a string.

use super::*;

/// An element: name, attributes, text or children.
pub(super) struct El(pub &'static str, pub Vec<(&'static str, String)>, pub Inside);

/// What an element holds.
pub(super) enum Inside {
    Text(String),
    Children(Vec<El>),
}

fn text(name: &'static str, text: impl Into<String>) -> El {
    El(name, vec![], Inside::Text(text.into()))
}

/// A 4688 record of the Security log with this command line.
pub(super) fn record(id: u64, command: &str) -> El {
    let system = vec![
        El("Provider", vec![("Name", "Made-Provider".into())], Inside::Children(vec![])),
        text("EventID", "4688"),
        text("Level", "0"),
        El(
            "TimeCreated",
            vec![("SystemTime", format!("2024-03-01T10:00:{:02}.5Z", id % 60))],
            Inside::Children(vec![]),
        ),
        text("EventRecordID", id.to_string()),
        text("Channel", "Security"),
        text("Computer", "WS1.example.test"),
    ];
    let data = El("Data", vec![("Name", "CommandLine".into())], Inside::Text(command.into()));
    El(
        "Event",
        vec![],
        Inside::Children(vec![
            El("System", vec![], Inside::Children(system)),
            El("EventData", vec![], Inside::Children(vec![data])),
        ]),
    )
}

fn utf16(out: &mut Vec<u8>, text: &str) {
    text.encode_utf16().for_each(|unit| out.extend(unit.to_le_bytes()));
}

/// A name at `at`, inline: the place of the name itself, then the name.
pub(super) fn name(out: &mut Vec<u8>, start: usize, name: &str) {
    let at = (start + out.len() + 4) as u32;
    out.extend(at.to_le_bytes());
    out.extend(0_u32.to_le_bytes());
    let hash = name.encode_utf16().fold(0_u32, |h, unit| h.wrapping_mul(65_599).wrapping_add(unit.into()));
    out.extend((hash as u16).to_le_bytes());
    out.extend((name.encode_utf16().count() as u16).to_le_bytes());
    utf16(out, name);
    out.extend([0, 0]);
}

pub(super) fn value(out: &mut Vec<u8>, text: &str) {
    out.extend([0x05, 0x01]);
    out.extend((text.encode_utf16().count() as u16).to_le_bytes());
    utf16(out, text);
}

/// Four bytes to be filled with the length of what follows.
pub(super) fn hole(out: &mut Vec<u8>) -> usize {
    out.extend([0; 4]);
    out.len()
}

pub(super) fn fill(out: &mut [u8], hole: usize) {
    let len = (out.len() - hole) as u32;
    out[hole - 4..hole].copy_from_slice(&len.to_le_bytes());
}

/// `out` begins `start` bytes into its chunk.
fn element(out: &mut Vec<u8>, start: usize, el: &El) {
    out.push(if el.1.is_empty() { 0x01 } else { 0x41 });
    let size = hole(out);
    name(out, start, el.0);
    if !el.1.is_empty() {
        let list = hole(out);
        for (i, (key, text)) in el.1.iter().enumerate() {
            out.push(if i + 1 < el.1.len() { 0x46 } else { 0x06 });
            name(out, start, key);
            value(out, text);
        }
        fill(out, list);
    }
    match &el.2 {
        Inside::Children(children) if children.is_empty() => out.push(0x03),
        Inside::Children(children) => {
            out.push(0x02);
            children.iter().for_each(|child| element(out, start, child));
            out.push(0x04);
        }
        Inside::Text(text) => {
            out.push(0x02);
            value(out, text);
            out.push(0x04);
        }
    }
    fill(out, size);
}

/// A chunk of records numbered from `first` on, and the offset of each in it.
pub(super) fn chunk(first: u64, records: &[El]) -> (Vec<u8>, Vec<usize>) {
    chunk_of(first, records, |el, start| {
        let mut body = vec![0x0f, 1, 1, 0];
        element(&mut body, start, el);
        body.push(0);
        body
    })
}

/// The same of anything that can be written as the BinXML of a record, which begins so many bytes into the chunk.
pub(super) fn chunk_of<T>(
    first: u64,
    records: &[T],
    mut write: impl FnMut(&T, usize) -> Vec<u8>,
) -> (Vec<u8>, Vec<usize>) {
    let mut out = vec![0; 512];
    let mut places = Vec::new();
    for (i, el) in records.iter().enumerate() {
        let at = out.len();
        places.push(at);
        let body = write(el, at + 24);
        let size = (body.len() + 28) as u32;
        out.extend(b"\x2a\x2a\0\0");
        out.extend(size.to_le_bytes());
        out.extend((first + i as u64).to_le_bytes());
        // 2024-03-01T10:00:00Z as FILETIME.
        out.extend(133_537_608_000_000_000_u64.to_le_bytes());
        out.extend(body);
        out.extend(size.to_le_bytes());
    }
    let last = first + records.len() as u64 - 1;
    let free = out.len() as u32;
    out[..8].copy_from_slice(b"ElfChnk\0");
    for (at, number) in [(8, first), (16, last), (24, first), (32, last)] {
        out[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }
    let records_crc = evtx::checksum_ieee(&out[512..]);
    for (at, number) in [(40, 128), (44, places[places.len() - 1] as u32), (48, free), (52, records_crc)] {
        out[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    let checked = [&out[..120], &out[128..512]].concat();
    out[124..128].copy_from_slice(&evtx::checksum_ieee(&checked).to_le_bytes());
    out.resize(65536, 0);
    (out, places)
}

/// A file of these chunks.
pub(super) fn log(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = vec![0; 4096];
    out[..8].copy_from_slice(b"ElfFile\0");
    out[16..24].copy_from_slice(&(chunks.len() as u64).saturating_sub(1).to_le_bytes());
    out[32..36].copy_from_slice(&128_u32.to_le_bytes());
    for (at, number) in [(36, 1), (38, 3), (40, 4096), (42, chunks.len() as u16)] {
        out[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    let crc = evtx::checksum_ieee(&out[..120]);
    out[124..128].copy_from_slice(&crc.to_le_bytes());
    chunks.iter().for_each(|chunk| out.extend(chunk));
    out
}

fn reads(bytes: &[u8], options: Options) -> (All, Summary) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    all(file.path(), options).unwrap()
}

/// `n` records in chunks of twenty.
fn many(n: u64) -> Vec<Vec<u8>> {
    let numbers: Vec<u64> = (1..=n).collect();
    let records = |ids: &[u64]| ids.iter().map(|id| record(*id, &format!("run {id}"))).collect::<Vec<_>>();
    numbers.chunks(20).map(|ids| chunk(ids[0], &records(ids)).0).collect()
}

#[test]
fn a_made_record_becomes_the_event() {
    let (bytes, places) = chunk(7, &[record(7, r#"cmd /c "echo a\b""#), record(8, "x")]);
    let (found, sum) = reads(&log(&[bytes]), Options::default());
    assert_eq!((&found.skipped[..], &found.notes[..]), (&[][..], &[][..]));
    assert_eq!((sum.records, sum.chunks, sum.bytes, sum.stopped), (2, 1, 69_632, false));
    let event = &found.events[0];
    assert_eq!(
        event.fields_json(),
        r#"{"Provider_Name":"Made-Provider","EventID":4688,"Level":0,"TimeCreated":"2024-03-01T10:00:07.5Z","EventRecordID":7,"Channel":"Security","Computer":"WS1.example.test","CommandLine":"cmd /c \"echo a\\b\""}"#
    );
    assert_eq!(event.time.0, 1_709_287_207_500_000_000);
    assert_eq!(&*event.dataset, "windows.security");
    assert_eq!(event.place.record, 7);
    assert_eq!(event.place.offset, 4096 + places[0] as u64);
    assert_eq!(event.place.len as usize, places[1] - places[0]);
    assert_ne!(found.events[1].identity, event.identity);
}

#[test]
fn order_and_resume_points_hold_with_any_number_of_threads() {
    let bytes = log(&many(210));
    let (one, _) = reads(&bytes, Options::default());
    let ids: Vec<u64> = one.events.iter().map(|e| e.place.record).collect();
    assert_eq!(ids, (1..=210).collect::<Vec<_>>());
    for threads in [0, 2, 5, 64] {
        assert_eq!(reads(&bytes, Options { threads, ..Options::default() }).0, one, "{threads}");
    }
    for from_chunk in 0..=12 {
        let (rest, _) = reads(&bytes, Options { from_chunk, threads: 2, ..Options::default() });
        assert_eq!(rest.events[..], one.events[(from_chunk as usize * 20).min(210)..], "{from_chunk}");
    }
}

#[test]
fn damage_costs_what_it_hits_and_is_named() {
    let chunks = many(60);
    let whole = log(&chunks);
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        change(&mut bytes);
        let (found, _) = reads(&bytes, Options::default());
        (found.events.len(), found.skipped, found.notes)
    };
    let (n, skipped, _) = damaged(&|b| b[4096 + 65536] = 0);
    assert_eq!((n, skipped.len(), skipped[0].offset), (40, 1, Some(4096 + 65536)), "{skipped:?}");
    assert!(skipped[0].reason.starts_with("chunk 1 is damaged"), "{skipped:?}");

    // A record's magic: the one record is lost, with its place.
    let second = chunk(1, &[record(1, "run 1"), record(2, "run 2")]).1[1];
    let (n, skipped, notes) = damaged(&|b| b[4096 + second] = 0);
    assert_eq!((n, skipped.len(), notes.len()), (59, 1, 1), "{skipped:?} {notes:?}");
    assert_eq!(skipped[0].offset, Some(4096 + second as u64));

    let (n, skipped, notes) = damaged(&|b| b[16] ^= 1);
    assert_eq!((n, skipped.len(), notes.len()), (60, 0, 1), "{notes:?}");
    let (n, skipped, _) = damaged(&|b| b[0] = 0);
    assert_eq!((n, skipped.len()), (60, 1), "{skipped:?}");
    let (n, skipped, _) = damaged(&|b| b.truncate(4096 + 65536 + 3000));
    assert!((21..40).contains(&n) && skipped.len() >= 2, "{n} {skipped:?}");
    let (n, skipped, _) = damaged(&|b| b.extend([7; 500]));
    assert_eq!((n, skipped.len()), (60, 1), "{skipped:?}");
}

#[test]
fn a_sink_that_breaks_ends_the_reading() {
    let bytes = log(&many(200));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    for threads in [1, 4] {
        let mut batches = 0;
        let options = Options { threads, batch: 20, ..Options::default() };
        let sum = read(File::open(file.path()).unwrap(), options, &mut |_| {
            batches += 1;
            if batches == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let sum = sum.unwrap();
        assert_eq!((batches, sum.records, sum.stopped), (3, 60, true));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, ..Default::default() })]

    #[test]
    fn any_command_line_comes_through(command in "[^\u{0}\u{fffe}\u{ffff}]{1,60}") {
        let (found, _) = reads(&log(&[chunk(1, &[record(1, &command)]).0]), Options::default());
        proptest::prop_assert_eq!(found.events[0].text("CommandLine").unwrap_or_default(), command);
    }

    #[test]
    fn any_damage_is_survived(changes: Vec<(u16, u8)>) {
        let mut bytes = log(&many(3));
        for (at, to) in changes {
            let at = 4000 + usize::from(at) % 3500;
            bytes[at] = to;
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let _ = all(file.path(), Options { threads: 2, ..Options::default() });
    }
}
