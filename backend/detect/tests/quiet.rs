//! Our own rules on real logs: what they find on attacks, and that ordinary logs stay quiet.

mod support;

use detect::{Coverage, Engine, Mapping};
use event::Event;
use std::{collections::BTreeMap, path::Path};

fn engine() -> Engine {
    let (engine, not_run) = Engine::build(detect::builtin().rules, &Mapping::builtin().unwrap());
    assert!(not_run.is_empty(), "{not_run:?}");
    engine
}

fn evtx(path: &Path) -> Vec<Event> {
    let mut parser = evtx::EvtxParser::from_path(path).unwrap();
    parser.records_json_value().filter_map(Result::ok).map(|r| support::windows(&r.data)).collect()
}

fn count(engine: &Engine, events: &[Event], into: &mut BTreeMap<String, Vec<u64>>) {
    let mut hits = Vec::new();
    for event in events {
        hits.clear();
        engine.scan(event, &mut hits);
        for hit in &hits {
            into.entry(engine.rules()[hit.rule].title.clone()).or_default().push(event.place.record);
        }
    }
}

#[test]
fn survey() {
    let Some(data) = support::shared() else { return };
    let engine = engine();
    for line in support::lines(data.join("evtx/parse_expect.jsonl")) {
        let mut found = BTreeMap::new();
        count(&engine, &evtx(&data.join(line["file"].as_str().unwrap())), &mut found);
        for (title, records) in found {
            println!(
                "ORDINARY {} {title}: {} {:?} known {}",
                line["file"],
                records.len(),
                &records[..records.len().min(5)],
                line["sigma_hits"]
            );
        }
    }
    let mut found = BTreeMap::new();
    let mut hit_files = 0;
    for line in support::lines(data.join("sigma/regression_expect.jsonl")) {
        let before: usize = found.values().map(Vec::len).sum();
        count(&engine, &evtx(&data.join(line["evtx"].as_str().unwrap())), &mut found);
        let after: usize = found.values().map(Vec::len).sum();
        hit_files += usize::from(after > before);
    }
    println!("ATTACK {hit_files} files");
    for (title, records) in found {
        println!("ATTACK {title}: {}", records.len());
    }
    let mut found = BTreeMap::new();
    let mut coverage = Coverage::default();
    for entry in std::fs::read_dir(data.join("logs/otrf-windows")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "zip") {
            continue;
        }
        let mut zip = zip::ZipArchive::new(std::fs::File::open(&path).unwrap()).unwrap();
        let mut own = BTreeMap::new();
        for i in 0..zip.len() {
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut zip.by_index(i).unwrap(), &mut text).unwrap();
            let text = String::from_utf8_lossy(&text);
            let events: Vec<Event> = text
                .lines()
                .filter_map(|l| serde_json::from_str(l).ok())
                .map(|v: serde_json::Value| support::flat(&v))
                .collect();
            count(&engine, &events, &mut own);
            let mut hits = Vec::new();
            events.iter().for_each(|e| engine.scan_covered(e, &mut coverage, &mut hits));
        }
        println!(
            "OTRF {:?} {:?}",
            path.file_name().unwrap(),
            own.iter().map(|(t, r)| (t.as_str(), r.len())).collect::<Vec<_>>()
        );
        for (t, r) in own {
            found.entry(t).or_insert_with(Vec::new).extend(r);
        }
    }
    println!("OTRF {:?}", found.iter().map(|(t, r)| (t.as_str(), r.len())).collect::<Vec<_>>());
    let report = coverage.report(&engine, vec![], 0);
    println!("{report:#?}");
}
