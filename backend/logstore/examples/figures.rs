//! The store alone on made-up logs: `cargo run --release -p logstore --example figures -- FOLDER N [QUERIES [TEXT]]` fills a new
//! store in FOLDER with N events and prints rates, sizes and how long queries take, as JSON.

mod made;

use event::{Event, Nanos, Place, Value};
use logstore::{LogStore, NewSource, Query, Search, SqliteStore};
use made::{KINDS, line, query, time};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

fn event(n: u64, text: &mut String) -> Event {
    line(n, text);
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    let mut identity = [0; 16];
    identity[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    identity[8..].copy_from_slice(&n.wrapping_mul(0xd6e8_feb8_6659_fd93).to_be_bytes());
    Event {
        time: Nanos(time(n)),
        dataset: "json.ecs".into(),
        place: Place { record: n + 1, offset: n * 600, len: text.len() as u32 },
        fields: fields.iter().map(|(name, v)| (name.as_str().into(), Value::from_json(v))).collect(),
        identity,
    }
}

fn percentile(times: &mut [Duration], part: f64) -> f64 {
    times.sort();
    let at = ((times.len() as f64 * part).ceil() as usize).clamp(1, times.len()) - 1;
    times[at].as_secs_f64() * 1000.0
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().ok_or("which folder?")?);
    let total: u64 = args.next().ok_or("how many events?")?.parse()?;
    let queries: u64 = args.next().unwrap_or("40".into()).parse()?;
    let path = folder.join("logs.db");
    let new = !path.exists();
    let store = SqliteStore::open(&path, false).await?;
    let source = NewSource {
        head: None,
        grown: vec![],
        sha256: "0".repeat(64),
        label: "made up".into(),
        size: 0,
        mtime: Nanos(0),
        format: "json".into(),
        kept: false,
    };
    let source = store.source(&source, Nanos(1)).await?;
    let (mut spent, mut bytes) = (Duration::ZERO, 0_u64);
    if new {
        let mut text = String::new();
        for from in (0..total).step_by(5000) {
            let batch: Vec<_> = (from..total.min(from + 5000))
                .map(|n| {
                    let event = event(n, &mut text);
                    bytes += text.len() as u64;
                    event
                })
                .collect();
            let start = Instant::now();
            store.append(source, &batch, Nanos(2)).await?;
            spent += start.elapsed();
        }
    }
    let start = Instant::now();
    store.rest().await?;
    spent += start.elapsed();
    let stats = store.stats().await?;
    println!(
        "{{\"events\": {}, \"json_bytes\": {:.0}, \"append_per_s\": {:.0}, \"bytes_per_event\": {:.1}}}",
        stats.events,
        bytes as f64 / total as f64,
        total as f64 / spent.as_secs_f64().max(1e-9),
        stats.bytes as f64 / stats.events as f64
    );
    if let Some(text) = args.next() {
        for _ in 0..queries {
            let search = Search { query: Query::text(&text), limit: 100, ..Search::default() };
            let start = Instant::now();
            let page = store.search(&search).await?;
            println!("{:.1} ms, {} found", start.elapsed().as_secs_f64() * 1000.0, page.rows.len());
        }
        return Ok(());
    }
    for (kind, name) in KINDS {
        let (mut times, mut found, mut slowest) = (vec![], 0, (Duration::ZERO, String::new()));
        for seed in 0..queries {
            let text = query(kind, seed, total);
            let search = Search { query: Query::text(&text), limit: 100, ..Search::default() };
            let start = Instant::now();
            let page = store.search(&search).await?;
            let took = start.elapsed();
            found += page.rows.len();
            slowest = slowest.max((took, text));
            times.push(took);
        }
        println!(
            "{{\"kind\": \"{name}\", \"p50_ms\": {:.1}, \"p95_ms\": {:.1}, \"found\": {found}, \"slowest\": {:?}}}",
            percentile(&mut times, 0.5),
            percentile(&mut times, 0.95),
            (slowest.0.as_secs_f64() * 1000.0, slowest.1)
        );
    }
    store.close().await?;
    Ok(())
}
