//! The reads: rules, history, packs, what a text would be.

use super::{
    compile, service,
    store::{
        packs,
        rules::{self, Filter, SORTS, Stored},
    },
    text,
};
use crate::App;
use api::{
    Page,
    detections::{
        CheckReport, CheckedRule, Pack, PackList, Rule, RuleChange, RuleHistoryList, RuleList, RuleOrigin,
        RuleState,
    },
};
use detect::Engine;
use kernel::{Error, Result, route};
use serde_json::{Value, json};
use sqlx::Row as _;

const STATUSES: &[&str] = &["stable", "test", "experimental", "deprecated", "unsupported"];

fn filter(app: &App, q: &RuleList) -> Result<Filter> {
    let known = |field: &'static str, given: Option<&str>, words: &'static [&'static str]| {
        let found = route::words(field, given, |w| words.iter().find(|k| **k == w).copied())?;
        Ok::<_, Error>(found.map(|f| json!(f).to_string()))
    };
    let escape = |t: &str| t.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let states = route::words("state", q.state.as_deref(), RuleState::parse)?;
    let origins = route::words("origin", q.origin.as_deref(), RuleOrigin::parse)?;
    // Which rules do not run is known to the rule set alone.
    let blocked = states.is_some().then(|| json!(app.rules.current().blocked()).to_string());
    Ok(Filter {
        like: q.q.as_deref().map(|t| format!("%{}%", escape(&t.to_lowercase()))),
        levels: known("level", q.level.as_deref(), text::LEVELS)?,
        statuses: known("status", q.status.as_deref(), STATUSES)?,
        enabled: q.enabled,
        origins: origins.map(|o| json!(o).to_string()),
        pack: q.pack.clone(),
        product: q.product.clone(),
        category: q.category.clone(),
        service: q.service.clone(),
        technique: q.technique.as_ref().map(|t| t.to_uppercase()),
        has_errors: q.has_errors,
        states: states.map(|s| json!(s).to_string()),
        blocked,
    })
}

/// A page of rules.
pub async fn page(app: &App, q: &RuleList) -> Result<Page<Rule>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    let sort = q.sort.as_deref().unwrap_or("title");
    let sql = SORTS.iter().find(|(word, _)| *word == sort).map(|(_, sql)| *sql).ok_or_else(|| {
        let words: Vec<_> = SORTS.iter().map(|(w, _)| *w).collect();
        Error::field("sort", format!("must be one of {}", words.join(", ")))
    })?;
    let filter = filter(app, q)?;
    let after = route::cursor::<(Value, i64)>(q.cursor.as_deref())?;
    let query = filter.bind(sql);
    let query = match after.as_ref().map(|a| &a.0) {
        None | Some(Value::Null) => query.bind(None::<i64>),
        Some(Value::String(t)) => query.bind(t.clone()),
        Some(n) => query.bind(n.as_i64()),
    };
    let db = app.kernel.db.read();
    let rows = query.bind(after.map(|a| a.1)).bind(limit + 1).fetch_all(db).await?;
    let total: i64 = filter.bind(rules::COUNT).bind(cap).fetch_one(db).await?.try_get(0)?;
    let rows = rows.iter().map(rules::stored).collect::<Result<Vec<_>>>()?;
    let page = route::page(rows, limit, total, cap, |s: &Stored| (s.key.clone(), s.id));
    let mut items: Vec<_> = page.items.into_iter().map(|s| s.rule).collect();
    if q.body != Some(false) {
        let ids: Vec<_> = items.iter().map(|r| r.rule_id.as_str()).collect();
        let mut texts = rules::texts(db, &ids).await?;
        for r in &mut items {
            r.body = texts.remove(&r.rule_id).unwrap_or_default();
        }
    }
    let set = app.rules.current();
    items.iter_mut().for_each(|r| service::overlay(&set, r));
    Ok(Page {
        items,
        next_cursor: page.next_cursor,
        total: page.total,
        total_is_lower_bound: page.total_is_lower_bound,
    })
}

/// Steps of a rule's history, newest first.
pub async fn history(app: &App, rule_id: &str, q: &RuleHistoryList) -> Result<Page<RuleChange>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["-at", "-created_at"])?;
    let before = route::cursor::<i64>(q.cursor.as_deref())?.unwrap_or(i64::MAX);
    service::get(app, rule_id).await?;
    let db = app.kernel.db.read();
    let rows = sqlx::query(rules::HISTORY).bind(rule_id).bind(before).bind(limit + 1).fetch_all(db).await?;
    let total: i64 = sqlx::query_scalar(rules::HISTORY_COUNT).bind(rule_id).fetch_one(db).await?;
    let rows = rows.iter().map(rules::change).collect::<Result<Vec<_>>>()?;
    let page = route::page(rows, limit, total, cap, |(n, _)| *n);
    Ok(Page {
        items: page.items.into_iter().map(|(_, c)| c).collect(),
        next_cursor: page.next_cursor,
        total: page.total,
        total_is_lower_bound: page.total_is_lower_bound,
    })
}

/// Packs by name.
pub async fn packs(app: &App, q: &PackList) -> Result<Page<Pack>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["name"])?;
    let after = route::cursor::<(String, String)>(q.cursor.as_deref())?.unwrap_or_default();
    let db = app.kernel.db.read();
    let mut found = packs::page(db, (&after.0, &after.1), limit + 1).await?;
    let blocked = packs::blocked(db, &app.rules.current().blocked()).await?;
    for p in &mut found {
        let of = |state: &str| {
            let own = blocked.iter().filter(|(pack, s, _)| *pack == p.pack_id && s == state);
            own.map(|(_, _, n)| n).sum::<u64>()
        };
        p.needs_configuration = of(RuleState::NeedsConfiguration.as_str());
        let stopped = p.needs_configuration + of(RuleState::CannotRun.as_str()) + p.errors;
        p.running = p.enabled.saturating_sub(stopped);
    }
    let total = packs::total(db).await?;
    Ok(route::page(found, limit, total, cap, |p: &Pack| (p.name.clone(), p.pack_id.clone())))
}

/// What a text holds, without keeping it.
pub async fn check(app: &App, body: String) -> Result<CheckReport> {
    let (parsed, _) = service::parse(body).await?;
    let errors: Vec<_> = parsed.errors.iter().map(text::problem).collect();
    let db = app.kernel.db.read();
    let about: Vec<_> = parsed.rules.iter().map(|r| (r.id.clone(), checked(r))).collect();
    let work = move || Engine::build(parsed.rules, &compile::mapping()).1;
    let not_run = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    let mut documents = vec![];
    for (id, mut d) in about {
        if let Some(n) = not_run.iter().find(|n| n.rule_id == id) {
            (d.runs, d.reason) = (false, Some(n.reason.clone()));
        }
        d.exists = rules::get(db, &id).await?.is_some();
        documents.push(d);
    }
    let ok = errors.is_empty() && !documents.is_empty() && documents.iter().all(|d| d.runs);
    Ok(CheckReport { ok, documents, errors })
}

fn checked(r: &detect::sigma::Rule) -> CheckedRule {
    let logsource = text::logsource(r);
    CheckedRule {
        rule_id: r.id.clone(),
        title: r.title.clone(),
        format: text::format(r.kind).into(),
        level: r.level.map_or("medium", |l| l.as_str()).into(),
        runs: true,
        reason: None,
        placeholders: r.placeholders().to_vec(),
        runs_on: vec![logsource.clone()],
        logsource,
        stored_events: None,
        exists: false,
    }
}
