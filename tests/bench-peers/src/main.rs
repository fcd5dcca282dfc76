//! Our Sigma engine and EVTX reader beside their peers: rsigma, sigma-rust and the evtx crate.
//!
//! Without an argument it prints the ratios of the bars B1, B2, B3 and B5 as JSON, both sides in one run, in
//! turn, medians of user CPU. `--rounds N` (5) says how often, `--only B2` which. Build it in release.
//! `--import` measures the readers of all formats instead, see [`import`], and import as a whole beside its parts, see
//! [`pipeline`]; there `--only` takes the beginning of a format's name, or `pipeline`. With it go, instead:
//! - `--multiply BYTES FOLDER` only makes EVTX files of at least so many bytes in a folder, see [`multiply`];
//! - `--cgroup BYTES` imports so many in 1 GiB of memory (`--limit BYTES` for another), see [`large`];
//! - `--foretold` compares what imports foretell with what they take, see [`foretold`].
//!
//! `--from FOLDER` gives the first two other logs than the shared ones.
//! `--diff` compares the matches instead, see [`diff`]; `--diff --write` renews the list of differences.

mod cgroup;
mod data;
mod diff;
mod foretold;
mod import;
mod inputs;
mod large;
mod measure;
#[path = "../../../backend/ingest/tests/multiply/mod.rs"]
mod multiply;
mod pipeline;
mod product;
mod route;
mod sides;
#[path = "../../../backend/detect/tests/support/mod.rs"]
mod support;

use measure::{round, rounds};
use serde_json::{Value, json};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1));
    if let Some(name) = after("--side") {
        println!("{}", sides::run(name, &args[2..]));
        return;
    }
    if args.first().is_some_and(|a| a == "--import") {
        println!("{:#}", imports(&args));
        return;
    }
    if args.iter().any(|a| a == "--diff") {
        let same = diff::run(args.iter().any(|a| a == "--write"));
        std::process::exit(i32::from(!same));
    }
    let times = after("--rounds").and_then(|n| n.parse().ok()).unwrap_or(5);
    println!("{:#}", bars(times, after("--only").map(String::as_str)));
}

fn imports(args: &[String]) -> Value {
    let place = |name: &str| args.iter().position(|a| a == name);
    let after = |name: &str, n: usize| args.get(place(name)? + n).map(String::as_str);
    let bytes = |name: &str| after(name, 1).map(|n| n.parse::<u64>().expect("a number of bytes"));
    let rounds = after("--rounds", 1).and_then(|n| n.parse().ok());
    let (only, from) = (after("--only", 1), after("--from", 1));
    if let Some(most) = bytes("--multiply") {
        let into = after("--multiply", 2).expect("the folder for the logs");
        let made = large::multiplied(from, into.as_ref(), most).expect("the logs can be multiplied");
        return json!({"files": made.files, "bytes": made.bytes, "records": made.records});
    }
    if let Some(most) = bytes("--cgroup") {
        return large::report(most, bytes("--limit"), from);
    }
    if place("--foretold").is_some() {
        return foretold::report(rounds.unwrap_or(1), only);
    }
    import::report(rounds.unwrap_or(5), only)
}

fn cpu(v: &Value) -> f64 {
    v["cpu"].as_f64().unwrap_or(f64::NAN)
}

fn rate(v: &Value, seconds: &str) -> f64 {
    round(v["count"]["events"].as_f64().unwrap_or(f64::NAN) / v[seconds].as_f64().unwrap_or(f64::NAN))
}

fn bars(times: usize, only: Option<&str>) -> Value {
    let wanted = |bar: &str| only.is_none_or(|o| o == bar);
    let mut out = serde_json::Map::new();
    if wanted("B1") {
        out.insert("B1 scan, events from EVTX against events from JSON".into(), b1(times));
    }
    if wanted("B2") {
        out.insert("B2 engine alone".into(), b2(times));
    }
    if wanted("B3") {
        out.insert("B3 load".into(), b3(times));
    }
    if wanted("B5") {
        let sides = rounds(times, &[("evtx-ours", &[]), ("evtx-text", &[])]);
        let ratio = round(cpu(&sides[0]) / cpu(&sides[1]));
        let b5 = json!({"bar": "at most 1.5", "ratio": ratio, "ours": sides[0], "evtx": sides[1]});
        out.insert("B5 EVTX to events against JSON text".into(), b5);
    }
    Value::Object(out)
}

fn b1(times: usize) -> Value {
    let lines = std::env::temp_dir().join(format!("bench-peers-{}.jsonl", std::process::id()));
    let routes = route::Routes::new();
    let text: Vec<String> = data::events().iter().map(|e| routes.prepared(e).to_string()).collect();
    std::fs::write(&lines, text.join("\n")).expect("the temporary folder can be written");
    let path = lines.to_string_lossy().into_owned();
    let sides = rounds(times, &[("scan-ours", &[]), ("scan-rsigma", &[&path]), ("scan-ours-2", &[])]);
    let _ = std::fs::remove_file(lines);
    json!({
        "bar": "ratio at most 1, our peak at most 250 MB",
        "ratio": round(cpu(&sides[0]) / cpu(&sides[1])),
        "two_threads": two(&sides[0], &sides[2]),
        "ours": sides[0],
        "rsigma": sides[1],
    })
}

fn b2(times: usize) -> Value {
    let sides = rounds(
        times,
        &[
            ("engine-ours", &[]),
            ("engine-rsigma", &[]),
            ("engine-ours-2", &[]),
            ("engine-rsigma-pruned", &[]),
        ],
    );
    let slow = measure::side("engine-sigma-rust", &[]);
    let per_core = |v: &Value| rate(v, "cpu");
    let best = per_core(&sides[1]).max(per_core(&sides[3]));
    json!({
        "bar": "at least 2.5 times rsigma routed",
        "ratio": round(per_core(&sides[0]) / best),
        "two_threads": two(&sides[0], &sides[2]),
        "events_per_cpu_s": {"ours": per_core(&sides[0]), "rsigma_strict": per_core(&sides[1]),
            "rsigma_pruned": per_core(&sides[3]), "sigma_rust": per_core(&slow)},
        "ours": sides[0],
        "rsigma": sides[1],
        "sigma_rust": slow,
    })
}

/// How two threads do: by the clock, which other work on the machine spoils, and by what an event costs in CPU
/// on two threads against one, which says how far they hinder each other.
fn two(one: &Value, both: &Value) -> Value {
    json!({
        "by_clock": round(rate(both, "wall") / rate(one, "wall")),
        "by_cost": round(2.0 * rate(both, "cpu") / rate(one, "cpu")),
    })
}

fn b3(times: usize) -> Value {
    let sides = rounds(times, &[("load-ours", &[]), ("load-rsigma", &[]), ("load-cached", &[])]);
    json!({
        "bar": "cold at most 0.5, cached at most 0.15",
        "cold": round(cpu(&sides[0]) / cpu(&sides[1])),
        "cached": round(cpu(&sides[2]) / cpu(&sides[1])),
        "ours": sides[0],
        "rsigma": sides[1],
    })
}
