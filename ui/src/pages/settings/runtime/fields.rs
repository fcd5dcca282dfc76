//! The runtime settings one by one: to compare two states, to take one value from another state, to ask for a change.

use api::{
    alerts::Severity,
    system::{PatchSettings, Settings},
};

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// What the product may do outside its database.
    Mode,
    /// Whether sources are copied into the workspace.
    KeepSources,
    /// Minutes until an alert of this severity is due.
    Due(Severity),
    /// Connections a live stream takes.
    MaxSockets,
    /// Days that events are kept.
    Retention,
    /// Seconds that an approval waits.
    ApprovalTtl,
    /// The listener for syslog.
    Syslog,
    /// Whether the folder is watched.
    Watch,
    /// The folder; it is never changed here.
    WatchedFolder,
}

impl Field {
    /// In the order of the page.
    pub fn all() -> impl Iterator<Item = Field> {
        let due = Severity::ALL.iter().rev().map(|s| Field::Due(*s));
        [Field::Mode, Field::KeepSources].into_iter().chain(due).chain([
            Field::MaxSockets,
            Field::Retention,
            Field::ApprovalTtl,
            Field::Syslog,
            Field::Watch,
            Field::WatchedFolder,
        ])
    }

    /// Whether it has the same value in both.
    pub fn same(self, a: &Settings, b: &Settings) -> bool {
        match self {
            Field::Mode => a.mode == b.mode,
            Field::KeepSources => a.keep_sources == b.keep_sources,
            Field::Due(s) => due(a, s) == due(b, s),
            Field::MaxSockets => a.max_sockets == b.max_sockets,
            Field::Retention => a.retention_days == b.retention_days,
            Field::ApprovalTtl => a.approval_ttl_s == b.approval_ttl_s,
            Field::Syslog => a.syslog == b.syslog,
            Field::Watch => a.watch == b.watch,
            Field::WatchedFolder => a.watched_folder == b.watched_folder,
        }
    }

    /// Takes its value over.
    pub fn copy(self, from: &Settings, to: &mut Settings) {
        match self {
            Field::Mode => to.mode = from.mode,
            Field::KeepSources => to.keep_sources = from.keep_sources,
            Field::Due(s) => {
                to.due_minutes.insert(s, due(from, s));
            }
            Field::MaxSockets => to.max_sockets = from.max_sockets,
            Field::Retention => to.retention_days = from.retention_days,
            Field::ApprovalTtl => to.approval_ttl_s = from.approval_ttl_s,
            Field::Syslog => to.syslog = from.syslog.clone(),
            Field::Watch => to.watch = from.watch,
            Field::WatchedFolder => to.watched_folder = from.watched_folder.clone(),
        }
    }
}

/// Minutes until an alert of this severity is due; None for never.
pub fn due(settings: &Settings, severity: Severity) -> Option<u32> {
    settings.due_minutes.get(&severity).copied().flatten()
}

/// What differs.
pub fn changed(a: &Settings, b: &Settings) -> Vec<Field> {
    Field::all().filter(|f| !f.same(a, b)).collect()
}

/// The change that makes `to` of `from`, with nothing in it that stays.
pub fn patch(from: &Settings, to: &Settings, reason: &str) -> PatchSettings {
    let reason = reason.trim();
    let differs = |f: Field| !f.same(from, to);
    let due_differs = Severity::ALL.iter().any(|s| differs(Field::Due(*s)));
    PatchSettings {
        mode: differs(Field::Mode).then_some(to.mode),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        approval_ttl_s: differs(Field::ApprovalTtl).then_some(to.approval_ttl_s),
        due_minutes: due_differs.then(|| to.due_minutes.clone()),
        retention_days: differs(Field::Retention).then_some(to.retention_days),
        keep_sources: differs(Field::KeepSources).then_some(to.keep_sources),
        max_sockets: differs(Field::MaxSockets).then_some(to.max_sockets),
        syslog: differs(Field::Syslog).then(|| to.syslog.clone()),
        watch: differs(Field::Watch).then_some(to.watch),
    }
}

/// Brings one's own changes onto a newer state: what one did not touch is taken from it.
pub fn onto(base: &Settings, mine: &Settings, newer: &Settings) -> Settings {
    let mut out = newer.clone();
    for field in changed(base, mine) {
        field.copy(mine, &mut out);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::system::Mode;

    #[test]
    fn a_change_names_only_what_changed() {
        let before = Settings::default();
        assert_eq!(serde_json::to_string(&patch(&before, &before, " ")).unwrap_or_default(), "{}");
        let mut after = before.clone();
        after.mode = Mode::Monitor;
        Field::Due(Severity::Low)
            .copy(&Settings { due_minutes: [(Severity::Low, None)].into(), ..before.clone() }, &mut after);
        let change = patch(&before, &after, " exercise ");
        assert_eq!((change.mode, change.reason.as_deref()), (Some(Mode::Monitor), Some("exercise")));
        assert_eq!(change.due_minutes.unwrap_or_default().get(&Severity::Low), Some(&None));
        assert_eq!((change.keep_sources, change.max_sockets, change.retention_days), (None, None, None));
        assert_eq!((change.syslog, change.watch), (None, None));
        let mut after = before.clone();
        after.syslog.port = 514;
        assert_eq!(patch(&before, &after, "").syslog, Some(after.syslog));
    }

    #[test]
    fn what_others_did_stays_where_one_did_nothing() {
        let base = Settings::default();
        let mine = Settings { max_sockets: 7, keep_sources: false, ..base.clone() };
        let newer = Settings { mode: Mode::Active, keep_sources: true, max_sockets: 9, ..base.clone() };
        let both = onto(&base, &mine, &newer);
        assert_eq!((both.mode, both.max_sockets, both.keep_sources), (Mode::Active, 7, false));
        assert_eq!(changed(&newer, &both), [Field::KeepSources, Field::MaxSockets]);
    }
}
