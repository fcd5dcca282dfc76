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
#[allow(
    clippy::disallowed_methods,
    reason = "a build tool, never part of the product: the one child process"
)]
pub fn wasm_opt(file: &Path) -> Result<()> {
    let before = std::fs::read(file)?;
    let status = std::process::Command::new("wasm-opt")
        .arg("-Oz")
        .args(FEATURES)
        .arg(file)
        .arg("-o")
        .arg(file)
        .status();
    match status {
        Ok(s) if s.success() => {
            let mut after = std::fs::read(file)?;
            keep_tables(&before, &mut after)?;
            Ok(std::fs::write(file, after)?)
        }
        Ok(s) => bail!("wasm-opt ended with {s}"),
        Err(e) if e.kind() == ErrorKind::NotFound => {
            println!("bundle: no wasm-opt (package binaryen): the wasm stays twice as large");
            Ok(())
        }
        Err(e) => Err(e.into()),
    }
}

/// Puts the exported tables back: binaryen 108 (Debian 12) exports the first table under every name, and the page
/// does not start.
pub fn keep_tables(before: &[u8], after: &mut [u8]) -> Result<()> {
    let told = |wasm: &[u8]| Some((section(wasm, 4)?.to_vec(), exported_tables(wasm)?));
    let (Some((tables, was)), Some((same, is))) = (told(before), told(after)) else {
        bail!("the wasm has no tables or exports")
    };
    if tables != same || was.len() != is.len() {
        bail!("wasm-opt changed the tables");
    }
    for ((name, index, _), (kept, now, place)) in was.iter().zip(&is) {
        match after.get_mut(*place) {
            Some(byte) if name == kept && *index < 128 && *now < 128 => *byte = *index as u8,
            _ => bail!("wasm-opt changed the exported tables"),
        }
    }
    Ok(())
}

/// Names of exported tables with their index and its place in the file.
fn exported_tables(wasm: &[u8]) -> Option<Vec<(Vec<u8>, usize, usize)>> {
    let exports = section(wasm, 7)?;
    let start = exports.as_ptr().addr() - wasm.as_ptr().addr();
    let (count, mut at) = number(exports, 0)?;
    let mut found = vec![];
    for _ in 0..count {
        let (length, name) = number(exports, at)?;
        let kind = name + length;
        let (index, next) = number(exports, kind + 1)?;
        if *exports.get(kind)? == 1 {
            found.push((exports.get(name..kind)?.to_vec(), index, start + kind + 1));
        }
        at = next;
    }
    Some(found)
}

/// The content of the first section of this kind (WebAssembly Core Specification, 5.5.2).
fn section(wasm: &[u8], kind: u8) -> Option<&[u8]> {
    let mut at = 8;
    loop {
        let (length, start) = number(wasm, at + 1)?;
        if *wasm.get(at)? == kind {
            return wasm.get(start..start + length);
        }
        at = start + length;
    }
}

/// An unsigned LEB128 number and where it ends.
fn number(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let (mut value, mut shift, mut at) = (0, 0, at);
    loop {
        let byte = *bytes.get(at)?;
        value |= usize::from(byte & 127).checked_shl(shift)?;
        (shift, at) = (shift + 7, at + 1);
        if byte < 128 {
            return Some((value, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with two tables and two exports: a function called f, and a table called t.
    fn module(table: u8) -> Vec<u8> {
        let mut wasm = b"\0asm\x01\0\0\0".to_vec();
        wasm.extend([4, 7, 2, 0x70, 0, 1, 0x6f, 0, 1]);
        wasm.extend([7, 9, 2, 1, b'f', 0, 0, 1, b't', 1, table]);
        wasm
    }

    #[test]
    fn an_exported_table_is_the_one_that_it_was() {
        let mut after = module(0);
        keep_tables(&module(1), &mut after).unwrap();
        assert_eq!(after, module(1));
        assert!(keep_tables(&module(1), &mut b"\0asm\x01\0\0\0".to_vec()).is_err());
    }
}
