//! Suppressions, feedback, metrics, coverage.

use super::{
    service,
    store::{rules, verdicts, write},
    text,
};
use crate::{
    App,
    alerts::{self, Judged},
};
use api::{
    Code, Page,
    alerts::{Alert, Resolution},
    detections::{
        Coverage, CreateFeedback, CreateSuppression, DetectionMetrics, Feedback, FeedbackPage, MetricsList,
        RuleState, Suppression, SuppressionList, Verdict,
    },
};
use kernel::{
    Error, Result,
    auth::Caller,
    db::{Actor, Audit, Tx},
    route,
};
use serde_json::json;
use sqlx::Row as _;

/// Suppressions of a rule, newest first.
pub async fn suppressions(app: &App, rule_id: &str, q: &SuppressionList) -> Result<Page<Suppression>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["-created_at"])?;
    let after = route::cursor::<(i64, String)>(q.cursor.as_deref())?.unwrap_or((i64::MAX, String::new()));
    service::get(app, rule_id).await?;
    let db = app.kernel.db.read();
    let (items, total) = verdicts::suppression_page(db, rule_id, (after.0, &after.1), limit + 1).await?;
    Ok(route::page(items, limit, total, cap, |s: &Suppression| (s.created_at.0, s.id.clone())))
}

/// Holds back matches of a rule from now on. AURORA-4222 when the condition is no Sigma search.
pub async fn suppress(
    app: &App,
    by: &Actor,
    rule_id: &str,
    c: CreateSuppression,
) -> Result<(Suppression, i64)> {
    if !(1..=1_000).contains(&c.reason.trim().chars().count()) {
        return Err(Error::field("reason", "1 to 1,000 characters"));
    }
    let now = app.kernel.world.tick();
    if c.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::field("expires_at", "in the past"));
    }
    let stored = service::get(app, rule_id).await?;
    if stored.rule.state == RuleState::Error || stored.rule.format != "sigma" {
        return Err(Error::field("rule_id", "only matches of a rule that looks at events can be held back"));
    }
    let (body, id, condition) = (stored.rule.body, rule_id.to_owned(), c.condition.clone());
    let set = app.rules.current();
    let check = move || match text::one(&body, &id) {
        Some(rule) => super::suppress::check(&rule, &condition, set.pipelines.all()),
        None => Err(Error::field("rule_id", "its text does not load")),
    };
    tokio::task::spawn_blocking(check).await.map_err(Error::internal)??;
    let s = Suppression {
        id: app.kernel.world.id(),
        condition: c.condition,
        reason: c.reason,
        created_by: by.name.clone(),
        created_at: now,
        expires_at: c.expires_at,
        hits: 0,
    };
    let mut tx = app.kernel.db.write(by).await?;
    verdicts::suppress(&mut tx, rule_id, &s).await?;
    let number = write::next_set(&mut tx).await?;
    let seq = tx.commit(Audit::new("suppression.create", "rule", rule_id).after(&s), &[]).await?;
    app.rules.changed(number);
    Ok((s, seq))
}

/// Ends a suppression.
pub async fn unsuppress(app: &App, by: &Actor, rule_id: &str, id: &str) -> Result<()> {
    let mut tx = app.kernel.db.write(by).await?;
    let s = verdicts::suppression_in(&mut tx, rule_id, id).await?;
    let s = s.ok_or_else(|| Error::new(Code::NotFound))?;
    verdicts::unsuppress(&mut tx, id).await?;
    let number = write::next_set(&mut tx).await?;
    tx.commit(Audit::new("suppression.delete", "rule", rule_id).before(&s), &[]).await?;
    app.rules.changed(number);
    Ok(())
}

/// Verdicts on a rule, newest first.
pub async fn feedback(app: &App, rule_id: &str, q: &FeedbackPage) -> Result<Page<Feedback>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["-at", "-created_at"])?;
    let after = route::cursor::<(i64, String)>(q.cursor.as_deref())?.unwrap_or((i64::MAX, String::new()));
    service::get(app, rule_id).await?;
    let db = app.kernel.db.read();
    let (items, total) = verdicts::feedback_page(db, rule_id, (after.0, &after.1), limit + 1).await?;
    Ok(route::page(items, limit, total, cap, |f: &Feedback| (f.at.0, f.id.clone())))
}

/// Takes a verdict; one on an alert closes it in the same write.
pub async fn judge<P: api::Perm>(
    app: &App,
    by: &Caller<P>,
    rule_id: &str,
    c: CreateFeedback,
) -> Result<(Feedback, i64)> {
    if c.note.as_ref().is_some_and(|n| n.chars().count() > 10_000) {
        return Err(Error::field("note", "at most 10,000 characters"));
    }
    // Closing an alert takes the right to it, which a key for rules alone does not have.
    if c.alert_id.is_some() && !by.principal.as_ref().is_some_and(|p| p.holds("alerts:write")) {
        return Err(Error::with(Code::Forbidden, json!({"needs": "alerts:write"})));
    }
    let now = app.kernel.world.tick();
    let mut tx = app.kernel.db.write(&by.actor).await?;
    rules::get_in(&mut tx, rule_id).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    let mut f = Feedback {
        id: app.kernel.world.id(),
        alert_id: c.alert_id,
        verdict: c.verdict,
        note: c.note,
        by: by.actor.name.clone(),
        at: now,
    };
    let mut changes = vec![];
    if let Some(id) = &f.alert_id {
        let old = alerts::get_in(&mut tx, id).await?.ok_or_else(|| Error::new(Code::AlertNotFound))?;
        if old.alert.rule_id.as_deref() != Some(rule_id) {
            return Err(Error::field("alert_id", "an alert of another rule"));
        }
        let judged = Judged { resolution: resolution(f.verdict), note: f.note.clone() };
        changes.extend(alerts::judge(&mut tx, old, judged, now).await?);
    }
    f.id = verdicts::judge(&mut tx, rule_id, &f).await?;
    let seq = tx.commit(Audit::new("rule.feedback", "rule", rule_id).after(&f), &changes).await?;
    Ok((f, seq))
}

fn resolution(v: Verdict) -> Resolution {
    match v {
        Verdict::TruePositive => Resolution::TruePositive,
        Verdict::FalsePositive => Resolution::FalsePositive,
        Verdict::Benign => Resolution::Benign,
    }
}

/// Keeps the verdicts of a rule equal to what its closed alerts say, inside the write that changes the alert.
pub async fn follow(tx: &mut Tx, old: &Alert, new: &Alert) -> Result<()> {
    let Some(rule_id) = new.rule_id.as_ref().filter(|_| old.resolution != new.resolution) else {
        return Ok(());
    };
    match new.resolution.and_then(Verdict::of) {
        None => verdicts::unjudge(tx, &new.alert_id).await,
        Some(verdict) => {
            let f = Feedback {
                id: format!("fb-{}-{}", new.alert_id, new.updated_at.0),
                alert_id: Some(new.alert_id.clone()),
                verdict,
                note: new.resolution_note.clone(),
                by: tx.actor().name.clone(),
                at: new.updated_at,
            };
            verdicts::judge(tx, rule_id, &f).await.map(drop)
        }
    }
}

/// Figures in all and for each rule.
pub async fn metrics(app: &App, q: &MetricsList) -> Result<DetectionMetrics> {
    let limit = route::limit(q.limit)?;
    route::count_cap(q.count.as_deref())?;
    let sort = q.sort.as_deref().unwrap_or("-alerts");
    let sql =
        verdicts::SORTS.iter().find(|(word, _)| *word == sort).map(|(_, sql)| *sql).ok_or_else(|| {
            let words: Vec<_> = verdicts::SORTS.iter().map(|(w, _)| *w).collect();
            Error::field("sort", format!("must be one of {}", words.join(", ")))
        })?;
    let after = route::cursor::<(i64, i64)>(q.cursor.as_deref())?;
    let db = app.kernel.db.read();
    let query = sqlx::query(sql).bind(q.pack.clone()).bind(after.map(|a| a.0)).bind(after.map(|a| a.1));
    let rows = query.bind(limit + 1).fetch_all(db).await?;
    let total = sqlx::query(verdicts::METRICS_TOTAL).bind(q.pack.clone()).fetch_one(db).await?;
    let mut found = vec![];
    for r in &rows {
        let key: (i64, i64) = (r.try_get("sort_key")?, r.try_get("id")?);
        found.push((key, verdicts::metrics(r)?));
    }
    let page = route::page(found, limit, 0, i64::MAX, |(key, _)| *key);
    Ok(DetectionMetrics {
        total: verdicts::metrics(&total)?,
        rules: page.items.into_iter().map(|(_, m)| m).collect(),
        next_cursor: page.next_cursor,
    })
}

/// Rules and alerts by ATT&CK technique.
pub async fn coverage(app: &App) -> Result<Coverage> {
    let (techniques, without) = verdicts::coverage(app.kernel.db.read()).await?;
    Ok(Coverage { techniques, rules_without_technique: u64::try_from(without).unwrap_or(0) })
}
