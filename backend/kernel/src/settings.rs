//! Runtime settings: versioned, with history and reason.

use crate::{
    Error, Result,
    db::{Actor, Audit, Db, store},
    net::Net,
};
use api::{
    Code, Time,
    system::{LiveSources, Mode, PatchSettings, Settings, SettingsChange, SettingsView, SyslogSettings},
};
use serde_json::json;
use sqlx::Row as _;
use std::{net::IpAddr, sync::RwLock};
use tokio::sync::watch;

/// Settings in memory and their rows.
pub struct SettingsStore {
    now: RwLock<(u32, Settings)>,
    changed: watch::Sender<u32>,
}

impl SettingsStore {
    pub(crate) async fn load(db: &Db) -> Result<Self> {
        let newest = history(db).await?.into_iter().next();
        let now = newest.map_or((0, Settings::default()), |c| (c.version, c.settings));
        Ok(SettingsStore { changed: watch::channel(now.0).0, now: RwLock::new(now) })
    }

    /// As they are.
    pub fn get(&self) -> Settings {
        self.now.read().unwrap_or_else(|p| p.into_inner()).1.clone()
    }

    /// The mode, without copying the rest.
    pub fn mode(&self) -> Mode {
        self.now.read().unwrap_or_else(|p| p.into_inner()).1.mode
    }

    /// The version, whenever it grows.
    pub fn changes(&self) -> watch::Receiver<u32> {
        self.changed.subscribe()
    }

    /// With version and history.
    pub async fn view(&self, db: &Db) -> Result<SettingsView> {
        let history = history(db).await?;
        let (version, settings) = self.now.read().unwrap_or_else(|p| p.into_inner()).clone();
        Ok(SettingsView { settings, version, history, live: LiveSources::default() })
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
        let silent = reason.as_deref().is_none_or(|r| r.trim().is_empty());
        if after.mode != before.mode && silent {
            return Err(Error::field("reason", "changing the mode needs a reason"));
        }
        if after.syslog != before.syslog && silent {
            return Err(Error::field("reason", "changing the listener needs a reason"));
        }
        if_match(i64::from(version))?;
        self.put(db, by, version, (before, after), reason).await
    }

    /// Sets the folder that is watched, or none. Only for who is on this machine: a path of it comes by no route.
    pub async fn watch(
        &self,
        db: &Db,
        by: &Actor,
        folder: Option<String>,
        reason: Option<String>,
    ) -> Result<i64> {
        let (version, before) = self.now.read().unwrap_or_else(|p| p.into_inner()).clone();
        let after = Settings { watch: folder.is_some(), watched_folder: folder, ..before.clone() };
        self.put(db, by, version, (before, after), reason).await
    }

    async fn put(
        &self,
        db: &Db,
        by: &Actor,
        version: u32,
        (before, after): (Settings, Settings),
        reason: Option<String>,
    ) -> Result<i64> {
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
        self.changed.send_replace(version + 1);
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
    if let Some(v) = c.syslog {
        s.syslog = syslog(v)?;
    }
    if let Some(v) = c.watch {
        if v && s.watched_folder.is_none() {
            return Err(Error::field("watch", "no folder is set on the server's machine"));
        }
        s.watch = v;
    }
    Ok(s)
}

/// Addresses as they are compared, each once.
fn syslog(mut s: SyslogSettings) -> Result<SyslogSettings> {
    let address: IpAddr =
        s.address.trim().parse().map_err(|_| Error::field("syslog.address", "must be an IP address"))?;
    s.address = address.to_string();
    if s.allow.len() > 1_000 {
        return Err(Error::field("syslog.allow", "at most 1,000"));
    }
    let mut allow = vec![];
    for (i, text) in s.allow.iter().enumerate() {
        let why = |why: &str| Error::field(format!("syslog.allow[{i}]"), why);
        let net = Net::parse(text).map_err(why)?.to_string();
        if !allow.contains(&net) {
            allow.push(net);
        }
    }
    if s.enabled && allow.is_empty() {
        return Err(Error::field("syslog.allow", "name who may send"));
    }
    s.allow = allow;
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
