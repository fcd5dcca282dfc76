//! POST /siem/logs/ingest: events as JSON in the body of a request.
//!
//! The body is first taken whole, into a file without a name where it is long, so that a call that is too large, breaks
//! off or repeats an Idempotency-Key stores nothing. Then batch after batch is stored (synced) and matched.

use super::{
    intake::{Intake, apart, live_source},
    upload::on_thread,
};
use crate::{App, auth::principal};
use api::{
    Code,
    siem::{Ingested, LogsIngest, Rejected},
};
use axum::{
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::Response,
};
use event::{Event, Nanos};
use futures::StreamExt as _;
use kernel::{
    Error, Result, Untrusted,
    auth::{Principal, Via, keys},
    db::{Actor, Audit},
    route::{self, RawCall},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    io::{self, BufRead as _, Read, Seek as _, Write as _},
    ops::ControlFlow,
    path::Path,
};
use tempfile::SpooledTempFile;
use tokio::runtime::Handle;

/// Most bytes of a call.
const LIMIT: u64 = 64 << 20;
/// Bytes of a call that are held in memory.
const HELD: usize = 1 << 20;
/// A batch is stored after so many events or bytes of their text.
const BATCH: (usize, u64) = (2_000, 8 << 20);
/// Refused elements that an answer lists; all are counted.
const LISTED: usize = 1_000;

/// 200 once every event that it counts is synced.
pub async fn ingest(app: App, call: RawCall<LogsIngest>) -> Result<Response> {
    json_kind(&call.parts.headers)?;
    let by = call.caller.actor.clone();
    let label = label(&app, &*principal(&call.caller.principal, &())?).await?;
    let broke = |_| Error::field("body", "the body broke off");
    let mut body = call.body.into_data_stream().map(move |b| b.map_err(broke));
    let dir = app.dir.clone();
    let filled = on_thread(&mut body, move |from| fill(from, &dir)).await?;
    let Some(body) = filled.map_err(spool_error)? else { return Err(too_large()) };
    if body.blank {
        return Err(Error::field("body", "there is no JSON value in it"));
    }
    route::once::<LogsIngest>(&app.kernel, &call.parts, &body.sha256, &by, async |actor| {
        let (app, by) = (app.clone(), actor.clone());
        let (done, seq) = apart(move |runtime| take(runtime, app, by, label, body.text)).await?;
        let seq = axum::http::HeaderValue::from(seq);
        let head = HeaderMap::from_iter([(HeaderName::from_static("x-audit-seq"), seq)]);
        Ok((StatusCode::OK, head, serde_json::to_vec(&done).map_err(Error::internal)?))
    })
    .await
}

fn too_large() -> Error {
    Error::with(Code::Invalid, json!({"field": "body", "reason": "too large", "limit_bytes": LIMIT}))
}

/// JSON by its type, or of no type; not compressed; not larger than may be, where the head says so.
fn json_kind(head: &HeaderMap) -> Result<()> {
    const KINDS: &[&str] = &[
        "",
        "application/json",
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-json-stream",
        "application/octet-stream",
        "text/plain",
    ];
    let value = |name| head.get(name).map_or(Some(""), |v| v.to_str().ok());
    let kind = value(header::CONTENT_TYPE).map(|v| v.split(';').next().unwrap_or("").trim());
    let kind = kind.map(str::to_ascii_lowercase);
    if !kind.is_some_and(|k| KINDS.contains(&k.as_str()) || k.ends_with("+json")) {
        return Err(Error::field("content-type", "must be application/json or application/x-ndjson"));
    }
    if !matches!(value(header::CONTENT_ENCODING), Some("" | "identity")) {
        return Err(Error::field("content-encoding", "compressed bodies are not taken"));
    }
    let length = value(header::CONTENT_LENGTH).and_then(|v| v.parse::<u64>().ok());
    if length.is_some_and(|n| n > LIMIT) { Err(too_large()) } else { Ok(()) }
}

/// What the events' source is called: `api:` and the user, or the key that was used.
async fn label(app: &App, who: &Principal) -> Result<String> {
    let key = match who.via {
        Via::Key => keys::list(&app.kernel.auth, who).await?.into_iter().find(|k| k.id == who.handle),
        _ => None,
    };
    let name = key.map_or_else(|| who.username.clone(), |k| k.name);
    Ok(format!("api:{}", Untrusted::new(name).for_file_name()))
}

/// A body that was taken whole.
struct Body {
    text: SpooledTempFile,
    sha256: [u8; 32],
    /// Nothing but white space.
    blank: bool,
}

/// `None` when it is too large.
fn fill(from: &mut dyn Read, dir: &Path) -> io::Result<Option<Body>> {
    let mut text = tempfile::spooled_tempfile_in(HELD, dir);
    let (mut hash, mut size, mut blank) = (Sha256::new(), 0, true);
    let mut from = io::BufReader::with_capacity(64 << 10, from);
    loop {
        let block = from.fill_buf()?;
        if block.is_empty() {
            text.rewind()?;
            return Ok(Some(Body { text, sha256: hash.finalize().into(), blank }));
        }
        size += block.len() as u64;
        if size > LIMIT {
            return Ok(None);
        }
        hash.update(block);
        blank &= block.iter().all(u8::is_ascii_whitespace);
        text.write_all(block)?;
        let len = block.len();
        from.consume(len);
    }
}

fn spool_error(e: io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::StorageFull => Error::unavailable("the disk is full", e),
        _ => Error::internal(e),
    }
}

/// Stores and matches everything. There is one audit row, also of a call that failed on the way.
fn take(
    runtime: &Handle,
    app: App,
    by: Actor,
    label: String,
    text: SpooledTempFile,
) -> Result<(Ingested, i64)> {
    let intake = runtime.block_on(Intake::begin(&app, &by, &label));
    let (batch, rejected) = (vec![], vec![]);
    let mut taken = Taken { app, label, intake, batch, bytes: 0, rejected, rejected_total: 0, failed: None };
    let all = taken.all(runtime, text);
    let Taken { app, label, mut intake, rejected, rejected_total, .. } = taken;
    app.kernel.metrics.ingest_rejected.inc_by(rejected_total);
    let (accepted, duplicates) = (intake.added.new, intake.added.duplicates);
    // A key whose call failed may be used again.
    let by = Actor { idempotency: by.idempotency.clone().filter(|_| all.is_ok()), ..by };
    let row = runtime.block_on(intake.end(&by, |raised| {
        let after = json!({"accepted": accepted, "duplicates": duplicates, "rejected": rejected_total,
            "alerts_created": raised.created, "alerts_updated": raised.updated});
        let result = all.as_ref().map_or_else(|e| e.code.as_str(), |()| "ok");
        Audit { result, ..Audit::new("logs.ingest", "source", &label).after(after) }
    }));
    all?;
    let seq = row?;
    // The events and their alerts are stored, and the correlations stay due for the next evaluation.
    if let Err(e) = runtime.block_on(intake.correlate()) {
        tracing::error!(error = %e, "correlation rules could not be evaluated");
    }
    Ok((Ingested { accepted, duplicates, rejected, rejected_total }, seq))
}

/// A call under way.
struct Taken {
    app: App,
    label: String,
    intake: Intake,
    batch: Vec<Event>,
    /// Of the batch's text.
    bytes: u64,
    rejected: Vec<Rejected>,
    rejected_total: u64,
    failed: Option<Error>,
}

impl Taken {
    fn all(&mut self, runtime: &Handle, mut text: SpooledTempFile) -> Result<()> {
        let (label, now) = (self.label.clone(), Nanos(self.app.kernel.world.now_ns()));
        let read = ingest::elements(&mut text, &label, now, &mut |index, element| {
            match element {
                Ok(event) => {
                    self.bytes += u64::from(event.place.len);
                    self.batch.push(event);
                }
                Err(message) => self.reject(index, message),
            }
            if self.batch.len() < BATCH.0 && self.bytes < BATCH.1 {
                return ControlFlow::Continue(());
            }
            self.failed = runtime.block_on(self.store()).err();
            if self.failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Some(e) = self.failed.take() {
            return Err(e);
        }
        runtime.block_on(self.store())?;
        // What was read before is stored by now.
        read.map(drop).map_err(spool_error)
    }

    async fn store(&mut self) -> Result<()> {
        self.bytes = 0;
        if self.batch.is_empty() {
            return Ok(());
        }
        let source = live_source(&self.app, &self.label, "json").await?;
        self.intake.batch(source, &mut self.batch).await
    }

    fn reject(&mut self, index: u64, message: String) {
        self.rejected_total += 1;
        if self.rejected.len() < LISTED {
            let code = Code::Invalid.as_str().to_owned();
            self.rejected.push(Rejected { index, code, message });
        }
    }
}
