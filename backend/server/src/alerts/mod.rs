//! Alerts: what someone must look at.
//!
//! `state` where one may go · `service` the writes · `raise` from rule matches to grouped alerts,
//! `correlated` from correlations, `entities` what both are about · `list` and
//! `events` the reads · `undo` · `withdraw` what goes with a source · `store` all SQL.

mod correlated;
mod entities;
mod events;
mod list;
mod raise;
mod service;
mod state;
mod store;
mod undo;
mod withdraw;

pub use correlated::{Correlated, correlate, supersede};
pub use raise::{Cause, Match, OfRule, Raised, raise};
pub(crate) use service::{Judged, judge, length, save, title};
pub use state::is_open;
pub use store::{QUERIES, list::QUERIES as LIST_QUERIES, withdraw::QUERIES as WITHDRAW_QUERIES};
pub(crate) use store::{Stored, get_in, update};
pub(crate) use withdraw::{cases_in, cases_of, refused, supported, withdraw, withdrawn};

use crate::App;
use api::{LiveKind, Page, alerts::*, cases::Case};
use axum::response::Response;
use kernel::{
    Result, live,
    route::{Answer, Call, RawCall, Routes},
};

/// Routes of this domain.
pub fn routes() -> Routes<App> {
    Routes::default()
        .with(page)
        .with(create)
        .with(undo_acts)
        .with(get)
        .with(patch)
        .with(acknowledge)
        .with(promote)
        .with(link)
        .with(alert_events)
        .with(comments)
        .with(comment)
        .with_raw(stream)
}

fn answer(done: (Stored, i64)) -> Answer<Alert> {
    let (s, seq) = done;
    Answer::from(s.alert).version(s.version).audit(seq)
}

async fn page(app: App, call: Call<AlertsList>) -> Result<Answer<Page<Alert>>> {
    Ok(Answer::written(list::page(&app, call.caller.name(), &call.query).await?))
}

async fn create(app: App, call: Call<AlertCreate>) -> Result<Answer<Alert>> {
    let (s, seq) = service::create(&app, &call.caller, call.body).await?;
    let at = format!("/api/v1/alerts/{}", s.alert.alert_id);
    Ok(answer((s, seq)).location(&at))
}

async fn undo_acts(app: App, call: Call<AlertUndo>) -> Result<Answer<Undone>> {
    Ok(undo::undo(&app, &call.caller, call.body).await?.into())
}

async fn get(app: App, call: Call<AlertGet>) -> Result<Answer<Alert>> {
    let (json, version) = service::get(&app, &call.path.alert_id).await?;
    Ok(Answer::<Alert>::written(json).version(version))
}

async fn patch(app: App, call: Call<AlertPatch>) -> Result<Answer<Alert>> {
    let check = call.if_match();
    Ok(answer(service::patch(&app, &call.caller, &call.path.alert_id, call.body, &check).await?))
}

async fn acknowledge(app: App, call: Call<AlertAcknowledge>) -> Result<Answer<Alert>> {
    let (s, seq) = service::acknowledge(&app, &call.caller, &call.path.alert_id).await?;
    let answer = Answer::from(s.alert).version(s.version);
    Ok(match seq {
        Some(seq) => answer.audit(seq),
        None => answer,
    })
}

async fn promote(app: App, call: Call<AlertPromote>) -> Result<Answer<Case>> {
    let title = call.body.and_then(|b| b.title);
    if let Some(title) = &title {
        service::title(title)?;
    }
    let (case, seq) = crate::cases::promote(&app, &call.caller, &call.path.alert_id, title).await?;
    let at = format!("/api/v1/cases/{}", case.case_id);
    Ok(Answer::from(case).location(&at).version(1).audit(seq))
}

async fn link(app: App, call: Call<AlertCaseLink>) -> Result<Answer<Alert>> {
    Ok(answer(crate::cases::link(&app, &call.caller, &call.path.alert_id, &call.body.case_id).await?))
}

async fn alert_events(app: App, call: Call<AlertEvents>) -> Result<Answer<Page<AlertEvent>>> {
    Ok(events::page(&app, &call.path.alert_id, &call.query).await?.into())
}

async fn comments(app: App, call: Call<AlertComments>) -> Result<Answer<Page<Comment>>> {
    Ok(list::comments(&app, &call.path.alert_id, &call.query).await?.into())
}

async fn comment(app: App, call: Call<AlertCommentCreate>) -> Result<Answer<Comment>> {
    let id = &call.path.alert_id;
    let (comment, seq) = service::comment(&app, &call.caller, id, call.body).await?;
    Ok(Answer::from(comment).location(&format!("/api/v1/alerts/{id}/comments")).audit(seq))
}

async fn stream(app: App, call: RawCall<AlertsLive>) -> Result<Response> {
    let wanted = |k| matches!(k, LiveKind::AlertCreated | LiveKind::AlertUpdated | LiveKind::AlertRemoved);
    live::serve(app.kernel.clone(), call, wanted).await
}
