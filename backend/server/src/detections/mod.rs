//! Detection rules: kept, switched, tuned, imported as packs, compiled, run over what is stored, judged.
//!
//! `set` the swap and its thread · `compile` from rows to an engine, `rewrite` through pipelines on the way · `matching` events against it, `correlate` over time ·
//! `service` changes · `list` reads · `pack`, `content`, `files`, `recognise` imports · `pipelines` · `run` over stored events · `explain` · `verdict`, `suppress` what
//! people say of alerts · `store` all SQL.

mod compile;
mod content;
mod correlate;
mod explain;
mod files;
mod list;
mod matching;
mod pack;
mod pipelines;
mod recognise;
mod rewrite;
mod run;
mod service;
mod set;
mod store;
mod suppress;
mod text;
mod upload;
mod verdict;

pub use compile::{RuleSet, Tuning};
pub(crate) use correlate::{evaluate, write as write_correlated};
pub(crate) use explain::Explainer;
pub use files::{Item, of_paths};
pub use matching::{Matched, Matcher, add_costs, keep_costs, write as write_matches};
pub use pack::{Input as PackInput, PackImport, start as start_import};
pub use recognise::{Sorted, sort_out};
pub use run::RuleRuns;
pub use set::Rules;
pub use store::QUERIES;
pub(crate) use store::correlations::{
    Key as ContributionKey, after as contributions_after, take_back, unfire,
};
pub use text::{format, logsource};
pub(crate) use verdict::follow;

use crate::App;
use api::{Page, detections::*, perm};
use kernel::{
    Kernel, Result,
    route::{Answer, Call, Routes},
};
use std::sync::Arc;

/// Brings the program's own pack up to date, and compiles what is enabled off the runtime.
pub async fn open(kernel: &Kernel, rules: &Arc<Rules>) -> Result<()> {
    pack::builtin(kernel).await?;
    rules.changed(store::rules::set_number(kernel.db.read()).await?);
    let runtime = tokio::runtime::Handle::current();
    rules.start(kernel.db.clone(), kernel.world.clone(), runtime).map_err(kernel::Error::internal)
}

/// Rules of the workspace as lists show them, for the command line.
pub async fn page(app: &App, q: &RuleList) -> Result<Page<Rule>> {
    list::page(app, q).await
}

/// Routes of this domain.
pub fn routes() -> Routes<App> {
    Routes::default()
        .with(rule_list)
        .with(create)
        .with(get)
        .with(patch)
        .with(delete)
        .with(history)
        .with(bulk)
        .with(check)
        .with(explain_rule)
        .with(packs)
        .with_raw(upload::upload)
        .with(pack_delete)
        .with(pipeline_list)
        .with(pipeline_get)
        .with(pipeline_put)
        .with(pipeline_delete)
        .with(run_rule)
        .with(run_many)
        .with(runs)
        .with(rule_runs)
        .with(metrics)
        .with(coverage)
        .with(suppressions)
        .with(suppress)
        .with(unsuppress)
        .with(feedback)
        .with(judge)
}

async fn rule_list(app: App, call: Call<RulesList>) -> Result<Answer<Page<Rule>>> {
    Ok(list::page(&app, &call.query).await?.into())
}

async fn create(app: App, call: Call<RuleCreate>) -> Result<Answer<CreatedRule>> {
    let (made, seq) = service::create(&app, &call.caller.actor, call.body).await?;
    let at = format!("/api/v1/detections/rules/{}", made.rule.rule_id);
    let version = i64::from(made.rule.version);
    Ok(Answer::from(made).location(&at).version(version).audit(seq))
}

fn answer(rule: Rule, seq: Option<i64>) -> Answer<Rule> {
    let version = i64::from(rule.version);
    let answer = Answer::from(rule).version(version);
    match seq {
        Some(seq) => answer.audit(seq),
        None => answer,
    }
}

async fn get(app: App, call: Call<RuleGet>) -> Result<Answer<Rule>> {
    Ok(answer(service::get(&app, &call.path.rule_id).await?.rule, None))
}

async fn patch(app: App, call: Call<RulePatch>) -> Result<Answer<Rule>> {
    let check = call.if_match();
    let (s, seq) = service::patch(&app, &call.caller.actor, &call.path.rule_id, call.body, &check).await?;
    Ok(answer(s.rule, seq))
}

async fn delete(app: App, call: Call<RuleDelete>) -> Result<Answer<()>> {
    let check = call.if_match();
    service::delete(&app, &call.caller.actor, &call.path.rule_id, &check).await?;
    Ok(().into())
}

async fn history(app: App, call: Call<RuleHistory>) -> Result<Answer<Page<RuleChange>>> {
    Ok(list::history(&app, &call.path.rule_id, &call.query).await?.into())
}

async fn bulk(app: App, call: Call<RulesBulk>) -> Result<Answer<BulkDone>> {
    let (done, seq) = service::bulk(&app, &call.caller.actor, call.body).await?;
    let answer = Answer::from(done);
    Ok(match seq {
        Some(seq) => answer.audit(seq),
        None => answer,
    })
}

async fn check(app: App, call: Call<RuleCheck>) -> Result<Answer<CheckReport>> {
    Ok(list::check(&app, call.body.body).await?.into())
}

async fn explain_rule(app: App, call: Call<RuleExplain>) -> Result<Answer<RuleExplanation>> {
    Ok(explain::explain(&app, &call.path.rule_id, &call.query.log_id).await?.into())
}

async fn packs(app: App, call: Call<PacksList>) -> Result<Answer<Page<Pack>>> {
    Ok(list::packs(&app, &call.query).await?.into())
}

async fn pack_delete(app: App, call: Call<PackDelete>) -> Result<Answer<()>> {
    pack::delete(&app, &call.caller.actor, &call.path.pack_id).await?;
    Ok(().into())
}

async fn pipeline_list(app: App, call: Call<PipelinesList>) -> Result<Answer<Page<Pipeline>>> {
    Ok(pipelines::page(&app, &call.query).await?.into())
}

fn pipeline_answer(p: Pipeline, seq: Option<i64>) -> Answer<Pipeline> {
    let version = i64::from(p.revision);
    let answer = Answer::from(p).version(version);
    match seq {
        Some(seq) => answer.audit(seq),
        None => answer,
    }
}

async fn pipeline_get(app: App, call: Call<PipelineGet>) -> Result<Answer<Pipeline>> {
    Ok(pipeline_answer(pipelines::get(&app, &call.path.pipeline_id).await?, None))
}

async fn pipeline_put(app: App, call: Call<PipelinePut>) -> Result<Answer<Pipeline>> {
    let check = call.if_match();
    let (p, seq) =
        pipelines::put(&app, &call.caller.actor, &call.path.pipeline_id, call.body, &check).await?;
    Ok(pipeline_answer(p, seq))
}

async fn pipeline_delete(app: App, call: Call<PipelineDelete>) -> Result<Answer<()>> {
    let check = call.if_match();
    pipelines::delete(&app, &call.caller.actor, &call.path.pipeline_id, &check).await?;
    Ok(().into())
}

fn accepted(run: RunAccepted) -> Answer<RunAccepted> {
    let at = format!("/api/v1/jobs/{}", run.job_id);
    Answer::from(run).location(&at)
}

async fn run_rule(app: App, call: Call<RuleRunCreate>) -> Result<Answer<RunAccepted>> {
    let range = call.body.unwrap_or_default();
    let what = RunWhat { from: range.from, to: range.to, ..RunWhat::default() };
    Ok(accepted(run::start(&app, &call.caller.actor, Some(call.path.rule_id), what).await?))
}

async fn run_many(app: App, call: Call<RunCreate>) -> Result<Answer<RunAccepted>> {
    let what = call.body.unwrap_or_default();
    Ok(accepted(run::start(&app, &call.caller.actor, None, what).await?))
}

async fn runs(app: App, call: Call<RunsList>) -> Result<Answer<Page<RuleRun>>> {
    Ok(run::page(&app, None, &call.query).await?.into())
}

async fn rule_runs(app: App, call: Call<api::detections::RuleRuns>) -> Result<Answer<Page<RuleRun>>> {
    Ok(run::page(&app, Some(&call.path.rule_id), &call.query).await?.into())
}

async fn metrics(app: App, call: Call<DetectionMetricsGet>) -> Result<Answer<DetectionMetrics>> {
    Ok(verdict::metrics(&app, &call.query).await?.into())
}

async fn coverage(app: App, _: Call<CoverageGet>) -> Result<Answer<Coverage>> {
    Ok(verdict::coverage(&app).await?.into())
}

async fn suppressions(app: App, call: Call<SuppressionsList>) -> Result<Answer<Page<Suppression>>> {
    Ok(verdict::suppressions(&app, &call.path.rule_id, &call.query).await?.into())
}

async fn suppress(app: App, call: Call<SuppressionCreate>) -> Result<Answer<Suppression>> {
    let (s, seq) = verdict::suppress(&app, &call.caller.actor, &call.path.rule_id, call.body).await?;
    let at = format!("/api/v1/detections/rules/{}/suppressions", call.path.rule_id);
    Ok(Answer::from(s).location(&at).audit(seq))
}

async fn unsuppress(app: App, call: Call<SuppressionDelete>) -> Result<Answer<()>> {
    let p = call.path;
    verdict::unsuppress(&app, &call.caller.actor, &p.rule_id, &p.suppression_id).await?;
    Ok(().into())
}

async fn feedback(app: App, call: Call<FeedbackList>) -> Result<Answer<Page<Feedback>>> {
    Ok(verdict::feedback(&app, &call.path.rule_id, &call.query).await?.into())
}

async fn judge(app: App, call: Call<FeedbackCreate>) -> Result<Answer<Feedback>> {
    let (f, seq) =
        verdict::judge::<perm::SiemWrite>(&app, &call.caller, &call.path.rule_id, call.body).await?;
    let at = format!("/api/v1/detections/rules/{}/feedback", call.path.rule_id);
    Ok(Answer::from(f).location(&at).audit(seq))
}
