//! Embeds the UI's files, which `./do` makes before it builds this crate, from the folder that AURORASOC_UI_DIST names.

use std::{
    env,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hasher as _},
    path::Path,
};

fn main() {
    println!("cargo:rerun-if-env-changed=AURORASOC_UI_DIST");
    let out = env::var("OUT_DIR").unwrap_or_default();
    let mut table = String::from("&[\n");
    match env::var("AURORASOC_UI_DIST") {
        Ok(dir) if Path::new(&dir).is_dir() => {
            println!("cargo:rerun-if-changed={dir}");
            add(Path::new(&dir), "", &mut table);
        }
        _ => {
            println!("cargo:warning=built without a UI: run ./do, which builds it and sets AURORASOC_UI_DIST")
        }
    }
    table.push(']');
    if let Err(e) = fs::write(Path::new(&out).join("ui.rs"), table) {
        println!("cargo:error=the list of UI files can't be written: {e}");
    }
}

fn add(dir: &Path, prefix: &str, table: &mut String) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(|e| e.file_name());
    for e in entries {
        let name = format!("{prefix}/{}", e.file_name().to_string_lossy());
        if e.path().is_dir() {
            add(&e.path(), &name, table);
            continue;
        }
        println!("cargo:rerun-if-changed={}", e.path().display());
        let mut hash = DefaultHasher::new();
        hash.write(&fs::read(e.path()).unwrap_or_default());
        let _ = writeln!(
            table,
            "({name:?}, \"\\\"{:016x}\\\"\", include_bytes!({:?})),",
            hash.finish(),
            e.path()
        );
    }
}
