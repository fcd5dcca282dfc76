//! Which of the things that were dropped are rules and not logs: by names alone, nothing is read for it.

use super::files::is_yaml;
use ingest::paths::{Found, walk};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// Names of a folder or zip that are looked at.
const NAMES: usize = 50_000;

/// What was dropped, sorted out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// Name of each pack, and where its rules lie: a folder, a zip, or the single files of one folder.
    pub packs: Vec<(String, Vec<PathBuf>)>,
    /// Everything else.
    pub logs: Vec<PathBuf>,
}

/// Sorts rules from logs: a YAML file, and a folder or zip that holds more YAML than other files, are rules.
pub fn sort_out(paths: Vec<PathBuf>) -> Sorted {
    let mut sorted = Sorted::default();
    for path in paths {
        let name = named(&path);
        if path.is_file() && is_yaml(&name) {
            let folder = path.parent().map(named).unwrap_or_default();
            match sorted.packs.iter_mut().find(|(pack, files)| *pack == folder && files[0].is_file()) {
                Some((_, files)) => files.push(path),
                None => sorted.packs.push((folder, vec![path])),
            }
        } else if mostly_yaml(&path) {
            let stem = if path.is_dir() { name } else { stem(&path) };
            sorted.packs.push((stem, vec![path]));
        } else {
            sorted.logs.push(path);
        }
    }
    sorted
}

fn named(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn mostly_yaml(path: &Path) -> bool {
    let (mut yaml, mut other) = (0, 0);
    let mut count = |name: &str| if is_yaml(name) { yaml += 1 } else { other += 1 };
    if path.is_dir() {
        for found in walk(std::slice::from_ref(&path.to_owned())).take(NAMES) {
            if let Found::File { label, .. } = found {
                count(&label);
            }
        }
    } else if let Some(zip) = File::open(path).ok().and_then(|f| zip::ZipArchive::new(f).ok()) {
        zip.file_names()
            .flatten()
            .filter(|name| !name.ends_with('/'))
            .take(NAMES)
            .for_each(|name| count(&name));
    }
    yaml > other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_told_from_logs_by_what_there_is_more_of() {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "x").unwrap();
            path
        };
        let (one, two, log) = (put("loose/a.yml"), put("loose/b.YAML"), put("loose/c.evtx"));
        let (pack, triage) = (put("sigma/rules/a.yml"), put("triage/config.yaml"));
        put("sigma/rules/b.yml");
        put("sigma/LICENSE");
        put("triage/x.evtx");
        put("triage/y.log");
        let pack = pack.parent().unwrap().parent().unwrap().to_owned();
        let triage = triage.parent().unwrap().to_owned();
        let sorted = sort_out(vec![one.clone(), log.clone(), pack.clone(), two.clone(), triage.clone()]);
        let packs = vec![("loose".to_owned(), vec![one, two]), ("sigma".to_owned(), vec![pack])];
        assert_eq!(sorted, Sorted { packs, logs: vec![log, triage] });
    }
}
