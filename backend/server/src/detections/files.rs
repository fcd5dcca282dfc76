//! Rule files out of zips, folders and single files, within bounds. Names from inside never become paths.

use ingest::paths::{Found, walk};
use std::{
    fs::File,
    io::{self, Read, Seek},
    path::{Path, PathBuf},
};

/// A rule file larger than this is none.
const FILE_LIMIT: u64 = 2 << 20;
/// Text of all rule files together.
const TOTAL_LIMIT: u64 = 256 << 20;
/// Members of a zip that are looked at.
const MEMBERS: usize = 100_000;

/// One thing in a pack.
#[derive(Debug)]
pub enum Item {
    /// A rule file.
    Rules {
        /// Its name in the pack.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// The text of a licence that goes for the rules that name none.
    Licence(String),
    /// Not read, and why.
    Skipped {
        /// Its name.
        name: String,
        /// In plain words.
        reason: String,
    },
}

/// Whether a name is that of a rule file.
pub fn is_yaml(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".yml") || name.ends_with(".yaml")
}

fn is_licence(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    matches!(last.as_str(), "license" | "licence" | "license.txt" | "license.md" | "licence.txt")
}

/// Hands over what files and folders hold; a zip among them is opened. An error only where something that was named
/// can't be read at all.
pub fn of_paths(paths: &[PathBuf], each: &mut dyn FnMut(Item)) -> io::Result<()> {
    let mut total = 0;
    for path in paths {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        if !path.is_dir() {
            let label = path.to_string_lossy().into_owned();
            of_file(File::open(path).map_err(named)?, &label, true, &mut total, each).map_err(named)?;
            continue;
        }
        for found in walk(std::slice::from_ref(path)) {
            match found {
                Found::File { path, label } if is_yaml(&label) || is_licence(&label) => {
                    read_one(&path, label, &mut total, each);
                }
                Found::File { .. } => {}
                Found::Skipped { label, reason } => each(Item::Skipped { name: label, reason }),
            }
        }
    }
    Ok(())
}

fn read_one(path: &Path, label: String, total: &mut u64, each: &mut dyn FnMut(Item)) {
    let read = File::open(path).and_then(|f| of_file(f, &label, false, total, each));
    if let Err(e) = read {
        each(Item::Skipped { name: label, reason: e.to_string() });
    }
}

/// Hands over what one file holds: a zip's members, or the file itself. `named`: whether it was asked for by name, so
/// that any ending is a rule file's.
pub fn of_file(
    mut file: File,
    label: &str,
    named: bool,
    total: &mut u64,
    each: &mut dyn FnMut(Item),
) -> io::Result<()> {
    let mut head = [0; 4];
    let n = file.read(&mut head)?;
    file.rewind()?;
    // PK\3\4, or PK\5\6 for an empty one (APPNOTE.TXT 4.3.7, 4.3.16).
    if n == 4 && matches!(&head, b"PK\x03\x04" | b"PK\x05\x06") {
        return of_zip(file, total, each);
    }
    if named || is_yaml(label) || is_licence(label) {
        bounded(&mut file, label, total, each)?;
    }
    Ok(())
}

fn of_zip(file: File, total: &mut u64, each: &mut dyn FnMut(Item)) -> io::Result<()> {
    let mut zip = zip::ZipArchive::new(file).map_err(io::Error::other)?;
    let members = zip.len();
    for i in 0..members.min(MEMBERS) {
        let mut member = match zip.by_index(i) {
            Ok(m) => m,
            Err(e) => {
                each(Item::Skipped { name: format!("member {i}"), reason: e.to_string() });
                continue;
            }
        };
        let Ok(name) = member.name().map(|n| n.into_owned()) else {
            each(Item::Skipped { name: format!("member {i}"), reason: "its name is no text".into() });
            continue;
        };
        if !member.is_file() || !(is_yaml(&name) || is_licence(&name)) {
            continue;
        }
        if let Err(e) = bounded(&mut member, &name, total, each) {
            each(Item::Skipped { name, reason: e.to_string() });
        }
    }
    if members > MEMBERS {
        let reason = format!("a zip of {members} members: those after {MEMBERS} were not looked at");
        each(Item::Skipped { name: "zip".into(), reason });
    }
    Ok(())
}

fn bounded(from: &mut dyn Read, name: &str, total: &mut u64, each: &mut dyn FnMut(Item)) -> io::Result<()> {
    let name = name.to_owned();
    let mut bytes = vec![];
    from.take(FILE_LIMIT + 1).read_to_end(&mut bytes)?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    *total = total.saturating_add(size);
    if size > FILE_LIMIT {
        each(Item::Skipped { name, reason: "larger than 2 MiB, so no rule file".into() });
    } else if *total > TOTAL_LIMIT {
        each(Item::Skipped { name, reason: "the files before it hold 256 MiB already".into() });
    } else if is_licence(&name) {
        each(Item::Licence(String::from_utf8_lossy(&bytes).into_owned()));
    } else {
        each(Item::Rules { name, bytes });
    }
    Ok(())
}
