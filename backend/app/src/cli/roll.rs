//! The rules of a scan: where each stands, and which of them do not take part and why.

use super::rules::Loaded;
use detect::{
    Cause, Engine, Mapping, NotRun,
    sigma::{Kind, Level, Rule},
};
use std::collections::HashMap;

/// A rule that loaded.
pub(super) struct Known {
    pub id: String,
    pub title: String,
    pub level: Option<Level>,
    pub kind: Kind,
    /// As it was named, joined with the path below it.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// Where the rule stands that has the same id and is taken in place of this one.
    pub doubles: Option<String>,
}

impl Known {
    pub fn place(&self) -> String {
        format!("{}, line {}", self.file, self.line)
    }
}

/// A document or file that did not load.
pub(super) struct NotLoaded {
    pub file: String,
    /// Line and column, both 1-based; none where the file could not be read.
    pub at: Option<(usize, usize)>,
    /// Id or title, where it could be read.
    pub rule: Option<String>,
    pub reason: String,
}

/// All rules of a scan.
pub(super) struct Roll {
    /// In the order in which they were loaded.
    pub known: Vec<Known>,
    pub not_loaded: Vec<NotLoaded>,
    /// Without those that only double the id of another.
    pub not_run: Vec<NotRun>,
}

impl Roll {
    /// Compiles the rules.
    pub fn build(loaded: Loaded, mapping: &Mapping) -> (Engine, Roll) {
        let each = loaded.rules.iter().zip(&loaded.places);
        let mut known: Vec<_> = each.map(|(rule, (file, line))| known(rule, file, *line)).collect();
        mark_doubles(&mut known);
        let broken = loaded.findings.into_iter().filter(|f| f.error).map(|f| NotLoaded {
            file: f.file,
            at: Some((f.line, f.column)),
            rule: f.rule,
            reason: f.reason,
        });
        let unread = loaded.unread.into_iter();
        let unread = unread.map(|(file, reason)| NotLoaded { file, at: None, rule: None, reason });
        let not_loaded = broken.chain(unread).collect();
        let (engine, mut not_run) = Engine::build(loaded.rules, mapping);
        not_run.retain(|n| n.cause != Cause::Duplicate);
        (engine, Roll { known, not_loaded, not_run })
    }

    /// Rules that are left out since another one has their id.
    pub fn doubles(&self) -> impl Iterator<Item = (&Known, &str)> {
        self.known.iter().filter_map(|k| Some((k, k.doubles.as_deref()?)))
    }

    /// Rules that loaded and could not run.
    pub fn idle(&self) -> usize {
        self.not_run.len() + self.doubles().count()
    }
}

fn known(rule: &Rule, file: &str, line: usize) -> Known {
    let (id, title) = (rule.id.clone(), rule.title.clone());
    Known { id, title, level: rule.level, kind: rule.kind, file: file.into(), line, doubles: None }
}

/// As the engine has it: the first detection of an id is taken, else the first correlation; filters have no such bound.
fn mark_doubles(known: &mut [Known]) {
    let mut taken: HashMap<String, String> = HashMap::new();
    for kind in [Kind::Detection, Kind::Correlation] {
        for k in known.iter_mut().filter(|k| k.kind == kind) {
            match taken.get(&k.id) {
                Some(by) => k.doubles = Some(by.clone()),
                None => drop(taken.insert(k.id.clone(), k.place())),
            }
        }
    }
}
