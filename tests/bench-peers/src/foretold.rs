//! What the product foretells of an import beside what the import takes, by format, plain and packed.
//!
//! Each file goes into a new workspace with the rules that the program has of its own, so that nothing was learnt
//! before: what is compared is what was measured once (`backend/server/src/siem/forecast/`).

use crate::{
    data, inputs,
    measure::{self, round},
    multiply,
    product::{self, Folder},
};
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Bytes of each file before it is packed.
const SIZE: usize = 64 << 20;
/// A forecast may be wrong by so much either way.
const BAR: f64 = 1.5;
const PACKED: [&str; 4] = ["", "gz", "zip", "zst"];

/// All formats; `only` is the beginning of a format's name.
pub fn report(rounds: usize, only: Option<&str>) -> Value {
    let folder = Folder::new("foretold");
    let workspace = product::workspace(&folder, false).to_string_lossy().into_owned();
    let names = inputs::FORMATS.iter().map(|(name, _)| *name).chain(["evtx"]);
    let mut out = serde_json::Map::new();
    for (n, name) in names.enumerate().filter(|(_, name)| only.is_none_or(|o| name.starts_with(o))) {
        let plain = match inputs::FORMATS.get(n) {
            Some(_) => inputs::write(&folder.at(""), n, SIZE),
            None => evtx(&folder),
        };
        for kind in PACKED {
            let file = packed(&plain, kind).expect("the temporary folder can be written");
            let path = file.to_string_lossy().into_owned();
            let said = measure::rounds(rounds, &[("foretold", &[&*path, &*workspace])]).remove(0);
            out.insert(format!("{name} {kind}").trim_end().into(), said);
            let _ = fs::remove_file(file);
        }
        let _ = fs::remove_file(plain);
    }
    let off = |v: &Value| ["seconds", "disk", "memory"].iter().any(|what| !within(&v[*what]));
    let wrong: Vec<_> = out.iter().filter(|(_, v)| off(v)).map(|(name, _)| name.clone()).collect();
    json!({"bar": format!("within {BAR} times, either way"), "not_within": wrong, "formats": out})
}

/// Whether a ratio is within the bar.
fn within(ratio: &Value) -> bool {
    ratio.as_f64().is_some_and(|r| (1.0 / BAR..=BAR).contains(&r))
}

/// One log of all shared ones.
fn evtx(folder: &Folder) -> PathBuf {
    let largest = data::root().join("evtx/parse/security.evtx");
    let log = multiply::Log::of(&fs::read(largest).expect("a log")).expect("a log");
    let path = folder.at("security.evtx");
    log.write(0, (SIZE as u64).div_ceil(log.size()), &path).expect("the temporary folder can be written");
    path
}

/// The file packed one way, a file of its own.
fn packed(plain: &Path, kind: &str) -> io::Result<PathBuf> {
    let path = PathBuf::from(format!("{}.{kind}", plain.display()));
    let mut from = File::open(plain)?;
    let out = File::create(&path)?;
    match kind {
        "gz" => {
            let mut out = GzEncoder::new(out, flate2::Compression::default());
            io::copy(&mut from, &mut out)?;
            out.finish()?.flush()?;
        }
        "zst" => zstd::stream::copy_encode(from, out, 0)?,
        "zip" => {
            let mut out = zip::ZipWriter::new(out);
            let options = zip::write::SimpleFileOptions::default();
            out.start_file("log", options).map_err(io::Error::other)?;
            io::copy(&mut from, &mut out)?;
            out.finish().map_err(io::Error::other)?;
        }
        _ => drop(fs::copy(plain, &path)?),
    }
    Ok(path)
}

/// One import: forecast by what came, and what came, from which what was measured once is set.
pub fn side(args: &[String]) -> Value {
    let (file, workspace) = (Path::new(&args[0]), Path::new(&args[1]));
    let folder = Folder::new("side");
    let own = folder.at("workspace");
    product::copy(workspace, &own).expect("the workspace can be copied");
    let said = product::import(&folder.at(""), &own, file, None);
    let job = &said["job"];
    assert_eq!(job["status"], "done", "the import failed");
    let number = |v: &Value| v.as_f64().unwrap_or(f64::NAN);
    let bytes = file.metadata().map_or(0, |m| m.len()) as f64;
    let (seconds, grew) = (number(&job["seconds"]), number(&said["grew"]));
    let memory = number(&said["peak_mb"]) * 1048576.0;
    let told = |name: &str| number(&job["forecast"][name]);
    // Whole seconds are told, so that what takes less is one.
    json!({
        "seconds": round(told("seconds") / seconds.max(1.0)), "disk": round(told("disk_bytes") / grew),
        "memory": round(told("memory_bytes") / memory),
        "bytes": bytes, "took_s": seconds, "bytes_per_s": bytes / seconds, "stored_by_byte": (grew - bytes) / bytes,
        "peak_mb": said["peak_mb"], "cpu": said["cpu"], "events": job["events"], "told": job["forecast"],
    })
}
