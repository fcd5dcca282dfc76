//! POST /detections/packs: the bytes go into the content store as they come, then a job reads them there.

use super::pack::{self, Input};
use crate::{App, siem};
use api::{detections::PackImport, jobs::JobAccepted};
use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use kernel::{Error, Result, Untrusted, route::RawCall};

/// 202 once every byte lies safely in the content store.
pub async fn upload(app: App, call: RawCall<PackImport>) -> Result<Response> {
    let actor = call.caller.actor.clone();
    let (asked, enabled) = (call.query.name.clone(), call.query.enabled.unwrap_or(true));
    let items = siem::keep(&app, call.parts, call.body, asked.clone(), "pack").await?;
    let first = items.first().ok_or_else(|| Error::field("file", "missing"))?;
    let name = asked.unwrap_or_else(|| stem(&first.label));
    let name = Untrusted::new(name).for_file_name();
    let kept = items.into_iter().map(|i| (i.label, i.sha256)).collect();
    let input = Input { name, enabled, paths: vec![], kept };
    let job_id = pack::start(&app.kernel, &actor, &input).await?;
    let head = [(axum::http::header::LOCATION, format!("/api/v1/jobs/{job_id}"))];
    Ok((StatusCode::ACCEPTED, head, Json(JobAccepted { job_id })).into_response())
}

/// A file's name without its ending.
fn stem(label: &str) -> String {
    let last = label.rsplit(['/', '\\']).next().unwrap_or(label);
    last.rsplit_once('.').map_or(last, |(stem, _)| stem).to_owned()
}
