//! An import larger than the memory that it may have: the product in a group of processes with a bound.

use crate::{
    cgroup::Cgroup,
    data,
    measure::round,
    multiply,
    product::{self, Folder},
};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io,
    path::Path,
};

/// Memory of the group unless it is said otherwise.
const LIMIT: u64 = 1 << 30;

/// Logs made of the shared ones: `into` gets at least `bytes`.
pub fn multiplied(from: Option<&str>, into: &Path, bytes: u64) -> io::Result<multiply::Made> {
    let usual = data::root().join("evtx/parse");
    fs::create_dir_all(into)?;
    multiply::folder(from.map_or(&usual, Path::new), into, bytes)
}

/// Imports `bytes` of EVTX under SigmaHQ's rules within `limit` bytes of memory.
pub fn report(bytes: u64, limit: Option<u64>, from: Option<&str>) -> Value {
    let limit = limit.unwrap_or(LIMIT);
    let folder = Folder::new("large");
    let logs = folder.at("logs");
    let made = multiplied(from, &logs, bytes).expect("the logs can be multiplied");
    let workspace = product::workspace(&folder, true);
    forget(&logs).expect("the files can be opened");
    let group = match Cgroup::new(limit) {
        Ok(group) => group,
        Err(e) => return json!({"left_out": format!("no group of processes with a bound: {e}")}),
    };
    let said = product::import(&folder.at(""), &workspace, &logs, Some(&group));
    let seconds = said["wall"].as_f64().unwrap_or(f64::NAN);
    let mb = |bytes: u64| round(bytes as f64 / 1048576.0);
    let events = ["events", "duplicates"].iter().filter_map(|name| said["job"][*name].as_u64()).sum::<u64>();
    let kept = product::weight(&workspace.join("content"));
    json!({
        "bar": "finishes, nothing killed, every record an event",
        "holds": said["exit_code"] == 0 && group.killed() == 0 && events == made.records,
        "bytes": made.bytes, "files": made.files, "records": made.records,
        "limit_mb": mb(limit), "seconds": round(seconds),
        "mb_per_s": round(made.bytes as f64 / 1e6 / seconds),
        "peak_mb_of_group": mb(group.peak()), "killed": group.killed(),
        "log_store_bytes": product::weight(&workspace) - kept, "kept_bytes": kept,
        "product": said,
    })
}

/// Has the kernel forget the pages of files, which else would be ours and not the group's.
fn forget(folder: &Path) -> io::Result<()> {
    for path in multiply::logs(folder)? {
        posix_fadvise(&File::open(path)?, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
    }
    Ok(())
}
