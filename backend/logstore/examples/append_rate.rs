//! Durable events a second of `append`: `cargo run --release -p logstore --example append_rate -- FOLDER N`
//! fills a new store in FOLDER with N made-up process events in batches of 1,000 and prints one JSON line.

use event::{Event, Interner, Nanos, Place, Value};
use logstore::{LogStore, NewSource, Search, SqliteStore};
use std::{path::PathBuf, time::Instant};

/// An event of the size of a Security 4688 record; `n` makes it another one, spread over its keys.
fn made(names: &mut Interner, n: u64) -> Event {
    let spread = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut identity = [0; 16];
    identity[..8].copy_from_slice(&spread.to_be_bytes());
    identity[8..].copy_from_slice(&n.to_be_bytes());
    let texts = [
        ("Provider_Name", "Microsoft-Windows-Security-Auditing".to_owned()),
        ("Channel", "Security".into()),
        ("Computer", format!("WS{:03}.example.test", spread % 200)),
        ("Keywords", "0x8020000000000000".into()),
        ("SubjectUserSid", "S-1-5-21-1000000000-2000000000-3000000000-1104".into()),
        ("SubjectUserName", format!("user{:02}", spread % 60)),
        ("SubjectDomainName", "EXAMPLE".into()),
        ("SubjectLogonId", format!("0x{:x}", spread % 0xffff_ffff)),
        ("NewProcessId", format!("0x{:x}", spread % 0x9000)),
        ("NewProcessName", format!("C:\\Program Files\\Vendor {}\\tool{}.exe", spread % 90, spread % 17)),
        ("TokenElevationType", "%%1936".into()),
        (
            "CommandLine",
            format!("\"C:\\Program Files\\Vendor\\tool.exe\" --job {n} --mode quiet --out C:\\Temp\\{n}.log"),
        ),
        ("ParentProcessName", "C:\\Windows\\explorer.exe".into()),
        ("MandatoryLabel", "S-1-16-8192".into()),
    ];
    let mut fields = vec![
        (names.intern("EventID"), Value::Int(4688)),
        (names.intern("Level"), Value::Int(0)),
        (names.intern("Task"), Value::Int(13312)),
        (names.intern("EventRecordID"), Value::Int(n.cast_signed())),
    ];
    fields.extend(texts.map(|(name, text)| (names.intern(name), Value::from(&*text))));
    Event {
        time: Nanos(1_700_000_000_000_000_000 + (n * 7_000_000).cast_signed()),
        dataset: names.intern("windows.security"),
        place: Place { record: n, offset: n * 900, len: 900 },
        fields,
        identity,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().ok_or("which folder?")?);
    let total: u64 = args.next().ok_or("how many events?")?.parse()?;
    let store = SqliteStore::open(&folder.join("logs.db"), false).await?;
    let source = NewSource {
        head: None,
        grown: vec![],
        sha256: "0".repeat(64),
        label: "made up".into(),
        size: 0,
        mtime: Nanos(0),
        format: "evtx".into(),
        kept: false,
    };
    let source = store.source(&source, Nanos(0)).await?;
    let (mut names, mut spent) = (Interner::default(), 0.0);
    for start in (0..total).step_by(1000) {
        let batch: Vec<Event> = (start..(start + 1000).min(total)).map(|n| made(&mut names, n)).collect();
        let begin = Instant::now();
        store.append(source, &batch, Nanos(0)).await?;
        spent += begin.elapsed().as_secs_f64();
    }
    let begin = Instant::now();
    let search = Search { text: Some(format!("--job {} ", total / 2)), ..Search::default() };
    let found = store.search(&search).await?.rows.len();
    let text_ms = begin.elapsed().as_millis();
    let bytes = store.stats().await?.bytes;
    println!(
        r#"{{"events": {total}, "appended_per_s": {}, "bytes_per_event": {}, "rare_text_found": {found}, "rare_text_ms": {text_ms}}}"#,
        (total as f64 / spent) as u64,
        bytes / total.max(1)
    );
    store.close().await?;
    Ok(())
}
