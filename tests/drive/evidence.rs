//! Real event logs for the tests that drive the interface.

use std::path::{Path, PathBuf};

/// A folder of the test material that lies beside the repository, or none where there is none.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let beside =
        PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../shared");
    let root = std::env::var_os("AURORASOC_SHARED").map_or(beside, PathBuf::from);
    let found = root.join("data").join(folder);
    // chromedriver takes canonical paths only.
    if let Ok(found) = found.canonicalize() {
        return Some(found);
    }
    println!("skipped: no shared data");
    None
}

/// The folder of attack recordings (EVTX) that Sigma rules are tested with.
pub fn recordings() -> Option<PathBuf> {
    shared("sigma/regression")
}

/// All EVTX files below `folder`, in the order of their paths.
pub fn evtx(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .flat_map(|path| if path.is_dir() { evtx(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|end| end == "evtx"))
        .collect();
    files.sort();
    files
}

/// The first few recordings, copied into a folder of their own: enough to be interrupted, quick to import.
pub fn some(home: &Path) -> Option<PathBuf> {
    let folder = home.join("evidence");
    std::fs::create_dir(&folder).unwrap();
    for file in evtx(&recordings()?).into_iter().take(72) {
        std::fs::copy(&file, folder.join(file.file_name().unwrap())).unwrap();
    }
    Some(folder)
}
