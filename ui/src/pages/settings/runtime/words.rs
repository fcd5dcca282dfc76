//! Settings in plain words.

use super::fields::{Field, due};
use crate::{
    i18n::{k, t, tf, tn, word},
    text::visible,
};
use api::system::Settings;

/// What a setting is called.
pub fn name(field: Field) -> String {
    match field {
        Field::Mode => t(k::ABOUT_MODE).to_owned(),
        Field::KeepSources => t(k::RUNTIME_KEEP).to_owned(),
        Field::Due(s) => tf(k::RUNTIME_DUE_OF, &[("severity", &word("severity", s.as_str()))]),
        Field::MaxSockets => t(k::RUNTIME_SOCKETS).to_owned(),
        Field::Retention => t(k::RUNTIME_RETENTION).to_owned(),
        Field::ApprovalTtl => t(k::RUNTIME_APPROVAL).to_owned(),
        Field::Syslog => t(k::LIVE_SYSLOG).to_owned(),
        Field::Watch => t(k::LIVE_WATCH_ON).to_owned(),
        Field::WatchedFolder => t(k::LIVE_FOLDER).to_owned(),
    }
}

/// Its value.
pub fn value(field: Field, of: &Settings) -> String {
    let minutes = |n: Option<u32>| match n {
        None => t(k::RUNTIME_NEVER).to_owned(),
        Some(0) => t(k::RUNTIME_AT_ONCE).to_owned(),
        Some(n) => tn(k::COUNT_MINUTES, u64::from(n)),
    };
    match field {
        Field::Mode => of.mode.as_str().to_owned(),
        Field::KeepSources => t(if of.keep_sources { k::YES } else { k::NO }).to_owned(),
        Field::Due(s) => minutes(due(of, s)),
        Field::MaxSockets => crate::numbers::grouped(u64::from(of.max_sockets)),
        Field::Retention => match of.retention_days {
            None => t(k::RUNTIME_FOREVER).to_owned(),
            Some(n) => tn(k::COUNT_DAYS, u64::from(n)),
        },
        Field::ApprovalTtl => tn(k::COUNT_SECONDS, u64::from(of.approval_ttl_s)),
        Field::Syslog if !of.syslog.enabled => word("live-state", "off").to_owned(),
        Field::Syslog => {
            let s = &of.syslog;
            visible(&format!("{} {} ← {}", s.address, s.port, s.allow.join(", ")))
        }
        Field::Watch => t(if of.watch { k::YES } else { k::NO }).to_owned(),
        Field::WatchedFolder => {
            of.watched_folder.as_deref().map_or_else(|| t(k::LIVE_FOLDER_NONE).to_owned(), visible)
        }
    }
}
