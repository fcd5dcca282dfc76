//! Reading events: list, one with its raw bytes, totals.

use super::{content_error, store_error};
use crate::App;
use api::{
    Code, Page, Time,
    siem::{Log, LogDetail, LogList, LogPage, LogQuery, LogView, RawRef, SiemStats},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as B64};
use event::{Event, Identity, Nanos, Value, entity::Host};
use evidence::Sha256Hex;
use kernel::{Error, Result, route};
use logstore::{NewSource, Query, Row, Search, SourceId, Times, query};
use serde_json::Map;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Most raw bytes of one event that are sent: a record of an event log is at most a chunk.
const RAW_LIMIT: u32 = 1 << 20;

/// Newest first.
pub async fn page(app: &App, q: LogList) -> Result<LogPage> {
    let limit = route::limit(q.limit)?;
    route::only_sort(q.sort.as_deref(), &["-timestamp", "timestamp", "-created_at", "created_at"])?;
    let cap = route::count_cap(q.count.as_deref())?;
    let view = q.view.unwrap_or_default();
    let unfiltered =
        q.q.is_none() && q.from.is_none() && q.to.is_none() && q.host.is_none() && q.dataset.is_none();
    let nanos = |t: Option<Time>| t.map(|t| Nanos(t.0.saturating_mul(1_000_000)));
    let hosts = match &q.host {
        Some(host) => hosts(app, host).await?,
        None => vec![],
    };
    let query = match &q.q {
        Some(text) => query::parse(text).map_err(|e| Error::field("q", e.to_string()))?.by(&own_names),
        None => Query::All,
    };
    let search = Search {
        query,
        hosts,
        dataset: q.dataset,
        from: nanos(q.from),
        to: nanos(q.to),
        limit: u32::try_from(limit).unwrap_or(50),
        cursor: q.cursor,
        // An event is as old as it says.
        ascending: matches!(q.sort.as_deref(), Some("timestamp" | "created_at")),
        times: app.clocks.times(),
        ..Search::default()
    };
    let found = app.logs.search(&search).await.map_err(store_error)?;
    let sources = sources(app, &found.rows).await?;
    let items: Vec<_> = found.rows.iter().map(|r| wire(r, &sources, &search.times, view)).collect();
    let (total, total_is_lower_bound) = if unfiltered {
        (app.logs.stats().await.map_err(store_error)?.events, false)
    } else {
        let cap = u64::try_from(cap).unwrap_or(u64::MAX);
        let found = app.logs.count(&search, cap).await.map_err(store_error)?;
        // One more than is told was looked for, to see that there are more.
        (found.rows.min(cap - 1), found.partial || found.rows == cap)
    };
    let why_none = match found.rows.is_empty() && search.cursor.is_none() && !found.partial {
        true => Some(why_none(app, &search).await?),
        false => None,
    };
    let page = Page { total, total_is_lower_bound, items, next_cursor: found.next };
    Ok(LogPage { page, partial: found.partial, unreadable: found.unreadable, why_none })
}

/// The names of fields that a name in a query stands for: itself, and where it is one of ECS those that it is taken from.
fn own_names(name: &str) -> Vec<String> {
    [name].into_iter().chain(event::ecs::fields_of(name)).map(Into::into).collect()
}

/// What stands between a search and its events.
async fn why_none(app: &App, search: &Search) -> Result<String> {
    let there = app.logs.stats().await.map_err(store_error)?.events;
    if there == 0 {
        return Ok("There are no events in this workspace yet.".into());
    }
    if search.from.is_some() || search.to.is_some() {
        let anytime = Search { from: None, to: None, limit: 1, ..search.clone() };
        let found = app.logs.search(&anytime).await.map_err(store_error)?;
        if let Some(row) = found.rows.first() {
            let shown = Time(search.times.shown(row).0.div_euclid(1_000_000));
            return Ok(format!("Nothing in this time range; there is an event at {shown}."));
        }
    }
    Ok(format!("None of {there} events is like this."))
}

/// The names of a host that events have: those that are the same or merged, and the one asked for, which older events
/// that left no trace may have.
async fn hosts(app: &App, asked: &str) -> Result<Vec<String>> {
    let wanted = app.merges.now().hosts(asked);
    let there = app.logs.hosts().await.map_err(store_error)?;
    let same = |name: &String| {
        let host = Host::new(name);
        wanted.iter().any(|one| one.same(&host))
    };
    let mut names: Vec<_> = there.into_iter().filter(same).collect();
    names.extend(wanted.iter().map(|host| host.folded().to_owned()).chain([asked.to_owned()]));
    Ok(names)
}

/// Events by identity, those that are there, in the order asked for.
pub(crate) async fn rows(app: &App, ids: &[Identity]) -> Result<Vec<(Row, Log)>> {
    let rows = app.logs.get(ids).await.map_err(store_error)?;
    let sources = sources(app, &rows).await?;
    let times = app.clocks.times();
    let pair = |r: Row| {
        let log = wire(&r, &sources, &times, LogView::Original);
        (r, log)
    };
    Ok(rows.into_iter().map(pair).collect())
}

/// One event; with its raw bytes, or why there are none.
pub async fn detail(app: &App, log_id: &str, q: LogQuery) -> Result<LogDetail> {
    let missing = || Error::new(Code::NotFound);
    let id = event::unhex(log_id).ok_or_else(missing)?;
    let (row, mut log) = rows(app, &[id]).await?.into_iter().next().ok_or_else(missing)?;
    if let Some(view) = q.view {
        log.fields = fields(&row, app.clocks.times().shown(&row), view);
    }
    if !q.raw.unwrap_or(false) {
        return Ok(LogDetail { log, raw: None, raw_missing: None });
    }
    let none = |log, why: &str| Ok(LogDetail { log, raw: None, raw_missing: Some(why.into()) });
    let Some(place) = log.raw_ref.clone().filter(|r| r.kept) else {
        // A member's format names the containers around it: `zip/json`.
        if sources(app, std::slice::from_ref(&row))
            .await?
            .get(&row.source)
            .is_some_and(|s| s.format.contains('/'))
        {
            return none(log, "the event lies inside an archive; the event's own text is shown");
        }
        return none(log, "the source was not kept; the event's own text is shown");
    };
    let Ok(hash) = Sha256Hex::parse(&place.sha256) else { return none(log, "the source has no valid hash") };
    let content = app.content.clone();
    let len = place.length.min(RAW_LIMIT) as usize;
    let read = tokio::task::spawn_blocking(move || content.read_range(&hash, place.offset, len));
    match read.await.map_err(Error::internal)? {
        Ok(bytes) => Ok(LogDetail { log, raw: Some(B64.encode(bytes)), raw_missing: None }),
        Err(evidence::Error::NotKept(_)) => {
            none(log, "the source was removed; the event's own text is shown")
        }
        Err(e) => Err(content_error(e)),
    }
}

/// Totals.
pub async fn stats(app: &App) -> Result<SiemStats> {
    let mut s = app.logs.stats().await.map_err(store_error)?;
    let times = app.clocks.times();
    if !times.is_empty() {
        let one = |ascending| Search { limit: 1, ascending, times: times.clone(), ..Search::default() };
        let (first, last) = (one(true), one(false));
        let (first, last) =
            tokio::try_join!(app.logs.search(&first), app.logs.search(&last)).map_err(store_error)?;
        let shown = |page: logstore::Page| page.rows.first().map(|row| times.shown(row));
        s.time = shown(first).zip(shown(last)).or(s.time);
    }
    Ok(SiemStats {
        events: s.events,
        by_dataset: s.datasets.into_iter().map(|d| (d.dataset, d.events)).collect(),
        by_severity: s.severities.into_iter().map(|d| (d.severity, d.events)).collect(),
        first_event: s.time.map(|t| Time::from_nanos(t.0.0)),
        last_event: s.time.map(|t| Time::from_nanos(t.1.0)),
        store_bytes: s.bytes,
    })
}

type Files = HashMap<SourceId, Arc<NewSource>>;

async fn sources(app: &App, rows: &[Row]) -> Result<Files> {
    let ids: BTreeSet<_> = rows.iter().map(|r| r.source).collect();
    app.logs.files(&Vec::from_iter(ids)).await.map_err(store_error)
}

fn wire(r: &Row, sources: &Files, times: &Times, view: LogView) -> Log {
    let shown = times.shown(r);
    let source = sources.get(&r.source);
    Log {
        log_id: r.log_id(),
        timestamp: Time::from_nanos(shown.0),
        source_time: (shown != r.time).then(|| Time::from_nanos(r.time.0)),
        ingested_at: Time::from_nanos(r.ingested_at.0),
        source: source.map(|s| s.label.clone()).unwrap_or_default(),
        dataset: r.dataset.clone(),
        host: r.host.clone(),
        user: r.user.clone(),
        severity: r.severity.clone(),
        message: r.message.clone(),
        fields: fields(r, shown, view),
        raw_ref: source.map(|s| RawRef {
            sha256: s.sha256.clone(),
            record: r.place.record,
            offset: r.place.offset,
            length: r.place.len,
            kept: s.kept,
        }),
    }
}

/// A row's fields by the names that were asked for; views of the event have the time that is shown.
fn fields(r: &Row, shown: Nanos, view: LogView) -> Map<String, serde_json::Value> {
    match view {
        LogView::Original => match r.fields_json() {
            serde_json::Value::Object(map) => map,
            _ => Map::new(),
        },
        LogView::Ecs => event::ecs::view(&Event { time: shown, ..event_of(r) }).to_json(),
        LogView::Ocsf => event::ocsf::of(&Event { time: shown, ..event_of(r) }),
    }
}

/// The event of a stored row, for explaining rules and for other views of it.
pub(crate) fn event_of(r: &Row) -> Event {
    let fields = match r.fields_json() {
        serde_json::Value::Object(map) => {
            map.iter().map(|(k, v)| (k.as_str().into(), Value::from_json(v))).collect()
        }
        _ => vec![],
    };
    Event { time: r.time, dataset: r.dataset.as_str().into(), place: r.place, fields, identity: r.identity }
}
