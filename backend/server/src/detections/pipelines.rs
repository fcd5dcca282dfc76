//! Processing pipelines of the workspace: check, change, audit row in one commit; then every rule is compiled again.

use super::{
    store::{
        pipelines::{self as store, NewPipeline},
        write,
    },
    text,
};
use crate::App;
use api::{
    Code, Page,
    detections::{NotLoaded, PackReport, Pipeline, PipelineList, PutPipeline, RuleProblem, pipeline_id},
};
use detect::sigma;
use kernel::{
    Error, Result,
    db::{Actor, Audit, Tx},
    route,
    settings::IfMatch,
};
use serde_json::{Value, json};
use std::time::Duration;

/// Pipelines of one workspace: each rule goes through all of them.
const MOST: i64 = 200;
/// Characters of a name.
const NAME: usize = 100;

/// A page in the order of application.
pub async fn page(app: &App, q: &PipelineList) -> Result<Page<Pipeline>> {
    let limit = route::limit(q.limit)?;
    let cap = route::count_cap(q.count.as_deref())?;
    route::only_sort(q.sort.as_deref(), &["priority"])?;
    let after = route::cursor::<(i64, String)>(q.cursor.as_deref())?.unwrap_or((i64::MIN, String::new()));
    settled(app).await;
    let db = app.kernel.db.read();
    let mut found = store::page(db, (after.0, &after.1), limit + 1).await?;
    let total = store::total(db).await?;
    found.iter_mut().for_each(|p| overlay(app, p));
    Ok(route::page(found, limit, total, cap, |p: &Pipeline| (p.priority, p.pipeline_id.clone())))
}

/// AURORA-4040 when there is none.
pub async fn get(app: &App, id: &str) -> Result<Pipeline> {
    let mut p = store::get(app.kernel.db.read(), id).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    overlay(app, &mut p);
    Ok(p)
}

/// Waits for the set with every change so far, and not for long: how many rules a pipeline changes is known then.
async fn settled(app: &App) {
    let _ = tokio::time::timeout(Duration::from_secs(2), app.rules.fresh()).await;
}

/// What the rule set knows of it.
fn overlay(app: &App, p: &mut Pipeline) {
    let set = app.rules.current();
    p.rules = if p.enabled { set.changed_by(&p.pipeline_id) } else { 0 };
    p.problem = set.pipelines.problem(&p.pipeline_id).filter(|_| p.enabled).cloned();
}

/// What is wrong with a pipeline's name, where it stands.
pub fn misnamed(parsed: &sigma::Pipeline, reason: String) -> RuleProblem {
    let at = parsed.name_at();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    RuleProblem { line: number(at.line), column: number(at.column), reason, path: "name".into() }
}

/// The row of a text that loads. `named` is its name where the text gives it none.
pub fn row(
    parsed: &sigma::Pipeline,
    body: &str,
    named: &str,
    enabled: bool,
) -> std::result::Result<NewPipeline, RuleProblem> {
    let own = parsed.name().trim();
    let name = if own.is_empty() { named } else { own };
    let no = |reason: &str| Err(misnamed(parsed, reason.into()));
    if name.chars().count() > NAME || name.chars().any(char::is_control) {
        return no("a name may have 100 characters, without line breaks");
    }
    let id = pipeline_id(name);
    if id.is_empty() {
        return no("a pipeline needs a name with a letter or a digit in it");
    }
    Ok(NewPipeline {
        pipeline_id: id,
        name: name.into(),
        priority: parsed.priority(),
        body: body.into(),
        sha256: text::hash(body),
        enabled,
    })
}

fn outline(name: &str, enabled: bool, priority: i64, sha256: &str) -> Value {
    json!({"name": name, "enabled": enabled, "priority": priority, "body_sha256": sha256})
}

/// With its text, so that the log can give back what was written over.
fn outline_before(p: &Pipeline) -> Value {
    let mut all = outline(&p.name, p.enabled, p.priority, &p.sha256);
    all["body"] = json!(p.body);
    all
}

/// Makes one or writes over it; `None` for the audit row's number when nothing changed. AURORA-4222 when the text is no
/// pipeline.
pub async fn put(
    app: &App,
    by: &Actor,
    id: &str,
    c: PutPipeline,
    if_match: IfMatch<'_>,
) -> Result<(Pipeline, Option<i64>)> {
    let work = move || (sigma::Pipeline::parse(&c.body), c.body);
    let (parsed, body) = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    let parsed = parsed.map_err(|e| text::refused(&text::problem(&e)))?;
    let now = app.kernel.world.now();
    let mut tx = app.kernel.db.write(by).await?;
    let old = store::get_in(&mut tx, id).await?;
    if_match(old.as_ref().map_or(0, |o| i64::from(o.revision)))?;
    let enabled = c.enabled.unwrap_or_else(|| old.as_ref().is_none_or(|o| o.enabled));
    let named = old.as_ref().map_or(id, |o| o.name.as_str());
    let new = row(&parsed, &body, named, enabled).map_err(|p| text::refused(&p))?;
    if new.pipeline_id != id {
        let reason =
            format!("the text names another pipeline, {}: a pipeline keeps its name", new.pipeline_id);
        let problem = misnamed(&parsed, reason);
        return Err(text::refused(&problem));
    }
    let audit = match &old {
        Some(o) if (&o.name, &o.body, o.enabled) == (&new.name, &new.body, new.enabled) => {
            return Ok((get(app, id).await?, None));
        }
        Some(o) => Audit::new("pipeline.update", "pipeline", id).before(outline_before(o)),
        None if store::total_in(&mut tx).await? >= MOST => {
            return Err(Error::conflict("a workspace has 200 pipelines at most"));
        }
        None => Audit::new("pipeline.create", "pipeline", id),
    };
    store::put(&mut tx, &new, old.is_some(), &by.name, now).await?;
    let number = write::next_set(&mut tx).await?;
    let after = outline(&new.name, new.enabled, new.priority, &new.sha256);
    let seq = tx.commit(audit.after(after), &[]).await?;
    app.rules.changed(number);
    settled(app).await;
    Ok((get(app, id).await?, Some(seq)))
}

/// Deletes one. Its text stands in the audit row.
pub async fn delete(app: &App, by: &Actor, id: &str, if_match: IfMatch<'_>) -> Result<()> {
    let mut tx = app.kernel.db.write(by).await?;
    let old = store::get_in(&mut tx, id).await?.ok_or_else(|| Error::new(Code::NotFound))?;
    if_match(i64::from(old.revision))?;
    store::delete(&mut tx, id).await?;
    let number = write::next_set(&mut tx).await?;
    let audit = Audit::new("pipeline.delete", "pipeline", id).before(outline_before(&old));
    tx.commit(audit, &[]).await?;
    app.rules.changed(number);
    Ok(())
}

/// Takes the pipelines of an import inside its write. What was switched off here stays off. Answers what was written
/// over, for the audit row.
pub async fn import(
    tx: &mut Tx,
    all: &[NewPipeline],
    now: api::Time,
    report: &mut PackReport,
) -> Result<Vec<Value>> {
    let by = tx.actor().name.clone();
    let mut before = vec![];
    for p in all {
        let old = store::get_in(tx, &p.pipeline_id).await?;
        match &old {
            Some(o) if o.sha256 == p.sha256 => {
                report.pipelines_unchanged.push(o.name.clone());
                continue;
            }
            Some(o) => {
                before.push(outline_before(o));
                report.pipelines_changed.push(p.name.clone());
            }
            None if store::total_in(tx).await? >= MOST => {
                let reason = "a workspace has 200 pipelines at most".into();
                let problem = RuleProblem { line: 1, column: 1, reason, path: String::new() };
                if report.not_loaded.len() < super::pack::LISTED {
                    report.not_loaded.push(NotLoaded { file: p.name.clone(), problem });
                }
                report.not_loaded_total += 1;
                continue;
            }
            None => report.pipelines_new.push(p.name.clone()),
        }
        let enabled = old.as_ref().map_or(p.enabled, |o| o.enabled);
        let new = NewPipeline { enabled, ..p.clone() };
        store::put(tx, &new, old.is_some(), &by, now).await?;
    }
    Ok(before)
}
