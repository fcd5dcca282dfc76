//! The reads: list and comments.

use super::store::{
    self,
    alike::Alike,
    list::{self, Filter, SORTS, Written},
};
use crate::App;
use api::{
    Page,
    alerts::{AlertList, AlertStatus, Comment, CommentList, Severity},
};
use axum::body::Bytes;
use kernel::{Error, Result, route};
use serde_json::json;
use sqlx::Row as _;

fn filter(app: &App, me: &str, q: &AlertList) -> Result<Filter> {
    let severities = route::words("severity", q.severity.as_deref(), Severity::parse)?;
    let numbers = severities.map(|s| json!(s.into_iter().map(|s| s as i64).collect::<Vec<_>>()).to_string());
    // The two ends stand last, so that the open states are one slice.
    let open = AlertStatus::ALL.iter().take_while(|s| super::is_open(**s)).count();
    let statuses = route::words("status", q.status.as_deref(), |w| match w {
        "open" => AlertStatus::ALL.get(..open),
        w => AlertStatus::ALL.iter().find(|s| s.as_str() == w).map(std::slice::from_ref),
    })?;
    let assignee = q.assignee.as_deref().map(|a| match a {
        "none" => String::new(),
        "me" => me.to_owned(),
        name => name.to_owned(),
    });
    Ok(Filter {
        severities: numbers,
        statuses: statuses.map(|s| json!(s.concat()).to_string()),
        assignee,
        rule_id: q.rule_id.clone(),
        case_id: q.case_id.clone(),
        technique: q.technique.clone(),
        entity: q.entity.as_deref().map(|name| Alike::of(&app.merges.now(), name)),
        tag: q.tag.clone(),
        text: q.q.as_deref().filter(|t| !t.is_empty()).map(str::to_lowercase),
        from: q.from.map(|t| t.0),
        to: q.to.map(|t| t.0),
    })
}

/// A page as JSON text of a `Page<Alert>`; each alert with its first 20 event ids.
pub async fn page(app: &App, me: &str, q: &AlertList) -> Result<Bytes> {
    let me = if q.assignee.as_deref() == Some("me") { me } else { "" };
    let read = async { Ok((read(app, me, q).await?, 0)) };
    let key = format!("alerts {} {me} {q:?}", app.merges.number());
    Ok(app.kernel.db.answered(key, read).await?.0)
}

async fn read(app: &App, me: &str, q: &AlertList) -> Result<Vec<u8>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    let sort = q.sort.as_deref().unwrap_or("-created_at");
    let walk = SORTS.iter().find(|(word, _)| *word == sort).map(|(_, sql)| *sql).ok_or_else(|| {
        let words: Vec<_> = SORTS.iter().map(|(w, _)| *w).collect();
        Error::field("sort", format!("must be one of {}", words.join(", ")))
    })?;
    let filter = filter(app, me, q)?;
    let after = route::cursor_in::<(i64, i64)>(sort, q.cursor.as_deref())?;
    let few = few(app, &filter).await?;
    let db = app.kernel.db.read();
    let query = filter.bind(if few.is_some() { list::OF } else { walk });
    let query = query.bind(after.map(|a| a.0)).bind(after.map(|a| a.1)).bind(limit + 1);
    let rows = match &few {
        Some(few) => {
            let direction = if sort.starts_with('-') { -1 } else { 1 };
            let query = query.bind(few.ids.clone()).bind(sort.trim_start_matches('-').to_owned());
            query.bind(direction).fetch_all(db).await?
        }
        None => query.fetch_all(db).await?,
    };
    let total = total(app, &filter, few.as_ref(), cap).await?;
    let alerts = rows.iter().map(list::written).collect::<Result<Vec<_>>>()?;
    let page: Page<Written<'_>> = route::page(alerts, limit, total, cap, |a| (sort, (a.key, a.id)));
    serde_json::to_vec(&page).map_err(Error::internal)
}

/// Alerts that a filter leaves, when they are few.
struct Few {
    /// JSON array of row numbers.
    ids: String,
    /// How many there are, when there is no other filter.
    total: Option<i64>,
}

/// The fewest that any one filter leaves.
async fn few(app: &App, filter: &Filter) -> Result<Option<Few>> {
    let probes = filter.probes();
    let alone = probes.len() == 1;
    let mut least: Option<(i64, Few)> = None;
    for (query, exact) in probes.into_iter().flatten() {
        let row = query.bind(list::FEW + 1).fetch_one(app.kernel.db.read()).await?;
        let found: i64 = row.try_get(0)?;
        if found <= list::FEW && least.as_ref().is_none_or(|(n, _)| found < *n) {
            least = Some((found, Few { ids: row.try_get(1)?, total: (alone && exact).then_some(found) }));
            // So few that looking for fewer costs more.
            if found <= list::FEW / 32 {
                break;
            }
        }
    }
    Ok(least.map(|(_, few)| few))
}

/// How many alerts the filters leave, at most `cap`.
async fn total(app: &App, filter: &Filter, few: Option<&Few>, cap: i64) -> Result<i64> {
    if let Some(total) = few.and_then(|f| f.total) {
        return Ok(total.min(cap));
    }
    let db = app.kernel.db.read();
    let count = async {
        let mut probes = filter.probes();
        let unfiltered = probes.is_empty();
        let alone = if probes.len() == 1 { probes.pop().flatten().filter(|(_, exact)| *exact) } else { None };
        let query = match (few, alone, unfiltered) {
            (Some(few), ..) => filter.bind(list::COUNT_OF).bind(few.ids.clone()),
            (None, Some((probe, _)), _) => probe.bind(cap),
            (None, None, true) => sqlx::query(list::COUNT_ALL).bind(cap),
            (None, None, false) => filter.bind(list::COUNT).bind(cap),
        };
        Ok(query.fetch_one(db).await?.try_get::<i64, _>(0)?.min(cap))
    };
    app.kernel.db.counted(format!("alerts {cap} {filter:?}"), count).await
}

/// Comments, oldest first.
pub async fn comments(app: &App, id: &str, q: &CommentList) -> Result<Page<Comment>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["created_at"])?;
    let (at, after) =
        route::cursor::<(i64, String)>(q.cursor.as_deref())?.unwrap_or((i64::MIN, String::new()));
    let s = super::service::brief(app, id).await?;
    let db = app.kernel.db.read();
    let rows = sqlx::query(store::COMMENT_PAGE)
        .bind(s.id)
        .bind(at)
        .bind(after)
        .bind(limit + 1)
        .fetch_all(db)
        .await?;
    let total: i64 = sqlx::query_scalar(store::COMMENT_COUNT).bind(s.id).fetch_one(db).await?;
    let items = rows.iter().map(store::comment).collect::<Result<Vec<_>>>()?;
    Ok(route::page(items, limit, total, cap, |c: &Comment| (c.created_at.0, c.id.clone())))
}
