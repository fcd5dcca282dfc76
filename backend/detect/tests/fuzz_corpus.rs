//! The corpus of the fuzz targets, through the same functions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../fuzz/harness.rs"]
mod harness;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
        .join("fuzz/corpus")
        .join(target);
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        run(&std::fs::read(path).unwrap());
        files += 1;
    }
    assert!(files > 3, "{target}");
}

#[test]
fn rule_yaml() {
    replay("rule_yaml", harness::rule_yaml);
}

#[test]
fn rule_event() {
    replay("rule_event", harness::rule_event);
}

#[test]
fn condition() {
    replay("condition", harness::condition);
}
