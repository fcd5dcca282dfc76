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

/// Removes what it names, unless it was kept: nothing of a half-done work stays.
struct Half(Option<PathBuf>);

impl Drop for Half {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

const COPIES: &str = "backup-copies-";

/// Removes the copies that a killed process left. For who has just locked the workspace.
pub(crate) fn sweep(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(COPIES) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Writes the backup beside its final name and renames it when it is whole.
pub(crate) async fn write(app: &App, to: &Path) -> Result<(), Problem> {
    let bad = failed("backup");
    let unique = app.kernel.world.secret::<8>();
    let copies = app.dir.join(format!("{COPIES}{unique}"));
    platform::private_folder(&copies).map_err(|e| bad(&e))?;
    let half = Half(Some(copies.clone()));
    app.kernel.db.copy_to(&copies.join("aurora.db")).await?;
    app.logs.copy_to(&copies.join("logs.db")).await.map_err(|e| bad(&e))?;
    let (dir, to, from) = (app.dir.clone(), to.to_owned(), copies);
    let pack = move || -> io::Result<()> {
        let _copies = half;
        let name = to.file_name().ok_or_else(|| io::Error::other("a backup is a file with a name"))?;
        let partial = to.with_file_name(format!(".{}.{unique}.partial", name.to_string_lossy()));
        let file = platform::create_private(&partial)?;
        let mut half = Half(Some(partial.clone()));
        let mut zip = ZipWriter::new(file);
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
        fs::rename(&partial, &to)?;
        half.0 = None;
        Ok(())
    };
    tokio::task::spawn_blocking(pack).await.map_err(|e| bad(&e))?.map_err(|e| bad(&e))
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

/// Reads a backup into an empty folder; every file is checked against its hash, and `aurora.db`, which makes the folder
/// a workspace, gets its name when all others are there. When it fails the folder is as it was.
pub(crate) async fn read(from: &Path, into: &Path) -> Result<(), Problem> {
    let bad = failed("restore");
    let (from, into) = (from.to_owned(), into.to_owned());
    let unpack = move || -> io::Result<()> {
        let mut zip = ZipArchive::new(File::open(&from)?)?;
        let manifest = manifest(&mut zip)?;
        let there = match fs::read_dir(&into) {
            Ok(mut inside) => match inside.next() {
                None => true,
                Some(_) => return Err(io::Error::other(format!("{} is not empty", into.display()))),
            },
            Err(e) if e.kind() == io::ErrorKind::NotFound => false,
            Err(e) => return Err(e),
        };
        let before = there.then(|| into.metadata()).transpose()?.map(|found| found.permissions());
        let done = platform::private_folder(&into).and_then(|()| unpack(&mut zip, &manifest, &into));
        if done.is_err() {
            match before {
                None => drop(Half(Some(into))),
                // It was empty.
                Some(rights) => {
                    entries(&into)?.into_iter().for_each(|left| drop(Half(Some(left))));
                    fs::set_permissions(&into, rights)?;
                }
            }
        }
        done
    };
    tokio::task::spawn_blocking(unpack).await.map_err(|e| bad(&e))?.map_err(|e| bad(&e))
}

fn manifest(zip: &mut ZipArchive<File>) -> io::Result<Manifest> {
    let mut text = String::new();
    zip.by_name(MANIFEST)?.take(64 << 20).read_to_string(&mut text)?;
    let manifest: Manifest = serde_json::from_str(&text)?;
    if manifest.product != "AuroraSOC" || manifest.version != 1 {
        return Err(io::Error::other("not a backup that this version reads"));
    }
    Ok(manifest)
}

fn unpack(zip: &mut ZipArchive<File>, manifest: &Manifest, into: &Path) -> io::Result<()> {
    const LAST: &str = "aurora.db";
    let first = into.join("lock");
    // As where a workspace is begun: what a power cut leaves is no folder of other files.
    platform::create_private(&first)?;
    for (name, hash) in &manifest.files {
        let to =
            place(into, name).ok_or_else(|| io::Error::other("the backup names a file of no workspace"))?;
        let to = if name == LAST { to.with_extension("db.restored") } else { to };
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
    let database = into.join(LAST);
    fs::rename(database.with_extension("db.restored"), database)
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
