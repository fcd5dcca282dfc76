//! Reading sources: the list, and one with what is missing in it and what its removal would take.

use super::{clocks, gaps, input, removal, store_error};
use crate::{App, alerts};
use api::{
    Code, Page, Time,
    jobs::{Job, Skip},
    siem::{
        Gap, ImportResult, Removal, Source, SourceDetail, SourceHost, SourceImport, SourceList, SourceStatus,
    },
};
use event::entity::Host;
use evidence::Sha256Hex;
use kernel::{Error, Result, route};
use logstore::{Source as Stored, SourceId};
use serde::{Deserialize, Serialize};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex},
};

/// Gaps that the list shows of a source.
const IN_LIST: usize = 100;
/// Gaps that the detail shows, and that are remembered.
const IN_DETAIL: usize = 1_000;
/// Hosts that the detail shows.
const HOSTS: usize = 100;
/// Skips that the detail shows.
const SKIPS: usize = 100;
/// Events of alerts that are looked at for the list.
const LOOKED_AT: usize = 100_000;
/// A source is connected for so long after something came in, in ns.
const CONNECTED: i64 = 60_000_000_000;
/// And stale for so long.
const STALE: i64 = 900_000_000_000;
/// New events are counted over so long.
const PACE: i64 = 10_000_000_000;
/// Sources whose gaps are remembered.
const REMEMBERED: usize = 2_000;

/// What is missing in sources, each until something more of it comes in.
#[derive(Debug, Default)]
pub struct GapMemory(Mutex<HashMap<SourceId, (Seen, Arc<Gaps>)>>);

/// What the traces of a source depend on.
type Seen = (String, Option<i64>, u64);

#[derive(Debug, Default)]
struct Gaps {
    first: Vec<Gap>,
    total: u64,
}

fn seen(s: &Stored) -> Seen {
    (s.file.sha256.clone(), s.appended_at.map(|at| at.0), s.events + s.borrowed)
}

impl GapMemory {
    /// Gaps of some sources: those that are not remembered in one read.
    async fn of(&self, app: &App, sources: &[Stored]) -> Result<HashMap<SourceId, Arc<Gaps>>> {
        let mut found = HashMap::new();
        {
            let known = self.0.lock().unwrap_or_else(|p| p.into_inner());
            for s in sources {
                if let Some((_, gaps)) = known.get(&s.id).filter(|(then, _)| *then == seen(s)) {
                    found.insert(s.id, gaps.clone());
                }
            }
        }
        let missing: Vec<_> = sources.iter().filter(|s| !found.contains_key(&s.id)).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let ids: Vec<_> = missing.iter().map(|s| s.id).collect();
        let traces = app.logs.traces(&ids).await.map_err(store_error)?;
        let mut known = self.0.lock().unwrap_or_else(|p| p.into_inner());
        if known.len() + missing.len() > REMEMBERED {
            known.clear();
        }
        for s in missing {
            let mut all = traces.get(&s.id).map(gaps::find).unwrap_or_default();
            let total = u64::try_from(all.len()).unwrap_or(0);
            all.truncate(IN_DETAIL);
            let gaps = Arc::new(Gaps { first: all, total });
            known.insert(s.id, (seen(s), gaps.clone()));
            found.insert(s.id, gaps);
        }
        Ok(found)
    }
}

/// What a list can be in the order of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Number(i64),
    Text(String),
}

type Order = fn(&Source) -> Key;

fn number(n: u64) -> Key {
    Key::Number(i64::try_from(n).unwrap_or(i64::MAX))
}

fn time(t: Option<Time>) -> Key {
    Key::Number(t.map_or(i64::MIN, |t| t.0))
}

const ORDERS: &[(&str, Order)] = &[
    ("imported_at", |s| time(Some(s.imported_at))),
    ("created_at", |s| time(Some(s.imported_at))),
    ("source", |s| Key::Text(s.source.to_lowercase())),
    ("dataset", |s| Key::Text(s.dataset.clone())),
    ("events", |s| number(s.events)),
    ("bytes", |s| number(s.bytes)),
    ("rate", |s| Key::Number((s.rate * 1000.0) as i64)),
    ("first_seen", |s| time(s.first_seen)),
    ("last_seen", |s| time(s.last_seen)),
    ("gaps", |s| number(s.gaps_total)),
];

/// A page. All sources of a workspace are looked at: one read of a small table.
pub async fn page(app: &App, q: &SourceList) -> Result<Page<Source>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    let sort = q.sort.as_deref().unwrap_or("-imported_at");
    let word = sort.trim_start_matches('-');
    let order = ORDERS.iter().find(|(w, _)| *w == word).map(|(_, order)| *order).ok_or_else(|| {
        let words: Vec<_> = ORDERS.iter().map(|(w, _)| *w).collect();
        Error::field("sort", format!("must be one of {}, or one of them with -", words.join(", ")))
    })?;
    let after = route::cursor_in::<(Key, i64)>(sort, q.cursor.as_deref())?;
    let statuses = route::words("status", q.status.as_deref(), SourceStatus::parse)?;
    let text = q.q.as_deref().unwrap_or_default().to_lowercase();
    let now = app.kernel.world.now_ns();
    let stored = app.logs.sources().await.map_err(store_error)?;
    let sum = |of: fn(&Stored) -> u64| stored.iter().map(of).sum::<u64>();
    let state = (stored.len(), sum(|s| s.events), sum(|s| s.borrowed), sum(|s| s.shared));
    let wanted = |s: &Source| {
        (text.is_empty() || s.source.to_lowercase().contains(&text))
            && q.dataset.as_ref().is_none_or(|d| s.datasets.contains_key(d))
            && statuses.as_ref().is_none_or(|list| list.contains(&s.status))
    };
    let mut all: Vec<_> = stored.into_iter().map(|s| (wire(&s, now), s)).filter(|(s, _)| wanted(s)).collect();
    if word == "gaps" {
        let of: Vec<_> = all.iter().map(|(_, s)| s.clone()).collect();
        let gaps = app.gaps.of(app, &of).await?;
        all.iter_mut().for_each(|(s, of)| s.gaps_total = gaps.get(&of.id).map_or(0, |g| g.total));
    }
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX).min(cap);
    let place = |(s, of): &(Source, Stored)| (order(s), of.id.0);
    let down = sort.starts_with('-');
    all.sort_by_cached_key(place);
    if down {
        all.reverse();
    }
    if let Some(after) = after {
        all.retain(|one| if down { place(one) < after } else { place(one) > after });
    }
    all.truncate(usize::try_from(limit + 1).unwrap_or(usize::MAX));
    let page = route::page(all, limit, total, cap, |one| (sort, place(one)));
    let (mut items, of): (Vec<_>, Vec<_>) = page.items.into_iter().unzip();
    fill(app, &mut items, &of, IN_LIST).await?;
    let alerts = supported(app, state).await?;
    for (s, of) in items.iter_mut().zip(&of) {
        s.removal.alerts = alerts.as_ref().map(|all| all.get(&of.id.0).copied().unwrap_or(0));
    }
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
        total: page.total,
        total_is_lower_bound: page.total_is_lower_bound,
    })
}

/// By source the alerts that would go with it, remembered while neither records nor events change.
async fn supported(app: &App, state: (usize, u64, u64, u64)) -> Result<Option<HashMap<i64, u64>>> {
    let db = &app.kernel.db;
    let read = async {
        let found = alerts::supported(db.read(), &*app.logs, LOOKED_AT).await?;
        let found = found.map(|all| all.into_iter().map(|(s, n)| (s.0, n)).collect::<HashMap<_, _>>());
        Ok((serde_json::to_vec(&found).map_err(Error::internal)?, 0))
    };
    let (json, _) = db.answered(format!("alerts of sources {state:?}"), read).await?;
    serde_json::from_slice(&json).map_err(Error::internal)
}

/// One source with all that is known of it, and its version.
pub async fn detail(app: &App, sha256: &str) -> Result<(SourceDetail, i64)> {
    let found = app.logs.find(sha256).await.map_err(store_error)?;
    let stored = found.ok_or_else(|| Error::new(Code::NotFound))?;
    let mut one = [wire(&stored, app.kernel.world.now_ns())];
    fill(app, &mut one, std::slice::from_ref(&stored), IN_DETAIL).await?;
    let [mut source] = one;
    let db = app.kernel.db.read();
    let all = alerts::withdrawn(db, &*app.logs, removal::of(stored.id)).await?;
    let count = |stays: bool| u64::try_from(all.iter().filter(|w| w.stays == stays).count()).unwrap_or(0);
    source.removal.alerts = Some(count(false));
    let mut hosts = hosts(app, stored.id).await?;
    let merged = app.merges.now();
    let known = Known::of(&hosts);
    let named = |clock: &str| merged.hosts(clock).iter().any(|name| known.has(name));
    let clocks = clocks::of_source(app, sha256, named).await?;
    let hosts_total = u64::try_from(hosts.len()).unwrap_or(u64::MAX);
    hosts.truncate(HOSTS);
    let job = imported(app, &stored).await?;
    let detail = SourceDetail {
        hosts,
        hosts_total,
        zoneless: job.as_ref().is_some_and(|job| names_no_zone(job, sha256)),
        clocks,
        alerts_reduced: count(true),
        cases: alerts::cases_of(db, &all).await?,
        importing: removal::imports(&app.kernel, &stored).await?.reading,
        import: job.map(|job| told(job, &stored)),
        source,
    };
    Ok((detail, removal::version(&stored)))
}

/// Gaps, and the size of what is kept.
async fn fill(app: &App, items: &mut [Source], of: &[Stored], most: usize) -> Result<()> {
    let gaps = app.gaps.of(app, of).await?;
    for (s, of) in items.iter_mut().zip(of) {
        if let Some(gaps) = gaps.get(&of.id) {
            s.gaps = gaps.first.iter().take(most).cloned().collect();
            s.gaps_total = gaps.total;
        }
    }
    let content = app.content.clone();
    let hashes: Vec<_> = items.iter().map(|s| Sha256Hex::parse(&s.source_id).ok()).collect();
    let sizes = tokio::task::spawn_blocking(move || {
        hashes.iter().map(|h| h.as_ref().map_or(0, |h| content.size(h))).collect::<Vec<_>>()
    });
    let sizes = sizes.await.map_err(Error::internal)?;
    items.iter_mut().zip(sizes).for_each(|(s, size)| s.removal.bytes = size);
    Ok(())
}

fn wire(s: &Stored, now: i64) -> Source {
    let since = s.appended_at.map_or(i64::MAX, |at| now.saturating_sub(at.0));
    let eps = match since < PACE && s.lately.events > 0 {
        // At least a second, so that one batch is no storm.
        true => s.lately.events as f64 / ((now - s.lately.since.0).clamp(1_000_000_000, PACE) as f64 / 1e9),
        false => 0.0,
    };
    let events = s.events + s.borrowed;
    let hours = s.time.map_or(0.0, |(first, last)| (last.0 - first.0) as f64 / 3.6e12);
    Source {
        source_id: s.file.sha256.clone(),
        source: s.file.label.clone(),
        dataset: s.datasets.first().map(|d| d.dataset.clone()).unwrap_or_default(),
        datasets: s.datasets.iter().map(|d| (d.dataset.clone(), d.events)).collect(),
        format: s.file.format.clone(),
        status: match since {
            n if n < CONNECTED => SourceStatus::Connected,
            n if n < STALE => SourceStatus::Stale,
            _ => SourceStatus::Disconnected,
        },
        eps: (eps * 10.0).round() / 10.0,
        events,
        duplicates: s.borrowed,
        bytes: s.file.size,
        first_seen: s.time.map(|t| Time::from_nanos(t.0.0)),
        last_seen: s.time.map(|t| Time::from_nanos(t.1.0)),
        rate: if hours > 0.0 { (events as f64 / hours * 10.0).round() / 10.0 } else { 0.0 },
        gaps: vec![],
        gaps_total: 0,
        kept: s.file.kept,
        imported_at: Time::from_nanos(s.first_seen.0),
        imported_last: Time::from_nanos(s.last_seen.0),
        removal: Removal { events: s.events - s.shared.min(s.events), alerts: None, bytes: 0 },
    }
}

/// Names of hosts, to be asked for one that is the same without looking at each.
struct Known {
    names: HashSet<String>,
    /// First labels of full names.
    labels: HashSet<String>,
}

impl Known {
    fn of(hosts: &[SourceHost]) -> Known {
        let hosts: Vec<_> = hosts.iter().map(|h| Host::new(&h.host)).collect();
        let full = hosts.iter().filter(|h| h.is_full());
        Known {
            labels: full.map(|h| h.label().to_owned()).collect(),
            names: hosts.iter().map(|h| h.folded().to_owned()).collect(),
        }
    }

    /// As [`Host::same`] says it.
    fn has(&self, host: &Host) -> bool {
        let bare = || match host.is_full() {
            true => self.names.contains(host.label()),
            false => self.labels.contains(host.label()),
        };
        self.names.contains(host.folded()) || !host.is_whole() && bare()
    }
}

/// Hosts that events of a source name, those of most events first.
async fn hosts(app: &App, id: SourceId) -> Result<Vec<SourceHost>> {
    let traces = app.logs.traces(&[id]).await.map_err(store_error)?;
    let mut events: BTreeMap<&str, u64> = BTreeMap::new();
    for day in traces.get(&id).into_iter().flat_map(|traces| &traces.days) {
        *events.entry(&day.host).or_default() += day.hours.iter().sum::<u64>();
    }
    events.remove("");
    let mut all: Vec<_> =
        events.into_iter().map(|(host, events)| SourceHost { host: host.into(), events }).collect();
    all.sort_by_key(|host| Reverse(host.events));
    Ok(all)
}

/// The container that a source is a member of, and the member's name; else its own label.
fn place(s: &Stored) -> (&str, Option<&str>) {
    match s.file.label.split_once(" > ") {
        Some((outer, member)) if s.file.format.contains('/') => (outer, Some(member)),
        _ => (s.file.label.as_str(), None),
    }
}

/// The newest import of a source. A member of a container is told with the container.
async fn imported(app: &App, s: &Stored) -> Result<Option<Job>> {
    let jobs = &app.kernel.jobs;
    match place(s) {
        (_, None) => jobs.told(input::KIND, "sha256", &s.file.sha256).await,
        (outer, Some(_)) => jobs.told(input::KIND, "name", outer).await,
    }
}

fn names_no_zone(job: &Job, sha256: &str) -> bool {
    let said = ImportResult::deserialize(&job.result).unwrap_or_default();
    said.file_list.iter().any(|file| file.zoneless.iter().any(|source| source == sha256))
}

/// What an import said of a source.
fn told(job: Job, s: &Stored) -> SourceImport {
    let (outer, member) = place(s);
    let about = |skip: &Skip| skip.source == outer && (member.is_none() || skip.member.as_deref() == member);
    let mut skipped: Vec<_> = job.skipped.into_iter().filter(about).collect();
    let skipped_total = u64::try_from(skipped.len()).unwrap_or(0);
    skipped.truncate(SKIPS);
    SourceImport {
        job_id: job.job_id,
        by: job.created_by,
        finished_at: job.finished_at,
        skipped,
        skipped_total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts_are_asked_as_two_are_compared() {
        let names = ["PC", "pc.a.example", "db.a.example.", "10.0.0.1", "10", "10.a.example", "web"];
        for some in [&names[..1], &names[1..3], &names[3..5], &names[5..]] {
            let hosts: Vec<_> = some.iter().map(|h| SourceHost { host: (*h).into(), events: 1 }).collect();
            for asked in names.iter().chain(&["db", "pc.b.example", "WEB.a.example", "none"]) {
                let asked = Host::new(asked);
                let right = some.iter().any(|h| Host::new(h).same(&asked));
                assert_eq!(Known::of(&hosts).has(&asked), right, "{asked:?} in {some:?}");
            }
        }
    }
}
