//! Import: each reader beside the best crate that only parses.

use crate::{
    inputs,
    measure::{self, cost, round},
    pipeline,
};
use event::Batch;
use ingest::{Content, Options, Resume, Sink};
use serde_json::{Value, json};
use std::{fs::File, hint::black_box, io::Read, ops::ControlFlow, path::Path};

/// Bytes of each format's file.
const SIZE: usize = 96 << 20;

/// The report: ratios of every format, then of imports as a whole. `only` is the beginning of a name.
pub fn report(rounds: usize, only: Option<&str>) -> Value {
    let folder = std::env::temp_dir().join(format!("bench-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let wanted = |name: &str| only.is_none_or(|o| name.starts_with(o));
    let mut out = serde_json::Map::new();
    for (n, (name, _)) in inputs::FORMATS.iter().enumerate().filter(|(_, (name, _))| wanted(name)) {
        let path = inputs::write(&folder, n, SIZE);
        out.insert((*name).into(), format(rounds, name, &path));
        let _ = std::fs::remove_file(path);
    }
    let _ = std::fs::remove_dir_all(folder);
    for (name, write) in pipeline::INPUTS.iter().filter(|(name, _)| wanted(name)) {
        out.insert((*name).into(), pipeline::report(rounds, *write));
    }
    Value::Object(out)
}

/// What only parses a format.
fn peers(format: &str) -> &'static [&'static str] {
    match format.split(' ').next() {
        Some("csv" | "zeek") => &["csv"],
        Some("json") => &["sonic-rs", "simd-json"],
        _ => &["syslog_loose"],
    }
}

fn format(rounds: usize, name: &str, path: &Path) -> Value {
    let path = path.to_string_lossy();
    let ours: &[&str] = &["ours", name, &path];
    let theirs: Vec<[&str; 3]> = peers(name).iter().map(|peer| [*peer, name, &path]).collect();
    let mut sides = vec![("import", ours)];
    sides.extend(theirs.iter().map(|args| ("import", &args[..])));
    let mut all = measure::rounds(rounds, &sides);
    let ours = all.remove(0);
    let cpu = |v: &Value| v["cpu"].as_f64().unwrap_or(f64::NAN);
    let best = all.iter().map(cpu).fold(f64::INFINITY, f64::min);
    let mut said = json!({"bar": "at most 1.5", "ratio": round(cpu(&ours) / best), "ours": ours});
    for (name, side) in peers(name).iter().zip(all) {
        said[*name] = side;
    }
    said
}

/// One side: who, format, file.
pub fn side(args: &[String]) -> Value {
    let (who, format, path) = (args[0].as_str(), args[1].as_str(), Path::new(&args[2]));
    let work = || match who {
        "ours" => ours(path),
        "csv" => table(path, format == "zeek"),
        "sonic-rs" => lines(path, |line| black_box(sonic_rs::from_slice::<sonic_rs::Value>(line)).is_ok()),
        "simd-json" => {
            let mut buffers = simd_json::Buffers::default();
            lines(path, |line| black_box(simd_json::to_tape_with_buffers(line, &mut buffers)).is_ok())
        }
        _ => lines(path, |line| {
            let Ok(text) = std::str::from_utf8(line) else { return false };
            let read = syslog_loose::parse_message(text, syslog_loose::Variant::Either);
            black_box(read).timestamp.is_some()
        }),
    };
    let count = || ((), json!({"events": work()}));
    cost(count).1
}

/// Counts events and drops them.
struct Count(u64, u64);

impl Sink for Count {
    fn begin(&mut self, _: &Content) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn batch(&mut self, _: Resume, batch: Batch) -> ControlFlow<()> {
        self.0 += black_box(&batch).events.len() as u64;
        self.1 += batch.skipped.len() as u64;
        ControlFlow::Continue(())
    }
}

fn ours(path: &Path) -> u64 {
    let mut file = File::open(path).expect("the input");
    let format = ingest::sniff_file(&mut file).expect("the input");
    let mut count = Count(0, 0);
    let read = ingest::read(format, file, &Options::default(), &mut count);
    assert!(read.is_ok_and(|flow| flow.is_continue()) && count.1 * 50 <= count.0, "{} bad", count.1);
    count.0
}

fn table(path: &Path, zeek: bool) -> u64 {
    let mut builder = csv::ReaderBuilder::new();
    builder.flexible(true);
    if zeek {
        builder.delimiter(b'\t').quoting(false).comment(Some(b'#'));
    }
    let mut reader = builder.from_path(path).expect("the input");
    let mut record = csv::ByteRecord::new();
    let mut count = 0;
    while reader.read_byte_record(&mut record).expect("a record") {
        black_box(&record);
        count += 1;
    }
    count
}

fn lines(path: &Path, mut parse: impl FnMut(&mut [u8]) -> bool) -> u64 {
    let mut text = Vec::new();
    File::open(path).and_then(|mut f| f.read_to_end(&mut text)).expect("the input");
    let mut count = 0;
    for line in text.split_mut(|b| *b == b'\n') {
        count += u64::from(parse(line));
    }
    count
}
