//! A workspace in one file: consistent copies of both databases, the kept sources, and a list of hashes, as a zip.
//!
//! The key that signs sign-ins stays on the machine; on another one a new key is made.

use crate::workspace::Problem;
use evidence::hash_only;
use kernel::platform;
use serde::{Deserialize, Serialize};
use server::App;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

const MANIFEST: &str = "manifest.json";

#[derive(Serialize, Deserialize)]
struct Manifest {
    product: String,
    version: u32,
    /// Name in the archive -> SHA-256.
    files: BTreeMap<String, String>,
}

fn failed(what: &str) -> impl Fn(&dyn std::fmt::Display) -> Problem + '_ {
    move |e| Problem::of(what, &[("reason", &e.to_string())])
}

/// Writes the backup beside its final name and renames it when it is whole.
pub(crate) async fn write(app: &App, to: &Path) -> Result<(), Problem> {
    let bad = failed("backup");
    let copies = app.dir.join("backup-copies");
    let _ = fs::remove_dir_all(&copies);
    platform::private_folder(&copies).map_err(|e| bad(&e))?;
    app.kernel.db.copy_to(&copies.join("aurora.db")).await?;
    app.logs.copy_to(&copies.join("logs.db")).await.map_err(|e| bad(&e))?;
    let (dir, to, from) = (app.dir.clone(), to.to_owned(), copies.clone());
    let pack = move || -> io::Result<()> {
        let partial = to.with_extension("partial");
        let _ = fs::remove_file(&partial);
        let mut zip = ZipWriter::new(platform::create_private(&partial)?);
        let mut manifest = Manifest { product: "AuroraSOC".into(), version: 1, files: BTreeMap::new() };
        for name in ["aurora.db", "logs.db"] {
            add(&mut zip, &mut manifest, name.into(), &from.join(name), CompressionMethod::Deflated)?;
        }
        for folder in entries(&dir.join("content"))? {
            for file in if folder.is_dir() { entries(&folder)? } else { vec![] } {
                let part = |p: &Path| p.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let name = format!("content/{}/{}", part(&folder), part(&file));
                add(&mut zip, &mut manifest, name, &file, CompressionMethod::Deflated)?;
            }
        }
        zip.start_file(MANIFEST, SimpleFileOptions::default())?;
        zip.write_all(serde_json::to_string_pretty(&manifest)?.as_bytes())?;
        zip.finish()?.sync_all()?;
        fs::rename(&partial, &to)
    };
    let done = tokio::task::spawn_blocking(pack).await.map_err(|e| bad(&e))?;
    let _ = fs::remove_dir_all(&copies);
    done.map_err(|e| bad(&e))
}

fn entries(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = fs::read_dir(dir)?.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
    all.sort();
    Ok(all)
}

fn add(
    zip: &mut ZipWriter<File>,
    manifest: &mut Manifest,
    name: String,
    path: &Path,
    method: CompressionMethod,
) -> io::Result<()> {
    let mut file = File::open(path)?;
    let hash = hash_only(&mut file, &mut |_| ControlFlow::Continue(())).map_err(io::Error::other)?;
    io::Seek::rewind(&mut file)?;
    zip.start_file(&name, SimpleFileOptions::default().compression_method(method).large_file(true))?;
    io::copy(&mut file, zip)?;
    manifest.files.insert(name, hash.sha256.to_string());
    Ok(())
}

/// Reads a backup into an empty folder; every file is checked against its hash before anything is named.
pub(crate) async fn read(from: &Path, into: &Path) -> Result<(), Problem> {
    let bad = failed("restore");
    let (from, into) = (from.to_owned(), into.to_owned());
    let unpack = move || -> io::Result<()> {
        platform::private_folder(&into)?;
        if fs::read_dir(&into)?.next().is_some() {
            return Err(io::Error::other(format!("{} is not empty", into.display())));
        }
        let mut zip = ZipArchive::new(File::open(&from)?)?;
        let mut text = String::new();
        zip.by_name(MANIFEST)?.take(64 << 20).read_to_string(&mut text)?;
        let manifest: Manifest = serde_json::from_str(&text)?;
        if manifest.product != "AuroraSOC" || manifest.version != 1 {
            return Err(io::Error::other("not a backup that this version reads"));
        }
        for (name, hash) in &manifest.files {
            let to = place(&into, name)
                .ok_or_else(|| io::Error::other("the backup names a file of no workspace"))?;
            if let Some(parent) = to.parent() {
                platform::private_folder(parent)?;
            }
            let mut out = platform::create_private(&to)?;
            io::copy(&mut zip.by_name(name)?, &mut out)?;
            out.sync_all()?;
            let found = hash_only(&mut out, &mut |_| ControlFlow::Continue(())).map_err(io::Error::other)?;
            if found.sha256.as_str() != hash {
                return Err(io::Error::other(format!("{name} is damaged in the backup")));
            }
        }
        Ok(())
    };
    tokio::task::spawn_blocking(unpack).await.map_err(|e| bad(&e))?.map_err(|e| bad(&e))
}

/// Only names that a workspace has become paths.
fn place(into: &Path, name: &str) -> Option<PathBuf> {
    let hex = |t: &str, n: usize| {
        t.len() == n && t.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    match name.split('/').collect::<Vec<_>>()[..] {
        [file @ ("aurora.db" | "logs.db")] => Some(into.join(file)),
        ["content", folder, file] if hex(folder, 2) && hex(file, 62) => {
            Some(into.join("content").join(folder).join(file))
        }
        _ => None,
    }
}
