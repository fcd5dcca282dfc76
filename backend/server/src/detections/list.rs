//! The reads: rules, history, packs, what a text would be.

use super::{
    compile,
    rewrite::{self, Pipelines},
    service,
    store::{
        packs, pipelines,
        rules::{self, Filter, SORTS, Stored},
    },
    text,
};
use crate::App;
use api::{
    Page,
    detections::{
        CheckReport, CheckedPipeline, CheckedRule, Pack, PackList, Rule, RuleChange, RuleHistoryList,
        RuleList, RuleOrigin, RuleState, pipeline_id,
    },
};
use detect::{Engine, sigma};
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
    let after = route::cursor_in::<(Value, i64)>(sort, q.cursor.as_deref())?;
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
    let page = route::page(rows, limit, total, cap, |s: &Stored| (sort, (s.key.clone(), s.id)));
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
    let db = app.kernel.db.read();
    let applied = Pipelines::load(db).await?;
    let work = move || looked_at(&body, &applied);
    let mut report = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    for d in &mut report.documents {
        d.exists = rules::get(db, &d.rule_id).await?.is_some();
    }
    for p in &mut report.pipelines {
        p.exists = pipelines::get(db, &p.pipeline_id).await?.is_some();
    }
    Ok(report)
}

/// Rules are checked as written, and run as the pipelines make them.
fn looked_at(body: &str, applied: &Pipelines) -> CheckReport {
    let found = sigma::pipelines_in(body);
    let is_pipeline = |e: &&sigma::RuleError| found.iter().any(|p| p.document == e.document);
    let plain = sigma::parse(body);
    let mut errors: Vec<_> = plain.errors.iter().filter(|e| !is_pipeline(e)).map(text::problem).collect();
    let parsed = sigma::parse_with(body, applied.all());
    let mut documents: Vec<_> = plain
        .rules
        .iter()
        .map(|r| {
            let made = parsed.rules.iter().find(|p| p.document == r.document);
            let no = parsed.errors.iter().find(|e| e.document == r.document).map(rewrite::refusal);
            CheckedRule { runs: no.is_none(), reason: no, ..checked(r, made.unwrap_or(r)) }
        })
        .collect();
    let (_, not_run) = Engine::build(parsed.rules, &compile::mapping());
    for d in &mut documents {
        if let Some(n) = not_run.iter().find(|n| n.rule_id == d.rule_id) {
            (d.runs, d.reason) = (false, Some(n.reason.clone()));
        }
    }
    let mut pipelines = vec![];
    for p in found {
        match p.pipeline {
            Err(e) => errors.push(text::problem(&e)),
            Ok(p) => pipelines.push(CheckedPipeline {
                pipeline_id: pipeline_id(p.name()),
                name: p.name().into(),
                priority: p.priority(),
                exists: false,
            }),
        }
    }
    let some = !documents.is_empty() || !pipelines.is_empty();
    let ok = errors.is_empty() && some && documents.iter().all(|d| d.runs);
    CheckReport { ok, documents, pipelines, errors }
}

/// A rule as written, and as the pipelines make it.
fn checked(r: &sigma::Rule, made: &sigma::Rule) -> CheckedRule {
    CheckedRule {
        rule_id: r.id.clone(),
        title: r.title.clone(),
        format: text::format(r.kind).into(),
        level: r.level.map_or("medium", |l| l.as_str()).into(),
        runs: true,
        reason: None,
        placeholders: made.placeholders().to_vec(),
        runs_on: vec![text::logsource(made)],
        logsource: text::logsource(r),
        stored_events: None,
        exists: false,
    }
}
