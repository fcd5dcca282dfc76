//! Copies the font files that the UI names and writes their `@font-face` rules.

use anyhow::{Context, Result};
use serde_json::Value;
use std::{fs, path::Path};

/// Package, family, weights, subsets.
const FONTS: &[(&str, &str, &str, &[&str])] = &[
    ("inter", "Inter Variable", "100 900", &["latin", "latin-ext"]),
    ("jetbrains-mono", "JetBrains Mono Variable", "100 800", &["latin", "latin-ext"]),
    ("noto-sans-arabic", "Noto Sans Arabic Variable", "100 900", &["arabic"]),
];

/// Copies them to `out`; answers the CSS. `modules` is node_modules/@fontsource-variable.
pub fn copy_all(modules: &Path, out: &Path) -> Result<String> {
    let mut css = String::new();
    for (package, family, weights, subsets) in FONTS {
        let folder = modules.join(package);
        let ranges = fs::read(folder.join("unicode.json"))
            .with_context(|| format!("{} is not there: run `npm ci --ignore-scripts` in ui", folder.display()))?;
        let ranges: Value = serde_json::from_slice(&ranges)?;
        for subset in *subsets {
            let name = format!("{package}-{subset}-wght-normal.woff2");
            let from = folder.join("files").join(&name);
            fs::copy(&from, out.join(&name)).with_context(|| format!("copying {}", from.display()))?;
            let range = ranges[subset].as_str().with_context(|| format!("{package} has no subset {subset}"))?;
            css += &format!(
                "@font-face {{ font-family: \"{family}\"; font-style: normal; font-display: swap; \
                 font-weight: {weights}; src: url(/fonts/{name}) format(\"woff2\"); unicode-range: {range}; }}\n"
            );
        }
        fs::copy(folder.join("LICENSE"), out.join(format!("{package}-LICENSE.txt")))?;
    }
    Ok(css)
}
