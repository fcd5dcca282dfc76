//! POST /detections/packs: the bytes go into the content store as they come, then a job reads them there.

use super::pack::{self, Input};
use crate::{App, siem};
use api::detections::PackImport;
use axum::response::Response;
use kernel::{
    Error, Result, Untrusted,
    route::{self, RawCall},
};

/// 202 once every byte lies safely in the content store.
pub async fn upload(app: App, call: RawCall<PackImport>) -> Result<Response> {
    let by = call.caller.actor.clone();
    let head = call.parts.clone();
    let (asked, enabled) = (call.query.name.clone(), call.query.enabled.unwrap_or(true));
    let items = siem::keep(&app, call.parts, call.body, asked.clone(), "pack").await?;
    let held = siem::held(&items);
    let first = items.first().ok_or_else(|| Error::field("file", "missing"))?;
    let name = asked.unwrap_or_else(|| stem(&first.label));
    let name = Untrusted::new(name).for_file_name();
    let kept = items.into_iter().map(|i| (i.label, i.sha256)).collect();
    let input = Input { name, enabled, paths: vec![], kept };
    route::once::<PackImport>(&app.kernel, &head, &held, &by, async |actor| {
        siem::accepted(pack::start(&app.kernel, actor, &input).await?)
    })
    .await
}

/// A file's name without its ending.
fn stem(label: &str) -> String {
    let last = label.rsplit(['/', '\\']).next().unwrap_or(label);
    last.rsplit_once('.').map_or(last, |(stem, _)| stem).to_owned()
}
