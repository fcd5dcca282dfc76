//! What the fuzzers begin with, and what they have found: read again as each format.
#![allow(clippy::unwrap_used, reason = "tests")]

use event::Batch;
use ingest::{Content, Format, Options, Resume, Sink};
use std::{fs::File, ops::ControlFlow, path::PathBuf};

#[derive(Default)]
struct Count {
    size: u64,
    events: usize,
    named: usize,
}

impl Sink for Count {
    fn begin(&mut self, content: &Content) -> ControlFlow<()> {
        self.size = content.size;
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        assert!(batch.events.iter().all(|e| e.place.offset < self.size));
        self.events += batch.events.len();
        self.named += batch.skipped.len();
        ControlFlow::Continue(())
    }
}

#[test]
fn every_seed_is_read_as_every_format() {
    let corpus =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("fuzz/corpus");
    let mut seen = 0;
    for (name, own) in Format::NAMES {
        let Ok(folder) = std::fs::read_dir(corpus.join(name)) else { continue };
        for seed in folder {
            let seed = seed.unwrap().path();
            for (_, format) in Format::NAMES {
                let mut count = Count::default();
                let read = ingest::read(*format, File::open(&seed).unwrap(), &Options::default(), &mut count);
                if format == own && read.is_ok() {
                    assert!(count.events + count.named > 0, "{}: nothing came of it", seed.display());
                }
            }
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen} seeds");
}
