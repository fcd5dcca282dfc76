//! Runtime settings: versioned, with history and reason.

use crate::{
    Error, Result,
    db::{Actor, Audit, Db, store},
};
use api::{
    Code, Time,
    system::{Mode, PatchSettings, Settings, SettingsChange, SettingsView},
};
use serde_json::json;
use sqlx::Row as _;
use std::sync::RwLock;

/// Settings in memory and their rows.
pub struct SettingsStore {
    now: RwLock<(u32, Settings)>,
}

impl SettingsStore {
    pub(crate) async fn load(db: &Db) -> Result<Self> {
        let newest = history(db).await?.into_iter().next();
        let now = newest.map_or((0, Settings::default()), |c| (c.version, c.settings));
        Ok(SettingsStore { now: RwLock::new(now) })
    }

    /// As they are.
    pub fn get(&self) -> Settings {
        self.now.read().unwrap_or_else(|p| p.into_inner()).1.clone()
    }

    /// The mode, without copying the rest.
    pub fn mode(&self) -> Mode {
        self.now.read().unwrap_or_else(|p| p.into_inner()).1.mode
    }

    /// With version and history.
    pub async fn view(&self, db: &Db) -> Result<SettingsView> {
        let history = history(db).await?;
        let (version, settings) = self.now.read().unwrap_or_else(|p| p.into_inner()).clone();
        Ok(SettingsView { settings, version, history })
    }

    /// Changes them. Answers the number of the audit row.
    pub async fn patch(
        &self,
        db: &Db,
        by: &Actor,
        change: PatchSettings,
        if_match: IfMatch<'_>,
    ) -> Result<i64> {
        let (version, before) = self.now.read().unwrap_or_else(|p| p.into_inner()).clone();
        let reason = change.reason.clone();
        if reason.as_deref().is_some_and(|r| r.chars().count() > 1000) {
            return Err(Error::field("reason", "at most 1,000 characters"));
        }
        let after = apply(before.clone(), change)?;
        if after.mode != before.mode && reason.as_deref().is_none_or(|r| r.trim().is_empty()) {
            return Err(Error::field("reason", "changing the mode needs a reason"));
        }
        if_match(i64::from(version))?;
        let mut tx = db.write(by).await?;
        let body = serde_json::to_string(&after).map_err(Error::internal)?;
        let insert = sqlx::query(store::SETTING_INSERT)
            .bind(version + 1)
            .bind(db.world.now().0)
            .bind(&by.name)
            .bind(&reason)
            .bind(body)
            .execute(tx.conn())
            .await;
        if matches!(&insert, Err(sqlx::Error::Database(e)) if e.is_unique_violation()) {
            return Err(Error::new(Code::Conflict));
        }
        insert?;
        let view = |s: &Settings| json!({"settings": s, "reason": reason});
        let audit =
            Audit::new("settings.update", "settings", "runtime").before(view(&before)).after(view(&after));
        let seq = tx.commit(audit, &[]).await?;
        *self.now.write().unwrap_or_else(|p| p.into_inner()) = (version + 1, after);
        Ok(seq)
    }
}

/// Checks `If-Match` against a version.
pub type IfMatch<'a> = &'a (dyn Fn(i64) -> Result<()> + Sync);

fn apply(mut s: Settings, c: PatchSettings) -> Result<Settings> {
    let between = |name: &str, v: u32, low: u32, high: u32| {
        let ok = (low..=high).contains(&v);
        if ok { Ok(v) } else { Err(Error::field(name, format!("must be from {low} to {high}"))) }
    };
    if let Some(v) = c.mode {
        s.mode = v;
    }
    if let Some(v) = c.approval_ttl_s {
        s.approval_ttl_s = between("approval_ttl_s", v, 60, 86_400)?;
    }
    if let Some(v) = c.due_minutes {
        for m in v.values().flatten() {
            between("due_minutes", *m, 0, 525_600)?;
        }
        s.due_minutes.extend(v);
    }
    if let Some(v) = c.retention_days {
        s.retention_days = v.map(|d| between("retention_days", d, 1, 36_500)).transpose()?;
    }
    if let Some(v) = c.keep_sources {
        s.keep_sources = v;
    }
    if let Some(v) = c.max_sockets {
        s.max_sockets = between("max_sockets", v, 1, 10_000)?;
    }
    Ok(s)
}

async fn history(db: &Db) -> Result<Vec<SettingsChange>> {
    let rows = sqlx::query(store::SETTING_NEWEST).fetch_all(db.read()).await?;
    let change = |r: &sqlx::sqlite::SqliteRow| -> Result<SettingsChange> {
        Ok(SettingsChange {
            version: r.try_get("version")?,
            at: Time(r.try_get("at")?),
            by: r.try_get("by")?,
            reason: r.try_get("reason")?,
            settings: serde_json::from_str(r.try_get("body")?).map_err(Error::internal)?,
        })
    };
    rows.iter().map(change).collect()
}
