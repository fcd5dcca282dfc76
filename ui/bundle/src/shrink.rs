//! Makes the wasm smaller for a release, where Debian's binaryen is installed.

use anyhow::{Result, bail};
use std::{io::ErrorKind, path::Path};

/// What Rust's wasm target may use; wasm-opt refuses what it is not told of.
const FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Rewrites `file` in place; leaves it as it is, with a message, where there is no wasm-opt.
#[allow(clippy::disallowed_methods, reason = "a build tool, never part of the product: the one child process")]
pub fn wasm_opt(file: &Path) -> Result<()> {
    let status = std::process::Command::new("wasm-opt").arg("-Oz").args(FEATURES).arg(file).arg("-o").arg(file).status();
    match status {
        Ok(s) if s.success() => Ok(()),
        Ok(s) => bail!("wasm-opt ended with {s}"),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            println!("bundle: no wasm-opt (package binaryen): the wasm stays twice as large");
            Ok(())
        }
        Err(e) => Err(e.into()),
    }
}
