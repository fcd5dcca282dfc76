//! The workspace's own files below what was named: its databases and kept sources are not imported into it.

use ingest::paths::Found;
use std::path::{Path, PathBuf};

/// Where the workspace, or a part of it that was named, lies as the walk sees it.
pub(super) struct Own(Vec<Place>);

struct Place {
    at: PathBuf,
    /// Not the workspace, of which only what is its own is left out, but a part of it.
    part: bool,
}

impl Own {
    /// `dir` is the workspace's folder, without links.
    pub(super) fn below(paths: &[PathBuf], dir: &Path) -> Own {
        let place = |path: &PathBuf| {
            let real = path.canonicalize().ok()?;
            if let Ok(below) = dir.strip_prefix(&real) {
                let at = if below.as_os_str().is_empty() { path.clone() } else { path.join(below) };
                return Some(Place { at, part: false });
            }
            let name = real.strip_prefix(dir).ok()?.components().next()?;
            crate::is_own(name.as_os_str()).then(|| Place { at: path.clone(), part: true })
        };
        Own(paths.iter().filter_map(place).collect())
    }

    /// The folders, as they are named to the user.
    pub(super) fn places(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|place| place.at.display().to_string())
    }

    /// Whether something found is one of the workspace's own files.
    pub(super) fn holds(&self, found: &Found) -> bool {
        let path = match found {
            Found::File { path, .. } => path,
            Found::Skipped { label, .. } => Path::new(label),
        };
        self.0.iter().any(|place| {
            let Ok(below) = path.strip_prefix(&place.at) else { return false };
            place.part || below.components().next().is_some_and(|first| crate::is_own(first.as_os_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingest::paths::walk;

    #[test]
    fn of_a_workspace_only_what_is_not_its_own_is_read() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let ws = home.join("case/ws");
        for file in
            ["case/a.evtx", "case/ws/aurora.db-wal", "case/ws/content/ab/cd", "case/ws/evidence/b.evtx", "z"]
        {
            std::fs::create_dir_all(home.join(file).parent().unwrap()).unwrap();
            std::fs::write(home.join(file), "").unwrap();
        }
        let read = |named: &Path| {
            let named = [named.to_owned()];
            let own = Own::below(&named, &ws);
            let left = walk(&named).filter(|found| !own.holds(found)).count();
            (own.places().count(), left)
        };
        assert_eq!(read(&home.join("case")), (1, 2), "around it");
        assert_eq!(read(&ws), (1, 1), "itself");
        assert_eq!(read(&ws.join("content")), (1, 0), "a part of it");
        assert_eq!(read(&ws.join("evidence")), (0, 1), "beside its own");
        assert_eq!(read(&home.join("z")), (0, 1));
        let link = home.join("link");
        std::os::unix::fs::symlink(home.join("case"), &link).unwrap();
        assert_eq!(read(&link), (1, 2), "by a link");
    }
}
