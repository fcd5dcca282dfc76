//! The reads: list and comments.

use super::store::{self, Filter, SORTS, Stored};
use crate::App;
use api::{
    Page,
    alerts::{Alert, AlertList, AlertStatus, Comment, CommentList, Severity},
};
use kernel::{Error, Result, route};
use serde_json::json;
use sqlx::Row as _;

fn filter(me: &str, q: &AlertList) -> Result<Filter> {
    let severities = route::words("severity", q.severity.as_deref(), Severity::parse)?;
    let numbers = severities.map(|s| json!(s.into_iter().map(|s| s as i64).collect::<Vec<_>>()).to_string());
    // The two ends stand last, so that the open states are one slice.
    let open = AlertStatus::ALL.iter().take_while(|s| super::is_open(**s)).count();
    let statuses = route::words("status", q.status.as_deref(), |w| match w {
        "open" => AlertStatus::ALL.get(..open),
        w => AlertStatus::ALL.iter().find(|s| s.as_str() == w).map(std::slice::from_ref),
    })?;
    let escape = |t: &str| t.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
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
        entity: q.entity.clone(),
        tag: q.tag.clone(),
        like: q.q.as_deref().map(|t| format!("%{}%", escape(t))),
        from: q.from.map(|t| t.0),
        to: q.to.map(|t| t.0),
    })
}

fn key(sort: &str, s: &Stored) -> i64 {
    let a = &s.alert;
    match sort.trim_start_matches('-') {
        "updated_at" => a.updated_at.0,
        "first_seen" => a.first_seen.0,
        "last_seen" => a.last_seen.0,
        "severity" => a.severity as i64,
        "event_count" => i64::try_from(a.event_count).unwrap_or(i64::MAX),
        _ => a.created_at.0,
    }
}

/// A page; each alert with its first 20 event ids.
pub async fn page(app: &App, me: &str, q: &AlertList) -> Result<Page<Alert>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    let sort = q.sort.as_deref().unwrap_or("-created_at");
    let sql = SORTS.iter().find(|(word, _)| *word == sort).map(|(_, sql)| *sql).ok_or_else(|| {
        let words: Vec<_> = SORTS.iter().map(|(w, _)| *w).collect();
        Error::field("sort", format!("must be one of {}", words.join(", ")))
    })?;
    let filter = filter(me, q)?;
    let after = route::cursor::<(i64, i64)>(q.cursor.as_deref())?;
    let db = app.kernel.db.read();
    let rows = filter
        .bind(sql)
        .bind(after.map(|a| a.0))
        .bind(after.map(|a| a.1))
        .bind(limit + 1)
        .fetch_all(db)
        .await?;
    let total: i64 = filter.bind(store::COUNT).bind(cap).fetch_one(db).await?.try_get(0)?;
    let rows = rows.iter().map(store::stored).collect::<Result<Vec<_>>>()?;
    let page = route::page(rows, limit, total, cap, |s: &Stored| (key(sort, s), s.id));
    Ok(Page {
        items: page.items.into_iter().map(|s| s.alert).collect(),
        next_cursor: page.next_cursor,
        total: page.total,
        total_is_lower_bound: page.total_is_lower_bound,
    })
}

/// Comments, oldest first.
pub async fn comments(app: &App, id: &str, q: &CommentList) -> Result<Page<Comment>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["created_at"])?;
    let (at, after) =
        route::cursor::<(i64, String)>(q.cursor.as_deref())?.unwrap_or((i64::MIN, String::new()));
    let s = super::service::get(app, id).await?;
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
