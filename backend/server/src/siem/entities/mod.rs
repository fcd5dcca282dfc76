//! Merges by hand: names of hosts and users that people said are one. Filters of alerts and events find all by each, an
//! offset of a clock holds for all, and alerts that are made later group under one. What is there is not grouped anew:
//! alerts are worked with, and taking a merge back must not have to take them apart. Correlation rules go on by values as
//! they are written: what contributed to them before and after a merge would else count apart.

mod merged;
mod store;

pub use merged::{Merged, key};
pub use store::QUERIES;

use crate::App;
use api::{
    Code, Page,
    siem::{EntitiesMerged, EntityMerge, EntityMergeList, MergeEntities},
};
use kernel::{
    Error, Result,
    db::{Actor, Audit, Reader},
    route,
};
use std::{
    collections::HashSet,
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Mutex;

/// Merges of a workspace: all are looked through.
const MOST: usize = 10_000;
/// Names of one call, and of one entity: a filter looks for each.
const NAMES: std::ops::RangeInclusive<usize> = 2..=100;
const OF_ONE: usize = 200;
/// Characters of a name and of a reason.
const NAME: usize = 1_024;
const REASON: usize = 1_000;

/// The merges, as they were set last.
#[derive(Debug, Default)]
pub struct Merges {
    now: RwLock<Arc<Merged>>,
    changes: AtomicU64,
    loading: Mutex<()>,
}

impl Merges {
    /// As it is now.
    pub fn now(&self) -> Arc<Merged> {
        self.now.read().unwrap_or_else(|p| p.into_inner()).clone()
    }

    /// Another number whenever they changed: what was answered under one is not an answer under the next.
    pub fn number(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Takes over what is set.
    pub async fn load(&self, db: &Reader) -> Result<()> {
        let _turn = self.loading.lock().await;
        let merged = Merged::of(&store::all(db).await?);
        *self.now.write().unwrap_or_else(|p| p.into_inner()) = Arc::new(merged);
        self.changes.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// All that are set.
pub async fn page(app: &App, q: &EntityMergeList) -> Result<Page<EntityMerge>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["merge_id"])?;
    let after = route::cursor::<String>(q.cursor.as_deref())?.unwrap_or_default();
    let db = app.kernel.db.read();
    let found = store::page(db, &after, limit + 1).await?;
    let total = store::total(db).await?;
    Ok(route::page(found, limit, total, cap, |m: &EntityMerge| m.merge_id.clone()))
}

/// Joins names. AURORA-4220 at the name that is merged already, or that `into` goes under.
pub async fn merge(app: &App, by: &Actor, asked: MergeEntities) -> Result<(EntitiesMerged, i64)> {
    let kind = asked.kind;
    let keys = check(&asked)?;
    let now = app.kernel.world.now();
    let mut tx = app.kernel.db.write(by).await?;
    let there = store::all_in(&mut tx).await?;
    let merged = Merged::of(&there);
    let into = key(kind, &asked.into);
    let root = merged.root(kind, &into).unwrap_or(&into).to_owned();
    let taken: HashSet<_> = there.iter().filter(|m| m.kind == kind).map(|m| key(kind, &m.name)).collect();
    let mut items = vec![];
    for (i, (name, key)) in asked.names.iter().zip(&keys).enumerate() {
        let wrong = |why: &str| Err(Error::field(format!("names[{i}]"), why));
        if *key == into {
            continue;
        }
        if *key == root {
            return wrong("the name to keep goes under this one already");
        }
        if taken.contains(key) {
            return wrong("goes under another name already: take that merge back first");
        }
        let merge = EntityMerge {
            merge_id: app.kernel.world.id(),
            kind,
            name: name.clone(),
            into: asked.into.clone(),
            reason: asked.reason.clone(),
            merged_by: by.name.clone(),
            merged_at: now,
        };
        store::put(&mut tx, &merge).await?;
        items.push(merge);
    }
    let all = [&*there, &*items].concat();
    if all.len() > MOST {
        return Err(Error::conflict("a workspace has 10,000 merges at most"));
    }
    let merged = Merged::of(&all);
    let one = |m: &&EntityMerge| m.kind == kind && merged.root(kind, &key(kind, &m.name)) == Some(&*root);
    let after: Vec<_> = all.iter().filter(one).collect();
    if after.len() >= OF_ONE {
        return Err(Error::field("names", "one host or user has 200 names at most"));
    }
    let before: Vec<_> = there.iter().filter(one).collect();
    let audit = Audit::new("entity.merge", "entity", &asked.into).before(&before).after(&after);
    let seq = tx.commit(audit, &[]).await?;
    loaded(app).await?;
    Ok((EntitiesMerged { items }, seq))
}

/// Takes one back: only what this one joined goes apart.
pub async fn delete(app: &App, by: &Actor, id: &str) -> Result<()> {
    let mut tx = app.kernel.db.write(by).await?;
    let old = store::get_in(&mut tx, id).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    store::delete(&mut tx, id).await?;
    tx.commit(Audit::new("entity.split", "entity", &old.into).before(&old), &[]).await?;
    loaded(app).await
}

async fn loaded(app: &App) -> Result<()> {
    app.merges.load(app.kernel.db.read()).await?;
    app.clocks.load(app.kernel.db.read(), &*app.logs).await
}

/// The keys of the names.
fn check(asked: &MergeEntities) -> Result<Vec<String>> {
    if !NAMES.contains(&asked.names.len()) {
        return Err(Error::field("names", "2 to 100"));
    }
    let mut keys = Vec::with_capacity(asked.names.len());
    for (i, name) in asked.names.iter().enumerate() {
        let wrong = |why: &str| Err(Error::field(format!("names[{i}]"), why));
        if name.chars().count() > NAME || name.chars().any(char::is_control) {
            return wrong("1 to 1,024 characters");
        }
        let key = key(asked.kind, name);
        if key.trim().is_empty() {
            return wrong("1 to 1,024 characters");
        }
        if keys.contains(&key) {
            return wrong("is the same name as one before it");
        }
        keys.push(key);
    }
    if !keys.contains(&key(asked.kind, &asked.into)) {
        return Err(Error::field("into", "must be one of names"));
    }
    if asked.reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON) {
        return Err(Error::field("reason", "at most 1,000 characters"));
    }
    Ok(keys)
}
