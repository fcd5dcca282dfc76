//! From what the user named or dropped to the files that are read.

use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// One thing below a named path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A regular file, not yet opened.
    File {
        /// Where it lies.
        path: PathBuf,
        /// The argument as given joined with the path below it: what users and reports see.
        label: String,
    },
    /// Not read, and why.
    Skipped {
        /// As for a file.
        label: String,
        /// In plain words.
        reason: String,
    },
}

/// Files and what is skipped, for every path in turn; folders in the order of their sorted names.
///
/// Nothing is opened but folders. A symbolic link that was named is followed; one found inside a folder is
/// followed to a file that lies inside the same folder and is skipped by name otherwise, so a dropped
/// folder can't reach outside itself. Pipes, sockets and devices are never opened, since that can block
/// or act. The walk is lazy: memory stays bounded by one folder's listing.
pub fn walk<'a>(paths: &'a [PathBuf]) -> impl Iterator<Item = Found> + 'a {
    paths.iter().flat_map(|path| {
        // A link is followed only inside what the user named, so its real place is the measure.
        let root = path.canonicalize().ok();
        WalkDir::new(path)
            .follow_links(false)
            .follow_root_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_map(move |entry| one(path, root.as_deref(), entry))
    })
}

fn one(given: &Path, root: Option<&Path>, entry: walkdir::Result<walkdir::DirEntry>) -> Option<Found> {
    let skipped = |path: &Path, reason: String| Some(Found::Skipped { label: label(path), reason });
    let entry = match entry {
        Ok(entry) => entry,
        Err(e) => {
            let path = e.path().unwrap_or(given).to_owned();
            let why = e.io_error().map_or_else(|| e.to_string(), ToString::to_string);
            return skipped(&path, format!("can't be read: {why}"));
        }
    };
    let path = entry.path();
    let kind = entry.file_type();
    if kind.is_dir() {
        return None;
    }
    if kind.is_symlink() && entry.depth() > 0 {
        return match path.canonicalize() {
            Err(e) => skipped(path, format!("symbolic link that leads nowhere: {e}")),
            Ok(real) if !root.is_some_and(|root| real.starts_with(root)) => {
                skipped(path, "symbolic link to outside the folder: not followed".into())
            }
            // The file it points to is met by itself on the walk.
            Ok(_) => skipped(path, "symbolic link inside the folder: its target is read by itself".into()),
        };
    }
    // A named link to a file comes here with the link's own type.
    let is_file = match path.metadata() {
        Ok(meta) if meta.is_dir() => return None,
        Ok(meta) => meta.is_file(),
        Err(e) => return skipped(path, format!("can't be read: {e}")),
    };
    if is_file {
        Some(Found::File { path: path.to_owned(), label: label(path) })
    } else {
        skipped(path, "not a regular file (pipe, socket or device): never opened".into())
    }
}

/// A path as text; bytes that are not text show as U+FFFD.
fn label(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn shown(root: &Path) -> Vec<(String, bool)> {
        let base = format!("{}/", root.display());
        walk(&[root.to_owned()])
            .map(|found| match found {
                Found::File { label, .. } => (label.replace(&base, ""), true),
                Found::Skipped { label, .. } => (label.replace(&base, ""), false),
            })
            .collect()
    }

    #[test]
    fn files_come_sorted_and_a_named_file_is_itself() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("b/c")).unwrap();
        for name in ["z.evtx", "a.evtx", "b/c/y", "b/x"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let names: Vec<String> = shown(dir.path()).into_iter().map(|f| f.0).collect();
        assert_eq!(names, ["a.evtx", "b/c/y", "b/x", "z.evtx"]);
        let file = dir.path().join("b/x");
        assert_eq!(
            walk(std::slice::from_ref(&file)).collect::<Vec<_>>(),
            [Found::File { label: file.display().to_string(), path: file.clone() }]
        );
    }

    #[test]
    fn a_missing_path_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let gone = dir.path().join("gone");
        let found: Vec<_> = walk(std::slice::from_ref(&gone)).collect();
        assert!(matches!(&found[..], [Found::Skipped { label, .. }] if label.ends_with("gone")), "{found:?}");
    }

    #[cfg(unix)]
    #[test]
    fn links_outside_and_sockets_are_named_and_not_opened() {
        use std::os::unix::{fs::symlink, net::UnixListener};
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("in");
        fs::create_dir(&inside).unwrap();
        fs::write(dir.path().join("secret"), "").unwrap();
        fs::write(inside.join("a"), "").unwrap();
        symlink("../secret", inside.join("b-outside")).unwrap();
        symlink("a", inside.join("c-inside")).unwrap();
        symlink("gone", inside.join("d-dead")).unwrap();
        symlink(".", inside.join("e-loop")).unwrap();
        let _socket = UnixListener::bind(inside.join("f-socket")).unwrap();
        let found: Vec<(String, bool)> = shown(&inside);
        let files: Vec<_> = found.iter().filter(|f| f.1).collect();
        assert_eq!(files, [&("a".to_owned(), true)]);
        assert_eq!(found.len(), 6, "{found:?}");
        // A link that the user names is meant.
        let named = dir.path().join("named");
        symlink("in", &named).unwrap();
        assert_eq!(shown(&named).iter().filter(|f| f.1).count(), 1);
    }
}
