//! What lies in the watched folder: which files are written completely, which are new.

use super::store::Mark;
use std::{
    collections::{HashMap, HashSet},
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// A file is whole when it has been the same for this long, nanoseconds.
pub(super) const SETTLED_NS: i64 = 2_000_000_000;
/// Folders below the watched one.
const DEPTH: usize = 8;

/// One look into the folder.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Whole files that no import was given as they are, by path.
    pub ready: Vec<(PathBuf, Mark)>,
    /// Files that are still being written.
    pub waiting: u64,
    /// Files of earlier imports that are not there any more.
    pub gone: Vec<PathBuf>,
    /// The folder and those below it.
    pub folders: Vec<PathBuf>,
    /// What could not be looked at, and why; the first of it.
    pub trouble: Option<String>,
    /// How much else could not.
    pub more_trouble: u64,
}

/// Looks again and again, and remembers.
pub(super) struct Looker {
    folder: PathBuf,
    /// The workspace, which is never looked into.
    own: PathBuf,
    /// Files that imports were given.
    done: HashMap<PathBuf, Mark>,
    /// Files that are being written, since when they are as they are.
    open: HashMap<PathBuf, (Mark, i64)>,
}

impl Looker {
    pub(super) fn new(folder: PathBuf, own: PathBuf, done: Vec<(PathBuf, Mark)>) -> Self {
        let done = done.into_iter().filter(|(path, _)| path.starts_with(&folder)).collect();
        Looker { folder, own, done, open: HashMap::new() }
    }

    /// These were given to an import.
    pub(super) fn done(&mut self, files: &[(PathBuf, Mark)]) {
        self.done.extend(files.iter().cloned());
    }

    /// These are not remembered any more.
    pub(super) fn forget(&mut self, files: &[PathBuf]) {
        for path in files {
            self.done.remove(path);
        }
    }

    /// One look. An error is why the folder itself can't be looked at.
    pub(super) fn look(&mut self, now_ns: i64) -> Result<Look, String> {
        let mut look = Look::default();
        let mut met = HashSet::new();
        let mut folders = vec![(self.folder.clone(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(e) if depth == 0 => return Err(reason(&e)),
                Err(e) => {
                    look.say(&folder, &reason(&e));
                    continue;
                }
            };
            for entry in entries {
                let path = match &entry {
                    Ok(entry) => entry.path(),
                    Err(e) => {
                        look.say(&folder, &reason(e));
                        break;
                    }
                };
                let meta = match fs::symlink_metadata(&path) {
                    Ok(meta) => meta,
                    Err(e) if e.kind() == ErrorKind::NotFound => continue,
                    Err(e) => {
                        look.say(&path, &reason(&e));
                        continue;
                    }
                };
                if meta.is_dir() && path == self.own {
                    continue;
                }
                if meta.is_dir() && depth == DEPTH {
                    look.say(&path, "lies deeper than 8 folders");
                } else if meta.is_dir() {
                    folders.push((path, depth + 1));
                } else if meta.is_file() && meta.len() > 0 {
                    let mtime = meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec());
                    self.file(&mut look, path.clone(), Mark { size: meta.len(), mtime }, now_ns);
                    met.insert(path);
                }
            }
            look.folders.push(folder);
        }
        self.open.retain(|path, _| met.contains(path));
        // What lies in a folder that can't be read now is not gone.
        if look.trouble.is_none() {
            look.gone = self.done.keys().filter(|path| !met.contains(*path)).cloned().collect();
        }
        look.ready.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(look)
    }

    fn file(&mut self, look: &mut Look, path: PathBuf, mark: Mark, now: i64) {
        if self.done.get(&path) == Some(&mark) {
            return;
        }
        let same_since = match self.open.get(&path) {
            Some((before, since)) if *before == mark => *since,
            // A file that was moved here is as old as it says; one of the future is looked at again.
            _ => mark.mtime.min(now),
        };
        if now - same_since >= SETTLED_NS {
            self.open.remove(&path);
            look.ready.push((path, mark));
        } else {
            self.open.insert(path, (mark, same_since));
            look.waiting += 1;
        }
    }
}

impl Look {
    fn say(&mut self, path: &Path, why: &str) {
        match self.trouble {
            None => self.trouble = Some(format!("{}: {why}", path.display())),
            Some(_) => self.more_trouble += 1,
        }
    }
}

/// Without the number that the system gives it.
fn reason(e: &std::io::Error) -> String {
    let text = e.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    fn names(look: &Look, home: &Path) -> Vec<String> {
        look.ready.iter().map(|(p, _)| p.strip_prefix(home).unwrap().display().to_string()).collect()
    }

    fn mtime(path: &Path) -> i64 {
        let meta = fs::metadata(path).unwrap();
        meta.mtime() * S + meta.mtime_nsec()
    }

    #[test]
    fn a_file_is_ready_once_when_it_has_settled_and_again_when_it_grew() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let file = home.join("a.log");
        fs::write(&file, "one").unwrap();
        let at = mtime(&file);
        let mut looker = Looker::new(home.clone(), home.join("ws"), vec![]);
        let early = looker.look(at + S).unwrap();
        assert_eq!((early.ready.len(), early.waiting), (0, 1));
        let settled = looker.look(at + 2 * S).unwrap();
        assert_eq!((names(&settled, &home), settled.waiting), (vec!["a.log".to_owned()], 0));
        looker.done(&settled.ready);
        assert_eq!(looker.look(at + 9 * S).unwrap().ready, []);

        // After a restart it is known.
        let mut again = Looker::new(home.clone(), home.join("ws"), settled.ready.clone());
        assert_eq!(again.look(at + 9 * S).unwrap().ready, []);
        fs::write(&file, "one two").unwrap();
        assert_eq!(names(&again.look(mtime(&file) + 2 * S).unwrap(), &home), ["a.log"]);
        fs::remove_file(&file).unwrap();
        assert_eq!(again.look(at).unwrap().gone, [file]);
    }

    #[test]
    fn a_file_of_the_future_is_ready_after_two_looks() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a.log");
        fs::write(&file, "one").unwrap();
        let before = mtime(&file) - 100 * S;
        let mut looker = Looker::new(home.path().into(), home.path().join("ws"), vec![]);
        assert_eq!(looker.look(before).unwrap().waiting, 1);
        assert_eq!(looker.look(before + S).unwrap().waiting, 1);
        assert_eq!(looker.look(before + 2 * S).unwrap().ready.len(), 1);
    }

    #[test]
    fn links_the_workspace_and_what_lies_too_deep_are_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let other = tempfile::tempdir().unwrap();
        fs::write(other.path().join("secret"), "x").unwrap();
        let deep = |n: usize| (0..n).fold(home.clone(), |p, n| p.join(n.to_string()));
        fs::create_dir_all(deep(9)).unwrap();
        fs::create_dir(home.join("ws")).unwrap();
        for file in [deep(8).join("in"), deep(9).join("out"), home.join("ws/aurora.db"), home.join("a")] {
            fs::write(file, "x").unwrap();
        }
        fs::write(home.join("empty"), "").unwrap();
        std::os::unix::fs::symlink(other.path(), home.join("folder")).unwrap();
        std::os::unix::fs::symlink(other.path().join("secret"), home.join("file")).unwrap();
        let mut looker = Looker::new(home.clone(), home.join("ws"), vec![]);
        let look = looker.look(i64::MAX).unwrap();
        assert_eq!(names(&look, &home), ["0/1/2/3/4/5/6/7/in", "a"]);
        assert_eq!(look.folders.len(), 9);
        assert!(look.trouble.is_some_and(|t| t.contains("7/8: lies deeper")), "it is said");
        assert_eq!(
            Looker::new(home.join("none"), home, vec![]).look(0).unwrap_err(),
            "No such file or directory"
        );
    }
}
