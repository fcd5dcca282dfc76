//! Lists the rules of our own: every `.yml` below `assets/rules` becomes a part of the program, so that a new file
//! needs no second place to be named in.

#![allow(clippy::expect_used, reason = "a build script stops the build, with the reason")]

use std::{
    env,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("assets/rules can be listed") {
        let path = entry.expect("assets/rules can be listed").path();
        if path.is_dir() {
            walk(&path, into);
        } else if path.extension().is_some_and(|e| e == "yml") {
            into.push(path);
        }
    }
}

fn main() {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by Cargo"));
    let root = here.join("../../assets/rules").canonicalize().expect("assets/rules is there");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    walk(&root, &mut files);
    files.sort();
    let mut out = String::from("const FILES: &[BuiltinFile] = &[\n");
    for file in files {
        let below = file.strip_prefix(&root).expect("found below it").to_string_lossy().replace('\\', "/");
        let _ = writeln!(
            out,
            "    BuiltinFile {{ path: {below:?}, text: include_str!({:?}) }},",
            file.to_string_lossy()
        );
    }
    out += "];\n";
    let to = PathBuf::from(env::var_os("OUT_DIR").expect("set by Cargo")).join("rules.rs");
    fs::write(to, out).expect("OUT_DIR can be written");
}
