//! Clocks: a source's times that name no zone get one, a host whose clock was off an offset. Stored times stay; what a
//! search shows and orders by follows at once.

mod store;
mod zone;

pub use store::QUERIES;

use super::{Merges, store_error};
use crate::App;
use api::{
    Code, Page,
    siem::{Clock, ClockList, ClocksSet, SetClock},
};
use evidence::Sha256Hex;
use kernel::{
    Error, Kernel, Result,
    db::{Actor, Audit, Reader},
    route,
};
use logstore::{LogStore, Times};
use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};
use tokio::sync::Mutex;

/// Clocks of a workspace: each shift is looked for apart.
const MOST: i64 = 10_000;
/// Sources of one call.
const SOURCES: usize = 1_000;
/// Characters of a host's name (RFC 1035 has 255) and of a reason.
const NAME: usize = 255;
const REASON: usize = 1_000;
/// 100 years.
const FAR: i64 = 100 * 366 * 86_400;

/// What a search has to know of clocks, as it was set last.
pub struct Clocks {
    times: RwLock<Arc<Times>>,
    loading: Mutex<()>,
    merges: Arc<Merges>,
}

impl Clocks {
    /// None yet. An offset holds for every name that is merged with its host.
    pub fn new(merges: Arc<Merges>) -> Clocks {
        Clocks { times: RwLock::default(), loading: Mutex::default(), merges }
    }

    /// As it is now.
    pub fn times(&self) -> Arc<Times> {
        self.times.read().unwrap_or_else(|p| p.into_inner()).clone()
    }

    /// Takes over what is set. A zone of a source that is not in the store is kept for when it comes.
    pub async fn load(&self, db: &Reader, logs: &dyn LogStore) -> Result<()> {
        let _turn = self.loading.lock().await;
        let set = store::all(db).await?;
        let mut known = HashMap::new();
        if set.iter().any(|clock| clock.source.is_some()) {
            let sources = logs.sources().await.map_err(store_error)?;
            known.extend(sources.into_iter().map(|source| (source.file.sha256, source.id)));
        }
        let (mut times, mut zones) = (Times::default(), HashMap::new());
        let (merged, mut beside) = (self.merges.now(), vec![]);
        for clock in &set {
            let source = clock.source.as_ref().map(|sha256| known.get(sha256).copied());
            match (source, &clock.host, &clock.timezone) {
                (Some(Some(source)), None, Some(name)) => {
                    if !zones.contains_key(name) {
                        zones.insert(name.clone(), Arc::new(zone::shift(name)?));
                    }
                    if let Some(shift) = zones.get(name) {
                        times.zone(source, shift.clone());
                    }
                }
                (None | Some(Some(_)), Some(host), _) => {
                    let by = clock.offset_seconds.unwrap_or(0).saturating_mul(1_000_000_000);
                    times.offset(source.flatten(), host, by);
                    beside.extend(merged.beside(host).into_iter().map(|name| (source.flatten(), name, by)));
                }
                _ => {}
            }
        }
        // What is set for a name itself counts before what is set for one that is merged with it.
        for (source, name, by) in beside {
            times.offset_unless(source, name, by);
        }
        *self.times.write().unwrap_or_else(|p| p.into_inner()) = Arc::new(times);
        Ok(())
    }
}

/// All that are set.
pub async fn page(app: &App, q: &ClockList) -> Result<Page<Clock>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["clock_id"])?;
    let after = route::cursor::<String>(q.cursor.as_deref())?.unwrap_or_default();
    let db = app.kernel.db.read();
    let found = store::page(db, &after, limit + 1).await?;
    let total = store::total(db).await?;
    Ok(route::page(found, limit, total, cap, |c: &Clock| c.clock_id.clone()))
}

/// Sets a zone or an offset in place of what was there; shown times follow.
pub async fn set(app: &App, by: &Actor, asked: SetClock) -> Result<(ClocksSet, i64)> {
    let (items, seq) = write(&app.kernel, by, asked).await?;
    app.clocks.load(app.kernel.db.read(), &*app.logs).await?;
    Ok((ClocksSet { items }, seq))
}

/// What holds for a source: its zone, and the offsets of hosts that it names.
pub(super) async fn of_source(app: &App, source: &str, names: impl Fn(&str) -> bool) -> Result<Vec<Clock>> {
    let mut all = store::of_source(app.kernel.db.read(), source).await?;
    all.retain(|clock| clock.source.is_some() || clock.host.as_deref().is_some_and(&names));
    Ok(all)
}

/// The zone that an import was given, for one of its sources, unless one is set already.
pub(super) async fn of_import(kernel: &Kernel, by: &Actor, source: &str, timezone: &str) -> Result<()> {
    if store::find(kernel.db.read(), source).await?.is_some() {
        return Ok(());
    }
    let asked = SetClock {
        sources: vec![source.into()],
        timezone: Some(timezone.into()),
        reason: Some("as the import was told".into()),
        ..SetClock::default()
    };
    write(kernel, by, asked).await.map(drop)
}

/// Refuses what is no zone.
pub(crate) fn check_zone(name: &str) -> Result<()> {
    zone::shift(name).map(drop)
}

async fn write(kernel: &Kernel, by: &Actor, asked: SetClock) -> Result<(Vec<Clock>, i64)> {
    check(&asked)?;
    let now = kernel.world.now();
    let sources: Vec<_> = match asked.sources.is_empty() {
        true => vec![None],
        false => asked.sources.into_iter().map(Some).collect(),
    };
    let mut tx = kernel.db.write(by).await?;
    let (mut before, mut items) = (vec![], vec![]);
    for source in sources {
        let old = store::find_in(&mut tx, source.as_deref(), asked.host.as_deref()).await?;
        let clock = Clock {
            clock_id: old.as_ref().map_or_else(|| kernel.world.id(), |old| old.clock_id.clone()),
            source,
            host: asked.host.clone(),
            timezone: asked.timezone.clone(),
            offset_seconds: asked.offset_seconds,
            reason: asked.reason.clone(),
            set_by: by.name.clone(),
            set_at: now,
        };
        store::put(&mut tx, &clock).await?;
        before.extend(old);
        items.push(clock);
    }
    if store::total_in(&mut tx).await? > MOST {
        return Err(Error::conflict("a workspace has 10,000 zones and offsets at most"));
    }
    let target = items.first().map(|c| c.host.clone().or(c.source.clone()).unwrap_or_default());
    let audit = Audit::new("clock.set", "clock", target.unwrap_or_default()).before(&before).after(&items);
    let seq = tx.commit(audit, &[]).await?;
    Ok((items, seq))
}

fn check(asked: &SetClock) -> Result<()> {
    if asked.sources.len() > SOURCES {
        return Err(Error::field("sources", "at most 1,000"));
    }
    if asked.sources.iter().any(|source| Sha256Hex::parse(source).is_err()) {
        return Err(Error::field("sources", "each is a SHA-256 in 64 lowercase hexadecimal digits"));
    }
    if asked.reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON) {
        return Err(Error::field("reason", "at most 1,000 characters"));
    }
    match (&asked.host, &asked.timezone, asked.offset_seconds) {
        (None, Some(name), None) => {
            if asked.sources.is_empty() {
                return Err(Error::field("sources", "a zone is that of one source or more"));
            }
            check_zone(name)
        }
        (Some(host), None, Some(by)) => {
            if host.is_empty() || host.chars().count() > NAME || host.chars().any(char::is_control) {
                return Err(Error::field("host", "1 to 255 characters"));
            }
            if !(-FAR..=FAR).contains(&by) {
                return Err(Error::field("offset_seconds", "at most 100 years"));
            }
            Ok(())
        }
        (Some(_), Some(_), _) => Err(Error::field("timezone", "is a source's; a host has offset_seconds")),
        (Some(_), None, None) => Err(Error::field("offset_seconds", "is missing")),
        (None, _, Some(_)) => Err(Error::field("host", "is missing: whose clock was off")),
        (None, None, None) => Err(Error::field("timezone", "is missing, or host with offset_seconds")),
    }
}

/// Takes one back.
pub async fn delete(app: &App, by: &Actor, id: &str) -> Result<()> {
    let mut tx = app.kernel.db.write(by).await?;
    let old = store::get_in(&mut tx, id).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    store::delete(&mut tx, id).await?;
    tx.commit(Audit::new("clock.delete", "clock", id).before(&old), &[]).await?;
    app.clocks.load(app.kernel.db.read(), &*app.logs).await
}
