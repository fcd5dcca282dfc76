//! JSON texts that must be accepted, refused or only survived, each as a file of its own.
#![allow(clippy::unwrap_used, reason = "tests")]

use event::{Batch, Event};
use ingest::{Content, Format, Options, Resume, Sink};
use std::{
    fs::File,
    io::{Read, Seek, Write},
    ops::ControlFlow,
    path::PathBuf,
};

fn shared() -> Option<PathBuf> {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = std::env::var_os("AURORASOC_SHARED").map_or(here.join("../../../shared"), PathBuf::from);
    let data = root.join("data");
    if data.is_dir() {
        return Some(data);
    }
    println!("skipped: no shared data");
    None
}

#[derive(Default)]
struct All {
    events: Vec<Event>,
    named: Vec<String>,
}

impl Sink for All {
    fn begin(&mut self, _: &Content) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        self.events.extend(batch.events);
        self.named.extend(batch.skipped.into_iter().map(|s| s.reason));
        ControlFlow::Continue(())
    }
}

#[test]
fn json_texts_are_accepted_and_refused_as_expected() {
    let Some(data) = shared() else { return };
    let mut zip = zip::ZipArchive::new(File::open(data.join("api/json-parsing.zip")).unwrap()).unwrap();
    let (mut seen, mut wrong) = (0, Vec::new());
    for at in 0..zip.len() {
        let mut member = zip.by_index(at).unwrap();
        let name = member.name().unwrap().into_owned();
        let mut text = Vec::new();
        member.read_to_end(&mut text).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&text).unwrap();
        file.rewind().unwrap();
        // Most are too small to be told by content, so the user says what they are.
        let mut got = All::default();
        let format = ingest::open(&mut file, Some(Format::Json)).unwrap();
        assert!(ingest::read(format, file, &Options::default(), &mut got).unwrap().is_continue());
        // Told apart by content it is at least survived.
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&text).unwrap();
        file.rewind().unwrap();
        let format = ingest::open(&mut file, None).unwrap();
        let _ = ingest::read(format, file, &Options::default(), &mut All::default());
        let broken = got.events.iter().any(|e| e.get("parse_error").is_some());
        seen += 1;
        let ok = match name.rsplit('/').next().unwrap().as_bytes().first() {
            // An empty list has no event, which is said.
            Some(b'y') => !broken && got.events.len() + got.named.len() > 0,
            // What holds no value at all, or is wrong around good ones, has no event to carry it.
            Some(b'n') => broken || !got.named.is_empty(),
            _ => true,
        };
        if !ok {
            wrong.push(format!("{name}: {} {:?} {:?}", text.escape_ascii(), got.named, got.events.len()));
        }
    }
    assert!(seen > 100, "{seen}");
    assert_eq!(wrong, Vec::<String>::new());
}
