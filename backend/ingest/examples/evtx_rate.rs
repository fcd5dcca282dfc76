//! CPU of EVTX to events against the decoder's JSON text alone, on the files named, in turn, one thread.
//! `cargo run --release -p ingest --example evtx_rate -- FILE…` prints one JSON line.

use ingest::evtx::{Options, read};
use std::{fs::File, hint::black_box, ops::ControlFlow, time::Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    let (mut ours, mut text, mut events) = (f64::MAX, f64::MAX, 0);
    for _ in 0..15 {
        let start = Instant::now();
        events = 0;
        for file in &files {
            let sum = read(File::open(file)?, Options::default(), &mut |batch| {
                black_box(batch);
                ControlFlow::Continue(())
            })?;
            events += sum.records;
        }
        ours = ours.min(start.elapsed().as_secs_f64());
        let start = Instant::now();
        for file in &files {
            let settings = evtx::ParserSettings::new().indent(false);
            let mut parser = evtx::EvtxParser::from_path(file)?.with_configuration(settings);
            parser.records_json().for_each(|record| drop(black_box(record)));
        }
        text = text.min(start.elapsed().as_secs_f64());
    }
    let rate = |seconds: f64| (events as f64 / seconds) as u64;
    println!(
        r#"{{"events": {events}, "events_per_s": {}, "json_text_per_s": {}, "ratio": {:.2}}}"#,
        rate(ours),
        rate(text),
        ours / text
    );
    Ok(())
}
