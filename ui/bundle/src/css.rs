//! One style sheet from many: tokens, base, components, then each folder's own style in the order of paths.

use anyhow::{Context, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};
use walkdir::WalkDir;

/// The general sheets, in the order that their rules build on each other.
const FIRST: &[&str] = &["styles/tokens.css", "styles/base.css", "styles/components.css"];

/// Every `style.css` below `src`, sorted, so that the result does not depend on the file system.
fn own_styles(ui: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for entry in WalkDir::new(ui.join("src")) {
        let entry = entry?;
        if entry.file_name() == "style.css" {
            all.push(entry.into_path());
        }
    }
    all.sort();
    Ok(all)
}

/// All sheets as one text.
pub fn join(ui: &Path) -> Result<String> {
    let mut out = String::new();
    for path in FIRST.iter().map(|p| ui.join(p)).chain(own_styles(ui)?) {
        out += &fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        out.push('\n');
    }
    Ok(out)
}
