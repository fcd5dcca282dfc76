//! `--pipeline`: processing pipelines from files, for rules that are read without a workspace.

use super::{Exit, out};
use detect::sigma::{Pipeline, Pipelines};
use kernel::Untrusted;
use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

/// A larger file is no pipeline.
const LIMIT: u64 = 2 << 20;

/// Reads all of them. Every one that can't be used is said, with its line, before the command ends.
pub(super) fn read(files: &[PathBuf]) -> Result<Pipelines, Exit> {
    let mut all = vec![];
    for file in files {
        match one(file) {
            Ok(pipeline) => all.push(pipeline),
            Err(said) => out::say(said),
        }
    }
    match files.len() - all.len() {
        0 => Ok(Pipelines::new(all)),
        1 => Err(Exit(2, "a pipeline can't be used, so nothing was read".into())),
        n => Err(Exit(2, format!("{n} pipelines can't be used, so nothing was read"))),
    }
}

/// One pipeline, or what is wrong with it, ready for a terminal.
fn one(file: &Path) -> Result<Pipeline, String> {
    let name = file.to_string_lossy();
    let said = |e: &dyn std::fmt::Display| Untrusted::new(format!("{name}: {e}")).for_terminal();
    let mut bytes = vec![];
    let read = File::open(file).and_then(|f| f.take(LIMIT + 1).read_to_end(&mut bytes));
    read.map_err(|e| said(&e))?;
    if bytes.len() as u64 > LIMIT {
        return Err(said(&"larger than 2 MiB, so no pipeline"));
    }
    let text = String::from_utf8(bytes).map_err(|e| said(&format!("not UTF-8: {e}")))?;
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let parsed = Pipeline::parse(&text).map(|p| p.or_named(&stem));
    parsed.map_err(|e| Untrusted::new(e.render(&text, &name)).for_terminal_lines())
}
