//! What is only a habit is forgotten: sizes, arrows between crates, places where things may stand.

use std::{collections::BTreeMap, fs, path::PathBuf};

fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
        .join("..")
        .canonicalize()
        .unwrap()
}

/// Files below a folder with one of the endings, by their path from the root.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = vec![];
    let mut folders = vec![root().join(folder)];
    while let Some(dir) = folders.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() && !matches!(name.as_str(), "node_modules" | "target" | ".git" | "gen" | "dist")
            {
                folders.push(path);
            } else if endings.iter().any(|e| name.ends_with(e)) {
                let short = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((short, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing below {folder}");
    found
}

#[test]
fn files_are_of_a_size_that_is_read() {
    let mut sizes: Vec<_> = ["backend", "src-tauri", "ui", "tests"]
        .iter()
        .flat_map(|f| files(f, &[".rs"]))
        .map(|(n, t)| (t.lines().count(), n))
        .collect();
    sizes.sort();
    let at = |part: usize| &sizes[sizes.len() * part / 100];
    assert!(sizes.last().unwrap().0 <= 600, "over 600 lines: {:?}", sizes.last());
    assert!(at(95).0 <= 400, "95th percentile: {:?}", at(95));
    assert!(at(50).0 <= 150, "median: {:?}", at(50));
    let code = |t: &str| t.split("#[cfg(test)]").next().unwrap_or(t).lines().count();
    let shell: usize = files("src-tauri/src", &[".rs"]).iter().map(|(_, t)| code(t)).sum();
    assert!(shell <= 720, "the shell has {shell} lines without its tests");
}

#[test]
fn sql_stands_in_stores_only() {
    let may = |n: &str| {
        n.contains("/store")
            || n.contains("logstore/")
            || n.starts_with("backend/kernel/src/db/")
            || n.contains("tests")
    };
    for (name, text) in files("backend", &[".rs"]).into_iter().filter(|(n, _)| !may(n)) {
        for word in ["SELECT ", "INSERT INTO", "UPDATE alert", "DELETE FROM"] {
            assert!(!text.contains(word), "{name} holds SQL ({word})");
        }
    }
}

#[test]
fn arrows_between_crates_are_those_of_the_house() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("api", &[][..]),
        ("event", &[]),
        ("ingest", &["event"]),
        ("detect", &["event"]),
        ("logstore", &["event"]),
        ("evidence", &[]),
        ("kernel", &["api"]),
        ("server", &["api", "event", "ingest", "detect", "logstore", "evidence", "kernel"]),
        ("app", &["api", "event", "ingest", "detect", "logstore", "evidence", "kernel", "server"]),
    ]);
    for (name, to) in &allowed {
        let text = fs::read_to_string(root().join("backend").join(name).join("Cargo.toml")).unwrap();
        let normal = text.split("[dev-dependencies]").next().unwrap();
        for (other, _) in allowed.iter().filter(|(o, _)| !to.contains(o)) {
            assert!(!normal.contains(&format!("\n{other}.workspace")), "{name} must not depend on {other}");
        }
    }
    let ui = fs::read_to_string(root().join("ui/Cargo.toml")).unwrap();
    for other in ["kernel", "server", "ingest", "detect", "logstore", "evidence"] {
        assert!(!ui.contains(&format!("\n{other}.workspace")), "the UI must not depend on {other}");
    }
}

#[test]
fn domains_call_only_lower_ranks() {
    let rank = |d: &str| match d {
        "auth" | "users" | "system" => Some(0),
        "siem" | "alerts" | "detections" | "cases" => Some(1),
        _ => None,
    };
    for (name, text) in files("backend/server/src", &[".rs"]) {
        let Some(own) = name.split('/').nth(3).and_then(rank) else { continue };
        for other in ["siem", "alerts", "detections", "cases"] {
            let used =
                text.contains(&format!("crate::{other}")) || text.contains(&format!("crate::{{App, {other}"));
            assert!(!(used && own == 0), "{name} (rank 0) uses {other}");
        }
    }
}

#[test]
fn styles_are_logical_and_colours_are_tokens() {
    for (name, text) in files("ui", &[".css"]) {
        let code: String = text.split("*/").map(|p| p.split("/*").next().unwrap_or("")).collect();
        for word in [
            "margin-left",
            "margin-right",
            "padding-left",
            "padding-right",
            "text-align: left",
            "text-align: right",
            "border-left",
            "border-right",
            "float: left",
            "float: right",
        ] {
            assert!(!code.contains(word), "{name}: {word} does not turn with the direction of writing");
        }
        if !name.ends_with("tokens.css") {
            let hex = code.split('#').skip(1).any(|p| {
                let digits = p.bytes().take_while(u8::is_ascii_hexdigit).count();
                matches!(digits, 3 | 6 | 8) && p.as_bytes().get(digits).is_some_and(|b| b";, )".contains(b))
            });
            assert!(!hex, "{name} names a colour; only tokens.css may");
        }
    }
}

#[test]
fn files_named_in_the_architecture_are_there() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut named = 0;
    for word in text.split('`').skip(1).step_by(2) {
        let path = word.split(':').next().unwrap_or("");
        if path.contains('/')
            && (path.ends_with(".rs") || path.ends_with('/'))
            && !path.contains(' ')
            && !path.contains('*')
        {
            assert!(root().join(path).exists(), "ARCHITECTURE.md names {path}, which is gone");
            named += 1;
        }
    }
    assert!(named > 10, "ARCHITECTURE.md names {named} files");
}

#[test]
fn there_is_no_machine_path_and_no_note_to_self() {
    // Put together, so that this file does not hold them itself.
    let words = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["coming ", "soon"].concat(),
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
    ];
    for folder in ["backend", "src-tauri", "ui", "tests", "assets"] {
        for (name, text) in files(folder, &[".rs", ".css", ".html", ".js", ".md", ".json", ".yml", ".toml"]) {
            for word in &words {
                assert!(!text.contains(word.as_str()), "{name} holds `{word}`");
            }
        }
    }
}

#[test]
fn no_program_knows_the_clone_that_it_was_built_in() {
    // A build cache outside the clone serves several clones, and Cargo takes a program of one for fresh in another.
    let baked = ["env!(\"CARGO_", "MANIFEST_DIR\")"].concat();
    for folder in ["backend", "src-tauri", "ui", "tests"] {
        for (name, text) in files(folder, &[".rs"]) {
            assert!(
                name.starts_with("tests/bench-peers/") || !text.contains(&baked),
                "{name} holds `{baked}`"
            );
        }
    }
}
