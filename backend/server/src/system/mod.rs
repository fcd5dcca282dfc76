//! Health, mode, settings, audit, jobs, OpenAPI, metrics.

mod docs;
mod openapi;

use crate::{App, auth::principal};
use api::{
    Page,
    jobs::*,
    system::{
        AuditGet, AuditRow, DocsGet, DocsStyleGet, Health, HealthGet, MetricsGet, Mode, ModeGet, ModeInfo,
        OpenApiGet,
    },
    system::{SettingsGet, SettingsPatch, SettingsView},
};
use axum::{
    http::header,
    response::{IntoResponse as _, Response},
};
use kernel::{
    Result, audit,
    route::{Answer, Call, RawCall, Routes},
};
use std::collections::BTreeMap;

/// Routes of this domain.
pub fn routes() -> Routes<App> {
    Routes::default()
        .with(health)
        .with(mode)
        .with(settings)
        .with(patch_settings)
        .with(audit_log)
        .with(jobs)
        .with(job)
        .with(cancel)
        .with(pause)
        .with(resume)
        .with_raw(openapi_document)
        .with_raw(docs_page)
        .with_raw(docs_style)
        .with_raw(metrics)
}

async fn health(app: App, _: Call<HealthGet>) -> Result<Answer<Health>> {
    let word = |ok: bool| if ok { "ok" } else { "failed" }.to_owned();
    let records = app.kernel.jobs.open().await.is_ok();
    let logs = app.logs.get(&[]).await.is_ok();
    let parts = BTreeMap::from([("records".to_owned(), word(records)), ("logs".to_owned(), word(logs))]);
    let status = if records && logs { "ok" } else { "degraded" };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Ok(Health { status: status.into(), version, mode: app.kernel.settings.mode(), parts }.into())
}

async fn mode(app: App, _: Call<ModeGet>) -> Result<Answer<ModeInfo>> {
    let words = |w: &[&str]| w.iter().map(|w| (*w).to_owned()).collect();
    let mode = app.kernel.settings.mode();
    let (allows, restricts) = match mode {
        Mode::DryRun => {
            (words(&["read", "database"]), words(&["every action is simulated and recorded as such"]))
        }
        Mode::Monitor => (
            words(&["read", "database", "internal writes"]),
            words(&["external and actuating actions are refused and recorded as recommendations"]),
        ),
        Mode::Active => {
            (words(&["read", "database", "internal writes", "actions under policy and approval"]), vec![])
        }
    };
    let last = app.kernel.settings.view(&app.kernel.db).await?.history;
    let chosen = last.iter().take_while(|c| c.settings.mode == mode).last();
    Ok(ModeInfo {
        mode,
        allows,
        restricts,
        since: chosen.map(|c| c.at).unwrap_or_default(),
        reason: chosen.and_then(|c| c.reason.clone()).unwrap_or_else(|| "first start".into()),
        workspace: app.kernel.workspace.clone(),
        desktop: app.kernel.desktop,
        warnings: app.kernel.warnings.clone(),
    }
    .into())
}

async fn settings(app: App, _: Call<SettingsGet>) -> Result<Answer<SettingsView>> {
    let view = view(&app).await?;
    let version = i64::from(view.version);
    Ok(Answer::from(view).version(version))
}

/// With where the live sources stand.
async fn view(app: &App) -> Result<SettingsView> {
    let view = app.kernel.settings.view(&app.kernel.db).await?;
    Ok(SettingsView { live: app.live.status(&app.kernel.metrics), ..view })
}

async fn patch_settings(app: App, call: Call<SettingsPatch>) -> Result<Answer<SettingsView>> {
    let check = call.if_match();
    let seq = app.kernel.settings.patch(&app.kernel.db, &call.caller.actor, call.body, &check).await?;
    let view = view(&app).await?;
    let version = i64::from(view.version);
    Ok(Answer::from(view).version(version).audit(seq))
}

async fn audit_log(app: App, call: Call<AuditGet>) -> Result<Answer<Page<AuditRow>>> {
    Ok(audit::page(&app.kernel.db, &call.query).await?.into())
}

async fn jobs(app: App, call: Call<JobsList>) -> Result<Answer<Page<Job>>> {
    let p = principal(&call.caller.principal, &())?;
    Ok(app.kernel.jobs.page(&p, &call.query).await?.into())
}

async fn job(app: App, call: Call<JobGet>) -> Result<Answer<Job>> {
    let p = principal(&call.caller.principal, &())?;
    Ok(app.kernel.jobs.get(&p, &call.path.job_id).await?.into())
}

async fn cancel(app: App, call: Call<JobCancel>) -> Result<Answer<Job>> {
    let p = principal(&call.caller.principal, &())?;
    Ok(app.kernel.jobs.cancel(&call.caller.actor, &p, &call.path.job_id).await?.into())
}

async fn pause(app: App, call: Call<JobPause>) -> Result<Answer<Job>> {
    let p = principal(&call.caller.principal, &())?;
    Ok(app.kernel.jobs.pause(&call.caller.actor, &p, &call.path.job_id).await?.into())
}

async fn resume(app: App, call: Call<JobResume>) -> Result<Answer<Job>> {
    let p = principal(&call.caller.principal, &())?;
    Ok(app.kernel.jobs.resume(&call.caller.actor, &p, &call.path.job_id).await?.into())
}

async fn openapi_document(_: App, _: RawCall<OpenApiGet>) -> Result<Response> {
    Ok(([(header::CONTENT_TYPE, "application/json")], openapi::document().to_string()).into_response())
}

async fn docs_page(_: App, _: RawCall<DocsGet>) -> Result<Response> {
    let page = docs::page(&openapi::document());
    Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response())
}

async fn docs_style(_: App, _: RawCall<DocsStyleGet>) -> Result<Response> {
    Ok(([(header::CONTENT_TYPE, "text/css; charset=utf-8")], docs::STYLE).into_response())
}

async fn metrics(app: App, call: RawCall<MetricsGet>) -> Result<Response> {
    let waiting = app.kernel.jobs.open().await?;
    app.kernel.metrics.queue_lag.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    let accept = call.parts.headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).unwrap_or_default();
    let (kind, text) = if accept.contains("application/openmetrics-text") {
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", app.kernel.metrics.text())
    } else {
        ("text/plain; version=0.0.4; charset=utf-8", app.kernel.metrics.prometheus_text())
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
