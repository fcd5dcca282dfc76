//! CPU of EVTX to events against the decoder's JSON text alone, on the files named, A B A B (Linux).
//! `cargo run --release -p ingest --example evtx_rate -- FILE…` prints one JSON line.

use ingest::evtx::{Options, read};
use std::{fs::File, hint::black_box, ops::ControlFlow};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    let (mut ours, mut text, mut events) = (0, 0, 0);
    const ROUNDS: u64 = 40;
    for _ in 0..ROUNDS {
        let start = cpu()?;
        events = 0;
        for file in &files {
            let sum = read(File::open(file)?, Options::default(), &mut |batch| {
                black_box(batch);
                ControlFlow::Continue(())
            })?;
            events += sum.records;
        }
        ours += cpu()? - start;
        let start = cpu()?;
        for file in &files {
            let settings = evtx::ParserSettings::new().indent(false);
            let mut parser = evtx::EvtxParser::from_path(file)?.with_configuration(settings);
            parser.records_json().for_each(|record| drop(black_box(record)));
        }
        text += cpu()? - start;
    }
    let rate = |ticks: u64| events * ROUNDS * 100 / ticks.max(1);
    println!(
        r#"{{"events": {events}, "events_per_cpu_s": {}, "json_text_per_cpu_s": {}, "ratio": {:.2}}}"#,
        rate(ours),
        rate(text),
        ours as f64 / text.max(1) as f64
    );
    Ok(())
}

/// CPU time of this process, all threads, in hundredths of a second (proc(5), stat: fields 14 and 15).
fn cpu() -> Result<u64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    ticks.sum::<Result<u64, _>>().map_err(Into::into)
}
